#include "config.h"

/*
 * The whole store held against its own rules while the service runs, and what
 * can be mended mended. Untrusted bytes are not decoded here: thumbnails are
 * tried, and made anew, in the process of thumbctl_renderer.c. What was mended
 * is looked at again before that is said.
 */

#include "thumbctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "claim.h"
#include "claim_verify.h"
#include "store_admin.h"
#include "store_verify.h"
#include "thumbctl_renderer.h"
#include "thumbctl_walk.h"

/* What the cursor counts: of the photos that were walked through. */
enum {
	PHOTOS,
	FAULTS,
	MENDED
};

struct verify {
	struct tool tool;
	struct renderer renderer;
	struct bar bar;
	struct cursor cursor; /* tells a line for each fault */
	bool repair;
	bool from_start;
	bool is_walking; /* through the photos */
	/* What is beside them is looked at by each run anew. */
	uint64_t faults;
	uint64_t mended;
	struct buf lines;
	bool is_incomplete;      /* memory was short for some of them */
	struct fault_info ended; /* why it cannot go on */
};

/* ---- what is told ---- */

static void
tell(struct verify *v, const struct finding *finding, bool is_mended)
{
	if (v->is_walking) {
		v->cursor.counts[FAULTS]++;
		v->cursor.counts[MENDED] += is_mended;
	} else {
		v->faults++;
		v->mended += is_mended;
	}
	buf_printf(v->is_walking ? &v->cursor.told : &v->lines,
	    "%s\t%s\t%s\t%s\n", damage_name(finding->damage),
	    finding->id[0] != '\0' ? finding->id : "-", finding->what,
	    is_mended ? "mended" : "stays");
}

/* after: what is left of it, NULL where nothing was mended. */
static void
tell_all(struct verify *v, const struct findings *before,
    const struct findings *after)
{
	for (size_t i = 0; i < before->n; i++)
		tell(v, &before->list[i],
		    after != NULL && !after->failed &&
			!findings_have(after, &before->list[i]));
	for (size_t i = 0; after != NULL && i < after->n; i++)
		if (!findings_have(before, &after->list[i]))
			tell(v, &after->list[i], false);
	v->is_incomplete |= before->failed || (after != NULL && after->failed);
}

static void
note_failure(struct verify *v, const char *id, const struct fault_info *info,
    struct findings *out)
{
	bar_clear(&v->bar);
	complain_fault(id[0] != '\0' ? id : "the store", info);
	findings_add(out, DAMAGE_FAILED, id, "%s", fault_code(info->fault));
}

/* ---- one photo ---- */

/* The picture's own fault, and not one of the time or the machine. */
static bool
condemns(enum fault f)
{
	return f == FAULT_CORRUPT_IMAGE || f == FAULT_UNSUPPORTED_FORMAT ||
	    f == FAULT_TOO_MANY_SCANS || f == FAULT_WORKER_LOST ||
	    f == FAULT_RENDER_TIMEOUT;
}

static void
try_one(struct verify *v, struct examined *e, size_t thumb)
{
	struct rendered_photo result;
	const struct fault_info *info = &result.info;

	renderer_try(&v->renderer, e->id, &e->thumbs[thumb].variant, &result);
	if (result.broken)
		v->ended = *info;
	else if (condemns(result.fault))
		examined_condemn(e, thumb, v->tool.settings,
		    info->detail[0] != '\0' ? info->detail
					    : fault_title(result.fault));
	/* One that is not there any more has been replaced. */
	else if (result.fault != FAULT_NONE && result.fault != FAULT_NOT_FOUND)
		note_failure(v, e->id, info, &e->findings);
}

static bool
goes_on(const struct verify *v)
{
	return v->ended.fault == FAULT_NONE && !walk_is_stopped();
}

