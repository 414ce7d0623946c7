#include "config.h"

/* One value of a settings file, changed, and every other byte as it was. */

#include "settings.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings_file.h"
#include "support.h"

/* user becomes "me". */
static const struct {
	const char *why, *before, *after;
} edits[] = {
	{ "nothing there", "", "user = \"me\";\n" },
	{ "another key", "workers = 2;\n", "workers = 2;\nuser = \"me\";\n" },
	{ "no newline at the end", "workers = 2",
	    "workers = 2\nuser = \"me\";\n" },
	{ "a comment at the end", "workers = 2; # two",
	    "workers = 2; # two\nuser = \"me\";\n" },
	{ "as it is written", "user = \"you\";\n", "user = \"me\";\n" },
	{ "between others", "workers = 2;\nuser = \"\";\nprefix = \"/a\";\n",
	    "workers = 2;\nuser = \"me\";\nprefix = \"/a\";\n" },
	{ "a colon", "user: \"you\"", "user: \"me\"" },
	{ "no blanks, a comma", "workers=2,user=\"you\",prefix=\"\"",
	    "workers=2,user=\"me\",prefix=\"\"" },
	{ "no end of the value", "user = \"you\" workers = 2\n",
	    "user = \"me\" workers = 2\n" },
	{ "comments all about",
	    "/* user = \"a\"; */ user // user = \"b\";\n"
	    "# user = \"c\";\n = /* \"d\" */ \"you\" # \"e\"\n ; // \"f\"\n",
	    "/* user = \"a\"; */ user // user = \"b\";\n"
	    "# user = \"c\";\n = /* \"d\" */ \"me\" # \"e\"\n ; // \"f\"\n" },
	{ "a text in parts", "user = \"yo\" \n \"u\"; workers = 2;\n",
	    "user = \"me\"; workers = 2;\n" },
	{ "quotes in a text",
	    "prefix = \"/\\\"; user = \\\"x\\\\\";\n"
	    "user = \"you\";\n",
	    "prefix = \"/\\\"; user = \\\"x\\\\\";\nuser = \"me\";\n" },
	{ "in a text", "prefix = \"user = 1;\";\n",
	    "prefix = \"user = 1;\";\nuser = \"me\";\n" },
	{ "in a group", "limits = { user = \"a\"; };\nuser = \"you\";\n",
	    "limits = { user = \"a\"; };\nuser = \"me\";\n" },
	{ "in a list of groups",
	    "presets = ( { user = \"a\"; /* } */ # )\n"
	    " x = [ \"}\", \")\" ]; },\n { user = \"b\"; } );\n",
	    "presets = ( { user = \"a\"; /* } */ # )\n"
	    " x = [ \"}\", \")\" ]; },\n { user = \"b\"; } );\n"
	    "user = \"me\";\n" },
	{ "a longer name", "user2 = \"a\"; userx = \"b\"; auser = \"c\";\n",
	    "user2 = \"a\"; userx = \"b\"; auser = \"c\";\n"
	    "user = \"me\";\n" },
	{ "a number and a flag", "workers = 2; page = false; user = \"\";\n",
	    "workers = 2; page = false; user = \"me\";\n" },
	{ "a value that is no text", "user = 12 # twelve\n",
	    "user = \"me\" # twelve\n" },
	{ "a list for a value", "user = [ \"a\", \"]\" ]; # a\n",
	    "user = \"me\"; # a\n" },
	{ "tabs and other ends of lines",
	    "workers\t=\t2;\r\nuser\t=\t\"\";\r\n",
	    "workers\t=\t2;\r\nuser\t=\t\"me\";\r\n" },
};

START_TEST(the_value_alone)
{
	char *text = settings_edit(edits[_i].before, "user", "\"me\"");

	ck_assert_ptr_nonnull(text);
	ck_assert_msg(strcmp(text, edits[_i].after) == 0, "%s: %s",
	    edits[_i].why, text);
	free(text);
}
END_TEST

/* What no settings_load would take must not lead out of the text either. */
START_TEST(a_text_that_is_wrong)
{
	static const char *const texts[] = { "user", "user =", "user = \"",
		"user = \"\\", "user = {", "user = ( [", "/*",
		"= = =", "user = }", "} user = \"\"", "\"user\" = 1",
		"user \"x\"", "limits = { \"", ";;;,,,", "user = \"a\" \"" };

	for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		char *text = settings_edit(texts[i], "user", "\"me\"");

		ck_assert_ptr_nonnull(text);
		free(text);
	}
}
END_TEST

START_TEST(the_file_that_is_installed)
{
	size_t len;
	char *text = test_data("../conf/fcgi-thumb.conf.in", &len);
	char *edited = settings_edit(text, "upload_auth", "\"token\"");
	char *back = settings_edit(edited, "upload_auth", "\"none\"");
	const char *at = strstr(edited, "\nupload_auth = \"token\";\n");

	ck_assert_ptr_nonnull(at);
	ck_assert_uint_eq(strlen(edited), len + 1);
	ck_assert_str_eq(back, text);
	free(text);
	free(edited);
	free(back);
}
END_TEST

START_TEST(what_is_edited_is_loaded)
{
	char *text =
	    settings_edit("workers = 2 // two", "upload_auth", "\"token\"");
	struct settings *s = load_good(text);

	ck_assert_uint_eq(s->workers, 2);
	ck_assert_int_eq(s->upload_auth, AUTH_TOKEN);
	settings_free(s);
	free(text);
}
END_TEST

START_TEST(a_text_by_its_key)
{
	struct settings *s = load_good("prefix = \"/media\";");

	ck_assert_str_eq(settings_text(s, "prefix"), "/media");
	ck_assert_str_eq(settings_text(s, "public_url"), "");
	ck_assert_ptr_null(settings_text(s, "no_such_key"));
	ck_assert_ptr_null(settings_text(s, "workers"));
	ck_assert_ptr_null(settings_text(s, "upload_auth"));
	settings_free(s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("settings_edit");
	TCase *tc = tcase_create("settings_edit");

	tcase_add_checked_fixture(tc, settings_file_setup, tempdir_teardown);
	tcase_add_loop_test(tc, the_value_alone, 0,
	    (int)(sizeof edits / sizeof edits[0]));
	tcase_add_test(tc, a_text_that_is_wrong);
	tcase_add_test(tc, the_file_that_is_installed);
	tcase_add_test(tc, what_is_edited_is_loaded);
	tcase_add_test(tc, a_text_by_its_key);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
