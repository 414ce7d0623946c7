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
	[ -e "$root" ] || make_root trixie "$root"
	fill_root "$root" "${packages_magick7[@]}"
	sources_into "$root"
	say "building and testing"
	guarded in_root "$root" /src/dev.d/inside-magick7.sh
}
