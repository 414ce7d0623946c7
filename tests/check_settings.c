#include "config.h"

/*
 * What loading makes of settings. The bounds, types and spellings of every key
 * are generated from the table that the loader goes by.
 */

#include "settings_table.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "settings_file.h"
#include "support.h"

#define BOX "width = 9; height = 9;"

/* ---- generated from the table ---- */

/* What else must be set for a limit to reach its own bounds. */
static const struct {
	const char *key, *text;
} companions[] = {
	{ "photo", "request = \"64G\";" },
	{ "request", "photo = \"1K\";" },
	{ "job_seconds", "request_seconds = 3600;" },
	{ "request_seconds", "job_seconds = 1;" },
};

static void
add_required(struct buf *b, const char *but)
{
	for (unsigned i = 0; i < setting_count; i++) {
		const struct setting *other = &setting_table[i];

		if (other->fallback == NULL && strcmp(other->key, but) != 0)
			buf_printf(b, "%s = %s;", other->key,
			    other->kind == KIND_NAME ? "\"p\"" : "7");
	}
}

/* A file that sets one key, in its third line. free() it. */
static char *
file_with(const struct setting *row, const char *key, const char *value)
{
	struct buf b = { 0 };

	if (row->scope == SCOPE_LIMITS)
		buf_puts(&b, "limits = {");
	if (row->scope == SCOPE_PRESET) {
		buf_puts(&b, "presets = ( {");
		add_required(&b, key);
	}
	buf_printf(&b, "\n\n%s = %s;\n", key, value);
	for (unsigned i = 0; i < NELEM(companions); i++)
		if (row->scope == SCOPE_LIMITS &&
		    strcmp(companions[i].key, row->key) == 0)
			buf_puts(&b, companions[i].text);
	if (row->scope == SCOPE_LIMITS)
		buf_puts(&b, "};\n");
	if (row->scope == SCOPE_PRESET)
		buf_puts(&b, "} );\n");
	ck_assert(!b.failed);
	return b.data;
}

static bool
is_measured(const struct setting *row)
{
	return setting_is_number(row) && row->kind != KIND_FLAG &&
	    strcmp(setting_type(row), "choice") != 0 && row->kind != KIND_COLOR;
}

/* The i-th key that has a least and a greatest number, or NULL. */
static const struct setting *
measured(unsigned i)
{
	for (unsigned r = 0; r < setting_count; r++)
		if (is_measured(&setting_table[r]) && i-- == 0)
			return &setting_table[r];
	return NULL;
}

static int
count_measured(void)
{
	int n = 0;

	while (measured((unsigned)n) != NULL)
		n++;
	return n;
}

/* A number of a row as a file holds it. */
static void
write_number(const struct setting *row, long long value, char *out, size_t size)
{
	if (row->kind == KIND_RATE)
		(void)snprintf(out, size, "\"%lld/s\"", value);
	else if (row->kind == KIND_MODE)
		(void)snprintf(out, size, "\"%04llo\"", value);
	else if (row->kind == KIND_PERCENT)
		(void)snprintf(out, size, "\"%lld.%03lld\"", value / 1000,
		    value % 1000);
	else if (setting_written(row) & WRITTEN_TEXT)
		(void)snprintf(out, size, "\"%lld\"", value);
	else
		(void)snprintf(out, size, "%lld", value);
}

static void
expect_taken(const struct setting *row, unsigned long long value)
{
	char number[32];
	struct settings *s;
	char *text;
	bool resolved;

	write_number(row, (long long)value, number, sizeof number);
	text = file_with(row, row->key, number);
	s = load_good(text);
	/* 0 workers are never left standing. */
	resolved = value == 0 && strcmp(row->key, "workers") == 0;
	if (row->scope == SCOPE_PRESET)
		ck_assert_uint_eq(setting_get(row, &s->presets[0]), value);
	else if (!resolved)
		ck_assert_uint_eq(setting_get(row, s), value);
	settings_free(s);
	free(text);
}

/* The error names file, line, key and range. */
static void
expect_refused(const struct setting *row, const char *value)
{
	char *text = file_with(row, row->key, value);
	char key[64], range[200], begin[80];

	setting_full_key(row, 0, key, sizeof key);
	setting_range(row, range, sizeof range);
	(void)snprintf(begin, sizeof begin, ":3: %s: ", key);
	expect_error(key, text, 3, begin);
	expect_error(key, text, 3, range);
	free(text);
}

