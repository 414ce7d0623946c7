#!/bin/bash
# into-root.sh DIR COMMAND...: run by ./dev as root, in a mount namespace of its
# own, in which DIR becomes the root. In a mere chroot nobody could make a
# namespace, as some tests do.
set -euo pipefail

root=$1
shift
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs tmp
pivot_root . mnt
umount -l /mnt
exec /usr/bin/env -i PATH="$PATH" LANG=C.UTF-8 HOME=/root \
	DEBIAN_FRONTEND=noninteractive "$@" </dev/null
