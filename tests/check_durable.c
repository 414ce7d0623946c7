#include "config.h"

#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buf.h"
#include "claim.h"
#include "fdio.h"
#include "publish.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

static char data[STORE_PATH_MAX];
static struct store *store;
static struct settings settings;
static struct fault_info info;
static char id[PHOTO_ID_LEN + 1];

/* ---- the disk, looked at and broken ---- */

static struct {
	struct buf said;  /* what was synced or shown, a line each */
	unsigned begun;   /* files that it was told to begin with */
	unsigned waiting; /* of them, before the first fsync */
	unsigned calls;
	unsigned fail_at; /* this one; 0: none */
	int error;
} disk;

static int
breaks(void)
{
	if (++disk.calls != disk.fail_at)
		return 0;
	errno = disk.error;
	return -1;
}

/* "original.jpg", "public/4o": the end of a name that says what it is. */
static const char *
last_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return path;
	if (digest_hex_is_valid(slash + 1))
		return "CLAIM";
	if (strlen(slash + 1) != 2)
		return slash + 1;
	while (slash > path && slash[-1] != '/')
		slash--;
	return slash;
}

/* They stand before the C library's. The real disk is not waited for. */

int
fsync(int fd)
{
	char link[40], path[500];
	ssize_t len;

	if (breaks() == -1)
		return -1;
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	path[len > 0 ? len : 0] = '\0';
	if (disk.waiting == 0)
		disk.waiting = disk.begun;
	buf_printf(&disk.said, "%s\n", last_of(path));
	return 0;
}

int
sync_file_range(int fd, off64_t from, off64_t len, unsigned how)
{
	if (breaks() == -1)
		return -1;
	ck_assert(fd != -1 && from == 0 && len == 0); /* all of it */
	disk.begun += how == SYNC_FILE_RANGE_WRITE;
	return 0;
}

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	buf_puts(&disk.said, "renamed\n");
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

static void
forget(void)
{
	buf_fini(&disk.said);
	memset(&disk, 0, sizeof disk);
	buf_puts(&disk.said, "");
}

static unsigned
count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* The two digits of the parents' names are put in. */
static void
assert_said(const char *expected)
{
	char text[1000];
	size_t n = 0;

	for (; *expected != '\0'; expected++)
		if (*expected == '*')
			n += (size_t)snprintf(text + n, sizeof text - n, "%.2s",
			    id);
		else
			text[n++] = *expected;
	text[n] = '\0';
	ck_assert_str_eq(disk.said.data, text);
}

/* ---- a store ---- */

static void
setup(void)
{
	unsigned char sha[DIGEST_SHA256_LEN];

	tempdir_setup();
	stores_prepare(data);
	store = stores_open(data);
	settings = stores_settings();
	ck_assert_int_eq(digest_sha256("photo", 5, sha), 0);
	photo_id_make(sha, id);
	forget();
}

static void
teardown(void)
{
	buf_fini(&disk.said);
	store_close(store);
	tempdir_teardown();
}

static struct variant
variant_of(unsigned preset, enum format format)
{
	struct variant v = { .format = format, .size = { 4, 3 }, .bytes = 9 };

	memcpy(v.preset, settings.presets[preset].name, sizeof v.preset);
	memcpy(v.recipe, settings.presets[preset].recipe, sizeof v.recipe);
	return v;
}

/* What is here; the caller would hold the lock. */
static struct look
look(void)
{
	struct look here;

	ck_assert_int_eq(publish_look(store, id, &settings, &here, &info), 0);
	return here;
}

static enum fault
add_variant(struct draft *d, struct manifest *m, unsigned preset,
    enum format format)
{
	m->variants[m->n] = variant_of(preset, format);
	return draft_variant(d, &m->variants[m->n++], "123456789", &info);
}

/* The steps of an upload of a new photo, in their order; 0: for ever. */
static enum fault
upload_until(int64_t expires, char token[CLAIM_TOKEN_LEN + 1])
{
	const struct claim c = { .created = 1, .expires = expires };
	struct manifest m = { .format = FORMAT_JPEG,
		.size = { 40, 30 },
		.bytes = 5,
		.color = "#8a7a66",
		.placeholder = "data:image/webp;base64,UklGRgA=" };
	struct look here = look();
	struct spool spool;
	struct draft d;
	enum fault f;

	memcpy(m.id, id, sizeof m.id);
	ck_assert_int_eq(claim_token("", id, token, &info), 0);
	ck_assert_int_eq(spool_init(&spool, store_staging(store), &info), 0);
	ck_assert_int_eq(spool_write(&spool, "photo", 5, &info), 0);
	ck_assert_int_eq(spool_finish(&spool, &info), 0);
	spool_begin(&spool);
	ck_assert_int_eq(draft_open(&d, store, &info), 0);
	if ((f = add_variant(&d, &m, 0, FORMAT_JPEG)) == FAULT_NONE &&
	    (f = add_variant(&d, &m, 1, FORMAT_JPEG)) == FAULT_NONE &&
	    (f = draft_original(&d, &spool, FORMAT_JPEG, &info)) ==
		FAULT_NONE &&
	    (f = draft_wait(&d, &info)) == FAULT_NONE &&
	    (f = draft_claim(&d, id, token, &c, &info)) == FAULT_NONE)
		f = draft_publish(&d, &m, &settings, &here, &info);
	draft_close(&d);
	spool_fini(&spool);
	return f;
}

