#include "config.h"

#include "sweep.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "claim.h"
#include "clock.h"
#include "fdio.h"
#include "growth.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

#define ID "4oymiquy7qobjgx36tejs35zeq"

static char data[STORE_PATH_MAX];
static char why[300];
static struct store *store;
static struct sweep sweep;

static void
setup(void)
{
	tempdir_setup();
	stores_prepare(data);
	store = stores_open(data);
	sweep = (struct sweep){ .store = store, .data = data };
}

static void
teardown(void)
{
	store_close(store);
	tempdir_teardown();
}

static unsigned
count_in(const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/%s", data, name);
	return count_entries(path);
}

/* A photo with one claim, which has expired long ago. */
static void
put_photo(void)
{
	const struct claim c = { .created = 1, .expires = 2 };
	char path[400], token[CLAIM_TOKEN_LEN + 1];
	struct durable durable = { .n = 0 };
	struct fault_info info;
	int photo;

	(void)snprintf(path, sizeof path, "%s/photos/%.2s/%s", data, ID, ID);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	photo = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(claim_token("", ID, token, &info), FAULT_NONE);
	ck_assert_int_eq(claim_begin(store, photo, ID, token, &c, &durable,
			     &info),
	    FAULT_NONE);
	ck_assert_int_eq(durable_sync(&durable), 0);
	(void)close(photo);
}

START_TEST(what_has_expired_goes_and_is_unlinked)
{
	put_photo();
	sweep_beat(&sweep);
	ck_assert_uint_eq(count_in("state/expires"), 0);
	ck_assert_uint_eq(count_in("trash"), 1);
	sweep_beat(&sweep);
	ck_assert_uint_eq(count_in("trash"), 0);
}
END_TEST

START_TEST(claims_are_looked_at_now_and_then_only)
{
	sweep_beat(&sweep);
	ck_assert_uint_gt(sweep.expiry_ns, clock_monotonic_ns());
	put_photo();
	sweep_beat(&sweep);
	ck_assert_uint_eq(count_in("state/expires"), 1);
	sweep.expiry_ns = clock_monotonic_ns();
	sweep_beat(&sweep);
	ck_assert_uint_eq(count_in("state/expires"), 0);
}
END_TEST

START_TEST(what_is_left_is_looked_at_again_at_once)
{
	struct fault_info info;
	int lock = -1;

	put_photo();
	ck_assert_int_eq(store_lock(store, ID, 0, &lock, &info), FAULT_NONE);
	sweep_beat(&sweep);
	ck_assert_uint_eq(sweep.expiry_ns, 0);
	store_unlock(&lock);
	sweep_beat(&sweep);
	ck_assert_uint_eq(count_in("state/expires"), 0);
}
END_TEST

START_TEST(staging_directories_of_the_dead_go)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(store_open(data, why, sizeof why) == NULL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(count_in("staging"), 2);
	sweep_beat(&sweep);
	ck_assert_uint_eq(count_in("staging"), 1);
}
END_TEST

START_TEST(a_part_is_counted_anew_a_minute)
{
	char path[400];

	sweep_beat(&sweep);
	ck_assert_uint_gt(sweep.recount_ns, clock_monotonic_ns());
	/* One photo in each part, whichever the clock chooses. */
	for (unsigned i = 0; i < 1024; i++) {
		static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
		char id[] = ID;

		id[0] = digits[i / 32];
		id[1] = digits[i % 32];
		(void)snprintf(path, sizeof path, "%s/photos/%.2s/%s", data, id,
		    id);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		(void)strcat(path, "/original.jpg");
		ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0600, "12345",
				     5),
		    0);
	}
	sweep_beat(&sweep);
	ck_assert_int_eq(store_usage(store), 0);
	sweep.recount_ns = 0;
	sweep_beat(&sweep);
	ck_assert_int_eq(store_usage(store), 5);
}
END_TEST

/* Two masters' workers at once: neither stumbles over the other. */
START_TEST(two_may_sweep_at_once)
{
	pid_t pids[2];

	for (unsigned i = 0; i < 40; i++) {
		char path[400];

		(void)snprintf(path, sizeof path, "%s/trash/%u", data, i);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		(void)snprintf(path, sizeof path, "%s/trash/%u/f", data, i);
		ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0600, "", 0), 0);
	}
	put_photo();
	for (unsigned i = 0; i < NELEM(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			for (unsigned n = 0; n < 20; n++) {
				sweep.expiry_ns = 0;
				sweep_beat(&sweep);
			}
			_exit(0);
		}
	}
	for (unsigned i = 0; i < NELEM(pids); i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	ck_assert_uint_eq(count_in("trash"), 0);
	ck_assert_uint_eq(count_in("state/expires"), 0);
}
END_TEST

START_TEST(growth_is_noted_once_an_hour)
{
	struct growth g;

	put_photo();
	for (unsigned part = 0; part < STORE_RECOUNT_PARTS; part++)
		ck_assert_int_eq(store_recount(store, part), 0);
	sweep.expiry_ns = UINT64_MAX;
	sweep_beat(&sweep);
	ck_assert_int_eq(growth_read(data, &g), 0);
	ck_assert_uint_eq(g.n, 1);
	ck_assert_uint_eq(g.points[0].photos, 1);
	growth_fini(&g);
	ck_assert_uint_gt(sweep.growth_ns, clock_monotonic_ns());
	sweep.growth_ns = 0;
	sweep_beat(&sweep);
	ck_assert_int_eq(growth_read(data, &g), 0);
	ck_assert_uint_eq(g.n, 1);
	growth_fini(&g);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sweep");
	TCase *tc = tcase_create("beats");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, what_has_expired_goes_and_is_unlinked);
	tcase_add_test(tc, claims_are_looked_at_now_and_then_only);
	tcase_add_test(tc, what_is_left_is_looked_at_again_at_once);
	tcase_add_test(tc, staging_directories_of_the_dead_go);
	tcase_add_test(tc, a_part_is_counted_anew_a_minute);
	tcase_add_test(tc, growth_is_noted_once_an_hour);
	tcase_add_test(tc, two_may_sweep_at_once);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
