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
#include "fdio.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

#define ID "4oymiquy7qobjgx36tejs35zeq"
#define OTHER "xj4bnp4pahh6uqkbidpf3lrcem"
#define LAST "zzaaaaaaaaaaaaaaaaaaaaaaaa"

static char data[STORE_PATH_MAX];
static char why[300];

static void
setup(void)
{
	tempdir_setup();
	stores_prepare(data);
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
	struct store *a = stores_open(data), *b = stores_open(data);

	ck_assert_uint_eq(count_in("staging"), 2);
	store_sweep(data, NULL);
	ck_assert_uint_eq(count_in("staging"), 2);
	store_close(a);
	ck_assert_uint_eq(count_in("staging"), 1);
	store_close(b);
	ck_assert_uint_eq(count_in("staging"), 0);
}
END_TEST

START_TEST(what_a_killed_process_left_is_swept)
{
	struct store *mine = stores_open(data);
	pid_t pid = fork();

	if (pid == 0) {
		struct store *s = store_open(data, why, sizeof why);
		int fd =
		    openat(store_staging(s), "in-x", O_CREAT | O_RDWR, 0600);

		_exit(s == NULL || fd == -1);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(count_in("staging"), 2);
	store_sweep(data, NULL);
	ck_assert_uint_eq(count_in("staging"), 1);
	ck_assert_uint_eq(count_entries(store_staging_path(mine)), 0);
	store_close(mine);
}
END_TEST

START_TEST(a_lock_keeps_others_out_of_the_same_photo_only)
{
	struct store *a = stores_open(data), *b = stores_open(data);
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
	struct store *a = stores_open(data), *b = stores_open(data);
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
	struct store *s = stores_open(data);
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

START_TEST(making_files_and_looking_have_locks_of_their_own)
{
	struct store *a = stores_open(data), *b = stores_open(data);
	int lock_a = -1, lock_b = -1, lock_c = -1;
	uint64_t soon = clock_monotonic_ns() + 10 * NS_PER_MS;
	struct fault_info info;

	ck_assert_int_eq(store_lock_render(a, ID, 0, -1, &lock_a, &info),
	    FAULT_NONE);
	ck_assert_int_eq(store_lock(b, ID, 0, &lock_b, &info), FAULT_NONE);
	ck_assert_int_eq(store_lock_render(b, ID, soon, -1, &lock_c, &info),
	    FAULT_OVERLOADED);
	store_unlock(&lock_a);
	ck_assert_int_eq(store_lock_render(b, ID, 0, -1, &lock_c, &info),
	    FAULT_NONE);
	store_unlock(&lock_b);
	store_unlock(&lock_c);
	store_close(a);
	store_close(b);
}
END_TEST

START_TEST(opening_and_closing_leaves_no_descriptor)
{
	unsigned fds = count_fds();
	struct store *s = stores_open(data);
	struct fault_info info;
	int lock = -1;

	ck_assert_int_eq(store_lock(s, ID, 0, &lock, &info), FAULT_NONE);
	store_unlock(&lock);
	store_close(s);
	store_sweep(data, NULL);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(who_waits_elsewhere_is_served_before_a_picture_is_waited_for)
{
	struct store *a = stores_open(data), *b = stores_open(data);
	uint64_t begun = clock_monotonic_ns();
	int lock_a = -1, lock_b = -1, ends[2];
	struct fault_info info;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(store_lock_render(a, ID, 0, ends[0], &lock_a, &info),
	    FAULT_NONE);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	ck_assert_int_eq(store_lock_render(b, ID, 0, ends[0], &lock_b, &info),
	    FAULT_OVERLOADED);
	/* The whole wait is 2 s. */
	ck_assert_uint_lt(clock_monotonic_ns() - begun, NS_PER_S);
	/* What is free is had all the same. */
	store_unlock(&lock_a);
	ck_assert_int_eq(store_lock_render(b, ID, 0, ends[0], &lock_b, &info),
	    FAULT_NONE);
	store_unlock(&lock_b);
	(void)close(ends[0]);
	(void)close(ends[1]);
	store_close(a);
	store_close(b);
}
END_TEST

/* ---- whole photos ---- */

static const char *
path_of(const char *side, const char *id, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof path, "%s/%s/%.2s/%s%s%s", data, side, id,
	    id, name[0] != '\0' ? "/" : "", name);
	return path;
}

static bool
is_there(const char *side, const char *id)
{
	return access(path_of(side, id, ""), F_OK) == 0;
}

static void
write_at(const char *side, const char *id, const char *name, size_t len)
{
	static const char zeros[100];

	ck_assert_int_eq(fd_write_file(AT_FDCWD, path_of(side, id, name), 0600,
			     zeros, len),
	    0);
}

/* Both sides of a photo, as a version without claims left them: 13 bytes. */
static void
put_photo(const char *id)
{
	ck_assert_int_eq(mkdir(path_of("photos", id, ""), 0700), 0);
	ck_assert_int_eq(mkdir(path_of("public", id, ""), 0755), 0);
	write_at("photos", id, "original.jpg", 10);
	write_at("public", id, "large.00000001.jpg", 3);
	write_at("public", id, "meta.json", 50);
}

/* All of it. */
static void
recount(struct store *s)
{
	for (unsigned part = 0; part < 1024; part++)
		ck_assert_int_eq(store_recount(s, part), 0);
}

static int
gather(void *ctx, const char *id)
{
	char *ids = ctx;

	(void)snprintf(ids + strlen(ids), 200 - strlen(ids), "%s ", id);
	return strcmp(id, OTHER) == 0 ? 7 : 0;
}

START_TEST(a_walk_meets_all_photos_in_order_until_it_is_ended)
{
	struct store *s = stores_open(data);
	char ids[200] = "";

	put_photo(LAST);
	put_photo(OTHER);
	put_photo(ID);
	ck_assert_int_eq(mkdir(path_of("photos", "xj-is-no-id", ""), 0700), 0);
	ck_assert_int_eq(store_walk(s, gather, ids), 7);
	ck_assert_str_eq(ids, ID " " OTHER " ");
	store_close(s);
}
END_TEST

START_TEST(a_walk_begins_behind_any_photo)
{
	/* What it begins behind, and what it meets up to OTHER. */
	static const char *const rows[][2] = { { "", ID " " OTHER " " },
		{ ID, OTHER " " }, { OTHER, LAST " " }, { LAST, "" },
		{ "xaaaaaaaaaaaaaaaaaaaaaaaaa", OTHER " " },
		{ "2aaaaaaaaaaaaaaaaaaaaaaaaa", ID " " OTHER " " } };
	struct store *s = stores_open(data);

	put_photo(LAST);
	put_photo(OTHER);
	put_photo(ID);
	for (unsigned i = 0; i < NELEM(rows); i++) {
		char ids[200] = "";

		(void)store_walk_behind(s, rows[i][0], gather, ids);
		ck_assert_str_eq(ids, rows[i][1]);
	}
	store_close(s);
}
END_TEST

struct tally {
	unsigned files, originals;
	uint64_t bytes;
	int64_t created;
};

static void
count_file(void *ctx, const struct store_file *file)
{
	struct tally *tally = ctx;

	tally->files++;
	tally->bytes += file->bytes;
	if (strcmp(file->side, "photos") == 0 &&
	    strcmp(file->name, "original.jpg") == 0) {
		tally->originals++;
		tally->created = file->modified;
	}
}

START_TEST(the_files_of_a_photo_are_told)
{
	struct timespec times[2] = { { .tv_sec = 7 }, { .tv_sec = 1234567 } };
	struct store *s = stores_open(data);
	struct fault_info info;
	struct tally tally = { 0 };

	ck_assert_int_eq(store_files(s, ID, count_file, &tally, &info),
	    FAULT_NOT_FOUND);
	put_photo(ID);
	ck_assert_int_eq(mkdir(path_of("photos", ID, "claims"), 0700), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD,
			     path_of("photos", ID, "original.jpg"), times, 0),
	    0);
	ck_assert_int_eq(store_files(s, ID, count_file, &tally, &info),
	    FAULT_NONE);
	ck_assert_uint_eq(tally.files, 3);
	ck_assert_uint_eq(tally.originals, 1);
	ck_assert_uint_eq(tally.bytes, 63);
	ck_assert_int_eq(tally.created, 1234567);
	store_close(s);
}
END_TEST

START_TEST(a_deleted_photo_is_gone_at_once_and_unlinked_later)
{
	struct store *s = stores_open(data);
	struct fault_info info;

	put_photo(ID);
	recount(s);
	ck_assert_int_eq(store_usage(s), 13);
	ck_assert_int_eq(store_delete(s, ID, &info), FAULT_NONE);
	ck_assert(!is_there("photos", ID) && !is_there("public", ID));
	ck_assert_int_eq(store_usage(s), 0);
	ck_assert_uint_eq(count_in("trash"), 2);
	ck_assert(store_empty_trash(s, 0, NULL));
	ck_assert_uint_eq(count_in("trash"), 0);
	ck_assert_int_eq(store_delete(s, ID, &info), FAULT_NOT_FOUND);
	store_close(s);
}
END_TEST

START_TEST(a_photo_is_not_gone_because_the_trash_is)
{
	struct store *s = stores_open(data);
	struct fault_info info;
	char trash[400];

	(void)snprintf(trash, sizeof trash, "%s/trash", data);
	put_photo(ID);
	recount(s);
	ck_assert_int_eq(rmdir(trash), 0);
	if (_i == 0) { /* nothing can be put there */
		ck_assert_int_eq(symlink("nowhere", trash), 0);
		ck_assert_int_ne(store_delete(s, ID, &info), FAULT_NONE);
		ck_assert(is_there("photos", ID) && is_there("public", ID));
		ck_assert_int_eq(store_usage(s), 13);
	} else {
		ck_assert_int_eq(store_delete(s, ID, &info), FAULT_NONE);
		ck_assert(!is_there("photos", ID) && !is_there("public", ID));
		ck_assert_int_eq(store_usage(s), 0);
		ck_assert_uint_eq(count_in("trash"), 2);
	}
	store_close(s);
}
END_TEST

START_TEST(unlinking_ends_with_its_time)
{
	struct store *s = stores_open(data);
	struct fault_info info;

	put_photo(ID);
	ck_assert_int_eq(store_delete(s, ID, &info), FAULT_NONE);
	ck_assert(!store_empty_trash(s, clock_monotonic_ns(), NULL));
	ck_assert_uint_eq(count_in("trash"), 1);
	store_close(s);
}
END_TEST

START_TEST(a_banned_photo_goes_and_stays_banned)
{
	struct store *s = stores_open(data);
	struct fault_info info;

	put_photo(ID);
	ck_assert_int_eq(store_check_ban(s, ID, &info), FAULT_NONE);
	ck_assert_int_eq(store_ban(s, ID, &info), FAULT_NONE);
	ck_assert_int_eq(store_ban(s, ID, &info), FAULT_NONE);
	ck_assert_int_eq(store_check_ban(s, ID, &info), FAULT_BANNED);
	ck_assert_int_eq(store_check_ban(s, OTHER, &info), FAULT_NONE);
	ck_assert(!is_there("photos", ID) && !is_there("public", ID));
	ck_assert_int_eq(store_unban(s, ID, &info), FAULT_NONE);
	ck_assert_int_eq(store_check_ban(s, ID, &info), FAULT_NONE);
	ck_assert_int_eq(store_unban(s, ID, &info), FAULT_NOT_FOUND);
	store_close(s);
}
END_TEST

START_TEST(a_ban_that_cannot_be_looked_up_is_not_passed_over)
{
	struct store *s = stores_open(data);
	struct fault_info info;
	char path[400];

	(void)snprintf(path, sizeof path, "%s/state/banned", data);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink("banned", path), 0); /* ELOOP, for root too */
	ck_assert_int_eq(store_check_ban(s, ID, &info), FAULT_INTERNAL);
	store_close(s);
}
END_TEST

