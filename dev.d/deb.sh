# shellcheck shell=bash disable=SC2154 # parts of one script
# ./dev deb: the package for Debian, made of a copy of the sources in which
# packaging/debian is debian/. The copy, packages and logs lie in build/deb.

cmd_deb() {
	local dir=$top/build/deb version quick=
	version=$(cat VERSION)
	while [ $# -gt 0 ]; do
		case $1 in
		--version)
			[[ ${2-} =~ ^[0-9][0-9A-Za-z.+~]*$ ]] || die \
				"--version takes one such as 0.2.0, not '${2-}'"
			version=$2
			shift 2
			;;
		--quick)
			quick=yes
			shift
			;;
		*) die "deb takes --version VERSION and --quick, not '$1'" ;;
		esac
	done
	need "${packages_build[@]}" "${packages_deb[@]}"
	as_owner mkdir -p "$dir"
	# Two at once would spoil each other's work.
	exec 8<"$dir"
	flock -n 8 || die "another ./dev deb is at work in $dir"
	say "building fcgi-thumb $version in build/deb"
	fill_deb_tree "$dir/tree" "$version" "$quick"
	build_deb "$dir" "$version" "$quick"
	exec 8<&-
}

# fill_deb_tree TREE VERSION QUICK: quick keeps what has been compiled.
fill_deb_tree() {
	[ -n "$3" ] || rm -rf -- "$1"
	as_owner mkdir -p "$1"
	rm -rf -- "$1/debian"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./var \
		--exclude=./autom4te.cache --exclude=node_modules -cf - . |
		as_owner tar -C "$1" -xof -
	as_owner cp -R "$top/packaging/debian" "$1/debian"
	# Where it is the same, the older file keeps make from doing all again.
	[ "$(cat VERSION)" = "$2" ] || echo "$2" | as_owner tee "$1/VERSION" \
		>/dev/null
	deb_changelog "$2" | as_owner tee "$1/debian/changelog" >/dev/null
}

# What is new stands in ChangeLog, the version in VERSION.
deb_changelog() {
	cat <<TEXT
fcgi-thumb ($1) unstable; urgency=medium

  * Version $1: changelog.gz beside this file says what is new.

 -- $(sed -n 's/^Maintainer: //p' packaging/debian/control)  $(date -R -r ChangeLog)
TEXT
}

# build_deb DIR VERSION QUICK
build_deb() {
	local arch log=$1/build.log package
	arch=$(dpkg --print-architecture)
	package=fcgi-thumb_${2}_$arch
	as_owner truncate -s 0 "$log" "$1/lintian.log"
	# `./dev check` is where the tests are run.
	quietly "$log" guarded as_owner env -C "$1/tree" \
		DEB_BUILD_OPTIONS="nocheck ${DEB_BUILD_OPTIONS-}" \
		dpkg-buildpackage -b -us -uc ${3:+-nc}
	if [ -z "$3" ]; then
		quietly "$1/lintian.log" as_owner lintian -EvIL +pedantic \
			--fail-on error,warning "$1/$package.changes"
	fi
	echo "${1#"$top"/}/$package.deb"
}
