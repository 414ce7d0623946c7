#include "config.h"

/*
 * From a draft to what everybody sees, by renames, with everything synced
 * before it becomes visible. Knows the order of steps and durability; the
 * caller holds the photo's lock. A new photo appears whole or not at all; what
 * is seen of one that is here changes as a whole, the manifest with its files.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "log.h"
#include "publish_internal.h"
#include "store_internal.h"

/* The addresses of one publish, relative to the store's root and staging. */
struct paths {
	char draft_photo[PATH_BYTES]; /* below staging */
	char draft_public[PATH_BYTES];
	char photo[PATH_BYTES]; /* below root */
	char public[PATH_BYTES];
	char photo_parent[PATH_BYTES];
	char public_parent[PATH_BYTES];
};

static void
find_paths(const struct draft *d, const char *id, struct paths *p)
{
	draft_path(d, "photo", p->draft_photo);
	draft_path(d, "public", p->draft_public);
	store_side_path(p->photo, "photos", id);
	store_side_path(p->public, "public", id);
	(void)snprintf(p->photo_parent, PATH_BYTES, "photos/%.2s", id);
	(void)snprintf(p->public_parent, PATH_BYTES, "public/%.2s", id);
}

/* The descriptor of meta.json in the draft, or -1. */
static int
make_meta(const struct draft *d, const struct manifest *m,
    const struct settings *settings)
{
	struct buf text = { 0 };
	char path[PATH_BYTES];
	int fd = -1;

	manifest_write(m, settings, &text);
	draft_path(d, "public/meta.json", path);
	if (text.failed)
		errno = ENOMEM;
	else
		fd = fd_make_file(d->store->staging, path, 0644, text.data,
		    text.len);
	buf_fini(&text);
	return fd;
}

/*
 * meta.json's mtime must move on, or caches would take the new one for the old,
 * which is in `public` (-1: none is here).
 */
static int
advance_mtime(int fd, int public)
{
	struct stat was, is;

	if (public == -1)
		return 0;
	if (fstatat(public, "meta.json", &was, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &is) == -1)
		return -1;
	if (is.st_mtim.tv_sec > was.st_mtim.tv_sec)
		return 0;
	return fd_set_mtime(fd, was.st_mtim.tv_sec + 1);
}

static int
write_meta(struct draft *d, const struct manifest *m,
    const struct settings *settings, int public)
{
	int fd = make_meta(d, m, settings);

	if (fd != -1 && advance_mtime(fd, public) == -1)
		fd_close(&fd);
	return durable_add(&d->durable, fd);
}

/*
 * Before anything of it is seen: the files, then the directories that name
 * them, of which the public one has its last name only now.
 */
static int
sync_draft(struct draft *d, const struct paths *p)
{
	return durable_add_dir(&d->durable, d->store->staging,
		   p->draft_public) == -1
	    ? -1
	    : durable_sync(&d->durable);
}

static int
sync_parents(struct store *s, const struct paths *p)
{
	return fd_sync_dir(s->root, p->photo_parent) == -1
	    ? -1
	    : fd_sync_dir(s->root, p->public_parent);
}

/* One side becomes visible. */
static int
show(struct store *s, const char *draft, const char *path)
{
	return renameat2(s->staging, draft, s->root, path, RENAME_NOREPLACE);
}

/* What could not be made to last is taken back. Keeps errno. */
static void
hide(struct store *s, const char *path, const char *draft)
{
	int error = errno;

	if (renameat2(s->root, path, s->staging, draft, RENAME_NOREPLACE) == -1)
		log_error("%s stays, and its upload was refused: %s", path,
		    strerror(errno));
	errno = error;
}

/* The whole public side at once, of a photo that has lost it. */
static int
put_public(struct store *s, const struct paths *p)
{
	if (show(s, p->draft_public, p->public) == -1)
		return -1;
	if (fd_sync_dir(s->root, p->public_parent) == 0)
		return 0;
	hide(s, p->public, p->draft_public);
	return -1;
}

/*
 * A new photo. photos/ first: that is the commit. When the public side cannot
 * follow, or either cannot be made to last, all is taken back, so that a
 * refused upload leaves nothing. The two directories that name them are synced
 * last and together: whatever a power cut leaves before that was promised to
 * nobody, and one side without the other is put in order when it is met.
 */
static int
publish_new(struct draft *d, const struct paths *p)
{
	struct store *s = d->store;

	if (durable_add_dir(&d->durable, s->staging, p->draft_photo) == -1 ||
	    sync_draft(d, p) == -1 || show(s, p->draft_photo, p->photo) == -1)
		return -1;
	if (show(s, p->draft_public, p->public) == 0) {
		if (sync_parents(s, p) == 0)
			return 0;
		hide(s, p->public, p->draft_public);
	}
	hide(s, p->photo, p->draft_photo);
	return -1;
}

