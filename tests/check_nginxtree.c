#include "config.h"

#include "nginxtree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "support.h"

static struct nginxtree tree;
static struct buf seen;

static void
teardown(void)
{
	nginxtree_fini(&tree);
	buf_fini(&seen);
}

static void
note(void *ctx, const struct directive *d)
{
	const char *slash = strrchr(d->file, '/');

	(void)ctx;
	buf_printf(&seen, "%s:%u", slash != NULL ? slash + 1 : d->file,
	    d->line);
	for (unsigned i = 0; i < d->n; i++)
		buf_printf(&seen, " [%s]", d->words[i]);
	buf_puts(&seen, d->is_block ? " {\n" : "\n");
}

static void
parse(const char *dump)
{
	ck_assert_int_eq(nginxtree_parse(&tree, dump), 0);
	nginxtree_each(&tree.root, note, NULL);
	ck_assert(!seen.failed);
}

#define MAIN "# configuration file /etc/nginx/nginx.conf:\n"

static const struct {
	const char *text, *wants;
} rows[] = {
	{ "user  www-data;\n", "nginx.conf:1 [user] [www-data]\n" },
	{ "# user x;\n\n\tuser y ; # z;\n", "nginx.conf:3 [user] [y]\n" },
	{ "a{b c;}d;",
	    "nginx.conf:1 [a] {\nnginx.conf:1 [b] [c]\nnginx.conf:1 [d]\n" },
	{ "a {\n}\nb;\n", "nginx.conf:1 [a] {\nnginx.conf:3 [b]\n" },
	{ "a \"b;{} c\" 'd\"' e\"f;\n",
	    "nginx.conf:1 [a] [b;{} c] [d\"] [e\"f]\n" },
	{ "a \"x\\\"y\" z\\;w \\$1;\n",
	    "nginx.conf:1 [a] [x\"y] [z;w] [\\$1]\n" },
	{ "a \"x\ny\"\nb;\nc;\n",
	    "nginx.conf:1 [a] [x\ny] [b]\nnginx.conf:4 [c]\n" },
	{ "a ${b}c{ d; }\n", "nginx.conf:1 [a] [${b}c] {\nnginx.conf:1 [d]\n" },
	{ "a ~ ^/x{2,3}$ b;\n",
	    "nginx.conf:1 [a] [~] [^/x] {\n"
	    "nginx.conf:1 [2,3}$] [b]\n" },
	{ "x_by_lua_block {\n if a then b = {} end\n}\nc;\n",
	    "nginx.conf:1 [x_by_lua_block] {\nnginx.conf:4 [c]\n" },
	/* As far as it goes. */
	{ "a b", "" },
	{ "a { b;", "nginx.conf:1 [a] {\nnginx.conf:1 [b]\n" },
	{ ";;}a;", "" },
	{ "", "" },
};

START_TEST(syntax)
{
	char dump[1000];

	(void)snprintf(dump, sizeof dump, MAIN "%s", rows[_i].text);
	parse(dump);
	ck_assert_str_eq(seen.data != NULL ? seen.data : "", rows[_i].wants);
}
END_TEST

START_TEST(includes_stand_where_they_are_meant)
{
	parse(MAIN "http {\ninclude sites/*;\ninclude /else/where.conf;\n"
		   "include none.conf;\n}\n"
		   "\n# configuration file /etc/nginx/sites/a:\nserver {\n"
		   "include sites/deep/x;\n}\n"
		   "\n# configuration file /etc/nginx/sites/deep/x:\nx;\n"
		   "\n# configuration file /etc/nginx/sites/b:\n"
		   "server { include sites/deep/x; }\n"
		   "\n# configuration file /else/where.conf:\nlast;\n");
	ck_assert_str_eq(seen.data,
	    "nginx.conf:1 [http] {\na:1 [server] {\nx:1 [x]\n"
	    "b:1 [server] {\nx:1 [x]\nwhere.conf:1 [last]\n");
	ck_assert_str_eq(tree.main_file, "/etc/nginx/nginx.conf");
}
END_TEST

START_TEST(files_that_include_each_other_come_to_an_end)
{
	ck_assert_int_eq(nginxtree_parse(&tree, MAIN "include nginx.conf;a;\n"),
	    0);
	nginxtree_fini(&tree);
	/* More directives than memory is given for. */
	ck_assert_int_eq(nginxtree_parse(&tree,
			     MAIN "include *.conf;include *.conf;\na;\n"),
	    -1);
}
END_TEST

START_TEST(what_is_no_dump_is_refused)
{
	ck_assert_int_eq(nginxtree_parse(&tree, ""), -1);
	nginxtree_fini(&tree);
	ck_assert_int_eq(nginxtree_parse(&tree, "user x;\n"), -1);
	nginxtree_fini(&tree);
	/* Without its newline it is none. */
	ck_assert_int_eq(nginxtree_parse(&tree,
			     "# configuration file /etc/nginx/nginx.conf:"),
	    -1);
}
END_TEST

START_TEST(what_is_in_force_is_handed_down)
{
	const struct directive *http, *server, *location;

	parse(MAIN "size 1;\nhttp {\n size 2; server {\n location / {\n"
		   "other; } size 3; } server { location / { size 4; } } }\n");
	http = nginxtree_find(&tree.root, "http");
	server = nginxtree_find(http, "server");
	location = nginxtree_find(server, "location");
	ck_assert_str_eq(nginxtree_in_force(location, "size")->words[1], "3");
	ck_assert_str_eq(nginxtree_in_force(http, "size")->words[1], "2");
	ck_assert_ptr_null(nginxtree_in_force(location, "none"));
	location = nginxtree_find(server->next, "location");
	ck_assert_str_eq(nginxtree_in_force(location, "size")->words[1], "4");
}
END_TEST

START_TEST(sizes_and_times)
{
	static const struct {
		const char *word;
		int64_t bytes, seconds; /* -1: refused */
	} words[] = { { "0", 0, 0 }, { "1024", 1024, 1024 }, { "8k", 8192, -1 },
		{ "8K", 8192, -1 }, { "3m", 3 << 20, 180 },
		{ "3M", 3 << 20, -1 }, { "2g", INT64_C(2) << 30, -1 },
		{ "1h", -1, 3600 }, { "1h30m", -1, 5400 },
		{ "1h 30m", -1, 5400 }, { "500ms", -1, 0 }, { "90s", -1, 90 },
		{ "1w", -1, 604800 }, { "", -1, -1 }, { "m", -1, -1 },
		{ "-1", -1, -1 }, { "1x", -1, -1 },
		{ "99999999999999999999g", -1, -1 } };

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		uint64_t bytes = UINT64_MAX, seconds = UINT64_MAX;

		(void)nginxtree_bytes(words[i].word, &bytes);
		(void)nginxtree_seconds(words[i].word, &seconds);
		ck_assert_msg((int64_t)bytes == words[i].bytes &&
			(int64_t)seconds == words[i].seconds,
		    "%s", words[i].word);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nginxtree");
	TCase *tc = tcase_create("tree");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, syntax, 0, sizeof rows / sizeof rows[0]);
	tcase_add_test(tc, includes_stand_where_they_are_meant);
	tcase_add_test(tc, files_that_include_each_other_come_to_an_end);
	tcase_add_test(tc, what_is_no_dump_is_refused);
	tcase_add_test(tc, what_is_in_force_is_handed_down);
	tcase_add_test(tc, sizes_and_times);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
