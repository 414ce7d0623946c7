#include "config.h"

#include "machine.h"

#include <unistd.h>

#include "support.h"

START_TEST(there_is_memory_and_no_more_than_the_machine_has)
{
	uint64_t all =
	    (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	ck_assert_uint_gt(machine_memory(), 16U << 20);
	ck_assert_uint_le(machine_memory(), all);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("machine");
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, there_is_memory_and_no_more_than_the_machine_has);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
