# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# ./dev run and ./dev thumbctl: the whole service in a private directory.
#
# The data directory DIR (--data) outlives the run:
#	DIR/fcgi-thumb.conf  settings, a copy of conf/fcgi-thumb.conf to edit
#	DIR/store, DIR/logs  photos and logs, with the prober's ledger
#	DIR/run              nginx's own files and, once the service is ready,
#	                     a link to its runtime directory; removed at the end
# The runtime directory lies under a short path, readable for the account, and
# goes with the run: programs, templates, pages, the sockets and the effective
# settings, which are DIR/fcgi-thumb.conf with the paths and the address of this
# run. With --releases the service is in the two slots of DIR/releases, which
# outlive the run, and their sockets are in DIR/run/sockets.

data= # set by data_directory
runtime= # set by make_runtime, or by cmd_thumbctl to that of a running service
releases=false # --releases
nginx_pid=
master_pid=
prober_pid=
tender_pid=

cmd_run() {
	local port=8080 wanted=
	while [ $# -gt 0 ]; do
		case $1 in
		--port=* | --data=*)
			set -- "${1%%=*}" "${1#*=}" "${@:2}"
			;;
		--port)
			is_port "${2-}" || die \
				"--port takes a number from 1 to 65535, not '${2-}'"
			port=$2
			shift 2
			;;
		--data)
			[ -n "${2-}" ] || die "--data needs a directory"
			wanted=$(absolute "$2")
			shift 2
			;;
		--releases)
			releases=true
			shift
			;;
		*) die "run takes --port N, --data DIR and --releases, not '$1'" ;;
		esac
	done

	need "${packages_build[@]}" "${packages_run[@]}"
	port_is_free "$port" || die "port $port is in use; --port takes another"
	data_directory "$wanted"
	say "building"
	make_build

	trap 'stop_service; exit 0' INT TERM HUP
	trap stop_service EXIT
	make_runtime "$port"
	end_killed_run
	as_account mkdir -p -- "$data/logs"
	as_account mkdir -- "$data/run"
	if $releases; then
		start_releases "$port" >&2
	else
		start_service "$port"
	fi
	await_ready "$port"
	start_prober
	if $releases; then
		tend_releases >&2 9<&- &
		tender_pid=$!
	fi
	as_account ln -s -- "$runtime" "$data/run/runtime"
	echo "ready: $(address "$port")/"
	watch_service
}

# With the programs and the settings of the service that runs on the data. If
# none does, with new ones, for what concerns the data alone.
cmd_thumbctl() {
	local wanted=
	case ${1-} in
	--data=*)
		set -- --data "${1#*=}" "${@:2}"
		;;
	esac
	if [ "${1-}" = --data ]; then
		[ -n "${2-}" ] || die "--data needs a directory"
		wanted=$(absolute "$2")
		[ -d "$wanted" ] || die "$wanted is not a directory"
		shift 2
	fi
	data_directory "$wanted" shared
	if data_is_served; then
		runtime=$(readlink -- "$data/run/runtime") ||
			die "the ./dev run on $data is not ready yet"
	elif [ "${1-}" = nginx-conf ]; then
		die "no ./dev run is on $data: there are no sockets to name"
	elif [ "${1-}" = ab ] || { [ "${1-}" = release ] &&
		[ "${2-}" != status ] && [ "${2-}" != history ]; }; then
		die "no ./dev run --releases is on $data"
	else
		# What was released is told without a service.
		[ ! -e "$data/releases/state.json" ] || releases=true
		need "${packages_build[@]}"
		make_build
		trap 'rm -rf -- "$runtime"' EXIT
		make_runtime
	fi
	# Templates and photos are in the runtime directory, not where they
	# would be installed.
	case ${1-} in
	nginx-conf | apply | doctor)
		set -- "$1" --templates "$runtime/share/fcgi-thumb/nginx" \
			"${@:2}"
		;;
	stress)
		set -- "$1" --photos "$runtime/share/fcgi-thumb/photos" \
			"${@:2}"
		;;
	esac
	cd -- "$here" || exit
	as_account "$runtime/sbin/thumbctl" -c "$runtime/fcgi-thumb.conf" "$@"
}

is_port() {
	case $1 in
	'' | 0* | *[!0-9]* | ??????*) return 1 ;;
	esac
	[ "$1" -le 65535 ]
}

