#include "config.h"

/*
 * The files of a photo while they are made, in a staging directory that nobody
 * else touches. Each is on its way to the disk as soon as it is written, so that
 * little is left to wait for when all of them are synced.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "metrics.h"
#include "publish_internal.h"
#include "store_internal.h"

#define DRAFT_NAME_LEN 16

void
draft_path(const struct draft *d, const char *rest, char *out)
{
	(void)snprintf(out, PATH_BYTES, "%s/%s", d->name, rest);
}

int
draft_open_side(const struct draft *d, const char *side)
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
	char name[32], sum[DIGEST_HEX_LEN + 1];
	int dir = draft_open_side(d, "photo"), fd;
	enum fault f;

	if (dir == -1)
		return fault_errno(info, "draft photo");
	store_original_name(name, sizeof name, format);
	digest_hex(spool->sha, sum);
	f = spool_move_to(spool, dir, name, &fd, info);
	if (f == FAULT_NONE && durable_add(&d->durable, fd) == -1)
		f = fault_errno(info, "original");
	if (f == FAULT_NONE &&
	    durable_add(&d->durable,
		fd_make_file(dir, STORE_SUM_FILE, 0600, sum, DIGEST_HEX_LEN)) ==
		-1)
		f = fault_errno(info, STORE_SUM_FILE);
	if (f == FAULT_NONE)
		metrics_own()->written_bytes += spool->len;
	fd_close(&dir);
	return f;
}

/*
 * The last second, this one included, that is this format's own. Never one
 * that is still to come: nginx would call the file modified since.
 */
static time_t
mtime_of(enum format format)
{
	time_t now = time(NULL);

	return now - (now - (time_t)format) % FORMAT_COUNT;
}

/* The descriptor of the finished file; -1 with errno. */
static int
make_variant(int dir, const char *file, const struct variant *v,
    const void *data)
{
	int fd = fd_make_file(dir, file, 0644, data, (size_t)v->bytes);

	if (fd != -1 && fd_set_mtime(fd, mtime_of(v->format)) == -1)
		fd_close(&fd);
	return fd;
}

enum fault
draft_variant(struct draft *d, const struct variant *v, const void *data,
    struct fault_info *info)
{
	char file[VARIANT_FILE_MAX + 1], link[VARIANT_FILE_MAX + 1];
	int dir = draft_open_side(d, "public");
	enum fault f = FAULT_NONE;

	variant_file(v, file);
	variant_link(v, link);
	if (dir == -1 ||
	    durable_add(&d->durable, make_variant(dir, file, v, data)) == -1 ||
	    linkat(dir, file, dir, link, 0) == -1) {
		f = fault_errno(info, "variant");
	} else {
		metrics_own()->thumbnails[v->format]++;
		metrics_own()->written_bytes += v->bytes;
	}
	fd_close(&dir);
	return f;
}

enum fault
draft_wait(struct draft *d, struct fault_info *info)
{
	return durable_wait(&d->durable) == 0 ? FAULT_NONE
					      : fault_errno(info, "draft");
}

enum fault
draft_claim(struct draft *d, const char *id, const char *token,
    const struct claim *c, struct fault_info *info)
{
	int dir = draft_open_side(d, "photo");
	enum fault f = dir == -1
	    ? fault_errno(info, "draft photo")
	    : claim_begin(d->store, dir, id, token, c, &d->durable, info);

	fd_close(&dir);
	return f;
}

void
draft_close(struct draft *d)
{
	durable_fini(&d->durable);
	/* Best effort: what stays goes with the staging directory. */
	if (d->name[0] != '\0')
		(void)fd_remove_tree(d->store->staging, d->name);
	*d = (struct draft){ 0 };
}
