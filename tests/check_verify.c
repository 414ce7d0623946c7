#include "config.h"

#include "store_verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "claim.h"
#include "claim_verify.h"
#include "fdio.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

#define BYTES "the bytes of a photo"
#define CLAIM_FILE \
	"00000000000000000000000000000000000000000000000000000000000000aa"
#define OTHER "xj4bnp4pahh6uqkbidpf3lrcem"

static char data[STORE_PATH_MAX];
static struct store *store;
static struct settings settings;
static char id[PHOTO_ID_LEN + 1];
static char sum[DIGEST_HEX_LEN + 1];

/* A path in the store, "@" in it stands for "ab/<id>"; valid until the next but one. */
static const char *
at(const char *name)
{
	static char paths[2][600];
	static unsigned n;
	char *path = paths[n++ % 2];
	const char *mark = strchr(name, '@');

	if (mark == NULL)
		(void)snprintf(path, 600, "%s/%s", data, name);
	else
		(void)snprintf(path, 600, "%s/%.*s%.2s/%s%s", data,
		    (int)(mark - name), name, id, id, mark + 1);
	return path;
}

static void
put(const char *name, const char *text)
{
	(void)unlink(at(name));
	ck_assert_int_eq(fd_write_file(AT_FDCWD, at(name), 0600, text,
			     strlen(text)),
	    0);
}

static void
put_dir(const char *name)
{
	ck_assert_int_eq(mkdir(at(name), 0700), 0);
}

static void
take(const char *name)
{
	if (unlink(at(name)) == -1)
		ck_assert_int_eq(fd_remove_tree(AT_FDCWD, at(name)), 0);
}

static bool
is_there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

static void
put_thumbnail(const char *file, const char *name, const char *text)
{
	put(file, text);
	ck_assert_int_eq(link(at(file), at(name)), 0);
}

static void
put_meta(uint64_t bytes)
{
	struct manifest m = { .format = FORMAT_JPEG,
		.size = { 40, 30 },
		.bytes = bytes,
		.color = "#8a7a66",
		.placeholder = "data:image/webp;base64,UklGRgA=",
		.n = 2 };
	struct buf text = { 0 };

	memcpy(m.id, id, sizeof id);
	m.variants[0] = (struct variant){ .preset = "large",
		.recipe = "00000001",
		.format = FORMAT_JPEG,
		.size = { 4, 3 },
		.bytes = 5 };
	m.variants[1] = (struct variant){ .preset = "small",
		.recipe = "00000002",
		.format = FORMAT_JPEG,
		.size = { 2, 1 },
		.bytes = 6 };
	manifest_write(&m, &settings, &text);
	put("public/@/meta.json", text.data);
	buf_fini(&text);
}

/* Two presets, the first in two formats, and a photo with the first of each. */
static void
setup(void)
{
	unsigned char sha[DIGEST_SHA256_LEN];
	char why[300];

	tempdir_setup();
	stores_prepare(data);
	settings = stores_settings();

	ck_assert_int_eq(digest_sha256(BYTES, strlen(BYTES), sha), 0);
	photo_id_make(sha, id);
	digest_hex(sha, sum);
	put_dir("photos/@");
	put_dir("photos/@/claims");
	put_dir("public/@");
	put("photos/@/original.jpg", BYTES);
	put("photos/@/sha256", sum);
	put("photos/@/claims/" CLAIM_FILE, "owner=\ncreated=1\nexpires=0\n");
	put_thumbnail("public/@/large.00000001.jpg", "public/@/large.jpg",
	    "12345");
	put_thumbnail("public/@/small.00000002.jpg", "public/@/small.jpg",
	    "123456");
	put_meta(strlen(BYTES));
	(void)unlink(at("state/usage"));
	(void)unlink(at("state/photos"));
	store = store_open(data, why, sizeof why);
	ck_assert_msg(store != NULL, "%s", why);
}

static void
teardown(void)
{
	store_close(store);
	tempdir_teardown();
}

/* "corrupt broken": what is found, in order. */
static const char *
words(const struct findings *findings)
{
	static char text[400];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < findings->n; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
		    i > 0 ? " " : "", damage_name(findings->list[i].damage));
	return text;
}

