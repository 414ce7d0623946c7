#include "config.h"

#include "pidfile.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

/* A process that does this and then what it is told, a letter at a time. */
struct other {
	pid_t pid;
	int orders;
	int done;
};

static void
obey(struct pidfile *p, char order)
{
	switch (order) {
	case 't':
		pidfile_taken(p, TWO);
		break;
	case 'r':
		pidfile_refused(p, TWO);
		break;
	case '?':
		pidfile_refused(p, "");
		break;
	case 'x':
		pidfile_remove(p);
		break;
	default:
		_exit(1);
	}
}

static struct other
begin(void)
{
	int orders[2], done[2];
	struct other o;
	char byte;

	ck_assert_int_eq(pipe(orders), 0);
	ck_assert_int_eq(pipe(done), 0);
	o = (struct other){ .pid = fork(),
		.orders = orders[1],
		.done = done[0] };
	if (o.pid == 0) {
		struct pidfile p;

		(void)close(orders[1]);
		pidfile_open(&p, tempdir_path(), ONE);
		while (write(done[1], "", 1) == 1 &&
		    read(orders[0], &byte, 1) == 1)
			obey(&p, byte);
		_exit(0);
	}
	(void)close(orders[0]);
	(void)close(done[1]);
	ck_assert_int_eq(read(o.done, &byte, 1), 1);
	return o;
}

static void
tell(const struct other *o, char order)
{
	char byte;

	ck_assert_int_eq(write(o->orders, &order, 1), 1);
	ck_assert_int_eq(read(o->done, &byte, 1), 1);
}

static void
end(const struct other *o)
{
	ck_assert_int_eq(kill(o->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(o->pid, NULL, 0), o->pid);
	(void)close(o->orders);
	(void)close(o->done);
}

START_TEST(a_living_service_is_found_and_a_dead_one_is_not)
{
	struct service_state s = { .pid = -1 };
	struct other o;

	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), -1);
	o = begin();
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), 0);
	ck_assert_int_eq(s.pid, o.pid);
	ck_assert_str_eq(s.in_force, ONE);
	ck_assert_uint_eq(s.reloads, 0);
	ck_assert_str_eq(s.refused, "");
	end(&o);
	/* Killed, it has left its file. */
	ck_assert_uint_eq(count_entries(tempdir_path()), 1);
	s.pid = -1;
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), -1);
	ck_assert_int_eq(s.pid, -1);
}
END_TEST

START_TEST(each_answered_reload_is_told)
{
	struct other o = begin();
	struct service_state s;

	tell(&o, 'r');
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), 0);
	ck_assert_str_eq(s.in_force, ONE);
	ck_assert_str_eq(s.refused, TWO);
	ck_assert_uint_eq(s.reloads, 1);
	tell(&o, '?');
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), 0);
	ck_assert_str_eq(s.in_force, ONE);
	ck_assert_str_eq(s.refused, "");
	ck_assert_uint_eq(s.reloads, 2);
	tell(&o, 't');
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), 0);
	ck_assert_str_eq(s.in_force, TWO);
	ck_assert_uint_eq(s.reloads, 3);
	ck_assert_uint_eq(count_entries(tempdir_path()), 1);
	tell(&o, 'x');
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	tell(&o, 't');
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	end(&o);
}
END_TEST

START_TEST(who_was_taken_over_from_leaves_the_file_alone)
{
	struct other old = begin(), new = begin();
	struct service_state s;

	tell(&old, 't');
	tell(&old, 'x');
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), 0);
	ck_assert_int_eq(s.pid, new.pid);
	ck_assert_str_eq(s.in_force, ONE);
	end(&old);
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), 0);
	tell(&new, 'x');
	ck_assert_int_eq(pidfile_read(tempdir_path(), &s), -1);
	end(&new);
}
END_TEST

START_TEST(a_directory_that_is_not_there_stops_nobody)
{
	struct pidfile p;

	pidfile_open(&p, "/nonexistent", ONE);
	pidfile_taken(&p, TWO);
	pidfile_remove(&p);
	pidfile_remove(&p);
	ck_assert_int_eq(p.fd, -1);
}
END_TEST

/* With %d for the process that holds the file. */
static const struct {
	const char *why;
	const char *text;
	int rc;
} texts[] = {
	{ "as it should be", "%d\n" ONE "\n7 " TWO "\n", 0 },
	{ "more lines, of a later version", "%d\n" ONE "\n7 -\nmore\n", 0 },
	{ "empty", "", -1 },
	{ "another process", "1\n" ONE "\n7 -\n", -1 },
	{ "every process", "-1\n" ONE "\n7 -\n", -1 },
	{ "our group", "0\n" ONE "\n7 -\n", -1 },
	{ "the id alone", "%d\n", -1 },
	{ "a short digest", "%d\n1111\n7 -\n", -1 },
	{ "no count", "%d\n" ONE "\nx -\n", -1 },
	{ "cut in the last line", "%d\n" ONE "\n7", -1 },
};

START_TEST(only_what_a_master_writes_is_believed)
{
	struct service_state s = { 0 };
	char path[300], text[300];
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int gate[2], fd;
	char byte;
	pid_t pid;

	(void)snprintf(path, sizeof path, "%s/%s", tempdir_path(),
	    PIDFILE_NAME);
	ck_assert_int_eq(pipe(gate), 0);
	pid = fork();
	if (pid == 0) {
		fd = open(path, O_RDWR | O_CREAT, 0644);
		if (fcntl(fd, F_SETLK, &lock) == 0)
			(void)!write(gate[1], "", 1);
		(void)pause();
	}
	ck_assert_int_eq(read(gate[0], &byte, 1), 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof text, texts[_i].text, (int)pid);
#pragma GCC diagnostic pop
	fd = open(path, O_WRONLY);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	ck_assert_msg(pidfile_read(tempdir_path(), &s) == texts[_i].rc, "%s",
	    texts[_i].why);
	if (texts[_i].rc == 0) {
		ck_assert_int_eq(s.pid, pid);
		ck_assert_uint_eq(s.reloads, 7);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pidfile");
	TCase *life = tcase_create("life");
	TCase *reading = tcase_create("reading");

	tcase_add_checked_fixture(life, tempdir_setup, tempdir_teardown);
	tcase_add_test(life, a_living_service_is_found_and_a_dead_one_is_not);
	tcase_add_test(life, each_answered_reload_is_told);
	tcase_add_test(life, who_was_taken_over_from_leaves_the_file_alone);
	tcase_add_test(life, a_directory_that_is_not_there_stops_nobody);
	tcase_add_checked_fixture(reading, tempdir_setup, tempdir_teardown);
	tcase_add_loop_test(reading, only_what_a_master_writes_is_believed, 0,
	    NELEM(texts));
	suite_add_tcase(s, life);
	suite_add_tcase(s, reading);
	return run_suite(s);
}
