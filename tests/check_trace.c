#include "config.h"

/* What the logs say of one request, and that nothing in them says more. */

#include "trace.h"

#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "fdio.h"
#include "support.h"

#define ID "0123456789abcdef0123456789abcdef"
#define ACCESS(id)                                                             \
	"{\"time\":\"2026-11-28T08:51:20+00:00\",\"id\":\"" id                 \
	"\",\"remote\":\"192.0.2.7\",\"method\":\"POST\",\"uri\":\"/upload\"," \
	"\"status\":201,\"bytes_in\":4000,\"bytes\":1800,\"seconds\":0.412,"   \
	"\"upstream_status\":\"201\",\"upstream_connect\":\"0.000\","          \
	"\"upstream_seconds\":\"0.400\"}"
#define SERVICE(id)                                                          \
	"{\"time\":\"2026-11-28T08:51:20.123Z\",\"request\":\"" id           \
	"\",\"status\":201,\"bytes_in\":3900,\"bytes\":1500,"                \
	"\"ms\":{\"queue\":0,\"receive\":11,\"decode\":66},\"photos\":["     \
	"{\"status\":\"created\",\"decoded\":true,\"id\":\"abc\","           \
	"\"type\":\"image/jpeg\",\"bytes\":3800,\"engine\":\"planes\","      \
	"\"ms\":{\"decode\":66}},"                                           \
	"{\"status\":\"refused\",\"decoded\":false,\"code\":\"corrupt-"      \
	"image\",\"cause\":\"half of it\",\"declined\":\"planes: decode: a " \
	"doubt\",\"ms\":{\"decode\":1}}],"                                   \
	"\"worker\":12,\"version\":\"0.1.0\"}"

static struct trace trace;

static void
setup(void)
{
	tempdir_setup();
	trace_init(&trace, ID);
}

static void
teardown(void)
{
	trace_fini(&trace);
	tempdir_teardown();
}

static bool
take(enum trace_source source, const char *line)
{
	return trace_take(&trace, source, line, strlen(line));
}

/* What is printed; the caller frees it. */
static char *
print(void (*how)(const struct trace *, FILE *))
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	how(&trace, f);
	ck_assert_int_eq(fclose(f), 0);
	for (size_t i = 0; i < len; i++)
		ck_assert_msg(isprint((unsigned char)text[i]) ||
			text[i] == '\n',
		    "a byte %d in %s", text[i], text);
	return text;
}

static void
expect_words(const char *const *words)
{
	char *text = print(trace_print);

	for (; *words != NULL; words++)
		ck_assert_msg(strstr(text, *words) != NULL, "no \"%s\" in %s",
		    *words, text);
	free(text);
}

/* ---- which lines ---- */

static const struct {
	const char *line;
	enum trace_source source, becomes;
} lines[] = {
	{ ACCESS(ID), TRACE_ACCESS, TRACE_ACCESS },
	{ ACCESS("9" ID), TRACE_ACCESS, TRACE_COUNT },
	/* A client's own words that look like it. */
	{ "{\"id\":\"x\",\"uri\":\"/" ID "\"}", TRACE_ACCESS, TRACE_COUNT },
	{ "{\"id\":\"x\",\"uri\":\"\\\"id\\\":\\\"" ID "\\\"\"}", TRACE_ACCESS,
	    TRACE_COUNT },
	{ "{\"id\":\"" ID "\",\"cut", TRACE_ACCESS, TRACE_COUNT },
	{ "fcgi-thumb: " ID, TRACE_ACCESS, TRACE_COUNT },
	{ SERVICE(ID), TRACE_SERVICE, TRACE_SERVICE },
	{ "{\"request\":\"x\",\"cause\":\"" ID "\"}", TRACE_SERVICE,
	    TRACE_COUNT },
	{ "fcgi-thumb: error: killed, request " ID, TRACE_SERVICE,
	    TRACE_WORDS },
	{ "killed, request " ID ", photo", TRACE_SERVICE, TRACE_WORDS },
	{ "killed, request " ID "0", TRACE_SERVICE, TRACE_COUNT },
	{ "killed, request 0" ID, TRACE_SERVICE, TRACE_COUNT },
	{ "{\"kind\":\"probe\",\"request\":\"" ID "\"}", TRACE_LEDGER,
	    TRACE_LEDGER },
	{ "", TRACE_SERVICE, TRACE_COUNT },
};