START_TEST(least_value_is_taken)
{
	expect_taken(measured((unsigned)_i), measured((unsigned)_i)->min);
}
END_TEST

START_TEST(greatest_value_is_taken)
{
	expect_taken(measured((unsigned)_i), measured((unsigned)_i)->max);
}
END_TEST

START_TEST(one_less_than_the_least_is_refused)
{
	const struct setting *row = measured((unsigned)_i);
	char number[32];

	write_number(row, (long long)row->min - 1, number, sizeof number);
	expect_refused(row, number);
}
END_TEST

START_TEST(one_more_than_the_greatest_is_refused)
{
	const struct setting *row = measured((unsigned)_i);
	char number[32];

	write_number(row, (long long)row->max + 1, number, sizeof number);
	expect_refused(row, number);
}
END_TEST

START_TEST(wrong_type_is_refused)
{
	const struct setting *row = &setting_table[_i];

	expect_refused(row, "1.5");
	expect_refused(row, "{ }");
	if (!(setting_written(row) & WRITTEN_TEXT))
		expect_refused(row, "\"7\"");
	if (!(setting_written(row) & WRITTEN_NUMBER))
		expect_refused(row, "7");
	else
		expect_refused(row, "0x10");
	if (!(setting_written(row) & WRITTEN_FLAG))
		expect_refused(row, "true");
	if (!(setting_written(row) & WRITTEN_LIST))
		expect_refused(row, "[ \"a\" ]");
}
END_TEST

START_TEST(misspelt_key_is_refused_and_the_right_one_named)
{
	const struct setting *row = &setting_table[_i];
	char wrong[64], right[64], words[200], *text;

	(void)snprintf(wrong, sizeof wrong, "%sx", row->key);
	setting_full_key(row, -1, right, sizeof right);
	(void)snprintf(words, sizeof words,
	    "%s: unknown key; did you mean %s\n", wrong, right);
	text = file_with(row, wrong, "1");
	expect_error(row->key, text, 3, words);
	free(text);
}
END_TEST

START_TEST(every_number_survives_printing_and_loading)
{
	const struct setting *row = measured((unsigned)_i);
	bool in_preset = row->scope == SCOPE_PRESET;
	struct settings *s, *again;
	char number[32], *text;

	write_number(row, (long long)row->max, number, sizeof number);
	text = file_with(row, row->key, number);
	s = load_good(text);
	again = load_printed(s);
	if (in_preset)
		ck_assert_uint_eq(setting_get(row, &again->presets[0]),
		    row->max);
	else
		ck_assert_uint_eq(setting_get(row, again), row->max);
	settings_free(again);
	settings_free(s);
	free(text);
}
END_TEST

/* ---- what comes of them ---- */

START_TEST(defaults_are_those_of_the_table)
{
	char *errors, text[64];
	struct settings *s = load_path(NULL, &errors);

	ck_assert_ptr_nonnull(s);
	for (unsigned i = 0; i < setting_count; i++) {
		const struct setting *row = &setting_table[i];

		if (row->scope == SCOPE_PRESET ||
		    strcmp(row->key, "workers") == 0)
			continue;
		if (!setting_is_number(row)) {
			ck_assert_str_eq(setting_get_text(row, s),
			    row->fallback);
			continue;
		}
		setting_format(row, setting_get(row, s), text, sizeof text);
		ck_assert_str_eq(text, row->fallback);
	}
	settings_free(s);
	free(errors);
}
END_TEST

START_TEST(default_presets_are_large_medium_and_square)
{
	struct settings *s = load_good("");
	const struct preset *large = &s->presets[0];
	const struct preset *medium = &s->presets[1];
	const struct preset *square = &s->presets[2];

	ck_assert_uint_eq(s->n_presets, 3);
	ck_assert_str_eq(large->name, "large");
	ck_assert_str_eq(medium->name, "medium");
	ck_assert_str_eq(square->name, "square");
	ck_assert_uint_eq(large->width, 1280);
	ck_assert_uint_eq(large->n_formats, 2);
	ck_assert_int_eq(large->formats[1], FORMAT_WEBP);
	ck_assert_uint_eq(medium->height, 640);
	ck_assert_int_eq(medium->fit, FIT_INSIDE);
	ck_assert_uint_eq(medium->quality, 80);
	ck_assert_uint_eq(medium->n_formats, 1);
	ck_assert_int_eq(medium->formats[0], FORMAT_JPEG);
	ck_assert_int_eq(square->fit, FIT_COVER);
	ck_assert_int_eq(square->gravity, GRAVITY_CENTER);
	ck_assert_uint_eq(square->background, 0xffffff);
	settings_free(s);
}
END_TEST

