#ifndef FT_SLO_H
#define FT_SLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "buf.h"
#include "ledger.h"
#include "release.h"
#include "settings.h"

/*
 * From the ledger's lines to verdicts: which minutes the service was online in,
 * what is left of each day's minutes, what went wrong when. Counts whole
 * minutes of the past; minutes are numbered from the epoch, their ends are not
 * included. What is here does no I/O but for slo_read and slo_publish.
 *
 * A minute is online when at least one probe ran in it, fewer than half of its
 * probes failed, and not (10 or more requests with half or more of them
 * answered 5xx), and when no planned hour off overlaps it. Without evidence it
 * is offline. Before the ledger's first line nothing is counted.
 */

enum slo_state {
	SLO_UNCOUNTED, /* before the first line, or not over yet */
	SLO_ONLINE,
	SLO_UNWATCHED, /* no probe ran */
	SLO_FAILED,    /* half or more of the probes failed */
	SLO_ERRORS,    /* half or more of the requests of real clients did */
	SLO_PLANNED,   /* an hour off that somebody has announced */
	SLO_STATE_COUNT
};

#define SLO_REQUESTS_MIN 10 /* fewer of them prove nothing */

#define SLO_DAY_MINUTES 1440

/* What may be behind a failed probe, as its line says. */
struct slo_cause {
	enum ledger_step step;
	uint16_t status; /* 0: no answer */
	char code[40];
	char why
	    [160]; /* of the first one; numbers in it do not tell causes apart */
};

#define SLO_CAUSES_MAX 32 /* of a day; the others are counted as the last one */

struct slo_minute {
	uint16_t probes, failed;
	uint32_t total, errors; /* requests */
	/* What most of the failed ones have in common, by their majority. */
	uint8_t cause;        /* in the day's causes */
	uint16_t cause_votes; /* by so many more than all others together */
	bool planned;
};

/* Times in ms, counted in steps of 3 % at most. The zero state is empty. */
#define SLO_BUCKETS 896
struct slo_times {
	uint32_t n[SLO_BUCKETS];
};

void slo_times_take(struct slo_times *t, uint32_t ms);
void slo_times_add(struct slo_times *t, const struct slo_times *more);

/* The time that `percent` of them do not pass. -1: there are none. */
int64_t slo_times_percentile(const struct slo_times *t, unsigned percent);

/* A line that begins planned hours off, or ends them (until is 0). */
struct slo_change {
	int64_t time, until; /* ms */
	char reason[256];
};

/* What the lines of one release say, put together. "", 0: nothing. */
struct slo_marks {
	char id[16];
	char how[16];          /* "rollout" */
	char from[64], to[64]; /* versions */
	char slot[8];          /* that `to` is in */
	char verdict[16];      /* the last one */
	char by[64];
	char forced[256];    /* why the budget did not count; "": it did */
	char words[256];     /* what the verdict goes by */
	unsigned share;      /* the largest; of RELEASE_ALL */
	int64_t first, last; /* ms: of its lines */
	int64_t end;         /* 0: no line says that it is over */
};

#define SLO_CHANGES_MAX 64 /* of a day; others are not looked at */
#define SLO_VERSIONS_MAX 8
#define SLO_RELEASES_MAX 32 /* of a day; the newest */

/* All that is kept of the lines of one UTC day. The zero state is one without. */
struct slo_day {
	struct slo_minute minutes[SLO_DAY_MINUTES];
	struct slo_cause causes[SLO_CAUSES_MAX];
	unsigned n_causes;
	struct slo_times upload, read; /* of probes that passed */
	struct slo_change changes[SLO_CHANGES_MAX];
	unsigned n_changes;
	struct slo_version {
		char name[32];
		int64_t last; /* ms: its newest probe */
	} versions[SLO_VERSIONS_MAX];
	unsigned n_versions;
	struct slo_marks releases[SLO_RELEASES_MAX];
	unsigned n_releases;
	int64_t last_probe; /* ms; 0: none */
	struct ledger_skipped skipped;
};

/* An entry with its moment in that day. */
void slo_day_take(struct slo_day *day, const struct ledger_entry *entry);

/*
 * A day's summary as a text (JSON), so that its lines need not be read again,
 * and back. source says which lines it was made of. The caller frees the text;
 * NULL: no memory. 0, or -1: it is not one, or of another source.
 */
