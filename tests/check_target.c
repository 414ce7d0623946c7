#include "config.h"

/* Where lines may go, as it is written. */

#include "target.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

static const struct {
	const char *text;
	enum target_kind kind;
	const char *path, *host, *port;
} good[] = {
	{ "file", TARGET_FILE, "", "", "" },
	{ "stderr", TARGET_STDERR, "", "", "" },
	{ "off", TARGET_OFF, "", "", "" },
	{ "journal", TARGET_JOURNAL, "/run/systemd/journal/socket", "", "" },
	{ "journal:/j", TARGET_JOURNAL, "/j", "", "" },
	{ "syslog", TARGET_SYSLOG, "/dev/log", "", "" },
	{ "syslog:/a/b-c_d.sock", TARGET_SYSLOG, "/a/b-c_d.sock", "", "" },
	{ "syslog:loghost", TARGET_HOST, "", "loghost", "514" },
	{ "syslog:a.example.org:1514", TARGET_HOST, "", "a.example.org",
	    "1514" },
	{ "syslog:192.0.2.7:1", TARGET_HOST, "", "192.0.2.7", "1" },
	{ "syslog:[2001:db8::1]", TARGET_HOST, "", "2001:db8::1", "514" },
	{ "syslog:[::1]:65535", TARGET_HOST, "", "::1", "65535" },
};

START_TEST(target_is_understood)
{
	struct target t;
	const char *problem = target_parse(good[_i].text, &t);

	ck_assert_msg(problem == NULL, "%s %s", good[_i].text, problem);
	ck_assert_int_eq(t.kind, good[_i].kind);
	ck_assert_str_eq(t.path, good[_i].path);
	ck_assert_str_eq(t.host, good[_i].host);
	ck_assert_str_eq(t.port, good[_i].port);
}
END_TEST

static const char *const bad[] = { "", ":", "files", "fil", "file:", "file:/a",
	"stderr:/a", "off:1", "journal:", "journal:a", "journal:loghost",
	"syslog:", "syslog::1", "syslog:a:", "syslog:a:0", "syslog:a:65536",
	"syslog:a:514:1", "syslog:a b", "syslog:[::1", "syslog:[]",
	"syslog:[x]", "syslog:::1", "syslog:[::1]5", "syslog:/a b",
	"syslog:/a,b", "syslog:/a;b", "syslog:/a\"b", "syslog:/a$b",
	"syslog:a,tag=b", "syslog:a;", "FILE", "syslog:a:514," };

START_TEST(what_is_no_target_is_refused_and_leaves_the_old_one)
{
	struct target t = { .kind = TARGET_HOST, .host = "old" };

	ck_assert_msg(target_parse(bad[_i], &t) != NULL, "\"%s\"", bad[_i]);
	ck_assert_str_eq(t.host, "old");
}
END_TEST

START_TEST(lengths_end_where_a_socket_s_or_a_host_s_do)
{
	char text[400];
	struct target t;

	(void)snprintf(text, sizeof text, "syslog:/%0106d", 0);
	ck_assert_ptr_null(target_parse(text, &t));
	(void)snprintf(text, sizeof text, "journal:/%0107d", 0);
	ck_assert_ptr_nonnull(target_parse(text, &t));
	(void)snprintf(text, sizeof text, "syslog:%0253d", 0);
	ck_assert_ptr_null(target_parse(text, &t));
	(void)snprintf(text, sizeof text, "syslog:%0254d", 0);
	ck_assert_ptr_nonnull(target_parse(text, &t));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("target");
	TCase *tc = tcase_create("parse");

	tcase_add_loop_test(tc, target_is_understood, 0, NELEM(good));
	tcase_add_loop_test(tc,
	    what_is_no_target_is_refused_and_leaves_the_old_one, 0, NELEM(bad));
	tcase_add_test(tc, lengths_end_where_a_socket_s_or_a_host_s_do);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
