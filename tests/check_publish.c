#include "config.h"

#include "publish.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

static char data[STORE_PATH_MAX];
static struct store *store;
static struct settings settings;
static struct spool spool;
static char id[PHOTO_ID_LEN + 1];
static enum engine engine; /* that makes the files */

/* Two presets, one of them in two formats. */
static void
setup(void)
{
	tempdir_setup();
	stores_prepare(data);
	store = stores_open(data);
	settings = stores_settings();
	engine = ENGINE_MAGICK;
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

/* The wanted files of the present settings, with made-up contents. */
static void
draft_some(struct draft *d, struct manifest *m, const struct wanted *wanted)
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
			struct variant *v;

			if ((wanted->formats[p] & 1U << f) == 0)
				continue;
			v = &m->variants[m->n++];

			*v = (struct variant){
				.format = settings.presets[p].formats[f],
				.size = { 4, 3 },
				.bytes = 5 + m->n,
				.engine = engine
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

/* Look as whoever publishes does: finishing what was left, and under no lock. */
static struct look
look(void)
{
	struct fault_info info;
	struct look out;

	ck_assert_int_eq(publish_look(store, id, &settings, &out, &info),
	    FAULT_NONE);
	return out;
}

/* What is to be seen, without touching it. */
static enum presence
presence(void)
{
	struct fault_info info;
	struct look out;

	ck_assert_int_eq(store_look(store, id, &settings, &out, &info),
	    FAULT_NONE);
	return out.presence;
}

static enum fault
publish_some(const struct look *was, const struct wanted *wanted)
{
	struct fault_info info;
	struct manifest m;
	struct draft d;
	enum fault f;

	draft_some(&d, &m, wanted);
	f = draft_publish(&d, &m, &settings, was, &info);
	draft_close(&d);
	return f;
}

/* All that the settings mean. */
static enum fault
publish(void)
{
	struct look was = look();
	struct wanted all;

	wanted_all(&settings, &all);
	return publish_some(&was, &all);
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
	struct look l;

	receive("photo");
	ck_assert_int_eq(presence(), PRESENCE_NONE);
	ck_assert_int_eq(publish(), FAULT_NONE);
	l = look();
	ck_assert_int_eq(l.presence, PRESENCE_WHOLE);
	ck_assert_uint_eq(l.manifest.n, 3);
	ck_assert_str_eq(l.manifest.variants[1].preset, "large");
	ck_assert_int_eq(l.manifest.variants[1].format, FORMAT_WEBP);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

START_TEST(nginx_may_read_the_public_side_whatever_the_umask)
{
	(void)umask(077);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
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
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_ino,
	    stat_of("public", "large.00000001.jpg").st_ino);
	ck_assert_uint_eq(stat_of("public", "large.webp").st_ino,
	    stat_of("public", "large.00000001.webp").st_ino);
}
END_TEST

START_TEST(a_second_commit_of_the_same_photo_fails_and_changes_nothing)
{
	struct look none;
	struct wanted all;
	ino_t was;

	receive("photo");
	none = look();
	wanted_all(&settings, &all);
	ck_assert_int_eq(publish(), FAULT_NONE);
	was = stat_of("photos", "original.jpg").st_ino;
	receive("photo");
	ck_assert_int_ne(publish_some(&none, &all), FAULT_NONE);
	ck_assert_uint_eq(stat_of("photos", "original.jpg").st_ino, was);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
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
	{ "a plain name missing", "public", "small.jpg", NULL },
	{ "a plain name of another file", "public", "small.jpg", "1234567" },
	{ "an original missing", "photos", "original.jpg", NULL },
	{ "an original too short", "photos", "original.jpg", "ph" },
};

START_TEST(what_is_damaged_is_seen_and_mended_by_the_same_upload)
{
	const char *path;

	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	path = path_of(damages[_i].side, damages[_i].name);
	ck_assert_int_eq(unlink(path), 0);
	if (damages[_i].content != NULL)
		ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0644,
				     damages[_i].content,
				     strlen(damages[_i].content)),
		    0);
	ck_assert_msg(presence() == PRESENCE_PARTIAL, "%s", damages[_i].why);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_msg(presence() == PRESENCE_WHOLE, "%s", damages[_i].why);
	ck_assert_uint_eq(stat_of("photos", "original.jpg").st_size, 5);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_lost_public_side_comes_back)
{
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(fd_remove_tree(AT_FDCWD, path_of("public", ".")), -1);
	ck_assert_int_eq(rmdir(path_of("public", "")), 0);
	ck_assert_int_eq(presence(), PRESENCE_PARTIAL);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
}
END_TEST

