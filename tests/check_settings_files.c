#include "config.h"

/* Settings files, good and bad, one at a time: what is refused and how. */

#include "settings_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support.h"

#define BOX "width = 9; height = 9;"

static const struct {
	const char *why, *text;
	unsigned line;
	const char *words;
} bad[] = {
	{ "a relative path", "data = \"var\";", 1,
	    "data: \"var\" is not absolute" },
	{ "an empty path", "data = \"\";", 1, "is empty" },
	{ "a quote in a path", "data = \"/a\\\"b\";", 1, "nginx" },
	{ "a single quote in a path", "data = \"/a'b\";", 1, "nginx" },
	{ "a space in a path", "html = \"/a b\";", 1, "nginx" },
	{ "a semicolon in a path", "html = \"/a;b\";", 1, "nginx" },
	{ "a brace in a path", "logs = \"/a{b\";", 1, "nginx" },
	{ "a dollar in a path", "logs = \"/a$b\";", 1, "nginx" },
	{ "a backslash in a path", "logs = \"/a\\\\b\";", 1, "nginx" },
	{ "a newline in a path", "run = \"/a\\nb\";", 1, "\"/a?b\"" },
	{ "a delete in a path", "run = \"/a\\x7fb\";", 1, "\"/a?b\"" },
	{ "a colon in a path", "run = \"/a:b\";", 1, "nginx" },
	{ "a log without a place", "log_service = \"\";", 1, "is empty" },
	{ "a log at no place", "log_service = \"disk\";", 1, "no place" },
	{ "a service without a log", "log_service = \"off\";", 1,
	    "\"off\" is not for this log" },
	{ "nginx's lines to stderr", "log_access = \"stderr\";", 1,
	    "is not for this log" },
	{ "nginx's lines to another journal", "log_access = \"journal:/j\";", 1,
	    "syslog:/path" },
	{ "the ledger's lines to stderr", "log_ledger = \"stderr\";", 1,
	    "is not for this log" },
	{ "a log with more of nginx's words",
	    "log_access = \"syslog:a,tag=b\";", 1, "no port" },
	{ "a prefix without a slash", "prefix = \"media\";", 1,
	    "does not begin with /" },
	{ "a prefix with a slash behind", "prefix = \"/media/\";", 1,
	    "ends with /" },
	{ "a slash alone", "prefix = \"/\";", 1, "ends with /" },
	{ "a prefix that climbs", "prefix = \"/a/../b\";", 1, "dotted" },
	{ "a prefix that ends in dots", "prefix = \"/a/..\";", 1, "dotted" },
	{ "a prefix with a dot for a part", "prefix = \"/a/./b\";", 1,
	    "dotted" },
	{ "a prefix that ends in a dot", "prefix = \"/.\";", 1, "dotted" },
	{ "a prefix with two slashes", "prefix = \"/a//b\";", 1, "an empty" },
	{ "a prefix with a space", "prefix = \"/a b\";", 1, "not allowed" },
	{ "a prefix with a percent", "prefix = \"/a%2f\";", 1, "not allowed" },
	{ "an origin with a path", "cors_origins = [ \"https://a/b\" ];", 1,
	    "behind the host" },
	{ "an origin in upper case", "cors_origins = [ \"https://A\" ];", 1,
	    "upper-case" },
	{ "an origin twice", "cors_origins = [ \"http://a\", \"http://a\" ];",
	    1, "twice" },
	{ "every origin and one", "cors_origins = [ \"*\", \"http://a\" ];", 1,
	    "beside" },
	{ "one origin and every", "cors_origins = [ \"http://a\", \"*\" ];", 1,
	    "beside" },
	{ "an origin that is no text", "cors_origins = [ 1 ];", 1,
	    "in quotes" },
	{ "a proxy by name", "trusted_proxies = [ \"proxy\" ];", 1,
	    "is no address" },
	{ "a network too narrow", "trusted_proxies = [ \"10.0.0.0/33\" ];", 1,
	    "bits" },
	{ "an IPv6 network too narrow", "trusted_proxies = [ \"::/129\" ];", 1,
	    "bits" },
	{ "a request to nobody", "upload_auth = \"request\";", 1,
	    "need each other" },
	{ "an address that nobody asks", "\nauth_request = \"/auth\";", 2,
	    "need each other" },
	{ "an address with a query", "auth_request = \"/auth?a\";", 1,
	    "is not a path" },
	{ "smart gravity of a whole photo",
	    "presets = ({ name = \"n\"; " BOX " gravity = \"smart\"; });", 1,
	    "is for fit" },
	{ "a large AVIF",
	    "presets = (\n{ name = \"n\"; width = 1025; height = 9;"
	    " formats = [ \"avif\" ]; });",
	    2, "avif is written up to 1024" },
	{ "an animated JPEG",
	    "presets = ({ name = \"n\"; " BOX " animated = true; });", 1,
	    "animated needs" },
	{ "an address without a scheme", "public_url = \"a.example\";", 1,
	    "http://" },
	{ "an address of another scheme", "public_url = \"ftp://a\";", 1,
	    "http://" },
	{ "an address without a host", "public_url = \"http://\";", 1,
	    "has no host" },
	{ "an address with a path", "public_url = \"http://a/b\";", 1,
	    "behind the host" },
	{ "an address with a slash behind", "public_url = \"http://a/\";", 1,
	    "behind the host" },
	{ "an address with a name and password",
	    "public_url = \"http://u:p@a\";", 1, "no port" },
	{ "a cookie that nginx has no variable for",
	    "release_cookie = \"my-id\";", 1, "name of a cookie" },
	{ "a slot that is none", "slot = \"red\";", 1, "none, blue, green" },
	{ "a host with a scheme", "probe_connect = \"http://a\";", 1,
	    "no port" },
	{ "a host that is none", "probe_connect = \"[::1\";", 1, "no host" },
	{ "a host with port 0", "probe_connect = \"a:0\";", 1, "no port" },
	{ "a port beyond the last", "public_url = \"http://a:65536\";", 1,
	    "no port" },
	{ "a port of no digits", "public_url = \"http://a:\";", 1, "no port" },
	{ "an open bracket", "public_url = \"http://[::1\";", 1, "no host" },
	{ "a group with a slash", "socket_group = \"a/b\";", 1, "not allowed" },
	{ "a user with a slash", "user = \"a/b\";", 1, "not allowed" },
	{ "a group of no user", "page = true;\ngroup = \"g\";", 2,
	    "there is none" },
	{ "a mode that is not octal", "socket_mode = \"0680\";", 1,
	    "not understood" },
	{ "a mode with a sign", "socket_mode = \"+660\";", 1,
	    "not understood" },
	{ "an objective of four places", "slo_objective = \"99.9990\";", 1,
	    "50..99.999" },
	{ "an objective that ends in a dot", "slo_objective = \"99.\";", 1,
	    "not understood" },
	{ "an objective with its sign", "slo_objective = \"99%\";", 1,
	    "not understood" },
	{ "an objective without a whole number", "slo_objective = \".99\";", 1,
	    "not understood" },
	{ "a window of weeks", "slo_window = \"4w\";", 1, "1d..400d" },
	{ "a file that node_exporter does not read",
	    "page = true;\nslo_textfile = \"/a/b.txt\";", 2, ".prom" },
	{ "a file without a name", "slo_textfile = \"/a/.prom\";", 1, ".prom" },
	{ "a rate a minute", "limits = { rate = \"20/m\"; };", 1, "10000/s" },
	{ "a rate without a time", "limits = { rate = \"20\"; };", 1, "/s" },
	{ "a rate without a number", "limits = { rate = \"/s\"; };", 1,
	    "not understood" },
	{ "bytes with a unit", "limits = { photo = \"32MB\"; };", 1,
	    "not understood" },
	{ "bytes over 64 bits",
	    "limits = { photo = \"99999999999999999999\"; };", 1,
	    "not understood" },
	{ "bytes over 64 bits by their suffix",
	    "limits = { photo = \"18014398509481984K\"; };", 1,
	    "not understood" },
	{ "a color by its name",
	    "presets = ({ name = \"p\"; " BOX " background = \"red\"; });", 1,
	    "#000000..#ffffff" },
	{ "a color of three digits",
	    "presets = ({ name = \"p\"; " BOX " background = \"#fff\"; });", 1,
	    "presets[0].background" },
	{ "a color with a sign",
	    "presets = ({ name = \"p\"; " BOX " background = \"#+fffff\"; });",
	    1, "not understood" },
	{ "an unknown fit",
	    "presets = ({ name = \"p\"; " BOX " fit = \"crop\"; });", 1,
	    "inside, cover, pad" },
	{ "an unknown gravity",
	    "presets = ({ name = \"p\"; " BOX " gravity = \"top\"; });", 1,
	    "center, north, northeast" },
	{ "an unknown format",
	    "presets = ({ name = \"p\"; " BOX
	    " formats = [\"jpeg\", \"jxl\"]; });",
	    1, "\"jxl\" is not a format" },
	{ "a format's extension",
	    "presets = ({ name = \"p\"; " BOX " formats = [\"jpg\"]; });", 1,
	    "jpeg, png, gif, webp, avif" },
	{ "a format that cannot be written",
	    "presets = ({ name = \"p\"; " BOX " formats = [\"heic\"]; });", 1,
	    "\"heic\" can be read but not written" },
	{ "a format twice",
	    "presets = ({ name = \"p\"; " BOX
	    " formats = [\"png\",\n\"png\"]; });",
	    1, "\"png\" is there twice" },
	{ "no format", "presets = ({ name = \"p\"; " BOX " formats = []; });",
	    1, "at least one" },
	{ "a format that is no text",
	    "presets = ({ name = \"p\"; " BOX " formats = [1]; });", 1,
	    "texts in quotes" },
	{ "a preset named as the manifest",
	    "presets = ({ name = \"meta\"; " BOX " });", 1, "meta.json" },
	{ "a preset's name in upper case",
	    "presets = ({ name = \"P\"; " BOX " });", 1, "lower-case" },
	{ "a preset's name with a dot",
	    "presets = ({ name = \"p.q\"; " BOX " });", 1, "not allowed" },
	{ "a preset's name of 33 characters",
	    "presets = ({ name = \"a23456789a123456789a123456789a123\"; " BOX
	    " });",
	    1, "at most 32" },
	{ "a name twice",
	    "presets = ({ name = \"p\"; " BOX " },\n{ name = \"p\"; " BOX
	    " });",
	    2, "presets[1].name: \"p\" is the name of presets[0] too" },
	{ "a preset without a name", "presets = (\n{ " BOX " });", 2,
	    "presets[0].name: missing" },
	{ "a preset without a height",
	    "presets = (\n{ name = \"p\"; width = 9; });", 2,
	    "presets[0].height: missing (px: 1..16000)" },
	{ "no presets", "presets = ( );", 1, "1..16" },
	{ "presets in another bracket", "presets = [ ];", 1, "a list ( { }" },
	{ "a preset that is no group", "presets = ( 1 );", 1,
	    "presets[0]: a group" },
	{ "limits that are no group", "limits = 3;", 1,
	    "limits: a group { } is wanted, not a number" },
	{ "a photo over the request", "\nlimits = { photo = \"300M\"; };", 2,
	    "limits.photo: 300M is more than limits.request, which is 256M" },
	{ "a request below the photo", "\n\nlimits = { request = \"1M\"; };", 3,
	    "limits.photo: 32M is more than limits.request, which is 1M" },
	{ "a job over the request", "limits = { job_seconds = 121; };", 1,
	    "more than limits.request_seconds, which is 120" },
	{ "an unknown key", "\n\nfoo = 1;", 3, "foo: unknown key\n" },
	{ "an unknown limit", "limits = {\nfoo = 1; };", 2,
	    "limits.foo: unknown key\n" },
	{ "an unknown key of a preset",
	    "presets = ( { name = \"p\"; " BOX "\nfoo = 1; } );", 2,
	    "presets[0].foo: unknown key\n" },
	{ "a limit outside of limits", "photo = \"1M\";", 1,
	    "photo: unknown key; did you mean limits.photo" },
	{ "two letters swapped",
	    "presets = ( { name = \"p\"; " BOX " qualtiy = 9; } );", 1,
	    "did you mean presets[].quality" },
	{ "a key twice", "page = true;\npage = false;", 2, "duplicate" },
	{ "an equals sign twice", "workers = 1;\npage = = true;", 2,
	    "syntax error" },
	{ "a comma before a bracket", "a = (1,\n2,\n\n);", 2,
	    "a comma before" },
	{ "a comma, a comment and a bracket", "a = [ 1, # x\n ];", 1,
	    "a comma before" },
	{ "a text over two lines", "prefix = \"/a;\nb = \"\";", 1,
	    "must end on the line" },
	{ "a comment without an end", "page = true;\n\n/* x\n", 3,
	    "never ends" },
	{ "a number that libconfig would cut",
	    "limits = {\nphoto = 4294968320; };", 2, "2147483647" },
	{ "a negative number that libconfig would cut",
	    "limits = {\nphoto = -4294968320; };", 2, "2147483647" },
	{ "an include", "@include \"/dev/null\"\n", 1,
	    "@include is not supported" },
	{ "an include behind something else", "page = true; @include \"x\"\n",
	    1, "@include is not supported" },
	{ "an include behind a comment", "/* \n */\t@include \"x\"\n", 2,
	    "@include is not supported" },
	{ "an include behind a text", "prefix = \"\\\\\";\n@include \"x\"\n", 2,
	    "@include is not supported" },
};

