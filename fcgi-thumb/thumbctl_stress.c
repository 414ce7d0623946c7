#include "config.h"

/*
 * thumbctl stress: where this machine's limit is. The command line, whom the
 * load may go to, what is known of the service there, and the order of work.
 */

#include "thumbctl_stress.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "admission.h"
#include "clock.h"
#include "fdio.h"
#include "machine.h"
#include "number.h"
#include "pidfile.h"
#include "stress_machine.h"
#include "stress_report.h"
#include "stress_target.h"
#include "stress_verdict.h"
#include "thumbctl.h"
#include "token.h"

#define CLIENTS_MAX 1000
#define COUNT_MAX 100000000
#define P95_MAX 3600000
#define TIME_MAX 86400

static volatile sig_atomic_t stopped;

struct stress {
	struct stress_job job;
	struct stress_target target;
	struct stress_photos photos;
	struct stress_load load;
	struct stress_run run;
	char token[TOKEN_LEN_MAX + 2];
	FILE *report, *json; /* NULL: not wanted */
};

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

/* ---- whom, with what ---- */

static int
find_target(struct stress *s)
{
	char why[512];

	if (stress_target_parse(s->job.url, &s->target, why, sizeof why) ==
	    -1) {
		complain("%s", why);
		return EX_USAGE;
	}
	if (stress_target_resolve(&s->target, why, sizeof why) == -1) {
		complain("%s", why);
		return EXIT_FAILURE;
	}
	if (s->target.is_own || s->job.any_host)
		return EXIT_SUCCESS;
	complain("%s is not this machine (%s). A load on a machine of others "
		 "is an attack; with --any-host it is yours to answer for",
	    s->target.host, s->target.address);
	return EX_USAGE;
}

static int
read_token(struct stress *s)
{
	int fd, rc;
	size_t len = 0;

	if (s->job.token_file == NULL)
		return 0;
	fd = open(s->job.token_file, O_RDONLY | O_CLOEXEC);
	rc = fd == -1 ? -1
		      : fd_read_full(fd, s->token, sizeof s->token - 1, &len);
	if (rc == -1)
		complain("%s: %s", s->job.token_file, strerror(errno));
	fd_close(&fd);
	if (rc == -1)
		return -1;
	s->token[len] = '\0';
	s->token[strcspn(s->token, "\r\n")] = '\0';
	len = strspn(s->token,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-_.");
	if (len > 0 && s->token[len] == '\0' && len <= TOKEN_LEN_MAX)
		return 0;
	complain("%s: there is no upload token in its first line",
	    s->job.token_file);
	return -1;
}

static int
find_photos(struct stress *s)
{
	char why[512];

	if (stress_photos_open(&s->photos, s->job.photos, why, sizeof why) ==
	    -1) {
		complain("%s", why);
		return -1;
	}
	s->run.photo_bytes = stress_photos_mean_bytes(&s->photos);
	s->run.photo_pixels = stress_photos_mean_pixels(&s->photos);
	(void)fprintf(stderr, "%zu photo%s of %s, %.1f MB and %.1f megapixels",
	    s->photos.n, s->photos.n == 1 ? "" : "s", s->job.photos,
	    s->run.photo_bytes / 1e6, s->run.photo_pixels / 1e6);
	if (s->photos.skipped > 0)
		(void)fprintf(stderr, "; %zu files are no JPEG: left out",
		    s->photos.skipped);
	(void)fputc('\n', stderr);
	return 0;
}

/* Before the load: that it cannot be written is to be known by then. */
static int
open_output(const char *path, FILE **out)
{
	int fd;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	*out = fd != -1 ? fdopen(fd, "w") : NULL;
	if (*out != NULL)
		return 0;
	complain("%s: %s", path, strerror(errno));
	fd_close(&fd);
	return -1;
}

/* ---- the machine and the service ---- */

/* What the settings file says holds where a service runs with it. */
static void
know_service(struct stress *s, const char *settings_file)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct service_state state;
	struct settings *settings;

	if (nowhere == NULL)
		return;
	settings = settings_load(settings_file, nowhere);
	(void)fclose(nowhere);
	if (settings != NULL && pidfile_read(settings->run, &state) == 0) {
		s->run.workers = settings->workers;
		s->run.queue_length = admission_queue_length(settings, NULL);
		s->load.service = state.pid;
	} else {
		complain("no service runs with the settings in %s; how many "
			 "workers there are is not known (-c names another)",
		    settings_file);
	}
	settings_free(settings);
}

static void
know_machine(struct stress *s, const char *settings_file)
{
	time_t now = time(NULL);
	struct tm tm;

	s->run.url = s->target.base;
	s->run.p95_wanted = (unsigned)s->job.p95;
	s->run.processors = stress_processors();
	s->run.memory = machine_memory();
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(s->run.date, sizeof s->run.date, "%Y-%m-%dT%H:%M:%SZ",
		&tm) == 0)
		s->run.date[0] = '\0';
	if (s->target.is_own)
		know_service(s, settings_file);
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
prepare(struct stress *s, const char *settings_file)
{
	int status = find_target(s);

	if (status != EXIT_SUCCESS)
		return status;
	if (read_token(s) == -1 || find_photos(s) == -1 ||
	    open_output(s->job.report, &s->report) == -1 ||
	    open_output(s->job.json, &s->json) == -1)
		return EXIT_FAILURE;
	know_machine(s, settings_file);
	return EXIT_SUCCESS;
}

int
run_stress(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct stress s = { 0 };
	int status = parse_job(self, argc, argv, &s.job);

	if (status == EXIT_SUCCESS)
		status = prepare(&s, settings_file);
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