START_TEST(line_is_about_it_or_not)
{
	enum trace_source becomes = lines[_i].becomes;

	ck_assert_msg(take(lines[_i].source, lines[_i].line) ==
		(becomes != TRACE_COUNT),
	    "%s", lines[_i].line);
	ck_assert(trace_is_empty(&trace) == (becomes == TRACE_COUNT));
	if (becomes != TRACE_COUNT)
		ck_assert_str_eq(trace.found[becomes].texts[0], lines[_i].line);
}
END_TEST

START_TEST(there_is_an_end_to_what_is_kept)
{
	for (int i = 0; i < TRACE_LINES_MAX; i++)
		ck_assert(take(TRACE_SERVICE, SERVICE(ID)));
	ck_assert(!take(TRACE_SERVICE, SERVICE(ID)));
}
END_TEST

/* ---- files ---- */

static void
write_plain(const char *name, const char *text, time_t age)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - age } };
	FILE *f = fopen(tempdir_at(name), "w");

	times[1] = times[0];
	ck_assert_ptr_nonnull(f);
	(void)fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(utimensat(tempdir_fd(), name, times, 0), 0);
}

static void
write_gzip(const char *name, const char *text, time_t age)
{
	struct timespec times[2] = { { .tv_sec = time(NULL) - age } };
	gzFile f = gzopen(tempdir_at(name), "wb");

	times[1] = times[0];
	ck_assert_int_eq(gzwrite(f, text, (unsigned)strlen(text)),
	    (int)strlen(text));
	ck_assert_int_eq(gzclose(f), Z_OK);
	ck_assert_int_eq(utimensat(tempdir_fd(), name, times, 0), 0);
}

static void
search(const char *name)
{
	trace_search(&trace, TRACE_ACCESS, tempdir_path(), name);
}

static const char *const rotated[] = { "access.log", "access.log.1",
	"access.log.2.gz", "access.log-20261128", "access.log-20261128.gz" };

START_TEST(rotated_file_is_read)
{
	const char *text = "{}\n" ACCESS(ID) "\n{}\n";

	write_plain("access.log-1", "{}\n", 0);
	write_plain("fcgi-thumb.log", text, 0);
	write_plain("access.logs", text, 0);
	if (strstr(rotated[_i], ".gz") != NULL)
		write_gzip(rotated[_i], text, 9);
	else
		write_plain(rotated[_i], text, 9);
	search("access.log");
	ck_assert_uint_eq(trace.found[TRACE_ACCESS].n, 1);
	ck_assert_uint_eq(trace.n_elsewhere, 0);
}
END_TEST

START_TEST(a_line_is_found_wherever_the_pieces_end)
{
	char *text = malloc(600000);
	size_t at = 262144 - 50;

	memset(text, 'x', 600000);
	text[at - 1] = '\n';
	(void)strcpy(text + at, ACCESS(ID)); /* without a newline: cut there */
	write_plain("access.log", text, 0);
	search("access.log");
	ck_assert_uint_eq(trace.found[TRACE_ACCESS].n, 1);
	free(text);
}
END_TEST

START_TEST(older_files_are_left_when_it_is_found)
{
	write_plain("access.log", "{}\n", 0);
	write_plain("access.log.1", ACCESS(ID) "\n", 10);
	write_plain("access.log.2", ACCESS(ID) "\n", 20);
	write_plain("access.log.3", ACCESS(ID) "\n", 30);
	search("access.log");
	ck_assert_uint_eq(trace.found[TRACE_ACCESS].n, 2);
}
END_TEST