static void
look(struct verify *v, const char *id, struct examined *e)
{
	struct fault_info info = { 0 };
	enum fault f =
	    store_examine(v->tool.store, id, v->tool.settings, e, &info);

	if (f == FAULT_NONE && !e->is_leaving)
		f = claim_examine(v->tool.store, id, &e->findings, &info);
	if (f != FAULT_NONE)
		note_failure(v, id, &info, &e->findings);
	else if (!e->is_leaving)
		for (size_t i = 0; i < e->n && goes_on(v); i++)
			if (e->thumbs[i].variant.recipe[0] != '\0' &&
			    !e->thumbs[i].is_condemned)
				try_one(v, e, i);
}

static void
render(struct verify *v, const char *id, const struct wanted *wanted)
{
	struct rendered_photo result;

	walk_make(&v->renderer, id, wanted, &result);
	if (result.broken || result.fault == FAULT_STORAGE_FULL)
		v->ended = result.info;
	else if (result.fault != FAULT_NONE &&
	    result.fault != FAULT_NOT_FOUND) {
		bar_clear(&v->bar);
		complain_fault(id, &result.info);
	}
}

/* What comes of it is seen when the photo is looked at again. */
static void
mend(struct verify *v, const struct examined *e)
{
	struct fault_info info = { 0 };
	struct wanted wanted;
	bool needs_rendering;
	enum fault f = store_mend(v->tool.store, e, v->tool.settings,
	    &needs_rendering, &wanted, &info);

	if (f == FAULT_NONE && !e->is_leaving &&
	    findings_have_any(&e->findings, DAMAGE_NOTE))
		f = claim_mend(v->tool.store, e->id, &info);
	if (f != FAULT_NONE) {
		bar_clear(&v->bar);
		complain_fault(e->id, &info);
	} else if (needs_rendering) {
		render(v, e->id, &wanted);
	}
}

static int
verify_one(void *ctx, const char *id)
{
	struct examined before = { 0 }, after = { 0 };
	struct verify *v = ctx;

	look(v, id, &before);
	if (before.findings.n > 0 && v->repair && goes_on(v)) {
		mend(v, &before);
		look(v, id, &after);
		/* Cut off in the midst, it tells nothing. */
		tell_all(v, &before.findings,
		    goes_on(v) ? &after.findings : NULL);
	} else {
		tell_all(v, &before.findings, NULL);
	}
	examined_fini(&before);
	examined_fini(&after);
	return goes_on(v) ? 0 : 1;
}

static int
verify_photo(void *ctx, const char *id)
{
	struct verify *v = ctx;
	int rc;

	v->is_walking = true;
	v->cursor.counts[PHOTOS]++;
	rc = verify_one(v, id);
	v->is_walking = false;
	return rc;
}

/* ---- what is beside the photos ---- */

static enum fault
look_beside(struct verify *v, struct findings *out, struct fault_info *info)
{
	int64_t now = (int64_t)time(NULL);
	enum fault f = store_examine_tree(v->tool.store, now, out, info);

	if (f == FAULT_NONE)
		f = claim_examine_notes(v->tool.store, now, out, info);
	return f;
}

static enum fault
look_at_sums(struct verify *v, struct findings *out, struct fault_info *info)
{
	return store_examine_sums(v->tool.store, out, info);
}

static void
look_with(struct verify *v,
    enum fault (
	*each)(struct verify *v, struct findings *out, struct fault_info *info),
    struct findings *out)
{
	struct fault_info info = { 0 };

	if (each(v, out, &info) != FAULT_NONE)
		note_failure(v, "", &info, out);
}

static void
verify_beside(struct verify *v,
    enum fault (
	*each)(struct verify *v, struct findings *out, struct fault_info *info))
{
	struct findings before = { 0 }, after = { 0 };

	look_with(v, each, &before);
	if (before.n > 0 && v->repair) {
		store_mend_tree(v->tool.store, v->tool.settings->data, &before);
		if (findings_have_any(&before, DAMAGE_NOTE))
			(void)claim_sweep(v->tool.store, (int64_t)time(NULL),
			    UINT64_MAX, NULL);
		look_with(v, each, &after);
		tell_all(v, &before, &after);
	} else {
		tell_all(v, &before, NULL);
	}
	findings_fini(&before);
	findings_fini(&after);
}

