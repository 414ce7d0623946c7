#include "config.h"

/*
 * GET /metrics: the service in numbers, for a monitor that asks every few
 * seconds. Responsible for names and meaning; what is counted others count.
 * Nothing here takes longer in a larger store.
 *
 * Every series is there from the start, with 0, so that the first event of a
 * kind is a rise and not a beginning.
 */

#include <stdio.h>
#include <time.h>

#include "clock.h"
#include "control_internal.h"
#include "image.h"
#include "log.h"
#include "metrics_text.h"
#include "release.h"
#include "reply.h"
#include "store_admin.h"

/* The store's growth is written down once an hour. */
#define OUTLOOK_NS (60 * NS_PER_S)

/* How old the look into quarantine/ may be, and how far it goes. */
#define QUARANTINE_NS (10 * NS_PER_S)
#define QUARANTINE_MAX 1000

#define NAME(name) "fcgi_thumb_" name

static const char *const kinds[REQUEST_KINDS] = {
	[REQUEST_UPLOAD] = "upload",
	[REQUEST_RENDER] = "render",
	[REQUEST_CLAIM] = "claim",
	[REQUEST_DELETE] = "delete",
};

/* "unknown" is a file that is none, or whose header says nothing. */
static const char *
format_label(enum format f)
{
	return f == FORMAT_NONE ? "unknown" : format_spec(f)->name;
}

/* ---- requests and photos ---- */

/* Two codes are nginx's own: no worker ever says them. */
static bool
is_nginx_s(enum fault f)
{
	return f == FAULT_RATE_LIMITED || f == FAULT_WORKER_LOST;
}

static void
put_request(struct buf *out, const struct counts *c, enum request_kind kind,
    unsigned result, int status, const char *code)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%d", status);
	metrics_sample(out, NAME("requests_total"),
	    LABELS({ "kind", kinds[kind] }, { "status", text },
		{ "code", code }),
	    c->requests[kind][result]);
}

static void
put_requests(struct buf *out, const struct counts *c)
{
	metrics_family(out, NAME("requests_total"), "counter",
	    "Requests that a worker answered, by what was answered; what nginx "
	    "refuses itself is not among them.");
	put_request(out, c, REQUEST_UPLOAD, RESULT_OK, 200, "ok");
	put_request(out, c, REQUEST_UPLOAD, RESULT_CREATED, 201, "ok");
	put_request(out, c, REQUEST_RENDER, RESULT_OK, 200, "ok");
	put_request(out, c, REQUEST_CLAIM, RESULT_CREATED, 201, "ok");
	put_request(out, c, REQUEST_DELETE, RESULT_GONE, 204, "ok");
	for (enum request_kind k = REQUEST_UPLOAD; k < REQUEST_KINDS; k++)
		for (enum fault f = FAULT_NONE + 1; f < FAULT_COUNT; f++)
			if (!is_nginx_s(f))
				put_request(out, c, k, f, fault_status(f),
				    fault_code(f));
}

static void
put_photos(struct buf *out, const struct counts *c)
{
	static const char *const words[] = {
		[PHOTO_REFUSED] = "refused",
		[PHOTO_CREATED] = "created",
		[PHOTO_EXISTS] = "exists",
	};

	metrics_family(out, NAME("photos_total"), "counter",
	    "Photos of uploads, by what became of them and by their format.");
	for (unsigned s = 0; s < sizeof words / sizeof words[0]; s++)
		for (enum format f = FORMAT_NONE; f < FORMAT_COUNT; f++)
			if (f != FORMAT_NONE || s == PHOTO_REFUSED)
				metrics_sample(out, NAME("photos_total"),
				    LABELS({ "status", words[s] },
					{ "format", format_label(f) }),
				    c->photos[s][f]);
	metrics_family(out, NAME("photo_refusals_total"), "counter",
	    "Photos of uploads that were refused for themselves.");
	for (enum fault f = FAULT_NONE + 1; f < FAULT_COUNT; f++)
		if (!is_nginx_s(f))
			metrics_sample(out, NAME("photo_refusals_total"),
			    LABELS({ "code", fault_code(f) }), c->refusals[f]);
}

