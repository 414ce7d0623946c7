#include "config.h"

/*
 * The process that everything else hangs on. Responsible for the sockets, for
 * which settings are in force, and for starting and ending in order; refuses
 * to know what a photo is, so that nothing in a photo can reach it. What is
 * wrong at the start ends it; later on it goes on with what it has and says
 * so in the log.
 *
 * Signals have no handlers: they stay blocked and are taken one by one.
 */

#include "master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "child.h"
#include "clock.h"
#include "engine.h"
#include "generation.h"
#include "listen.h"
#include "log.h"
#include "logger.h"
#include "machine.h"
#include "metrics.h"
#include "notify.h"
#include "pidfile.h"
#include "pool.h"
#include "progress.h"
#include "render.h"
#include "sandbox.h"
#include "store.h"

/*
 * How often the log's file is looked after, and how many times in a row it has
 * to be another one: whoever rotates it moves it first and says so then.
 */
#define LOOK_NS NS_PER_S
#define LOOKS_ASTRAY 2

/* After new workers did not come up that were to take the log's new file. */
#define REOPEN_AGAIN_NS (60 * NS_PER_S)

/* What carries the last lines has as long as this at the end, and a second. */
#define LAST_LINES_NS ((LOGGER_DRAIN_SECONDS + 1) * NS_PER_S)

/* The settings that the first start was made with: they outlive generations. */
struct bound {
	char *run;
	unsigned mode;
	char *socket_group;
	char *user;
	char *group;
	enum release_slot slot;
};

struct master {
	const char *settings_path;
	struct listeners listeners;
	struct bound bound;
	struct pidfile pidfile;
	struct notify notify;
	struct generation *all;     /* the newest first */
	struct generation *serving; /* NULL until the first is up */
	struct generation *booting;
	bool reload;        /* asked for, not begun */
	bool reopen;        /* the logs; the same */
	bool is_reopening;  /* booting has no new settings */
	uint64_t reopen_ns; /* monotonic; not before */
	uint64_t look_ns;   /* monotonic; when to look after the log */
	unsigned astray;    /* looks in a row at which the log was not there */
	bool stopping;
	int status;
};

static void
end_at_once(struct master *m, int status)
{
	m->stopping = true;
	m->status = status;
	for (struct generation *g = m->all; g != NULL; g = g->next)
		pool_leave(g->pool, SIGKILL, 0);
}

/* When the last request is over that begins within so many seconds. */
static uint64_t
last_end(const struct generation *g, unsigned seconds)
{
	uint64_t longest = seconds + settings_longest_request(g->settings);

	return clock_monotonic_ns() + longest * NS_PER_S + MASTER_GRACE_NS;
}

/* The old workers finish what they have; the new ones take the queue. */
static void
retire(struct generation *g)
{
	pool_leave(g->pool, SIGUSR1, last_end(g, 0));
}

/* The master's own lines; a log that cannot be had ends nothing. */
static void
open_log(const struct generation *g)
{
	char why[256];

	if (logger_open(g->logger, why, sizeof why) != 0)
		log_error("%s; lines go here until it can be opened", why);
}

/*
 * Only now, when it can serve, does the first generation take the names of the
 * sockets, perhaps from a service that runs. Until here all words went to
 * whoever started the program; without a log they go on to do so, since that is
 * no reason not to serve.
 */
static bool
show(struct master *m, const struct generation *g)
{
	char why[256];

	open_log(g);
	if (listeners_show(&m->listeners, why, sizeof why) != 0) {
		log_error("cannot start: %s", why);
		return false;
	}
	pidfile_open(&m->pidfile, m->bound.run, g->settings->digest);
	return true;
}

/* All of them at their limit at once: rare, and then it is too late. */
static void
say_memory(const struct settings *s)
{
	uint64_t all = s->workers * child_memory(s), there = machine_memory();

	if (there != 0 && all > there)
		log_info("note: %u workers may take %llu MB for their photos, "
			 "and the machine has %llu MB: lower workers or "
			 "limits.memory",
		    s->workers, (unsigned long long)(all >> 20),
		    (unsigned long long)(there >> 20));
}

static void
say_account(const struct master *m)
{
	if (geteuid() == 0)
		log_info("note: it runs as root, and so does what decodes "
			 "photos: name a user in the settings");
	else if (access(m->settings_path, R_OK) != 0)
		log_info("note: %s cannot be read again at SIGHUP: %s",
		    m->settings_path, strerror(errno));
}

static void
say_sockets(const struct master *m)
{
	char why[512];

	if (!listeners_are_in(&m->listeners, m->bound.run, why, sizeof why))
		log_info("note: %s", why);
}

/* What becomes of ordinary JPEG with these settings. */
static const char *
name_planes(const struct settings *settings)
{
	if (!engine_is_built(ENGINE_PLANES))
		return "not built";
	return render_has_planes(settings) ? "on" : "off";
}

