#include "config.h"

/* Claims held against the notes of their ends, and notes against the time. */

#include "claim_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "claim_internal.h"
#include "fdio.h"
#include "number.h"
#include "store_internal.h"

/* The service looks every few seconds. */
#define OVERDUE_S 3600

/*
 * Call each with the claims that end and of whose end no note tells, and every
 * other file with claim NULL. 0, or -1 with errno.
 */
static int
each_lapse(struct store *s, const char *id, int claims,
    int (*each)(struct store *s, const char *id, const char *file,
	const struct claim *claim, void *ctx),
    void *ctx)
{
	DIR *dir = fd_list(claims, ".");
	const struct dirent *entry;
	struct claim claim;
	int rc = 0, error;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = fd_next(dir)) != NULL) {
		const char *file = entry->d_name;

		if (strcmp(file, CLAIM_STAYS) == 0)
			continue;
		if (!digest_hex_is_valid(file))
			rc = each(s, id, file, NULL, ctx);
		/* It can end just between the two looks. */
		else if (claim_read_file(claims, file, &claim) == 0 &&
		    !claim_has_note(s, id, file, &claim) &&
		    claim_read_file(claims, file, &claim) == 0 &&
		    !claim_has_note(s, id, file, &claim))
			rc = each(s, id, file, &claim, ctx);
	}
	error = errno;
	(void)closedir(dir);
	errno = error;
	return rc != 0 || error == 0 ? rc : -1;
}

static int
tell(struct store *s, const char *id, const char *file,
    const struct claim *claim, void *ctx)
{
	struct findings *out = ctx;

	(void)s;
	if (claim != NULL)
		findings_add(out, DAMAGE_NOTE, id, "claims/%s: its end is lost",
		    file);
	else
		findings_add(out, DAMAGE_UNKNOWN, id,
		    "photos/%.2s/%s/claims/%s", id, id, file);
	return 0;
}

static int
note(struct store *s, const char *id, const char *file,
    const struct claim *claim, void *ctx)
{
	(void)ctx;
	return claim != NULL ? claim_note_expiry(s, id, file, claim) : 0;
}

static enum fault
go_through(struct store *s, const char *id,
    int (*each)(struct store *s, const char *id, const char *file,
	const struct claim *claim, void *ctx),
    void *ctx, struct fault_info *info)
{
	int photo, claims = -1;
	enum fault f = store_open_side(s, "photos", id, &photo, info);

	if (f != FAULT_NONE || photo == -1)
		return f;
	claims = claim_open_dir(photo);
	if (claims == -1 ? errno != ENOENT
			 : each_lapse(s, id, claims, each, ctx) == -1)
		f = fault_errno(info, "claims");
	fd_close(&claims);
	fd_close(&photo);
	return f;
}

enum fault
claim_examine(struct store *s, const char *id, struct findings *out,
    struct fault_info *info)
{
	return go_through(s, id, tell, out, info);
}

enum fault
claim_mend(struct store *s, const char *id, struct fault_info *info)
{
	int lock = -1;
	enum fault f = store_lock(s, id, 0, &lock, info);

	if (f == FAULT_NONE)
		f = go_through(s, id, note, NULL, info);
	store_unlock(&lock);
	return f;
}

/* ---- notes ---- */

static void
look_at_note(const char *hour, const char *name, int64_t now,
    struct findings *out)
{
	struct note note;

	if (claim_parse_note(name, &note) == -1)
		findings_add(out, DAMAGE_UNKNOWN, "", CLAIM_EXPIRES "/%s/%s",
		    hour, name);
	else if (note.at < now - OVERDUE_S)
		findings_add(out, DAMAGE_NOTE, note.id,
		    "claims/%s: it ended at %" PRId64, note.file, note.at);
}

static int
look_at_hour(int expires, const char *hour, int64_t now, struct findings *out)
{
	DIR *dir = fd_list(expires, hour);
	const struct dirent *entry;
	int error;

	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((entry = fd_next(dir)) != NULL)
		look_at_note(hour, entry->d_name, now, out);
	error = errno;
	(void)closedir(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

enum fault
claim_examine_notes(struct store *s, int64_t now, struct findings *out,
    struct fault_info *info)
{
	DIR *dir = fd_list(s->root, CLAIM_EXPIRES);
	const struct dirent *entry;
	unsigned long long hour;
	int rc = 0;

	if (dir == NULL)
		return errno == ENOENT ? FAULT_NONE
				       : fault_errno(info, CLAIM_EXPIRES);
	while (rc == 0 && (entry = fd_next(dir)) != NULL)
		if (number_parse(entry->d_name, 0, INT64_MAX, &hour) == 0)
			rc = look_at_hour(dirfd(dir), entry->d_name, now, out);
		else
			findings_add(out, DAMAGE_UNKNOWN, "",
			    CLAIM_EXPIRES "/%s", entry->d_name);
	if (rc == 0 && errno != 0)
		rc = -1;
	if (rc == -1)
		(void)fault_errno(info, CLAIM_EXPIRES);
	(void)closedir(dir);
	return rc == 0 ? FAULT_NONE : info->fault;
}