/* ---- room ---- */

START_TEST(the_sums_are_shared_and_counted_anew_when_they_are_lost)
{
	struct store *a = stores_open(data), *b;
	const char *file = _i < 2 ? "usage" : "photos";
	char path[400];

	put_photo(ID);
	put_photo(OTHER);
	ck_assert_int_eq(store_usage(a), 0);
	b = stores_open(data);
	recount(b);
	ck_assert_int_eq(store_usage(a), 26);
	ck_assert_int_eq(store_photos(a), 2);
	store_close(b);
	(void)snprintf(path, sizeof path, "%s/state/%s", data, file);
	/* As a version left it that kept one number, and without the file. */
	ck_assert_int_eq(truncate(path, _i % 2 == 0 ? 3 : 8), 0);
	if (_i % 2 == 1)
		ck_assert_int_eq(unlink(path), 0);
	b = stores_open(data);
	ck_assert_int_eq(store_usage(b), 26);
	ck_assert_int_eq(store_photos(b), 2);
	store_close(a);
	store_close(b);
}
END_TEST

START_TEST(a_part_is_counted_anew_without_the_others)
{
	struct store *s = stores_open(data);
	unsigned part, first = 1024;

	put_photo(ID);
	put_photo(OTHER);
	for (part = 0; store_usage(s) == 0; part++)
		ck_assert_int_eq(store_recount(s, part), 0);
	ck_assert_int_eq(store_usage(s), 13);
	ck_assert_int_eq(store_photos(s), 1);
	first = part - 1;
	for (; store_usage(s) == 13; part++)
		ck_assert_int_eq(store_recount(s, part), 0);
	ck_assert_int_eq(store_usage(s), 26);
	ck_assert_int_eq(store_photos(s), 2);
	/* The numbers go round. */
	write_at("public", ID, "small.00000001.jpg", 7);
	write_at("public", OTHER, "small.00000001.jpg", 7);
	ck_assert_int_eq(store_recount(s, 1024 + first), 0);
	ck_assert_int_eq(store_usage(s), 33);
	store_close(s);
}
END_TEST

