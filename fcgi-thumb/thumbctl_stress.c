#include "config.h"

/*
 * thumbctl stress: where this machine's limit is. The command line, the load
 * with its end, and what is said of it.
 */

#include "thumbctl_stress.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "number.h"
#include "stress_report.h"
#include "stress_verdict.h"
#include "thumbctl.h"

#define CLIENTS_MAX 1000
#define COUNT_MAX 100000000
#define P95_MAX 3600000
#define TIME_MAX 86400

static volatile sig_atomic_t stopped;

/* ---- the command line ---- */

static int
parse_number(const char *name, const char *text, unsigned long long max,
    unsigned long long *out)
{
	if (number_parse(text, 1, max, out) == 0)
		return 0;
	complain("--%s is a number from 1 to %llu", name, max);
	return -1;
}

static int
parse_time(const char *name, const char *text, unsigned long long *out)
{
	if (number_parse_duration(text, out) == 0 && *out > 0 &&
	    *out <= TIME_MAX)
		return 0;
	complain("--%s is a duration such as 30s or 10m, at most a day", name);
	return -1;
}

static int
take_option(int option, struct stress_job *job)
{
	switch (option) {
	case 'a':
		job->any_host = true;
		return 0;
	case 'c':
		return parse_number("clients", optarg, CLIENTS_MAX,
		    &job->clients);
	case 'j':
		job->json = optarg;
		return 0;
	case 'k':
		job->token_file = optarg;
		return 0;
	case 'n':
		return parse_number("count", optarg, COUNT_MAX, &job->count);
	case 'o':
		job->photos = optarg;
		return 0;
	case 'p':
		return parse_number("p95", optarg, P95_MAX, &job->p95);
	case 'r':
		job->report = optarg;
		return 0;
	case 's':
		return parse_time("seconds", optarg, &job->seconds);
	default:
		return parse_time("time", optarg, &job->time);
	}
}

static int
parse_job(const struct command *self, int argc, char **argv,
    struct stress_job *job)
{
	static const struct option options[] = {
		{ "any-host", no_argument, NULL, 'a' },
		{ "clients", required_argument, NULL, 'c' },
		{ "count", required_argument, NULL, 'n' },
		{ "json", required_argument, NULL, 'j' },
		{ "p95", required_argument, NULL, 'p' },
		{ "photos", required_argument, NULL, 'o' },
		{ "report", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "time", required_argument, NULL, 't' },
		{ "token-file", required_argument, NULL, 'k' },
		{ 0 },
	};
	int option;

	*job = (struct stress_job){ .photos = PHOTOS_DEFAULT,
		.p95 = STRESS_P95,
		.clients = STRESS_CLIENTS,
		.seconds = STRESS_SECONDS,
		.count = STRESS_COUNT,
		.time = STRESS_TIME };
	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return wrong_use(self);
		if (take_option(option, job) == -1)
			return EX_USAGE;
	}
	if (argc != optind + 1)
		return wrong_use(self);
	job->url = argv[optind];
	return EXIT_SUCCESS;
}

/* ---- the load ---- */

static void
stop(int signo)
{
	(void)signo;
	stopped = 1;
}