/* ---- the command ---- */

/* Directories come before what is put into them, the sum after it. */
static int
walk(struct verify *v)
{
	int rc;

	verify_beside(v, look_beside);
	rc = walk_photos(v->tool.store, &v->bar, &v->cursor, verify_photo, v);
	if (rc == 0)
		rc = store_walk_orphans(v->tool.store, verify_one, v);
	if (rc == 0)
		verify_beside(v, look_at_sums);
	return rc;
}

static void
open_cursor(struct verify *v)
{
	char key[DIGEST_HEX_LEN + 16];

	(void)snprintf(key, sizeof key, "%s%s", v->tool.settings->digest,
	    v->repair ? " repair" : "");
	cursor_open(&v->cursor, v->tool.settings->data, "verify", key,
	    v->from_start);
}

/* All that is known; true where no fault is left. */
static bool
report(const struct verify *v)
{
	const struct cursor *c = &v->cursor;
	uint64_t faults = v->faults + c->counts[FAULTS];
	uint64_t mended = v->mended + c->counts[MENDED];

	(void)printf("photos\t%llu\nfaults\t%llu\nmended\t%llu\n%s%s",
	    (unsigned long long)c->counts[PHOTOS], (unsigned long long)faults,
	    (unsigned long long)mended, v->lines.len > 0 ? v->lines.data : "",
	    c->told.len > 0 ? c->told.data : "");
	return faults == mended;
}

static int
verify(struct verify *v)
{
	bool is_right;
	int rc;

	walk_begin();
	open_cursor(v);
	renderer_init(&v->renderer, v->tool.settings);
	rc = walk(v);
	renderer_close(&v->renderer);
	bar_clear(&v->bar);
	if (rc == -1)
		complain("%s: %s", v->tool.settings->data, strerror(errno));
	if (v->ended.fault != FAULT_NONE)
		complain_fault("it cannot go on", &v->ended);
	else if (rc == 1)
		complain("stopped; not all has been looked at, and the next "
			 "run goes on from there");
	if (v->is_incomplete)
		complain("memory was short: there are more faults");
	is_right = report(v);
	cursor_close(&v->cursor, rc == 0);
	return rc == 0 && is_right && !v->is_incomplete ? EXIT_SUCCESS
							: EXIT_FAILURE;
}

static int
parse(int argc, char **argv, struct verify *v)
{
	static const struct option options[] = {
		{ "from-start", no_argument, NULL, 's' },
		{ "repair", no_argument, NULL, 'r' },
		{ 0 },
	};
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 'r':
			v->repair = true;
			break;
		case 's':
			v->from_start = true;
			break;
		default:
			return -1;
		}
	return argc == optind ? 0 : -1;
}

static int
run_verify(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct verify v = { .cursor = { .fd = -1, .state = -1 } };
	int status;

	if (parse(argc, argv, &v) == -1)
		return wrong_use(self);
	status = tool_open(&v.tool, settings_file);
	if (status == EXIT_SUCCESS)
		status = verify(&v);
	buf_fini(&v.lines);
	tool_close(&v.tool);
	return status;
}

const struct command command_verify = { "verify", "[--repair] [--from-start]",
	"hold the whole store against its rules, while the service runs: a "
	"line\n    a fault; 0 where there is none, or none is left",
	"  --repair      mend what can be: finish deletes that were cut off, "
	"render again\n"
	"                what is missing or broken, remove what dead processes "
	"left. An\n"
	"                original is never changed or removed for being "
	"damaged\n"
	"  --from-start  also what a run has looked at that was stopped "
	"before\n",
	run_verify };
