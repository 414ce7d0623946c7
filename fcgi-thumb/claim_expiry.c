#include "config.h"

/*
 * Claims that end by themselves. A note of each lies where the time to look at
 * it is found from its name:
 *
 *   state/expires/<hour>/<Unix seconds>.<id>.<file of the claim>
 *
 * It is written before the claim is visible and removed after the claim is
 * gone, under the photo's lock both times: none is forgotten. What becomes of
 * the claim in between is no business of the note.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claim_internal.h"
#include "clock.h"
#include "fdio.h"
#include "log.h"
#include "number.h"
#include "store_internal.h"

#define HOUR 3600
#define NOTE_MAX (20 + 1 + PHOTO_ID_LEN + 1 + DIGEST_HEX_LEN)

/* A photo in work elsewhere is left for the next time. */
#define WAIT_NS (50 * NS_PER_MS)

/* Where the note of a claim that ends is, and its directory. */
struct place {
	char dir[PATH_BYTES];
	char path[PATH_BYTES + NOTE_MAX];
};

static struct place
place_of(const char *id, const char *file, const struct claim *c)
{
	struct place place = { "", "" };

	(void)snprintf(place.dir, sizeof place.dir, CLAIM_EXPIRES "/%" PRId64,
	    c->expires / HOUR);
	(void)snprintf(place.path, sizeof place.path, "%s/%" PRId64 ".%s.%s",
	    place.dir, c->expires, id, file);
	return place;
}

