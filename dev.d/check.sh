# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev check and its relatives. Every stage adds to the counts, and a stage
# that fails does not keep the next from being run: one look shows all.

passed=0
failed=0
skipped=0
scratch= # set by make_scratch
memory=  # set by make_memory, where there is enough
not_run= # one line each: what this machine cannot do, and why
stages="unit lint e2e stress storm browser"
root_suite=root # of the end-to-end suite, after the stages

cmd_check() {
	check_in build --enable-werror
}

cmd_check_asan() {
	# The last one: LeakSanitizer cannot follow modules that were unloaded.
	export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:intercept_tls_get_addr=0
	export UBSAN_OPTIONS=print_stacktrace=1
	stages="unit e2e"
	check_in build/asan --enable-werror --enable-asan
}

# All that renders, without the lane: the other stages and the default leave to
# MagickWand only what the lane does not take.
cmd_check_engines() {
	export FT_ENGINE=magick
	stages="render e2e"
	root_suite=
	check_in build --enable-werror
}

# A build that has nothing to do with the lane's libraries.
cmd_check_without_planes() {
	stages="unit unlinked"
	root_suite=
	check_in build/without-planes --enable-werror --without-plane-lane
}

# Releases of every kind, good and bad; some twenty minutes.
cmd_check_release() {
	stages=release
	root_suite=
	check_in build --enable-werror
}

cmd_lint() {
	need "${packages_build[@]}" "${packages_lint[@]}"
	make_build
	guarded lint
}

