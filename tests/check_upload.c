#include "config.h"

/*
 * Receiving the files of a request. Whatever ends it, no file stays in the
 * staging directory and no descriptor stays open.
 */

#include "upload.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

#define FORM "multipart/form-data; boundary=AaB03x"
#define LARGE (SPOOL_MEMORY_MAX + 5000) /* bytes of a photo that gets a file */

static const size_t chunks[] = { 0, 3 };

/* One request and all that belongs to it. */
struct fixture {
	struct memory_io m;
	struct settings settings;
	struct progress progress;
	struct upload upload;
	struct fault_info info;
	unsigned fds;
};

static struct fixture fx;

static void
setup(void)
{
	tempdir_setup();
	memset(&fx, 0, sizeof fx);
	fx.settings.limits = (struct limits){ .photo = 1024 * 1024,
		.request = 4 * 1024 * 1024,
		.files = 20 };
	progress_start(&fx.progress, NULL);
	fx.fds = count_fds();
}

static void
teardown(void)
{
	upload_fini(&fx.upload);
	memory_io_fini(&fx.m);
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	ck_assert_uint_eq(count_fds(), fx.fds);
	tempdir_teardown();
}

static void
request(const char *type, const void *body, size_t len)
{
	memory_io_init(&fx.m, body, len);
	memory_io_param(&fx.m, "CONTENT_TYPE", type);
}

static enum fault
receive(void)
{
	return upload_receive(&fx.upload, &fx.m.io, &fx.settings, tempdir_fd(),
	    &fx.progress, &fx.info);
}

static void
assert_photo(unsigned i, const char *name, const void *bytes, size_t len)
{
	struct upload_photo *photo = &fx.upload.photos[i];
	unsigned char sha[DIGEST_SHA256_LEN];
	const void *got;

	ck_assert_uint_lt(i, fx.upload.n);
	ck_assert_str_eq(photo->name, name);
	ck_assert_int_eq(photo->info.fault, FAULT_NONE);
	ck_assert_uint_eq(photo->spool.len, len);
	got = spool_bytes(&photo->spool, &fx.info);
	ck_assert_ptr_nonnull(got);
	ck_assert_mem_eq(got, bytes, len);
	ck_assert_int_eq(digest_sha256(bytes, len, sha), 0);
	ck_assert_mem_eq(photo->spool.sha, sha, sizeof sha);
	ck_assert(photo_id_is_valid(photo->spool.id));
}

/* Bytes that hold every value and no order that a parser could like. */
static char *
make_photo(size_t len)
{
	char *photo = malloc(len);

	ck_assert_ptr_nonnull(photo);
	for (size_t i = 0; i < len; i++)
		photo[i] = (char)(i * i / 7 + i);
	return photo;
}

static void
add_file(struct buf *form, const char *name, const void *data, size_t len)
{
	buf_printf(form,
	    "--AaB03x\r\nContent-Disposition: form-data; name=\"photo\"; "
	    "filename=\"%s\"\r\n\r\n",
	    name);
	buf_add(form, data, len);
	buf_puts(form, "\r\n");
}

static void
end_form(struct buf *form)
{
	buf_puts(form, "--AaB03x--\r\n");
}

/* The transcripts */

START_TEST(transcript_ends_as_its_name_says)
{
	size_t chunk = chunks[(size_t)_i % NELEM(chunks)];
	struct transcript t;
	const char *got, *want;

	transcript_load((unsigned)_i / NELEM(chunks), &t);
	request(t.content_type, t.body, t.len);
	fx.m.chunk = chunk;
	got = fault_code(receive());
	want = strcmp(t.code, "ok") == 0 ? fault_code(FAULT_NONE) : t.code;
	ck_assert_msg(strcmp(got, want) == 0, "%s: got %s (%s)", t.file, got,
	    fx.info.detail);
	ck_assert_msg(strcmp(got, "none") != 0 || fx.upload.n > 0,
	    "%s: no photo", t.file);
	transcript_fini(&t);
}
END_TEST

/* The body */

START_TEST(too_large_a_request_is_not_read)
{
	request("image/jpeg", "12345678", 8);
	fx.settings.limits.request = 7;
	ck_assert_int_eq(receive(), FAULT_BODY_TOO_LARGE);
	ck_assert_uint_eq(fx.m.at, 0);
}
END_TEST

