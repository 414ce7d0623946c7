#include "config.h"

/*
 * The way of the service, without the service around it.
 *
 *	ours ENGINE FORMAT LEAVE RUNS OUTDIR PHOTO [srgb]
 *
 * ENGINE is the setting; the last line, "engine NAME", says who made the last
 * run's thumbnails. All else is peer.h's.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image.h"
#include "peer.h"
#include "render.h"

static struct settings *settings;
static enum engine made_by;

static void
set_presets(const struct peer_job *job)
{
	settings->resize_quality = job->leave < 2 ? RESIZE_FAST : RESIZE_BEST;
	settings->n_presets = PEER_SIZES;
	for (unsigned i = 0; i < PEER_SIZES; i++) {
		struct preset *p = &settings->presets[i];

		*p = settings->presets[0];
		(void)snprintf(p->name, sizeof p->name, "p%u", peer_sides[i]);
		p->width = p->height = peer_sides[i];
		p->fit = FIT_INSIDE;
		p->quality = PEER_QUALITY;
		p->formats[0] = job->webp ? FORMAT_WEBP : FORMAT_JPEG;
		p->n_formats = 1;
	}
}

/* The colours are always converted: a photo without a profile has none to. */
static bool
render(const struct peer_job *job, struct peer_output out[PEER_SIZES])
{
	struct progress progress;
	struct fault_info info = { 0 };
	struct rendering r = { 0 };
	struct wanted wanted;
	struct sniff sniff;

	set_presets(job);
	wanted_all(settings, &wanted);
	progress_start(&progress, NULL);
	if (sniff_read(job->data, job->len, &sniff, &info) != FAULT_NONE ||
	    render_photo(job->data, job->len, &sniff, settings, &wanted,
		&progress, &r, &info) != FAULT_NONE) {
		fprintf(stderr, "%s: %s\n", fault_code(info.fault), info.cause);
		return false;
	}
	for (unsigned i = 0; i < PEER_SIZES; i++) {
		out[i].data = r.files[i].data;
		out[i].len = r.files[i].len;
		r.files[i].data = NULL;
	}
	made_by = r.engine;
	rendering_fini(&r);
	return true;
}

/* False: there is no such engine. */
static bool
choose_engine(const char *name)
{
	if (strcmp(name, "magick") == 0)
		settings->engine = ENGINE_CHOICE_MAGICK;
	else if (strcmp(name, "auto") == 0)
		settings->engine = ENGINE_CHOICE_AUTO;
	else
		return false;
	return true;
}

static int
measure(int argc, char **argv)
{
	int rc;

	if (argc < 2 || !choose_engine(argv[1])) {
		fprintf(stderr, "usage: %s auto|magick FORMAT...\n", argv[0]);
		return 2;
	}
	argv[1] = argv[0];
	rc = peer_main(argc - 1, argv + 1, render);
	if (rc == 0)
		printf("engine %s\n", engine_name(made_by));
	return rc;
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/bench-ours.XXXXXX", policy[64], why[256];
	int rc = 1;

	settings = settings_load(NULL, stderr);
	if (settings == NULL || mkdtemp(dir) == NULL) {
		perror("start");
		return 1;
	}
	if (image_boot(settings, dir, why, sizeof why) == 0) {
		rc = measure(argc, argv);
		image_shutdown();
	} else {
		fprintf(stderr, "%s\n", why);
	}
	(void)snprintf(policy, sizeof policy, "%s/policy.xml", dir);
	(void)unlink(policy);
	(void)rmdir(dir);
	settings_free(settings);
	return rc;
}