START_TEST(bad_file_is_refused_with_line_and_words)
{
	expect_error(bad[_i].why, bad[_i].text, bad[_i].line, bad[_i].words);
}
END_TEST

static const struct {
	const char *why, *text;
} good[] = {
	{ "nothing", "" },
	{ "a comment that no newline ends", "page = true; # x" },
	{ "an include in a comment",
	    "# @include \"x\"\n/* \n@include \"x\" */" },
	{ "an include in a text", "data = \"/@include\";" },
	{ "a comment's beginning in a text", "data = \"//a\"; page = true;" },
	{ "DOS line ends", "page = true;\r\n# x\r\nworkers = 1;\r\n" },
	{ "a path beyond ASCII", "data = \"/caf\xc3\xa9\";" },
	{ "logs to standard error", "logs = \"\";" },
	{ "a deep prefix", "prefix = \"/A-b/c_d/~e/.well-known\";" },
	{ "an address with a port",
	    "public_url = \"https://a.example:8443\";" },
	{ "an address of IPv6", "public_url = \"http://[::1]:8080\";" },
	{ "a group by its name", "socket_group = \"www-data\";" },
	{ "a plain number of bytes", "limits = { photo = 1048576; };" },
	{ "a long number of pixels", "limits = { pixels = 3000000000L; };" },
	{ "an objective of a whole number", "slo_objective = \"99\";" },
	{ "a window in hours", "slo_window = \"36h\";" },
	{ "a file for node_exporter", "slo_textfile = \"/a/b.prom\";" },
	{ "equal limits",
	    "limits = { photo = \"1M\"; request = \"1M\";"
	    " job_seconds = 9; request_seconds = 9; };" },
	{ "formats in round brackets",
	    "presets = ({ name = \"p\"; " BOX " formats = (\"png\"); });" },
	{ "a name of 32 characters",
	    "presets = ({ name = \"a_3-56789a123456789a123456789a12\"; " BOX
	    " });" },
	{ "a name that begins like the manifest's",
	    "presets = ({ name = \"metal\"; " BOX " });" },
};