/* Bring back an original that is missing or short, and its sum. */
static int
mend_original(const struct manifest *m, int draft, int photo)
{
	char name[32];

	if (store_has_original(photo, m->format, m->bytes))
		return 0;
	store_original_name(name, sizeof name, m->format);
	if (renameat(draft, name, photo, name) == -1 ||
	    renameat(draft, STORE_SUM_FILE, photo, STORE_SUM_FILE) == -1)
		return -1;
	return fsync(photo);
}

static bool
is_same_file(int dirfd, const char *a, const char *b)
{
	struct stat x, y;

	return fstatat(dirfd, a, &x, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(dirfd, b, &y, AT_SYMLINK_NOFOLLOW) == 0 &&
	    x.st_ino == y.st_ino;
}

/*
 * Take the plain names from a preset's files of older recipes, also in formats
 * that it has no more; the fresh ones take theirs over. The files stay for
 * whoever has their whole address.
 */
static int
unlink_outdated(int public, const struct preset *preset,
    const struct manifest *fresh)
{
	char file[VARIANT_FILE_MAX + 1], link[VARIANT_FILE_MAX + 1];
	struct variant v = { 0 };

	memcpy(v.preset, preset->name, sizeof v.preset);
	memcpy(v.recipe, preset->recipe, sizeof v.recipe);
	for (v.format = FORMAT_NONE + 1; v.format < FORMAT_COUNT; v.format++) {
		variant_file(&v, file);
		variant_link(&v, link);
		if (manifest_find(fresh, preset, v.format) == NULL &&
		    !is_same_file(public, file, link) &&
		    unlinkat(public, link, 0) == -1 && errno != ENOENT)
			return -1;
	}
	return 0;
}

static bool
has_preset(const struct manifest *m, const struct preset *preset)
{
	for (unsigned i = 0; i < m->n; i++)
		if (strcmp(m->variants[i].preset, preset->name) == 0)
			return true;
	return false;
}

/* What is no file, or has been made anew, stays behind. */
static int
link_file(int draft, int public, const char *name)
{
	struct stat st;

	if (fstatat(public, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	return !S_ISREG(st.st_mode) ||
		linkat(public, name, draft, name, 0) == 0 || errno == EEXIST
	    ? 0
	    : -1;
}

/* What is here and stays, into the draft beside the fresh files. */
static int
link_present(int draft, int public)
{
	DIR *dir = fd_list(public, ".");
	const struct dirent *entry;
	int error;

	if (dir == NULL)
		return -1;
	while ((entry = fd_next(dir)) != NULL)
		if (link_file(draft, public, entry->d_name) == -1)
			break;
	error = errno; /* of the one or the other; 0 at the end of all */
	(void)closedir(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Make of the draft all that is to be seen. */
static int
complete_public(const struct manifest *fresh, const struct settings *settings,
    int draft, int public)
{
	if (link_present(draft, public) == -1)
		return -1;
	for (unsigned i = 0; i < settings->n_presets; i++)
		if (has_preset(fresh, &settings->presets[i]) &&
		    unlink_outdated(draft, &settings->presets[i], fresh) == -1)
			return -1;
	return 0;
}

/* And show it in one step. */
static int
replace_public(struct store *s, const struct paths *p)
{
	int error;

	if (renameat2(s->staging, p->draft_public, s->root, p->public,
		RENAME_EXCHANGE) == -1)
		return -1;
	if (fd_sync_dir(s->root, p->public_parent) == 0)
		return 0;
	error = errno;
	(void)renameat2(s->root, p->public, s->staging, p->draft_public,
	    RENAME_EXCHANGE);
	errno = error;
	return -1;
}

/*
 * A file that is here under the whole name of a fresh one stays, since caches
 * keep what they have from there for a year: the same preset beside others can
 * have come out with other pixels. It takes the fresh one's place in the draft.
 *
 * told  what was known of it; NULL: nothing. Then it is the fresh one's engine
 *       that made it where both have the same length to the byte
 */
static int
keep_file(int draft, int public, const struct variant *told,
    struct variant *fresh)
{
	char file[VARIANT_FILE_MAX + 1], link[VARIANT_FILE_MAX + 1];
	struct stat st;

	variant_file(fresh, file);
	variant_link(fresh, link);
	if (fstatat(public, file, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	if (unlinkat(draft, file, 0) == -1 || unlinkat(draft, link, 0) == -1 ||
	    linkat(public, file, draft, file, 0) == -1 ||
	    linkat(public, file, draft, link, 0) == -1)
		return -1;
	if (told != NULL)
		fresh->engine = told->engine;
	else if (fresh->bytes != (uint64_t)st.st_size)
		fresh->engine = ENGINE_MAGICK;
	fresh->bytes = (uint64_t)st.st_size;
	return 0;
}

static int
keep_present(const struct draft *d, const struct paths *paths,
    const struct settings *settings, const struct look *was, struct manifest *m)
{
	int draft = draft_open_side(d, "public");
	int public = openat(d->store->root, paths->public,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = draft == -1 || (public == -1 && errno != ENOENT) ? -1 : 0;

	for (unsigned p = 0; public != -1 && p < settings->n_presets; p++)
		for (unsigned i = 0; i < settings->presets[p].n_formats; i++) {
			const struct variant *v =
			    manifest_find(m, &settings->presets[p],
				settings->presets[p].formats[i]);

			if (rc == 0 && v != NULL &&
			    (was->suspect.formats[p] & 1U << i) == 0)
				rc = keep_file(draft, public,
				    manifest_find(&was->manifest,
					&settings->presets[p], v->format),
				    &m->variants[v - m->variants]);
		}
	fd_close(&public);
	fd_close(&draft);
	return rc;
}

/* What is under its plain name when the fresh files are in, in the settings' order. */
static void
merge(const struct manifest *fresh, const struct manifest *was,
    const struct settings *settings, struct manifest *out)
{
	*out = *fresh;
	out->n = 0;
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *preset = &settings->presets[p];

		for (unsigned i = 0; i < preset->n_formats; i++) {
			enum format format = preset->formats[i];
			const struct variant *v =
			    manifest_find(fresh, preset, format);

			if (v == NULL)
				v = has_preset(fresh, preset)
				    ? manifest_find(was, preset, format)
				    : manifest_find_any(was, preset, format);
			if (v != NULL)
				out->variants[out->n++] = *v;
		}
	}
}

/* More files of a photo that is here. */
static int
publish_more(struct draft *d, const struct paths *p,
    const struct manifest *fresh, const struct manifest *m,
    const struct settings *settings)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	struct store *s = d->store;
	int draft_photo = draft_open_side(d, "photo");
	int draft_public = draft_open_side(d, "public");
	int photo = openat(s->root, p->photo, flags);
	int public = openat(s->root, p->public, flags);
	int rc = -1;

	if (draft_photo == -1 || draft_public == -1 || photo == -1 ||
	    write_meta(d, m, settings, public) == -1 ||
	    (public != -1 &&
		complete_public(fresh, settings, draft_public, public) == -1) ||
	    sync_draft(d, p) == -1 ||
	    mend_original(m, draft_photo, photo) == -1)
		goto out;
	rc = public == -1 ? put_public(s, p) : replace_public(s, p);
out:
	fd_close(&public);
	fd_close(&photo);
	fd_close(&draft_public);
	fd_close(&draft_photo);
	return rc;
}

/* All that is here of it is in the draft: nothing has to be counted. */
static enum fault
publish_first(struct draft *d, const struct manifest *m,
    const struct settings *settings, const struct paths *p,
    struct fault_info *info)
{
	if (write_meta(d, m, settings, -1) == -1 || publish_new(d, p) == -1)
		return fault_errno(info, "publish");
	store_usage_add(d->store, m->id,
	    (int64_t)(m->bytes + manifest_weigh(m)), 1);
	return FAULT_NONE;
}

enum fault
draft_publish(struct draft *d, struct manifest *m,
    const struct settings *settings, const struct look *was,
    struct fault_info *info)
{
	struct manifest fresh = *m;
	struct store *s = d->store;
	struct paths p;
	int64_t before, after;
	bool is_known;
	int rc;

	find_paths(d, m->id, &p);
	if (was->presence == PRESENCE_NONE)
		return publish_first(d, m, settings, &p, info);
	is_known = store_weigh(s->root, m->id, &before) == 0;
	if ((rc = keep_present(d, &p, settings, was, &fresh)) == 0) {
		merge(&fresh, &was->manifest, settings, m);
		rc = publish_more(d, &p, &fresh, m, settings);
	}
	if (rc == -1)
		(void)fault_errno(info, "publish");
	/* Otherwise the sum comes right when it is counted anew. */
	if (is_known && store_weigh(s->root, m->id, &after) == 0)
		store_usage_add(s, m->id, after - before, 0);
	return rc == 0 ? FAULT_NONE : info->fault;
}

/* The files are right; what is said of them is of other settings. */
static enum fault
refresh_meta(struct store *s, const struct manifest *m,
    const struct settings *settings, struct fault_info *info)
{
	struct draft d;
	struct paths p;
	int draft = -1, public = -1;
	enum fault f = draft_open(&d, s, info);

	if (f != FAULT_NONE)
		return f;
	find_paths(&d, m->id, &p);
	draft = draft_open_side(&d, "public");
	public = openat(s->root, p.public,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (draft == -1 || public == -1 ||
	    write_meta(&d, m, settings, public) == -1 ||
	    durable_sync(&d.durable) == -1 ||
	    renameat(draft, "meta.json", public, "meta.json") == -1 ||
	    fsync(public) == -1)
		f = fault_errno(info, "meta.json");
	fd_close(&public);
	fd_close(&draft);
	draft_close(&d);
	return f;
}

enum fault
publish_look(struct store *s, const char *id, const struct settings *settings,
    struct look *out, struct fault_info *info)
{
	enum fault f = store_settle(s, id, info);

	if (f == FAULT_NONE)
		f = store_look(s, id, settings, out, info);
	if (f != FAULT_NONE || out->presence != PRESENCE_STALE)
		return f;
	out->presence = PRESENCE_WHOLE;
	return refresh_meta(s, &out->manifest, settings, info);
}
