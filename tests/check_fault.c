#include "config.h"

#include "fault.h"

#include <errno.h>
#include <string.h>

#include "support.h"

START_TEST(every_row_is_complete_and_its_code_its_own)
{
	enum fault f = (enum fault)_i;
	const char *code = fault_code(f);

	ck_assert_uint_eq(strspn(code, "abcdefghijklmnopqrstuvwxyz-"),
	    strlen(code));
	ck_assert_uint_gt(strlen(code), 0);
	ck_assert_int_ge(fault_status(f), 400);
	ck_assert_int_le(fault_status(f), 599);
	ck_assert_str_eq(fault_title(f), fault_words(f, LANGUAGE_EN)->title);
	ck_assert_uint_gt(strlen(fault_reason(f)), 0);
	for (int other = _i + 1; other < FAULT_COUNT; other++)
		ck_assert_str_ne(code, fault_code((enum fault)other));
}
END_TEST

/* No stop behind what is the matter, and one behind what can be done. */
START_TEST(people_are_told_what_to_do_in_each_language)
{
	for (int l = 0; l < LANGUAGE_COUNT; l++) {
		const struct fault_words *w =
		    fault_words((enum fault)_i, (enum language)l);

		ck_assert_uint_gt(strlen(w->title), 10);
		ck_assert_ptr_null(strpbrk(w->title, ".:"));
		ck_assert_uint_gt(strlen(w->advice), 10);
		ck_assert_int_eq(w->advice[strlen(w->advice) - 1], '.');
		/* Korean is not English left as it was. */
		ck_assert(
		    (l == LANGUAGE_KO) == ((unsigned char)w->title[0] >= 0x80));
	}
}
END_TEST

START_TEST(only_what_a_retry_may_mend_asks_for_one)
{
	enum fault f = (enum fault)_i;
	bool may = f == FAULT_OVERLOADED || f == FAULT_OFFLINE ||
	    f == FAULT_RATE_LIMITED;

	ck_assert_msg((fault_retry_after(f) > 0) == may, "%s", fault_code(f));
}
END_TEST

static const struct {
	int error;
	enum fault fault;
} errors[] = {
	{ ENOSPC, FAULT_STORAGE_FULL },
	{ EDQUOT, FAULT_STORAGE_FULL },
	{ EROFS, FAULT_OFFLINE },
	{ EFBIG, FAULT_STORAGE_FULL },
	{ EMFILE, FAULT_OVERLOADED },
	{ ENFILE, FAULT_OVERLOADED },
	{ ENOMEM, FAULT_OVERLOADED },
	{ EIO, FAULT_OFFLINE },
	{ EACCES, FAULT_INTERNAL },
};

START_TEST(errno_becomes_a_fault_and_stays_in_the_log)
{
	struct fault_info info;

	errno = errors[_i].error;
	ck_assert_int_eq(fault_errno(&info, "original write"),
	    errors[_i].fault);
	ck_assert_int_eq(info.fault, errors[_i].fault);
	ck_assert_str_eq(info.detail, "");
	ck_assert_ptr_nonnull(strstr(info.cause, "original write"));
	ck_assert_ptr_nonnull(strstr(info.cause, strerror(errors[_i].error)));
}
END_TEST

START_TEST(a_limit_is_kept_with_what_was_given)
{
	struct fault_info info;

	memset(&info, 'x', sizeof info);
	ck_assert_int_eq(fault_limit(&info, FAULT_TOO_MANY_FILES, 20, 21,
			     "%d files", 21),
	    FAULT_TOO_MANY_FILES);
	ck_assert(info.has_limit);
	ck_assert_uint_eq(info.limit, 20);
	ck_assert_uint_eq(info.actual, 21);
	ck_assert_str_eq(info.detail, "21 files");
	ck_assert_str_eq(info.cause, "");
}
END_TEST

START_TEST(a_new_fault_forgets_the_last_one)
{
	struct fault_info info;

	(void)fault_limit(&info, FAULT_TOO_MANY_FILES, 20, 21, "%s", "old");
	ck_assert_int_eq(fault_set(&info, FAULT_NO_FILE, "%s", ""),
	    FAULT_NO_FILE);
	ck_assert(!info.has_limit);
	ck_assert_str_eq(info.detail, "");
}
END_TEST