static void
examine(struct examined *e)
{
	struct fault_info info;

	ck_assert_int_eq(store_examine(store, id, &settings, e, &info),
	    FAULT_NONE);
	ck_assert_int_eq(claim_examine(store, id, &e->findings, &info),
	    FAULT_NONE);
}

static void
assert_found(const char *what)
{
	struct examined e;

	examine(&e);
	ck_assert_str_eq(words(&e.findings), what);
	examined_fini(&e);
}

/* ---- what is damage ---- */

static void
corrupt(void)
{
	put("photos/@/original.jpg", "the bytes of a ghost");
}

static void
lose(void)
{
	take("photos/@/original.jpg");
}

static void
confuse_sum(void)
{
	put("photos/@/sha256", CLAIM_FILE);
}

static void
lengthen_sum(void)
{
	put("photos/@/sha256", CLAIM_FILE CLAIM_FILE);
}

static void
orphan(void)
{
	take("photos/@");
}

static void
forsake(void)
{
	take("photos/@/claims/" CLAIM_FILE);
}

static void
ban(void)
{
	char path[100];

	(void)snprintf(path, sizeof path, "state/banned/%.2s", id);
	put_dir(path);
	put("state/banned/@", "");
}

static void
hide(void)
{
	take("public/@");
}

static void
lose_meta(void)
{
	take("public/@/meta.json");
}

static void
spoil_meta(void)
{
	put("public/@/meta.json", "{");
}

static void
lie_in_meta(void)
{
	put_meta(7);
}

static void
lose_file(void)
{
	take("public/@/small.00000002.jpg");
}

static void
cut_file(void)
{
	ck_assert_int_eq(truncate(at("public/@/small.jpg"), 3), 0);
}

static void
lose_link(void)
{
	take("public/@/small.jpg");
}

static void
part_link(void)
{
	put("public/@/small.jpg", "123456");
}

static void
make_symlink(void)
{
	take("public/@/small.jpg");
	ck_assert_int_eq(symlink("small.00000002.jpg",
			     at("public/@/small.jpg")),
	    0);
}

static void
add_unlisted(void)
{
	put_thumbnail("public/@/large.00000001.webp", "public/@/large.webp",
	    "1");
}

static void
add_stranger(void)
{
	put("photos/@/notes.txt", "mine");
	put("public/@/Large.jpg", "mine");
	put("photos/@/claims/mine", "");
}

static void
add_original(void)
{
	put("photos/@/original.png", "another");
}

static void
lose_note(void)
{
	put("photos/@/claims/" CLAIM_FILE,
	    "owner=\ncreated=1\nexpires=99999999999\n");
}

#define LARGE_JPEG 1
#define LARGE_WEBP 2

static const struct {
	void (*damage)(void);
	const char *found;
	const char *left;      /* when it is mended, but for the rendering */
	unsigned large, small; /* formats that are to be rendered */
} damages[] = {
	{ corrupt, "corrupt", "corrupt", 0, 0 },
	{ lose, "lost", "lost", 0, 0 },
	{ confuse_sum, "sum", "", 0, 0 },
	{ lengthen_sum, "sum", "", 0, 0 },
	{ orphan, "orphan", "", 0, 0 },
	{ forsake, "unclaimed", "", 0, 0 },
	{ hide, "unpublished", "unpublished", LARGE_JPEG, 1 },
	{ lose_meta, "meta", "meta", LARGE_JPEG, 1 },
	{ spoil_meta, "meta", "meta", LARGE_JPEG, 1 },
	{ lie_in_meta, "meta", "meta", LARGE_JPEG, 1 },
	{ lose_file, "broken", "broken", 0, 1 },
	{ cut_file, "broken", "broken", 0, 1 },
	{ lose_link, "broken", "broken", 0, 1 },
	{ part_link, "broken", "broken", 0, 1 },
	{ make_symlink, "unknown broken", "unknown broken", 0, 1 },
	{ add_unlisted, "unlisted", "unlisted", LARGE_WEBP, 0 },
	{ add_stranger, "unknown unknown unknown", "unknown unknown unknown", 0,
	    0 },
	{ add_original, "unknown", "unknown", 0, 0 },
	{ lose_note, "note", "", 0, 0 },
};

