#!/bin/bash
# Run as root by ./dev: install-packages.sh PACKAGE... with apt.
#
# The packages of nginx and Prometheus start a server each, now and at every
# boot, which nobody asked for here. For the moment of the installation a
# policy-rc.d refuses that, and only that; what was there before comes back in
# any case.
set -euo pipefail

policy=/usr/sbin/policy-rc.d
saved=$policy.before-fcgi-thumb
mark='# fcgi-thumb: servers stay stopped during their installation'

# Each service and the package that brings it.
servers=(nginx:nginx-common prometheus:prometheus)

is_ours() {
	grep -qsxF "$mark" "$policy"
}

forbid_servers() {
	local words=
	if [ -e "$policy" ] && ! is_ours; then
		mv -f "$policy" "$saved"
	fi
	for server in "${servers[@]}"; do
		words+="${words:+ | }${server%:*} | ${server%:*}.service"
	done
	cat >"$policy" <<TEXT
#!/bin/sh
$mark
for word in "\$@"; do
	case \$word in $words) exit 101 ;; esac
done
[ ! -x $saved ] || exec $saved "\$@"
TEXT
	chmod 755 "$policy"
}

allow_servers() {
	if [ -e "$saved" ]; then
		mv -f "$saved" "$policy"
	elif is_ours; then
		rm -f "$policy"
	fi
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
		installed ]
}

log=$(mktemp "${TMPDIR:-/tmp}/fcgi-thumb-apt.XXXXXX")
chmod 644 "$log"
trap allow_servers EXIT
trap 'exit 130' HUP INT TERM

export DEBIAN_FRONTEND=noninteractive
new=()
for server in "${servers[@]}"; do
	is_installed "${server#*:}" || new+=("${server%:*}")
done
forbid_servers
if ! { apt-get -q update &&
	apt-get -q -y --no-install-recommends install "$@"; } \
	</dev/null >"$log" 2>&1; then
	echo "dev: apt-get could not install $*; its own words: $log" >&2
	exit 1
fi
rm -f "$log"
for server in "${new[@]}"; do
	if [ -e "/etc/init.d/$server" ]; then
		update-rc.d "$server" disable >/dev/null 2>&1 || true
	fi
done