START_TEST(good_file_is_taken)
{
	char *errors;
	struct settings *s = load_text(good[_i].text, &errors);

	ck_assert_msg(s != NULL, "%s: %s", good[_i].why, errors);
	settings_free(s);
	free(errors);
}
END_TEST

START_TEST(path_of_a_socket_has_at_most_107_bytes)
{
	size_t len = 107 - strlen("/control.sock");
	char text[200];

	(void)snprintf(text, sizeof text, "run = \"/%0*d\";", (int)len - 1, 0);
	settings_free(load_good(text));
	(void)snprintf(text, sizeof text, "run = \"/%0*d\";", (int)len, 0);
	expect_error("one more", text, 1, "at most 94 bytes");
}
END_TEST

START_TEST(all_errors_are_said_at_once)
{
	char *errors;
	struct settings *s = load_text("data = \"x\";\nworkers = 1000;\n"
				       "foo = 1;\nlimits = { files = 0;\n"
				       "job_seconds = 200; };\n"
				       "presets = ( { } );\n",
	    &errors);

	ck_assert_ptr_null(s);
	ck_assert_msg(count_lines(errors) == 8, "%s", errors);
	free(errors);
}
END_TEST

START_TEST(limits_are_not_compared_where_one_is_wrong_in_itself)
{
	expect_error("two errors would be three",
	    "limits = { photo = \"300M\"; request = \"lots\"; };", 1,
	    "limits.request");
}
END_TEST

