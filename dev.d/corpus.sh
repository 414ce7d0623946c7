# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev corpus: what the service makes of a directory of pictures.

# [--sheet PNG] [--engines] DIR, as tests/e2e/corpus.py has it.
cmd_corpus() {
	local sheet='' engines='' dir status=0
	if [ "${1-}" = --sheet ]; then
		[ -n "${2-}" ] || die "--sheet needs the name of a file"
		sheet=$(absolute "$2")
		shift 2
	fi
	if [ "${1-}" = --engines ]; then
		engines=$1
		shift
	fi
	[ $# -eq 1 ] ||
		die "corpus takes one directory: [--sheet PNG] [--engines] DIR"
	dir=$(absolute "$1")
	[ -d "$dir" ] || die "$dir is not a directory"
	need "${packages_build[@]}" "${packages_run[@]}" python3 python3-pil
	say "building"
	make_build
	# Root must not decode strangers' photos.
	as_account test -r "$dir" -a -x "$top/tests/e2e" -a -x "$build" ||
		die "$(account) cannot read $dir or $top"
	make_scratch
	if am_root; then
		chown "$(account):" "$scratch" "$TMPDIR"
	fi
	guarded as_account env PYTHONDONTWRITEBYTECODE=1 TMPDIR="$TMPDIR" \
		FT_BUILD="$build" /usr/bin/python3 tests/e2e/corpus.py \
		${sheet:+--sheet "$scratch/sheet.png"} ${engines:+"$engines"} \
		"$dir" || status=$?
	if [ -n "$sheet" ] && [ -e "$scratch/sheet.png" ]; then
		cp -- "$scratch/sheet.png" "$sheet"
	fi
	return $status
}