START_TEST(a_public_side_without_its_photo_is_replaced_whole)
{
	receive("photo");
	ck_assert_int_eq(mkdir(path_of("public", ""), 0755), 0);
	ck_assert_int_eq(fd_write_file(AT_FDCWD, path_of("public", "stale.jpg"),
			     0644, "x", 1),
	    0);
	ck_assert_int_eq(presence(), PRESENCE_NONE);
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
	ck_assert_int_eq(access(path_of("public", "stale.jpg"), F_OK), -1);
}
END_TEST

START_TEST(other_settings_make_a_photo_partial_and_keep_the_old_files)
{
	time_t before;

	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	before = stat_of("public", "meta.json").st_mtim.tv_sec;
	memcpy(settings.presets[0].recipe, "00000009", RECIPE_LEN + 1);
	ck_assert_int_eq(presence(), PRESENCE_PARTIAL);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
	ck_assert_str_eq(look().manifest.variants[0].recipe, "00000009");
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
	time_t before;
	ino_t file;

	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	before = stat_of("public", "meta.json").st_mtim.tv_sec;
	file = stat_of("public", "large.jpg").st_ino;
	changes[_i]();
	ck_assert_int_eq(presence(), PRESENCE_STALE);
	ck_assert_int_eq(look().presence, PRESENCE_WHOLE);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_ino, file);
	ck_assert_int_ge(stat_of("public", "meta.json").st_mtim.tv_sec,
	    before + 1);
	ck_assert_uint_eq(stat_of("public", "meta.json").st_mode & 07777, 0644);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_publish_that_cannot_finish_takes_its_commit_back)
{
	char parent[400];

	receive("photo");
	/* The public side's parent is gone: the second rename must fail. */
	(void)snprintf(parent, sizeof parent, "%s/public/%.2s", data, id);
	ck_assert_int_eq(rmdir(parent), 0);
	ck_assert_int_eq(publish(), FAULT_INTERNAL);
	ck_assert_int_eq(presence(), PRESENCE_NONE);
	ck_assert_int_eq(access(path_of("photos", "."), F_OK), -1);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_draft_that_was_given_up_leaves_nothing)
{
	struct manifest m;
	struct wanted all;
	struct draft d;

	receive("photo");
	wanted_all(&settings, &all);
	draft_some(&d, &m, &all);
	draft_close(&d);
	draft_close(&d);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	ck_assert_int_eq(presence(), PRESENCE_NONE);
}
END_TEST

/* ---- a part of the files ---- */

static const struct wanted first_of_large = { .formats = { 1 } };
static const struct wanted webp_of_large = { .formats = { 2 } };

static void
publish_at_upload(void)
{
	struct look was;
	struct wanted first;

	receive("photo");
	was = look();
	wanted_at_upload(&settings, &first);
	ck_assert_int_eq(publish_some(&was, &first), FAULT_NONE);
}

static void
add_files(const struct wanted *wanted)
{
	struct look was = look();

	receive("photo");
	ck_assert_int_eq(publish_some(&was, wanted), FAULT_NONE);
}

START_TEST(a_photo_is_whole_with_the_files_of_an_upload)
{
	struct look l;

	publish_at_upload();
	l = look();
	ck_assert_int_eq(l.presence, PRESENCE_WHOLE);
	ck_assert(wanted_is_empty(&l.missing));
	ck_assert_uint_eq(l.manifest.n, 2);
	ck_assert_int_eq(access(path_of("public", "large.webp"), F_OK), -1);
}
END_TEST

START_TEST(a_file_that_is_made_later_joins_the_others_in_the_settings_order)
{
	struct look l;
	time_t before;
	ino_t jpeg;

	publish_at_upload();
	before = stat_of("public", "meta.json").st_mtim.tv_sec;
	jpeg = stat_of("public", "large.jpg").st_ino;
	add_files(&webp_of_large);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
	l = look();
	ck_assert_uint_eq(l.manifest.n, 3);
	ck_assert_int_eq(l.manifest.variants[0].format, FORMAT_JPEG);
	ck_assert_int_eq(l.manifest.variants[1].format, FORMAT_WEBP);
	ck_assert_str_eq(l.manifest.variants[2].preset, "small");
	ck_assert_uint_eq(stat_of("public", "large.jpg").st_ino, jpeg);
	ck_assert_int_ge(stat_of("public", "meta.json").st_mtim.tv_sec,
	    before + 1);
}
END_TEST