port_is_free() {
	! (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# ---- the data directory ----

# data_directory WANTED [shared]: sets data, makes it the account's and keeps
# a second run out of it.
data_directory() {
	data=$1
	if [ -z "$data" ]; then
		data=$top/var/data
		if ! as_account test -x "$top" || ! own_data; then
			data=/var/tmp/fcgi-thumb-data
			say "$(account) cannot reach $top; the data is in $data"
		fi
	fi
	own_data || die "$(account) cannot write to $data; --data takes another"
	data=$(cd -- "$data" && pwd -P)
	case $data in
	*[!A-Za-z0-9._/@+,=~%-]*)
		die "$data: only letters, digits and /._~+@=,%- in its name" ;;
	esac
	# Of the directory itself: leaves no lock file, ends with the process.
	exec 9<"$data"
	# Waiting a moment: data_is_served holds it for that long.
	[ "${2-}" = shared ] || flock -w 1 9 ||
		die "another ./dev run has the data in $data"
}

# After data_directory: does a ./dev run hold the data? A lock cannot be left
# behind, as the link can.
data_is_served() {
	! flock -n -s 9 || {
		flock -u 9
		return 1
	}
}

# Is $data there, ours to use, and reachable for the account? Made if need be;
# given away only when it is empty or holds what an earlier run made.
own_data() {
	if [ -d "$data" ] && [ ! -e "$data/fcgi-thumb.conf" ] &&
		[ -n "$(ls -A -- "$data")" ]; then
		die "$data is not empty and was not made by ./dev run"
	fi
	if ! am_root; then
		mkdir -p -- "$data" 2>/dev/null && [ -w "$data" ]
		return
	fi
	if [ ! -d "$data" ]; then
		as_owner mkdir -p -- "$data" 2>/dev/null || mkdir -p -- "$data"
	fi
	if [ "$(stat -c %U -- "$data")" != "$(account)" ]; then
		chown -hR -- "$(account):" "$data"
	fi
	as_account test -w "$data" && as_account test -x "$data"
}

# ---- the runtime directory ----

# make_runtime [PORT]: where the service is to be, if it is.
make_runtime() {
	runtime=$(private_directory)
	install_into "$runtime"
	if $releases; then
		check_socket_path
	else
		mkdir "$runtime/sockets"
		if am_root; then
			chown "$(account):" "$runtime/sockets"
		fi
	fi
	if [ ! -e "$data/fcgi-thumb.conf" ]; then
		as_account tee -- "$data/fcgi-thumb.conf" \
			<"$build/conf/fcgi-thumb.conf" >/dev/null
	fi
	effective_settings "${1-}" >"$runtime/fcgi-thumb.conf"
	check_settings
}

# These keys are commented out where they stand, so that line numbers in
# messages are those of the file that was edited.
effective_settings() {
	sed -E 's/^[[:space:]]*(data|run|logs|ledger|html|probe_url|probe_connect|releases|release_dir|slot)[[:space:]]*[=:]/# by dev: &/' \
		"$data/fcgi-thumb.conf"
	printf '\n%s = "%s";\n' data "$data/store" run "$(sockets)" \
		logs "$data/logs" ledger "$data/logs/ledger" \
		html "$runtime/share/fcgi-thumb/html" \
		probe_url "${1:+http://127.0.0.1:$1}" \
		release_dir "$data/releases"
	printf 'releases = %s;\n' "$releases"
}

# Those of slots stay where they are from run to run, since the slots' settings
# name them, and so that the next run finds who outlived this one.
sockets() {
	if $releases; then
		printf '%s\n' "$data/run/sockets"
	else
		printf '%s\n' "$runtime/sockets"
	fi
}

check_socket_path() {
	local longest=$data/run/sockets/green/control.sock.XXXXXX
	[ "${#longest}" -le 107 ] || die \
		"$data: too long for the slots' sockets; --data takes a shorter one"
}

check_settings() {
	local words
	if ! words=$("$runtime/sbin/fcgi-thumb" -t -c "$runtime/fcgi-thumb.conf" \
		2>&1); then
		printf '%s\n' "$words" |
			sed "s|$runtime/fcgi-thumb.conf|$data/fcgi-thumb.conf|" >&2
		die "these settings do not work"
	fi
}

# ---- the three processes ----

start_service() {
	write_nginx_conf "$1"
	# In sessions of their own: Ctrl-C is for us, who stop them in order.
	exec_as_account setsid "$runtime/sbin/fcgi-thumb" \
		-c "$runtime/fcgi-thumb.conf" </dev/null 9<&- &
	master_pid=$!
	start_nginx
}

# write_nginx_conf PORT [SLOT]: of this build, or as the version of a slot has it.
write_nginx_conf() {
	local program=$runtime/sbin/thumbctl settings=$runtime/fcgi-thumb.conf
	local templates=$runtime/share/fcgi-thumb/nginx
	if [ $# -eq 2 ]; then
		program=$2/version/sbin/thumbctl
		settings=$2/fcgi-thumb.conf
		templates=$2/version/share/nginx
	fi
	as_account "$program" -c "$settings" nginx-conf \
		--templates "$templates" --standalone "$1" "$data/run"
}

start_nginx() {
	exec_as_account setsid nginx -p "$data/run" -e "$data/run/error.log" \
		-c nginx.conf </dev/null 9<&- &
	nginx_pid=$!
}

# ---- with slots: --releases ----

# Their masters are processes that thumbctl starts, and no children of ours: they
# are found by their pid files.
start_releases() {
	local first=false
	as_account mkdir -- "$data/run/sockets"
	[ -n "$(active_slot)" ] || first=true
	if $first; then
		stage_build
		write_nginx_conf "$1"
		start_nginx
		release switch
		return
	fi
	release start
	write_nginx_conf "$1" "$data/releases/$(active_slot)"
	start_nginx
	if build_is_new; then
		stage_new_build
	fi
}

# release ARGS...: of thumbctl, for this run.
release() {
	as_account "$runtime/sbin/thumbctl" -c "$runtime/fcgi-thumb.conf" \
		release "$@" 9<&-
}

# Where nginx's files are, and how it is told, is remembered for all that comes.
# Its nginx.conf stays that of this run: it has the port.
stage_build() {
	release stage "$runtime" --dir "$data/run" \
		--nginx "nginx -p $data/run -e $data/run/error.log -c nginx.conf"
}

# The active slot is that of an earlier run.
stage_new_build() {
	if stage_build; then
		say "what was built now is in the idle slot, where nobody" \
			"meets it: ./dev thumbctl release rollout, or switch"
	else
		say "what was built now is in no slot"
	fi
}

# Nothing where no slot serves yet.
active_slot() {
	[ ! -e "$data/releases/state.json" ] || sed -En \
		's/^ *"active": *"(blue|green)".*/\1/p' "$data/releases/state.json"
}

# Are the programs, pages and settings others than those of the active slot? What
# a run and a slot have of their own does not count.
build_is_new() {
	local slot place
	slot=$data/releases/$(active_slot)
	for place in sbin/fcgi-thumb sbin/thumbctl; do
		cmp -s "$runtime/$place" "$slot/version/$place" || return 0
	done
	for place in html nginx; do
		diff -rq "$runtime/share/fcgi-thumb/$place" \
			"$slot/version/share/$place" >/dev/null || return 0
	done
	[ "$(own_settings "$runtime/fcgi-thumb.conf")" != \
		"$(own_settings "$slot/fcgi-thumb.conf")" ]
}

own_settings() {
	"$runtime/sbin/fcgi-thumb" -T -c "$1" |
		sed -E '/^(run|html|probe_url|slot) *[=:]/d'
}

# What is overdue goes back, and a slot that should serve and has ended is started
# again, as systemd would do both. Should this script be killed, the slots end.
tend_releases() {
	local i never
	exec {never}<> <(:) # to wait without a process that outlives us
	for ((i = 1; ; i++)); do
		read -r -t 1 -u "$never" || true
		kill -0 $$ 2>/dev/null || break
		if ((i % 10 == 0)); then
			release tend || true
			release start | grep -v -e ', as before$' \
				-e 'as ever, and not by this$' || true
		fi
	done
	stop_slots
	rm -rf -- "$runtime"
}

# The masters of slots, whoever started them, and that of the service without,
# which a rollback starts. A pid can be another's by now.
slot_masters() {
	local slot
	for slot in blue green; do
		master_in "$data/run/sockets/$slot" \
			"$data/releases/$slot/fcgi-thumb.conf"
	done
	master_in "$data/run/sockets" \
		"$(readlink -- "$data/run/runtime" || echo "$runtime")/fcgi-thumb.conf"
}

# master_in RUN SETTINGS: its pid, where it is one with these settings.
master_in() {
	local pid=
	[ ! -e "$1/fcgi-thumb.pid" ] || read -r pid <"$1/fcgi-thumb.pid" || true
	case $pid in '' | *[!0-9]*) return ;; esac
	if tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF "$2"; then
		printf '%s\n' "$pid"
	fi
}

# In order, if they can be; then each that is left.
stop_slots() {
	local pid i
	if $releases && [ -d "$data/run/sockets" ]; then
		release stop >/dev/null || true
	fi
	for pid in $(slot_masters); do
		kill -s TERM "$pid" 2>/dev/null || true
		for ((i = 0; i < 150; i++)); do
			kill -0 "$pid" 2>/dev/null || continue 2
			sleep 0.1
		done
		kill -s KILL "$pid" 2>/dev/null || true
	done
}

# What a run left that could not clean up behind itself.
end_killed_run() {
	[ -d "$data/run" ] || return 0
	stop_slots
	as_account rm -rf -- "$data/run"
}

# Its ledger is in the logs; it says what changes.
start_prober() {
	exec_as_account setsid "$runtime/sbin/thumbctl" \
		-c "$runtime/fcgi-thumb.conf" probe --every 10s </dev/null 9<&- &
	prober_pid=$!
}

# Polled as any client would ask, so that "ready" is true of the whole way.
await_ready() {
	local i url
	url=$(address "$1")
	for ((i = 0; i < 300; i++)); do
		both_live || fail_start "$1"
		if curl -fs --max-time 2 -o /dev/null "$url/health/ready"; then
			return
		fi
		sleep 0.1
	done
	say "not ready within 30 seconds; see $data/logs"
	curl -s --max-time 2 "$url/health/ready" >&2 || true
	exit 1
}

# address PORT: without the last slash.
address() {
	local prefix
	prefix=$("$runtime/sbin/fcgi-thumb" -T -c "$runtime/fcgi-thumb.conf" |
		sed -n 's/^prefix *[=:] *"\(.*\)";$/\1/p')
	printf 'http://127.0.0.1:%s%s\n' "$1" "$prefix"
}

both_live() {
	{ $releases || kill -0 "$master_pid" 2>/dev/null; } &&
		kill -0 "$nginx_pid" 2>/dev/null
}

fail_start() {
	if grep -qs 'Address already in use' "$data/run/error.log"; then
		say "port $1 is in use; --port takes another"
	elif $releases || kill -0 "$master_pid" 2>/dev/null; then
		say "nginx did not start: $(tail -n 1 "$data/run/error.log")"
	else
		say "fcgi-thumb did not start"
	fi
	exit 1
}

# Until a signal's trap ends us, or one of the two that serve ends by itself.
watch_service() {
	local ended=
	# shellcheck disable=SC2086 # no master with slots
	wait -n -p ended "$nginx_pid" $master_pid "$prober_pid" || true
	if [ "$ended" = "$prober_pid" ]; then
		say "the prober ended by itself: the ledger is not kept"
		# shellcheck disable=SC2086 # as above
		wait -n -p ended "$nginx_pid" $master_pid || true
	fi
	if [ "$ended" = "$nginx_pid" ]; then
		say "nginx ended by itself; its last words are in $data/logs"
		as_account cp -- "$data/run/error.log" "$data/logs/nginx-error.log"
	else
		say "fcgi-thumb ended by itself; see $data/logs/fcgi-thumb.log"
	fi
	exit 1
}

# The prober first, which takes its photo back. Then nginx: it takes no more
# requests and finishes those it has, for which the workers must be there.
stop_service() {
	trap '' INT TERM HUP
	trap - EXIT
	stop_process "$prober_pid" TERM
	stop_process "$tender_pid" TERM
	stop_process "$nginx_pid" QUIT
	stop_process "$master_pid" TERM
	if [ -n "$runtime" ]; then
		if $releases; then
			stop_slots
		fi
		as_account rm -rf -- "$data/run"
		rm -rf -- "$runtime"
	fi
}

# stop_process PID SIGNAL: asked, waited for, at last forced with all of its
# session.
stop_process() {
	local i
	[ -n "$1" ] || return 0
	kill -s "$2" "$1" 2>/dev/null || true
	for ((i = 0; i < 150; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	kill -s KILL -- "-$1" 2>/dev/null || true
	# No `wait`: sleep has reaped it, and bash, whose `wait -n` a trap has cut
	# off, may wait for another child then, that nobody has told to end.
}
