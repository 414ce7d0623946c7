# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev storm: what happens to the service when everything goes wrong at once.

# [--seconds N] [NAME..], as tests/storm/storm.py has it.
cmd_storm() {
	need "${packages_build[@]}" "${packages_run[@]}" python3 python3-pil
	say "building"
	make_build
	as_account test -r "$top/tests/storm" -a -x "$build" ||
		die "$(account) cannot read $top"
	make_scratch
	if am_root; then
		chown "$(account):" "$scratch" "$TMPDIR"
	fi
	guarded as_account env PYTHONDONTWRITEBYTECODE=1 TMPDIR="$TMPDIR" \
		FT_BUILD="$build" /usr/bin/python3 tests/storm/storm.py \
		--seconds 180 "$@"
}
