#include "config.h"

/*
 * The parser of multipart/form-data: what it tells of a body, that the split
 * of the input makes no difference, and what it refuses. Grammar cases are
 * files in cases/; here are the boundaries, the data and the offsets.
 */

#include "multipart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define BOUNDARY "AaB03x"

static const size_t chunks[] = { 0, 1, 2, 3, 5 };

/* What the parser told, as text that is equal when the events are. */
struct recorder {
	struct multipart *parser;
	struct buf events;
	struct buf data;    /* of all parts */
	unsigned pieces;    /* calls of data */
	bool in_data;       /* the last event was data */
	unsigned refuse_at; /* the begin that returns a fault; 0: none */
	unsigned begun;
	enum fault fault;
	struct fault_info info;
};

static enum fault
record_begin(void *ctx, const struct part *part, struct fault_info *info)
{
	struct recorder *r = ctx;

	if (++r->begun == r->refuse_at)
		return fault_set(info, FAULT_STORAGE_FULL, "stop");
	buf_printf(&r->events, "begin name=%s file=%d filename=%s\n",
	    part->name, part->is_file, part->filename);
	r->in_data = false;
	return FAULT_NONE;
}

static enum fault
record_data(void *ctx, const void *data, size_t len, struct fault_info *info)
{
	struct recorder *r = ctx;

	(void)info;
	ck_assert_uint_gt(len, 0);
	if (!r->in_data)
		buf_puts(&r->events, "data ");
	r->in_data = true;
	r->pieces++;
	for (size_t i = 0; i < len; i++)
		buf_printf(&r->events, "%02x",
		    ((const unsigned char *)data)[i]);
	buf_add(&r->data, data, len);
	return FAULT_NONE;
}

static enum fault
record_end(void *ctx, struct fault_info *info)
{
	struct recorder *r = ctx;

	(void)info;
	buf_puts(&r->events, r->in_data ? "\nend\n" : "end\n");
	r->in_data = false;
	return FAULT_NONE;
}

static int
feed(void *ctx, const void *data, size_t len)
{
	struct recorder *r = ctx;

	r->fault = multipart_feed(r->parser, data, len, &r->info);
	return r->fault != FAULT_NONE;
}

static void
recorder_run(struct recorder *r, const char *boundary, const void *body,
    size_t len, size_t chunk)
{
	const struct multipart_events events = { record_begin, record_data,
		record_end, r };

	r->parser = multipart_new(boundary, &events);
	ck_assert_ptr_nonnull(r->parser);
	(void)feed_split(feed, r, body, len, chunk);
	if (r->fault == FAULT_NONE && !multipart_is_complete(r->parser))
		r->fault = fault_set(&r->info, FAULT_BODY_TRUNCATED, "cut");
	buf_printf(&r->events, "%s%s %s\n", r->in_data ? "\n" : "",
	    fault_code(r->fault), r->fault == FAULT_NONE ? "" : r->info.detail);
}

static void
recorder_fini(struct recorder *r)
{
	multipart_free(r->parser);
	buf_fini(&r->events);
	buf_fini(&r->data);
}

static void
run_transcript(struct recorder *r, const struct transcript *t, size_t chunk)
{
	char boundary[MULTIPART_BOUNDARY_MAX + 1];

	ck_assert_msg(multipart_is(t->content_type), "%s", t->file);
	r->fault = multipart_boundary(t->content_type, boundary, &r->info);
	if (r->fault == FAULT_NONE)
		recorder_run(r, boundary, t->body, t->len, chunk);
}

START_TEST(transcripts_are_found)
{
	ck_assert_uint_ge(transcript_count(), 70);
}
END_TEST

START_TEST(transcript_ends_as_its_name_says)
{
	struct recorder r = { 0 };
	struct transcript t;
	const char *got;

	transcript_load((unsigned)_i, &t);
	run_transcript(&r, &t, 0);
	got = fault_code(r.fault);
	/* All other codes are given by those who count the parts. */
	if (strcmp(t.code, "multipart-syntax") != 0 &&
	    strcmp(t.code, "body-truncated") != 0)
		ck_assert_msg(r.fault == FAULT_NONE, "%s: got %s", t.file, got);
	else
		ck_assert_msg(strcmp(got, t.code) == 0, "%s: got %s", t.file,
		    got);
	if (r.fault == FAULT_MULTIPART_SYNTAX && r.parser != NULL)
		ck_assert_msg(strncmp(r.info.detail, "Byte ", 5) == 0,
		    "%s: no offset in \"%s\"", t.file, r.info.detail);
	recorder_fini(&r);
	transcript_fini(&t);
}
END_TEST

