#include "config.h"

/*
 * The way of a photo into the store: a draft in a staging directory that nobody
 * else touches, then renames, with everything synced before it becomes
 * visible. Knows the order of steps and durability; the caller holds the
 * photo's lock. A new photo appears whole or not at all; one that is mended
 * gets file after file, each whole, and the manifest last.
 */

#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "log.h"
#include "store_internal.h"

#define DRAFT_NAME_LEN 16

static void
draft_path(const struct draft *d, const char *rest, char *out)
{
	(void)snprintf(out, PATH_BYTES, "%s/%s", d->name, rest);
}

/* Open a side of the draft: "photo" or "public". */
static int
open_draft(const struct draft *d, const char *side)
{
	char path[PATH_BYTES];

	draft_path(d, side, path);
	return openat(d->store->staging, path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum fault
draft_open(struct draft *d, struct store *s, struct fault_info *info)
{
	char path[PATH_BYTES];

	*d = (struct draft){ .store = s };
	if (random_name(d->name, DRAFT_NAME_LEN) == -1)
		goto fail;
	if (store_make_dir(s->staging, d->name, 0700) == -1)
		goto fail;
	draft_path(d, "photo", path);
	if (store_make_dir(s->staging, path, 0700) == -1)
		goto fail;
	draft_path(d, "public", path);
	if (store_make_dir(s->staging, path, 0755) == -1)
		goto fail;
	return FAULT_NONE;
fail:
	(void)fault_errno(info, "draft");
	draft_close(d);
	return info->fault;
}

enum fault
draft_original(struct draft *d, struct spool *spool, enum format format,
    struct fault_info *info)
{
	char name[32];
	int dir = open_draft(d, "photo");
	enum fault f;

	if (dir == -1)
		return fault_errno(info, "draft photo");
	store_original_name(name, sizeof name, format);
	f = spool_move_to(spool, dir, name, info);
	fd_close(&dir);
	return f;
}

enum fault
draft_variant(struct draft *d, const struct variant *v, const void *data,
    struct fault_info *info)
{
	char file[VARIANT_FILE_MAX + 1], link[VARIANT_FILE_MAX + 1];
	int dir = open_draft(d, "public");
	enum fault f = FAULT_NONE;

	variant_file(v, file);
	variant_link(v, link);
	if (dir == -1 ||
	    fd_write_file(dir, file, 0644, data, (size_t)v->bytes) == -1 ||
	    linkat(dir, file, dir, link, 0) == -1)
		f = fault_errno(info, "variant");
	fd_close(&dir);
	return f;
}

void
draft_close(struct draft *d)
{
	/* Best effort: what stays goes with the staging directory. */
	if (d->name[0] != '\0')
		(void)fd_remove_tree(d->store->staging, d->name);
	*d = (struct draft){ 0 };
}

/* ---- publishing ---- */

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

static int
write_meta(const struct draft *d, const struct manifest *m,
    const struct settings *settings)
{
	struct buf text = { 0 };
	char path[PATH_BYTES];
	int rc = -1;

	manifest_write(m, settings, &text);
	draft_path(d, "public/meta.json", path);
	if (text.failed)
		errno = ENOMEM;
	else
		rc = fd_write_file(d->store->staging, path, 0644, text.data,
		    text.len);
	buf_fini(&text);
	return rc;
}

/*
 * The whole public side at once. One that was left over goes into the draft and
 * with it. Taken back when it cannot be made to last.
 */
static int
put_public(struct store *s, const struct paths *p)
{
	unsigned how = RENAME_NOREPLACE;
	int rc, error;

	if (fd_sync_dir(s->staging, p->draft_public) == -1)
		return -1;
	rc = renameat2(s->staging, p->draft_public, s->root, p->public, how);
	if (rc == -1 && errno == EEXIST) {
		how = RENAME_EXCHANGE;
		rc = renameat2(s->staging, p->draft_public, s->root, p->public,
		    how);
	}
	if (rc == -1)
		return -1;
	if (fd_sync_dir(s->root, p->public_parent) == 0)
		return 0;
	error = errno;
	(void)renameat2(s->root, p->public, s->staging, p->draft_public, how);
	errno = error;
	return -1;
}

/*
 * A new photo. photos/ first: that is the commit. When the public side cannot
 * follow, the commit is taken back, so that a refused upload leaves nothing.
 */
static int
publish_new(struct store *s, const struct paths *p)
{
	int error;

	if (fd_sync_dir(s->staging, p->draft_photo) == -1 ||
	    renameat2(s->staging, p->draft_photo, s->root, p->photo,
		RENAME_NOREPLACE) == -1)
		return -1;
	if (fd_sync_dir(s->root, p->photo_parent) == 0 && put_public(s, p) == 0)
		return 0;
	error = errno;
	if (renameat2(s->root, p->photo, s->staging, p->draft_photo,
		RENAME_NOREPLACE) == -1)
		log_error("photo %s stays without its public side: %s",
		    p->photo, strerror(errno));
	errno = error;
	return -1;
}

/* Bring back an original that is missing or short. */
static int
mend_original(const struct manifest *m, int draft, int photo)
{
	char name[32];

	if (store_has_original(photo, m->format, m->bytes))
		return 0;
	store_original_name(name, sizeof name, m->format);
	if (renameat(draft, name, photo, name) == -1)
		return -1;
	return fsync(photo);
}

/* meta.json's mtime must move on, or caches would take the new one for the old. */
static int
advance_mtime(int draft, int public)
{
	struct stat was, is;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

	if (fstatat(public, "meta.json", &was, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstatat(draft, "meta.json", &is, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (is.st_mtim.tv_sec > was.st_mtim.tv_sec)
		return 0;
	times[1].tv_sec = was.st_mtim.tv_sec + 1;
	return utimensat(draft, "meta.json", times, AT_SYMLINK_NOFOLLOW);
}

static int
replace_meta(int draft, int public)
{
	if (advance_mtime(draft, public) == -1 ||
	    renameat(draft, "meta.json", public, "meta.json") == -1)
		return -1;
	return fsync(public);
}

/* File by file into a public side that is there: variants, then the manifest that names them. */
static int
mend_public(const struct manifest *m, int draft, int public)
{
	char name[VARIANT_FILE_MAX + 1];

	for (unsigned i = 0; i < m->n; i++) {
		variant_file(&m->variants[i], name);
		if (renameat(draft, name, public, name) == -1)
			return -1;
		variant_link(&m->variants[i], name);
		if (renameat(draft, name, public, name) == -1)
			return -1;
	}
	return fsync(public) == 0 ? replace_meta(draft, public) : -1;
}

static int
publish_missing(struct store *s, struct draft *d, const struct paths *p,
    const struct manifest *m)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int draft_photo = open_draft(d, "photo");
	int draft_public = open_draft(d, "public");
	int photo = openat(s->root, p->photo, flags);
	int public = openat(s->root, p->public, flags);
	int rc = -1;

	if (draft_photo == -1 || draft_public == -1 || photo == -1)
		goto out;
	if (mend_original(m, draft_photo, photo) == -1)
		goto out;
	rc = public == -1 ? put_public(s, p)
			  : mend_public(m, draft_public, public);
out:
	fd_close(&public);
	fd_close(&photo);
	fd_close(&draft_public);
	fd_close(&draft_photo);
	return rc;
}

enum fault
draft_publish(struct draft *d, const struct manifest *m,
    const struct settings *settings, enum presence presence,
    struct fault_info *info)
{
	struct store *s = d->store;
	struct paths p;
	int rc = write_meta(d, m, settings);

	find_paths(d, m->id, &p);
	if (rc == 0)
		rc = presence == PRESENCE_NONE ? publish_new(s, &p)
					       : publish_missing(s, d, &p, m);
	return rc == 0 ? FAULT_NONE : fault_errno(info, "publish");
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
	draft = open_draft(&d, "public");
	public = openat(s->root, p.public,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (draft == -1 || public == -1 || write_meta(&d, m, settings) == -1 ||
	    replace_meta(draft, public) == -1)
		f = fault_errno(info, "meta.json");
	fd_close(&public);
	fd_close(&draft);
	draft_close(&d);
	return f;
}

enum fault
publish_look(struct store *s, const char *id, const struct settings *settings,
    struct manifest *out, enum presence *presence, struct fault_info *info)
{
	enum fault f = store_look(s, id, settings, out, presence, info);

	if (f != FAULT_NONE || *presence != PRESENCE_STALE)
		return f;
	*presence = PRESENCE_WHOLE;
	return refresh_meta(s, out, settings, info);
}
