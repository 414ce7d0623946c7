#include "config.h"

/*
 * thumbctl probe: its command line, one probe or one after the other, and what
 * is said of them. Each is made in a process of its own, which can hang, be
 * killed or lose memory as it likes.
 */

#include "thumbctl_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "number.h"
#include "probe_beat.h"
#include "thumbctl.h"

#define EVERY_MAX 3600   /* seconds */
#define FOR_MAX 31536000 /* seconds: a year */
#define COUNT_MAX 100000000

/* Behind its own end, by when it is dead for sure. */
#define GRACE_NS (NS_PER_S / 2)

/* ---- the command line ---- */

static int
parse_time(const char *name, const char *text, unsigned long long max,
    unsigned long long *out)
{
	if (number_parse_duration(text, out) == 0 && *out > 0 && *out <= max)
		return 0;
	complain("--%s is a duration such as 10s or 1h, at most %llu s", name,
	    max);
	return -1;
}

static int
parse_count(const char *text, unsigned long long *out)
{
	if (number_parse(text, 1, COUNT_MAX, out) == 0)
		return 0;
	complain("--count is a number from 1 to %d", COUNT_MAX);
	return -1;
}

static int
parse_job(const struct command *self, int argc, char **argv,
    struct probe_job *job)
{
	static const struct option options[] = {
		{ "every", required_argument, NULL, 'e' },
		{ "for", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option, rc = 0;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while (rc == 0 &&
	    (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'e':
			rc =
			    parse_time("every", optarg, EVERY_MAX, &job->every);
			break;
		case 'f':
			rc = parse_time("for", optarg, FOR_MAX, &job->seconds);
			break;
		case 'c':
			rc = parse_count(optarg, &job->count);
			break;
		case 'v':
			job->verbose = true;
			break;
		default:
			return wrong_use(self);
		}
	if (rc == -1)
		return EX_USAGE;
	if (argc != optind || (job->seconds > 0 && job->count > 0) ||
	    (job->every == 0 && (job->seconds > 0 || job->count > 0)))
		return wrong_use(self);
	return EXIT_SUCCESS;
}

/* ---- signals: looked at while waiting, and at no other time ---- */

static void
block_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* Until then (monotonic), or a signal of a child's end or of the prober's own. */
static void
wait_for(struct prober *p, uint64_t until_ns)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t left = until_ns > now ? until_ns - now : 0;
	const struct timespec ts = { (time_t)(left / NS_PER_S),
		(long)(left % NS_PER_S) };
	int signo = sigtimedwait(&p->signals, NULL, &ts);

	if (signo == SIGHUP)
		p->reload = true;
	else if (signo == SIGINT || signo == SIGTERM)
		p->stop = true;
}

/* ---- one probe ---- */

/* SIGTERM goes to all processes of a service: this one finishes its work. */
static void
run_child(const struct prober *p, const char *dir, uint64_t end_ns)
{
	const struct probe_plan plan = { .settings = p->settings,
		.mark = p->state.mark,
		.serial = p->state.serial,
		.dir = dir,
		.end_ns = end_ns };

	/* Should the prober be killed, the next one need not wait for this. */
	if (p->lock != -1)
		(void)close(p->lock);
	(void)alarm(PROBE_SECONDS + 2);
	probe_run(&plan, p->page);
	/* The prober does so too, unless it was killed meanwhile. */
	(void)fd_remove_tree(AT_FDCWD, dir);
	_exit(0);
}

/* Until the child has ended, or is ended. */
static void
await(struct prober *p, pid_t pid, uint64_t end_ns)
{
	struct ledger_entry *e = &p->page->entry;
	bool killed = false;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_monotonic_ns() >= end_ns + GRACE_NS && !killed) {
			killed = true;
			(void)kill(pid, SIGKILL);
		}
		wait_for(p,
		    killed ? clock_monotonic_ns() + NS_PER_S
			   : end_ns + GRACE_NS);
	}
	if (e->probe.ok || e->probe.code[0] != '\0')
		return;
	/* It has not come to an end. */
	(void)snprintf(e->probe.code, sizeof e->probe.code, "%s",
	    killed ? "no-answer" : "prober");
	if (killed)
		(void)snprintf(e->probe.why, sizeof e->probe.why,
		    "the probe was not over after %d seconds", PROBE_SECONDS);
	else
		(void)snprintf(e->probe.why, sizeof e->probe.why,
		    "the probing process died (%s %d)",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
}

/* What could not be paid stays owed. */
static void
keep_debts(struct prober *p)
{
	const struct probe_page *page = p->page;

	p->state.n_debts = 0;
	for (unsigned i = 0; i < page->n_debts; i++)
		if (page->debts[i].receipt.id[0] != '\0')
			probe_state_owe(&p->state, &page->debts[i]);
	probe_state_forget(&p->state, (int64_t)time(NULL));
}

static void
fail_to_begin(struct prober *p, const char *what)
{
	struct ledger_entry *e = &p->page->entry;

	(void)snprintf(e->probe.code, sizeof e->probe.code, "prober");
	(void)snprintf(e->probe.why, sizeof e->probe.why, "%s: %s", what,
	    strerror(errno));
}

static void
visit(struct prober *p)
{
	const char *tmp = getenv("TMPDIR");
	char *dir =
	    settings_path(tmp != NULL ? tmp : "/tmp", "thumbctl.XXXXXX");
	uint64_t end_ns = clock_monotonic_ns() + PROBE_SECONDS * NS_PER_S;
	pid_t pid;

	probe_page_begin(p->page, &p->state);
	p->page->entry.time = (int64_t)clock_wall_ms();
	if (dir == NULL || mkdtemp(dir) == NULL) {
		fail_to_begin(p, dir != NULL ? dir : "a directory");
		free(dir);
		return;
	}
	pid = fork();
	if (pid == 0)
		run_child(p, dir, end_ns);
	if (pid == -1)
		fail_to_begin(p, "fork");
	else
		await(p, pid, end_ns);
	keep_debts(p);
	p->state.serial++;
	(void)fd_remove_tree(AT_FDCWD, dir);
	free(dir);
}

/* ---- words ---- */

static void
print_time(FILE *out, const char *name, int32_t ms)
{
	if (ms != LEDGER_MS_NONE)
		(void)fprintf(out, ", %s %d ms", name, (int)ms);
}

static void
print_probe(FILE *out, const struct ledger_entry *e)
{
	if (e->probe.ok) {
		(void)fprintf(out, "ok: %s", e->probe.format);
		print_time(out, "upload", e->probe.ms[LEDGER_MS_UPLOAD]);
		print_time(out, "read", e->probe.ms[LEDGER_MS_READ]);
		print_time(out, "delete", e->probe.ms[LEDGER_MS_DELETE]);
	} else {
		(void)fprintf(out,
		    "failed: %s: ", ledger_step_name(e->probe.step));
		if (e->probe.status != 0)
			(void)fprintf(out, "%u ", (unsigned)e->probe.status);
		(void)fprintf(out, "%s: %s", e->probe.code, e->probe.why);
		if (e->probe.request[0] != '\0')
			(void)fprintf(out, " (request %s)", e->probe.request);
	}
	(void)fputc('\n', out);
	(void)fflush(out);
}

/* Of a loop: what is new, or all. */
static void
tell(struct prober *p)
{
	const struct ledger_entry *e = &p->page->entry;
	bool is_new = strcmp(e->probe.code, p->last_code) != 0;

	p->failed += !e->probe.ok;
	if (p->job.every == 0)
		print_probe(stdout, e);
	else if (p->job.verbose || is_new)
		print_probe(stderr, e);
	(void)snprintf(p->last_code, sizeof p->last_code, "%s", e->probe.code);
}

/* ---- all ---- */

static int
begin(struct prober *p)
{
	p->page = mmap(NULL, sizeof *p->page, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->page == MAP_FAILED) {
		complain("%s", strerror(errno));
		return EXIT_FAILURE;
	}
	if (probe_settings_load(p) == -1)
		return EX_CONFIG;
	if (become_owner(p->settings) == -1 || probe_notes_begin(p) == -1)
		return EXIT_FAILURE;
	block_signals(&p->signals);
	return EXIT_SUCCESS;
}

static bool
is_over(const struct prober *p, uint64_t start, unsigned long long done)
{
	const struct probe_job *job = &p->job;

	return p->stop || job->every == 0 || done == job->count ||
	    (job->seconds > 0 &&
		clock_monotonic_ns() - start >= job->seconds * NS_PER_S);
}

static void
loop(struct prober *p)
{
	uint64_t start = clock_monotonic_ns();
	unsigned long long done = 0;

	for (;;) {
		uint64_t next;

		visit(p);
		tell(p);
		probe_notes_take(p);
		if (is_over(p, start, ++done))
			return;
		next = probe_beat(start, p->job.every * NS_PER_S,
		    clock_monotonic_ns());
		while (clock_monotonic_ns() < next && !p->stop)
			wait_for(p, next);
		if (is_over(p, start, done))
			return;
		probe_settings_refresh(p);
	}
}

static int
run_probe(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct prober *p = calloc(1, sizeof *p);
	int status;

	if (p == NULL) {
		complain("no memory left");
		return EXIT_FAILURE;
	}
	p->settings_file = settings_file;
	p->lock = -1;
	p->page = MAP_FAILED;
	status = parse_job(self, argc, argv, &p->job);
	if (status == EXIT_SUCCESS)
		status = begin(p);
	if (status == EXIT_SUCCESS) {
		loop(p);
		status = p->failed == 0 ||
			(p->job.every > 0 && p->job.count == 0 &&
			    p->job.seconds == 0)
		    ? EXIT_SUCCESS
		    : EXIT_FAILURE;
	}
	probe_notes_end(p);
	settings_free(p->settings);
	if (p->page != MAP_FAILED)
		(void)munmap(p->page, sizeof *p->page);
	free(p);
	return status;
}

const struct command command_probe = { "probe",
	"[--every DURATION [--for DURATION | --count N]] [--verbose]",
	"send a photo through nginx, look at its thumbnail and take it back",
	"  --every DURATION  again and again, until a signal ends it: 10s\n"
	"  --for DURATION    no longer than that\n"
	"  --count N         no more than that\n"
	"  --verbose         say each probe, not only when something changes\n"
	"The ledger (thumbctl slo) keeps what was seen. The exit status is 1 "
	"where a\n"
	"probe failed; a loop without an end fails only where it cannot "
	"begin.\n"
	"The settings are read again when the file changes, and at SIGHUP.\n",
	run_probe };