START_TEST(transcript_is_the_same_in_pieces)
{
	struct recorder whole = { 0 }, pieces = { 0 };
	size_t chunk = chunks[(size_t)_i % NELEM(chunks)];
	struct transcript t;

	transcript_load((unsigned)_i / NELEM(chunks), &t);
	run_transcript(&whole, &t, 0);
	run_transcript(&pieces, &t, chunk);
	if (whole.parser != NULL)
		ck_assert_msg(strcmp(whole.events.data, pieces.events.data) ==
			0,
		    "%s at %zu bytes: %s\nbut whole: %s", t.file, chunk,
		    pieces.events.data, whole.events.data);
	recorder_fini(&whole);
	recorder_fini(&pieces);
	transcript_fini(&t);
}
END_TEST

static const struct {
	const char *body;
	size_t len; /* 0: up to the NUL */
	const char *events;
} told[] = {
	{ "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--", 0,
	    "begin name=a file=0 filename=\ndata 31\nend\nnone \n" },
	{ "\r\n--B \r\nContent-Disposition: form-data; filename=a\r\n\r\n"
	  "--B\r\nContent-Disposition: form-data; filename=\"\"\r\n\r\n"
	  "\r\n--B--\r\n--B\r\n",
	    0,
	    "begin name= file=1 filename=a\nend\n"
	    "begin name= file=1 filename=\nend\nnone \n" },
	{ "--B--", 0, "none \n" },
	{ "--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B\nX", 0,
	    "begin name= file=0 filename=\ndata 31\n"
	    "multipart-syntax Byte 45 of the form data: a boundary line ends "
	    "in LF without CR.\n" },
	{ "--B\r\nX: 1\r\nY\0: 2\r\n", 18,
	    "multipart-syntax Byte 12 of the form data: there is a NUL in a "
	    "header.\n" },
	{ "--B\r\nX: 1\r\nContent-Disposition: form-data; a=\r\n\r\n", 0,
	    "multipart-syntax Byte 45 of the form data: Content-Disposition "
	    "is malformed.\n" },
	{ "--B\r\nContent-Disposition: form-data; name=a; Name=b\r\n\r\n", 0,
	    "multipart-syntax Byte 45 of the form data: a parameter is there "
	    "twice.\n" },
	{ "--B\t?", 0,
	    "multipart-syntax Byte 4 of the form data: a boundary "
	    "line has something behind its blanks.\n" },
};

START_TEST(events_and_offsets_are_exactly_these)
{
	struct recorder r = { 0 };
	size_t len = told[_i].len;

	if (len == 0)
		len = strlen(told[_i].body);
	recorder_run(&r, "B", told[_i].body, len, 0);
	ck_assert_str_eq(r.events.data, told[_i].events);
	recorder_fini(&r);
}
END_TEST

static const struct {
	const char *type;
	const char *boundary; /* NULL: refused */
} boundaries[] = {
	{ "multipart/form-data; boundary=a", "a" },
	{ "multipart/form-data;boundary=a", "a" },
	{ "multipart/form-data; charset=utf-8 ; boundary=\"a b\" ;", "a b" },
	{ "MULTIPART/FORM-DATA; BOUNDARY=Aa", "Aa" },
	{ "multipart/form-data; x=\"; boundary=no\"; boundary=yes", "yes" },
	{ "multipart/form-data; boundary='()+_,-./:=?", "'()+_,-./:=?" },
	{ "multipart/form-data", NULL },
	{ "multipart/form-data;", NULL },
	{ "multipart/form-data; boundary", NULL },
	{ "multipart/form-data; boundary=", NULL },
	{ "multipart/form-data; boundary=\"\"", NULL },
	{ "multipart/form-data; boundary=\"a", NULL },
	{ "multipart/form-data; boundary=\"a \"", NULL },
	{ "multipart/form-data; boundary=\"a\"b", NULL },
	{ "multipart/form-data; boundary=\"a\"b=c", NULL },
	{ "multipart/form-data; boundary=a b", NULL },
	{ "multipart/form-data; boundary=a b=c", NULL },
	{ "multipart/form-data; boundary=\xc3\xa9", NULL },
	{ "multipart/form-data; boundary=\"a\\\"b\"", NULL },
	{ "multipart/form-data; boundary=a; Boundary=a", NULL },
	{ "multipart/form-data; boundary=a\r\nX: y", NULL },
};

