#include "config.h"

#include "publish.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

static char data[300];
static char no_text[] = "";
static struct store *store;
static struct settings settings;
static struct spool spool;
static char id[PHOTO_ID_LEN + 1];

/* Two presets, one of them in two formats. */
static void
setup(void)
{
	char why[300];

	tempdir_setup();
	(void)snprintf(data, sizeof data, "%s/store", tempdir_path());
	ck_assert_msg(store_prepare(data, why, sizeof why) == 0, "%s", why);
	store = store_open(data, why, sizeof why);
	ck_assert_msg(store != NULL, "%s", why);
	settings = (struct settings){ .prefix = no_text,
		.public_url = no_text,
		.n_presets = 2 };
	settings.presets[0] = (struct preset){ .name = "large",
		.recipe = "00000001",
		.formats = { FORMAT_JPEG, FORMAT_WEBP },
		.n_formats = 2 };
	settings.presets[1] = (struct preset){ .name = "small",
		.recipe = "00000002",
		.formats = { FORMAT_JPEG },
		.n_formats = 1 };
}

static void
teardown(void)
{
	spool_fini(&spool);
	store_close(store);
	tempdir_teardown();
}

/* A photo of these bytes in the spool. */
static void
receive(const char *bytes)
{
	struct fault_info info;

	spool_fini(&spool);
	ck_assert_int_eq(spool_init(&spool, store_staging(store), &info), 0);
	ck_assert_int_eq(spool_write(&spool, bytes, strlen(bytes), &info), 0);
	ck_assert_int_eq(spool_finish(&spool, &info), 0);
	memcpy(id, spool.id, sizeof id);
}

/* All files of the present settings, with made-up contents. */
static void
draft_all(struct draft *d, struct manifest *m)
{
	struct fault_info info;

	*m = (struct manifest){ .format = FORMAT_JPEG,
		.size = { 40, 30 },
		.bytes = spool.len,
		.color = "#8a7a66",
		.placeholder = "data:image/webp;base64,UklGRgA=" };
	memcpy(m->id, spool.id, sizeof m->id);
	ck_assert_int_eq(draft_open(d, store, &info), FAULT_NONE);
	ck_assert_int_eq(draft_original(d, &spool, FORMAT_JPEG, &info), 0);
	for (unsigned p = 0; p < settings.n_presets; p++)
		for (unsigned f = 0; f < settings.presets[p].n_formats; f++) {
			struct variant *v = &m->variants[m->n++];

			*v = (struct variant){
				.format = settings.presets[p].formats[f],
				.size = { 4, 3 },
				.bytes = 5 + m->n
			};
			memcpy(v->preset, settings.presets[p].name,
			    sizeof v->preset);
			memcpy(v->recipe, settings.presets[p].recipe,
			    sizeof v->recipe);
			ck_assert_int_eq(draft_variant(d, v, "123456789",
					     &info),
			    FAULT_NONE);
		}
}

static enum fault
publish(enum presence presence)
{
	struct fault_info info;
	struct manifest m;
	struct draft d;
	enum fault f;

	draft_all(&d, &m);
	f = draft_publish(&d, &m, &settings, presence, &info);
	draft_close(&d);
	return f;
}

static enum presence
look(struct manifest *m)
{
	struct fault_info info;
	enum presence presence;

	ck_assert_int_eq(store_look(store, id, &settings, m, &presence, &info),
	    FAULT_NONE);
	return presence;
}

static const char *
path_of(const char *side, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof path, "%s/%s/%.2s/%s/%s", data, side, id,
	    id, name);
	return path;
}

static struct stat
stat_of(const char *side, const char *name)
{
	struct stat st;

	ck_assert_msg(stat(path_of(side, name), &st) == 0, "%s", name);
	return st;
}