START_TEST(a_damage_is_found_and_mended)
{
	struct fault_info info;
	struct wanted wanted = { 0 };
	struct examined e;
	bool renders;

	damages[_i].damage();
	examine(&e);
	ck_assert_str_eq(words(&e.findings), damages[_i].found);
	ck_assert_int_eq(store_mend(store, &e, &settings, &renders, &wanted,
			     &info),
	    FAULT_NONE);
	ck_assert_int_eq(claim_mend(store, id, &info), FAULT_NONE);
	ck_assert_int_eq(renders,
	    damages[_i].large != 0 || damages[_i].small != 0);
	if (renders) {
		ck_assert_uint_eq(wanted.formats[0], damages[_i].large);
		ck_assert_uint_eq(wanted.formats[1], damages[_i].small);
	}
	examined_fini(&e);
	assert_found(damages[_i].left);
}
END_TEST

START_TEST(a_whole_photo_has_nothing_wrong)
{
	assert_found("");
}
END_TEST

START_TEST(a_banned_photo_is_taken_away)
{
	struct fault_info info;
	struct wanted wanted;
	struct examined e;
	bool renders;

	ban();
	examine(&e);
	ck_assert_str_eq(words(&e.findings), "banned");
	ck_assert_int_eq(store_mend(store, &e, &settings, &renders, &wanted,
			     &info),
	    FAULT_NONE);
	ck_assert(!is_there("photos/@") && !is_there("public/@"));
	examined_fini(&e);
	assert_found("");
}
END_TEST

/* The plain name of an older recipe, files of presets that are no more. */
START_TEST(what_older_settings_and_versions_left_is_no_damage)
{
	put("public/@/small.0000000f.jpg", "old");
	put_thumbnail("public/@/tiny.00000003.jpg", "public/@/tiny.jpg", "x");
	put_thumbnail("public/@/small.00000003.png", "public/@/small.png", "x");
	take("photos/@/sha256");
	take("photos/@/claims");
	assert_found("");
}
END_TEST

START_TEST(a_photo_that_is_not_here_has_nothing_wrong)
{
	take("photos/@");
	take("public/@");
	assert_found("");
}
END_TEST

START_TEST(no_original_is_touched_whatever_is_mended)
{
	struct fault_info info;
	struct wanted wanted;
	struct examined e;
	struct stat was, is;
	bool renders;

	corrupt();
	cut_file();
	lie_in_meta();
	ck_assert_int_eq(stat(at("photos/@/original.jpg"), &was), 0);
	examine(&e);
	ck_assert_str_eq(words(&e.findings), "corrupt broken");
	examined_condemn(&e, 0, &settings, "it is gray");
	ck_assert_int_eq(store_mend(store, &e, &settings, &renders, &wanted,
			     &info),
	    FAULT_NONE);
	/* Of that nothing is rendered, so nothing is removed either. */
	ck_assert(!renders);
	ck_assert(is_there("public/@/large.00000001.jpg"));
	ck_assert(is_there("public/@/meta.json"));
	ck_assert_int_eq(stat(at("photos/@/original.jpg"), &is), 0);
	ck_assert_int_eq(is.st_ino, was.st_ino);
	ck_assert_int_eq(is.st_size, was.st_size);
	examined_fini(&e);
}
END_TEST

static size_t
find_file(const struct examined *e, const char *preset, const char *recipe)
{
	for (size_t i = 0; i < e->n; i++)
		if (strcmp(e->thumbs[i].variant.preset, preset) == 0 &&
		    strcmp(e->thumbs[i].variant.recipe, recipe) == 0)
			return i;
	ck_abort_msg("%s.%s is not there", preset, recipe);
}