static const struct {
	enum fault fault;
	unsigned long long limit, actual;
	const char *en, *ko;
} measured[] = {
	{ FAULT_PHOTO_TOO_LARGE, 32 << 20, 40 << 20,
	    ": 40\u00a0MB; the limit here is 32\u00a0MB",
	    "(한도 32\u00a0MB, 실제 40\u00a0MB)" },
	/* So many digits that they differ, and no more. */
	{ FAULT_BODY_TOO_LARGE, 32 << 20, (32 << 20) + 1,
	    ": 32.000001\u00a0MB; the limit here is 32\u00a0MB",
	    "(한도 32\u00a0MB, 실제 32.000001\u00a0MB)" },
	{ FAULT_BODY_TOO_LARGE, 1000, 1023,
	    ": 1,023\u00a0bytes; the limit here is 1,000\u00a0bytes",
	    "(한도 1,000\u00a0바이트, 실제 1,023\u00a0바이트)" },
	{ FAULT_BODY_TOO_LARGE, 1ull << 40, (1ull << 40) + 1,
	    ": 1,024\u00a0GB; the limit here is 1,024\u00a0GB",
	    "(한도 1,024\u00a0GB, 실제 1,024\u00a0GB)" },
	{ FAULT_TOO_MANY_PIXELS, 1000000, 99532800,
	    ": 99.5\u00a0megapixels; the limit here is 1\u00a0megapixel",
	    "(한도 1\u00a0메가픽셀, 실제 99.5\u00a0메가픽셀)" },
	{ FAULT_TOO_MANY_PIXELS, 64000000, 64000100,
	    ": 64.0001\u00a0megapixels; the limit here is 64\u00a0megapixels",
	    "(한도 64\u00a0메가픽셀, 실제 64.0001\u00a0메가픽셀)" },
	{ FAULT_SIDE_TOO_LONG, 16000, 20000,
	    ": 20,000\u00a0px; the limit here is 16,000\u00a0px",
	    "(한도 16,000\u00a0px, 실제 20,000\u00a0px)" },
	{ FAULT_TOO_MANY_FRAMES, 1, 2000,
	    ": 2,000\u00a0frames; the limit here is 1\u00a0frame",
	    "(한도 1프레임, 실제 2,000프레임)" },
	{ FAULT_TOO_MANY_SCANS, 100, 101,
	    ": 101\u00a0passes; the limit here is 100\u00a0passes",
	    "(한도 100단계, 실제 101단계)" },
	{ FAULT_TOO_MANY_FILES, 20, 21,
	    ": 21\u00a0photos; the limit here is 20\u00a0photos",
	    "(한도 20장, 실제 21장)" },
	{ FAULT_TOO_MUCH_MEMORY, 768 << 20, 900 << 20,
	    ": 900\u00a0MB; the limit here is 768\u00a0MB",
	    "(한도 768\u00a0MB, 실제 900\u00a0MB)" },
	/* Either of two limits, which its detail tells apart. */
	{ FAULT_STORAGE_FULL, 1 << 20, 1, "", "" },
};

START_TEST(a_limit_is_said_with_its_unit)
{
	struct fault_info info;
	struct buf en = { 0 }, ko = { 0 };

	buf_puts(&en, "");
	buf_puts(&ko, "");
	(void)fault_limit(&info, measured[_i].fault, measured[_i].limit,
	    measured[_i].actual, "%s", "");
	fault_measures(&info, LANGUAGE_EN, &en);
	fault_measures(&info, LANGUAGE_KO, &ko);
	ck_assert_str_eq(en.data, measured[_i].en);
	ck_assert_str_eq(ko.data, measured[_i].ko);
	buf_fini(&en);
	buf_fini(&ko);
}
END_TEST

START_TEST(where_there_is_no_limit_none_is_said)
{
	struct fault_info info;
	struct buf text = { 0 };

	(void)fault_set(&info, FAULT_BODY_TOO_LARGE, "%s", "Too much.");
	fault_measures(&info, LANGUAGE_EN, &text);
	ck_assert_uint_eq(text.len, 0);
	ck_assert(!text.failed);
	buf_fini(&text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fault");
	TCase *table = tcase_create("table");
	TCase *info = tcase_create("info");

	tcase_add_loop_test(table, every_row_is_complete_and_its_code_its_own,
	    FAULT_NONE + 1, FAULT_COUNT);
	tcase_add_loop_test(table, people_are_told_what_to_do_in_each_language,
	    FAULT_NONE + 1, FAULT_COUNT);
	tcase_add_loop_test(table, only_what_a_retry_may_mend_asks_for_one,
	    FAULT_NONE + 1, FAULT_COUNT);
	tcase_add_loop_test(info, errno_becomes_a_fault_and_stays_in_the_log, 0,
	    NELEM(errors));
	tcase_add_test(info, a_limit_is_kept_with_what_was_given);
	tcase_add_test(info, a_new_fault_forgets_the_last_one);
	tcase_add_loop_test(info, a_limit_is_said_with_its_unit, 0,
	    NELEM(measured));
	tcase_add_test(info, where_there_is_no_limit_none_is_said);
	suite_add_tcase(s, table);
	suite_add_tcase(s, info);
	return run_suite(s);
}