static enum fault
upload(char token[CLAIM_TOKEN_LEN + 1])
{
	return upload_until(0, token);
}

/* ---- how often it has to wait ---- */

/*
 * Each of them has a rule of the store for its reason, and there is none
 * besides.
 */
START_TEST(an_upload_waits_for_what_it_made_and_for_its_two_names)
{
	char token[CLAIM_TOKEN_LEN + 1];

	ck_assert_int_eq(upload(token), FAULT_NONE);
	assert_said(
	    /* contents: a name, once visible, is whole */
	    "large.00000001.jpg\n"
	    "small.00000002.jpg\n"
	    "original.jpg\n"
	    "sha256\n"
	    "CLAIM\n"
	    /* without its claim's name it would be one that is to go */
	    "claims\n"
	    "meta.json\n"
	    /* the names in what is about to be renamed */
	    "photo\n"
	    "public\n"
	    /* seen; and both parents, before anybody is told that it is kept */
	    "renamed\n"
	    "renamed\n"
	    "photos/*\n"
	    "public/*\n");
	/* So that a journal has one thing to write, not ten. */
	ck_assert_uint_ge(disk.waiting, 7);
}
END_TEST

/* Before anything is seen, or it could stay for ever. */
START_TEST(an_end_costs_its_note_and_the_names_that_lead_there)
{
	char token[CLAIM_TOKEN_LEN + 1];
	const char *note;

	ck_assert_int_eq(upload_until(7200, token), FAULT_NONE);
	note = strstr(disk.said.data, "7200.");
	ck_assert_ptr_nonnull(note);
	note = strchr(note, '\n') + 1;
	ck_assert_ptr_eq(strstr(note, "2\nexpires\nCLAIM\n"), note);
	ck_assert_uint_eq(count_lines(disk.said.data), 13 + 3);
}
END_TEST

START_TEST(a_first_render_waits_for_its_file_and_the_new_public_side)
{
	char token[CLAIM_TOKEN_LEN + 1];
	struct manifest m;
	struct look here;
	struct draft d;

	ck_assert_int_eq(upload(token), FAULT_NONE);
	here = look();
	m = here.manifest;
	m.n = 0;
	forget();
	ck_assert_int_eq(draft_open(&d, store, &info), 0);
	ck_assert_int_eq(add_variant(&d, &m, 0, FORMAT_WEBP), 0);
	ck_assert_int_eq(draft_wait(&d, &info), 0);
	ck_assert_int_eq(draft_publish(&d, &m, &settings, &here, &info), 0);
	assert_said("large.00000001.webp\n"
		    "meta.json\n"
		    "public\n"
		    "renamed\n" /* in exchange for the one that was there */
		    "public/*\n");
	draft_close(&d);
}
END_TEST

START_TEST(a_photo_that_is_here_costs_its_claim)
{
	const struct claim c = { .created = 1 };
	char token[CLAIM_TOKEN_LEN + 1];

	ck_assert_int_eq(upload(token), FAULT_NONE);
	ck_assert_int_eq(claim_token("", id, token, &info), 0);
	forget();
	ck_assert_int_eq(look().presence, PRESENCE_WHOLE);
	ck_assert_int_eq(claim_add(store, id, token, &c, &info), 0);
	ck_assert_uint_eq(disk.begun, 0);
	ck_assert_ptr_nonnull(strstr(disk.said.data, "\nclaims\n"));
	ck_assert_ptr_eq(strchr(strchr(disk.said.data, '\n') + 1, '\n') + 1,
	    disk.said.data + disk.said.len);
}
END_TEST

