#include "config.h"

/*
 * Both ends of two pipes: orders to a process that renders, and its answers.
 * Responsible for that a photo can neither harm who walks through the store nor
 * keep him for ever.
 */

#include "thumbctl_renderer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "blame.h"
#include "child.h"
#include "clock.h"
#include "develop.h"
#include "digest.h"
#include "fdio.h"
#include "image.h"
#include "progress.h"
#include "render.h"
#include "store.h"
#include "store_admin.h"
#include "watchdog.h"

/*
 * A process of the lowest priority gets what the service leaves over: on a busy
 * machine a job takes many times as long.
 */
#define PATIENCE 15

struct order {
	char id[PHOTO_ID_LEN + 1];
	bool is_try;
	struct wanted wanted;   /* to be made */
	struct variant variant; /* to be tried */
};

struct answer {
	struct rendered_photo photo;
	bool last; /* the process ends now, in order */
};

/* ---- in the process ---- */

struct kitchen {
	struct settings settings;
	struct store *store;
	struct slot *slot;
	int orders, answers;
	unsigned jobs;
};

/* It follows its parent, who decides when a signal from the terminal counts. */
static bool
settle(pid_t parent)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction normal = { .sa_handler = SIG_DFL };

	(void)sigaction(SIGINT, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigaction(SIGTERM, &normal, NULL);
	child_limit_resources();
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
	    watchdog_init() == 0;
}

static enum fault
make(struct kitchen *k, const struct order *order, struct progress *progress,
    struct rendered_photo *out)
{
	struct develop dv = { .store = k->store,
		.settings = &k->settings,
		.progress = progress,
		.queue = -1 };
	enum fault f =
	    develop_again(&dv, order->id, &order->wanted, &out->info);

	out->made = dv.decoded && f == FAULT_NONE;
	return f;
}

static enum fault
try(struct kitchen *k, const struct order *order, struct progress *progress,
    struct fault_info *info)
{
	const struct variant *v = &order->variant;
	char *data = NULL;
	size_t len = 0;
	enum fault f =
	    store_read_thumbnail(k->store, order->id, v, &data, &len, info);

	/* Its death tells of a file of ours that is damaged, not of the photo. */
	progress_photo(progress, "");
	progress_allow(progress, k->settings.limits.job_seconds, 0);
	if (f == FAULT_NONE)
		f = render_try(data, len, v->format, v->size, &k->settings,
		    progress, info);
	free(data);
	return f;
}

static void
cook(struct kitchen *k, const struct order *order, struct answer *out)
{
	struct rendered_photo *photo = &out->photo;
	struct progress progress;

	progress_start(&progress, k->slot);
	photo->fault = order->is_try ? try(k, order, &progress, &photo->info)
				     : make(k, order, &progress, photo);
	progress_deadline(&progress, 0);
	progress_enter(&progress, PHASE_IDLE);
	out->last =
	    ++k->jobs >= k->settings.worker_jobs || image_has_lost_pixels();
}

static void
say(const struct kitchen *k, const struct answer *answer)
{
	(void)fd_write_full(k->answers, answer, sizeof *answer);
}

static void
serve(struct kitchen *k)
{
	struct order order;
	size_t len;

	while (fd_read_full(k->orders, &order, sizeof order, &len) == 0 &&
	    len == sizeof order) {
		struct answer answer = { 0 };

		cook(k, &order, &answer);
		say(k, &answer);
		if (answer.last)
			return;
	}
}

/* The first answer is to the question whether it can work at all. */
static int
open_kitchen(struct kitchen *k)
{
	struct answer answer = { 0 };
	struct rendered_photo *photo = &answer.photo;
	unsigned layers;
	char why[256];
	int rc = -1;

	k->store = store_open(k->settings.data, why, sizeof why);
	if (k->store != NULL)
		rc = child_boot_image(&k->settings, k->store, why, sizeof why);
	if (rc == 0)
		rc = child_enter_sandbox(&k->settings, k->settings.worker_jobs,
		    NULL, &layers, why, sizeof why);
	if (rc == 0)
		rc = image_rehearse(&k->settings, why, sizeof why);
	if (rc != 0)
		photo->fault =
		    fault_set(&photo->info, FAULT_INTERNAL, "%s", why);
	say(k, &answer);
	return rc;
}

static void
live(const struct renderer *r, int orders, int answers, pid_t parent)
{
	struct kitchen k = { .settings = *r->settings,
		.slot = scoreboard_slot(r->board, 0),
		.orders = orders,
		.answers = answers };

	k.settings.limits.job_seconds *= PATIENCE;
	if (!settle(parent))
		_exit(1);
	if (open_kitchen(&k) == 0) {
		serve(&k);
		image_shutdown();
	}
	store_close(k.store);
	_exit(0);
}

/* ---- who orders ---- */

void
renderer_init(struct renderer *r, const struct settings *settings)
{
	*r = (struct renderer){ .settings = settings,
		.orders = -1,
		.answers = -1 };
}