/* Of the formats that can be written. */
static void
put_written(struct buf *out, const char *name, const char *help,
    const metric values[FORMAT_COUNT])
{
	metrics_family(out, name, "counter", help);
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++)
		if (format_spec(f)->writes)
			metrics_sample(out, name,
			    LABELS({ "format", format_label(f) }), values[f]);
}

static void
put_work(struct buf *out, const struct counts *c)
{
	put_written(out, NAME("first_renders_total"),
	    "Thumbnails that were made at their first request.", c->renders);
	put_written(out, NAME("thumbnails_total"),
	    "Thumbnails that were written, at an upload or later.",
	    c->thumbnails);
	metrics_family(out, NAME("renders_total"), "counter",
	    "Photos of which thumbnails were made, by what made them.");
	for (enum engine e = ENGINE_MAGICK; e < ENGINE_COUNT; e++)
		metrics_sample(out, NAME("renders_total"),
		    LABELS({ "engine", engine_name(e) }), c->rendered[e]);
	metrics_single(out, NAME("declined_renders_total"), "counter",
	    "Those of JPEGs that the planes' engine could not be sure of.",
	    c->declined);
	metrics_single(out, NAME("received_bytes_total"), "counter",
	    "Bytes of photos that were received.", c->received_bytes);
	metrics_single(out, NAME("written_bytes_total"), "counter",
	    "Bytes of originals and thumbnails that were written.",
	    c->written_bytes);
	metrics_single(out, NAME("claims_total"), "counter",
	    "Claims on photos that were given out.", c->claims);
	metrics_single(out, NAME("deletions_total"), "counter",
	    "Claims on photos that were taken back.", c->deletions);
	metrics_single(out, NAME("removed_photos_total"), "counter",
	    "Photos that the service removed: with their last claim, or when "
	    "it ended.",
	    c->removed);
}

/* ---- times ---- */

static bool
has_phase(enum request_kind kind, enum phase phase)
{
	return kind == REQUEST_UPLOAD ||
	    (kind == REQUEST_RENDER && phase != PHASE_RECEIVE);
}

static void
put_times(struct buf *out, const struct counts *c)
{
	metrics_family(out, NAME("request_seconds"), "histogram",
	    "Time of a request, from its wait for a worker to its answer.");
	for (unsigned k = 0; k < REQUEST_KINDS; k++)
		metrics_histogram(out, NAME("request_seconds"),
		    LABELS({ "kind", kinds[k] }), &c->request_time[k]);
	metrics_family(out, NAME("phase_seconds"), "histogram",
	    "Time of a request in one phase, of those that came to it.");
	for (unsigned k = 0; k < REQUEST_KINDS; k++)
		for (enum phase p = PHASE_QUEUE; p < PHASE_COUNT; p++)
			if (has_phase(k, p))
				metrics_histogram(out, NAME("phase_seconds"),
				    LABELS({ "kind", kinds[k] },
					{ "phase", phase_name(p) }),
				    &c->phase_time[k][p]);
	metrics_family(out, NAME("photo_seconds"), "histogram",
	    "Time of a photo that was decoded, from its bytes to its files in "
	    "place.");
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++)
		metrics_histogram(out, NAME("photo_seconds"),
		    LABELS({ "format", format_label(f) }), &c->photo_time[f]);
}

/* ---- workers ---- */

