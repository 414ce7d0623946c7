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
	ck_assert_uint_gt(strlen(fault_title(f)), 0);
	ck_assert_uint_gt(strlen(fault_reason(f)), 0);
	for (int other = _i + 1; other < FAULT_COUNT; other++)
		ck_assert_str_ne(code, fault_code((enum fault)other));
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

int
main(void)
{
	Suite *s = suite_create("fault");
	TCase *table = tcase_create("table");
	TCase *info = tcase_create("info");

	tcase_add_loop_test(table, every_row_is_complete_and_its_code_its_own,
	    FAULT_NONE + 1, FAULT_COUNT);
	tcase_add_loop_test(table, only_what_a_retry_may_mend_asks_for_one,
	    FAULT_NONE + 1, FAULT_COUNT);
	tcase_add_loop_test(info, errno_becomes_a_fault_and_stays_in_the_log, 0,
	    NELEM(errors));
	tcase_add_test(info, a_limit_is_kept_with_what_was_given);
	tcase_add_test(info, a_new_fault_forgets_the_last_one);
	suite_add_tcase(s, table);
	suite_add_tcase(s, info);
	return run_suite(s);
}
