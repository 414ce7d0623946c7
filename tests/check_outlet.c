#include "config.h"

/* Lines on their way to the journal, to syslog and to another host. */

#include "outlet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

/* 2026-11-28T08:51:20.123Z */
static const struct timespec now = { 1795855880, 123456789 };

static struct target
target_of(const char *text)
{
	struct target t;

	ck_assert_msg(target_parse(text, &t) == NULL, "%s", text);
	return t;
}

/* ---- formats ---- */

static const struct {
	const char *target, *line, *message;
} formats[] = {
	{ "journal", "fcgi-thumb: ready",
	    "PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=fcgi-thumb\n"
	    "SYSLOG_PID=12\nMESSAGE=ready\n" },
	{ "journal", "fcgi-thumb: error: killed, request ab12, photo x",
	    "PRIORITY=3\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=fcgi-thumb\n"
	    "SYSLOG_PID=12\nFCGI_THUMB_REQUEST=ab12\n"
	    "MESSAGE=error: killed, request ab12, photo x\n" },
	{ "journal", "{\"time\":\"t\",\"request\":\"ab12\",\"status\":201}",
	    "PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=fcgi-thumb\n"
	    "SYSLOG_PID=12\nFCGI_THUMB_REQUEST=ab12\n"
	    "MESSAGE={\"time\":\"t\",\"request\":\"ab12\",\"status\":201}\n" },
	{ "journal", "a\nPRIORITY=0\r\x1b[2J\x7f",
	    "PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=fcgi-thumb\n"
	    "SYSLOG_PID=12\nMESSAGE=a?PRIORITY=0??[2J?\n" },
	/* One name finds all slots; whose words they are stays in them. */
	{ "journal", "fcgi-thumb@blue: error: no",
	    "PRIORITY=3\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=fcgi-thumb\n"
	    "SYSLOG_PID=12\nMESSAGE=fcgi-thumb@blue: error: no\n" },
	{ "syslog", "fcgi-thumb@green: ready",
	    "<30>Nov 28 08:51:20 fcgi-thumb[12]: fcgi-thumb@green: ready" },
	{ "syslog", "fcgi-thumb: ready",
	    "<30>Nov 28 08:51:20 fcgi-thumb[12]: ready" },
	{ "syslog", "{\"status\":503}",
	    "<27>Nov 28 08:51:20 fcgi-thumb[12]: {\"status\":503}" },
	{ "syslog:h", "fcgi-thumb: error: no",
	    "<27>1 2026-11-28T08:51:20.123Z myself fcgi-thumb 12 words - "
	    "error: no" },
	{ "syslog:h", "{\"status\":200}",
	    "<30>1 2026-11-28T08:51:20.123Z myself fcgi-thumb 12 json - "
	    "{\"status\":200}" },
	{ "syslog:h", "a\n<0>1 - b",
	    "<30>1 2026-11-28T08:51:20.123Z myself fcgi-thumb 12 words - "
	    "a?<0>1 - b" },
};

START_TEST(line_becomes_a_message)
{
	struct target t = target_of(formats[_i].target);
	const char *line = formats[_i].line;
	char *out;
	size_t len;

	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	ck_assert_int_eq(outlet_format(&t, "fcgi-thumb", "myself", &now, 12,
			     line, strlen(line), &out, &len),
	    0);
	ck_assert_uint_eq(len, strlen(formats[_i].message));
	ck_assert_str_eq(out, formats[_i].message);
	free(out);
}
END_TEST

START_TEST(a_datagram_has_an_end)
{
	struct target t = target_of("syslog:h");
	char *line = calloc(1, 100000), *out;
	size_t len;

	memset(line, 'x', 100000);
	ck_assert_int_eq(outlet_format(&t, "n", "", &now, 1, line, 100000, &out,
			     &len),
	    0);
	ck_assert_uint_eq(len, OUTLET_UDP_MAX);
	ck_assert_mem_eq(out, "<30>1 2026-11-28T08:51:20.123Z - n 1 words - x",
	    46);
	free(out);
	free(line);
}
END_TEST

/* ---- sockets ---- */

static int
bind_local(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
	    tempdir_at(name));
	(void)unlink(address.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address),
	    0);
	return fd;
}

/* Of 127.0.0.1; port 0 is any, *port is which. */
static int
bind_port(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)*port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void
open_outlet(struct outlet *o, const char *text)
{
	struct target t = target_of(text);

	outlet_init(o, &t, "fcgi-thumb");
}

static void
expect(int fd, const char *end)
{
	char got[1000];
	ssize_t len = recv(fd, got, sizeof got - 1, 0);

	ck_assert_int_gt(len, (ssize_t)strlen(end));
	got[len] = '\0';
	ck_assert_str_eq(got + len - strlen(end), end);
}

static const char *
at_socket(void)
{
	static char text[300];

	(void)snprintf(text, sizeof text, "syslog:%s", tempdir_at("socket"));
	return text;
}

START_TEST(a_receiver_that_is_started_anew_gets_the_next_line)
{
	struct outlet o;
	int fd;

	open_outlet(&o, at_socket());
	ck_assert_int_eq(outlet_send(&o, 1, "a", 1), OUTLET_WAIT);
	ck_assert_ptr_nonnull(strstr(o.why, "/socket: No such file"));
	fd = bind_local("socket");
	ck_assert_int_eq(outlet_send(&o, 1, "b", 1), OUTLET_SENT);
	ck_assert_str_eq(o.why, "");
	expect(fd, ": b");
	(void)close(fd);
	ck_assert_int_eq(outlet_send(&o, 1, "c", 1), OUTLET_WAIT);
	ck_assert_ptr_nonnull(strstr(o.why, "Connection refused"));
	fd = bind_local("socket");
	ck_assert_int_eq(outlet_send(&o, 1, "d", 1), OUTLET_SENT);
	expect(fd, ": d");
	ck_assert_uint_eq(o.lost, 0);
	outlet_fini(&o);
	(void)close(fd);
}
END_TEST