START_TEST(boundary_is_read_from_the_type)
{
	char got[MULTIPART_BOUNDARY_MAX + 1] = "untouched";
	struct fault_info info;
	enum fault f = multipart_boundary(boundaries[_i].type, got, &info);

	if (boundaries[_i].boundary == NULL) {
		ck_assert_int_eq(f, FAULT_MULTIPART_SYNTAX);
		ck_assert_str_eq(got, "untouched");
	} else {
		ck_assert_int_eq(f, FAULT_NONE);
		ck_assert_str_eq(got, boundaries[_i].boundary);
	}
}
END_TEST

static const struct {
	unsigned len;
	bool taken;
} lengths[] = {
	{ 0, false },
	{ 1, true },
	{ MULTIPART_BOUNDARY_MAX, true },
	{ MULTIPART_BOUNDARY_MAX + 1, false },
};

START_TEST(boundary_has_1_to_70_characters)
{
	char text[256], got[MULTIPART_BOUNDARY_MAX + 1];
	struct fault_info info;
	enum fault f;

	(void)snprintf(text, sizeof text,
	    "multipart/form-data; boundary=\"%.*s\"", (int)lengths[_i].len,
	    "1234567890123456789012345678901234567890"
	    "1234567890123456789012345678901234567890");
	f = multipart_boundary(text, got, &info);
	ck_assert_int_eq(f == FAULT_NONE, lengths[_i].taken);
	if (lengths[_i].taken)
		ck_assert_uint_eq(strlen(got), lengths[_i].len);
}
END_TEST

static const struct {
	const char *type;
	bool is;
} types[] = {
	{ "multipart/form-data", true },
	{ "multipart/form-data; boundary=a", true },
	{ " Multipart/Form-Data ;boundary=a", true },
	{ "multipart/form-data2", false },
	{ "multipart/form", false },
	{ "multipart/mixed", false },
	{ "image/jpeg; multipart/form-data", false },
	{ "", false },
};

START_TEST(type_is_form_data)
{
	ck_assert_int_eq(multipart_is(types[_i].type), types[_i].is);
}
END_TEST

static void
wrap(struct buf *body, const char *boundary, const void *data, size_t len)
{
	buf_printf(body,
	    "--%s\r\nContent-Disposition: form-data; filename=a\r\n\r\n",
	    boundary);
	buf_add(body, data, len);
	buf_printf(body, "\r\n--%s--", boundary);
}

/*
 * Where the data of a part ends by the grammar, written the slow way: at the
 * first CRLF--B with a tail that makes it a delimiter. The line before the
 * data counts.
 */
static bool
is_all_data(const char *data, size_t len)
{
	char text[64];
	int n = snprintf(text, sizeof text, "\r\n%s", data);

	ck_assert_uint_eq((size_t)n, len + 2);
	(void)strcat(text, "\r\n--B--");
	for (char *p = text; (p = strstr(p, "\r\n--B")) != NULL; p++)
		if (strncmp(p + 5, "--", 2) == 0 ||
		    strncmp(p + 5, "\r\n", 2) == 0 || p[5] == '\n')
			return p == text + n;
	return false;
}

