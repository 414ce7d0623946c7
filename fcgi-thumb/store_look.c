#include "config.h"

/*
 * What is here of a photo. Compares names and sizes; reads of the files only
 * meta.json, and believes it where the files are as it says.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fdio.h"
#include "store_internal.h"

static bool
has_size(int dirfd, const char *name, uint64_t bytes, ino_t *ino)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
		return false;
	*ino = st.st_ino;
	return true;
}

/* Both names of a variant are there and mean the same whole file. */
static bool
has_variant(int public, const struct variant *v)
{
	char name[VARIANT_FILE_MAX + 1];
	ino_t file, link;

	variant_file(v, name);
	if (!has_size(public, name, v->bytes, &file))
		return false;
	variant_link(v, name);
	return has_size(public, name, v->bytes, &link) && file == link;
}

/* Is the file of the present recipe here with another size than was told? */
static bool
is_suspect(const struct manifest *m, int public, const struct preset *preset,
    enum format format)
{
	const struct variant *v = manifest_find(m, preset, format);
	char name[VARIANT_FILE_MAX + 1];
	ino_t ino;

	if (v == NULL)
		return false;
	variant_file(v, name);
	return !has_size(public, name, v->bytes, &ino);
}

/* The variant of this preset and format that its plain name means, or NULL. */
static const struct variant *
find_linked(const struct manifest *m, int public, const struct preset *preset,
    enum format format)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct variant *v = &m->variants[i];

		if (v->format == format &&
		    strcmp(v->preset, preset->name) == 0 &&
		    has_variant(public, v))
			return v;
	}
	return NULL;
}

/*
 * Reduce the manifest to what is there and linked, in the settings' order;
 * tick off in `missing` what is of the present recipe, and in `suspect` what
 * is as it was told.
 */
static void
select_linked(struct look *look, int public, const struct settings *settings)
{
	struct manifest *m = &look->manifest;
	const struct manifest all = *m;

	m->n = 0;
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *preset = &settings->presets[p];

		for (unsigned i = 0; i < preset->n_formats; i++) {
			enum format format = preset->formats[i];
			const struct variant *v =
			    find_linked(&all, public, preset, format);

			if (!is_suspect(&all, public, preset, format))
				look->suspect.formats[p] &= ~(1U << i);
			if (v == NULL)
				continue;
			m->variants[m->n++] = *v;
			if (strcmp(v->recipe, preset->recipe) == 0)
				look->missing.formats[p] &= ~(1U << i);
		}
	}
}

bool
store_has_original(int photo, enum format format, uint64_t bytes)
{
	char name[32];
	ino_t ino;

	store_original_name(name, sizeof name, format);
	return has_size(photo, name, bytes, &ino);
}

/* Would meta.json be written as it is? Not after a change of prefix or presets. */
static bool
is_fresh(const struct manifest *m, const struct settings *settings,
    const char *text, size_t len)
{
	struct buf now = { 0 };
	bool same;

	manifest_write(m, settings, &now);
	same =
	    !now.failed && now.len == len && memcmp(now.data, text, len) == 0;
	buf_fini(&now);
	return same;
}

bool
store_is_damage(int error)
{
	return error == ENOENT || error == EFBIG || error == EINVAL ||
	    error == ELOOP;
}

static void
compare(int photo, int public, const char *id, const struct settings *settings,
    const char *text, size_t len, struct look *look)
{
	struct manifest *m = &look->manifest;

	if (manifest_parse(text, len, m) == -1 || strcmp(m->id, id) != 0) {
		*m = (struct manifest){ 0 };
		return;
	}
	select_linked(look, public, settings);
	/* Whoever brings back an original makes all that comes with it. */
	if (!store_has_original(photo, m->format, m->bytes))
		wanted_at_upload(settings, &look->missing);
	if (wanted_is_empty(&look->missing))
		look->presence = is_fresh(m, settings, text, len)
		    ? PRESENCE_WHOLE
		    : PRESENCE_STALE;
}

/* Of a photo whose original's directory is there. */
static enum fault
look_inside(int photo, int public, const char *id,
    const struct settings *settings, struct look *look, struct fault_info *info)
{
	char *text = NULL;
	size_t len;

	look->presence = PRESENCE_PARTIAL;
	if (public == -1)
		return FAULT_NONE;
	if (fd_read_file(public, "meta.json", STORE_META_MAX, &text, &len) ==
	    -1)
		return store_is_damage(errno) ? FAULT_NONE
					      : fault_errno(info, "meta.json");
	compare(photo, public, id, settings, text, len, look);
	free(text);
	return FAULT_NONE;
}

enum fault
store_look(struct store *s, const char *id, const struct settings *settings,
    struct look *out, struct fault_info *info)
{
	int photo = -1, public = -1;
	enum fault f;

	*out = (struct look){ .presence = PRESENCE_NONE };
	wanted_at_upload(settings, &out->missing);
	wanted_all(settings, &out->suspect);
	if ((f = store_open_side(s, "photos", id, &photo, info)) ==
		FAULT_NONE &&
	    (f = store_open_side(s, "public", id, &public, info)) ==
		FAULT_NONE &&
	    photo != -1)
		f = look_inside(photo, public, id, settings, out, info);
	fd_close(&public);
	fd_close(&photo);
	return f;
}
