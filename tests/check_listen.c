#include "config.h"

/* Sockets of our own and sockets that were handed over. */

#include "listen.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi_client.h"
#include "support.h"

static struct listeners l;
static char why[256];
static char run[300];

static void
setup(void)
{
	tempdir_setup();
	(void)snprintf(run, sizeof run, "%s/run", tempdir_path());
	/* Whatever started the tests must not look like a handed-over one. */
	ck_assert_int_eq(open("/dev/null", O_RDONLY) == -1, 0);
	(void)unsetenv("LISTEN_PID");
}

static int
open_both(void)
{
	if (listeners_open(&l, run, 0660, "", 16, why, sizeof why) != 0)
		return -1;
	return listeners_show(&l, why, sizeof why);
}

static void
must_open(void)
{
	ck_assert_msg(open_both() == 0, "%s", why);
}

static const char *
in_run(const char *name)
{
	static char path[400];

	(void)snprintf(path, sizeof path, "%s/%s", run, name);
	return path;
}

/* Does a connection to path come out at this listener? */
static bool
leads_to(const char *path, int listener)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };
	int client = fcgi_connect(path), conn;
	bool arrived;

	if (client == -1)
		return false;
	arrived = poll(&pfd, 1, 0) == 1;
	conn = accept(listener, NULL, NULL);
	if (conn != -1)
		(void)close(conn);
	(void)close(client);
	return arrived;
}

static unsigned
mode_of(const char *path)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s", path);
	return st.st_mode & 07777;
}

START_TEST(both_sockets_are_bound_in_the_run_directory)
{
	must_open();

	ck_assert(leads_to(in_run("photo.sock"), l.photo.fd));
	ck_assert(leads_to(in_run("control.sock"), l.control.fd));
	ck_assert_uint_eq(count_entries(run), 2);
	listeners_unlink(&l);
	ck_assert_uint_eq(count_entries(run), 0);
	listeners_close(&l);
}
END_TEST

static const mode_t umasks[] = { 0, 022, 027, 077, 0777 };

START_TEST(modes_do_not_depend_on_the_umask)
{
	(void)umask(umasks[_i]);
	must_open();

	ck_assert_uint_eq(mode_of(run), 0755);
	ck_assert_uint_eq(mode_of(in_run("photo.sock")), 0660);
	ck_assert_uint_eq(mode_of(in_run("control.sock")), 0660);
}
END_TEST

START_TEST(a_directory_that_is_there_keeps_its_mode)
{
	ck_assert_int_eq(mkdir(run, 0700), 0);
	ck_assert_int_eq(chmod(run, 0711), 0);
	must_open();

	ck_assert_uint_eq(mode_of(run), 0711);
}
END_TEST

START_TEST(sockets_belong_to_the_group)
{
	const struct group *group = getgrgid(getegid());
	struct stat st;

	ck_assert_ptr_nonnull(group);
	ck_assert_msg(listeners_open(&l, run, 0660, group->gr_name, 16, why,
			  sizeof why) == 0,
	    "%s", why);
	ck_assert_int_eq(listeners_show(&l, why, sizeof why), 0);

	ck_assert_int_eq(lstat(in_run("photo.sock"), &st), 0);
	ck_assert_uint_eq(st.st_gid, getegid());
}
END_TEST

START_TEST(a_service_keeps_its_names_until_the_next_one_shows_itself)
{
	struct listeners other;

	must_open();
	ck_assert_int_eq(listeners_open(&other, run, 0660, "", 16, why,
			     sizeof why),
	    0);
	ck_assert(leads_to(in_run("photo.sock"), l.photo.fd));
	/* One that gives up leaves no trace. */
	listeners_unlink(&other);
	listeners_close(&other);
	ck_assert(leads_to(in_run("control.sock"), l.control.fd));
	ck_assert_uint_eq(count_entries(run), 2);
}
END_TEST