START_TEST(a_condemned_thumbnail_goes_by_all_its_names)
{
	struct fault_info info;
	struct wanted wanted;
	struct examined e;
	bool renders;
	size_t i;

	examine(&e);
	i = find_file(&e, "small", "00000002");
	ck_assert_uint_eq(e.thumbs[i].variant.size.width, 2);
	examined_condemn(&e, i, &settings, "it is gray");
	ck_assert_str_eq(words(&e.findings), "broken");
	ck_assert_str_eq(e.findings.list[0].what,
	    "small.00000002.jpg: it is gray");
	ck_assert_int_eq(store_mend(store, &e, &settings, &renders, &wanted,
			     &info),
	    FAULT_NONE);
	ck_assert(renders);
	ck_assert_uint_eq(wanted.formats[0], 0);
	ck_assert_uint_eq(wanted.formats[1], 1);
	ck_assert(!is_there("public/@/small.00000002.jpg"));
	ck_assert(!is_there("public/@/small.jpg"));
	ck_assert(is_there("public/@/large.jpg"));
	ck_assert_int_eq(store_usage(store), (int)strlen(BYTES) + 5);
	examined_fini(&e);
}
END_TEST

START_TEST(what_was_made_anew_meanwhile_is_not_condemned)
{
	struct fault_info info;
	struct wanted wanted;
	struct examined e;
	bool renders;

	examine(&e);
	examined_condemn(&e, find_file(&e, "small", "00000002"), &settings, "");
	take("public/@/small.jpg");
	put("public/@/aside", "123456");
	ck_assert_int_eq(rename(at("public/@/aside"),
			     at("public/@/small.00000002.jpg")),
	    0);
	ck_assert_int_eq(link(at("public/@/small.00000002.jpg"),
			     at("public/@/small.jpg")),
	    0);
	ck_assert_int_eq(store_mend(store, &e, &settings, &renders, &wanted,
			     &info),
	    FAULT_NONE);
	ck_assert(!renders);
	ck_assert(is_there("public/@/small.jpg"));
	examined_fini(&e);
}
END_TEST

/* An older file that nobody is told of goes, and nothing comes for it. */
START_TEST(an_old_file_that_is_condemned_is_not_made_again)
{
	struct fault_info info;
	struct wanted wanted;
	struct examined e;
	bool renders;

	put("public/@/small.0000000f.jpg", "old");
	examine(&e);
	examined_condemn(&e, find_file(&e, "small", "0000000f"), &settings, "");
	ck_assert_int_eq(store_mend(store, &e, &settings, &renders, &wanted,
			     &info),
	    FAULT_NONE);
	ck_assert(!renders);
	ck_assert(!is_there("public/@/small.0000000f.jpg"));
	examined_fini(&e);
	assert_found("");
}
END_TEST

/* Of a preset that the settings have no more nothing can be made. */
START_TEST(a_lost_preset_has_meta_json_written_anew)
{
	struct examined e;

	settings.n_presets = 1;
	lose_file();
	examine(&e);
	ck_assert_str_eq(words(&e.findings), "broken");
	ck_assert(e.needs_rendering);
	ck_assert_uint_eq(e.wanted.formats[0], LARGE_JPEG);
	examined_fini(&e);
}
END_TEST

START_TEST(without_meta_json_all_that_was_asked_for_comes_back)
{
	struct examined e;

	add_unlisted();
	lose_meta();
	examine(&e);
	ck_assert_str_eq(words(&e.findings), "meta");
	ck_assert_uint_eq(e.wanted.formats[0], LARGE_JPEG | LARGE_WEBP);
	examined_fini(&e);
}
END_TEST

START_TEST(damage_is_judged_under_the_lock)
{
	struct fault_info info;
	struct examined e;
	int lock = -1;

	ck_assert_int_eq(store_lock(store, id, 0, &lock, &info), FAULT_NONE);
	assert_found("");
	lose_file();
	ck_assert_int_eq(store_examine(store, id, &settings, &e, &info),
	    FAULT_OVERLOADED);
	examined_fini(&e);
	store_unlock(&lock);
	assert_found("broken");
}
END_TEST

