#include "config.h"

/*
 * The header of a part: the names that are kept of what clients send. Broken
 * headers are files in cases/, which check_multipart runs.
 */

#include "part.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "support.h"

#define FFFD "\xef\xbf\xbd" /* U+FFFD */

/* Read a header with these parameters, in memory of exactly its size. */
static enum fault
read_params(const char *params, struct part *out, struct fault_info *info)
{
	struct buf text = { 0 };
	enum fault f;
	char *header;

	buf_printf(&text, "Content-Disposition: form-data; %s\r\n", params);
	header = malloc(text.len);
	ck_assert_ptr_nonnull(header);
	memcpy(header, text.data, text.len);
	f = part_read(header, text.len, 0, out, info);
	free(header);
	buf_fini(&text);
	return f;
}

/* What follows "form-data; " in the header, and what is kept of it. */
static const struct {
	const char *params;
	const char *name;
	const char *filename;
	bool is_file;
} names[] = {
	{ "name=\"photo\"", "photo", "", false },
	{ "name=photo; filename=a.jpg", "photo", "a.jpg", true },
	{ "filename=\"a b.jpg\"", "", "a b.jpg", true },
	{ "name=\"photo\"; filename=\"\"", "photo", "", true },
	{ "name=\"a;b\"; filename=\"c;d=e\"", "a;b", "c;d=e", true },
	{ "filename=\"say \\\"hi\\\".jpg\"", "", "say \"hi\".jpg", true },
	{ "filename=\"say %22hi%22.jpg\"", "", "say \"hi\".jpg", true },
	{ "name=\"a\\\\b\"", "a\\b", "", false },
	{ "name=\"a\\b\"", "a\\b", "", false },
	{ "name=\"a/b\"", "a/b", "", false },
	{ "name=\"%22%20%41%2\"", "\"%20%41%2", "", false },
	{ "filename=\"a%0D%0Ab\"", "", "a" FFFD FFFD "b", true },
	{ "filename=\"a%0d%0ab\"", "", "a" FFFD FFFD "b", true },
	{ "filename=\"100%.jpg\"", "", "100%.jpg", true },
	{ "filename=\"50%00.jpg\"", "", "50%00.jpg", true },
	{ "filename=\"C:\\Photos\\a.jpg\"", "", "a.jpg", true },
	{ "filename=\"\\\\\\\\host\\\\share\\\\a.jpg\"", "", "a.jpg", true },
	{ "filename=\"/srv/me/a.jpg\"", "", "a.jpg", true },
	{ "filename=\"../../etc/passwd\"", "", "passwd", true },
	{ "filename=\"C:\\a/b.jpg\"", "", "b.jpg", true },
	{ "filename=\"photos/\"", "", "", true },
	{ "filename=\"caf\xc3\xa9.jpg\"", "", "caf\xc3\xa9.jpg", true },
	{ "filename=\"caf\xe9.jpg\"", "", "caf" FFFD ".jpg", true },
	{ "filename=\"a\x01\x7f\tb\"", "", "a" FFFD FFFD FFFD "b", true },
	{ "filename*=UTF-8''caf%C3%A9.jpg", "", "caf\xc3\xa9.jpg", true },
	{ "filename*=utf-8'de'a%20b%2f%5Cc.jpg", "", "c.jpg", true },
	{ "filename*=\"UTF-8''a.jpg\"", "", "a.jpg", true },
	{ "filename*=ISO-8859-1''caf%E9.jpg", "", "caf" FFFD ".jpg", true },
	{ "filename*=UTF-8''a%00b%0a.jpg", "", "a" FFFD "b" FFFD ".jpg", true },
	{ "filename*=UTF-8''100%", "", "100%", true },
	{ "filename=b.jpg; filename*=UTF-8''a.jpg", "", "b.jpg", true },
	{ "filename*=UTF-8''a.jpg; filename=\"b.jpg\"", "", "b.jpg", true },
	{ "x=1; filename2=no; name=yes", "yes", "", false },
};

START_TEST(names_are_kept_clean)
{
	struct fault_info info;
	struct part part;

	ck_assert_int_eq(read_params(names[_i].params, &part, &info),
	    FAULT_NONE);
	ck_assert_str_eq(part.name, names[_i].name);
	ck_assert_str_eq(part.filename, names[_i].filename);
	ck_assert_int_eq(part.is_file, names[_i].is_file);
}
END_TEST

/* The longest name that is kept, and by how many characters it is longer. */
static const unsigned too_many[] = { 0, 1, 2, 1000 };

START_TEST(name_is_cut_at_255_bytes)
{
	char kept[PART_NAME_MAX + 1] = "";
	struct buf params = { 0 };
	struct fault_info info;
	struct part part;

	/* 127 characters of two bytes: the next one would need byte 256. */
	for (unsigned i = 0; i < PART_NAME_MAX / 2; i++)
		(void)strcat(kept, "\xc3\xa9");
	buf_printf(&params, "filename=\"%s", kept);
	for (unsigned i = 0; i < too_many[_i]; i++)
		buf_puts(&params, "\xc3\xa9");
	buf_puts(&params, "\"");
	ck_assert_int_eq(read_params(params.data, &part, &info), FAULT_NONE);
	ck_assert_str_eq(part.filename, kept);
	buf_fini(&params);
}
END_TEST

START_TEST(part_is_untouched_by_a_broken_header)
{
	struct part part = { .name = "before" };
	struct fault_info info;

	ck_assert_int_eq(read_params("name=a; filename", &part, &info),
	    FAULT_MULTIPART_SYNTAX);
	ck_assert_str_eq(part.name, "before");
	ck_assert_str_eq(info.detail,
	    "Byte 48 of the form data: Content-Disposition is malformed.");
}
END_TEST

static Suite *
part_suite(void)
{
	Suite *s = suite_create("part");
	TCase *tc = tcase_create("names");

	tcase_add_loop_test(tc, names_are_kept_clean, 0, (int)NELEM(names));
	tcase_add_loop_test(tc, name_is_cut_at_255_bytes, 0,
	    (int)NELEM(too_many));
	tcase_add_test(tc, part_is_untouched_by_a_broken_header);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(part_suite());
}