/* The status of waitpid(2), and the processor time of all of its life. */
static int
bury(struct renderer *r, uint64_t *cpu_ns)
{
	struct rusage usage = { 0 };
	int status = 0;

	fd_close(&r->orders);
	fd_close(&r->answers);
	while (wait4(r->pid, &status, 0, &usage) == -1 && errno == EINTR)
		;
	r->pid = 0;
	*cpu_ns = clock_rusage_ns(&usage);
	return status;
}

void
renderer_close(struct renderer *r)
{
	uint64_t cpu_ns;

	if (r->pid != 0)
		(void)bury(r, &cpu_ns);
	scoreboard_free(r->board);
	r->board = NULL;
}

/*
 * As the master does with its workers. But what has the lowest priority may be
 * out of time because others had it: the photo is to blame for what it used.
 */
static void
blame(const struct renderer *r, int status, uint64_t cpu_ns)
{
	struct death death;

	death_describe(&death, status, cpu_ns, scoreboard_slot(r->board, 0),
	    false);
	blame_photo(r->settings->data, &death,
	    r->settings->limits.job_seconds * NS_PER_S);
}

/* It gave no answer: what its end tells. */
static void
explain(int status, struct rendered_photo *out)
{
	struct fault_info *info = &out->info;

	*out = (struct rendered_photo){ .fault = FAULT_WORKER_LOST };
	if (WIFEXITED(status) && WEXITSTATUS(status) == WATCHDOG_EXIT)
		out->fault = fault_set(info, FAULT_RENDER_TIMEOUT,
		    "It took longer than limits.job_seconds allows.");
	else if (WIFSIGNALED(status))
		(void)fault_set(info, FAULT_WORKER_LOST,
		    "The process that rendered it died by signal %d.",
		    WTERMSIG(status));
	else
		(void)fault_set(info, FAULT_WORKER_LOST,
		    "The process that rendered it ended with status %d.",
		    WEXITSTATUS(status));
}

static void
await(struct renderer *r, struct rendered_photo *out)
{
	struct answer answer;
	uint64_t cpu_ns;
	size_t len = 0;
	int status;

	if (fd_read_full(r->answers, &answer, sizeof answer, &len) == -1 ||
	    len != sizeof answer) {
		status = bury(r, &cpu_ns);
		blame(r, status, cpu_ns);
		explain(status, out);
		return;
	}
	*out = answer.photo;
	if (answer.last)
		(void)bury(r, &cpu_ns);
}

static int
fork_kitchen(struct renderer *r)
{
	int orders[2] = { -1, -1 }, answers[2] = { -1, -1 };
	pid_t parent = getpid();

	/* A new one, in which no predecessor has left a word. */
	scoreboard_free(r->board);
	r->board = scoreboard_new(1);
	if (r->board != NULL && pipe2(orders, O_CLOEXEC) == 0 &&
	    pipe2(answers, O_CLOEXEC) == 0) {
		/* Or both would write what is buffered. */
		(void)fflush(stdout);
		r->pid = fork();
		if (r->pid == 0) {
			fd_close(&orders[1]);
			fd_close(&answers[0]);
			live(r, orders[0], answers[1], parent);
		}
	} else {
		r->pid = -1;
	}
	fd_close(&orders[0]);
	fd_close(&answers[1]);
	r->orders = orders[1];
	r->answers = answers[0];
	if (r->pid != -1)
		return 0;
	r->pid = 0;
	fd_close(&r->orders);
	fd_close(&r->answers);
	return -1;
}

static void
start(struct renderer *r, struct rendered_photo *out)
{
	/* What a predecessor that died left in staging is of no use. */
	store_sweep(r->settings->data, NULL);
	if (fork_kitchen(r) == 0)
		await(r, out);
	else
		out->fault = fault_errno(&out->info, "a process to render");
	out->broken = out->fault != FAULT_NONE;
	if (out->broken)
		renderer_close(r);
}

static void
carry_out(struct renderer *r, const struct order *order,
    struct rendered_photo *out)
{
	*out = (struct rendered_photo){ 0 };
	if (r->pid == 0)
		start(r, out);
	if (out->fault != FAULT_NONE)
		return;
	/* A process that is gone shows in its answer. */
	(void)fd_write_full(r->orders, order, sizeof *order);
	await(r, out);
}

void
renderer_make(struct renderer *r, const char *id, const struct wanted *wanted,
    struct rendered_photo *out)
{
	struct order order = { .wanted = *wanted };

	memcpy(order.id, id, sizeof order.id);
	carry_out(r, &order, out);
}

void
renderer_try(struct renderer *r, const char *id, const struct variant *v,
    struct rendered_photo *out)
{
	struct order order = { .is_try = true, .variant = *v };

	memcpy(order.id, id, sizeof order.id);
	carry_out(r, &order, out);
}