START_TEST(long_text_is_cut_in_the_message)
{
	char text[2000], *errors;
	struct settings *s;

	(void)snprintf(text, sizeof text, "public_url = \"http://%01500d\";",
	    0);
	s = load_text(text, &errors);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(errors, "000...\""));
	ck_assert_uint_lt(strlen(errors), 500 + strlen(settings_file_path()));
	free(errors);
}
END_TEST

/* ---- files that are none ---- */

START_TEST(missing_file_is_refused)
{
	char *errors;

	ck_assert_ptr_null(load_path("/nonexistent/x.conf", &errors));
	ck_assert_str_eq(errors,
	    "/nonexistent/x.conf: cannot be read: No such file or "
	    "directory\n");
	free(errors);
}
END_TEST

START_TEST(directory_is_refused)
{
	char *errors;

	ck_assert_ptr_null(load_path(tempdir_path(), &errors));
	ck_assert_ptr_nonnull(strstr(errors, ": cannot be read: Is a dir"));
	free(errors);
}
END_TEST

START_TEST(file_of_one_mebibyte_is_taken_and_a_byte_more_refused)
{
	const size_t max = 1024 * 1024;
	char *spaces = malloc(max + 1), *errors;
	struct settings *s;

	ck_assert_ptr_nonnull(spaces);
	memset(spaces, ' ', max + 1);
	settings_file_write(spaces, max);
	s = load_path(settings_file_path(), &errors);
	ck_assert_ptr_nonnull(s);
	settings_free(s);
	free(errors);
	settings_file_write(spaces, max + 1);
	ck_assert_ptr_null(load_path(settings_file_path(), &errors));
	ck_assert_ptr_nonnull(strstr(errors, "larger than 1 MiB"));
	free(errors);
	free(spaces);
}
END_TEST

