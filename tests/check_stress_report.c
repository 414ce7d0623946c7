#include "config.h"

#include "stress_report.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stress_verdict.h"
#include "support.h"

#define STEPS 5

static struct stress_run
sample(void)
{
	static const double rates[STEPS] = { 6.6, 12.8, 13.9, 13.8, 12.1 };
	struct stress_run run = { .url = "http://[::1]:8080/<b>\"&'",
		.date = "2030-01-02T03:04:05Z",
		.processors = 2,
		.workers = 2,
		.queue_length = 200,
		.memory = 8000000000,
		.p95_wanted = 1000,
		.photo_bytes = 2.4e6,
		.photo_pixels = 12.2e6,
		.n = STEPS };

	for (unsigned i = 0; i < STEPS; i++) {
		struct stress_step *s = &run.steps[i];

		*s = (struct stress_step){ .clients = 1U << i,
			.seconds = 10,
			.photos = (unsigned)(10 * rates[i]),
			.rate = rates[i],
			.p50 = 1000 * (1U << i) / rates[i],
			.p95 = 1300 * (1U << i) / rates[i],
			.p99 = 1700 * (1U << i) / rates[i],
			.phase = { 12, 0, 8, 61, 47, 13, 9 },
			.busy = i > 0 ? 0.97 : 0.55,
			.service = i > 0 ? 0.92 : 0.5,
			.self = 0.03,
			.waiting = 0.01,
			.disk = 0.2,
			.written = 8e6,
			.free = 3000000000 };
		if (i > 1)
			s->phase[STRESS_QUEUE] = s->p50 - 150;
	}
	run.steps[STEPS - 1].losses[STRESS_OVERLOADED] = 17;
	run.steps[STEPS - 1].disk = run.steps[STEPS - 1].written = -1;
	return run;
}

/* What either of the two writes; free() it. */
static char *
written(int (*write)(FILE *, const struct stress_run *,
	    const struct stress_verdict *),
    const struct stress_run *run)
{
	struct stress_verdict verdict;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	stress_judge(run, &verdict);
	ck_assert_int_eq(write(out, run, &verdict), 0);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_uint_gt(len, 0);
	return text;
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		n++;
	return n;
}

/* Is each element closed where it should be? The text after a '<' is next. */
static void
check_elements(const char *at)
{
	char open[64][16];
	unsigned depth = 0;

	while ((at = strchr(at, '<')) != NULL) {
		const char *end = strchr(at, '>');
		bool closes = at[1] == '/';
		size_t len = strspn(at + 1 + closes,
		    "abcdefghijklmnopqrstuvwxyz0123456789");

		ck_assert_ptr_nonnull(end);
		ck_assert_uint_lt(len, sizeof open[0]);
		if (at[1] == '!') {
			at = end;
			continue;
		}
		ck_assert_msg(len > 0, "%.40s", at);
		if (closes) {
			ck_assert_uint_gt(depth, 0);
			depth--;
			ck_assert_msg(strlen(open[depth]) == len &&
				strncmp(open[depth], at + 2, len) == 0,
			    "</%.*s> ends <%s>", (int)len, at + 2, open[depth]);
		} else if (end[-1] != '/') {
			ck_assert_uint_lt(depth, NELEM(open));
			memcpy(open[depth], at + 1, len);
			open[depth++][len] = '\0';
		}
		at = end;
	}
	ck_assert_uint_eq(depth, 0);
}

START_TEST(page_is_whole_and_asks_for_nothing)
{
	const struct stress_run run = sample();
	char *page = written(stress_report_write, &run);

	check_elements(page);
	ck_assert_uint_eq(count(page, "<svg"), 4);
	ck_assert_uint_eq(count(page, "</svg>"), 4);
	ck_assert_uint_eq(count(page, "<th scope=\"row\">"), 3 * STEPS);
	/* Nothing is fetched: what was tested stands there twice, as text. */
	ck_assert_uint_eq(count(page, "http"), 2);
	ck_assert_uint_eq(count(page, "src="), 0);
	ck_assert_uint_eq(count(page, "href="), 0);
	ck_assert_uint_eq(count(page, "url("), 0);
	ck_assert_uint_eq(count(page, "<script"), 0);
	ck_assert_uint_eq(count(page, "nan"), 0);
	free(page);
}
END_TEST

