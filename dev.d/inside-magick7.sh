#!/bin/bash
# inside-magick7.sh unit | e2e: run by ./dev inside a Debian 13 root. `unit` builds
# /src out of tree and passes the unit tests, `e2e` the end-to-end suite with what
# that has built, but for ./dev's own tests, which want the tools of a developer
# on Debian 12. Both as an account that is not root; the last line has the counts.
set -euo pipefail

as_account() {
	setpriv --reuid www-data --regid www-data --clear-groups -- \
		env HOME=/build "$@"
}

unit() {
	pkg-config --atleast-version=7 MagickWand
	cd /src
	# What another version of autotools made does not fit here.
	autoreconf -fi >/dev/null 2>&1
	rm -rf /build
	mkdir /build
	chown -R www-data: /build /src
	cd /build
	as_account /src/configure -q --enable-werror
	as_account make -s -j"$(nproc)" >/dev/null
	local status=0
	as_account make -s -k -j"$(nproc)" check >check.log 2>&1 || status=$?
	if [ $status -ne 0 ]; then
		grep -hsE 'error: |undefined |^(FAIL|ERROR): |:[FE]:' check.log \
			tests/*.log tests/fuzz/*.log || tail -n 30 check.log
	fi
	grep -hE '^[0-9]+%: Checks' tests/*.log tests/fuzz/*.log |
		awk -F '[ ,]+' '{ print; all += $3; failed += $5 + $7 }
			END { printf "%d passed, %d failed, 0 skipped\n",
				all - failed, failed }'
	return $status
}

e2e() {
	local modules
	cd /src/tests/e2e
	mapfile -t modules < <(printf '%s\n' test_*.py | sed 's/^test_//; s/\.py$//' |
		grep -vxE 'dev|root|stress|release_long')
	as_account env FT_BUILD=/build PYTHONDONTWRITEBYTECODE=1 \
		/usr/bin/python3 run.py "${modules[@]}"
}

"$1"
