# Without systemd: a release that nobody tends goes back after its deadline. Its
# timer does it where systemd runs, and nothing has to be done before the first
# release.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
* * * * * root [ -d /run/systemd/system ] || [ ! -e /var/lib/fcgi-thumb-releases/state.json ] || [ ! -x /usr/sbin/thumbctl ] || thumbctl release tend
