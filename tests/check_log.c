#include "config.h"

#include "log.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

/* The log's text so far; the caller frees it. */
static char *
read_log(void)
{
	char *text;
	size_t len;

	ck_assert_int_eq(fd_read_file(tempdir_fd(), "log", 1000000, &text,
			     &len),
	    0);
	return text;
}

static void
open_log(void)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/log", tempdir_path());
	ck_assert_int_eq(log_open(path), 0);
}

START_TEST(each_kind_is_a_line_of_its_own)
{
	char *text;

	open_log();
	log_info("%s workers", "two");
	log_error("no space");
	log_line("{}", 2);
	text = read_log();
	ck_assert_str_eq(text,
	    "fcgi-thumb: two workers\nfcgi-thumb: error: no space\n{}\n");
	free(text);
}
END_TEST

START_TEST(words_say_whose_they_are)
{
	char *text;

	open_log();
	log_set_slot("blue");
	ck_assert_str_eq(log_slot(), "blue");
	log_error("no space");
	log_line("{}", 2);
	log_set_slot("a name that is far too long");
	log_info("cut");
	log_set_slot("");
	log_info("none");
	text = read_log();
	ck_assert_str_eq(text,
	    "fcgi-thumb@blue: error: no space\n{}\n"
	    "fcgi-thumb@a name that is : cut\nfcgi-thumb: none\n");
	free(text);
}
END_TEST

START_TEST(words_cannot_make_a_second_line)
{
	char *text;

	open_log();
	log_info("%s", "a\nfcgi-thumb: error: forged\x1b[2J\x7f");
	text = read_log();
	ck_assert_str_eq(text,
	    "fcgi-thumb: a?fcgi-thumb: error: forged?[2J?\n");
	free(text);
}
END_TEST

START_TEST(a_long_line_is_whole_in_a_file)
{
	char *line = malloc(100000), *text;

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', 100000);
	open_log();
	log_line(line, 100000);
	text = read_log();
	ck_assert_uint_eq(strlen(text), 100001);
	free(text);
	free(line);
}
END_TEST

START_TEST(opening_again_goes_on_in_a_new_file)
{
	char *text;

	open_log();
	log_line("old", 3);
	ck_assert_int_eq(renameat(tempdir_fd(), "log", tempdir_fd(), "log.1"),
	    0);
	open_log();
	log_line("new", 3);
	text = read_log();
	ck_assert_str_eq(text, "new\n");
	free(text);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_leaves_the_old_one)
{
	char *text;

	open_log();
	ck_assert_int_eq(log_open("/proc/nowhere/log"), -1);
	log_line("still", 5);
	text = read_log();
	ck_assert_str_eq(text, "still\n");
	free(text);
}
END_TEST

/* stderr into a pipe; its reading end. */
static int
pipe_stderr(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	(void)close(ends[1]);
	ck_assert_int_eq(log_open(NULL), 0);
	return ends[0];
}

START_TEST(a_reader_that_has_stopped_blocks_nobody)
{
	char line[1000];
	int reader = pipe_stderr();

	memset(line, 'x', sizeof line);
	/* Far beyond any pipe; blocking would run into the time limit. */
	for (int i = 0; i < 5000; i++)
		log_line(line, sizeof line);
	(void)close(reader);
}
END_TEST

START_TEST(a_line_longer_than_a_pipe_takes_at_once_arrives)
{
	size_t len = 3 * PIPE_BUF, got;
	char *line = malloc(len), *text = malloc(len + 2);
	int reader = pipe_stderr();

	ck_assert_ptr_nonnull(line);
	ck_assert_ptr_nonnull(text);
	memset(line, 'x', len);
	log_line(line, len);
	ck_assert_int_eq(fd_read_full(reader, text, len + 1, &got), 0);
	ck_assert_uint_eq(got, len + 1);
	ck_assert_mem_eq(text, line, len);
	ck_assert_int_eq(text[len], '\n');
	free(text);
	free(line);
}
END_TEST

/* ---- what is lost ---- */

static void
lose(unsigned n)
{
	ck_assert_int_eq(log_open("/dev/full"), 0);
	while (n-- > 0)
		log_line("nowhere", 7);
}

