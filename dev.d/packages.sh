# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev check-packages: the .deb in whole machines, booted in containers. For
# each Debian build/packages/SUITE/ keeps
#	root/         a clean system, as debootstrap makes it
#	repository/   what apt would fetch there
#	built/        the packages, of two versions
# so that a second run is quick and needs no network.

packages_packages=(debootstrap systemd-container python3 python3-pil
	"${packages_deb[@]}")

# What a clean machine has beside the essential packages: an init.
machine_packages=(systemd systemd-sysv dbus)

# What the tests want there, beside what the package depends on.
test_packages=(cloud-init rsync)

# [NAME..] of tests/packaging/packaging.py: only these.
cmd_check_packages() {
	need "${packages_build[@]}" "${packages_run[@]}" \
		"${packages_packages[@]}"
	make_scratch
	make_build
	if can_boot; then
		# Two at once would take each other's machines away.
		mkdir -p "$top/build/packages"
		exec 6<"$top/build/packages"
		flock -n 6 || die "another ./dev check-packages is at work"
		as_root rm -rf -- "$top"/build/packages/run-* # killed ones
		stage machines check_machines "$@"
		[ $# -gt 0 ] || check_on_debian_13
	else
		cannot_run "packages: needs root, and namespaces of its own"
	fi
	say_counts
}

check_machines() {
	make_ground bookworm
	make_ground trixie
	run_suite as_root unshare --mount --propagation private \
		env TMPDIR="$TMPDIR" FT_BUILD="$build" \
		FT_ROOTS="$top/build/packages" PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 tests/packaging/packaging.py "$@"
}

# The suites of `./dev check` with MagickWand 7.
check_on_debian_13() {
	local more
	mapfile -t more < <(printf '%s\n' "${packages_run[@]}" \
		"${packages_check[@]}" mandoc | grep -vxE 'chromium|npm')
	make_magick7_root "${packages_magick7[@]}" "${more[@]}"
	stage "unit on Debian 13" run_suite magick7_unit
	stage "e2e on Debian 13" run_suite magick7_e2e
}

can_boot() {
	{ am_root || sudo -n true; } 2>/dev/null &&
		as_root unshare --mount --pid --net --fork true 2>/dev/null
}

make_ground() {
	local ground=$top/build/packages/$1
	[ -e "$ground/root" ] ||
		make_root "$1" "$ground/root" "${machine_packages[@]}"
	build_packages "$1" "$ground/built"
	fill_repository "$ground"
}

# build_packages SUITE DIR: this version in DIR/lower, and in DIR/higher one to
# upgrade to. Not built again while the sources are the same.
build_packages() {
	local sum version which
	sum=$(sources_sum)
	[ "$(cat "$2/sum" 2>/dev/null)" != "$sum" ] || return 0
	as_root rm -rf -- "$2"
	version=$(cat VERSION)
	for which in lower higher; do
		as_root mkdir -p "$2/$which"
		build_package_for "$1" "$version" "$2/$which"
		version=$version+higher
	done
	echo "$sum" | as_root tee "$2/sum" >/dev/null
}

# build_package_for SUITE VERSION DIR: here, where this is that Debian, else in
# the root that has what a build needs.
build_package_for() {
	local log=$top/build/roots.log root=$top/build/$1 deb
	deb=fcgi-thumb_${2}_$(dpkg --print-architecture).deb
	: >"$log"
	# shellcheck source=/dev/null
	if [ "$1" = "$(. /etc/os-release && echo "${VERSION_CODENAME-}")" ]; then
		quietly "$log" guarded "$top/dev" deb --version "$2" --quick
		root=$top
	else
		[ -e "$root" ] || make_root "$1" "$root"
		fill_root "$root" "${packages_magick7[@]}" "${packages_deb[@]}"
		sources_into "$root"
		say "building fcgi-thumb $2 for $1"
		quietly "$log" guarded in_root "$root" \
			/src/dev deb --version "$2" --quick
		root=$root/src
	fi
	as_root cp -- "$root/build/deb/$deb" "$3/"
}

# Of all that a package is made of.
sources_sum() {
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./var \
		--exclude=./autom4te.cache --exclude=node_modules \
		--exclude=./tests/e2e --exclude=./tests/packaging \
		--exclude=./tests/storm --sort=name --mtime=@0 --owner=0 \
		--group=0 -cf - . | sha256sum | cut -d' ' -f1
}

# fill_repository GROUND: with all that apt would fetch to install the package
# that is built there, and for the tests. Asked anew when that is other than
# the last time.
fill_repository() {
	local log=$top/build/roots.log root=$1/root repository=$1/repository
	local deb wanted
	deb=$(printf '%s\n' "$1"/built/lower/*.deb)
	wanted="$(dpkg-deb -f "$deb" Depends Recommends) ${test_packages[*]}"
	[ "$(cat "$repository/wanted" 2>/dev/null)" != "$wanted" ] || return 0
	say "fetching what the machines install"
	: >"$log"
	as_root rm -rf -- "$repository"
	as_root mkdir "$repository"
	as_root cp -- "$deb" "$root/var/tmp/package.deb"
	quietly "$log" guarded in_root "$root" apt-get -q update
	quietly "$log" guarded in_root "$root" apt-get -q -y --download-only \
		install /var/tmp/package.deb "${test_packages[@]}"
	as_root rm -f -- "$root/var/tmp/package.deb"
	as_root find "$root/var/cache/apt/archives" -name '*.deb' \
		-exec mv -t "$repository" {} +
	as_root find "$root/var/lib/apt/lists" -type f -delete
	(cd "$repository" && dpkg-scanpackages -m . 2>>"$log") |
		as_root tee "$repository/Packages" >/dev/null
	echo "$wanted" | as_root tee "$repository/wanted" >/dev/null
}