START_TEST(a_later_file_that_is_lost_is_no_longer_told_of)
{
	publish_at_upload();
	add_files(&webp_of_large);
	ck_assert_int_eq(unlink(path_of("public", "large.webp")), 0);
	ck_assert_int_eq(presence(), PRESENCE_STALE);
	ck_assert_uint_eq(look().manifest.n, 2);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
}
END_TEST

START_TEST(a_new_recipe_takes_the_plain_names_from_all_formats_of_its_preset)
{
	struct look l;

	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	memcpy(settings.presets[0].recipe, "00000009", RECIPE_LEN + 1);
	memcpy(settings.presets[1].recipe, "00000009", RECIPE_LEN + 1);
	l = look();
	ck_assert_uint_eq(l.missing.formats[0], 1);
	ck_assert_uint_eq(l.missing.formats[1], 1);
	ck_assert_uint_eq(l.manifest.n, 3);
	add_files(&first_of_large);

	l = look();
	ck_assert_int_eq(l.presence, PRESENCE_PARTIAL);
	ck_assert_uint_eq(l.missing.formats[0], 0);
	ck_assert_uint_eq(l.missing.formats[1], 1);
	ck_assert_uint_eq(l.manifest.n, 2);
	ck_assert_str_eq(l.manifest.variants[0].recipe, "00000009");
	/* The preset that nobody touched is told of as it is. */
	ck_assert_str_eq(l.manifest.variants[1].preset, "small");
	ck_assert_str_eq(l.manifest.variants[1].recipe, "00000002");
	ck_assert_int_eq(access(path_of("public", "large.webp"), F_OK), -1);
	ck_assert_int_eq(access(path_of("public", "large.00000001.webp"), F_OK),
	    0);
}
END_TEST

/* The first byte stands for the content. */
static void
mark(const char *name)
{
	FILE *f = fopen(path_of("public", name), "r+");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fputc('M', f), 'M');
	ck_assert_int_eq(fclose(f), 0);
}

static int
first_byte(const char *name)
{
	FILE *f = fopen(path_of("public", name), "r");
	int c;

	ck_assert_ptr_nonnull(f);
	c = fgetc(f);
	(void)fclose(f);
	return c;
}

