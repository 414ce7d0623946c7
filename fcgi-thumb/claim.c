#include "config.h"

/*
 * Claims as files. Responsible for a claim that is visible being whole, and for
 * a photo never being left with an empty claims/ unless it is to go; refuses to
 * know who asks. Files are made in staging and renamed into place.
 */

#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "claim_internal.h"
#include "fdio.h"
#include "number.h"
#include "store_internal.h"

#define FILE_MAX 4096 /* bytes of a claim's file */

/* ---- tokens ---- */

/*
 * The prefix keeps these sums apart from all others that are made of a key.
 * The NUL ends it, and ids have one length: no two inputs look alike.
 */
enum fault
claim_token(const char *key, const char *id, char out[CLAIM_TOKEN_LEN + 1],
    struct fault_info *info)
{
	static const char domain[] = "fcgi-thumb delete token";
	unsigned char sum[DIGEST_SHA256_LEN];
	char random[CLAIM_TOKEN_LEN + 1];
	struct buf text = { 0 };
	int rc;

	if (key[0] == '\0') {
		if (random_name(random, CLAIM_TOKEN_LEN) == -1)
			return fault_errno(info, "random");
		key = random;
	}
	buf_add(&text, domain, sizeof domain);
	buf_puts(&text, id);
	buf_puts(&text, key);
	rc = text.failed ? -1 : digest_sha256(text.data, text.len, sum);
	buf_fini(&text);
	if (rc == -1)
		return fault_set(info, FAULT_INTERNAL, "%s", "");
	photo_id_make(sum, out);
	return FAULT_NONE;
}

/* The name of its file. -1 where the text is no token. */
static int
name_file(const char *token, char out[DIGEST_HEX_LEN + 1])
{
	unsigned char sum[DIGEST_SHA256_LEN];

	/* A token has the form of an id. */
	if (!photo_id_is_valid(token) ||
	    digest_sha256(token, CLAIM_TOKEN_LEN, sum) == -1)
		return -1;
	digest_hex(sum, out);
	return 0;
}

/* ---- files ---- */

/* Room for an owner and two numbers of 64 bits. */
struct claim_text {
	char data[CLAIM_OWNER_MAX + 80];
	size_t len;
};

static void
write_text(const struct claim *c, struct claim_text *out)
{
	out->len = (size_t)snprintf(out->data, sizeof out->data,
	    "owner=%s\ncreated=%" PRId64 "\nexpires=%" PRId64 "\n", c->owner,
	    c->created, c->expires);
}

/* Into a directory that nobody sees yet: the descriptor, not synced. */
static int
make_file(int dirfd, const char *path, const struct claim *c)
{
	struct claim_text text;

	write_text(c, &text);
	return fd_make_file(dirfd, path, 0600, text.data, text.len);
}

static void
read_line(const char *line, struct claim *out)
{
	unsigned long long n;

	if (strncmp(line, "owner=", 6) == 0 &&
	    strlen(line + 6) <= CLAIM_OWNER_MAX)
		memcpy(out->owner, line + 6, strlen(line + 6) + 1);
	else if (strncmp(line, "created=", 8) == 0 &&
	    number_parse(line + 8, 0, INT64_MAX, &n) == 0)
		out->created = (int64_t)n;
	else if (strncmp(line, "expires=", 8) == 0 &&
	    number_parse(line + 8, 0, INT64_MAX, &n) == 0)
		out->expires = (int64_t)n;
}

int
claim_read_file(int claims, const char *file, struct claim *out)
{
	char *text = NULL, *rest = NULL;
	size_t len;

	*out = (struct claim){ 0 };
	if (fd_read_file(claims, file, FILE_MAX, &text, &len) == -1)
		return -1;
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		read_line(line, out);
	free(text);
	return 0;
}