START_TEST(texts_and_choices_survive_printing_and_loading)
{
	struct settings *s = load_good(
	    "data = \"/d/\"; run = \"/r\"; logs = \"\"; html = \"/h\";\n"
	    "page = false;\n"
	    "log_service = \"journal:/j\"; log_access = \"off\";\n"
	    "log_ledger = \"syslog:[::1]:5514\"; socket_group = \"g\"; workers "
	    "= 3;\n"
	    "user = \"u\"; group = \"ug\";\n"
	    "prefix = \"/p\"; public_url = \"http://u\";\n"
	    "upload_auth = \"request\"; auth_request = \"/auth\";\n"
	    "upload_secret = \"/s\"; trusted_proxies = [ \"10.0.0.0/8\", "
	    "\"::1\" ];\n"
	    "cors_origins = [ \"https://a\", \"http://b:8080\" ];\n"
	    "presets = ({ name = \"n\"; " BOX " fit = \"pad\";\n"
	    "gravity = \"southwest\"; background = \"#0A0b0c\";\n"
	    "formats = [ \"webp\", \"png\" ]; });");
	struct settings *t = load_printed(s);

	ck_assert_str_eq(t->data, "/d");
	ck_assert_str_eq(t->run, "/r");
	ck_assert_str_eq(t->logs, "");
	ck_assert_str_eq(t->html, "/h");
	ck_assert(!t->page);
	ck_assert_str_eq(t->log_service, "journal:/j");
	ck_assert_str_eq(t->log_access, "off");
	ck_assert_str_eq(t->log_ledger, "syslog:[::1]:5514");
	ck_assert_str_eq(t->socket_group, "g");
	ck_assert_str_eq(t->user, "u");
	ck_assert_str_eq(t->group, "ug");
	ck_assert_uint_eq(t->workers, 3);
	ck_assert_str_eq(t->prefix, "/p");
	ck_assert_str_eq(t->public_url, "http://u");
	ck_assert_int_eq(t->upload_auth, AUTH_REQUEST);
	ck_assert_str_eq(t->auth_request, "/auth");
	ck_assert_str_eq(t->upload_secret, "/s");
	ck_assert_str_eq(t->cors_origins, "https://a\nhttp://b:8080");
	ck_assert_str_eq(t->trusted_proxies, "10.0.0.0/8\n::1");
	ck_assert_uint_eq(t->n_presets, 1);
	ck_assert_mem_eq(&t->presets[0], &s->presets[0], sizeof t->presets[0]);
	ck_assert_str_eq(t->presets[0].name, "n");
	ck_assert_int_eq(t->presets[0].fit, FIT_PAD);
	ck_assert_int_eq(t->presets[0].gravity, GRAVITY_SOUTHWEST);
	ck_assert_uint_eq(t->presets[0].background, 0x0a0b0c);
	ck_assert_uint_eq(t->presets[0].n_formats, 2);
	ck_assert_int_eq(t->presets[0].formats[0], FORMAT_WEBP);
	ck_assert_int_eq(t->presets[0].formats[1], FORMAT_PNG);
	settings_free(t);
	settings_free(s);
}
END_TEST

static const struct {
	const char *text;
	bool same;
} digests[] = {
	{ "", true },
	{ "# a comment\nworkers=0;", true },
	{ "workers = 1;", false },
	{ "prefix = \"/a\";", false },
	{ "limits = { rate = \"21/s\"; };", false },
	{ "limits = { rate = \"20/s\"; };", true },
	{ "engine = \"magick\";", false },
	{ "engine = \"auto\";", true },
	{ "presets = ({ name = \"a\"; width = 1; height = 1; });", false },
};

START_TEST(digest_is_another_only_where_the_settings_are)
{
	struct settings *defaults = settings_load(NULL, stderr);
	struct settings *s = load_good(digests[_i].text);

	ck_assert_uint_eq(strlen(s->digest), DIGEST_HEX_LEN);
	ck_assert_msg((strcmp(s->digest, defaults->digest) == 0) ==
		digests[_i].same,
	    "%s", digests[_i].text);
	settings_free(s);
	settings_free(defaults);
}
END_TEST

