#include "config.h"

/* The ways of a generation's lines, with a receiver that comes and goes. */

#include "logger.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "log.h"
#include "support.h"

static struct logger *logger;
static int receiver;

static void
pass_ms(long ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static void
listen_again(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 30 };

	receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
	    tempdir_at("socket"));
	(void)unlink(address.sun_path);
	ck_assert_int_eq(bind(receiver, (struct sockaddr *)&address,
			     sizeof address),
	    0);
	(void)setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof patience);
}

static void
make(const char *kind)
{
	char target[200], why[200];

	(void)snprintf(target, sizeof target, "%s:%s", kind,
	    tempdir_at("socket"));
	logger = logger_new(target, "/nowhere/log");
	ck_assert_ptr_nonnull(logger);
	ck_assert_int_eq(logger_open(logger, why, sizeof why), 0);
}

static void
setup(void)
{
	tempdir_setup();
	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(log_share(), 0);
	listen_again();
	make("syslog");
}

/* A message that ends so. */
static void
expect(const char *end)
{
	char got[400];
	ssize_t len = recv(receiver, got, sizeof got - 1, 0);

	ck_assert_msg(len > 0, "\"%s\" does not come", end);
	got[len] = '\0';
	ck_assert_msg((size_t)len > strlen(end) &&
		strcmp(got + (size_t)len - strlen(end), end) == 0,
	    "wanted \"%s\", got \"%s\"", end, got);
}

static void
say(const char *line)
{
	log_line(line, strlen(line));
}

/* This process's child of that kind; 0: there is none. */
static pid_t
carrier(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	ck_assert_ptr_nonnull(proc);
	while (found == 0 && (entry = fd_next(proc)) != NULL) {
		char path[300], name[32] = "";
		int pid, parent = 0;
		FILE *stat;

		(void)snprintf(path, sizeof path, "/proc/%s/stat",
		    entry->d_name);
		stat = fopen(path, "r");
		if (stat == NULL)
			continue;
		if (fscanf(stat, "%d (%31[^)]) %*c %d", &pid, name, &parent) ==
			3 &&
		    parent == getpid() && strcmp(name, "thumb-log") == 0)
			found = pid;
		(void)fclose(stat);
	}
	(void)closedir(proc);
	return found;
}

static pid_t
start(void)
{
	pid_t pid = 0;

	(void)logger_tend(logger);
	for (int i = 0; i < 1000 && (pid = carrier()) == 0; i++)
		pass_ms(10);
	ck_assert_int_ne(pid, 0);
	return pid;
}

