#include "config.h"

/*
 * The store brought to the present settings while the service runs: photo after
 * photo, what an upload would make now, and again what has been asked for before
 * and is of an older recipe. Made as a first request makes it, under the same
 * locks. What is here is skipped quickly; where a run was stopped the next one
 * goes on.
 */

#include "thumbctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store_admin.h"
#include "thumbctl_bar.h"
#include "thumbctl_renderer.h"
#include "thumbctl_walk.h"

/* What the cursor counts: photos. It tells a line for each failure. */
enum {
	MADE,
	RIGHT,
	FAILED
};

struct regenerate {
	struct tool tool;
	struct renderer renderer;
	struct bar bar;
	struct cursor cursor;
	bool missing; /* only presets without any file */
	bool from_start;
	int preset;              /* the index of the only one; -1: all */
	struct fault_info ended; /* why it cannot go on */
};

/* ---- what is to be made of a photo ---- */

/* The files of one preset: those of `fresh`, and again those that are old. */
static unsigned
plan_preset(const struct manifest *m, const struct preset *preset,
    unsigned fresh, bool missing)
{
	unsigned wanted = fresh;

	for (unsigned i = 0; i < preset->n_formats; i++) {
		const struct variant *v =
		    manifest_find_any(m, preset, preset->formats[i]);

		if (v == NULL)
			continue;
		if (missing)
			return 0;
		if (strcmp(v->recipe, preset->recipe) == 0)
			wanted &= ~(1U << i);
		else
			wanted |= 1U << i;
	}
	return wanted;
}

static void
plan(const struct regenerate *r, const struct look *look, struct wanted *out)
{
	const struct settings *s = r->tool.settings;
	struct wanted fresh;

	wanted_at_upload(s, &fresh);
	*out = (struct wanted){ 0 };
	for (unsigned p = 0; p < s->n_presets; p++)
		if (r->preset == -1 || r->preset == (int)p)
			out->formats[p] = plan_preset(&look->manifest,
			    &s->presets[p], fresh.formats[p], r->missing);
}

/* ---- the walk ---- */

static void
note_failure(struct regenerate *r, const char *id,
    const struct fault_info *info)
{
	bar_clear(&r->bar);
	complain_fault(id, info);
	buf_printf(&r->cursor.told, "failed\t%s\t%s\n", id,
	    fault_code(info->fault));
	r->cursor.counts[FAILED]++;
}

/* False where no other photo will fare better. */
static bool
take_result(struct regenerate *r, const char *id,
    const struct rendered_photo *result)
{
	if (result->broken || result->fault == FAULT_STORAGE_FULL) {
		r->ended = result->info;
		return false;
	}
	if (result->fault == FAULT_NONE && result->made)
		r->cursor.counts[MADE]++;
	else if (result->fault == FAULT_NONE ||
	    result->fault == FAULT_NOT_FOUND) /* it went meanwhile */
		r->cursor.counts[RIGHT]++;
	else
		note_failure(r, id, &result->info);
	return true;
}

static int
regenerate_one(void *ctx, const char *id)
{
	struct regenerate *r = ctx;
	struct rendered_photo result = { 0 };
	struct wanted wanted;
	struct look look;

	result.fault = store_look(r->tool.store, id, r->tool.settings, &look,
	    &result.info);
	if (result.fault == FAULT_NONE) {
		plan(r, &look, &wanted);
		if (!wanted_is_empty(&wanted) ||
		    look.presence == PRESENCE_STALE)
			walk_make(&r->renderer, id, &wanted, &result);
	}
	return take_result(r, id, &result) ? 0 : 1;
}

static void
open_cursor(struct regenerate *r)
{
	const struct settings *s = r->tool.settings;
	char key[DIGEST_HEX_LEN + PRESET_NAME_MAX + 32];

	(void)snprintf(key, sizeof key, "%s%s %s", s->digest,
	    r->missing ? " missing" : "",
	    r->preset == -1 ? "" : s->presets[r->preset].name);
	cursor_open(&r->cursor, s->data, "regenerate", key, r->from_start);
}

static int
regenerate(struct regenerate *r)
{
	const uint64_t *counts = r->cursor.counts;
	bool failed;
	int rc;

	walk_begin();
	open_cursor(r);
	renderer_init(&r->renderer, r->tool.settings);
	rc = walk_photos(r->tool.store, &r->bar, &r->cursor, regenerate_one, r);
	renderer_close(&r->renderer);
	bar_clear(&r->bar);
	if (rc == -1)
		complain("%s: %s", r->tool.settings->data, strerror(errno));
	if (r->ended.fault != FAULT_NONE)
		complain_fault("it cannot go on", &r->ended);
	else if (rc == 1)
		complain("stopped; what is done is done, and the next run goes "
			 "on from there");
	(void)printf("made\t%llu\nright\t%llu\nfailed\t%llu\n%s",
	    (unsigned long long)counts[MADE], (unsigned long long)counts[RIGHT],
	    (unsigned long long)counts[FAILED],
	    r->cursor.told.len > 0 ? r->cursor.told.data : "");
	failed = counts[FAILED] > 0;
	cursor_close(&r->cursor, rc == 0);
	return rc == 0 && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---- */

static int
parse(int argc, char **argv, struct regenerate *r, const char **preset)
{
	static const struct option options[] = {
		{ "from-start", no_argument, NULL, 's' },
		{ "missing", no_argument, NULL, 'm' },
		{ "preset", required_argument, NULL, 'p' },
		{ 0 },
	};
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 'm':
			r->missing = true;
			break;
		case 's':
			r->from_start = true;
			break;
		case 'p':
			*preset = optarg;
			break;
		default:
			return -1;
		}
	return argc == optind ? 0 : -1;
}

static int
find_preset(struct regenerate *r, const char *name)
{
	const struct settings *s = r->tool.settings;

	r->preset = -1;
	if (name == NULL)
		return EXIT_SUCCESS;
	for (unsigned p = 0; p < s->n_presets; p++)
		if (strcmp(s->presets[p].name, name) == 0)
			r->preset = (int)p;
	if (r->preset != -1)
		return EXIT_SUCCESS;
	complain("the settings have no preset \"%s\"", name);
	return EX_USAGE;
}

static int
run_regenerate(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct regenerate r = { 0 };
	const char *preset = NULL;
	int status;

	if (parse(argc, argv, &r, &preset) == -1)
		return wrong_use(self);
	status = tool_open(&r.tool, settings_file);
	if (status == EXIT_SUCCESS)
		status = find_preset(&r, preset);
	if (status == EXIT_SUCCESS)
		status = regenerate(&r);
	tool_close(&r.tool);
	return status;
}

const struct command command_regenerate = { "regenerate",
	"[--missing] [--preset NAME] [--from-start]",
	"bring the thumbnails of all photos to the present settings, while "
	"the\n    service runs",
	"  --missing      only what has no file yet, of any settings\n"
	"  --preset NAME  only this one\n"
	"  --from-start   also what a run has done that was stopped before\n",
	run_regenerate };