START_TEST(sockets_do_not_block_and_are_not_inherited)
{
	must_open();

	ck_assert(fcntl(l.photo.fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(l.control.fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(l.photo.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert(fcntl(l.control.fd, F_GETFD) & FD_CLOEXEC);
}
END_TEST

START_TEST(a_running_service_is_taken_over)
{
	struct listeners old;

	must_open();
	old = l;
	must_open();

	ck_assert(leads_to(in_run("photo.sock"), l.photo.fd));
	listeners_unlink(&old);
	listeners_close(&old);
	ck_assert_msg(leads_to(in_run("photo.sock"), l.photo.fd),
	    "the old one removed the new one's name");
	ck_assert_uint_eq(count_entries(run), 2);
}
END_TEST

START_TEST(what_a_dead_service_left_is_replaced)
{
	must_open();
	listeners_close(&l);
	ck_assert_int_eq(fcgi_connect(in_run("photo.sock")), -1);
	must_open();

	ck_assert(leads_to(in_run("photo.sock"), l.photo.fd));
}
END_TEST

/* What a process leaves that is killed between bind and show. */
static pid_t
leave_aside(void)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		int rc = listeners_open(&l, run, 0660, "", 16, why, sizeof why);

		_exit(rc == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	return pid;
}

START_TEST(what_was_left_aside_goes_with_its_process)
{
	char photo[400], control[400], name[32];
	pid_t pid = leave_aside();

	(void)snprintf(name, sizeof name, ".p%d", (int)pid);
	(void)snprintf(photo, sizeof photo, "%s", in_run(name));
	(void)snprintf(name, sizeof name, ".c%d", (int)pid);
	(void)snprintf(control, sizeof control, "%s", in_run(name));
	ck_assert_int_eq(access(photo, F_OK), 0);
	/* The other one becomes that of a process that lives. */
	(void)snprintf(name, sizeof name, ".c%d", (int)getppid());
	ck_assert_int_eq(rename(control, in_run(name)), 0);
	must_open();

	ck_assert_int_eq(access(photo, F_OK), -1);
	ck_assert_int_eq(access(in_run(name), F_OK), 0);
}
END_TEST

START_TEST(a_queued_connection_outlives_the_name)
{
	int client;

	must_open();
	client = fcgi_connect(in_run("photo.sock"));
	listeners_unlink(&l);

	ck_assert_int_ne(client, -1);
	ck_assert_int_ne(accept(l.photo.fd, NULL, NULL), -1);
}
END_TEST

static unsigned
count_queued(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	unsigned n = 0;

	memcpy(addr.sun_path, l.photo.path, sizeof addr.sun_path);
	for (; n < 100; n++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0)
			break;
	}
	return n;
}

/* Linux lets one more in than it is told. */
START_TEST(the_backlog_is_the_one_asked_for)
{
	must_open();

	ck_assert_uint_eq(count_queued(), 17);
	listener_backlog(&l.photo, 20);
	ck_assert_uint_eq(count_queued(), 4);
}
END_TEST

START_TEST(those_who_wait_are_counted)
{
	struct listen_queue q = { 0 };
	unsigned waiting = 77, backlog = 77;
	int fd;

	must_open();
	ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), -1);
	listen_queue_open(&q, l.photo.fd);
	if (q.netlink == -1)
		return; /* A kernel without it, which /metrics lives with. */
	ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), 0);
	ck_assert_uint_eq(waiting, 0);
	ck_assert_uint_eq(backlog, 16);
	for (unsigned i = 1; i <= 5; i++) {
		ck_assert_int_ne(fcgi_connect(in_run("photo.sock")), -1);
		ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), 0);
		ck_assert_uint_eq(waiting, i);
	}
	fd = accept(l.photo.fd, NULL, NULL);
	ck_assert_int_ne(fd, -1);
	listener_backlog(&l.photo, 3);
	ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), 0);
	ck_assert_uint_eq(waiting, 4);
	ck_assert_uint_eq(backlog, 3);
	listen_queue_close(&q);
	ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), -1);
}
END_TEST

START_TEST(of_a_socket_that_is_gone_nothing_is_known)
{
	struct listen_queue q;
	unsigned waiting, backlog;

	must_open();
	listen_queue_open(&q, l.photo.fd);
	listeners_close(&l);
	ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), -1);
	listen_queue_close(&q);
	listen_queue_open(&q, -1);
	ck_assert_int_eq(listen_queue_read(&q, &waiting, &backlog), -1);
}
END_TEST

