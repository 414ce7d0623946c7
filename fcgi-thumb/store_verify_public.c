#include "config.h"

/*
 * The public side of a photo: is all there of which meta.json tells, and does
 * it tell of all that is there? Files of older recipes, and of presets that the
 * settings have no more, may stay.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fdio.h"
#include "store_internal.h"
#include "store_verify.h"

/* ---- names ---- */

static bool
is_made_of(const char *text, size_t len, const char *characters)
{
	return strspn(text, characters) >= len;
}

static enum format
format_by_ext(const char *ext)
{
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++)
		if (strcmp(format_spec(f)->ext, ext) == 0)
			return f;
	return FORMAT_NONE;
}

/* "large.1f0c9a2e.jpg" or "large.jpg". False: it is no such name. */
static bool
parse_name(const char *name, struct variant *out)
{
	const char *dot = strchr(name, '.');
	size_t len = dot != NULL ? (size_t)(dot - name) : 0;

	*out = (struct variant){ 0 };
	if (len == 0 || len > PRESET_NAME_MAX || !islower(name[0]) ||
	    !is_made_of(name, len, "abcdefghijklmnopqrstuvwxyz0123456789_-"))
		return false;
	memcpy(out->preset, name, len);
	if (strlen(dot + 1) > RECIPE_LEN && dot[1 + RECIPE_LEN] == '.' &&
	    is_made_of(dot + 1, RECIPE_LEN, "0123456789abcdef")) {
		memcpy(out->recipe, dot + 1, RECIPE_LEN);
		dot += 1 + RECIPE_LEN;
	}
	out->format = format_by_ext(dot + 1);
	return out->format != FORMAT_NONE;
}

static int
keep(struct examined *e, const struct variant *v, const struct stat *st)
{
	if (e->n == e->cap) {
		size_t cap = e->cap == 0 ? 16 : 2 * e->cap;
		void *more = realloc(e->thumbs, cap * sizeof *e->thumbs);

		if (more == NULL)
			return -1;
		e->thumbs = more;
		e->cap = cap;
	}
	e->thumbs[e->n] = (struct thumbnail){ .variant = *v,
		.inode = st->st_ino,
		.changed = st->st_ctim };
	e->thumbs[e->n++].variant.bytes = (uint64_t)st->st_size;
	return 0;
}

static int
take_name(int public, const char *name, struct examined *e)
{
	struct variant v;
	struct stat st;

	if (fstatat(public, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (S_ISREG(st.st_mode) && parse_name(name, &v))
		return keep(e, &v, &st);
	if (!S_ISREG(st.st_mode) || strcmp(name, "meta.json") != 0)
		findings_add(&e->findings, DAMAGE_UNKNOWN, e->id,
		    "public/%.2s/%s/%s", e->id, e->id, name);
	return 0;
}

static int
read_names(int public, struct examined *e)
{
	DIR *dir = fd_list(public, ".");
	const struct dirent *entry;
	int rc = 0, error;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = fd_next(dir)) != NULL)
		rc = take_name(public, entry->d_name, e);
	error = errno;
	(void)closedir(dir);
	errno = error;
	return error == 0 ? rc : -1;
}

/* The file of this name, or NULL; recipe "" is the plain one. */
static struct thumbnail *
find(const struct examined *e, const struct variant *v, const char *recipe)
{
	for (size_t i = 0; i < e->n; i++)
		if (e->thumbs[i].variant.format == v->format &&
		    strcmp(e->thumbs[i].variant.preset, v->preset) == 0 &&
		    strcmp(e->thumbs[i].variant.recipe, recipe) == 0)
			return &e->thumbs[i];
	return NULL;
}

/* ---- what is to be rendered ---- */

/* False where the settings have no such file. */
static bool
want(struct examined *e, const struct settings *settings,
    const struct variant *v)
{
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *preset = &settings->presets[p];

		for (unsigned i = 0; i < preset->n_formats; i++)
			if (preset->formats[i] == v->format &&
			    strcmp(preset->name, v->preset) == 0) {
				e->wanted.formats[p] |= 1U << i;
				return true;
			}
	}
	return false;
}

/*
 * One of which nobody can be made any more goes from meta.json when that is
 * written anew, which something has to bring about.
 */
static void
render(struct examined *e, const struct settings *settings,
    const struct variant *v)
{
	e->needs_rendering = true;
	if (!want(e, settings, v) && wanted_is_empty(&e->wanted))
		wanted_at_upload(settings, &e->wanted);
}

static void
is_broken(struct examined *e, const struct settings *settings,
    const struct variant *v, const char *name, const char *why)
{
	findings_add(&e->findings, DAMAGE_BROKEN, e->id, "%s: %s", name, why);
	render(e, settings, v);
}