static void
put_ends(struct buf *out, const struct counts *c)
{
	static const char *const recycles[RECYCLE_COUNT] = {
		[RECYCLE_JOBS] = "jobs",
		[RECYCLE_MEMORY] = "memory",
		[RECYCLE_LOG] = "log",
		[RECYCLE_PIXELS] = "lost-memory",
	};
	static const char *const kills[KILL_COUNT] = {
		[KILL_DEADLINE] = "deadline",
		[KILL_BOOT] = "boot",
		[KILL_LEAVE] = "leave",
	};
	static const char *const deaths[DEATH_COUNT] = {
		[DEATH_SEGV] = "SIGSEGV",
		[DEATH_ABRT] = "SIGABRT",
		[DEATH_BUS] = "SIGBUS",
		[DEATH_FPE] = "SIGFPE",
		[DEATH_ILL] = "SIGILL",
		[DEATH_SYS] = "SIGSYS",
		[DEATH_KILL] = "SIGKILL",
		[DEATH_SIGNAL] = "signal",
		[DEATH_STATUS] = "status",
	};

	metrics_family(out, NAME("worker_recycles_total"), "counter",
	    "Workers that made room for a fresh one.");
	for (unsigned i = 0; i < RECYCLE_COUNT; i++)
		metrics_sample(out, NAME("worker_recycles_total"),
		    LABELS({ "reason", recycles[i] }), c->recycles[i]);
	metrics_family(out, NAME("worker_kills_total"), "counter",
	    "Workers that were ended: past their deadline, not up or not gone "
	    "in time.");
	for (unsigned i = 0; i < KILL_COUNT; i++)
		metrics_sample(out, NAME("worker_kills_total"),
		    LABELS({ "reason", kills[i] }), c->kills[i]);
	metrics_family(out, NAME("worker_deaths_total"), "counter",
	    "Workers that died by a signal or ended with a failure.");
	for (unsigned i = 0; i < DEATH_COUNT; i++)
		metrics_sample(out, NAME("worker_deaths_total"),
		    LABELS({ "cause", deaths[i] }), c->deaths[i]);
	metrics_single(out, NAME("sandbox_violations_total"), "counter",
	    "Workers that made a system call that their sandbox forbids.",
	    c->deaths[DEATH_SYS]);
}

static void
put_workers(struct buf *out, const struct control *control,
    const struct counts *c)
{
	struct census census;
	unsigned busy;

	scoreboard_count(control->board, control->first, control->n,
	    clock_monotonic_ns(), &census);
	busy = census.alive - census.phases[PHASE_IDLE];
	metrics_single(out, NAME("workers_configured"), "gauge",
	    "Photo workers that there should be.", control->n);
	metrics_single(out, NAME("workers_alive"), "gauge",
	    "Photo workers that show a sign of life.", census.alive);
	metrics_single(out, NAME("workers_busy"), "gauge",
	    "Those of them that have a request.", busy);
	metrics_family(out, NAME("workers"), "gauge",
	    "Photo workers alive, by what they do.");
	for (enum phase p = PHASE_IDLE; p < PHASE_COUNT; p++)
		metrics_sample(out, NAME("workers"),
		    LABELS({ "phase", phase_name(p) }), census.phases[p]);
	metrics_single(out, NAME("workers_resident_bytes"), "gauge",
	    "Memory of all photo workers, each as it was after its last "
	    "request.",
	    census.resident);
	metrics_single(out, NAME("worker_resident_max_bytes"), "gauge",
	    "The same of the one that has most.", census.resident_most);
	metrics_single(out, NAME("worker_starts_total"), "counter",
	    "Workers that were started.", c->starts);
	put_ends(out, c);
}

/* Where the kernel does not tell there is no such number. */
static void
put_queue(struct buf *out, const struct control *control)
{
	unsigned waiting, backlog;

	if (listen_queue_read(&control->queue, &waiting, &backlog) == -1)
		return;
	metrics_single(out, NAME("queue_waiting"), "gauge",
	    "Requests that wait for a photo worker now.", waiting);
	metrics_single(out, NAME("queue_limit"), "gauge",
	    "Requests that may wait; nginx answers the next one overloaded.",
	    backlog);
}

