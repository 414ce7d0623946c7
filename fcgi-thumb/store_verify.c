#include "config.h"

/*
 * One photo held against the store's rules, and mended. What is found without
 * the photo's lock counts only when it is found again under it. Responsible for
 * no original being lost by that: they are only read.
 */

#include "store_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

/* ---- findings ---- */

const char *
damage_name(enum damage d)
{
	static const char *const names[] = {
		[DAMAGE_CORRUPT] = "corrupt",
		[DAMAGE_LOST] = "lost",
		[DAMAGE_SUM] = "sum",
		[DAMAGE_ORPHAN] = "orphan",
		[DAMAGE_UNCLAIMED] = "unclaimed",
		[DAMAGE_BANNED] = "banned",
		[DAMAGE_UNPUBLISHED] = "unpublished",
		[DAMAGE_META] = "meta",
		[DAMAGE_BROKEN] = "broken",
		[DAMAGE_UNLISTED] = "unlisted",
		[DAMAGE_NOTE] = "note",
		[DAMAGE_UNKNOWN] = "unknown",
		[DAMAGE_MISSING] = "missing",
		[DAMAGE_STALE] = "stale",
		[DAMAGE_STRIKES] = "strikes",
		[DAMAGE_USAGE] = "usage",
		[DAMAGE_FAILED] = "failed",
	};
	_Static_assert(sizeof names / sizeof names[0] == DAMAGE_COUNT,
	    "every damage has its name");

	return names[d];
}

/* Names come from the disk: one could speak to the terminal. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void
findings_add(struct findings *f, enum damage d, const char *id,
    const char *what, ...)
{
	struct finding *finding;
	va_list ap;

	if (f->n == f->cap) {
		size_t cap = f->cap == 0 ? 8 : 2 * f->cap;
		void *more = realloc(f->list, cap * sizeof *f->list);

		if (more == NULL) {
			f->failed = true;
			return;
		}
		f->list = more;
		f->cap = cap;
	}
	finding = &f->list[f->n++];
	*finding = (struct finding){ .damage = d };
	(void)snprintf(finding->id, sizeof finding->id, "%s", id);
	va_start(ap, what);
	(void)vsnprintf(finding->what, sizeof finding->what, what, ap);
	va_end(ap);
	make_printable(finding->what);
}

/* A file may be wrong in another way by now. */
static bool
is_of_the_same(const struct finding *a, const struct finding *b)
{
	size_t len = strcspn(a->what, ":");

	return a->damage == b->damage && strcmp(a->id, b->id) == 0 &&
	    len == strcspn(b->what, ":") && memcmp(a->what, b->what, len) == 0;
}

bool
findings_have(const struct findings *f, const struct finding *finding)
{
	for (size_t i = 0; i < f->n; i++)
		if (is_of_the_same(&f->list[i], finding))
			return true;
	return false;
}

bool
findings_have_any(const struct findings *f, enum damage d)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].damage == d)
			return true;
	return false;
}

void
findings_fini(struct findings *f)
{
	free(f->list);
	*f = (struct findings){ 0 };
}

void
examined_fini(struct examined *e)
{
	findings_fini(&e->findings);
	free(e->thumbs);
	*e = (struct examined){ 0 };
}

/* ---- the private side ---- */

static bool
is_original_name(const char *name)
{
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		char original[32];

		store_original_name(original, sizeof original, f);
		if (strcmp(name, original) == 0)
			return true;
	}
	return false;
}