START_TEST(data_of_all_shapes_comes_out_as_it_went_in)
{
	static const char *const tokens[] = { "\r", "\n", "--B", "-", "x" };
	unsigned tried = 0;

	for (unsigned n = 0; n < 5 * 5 * 5 * 5 * 5; n++) {
		struct recorder r = { 0 };
		struct buf body = { 0 };
		char data[32] = "";

		for (unsigned rest = n; rest > 0; rest /= 5)
			(void)strcat(data, tokens[rest % 5]);
		if (!is_all_data(data, strlen(data)))
			continue;
		tried++;
		wrap(&body, "B", data, strlen(data));
		recorder_run(&r, "B", body.data, body.len, chunks[_i]);
		ck_assert_int_eq(r.fault, FAULT_NONE);
		ck_assert_uint_eq(r.begun, 1);
		ck_assert_uint_eq(r.data.len, strlen(data));
		if (r.data.len > 0)
			ck_assert_mem_eq(r.data.data, data, r.data.len);
		buf_fini(&body);
		recorder_fini(&r);
	}
	ck_assert_uint_gt(tried, 1000);
}
END_TEST

START_TEST(bulk_data_is_handed_on_in_one_piece)
{
	struct recorder r = { 0 };
	struct buf body = { 0 };
	size_t len = 1 << 16;
	char *data = malloc(len);

	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * i / 3);
	wrap(&body, BOUNDARY, data, len);
	recorder_run(&r, BOUNDARY, body.data, body.len, 0);
	ck_assert_uint_eq(r.pieces, 1);
	ck_assert_uint_eq(r.data.len, len);
	ck_assert_mem_eq(r.data.data, data, len);
	free(data);
	buf_fini(&body);
	recorder_fini(&r);
}
END_TEST

START_TEST(fault_of_a_callback_ends_the_parsing)
{
	static const char part[] =
	    "--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n";
	struct recorder r = { .refuse_at = 2 };
	struct buf body = { 0 };

	for (unsigned i = 0; i < 3; i++)
		buf_puts(&body, part);
	recorder_run(&r, "B", body.data, body.len, chunks[_i]);
	ck_assert_int_eq(r.fault, FAULT_STORAGE_FULL);
	ck_assert_uint_eq(r.begun, 2);
	ck_assert_str_eq(r.info.detail, "stop");
	buf_fini(&body);
	recorder_fini(&r);
}
END_TEST

static const char shortest[] =
    "--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--";

START_TEST(nothing_is_complete_before_the_last_hyphen)
{
	bool is_whole = _i == (int)sizeof shortest - 1;
	struct recorder r = { 0 };

	recorder_run(&r, "B", shortest, (size_t)_i, 0);
	ck_assert_int_eq(r.fault, is_whole ? FAULT_NONE : FAULT_BODY_TRUNCATED);
	recorder_fini(&r);
}
END_TEST

static Suite *
multipart_suite(void)
{
	Suite *s = suite_create("multipart");
	TCase *transcripts = tcase_create("transcripts");
	TCase *types_of = tcase_create("types");
	TCase *data = tcase_create("data");
	int n = (int)transcript_count(), n_chunks = (int)NELEM(chunks);

	tcase_add_test(transcripts, transcripts_are_found);
	tcase_add_loop_test(transcripts, transcript_ends_as_its_name_says, 0,
	    n);
	tcase_add_loop_test(transcripts, transcript_is_the_same_in_pieces, 0,
	    n * n_chunks);
	tcase_add_loop_test(transcripts, events_and_offsets_are_exactly_these,
	    0, (int)NELEM(told));
	suite_add_tcase(s, transcripts);

	tcase_add_loop_test(types_of, boundary_is_read_from_the_type, 0,
	    (int)NELEM(boundaries));
	tcase_add_loop_test(types_of, boundary_has_1_to_70_characters, 0,
	    (int)NELEM(lengths));
	tcase_add_loop_test(types_of, type_is_form_data, 0, (int)NELEM(types));
	suite_add_tcase(s, types_of);

	tcase_set_timeout(data, 60);
	tcase_add_loop_test(data, data_of_all_shapes_comes_out_as_it_went_in, 0,
	    n_chunks);
	tcase_add_test(data, bulk_data_is_handed_on_in_one_piece);
	tcase_add_loop_test(data, fault_of_a_callback_ends_the_parsing, 0,
	    n_chunks);
	tcase_add_loop_test(data, nothing_is_complete_before_the_last_hyphen, 0,
	    (int)sizeof shortest);
	suite_add_tcase(s, data);
	return s;
}

int
main(void)
{
	return run_suite(multipart_suite());
}