/* ---- the store ---- */

/* The room for photos: what is free beyond limits.free, or below limits.store. */
static uint64_t
headroom(const struct limits *limits, uint64_t used, uint64_t free_bytes)
{
	uint64_t room =
	    free_bytes > limits->free ? free_bytes - limits->free : 0;
	uint64_t below;

	if (limits->store == 0)
		return room;
	below = limits->store > used ? limits->store - used : 0;
	return below < room ? below : room;
}

static void
put_disk(struct buf *out, const struct limits *limits, uint64_t used,
    const struct store_disk *disk)
{
	metrics_single(out, NAME("headroom_bytes"), "gauge",
	    "Bytes of photos that there is room for by limits.store and "
	    "limits.free.",
	    headroom(limits, used, disk->free));
	metrics_single(out, NAME("disk_size_bytes"), "gauge",
	    "Size of the store's file system.", disk->size);
	metrics_single(out, NAME("disk_free_bytes"), "gauge",
	    "Bytes that are free on it.", disk->free);
	if (disk->inodes == 0)
		return;
	metrics_single(out, NAME("disk_inodes"), "gauge",
	    "Files that it can have.", disk->inodes);
	metrics_single(out, NAME("disk_free_inodes"), "gauge",
	    "Files that can still be made on it.", disk->free_inodes);
}

static void
put_store(struct buf *out, const struct control *control)
{
	const struct store *store = control->sweep.store;
	const struct limits *limits = &control->settings->limits;
	uint64_t used = (uint64_t)store_usage(store);
	struct store_disk disk;

	metrics_single(out, NAME("store_bytes"), "gauge",
	    "Bytes of all originals and thumbnails.", used);
	metrics_single(out, NAME("store_photos"), "gauge",
	    "Photos in the store.", (uint64_t)store_photos(store));
	metrics_single(out, NAME("store_limit_bytes"), "gauge",
	    "limits.store; 0 is none.", limits->store);
	metrics_single(out, NAME("disk_reserve_bytes"), "gauge", "limits.free.",
	    limits->free);
	if (store_disk(store, &disk) == 0)
		put_disk(out, limits, used, &disk);
}

static const struct forecast *
look_ahead(struct control *control)
{
	struct outlook *o = &control->outlook;
	uint64_t now = clock_monotonic_ns();
	struct growth growth;

	if (o->looked_ns == 0 || now - o->looked_ns > OUTLOOK_NS) {
		*o = (struct outlook){ .looked_ns = now };
		if (growth_read(control->sweep.data, &growth) == 0)
			growth_forecast(&growth, &control->settings->limits,
			    (int64_t)time(NULL), &o->forecast);
		growth_fini(&growth);
	}
	return &o->forecast;
}

/* Without a forecast there is no such number. */
static void
put_forecast(struct buf *out, struct control *control)
{
	const struct forecast *f = look_ahead(control);

	if (f->course == GROWTH_FULL)
		metrics_single(out, NAME("full_seconds"), "gauge",
		    "Seconds until the store is full at this week's rate.",
		    f->seconds);
}

struct visit {
	const struct store *store;
	struct quarantine *found;
};

/* Other than 0 when that is enough. */
static int
visit(void *ctx, const char *id)
{
	const struct visit *v = ctx;

	v->found->photos++;
	v->found->poison += store_is_poison(v->store, id);
	return v->found->photos >= QUARANTINE_MAX;
}

static void
put_quarantine(struct buf *out, struct control *control, uint64_t strikes)
{
	struct quarantine *q = &control->quarantine;
	struct visit v = { control->sweep.store, q };
	uint64_t now = clock_monotonic_ns();

	if (q->looked_ns == 0 || now - q->looked_ns > QUARANTINE_NS) {
		*q = (struct quarantine){ .looked_ns = now };
		(void)store_quarantine_walk(control->sweep.store, visit, &v);
	}
	metrics_single(out, NAME("strikes_total"), "counter",
	    "Times that a worker died of a photo.", strikes);
	metrics_single(out, NAME("quarantine_photos"), "gauge",
	    "Photos that a worker has died of; 1000 are looked at.", q->photos);
	metrics_single(out, NAME("poison_photos"), "gauge",
	    "Those of them that are not tried any more.", q->poison);
}

