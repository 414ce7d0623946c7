# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev fuzz: libFuzzer on one part of the service.

# [TARGET SECONDS]: without, which there are.
cmd_fuzz() {
	local target=${1-} seconds=${2-} source=tests/fuzz/${1-}.c
	if [ $# -eq 0 ]; then
		fuzz_targets
		return
	fi
	[ $# -eq 2 ] || die "fuzz takes a target and seconds; alone it lists them"
	[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "'$seconds' is no number of seconds"
	if ! [[ $target =~ ^[a-z]+$ ]] || ! [ -e "$source" ] ||
		! fuzz_seeds "$source" >/dev/null; then
		die "no target '$target'; ./dev fuzz lists them"
	fi
	need "${packages_build[@]}" clang
	build=$top/build/fuzz
	say "building"
	make_build CC=clang --enable-fuzz --enable-werror CFLAGS="-O1 -g"
	quietly "$build/build.log" guarded as_owner make -C "$build" \
		-j"$(nproc)" "tests/fuzz/fuzz_$target"
	fuzz "$target" "$seconds" "$(fuzz_seeds "$source")"
}

# The directory of tests/ that a target has its first inputs from, if any.
fuzz_seeds() {
	grep -q '^const char fuzz_seeds' "$1" &&
		sed -n 's/^const char fuzz_seeds\[\] = "\(.*\)";/\1/p' "$1"
}

# Each with the first words of its source.
fuzz_targets() {
	local source name
	for source in tests/fuzz/*.c; do
		fuzz_seeds "$source" >/dev/null || continue
		name=$(basename "$source" .c)
		printf '%-10s %s\n' "$name" "$(sed -n 's,^/\* \(.*\) \*/$,\1,p' \
			"$source" | head -n 1)"
	done
}

# fuzz TARGET SECONDS SEEDS: what is found goes on in the next run.
fuzz() {
	local found=$build/found/$1
	local dictionary=tests/fuzz/dictionaries/$1.dict
	local inputs=("$found" "tests/fuzz/corpus/$1")
	[ -z "$3" ] || inputs+=("tests/$3")
	as_owner mkdir -p "$found" "$build/crashes/$1"
	# Root must not decode what nobody has looked at.
	as_account test -x "$build/tests/fuzz/fuzz_$1" -a -r "${inputs[1]}" ||
		die "$(account) cannot read $top"
	if am_root; then
		chown -R "$(account):" "$found" "$build/crashes/$1"
	fi
	make_scratch
	if am_root; then
		chown "$(account):" "$scratch" "$TMPDIR"
	fi
	say "fuzzing $1 for $2 s; crashes go to $build/crashes/$1"
	guarded as_account env TMPDIR="$TMPDIR" \
		ASAN_OPTIONS=intercept_tls_get_addr=0 \
		UBSAN_OPTIONS=print_stacktrace=1 \
		"$build/tests/fuzz/fuzz_$1" -max_total_time="$2" \
		-print_final_stats=1 -timeout=25 -rss_limit_mb=3000 \
		-max_len=60000 -artifact_prefix="$build/crashes/$1/" \
		-dict="$dictionary" "${inputs[@]}"
}
