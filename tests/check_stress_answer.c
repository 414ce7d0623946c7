#include "config.h"

#include "stress_answer.h"
#include "stress_debts.h"
#include "stress_tally.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define ID "abcdefghijklmnopqrstuvwxya"
#define TOKEN "wr5nf2kd2w43j3w6uevpjcatyu"
#define TIMES                                                                \
	"{\"queue\":1,\"receive\":2,\"decode\":3,\"resize\":4,\"encode\":5," \
	"\"publish\":6}"
#define PHOTO(status, token, times)                            \
	"{\"photos\":[{\"status\":\"" status "\",\"id\":\"" ID \
	"\",\"delete_token\":\"" token "\",\"timing_ms\":" times "}]}"
#define PROBLEM(code) "{\"code\":\"" code "\"}"

/* ---- answers ---- */

static const struct {
	unsigned status;
	const char *text;
	bool is_taken, has_receipt, is_unsure;
	enum stress_loss loss; /* where it is not taken */
} answers[] = {
	{ 201, PHOTO("created", TOKEN, TIMES), true, true, false, 0 },
	/* Whatever cannot be measured has to be taken back all the same. */
	{ 200, PHOTO("exists", TOKEN, TIMES), false, true, false,
	    STRESS_BROKEN },
	{ 201, PHOTO("created", TOKEN, "{}"), false, true, false,
	    STRESS_BROKEN },
	{ 201, PHOTO("created", TOKEN, "{\"queue\":\"1\"}"), false, true, false,
	    STRESS_BROKEN },
	{ 201, PHOTO("created", "", TIMES), false, false, true, STRESS_BROKEN },
	{ 201, PHOTO("created", "a\\r\\nX: y", TIMES), false, false, true,
	    STRESS_BROKEN },
	{ 201, "<html>", false, false, true, STRESS_BROKEN },
	{ 302, "", false, false, true, STRESS_BROKEN },
	{ 503, PROBLEM("overloaded"), false, false, false, STRESS_OVERLOADED },
	{ 503, PROBLEM("offline"), false, false, false, STRESS_BROKEN },
	{ 503, "busy", false, false, false, STRESS_BROKEN },
	{ 429, PROBLEM("rate-limited"), false, false, false,
	    STRESS_RATE_LIMITED },
	{ 507, PROBLEM("storage-full"), false, false, false, STRESS_FULL },
	{ 504, PROBLEM("too-slow"), false, false, true, STRESS_SLOW },
	{ 0, "", false, false, true, STRESS_SLOW },
	{ 502, PROBLEM("worker-lost"), false, false, true, STRESS_BROKEN },
	{ 500, PROBLEM("internal"), false, false, true, STRESS_BROKEN },
	{ 415, PROBLEM("unsupported-format"), false, false, false,
	    STRESS_BROKEN },
	{ 403, PROBLEM("token-invalid"), false, false, false, STRESS_BROKEN },
	/* A refusal is one, whatever it tells of. */
	{ 422, PHOTO("created", TOKEN, TIMES), false, false, false,
	    STRESS_BROKEN },
};

START_TEST(an_answer_is_a_photo_or_a_loss)
{
	struct stress_answer a;

	stress_answer_read(&a, answers[_i].status, answers[_i].text,
	    strlen(answers[_i].text));
	ck_assert_int_eq(a.is_taken, answers[_i].is_taken);
	ck_assert_int_eq(a.is_unsure, answers[_i].is_unsure);
	ck_assert_str_eq(a.receipt.id, answers[_i].has_receipt ? ID : "");
	ck_assert_str_eq(a.receipt.token, answers[_i].has_receipt ? TOKEN : "");
	if (!a.is_taken)
		ck_assert_int_eq(a.loss, answers[_i].loss);
	for (unsigned p = 0; a.is_taken && p < STRESS_PHASES; p++)
		ck_assert_double_eq(a.phases[p], p);
}
END_TEST

/* ---- the tally ---- */

static const double some[STRESS_PHASES] = { 99, 1, 2, 3, 4, 5, 6 };