static void
promote(struct master *m)
{
	struct generation *g = m->booting;
	bool first = m->serving == NULL;
	char sandbox[64], lacks[256], words[192];

	if (first && !show(m, g)) {
		end_at_once(m, 1);
		return;
	}
	listener_backlog(&m->listeners.photo, g->backlog);
	if (!first)
		retire(m->serving);
	if (!first && !m->is_reopening) {
		pidfile_taken(&m->pidfile, g->settings->digest);
		metrics_own()->reloads++;
	}
	m->serving = g;
	m->booting = NULL;
	if (m->is_reopening) {
		m->is_reopening = false;
		log_info("the log is open anew, with new workers");
		return;
	}
	sandbox_names(pool_layers(g->pool, lacks, sizeof lacks), sandbox,
	    sizeof sandbox);
	(void)snprintf(words, sizeof words,
	    "%u workers, a queue of %d requests%s, planes: %s, sandbox: %s",
	    g->settings->workers, g->backlog,
	    g->is_cut ? " (cut by net.core.somaxconn)" : "",
	    name_planes(g->settings), sandbox);
	log_info("%s: %s", first ? "ready" : "new settings in force", words);
	notify_ready(&m->notify, words);
	if (lacks[0] != '\0')
		log_info("note: a part of the sandbox cannot be put up: %s",
		    lacks);
	say_memory(g->settings);
	if (!first)
		return;
	say_account(m);
	say_sockets(m);
}

/* Whoever waits for these settings need not wait any longer. */
static void
refuse(struct master *m, const char *digest)
{
	metrics_own()->reloads_refused++;
	pidfile_refused(&m->pidfile, digest);
}

/* The workers have said why. */
static void
give_up(struct master *m)
{
	struct generation *g = m->booting;

	m->booting = NULL;
	if (m->serving == NULL) {
		log_error("cannot start: a worker did not come up");
		end_at_once(m, 1);
		return;
	}
	/* Some may be up, with a request in hand already. */
	retire(g);
	if (m->is_reopening) {
		m->is_reopening = false;
		m->reopen = true;
		m->reopen_ns = clock_monotonic_ns() + REOPEN_AGAIN_NS;
		open_log(m->serving);
		log_error("a worker did not come up: the old ones stay, and "
			  "write to the old log");
		return;
	}
	log_error("a worker did not come up with the new settings: the old "
		  "ones stay in force");
	refuse(m, g->settings->digest);
	open_log(m->serving);
}

static void
judge_booting(struct master *m)
{
	if (m->booting == NULL || m->stopping)
		return;
	switch (pool_state(m->booting->pool)) {
	case POOL_BOOTING:
		return;
	case POOL_UP:
		promote(m);
		return;
	case POOL_FAILED:
		give_up(m);
		return;
	}
}

static void
say_lines(char *text)
{
	char *rest = text;

	for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;)
		log_error("%s", line);
}

/* NULL after words to the log, and to whoever waits for these settings. */
static struct settings *
load_again(struct master *m)
{
	struct settings *s = NULL;
	char why[512];
	char *text = NULL;
	size_t len = 0;
	FILE *errors;

	errors = open_memstream(&text, &len);
	if (errors != NULL) {
		s = settings_load(m->settings_path, errors);
		(void)fclose(errors);
	}
	if (text != NULL)
		say_lines(text);
	free(text);
	if (s != NULL && settings_read_secrets(s, why, sizeof why) == 0 &&
	    store_prepare(s->data, why, sizeof why) == 0)
		return s;
	if (s != NULL)
		log_error("%s", why);
	refuse(m, s != NULL ? s->digest : "");
	settings_free(s);
	return NULL;
}

/*
 * The sockets stay as they were made: nginx finds them by their names, and what
 * waits in them is not to be lost. Inherited ones are none of our making: what
 * these settings say of them is without effect, after a restart too.
 */
static void
say_restart(const struct master *m, const struct settings *s)
{
	const struct listeners *l = &m->listeners;
	const struct bound *b = &m->bound;
	bool own = l->photo.own || l->control.own;
	char keys[80];

	(void)snprintf(keys, sizeof keys, "%s%s%s%s%s%s",
	    own && strcmp(s->run, b->run) != 0 ? " run" : "",
	    own && s->socket_mode != b->mode ? " socket_mode" : "",
	    own && strcmp(s->socket_group, b->socket_group) != 0
		? " socket_group"
		: "",
	    strcmp(s->user, b->user) != 0 ? " user" : "",
	    strcmp(s->group, b->group) != 0 ? " group" : "",
	    s->slot != b->slot ? " slot" : "");
	if (keys[0] != '\0')
		log_error("changed, but in force only after a restart:%s",
		    keys);
}