/* However often they come: what was uploaded is taken back first. */
static void
hear_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction hear = { .sa_handler = stop };

	for (size_t i = 0; i < NELEM(ends); i++)
		(void)sigaction(ends[i], &hear, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static void
say_end(const struct stress *s, enum stress_end end)
{
	static const char *const words[] = {
		[STRESS_END_STOPPED] = "stopped",
		[STRESS_END_TIME] = "the time (--time) is over",
		[STRESS_END_COUNT] = "all uploads (--count) are made",
		[STRESS_END_MEMORY] = "no memory left",
	};

	if (end != STRESS_END_DONE)
		complain("%s", words[end]);
	if (s->load.trouble[0] != '\0')
		complain("the last answer that was broken: %s",
		    s->load.trouble);
	if (s->load.debts.n == 0)
		return;
	complain("could not be taken back and may be in the store (thumbctl "
		 "delete):");
	stress_debts_print(&s->load.debts, stderr);
}

static int
write_output(const char *path, FILE *out,
    int (*write)(FILE *out, const struct stress_run *run,
	const struct stress_verdict *verdict),
    const struct stress_run *run, const struct stress_verdict *verdict)
{
	if (out == NULL)
		return 0;
	/* A pipe has nothing to be cut off. */
	(void)ftruncate(fileno(out), 0);
	if (write(out, run, verdict) == 0 && fflush(out) == 0)
		return 0;
	complain("%s: %s", path, strerror(errno));
	return -1;
}

/* The exit status. */
static int
conclude(struct stress *s, enum stress_end end)
{
	struct stress_verdict verdict;
	int status = EXIT_SUCCESS;

	if (s->run.n == 0) {
		complain("nothing was measured");
		return EXIT_FAILURE;
	}
	stress_judge(&s->run, &verdict);
	stress_print(stdout, &s->run, &verdict);
	if (write_output(s->job.report, s->report, stress_report_write, &s->run,
		&verdict) == -1 ||
	    write_output(s->job.json, s->json, stress_json_write, &s->run,
		&verdict) == -1)
		status = EXIT_FAILURE;
	if (verdict.limit == STRESS_BY_FAULTS || end == STRESS_END_STOPPED ||
	    end == STRESS_END_MEMORY || s->load.debts.n > 0)
		status = EXIT_FAILURE;
	return status;
}

static int
run_load(struct stress *s)
{
	enum stress_end end;

	s->load.http =
	    stress_http_new(&s->target, s->token[0] != '\0' ? s->token : NULL);
	if (s->load.http == NULL) {
		complain("libcurl cannot be used, or there is no memory left");
		return EXIT_FAILURE;
	}
	s->load.photos = &s->photos;
	s->load.stopped = &stopped;
	s->load.count = s->job.count;
	s->load.end_ns = clock_monotonic_ns() + s->job.time * NS_PER_S;
	hear_signals();
	end = stress_ramp(&s->job, &s->load, &s->run);
	say_end(s, end);
	stress_http_free(s->load.http);
	return conclude(s, end);
}

static int
run_stress(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct stress s = { 0 };
	int status = parse_job(self, argc, argv, &s.job);

	if (status == EXIT_SUCCESS)
		status = stress_prepare(&s, settings_file);
	if (status == EXIT_SUCCESS)
		status = run_load(&s);
	if (s.report != NULL)
		(void)fclose(s.report);
	if (s.json != NULL)
		(void)fclose(s.json);
	stress_load_fini(&s.load);
	stress_photos_close(&s.photos);
	return status;
}

/* A line of it is a line of the help. */
/* clang-format off */
static const char help[] =
    "  URL                 of the service: http://127.0.0.1/, with its prefix\n"
    "  --photos DIR        the JPEG files in it are uploaded, each time with other\n"
    "                      bytes, instead of those in\n"
    "                      " PHOTOS_DEFAULT "\n"
    "  --p95 MS            what 95 of 100 uploads may take, for the capacity: " TEXT_OF(STRESS_P95) "\n"
    "  --clients N         no more at once than " TEXT_OF(STRESS_CLIENTS) "\n"
    "  --seconds DURATION  of each step: " TEXT_OF(STRESS_SECONDS) "s\n"
    "  --count N           no more uploads than " TEXT_OF(STRESS_COUNT) "\n"
    "  --time DURATION     no longer than " TEXT_OF(STRESS_TIME) "s\n"
    "  --report FILE       a page with plots of all that was measured\n"
    "  --json FILE         the same for programs\n"
    "  --token-file FILE   with the upload token in its first line\n"
    "  --any-host          also where the service is not on this machine\n"
    "Each step's photos are taken back before the next one, and at the end, also\n"
    "after Ctrl-C. The store must have room for those of one step.\n";
/* clang-format on */

const struct command command_stress = { "stress",
	"[--photos DIR] [--p95 MS] [--clients N] [--seconds DURATION]\n        "
	"[--count N] [--time DURATION] [--report FILE] [--json FILE]\n        "
	"[--token-file FILE] [--any-host] URL",
	"load the service with more and more uploads until it is saturated, "
	"and\n    say what its limit is",
	help, run_stress };
