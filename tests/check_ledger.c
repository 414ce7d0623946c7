#include "config.h"

#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fdio.h"
#include "support.h"
#include "terms_time.h"

#define DAY "2026-11-28.jsonl"
#define EVER INT64_MIN, INT64_MAX

/* The ms of a time in RFC 3339. */
static int64_t
at(const char *text)
{
	int64_t ms = 0;

	ck_assert_msg(terms_time_parse_ms(text, &ms) == 0, "%s", text);
	return ms;
}

static const char *
dir(void)
{
	return tempdir_at("ledger");
}

static void
write_day(const char *name, const char *text, size_t len)
{
	char path[64];

	(void)mkdir(dir(), 0755);
	(void)snprintf(path, sizeof path, "ledger/%s", name);
	(void)unlinkat(tempdir_fd(), path, 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), path, 0644, text, len), 0);
}

/* The caller frees it. */
static char *
read_day(const char *name)
{
	char path[64];
	char *text;
	size_t len;

	(void)snprintf(path, sizeof path, "ledger/%s", name);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), path, 1 << 20, &text, &len),
	    0);
	return text;
}

/* What came, and a mark of each entry in their order. */
static struct {
	struct ledger_entry first, last;
	unsigned n;
	unsigned stop; /* after so many; 0: never */
	struct ledger_skipped skipped;
} got;

static bool
take(void *ctx, const struct ledger_entry *entry)
{
	(void)ctx;
	if (got.n++ == 0)
		got.first = *entry;
	got.last = *entry;
	return got.n != got.stop;
}

/* Of the lines in their order, which have 0, 1, 2 ... hundredths of a percent. */
static unsigned shares_read;

static bool
take_share(void *ctx, const struct ledger_entry *entry)
{
	(void)ctx;
	ck_assert_uint_eq(entry->release.share, shares_read++);
	return true;
}

static void
read_span(int64_t from, int64_t until)
{
	unsigned stop = got.stop;

	memset(&got, 0, sizeof got);
	got.stop = stop;
	ck_assert_int_eq(ledger_read(dir(), from, until, take, NULL,
			     &got.skipped),
	    0);
}

static struct ledger_entry
probe(const char *time)
{
	return (struct ledger_entry){ .time = at(time),
		.kind = LEDGER_PROBE,
		.probe = { .ok = true,
		    .created = true,
		    .ms = { 312, 3, 4 },
		    .version = "0.1.0" } };
}

static void
append(const struct ledger_entry *e)
{
	ck_assert_int_eq(ledger_append(dir(), e, false), 0);
}

/* ---- lines ---- */

