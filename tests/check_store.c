#include "config.h"

#include "store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "support.h"

#define ID "4oymiquy7qobjgx36tejs35zeq"
#define OTHER "xj4bnp4pahh6uqkbidpf3lrcem"

static char data[300];
static char why[300];

static void
setup(void)
{
	tempdir_setup();
	(void)snprintf(data, sizeof data, "%s/store", tempdir_path());
	ck_assert_msg(store_prepare(data, why, sizeof why) == 0, "%s", why);
}

static struct store *
open_store(void)
{
	struct store *s = store_open(data, why, sizeof why);

	ck_assert_msg(s != NULL, "%s", why);
	return s;
}

static unsigned
count_in(const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/%s", data, name);
	return count_entries(path);
}

static mode_t
mode_of(const char *name)
{
	char path[400];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", data, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(the_tree_is_made_once_and_found_again)
{
	ck_assert_uint_eq(count_in("photos"), 1024);
	ck_assert_uint_eq(count_in("public"), 1024);
	ck_assert_int_eq(store_prepare(data, why, sizeof why), 0);
	ck_assert_uint_eq(count_in("photos"), 1024);
}
END_TEST

START_TEST(originals_are_private_and_thumbnails_are_not)
{
	ck_assert_uint_eq(mode_of("photos"), 0700);
	ck_assert_uint_eq(mode_of("photos/a2"), 0700);
	ck_assert_uint_eq(mode_of("staging"), 0700);
	ck_assert_uint_eq(mode_of("public"), 0755);
	ck_assert_uint_eq(mode_of("public/7z"), 0755);
}
END_TEST

START_TEST(a_directory_that_cannot_be_made_is_said)
{
	ck_assert_int_eq(store_prepare("/proc/nowhere/store", why, sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "/proc/nowhere/store"));
	ck_assert_ptr_null(store_open("/proc/nowhere", why, sizeof why));
}
END_TEST

START_TEST(a_staging_directory_lives_as_long_as_its_owner)
{
	struct store *a = open_store(), *b = open_store();

	ck_assert_uint_eq(count_in("staging"), 2);
	store_sweep(data);
	ck_assert_uint_eq(count_in("staging"), 2);
	store_close(a);
	ck_assert_uint_eq(count_in("staging"), 1);
	store_close(b);
	ck_assert_uint_eq(count_in("staging"), 0);
}
END_TEST

START_TEST(what_a_killed_process_left_is_swept)
{
	struct store *mine = open_store();
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s = store_open(data, why, sizeof why);
		int fd =
		    openat(store_staging(s), "in-x", O_CREAT | O_RDWR, 0600);

		_exit(s == NULL || fd == -1);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(count_in("staging"), 2);
	store_sweep(data);
	ck_assert_uint_eq(count_in("staging"), 1);
	ck_assert_uint_eq(count_entries(store_staging_path(mine)), 0);
	store_close(mine);
}
END_TEST

START_TEST(a_lock_keeps_others_out_of_the_same_photo_only)
{
	struct store *a = open_store(), *b = open_store();
	int lock_a = -1, lock_b = -1, lock_c = -1;
	struct fault_info info;
	uint64_t before = clock_monotonic_ns();

	ck_assert_int_eq(store_lock(a, ID, 0, &lock_a, &info), FAULT_NONE);
	ck_assert_int_eq(store_lock(b, OTHER, 0, &lock_b, &info), FAULT_NONE);
	ck_assert_int_eq(store_lock(b, ID, 0, &lock_c, &info),
	    FAULT_OVERLOADED);
	ck_assert_int_eq(lock_c, -1);
	ck_assert_uint_ge(clock_monotonic_ns() - before,
	    STORE_LOCK_WAIT_MS * NS_PER_MS);
	store_unlock(&lock_a);
	ck_assert_int_eq(lock_a, -1);
	ck_assert_int_eq(store_lock(b, ID, 0, &lock_c, &info), FAULT_NONE);
	store_unlock(&lock_b);
	store_unlock(&lock_c);
	store_close(a);
	store_close(b);
}
END_TEST

START_TEST(waiting_for_a_lock_ends_with_the_work)
{
	struct store *a = open_store(), *b = open_store();
	int lock_a = -1, lock_b = -1;
	struct fault_info info;
	uint64_t before = clock_monotonic_ns();

	ck_assert_int_eq(store_lock(a, ID, 0, &lock_a, &info), FAULT_NONE);
	ck_assert_int_eq(store_lock(b, ID, before + 1, &lock_b, &info),
	    FAULT_OVERLOADED);
	ck_assert_uint_lt(clock_monotonic_ns() - before,
	    STORE_LOCK_WAIT_MS * NS_PER_MS);
	store_unlock(&lock_a);
	store_close(a);
	store_close(b);
}
END_TEST

START_TEST(a_lock_ends_with_its_process)
{
	struct store *s = open_store();
	struct fault_info info;
	int ready[2], lock = -1;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (store_lock(s, ID, 0, &lock, &info) == FAULT_NONE)
			(void)!write(ready[1], "x", 1);
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(store_lock(s, ID, 0, &lock, &info), FAULT_NONE);
	store_unlock(&lock);
	store_close(s);
}
END_TEST

START_TEST(opening_and_closing_leaves_no_descriptor)
{
	unsigned fds = count_fds();
	struct store *s = open_store();
	struct fault_info info;
	int lock = -1;

	ck_assert_int_eq(store_lock(s, ID, 0, &lock, &info), FAULT_NONE);
	store_unlock(&lock);
	store_close(s);
	store_sweep(data);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *tree = tcase_create("tree");
	TCase *staging = tcase_create("staging");
	TCase *locks = tcase_create("locks");

	tcase_add_checked_fixture(tree, setup, tempdir_teardown);
	tcase_add_checked_fixture(staging, setup, tempdir_teardown);
	tcase_add_checked_fixture(locks, setup, tempdir_teardown);
	tcase_set_timeout(tree, 30);
	tcase_set_timeout(staging, 30);
	tcase_set_timeout(locks, 30);
	tcase_add_test(tree, the_tree_is_made_once_and_found_again);
	tcase_add_test(tree, originals_are_private_and_thumbnails_are_not);
	tcase_add_test(tree, a_directory_that_cannot_be_made_is_said);
	tcase_add_test(staging, a_staging_directory_lives_as_long_as_its_owner);
	tcase_add_test(staging, what_a_killed_process_left_is_swept);
	tcase_add_test(staging, opening_and_closing_leaves_no_descriptor);
	tcase_add_test(locks, a_lock_keeps_others_out_of_the_same_photo_only);
	tcase_add_test(locks, waiting_for_a_lock_ends_with_the_work);
	tcase_add_test(locks, a_lock_ends_with_its_process);
	suite_add_tcase(s, tree);
	suite_add_tcase(s, staging);
	suite_add_tcase(s, locks);
	return run_suite(s);
}