/* One at a time: a SIGHUP while new workers come up waits for them. */
static void
reload(struct master *m)
{
	struct settings *s;

	if (!m->reload || m->stopping || m->booting != NULL)
		return;
	m->reload = false;
	s = load_again(m);
	if (s == NULL) {
		log_error("the old settings stay in force");
		open_log(m->serving);
		return;
	}
	m->booting = generation_add(&m->all, s, &m->listeners);
	if (m->booting == NULL) {
		log_error("the old settings stay in force: %s",
		    strerror(errno));
		refuse(m, "");
		return;
	}
	m->reopen = false;
	open_log(m->booting);
	say_restart(m, m->booting->settings);
}

/*
 * A file that has been moved or removed, or could not be opened. Workers cannot
 * open one by themselves.
 */
static void
look_after_log(struct master *m)
{
	const struct logger *l = m->serving->logger;
	uint64_t now = clock_monotonic_ns();

	if (now < m->look_ns)
		return;
	m->look_ns = now + LOOK_NS;
	if (!logger_is_astray(l)) {
		m->astray = 0;
	} else if (++m->astray >= LOOKS_ASTRAY && logger_mend(l)) {
		m->astray = 0;
		m->reopen = true;
		if (!logger_is_astray(l))
			log_info("the log's file can be opened again");
	}
}

/*
 * The log anew for all: new workers with the settings in force, whatever the
 * file says by now, while the old ones finish with the file that they have.
 */
static void
reopen(struct master *m)
{
	struct settings *s;

	if (m->stopping || m->booting != NULL || m->serving == NULL)
		return;
	look_after_log(m);
	if (!m->reopen || clock_monotonic_ns() < m->reopen_ns)
		return;
	m->reopen = false;
	if (!logger_is_file(m->serving->logger)) {
		log_info("asked to open the log anew, and it is no file");
		return;
	}
	s = settings_share(m->serving->settings);
	m->booting = generation_add(&m->all, s, &m->listeners);
	if (m->booting == NULL) {
		log_error("the log cannot be opened anew: %s", strerror(errno));
		return;
	}
	m->is_reopening = true;
	open_log(m->booting);
}

/*
 * What waits in a socket of ours is served, and no more comes. A socket that
 * we inherited stays open elsewhere: there, what comes later is for the next
 * one who listens.
 */
static void
stop(struct master *m)
{
	uint64_t last = 0;

	if (m->stopping) {
		log_info("stopping at once");
		end_at_once(m, m->status);
		return;
	}
	m->stopping = true;
	listeners_unlink(&m->listeners);
	pidfile_remove(&m->pidfile);
	log_info("stopping: what is queued is served");
	for (struct generation *g = m->all; g != NULL; g = g->next) {
		uint64_t end = last_end(g, g->settings->limits.queue_seconds);

		pool_leave(g->pool, SIGTERM, end);
		if (end > last)
			last = end;
	}
	/* And a moment for the killing. */
	notify_stopping(&m->notify,
	    last - clock_monotonic_ns() + MASTER_GRACE_NS);
}

static void
reap(struct master *m)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0)
		for (struct generation *g = m->all; g != NULL; g = g->next)
			if (pool_reap(g->pool, pid, status,
				clock_rusage_ns(&usage)) ||
			    logger_reap(g->logger, pid))
				break;
}

/* Milliseconds until something has to be looked at. */
static unsigned
tend(struct master *m)
{
	unsigned soonest = 1000;

	for (struct generation *g = m->all; g != NULL; g = g->next) {
		unsigned ms = pool_tend(g->pool);

		if (ms < soonest)
			soonest = ms;
		ms = logger_tend(g->logger);
		if (ms < soonest)
			soonest = ms;
	}
	return soonest;
}

/* Forget the generations that have left. */
static void
bury_empty(struct master *m)
{
	struct generation **at = &m->all;

	while (*at != NULL) {
		struct generation *g = *at;

		if (!pool_is_empty(g->pool) ||
		    (!m->stopping && (g == m->booting || g == m->serving))) {
			at = &g->next;
			continue;
		}
		if (g == m->serving)
			m->serving = NULL;
		*at = g->next;
		generation_free(g);
	}
}

static void
act_on(struct master *m, int signo)
{
	switch (signo) {
	case SIGHUP:
		m->reload = true;
		break;
	case SIGUSR1:
		m->reopen = true;
		m->reopen_ns = 0;
		break;
	case SIGTERM:
	case SIGINT:
		stop(m);
		break;
	default:
		break; /* SIGCHLD: reaped in any case */
	}
}

static void
run(struct master *m, const sigset_t *signals)
{
	while (m->all != NULL) {
		unsigned ms = tend(m);
		struct timespec timeout = { .tv_sec = ms / 1000,
			.tv_nsec = (long)(ms % 1000 * NS_PER_MS) };

		notify_alive(&m->notify);
		/* -1: the time is over. */
		act_on(m, sigtimedwait(signals, NULL, &timeout));
		reap(m);
		judge_booting(m);
		reload(m);
		reopen(m);
		bury_empty(m);
	}
}

