#ifndef FT_LEDGER_H
#define FT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The ledger: what was seen of the service, by whom it is not, kept for good
 * count of the minutes in which it was online. A directory with one file a day
 * (UTC), YYYY-MM-DD.jsonl, one JSON object a line, only ever appended to. Many
 * processes may append at once.
 *
 * {"time":T,"kind":"probe","ok":true,"created":true,
 *  "ms":{"upload":312,"read":3,"delete":4},"version":"0.1.0"}
 * {"time":T,"kind":"probe","ok":false,"step":"upload","status":503,
 *  "code":"overloaded","why":"...","ms":{"upload":9},"version":"0.1.0"}
 * {"time":T,"kind":"requests","minute":"2026-11-28T08:51Z","total":123,
 *  "errors":2}
 * {"time":T,"kind":"offline","until":T,"reason":"...","by":"..."}
 * {"time":T,"kind":"online","by":"..."}
 * {"time":T,"kind":"release","event":"step","id":"k3mz7qpa2wxe","how":"rollout",
 *  "from":"0.1.0","to":"0.2.0","slot":"green","share":5.0,"verdict":"pass",
 *  "by":"...","reason":"..."}
 *
 * T is 2026-11-28T08:51:20.123Z. Times in memory are ms since the epoch.
 */

#define LEDGER_DAY_MS INT64_C(86400000)
#define LEDGER_MINUTE_MS INT64_C(60000)

/* Days that are worth keeping: a year, and the month to compare with. */
#define LEDGER_DAYS_KEPT 400

/* Of a line with its newline; what is longer is nobody's. */
#define LEDGER_LINE_MAX 4096

enum ledger_kind {
	LEDGER_PROBE,
	LEDGER_REQUESTS, /* what real clients met in a finished minute */
	LEDGER_OFFLINE,  /* planned hours off begin */
	LEDGER_ONLINE,   /* and end before their time */
	LEDGER_RELEASE,  /* another version, or other settings, come to users */
	LEDGER_KIND_COUNT
};

/* Where a probe failed. */
enum ledger_step {
	LEDGER_STEP_NONE, /* nowhere, or in a step that this version has not */
	LEDGER_UPLOAD,
	LEDGER_READ,
	LEDGER_COMPARE, /* the thumbnail is not that of the photo */
	LEDGER_DELETE,
	LEDGER_STEP_COUNT
};

/* "upload"; "" for LEDGER_STEP_NONE. Static. */
const char *ledger_step_name(enum ledger_step step);

enum ledger_ms {
	LEDGER_MS_UPLOAD,
	LEDGER_MS_READ,
	LEDGER_MS_DELETE,
	LEDGER_MS_COUNT
};

#define LEDGER_MS_NONE (-1) /* it did not come to that */

/* What is said of a release; the lines of one have its id in common. */
enum ledger_event {
	LEDGER_BEGIN, /* before the first user comes to it */
	LEDGER_STEP,  /* another share of them does */
	LEDGER_END,   /* it serves all of them, or none again */
	LEDGER_EVENT_COUNT
};

/* "begin"; static. */
const char *ledger_event_name(enum ledger_event event);

/*
 * One line. Texts are UTF-8; one that is not, or has control characters, is
 * written and read with U+FFFD in their places, one too long is cut.
 */
struct ledger_entry {
	int64_t time; /* of a probe its start; else when the line was made */
	enum ledger_kind kind;
	union {
		struct {
			int32_t ms[LEDGER_MS_COUNT];
			bool ok;
			bool created; /* it was decoded, not found */
			/* Of a failed one: */
			enum ledger_step step;
			uint16_t status; /* of HTTP; 0: no answer */
			char code[40];   /* fault.h's, or "" */
			char why[256];
			/* That served; "" unknown. */
			char version[32];
			char format[8];   /* of the photo: "jpeg"; "" unknown */
			char request[40]; /* X-Request-Id of the answer */
		} probe;
		struct {
			int64_t minute; /* its start */
			uint64_t total;
			uint64_t errors; /* answered 5xx; at most total */
		} requests;
		struct {
			int64_t until; /* of LEDGER_OFFLINE */
			char reason[256];
			char by[64];
		} planned;
		struct {
			enum ledger_event event;
			char id[16];
			char how[16]; /* "rollout" */
			/* Versions; "none": the service without slots. */
			char from[64];
			char to[64];
			char slot[8];     /* that `to` is in */
			unsigned share;   /* of `to` from now on, in hundredths
					   * of a percent of the users */
			char verdict[16]; /* on what was until now, or "" */
			char by[64];
			/* Of a begin why the budget did not count ("": it
			 * did), else what the verdict goes by. */
			char reason[400];
		} release;
	};
};

/*
 * The moment that an entry is about, by which it has its place among the files
 * and in a span of time: its time, and of requests their minute.
 */
int64_t ledger_moment(const struct ledger_entry *entry);

/*
 * The line of an entry, without a newline. The caller frees it; NULL: no
 * memory.
 */
char *ledger_text(const struct ledger_entry *entry);

/*
 * Append an entry to the file of its day. dir is made (0750) where only it is
 * missing, the file too (0640). One write, so that lines never mix; a line that
 * an earlier one left unfinished is ended first and costs nobody else's.
 *
 * sync  wait until it is on the disk
 *
 * 0, or -1 with errno: ENOSPC also where only a part of the line went in,
 * EINVAL where the ledger has no such day.
 */
int ledger_append(const char *dir, const struct ledger_entry *entry, bool sync);

/* Lines that ledger_read passed over. */
struct ledger_skipped {
	uint64_t cut;     /* the last of a file, without its newline */
	uint64_t foreign; /* no entry, too long, or of another file's day */
	uint64_t unknown; /* of a kind that this version has not */
};

/*
 * Call each for all entries with their moment in from (included) to until (not
 * included), day after day, within a day as they were written, which is not
 * sorted where the clock was turned. Nothing in a file does harm; memory does
 * not grow with it. Keys that this version has not are passed over.
 *
 * each     false ends the reading, which is no error
 * skipped  added to; NULL: not wanted
 *
 * 0; a day without a file has no entries. -1 with errno where dir or one of
 * its files cannot be read.
 */
int ledger_read(const char *dir, int64_t from, int64_t until,
    bool (*each)(void *ctx, const struct ledger_entry *entry), void *ctx,
    struct ledger_skipped *skipped);

/*
 * The moment of the first entry but those of releases, before which nothing is
 * known and nothing is counted. 1 and *out set; 0: there is none, and perhaps no dir; -1 with errno.
 */
int ledger_first(const char *dir, int64_t *out);

/*
 * Keep the newest `days` (1..) days that have a file, and remove all that is of
 * an older one (YYYY-MM-DD.*). No clock is asked, which may be wrong. Goes on
 * after a failure. The number of files removed, or -1 with errno.
 */
int ledger_prune(const char *dir, unsigned days);

/*
 * The file of a moment's day: "2026-11-28.jsonl". 0, or -1 with EINVAL: before
 * 2020 it was a clock that nobody had set, and the ledger has no such day.
 */
#define LEDGER_NAME_MAX 24
int ledger_file_name(int64_t moment, char out[LEDGER_NAME_MAX]);

#endif