START_TEST(a_file_of_the_same_recipe_is_not_written_over)
{
	struct look l;

	publish_at_upload();
	mark("small.00000002.jpg");
	memcpy(settings.presets[0].recipe, "00000009", RECIPE_LEN + 1);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
	ck_assert_int_eq(first_byte("small.00000002.jpg"), 'M');
	ck_assert_int_eq(first_byte("small.jpg"), 'M');
	/* Back to the first recipe, which meta.json no longer tells of. */
	mark("large.00000001.jpg");
	ck_assert_int_eq(first_byte("large.jpg"), '1');
	memcpy(settings.presets[0].recipe, "00000001", RECIPE_LEN + 1);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(presence(), PRESENCE_WHOLE);
	ck_assert_int_eq(first_byte("large.00000001.jpg"), 'M');
	ck_assert_int_eq(first_byte("large.jpg"), 'M');
	l = look();
	ck_assert_uint_eq(l.manifest.variants[0].bytes,
	    stat_of("public", "large.jpg").st_size);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

static enum engine
engine_of(unsigned preset, enum format format)
{
	struct look l = look();
	const struct variant *v =
	    manifest_find(&l.manifest, &settings.presets[preset], format);

	ck_assert_ptr_nonnull(v);
	return v->engine;
}

START_TEST(a_file_that_stays_is_still_by_its_own_engine)
{
	engine = ENGINE_PLANES;
	publish_at_upload();
	ck_assert_int_eq(engine_of(0, FORMAT_JPEG), ENGINE_PLANES);
	engine = ENGINE_MAGICK;
	memcpy(settings.presets[0].recipe, "00000009", RECIPE_LEN + 1);
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	ck_assert_int_eq(engine_of(0, FORMAT_JPEG), ENGINE_MAGICK);
	ck_assert_int_eq(engine_of(1, FORMAT_JPEG), ENGINE_PLANES);
}
END_TEST

/* Preset 0 under another recipe, and under its own again. */
static void
publish_there_and_back(const char *meanwhile, off_t len)
{
	const char *const recipes[] = { "00000009", "00000001" };

	publish_at_upload();
	for (unsigned i = 0; i < 2; i++) {
		memcpy(settings.presets[0].recipe, recipes[i], RECIPE_LEN + 1);
		receive("photo");
		ck_assert_int_eq(publish(), FAULT_NONE);
		if (i == 0)
			ck_assert_int_eq(truncate(path_of("public", meanwhile),
					     len),
			    0);
	}
}

START_TEST(a_file_that_is_not_told_of_is_judged_by_its_length)
{
	engine = ENGINE_PLANES;
	publish_there_and_back("large.00000001.jpg", _i == 0 ? 6 : 8);
	ck_assert_int_eq(engine_of(0, FORMAT_JPEG),
	    _i == 0 ? ENGINE_PLANES : ENGINE_MAGICK);
}
END_TEST

START_TEST(a_format_that_is_no_longer_configured_keeps_no_plain_name)
{
	receive("photo");
	ck_assert_int_eq(publish(), FAULT_NONE);
	settings.presets[0].n_formats = 1;
	memcpy(settings.presets[0].recipe, "00000009", RECIPE_LEN + 1);
	add_files(&first_of_large);
	ck_assert_int_eq(access(path_of("public", "large.webp"), F_OK), -1);
}
END_TEST

START_TEST(two_formats_never_have_the_same_time)
{
	time_t jpeg, webp, now = time(NULL);

	publish_at_upload();
	add_files(&webp_of_large);
	jpeg = stat_of("public", "large.jpg").st_mtim.tv_sec;
	webp = stat_of("public", "large.webp").st_mtim.tv_sec;
	ck_assert_int_eq(jpeg % FORMAT_COUNT, FORMAT_JPEG);
	ck_assert_int_eq(webp % FORMAT_COUNT, FORMAT_WEBP);
	ck_assert_int_le(jpeg, time(NULL));
	ck_assert_int_le(webp, time(NULL));
	ck_assert_int_gt(webp, now - 2 * FORMAT_COUNT);
}
END_TEST

START_TEST(the_bytes_of_all_photos_are_counted)
{
	int64_t counted;

	ck_assert_int_eq(store_usage(store), 0);
	publish_at_upload();
	/* The original's 5, and as draft_some makes them 6 and 7. */
	ck_assert_int_eq(store_usage(store), 5 + 6 + 7);
	ck_assert_int_eq(store_photos(store), 1);
	add_files(&webp_of_large);
	add_files(&webp_of_large);
	ck_assert_int_eq(store_photos(store), 1);
	counted = store_usage(store);
	for (unsigned part = 0; part < 1024; part++)
		ck_assert_int_eq(store_recount(store, part), 0);
	ck_assert_int_eq(store_usage(store), counted);
}
END_TEST

START_TEST(the_sum_lies_with_the_original_for_nobody_else)
{
	char *text, want[DIGEST_HEX_LEN + 1];
	size_t len;

	publish_at_upload();
	digest_hex(spool.sha, want);
	ck_assert_int_eq(fd_read_file(AT_FDCWD, path_of("photos", "sha256"),
			     100, &text, &len),
	    0);
	ck_assert_str_eq(text, want);
	ck_assert_uint_eq(stat_of("photos", "sha256").st_mode & 07777, 0600);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("publish");
	TCase *new = tcase_create("new");
	TCase *mend = tcase_create("mend");
	TCase *part = tcase_create("part");

	tcase_add_checked_fixture(part, setup, teardown);
	tcase_set_timeout(part, 30);
	tcase_add_test(part, a_photo_is_whole_with_the_files_of_an_upload);
	tcase_add_test(part,
	    a_file_that_is_made_later_joins_the_others_in_the_settings_order);
	tcase_add_test(part, a_later_file_that_is_lost_is_no_longer_told_of);
	tcase_add_test(part,
	    a_new_recipe_takes_the_plain_names_from_all_formats_of_its_preset);
	tcase_add_test(part,
	    a_format_that_is_no_longer_configured_keeps_no_plain_name);
	tcase_add_test(part, a_file_of_the_same_recipe_is_not_written_over);
	tcase_add_test(part, a_file_that_stays_is_still_by_its_own_engine);
	tcase_add_loop_test(part,
	    a_file_that_is_not_told_of_is_judged_by_its_length, 0, 2);
	tcase_add_test(part, two_formats_never_have_the_same_time);
	tcase_add_test(part, the_bytes_of_all_photos_are_counted);
	tcase_add_test(part, the_sum_lies_with_the_original_for_nobody_else);
	suite_add_tcase(s, part);

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
