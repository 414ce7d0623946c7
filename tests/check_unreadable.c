#include "config.h"

/*
 * A directory that cannot be read to its end: its entries must not be taken
 * for all there are. This program's readdir stands before the library's.
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "fdio.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

#define ID "4oymiquy7qobjgx36tejs35zeq"

static char data[STORE_PATH_MAX];
static struct store *store;
static int left; /* entries before the disk fails; -1: it does not */

struct dirent *
readdir(DIR *dir)
{
	static struct dirent *(*real)(DIR * dir);

	if (left == 0) {
		errno = EIO;
		return NULL;
	}
	if (left > 0)
		left--;
	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "readdir");
	return real(dir);
}

static const char *
path_of(const char *name)
{
	static char path[400];

	(void)snprintf(path, sizeof path, "%s/photos/%.2s/%s%s", data, ID, ID,
	    name);
	return path;
}

static void
setup(void)
{
	left = -1;
	tempdir_setup();
	stores_prepare(data);
	store = stores_open(data);
	ck_assert_int_eq(mkdir(path_of(""), 0700), 0);
	ck_assert_int_eq(mkdir(path_of("/claims"), 0700), 0);
	ck_assert_int_eq(fd_write_file(AT_FDCWD, path_of("/original.jpg"), 0600,
			     "12345", 5),
	    0);
	for (unsigned part = 0; part < 1024; part++)
		ck_assert_int_eq(store_recount(store, part), 0);
	ck_assert_int_eq(store_usage(store), 5);
}

static void
teardown(void)
{
	left = -1;
	store_close(store);
	tempdir_teardown();
}

static int
pass(void *ctx, const char *id)
{
	(void)ctx;
	(void)id;
	return 0;
}

static void
pass_file(void *ctx, const struct store_file *file)
{
	(void)ctx;
	(void)file;
}

START_TEST(it_is_neither_empty_nor_removed)
{
	int dir = tempdir_fd();

	ck_assert_int_eq(mkdirat(dir, "a", 0700), 0);
	left = 0;
	ck_assert(!fd_is_empty(dir));
	ck_assert_int_eq(fd_remove_tree(dir, "a"), -1);
}
END_TEST

/* _i entries are read before it fails, . and .. among them. */
START_TEST(no_walk_says_that_it_was_whole)
{
	struct fault_info info = { 0 };

	left = _i;
	ck_assert_int_eq(store_walk(store, pass, NULL), -1);
	ck_assert_int_eq(errno, EIO);
	left = _i;
	ck_assert_int_eq(store_quarantine_walk(store, pass, NULL), -1);
	left = _i;
	ck_assert_int_ne(store_files(store, ID, pass_file, NULL, &info),
	    FAULT_NONE);
}
END_TEST

START_TEST(the_sum_stays_as_it_was)
{
	int failed = 0;

	for (unsigned part = 0; part < 1024; part++) {
		left = _i;
		failed += store_recount(store, part) == -1;
	}
	ck_assert_int_gt(failed, 0);
	ck_assert_int_eq(store_usage(store), 5);
}
END_TEST

START_TEST(claims_are_not_told_nor_added_to)
{
	const struct claim c = { .created = 1 };
	char token[CLAIM_TOKEN_LEN + 1];
	static struct claims claims;
	struct fault_info info = { 0 };

	ck_assert_int_eq(claim_token("", ID, token, &info), FAULT_NONE);
	left = 0;
	ck_assert_int_ne(claims_read(store, ID, &claims, &info), FAULT_NONE);
	ck_assert_int_ne(claim_add(store, ID, token, &c, &info), FAULT_NONE);
	left = -1;
	ck_assert_int_eq(claim_add(store, ID, token, &c, &info), FAULT_NONE);
	ck_assert_int_eq(claims_read(store, ID, &claims, &info), FAULT_NONE);
	ck_assert_uint_eq(claims.n, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("unreadable");
	TCase *tc = tcase_create("directories");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, it_is_neither_empty_nor_removed);
	tcase_add_loop_test(tc, no_walk_says_that_it_was_whole, 0, 2);
	tcase_add_loop_test(tc, the_sum_stays_as_it_was, 0, 4);
	tcase_add_test(tc, claims_are_not_told_nor_added_to);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