START_TEST(no_workers_means_one_more_than_the_processors_one_may_run_on)
{
	struct settings *s;
	char digest[DIGEST_HEX_LEN + 1];
	cpu_set_t all, one;
	int cpu = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	s = load_good("workers = 0;");
	ck_assert_uint_eq(s->workers, (unsigned)CPU_COUNT(&all) + 1);
	(void)snprintf(digest, sizeof digest, "%s", s->digest);
	settings_free(s);
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	s = load_good("");
	ck_assert_uint_eq(s->workers, 2);
	/* They are the same settings all the same. */
	ck_assert_str_eq(s->digest, digest);
	settings_free(s);
}
END_TEST

START_TEST(at_upload_the_first_format_is_wanted_and_all_of_the_eager)
{
	struct settings *s = load_good(
	    "presets = ("
	    "{ name = \"a\"; " BOX " formats = [ \"jpeg\", \"webp\" ]; },"
	    "{ name = \"b\"; " BOX " },"
	    "{ name = \"c\"; " BOX " eager = true;"
	    "  formats = [ \"webp\", \"png\", \"jpeg\" ]; } );");
	static const unsigned all[] = { 3, 1, 7 }, at_upload[] = { 1, 1, 7 };
	struct wanted w;

	wanted_all(s, &w);
	for (unsigned i = 0; i < SETTINGS_PRESETS_MAX; i++)
		ck_assert_uint_eq(w.formats[i], i < 3 ? all[i] : 0);
	wanted_at_upload(s, &w);
	for (unsigned i = 0; i < SETTINGS_PRESETS_MAX; i++)
		ck_assert_uint_eq(w.formats[i], i < 3 ? at_upload[i] : 0);
	ck_assert(!wanted_is_empty(&w));
	w = (struct wanted){ 0 };
	ck_assert(wanted_is_empty(&w));
	settings_free(s);
}
END_TEST

START_TEST(path_is_put_together_with_one_slash)
{
	char *below = settings_path("/a", "b"), *top = settings_path("/", "b");

	ck_assert_str_eq(below, "/a/b");
	ck_assert_str_eq(top, "/b");
	free(below);
	free(top);
}
END_TEST

/* ---- recipes ---- */

#define INSIDE BOX "fit = \"inside\";"
#define COVER BOX "fit = \"cover\";"
#define PAD BOX "fit = \"pad\";"

static const struct {
	const char *why, *one, *other;
	bool equal;
} recipes[] = {
	{ "formats", BOX, BOX "formats = [ \"png\" ];", true },
	{ "defaults and the same written out", BOX,
	    INSIDE "quality = 80; background = \"#FFFFFF\";", true },
	{ "gravity inside", INSIDE, INSIDE "gravity = \"north\";", true },
	{ "gravity of cover", COVER, COVER "gravity = \"north\";", false },
	{ "gravity of pad", PAD, PAD "gravity = \"north\";", false },
	{ "fit inside and cover", INSIDE, COVER, false },
	{ "fit cover and pad", COVER, PAD, false },
	{ "width", "width = 9; height = 9;", "width = 8; height = 9;", false },
	{ "height", "width = 9; height = 9;", "width = 9; height = 8;", false },
	{ "digits between width and height", "width = 11; height = 1;",
	    "width = 1; height = 11;", false },
	{ "quality", BOX, BOX "quality = 81;", false },
	{ "background", BOX, BOX "background = \"#fffffe\";", false },
	{ "enlarge", BOX, BOX "enlarge = true;", false },
	{ "sharpen", BOX, BOX "sharpen = 1;", false },
	{ "progressive", BOX, BOX "progressive = true;", false },
	{ "chroma", BOX, BOX "chroma = \"444\";", false },
	{ "keep_copyright", BOX, BOX "keep_copyright = true;", false },
	{ "animated", BOX "formats = [ \"gif\" ];",
	    BOX "formats = [ \"gif\" ]; animated = true;", false },
	{ "eager", BOX, BOX "eager = true;", true },
	{ "new keys at their defaults", BOX,
	    BOX "enlarge = false; sharpen = 0; chroma = \"420\";", true },
};

