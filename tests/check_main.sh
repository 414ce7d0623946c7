#!/bin/sh
# The command line of fcgi-thumb: options, exit statuses, what goes where.
# Usage: check_main.sh [PROGRAM], in the build directory.
set -eu

program=${1:-./fcgi-thumb/fcgi-thumb}
dir=$(mktemp -d "${TMPDIR:-/tmp}/fcgi-thumb-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
bad=0

echo 'workers = 3;' >"$dir/good.conf"
echo 'workers = -3;' >"$dir/bad.conf"

# wants STATUS STDOUT STDERR ARGS...: 0 where nothing, 1 where something is said
wants() {
	status=$1 out=$2 err=$3
	shift 3
	got=0
	"$program" "$@" >"$dir/out" 2>"$dir/err" </dev/null || got=$?
	got_out=0 got_err=0
	[ ! -s "$dir/out" ] || got_out=1
	[ ! -s "$dir/err" ] || got_err=1
	[ "$got $got_out $got_err" = "$status $out $err" ] && return
	echo "fcgi-thumb $*: status, output, errors: $got $got_out $got_err," \
		"wanted $status $out $err"
	cat "$dir/out" "$dir/err"
	bad=1
}

# has FILE TEXT: the last call has said so there
has() {
	grep -qF -e "$2" "$dir/$1" && return
	echo "not in $1: $2"
	cat "$dir/$1"
	bad=1
}

# Scripts take the first line for the version.
wants 0 1 0 -V
grep -qxE 'fcgi-thumb [0-9][^ ]*' "$dir/out" ||
	{ cat "$dir/out"; bad=1; }
[ "$(wc -l <"$dir/out")" -eq 2 ] || { cat "$dir/out"; bad=1; }
libraries='libjpeg [0-9.]+, z\.lib [0-9.]+'
grep -qw HAVE_PLANE_LANE\ 1 config.h || libraries='not built'
sed -n 2p "$dir/out" |
	grep -qxE "ImageMagick [67]\.[0-9.-]+; planes: $libraries" ||
	{ cat "$dir/out"; bad=1; }
wants 0 1 0 -h
has out "usage: fcgi-thumb"
wants 0 1 0 -t -c "$dir/good.conf"
has out "$dir/good.conf: the settings are valid, digest "
wants 78 0 1 -t -c "$dir/bad.conf"
has err "$dir/bad.conf:1: workers: -3 is out of range (count: 0..512)"
echo 'user = "no-such-user";' >"$dir/nobody.conf"
wants 78 0 1 -t -c "$dir/nobody.conf"
has err 'user "no-such-user": there is none of this name'
wants 78 0 1 -c "$dir/bad.conf"
wants 78 0 1 -T -c "$dir/bad.conf"
wants 78 0 1 -t -c "$dir/missing.conf"
wants 64 0 1 -x
wants 64 0 1 -c
wants 64 0 1 -t "$dir/good.conf"
has err "usage: fcgi-thumb"

# What -T prints is a settings file that means the same.
wants 0 1 0 -T -c "$dir/good.conf"
has out "workers = 3;"
cp "$dir/out" "$dir/printed.conf"
wants 0 1 0 -T -c "$dir/printed.conf"
cmp "$dir/out" "$dir/printed.conf" || bad=1

# The settings file that is installed means the defaults of this build.
wants 0 1 0 -t -c conf/fcgi-thumb.conf
wants 0 1 0 -T -c conf/fcgi-thumb.conf
cp "$dir/out" "$dir/installed.conf"
: >"$dir/empty.conf"
wants 0 1 0 -T -c "$dir/empty.conf"
cmp "$dir/out" "$dir/installed.conf" || bad=1

# A full disk is no success.
if [ -c /dev/full ] && "$program" -V >/dev/full 2>"$dir/err"; then
	echo "fcgi-thumb -V is content with a full disk"
	bad=1
fi

exit $bad