START_TEST(a_published_photo_is_whole_and_leaves_nothing_behind)
{
	unsigned fds = count_fds();
	struct manifest m;

	receive("photo");
	ck_assert_int_eq(look(&m), PRESENCE_NONE);
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	ck_assert_int_eq(look(&m), PRESENCE_WHOLE);
	ck_assert_uint_eq(m.n, 3);
	ck_assert_str_eq(m.variants[1].preset, "large");
	ck_assert_int_eq(m.variants[1].format, FORMAT_WEBP);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(nginx_may_read_the_public_side_whatever_the_umask)
{
	(void)umask(077);
	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	ck_assert_uint_eq(stat_of("public", ".").st_mode & 07777, 0755);
	ck_assert_uint_eq(stat_of("public", "meta.json").st_mode & 07777, 0644);
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_mode & 07777, 0644);
	ck_assert_uint_eq(stat_of("photos", ".").st_mode & 07777, 0700);
	ck_assert_uint_eq(stat_of("photos", "original.jpg").st_mode & 07777,
	    0600);
}
END_TEST

START_TEST(the_plain_name_is_the_file_of_the_present_recipe)
{
	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_ino,
	    stat_of("public", "large.00000001.jpg").st_ino);
	ck_assert_uint_eq(stat_of("public", "large.webp").st_ino,
	    stat_of("public", "large.00000001.webp").st_ino);
}
END_TEST

START_TEST(a_second_commit_of_the_same_photo_fails_and_changes_nothing)
{
	ino_t was;
	struct manifest m;

	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	was = stat_of("photos", "original.jpg").st_ino;
	receive("photo");
	ck_assert_int_ne(publish(PRESENCE_NONE), FAULT_NONE);
	ck_assert_uint_eq(stat_of("photos", "original.jpg").st_ino, was);
	ck_assert_int_eq(look(&m), PRESENCE_WHOLE);
}
END_TEST

/* What may have gone missing or wrong in a stored photo. */
static const struct {
	const char *why;
	const char *side, *name;
	const char *content; /* NULL: removed; else replaced by this */
} damages[] = {
	{ "no manifest", "public", "meta.json", NULL },
	{ "a manifest that is none", "public", "meta.json", "{}" },
	{ "a file missing", "public", "small.00000002.jpg", NULL },
	{ "a file too short", "public", "small.00000002.jpg", "1" },
	{ "a plain name missing", "public", "large.webp", NULL },
	{ "a plain name of another file", "public", "large.webp", "1234567" },
	{ "an original missing", "photos", "original.jpg", NULL },
	{ "an original too short", "photos", "original.jpg", "ph" },
};

START_TEST(what_is_damaged_is_seen_and_mended_by_the_same_upload)
{
	const char *path;
	struct manifest m;

	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	path = path_of(damages[_i].side, damages[_i].name);
	ck_assert_int_eq(unlink(path), 0);
	if (damages[_i].content != NULL)
		ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0644,
				     damages[_i].content,
				     strlen(damages[_i].content)),
		    0);
	ck_assert_msg(look(&m) == PRESENCE_PARTIAL, "%s", damages[_i].why);
	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_PARTIAL), FAULT_NONE);
	ck_assert_msg(look(&m) == PRESENCE_WHOLE, "%s", damages[_i].why);
	ck_assert_uint_eq(stat_of("photos", "original.jpg").st_size, 5);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_lost_public_side_comes_back)
{
	struct manifest m;

	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	ck_assert_int_eq(fd_remove_tree(AT_FDCWD, path_of("public", ".")), -1);
	ck_assert_int_eq(rmdir(path_of("public", "")), 0);
	ck_assert_int_eq(look(&m), PRESENCE_PARTIAL);
	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_PARTIAL), FAULT_NONE);
	ck_assert_int_eq(look(&m), PRESENCE_WHOLE);
}
END_TEST

START_TEST(a_public_side_without_its_photo_is_replaced_whole)
{
	struct manifest m;

	receive("photo");
	ck_assert_int_eq(mkdir(path_of("public", ""), 0755), 0);
	ck_assert_int_eq(fd_write_file(AT_FDCWD, path_of("public", "stale.jpg"),
			     0644, "x", 1),
	    0);
	ck_assert_int_eq(look(&m), PRESENCE_NONE);
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	ck_assert_int_eq(look(&m), PRESENCE_WHOLE);
	ck_assert_int_eq(access(path_of("public", "stale.jpg"), F_OK), -1);
}
END_TEST