/* Raw bodies and types */

static const char *const raw_types[] = { NULL, "", "image/jpeg", "image/heic",
	"IMAGE/PNG; x=y", "application/octet-stream", "binary/octet-stream",
	"text/plain" };

START_TEST(body_without_a_form_is_one_photo)
{
	char *photo = make_photo(1000);

	request(raw_types[_i], photo, 1000);
	fx.m.chunk = 300;
	ck_assert_int_eq(receive(), FAULT_NONE);
	ck_assert_uint_eq(fx.upload.n, 1);
	assert_photo(0, "", photo, 1000);
	free(photo);
}
END_TEST

static const struct {
	const char *type;
	const char *hint;
} wrong_types[] = {
	{ "application/x-www-form-urlencoded", "curl -F" },
	{ "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "enctype" },
	{ "multipart/mixed; boundary=AaB03x", "multipart/form-data" },
	{ "multipart/related", "multipart/form-data" },
};

START_TEST(form_in_another_encoding_is_told_what_to_do)
{
	request(wrong_types[_i].type, "photo=IMG_4711.jpg", 18);
	ck_assert_int_eq(receive(), FAULT_BAD_REQUEST);
	ck_assert_ptr_nonnull(strstr(fx.info.detail, wrong_types[_i].hint));
	ck_assert_uint_lt(strlen(fx.info.detail), sizeof fx.info.detail - 1);
	ck_assert_uint_eq(fx.m.at, 0);
}
END_TEST

START_TEST(empty_body_is_no_photo)
{
	request("image/jpeg", "", 0);
	ck_assert_int_eq(receive(), FAULT_NO_FILE);
	ck_assert_uint_eq(fx.upload.n, 0);
}
END_TEST

/* Files */

START_TEST(photos_come_in_order_with_their_names_and_bytes)
{
	char *small = make_photo(500), *large = make_photo(LARGE);
	struct buf form = { 0 };

	add_file(&form, "a.jpg", small, 500);
	add_file(&form, "", "nameless", 8);
	add_file(&form, "C:\\b.jpg", large, LARGE);
	add_file(&form, "", "", 0);
	add_file(&form, "a.jpg", "again", 5);
	end_form(&form);
	request(FORM, form.data, form.len);
	fx.m.chunk = 7777;
	ck_assert_int_eq(receive(), FAULT_NONE);
	ck_assert_uint_eq(fx.upload.n, 4);
	assert_photo(0, "a.jpg", small, 500);
	assert_photo(1, "", "nameless", 8);
	assert_photo(2, "b.jpg", large, LARGE);
	assert_photo(3, "a.jpg", "again", 5);
	ck_assert_uint_eq(count_entries(tempdir_path()), 1);
	free(small);
	free(large);
	buf_fini(&form);
}
END_TEST

START_TEST(empty_file_is_refused_for_itself)
{
	struct buf form = { 0 };

	add_file(&form, "empty.jpg", "", 0);
	add_file(&form, "b.jpg", "data", 4);
	end_form(&form);
	request(FORM, form.data, form.len);
	ck_assert_int_eq(receive(), FAULT_NONE);
	ck_assert_uint_eq(fx.upload.n, 2);
	ck_assert_str_eq(fx.upload.photos[0].name, "empty.jpg");
	ck_assert_int_eq(fx.upload.photos[0].info.fault,
	    FAULT_UNSUPPORTED_FORMAT);
	ck_assert_str_eq(fx.upload.photos[0].info.detail, "The file is empty.");
	assert_photo(1, "b.jpg", "data", 4);
	buf_fini(&form);
}
END_TEST

/* The limit of a photo when it is received in memory, or in a file. */
static const size_t photo_limits[] = { 1000, LARGE };

START_TEST(too_large_a_photo_leaves_the_others_alone)
{
	size_t max = photo_limits[_i], len = max + 70000;
	struct buf form = { 0 };
	char *photo = make_photo(len);

	fx.settings.limits.photo = max;
	add_file(&form, "exact.jpg", photo, max);
	add_file(&form, "one-more.jpg", photo, max + 1);
	add_file(&form, "large.jpg", photo, len);
	add_file(&form, "small.jpg", photo, 10);
	end_form(&form);
	request(FORM, form.data, form.len);
	fx.m.chunk = 999;
	ck_assert_int_eq(receive(), FAULT_NONE);
	ck_assert_uint_eq(fx.upload.n, 4);
	assert_photo(0, "exact.jpg", photo, max);
	assert_photo(3, "small.jpg", photo, 10);
	for (unsigned i = 1; i <= 2; i++) {
		const struct fault_info *info = &fx.upload.photos[i].info;

		ck_assert_int_eq(info->fault, FAULT_PHOTO_TOO_LARGE);
		ck_assert(info->has_limit);
		ck_assert_uint_eq(info->limit, max);
		ck_assert_uint_eq(info->actual, i == 1 ? max + 1 : len);
	}
	/* Only the whole photos still have a file. */
	ck_assert_uint_eq(count_entries(tempdir_path()),
	    max > SPOOL_MEMORY_MAX);
	free(photo);
	buf_fini(&form);
}
END_TEST

START_TEST(too_large_a_raw_photo_says_both_sizes)
{
	char *photo = make_photo(2000);

	fx.settings.limits.photo = 1000;
	request(NULL, photo, 2000);
	ck_assert_int_eq(receive(), FAULT_NONE);
	ck_assert_uint_eq(fx.upload.n, 1);
	ck_assert_int_eq(fx.upload.photos[0].info.fault, FAULT_PHOTO_TOO_LARGE);
	ck_assert_uint_eq(fx.upload.photos[0].info.limit, 1000);
	ck_assert_uint_eq(fx.upload.photos[0].info.actual, 2000);
	free(photo);
}
END_TEST

START_TEST(too_many_files_are_counted_but_not_kept)
{
	struct buf form = { 0 };
	char *photo = make_photo(LARGE);

	fx.settings.limits.files = 2;
	for (unsigned i = 0; i < 5; i++)
		add_file(&form, "a.jpg", photo, LARGE);
	add_file(&form, "", "", 0);
	add_file(&form, "empty.jpg", "", 0);
	end_form(&form);
	request(FORM, form.data, form.len);
	ck_assert_int_eq(receive(), FAULT_TOO_MANY_FILES);
	ck_assert_uint_eq(fx.info.limit, 2);
	ck_assert_uint_eq(fx.info.actual, 6);
	ck_assert_uint_eq(fx.upload.n, 2);
	ck_assert_uint_eq(count_entries(tempdir_path()), 2);
	free(photo);
	buf_fini(&form);
}
END_TEST

/* Text fields */

static void
add_text(struct buf *form, const char *name, const void *data, size_t len)
{
	buf_printf(form,
	    "--AaB03x\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n",
	    name);
	buf_add(form, data, len);
	buf_puts(form, "\r\n");
}

static void
receive_form(struct buf *form, size_t chunk)
{
	end_form(form);
	request(FORM, form->data, form->len);
	fx.m.chunk = chunk;
	ck_assert_int_eq(receive(), FAULT_NONE);
	buf_fini(form);
}

START_TEST(fields_before_and_after_the_photos_are_kept)
{
	struct buf form = { 0 };

	add_text(&form, "title", "A day at the sea", 16);
	add_text(&form, "token", "abc.def", 7);
	add_file(&form, "a.jpg", "data", 4);
	add_text(&form, "expires", "30d", 3);
	receive_form(&form, chunks[_i]);
	ck_assert(fx.upload.token.is_there && !fx.upload.token.is_spoilt);
	ck_assert_str_eq(fx.upload.token.text, "abc.def");
	ck_assert(fx.upload.expires.is_there && !fx.upload.expires.is_spoilt);
	ck_assert_str_eq(fx.upload.expires.text, "30d");
	assert_photo(0, "a.jpg", "data", 4);
}
END_TEST

START_TEST(fields_that_are_not_there_are_empty)
{
	struct buf form = { 0 };

	add_text(&form, "tokens", "abc", 3);
	add_text(&form, "expires", "", 0);
	add_file(&form, "a.jpg", "data", 4);
	receive_form(&form, 0);
	ck_assert(!fx.upload.token.is_there);
	ck_assert_str_eq(fx.upload.token.text, "");
	ck_assert(fx.upload.expires.is_there && !fx.upload.expires.is_spoilt);
	ck_assert_str_eq(fx.upload.expires.text, "");
}
END_TEST

START_TEST(a_field_is_kept_up_to_its_longest)
{
	struct buf form = { 0 };
	char text[UPLOAD_FIELD_MAX + 1];

	memset(text, 't', sizeof text);
	add_text(&form, "token", text, UPLOAD_FIELD_MAX);
	add_text(&form, "expires", text, UPLOAD_FIELD_MAX + 1);
	add_file(&form, "a.jpg", "data", 4);
	receive_form(&form, chunks[_i]);
	ck_assert(!fx.upload.token.is_spoilt);
	ck_assert_uint_eq(strlen(fx.upload.token.text), UPLOAD_FIELD_MAX);
	ck_assert(fx.upload.expires.is_spoilt);
}
END_TEST

START_TEST(a_field_twice_or_with_a_nul_is_spoilt)
{
	struct buf form = { 0 };

	add_text(&form, "token", "abc", 3);
	add_text(&form, "token", "", 0);
	add_text(&form, "expires", "30\0d", 4);
	add_file(&form, "a.jpg", "data", 4);
	receive_form(&form, 0);
	ck_assert(fx.upload.token.is_spoilt);
	ck_assert(fx.upload.expires.is_spoilt);
}
END_TEST

START_TEST(a_file_is_no_field_whatever_it_is_called)
{
	struct buf form = { 0 };

	buf_puts(&form,
	    "--AaB03x\r\nContent-Disposition: form-data; name=\"token\"; "
	    "filename=\"a.jpg\"\r\n\r\ndata\r\n");
	receive_form(&form, 0);
	ck_assert(!fx.upload.token.is_there);
	assert_photo(0, "a.jpg", "data", 4);
}
END_TEST

START_TEST(the_bytes_of_all_files_are_counted)
{
	struct buf form = { 0 };

	fx.settings.limits.photo = 10;
	add_text(&form, "title", "A day at the sea", 16);
	add_file(&form, "a.jpg", "data", 4);
	add_file(&form, "too-large.jpg", "more than ten bytes", 19);
	add_file(&form, "empty.jpg", "", 0);
	receive_form(&form, chunks[_i]);
	ck_assert_uint_eq(fx.upload.bytes, 23);
}
END_TEST

/* What is left behind: teardown looks, too. */

static const char cut_body[] =
    "--AaB03x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n"
    "A day at the sea\r\n"
    "--AaB03x\r\nContent-Disposition: form-data; name=\"photo\"; "
    "filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
    "the bytes of a photo\r\n--AaB03\r\n\r\n"
    "--AaB03x\r\nContent-Disposition: form-data; name=\"photo\"; "
    "filename=\"b.jpg\"\r\n\r\n"
    "the bytes of another photo\r\n"
    "--AaB03x--\r\n";
#define CUT_LEN ((int)sizeof cut_body - 1)
#define CUT_WHOLE (CUT_LEN - 2) /* the last CRLF may be missing */

START_TEST(body_that_breaks_off_anywhere_is_refused)
{
	request(FORM, cut_body, CUT_LEN);
	fx.m.fail_at = (size_t)_i;
	ck_assert_int_eq(receive(), FAULT_BODY_TRUNCATED);
}
END_TEST

START_TEST(body_announced_too_short_anywhere_is_refused)
{
	enum fault f;

	request(FORM, cut_body, (size_t)_i);
	f = receive();
	if (_i < CUT_WHOLE)
		ck_assert_int_eq(f, FAULT_BODY_TRUNCATED);
	else
		ck_assert_int_eq(f, FAULT_NONE);
}
END_TEST

/* Around the places where a large photo begins, gets a file and ends. */
static const size_t large_cuts[] = { 1, 75, 76, 77, SPOOL_MEMORY_MAX + 75,
	SPOOL_MEMORY_MAX + 76, SPOOL_MEMORY_MAX + 77, LARGE + 75, LARGE + 76,
	LARGE + 78, LARGE + 87, LARGE + 88, LARGE + 200,
	LARGE + SPOOL_MEMORY_MAX + 200 };

START_TEST(large_photo_that_breaks_off_leaves_nothing)
{
	struct buf form = { 0 };
	char *photo = make_photo(LARGE);

	add_file(&form, "a.jpg", photo, LARGE);
	add_file(&form, "b.jpg", photo, LARGE);
	end_form(&form);
	request(FORM, form.data, form.len);
	fx.m.fail_at = large_cuts[_i];
	fx.m.chunk = 8192;
	fx.m.fail_errno = _i % 2 == 0 ? EPROTO : 0;
	ck_assert_int_eq(receive(), FAULT_BODY_TRUNCATED);
	upload_fini(&fx.upload);
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	free(photo);
	buf_fini(&form);
}
END_TEST

START_TEST(broken_grammar_after_a_whole_photo_leaves_nothing)
{
	struct buf form = { 0 };
	char *photo = make_photo(LARGE);

	add_file(&form, "a.jpg", photo, LARGE);
	buf_puts(&form, "--AaB03x\r\nnonsense\r\n\r\n");
	request(FORM, form.data, form.len);
	ck_assert_int_eq(receive(), FAULT_MULTIPART_SYNTAX);
	upload_fini(&fx.upload);
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	free(photo);
	buf_fini(&form);
}
END_TEST

START_TEST(staging_that_cannot_be_written_is_our_fault)
{
	struct buf form = { 0 };
	char *photo = make_photo(LARGE);

	add_file(&form, "a.jpg", photo, LARGE);
	end_form(&form);
	request(FORM, form.data, form.len);
	ck_assert_int_eq(rmdir(tempdir_path()), 0);
	ck_assert_int_ge(fault_status(receive()), 500);
	ck_assert_int_eq(mkdir(tempdir_path(), 0700), 0);
	free(photo);
	buf_fini(&form);
}
END_TEST

static TCase *
add_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	return tc;
}