/* Something in the way of the sockets. */
static void
spoil_parent(void)
{
	(void)snprintf(run, sizeof run, "%s/no/such", tempdir_path());
}

static void
spoil_with_file(void)
{
	ck_assert_int_ne(creat(run, 0600), -1);
}

static void
spoil_photo_name(void)
{
	ck_assert_int_eq(mkdir(run, 0755), 0);
	ck_assert_int_ne(creat(in_run("photo.sock"), 0600), -1);
}

static void
spoil_control_name(void)
{
	ck_assert_int_eq(mkdir(run, 0755), 0);
	ck_assert_int_eq(mkdir(in_run("control.sock"), 0755), 0);
}

static void
spoil_length(void)
{
	size_t len = strlen(run);

	ck_assert_int_eq(mkdir(run, 0755), 0);
	while (len + 1 + strlen("photo.sock") <= 107)
		len += (size_t)snprintf(run + len, sizeof run - len, "/.");
}

static const struct {
	const char *name;
	void (*spoil)(void);
	const char *group;
	const char *why;
} failures[] = {
	{ "no parent directory", spoil_parent, "", "No such file" },
	{ "a file for a directory", spoil_with_file, "", "Not a directory" },
	{ "a file in the photo socket's place", spoil_photo_name, "",
	    "photo.sock: is in the way" },
	{ "a directory in the control socket's place", spoil_control_name, "",
	    "control.sock: is in the way" },
	{ "a path of 108 bytes", spoil_length, "", "too long for a socket" },
	{ "a group that is missing", NULL, "no-such-group",
	    "\"no-such-group\": there is no such group" },
};

START_TEST(what_cannot_be_bound_is_said_and_leaves_nothing)
{
	unsigned fds, entries;

	if (failures[_i].spoil != NULL)
		failures[_i].spoil();
	fds = count_fds();
	entries = count_entries(tempdir_path());

	ck_assert_msg(listeners_open(&l, run, 0660, failures[_i].group, 16, why,
			  sizeof why) == -1,
	    "%s", failures[_i].name);

	ck_assert_msg(strstr(why, failures[_i].why) != NULL, "%s: \"%s\"",
	    failures[_i].name, why);
	ck_assert_uint_eq(count_fds(), fds);
	if (failures[_i].spoil != NULL)
		ck_assert_uint_eq(count_entries(tempdir_path()), entries);
}
END_TEST

START_TEST(a_path_of_107_bytes_is_bound)
{
	size_t len = strlen(run), want = 107 - strlen("/photo.sock");

	/* control.sock is two bytes longer: hand that one over. */
	ck_assert_uint_gt(want, len + 2);
	run[len] = '/';
	memset(run + len + 1, 'd', want - len - 3);
	run[want - 2] = '\0';
	run[len] = '\0';
	ck_assert_int_eq(mkdir(run, 0755), 0);
	run[len] = '/';
	must_open();

	ck_assert_uint_eq(strlen(l.control.path), 107);
	ck_assert(leads_to(l.control.path, l.control.fd));
}
END_TEST

START_TEST(a_taken_over_service_loses_both_names_or_none)
{
	struct listeners old;

	must_open();
	old = l;
	ck_assert_int_eq(unlink(in_run("control.sock")), 0);
	ck_assert_int_eq(mkdir(in_run("control.sock"), 0755), 0);

	ck_assert_int_eq(open_both(), -1);

	ck_assert(leads_to(in_run("photo.sock"), old.photo.fd));
}
END_TEST

static const char *
handed(const char *name)
{
	static char path[400];

	(void)snprintf(path, sizeof path, "%s/%s", tempdir_path(), name);
	return path;
}

/* A socket as systemd or spawn-fcgi would hand it over, at descriptor `at`. */
static void
hand_over(const char *name, int at)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_uint_lt(strlen(handed(name)), sizeof addr.sun_path);
	strcpy(addr.sun_path, handed(name));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	if (fd == at)
		return;
	ck_assert_int_eq(dup2(fd, at), at);
	(void)close(fd);
}

