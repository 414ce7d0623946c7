#include "config.h"

/*
 * What a worker process is made of. Responsible for what it may keep from its
 * master and for the order in which its parts start; refuses to know how many
 * there are. What cannot be started is said in the log and ends the process.
 */

#include "child.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "durable.h"
#include "fdio.h"
#include "image.h"
#include "log.h"
#include "request.h"
#include "sandbox.h"
#include "store.h"
#include "watchdog.h"
#include "worker.h"

/*
 * nginx has the whole body before it asks: a peer that says nothing for this
 * long is stuck, not slow.
 */
#define IDLE_SECONDS 10

/* For libraries that start threads; the default of 8 MB is address space lost. */
#define STACK_BYTES (1024 * 1024)

/*
 * Descriptors beside the files of an upload: sockets, log, directories on the
 * way to a photo, with room for what a library may want; and what is open until
 * it is synced.
 */
#define DESCRIPTORS (64 + DURABLE_MAX)

/*
 * A file is a photo's, or a thumbnail's, or the log: that is as large as it is
 * already, and grows by whatever all processes write. A worker leaves before its
 * own lines would be too much for its limit, and the next one has another.
 */
#define FILE_BYTES_MIN (UINT64_C(1) << 30)
#define LOG_GROWTH (FILE_BYTES_MIN / 2)

static const char magick_dir[] = "magick";

