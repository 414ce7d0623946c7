#include "config.h"

/* Copies of the ledger's lines. */

#include "copy.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "support.h"

static char target[200];

static int
listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
	    tempdir_at(name));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	return fd;
}

START_TEST(a_line_is_sent_in_a_name_of_its_own)
{
	int fd = listen_at("socket");
	char got[300];
	ssize_t len;

	(void)snprintf(target, sizeof target, "journal:%s",
	    tempdir_at("socket"));
	copy_line(target, "{\"kind\":\"probe\",\"ok\":true}");
	len = recv(fd, got, sizeof got - 1, 0);
	ck_assert_int_gt(len, 0);
	got[len] = '\0';
	ck_assert_ptr_nonnull(
	    strstr(got, "\nSYSLOG_IDENTIFIER=fcgi-thumb-ledger\n"));
	ck_assert_ptr_nonnull(
	    strstr(got, "\nMESSAGE={\"kind\":\"probe\",\"ok\":true}\n"));
	ck_assert_uint_eq(log_lost(), 0);
	(void)close(fd);
}
END_TEST

START_TEST(what_cannot_be_sent_is_counted_and_the_next_one_tried)
{
	int fd;

	(void)snprintf(target, sizeof target, "syslog:%s",
	    tempdir_at("socket"));
	copy_line(target, "a");
	copy_line(target, "b");
	ck_assert_uint_eq(log_lost(), 2);
	fd = listen_at("socket");
	copy_line(target, "c");
	ck_assert_uint_eq(log_lost(), 2);
	(void)close(fd);
}
END_TEST

START_TEST(a_file_has_no_copy)
{
	copy_line("file", "a");
	ck_assert_uint_eq(log_lost(), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("copy");
	TCase *tc = tcase_create("copy");

	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc, a_line_is_sent_in_a_name_of_its_own);
	tcase_add_test(tc,
	    what_cannot_be_sent_is_counted_and_the_next_one_tried);
	tcase_add_test(tc, a_file_has_no_copy);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
