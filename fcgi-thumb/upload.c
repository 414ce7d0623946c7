#include "config.h"

/*
 * Receives the files of a request. Responsible for what counts as a photo and
 * for the limits on their number and size; refuses to know what a photo holds.
 * A fault of one photo leaves the others alone; a fault of the request leaves
 * nothing. The whole body is read before too many files, or none, are said, so
 * that the answer can give the true number.
 */

#include "upload.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "metrics.h"
#include "mime.h"

#define PIECE_SIZE (64 * 1024) /* bytes asked of the body at once */

struct receiver {
	struct upload *upload;
	const struct limits *limits;
	int dirfd;
	unsigned files; /* also those over limits->files */
	/* the part that is coming in */
	struct upload_field *field; /* NULL: a file, or nothing that we keep */
	bool is_file;
	char name[PART_NAME_MAX + 1];
	uint64_t len;               /* bytes so far */
	struct upload_photo *photo; /* NULL: none yet, or one too many */
};

/* A place for one more photo, or none when there are too many. */
static enum fault
open_photo(struct receiver *r, struct fault_info *info)
{
	struct upload *u = r->upload;

	if (++r->files > r->limits->files)
		return FAULT_NONE;
	if (u->photos == NULL)
		u->photos = calloc(r->limits->files, sizeof *u->photos);
	if (u->photos == NULL) {
		errno = ENOMEM;
		return fault_errno(info, "photos");
	}
	r->photo = &u->photos[u->n++];
	memcpy(r->photo->name, r->name, sizeof r->name);
	return FAULT_NONE;
}

/* The field of that name that we keep, or NULL. */
static struct upload_field *
find_field(struct upload *u, const char *name)
{
	if (strcmp(name, "token") == 0)
		return &u->token;
	if (strcmp(name, "expires") == 0)
		return &u->expires;
	return NULL;
}

static enum fault
begin_part(void *ctx, const struct part *part, struct fault_info *info)
{
	struct receiver *r = ctx;

	(void)info; /* nothing can fail before the first byte */
	r->field = part->is_file ? NULL : find_field(r->upload, part->name);
	if (r->field != NULL) {
		r->field->is_spoilt = r->field->is_there;
		r->field->is_there = true;
	}
	r->is_file = part->is_file;
	memcpy(r->name, part->filename, sizeof r->name);
	r->len = 0;
	r->photo = NULL;
	return FAULT_NONE;
}

static void
add_text(struct receiver *r, const void *data, size_t len)
{
	struct upload_field *field = r->field;

	if (r->len + len > UPLOAD_FIELD_MAX || memchr(data, '\0', len) != NULL)
		field->is_spoilt = true;
	if (!field->is_spoilt)
		memcpy(field->text + r->len, data, len);
	r->len += len;
}

static enum fault
add_data(void *ctx, const void *data, size_t len, struct fault_info *info)
{
	struct receiver *r = ctx;
	enum fault f;

	if (r->field != NULL)
		add_text(r, data, len);
	if (!r->is_file)
		return FAULT_NONE;
	r->upload->bytes += len;
	if (r->len == 0) {
		if ((f = open_photo(r, info)) != FAULT_NONE)
			return f;
		if (r->photo != NULL &&
		    (f = spool_init(&r->photo->spool, r->dirfd, info)) !=
			FAULT_NONE)
			return f;
	}
	r->len += len;
	if (r->photo == NULL || r->photo->info.fault != FAULT_NONE)
		return FAULT_NONE;
	if (r->len <= r->limits->photo)
		return spool_write(&r->photo->spool, data, len, info);
	/* It is only counted from here on; end_part says by how much. */
	r->photo->info.fault = FAULT_PHOTO_TOO_LARGE;
	spool_fini(&r->photo->spool);
	return FAULT_NONE;
}

static enum fault
end_part(void *ctx, struct fault_info *info)
{
	struct receiver *r = ctx;
	uint64_t max = r->limits->photo;
	enum fault f;

	/* A form whose file field was left alone sends no name and no bytes. */
	if (!r->is_file || (r->len == 0 && r->name[0] == '\0'))
		return FAULT_NONE;
	if (r->len == 0 && (f = open_photo(r, info)) != FAULT_NONE)
		return f;
	if (r->photo == NULL)
		return FAULT_NONE;
	if (r->len == 0)
		(void)fault_set(&r->photo->info, FAULT_UNSUPPORTED_FORMAT,
		    "The file is empty.");
	else if (r->len > max)
		(void)fault_limit(&r->photo->info, FAULT_PHOTO_TOO_LARGE, max,
		    r->len, "The photo has %llu bytes; at most %llu are taken.",
		    (unsigned long long)r->len, (unsigned long long)max);
	else
		return spool_finish(&r->photo->spool, info);
	return FAULT_NONE;
}