lint() {
	make --no-print-directory -C "$build" -O -j"$(nproc)" lint &&
		shellcheck -x dev .ci/run dev.d/*.sh tests/*.sh \
			packaging/bash-completion/* \
			packaging/systemd/after-* packaging/systemd/hand-over \
			packaging/debian/post* packaging/debian/pre* \
			packaging/debian/fcgi-thumb.init
}

cmd_distcheck() {
	need "${packages_build[@]}" "${packages_check[@]}"
	make_build
	guarded as_owner make -C "$build" distcheck
}

# check_in DIR [configure options]: the stages with a build in DIR.
check_in() {
	need "${packages_build[@]}" "${packages_run[@]}" \
		"${packages_lint[@]}" "${packages_check[@]}"
	npm_modules browser
	# Of an earlier run: a stage that fails must not seem to have made them.
	[[ $stages != *browser* ]] || as_owner rm -rf -- "$top/$1/screenshots"
	# A copy has places for temporary files already.
	if [ -z "${FT_COUNTS-}" ]; then
		make_scratch
		make_memory
	fi
	if am_root; then
		check_as_account "$@"
	else
		build=$top/$1
		shift
		check_build "$@"
	fi
	say_counts
}

# Whatever the tests leave when they are interrupted, or when they fail, lies
# in one directory that goes with this run.
make_scratch() {
	scratch=$(private_directory)
	trap 'rm -rf -- "$scratch" ${memory:+"$memory"}' EXIT
	mkdir "$scratch/tmp"
	export TMPDIR=$scratch/tmp
}

# Most of what tests do on a disk is to make a store's 2048 directories for each
# of them, and to remove them. One in memory, for those that are not about the
# disk.
make_memory() {
	! memory_is_ample || memory=$(TMPDIR=/dev/shm private_directory)
	export FT_MEMORY=$memory
}

memory_is_ample() {
	local available
	[ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] || return 1
	as_account test -w /dev/shm || return 1
	available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
	[ "${available:-0}" -ge $((3 << 20)) ] &&
		[ "$(df --output=avail -k /dev/shm | tail -n 1)" -ge $((1 << 20)) ]
}

# Root's tests prove little, and not every account can read this checkout: the
# same command once more, in a copy that belongs to the account. What only
# root can try comes after it.
check_as_account() {
	local tree=$scratch/tree counts=$scratch/counts
	mkdir "$tree" "$scratch/home"
	copy_tree "$tree"
	chown -R "$(account):" "$scratch" ${memory:+"$memory"}
	say "testing as $(account) in a copy of the checkout"
	guarded_seconds=90 # the copy's own are a part of it
	guarded as_account env -i PATH="$PATH" LANG=C.UTF-8 \
		HOME="$scratch/home" TMPDIR="$TMPDIR" ASAN_OPTIONS="${ASAN_OPTIONS-}" \
		UBSAN_OPTIONS="${UBSAN_OPTIONS-}" FT_COUNTS="$counts" \
		FT_MEMORY="$FT_MEMORY" \
		"$tree/dev" "$subcommand" || failed=$((failed + 1))
	if [ -s "$counts" ]; then
		read -r passed failed skipped <"$counts"
		not_run=$(tail -n +2 "$counts")
	fi
	bring_screenshots "$tree/$1" "$top/$1"
	[ -z "$root_suite" ] || stage "as root" run_suite env \
		FT_BUILD="$tree/$1" /usr/bin/python3 tests/e2e/run.py root
}

# bring_screenshots FROM TO: out of the copy, which goes. Read as who may have
# been taken over while they were made, written as who keeps them.
bring_screenshots() {
	[ -d "$1/screenshots" ] || return 0
	as_owner mkdir -p "$2"
	as_account tar -C "$1" -cf - screenshots | as_owner tar -C "$2" -xof -
}

# The sources as they are now, committed or not, and what npm fetched.
copy_tree() {
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./var \
		--exclude=./autom4te.cache -cf - . | tar -C "$1" -xof -
}

check_build() {
	local name
	say "building"
	make_build "$@"
	# Two at once would take each other's results.
	exec 7<"$build/tests"
	flock -n 7 || die "another ./dev check is at work in $build"
	for name in $stages; do
		stage "$name" "run_$name"
	done
}

# ---- counting ----

stage() {
	local name=$1 before="$passed $failed $skipped" start=$SECONDS
	shift
	printf '\n== %s ==\n' "$name"
	"$@"
	# shellcheck disable=SC2086 # three numbers
	set -- $before
	printf -- '-- %s: %d passed, %d failed, %d skipped in %d s\n' "$name" \
		$((passed - $1)) $((failed - $2)) $((skipped - $3)) \
		$((SECONDS - start))
}

count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + $3))
}

cannot_run() {
	not_run="$not_run$1"$'\n'
}

# The counts are the last line; a copy's go to the run that made it.
say_counts() {
	if [ -n "${FT_COUNTS-}" ]; then
		printf '%d %d %d\n%s' "$passed" "$failed" "$skipped" \
			"$not_run" >"$FT_COUNTS"
		return
	fi
	if [ -n "$not_run" ]; then
		printf '\nnot run on this machine:\n%s' "$not_run"
	fi
	printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" \
		"$skipped"
	[ "$failed" -eq 0 ] && [ "$skipped" -eq 0 ]
}

# run_suite COMMAND...: one that prints its tests and, at the end, its counts.
run_suite() {
	local log line ok=true
	log=$(mktemp)
	guarded show_suite "$log" "$@"
	while IFS= read -r line; do
		cannot_run "${line#not run: }"
	done < <(grep '^not run: ' "$log")
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1) || true
	! grep -q '^ended with status' "$log" || ok=false
	rm -f -- "$log"
	# shellcheck disable=SC2086 # three numbers
	set -- ${line//[!0-9]/ }
	count "${1:-0}" "${2:-0}" "${3:-0}"
	if [ "${2:-0}" -eq 0 ] && { [ "${1:-0}" -eq 0 ] || [ $ok = false ]; }; then
		echo "no test was run, or it ended badly without a failed one"
		count 0 1 0
	fi
}

# show_suite LOG COMMAND...: all of its words into LOG, the tests to the screen.
show_suite() {
	local log=$1
	shift
	{ "$@" 2>&1 || printf 'ended with status %d\n' $?; } | tee "$log" |
		grep --line-buffered -vE \
			'^([0-9]+ passed, [0-9]+ failed|not run: )' || true
}

# ---- stages ----

# Automake's own summary counts programs; a suite that ran nothing would look
# green. Check's lines count tests.
# [MAKE VARIABLE]: which of them.
run_unit() {
	local log=$build/check.log before=$failed status=0 result
	find "$build/tests" -maxdepth 2 \( -name '*.log' -o -name '*.trs' \) \
		-delete
	# Most of them wait for timers or the disk.
	TMPDIR=${FT_MEMORY:-$TMPDIR} guarded make -C "$build" -k \
		-j"$((2 * $(nproc)))" "$@" check >"$log" 2>&1 || status=$?
	for result in "$build"/tests/fuzz/*.trs "$build"/tests/*.trs; do
		[ ! -e "$result" ] || count_program "${result%.trs}"
	done
	if [ ! -e "$result" ] ||
		{ [ $status -ne 0 ] && [ "$failed" -eq "$before" ]; }; then
		tail -n 30 "$log"
		count 0 1 0
	fi
}

run_render() {
	run_unit TESTS="tests/check_render tests/check_render_animation \
		tests/check_render_look"
}

# ImageMagick may still load what it wants of them.
run_unlinked() {
	local program needed
	for program in fcgi-thumb thumbctl; do
		needed=$(readelf -d "$build/fcgi-thumb/$program") || needed=
		if [ -z "$needed" ] ||
			grep -E 'NEEDED.*lib(jpeg|zimg)' <<<"$needed"; then
			echo "$program is not a program without these libraries"
			count 0 1 0
		else
			count 1 0 0
		fi
	done
}

# count_program PATH: from PATH.log and PATH.trs.
count_program() {
	local line result
	result=$(sed -n 's/^:test-result: //p' "$1.trs" | head -n 1)
	line=$(grep -E '^[0-9]+%: Checks: ' "$1.log" | tail -n 1) || true
	printf '%s: %s\n' "$(basename "$1")" "${line:-$result}"
	case $result in
	PASS) ;;
	SKIP) count 0 0 1 ;;
	*) grep -vE '^(PASS|FAIL|ERROR) |^[0-9]+%: ' "$1.log" | head -n 40 ;;
	esac
	# shellcheck disable=SC2086 # percent, checks, failures, errors
	set -- ${line//[!0-9]/ }
	if [ $# -eq 4 ]; then
		count $(($2 - $3 - $4)) $(($3 + $4)) 0
		if [ "$result" != PASS ] && [ $(($3 + $4)) -eq 0 ]; then
			count 0 1 0
		fi
	elif [ "$result" = PASS ]; then
		count 1 0 0
	elif [ "$result" != SKIP ]; then
		count 0 1 0
	fi
}

run_lint() {
	if guarded lint; then
		count 1 0 0
	else
		count 0 1 0
	fi
}

run_e2e() {
	run_suite env FT_BUILD="$build" /usr/bin/python3 tests/e2e/run.py
}

# What it measures would be the other tests, beside them.
run_stress() {
	run_suite env FT_BUILD="$build" /usr/bin/python3 tests/e2e/run.py stress
}

run_release() {
	run_suite env FT_BUILD="$build" /usr/bin/python3 tests/e2e/run.py \
		release_long
}

run_storm() {
	run_suite env FT_BUILD="$build" /usr/bin/python3 tests/storm/storm.py
}

run_browser() {
	run_suite env FT_BUILD="$build" /usr/bin/python3 tests/browser/run.py
}