/* ---- the service ---- */

static void
put_service(struct buf *out, const struct control *control, bool is_ready,
    const struct counts *c)
{
	struct store_offline offline;
	char magick[32];

	image_version(magick, sizeof magick);
	metrics_family(out, NAME("build_info"), "gauge",
	    "Versions of the service and of ImageMagick, and its slot.");
	metrics_sample(out, NAME("build_info"),
	    LABELS({ "version", PACKAGE_VERSION }, { "imagemagick", magick },
		{ "slot", settings_slot_name(control->settings->slot) }),
	    1);
	metrics_single(out, NAME("start_time_seconds"), "gauge",
	    "When the service was started, and its counters with it.",
	    (uint64_t)metrics_started());
	metrics_single(out, NAME("ready"), "gauge",
	    "1 where a photo would be taken now, as /health/ready says.",
	    is_ready);
	metrics_single(out, NAME("offline"), "gauge",
	    "1 in a planned time without uploads (thumbctl offline).",
	    store_is_offline(control->sweep.store, (int64_t)time(NULL),
		&offline));
	metrics_family(out, NAME("reloads_total"), "counter",
	    "Settings that were read again, by whether they came into force.");
	metrics_sample(out, NAME("reloads_total"), LABELS({ "result", "ok" }),
	    c->reloads);
	metrics_sample(out, NAME("reloads_total"),
	    LABELS({ "result", "refused" }), c->reloads_refused);
	metrics_single(out, NAME("log_lost_lines_total"), "counter",
	    "Lines for the log that could not be written.",
	    log_lost_together());
}

/* ---- releases ---- */

/* What a slot has in it; "" nothing that is known here. */
static const char *
version_in(const struct control *control, const struct release_state *state,
    enum release_slot slot)
{
	if (state->slots[slot].version[0] != '\0')
		return state->slots[slot].version;
	return slot == control->settings->slot ? PACKAGE_VERSION : "";
}

/*
 * As the state says it, which is what nginx was told but for a moment. Empty
 * slots have no series; nor has anything where the state cannot be read.
 */
static void
put_shares(struct buf *out, const struct control *control)
{
	const struct settings *settings = control->settings;
	struct release_state state;
	char why[256];

	if (!settings->releases ||
	    release_load(settings->release_dir, &state, why, sizeof why) == -1)
		return;
	metrics_family(out, NAME("release_share"), "gauge",
	    "Part of the users that each slot serves, from 0 to 1.");
	for (enum release_slot s = SLOT_NONE; s < SLOT_COUNT; s++) {
		const char *version = version_in(control, &state, s);
		unsigned share = release_share(&state, s);

		if (version[0] != '\0' || share > 0)
			metrics_fraction(out, NAME("release_share"),
			    LABELS({ "slot", settings_slot_name(s) },
				{ "version", version }),
			    share);
	}
}

void
control_metrics(struct control *control, bool is_ready, struct buf *out)
{
	struct counts counts;

	metrics_sum(&counts);
	buf_puts(out,
	    "Status: 200 OK\r\nContent-Type: " METRICS_TYPE "\r\n\r\n");
	put_service(out, control, is_ready, &counts);
	put_shares(out, control);
	put_requests(out, &counts);
	put_photos(out, &counts);
	put_work(out, &counts);
	put_times(out, &counts);
	put_queue(out, control);
	put_workers(out, control, &counts);
	put_store(out, control);
	put_forecast(out, control);
	put_quarantine(out, control, counts.strikes);
}