static enum fault
receive_multipart(struct receiver *r, struct body *body,
    const char *content_type, char *piece, struct fault_info *info)
{
	const struct multipart_events events = { .begin = begin_part,
		.data = add_data,
		.end = end_part,
		.ctx = r };
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	struct multipart *m;
	enum fault f = multipart_boundary(content_type, boundary, info);
	size_t len = 0;

	if (f != FAULT_NONE)
		return f;
	m = multipart_new(boundary, &events);
	if (m == NULL) {
		errno = ENOMEM;
		return fault_errno(info, "multipart");
	}
	do {
		f = body_read(body, piece, PIECE_SIZE, &len, info);
		if (f == FAULT_NONE)
			f = multipart_feed(m, piece, len, info);
	} while (f == FAULT_NONE && len > 0);
	if (f == FAULT_NONE && !multipart_is_complete(m))
		f = fault_set(info, FAULT_BODY_TRUNCATED,
		    "The form data ends without its closing boundary.");
	multipart_free(m);
	return f;
}

/* The body is the photo. */
static enum fault
receive_raw(struct receiver *r, struct body *body, char *piece,
    struct fault_info *info)
{
	const struct part unnamed = { .is_file = true };
	enum fault f = begin_part(r, &unnamed, info);
	size_t len = 0;

	while (f == FAULT_NONE) {
		f = body_read(body, piece, PIECE_SIZE, &len, info);
		if (f != FAULT_NONE || len == 0)
			break;
		f = add_data(r, piece, len, info);
	}
	return f == FAULT_NONE ? end_part(r, info) : f;
}

/*
 * Forms that were sent in the wrong encoding have lost their files, and would
 * else be refused as strange pictures, which helps nobody.
 */
static enum fault
check_type(const char *content_type, struct fault_info *info)
{
	if (mime_type_is(content_type, "application/x-www-form-urlencoded"))
		return fault_set(info, FAULT_BAD_REQUEST,
		    "Form fields came, not a file: send multipart/form-data "
		    "(curl -F photo=@FILE instead of -d, "
		    "enctype=\"multipart/form-data\" in HTML).");
	if (mime_type_is(content_type, "multipart/*") &&
	    !multipart_is(content_type))
		return fault_set(info, FAULT_BAD_REQUEST,
		    "Of the multipart types only multipart/form-data is taken "
		    "(curl -F photo=@FILE).");
	return FAULT_NONE;
}

/* The body has come whole: is it what we want? */
static enum fault
check_count(const struct receiver *r, struct fault_info *info)
{
	unsigned max = r->limits->files;

	if (r->files > max)
		return fault_limit(info, FAULT_TOO_MANY_FILES, max, r->files,
		    "The upload has %u photos; at most %u are taken at once.",
		    r->files, max);
	if (r->files == 0)
		return fault_set(info, FAULT_NO_FILE,
		    "The request has arrived whole, with no file in it.");
	return FAULT_NONE;
}

enum fault
upload_receive(struct upload *u, const struct io *io,
    const struct settings *settings, int dirfd, const struct progress *progress,
    struct fault_info *info)
{
	struct receiver r = { .upload = u,
		.limits = &settings->limits,
		.dirfd = dirfd };
	const char *type = io->param(io->ctx, "CONTENT_TYPE");
	char piece[PIECE_SIZE];
	struct body body;
	enum fault f;

	if (type == NULL)
		type = "";
	f = check_type(type, info);
	if (f == FAULT_NONE)
		f = body_open(&body, io, progress, r.limits->request, info);
	if (f != FAULT_NONE)
		return f;
	if (multipart_is(type))
		f = receive_multipart(&r, &body, type, piece, info);
	else
		f = receive_raw(&r, &body, piece, info);
	metrics_own()->received_bytes += u->bytes;
	return f == FAULT_NONE ? check_count(&r, info) : f;
}

void
upload_fini(struct upload *u)
{
	for (unsigned i = 0; i < u->n; i++)
		spool_fini(&u->photos[i].spool);
	free(u->photos);
	*u = (struct upload){ 0 };
}