/* Nobody is left who could write; the carrier ends by itself. */
static void
end(pid_t pid)
{
	int status;

	logger_free(logger);
	ck_assert_int_eq(log_open(NULL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
say_numbers(int from, int to)
{
	char line[64];

	for (; from < to; from++) {
		(void)snprintf(line, sizeof line, "line %d", from);
		say(line);
	}
}

static void
expect_numbers(int from, int to)
{
	char line[64];

	for (; from < to; from++) {
		(void)snprintf(line, sizeof line, ": line %d", from);
		expect(line);
	}
}

START_TEST(lines_are_carried_in_their_order)
{
	pid_t pid;

	say_numbers(0, 50);
	pid = start();
	say_numbers(50, 100);
	expect_numbers(0, 100);
	end(pid);
	ck_assert_uint_eq(log_lost_together(), 0);
}
END_TEST

START_TEST(it_is_said_whose_line_it_was)
{
	pid_t pid = start(), writer = fork();
	char words[64];
	int status;

	if (writer == 0) {
		say("mine");
		_exit(0);
	}
	(void)snprintf(words, sizeof words, " fcgi-thumb[%d]: mine",
	    (int)writer);
	expect(words);
	ck_assert_int_eq(waitpid(writer, &status, 0), writer);
	end(pid);
}
END_TEST

START_TEST(what_is_on_its_way_outlives_its_carrier)
{
	pid_t pid = start();

	(void)close(receiver);
	say_numbers(0, 20);
	pass_ms(200); /* the first of them is in its hands */
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(!logger_reap(logger, getpid()));
	ck_assert(logger_reap(logger, pid));
	listen_again();
	/* Not at once: it may die of how it was started. */
	while (logger_tend(logger) < 1000)
		pass_ms(20);
	expect_numbers(0, 20);
	expect("another one goes on");
	end(carrier());
	ck_assert_uint_eq(log_lost_together(), 0);
}
END_TEST

START_TEST(a_receiver_that_is_away_costs_lines_and_nobody_s_time)
{
	pid_t pid = start();
	int n = 0;

	(void)close(receiver);
	while (log_lost() == 0)
		say_numbers(n, n + 1), n++;
	ck_assert_int_gt(n, 100);
	listen_again();
	expect_numbers(0, n - 1);
	pass_ms(100);
	say("back");
	expect(": back");
	expect(": error: lines lost here: 1");
	end(pid);
}
END_TEST

START_TEST(the_last_lines_wait_for_a_receiver_for_a_while)
{
	pid_t pid = start();
	struct timespec began, ended;

	(void)close(receiver);
	say_numbers(0, 3);
	(void)clock_gettime(CLOCK_MONOTONIC, &began);
	end(pid);
	(void)clock_gettime(CLOCK_MONOTONIC, &ended);
	ck_assert_int_ge(ended.tv_sec - began.tv_sec + 1, LOGGER_DRAIN_SECONDS);
	ck_assert_uint_eq(log_lost_together(), 3);
}
END_TEST

/* A service manager ends all of a service at once. */
START_TEST(signals_of_the_end_do_not_cut_it_short)
{
	pid_t pid = start();

	(void)close(receiver);
	say_numbers(0, 3);
	pass_ms(100);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(kill(pid, SIGINT), 0);
	ck_assert_int_eq(kill(pid, SIGHUP), 0);
	listen_again();
	expect_numbers(0, 3);
	end(pid);
}
END_TEST

START_TEST(the_journal_gets_fields)
{
	pid_t pid;

	logger_free(logger);
	make("journal");
	pid = start();
	say("{\"request\":\"ab12\",\"status\":201}");
	expect("\nFCGI_THUMB_REQUEST=ab12\n"
	       "MESSAGE={\"request\":\"ab12\",\"status\":201}\n");
	end(pid);
}
END_TEST

/* ---- files ---- */

START_TEST(a_file_needs_no_carrier)
{
	char path[400], why[200];

	(void)snprintf(path, sizeof path, "%s/log", tempdir_path());
	logger = logger_new("file", path);
	ck_assert(logger_is_file(logger));
	ck_assert_int_eq(logger_descriptor(logger), -1);
	ck_assert_uint_eq(logger_tend(logger), 1000);
	ck_assert_int_eq(carrier(), 0);
	ck_assert(logger_is_astray(logger));
	ck_assert_int_eq(logger_open(logger, why, sizeof why), 0);
	ck_assert(!logger_is_astray(logger));
	logger_free(logger);
}
END_TEST

START_TEST(a_file_that_is_gone_is_made_anew_or_left_for_stderr)
{
	char path[400], why[200];

	(void)snprintf(path, sizeof path, "%s/logs/log", tempdir_path());
	logger = logger_new("file", path);
	ck_assert_int_eq(logger_open(logger, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "/logs/log: No such file"));
	ck_assert(!logger_mend(logger));
	ck_assert_int_eq(mkdirat(tempdir_fd(), "logs", 0755), 0);
	ck_assert(logger_mend(logger));
	ck_assert(!logger_is_astray(logger));
	/* Without its directory it cannot be made anew. */
	ck_assert_int_eq(fd_remove_tree(tempdir_fd(), "logs"), 0);
	ck_assert(logger_is_astray(logger));
	ck_assert(logger_mend(logger));
	ck_assert_int_eq(log_descriptor(), STDERR_FILENO);
	ck_assert(!logger_mend(logger));
	logger_free(logger);
}
END_TEST

START_TEST(no_file_is_stderr)
{
	static const char *const targets[] = { "file", "stderr" };
	static const char *const files[] = { "", "/nowhere/log" };
	char why[200];

	logger = logger_new(targets[_i], files[_i]);
	ck_assert(!logger_is_file(logger));
	ck_assert(!logger_is_astray(logger));
	ck_assert_int_eq(logger_open(logger, why, sizeof why), 0);
	ck_assert_int_eq(log_descriptor(), STDERR_FILENO);
	logger_free(logger);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("logger");
	TCase *carried = tcase_create("carried");
	TCase *file = tcase_create("file");

	tcase_add_checked_fixture(carried, setup, tempdir_teardown);
	tcase_add_test(carried, lines_are_carried_in_their_order);
	tcase_add_test(carried, it_is_said_whose_line_it_was);
	tcase_add_test(carried, what_is_on_its_way_outlives_its_carrier);
	tcase_add_test(carried,
	    a_receiver_that_is_away_costs_lines_and_nobody_s_time);
	tcase_add_test(carried, the_last_lines_wait_for_a_receiver_for_a_while);
	tcase_add_test(carried, signals_of_the_end_do_not_cut_it_short);
	tcase_add_test(carried, the_journal_gets_fields);
	tcase_add_checked_fixture(file, tempdir_setup, tempdir_teardown);
	tcase_add_test(file, a_file_needs_no_carrier);
	tcase_add_test(file,
	    a_file_that_is_gone_is_made_anew_or_left_for_stderr);
	tcase_add_loop_test(file, no_file_is_stderr, 0, 2);
	suite_add_tcase(s, carried);
	suite_add_tcase(s, file);
	return run_suite(s);
}
