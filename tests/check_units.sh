#!/bin/sh
# The units of a slot are those of the service, fence and all: a setting that one
# of both lacks would let a release in where nothing else is let in.
set -eu

units=${srcdir:-.}/packaging/systemd
dir=$(mktemp -d "${TMPDIR:-/tmp}/fcgi-thumb-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
bad=0

# settings FILE: without comments and empty lines, each on a line of its own
settings() {
	sed -e '/^#/d; /^$/d' -e ':more
/\\$/{ N; s/\\\n[ 	]*//; b more
}' "$1"
}

# as_service FILE: what is a slot's own as the service has it
as_service() {
	settings "$1" | sed -e 's/@%i\././g' -e 's/, slot %i$//' \
		-e 's|/run/fcgi-thumb/%i/|/run/fcgi-thumb/|' \
		-e 's|^\(RequiresMountsFor=.*\) /var/lib/fcgi-thumb-releases$|\1|' \
		-e 's|^\(ExecStart=\)/var/lib/fcgi-thumb-releases/%i/version\(/sbin/fcgi-thumb\) -c /var/lib/fcgi-thumb-releases/%i/fcgi-thumb.conf$|\1/usr\2|'
}

for unit in fcgi-thumb.service fcgi-thumb.socket fcgi-thumb-control.socket; do
	template=${unit%.*}@.${unit##*.}
	settings "$units/$unit" >"$dir/service"
	as_service "$units/$template" >"$dir/slot"
	if ! diff -u "$dir/service" "$dir/slot"; then
		echo "$template is not as $unit"
		bad=1
	fi
done
exit $bad