START_TEST(times_and_losses_are_summed)
{
	struct stress_tally t = { 0 };
	struct stress_step step = { .seconds = 20 };

	/* 1000 photos, the last of which come first. */
	for (unsigned i = 1000; i > 0; i--)
		ck_assert_int_eq(stress_tally_take(&t, i, some), 0);
	t.losses[STRESS_FULL] = 7;
	stress_tally_sum(&t, &step);
	ck_assert_uint_eq(step.photos, 1000);
	ck_assert_uint_eq(step.losses[STRESS_FULL], 7);
	ck_assert_double_eq_tol(step.rate, 50, 1e-9);
	ck_assert_double_eq(step.p50, 500);
	ck_assert_double_eq(step.p95, 950);
	ck_assert_double_eq(step.p99, 990);
	for (unsigned p = STRESS_QUEUE; p < STRESS_PHASES; p++)
		ck_assert_double_eq_tol(step.phase[p], some[p], 1e-9);
	ck_assert_double_eq_tol(step.phase[STRESS_NGINX],
	    500.5 - (1 + 2 + 3 + 4 + 5 + 6), 1e-6);
	stress_tally_fini(&t);
}
END_TEST

START_TEST(one_photo_or_none_can_be_summed)
{
	struct stress_tally t = { 0 };
	struct stress_step step = { .seconds = 2 };

	stress_tally_sum(&t, &step);
	ck_assert_uint_eq(step.photos, 0);
	ck_assert_double_eq(step.rate, 0);
	ck_assert_double_eq(step.p99, 0);
	/* Times cut to whole ms may come to more than the whole. */
	ck_assert_int_eq(stress_tally_take(&t, 20.5, some), 0);
	stress_tally_sum(&t, &step);
	ck_assert_double_eq(step.p50, 20.5);
	ck_assert_double_eq(step.p99, 20.5);
	ck_assert_double_eq(step.phase[STRESS_NGINX], 0);
	stress_tally_fini(&t);
}
END_TEST

/* ---- debts ---- */

START_TEST(debts_are_told_by_id_and_by_number)
{
	struct stress_debts d = { 0 };
	struct stress_debt debt = { .serial = 1 };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(stress_debts_reserve(&d, 3), 0);
	ck_assert_int_eq(stress_debts_add(&d, &debt), 0);
	debt.serial = 2;
	memcpy(debt.receipt.id, ID, sizeof ID);
	ck_assert_int_eq(stress_debts_add(&d, &debt), 0);
	debt.serial = 3;
	debt.receipt.id[0] = '\0';
	ck_assert_int_eq(stress_debts_add(&d, &debt), 0);
	stress_debts_print(&d, out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text,
	    ID "\nand up to 2 of which no answer ever came\n");
	stress_debts_fini(&d);
	free(text);
}
END_TEST

START_TEST(debts_are_taken_when_they_are_due)
{
	static const uint64_t due[] = { 5, 0, 9 };
	struct stress_debts d = { 0 };
	struct stress_debt debt = { 0 };

	ck_assert(!stress_debts_take(&d, 100, &debt));
	for (unsigned i = 0; i < NELEM(due); i++) {
		debt.serial = i;
		debt.due_ns = due[i];
		ck_assert_int_eq(stress_debts_add(&d, &debt), 0);
	}
	ck_assert(stress_debts_take(&d, 4, &debt));
	ck_assert_uint_eq(debt.serial, 1);
	ck_assert(!stress_debts_take(&d, 4, &debt));
	ck_assert(stress_debts_take(&d, 5, &debt));
	ck_assert_uint_eq(debt.serial, 0);
	ck_assert(stress_debts_take(&d, UINT64_MAX, &debt));
	ck_assert_uint_eq(debt.serial, 2);
	ck_assert_uint_eq(d.n, 0);
	stress_debts_fini(&d);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stress_answer");
	TCase *tc = tcase_create("answers");

	tcase_add_loop_test(tc, an_answer_is_a_photo_or_a_loss, 0,
	    NELEM(answers));
	tcase_add_test(tc, times_and_losses_are_summed);
	tcase_add_test(tc, one_photo_or_none_can_be_summed);
	tcase_add_test(tc, debts_are_told_by_id_and_by_number);
	tcase_add_test(tc, debts_are_taken_when_they_are_due);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