/* The names in it; how many originals there are. */
static int
look_at_names(int photo, struct examined *e, unsigned *originals)
{
	DIR *dir = fd_list(photo, ".");
	const struct dirent *entry;
	int error;

	*originals = 0;
	if (dir == NULL)
		return -1;
	while ((entry = fd_next(dir)) != NULL)
		if (is_original_name(entry->d_name))
			(*originals)++;
		else if (strcmp(entry->d_name, STORE_SUM_FILE) != 0 &&
		    strcmp(entry->d_name, "claims") != 0)
			findings_add(&e->findings, DAMAGE_UNKNOWN, e->id,
			    "photos/%.2s/%s/%s", e->id, e->id, entry->d_name);
	error = errno;
	(void)closedir(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* One that is missing is made when somebody asks for it. */
static enum fault
look_at_sum(int photo, struct examined *e, struct fault_info *info)
{
	char *text = NULL;
	size_t len;

	if (fd_read_file(photo, STORE_SUM_FILE, DIGEST_HEX_LEN, &text, &len) ==
	    0)
		e->is_sum_wrong = strcmp(text, e->sum) != 0;
	else if (errno == EFBIG)
		e->is_sum_wrong = true;
	else if (errno != ENOENT)
		return fault_errno(info, STORE_SUM_FILE);
	free(text);
	if (e->is_sum_wrong)
		findings_add(&e->findings, DAMAGE_SUM, e->id, "%s",
		    STORE_SUM_FILE);
	return FAULT_NONE;
}

/* All bytes of it, read without thumbnails leaving the memory for them. */
static int
sum_original(int photo, unsigned char sum[DIGEST_SHA256_LEN])
{
	int fd = store_open_original(photo);
	int rc = fd != -1 ? digest_file(fd, sum) : -1;

	if (fd != -1)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	fd_close(&fd);
	return rc;
}

static enum fault
look_at_original(int photo, struct examined *e, struct fault_info *info)
{
	unsigned char sum[DIGEST_SHA256_LEN];
	char is[PHOTO_ID_LEN + 1];

	if (sum_original(photo, sum) == -1)
		return fault_errno(info, "original");
	photo_id_make(sum, is);
	digest_hex(sum, e->sum);
	if (strcmp(is, e->id) == 0)
		return look_at_sum(photo, e, info);
	findings_add(&e->findings, DAMAGE_CORRUPT, e->id, "%s",
	    "the original is not what was sent");
	return FAULT_NONE;
}

static enum fault
look_at_photo(int photo, struct examined *e, struct fault_info *info)
{
	unsigned originals;

	if (look_at_names(photo, e, &originals) == -1)
		return fault_errno(info, "photos");
	if (originals > 1)
		findings_add(&e->findings, DAMAGE_UNKNOWN, e->id,
		    "photos/%.2s/%s: %u originals", e->id, e->id, originals);
	if (originals > 0)
		return look_at_original(photo, e, info);
	findings_add(&e->findings, DAMAGE_LOST, e->id, "%s",
	    "there is no original");
	return FAULT_NONE;
}

/* ---- both sides ---- */

static void
is_to_go(struct examined *e, enum damage why, const char *what)
{
	findings_add(&e->findings, why, e->id, "%s", what);
	e->is_leaving = true;
}

static enum fault
look_at_sides(int photo, int public, const struct settings *settings,
    struct examined *e, struct fault_info *info)
{
	enum fault f;

	if (photo == -1 && public != -1)
		is_to_go(e, DAMAGE_ORPHAN, "public without its photo");
	else if (photo != -1 && store_is_forsaken(photo))
		is_to_go(e, DAMAGE_UNCLAIMED, "no claim is left");
	if (photo == -1 || e->is_leaving)
		return FAULT_NONE;
	f = look_at_photo(photo, e, info);
	if (f == FAULT_NONE)
		f = store_examine_public(photo, public, settings, e, info);
	return f;
}

/* As it is at this moment. */
static enum fault
look(struct store *s, const char *id, const struct settings *settings,
    struct examined *e, struct fault_info *info)
{
	int photo = -1, public = -1;
	enum fault f, ban = FAULT_NONE;

	examined_fini(e);
	memcpy(e->id, id, sizeof e->id);
	if ((f = store_open_side(s, "photos", id, &photo, info)) ==
		FAULT_NONE &&
	    (f = store_open_side(s, "public", id, &public, info)) == FAULT_NONE)
		ban = store_check_ban(s, id, info);
	if (ban == FAULT_BANNED && photo != -1)
		is_to_go(e, DAMAGE_BANNED, "it is banned, and here");
	else if (ban != FAULT_NONE && ban != FAULT_BANNED)
		f = ban;
	else if (f == FAULT_NONE)
		f = look_at_sides(photo, public, settings, e, info);
	fd_close(&public);
	fd_close(&photo);
	return f;
}

enum fault
store_examine(struct store *s, const char *id, const struct settings *settings,
    struct examined *out, struct fault_info *info)
{
	int lock = -1;
	enum fault f;

	*out = (struct examined){ 0 };
	f = look(s, id, settings, out, info);
	if (f == FAULT_NONE && out->findings.n == 0 && !out->findings.failed)
		return FAULT_NONE;
	f = store_lock(s, id, 0, &lock, info);
	if (f == FAULT_NONE)
		f = look(s, id, settings, out, info);
	store_unlock(&lock);
	return f;
}

/* ---- mending ---- */

static bool
is_same(const struct thumbnail *a, const struct thumbnail *b)
{
	return a->inode == b->inode && a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

/* What was condemned and is still the same file, by all its names. */
static void
condemn_again(const struct examined *was, const struct settings *settings,
    struct examined *now)
{
	for (size_t i = 0; i < was->n; i++)
		for (size_t k = 0; was->thumbs[i].is_condemned && k < now->n;
		     k++)
			if (is_same(&was->thumbs[i], &now->thumbs[k]))
				examined_condemn(now, k, settings, "");
}

static int
unlink_condemned(int public, const struct examined *e)
{
	char name[VARIANT_FILE_MAX + 1];

	for (size_t i = 0; i < e->n; i++) {
		const struct variant *v = &e->thumbs[i].variant;

		if (!e->thumbs[i].is_condemned)
			continue;
		if (v->recipe[0] == '\0')
			variant_link(v, name);
		else
			variant_file(v, name);
		if (unlinkat(public, name, 0) == -1 && errno != ENOENT)
			return -1;
	}
	if (e->is_meta_wrong && unlinkat(public, "meta.json", 0) == -1 &&
	    errno != ENOENT)
		return -1;
	return fsync(public);
}

static enum fault
mend_public(struct store *s, const struct examined *e, struct fault_info *info)
{
	int64_t before, after;
	bool is_known;
	int public;
	enum fault f = store_open_side(s, "public", e->id, &public, info);

	if (f != FAULT_NONE || public == -1)
		return f;
	is_known = store_weigh(s->root, e->id, &before) == 0;
	if (unlink_condemned(public, e) == -1)
		f = fault_errno(info, "public");
	if (is_known && store_weigh(s->root, e->id, &after) == 0)
		store_usage_add(s, e->id, after - before, 0);
	fd_close(&public);
	return f;
}

static enum fault
mend_sum(struct store *s, const struct examined *e, struct fault_info *info)
{
	int photo;
	enum fault f = store_open_side(s, "photos", e->id, &photo, info);

	if (f == FAULT_NONE && photo != -1 &&
	    store_put_file(s, photo, STORE_SUM_FILE, e->sum, DIGEST_HEX_LEN) ==
		-1)
		f = fault_errno(info, STORE_SUM_FILE);
	fd_close(&photo);
	return f;
}

static bool
can_render(const struct examined *e)
{
	return !e->is_leaving &&
	    !findings_have_any(&e->findings, DAMAGE_CORRUPT) &&
	    !findings_have_any(&e->findings, DAMAGE_LOST);
}

/* Without a good original the worst thumbnail is better than none. */
static enum fault
mend(struct store *s, const struct examined *e, struct fault_info *info)
{
	enum fault f = FAULT_NONE;

	if (e->is_leaving)
		return store_discard(s, e->id, info);
	if (e->is_sum_wrong)
		f = mend_sum(s, e, info);
	if (f == FAULT_NONE && can_render(e))
		f = mend_public(s, e, info);
	return f;
}

enum fault
store_mend(struct store *s, const struct examined *e,
    const struct settings *settings, bool *needs_rendering,
    struct wanted *wanted, struct fault_info *info)
{
	struct examined now = { 0 };
	int lock = -1;
	enum fault f = store_lock(s, e->id, 0, &lock, info);

	*needs_rendering = false;
	if (f == FAULT_NONE)
		f = look(s, e->id, settings, &now, info);
	if (f == FAULT_NONE) {
		condemn_again(e, settings, &now);
		f = mend(s, &now, info);
	}
	if (f == FAULT_NONE && can_render(&now)) {
		*needs_rendering = now.needs_rendering;
		*wanted = now.wanted;
	}
	store_unlock(&lock);
	examined_fini(&now);
	return f;
}
