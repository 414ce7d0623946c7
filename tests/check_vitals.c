#include "config.h"

#include "vitals.h"

#include "support.h"

/* What a master's numbers say of its workers. */

#define DEATHS                                                       \
	"# TYPE fcgi_thumb_worker_deaths_total counter\n"            \
	"fcgi_thumb_worker_deaths_total{cause=\"SIGSEGV\"} 2\n"      \
	"fcgi_thumb_worker_deaths_total{cause=\"SIGKILL\"} 0\n"      \
	"fcgi_thumb_worker_deaths_total{slot=\"blue\",cause=\"a\"} " \
	"1\n"
#define KILLS                                                    \
	"fcgi_thumb_worker_kills_total{reason=\"deadline\"} 4\n" \
	"fcgi_thumb_worker_kills_total{reason=\"boot\"} 8\n"     \
	"fcgi_thumb_worker_kills_total{reason=\"leave\"} 1000\n"
#define MEMORY                                                     \
	"fcgi_thumb_workers_alive 3\n"                             \
	"# HELP fcgi_thumb_workers_resident_bytes Memory of all\n" \
	"fcgi_thumb_workers_resident_bytes 314572800\n"            \
	"fcgi_thumb_worker_resident_max_bytes 214572800\n"

static const struct {
	const char *text;
	int rc;
	uint64_t memory, deaths;
} rows[] = {
	{ DEATHS KILLS MEMORY, 0, 104857600, 15 },
	{ MEMORY DEATHS, 0, 104857600, 3 },
	{ DEATHS, 0, 0, 3 },
	/* The last line has no end. */
	{ "fcgi_thumb_worker_deaths_total{cause=\"a\"} 7", 0, 0, 7 },
	{ "fcgi_thumb_worker_deaths_total 7\n", 0, 0, 7 },
	/* None of these is it. */
	{ MEMORY, -1, 104857600, 0 },
	{ "", -1, 0, 0 },
	{ "fcgi_thumb_worker_deaths_total_more 7\n", -1, 0, 0 },
	{ "fcgi_thumb_worker_deaths_total{cause=\"a\"\n} 7\n", -1, 0, 0 },
	{ "other_fcgi_thumb_worker_deaths_total 7\n", -1, 0, 0 },
	/* Nobody is alive. */
	{ DEATHS
	    "fcgi_thumb_workers_alive 0\nfcgi_thumb_workers_resident_bytes 0\n",
	    0, 0, 3 },
};

START_TEST(workers_are_as_their_master_says)
{
	struct vitals got;

	ck_assert_int_eq(vitals_read(rows[_i].text, &got), rows[_i].rc);
	ck_assert_uint_eq(got.memory, rows[_i].memory);
	ck_assert_uint_eq(got.deaths, rows[_i].deaths);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("vitals");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, workers_are_as_their_master_says, 0,
	    NELEM(rows));
	suite_add_tcase(s, all);
	return run_suite(s);
}