static void
say_handed_over(unsigned n, const char *names)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%d", (int)getpid());
	(void)setenv("LISTEN_PID", text, 1);
	(void)snprintf(text, sizeof text, "%u", n);
	(void)setenv("LISTEN_FDS", text, 1);
	if (names != NULL)
		(void)setenv("LISTEN_FDNAMES", names, 1);
}

static const struct {
	const char *names;
	bool swapped; /* the first one is control */
} orders[] = {
	{ NULL, false },
	{ "", false },
	{ "photo:control", false },
	{ "control:photo", true },
	{ "control", true },
	{ "unknown:unknown", false },
	{ "unknown:photo", true },
	{ "photos:controls", false },
};

START_TEST(handed_over_sockets_are_told_apart)
{
	hand_over("first", 3);
	hand_over("second", 4);
	say_handed_over(2, orders[_i].names);
	must_open();

	ck_assert(leads_to(handed("first"),
	    orders[_i].swapped ? l.control.fd : l.photo.fd));
	ck_assert(leads_to(handed("second"),
	    orders[_i].swapped ? l.photo.fd : l.control.fd));
	ck_assert_int_eq(access(run, F_OK), -1);
}
END_TEST

START_TEST(what_was_not_handed_over_is_bound)
{
	hand_over("first", 3);
	say_handed_over(1, "control");
	must_open();

	ck_assert(leads_to(handed("first"), l.control.fd));
	ck_assert(leads_to(in_run("photo.sock"), l.photo.fd));
	ck_assert_int_ne(access(in_run("control.sock"), F_OK), 0);
}
END_TEST

START_TEST(handed_over_sockets_become_ours)
{
	hand_over("first", 3);
	say_handed_over(1, "photo");
	must_open();

	ck_assert(fcntl(l.photo.fd, F_GETFL) & O_NONBLOCK);
	ck_assert(fcntl(l.photo.fd, F_GETFD) & FD_CLOEXEC);
	ck_assert_ptr_null(getenv("LISTEN_PID"));
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
	ck_assert_ptr_null(getenv("LISTEN_FDNAMES"));
}
END_TEST

/* Where nginx would look for them, or not. */
START_TEST(a_handed_over_socket_elsewhere_is_said)
{
	char other[400];

	ck_assert_int_eq(mkdir(run, 0755), 0);
	hand_over("run/photo.sock", 3);
	hand_over("other.sock", 4);
	say_handed_over(2, "photo:control");
	must_open();
	ck_assert(!listeners_are_in(&l, run, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, handed("other.sock")));
	ck_assert_ptr_nonnull(strstr(why, in_run("control.sock")));

	ck_assert_int_eq(symlink(handed("other.sock"), in_run("control.sock")),
	    0);
	ck_assert(listeners_are_in(&l, run, why, sizeof why));
	(void)snprintf(other, sizeof other, "%s/nowhere", tempdir_path());
	ck_assert(!listeners_are_in(&l, other, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "photo.sock"));
}
END_TEST

START_TEST(sockets_of_our_own_are_where_they_belong)
{
	must_open();
	ck_assert(listeners_are_in(&l, run, why, sizeof why));
}
END_TEST

START_TEST(a_handed_over_name_is_not_removed)
{
	hand_over("first", 3);
	say_handed_over(1, "photo");
	must_open();
	listeners_unlink(&l);

	ck_assert_int_eq(access(handed("first"), F_OK), 0);
}
END_TEST

START_TEST(another_process_variables_are_not_ours)
{
	hand_over("first", 3);
	say_handed_over(1, "photo");
	(void)setenv("LISTEN_PID", "1", 1);
	must_open();

	ck_assert(leads_to(in_run("photo.sock"), l.photo.fd));
	ck_assert_ptr_null(getenv("LISTEN_FDS"));
}
END_TEST

