# shellcheck shell=bash # parts of one script
# Packages on Fedora and EL. The names are theirs to the best of our knowledge,
# and nobody has tried them there: what is said here is tested with a dnf that is
# none. On EL some come from EPEL and CRB.

# Prints what a package of Debian's is called there.
dnf_name() {
	case $1 in
	build-essential | debhelper | dpkg-dev | lintian)
		die "a package for Debian is made on a Debian"
		;;
	check) echo check-devel ;;
	clang-format) echo clang-tools-extra ;;
	fonts-nanum) echo naver-nanum-gothic-fonts ;;
	graphicsmagick) echo GraphicsMagick ;;
	imagemagick) echo ImageMagick ;;
	libavif-bin) echo libavif-tools ;;
	libc6-dev) echo glibc-devel ;;
	libconfig-dev) echo libconfig-devel ;;
	libcurl4-openssl-dev) echo libcurl-devel ;;
	libfcgi-dev) echo fcgi-devel ;;
	libheif-plugin-aomenc) echo libheif ;;
	libjansson-dev) echo jansson-devel ;;
	libjpeg-dev) echo libjpeg-turbo-devel ;;
	liblcms2-dev) echo lcms2-devel ;;
	libmagickwand-dev) echo ImageMagick-devel ;;
	libseccomp-dev) echo libseccomp-devel ;;
	libssl-dev) echo openssl-devel ;;
	libvips-dev) echo vips-devel ;;
	libvips-tools) echo vips-tools ;;
	libzimg-dev) echo zimg-devel ;;
	mount) echo util-linux ;;
	npm) echo nodejs-npm ;;
	pkg-config) echo pkgconf-pkg-config ;;
	procps) echo procps-ng ;;
	python3-pil) echo python3-pillow ;;
	rpm) echo rpm-build ;;
	selinux-policy-dev) echo selinux-policy-devel ;;
	shellcheck) echo ShellCheck ;;
	zlib1g-dev) echo zlib-devel ;;
	*) echo "$1" ;;
	esac
}

# Prints which of Debian's packages are not there, by their names here.
dnf_missing() {
	local package name
	for package in "$@"; do
		name=$(dnf_name "$package") || exit
		rpm -q --whatprovides "$name" >/dev/null 2>&1 ||
			printf '%s\n' "$name"
	done
}

# Unlike Debian's, nginx stays stopped when it is installed.
dnf_install() {
	local log
	log=$(mktemp "${TMPDIR:-/tmp}/fcgi-thumb-dnf.XXXXXX")
	as_root dnf -q -y install "$@" </dev/null >"$log" 2>&1 ||
		die "dnf could not install $* (on EL some are in EPEL and CRB);" \
			"its own words: $log"
	rm -f -- "$log"
}