int
claim_open_dir(int photo)
{
	return openat(photo, "claims",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- coming ---- */

enum fault
claim_begin(struct store *s, int photo, const char *id, const char *token,
    const struct claim *c, struct durable *d, struct fault_info *info)
{
	char file[DIGEST_HEX_LEN + 1];
	int claims = -1;
	enum fault f = FAULT_NONE;

	if (name_file(token, file) == -1)
		return fault_set(info, FAULT_INTERNAL, "%s", "");
	if (claim_begin_note(s, id, file, c, d) == -1 ||
	    store_make_dir(photo, "claims", 0700) == -1 ||
	    (claims = claim_open_dir(photo)) == -1 ||
	    durable_add(d, make_file(claims, file, c)) == -1) {
		f = fault_errno(info, "claim");
		fd_close(&claims);
	} else if (durable_add(d, claims) == -1) {
		f = fault_errno(info, "claims");
	}
	return f;
}

/*
 * The first claim on a photo of a version that had none: whoever sent it before
 * has no token, so it stays.
 */
static int
begin_late(struct store *s, int photo, const char *file, const struct claim *c)
{
	char name[STAGING_NAME_LEN + 1];
	struct durable d = { .n = 0 };
	int claims = -1, rc = -1;

	if (random_name(name, STAGING_NAME_LEN) == -1 ||
	    store_make_dir(s->staging, name, 0700) == -1)
		return -1;
	claims = openat(s->staging, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (claims != -1 &&
	    durable_add(&d, fd_make_file(claims, CLAIM_STAYS, 0600, "", 0)) ==
		0 &&
	    durable_add(&d, make_file(claims, file, c)) == 0 &&
	    durable_sync(&d) == 0 && fsync(claims) == 0 &&
	    renameat2(s->staging, name, photo, "claims", RENAME_NOREPLACE) == 0)
		rc = fsync(photo);
	durable_fini(&d);
	fd_close(&claims);
	if (rc == -1) {
		int error = errno;

		(void)fd_remove_tree(s->staging, name);
		errno = error;
	}
	return rc;
}

/* Claims in an open directory; -1 with errno. */
static int
count(int claims)
{
	DIR *dir = fd_list(claims, ".");
	const struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return -1;
	while ((entry = fd_next(dir)) != NULL)
		n += digest_hex_is_valid(entry->d_name);
	if (errno != 0)
		n = -1;
	(void)closedir(dir);
	return n;
}

static int
put_file(struct store *s, int claims, const char *file, const struct claim *c)
{
	struct claim_text text;

	write_text(c, &text);
	return store_put_file(s, claims, file, text.data, text.len);
}

/* Empty, so it is whole from the first moment on. */
static int
put_stays(int claims)
{
	if (fd_write_file(claims, CLAIM_STAYS, 0600, "", 0) == -1)
		return errno == EEXIST ? 0 : -1;
	return fsync(claims);
}

/* The same token once more: whoever has it may have asked for a longer time. */
static int
prolong(struct store *s, const char *id, int claims, const char *file,
    const struct claim *c)
{
	struct claim claim;

	if (claim_read_file(claims, file, &claim) == -1)
		return -1;
	if (claim.expires == 0 ||
	    (c->expires != 0 && c->expires <= claim.expires))
		return 0;
	claim.expires = c->expires;
	return claim_note_expiry(s, id, file, &claim) == -1
	    ? -1
	    : put_file(s, claims, file, &claim);
}

static int
add(struct store *s, const char *id, int photo, const char *file,
    const struct claim *c, bool *is_full)
{
	int claims = claim_open_dir(photo);
	int n, rc = 0;

	if (claims == -1 && errno != ENOENT)
		return -1;
	if (claims == -1)
		return claim_note_expiry(s, id, file, c) == -1
		    ? -1
		    : begin_late(s, photo, file, c);
	if (faccessat(claims, file, F_OK, AT_SYMLINK_NOFOLLOW) == -1) {
		n = count(claims);
		*is_full = n >= CLAIMS_MAX;
		if (n == -1)
			rc = -1;
		else if (*is_full)
			rc = put_stays(claims);
		else if ((rc = claim_note_expiry(s, id, file, c)) == 0)
			rc = put_file(s, claims, file, c);
	} else {
		rc = prolong(s, id, claims, file, c);
	}
	fd_close(&claims);
	return rc;
}

enum fault
claim_add(struct store *s, const char *id, char token[CLAIM_TOKEN_LEN + 1],
    const struct claim *c, struct fault_info *info)
{
	char file[DIGEST_HEX_LEN + 1];
	bool is_full = false;
	int photo;
	enum fault f = store_open_side(s, "photos", id, &photo, info);

	if (f != FAULT_NONE)
		return f;
	if (photo == -1 || name_file(token, file) == -1)
		f = fault_set(info, FAULT_INTERNAL, "%s", "");
	else if (add(s, id, photo, file, c, &is_full) == -1)
		f = fault_errno(info, "claim");
	if (is_full)
		token[0] = '\0';
	fd_close(&photo);
	return f;
}

/* ---- going ---- */

/* Is there nothing else in it? False where it cannot be read. */
static bool
is_only(int claims, const char *file)
{
	DIR *dir = fd_list(claims, ".");
	const struct dirent *entry;
	bool others = dir == NULL;

	while (!others && (entry = fd_next(dir)) != NULL)
		others = strcmp(entry->d_name, file) != 0;
	others = others || errno != 0;
	if (dir != NULL)
		(void)closedir(dir);
	return !others;
}

/* The last one goes with its photo: in one step, which is either done or not. */
static int
drop(int claims, const char *file, bool *is_last)
{
	if (faccessat(claims, file, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	*is_last = is_only(claims, file);
	if (*is_last)
		return 0;
	return unlinkat(claims, file, 0) == 0 ? fsync(claims) : -1;
}

enum fault
claim_drop_file(struct store *s, const char *id, const char *file,
    struct fault_info *info)
{
	int photo = -1, claims = -1;
	bool is_last = false;
	enum fault f = store_open_side(s, "photos", id, &photo, info);

	if (f == FAULT_NONE && photo == -1)
		f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
	if (f != FAULT_NONE)
		return f;
	claims = claim_open_dir(photo);
	if (claims == -1 || drop(claims, file, &is_last) == -1)
		f = errno == ENOENT
		    ? fault_set(info, FAULT_TOKEN_INVALID, "%s", "")
		    : fault_errno(info, "claim");
	fd_close(&claims);
	fd_close(&photo);
	return is_last ? store_discard(s, id, info) : f;
}

enum fault
claim_drop(struct store *s, const char *id, const char *token,
    uint64_t until_ns, struct fault_info *info)
{
	char file[DIGEST_HEX_LEN + 1];
	int lock = -1;
	enum fault f = store_lock(s, id, until_ns, &lock, info);

	if (f != FAULT_NONE)
		return f;
	/* The name of no claim: a photo that is not here is said first. */
	if (name_file(token, file) == -1)
		file[0] = '\0';
	f = store_settle(s, id, info);
	if (f == FAULT_NONE)
		f = claim_drop_file(s, id, file[0] != '\0' ? file : "-", info);
	store_unlock(&lock);
	return f;
}

/* ---- reading ---- */

/* 0, or -1 with errno. A claim that goes meanwhile is none. */
static int
read_all(int claims, struct claims *out)
{
	DIR *dir = fd_list(claims, ".");
	const struct dirent *entry;
	int error = 0;

	if (dir == NULL)
		return -1;
	out->stays =
	    faccessat(claims, CLAIM_STAYS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	while (out->n < CLAIMS_MAX && (entry = fd_next(dir)) != NULL) {
		if (!digest_hex_is_valid(entry->d_name))
			continue;
		if (claim_read_file(claims, entry->d_name,
			&out->list[out->n]) == 0)
			out->n++;
		else if (errno != ENOENT)
			error = errno;
	}
	if (out->n < CLAIMS_MAX && errno != 0)
		error = errno;
	(void)closedir(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

enum fault
claims_read(struct store *s, const char *id, struct claims *out,
    struct fault_info *info)
{
	int photo = -1, claims;
	enum fault f = store_open_side(s, "photos", id, &photo, info);

	*out = (struct claims){ 0 };
	if (f == FAULT_NONE && photo == -1)
		f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
	if (f != FAULT_NONE)
		return f;
	claims = claim_open_dir(photo);
	if (claims == -1 && errno == ENOENT)
		out->stays = true;
	else if (claims == -1 || read_all(claims, out) == -1)
		f = fault_errno(info, "claims");
	fd_close(&claims);
	fd_close(&photo);
	return f;
}
