#include "config.h"

/*
 * The stages between a photo's bytes and its files, the same for an upload and
 * for an original that is here. Responsible for who makes what is missing, and
 * for throwing it away when the photo is gone meanwhile; refuses to know
 * pictures and requests.
 */

#include "develop.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "metrics.h"
#include "render.h"
#include "sniff.h"
#include "store_admin.h"

/* Write the finished files aside, and say in m what they are. */
static enum fault
write_files(struct draft *d, const struct rendering *r, struct manifest *m,
    struct fault_info *info)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct rendered *file = &r->files[i];
		struct variant *v = &m->variants[m->n++];
		enum fault f;

		*v = (struct variant){ .format = file->format,
			.size = file->size,
			.bytes = file->len,
			.engine = r->engine };
		memcpy(v->preset, file->preset->name, sizeof v->preset);
		memcpy(v->recipe, file->preset->recipe, sizeof v->recipe);
		if ((f = draft_variant(d, v, file->data, info)) != FAULT_NONE)
			return f;
	}
	return FAULT_NONE;
}

static void
describe(struct manifest *m, const char *id, enum format format, size_t len,
    const struct rendering *r)
{
	*m = (struct manifest){ .format = format,
		.size = r->photo,
		.bytes = len };
	memcpy(m->id, id, sizeof m->id);
	memcpy(m->color, r->color, sizeof m->color);
	memcpy(m->placeholder, r->placeholder, sizeof m->placeholder);
}

/* What it is, and whether it is worth a decoder's time. */
static enum fault
judge(const void *bytes, size_t len, const struct limits *limits,
    struct sniff *sniff, struct fault_info *info)
{
	enum fault f;

	if ((f = sniff_read(bytes, len, sniff, info)) != FAULT_NONE ||
	    (f = sniff_check(sniff, limits, info)) != FAULT_NONE ||
	    (f = sniff_check_scans(bytes, len, sniff, info)) != FAULT_NONE)
		return f;
	return sniff_check_bulk(bytes, len, sniff, info);
}

enum fault
develop_draft(struct develop *dv, const char *id, const void *bytes, size_t len,
    const struct wanted *wanted, uint64_t least, struct draft *d,
    struct fault_info *info)
{
	const struct limits *limits = &dv->settings->limits;
	struct rendering rendering = { 0 };
	struct sniff sniff = { .format = FORMAT_NONE };
	enum fault f;

	if (store_is_poison(dv->store, id))
		return fault_set(info, FAULT_POISON,
		    "Two processes died of this picture. The operator can "
		    "have it tried again.");
	f = judge(bytes, len, limits, &sniff, info);
	dv->manifest.format = sniff.format;
	if (f != FAULT_NONE)
		return f;
	/* The disk has all the time that the pixels take. */
	if (dv->spool != NULL)
		spool_begin(dv->spool);
	dv->decoded = true;
	f = render_photo(bytes, len, &sniff, dv->settings, wanted, dv->progress,
	    &rendering, info);
	memcpy(dv->declined, rendering.declined, sizeof dv->declined);
	if (f != FAULT_NONE)
		return f;
	dv->engine = rendering.engine;
	metrics_own()->rendered[rendering.engine]++;
	metrics_own()->declined += rendering.declined[0] != '\0';
	progress_allow(dv->progress, limits->job_seconds, least);
	progress_enter(dv->progress, PHASE_PUBLISH);
	describe(&dv->manifest, id, sniff.format, len, &rendering);
	if ((f = draft_open(d, dv->store, info)) == FAULT_NONE)
		f = write_files(d, &rendering, &dv->manifest, info);
	rendering_fini(&rendering);
	return f;
}

/* ---- from the store ---- */

/* What is here now; the caller holds the lock. */
static enum fault
look(struct develop *dv, const char *id, struct look *out,
    struct fault_info *info)
{
	enum fault f = publish_look(dv->store, id, dv->settings, out, info);

	if (f == FAULT_NONE && out->presence == PRESENCE_NONE)
		f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
	return f;
}

static enum fault
look_first(struct develop *dv, const char *id, struct look *out,
    struct fault_info *info)
{
	int lock = -1;
	enum fault f =
	    store_lock(dv->store, id, dv->progress->deadline_ns, &lock, info);

	if (f == FAULT_NONE)
		f = look(dv, id, out, info);
	store_unlock(&lock);
	return f;
}

/* Making went on without the lock: the photo may be gone. */
static enum fault
commit(struct develop *dv, const char *id, struct draft *d,
    struct fault_info *info)
{
	struct look now;
	int lock = -1;
	enum fault f =
	    store_lock(dv->store, id, dv->progress->deadline_ns, &lock, info);

	if (f == FAULT_NONE)
		f = look(dv, id, &now, info);
	if (f == FAULT_NONE)
		f = store_check_room(dv->store, &dv->settings->limits,
		    manifest_weigh(&dv->manifest), info);
	if (f == FAULT_NONE)
		f = draft_publish(d, &dv->manifest, dv->settings, &now, info);
	store_unlock(&lock);
	return f;
}

/* The original stays readable when the photo is taken away meanwhile. */
static enum fault
develop_original(struct develop *dv, const char *id,
    const struct wanted *wanted, struct fault_info *info)
{
	void *bytes = MAP_FAILED;
	struct draft draft = { 0 };
	struct stat st = { 0 };
	int fd;
	enum fault f = store_check_disk(dv->store, &dv->settings->limits, info);

	if (f == FAULT_NONE)
		f = store_original(dv->store, id, &fd, info);
	if (f != FAULT_NONE)
		return f;
	if (fstat(fd, &st) == 0)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		    fd, 0);
	fd_close(&fd);
	if (bytes == MAP_FAILED)
		return fault_errno(info, "original");
	f = develop_draft(dv, id, bytes, (size_t)st.st_size, wanted, 0, &draft,
	    info);
	if (f == FAULT_NONE)
		f = draft_wait(&draft, info);
	if (f == FAULT_NONE)
		f = commit(dv, id, &draft, info);
	draft_close(&draft);
	(void)munmap(bytes, (size_t)st.st_size);
	return f;
}

static void
subtract_present(const struct manifest *m, const struct settings *settings,
    struct wanted *wanted)
{
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *preset = &settings->presets[p];

		for (unsigned i = 0; i < preset->n_formats; i++)
			if (manifest_find(m, preset, preset->formats[i]) !=
			    NULL)
				wanted->formats[p] &= ~(1U << i);
	}
}

/* Without meta.json nothing is told of a photo: then all has to come back. */
static void
add_lost(const struct look *here, struct wanted *wanted)
{
	if (here->manifest.id[0] == '\0')
		for (unsigned p = 0; p < SETTINGS_PRESETS_MAX; p++)
			wanted->formats[p] |= here->missing.formats[p];
}

enum fault
develop_again(struct develop *dv, const char *id, const struct wanted *wanted,
    struct fault_info *info)
{
	struct wanted missing = *wanted;
	struct look here;
	int lock = -1;
	enum fault f;

	progress_photo(dv->progress, id);
	progress_allow(dv->progress, dv->settings->limits.job_seconds, 0);
	f = store_lock_render(dv->store, id, dv->progress->deadline_ns,
	    dv->queue, &lock, info);
	if (f == FAULT_NONE)
		f = look_first(dv, id, &here, info);
	if (f == FAULT_NONE) {
		subtract_present(&here.manifest, dv->settings, &missing);
		add_lost(&here, &missing);
		if (wanted_is_empty(&missing))
			dv->manifest = here.manifest;
		else
			f = develop_original(dv, id, &missing, info);
	}
	store_unlock(&lock);
	return f;
}
