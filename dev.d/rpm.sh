# shellcheck shell=bash disable=SC2154 # parts of one script
# ./dev rpm: source and binary packages for Fedora and EL, of the tarball of
# `make dist`, and what can be tried of them here. All of it lies in build/rpm.
# On Debian the libraries have other names than there: what is built here shows
# that the spec is right, and is not for a Fedora.

packages_rpm=(rpm rpmlint selinux-policy-dev bzip2 check logrotate python3)

cmd_rpm() {
	local dir=$top/build/rpm tarball
	[ $# -eq 0 ] || die "rpm takes no arguments, not '$1'"
	need "${packages_build[@]}" "${packages_run[@]}" "${packages_rpm[@]}"
	make_build
	as_owner mkdir -p "$dir"
	# Two at once would spoil each other's work.
	exec 7<"$dir"
	flock -n 7 || die "another ./dev rpm is at work in $dir"
	tarball=$build/fcgi-thumb-$(cat VERSION).tar.gz
	say "building in build/rpm"
	as_owner truncate -s 0 "$dir/build.log"
	quietly "$dir/build.log" guarded as_owner make -C "$build" dist
	rm -rf -- "$dir/RPMS" "$dir/SRPMS"
	# `./dev check` is where the tests are run.
	mapfile -t options < <(rpm_options)
	quietly "$dir/build.log" guarded as_owner rpmbuild -ta --nocheck \
		--define "_topdir $dir" "${options[@]}" "$tarball"
	make_scratch
	stage rpm check_rpm "$dir"
	find "$dir"/*RPMS -name '*.rpm' | sed "s|^$top/||" | sort
	say_counts
	exec 7<&-
}

# What rpmbuild has to be told where its distribution is another one: there are
# no macros for systemd and SELinux, and no database of what is installed.
rpm_options() {
	[ -z "$(rpm --eval '%{?systemd_post:1}')" ] || return 0
	printf '%s\n' --nodeps --with selinux \
		--load "$top/packaging/rpm/macros.debian" \
		--define "_dbpath $top/build/rpm/db"
}

# check_rpm DIR: as root what it takes an own root for, too.
check_rpm() {
	local run=(/usr/bin/python3 tests/packaging/rpm.py)
	if { am_root || sudo -n true; } 2>/dev/null &&
		as_root unshare --mount --net true 2>/dev/null; then
		run=(as_root unshare --mount --net --propagation private
			env FT_RPM="$1" TMPDIR="$TMPDIR" "${run[@]}")
	else
		cannot_run "rpm: its installation needs root"
		run=(env FT_RPM="$1" "${run[@]}" Built)
	fi
	run_suite "${run[@]}"
}