/*
 * What carries the log has the last words in hand: whoever waits for the end of
 * the service may read them then. It ends by itself.
 */
static void
await_last_lines(void)
{
	const struct timespec pause = { .tv_nsec = 10 * (long)NS_PER_MS };
	uint64_t end = clock_monotonic_ns() + LAST_LINES_NS;

	(void)log_open(NULL);
	while (waitpid(-1, NULL, WNOHANG) != -1 && clock_monotonic_ns() < end)
		(void)nanosleep(&pause, NULL);
}

static void
block_signals(sigset_t *set)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)sigemptyset(set);
	(void)sigaddset(set, SIGHUP);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, set, NULL);
	/* A reader of the log that goes away must not take us along. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* Nor a limit on the size of files, where all we write is a pid file. */
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

/* 0 or -1. */
static int
note_bound(struct bound *b, const struct settings *s)
{
	*b = (struct bound){ .run = strdup(s->run),
		.mode = s->socket_mode,
		.socket_group = strdup(s->socket_group),
		.user = strdup(s->user),
		.group = strdup(s->group),
		.slot = s->slot };
	return b->run != NULL && b->socket_group != NULL && b->user != NULL &&
		b->group != NULL
	    ? 0
	    : -1;
}

static void
free_bound(struct bound *b)
{
	free(b->run);
	free(b->socket_group);
	free(b->user);
	free(b->group);
}

/*
 * What only root can do, and the last that it does. The sockets are made with
 * the account's rights: they may lie in a directory of its own, where a name is
 * what it makes of it.
 */
static int
lower(const struct settings *s, const struct account *a, char *why,
    size_t why_size)
{
	if (account_make_dir(a, s->data, why, why_size) != 0 ||
	    account_make_dir(a, s->run, why, why_size) != 0 ||
	    (s->logs[0] != '\0' &&
		account_make_dir(a, s->logs, why, why_size) != 0))
		return -1;
	return account_act(a, s->socket_group, why, why_size);
}

static void
close_sockets(struct master *m)
{
	listeners_unlink(&m->listeners);
	listeners_close(&m->listeners);
}

/* The sockets, and the account that all else is done by. */
static int
settle(struct master *m, const struct settings *s, char *why, size_t why_size)
{
	const struct bound *b = &m->bound;
	struct account account;
	int differs;

	if (account_find(s, &account, why, why_size) == -1)
		return -1;
	differs = account_differs(s, &account, why, why_size);
	if (differs == -1 ||
	    (differs == 1 && lower(s, &account, why, why_size) == -1) ||
	    listeners_open(&m->listeners, b->run, b->mode, b->socket_group,
		m->booting->backlog, why, why_size) != 0)
		return -1;
	if (differs == 0 || account_become(&account, why, why_size) == 0)
		return 0;
	close_sockets(m);
	return -1;
}

/* Takes settings, also on failure, which is in why then. */
static int
begin(struct master *m, struct settings *settings, char *why, size_t why_size)
{
	m->booting = generation_add(&m->all, settings, &m->listeners);
	if (m->booting == NULL) {
		(void)snprintf(why, why_size, "%s", strerror(errno));
		return -1;
	}
	if (note_bound(&m->bound, settings) != 0) {
		(void)snprintf(why, why_size, "%s", strerror(errno));
	} else if (settle(m, settings, why, why_size) == 0) {
		if (settings_read_secrets(settings, why, why_size) == 0 &&
		    store_prepare(settings->data, why, why_size) == 0)
			return 0;
		close_sockets(m);
	}
	generation_free(m->booting);
	return -1;
}

int
master_run(const char *settings_path, struct settings *settings)
{
	struct master m = { .settings_path = settings_path,
		.pidfile.fd = -1,
		.status = 1 };
	char why[512];
	sigset_t signals;

	if (settings->slot != SLOT_NONE)
		log_set_slot(settings_slot_name(settings->slot));
	block_signals(&signals);
	notify_open(&m.notify);
	(void)log_share(); /* else each counts its own lost lines alone */
	(void)umask(027);  /* what is for others is given a mode of its own */
	if (metrics_init() != 0) {
		log_error("cannot start: %s", strerror(errno));
		settings_free(settings);
		goto out;
	}
	if (begin(&m, settings, why, sizeof why) != 0) {
		log_error("cannot start: %s", why);
		goto out;
	}
	m.status = 0;
	run(&m, &signals);
	log_info("stopped");
	pidfile_remove(&m.pidfile);
	close_sockets(&m);
	await_last_lines();
out:
	notify_close(&m.notify);
	free_bound(&m.bound);
	return m.status;
}