/* Many photos of one part, by a call a photo. */
START_TEST(a_part_is_counted_in_pieces)
{
	struct store *s = stores_open(data);
	struct recount r = { .is_begun = false };
	struct fault_info info;
	char more[] = ID;
	unsigned part, calls = 1;

	put_photo(ID);
	for (part = 0; store_usage(s) == 0; part++)
		ck_assert_int_eq(store_recount(s, part), 0);
	part--;
	for (char c = 'a'; c < 'e'; c++) {
		more[5] = c;
		put_photo(more);
	}
	store_recount_begin(s, part + 1024, &r);
	while (store_recount_go_on(s, &r, 1) == 0) {
		ck_assert(r.is_begun);
		ck_assert_int_eq(store_usage(s), 13);
		calls++;
	}
	ck_assert(!r.is_begun);
	ck_assert_uint_ge(calls, 5);
	ck_assert_int_eq(store_usage(s), 5 * 13);
	ck_assert_int_eq(store_photos(s), 5);
	/* What is moved meanwhile is left to the next time. */
	more[6] = 'a';
	put_photo(more);
	store_recount_begin(s, part, &r);
	ck_assert_int_eq(store_recount_go_on(s, &r, 1), 0);
	ck_assert_int_eq(store_delete(s, ID, &info), FAULT_NONE);
	ck_assert_int_eq(store_recount_go_on(s, &r, 0), 1);
	ck_assert_int_eq(store_usage(s), 4 * 13);
	ck_assert_int_eq(store_photos(s), 4);
	ck_assert_int_eq(store_recount(s, part), 0);
	ck_assert_int_eq(store_usage(s), 5 * 13);
	ck_assert_int_eq(store_photos(s), 5);
	store_close(s);
}
END_TEST