START_TEST(other_settings_make_a_photo_partial_and_keep_the_old_files)
{
	struct manifest m;
	time_t before;

	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	before = stat_of("public", "meta.json").st_mtim.tv_sec;
	memcpy(settings.presets[0].recipe, "00000009", RECIPE_LEN + 1);
	ck_assert_int_eq(look(&m), PRESENCE_PARTIAL);
	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_PARTIAL), FAULT_NONE);
	ck_assert_int_eq(look(&m), PRESENCE_WHOLE);
	ck_assert_str_eq(m.variants[0].recipe, "00000009");
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_ino,
	    stat_of("public", "large.00000009.jpg").st_ino);
	ck_assert_uint_gt(stat_of("public", "large.00000001.jpg").st_size, 0);
	ck_assert_int_ge(stat_of("public", "meta.json").st_mtim.tv_sec,
	    before + 1);
}
END_TEST

/* Other settings that mean the same files. */
static void
move_elsewhere(void)
{
	static char media[] = "/media";

	settings.prefix = media;
}

static void
drop_a_preset(void)
{
	settings.n_presets = 1;
}

static void (*const changes[])(void) = { move_elsewhere, drop_a_preset };

START_TEST(a_manifest_of_other_settings_is_written_anew)
{
	struct fault_info info;
	enum presence presence;
	struct manifest m;
	time_t before;
	ino_t file;

	receive("photo");
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_NONE);
	before = stat_of("public", "meta.json").st_mtim.tv_sec;
	file = stat_of("public", "large.jpg").st_ino;
	changes[_i]();
	ck_assert_int_eq(look(&m), PRESENCE_STALE);
	ck_assert_int_eq(publish_look(store, id, &settings, &m, &presence,
			     &info),
	    FAULT_NONE);
	ck_assert_int_eq(presence, PRESENCE_WHOLE);
	ck_assert_int_eq(look(&m), PRESENCE_WHOLE);
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_ino, file);
	ck_assert_int_ge(stat_of("public", "meta.json").st_mtim.tv_sec,
	    before + 1);
	ck_assert_uint_eq(stat_of("public", "meta.json").st_mode & 07777, 0644);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_publish_that_cannot_finish_takes_its_commit_back)
{
	struct manifest m;
	char parent[400];

	receive("photo");
	/* The public side's parent is gone: the second rename must fail. */
	(void)snprintf(parent, sizeof parent, "%s/public/%.2s", data, id);
	ck_assert_int_eq(rmdir(parent), 0);
	ck_assert_int_eq(publish(PRESENCE_NONE), FAULT_INTERNAL);
	ck_assert_int_eq(look(&m), PRESENCE_NONE);
	ck_assert_int_eq(access(path_of("photos", "."), F_OK), -1);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_draft_that_was_given_up_leaves_nothing)
{
	struct manifest m;
	struct draft d;

	receive("photo");
	draft_all(&d, &m);
	draft_close(&d);
	draft_close(&d);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	ck_assert_int_eq(look(&m), PRESENCE_NONE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("publish");
	TCase *new = tcase_create("new");
	TCase *mend = tcase_create("mend");

	tcase_add_checked_fixture(new, setup, teardown);
	tcase_add_checked_fixture(mend, setup, teardown);
	tcase_set_timeout(new, 30);
	tcase_set_timeout(mend, 30);
	tcase_add_test(new,
	    a_published_photo_is_whole_and_leaves_nothing_behind);
	tcase_add_test(new, nginx_may_read_the_public_side_whatever_the_umask);
	tcase_add_test(new, the_plain_name_is_the_file_of_the_present_recipe);
	tcase_add_test(new,
	    a_second_commit_of_the_same_photo_fails_and_changes_nothing);
	tcase_add_test(new, a_publish_that_cannot_finish_takes_its_commit_back);
	tcase_add_test(new, a_draft_that_was_given_up_leaves_nothing);
	tcase_add_loop_test(mend,
	    what_is_damaged_is_seen_and_mended_by_the_same_upload, 0,
	    NELEM(damages));
	tcase_add_loop_test(mend, a_manifest_of_other_settings_is_written_anew,
	    0, NELEM(changes));
	tcase_add_test(mend, a_lost_public_side_comes_back);
	tcase_add_test(mend, a_public_side_without_its_photo_is_replaced_whole);
	tcase_add_test(mend,
	    other_settings_make_a_photo_partial_and_keep_the_old_files);
	suite_add_tcase(s, new);
	suite_add_tcase(s, mend);
	return run_suite(s);
}