START_TEST(what_cannot_be_read_is_said)
{
	static const char *const words[] = { "/access.log.9.xz is compressed",
		"/access.log.2.gz cannot be read to its end", NULL };
	char *data;
	size_t len;

	write_plain("access.log.9.xz", "?", 0);
	write_gzip("access.log.2.gz", ACCESS(ID) "\n", 0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "access.log.2.gz", 10000,
			     &data, &len),
	    0);
	ck_assert_int_eq(truncate(tempdir_at("access.log.2.gz"),
			     (off_t)len / 2),
	    0);
	free(data);
	ck_assert_int_eq(mkfifo(tempdir_at("access.log.fifo"), 0600), 0);
	search("access.log");
	expect_words(words);
}
END_TEST

START_TEST(every_day_of_the_ledger_is_read)
{
	write_plain("2026-11-27.jsonl", "{\"kind\":\"probe\"}\n", 0);
	write_plain("2026-11-28.jsonl", "{\"request\":\"" ID "\"}\n", 5);
	trace_search(&trace, TRACE_LEDGER, tempdir_path(), NULL);
	ck_assert_uint_eq(trace.found[TRACE_LEDGER].n, 1);
	trace_search(&trace, TRACE_LEDGER, tempdir_at("nowhere"), NULL);
	ck_assert_uint_eq(trace.n_elsewhere, 0);
}
END_TEST

/* ---- what is printed ---- */

START_TEST(a_request_is_told_in_words)
{
	static const char *const words[] = { "request  " ID "\n",
		"nginx    2026-11-28T08:51:20+00:00  POST /upload from "
		"192.0.2.7: 201 in 0.412 s\n",
		"  4000 bytes in, 1800 bytes out\n",
		"  a worker answered 201 in 0.400 s; 0.012 s went into",
		"worker   2026-11-28T08:51:20.123Z  process 12 of version "
		"0.1.0: 201\n",
		"  3900 bytes of body in, 1500 bytes out\n",
		"  queue 0, receive 11, decode 66 ms; most: decode\n",
		"  photo 1 created, abc, image/jpeg, 3800 bytes by planes\n",
		"  photo 2 refused: corrupt-image: half of it "
		"(planes: decode: a doubt)\n",
		"words    fcgi-thumb: error: killed, request " ID "\n", NULL };

	ck_assert(take(TRACE_ACCESS, ACCESS(ID)));
	ck_assert(take(TRACE_SERVICE, SERVICE(ID)));
	ck_assert(
	    take(TRACE_SERVICE, "fcgi-thumb: error: killed, request " ID));
	expect_words(words);
}
END_TEST

START_TEST(the_slot_is_told_where_there_are_slots)
{
	static const char *const words[] = { " from 192.0.2.7 to blue: 201 in",
		" of version 0.1.0 in green: 201\n",
		"GET /plain from 192.0.2.7: 200 in",
		"words    fcgi-thumb@blue: error: killed, request " ID "\n",
		NULL };

	ck_assert(take(TRACE_ACCESS,
	    "{\"id\":\"" ID "\",\"time\":\"t\",\"method\":\"GET\","
	    "\"uri\":\"/\",\"remote\":\"192.0.2.7\",\"status\":201,"
	    "\"slot\":\"blue\"}"));
	ck_assert(take(TRACE_ACCESS,
	    "{\"id\":\"" ID "\",\"time\":\"t\",\"method\":\"GET\","
	    "\"uri\":\"/plain\",\"remote\":\"192.0.2.7\",\"status\":200,"
	    "\"slot\":\"none\"}"));
	ck_assert(take(TRACE_SERVICE,
	    "{\"request\":\"" ID "\",\"status\":201,"
	    "\"version\":\"0.1.0\",\"slot\":\"green\"}"));
	ck_assert(
	    take(TRACE_SERVICE, "fcgi-thumb@blue: error: killed, request " ID));
	expect_words(words);
}
END_TEST

static const struct {
	const char *status, *connect, *words;
} upstreams[] = {
	{ "", "", "no worker was asked" },
	{ "502", "-", "no worker took it" },
	{ "502", "0.000", "its worker was lost" },
	{ "504", "0.000", "a worker answered 504" },
};

