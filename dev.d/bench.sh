# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev bench: what a photo costs, beside what others would have it cost.

packages_bench=(python3 python3-pil nodejs npm wrk)
# What pixels are compared with, and the measure of how they look.
packages_bench+=(imagemagick graphicsmagick libvips-tools libvips-dev
	libjxl-devtools)
packages_bench+=(e2fsprogs mount util-linux)
bench_parts="pixels http around"

# [PART..] [--photos DIR] [--quick] [--readme]: see cmd_help.
cmd_bench() {
	local photos='' readme='' parts=() options=() part
	while [ $# -gt 0 ]; do
		case $1 in
		--photos)
			[ -n "${2-}" ] || die "--photos needs a directory"
			photos=$(absolute "$2")
			[ -d "$photos" ] || die "$photos is not a directory"
			shift
			;;
		--quick) options+=(--quick) ;;
		--store) parts+=(store) ;;
		--readme) readme=yes ;;
		pixels | http | around | store) parts+=("$1") ;;
		*) die "bench takes pixels, http, around, store, --photos DIR, --quick, --readme" ;;
		esac
		shift
	done
	if [ ${#parts[@]} -eq 0 ] && [ -z "$readme" ]; then
		read -ra parts <<<"$bench_parts"
	fi

	need "${packages_build[@]}" "${packages_run[@]}" "${packages_bench[@]}"
	if [ ${#parts[@]} -gt 0 ]; then
		npm_modules bench
		say "building"
		make_build
		quietly "$build/build.log" guarded as_owner \
			make -C "$build" -j"$(nproc)" bench-programs
		build_peers
		as_account test -r "$top/tests/bench" -a -x "$build" ||
			die "$(account) cannot read $top"
		[ -z "$photos" ] || options+=(--photos "$photos")
		make_scratch
	fi
	for part in "${parts[@]}"; do
		run_bench "$part" "${options[@]}" || return
	done
	if [ -n "$readme" ]; then
		as_owner /usr/bin/python3 tests/bench/readme.py "$build/bench"
	fi
}

# What this machine has no libraries for is named by pixels.py.
build_peers() {
	guarded as_owner make -k -C tests/bench/peers BUILD="$build" \
		-j"$(nproc)" >>"$build/build.log" 2>&1 ||
		say "not all peers could be built: $build/build.log"
}

# run_bench PART [options]: its tables on the screen, and as JSON in
# build/bench. Photos are not decoded by root, but only root can mount what very
# many are stored on; these are our own.
run_bench() {
	local out=$scratch/$1 program=$1.py as=as_account
	# http.py would hide Python's own module.
	[ "$1" != http ] || program=over_http.py
	mkdir "$out"
	if am_root; then
		chown "$(account):" "$scratch" "$TMPDIR" "$out"
		[ "$1" != store ] || as=
	fi
	guarded $as env PYTHONDONTWRITEBYTECODE=1 TMPDIR="$TMPDIR" \
		FT_BUILD="$build" /usr/bin/python3 "tests/bench/$program" \
		--out "$out" "${@:2}" || return
	as_owner mkdir -p "$build/bench"
	cat_into "$build/bench" "$out"/*.json
}

# cat_into DIR FILE...: as the owner of the checkout, who may not be able to
# read where they are.
cat_into() {
	local dir=$1 file
	shift
	for file in "$@"; do
		as_owner tee -- "$dir/${file##*/}" <"$file" >/dev/null
	done
}
