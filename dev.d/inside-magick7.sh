#!/bin/bash
# Run by ./dev check-magick7 inside the Debian 13 root: build /src out of tree
# and pass the unit tests, as an account that is not root.
set -euo pipefail

pkg-config --atleast-version=7 MagickWand
cd /src
# What another version of autotools made does not fit here.
autoreconf -fi >/dev/null 2>&1
rm -rf /build
mkdir /build
chown www-data: /build
cd /build

as_account() {
	setpriv --reuid www-data --regid www-data --clear-groups -- "$@"
}

as_account /src/configure -q --enable-werror
as_account make -s -j"$(nproc)" >/dev/null
if ! as_account make -s -k -j"$(nproc)" check >check.log 2>&1; then
	grep -hsE 'error: |undefined |^(FAIL|ERROR): |:[FE]:' check.log \
		tests/*.log tests/fuzz/*.log || tail -n 30 check.log
	exit 1
fi
grep -hE '^[0-9]+%: Checks' tests/*.log tests/fuzz/*.log