START_TEST(bytes_behind_a_nul_are_not_passed_over)
{
	static const char text[] = "page = true;\n\0foo = 1;\n";
	char *errors;

	settings_file_write(text, sizeof text - 1);
	ck_assert_ptr_null(load_path(settings_file_path(), &errors));
	ck_assert_ptr_nonnull(strstr(errors, ":2: a NUL byte"));
	free(errors);
}
END_TEST

/* Opening a FIFO that nobody writes to would wait for ever. */
START_TEST(included_file_is_never_opened)
{
	char fifo[600], text[700];

	(void)snprintf(fifo, sizeof fifo, "%s/fifo", tempdir_path());
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	(void)snprintf(text, sizeof text, "page = true;\n  @include \"%s\"\n",
	    fifo);
	expect_error("a FIFO", text, 2, "@include is not supported");
}
END_TEST

START_TEST(nothing_stays_open)
{
	unsigned before = count_fds();
	char *errors;

	settings_free(load_good("page = true;"));
	ck_assert_ptr_null(load_text("foo = ;", &errors));
	free(errors);
	ck_assert_uint_eq(count_fds(), before);
}
END_TEST

static TCase *
files(void)
{
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, settings_file_setup, tempdir_teardown);
	tcase_add_loop_test(tc, bad_file_is_refused_with_line_and_words, 0,
	    NELEM(bad));
	tcase_add_loop_test(tc, good_file_is_taken, 0, NELEM(good));
	tcase_add_test(tc, path_of_a_socket_has_at_most_107_bytes);
	tcase_add_test(tc, all_errors_are_said_at_once);
	tcase_add_test(tc,
	    limits_are_not_compared_where_one_is_wrong_in_itself);
	tcase_add_test(tc, long_text_is_cut_in_the_message);
	tcase_add_test(tc, missing_file_is_refused);
	tcase_add_test(tc, directory_is_refused);
	tcase_add_test(tc,
	    file_of_one_mebibyte_is_taken_and_a_byte_more_refused);
	tcase_add_test(tc, bytes_behind_a_nul_are_not_passed_over);
	tcase_add_test(tc, included_file_is_never_opened);
	tcase_add_test(tc, nothing_stays_open);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("settings_files");

	suite_add_tcase(suite, files());
	return run_suite(suite);
}
