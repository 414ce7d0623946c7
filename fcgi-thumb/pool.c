#include "config.h"

/*
 * Processes and their slots. Responsible for there being as many workers as
 * there should be, and for each death being told once; refuses to know
 * requests, sockets and settings. A worker that cannot be started is tried
 * again for ever: whatever was in the way may go away.
 */

#include "pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "progress.h"
#include "watchdog.h"

/* A worker that lived this long did not die of how it was started. */
#define YOUNG_NS (5 * NS_PER_S)

#define BACKOFF_FIRST_MS 100

/* How often to look: for the first beat of a new worker, and for deadlines. */
#define LOOK_BOOTING_MS 20
#define LOOK_MS 1000

struct member {
	pid_t pid;     /* 0: not running */
	unsigned page; /* of metrics.h, while it runs */
	uint64_t born_ns;
	uint64_t due_ns;   /* when to fork the next one */
	unsigned failures; /* young deaths in a row */
	bool was_up;       /* it or one before it waited for a request */
	bool killed;       /* by us */
	bool overdue;      /* and that is why */
};

struct pool {
	struct pool_spec spec;
	struct scoreboard *board;
	unsigned n;
	unsigned forbidden; /* deaths by a forbidden system call */
	bool failed;
	bool leaving;
	uint64_t kill_ns;
	struct member members[];
};

