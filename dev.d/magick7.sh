# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev check-magick7: the other MagickWand. Debian 12 has ImageMagick 6, so a
# Debian 13 root is made once and kept; the sources are built and the unit
# tests run inside it.

# There the encoder of AVIF is a package of its own.
packages_magick7=("${packages_build[@]}" check libheif-plugin-aomenc)

cmd_check_magick7() {
	local root=$top/build/trixie
	need debootstrap
	am_root || say "this needs root for debootstrap and chroot"
	mkdir -p "$top/build"
	[ -e "$root/complete" ] || make_root "$root"
	[ "$(cat "$root/complete")" = "${packages_magick7[*]}" ] ||
		fill_root "$root"
	trap 'leave_root' EXIT
	trap 'exit 130' INT TERM HUP
	enter_root "$root"
	say "building and testing"
	in_root "$root" /src/dev.d/inside-magick7.sh
}

# The mirror that apt has been told to use.
debian_mirror() {
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' \
		'Identifier: Packages' | sed -n 's/ Debian$//p' | head -n 1
}

make_root() {
	local log=$top/build/magick7.log mirror
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "apt knows no mirror of Debian: apt-get update"
	say "making a Debian 13 root in $1 (some minutes)"
	: >"$log"
	as_root rm -rf -- "$1"
	quietly "$log" as_root debootstrap --variant=minbase trixie "$1" \
		"$mirror"
	as_root touch "$1/complete"
}

# apt, not debootstrap, installs the libraries: it knows the right order. What
# is in there is noted, so that a root that was kept gets what is new.
fill_root() {
	local log=$top/build/magick7.log
	quietly "$log" in_root "$1" apt-get -q update
	quietly "$log" in_root "$1" apt-get -q -y --no-install-recommends \
		install "${packages_magick7[@]}"
	echo "${packages_magick7[*]}" | as_root tee "$1/complete" >/dev/null
}

root_mounts=

enter_root() {
	as_root rm -rf -- "$1/src"
	as_root mkdir "$1/src"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./var \
		--exclude=./autom4te.cache --exclude=node_modules -cf - . |
		as_root tar -C "$1/src" -xof -
	as_root mount -t proc proc "$1/proc"
	root_mounts=$1/proc
}

leave_root() {
	[ -z "$root_mounts" ] || as_root umount "$root_mounts"
}

in_root() {
	as_root chroot "$1" /usr/bin/env -i PATH="$PATH" LANG=C.UTF-8 HOME=/root \
		DEBIAN_FRONTEND=noninteractive "${@:2}" </dev/null
}
