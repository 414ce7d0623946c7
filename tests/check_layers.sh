#!/bin/sh
# The code reads downward: a file includes only modules that stand below its
# own in tests/layers.txt, and of other headers the system's, or a library's
# where the list says so. That the check can fail is tried first.
set -eu

top=${srcdir:-.}
layers=$top/tests/layers.txt

# check_sources DIRECTORY: 1 after a line for each fault.
check_sources() {
	awk '
	# A file belongs to the module of its name, or of its name without what
	# follows an underscore: sniff_jpeg.c is a part of sniff.
	function module(path) {
		sub(/.*\//, "", path); sub(/\.[ch]$/, "", path)
		while (!(path in layer) && path ~ /_/) sub(/_[^_]*$/, "", path)
		return path
	}
	function fail(words) {
		printf "%s:%d: %s\n", FILENAME, FNR, words; bad = 1
	}
	FNR == NR {
		if ($0 ~ /^(#|$)/) next
		if ($1 == "system") {
			for (i = 2; i <= NF; i++) system_header[$i] = 1
		} else if ($1 == "library") {
			for (i = 3; i <= NF; i++) owner[$2, $i] = 1
			libraries[$2] = 1
		} else for (i = 1; i <= NF; i++) layer[$i] = FNR
		next
	}
	/^[ \t]*#[ \t]*include[ \t]*"/ {
		split($0, part, "\""); inc = module(part[2]); own = module(FILENAME)
		if (inc == "config" || inc == own) next
		if (!(own in layer)) fail(own " is missing in layers.txt")
		else if (!(inc in layer)) fail(inc " is missing in layers.txt")
		else if (layer[inc] < layer[own]) fail("includes upward: " inc)
	}
	/^[ \t]*#[ \t]*include[ \t]*</ {
		split($0, part, /[<>]/); own = module(FILENAME)
		if (part[2] in system_header) next
		for (lib in libraries)
			if (index(part[2], lib) == 1 && (lib, own) in owner) next
		fail("<" part[2] "> is not for " own)
	}
	END { exit bad }
	' "$layers" "$1"/*.c "$1"/*.h
}

# refuses NAME LINE: a file with this line must not pass.
refuses() {
	echo "$2" >"$dir/$1"
	if check_sources "$dir" >/dev/null; then
		echo "passed although it must not: $1: $2"
		exit 1
	fi
	rm -f "$dir/$1"
}

dir=$(mktemp -d "${TMPDIR:-/tmp}/fcgi-thumb-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
echo '#include "buf.h"' >"$dir/fault.h"
echo '#include <stdio.h>' >"$dir/main.c"
check_sources "$dir"
refuses body.c '#include "request.h"'
refuses sniff_jpeg.c '  #  include "render.h"'
refuses stranger.c '#include "fault.h"'
refuses body.c '#include "stranger.h"'
refuses request.c '#include <wand/MagickWand.h>'
refuses spool.c '#include <jansson.h>'
refuses store.c '#include <png.h>'
refuses settings.h '#include <curl/curl.h>'

check_sources "$top/fcgi-thumb"