struct pool *
pool_new(const struct pool_spec *spec)
{
	unsigned n = spec->photos + 1;
	struct pool *p;

	p = calloc(1, sizeof *p + n * sizeof p->members[0]);
	if (p == NULL)
		return NULL;
	p->spec = *spec;
	p->n = n;
	p->board = scoreboard_new(n);
	if (p->board == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	scoreboard_free(p->board);
	free(p);
}

static struct slot *
slot_of(const struct pool *p, unsigned i)
{
	return scoreboard_slot(p->board, i);
}

static const char *
kind_of(const struct pool *p, unsigned i)
{
	return i < p->spec.photos ? "photo" : "control";
}

/* Whoever died left his last words there. */
static void
clear(struct slot *s)
{
	s->pid = 0;
	s->phase = PHASE_IDLE;
	s->deadline_ns = 0;
	s->worked_ns = 0;
	s->beat_ns = 0;
	s->layers = 0;
	s->resident = 0;
	s->lacks[0] = '\0';
	s->photo[0] = '\0';
	s->request[0] = '\0';
}

static void
put_off(struct member *m, uint64_t now)
{
	unsigned shift = m->failures < 10 ? m->failures : 10;
	unsigned ms = BACKOFF_FIRST_MS << shift;

	m->failures++;
	m->due_ns = now +
	    (ms < POOL_BACKOFF_MAX_MS ? ms : POOL_BACKOFF_MAX_MS) * NS_PER_MS;
}

static void
start(struct pool *p, unsigned i)
{
	struct member *m = &p->members[i];
	pid_t pid;

	clear(slot_of(p, i));
	m->born_ns = clock_monotonic_ns();
	m->killed = m->overdue = false;
	/* What is buffered now would be written by the child as well. */
	(void)fflush(NULL);
	m->page = metrics_lease();
	pid = fork();
	if (pid == 0) {
		metrics_take(m->page, i == p->spec.photos);
		exit(p->spec.run(p->spec.ctx, p->board, i));
	}
	if (pid == -1) {
		metrics_return(m->page);
		log_error("cannot start a %s worker: %s", kind_of(p, i),
		    strerror(errno));
		put_off(m, m->born_ns);
		return;
	}
	m->pid = pid;
	slot_of(p, i)->pid = (int)pid;
	metrics_own()->starts++;
}

/* The page is the worker's: anything may stand in it. */
static void
describe_work(const struct slot *s, char *out, size_t size)
{
	char photo[PHOTO_ID_LEN + 1] = "", request[REQUEST_ID_MAX + 1] = "";
	size_t len;

	memcpy(photo, s->photo, PHOTO_ID_LEN);
	memcpy(request, s->request, REQUEST_ID_MAX);
	len = request_id_len(request);
	(void)snprintf(out, size, "%s%s%s%.*s",
	    photo_id_is_valid(photo) ? ", photo " : "",
	    photo_id_is_valid(photo) ? photo : "", len > 0 ? ", request " : "",
	    (int)len, request);
}

static const char *const kill_words[KILL_COUNT] = {
	[KILL_DEADLINE] = "is past its deadline",
	[KILL_BOOT] = "does not come up",
	[KILL_LEAVE] = "does not leave",
};

static void
kill_overdue(struct pool *p, unsigned i, uint64_t now)
{
	struct member *m = &p->members[i];
	uint64_t deadline = slot_of(p, i)->deadline_ns;
	enum kill_reason why;
	char what[160];

	if (m->killed)
		return;
	if (deadline != 0 && now > deadline + MASTER_GRACE_NS)
		why = KILL_DEADLINE;
	else if (slot_of(p, i)->beat_ns == 0 &&
	    now > m->born_ns + POOL_BOOT_SECONDS * NS_PER_S)
		why = KILL_BOOT;
	else if (p->leaving && now > p->kill_ns)
		why = KILL_LEAVE;
	else
		return;
	m->overdue = why == KILL_DEADLINE;
	(void)kill(m->pid, SIGKILL);
	describe_work(slot_of(p, i), what, sizeof what);
	log_error("%s worker %d %s: killed%s", kind_of(p, i), (int)m->pid,
	    kill_words[why], what);
	m->killed = true;
	metrics_own()->kills[why]++;
}

/* Milliseconds until this one needs a look. */
static unsigned
tend_one(struct pool *p, unsigned i)
{
	struct member *m = &p->members[i];
	uint64_t now = clock_monotonic_ns();

	if (m->pid == 0 && !p->leaving && now >= m->due_ns)
		start(p, i);
	if (m->pid == 0) {
		if (p->leaving || m->due_ns >= now + LOOK_MS * NS_PER_MS)
			return LOOK_MS;
		return m->due_ns > now
		    ? (unsigned)((m->due_ns - now) / NS_PER_MS) + 1
		    : 1;
	}
	kill_overdue(p, i, now);
	if (m->was_up)
		return LOOK_MS;
	/* That is news: whoever waits for it looks at the state at once. */
	m->was_up = slot_of(p, i)->beat_ns != 0;
	return m->was_up ? 0 : LOOK_BOOTING_MS;
}

static bool
are_photos_up(const struct pool *p)
{
	for (unsigned i = 0; i < p->spec.photos; i++)
		if (!p->members[i].was_up)
			return false;
	return true;
}

/*
 * The control worker comes last: it tells who is ready, and would say of a
 * generation that still boots that nobody is, while an older one serves.
 */
unsigned
pool_tend(struct pool *p)
{
	unsigned soonest = LOOK_MS;

	for (unsigned i = 0; i < p->n; i++) {
		unsigned ms;

		if (i == p->spec.photos && !are_photos_up(p))
			break;
		ms = tend_one(p, i);
		if (ms < soonest)
			soonest = ms;
	}
	return soonest;
}

/* "was killed by signal 11 (Segmentation fault)" */
static void
describe_end(struct pool *p, int status, char *out, size_t size)
{
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (signo == SIGSYS)
		(void)snprintf(out, size,
		    "made a system call that its sandbox forbids and was "
		    "killed, number %u with these settings,",
		    ++p->forbidden);
	else if (signo != 0)
		(void)snprintf(out, size, "was killed by signal %d (%s)", signo,
		    strsignal(signo));
	else
		(void)snprintf(out, size, "ended with status %d%s",
		    WEXITSTATUS(status),
		    WEXITSTATUS(status) == WATCHDOG_EXIT ? " (its watchdog)"
							 : "");
}

/* Whom we killed and who ended with 1 have been spoken of already. */
static void
say_death(struct pool *p, unsigned i, int status)
{
	const struct slot *s = slot_of(p, i);
	char how[128], what[160];

	if (p->members[i].killed ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 1))
		return;
	describe_end(p, status, how, sizeof how);
	describe_work(s, what, sizeof what);
	log_error("%s worker %d %s in phase %s%s", kind_of(p, i),
	    (int)p->members[i].pid, how, phase_name((enum phase)s->phase),
	    what);
}

