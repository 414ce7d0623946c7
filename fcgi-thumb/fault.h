#ifndef FT_FAULT_H
#define FT_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "language.h"

/*
 * Every way in which a request can be refused. The code (slug), the HTTP
 * status and the text of each stand in one table in fault.c, from which the
 * workers' replies, nginx's own error bodies and the documentation's test are
 * all taken. FAULT_NONE is 0 and means success.
 */
enum fault {
	FAULT_NONE,
	/* the request */
	FAULT_BAD_REQUEST,
	FAULT_MULTIPART_SYNTAX,
	FAULT_BODY_TRUNCATED,
	FAULT_NO_FILE,
	FAULT_TOKEN_INVALID,
	FAULT_TOKEN_EXPIRED,
	FAULT_NOT_FOUND,
	FAULT_METHOD_NOT_ALLOWED,
	FAULT_BODY_TIMEOUT,
	FAULT_BODY_TOO_LARGE,
	FAULT_PHOTO_TOO_LARGE,
	FAULT_TOO_MANY_FILES,
	/* the picture */
	FAULT_BANNED,
	FAULT_UNSUPPORTED_FORMAT,
	FAULT_CORRUPT_IMAGE,
	FAULT_TOO_MANY_PIXELS,
	FAULT_SIDE_TOO_LONG,
	FAULT_TOO_MANY_FRAMES,
	FAULT_TOO_MANY_SCANS,
	FAULT_TOO_MUCH_MEMORY,
	FAULT_RENDER_TIMEOUT,
	FAULT_POISON,
	/* the service */
	FAULT_RATE_LIMITED,
	FAULT_OVERLOADED,
	FAULT_OFFLINE,
	FAULT_STORAGE_FULL,
	FAULT_INTERNAL,
	FAULT_WORKER_LOST,
	FAULT_TOO_SLOW,
	FAULT_COUNT
};

/*
 * What is known of one refusal beyond its code. limit and actual go to the
 * client; detail is one English sentence for the client, free of anything that
 * the client may not know (no path, no errno text); cause is for the log only.
 * What ends at a known time has until, and may have an operator's own words:
 * the rest of detail from reason on.
 */
#define FAULT_CAUSE_BYTES 200
struct fault_info {
	enum fault fault;
	bool has_limit;
	unsigned long long limit;  /* in the unit of the setting behind it */
	unsigned long long actual; /* same unit; valid when has_limit */
	int64_t until;             /* Unix seconds; 0: nobody knows */
	unsigned reason;           /* an offset in detail; 0: none */
	char detail[200];
	char cause[FAULT_CAUSE_BYTES];
};

/* "too-many-pixels"; lower-case letters and hyphens, never changes meaning. */
const char *fault_code(enum fault f);

/* The HTTP status, 400..599. */
int fault_status(enum fault f);

/* The reason phrase of that status (RFC 9110 15). */
const char *fault_reason(enum fault f);

/* A short English title that holds for every case of this fault. */
const char *fault_title(enum fault f);

/*
 * The same for people, who sent a form: what is the matter, as a sentence
 * without its stop, and what they can do. No character of either means anything
 * in HTML, JSON or nginx's quotes.
 */
struct fault_words {
	const char *title;
	const char *advice;
};
const struct fault_words *fault_words(enum fault f, enum language language);

/*
 * What limit and actual of a refusal are in words, behind its title:
 * ": 99.3 megapixels; the limit here is 64 megapixels", with as many digits as
 * tell them apart. Nothing where there is no limit, or one that the detail
 * alone explains. Appended to out.
 */
void fault_measures(const struct fault_info *info, enum language language,
    struct buf *out);

/* Seconds for Retry-After, or 0 where a retry would not help. */
int fault_retry_after(enum fault f);

/*
 * The same of this one refusal, now: where its end is known the time until
 * then, 1..FAULT_WAIT_MAX, since that end may be moved.
 */
#define FAULT_WAIT_MAX 3600
int fault_wait(const struct fault_info *info);

/*
 * Record a fault and return it, so that a leaf can end with
 * `return fault_set(info, FAULT_..., "...")`. Every field of info is
 * overwritten. detail is a printf format, "" where the title says it all.
 */
enum fault fault_set(struct fault_info *info, enum fault f, const char *detail,
    ...) __attribute__((format(printf, 3, 4)));

/* The same for a passed limit; detail says the unit in words. */
enum fault fault_limit(struct fault_info *info, enum fault f,
    unsigned long long limit, unsigned long long actual, const char *detail,
    ...) __attribute__((format(printf, 5, 6)));

/*
 * Turn errno of a failed file operation into a fault, in one place for all:
 * ENOSPC, EDQUOT, EFBIG -> FAULT_STORAGE_FULL; EIO, EROFS -> FAULT_OFFLINE;
 * EMFILE, ENFILE, ENOMEM -> FAULT_OVERLOADED; all else FAULT_INTERNAL. what
 * names the operation and goes to info->cause with errno's text.
 */
enum fault fault_errno(struct fault_info *info, const char *what);

#endif