START_TEST(taking_a_claim_back_waits_for_that_and_the_last_one_for_the_photo)
{
	const struct claim c = { .created = 1 };
	char token[CLAIM_TOKEN_LEN + 1], other[CLAIM_TOKEN_LEN + 1];

	ck_assert_int_eq(upload(token), FAULT_NONE);
	ck_assert_int_eq(claim_token("", id, other, &info), 0);
	ck_assert_int_eq(claim_add(store, id, other, &c, &info), 0);
	forget();
	ck_assert_int_eq(claim_drop(store, id, other, 0, &info), 0);
	assert_said("claims\n");
	forget();
	/* The claim goes with its directory. */
	ck_assert_int_eq(claim_drop(store, id, token, 0, &info), 0);
	assert_said("renamed\n"
		    "renamed\n"
		    "photos/*\n"
		    "public/*\n");
	ck_assert_int_eq(look().presence, PRESENCE_NONE);
}
END_TEST

/* ---- a disk that fails ---- */

START_TEST(an_upload_that_the_disk_fails_at_any_wait_leaves_nothing)
{
	char token[CLAIM_TOKEN_LEN + 1];
	unsigned fds = count_fds(), calls;

	ck_assert_int_eq(upload(token), FAULT_NONE);
	ck_assert_int_eq(claim_drop(store, id, token, 0, &info), 0);
	calls = disk.calls - 2; /* of the deletion */
	ck_assert_uint_gt(calls, 20);
	for (unsigned n = 1; n <= calls; n++) {
		int64_t bytes = store_usage(store);

		forget();
		disk.fail_at = n;
		disk.error = EIO;
		ck_assert_msg(upload(token) != FAULT_NONE, "%u", n);
		ck_assert_msg(look().presence == PRESENCE_NONE, "%u", n);
		ck_assert(store_usage(store) == bytes);
		ck_assert_uint_eq(count_fds(), fds);
	}
	forget();
	ck_assert_int_eq(upload(token), FAULT_NONE);
	ck_assert_int_eq(look().presence, PRESENCE_WHOLE);
}
END_TEST

/* ---- the set ---- */

static int
new_file(unsigned n)
{
	char name[32];

	(void)snprintf(name, sizeof name, "file%u", n);
	return fd_make_file(tempdir_fd(), name, 0600, name, strlen(name));
}

START_TEST(any_number_of_files_is_synced_each_once_in_its_order)
{
	struct durable d = { .n = 0 };
	unsigned fds = count_fds(), many = 2 * DURABLE_MAX + 3;
	const char *line;

	forget();
	for (unsigned n = 0; n < many; n++)
		ck_assert_int_eq(durable_add(&d, new_file(n)), 0);
	ck_assert_int_eq(durable_sync(&d), 0);
	ck_assert_uint_eq(count_lines(disk.said.data), many);
	line = disk.said.data;
	for (unsigned n = 0; n < many; n++, line = strchr(line, '\n') + 1)
		ck_assert_uint_eq((unsigned)strtoul(line + 4, NULL, 10), n);
	ck_assert_uint_eq(count_fds(), fds);
	/* None is left that could be synced again. */
	ck_assert_int_eq(durable_sync(&d), 0);
	ck_assert_uint_eq(count_lines(disk.said.data), many);
}
END_TEST

START_TEST(a_file_that_was_not_opened_is_its_own_error)
{
	struct durable d = { .n = 0 };

	errno = ENOENT;
	ck_assert_int_eq(durable_add(&d, -1), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(durable_add_dir(&d, tempdir_fd(), "nowhere"), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(d.n, 0);
}
END_TEST

START_TEST(a_kernel_that_cannot_begin_early_is_no_failure)
{
	static const int errors[] = { ENOSYS, EINVAL, ESPIPE };
	struct durable d = { .n = 0 };

	for (unsigned i = 0; i < NELEM(errors); i++) {
		forget();
		disk.fail_at = 1;
		disk.error = errors[i];
		ck_assert_int_eq(durable_add(&d, new_file(i)), 0);
		ck_assert_int_eq(durable_sync(&d), 0);
		ck_assert_uint_eq(count_lines(disk.said.data), 1);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("durable");
	TCase *tc = tcase_create("waits");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
	    an_upload_waits_for_what_it_made_and_for_its_two_names);
	tcase_add_test(tc, an_end_costs_its_note_and_the_names_that_lead_there);
	tcase_add_test(tc,
	    a_first_render_waits_for_its_file_and_the_new_public_side);
	tcase_add_test(tc, a_photo_that_is_here_costs_its_claim);
	tcase_add_test(tc,
	    taking_a_claim_back_waits_for_that_and_the_last_one_for_the_photo);
	tcase_add_test(tc,
	    an_upload_that_the_disk_fails_at_any_wait_leaves_nothing);
	suite_add_tcase(s, tc);
	tc = tcase_create("set");
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc,
	    any_number_of_files_is_synced_each_once_in_its_order);
	tcase_add_test(tc, a_file_that_was_not_opened_is_its_own_error);
	tcase_add_test(tc, a_kernel_that_cannot_begin_early_is_no_failure);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