/* By all its names. True where meta.json tells of it. */
static bool
condemn(struct examined *e, const struct thumbnail *file)
{
	bool is_listed = false;

	for (size_t i = 0; i < e->n; i++)
		if (e->thumbs[i].inode == file->inode) {
			e->thumbs[i].is_condemned = true;
			is_listed |= e->thumbs[i].is_listed;
		}
	return is_listed;
}

void
examined_condemn(struct examined *e, size_t thumb,
    const struct settings *settings, const char *why)
{
	const struct thumbnail *file = &e->thumbs[thumb];
	char name[VARIANT_FILE_MAX + 1];

	variant_file(&file->variant, name);
	findings_add(&e->findings, DAMAGE_BROKEN, e->id, "%s: %s", name, why);
	if (condemn(e, file))
		render(e, settings, &file->variant);
}

/* ---- meta.json and the files ---- */

static void
compare_variant(struct examined *e, const struct settings *settings,
    const struct variant *v)
{
	struct thumbnail *file = find(e, v, v->recipe);
	const struct thumbnail *link = find(e, v, "");
	char name[VARIANT_FILE_MAX + 1];

	variant_file(v, name);
	if (file == NULL) {
		is_broken(e, settings, v, name, "it is not there");
		return;
	}
	if (file->variant.bytes != v->bytes) {
		(void)condemn(e, file);
		is_broken(e, settings, v, name, "it has another size");
		return;
	}
	file->is_listed = true;
	file->variant.size = v->size;
	variant_link(v, name);
	if (link == NULL)
		is_broken(e, settings, v, name, "it is not there");
	else if (link->inode != file->inode)
		is_broken(e, settings, v, name, "it is another file");
}

static bool
tells_of(const struct manifest *m, const struct variant *v)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->variants[i].format == v->format &&
		    strcmp(m->variants[i].preset, v->preset) == 0)
			return true;
	return false;
}

static void
compare(struct examined *e, const struct settings *settings,
    const struct manifest *m)
{
	char name[VARIANT_FILE_MAX + 1];

	for (unsigned i = 0; i < m->n; i++)
		compare_variant(e, settings, &m->variants[i]);
	for (size_t i = 0; i < e->n; i++) {
		const struct variant *v = &e->thumbs[i].variant;

		if (v->recipe[0] != '\0' || tells_of(m, v) ||
		    !want(e, settings, v))
			continue;
		variant_link(v, name);
		findings_add(&e->findings, DAMAGE_UNLISTED, e->id, "%s", name);
		e->needs_rendering = true;
	}
}

/* Nothing is told: what an upload makes, and what was asked for since then. */
static void
make_all(struct examined *e, const struct settings *settings)
{
	wanted_at_upload(settings, &e->wanted);
	for (size_t i = 0; i < e->n; i++)
		(void)want(e, settings, &e->thumbs[i].variant);
	e->needs_rendering = true;
}

static void
is_no_meta(struct examined *e, const struct settings *settings, const char *why)
{
	findings_add(&e->findings, DAMAGE_META, e->id, "meta.json: %s", why);
	make_all(e, settings);
}

static bool
has_good_original(const struct examined *e)
{
	return !findings_have_any(&e->findings, DAMAGE_CORRUPT) &&
	    !findings_have_any(&e->findings, DAMAGE_LOST);
}

static void
judge(int photo, const char *text, size_t len, const struct settings *settings,
    struct examined *e)
{
	struct manifest m;

	if (manifest_parse(text, len, &m) == -1) {
		is_no_meta(e, settings, "it cannot be read");
		return;
	}
	if (strcmp(m.id, e->id) == 0 &&
	    (!has_good_original(e) ||
		store_has_original(photo, m.format, m.bytes))) {
		compare(e, settings, &m);
		return;
	}
	e->is_meta_wrong = true;
	is_no_meta(e, settings, "it tells of another photo");
}

enum fault
store_examine_public(int photo, int public, const struct settings *settings,
    struct examined *e, struct fault_info *info)
{
	char *text = NULL;
	size_t len;

	if (public == -1) {
		findings_add(&e->findings, DAMAGE_UNPUBLISHED, e->id, "%s",
		    "a photo without its public side");
		make_all(e, settings);
		return FAULT_NONE;
	}
	if (read_names(public, e) == -1)
		return fault_errno(info, "public");
	if (fd_read_file(public, "meta.json", STORE_META_MAX, &text, &len) == 0)
		judge(photo, text, len, settings, e);
	else if (store_is_damage(errno))
		is_no_meta(e, settings,
		    errno == ENOENT ? "it is not there" : "it cannot be read");
	else
		return fault_errno(info, "meta.json");
	free(text);
	return FAULT_NONE;
}
