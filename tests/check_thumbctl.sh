#!/bin/sh
# The command line of thumbctl: options, exit statuses, what goes where.
# Usage: check_thumbctl.sh [PROGRAM], in the build directory.
set -eu

program=${1:-./fcgi-thumb/thumbctl}
templates=${srcdir:-.}/nginx
dir=$(mktemp -d "${TMPDIR:-/tmp}/fcgi-thumb-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
bad=0
id=qmbunesoajlx5o7xqfyn4m3bom

echo "data = \"$dir/data\"; run = \"$dir/run\"; logs = \"\";" >"$dir/good.conf"
echo 'workers = -3;' >"$dir/bad.conf"
mkdir "$dir/nginx"

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
	echo "thumbctl $*: status, output, errors: $got $got_out $got_err," \
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

wants 0 1 0 -V
has out "thumbctl "
wants 0 1 0 -h
cp "$dir/out" "$dir/list"
wants 0 1 0 --help
cmp "$dir/out" "$dir/list" || bad=1
wants 0 1 0
cmp "$dir/out" "$dir/list" || bad=1
wants 64 0 1 -x
wants 64 0 1 -c
wants 64 0 1 no-such-command
has err 'no command "no-such-command"'

# Each command says how it is used, and refuses to be used otherwise.
sed -n '/^commands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p' "$dir/list" >"$dir/names"
[ -s "$dir/names" ] || bad=1
while read -r name; do
	wants 0 1 0 "$name" --help
	has out "usage: thumbctl [-c FILE] $name "
	wants 64 0 1 -c "$dir/good.conf" "$name" --no-such-option
	has err "usage: thumbctl [-c FILE] $name "
done <"$dir/names"

wants 64 0 1 -c "$dir/good.conf" nginx-conf
wants 64 0 1 -c "$dir/good.conf" nginx-conf "$dir/nginx" "$dir/nginx"
for port in 0 65536 x; do
	wants 64 0 1 -c "$dir/good.conf" nginx-conf --standalone "$port" \
		"$dir/nginx"
done
wants 78 0 1 -c "$dir/bad.conf" nginx-conf "$dir/nginx"
has err "$dir/bad.conf:1: workers: -3 is out of range (count: 0..512)"
wants 78 0 1 -c "$dir/missing.conf" nginx-conf "$dir/nginx"
wants 1 0 1 -c "$dir/good.conf" nginx-conf --templates "$dir" "$dir/nginx"
wants 1 0 1 -c "$dir/good.conf" nginx-conf --templates "$templates" "$dir/no"
if [ -n "$(ls -A "$dir/nginx")" ]; then
	echo "a refused nginx-conf has written files"
	bad=1
fi
wants 0 0 0 -c "$dir/good.conf" nginx-conf --templates "$templates" \
	--standalone 8080 "$dir/nginx"
files=$(cd "$dir/nginx" && echo *)
[ "$files" = "fcgi-thumb-http.conf fcgi-thumb-server.conf nginx.conf" ] || {
	echo "nginx-conf --standalone made $files"
	bad=1
}

for nginx in "" "  "; do
	wants 64 0 1 -c "$dir/good.conf" apply --nginx "$nginx" "$dir/nginx"
done
for wait in 0 25h 10x; do
	wants 64 0 1 -c "$dir/good.conf" apply --wait "$wait" "$dir/nginx"
done
wants 64 0 1 -c "$dir/good.conf" nginx-conf --wait 1 "$dir/nginx"
wants 64 0 1 -c "$dir/good.conf" apply
wants 78 0 1 -c "$dir/bad.conf" apply "$dir/nginx"

# Tokens: for settings that ask for them, with a secret that is private.
secret=$dir/upload-secret
cp "$dir/good.conf" "$dir/token.conf"
echo "upload_auth = \"token\"; upload_secret = \"$secret\";" >>"$dir/token.conf"
wants 78 0 1 -c "$dir/good.conf" token
has err 'upload_auth is not "token"'
wants 78 0 1 -c "$dir/token.conf" token
has err "upload_secret: $secret: No such file"
echo 0123456789abcdef0123456789abcdef >"$secret"
chmod 644 "$secret"
wants 78 0 1 -c "$dir/token.conf" token
has err "chmod 600"
chmod 600 "$secret"
wants 0 1 0 -c "$dir/token.conf" token
wants 0 1 0 -c "$dir/token.conf" token --expires 10m --max-bytes 8M \
	--owner alice
grep -qxE '[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}' "$dir/out" || {
	cat "$dir/out"
	bad=1
}
for wrong in "--expires 0" "--expires 10x" "--expires 3654d" "--max-bytes 0" \
	"--max-bytes 8MB" "--max-bytes 1048577G" alice; do
	# shellcheck disable=SC2086 # an option and its value
	wants 64 0 1 -c "$dir/token.conf" token $wrong
done
wants 64 0 1 -c "$dir/token.conf" token --owner "$(printf 'a\nb')"
wants 64 0 1 -c "$dir/token.conf" token --owner "$(printf '%065d' 7)"
wants 0 1 0 -c "$dir/token.conf" token --owner "$(printf '%064d' 7)"
wants 64 0 1 -c "$dir/good.conf" doctor "$dir/nginx" "$dir/nginx"
wants 78 0 1 -c "$dir/bad.conf" doctor
# Its status counts the faults: no service, two sockets, and nginx's files.
{
	cat "$dir/good.conf"
	echo "page = false; ledger = \"$dir/ledger\";"
} >"$dir/doctor.conf"
wants 4 1 1 -c "$dir/doctor.conf" doctor --nginx "$dir/no-nginx" \
	--templates "$templates" "$dir/missing"
has out "FAULT nginx: its files cannot be compared"
wants 5 1 0 -c "$dir/doctor.conf" doctor --nginx "$dir/no-nginx" \
	--templates "$templates" "$dir"
has out "FAULT nginx: $dir/fcgi-thumb-http.conf is not there"
has out "FAULT service: none runs in $dir/run"
wants 3 1 0 -c "$dir/doctor.conf" doctor --json --nginx "$dir/no-nginx"
has out '"verdict": "fault"'

# Without a store there is nothing to look at, and nothing is made.
for command in list regenerate verify "show $id" "delete $id" "ban $id" \
	"unban $id"; do
	# shellcheck disable=SC2086 # a command and its argument
	wants 1 0 1 -c "$dir/good.conf" $command
	has err "$dir/data"
	# shellcheck disable=SC2086
	wants 78 0 1 -c "$dir/bad.conf" $command
done
if [ -e "$dir/data" ]; then
	echo "a data directory was made"
	bad=1
fi
for name in show delete ban unban; do
	wants 64 0 1 -c "$dir/good.conf" "$name"
	wants 64 0 1 -c "$dir/good.conf" "$name" "$id" "${id}x"
	has err "neither an id nor an address of a photo: ${id}x"
done
for wrong in "list $id" "list --since 7w" "list --larger 5X" \
	"regenerate $id" "regenerate --missing=all" "verify $id"; do
	# shellcheck disable=SC2086
	wants 64 0 1 -c "$dir/good.conf" $wrong
done

# A full disk is no success.
if [ -c /dev/full ] && "$program" -V >/dev/full 2>"$dir/err"; then
	echo "thumbctl -V is content with a full disk"
	bad=1
fi

exit $bad