/* Its files can be seen before it is in the sum: whoever does it has the lock. */
START_TEST(a_sum_that_somebody_is_about_to_change_is_left_alone)
{
	struct store *s = stores_open(data);
	struct recount r = { .is_begun = false };
	struct fault_info info;
	unsigned part;
	int lock = -1;

	put_photo(ID);
	for (part = 0; store_usage(s) == 0; part++)
		ck_assert_int_eq(store_recount(s, part), 0);
	part--;
	write_at("public", ID, "small.00000001.jpg", 7);
	ck_assert_int_eq(store_lock(s, ID, 0, &lock, &info), FAULT_NONE);
	store_recount_begin(s, part, &r);
	ck_assert_int_eq(store_recount_go_on(s, &r,
			     clock_monotonic_ns() + 100 * NS_PER_MS),
	    1);
	ck_assert_int_eq(store_usage(s), 13);
	/* Other parts go on. */
	put_photo(OTHER);
	for (unsigned i = 1; i < 1024; i++)
		ck_assert_int_eq(store_recount(s, part + i), 0);
	ck_assert_int_eq(store_usage(s), 26);
	store_unlock(&lock);
	ck_assert_int_eq(store_recount(s, part), 0);
	ck_assert_int_eq(store_usage(s), 33);
	store_close(s);
}
END_TEST