START_TEST(names_cannot_speak_to_the_terminal)
{
	struct examined e;

	put("public/@/\x1b[2J\tx\n", "");
	examine(&e);
	ck_assert_str_eq(words(&e.findings), "unknown");
	ck_assert_str_eq(strrchr(e.findings.list[0].what, '/'), "/?[2J?x?");
	examined_fini(&e);
}
END_TEST

START_TEST(a_file_that_is_wrong_in_another_way_is_not_mended)
{
	struct findings findings = { 0 };
	struct finding finding = { .damage = DAMAGE_BROKEN,
		.id = OTHER,
		.what = "small.jpg: it is another file" };

	findings_add(&findings, DAMAGE_BROKEN, OTHER, "%s",
	    "small.jpg: it is not there");
	ck_assert(findings_have(&findings, &finding));
	finding.what[0] = 'S';
	ck_assert(!findings_have(&findings, &finding));
	findings_fini(&findings);
}
END_TEST

/* ---- beside the photos ---- */

static const int64_t later = 4000; /* seconds: all has settled */

static void
examine_tree(int64_t seconds, struct findings *out)
{
	struct fault_info info;
	int64_t now = (int64_t)time(NULL) + seconds;

	*out = (struct findings){ 0 };
	ck_assert_int_eq(store_examine_tree(store, now, out, &info),
	    FAULT_NONE);
	ck_assert_int_eq(claim_examine_notes(store, now, out, &info),
	    FAULT_NONE);
	ck_assert_int_eq(store_examine_sums(store, out, &info), FAULT_NONE);
}

static void
assert_tree(int64_t seconds, const char *what)
{
	struct findings findings;

	examine_tree(seconds, &findings);
	ck_assert_str_eq(words(&findings), what);
	findings_fini(&findings);
}

static void
mend_tree(const char *left)
{
	struct findings findings;

	examine_tree(later, &findings);
	store_mend_tree(store, data, &findings);
	findings_fini(&findings);
	assert_tree(later, left);
}

START_TEST(a_sound_tree_has_nothing_wrong)
{
	assert_tree(0, "");
	assert_tree(later, "");
}
END_TEST

START_TEST(lost_directories_come_back)
{
	take("photos/zz");
	take("public/zz");
	assert_tree(0, "missing missing");
	mend_tree("");
	ck_assert(is_there("photos/zz") && is_there("public/zz"));
}
END_TEST

START_TEST(what_nobody_knows_is_told_and_stays)
{
	put_dir("photos/abc");
	put("public/x", "");
	put_dir("photos/22/" OTHER);
	put("public/22/index.html", "");
	put("state/banned/xx", "");
	put("staging/file", "");
	put("quarantine/file", "");
	put("state/file", "");
	put("state/expires/file", "");
	put_dir("state/expires/1");
	put("state/expires/1/file", "");
	assert_tree(later,
	    "unknown unknown unknown unknown unknown unknown unknown unknown "
	    "unknown unknown usage");
	mend_tree(
	    "unknown unknown unknown unknown unknown unknown unknown unknown "
	    "unknown unknown");
	ck_assert(is_there("state/file") && is_there("photos/abc"));
}
END_TEST

START_TEST(what_dead_processes_left_is_removed)
{
	put_dir("staging/abandoned");
	put("staging/abandoned/in-x", "");
	put_dir("trash/photo");
	put("state/usage.abcdefghijklmnop", "");
	put("state/photos.abcdefghijklmno", "");
	put("quarantine/" OTHER, "");
	assert_tree(0, "");
	assert_tree(later, "stale stale strikes stale stale");
	mend_tree("");
	ck_assert(!is_there("staging/abandoned") && !is_there("trash/photo"));
	/* Our own is no such thing. */
	ck_assert(access(store_staging_path(store), F_OK) == 0);
}
END_TEST

START_TEST(a_sum_that_was_left_is_removed_by_a_sweep)
{
	const int64_t now = (int64_t)time(NULL);

	put("state/usage.abcdefghijklmnop", "");
	put("state/cursor-verify", "");
	ck_assert_uint_eq(store_sweep_sums(store, now), 0);
	ck_assert_uint_eq(store_sweep_sums(store, now + later), 1);
	ck_assert(!is_there("state/usage.abcdefghijklmnop"));
	ck_assert(is_there("state/usage") && is_there("state/cursor-verify"));
	assert_tree(later, "");
}
END_TEST