/* A plot that nobody sees is its numbers in words; no two have the same id. */
START_TEST(plots_are_told_too)
{
	static const char *const ids[] = { "rate", "latency", "phases",
		"processors" };
	const struct stress_run run = sample();
	char *page = written(stress_report_write, &run);
	char text[64];

	for (size_t i = 0; i < NELEM(ids); i++) {
		(void)snprintf(text, sizeof text,
		    "aria-labelledby=\"%s-title %s-text\"", ids[i], ids[i]);
		ck_assert_uint_eq(count(page, text), 1);
		(void)snprintf(text, sizeof text, "<title id=\"%s-title\">",
		    ids[i]);
		ck_assert_uint_eq(count(page, text), 1);
		(void)snprintf(text, sizeof text, "<desc id=\"%s-text\">",
		    ids[i]);
		ck_assert_uint_eq(count(page, text), 1);
	}
	ck_assert_uint_eq(count(page,
			      " 1 client: taken 6.6, refused or failed 0."
			      " 2 clients: taken 12.8,"),
	    1);
	ck_assert_uint_eq(count(page, "class=\"ring\""), 1);
	free(page);
}
END_TEST

/* Twice as many steps as there are places for numbers. */
START_TEST(all_steps_that_can_be_are_drawn)
{
	struct stress_run run = sample();
	char *page;

	for (unsigned i = STEPS; i < STRESS_STEPS_MAX; i++) {
		run.steps[i] = run.steps[STEPS - 1];
		run.steps[i].clients = 17 + i;
	}
	run.n = STRESS_STEPS_MAX;
	page = written(stress_report_write, &run);
	check_elements(page);
	ck_assert_uint_eq(count(page, "<th scope=\"row\">"),
	    3 * STRESS_STEPS_MAX);
	ck_assert_uint_eq(count(page, "class=\"dot "),
	    (2 + 4) * STRESS_STEPS_MAX);
	ck_assert_uint_eq(count(page, "class=\"area "),
	    (STRESS_PHASES - 1 + 5) * STRESS_STEPS_MAX);
	free(page);
}
END_TEST

/* Nothing that this machine does is told of the service's. */
START_TEST(page_knows_which_machine_it_tells_of)
{
	struct stress_run run = sample();
	char *page;

	run.elsewhere = true;
	run.workers = run.queue_length = 0;
	for (unsigned i = 0; i < run.n; i++)
		run.steps[i].service = -1;
	page = written(stress_report_write, &run);
	ck_assert_uint_eq(count(page,
			      "Processors of this machine, not of the"
			      " service's"),
	    2);
	ck_assert_uint_eq(count(page, "This machine, not the service's"), 2);
	ck_assert_uint_eq(count(page, ", on another machine</dd>"), 1);
	ck_assert_uint_eq(count(page, "service and"), 0);
	ck_assert_uint_eq(count(page, "not known</dd>"), 2);
	ck_assert_uint_eq(count(page, "<td>?</td>"), 2 + STEPS);
	free(page);
}
END_TEST

START_TEST(page_escapes_what_it_is_told)
{
	const struct stress_run run = sample();
	char *page = written(stress_report_write, &run);

	ck_assert_uint_eq(count(page, "<b>"), 0);
	ck_assert_uint_ge(count(page, "/&lt;b&gt;&quot;&amp;"), 1);
	free(page);
}
END_TEST