START_TEST(limits_of_room_are_named_with_the_values)
{
	struct store *s = stores_open(data);
	struct limits limits = { 0 };
	struct fault_info info = { 0 };

	put_photo(ID);
	recount(s);
	ck_assert_int_eq(store_check_room(s, &limits, 1000, &info), FAULT_NONE);
	ck_assert_int_eq(store_check_disk(s, &limits, &info), FAULT_NONE);
	limits.store = 20;
	ck_assert_int_eq(store_check_room(s, &limits, 7, &info), FAULT_NONE);
	ck_assert_int_eq(store_check_room(s, &limits, 8, &info),
	    FAULT_STORAGE_FULL);
	ck_assert_uint_eq(info.limit, 20);
	ck_assert_uint_eq(info.actual, 21);
	limits.free = 1;
	ck_assert_int_eq(store_check_disk(s, &limits, &info), FAULT_NONE);
	limits.free = UINT64_MAX;
	ck_assert_int_eq(store_check_disk(s, &limits, &info),
	    FAULT_STORAGE_FULL);
	ck_assert(info.has_limit && info.actual > 0);
	store_close(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store");
	TCase *tree = tcase_create("tree");
	TCase *staging = tcase_create("staging");
	TCase *locks = tcase_create("locks");
	TCase *photos = tcase_create("photos");

	tcase_add_checked_fixture(photos, setup, tempdir_teardown);
	tcase_set_timeout(photos, 30);
	tcase_add_test(photos,
	    a_walk_meets_all_photos_in_order_until_it_is_ended);
	tcase_add_test(photos, a_walk_begins_behind_any_photo);
	tcase_add_test(photos, the_files_of_a_photo_are_told);
	tcase_add_test(photos,
	    a_deleted_photo_is_gone_at_once_and_unlinked_later);
	tcase_add_loop_test(photos, a_photo_is_not_gone_because_the_trash_is, 0,
	    2);
	tcase_add_test(photos, unlinking_ends_with_its_time);
	tcase_add_test(photos, a_banned_photo_goes_and_stays_banned);
	tcase_add_test(photos,
	    a_ban_that_cannot_be_looked_up_is_not_passed_over);
	tcase_add_loop_test(photos,
	    the_sums_are_shared_and_counted_anew_when_they_are_lost, 0, 4);
	tcase_add_test(photos, a_part_is_counted_anew_without_the_others);
	tcase_add_test(photos, a_part_is_counted_in_pieces);
	tcase_add_test(photos,
	    a_sum_that_somebody_is_about_to_change_is_left_alone);
	tcase_add_test(photos, limits_of_room_are_named_with_the_values);
	suite_add_tcase(s, photos);

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
	tcase_add_test(locks, making_files_and_looking_have_locks_of_their_own);
	tcase_add_test(locks,
	    who_waits_elsewhere_is_served_before_a_picture_is_waited_for);
	tcase_add_test(locks, a_lock_ends_with_its_process);
	suite_add_tcase(s, tree);
	suite_add_tcase(s, staging);
	suite_add_tcase(s, locks);
	return run_suite(s);
}
