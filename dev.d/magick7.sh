# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev check-magick7: the other MagickWand. Debian 12 has ImageMagick 6, so a
# Debian 13 root is made once and kept; the sources are built and the unit
# tests run inside it.

# There the encoder of AVIF is a package of its own.
packages_magick7=("${packages_build[@]}" check libheif-plugin-aomenc)

cmd_check_magick7() {
	need debootstrap
	am_root || say "this needs root for debootstrap and chroot"
	make_magick7_root "${packages_magick7[@]}"
	say "building and testing"
	magick7_unit
}

# make_magick7_root PACKAGE...: sets magick7_root.
make_magick7_root() {
	magick7_root=$top/build/trixie
	[ -e "$magick7_root" ] || make_root trixie "$magick7_root"
	fill_root "$magick7_root" "$@"
	sources_into "$magick7_root"
}

magick7_unit() {
	guarded in_root "$magick7_root" /src/dev.d/inside-magick7.sh unit
}

magick7_e2e() {
	guarded in_root "$magick7_root" /src/dev.d/inside-magick7.sh e2e
}