static enum death_cause
cause_of(int signo)
{
	switch (signo) {
	case 0:
		return DEATH_STATUS;
	case SIGSEGV:
		return DEATH_SEGV;
	case SIGABRT:
		return DEATH_ABRT;
	case SIGBUS:
		return DEATH_BUS;
	case SIGFPE:
		return DEATH_FPE;
	case SIGILL:
		return DEATH_ILL;
	case SIGSYS:
		return DEATH_SYS;
	case SIGKILL:
		return DEATH_KILL;
	default:
		return DEATH_SIGNAL;
	}
}

/* Whom we killed has been counted. */
static void
count_death(const struct member *m, int status)
{
	if (m->killed)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == WATCHDOG_EXIT)
		metrics_own()->kills[KILL_DEADLINE]++;
	else
		metrics_own()->deaths[cause_of(
		    WIFSIGNALED(status) ? WTERMSIG(status) : 0)]++;
}

/* It was in a request: its death is that request's, not the worker's. */
static bool
was_busy(const struct slot *s)
{
	return s->beat_ns != 0 &&
	    (s->phase != PHASE_IDLE || s->deadline_ns != 0);
}

static void
bury(struct pool *p, unsigned i, int status, uint64_t worked_ns)
{
	struct member *m = &p->members[i];
	struct slot *s = slot_of(p, i);
	bool in_order = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	uint64_t now = clock_monotonic_ns();
	struct death death;

	death_describe(&death, status, worked_ns, s, m->overdue);
	if (s->beat_ns != 0)
		m->was_up = true;
	if (!in_order) {
		say_death(p, i, status);
		count_death(m, status);
		if (!m->was_up && !p->leaving)
			p->failed = true;
	}
	if (in_order || was_busy(s) || now > m->born_ns + YOUNG_NS) {
		m->failures = 0;
		m->due_ns = now;
	} else {
		put_off(m, now);
	}
	m->pid = 0;
	metrics_return(m->page);
	clear(s);
	if (!in_order && p->spec.died != NULL)
		p->spec.died(p->spec.ctx, &death);
}

bool
pool_reap(struct pool *p, pid_t pid, int status, uint64_t worked_ns)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (p->members[i].pid == pid) {
			bury(p, i, status, worked_ns);
			return true;
		}
	}
	return false;
}

enum pool_state
pool_state(const struct pool *p)
{
	if (p->failed)
		return POOL_FAILED;
	for (unsigned i = 0; i < p->n; i++)
		if (!p->members[i].was_up)
			return POOL_BOOTING;
	return POOL_UP;
}

void
pool_leave(struct pool *p, int signo, uint64_t kill_ns)
{
	p->leaving = true;
	p->kill_ns = kill_ns;
	for (unsigned i = 0; i < p->n; i++) {
		struct member *m = &p->members[i];

		if (m->pid == 0)
			continue;
		(void)kill(m->pid, signo);
		if (signo == SIGKILL)
			m->killed = true;
	}
}

unsigned
pool_layers(const struct pool *p, char *why, size_t why_size)
{
	unsigned layers = ~0U;

	why[0] = '\0';
	for (unsigned i = 0; i < p->n; i++) {
		const struct slot *s = slot_of(p, i);

		layers &= s->layers;
		/* The page is the worker's: there need not be a NUL in it. */
		if (why[0] == '\0')
			(void)snprintf(why, why_size, "%.*s",
			    (int)sizeof s->lacks, s->lacks);
	}
	return layers;
}

bool
pool_is_empty(const struct pool *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->members[i].pid != 0)
			return false;
	return true;
}