START_TEST(descriptor_0_is_the_photo_socket)
{
	hand_over("first", 0);
	must_open();

	ck_assert_int_gt(l.photo.fd, 2);
	ck_assert(leads_to(handed("first"), l.photo.fd));
	ck_assert(leads_to(in_run("control.sock"), l.control.fd));
	ck_assert_msg(accept(0, NULL, NULL) == -1, "still at descriptor 0");
	ck_assert_int_eq(fcntl(0, F_GETFD), 0);
}
END_TEST

static const struct {
	const char *name;
	const char *fds;
	const char *names;
	unsigned sockets;
	const char *why;
} handed_badly[] = {
	{ "no number", "many", NULL, 1, "LISTEN_FDS is no number" },
	{ "three", "3", NULL, 2, "at most 2 fit" },
	{ "two of one name", "2", "photo:photo", 2, "two sockets of one name" },
	{ "not a socket", "2", NULL, 1, "does not listen" },
};

START_TEST(a_bad_hand_over_is_said)
{
	ck_assert_int_eq(dup2(0, 4), 4);
	hand_over("first", 3);
	if (handed_badly[_i].sockets == 2)
		hand_over("second", 4);
	say_handed_over(2, handed_badly[_i].names);
	(void)setenv("LISTEN_FDS", handed_badly[_i].fds, 1);

	ck_assert_msg(open_both() == -1, "%s", handed_badly[_i].name);

	ck_assert_msg(strstr(why, handed_badly[_i].why) != NULL, "%s: \"%s\"",
	    handed_badly[_i].name, why);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("listen");
	TCase *own = tcase_create("own");
	TCase *refused = tcase_create("refused");
	TCase *inherited = tcase_create("inherited");

	tcase_add_checked_fixture(own, setup, tempdir_teardown);
	tcase_add_test(own, both_sockets_are_bound_in_the_run_directory);
	tcase_add_loop_test(own, modes_do_not_depend_on_the_umask, 0,
	    NELEM(umasks));
	tcase_add_test(own, a_directory_that_is_there_keeps_its_mode);
	tcase_add_test(own, sockets_belong_to_the_group);
	tcase_add_test(own,
	    a_service_keeps_its_names_until_the_next_one_shows_itself);
	tcase_add_test(own, sockets_do_not_block_and_are_not_inherited);
	tcase_add_test(own, sockets_of_our_own_are_where_they_belong);
	tcase_add_test(own, a_running_service_is_taken_over);
	tcase_add_test(own, what_a_dead_service_left_is_replaced);
	tcase_add_test(own, what_was_left_aside_goes_with_its_process);
	tcase_add_test(own, a_queued_connection_outlives_the_name);
	tcase_add_test(own, the_backlog_is_the_one_asked_for);
	tcase_add_test(own, a_path_of_107_bytes_is_bound);
	tcase_add_test(own, those_who_wait_are_counted);
	tcase_add_test(own, of_a_socket_that_is_gone_nothing_is_known);
	suite_add_tcase(suite, own);
	tcase_add_checked_fixture(refused, setup, tempdir_teardown);
	tcase_add_loop_test(refused,
	    what_cannot_be_bound_is_said_and_leaves_nothing, 0,
	    NELEM(failures));
	tcase_add_test(refused, a_taken_over_service_loses_both_names_or_none);
	suite_add_tcase(suite, refused);
	tcase_add_checked_fixture(inherited, setup, tempdir_teardown);
	tcase_add_loop_test(inherited, handed_over_sockets_are_told_apart, 0,
	    NELEM(orders));
	tcase_add_test(inherited, what_was_not_handed_over_is_bound);
	tcase_add_test(inherited, handed_over_sockets_become_ours);
	tcase_add_test(inherited, a_handed_over_socket_elsewhere_is_said);
	tcase_add_test(inherited, a_handed_over_name_is_not_removed);
	tcase_add_test(inherited, another_process_variables_are_not_ours);
	tcase_add_test(inherited, descriptor_0_is_the_photo_socket);
	tcase_add_loop_test(inherited, a_bad_hand_over_is_said, 0,
	    NELEM(handed_badly));
	suite_add_tcase(suite, inherited);
	return run_suite(suite);
}