START_TEST(recipe_is_another_only_where_the_picture_is)
{
	struct settings *s;
	char text[500];

	(void)snprintf(text, sizeof text,
	    "presets = ({ name = \"a\"; %s }, { name = \"b\"; %s });",
	    recipes[_i].one, recipes[_i].other);
	s = load_good(text);
	ck_assert_uint_eq(strlen(s->presets[0].recipe), RECIPE_LEN);
	ck_assert_uint_eq(strspn(s->presets[0].recipe, "0123456789abcdef"),
	    RECIPE_LEN);
	ck_assert_msg((strcmp(s->presets[0].recipe, s->presets[1].recipe) ==
			  0) == recipes[_i].equal,
	    "%s: %s and %s", recipes[_i].why, s->presets[0].recipe,
	    s->presets[1].recipe);
	settings_free(s);
}
END_TEST

/*
 * Files of a running site outlive a new version of the service. Raising
 * RENDER_VERSION changes these, nothing else may.
 */
START_TEST(recipe_of_a_known_preset_stays_what_it_was)
{
	struct settings *s = load_good("");

	ck_assert_str_eq(s->presets[0].recipe, "7d9cf94d");
	ck_assert_str_eq(s->presets[2].recipe, "fd0ba039");
	settings_free(s);
}
END_TEST

/* Of all presets at once; what it was by default stays. */
START_TEST(another_resize_quality_is_another_recipe)
{
	struct settings *fast = load_good("resize_quality = \"fast\";");
	struct settings *best = load_good("resize_quality = \"best\";");

	ck_assert_str_eq(fast->presets[0].recipe, "7d9cf94d");
	for (unsigned i = 0; i < best->n_presets; i++)
		ck_assert_str_ne(fast->presets[i].recipe,
		    best->presets[i].recipe);
	settings_free(best);
	settings_free(fast);
}
END_TEST

/* What is made stays, whichever made it. */
START_TEST(another_engine_is_no_other_recipe)
{
	struct settings *any = load_good("");
	struct settings *magick = load_good("engine = \"magick\";");

	ck_assert_int_eq(any->engine, ENGINE_CHOICE_AUTO);
	ck_assert_int_eq(magick->engine, ENGINE_CHOICE_MAGICK);
	for (unsigned i = 0; i < any->n_presets; i++)
		ck_assert_str_eq(magick->presets[i].recipe,
		    any->presets[i].recipe);
	settings_free(magick);
	settings_free(any);
}
END_TEST

static TCase *
generated(void)
{
	TCase *tc = tcase_create("generated");

	tcase_add_checked_fixture(tc, settings_file_setup, tempdir_teardown);
	tcase_add_loop_test(tc, least_value_is_taken, 0, count_measured());
	tcase_add_loop_test(tc, greatest_value_is_taken, 0, count_measured());
	tcase_add_loop_test(tc, one_less_than_the_least_is_refused, 0,
	    count_measured());
	tcase_add_loop_test(tc, one_more_than_the_greatest_is_refused, 0,
	    count_measured());
	tcase_add_loop_test(tc, every_number_survives_printing_and_loading, 0,
	    count_measured());
	tcase_add_loop_test(tc, wrong_type_is_refused, 0, (int)setting_count);
	tcase_add_loop_test(tc, misspelt_key_is_refused_and_the_right_one_named,
	    0, (int)setting_count);
	return tc;
}

static TCase *
results(void)
{
	TCase *tc = tcase_create("results");

	tcase_add_checked_fixture(tc, settings_file_setup, tempdir_teardown);
	tcase_add_test(tc, defaults_are_those_of_the_table);
	tcase_add_test(tc, default_presets_are_large_medium_and_square);
	tcase_add_test(tc, texts_and_choices_survive_printing_and_loading);
	tcase_add_test(tc,
	    no_workers_means_one_more_than_the_processors_one_may_run_on);
	tcase_add_test(tc,
	    at_upload_the_first_format_is_wanted_and_all_of_the_eager);
	tcase_add_loop_test(tc, digest_is_another_only_where_the_settings_are,
	    0, NELEM(digests));
	tcase_add_test(tc, path_is_put_together_with_one_slash);
	tcase_add_loop_test(tc, recipe_is_another_only_where_the_picture_is, 0,
	    NELEM(recipes));
	tcase_add_test(tc, recipe_of_a_known_preset_stays_what_it_was);
	tcase_add_test(tc, another_resize_quality_is_another_recipe);
	tcase_add_test(tc, another_engine_is_no_other_recipe);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("settings");

	suite_add_tcase(suite, generated());
	suite_add_tcase(suite, results());
	return run_suite(suite);
}
