#!/bin/sh
# The code reads downward: a file includes only modules that stand below its
# own in tests/layers.txt, and a library's headers only where the list says so.
# Usage: check_layers.sh [SOURCE-DIRECTORY]
set -eu

src=${1:-${srcdir:-.}/fcgi-thumb}
layers=${srcdir:-.}/tests/layers.txt

cd_files=$(ls "$src"/*.c "$src"/*.h)

# shellcheck disable=SC2086 # a list of files
awk '
	# A file belongs to the module of its name, or of its name without what
	# follows an underscore: sniff_jpeg.c is a part of sniff.
	function module(path) {
		sub(/.*\//, "", path); sub(/\.[ch]$/, "", path)
		while (!(path in layer) && path ~ /_/) sub(/_[^_]*$/, "", path)
		return path
	}
	FNR == NR {
		if ($1 == "library") { owners[$2] = " " $0 " "; next }
		if ($0 !~ /^(#|$)/) for (i = 1; i <= NF; i++) {
			order[$i] = ++n; layer[$i] = FNR
		}
		next
	}
	/^#include "/ {
		split($0, part, "\""); inc = module(part[2]); own = module(FILENAME)
		if (inc == "config" || inc == own) next
		if (!(own in layer)) { fail(own " is missing in layers.txt"); next }
		if (!(inc in layer)) { fail(inc " is missing in layers.txt"); next }
		if (layer[inc] < layer[own]) fail("includes upward: " inc)
	}
	/^#include </ {
		split($0, part, /[<>]/); own = " " module(FILENAME) " "
		for (lib in owners)
			if (index(part[2], lib) == 1 && !index(owners[lib], own))
				fail("<" part[2] "> is for" substr(owners[lib], length("library " lib) + 3) "only")
	}
	function fail(words) {
		printf "%s:%d: %s\n", FILENAME, FNR, words; bad = 1
	}
	END { exit bad }
' "$layers" $cd_files