START_TEST(it_is_known_whether_anybody_is_there)
{
	struct target t = target_of(at_socket());
	char why[200];
	int fd;

	ck_assert_int_eq(outlet_reach(&t, why, sizeof why), -1);
	ck_assert_ptr_nonnull(strstr(why, "/socket: No such file"));
	fd = bind_local("socket");
	ck_assert_int_eq(outlet_reach(&t, why, sizeof why), 0);
	(void)close(fd);
	t = target_of("syslog:127.0.0.1:9");
	ck_assert_int_eq(outlet_reach(&t, why, sizeof why), 0);
}
END_TEST

START_TEST(a_receiver_that_stops_is_not_waited_for)
{
	struct outlet o;
	int fd = bind_local("socket");
	unsigned sent = 0;

	open_outlet(&o, at_socket());
	while (outlet_send(&o, 1, "a", 1) == OUTLET_SENT)
		ck_assert_uint_lt(sent++, 100000);
	ck_assert_ptr_nonnull(strstr(o.why, "takes no more"));
	while (sent-- > 0)
		expect(fd, ": a");
	ck_assert_int_eq(outlet_send(&o, 1, "b", 1), OUTLET_SENT);
	expect(fd, ": b");
	outlet_fini(&o);
	(void)close(fd);
}
END_TEST

START_TEST(a_message_that_is_too_large_is_lost_alone)
{
	size_t len = 16 * 1024 * 1024;
	char *line = malloc(len);
	struct outlet o;
	int fd = bind_local("socket");

	memset(line, 'x', len);
	open_outlet(&o, at_socket());
	ck_assert_int_eq(outlet_send(&o, 1, line, len), OUTLET_LOST);
	ck_assert_int_eq(outlet_send(&o, 1, "b", 1), OUTLET_SENT);
	expect(fd, ": b");
	outlet_fini(&o);
	free(line);
	(void)close(fd);
}
END_TEST

/* What was refused when it was known to be doubtful is not lost. */
START_TEST(a_port_that_refuses_loses_one_line_at_most)
{
	unsigned port = 0;
	struct outlet o;
	char text[64];
	int fd = bind_port(&port);

	(void)snprintf(text, sizeof text, "syslog:127.0.0.1:%u", port);
	open_outlet(&o, text);
	ck_assert_int_eq(outlet_send(&o, 1, "a", 1), OUTLET_SENT);
	expect(fd, " - a");
	(void)close(fd);
	ck_assert_int_eq(outlet_send(&o, 1, "lost", 4), OUTLET_SENT);
	ck_assert_int_eq(outlet_send(&o, 1, "b", 1), OUTLET_WAIT);
	ck_assert_uint_eq(o.lost, 1);
	ck_assert_int_eq(outlet_send(&o, 1, "b", 1), OUTLET_WAIT);
	ck_assert_ptr_nonnull(strstr(o.why, "127.0.0.1, port "));
	ck_assert_ptr_nonnull(strstr(o.why, "refused"));
	fd = bind_port(&port);
	ck_assert_int_eq(outlet_send(&o, 1, "b", 1), OUTLET_SENT);
	expect(fd, " - b");
	ck_assert_uint_eq(o.lost, 1);
	outlet_fini(&o);
	(void)close(fd);
}
END_TEST

START_TEST(of_a_name_s_addresses_each_is_tried)
{
	unsigned port = 0, tries = 0;
	struct outlet o;
	char text[64];
	int fd = bind_port(&port);

	/* It may be ::1 first, where nobody listens. */
	(void)snprintf(text, sizeof text, "syslog:localhost:%u", port);
	open_outlet(&o, text);
	while (outlet_send(&o, 1, "a", 1) != OUTLET_SENT)
		ck_assert_uint_lt(tries++, 4);
	expect(fd, " - a");
	outlet_fini(&o);
	(void)close(fd);
}
END_TEST

START_TEST(a_host_without_an_address_is_said)
{
	struct outlet o;

	open_outlet(&o, "syslog:nobody.invalid");
	ck_assert_int_eq(outlet_send(&o, 1, "a", 1), OUTLET_WAIT);
	ck_assert_ptr_nonnull(strstr(o.why, "nobody.invalid, port 514: "));
	outlet_fini(&o);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("outlet");
	TCase *format = tcase_create("format");
	TCase *sockets = tcase_create("sockets");

	tcase_add_loop_test(format, line_becomes_a_message, 0, NELEM(formats));
	tcase_add_test(format, a_datagram_has_an_end);
	tcase_add_checked_fixture(sockets, tempdir_setup, tempdir_teardown);
	tcase_add_test(sockets,
	    a_receiver_that_is_started_anew_gets_the_next_line);
	tcase_add_test(sockets, it_is_known_whether_anybody_is_there);
	tcase_add_test(sockets, a_receiver_that_stops_is_not_waited_for);
	tcase_add_test(sockets, a_message_that_is_too_large_is_lost_alone);
	tcase_add_test(sockets, a_port_that_refuses_loses_one_line_at_most);
	tcase_add_test(sockets, of_a_name_s_addresses_each_is_tried);
	tcase_add_test(sockets, a_host_without_an_address_is_said);
	suite_add_tcase(s, format);
	suite_add_tcase(s, sockets);
	return run_suite(s);
}
