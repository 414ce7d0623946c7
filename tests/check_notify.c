#include "config.h"

#include "notify.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "support.h"

static int manager; /* the socket of who listens */

/* address: of sockaddr_un, len bytes of it; as the variable says it: text. */
static void
listen_at(const char *address, size_t len, const char *text)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memcpy(addr.sun_path, address, len);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_ne(manager, -1);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&addr,
			     (socklen_t)(sizeof addr.sun_family + len)),
	    0);
	(void)setenv("NOTIFY_SOCKET", text, 1);
}

static void
setup(void)
{
	tempdir_setup();
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	listen_at(tempdir_at("s"), strlen(tempdir_at("s")), tempdir_at("s"));
}

static void
teardown(void)
{
	(void)close(manager);
	tempdir_teardown();
}

/* The next message, "" without one. */
static const char *
heard(void)
{
	static char text[512];
	ssize_t len = recv(manager, text, sizeof text - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void
watch(unsigned long long us, long pid)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%llu", us);
	(void)setenv("WATCHDOG_USEC", text, 1);
	(void)snprintf(text, sizeof text, "%ld", pid);
	(void)setenv("WATCHDOG_PID", text, 1);
}

START_TEST(its_life_is_told_in_order)
{
	struct notify n;

	notify_open(&n);
	ck_assert_str_eq(heard(), "");
	notify_ready(&n, "2 workers");
	ck_assert_str_eq(heard(), "READY=1\nSTATUS=2 workers");
	notify_stopping(&n, 7 * NS_PER_S);
	ck_assert_str_eq(heard(),
	    "STOPPING=1\nSTATUS=what is queued is served\n"
	    "EXTEND_TIMEOUT_USEC=7000000");
	notify_close(&n);
	notify_close(&n);
}
END_TEST

START_TEST(an_abstract_address)
{
	struct notify n;
	char name[64];

	(void)close(manager);
	(void)snprintf(name, sizeof name, "%cfcgi-thumb-check-%ld", '\0',
	    (long)getpid());
	listen_at(name, 1 + strlen(name + 1), "");
	name[0] = '@';
	(void)setenv("NOTIFY_SOCKET", name, 1);
	notify_open(&n);
	notify_ready(&n, "");
	ck_assert_str_eq(heard(), "READY=1\nSTATUS=");
	notify_close(&n);
}
END_TEST

START_TEST(nobody_else_is_to_speak)
{
	struct notify n;

	watch(1000000, (long)getpid());
	notify_open(&n);
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
	notify_close(&n);
}
END_TEST

START_TEST(a_sign_of_life_when_one_is_due)
{
	struct notify n;

	watch(40000, (long)getpid());
	notify_open(&n);
	ck_assert_uint_eq(n.beat_ns, 20 * NS_PER_MS);
	notify_alive(&n);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	n.alive_ns = clock_monotonic_ns() + 60 * NS_PER_S;
	n.beat_ns = UINT64_MAX;
	notify_alive(&n);
	ck_assert_str_eq(heard(), "");
	n.alive_ns = clock_monotonic_ns() - 21 * NS_PER_MS;
	n.beat_ns = 20 * NS_PER_MS;
	notify_alive(&n);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	notify_close(&n);
}
END_TEST

START_TEST(no_sign_of_life_where_none_is_asked_of_us)
{
	struct notify n;

	notify_open(&n);
	notify_alive(&n);
	ck_assert_str_eq(heard(), "");
	notify_close(&n);
	(void)setenv("NOTIFY_SOCKET", tempdir_at("s"), 1);
	watch(1000000, (long)getpid() + 1);
	notify_open(&n);
	notify_alive(&n);
	ck_assert_str_eq(heard(), "");
	notify_close(&n);
}
END_TEST

START_TEST(without_a_listener_nothing_happens)
{
	static const char *const nobody[] = { NULL, "", "relative", "/no/such",
		"@fcgi-thumb-check-nobody" };
	struct notify n;
	char longest[300];

	for (unsigned i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
		if (nobody[i] != NULL)
			(void)setenv("NOTIFY_SOCKET", nobody[i], 1);
		else
			(void)unsetenv("NOTIFY_SOCKET");
		notify_open(&n);
		ck_assert_int_eq(n.fd, -1);
		notify_ready(&n, "x");
		notify_stopping(&n, 1);
		notify_alive(&n);
		notify_close(&n);
	}
	memset(longest, '/', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	(void)setenv("NOTIFY_SOCKET", longest, 1);
	notify_open(&n);
	ck_assert_int_eq(n.fd, -1);
	notify_close(&n);
}
END_TEST

START_TEST(one_that_does_not_read_is_not_waited_for)
{
	struct notify n;
	unsigned count = 0;

	notify_open(&n);
	for (unsigned i = 0; i < 5000; i++)
		notify_ready(&n, "again");
	while (heard()[0] != '\0')
		count++;
	ck_assert_uint_gt(count, 0);
	ck_assert_uint_lt(count, 5000);
	notify_close(&n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("notify");
	TCase *tc = tcase_create("notify");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, its_life_is_told_in_order);
	tcase_add_test(tc, an_abstract_address);
	tcase_add_test(tc, nobody_else_is_to_speak);
	tcase_add_test(tc, a_sign_of_life_when_one_is_due);
	tcase_add_test(tc, no_sign_of_life_where_none_is_asked_of_us);
	tcase_add_test(tc, without_a_listener_nothing_happens);
	tcase_add_test(tc, one_that_does_not_read_is_not_waited_for);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
