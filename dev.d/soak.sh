# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev soak: how the memory of a worker grows that is never replaced.

# [JOBS], as tests/e2e/soak.py has it.
cmd_soak() {
	local status=0
	[ $# -le 1 ] || die "soak takes one number: [JOBS]"
	need "${packages_build[@]}" "${packages_run[@]}" python3 python3-pil
	say "building"
	make_build
	as_account test -x "$top/tests/e2e" -a -x "$build" ||
		die "$(account) cannot read $top"
	make_scratch
	if am_root; then
		chown "$(account):" "$scratch" "$TMPDIR"
	fi
	guarded as_account env PYTHONDONTWRITEBYTECODE=1 TMPDIR="$TMPDIR" \
		FT_BUILD="$build" /usr/bin/python3 tests/e2e/soak.py "$@" ||
		status=$?
	return $status
}