START_TEST(what_is_lost_is_counted_and_said_once)
{
	char *text;
	pid_t pid;

	ck_assert_int_eq(log_share(), 0);
	lose(12);
	ck_assert_uint_eq(log_lost(), 12);
	ck_assert_uint_eq(log_lost_together(), 12);
	open_log();
	pid = fork();
	if (pid == 0) {
		log_leave_lost();
		log_line("else", 4);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	log_line("here", 4);
	log_line("again", 5);
	text = read_log();
	ck_assert_str_eq(text,
	    "else\nhere\nfcgi-thumb: error: lines lost here: 12\nagain\n");
	free(text);
	ck_assert_uint_eq(log_lost(), 12);
}
END_TEST

START_TEST(what_a_process_lost_another_one_says)
{
	char *text;
	int status;
	pid_t pid;

	ck_assert_int_eq(log_share(), 0);
	lose(1);
	pid = fork();
	if (pid == 0) {
		bool anew = log_lost() == 0;

		lose(2);
		_exit(anew && log_lost() == 2 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(log_lost(), 1);
	ck_assert_uint_eq(log_lost_together(), 3);
	open_log();
	log_line("here", 4);
	text = read_log();
	ck_assert_str_eq(text, "here\nfcgi-thumb: error: lines lost here: 3\n");
	free(text);
}
END_TEST

/* A disk that fills in the middle of a line. */
START_TEST(half_a_line_does_not_spoil_the_next)
{
	struct rlimit limit = { .rlim_cur = 7, .rlim_max = RLIM_INFINITY };
	char *text;

	(void)signal(SIGXFSZ, SIG_IGN);
	open_log();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_line("one", 3);
	log_line("second", 6);
	log_line("third", 5);
	ck_assert_uint_eq(log_lost(), 2);
	limit.rlim_cur = RLIM_INFINITY;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_line("four", 4);
	text = read_log();
	ck_assert_str_eq(text,
	    "one\nsec\nfour\nfcgi-thumb: error: lines lost here: 2\n");
	free(text);
}
END_TEST

START_TEST(it_is_seen_which_file_has_the_lines)
{
	char path[400];

	open_log();
	(void)snprintf(path, sizeof path, "%s/log", tempdir_path());
	ck_assert(log_is_at(path));
	ck_assert(!log_is_nameless());
	ck_assert_int_eq(renameat(tempdir_fd(), "log", tempdir_fd(), "log.1"),
	    0);
	ck_assert(!log_is_at(path));
	ck_assert(!log_is_nameless());
	ck_assert_int_eq(unlinkat(tempdir_fd(), "log.1", 0), 0);
	ck_assert(log_is_nameless());
	ck_assert_int_eq(log_open(NULL), 0);
	ck_assert(!log_is_nameless());
}
END_TEST

/* ---- messages ---- */

/* The log into a socket; its reading end. */
static int
open_socket(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     ends),
	    0);
	ck_assert_int_eq(log_open_socket(ends[1]), 0);
	(void)close(ends[1]);
	return ends[0];
}

START_TEST(a_line_is_a_message)
{
	static char line[LOG_MESSAGE_MAX + 1], got[LOG_MESSAGE_MAX + 2];
	int reader = open_socket();

	memset(line, 'x', sizeof line);
	log_line("one", 3);
	log_line(line, sizeof line);
	log_error("two");
	ck_assert_int_eq(read(reader, got, sizeof got), 3);
	ck_assert_int_eq(read(reader, got, sizeof got), LOG_MESSAGE_MAX);
	ck_assert_int_eq(read(reader, got, sizeof got), 22);
	ck_assert_mem_eq(got, "fcgi-thumb: error: two", 22);
	ck_assert_uint_eq(log_lost(), 0);
	(void)close(reader);
}
END_TEST

START_TEST(a_socket_that_is_full_or_gone_loses_whole_lines)
{
	unsigned taken = 0;
	char line[1000];
	int reader = open_socket();

	memset(line, 'x', sizeof line);
	while (log_lost() == 0) {
		log_line(line, sizeof line);
		taken++;
	}
	for (taken--; taken > 0; taken--)
		ck_assert_int_eq(read(reader, line, sizeof line), sizeof line);
	log_line("again", 5);
	ck_assert_int_eq(read(reader, line, sizeof line), 5);
	ck_assert_int_eq(read(reader, line, sizeof line), 37);
	ck_assert_mem_eq(line, "fcgi-thumb: error: lines lost here: 1", 37);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)close(reader);
	log_line("gone", 4);
	ck_assert_uint_eq(log_lost(), 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log");
	TCase *file = tcase_create("file");
	TCase *stream = tcase_create("stream");
	TCase *lost = tcase_create("lost");
	TCase *messages = tcase_create("messages");

	tcase_add_checked_fixture(file, tempdir_setup, tempdir_teardown);
	tcase_add_test(file, each_kind_is_a_line_of_its_own);
	tcase_add_test(file, words_say_whose_they_are);
	tcase_add_test(file, words_cannot_make_a_second_line);
	tcase_add_test(file, a_long_line_is_whole_in_a_file);
	tcase_add_test(file, opening_again_goes_on_in_a_new_file);
	tcase_add_test(file, a_file_that_cannot_be_opened_leaves_the_old_one);
	tcase_add_checked_fixture(lost, tempdir_setup, tempdir_teardown);
	tcase_add_test(lost, what_is_lost_is_counted_and_said_once);
	tcase_add_test(lost, what_a_process_lost_another_one_says);
	tcase_add_test(lost, half_a_line_does_not_spoil_the_next);
	tcase_add_test(lost, it_is_seen_which_file_has_the_lines);
	tcase_add_test(messages, a_line_is_a_message);
	tcase_add_test(messages,
	    a_socket_that_is_full_or_gone_loses_whole_lines);
	tcase_set_timeout(stream, 20);
	tcase_add_test(stream, a_reader_that_has_stopped_blocks_nobody);
	tcase_add_test(stream, a_line_longer_than_a_pipe_takes_at_once_arrives);
	suite_add_tcase(s, file);
	suite_add_tcase(s, stream);
	suite_add_tcase(s, lost);
	suite_add_tcase(s, messages);
	return run_suite(s);
}