START_TEST(nginx_s_line_says_what_became_of_the_worker)
{
	const char *const words[] = { upstreams[_i].words, NULL };
	char line[300];

	(void)snprintf(line, sizeof line,
	    "{\"id\":\"" ID "\",\"upstream_status\":\"%s\","
	    "\"upstream_connect\":\"%s\"}",
	    upstreams[_i].status, upstreams[_i].connect);
	ck_assert(take(TRACE_ACCESS, line));
	expect_words(words);
}
END_TEST

/* Escape sequences, bytes that are no UTF-8, numbers where texts belong. */
static const char *const hostile[] = {
	"{\"id\":\"" ID "\",\"uri\":\"\\u001b[2J\\u009b\\u202e\xc2\x9b\x7f\"}",
	"{\"id\":\"" ID "\",\"status\":\"\\u001b]0;x\\u0007\",\"remote\":[1]}",
	"{\"id\":\"" ID "\",\"upstream_status\":\"\\u001b[2J\",\"time\":{}}",
	"{\"request\":\"" ID "\",\"ms\":{\"\\u001b\":1},\"photos\":[1,{}]}",
	"{\"request\":\"" ID "\",\"ms\":7,\"photos\":{\"a\":1},\"code\":2}",
	("\x1b[2J killed \x9b\xff, request " ID),
};

START_TEST(nothing_in_a_log_reaches_the_terminal_as_it_is)
{
	json_t *json;
	char *text;

	ck_assert(take(TRACE_ACCESS, hostile[_i]) ||
	    take(TRACE_SERVICE, hostile[_i]));
	trace_elsewhere(&trace, "%s", "a \x1b[2J\xff");
	free(print(trace_print));
	text = print(trace_print_json);
	json = json_loads(text, 0, NULL);
	ck_assert_msg(json != NULL, "%s", text);
	json_decref(json);
	free(text);
}
END_TEST

START_TEST(programs_get_the_lines_themselves)
{
	const char *id = NULL;
	json_t *json;
	char *text;
	int status = 0;

	ck_assert(take(TRACE_ACCESS, ACCESS(ID)));
	ck_assert(take(TRACE_SERVICE, "words, request " ID));
	text = print(trace_print_json);
	json = json_loads(text, 0, NULL);
	ck_assert_int_eq(json_unpack(json,
			     "{s:s,s:[{s:i}],s:[],s:[s],s:[],s:[]!}", "request",
			     &id, "access", "status", &status, "service",
			     "words", &(const char *){ NULL }, "ledger",
			     "notes"),
	    0);
	ck_assert_str_eq(id, ID);
	ck_assert_int_eq(status, 201);
	json_decref(json);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trace");
	TCase *which = tcase_create("lines");
	TCase *files = tcase_create("files");
	TCase *printed = tcase_create("print");

	tcase_add_checked_fixture(which, setup, teardown);
	tcase_add_loop_test(which, line_is_about_it_or_not, 0, NELEM(lines));
	tcase_add_test(which, there_is_an_end_to_what_is_kept);
	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_loop_test(files, rotated_file_is_read, 0, NELEM(rotated));
	tcase_add_test(files, a_line_is_found_wherever_the_pieces_end);
	tcase_add_test(files, older_files_are_left_when_it_is_found);
	tcase_add_test(files, what_cannot_be_read_is_said);
	tcase_add_test(files, every_day_of_the_ledger_is_read);
	tcase_add_checked_fixture(printed, setup, teardown);
	tcase_add_test(printed, a_request_is_told_in_words);
	tcase_add_test(printed, the_slot_is_told_where_there_are_slots);
	tcase_add_loop_test(printed,
	    nginx_s_line_says_what_became_of_the_worker, 0, NELEM(upstreams));
	tcase_add_loop_test(printed,
	    nothing_in_a_log_reaches_the_terminal_as_it_is, 0, NELEM(hostile));
	tcase_add_test(printed, programs_get_the_lines_themselves);
	suite_add_tcase(s, which);
	suite_add_tcase(s, files);
	suite_add_tcase(s, printed);
	return run_suite(s);
}