START_TEST(the_sum_is_counted_anew)
{
	put("public/@/small.0000000f.jpg", "old");
	assert_tree(0, "usage");
	mend_tree("");
	ck_assert_int_eq(store_usage(store), (int)strlen(BYTES) + 5 + 6 + 3);
}
END_TEST

/* As a version that does not count them adds and removes photos. */
START_TEST(the_number_of_photos_is_counted_anew)
{
	int64_t before = store_photos(store);

	put_dir("photos/xj/" OTHER);
	assert_tree(0, "usage");
	mend_tree("");
	ck_assert_int_eq(store_photos(store), before + 1);
}
END_TEST

START_TEST(an_end_that_nobody_has_seen_is_told)
{
	struct findings findings;
	struct fault_info info;
	struct claim claim = { .created = 1 };
	char token[CLAIM_TOKEN_LEN + 1];
	int64_t now = (int64_t)time(NULL);
	int lock = -1;

	claim.expires = now + 60;
	ck_assert_int_eq(claim_token("", id, token, &info), FAULT_NONE);
	ck_assert_int_eq(store_lock(store, id, 0, &lock, &info), FAULT_NONE);
	ck_assert_int_eq(claim_add(store, id, token, &claim, &info),
	    FAULT_NONE);
	store_unlock(&lock);
	assert_found("");
	assert_tree(3600, "");
	assert_tree(3700, "note");
	ck_assert(claim_sweep(store, now + 3700, UINT64_MAX, NULL));
	examine_tree(3700, &findings);
	ck_assert_str_eq(words(&findings), "");
	findings_fini(&findings);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("verify");
	TCase *photo = tcase_create("a photo");
	TCase *tree = tcase_create("the tree");

	tcase_add_checked_fixture(photo, setup, teardown);
	tcase_add_checked_fixture(tree, setup, teardown);
	tcase_set_timeout(photo, 60);
	tcase_set_timeout(tree, 60);
	tcase_add_test(photo, a_whole_photo_has_nothing_wrong);
	tcase_add_loop_test(photo, a_damage_is_found_and_mended, 0,
	    NELEM(damages));
	tcase_add_test(photo, a_banned_photo_is_taken_away);
	tcase_add_test(photo,
	    what_older_settings_and_versions_left_is_no_damage);
	tcase_add_test(photo, a_photo_that_is_not_here_has_nothing_wrong);
	tcase_add_test(photo, no_original_is_touched_whatever_is_mended);
	tcase_add_test(photo, a_condemned_thumbnail_goes_by_all_its_names);
	tcase_add_test(photo, what_was_made_anew_meanwhile_is_not_condemned);
	tcase_add_test(photo, an_old_file_that_is_condemned_is_not_made_again);
	tcase_add_test(photo, a_lost_preset_has_meta_json_written_anew);
	tcase_add_test(photo,
	    without_meta_json_all_that_was_asked_for_comes_back);
	tcase_add_test(photo, damage_is_judged_under_the_lock);
	tcase_add_test(photo, names_cannot_speak_to_the_terminal);
	tcase_add_test(photo,
	    a_file_that_is_wrong_in_another_way_is_not_mended);
	suite_add_tcase(suite, photo);
	tcase_add_test(tree, a_sound_tree_has_nothing_wrong);
	tcase_add_test(tree, lost_directories_come_back);
	tcase_add_test(tree, what_nobody_knows_is_told_and_stays);
	tcase_add_test(tree, what_dead_processes_left_is_removed);
	tcase_add_test(tree, a_sum_that_was_left_is_removed_by_a_sweep);
	tcase_add_test(tree, the_sum_is_counted_anew);
	tcase_add_test(tree, the_number_of_photos_is_counted_anew);
	tcase_add_test(tree, an_end_that_nobody_has_seen_is_told);
	suite_add_tcase(suite, tree);
	return run_suite(suite);
}