static const struct {
	const char *line;
	struct ledger_entry entry; /* without its time */
} lines[] = {
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"probe\","
	  "\"ok\":true,\"created\":true,"
	  "\"ms\":{\"upload\":312,\"read\":3,\"delete\":4},"
	  "\"version\":\"0.1.0\"}\n",
	    { .kind = LEDGER_PROBE,
		.probe = { .ok = true,
		    .created = true,
		    .ms = { 312, 3, 4 },
		    .version = "0.1.0" } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"probe\","
	  "\"ok\":false,\"step\":\"upload\",\"status\":503,"
	  "\"code\":\"overloaded\",\"why\":\"no \\\"worker\\\" is free\","
	  "\"ms\":{\"upload\":9},\"version\":\"0.1.0\"}\n",
	    { .kind = LEDGER_PROBE,
		.probe = { .step = LEDGER_UPLOAD,
		    .status = 503,
		    .code = "overloaded",
		    .why = "no \"worker\" is free",
		    .ms = { 9, LEDGER_MS_NONE, LEDGER_MS_NONE },
		    .version = "0.1.0" } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"probe\","
	  "\"ok\":false,\"step\":\"compare\",\"status\":0,\"ms\":{}}\n",
	    { .kind = LEDGER_PROBE,
		.probe = { .step = LEDGER_COMPARE,
		    .ms = { LEDGER_MS_NONE, LEDGER_MS_NONE,
			LEDGER_MS_NONE } } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"requests\","
	  "\"minute\":\"2026-11-28T08:51Z\",\"total\":123,\"errors\":2}\n",
	    { .kind = LEDGER_REQUESTS,
		.requests = { .minute = INT64_C(1795855860000),
		    .total = 123,
		    .errors = 2 } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"offline\","
	  "\"until\":\"2026-11-28T09:51:20.123Z\",\"reason\":\"new disk\","
	  "\"by\":\"root\"}\n",
	    { .kind = LEDGER_OFFLINE,
		.planned = { .until = INT64_C(1795859480123),
		    .reason = "new disk",
		    .by = "root" } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"online\","
	  "\"by\":\"root\"}\n",
	    { .kind = LEDGER_ONLINE, .planned = { .by = "root" } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"release\","
	  "\"event\":\"begin\",\"id\":\"k3mz7qpa2wxe\",\"how\":\"rollout\","
	  "\"from\":\"0.1.0\",\"to\":\"0.2.0+1a2b3c4d\",\"slot\":\"green\","
	  "\"share\":0.0,\"by\":\"alice as root\",\"reason\":\"hotfix\"}\n",
	    { .kind = LEDGER_RELEASE,
		.release = { .event = LEDGER_BEGIN,
		    .id = "k3mz7qpa2wxe",
		    .how = "rollout",
		    .from = "0.1.0",
		    .to = "0.2.0+1a2b3c4d",
		    .slot = "green",
		    .by = "alice as root",
		    .reason = "hotfix" } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"release\","
	  "\"event\":\"step\",\"id\":\"k3mz7qpa2wxe\",\"share\":33.33,"
	  "\"verdict\":\"pass\"}\n",
	    { .kind = LEDGER_RELEASE,
		.release = { .event = LEDGER_STEP,
		    .id = "k3mz7qpa2wxe",
		    .share = 3333,
		    .verdict = "pass" } } },
	{ "{\"time\":\"2026-11-28T08:51:20.123Z\",\"kind\":\"release\","
	  "\"event\":\"end\",\"id\":\"k3mz7qpa2wxe\",\"share\":100.0}\n",
	    { .kind = LEDGER_RELEASE,
		.release = { .event = LEDGER_END,
		    .id = "k3mz7qpa2wxe",
		    .share = 10000 } } },
};

static void
assert_same(const struct ledger_entry *a, const struct ledger_entry *b)
{
	char *x = ledger_text(a), *y = ledger_text(b);

	ck_assert_str_eq(x, y);
	free(x);
	free(y);
}

START_TEST(an_entry_is_a_line_and_back)
{
	struct ledger_entry e = lines[_i].entry;
	char *text;

	e.time = at("2026-11-28T08:51:20.123Z");
	append(&e);
	text = read_day(DAY);
	ck_assert_str_eq(text, lines[_i].line);
	free(text);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 1);
	ck_assert_int_eq(got.first.time, e.time);
	assert_same(&got.first, &e);
}
END_TEST

START_TEST(words_cannot_make_a_second_line)
{
	struct ledger_entry e = { .time = at("2026-11-28T08:51:20Z"),
		.kind = LEDGER_OFFLINE,
		.planned = { .until = at("2026-11-28T09:00:00Z"),
		    .reason = "a\n{\"kind\":\"online\"}\x1b[2J\xff z",
		    .by = "" } };
	char *text;

	append(&e);
	text = read_day(DAY);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	for (const char *c = text; *c != '\n'; c++)
		ck_assert_msg(*c >= 0x20 && *c < 0x7f, "%d", *c);
	free(text);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 1);
	ck_assert_str_eq(got.first.planned.reason,
	    "a\xef\xbf\xbd{\"kind\":\"online\"}\xef\xbf\xbd[2J\xef\xbf\xbd z");
}
END_TEST

/* A rate of a hundred percent has 10001 shares; each is read as written. */
START_TEST(every_share_is_read_as_it_was_written)
{
	struct ledger_entry e = { .time = at("2026-11-28T08:51:20Z"),
		.kind = LEDGER_RELEASE,
		.release = { .event = LEDGER_STEP, .id = "k3mz7qpa2wxe" } };
	struct buf text = { 0 };

	for (unsigned share = 0; share <= 10000; share++) {
		char *line;

		e.release.share = share;
		line = ledger_text(&e);
		buf_puts(&text, line);
		buf_puts(&text, "\n");
		free(line);
	}
	write_day(DAY, text.data, text.len);
	buf_fini(&text);
	shares_read = 0;
	ck_assert_int_eq(ledger_read(dir(), EVER, take_share, NULL, NULL), 0);
	ck_assert_uint_eq(shares_read, 10001);
}
END_TEST

/* The longest words, of which each character takes most room. */
START_TEST(a_release_fits_a_line_whatever_is_said_of_it)
{
	struct ledger_entry e = { .time = at("2026-11-28T08:51:20Z"),
		.kind = LEDGER_RELEASE,
		.release = { .event = LEDGER_END } };
	char *text;

	memset(e.release.id, '"', sizeof e.release.id - 1);
	memset(e.release.how, '\\', sizeof e.release.how - 1);
	memset(e.release.from, 0xff, sizeof e.release.from - 1);
	memset(e.release.to, 1, sizeof e.release.to - 1);
	memset(e.release.slot, 1, sizeof e.release.slot - 1);
	memset(e.release.verdict, 1, sizeof e.release.verdict - 1);
	memset(e.release.by, 0xff, sizeof e.release.by - 1);
	memset(e.release.reason, 0xff, sizeof e.release.reason - 1);
	append(&e);
	text = read_day(DAY);
	ck_assert_uint_le(strlen(text), LEDGER_LINE_MAX);
	free(text);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 1);
	ck_assert_str_eq(got.first.release.id,
	    "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"");
}
END_TEST

#define T "\"time\":\"2026-11-28T08:51:20.123Z\""
#define P T ",\"kind\":\"probe\""
#define E T ",\"kind\":\"release\",\"event\":\"step\""
#define R T ",\"kind\":\"requests\",\"minute\":\"2026-11-28T08:51Z\""

/* What another version, another program or an enemy may have written. */
static const struct {
	const char *line;
	unsigned n, cut, foreign, unknown;
} odd[] = {
	{ "{" P ",\"ok\":true,\"ms\":{\"upload\":1},\"colour\":[{}]}\n", 1, 0,
	    0, 0 },
	{ "{" P ",\"ok\":false,\"step\":\"dance\",\"status\":-5}\n", 1, 0, 0,
	    0 },
	{ "{" P ",\"ok\":true,\"ms\":{\"upload\":1e9,\"read\":99999999999}}\n",
	    1, 0, 0, 0 },
	{ "{" P ",\"ok\":true,\"ms\":7,\"version\":8,\"created\":9}\n", 1, 0, 0,
	    0 },
	{ "{" T ",\"kind\":\"weather\",\"rain\":true}\n", 0, 0, 0, 1 },
	{ "{" P ",\"ok\":true}", 0, 1, 0, 0 },
	{ "{" P ",\"ok\":true}\n{" P ",\"o", 1, 1, 0, 0 },
	{ "\n\n", 0, 0, 0, 0 },
	{ "", 0, 0, 0, 0 },
	{ "hello\n", 0, 0, 1, 0 },
	{ "[]\n7\n\"x\"\nnull\n", 0, 0, 4, 0 },
	{ "{" P ",\"ok\":\"yes\"}\n", 0, 0, 1, 0 },
	{ "{" P "}\n", 0, 0, 1, 0 },
	{ "{\"kind\":\"probe\",\"ok\":true}\n", 0, 0, 1, 0 },
	{ "{\"time\":7,\"kind\":\"probe\",\"ok\":true}\n", 0, 0, 1, 0 },
	{ "{" T ",\"kind\":7}\n", 0, 0, 1, 0 },
	{ "{\"time\":\"2026-11-28\",\"kind\":\"probe\",\"ok\":true}\n", 0, 0, 1,
	    0 },
	/* Of another day than its file. */
	{ "{\"time\":\"2026-11-29T00:00:00Z\",\"kind\":\"probe\",\"ok\":true}"
	  "\n",
	    0, 0, 1, 0 },
	{ "{" R ",\"total\":5,\"errors\":5}\n", 1, 0, 0, 0 },
	{ "{" R ",\"total\":5,\"errors\":6}\n", 0, 0, 1, 0 },
	{ "{" R ",\"total\":-5,\"errors\":-6}\n", 0, 0, 1, 0 },
	{ "{" R ",\"total\":5.5,\"errors\":0}\n", 0, 0, 1, 0 },
	{ "{" R ",\"total\":99999999999999999999,\"errors\":0}\n", 0, 0, 1, 0 },
	{ "{" T ",\"kind\":\"requests\",\"minute\":\"2026-11-28T08:51:00Z\","
	  "\"total\":1,\"errors\":0}\n",
	    0, 0, 1, 0 },
	{ "{" T ",\"kind\":\"offline\"}\n", 0, 0, 1, 0 },
	{ "{" T ",\"kind\":\"offline\",\"until\":\"soon\"}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":\"x\",\"share\":5}\n", 1, 0, 0, 0 },
	{ "{" E ",\"id\":\"x\",\"share\":1e2,\"how\":7,\"from\":[],"
	  "\"slot\":\"a slot with a long name\",\"verdict\":{}}\n",
	    1, 0, 0, 0 },
	{ "{" E ",\"id\":\"x\"}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":\"x\",\"share\":\"5\"}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":\"x\",\"share\":-0.01}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":\"x\",\"share\":100.01}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":\"x\",\"share\":1e308}\n", 0, 0, 1, 0 },
	{ "{" E ",\"share\":5}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":\"\",\"share\":5}\n", 0, 0, 1, 0 },
	{ "{" E ",\"id\":7,\"share\":5}\n", 0, 0, 1, 0 },
	{ "{" T ",\"kind\":\"release\",\"id\":\"x\",\"share\":5}\n", 0, 0, 1,
	    0 },
	{ "{" T ",\"kind\":\"release\",\"event\":\"pause\",\"id\":\"x\","
	  "\"share\":5}\n",
	    0, 0, 0, 1 },
};

START_TEST(what_is_no_entry_is_counted_and_passed_over)
{
	write_day(DAY, odd[_i].line, strlen(odd[_i].line));
	read_span(EVER);
	ck_assert_msg(got.n == odd[_i].n && got.skipped.cut == odd[_i].cut &&
		got.skipped.foreign == odd[_i].foreign &&
		got.skipped.unknown == odd[_i].unknown,
	    "%s: %u entries, %ju cut, %ju foreign, %ju unknown", odd[_i].line,
	    got.n, (uintmax_t)got.skipped.cut, (uintmax_t)got.skipped.foreign,
	    (uintmax_t)got.skipped.unknown);
}
END_TEST

#define GOOD "{" P ",\"ok\":true}\n"

/* Lines of any length, at any place in the pieces that are read. */
START_TEST(a_line_without_end_costs_no_memory_and_no_other_line)
{
	static const size_t lengths[] = { LEDGER_LINE_MAX - 1, LEDGER_LINE_MAX,
		65535, 65536, 65537, 1000000 };
	struct buf text = { 0 };

	for (size_t i = 0; i < NELEM(lengths); i++) {
		buf_puts(&text, GOOD);
		for (size_t n = 0; n < lengths[i]; n++)
			buf_add(&text, &"[\0{"[n % 3], 1);
		buf_puts(&text, "\n" GOOD);
	}
	for (size_t n = 0; n < 100000; n++)
		buf_puts(&text, "[");
	write_day(DAY, text.data, text.len);
	buf_fini(&text);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 2 * NELEM(lengths));
	ck_assert_uint_eq(got.skipped.foreign, NELEM(lengths));
	ck_assert_uint_eq(got.skipped.cut, 1);
}
END_TEST

/* ---- days ---- */

START_TEST(an_entry_lies_in_the_file_of_its_moment)
{
	struct ledger_entry e = probe("2026-11-28T23:59:59.999Z");
	struct ledger_entry r = { .kind = LEDGER_REQUESTS,
		.time = at("2026-11-29T00:00:04Z"),
		.requests = { .minute = at("2026-11-28T23:59:00Z"),
		    .total = 1 } };
	char *text;

	append(&e);
	append(&r);
	e = probe("2026-11-29T00:00:00Z");
	append(&e);
	text = read_day(DAY);
	ck_assert_ptr_nonnull(strstr(text, "23:59:59.999Z"));
	ck_assert_ptr_nonnull(strstr(text, "requests"));
	free(text);
	text = read_day("2026-11-29.jsonl");
	ck_assert_ptr_nonnull(strstr(text, "00:00:00.000Z"));
	free(text);
	read_span(at("2026-11-28T23:59:00Z"), at("2026-11-29T00:00:00Z"));
	ck_assert_uint_eq(got.n, 2);
	read_span(at("2026-11-28T23:59:00.001Z"), at("2026-11-29T00:00:00Z"));
	ck_assert_uint_eq(got.n, 1);
	read_span(at("2026-11-29T00:00:00Z"), at("2026-11-29T00:00:00.001Z"));
	ck_assert_uint_eq(got.n, 1);
	read_span(at("2026-11-29T00:00:00Z"), at("2026-11-29T00:00:00Z"));
	ck_assert_uint_eq(got.n, 0);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 3);
	ck_assert_int_eq(got.last.time, e.time);
	got.stop = 2;
	read_span(EVER);
	ck_assert_uint_eq(got.n, 2);
}
END_TEST

START_TEST(the_first_entry_is_that_of_the_first_day_that_has_one)
{
	struct ledger_entry e = probe("2026-11-28T08:51:20.123Z");
	struct ledger_entry release = { .time = at("2026-11-02T00:00:00Z"),
		.kind = LEDGER_RELEASE,
		.release = { .event = LEDGER_BEGIN, .id = "k3mz7qpa2wxe" } };
	int64_t first = 7;

	ck_assert_int_eq(ledger_first(dir(), &first), 0);
	/* A release says nothing of how the service is. */
	ck_assert_int_eq(ledger_append(dir(), &release, false), 0);
	ck_assert_int_eq(ledger_first(dir(), &first), 0);
	append(&e);
	write_day("2026-11-01.jsonl", "hello\n", 6);
	write_day("2026-11-0x.jsonl", GOOD, strlen(GOOD));
	ck_assert_int_eq(ledger_first(dir(), &first), 1);
	ck_assert_int_eq(first, e.time);
}
END_TEST

START_TEST(a_clock_that_nobody_has_set_leaves_no_line)
{
	struct ledger_entry e = probe("1970-01-01T00:00:07Z");

	ck_assert_int_eq(ledger_append(dir(), &e, false), -1);
	ck_assert_int_eq(errno, EINVAL);
	e.time = INT64_MAX;
	ck_assert_int_eq(ledger_append(dir(), &e, false), -1);
	ck_assert_int_eq(errno, EINVAL);
	e.time = INT64_MIN;
	ck_assert_int_eq(ledger_append(dir(), &e, false), -1);
	ck_assert_int_eq(access(dir(), F_OK), -1);
}
END_TEST

static bool
is_there(const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof path, "ledger/%s", name);
	return faccessat(tempdir_fd(), path, F_OK, 0) == 0;
}

START_TEST(the_newest_days_are_kept)
{
	static const char *const names[] = { "2025-02-28.jsonl",
		"2026-11-26.jsonl", "2026-11-26.summary", "2026-11-27.jsonl",
		"2026-11-28.jsonl", "2025-01-01.jsonl.gz", "2026-02-31.jsonl",
		"notes.txt", "2025-01-01" };

	for (size_t i = 0; i < NELEM(names); i++)
		write_day(names[i], GOOD, strlen(GOOD));
	ck_assert_int_eq(ledger_prune(dir(), 4), 1);
	ck_assert(!is_there("2025-01-01.jsonl.gz"));
	ck_assert(is_there("2025-02-28.jsonl"));
	ck_assert_int_eq(ledger_prune(dir(), 2), 3);
	ck_assert(!is_there("2025-02-28.jsonl"));
	ck_assert(!is_there("2026-11-26.jsonl"));
	ck_assert(!is_there("2026-11-26.summary"));
	for (size_t i = 3; i < NELEM(names); i++)
		ck_assert_msg(i == 5 || is_there(names[i]), "%s", names[i]);
	ck_assert_int_eq(ledger_prune(dir(), 2), 0);
}
END_TEST

/* ---- what may go wrong ---- */

START_TEST(a_directory_that_is_not_there_is_made_and_not_its_parents)
{
	struct ledger_entry e = probe("2026-11-28T08:51:20.123Z");
	struct stat st;

	ck_assert_int_eq(ledger_read(dir(), EVER, take, NULL, NULL), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(ledger_prune(dir(), 1), -1);
	ck_assert_int_eq(ledger_append(tempdir_at("no/ledger"), &e, false), -1);
	ck_assert_int_eq(errno, ENOENT);
	(void)umask(022);
	append(&e);
	ck_assert_int_eq(stat(dir(), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0750);
	ck_assert_int_eq(stat(tempdir_at("ledger/" DAY), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(ledger_append(dir(), &e, true), 0);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 2);
}
END_TEST

START_TEST(a_full_disk_is_said_and_costs_one_line)
{
	struct ledger_entry e = probe("2026-11-28T08:51:20.123Z");
	struct rlimit old, little;
	struct stat st;
	int rc, error, again;

	append(&e);
	ck_assert_int_eq(stat(tempdir_at("ledger/" DAY), &st), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
	little = old;
	little.rlim_cur = (rlim_t)st.st_size + 20;
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Check writes files too: nothing is asserted meanwhile. */
	(void)setrlimit(RLIMIT_FSIZE, &little);
	rc = ledger_append(tempdir_at("ledger"), &e, false);
	error = errno;
	again = ledger_append(tempdir_at("ledger"), &e, false);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(error, ENOSPC);
	ck_assert_int_eq(again, -1);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 1);
	ck_assert_uint_eq(got.skipped.cut, 1);
	append(&e);
	read_span(EVER);
	ck_assert_uint_eq(got.n, 2);
	ck_assert_uint_eq(got.skipped.cut, 0);
	ck_assert_uint_eq(got.skipped.foreign, 1);
}
END_TEST

START_TEST(what_is_no_file_is_neither_waited_for_nor_followed)
{
	struct ledger_entry e = probe("2026-11-28T08:51:20.123Z");

	ck_assert_int_eq(mkdir(dir(), 0755), 0);
	ck_assert_int_eq(mkfifo(tempdir_at("ledger/" DAY), 0600), 0);
	ck_assert_int_eq(ledger_read(dir(), EVER, take, NULL, NULL), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(unlink(tempdir_at("ledger/" DAY)), 0);
	ck_assert_int_eq(symlink("../other", tempdir_at("ledger/" DAY)), 0);
	ck_assert_int_eq(ledger_append(dir(), &e, false), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(ledger_read(dir(), EVER, take, NULL, NULL), -1);
	ck_assert_int_eq(access(tempdir_at("other"), F_OK), -1);
}
END_TEST

#define MANY 1000000

START_TEST(a_million_lines_are_read)
{
	struct ledger_entry e = probe("2026-11-28T00:00:00Z");
	struct buf text = { 0 };

	for (unsigned i = 0; i < MANY; i++) {
		char hour[3];

		(void)snprintf(hour, sizeof hour, "%02u", i % 24);
		buf_printf(&text,
		    "{\"time\":\"2026-11-28T%s:%02u:%02u.%03uZ\","
		    "\"kind\":\"probe\",\"ok\":true,\"created\":true,"
		    "\"ms\":{\"upload\":312,\"read\":3,\"delete\":4},"
		    "\"version\":\"0.1.0\"}\n",
		    hour, i % 60, i % 59, i % 1000);
	}
	ck_assert(!text.failed);
	write_day(DAY, text.data, text.len);
	buf_fini(&text);
	read_span(e.time, e.time + LEDGER_DAY_MS);
	ck_assert_uint_eq(got.n, MANY);
	got.stop = 1;
	read_span(EVER);
	ck_assert_uint_eq(got.n, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ledger");
	TCase *tc = tcase_create("lines");

	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_loop_test(tc, an_entry_is_a_line_and_back, 0, NELEM(lines));
	tcase_add_test(tc, words_cannot_make_a_second_line);
	tcase_add_test(tc, every_share_is_read_as_it_was_written);
	tcase_add_test(tc, a_release_fits_a_line_whatever_is_said_of_it);
	tcase_add_loop_test(tc, what_is_no_entry_is_counted_and_passed_over, 0,
	    NELEM(odd));
	tcase_add_test(tc,
	    a_line_without_end_costs_no_memory_and_no_other_line);
	suite_add_tcase(s, tc);

	tc = tcase_create("days");
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc, an_entry_lies_in_the_file_of_its_moment);
	tcase_add_test(tc,
	    the_first_entry_is_that_of_the_first_day_that_has_one);
	tcase_add_test(tc, a_clock_that_nobody_has_set_leaves_no_line);
	tcase_add_test(tc, the_newest_days_are_kept);
	suite_add_tcase(s, tc);

	tc = tcase_create("trouble");
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc,
	    a_directory_that_is_not_there_is_made_and_not_its_parents);
	tcase_add_test(tc, a_full_disk_is_said_and_costs_one_line);
	tcase_add_test(tc, what_is_no_file_is_neither_waited_for_nor_followed);
	suite_add_tcase(s, tc);

	tc = tcase_create("much");
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_set_timeout(tc, 120); /* of a sanitizer on a busy machine */
	tcase_add_test(tc, a_million_lines_are_read);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