START_TEST(page_has_every_number)
{
	const struct stress_run run = sample();
	char *page = written(stress_report_write, &run);

	ck_assert_uint_eq(count(page, "<strong>13.9 photos/s</strong>"), 1);
	ck_assert_uint_ge(count(page, "<td>17</td>"), 1);
	/* Not known: the disk of the last step, and what was written to it. */
	ck_assert_uint_eq(count(page, "<td>?</td>"), 2);
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++)
		ck_assert_uint_ge(count(page, stress_phase_name(p)), 2);
	free(page);
}
END_TEST

START_TEST(nothing_measured_is_a_page_too)
{
	struct stress_run run = sample();
	char *page;

	run.n = 0;
	page = written(stress_report_write, &run);
	check_elements(page);
	ck_assert_ptr_nonnull(strstr(page, "Nothing was measured."));
	free(page);
}
END_TEST

START_TEST(json_reads_back)
{
	const struct stress_run run = sample();
	char *text = written(stress_json_write, &run);
	json_t *document = json_loads(text, 0, NULL), *steps, *last;

	ck_assert_ptr_nonnull(document);
	ck_assert_str_eq(json_string_value(json_object_get(document, "url")),
	    run.url);
	steps = json_object_get(document, "steps");
	ck_assert_uint_eq(json_array_size(steps), STEPS);
	last = json_array_get(steps, STEPS - 1);
	ck_assert_double_eq_tol(json_number_value(
				    json_object_get(last, "rate")),
	    12.1, 1e-9);
	ck_assert_int_eq(json_integer_value(
			     json_object_get(json_object_get(last, "losses"),
				 "overloaded")),
	    17);
	ck_assert(json_is_null(json_object_get(last, "disk")));
	ck_assert(json_is_false(json_object_get(document, "elsewhere")));
	ck_assert_double_eq_tol(json_number_value(
				    json_object_get(json_object_get(last,
							"phases"),
					"decode")),
	    61, 1e-9);
	ck_assert_str_eq(json_string_value(
			     json_object_get(json_object_get(document,
						 "verdict"),
				 "limit")),
	    "cpu");
	json_decref(document);
	free(text);
}
END_TEST

START_TEST(json_has_null_for_what_is_not_known)
{
	struct stress_run run = sample();
	json_t *document;
	char *text;

	run.elsewhere = true;
	run.workers = run.queue_length = 0;
	run.steps[0].service = -1;
	run.steps[0].free = 0;
	text = written(stress_json_write, &run);
	document = json_loads(text, 0, NULL);
	ck_assert(json_is_true(json_object_get(document, "elsewhere")));
	ck_assert(json_is_null(json_object_get(document, "workers")));
	ck_assert(json_is_null(json_object_get(document, "queue_length")));
	for (size_t i = 0; i < 2; i++)
		ck_assert(json_is_null(
		    json_object_get(json_array_get(json_object_get(document,
						       "steps"),
					0),
			i == 0 ? "service" : "free")));
	json_decref(document);
	free(text);
}
END_TEST

/* A full disk. */
START_TEST(what_cannot_be_written_is_said)
{
	const struct stress_run run = sample();
	struct stress_verdict verdict;
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	stress_judge(&run, &verdict);
	ck_assert_int_eq(stress_report_write(full, &run, &verdict), -1);
	ck_assert_int_eq(stress_json_write(full, &run, &verdict), -1);
	(void)fclose(full);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stress_report");
	TCase *tc = tcase_create("report");

	tcase_add_test(tc, page_is_whole_and_asks_for_nothing);
	tcase_add_test(tc, plots_are_told_too);
	tcase_add_test(tc, all_steps_that_can_be_are_drawn);
	tcase_add_test(tc, page_knows_which_machine_it_tells_of);
	tcase_add_test(tc, page_escapes_what_it_is_told);
	tcase_add_test(tc, page_has_every_number);
	tcase_add_test(tc, nothing_measured_is_a_page_too);
	tcase_add_test(tc, json_reads_back);
	tcase_add_test(tc, json_has_null_for_what_is_not_known);
	tcase_add_test(tc, what_cannot_be_written_is_said);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
