#include "config.h"

/*
 * The settings file that is installed, held to the table: every key is in it
 * and explained with its type, range and default, nothing else is, and loading
 * it changes nothing.
 */

#include "settings_table.h"

#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "settings_file.h"
#include "support.h"

static char *conf;     /* the file as it is installed */
static char *comments; /* of it: lines joined, a newline between paragraphs */

static const struct {
	const char *name, *value;
} places[] = {
	{ "@localstatedir@", LOCALSTATEDIR },
	{ "@runstatedir@", RUNSTATEDIR },
	{ "@pkgdatadir@", PKGDATADIR },
	{ "@sysconfdir@", SYSCONFDIR },
};

/* Copy text with the directories of this build, as the Makefile does. */
static char *
fill_in(const char *text)
{
	struct buf b = { 0 };

	while (*text != '\0') {
		size_t i = 0;

		while (i < NELEM(places) &&
		    strncmp(text, places[i].name, strlen(places[i].name)) != 0)
			i++;
		if (i < NELEM(places)) {
			buf_puts(&b, places[i].value);
			text += strlen(places[i].name);
		} else {
			buf_add(&b, text++, 1);
		}
	}
	ck_assert(!b.failed);
	return b.data;
}

/* Each comment paragraph on one line, whatever lines it is broken into. */
static char *
join_comments(const char *text)
{
	struct buf b = { 0 };

	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		size_t at = strspn(text, "\t ");

		if (at + 2 < len && text[at] == '#' && text[at + 1] == ' ') {
			buf_puts(&b, " ");
			buf_add(&b, text + at + 2, len - at - 2);
		} else {
			buf_puts(&b, "\n");
		}
		text += len + (text[len] == '\n');
	}
	ck_assert(!b.failed);
	return b.data;
}

static void
setup(void)
{
	size_t len;
	char *template;

	settings_file_setup();
	template = test_data("../conf/fcgi-thumb.conf.in", &len);
	conf = fill_in(template);
	comments = join_comments(conf);
	free(template);
}

static void
teardown(void)
{
	free(conf);
	free(comments);
	tempdir_teardown();
}

START_TEST(loading_it_gives_the_defaults)
{
	struct settings *s = load_good(conf);
	char *errors, *defaults, *loaded;
	struct settings *d = load_path(NULL, &errors);
	FILE *f;
	size_t len;

	f = open_memstream(&loaded, &len);
	settings_print(s, f);
	ck_assert_int_eq(fclose(f), 0);
	f = open_memstream(&defaults, &len);
	settings_print(d, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_str_eq(loaded, defaults);
	free(loaded);
	free(defaults);
	free(errors);
	settings_free(s);
	settings_free(d);
}
END_TEST

START_TEST(key_is_set_in_it)
{
	const struct setting *row = &setting_table[_i];
	config_t config;
	char key[64];

	setting_full_key(row, -1, key, sizeof key);
	/* libconfig's own way to say the first of a list. */
	if (row->scope == SCOPE_PRESET)
		(void)snprintf(key, sizeof key, "presets.[0].%s", row->key);
	config_init(&config);
	ck_assert_int_eq(config_read_string(&config, conf), CONFIG_TRUE);
	ck_assert_msg(config_lookup(&config, key) != NULL, "%s", key);
	config_destroy(&config);
}
END_TEST

START_TEST(key_is_explained_with_type_range_and_default)
{
	struct setting_row row;
	char begin[64], facts[400];
	const char *paragraph, *end, *stated;

	ck_assert(settings_row((unsigned)_i, &row));
	(void)snprintf(begin, sizeof begin, "\n %s: ", row.key);
	if (row.fallback == NULL)
		(void)snprintf(facts, sizeof facts, ". %s: %s. Required.",
		    row.type, row.range);
	else
		(void)snprintf(facts, sizeof facts, ". %s: %s. Default: %s.",
		    row.type, row.range,
		    row.fallback[0] != '\0' ? row.fallback : "\"\"");
	paragraph = strstr(comments, begin);
	ck_assert_msg(paragraph != NULL, "no paragraph begins with%s", begin);
	end = strchr(paragraph + 1, '\n');
	stated = strstr(paragraph, facts);
	ck_assert_msg(stated != NULL && stated < end,
	    "%s: wanted \"%s\" in:%.*s", row.key, facts, (int)(end - paragraph),
	    paragraph);
}
END_TEST

/* A paragraph that begins like a key's is about a key of the table. */
START_TEST(nothing_else_is_explained)
{
	unsigned found = 0;
	struct setting_row row;

	for (const char *p = comments; (p = strstr(p, "\n ")) != NULL; p++) {
		size_t len = strspn(p + 2, "abcdefghijklmnopqrstuvwxyz_.[]");
		unsigned i = 0;

		if (strncmp(p + 2 + len, ": ", 2) != 0)
			continue;
		while (settings_row(i, &row) &&
		    (strlen(row.key) != len ||
			strncmp(row.key, p + 2, len) != 0))
			i++;
		ck_assert_msg(i < setting_count, "%.*s", (int)len, p + 2);
		found++;
	}
	ck_assert_uint_eq(found, setting_count);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("installed_file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, loading_it_gives_the_defaults);
	tcase_add_loop_test(tc, key_is_set_in_it, 0, (int)setting_count);
	tcase_add_loop_test(tc, key_is_explained_with_type_range_and_default, 0,
	    (int)setting_count);
	tcase_add_test(tc, nothing_else_is_explained);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
