#!/bin/sh
# One version: what VERSION says is what ChangeLog's first entry is about.
set -eu
dir=${srcdir:-.}
want="fcgi-thumb $(cat "$dir/VERSION")"
first=$(head -n 1 "$dir/ChangeLog")
case $first in
"$want"*) ;;
*)
	echo "ChangeLog begins with \"$first\", VERSION says \"$want\""
	exit 1
	;;
esac
