# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# The ground for every subcommand: packages, accounts, the build.

packages_build=(autoconf automake make gcc libc6-dev pkg-config libfcgi-dev
	libmagickwand-dev libjpeg-dev libzimg-dev libconfig-dev liblcms2-dev
	libssl-dev libjansson-dev libseccomp-dev zlib1g-dev libcurl4-openssl-dev)
packages_run=(nginx curl)
packages_lint=(clang clang-format cppcheck mandoc shellcheck)
packages_check=(check spawn-fcgi systemd rsync python3 python3-pil libavif-bin
	php-cli procps chromium fonts-nanum nodejs npm prometheus)
packages_deb=(build-essential check debhelper dpkg-dev lintian)

# check-asan and check-without-planes have another one.
build=$top/build

say() {
	printf 'dev: %s\n' "$*" >&2
}

die() {
	say "$*"
	exit 1
}

am_root() {
	[ "$(id -u)" -eq 0 ]
}

# absolute PATH: as the caller meant it before we changed to the checkout.
absolute() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$here/$1" ;;
	esac
}

as_root() {
	if am_root; then
		"$@"
	else
		sudo -- "$@"
	fi
}

# The account that the service and the tests run as: our own, or, since root
# must not decode strangers' photos, the one behind sudo, or nginx's own.
account() {
	if ! am_root; then
		id -un
	elif [ "${SUDO_USER:-root}" != root ]; then
		printf '%s\n' "$SUDO_USER"
	else
		# The distributions' names of it.
		{ getent passwd www-data nginx nobody || true; } |
			sed -n '1s/:.*//p'
	fi
}

# as_account COMMAND...: what it starts gets SIGTERM should this script be
# killed. Replaces the shell: call it in a subshell or in the background.
exec_as_account() {
	if am_root; then
		exec setpriv --reuid "$(account)" --regid "$(id -g "$(account)")" \
			--init-groups --pdeathsig TERM -- "$@"
	fi
	exec setpriv --pdeathsig TERM -- "$@"
}

as_account() {
	(exec_as_account "$@")
}

# Building as root in a user's own checkout would leave files that he cannot
# change.
as_owner() {
	local owner home
	owner=$(stat -c %u .)
	if am_root && [ "$owner" -ne 0 ]; then
		home=$(getent passwd "$owner" | cut -d: -f6) || true
		HOME=${home:-/} setpriv --reuid "$owner" \
			--regid "$(stat -c %g .)" --clear-groups -- "$@"
	else
		"$@"
	fi
}

# A directory of this run's own under a short path: a Unix socket's has 107
# bytes at most. Readable for the account wherever the checkout lies.
private_directory() {
	local base=${TMPDIR:-/tmp} dir
	if [ "${#base}" -gt 60 ] || ! as_account test -w "$base"; then
		base=/tmp
	fi
	dir=$(mktemp -d "$base/fcgi-thumb.XXXXXX")
	chmod 755 "$dir"
	printf '%s\n' "$dir"
}

# ---- interrupts ----

guarded_group=
guarded_seconds=60 # what it may take to clean up

# guarded COMMAND...: in a process group of its own, so that end_guarded can
# end all of it. Bash hears a signal at once while it waits, but not while a
# command has the foreground.
guarded() {
	local status=0
	set -m
	"$@" </dev/null &
	guarded_group=$!
	set +m
	wait "$guarded_group" || status=$?
	guarded_group=
	return $status
}

# Asked, waited for, at last forced.
end_guarded() {
	local i
	trap '' INT TERM HUP
	[ -n "$guarded_group" ] || return 0
	kill -s TERM -- "-$guarded_group" 2>/dev/null || true
	for ((i = 0; i < guarded_seconds * 10; i++)); do
		[ -n "$(living_members "$guarded_group")" ] || return 0
		sleep 0.1
	done
	kill -s KILL -- "-$guarded_group" 2>/dev/null || true
}

# living_members GROUP: their states. kill -0 would find the dead too that
# nobody has waited for.
living_members() {
	cat /proc/[0-9]*/stat 2>/dev/null |
		sed -n "s/.*) \([^ZX]\) [0-9]* $1 .*/\1/p" || true
}

# ---- packages ----

# Prints which of the packages are not there, by name or as one that another
# package provides.
missing_packages() {
	local have
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package},${Provides}\n' |
		sed -n 's/^installed //p' | tr ',' '\n' | sed 's/ *(.*//; s/ //g')
	printf '%s\n' "$@" | grep -vxF -e "$have" || true
}

# need PACKAGE...: install what is missing; the names are Debian's.
need() {
	local names missing with
	if command -v dpkg-query >/dev/null; then
		with=apt
		names=$(missing_packages "$@")
	elif command -v dnf >/dev/null; then
		with=dnf
		names=$(dnf_missing "$@")
	else
		die "this needs Debian, Ubuntu, Fedora or EL (apt or dnf);" \
			"elsewhere build by ./configure"
	fi
	[ -n "$names" ] || return 0
	mapfile -t missing <<<"$names"
	am_root || command -v sudo >/dev/null ||
		die "please install, as root: ${missing[*]}"
	say "installing ${missing[*]}"
	if [ $with = apt ]; then
		as_root bash dev.d/install-packages.sh "${missing[@]}"
	else
		dnf_install "${missing[@]}"
	fi
}

# npm_modules NAME: what tests/NAME/package.json asks for; a package registry
# is asked only when the lock file is another one than that of the last time.
npm_modules() {
	local dir=$top/tests/$1
	local modules=$dir/node_modules
	! cmp -s "$dir/package-lock.json" "$modules/.fetched" || return 0
	say "fetching what tests/$1 needs with npm"
	rm -rf -- "$modules" 2>/dev/null ||
		die "$modules belongs to another user: please remove it"
	guarded as_owner env -C "$dir" npm ci --ignore-scripts --no-audit \
		--no-fund >/dev/null || die "npm could not fetch it"
	as_owner cp -- "$dir/package-lock.json" "$modules/.fetched"
}

# ---- build ----

# quietly LOG COMMAND...: its output only when it fails.
quietly() {
	local log=$1
	shift
	if ! "$@" >>"$log" 2>&1; then
		tail -n 30 "$log" >&2
		die "failed: $* (all of its output: $log)"
	fi
}

# make_build [configure options]: everything that `make` makes, in $build.
# Without options as it was configured last.
make_build() {
	local log=$build/build.log
	as_owner mkdir -p "$build"
	# Two at once would spoil each other's work.
	exec 8<"$build"
	flock 8
	as_owner truncate -s 0 "$log"
	if [ ! -e configure ] || [ -n "$(find configure.ac Makefile.am VERSION \
		m4 -newer configure)" ]; then
		quietly "$log" guarded as_owner autoreconf -i
	fi
	if [ ! -e "$build/Makefile" ] || [ configure -nt "$build/Makefile" ] ||
		{ [ $# -gt 0 ] && [ "$*" != "$(configured)" ]; }; then
		quietly "$log" guarded configure_build "$@"
	fi
	quietly "$log" guarded as_owner make -C "$build" -j"$(nproc)"
	exec 8<&-
}

configured() {
	cat "$build/options" 2>/dev/null || true
}

configure_build() (
	cd -- "$build" || exit
	as_owner "$top/configure" "$@"
	printf '%s\n' "$*" | as_owner tee options
)

# install_into DIR: the programs, templates and pages, where the account can
# read them although the checkout may lie in a home directory that it cannot
# enter.
install_into() {
	quietly "$1/install.log" make -C "$build" install prefix="$1"
	rm -f -- "$1/install.log"
}