char *slo_day_text(const struct slo_day *day, const char *source);
int slo_day_parse(const char *text, size_t len, const char *source,
    struct slo_day *out);

/* ---- many days ---- */

struct slo_hours {
	int64_t from, until; /* ms */
	char reason[256];
};

/* Who serves, and what is under way, as release_dir has it. */
struct slo_serving {
	bool has_slots; /* the setting `releases` */
	bool is_known;
	struct release_state state; /* the first one where there are no slots */
};

/*
 * Consecutive UTC days. Made by slo_read, or by a test: slo_book_day for each
 * day and all entries, then slo_book_close. slo_book_fini in any case.
 */
struct slo_book {
	int64_t now;           /* ms */
	int64_t first;         /* ms: ledger_first; INT64_MAX: there is none */
	int64_t begin;         /* the first day, in days since the epoch */
	struct slo_day **days; /* NULL: nothing is known of that one */
	size_t n;
	struct slo_hours *hours; /* planned ones, in the order they began */
	size_t n_hours;
	struct slo_marks *releases; /* in the order they began */
	size_t n_releases;
	struct slo_serving serving; /* slo_read_serving; else not known */
	struct ledger_skipped skipped;
};

/* Room for the days from that of one moment to that of another. 0, or -1. */
int slo_book_init(struct slo_book *b, int64_t from, int64_t until);

/* The day of a moment, made if need be. NULL: no memory, or outside. */
struct slo_day *slo_book_day(struct slo_book *b, int64_t moment);

/*
 * All entries are there: now and first are set. Finds the planned hours, so
 * that minutes can be judged, and the releases. 0, or -1: no memory.
 */
int slo_book_close(struct slo_book *b);

void slo_book_fini(struct slo_book *b);

enum slo_state slo_judge(const struct slo_book *b, int64_t minute);

/* Everything but SLO_UNCOUNTED and SLO_ONLINE. */
bool slo_is_offline(enum slo_state state);

/* ---- verdicts ---- */

struct slo_count {
	uint32_t minutes[SLO_STATE_COUNT];
	uint32_t counted;       /* all but SLO_UNCOUNTED */
	uint32_t offline;       /* planned ones among them */
	uint64_t total, errors; /* requests of the counted minutes */
};

void slo_count(const struct slo_book *b, int64_t from, int64_t until,
    struct slo_count *out);

/* Of the counted minutes, 0..1. Without any 0. */
double slo_availability(const struct slo_count *c);

/* The same of those alone that were not planned. */
double slo_availability_unplanned(const struct slo_count *c);

/* Whole minutes that a day may be offline: 60 where 95.83 % are wanted. */
unsigned slo_budget(const struct settings *settings);

/* A day of the calendar that this machine's time zone has. */
struct slo_date {
	int year, month, day, weekday; /* month 1..12; Sunday 0 */
	int64_t from, until;           /* 23 or 25 hours where clocks change */
	struct slo_count count;
};

/*
 * Offline minutes without one online between them. Where planned ones and
 * others are neighbours they are two.
 */
struct slo_outage {
	int64_t from, until;
	enum slo_state state; /* what most of its minutes are */
	bool running;         /* the last minute is in it */
	uint32_t probes, failed;
	uint64_t total, errors; /* requests */
	struct slo_cause cause; /* SLO_FAILED: of most of the failed probes */
	char reason[256];       /* SLO_PLANNED */
};

/* What went wrong, for the operator. */
#define SLO_WORDS_MAX 400
void slo_outage_words(const struct slo_outage *o, char out[SLO_WORDS_MAX]);

/* The same for everybody: nothing of the service's inside. */
const char *slo_outage_public(const struct slo_outage *o);

enum slo_fate {
	SLO_ENDED,
	SLO_UNDER_WAY,
	/*
	 * The ledger has no end of it, and it is not under way: its end is
	 * taken to be where the next one began, else at its last line.
	 */
	SLO_NOT_ENDED
};

struct slo_release {
	struct slo_marks marks;
	int64_t from, until; /* ms; until is now where it is under way */
	enum slo_fate fate;
	/* Minutes of the window, offline and not planned, that it had part of. */
	uint32_t lost;
	/* And of an outage right after it, up to the next release. */
	uint32_t after;
};

/* Of the users, now. */
struct slo_share {
	enum release_slot slot;
	char version[RELEASE_VERSION_MAX]; /* "" not known */
	unsigned share;                    /* 1..RELEASE_ALL */
};