/* Both ends of a terminal's Ctrl-C and hang-up are the master's to act on. */
static void
take_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	(void)sigaction(SIGINT, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* A file over the process's limit is a refused upload, no death. */
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

/*
 * Of what the master has open, and of what it got from whoever started it, a
 * worker keeps the sockets and the log: whoever takes it over gets no more.
 */
static void
drop_descriptors(const struct child *child)
{
	const int keep[] = { child->listeners->photo.fd,
		child->listeners->control.fd, log_descriptor(),
		logger_descriptor(child->logger) };

	fd_keep_only(keep, sizeof keep / sizeof keep[0]);
}

/*
 * Before the libraries start a thread or ask for an arena. An arena a thread
 * makes several hundred MB of address space out of a photo.
 */
void
child_limit_resources(void)
{
	struct rlimit none = { 0 };
	struct rlimit stack = { .rlim_cur = STACK_BYTES,
		.rlim_max = STACK_BYTES };
	pthread_attr_t attr;

	/* A core would hold a stranger's photo, or fill the disk. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)setrlimit(RLIMIT_STACK, &stack);
	(void)mallopt(M_ARENA_MAX, 1);
	/* glibc has read the limit already when the program started. */
	if (pthread_attr_init(&attr) == 0) {
		(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
		(void)pthread_setattr_default_np(&attr);
		(void)pthread_attr_destroy(&attr);
	}
}

/* False when the master is gone already: nobody would ever end this worker. */
static bool
follow_master(pid_t master)
{
	return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == master;
}

/*
 * What is wrong while a worker comes up is for whoever started the service; it
 * goes on with the log that it has when it cannot open its own, of which its
 * master has told.
 */
static int
serve(const struct child *child, struct worker *w)
{
	char why[256];

	(void)logger_open(child->logger, why, sizeof why);
	w->log_max = log_bytes() + LOG_GROWTH;
	return worker_run(w) == WORKER_BROKEN ? 1 : 0;
}

static void
handle_photo(void *ctx, const struct io *io)
{
	struct service *service = ctx;

	request_handle(service, io);
	store_tidy(service->store, magick_dir);
}

/* What is lost counts against limits.memory for good. */
static bool
has_lost_pixels(void *ctx)
{
	(void)ctx;
	return image_has_lost_pixels();
}

static void
handle_control(void *ctx, const struct io *io)
{
	control_handle(ctx, io);
}

static void
rest_control(void *ctx)
{
	control_idle(ctx);
}

int
child_boot_image(const struct settings *settings, const struct store *store,
    char *why, size_t why_size)
{
	char *dir = settings_path(store_staging_path(store), magick_dir);
	int rc = -1;

	if (dir == NULL || mkdir(dir, 0700) != 0)
		(void)snprintf(why, why_size, "%s: %s", magick_dir,
		    strerror(errno));
	else
		rc = image_boot(settings, dir, why, why_size);
	free(dir);
	return rc;
}

/*
 * ImageMagick ends at limits.memory by itself. What its codecs hold beside its
 * pixels is about as much again.
 */
uint64_t
child_memory(const struct settings *settings)
{
	return 2 * settings->limits.memory;
}

/* The photos' own bytes are mapped: address space, but no memory of ours. */
static struct sandbox
plan_sandbox(const struct settings *settings, unsigned jobs)
{
	const struct limits *limits = &settings->limits;
	const uint64_t file = log_bytes() + FILE_BYTES_MIN;

	return (struct sandbox){ .data = settings->data,
		.memory = child_memory(settings) + limits->request,
		.file = limits->photo > file ? limits->photo : file,
		.descriptors = DESCRIPTORS + limits->files,
		.cpu_seconds =
		    (uint64_t)jobs * settings_longest_request(settings) };
}

int
child_enter_sandbox(const struct settings *settings, unsigned jobs,
    const char *reads, unsigned *layers, char *why, size_t why_size)
{
	struct sandbox sandbox = plan_sandbox(settings, jobs);

	sandbox.reads = reads;
	*layers = 0;
	why[0] = '\0';
	if (settings->sandbox == SANDBOX_MODE_OFF)
		return 0;
	*layers = sandbox_enter(&sandbox, why, why_size);
	return settings->sandbox == SANDBOX_MODE_STRICT &&
		*layers != SANDBOX_ALL
	    ? -1
	    : 0;
}

unsigned
child_try_sandbox(const struct settings *settings, char *why, size_t why_size)
{
	struct sandbox sandbox = plan_sandbox(settings, settings->worker_jobs);

	/* Before the first start it is not there, and any will do. */
	if (access(sandbox.data, F_OK) != 0)
		sandbox.data = "/";
	return sandbox_try(&sandbox, why, why_size);
}

/* The master says what is in force and why no more, once for all of them. */
static int
confine(const struct settings *settings, unsigned jobs, const char *reads,
    struct slot *slot)
{
	unsigned layers;
	char why[256];
	int rc = child_enter_sandbox(settings, jobs, reads, &layers, why,
	    sizeof why);

	slot->layers = layers;
	(void)snprintf(slot->lacks, sizeof slot->lacks, "%s", why);
	if (rc != 0)
		log_error("sandbox = \"strict\", and it cannot be put up: %s",
		    why);
	return rc;
}

static int
confine_photo(void *ctx)
{
	const struct service *service = ctx;
	const struct settings *settings = service->settings;
	char why[256];

	if (confine(settings, settings->worker_jobs, NULL, service->slot) != 0)
		return -1;
	if (image_rehearse(settings, why, sizeof why) == 0)
		return 0;
	log_error("in the sandbox: %s", why);
	return -1;
}

/*
 * It serves for as long as the service runs: no processor time is too much. Its
 * numbers say who has which share of the users.
 */
static int
confine_control(void *ctx)
{
	const struct control *control = ctx;
	const struct settings *settings = control->settings;

	return confine(settings, 0,
	    settings->releases ? settings->release_dir : NULL, control->slot);
}

static int
run_photo(struct child *child, struct slot *slot)
{
	const struct settings *settings = child->settings;
	struct service service = { .settings = settings,
		.slot = slot,
		.queue = child->listeners->photo.fd };
	struct worker w = { .listener = child->listeners->photo.fd,
		.slot = slot,
		.idle_seconds = IDLE_SECONDS,
		.drain_seconds = settings->limits.queue_seconds,
		.jobs_max = settings->worker_jobs,
		.resident_max = settings->worker_memory,
		.confine = confine_photo,
		.handle = handle_photo,
		.is_spoilt = has_lost_pixels,
		.ctx = &service };
	char why[256];
	int status = 1;

	fd_close(&child->listeners->control.fd);
	service.store = store_open(settings->data, why, sizeof why);
	if (service.store == NULL) {
		log_error("%s", why);
		return 1;
	}
	if (child_boot_image(settings, service.store, why, sizeof why) != 0) {
		log_error("%s", why);
	} else {
		status = serve(child, &w);
		image_shutdown();
	}
	store_close(service.store);
	return status;
}

/*
 * It keeps the photos' socket, to see whether they wait, and all slots. What
 * it does is small and does not wear out.
 */
static int
run_control(struct child *child, struct scoreboard *board, struct slot *slot)
{
	struct control control = { .settings = child->settings,
		.board = board,
		.slot = slot,
		.sweep = { .data = child->settings->data },
		.n = child->settings->workers,
		.photo_listener = child->listeners->photo.fd };
	struct worker w = { .listener = child->listeners->control.fd,
		.slot = slot,
		.idle_seconds = IDLE_SECONDS,
		.drain_seconds = child->settings->limits.queue_seconds,
		.jobs_max = UINT_MAX,
		.resident_max = child->settings->worker_memory,
		.confine = confine_control,
		.handle = handle_control,
		.idle = rest_control,
		.ctx = &control };
	char why[256];
	int status;

	control.sweep.store =
	    store_open(child->settings->data, why, sizeof why);
	if (control.sweep.store == NULL) {
		log_error("%s", why);
		return 1;
	}
	listen_queue_open(&control.queue, control.photo_listener);
	status = serve(child, &w);
	listen_queue_close(&control.queue);
	store_close(control.sweep.store);
	return status;
}

int
child_run(struct child *child, struct scoreboard *board, unsigned i)
{
	bool photo = i < child->settings->workers;
	struct slot *slot = scoreboard_slot(board, i);

	take_signals();
	if (!follow_master(child->master))
		return 0;
	drop_descriptors(child);
	(void)prctl(PR_SET_NAME, photo ? "thumb-photo" : "thumb-control");
	child_limit_resources();
	if (watchdog_init() != 0) {
		log_error("cannot start the watchdog: %s", strerror(errno));
		return 1;
	}
	if (!photo)
		return run_control(child, board, slot);
	scoreboard_keep_only(board, i);
	return run_photo(child, slot);
}
