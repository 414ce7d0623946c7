#!/bin/bash
# Run as root by ./dev: install-packages.sh PACKAGE... with apt.
#
# nginx's package starts a server on port 80 and at every boot, which nobody
# asked for here. For the moment of the installation a policy-rc.d refuses
# that, and only that; what was there before comes back in any case.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
saved=$policy.before-fcgi-thumb
mark='# fcgi-thumb: nginx stays stopped during its installation'

is_ours() {
	grep -qsxF "$mark" "$policy"
}

forbid_nginx() {
	if [ -e "$policy" ] && ! is_ours; then
		mv -f "$policy" "$saved"
	fi
	cat >"$policy" <<TEXT
#!/bin/sh
$mark
for word in "\$@"; do
	case \$word in nginx | nginx.service) exit 101 ;; esac
done
[ ! -x $saved ] || exec $saved "\$@"
TEXT
	chmod 755 "$policy"
}

allow_nginx() {
	if [ -e "$saved" ]; then
		mv -f "$saved" "$policy"
	elif is_ours; then
		rm -f "$policy"
	fi
}

log=$(mktemp "${TMPDIR:-/tmp}/fcgi-thumb-apt.XXXXXX")
chmod 644 "$log"
trap allow_nginx EXIT
trap 'exit 130' HUP INT TERM

export DEBIAN_FRONTEND=noninteractive
had_nginx=$(dpkg-query -W -f '${db:Status-Status}' nginx-common 2>/dev/null) ||
	true
forbid_nginx
if ! { apt-get -q update &&
	apt-get -q -y --no-install-recommends install "$@"; } \
	</dev/null >"$log" 2>&1; then
	echo "dev: apt-get could not install $*; its own words: $log" >&2
	exit 1
fi
rm -f "$log"
if [ "$had_nginx" != installed ] && [ -e /etc/init.d/nginx ]; then
	update-rc.d nginx disable >/dev/null 2>&1 || true
fi