bool
claim_has_note(struct store *s, const char *id, const char *file,
    const struct claim *c)
{
	const struct place place = place_of(id, file, c);

	if (c->expires == 0)
		return true;
	return faccessat(s->root, place.path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The names that lead to it, also to one that somebody else has just made. */
static int
add_dirs(struct store *s, const struct place *place, struct durable *d)
{
	return durable_add_dir(d, s->root, place->dir) == 0
	    ? durable_add_dir(d, s->root, CLAIM_EXPIRES)
	    : -1;
}

int
claim_begin_note(struct store *s, const char *id, const char *file,
    const struct claim *c, struct durable *d)
{
	const struct place place = place_of(id, file, c);

	if (c->expires == 0)
		return 0;
	/* A sweep may remove the empty directory between the two: once more. */
	for (unsigned i = 0; i < 3; i++) {
		if (store_make_dir(s->root, place.dir, 0700) == -1 &&
		    errno != ENOENT)
			return -1;
		if (durable_add(d,
			fd_make_file(s->root, place.path, 0600, "", 0)) == 0 ||
		    errno == EEXIST)
			return add_dirs(s, &place, d);
		if (errno != ENOENT)
			return -1;
	}
	return -1;
}

int
claim_note_expiry(struct store *s, const char *id, const char *file,
    const struct claim *c)
{
	struct durable d = { .n = 0 };
	int rc = claim_begin_note(s, id, file, c, &d);

	if (rc == 0)
		rc = durable_sync(&d);
	durable_fini(&d);
	return rc;
}

int
claim_parse_note(const char *name, struct note *out)
{
	const char *dot = strchr(name, '.');
	char digits[21];
	unsigned long long at;

	if (dot == NULL || (size_t)(dot - name) >= sizeof digits ||
	    strlen(dot + 1) != PHOTO_ID_LEN + 1 + DIGEST_HEX_LEN ||
	    dot[1 + PHOTO_ID_LEN] != '.')
		return -1;
	memcpy(digits, name, (size_t)(dot - name));
	digits[dot - name] = '\0';
	memcpy(out->id, dot + 1, PHOTO_ID_LEN);
	out->id[PHOTO_ID_LEN] = '\0';
	memcpy(out->file, dot + 2 + PHOTO_ID_LEN, DIGEST_HEX_LEN + 1);
	if (number_parse(digits, 0, INT64_MAX, &at) == -1 ||
	    !photo_id_is_valid(out->id) || !digest_hex_is_valid(out->file))
		return -1;
	out->at = (int64_t)at;
	return 0;
}

/*
 * A token that was made of an Idempotency-Key names the same file again, which
 * may stay for longer by now: what the claim says itself counts.
 */
static enum fault
drop_due(struct store *s, const struct note *note, struct fault_info *info)
{
	struct claim claim = { 0 };
	int photo = -1, claims = -1;
	enum fault f = store_open_side(s, "photos", note->id, &photo, info);

	if (f != FAULT_NONE || photo == -1)
		return f;
	claims = claim_open_dir(photo);
	/* What is not there any more was taken back before. */
	if ((claims == -1 ||
		claim_read_file(claims, note->file, &claim) == -1) &&
	    errno != ENOENT)
		f = fault_errno(info, "claim");
	fd_close(&claims);
	fd_close(&photo);
	if (f != FAULT_NONE || claim.expires == 0 || claim.expires > note->at)
		return f;
	return claim_drop_file(s, note->id, note->file, info);
}

/* A pass over the notes. */
struct pass {
	struct store *store;
	int64_t now;
	uint64_t until_ns;
	struct claims_swept swept;
	bool only_counts;
};

/*
 * Take back what the note means, then the note. False: somebody is at the
 * photo, soon again. What fails is said, and left for the next round.
 */
static bool
carry_out(struct pass *pass, int hour, const char *name,
    const struct note *note)
{
	uint64_t until = clock_monotonic_ns() + WAIT_NS;
	struct store *s = pass->store;
	struct fault_info info;
	int lock = -1;
	enum fault f = store_lock(s, note->id, until, &lock, &info);
	bool was_here;

	if (f != FAULT_NONE)
		return false;
	was_here = store_is_here(s, note->id);
	f = store_settle(s, note->id, &info);
	if (f == FAULT_NONE)
		f = drop_due(s, note, &info);
	if (f == FAULT_NONE)
		f = unlinkat(hour, name, 0) == 0 || errno == ENOENT
		    ? FAULT_NONE
		    : fault_errno(&info, "expiry");
	if (f != FAULT_NONE) {
		log_error("photo %s: its expiry: %s", note->id, info.cause);
	} else {
		pass->swept.notes++;
		pass->swept.photos += was_here && !store_is_here(s, note->id);
	}
	store_unlock(&lock);
	return true;
}

/* The notes of one hour that are due. False: some are left that are. */
static bool
sweep_hour(struct pass *pass, int expires, const char *name)
{
	DIR *dir = fd_list(expires, name);
	const struct dirent *entry;
	struct note note;
	bool done = true;

	while (dir != NULL && (entry = fd_next(dir)) != NULL) {
		if (claim_parse_note(entry->d_name, &note) == -1 ||
		    note.at > pass->now)
			continue;
		if (pass->only_counts) {
			pass->swept.notes++;
			continue;
		}
		if (clock_monotonic_ns() >= pass->until_ns) {
			done = false;
			break;
		}
		if (!carry_out(pass, dirfd(dir), entry->d_name, &note))
			done = false;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return done;
}

static bool
sweep_hours(struct pass *pass)
{
	DIR *dir = fd_list(pass->store->root, CLAIM_EXPIRES);
	unsigned long long hour, last = (unsigned long long)(pass->now / HOUR);
	const struct dirent *entry;
	bool done = true;

	while (dir != NULL && (entry = fd_next(dir)) != NULL) {
		if (number_parse(entry->d_name, 0, last, &hour) == -1)
			continue;
		if (!sweep_hour(pass, dirfd(dir), entry->d_name))
			done = false;
		/* Refused while there is a note in it. */
		if (hour < last && !pass->only_counts)
			(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir != NULL)
		(void)closedir(dir);
	return done;
}

bool
claim_sweep(struct store *s, int64_t now, uint64_t until_ns,
    struct claims_swept *swept)
{
	struct pass pass = { .store = s, .now = now, .until_ns = until_ns };
	bool done = sweep_hours(&pass);

	if (swept != NULL) {
		swept->notes += pass.swept.notes;
		swept->photos += pass.swept.photos;
	}
	return done;
}

uint64_t
claim_count_due(struct store *s, int64_t now)
{
	struct pass pass = { .store = s, .now = now, .only_counts = true };

	(void)sweep_hours(&pass);
	return pass.swept.notes;
}