/*
 * How quickly the budget is used: 1 is as quickly as it is given, 24 a day's
 * minutes in an hour. Planned minutes are left out: nobody is to be woken for
 * what was announced.
 */
enum {
	SLO_3M,
	SLO_10M,
	SLO_15M,
	SLO_30M,
	SLO_2H,
	SLO_8H,
	SLO_SPANS
};

struct slo_burn {
	const char *name; /* "15m" */
	unsigned minutes;
	unsigned bad; /* offline and not planned */
	double rate;
};

/* Both of its spans burn that quickly: it goes on, and it is not old. */
struct slo_alert {
	unsigned spans[2];    /* the long one and the short one */
	unsigned rate_halves; /* 24 is 12 */
	bool fires;
};

#define SLO_ALERTS 3

/* All that is said of a window. */
struct slo_figures {
	double objective; /* 0..1 */
	unsigned budget;  /* minutes a day */
	int64_t from, until;
	struct slo_count window;
	bool met;   /* over the window, of which a day at least is reckoned */
	bool known; /* a minute was counted in it */
	bool is_young; /* it is a day or more, of which less was counted */
	struct slo_date today;
	struct slo_date *dates; /* of the window, today the last of them */
	size_t n_dates;
	struct slo_outage *outages; /* of the window, in their order */
	size_t n_outages;
	struct slo_burn burn[SLO_SPANS];
	struct slo_alert alerts[SLO_ALERTS];
	struct slo_times upload, read; /* of the window's UTC days */
	struct slo_times lately;       /* uploads of today and the day before */
	enum slo_state state;          /* of the last minute */
	int64_t since; /* the minute from which on it was like that, or from */
	int64_t last_probe;                            /* ms; 0: none */
	struct slo_version versions[SLO_VERSIONS_MAX]; /* that serve now */
	unsigned n_versions;
	struct slo_release *releases; /* of the window, in their order */
	size_t n_releases;
	uint32_t lost, lost_today; /* in releases; no minute counts twice */
	struct slo_share shares[SLOT_COUNT];
	unsigned n_shares; /* 0: not known */
};

/*
 * The figures of a book that holds the days of the window (by the calendar, so
 * from the midnight before `from` on). 0, or -1: no memory. slo_figures_fini in
 * any case.
 */
int slo_figures(const struct slo_book *b, const struct settings *settings,
    int64_t from, struct slo_figures *out);
void slo_figures_fini(struct slo_figures *f);

/* Has today used more than its minutes? */
bool slo_is_over(const struct slo_figures *f);

/* ---- in words ---- */

/*
 * The report for a terminal of 80 columns, in ASCII but for what others have
 * written, and that too unless utf8. color: with the colours of ECMA-48.
 */
struct slo_style {
	bool color, utf8;
};
void slo_print(const struct slo_book *b, const struct slo_figures *f,
    const struct slo_style *style, FILE *out);

/* The same for programs; the caller frees it. NULL: no memory. */
char *slo_json(const struct slo_book *b, const struct slo_figures *f);

/* What the status page shows, for everybody. The caller frees it. */
char *slo_status(const struct slo_book *b, const struct slo_figures *f);

/* The metrics for node_exporter's textfile collector. */
void slo_metrics(const struct slo_book *b, const struct slo_figures *f,
    struct buf *out);

/* ---- the ledger and the files ---- */

/*
 * The days of a directory from `from` (ms) on, for figures of that window. Of a
 * day that is over a summary is left beside its file, and read instead of it
 * as long as the file stays as it was. A directory that is not there is a
 * ledger without entries. 0, or -1 with errno. slo_book_fini in any case.
 */
int slo_read(const char *ledger, int64_t from, int64_t now,
    struct slo_book *out);

/*
 * Who serves, into a book that slo_read has made; before slo_figures. 0, or -1
 * with words in why: it cannot be read.
 */
int slo_read_serving(const struct settings *settings, struct slo_book *b,
    char *why, size_t why_size);

/*
 * Publish how the service is: data/status/status.json for the status page and,
 * where it is set, slo_textfile; each whole or not at all. Cheap enough for
 * every minute.
 *
 * now  ms since the epoch
 *
 * 0, or -1 after words to why; what could be written is.
 */
int slo_publish(const struct settings *settings, int64_t now, char *why,
    size_t why_size);

#endif