static Suite *
upload_suite(void)
{
	Suite *s = suite_create("upload");
	int n = (int)(transcript_count() * NELEM(chunks));
	TCase *tc = add_case(s, "transcripts");

	tcase_add_loop_test(tc, transcript_ends_as_its_name_says, 0, n);

	tc = add_case(s, "body");
	tcase_add_test(tc, too_large_a_request_is_not_read);

	tc = add_case(s, "types");
	tcase_add_loop_test(tc, body_without_a_form_is_one_photo, 0,
	    (int)NELEM(raw_types));
	tcase_add_loop_test(tc, form_in_another_encoding_is_told_what_to_do, 0,
	    (int)NELEM(wrong_types));
	tcase_add_test(tc, empty_body_is_no_photo);

	tc = add_case(s, "files");
	tcase_add_test(tc, photos_come_in_order_with_their_names_and_bytes);
	tcase_add_test(tc, empty_file_is_refused_for_itself);
	tcase_add_loop_test(tc, too_large_a_photo_leaves_the_others_alone, 0,
	    (int)NELEM(photo_limits));
	tcase_add_test(tc, too_large_a_raw_photo_says_both_sizes);
	tcase_add_test(tc, too_many_files_are_counted_but_not_kept);

	tc = add_case(s, "fields");
	tcase_add_loop_test(tc, fields_before_and_after_the_photos_are_kept, 0,
	    (int)NELEM(chunks));
	tcase_add_test(tc, fields_that_are_not_there_are_empty);
	tcase_add_loop_test(tc, a_field_is_kept_up_to_its_longest, 0,
	    (int)NELEM(chunks));
	tcase_add_test(tc, a_field_twice_or_with_a_nul_is_spoilt);
	tcase_add_test(tc, a_file_is_no_field_whatever_it_is_called);
	tcase_add_loop_test(tc, the_bytes_of_all_files_are_counted, 0,
	    (int)NELEM(chunks));

	tc = add_case(s, "left behind");
	tcase_add_loop_test(tc, body_that_breaks_off_anywhere_is_refused, 0,
	    CUT_LEN);
	tcase_add_loop_test(tc, body_announced_too_short_anywhere_is_refused, 0,
	    CUT_LEN + 1);
	tcase_add_loop_test(tc, large_photo_that_breaks_off_leaves_nothing, 0,
	    (int)NELEM(large_cuts));
	tcase_add_test(tc, broken_grammar_after_a_whole_photo_leaves_nothing);
	tcase_add_test(tc, staging_that_cannot_be_written_is_our_fault);
	return s;
}

int
main(void)
{
	return run_suite(upload_suite());
}
