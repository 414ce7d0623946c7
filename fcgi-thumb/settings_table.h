#ifndef FT_SETTINGS_TABLE_H
#define FT_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "settings.h"

/*
 * Inside of the settings: the table of keys and what each kind of value is.
 * Included by settings_*.c and their tests only.
 */

/* Where a key stands in the file. */
enum setting_scope {
	SCOPE_TOP,    /* workers = 4; */
	SCOPE_LIMITS, /* limits = { photo = "32M"; }; */
	SCOPE_PRESET  /* presets = ( { name = "large"; } ); */
};

enum setting_kind {
	KIND_FLAG,
	KIND_NUMBER,
	KIND_SIDE,
	KIND_SECONDS,
	KIND_DURATION,
	KIND_PERCENT,
	KIND_BYTES,
	KIND_PIXELS,
	KIND_RATE,
	KIND_MODE,
	KIND_COLOR,
	KIND_FIT,
	KIND_GRAVITY,
	KIND_CHROMA,
	KIND_AUTH,
	KIND_SANDBOX,
	KIND_RESIZE,
	KIND_ENGINE,
	KIND_SLOT,
	KIND_PATH, /* from here on: text */
	KIND_USER,
	KIND_GROUP,
	KIND_PREFIX,
	KIND_URL,
	KIND_NAME,
	KIND_URI,
	KIND_HOST,
	KIND_COOKIE,
	KIND_LOG_SERVICE, /* targets of target.h, by what makes sense */
	KIND_LOG_ACCESS,
	KIND_LOG_COPY,
	KIND_ORIGINS, /* from here on: lists */
	KIND_NETS,
	KIND_FORMATS, /* the one that is no text in memory */
	KIND_COUNT
};

/* How a value may be written in the file. */
enum written {
	WRITTEN_FLAG = 1,   /* true */
	WRITTEN_NUMBER = 2, /* 32 */
	WRITTEN_TEXT = 4,   /* "32M" */
	WRITTEN_LIST = 8    /* [ "jpeg" ] */
};

struct setting {
	enum setting_scope scope;
	const char *key; /* within its scope */
	size_t offset;   /* in struct settings, or in struct preset */
	size_t size;     /* of the member */
	enum setting_kind kind;
	/* Of a number; bytes of a text; items of a list. */
	unsigned long long min, max;
	const char *fallback; /* as text without quotes; NULL: required */
};

#define SETTING_ROWS_MAX 80 /* room for every row of the table */

extern const struct setting setting_table[];
extern const unsigned setting_count;

/* The presets of a file that names none, in the file's own syntax. */
extern const char settings_default_presets[];

/* NULL where there is no such key. */
const struct setting *setting_find(enum setting_scope scope, const char *key);

/*
 * The row that somebody who wrote `key` in this scope may have meant: the same
 * key of another scope, or one within two typing errors. NULL: none.
 */
const struct setting *setting_near(enum setting_scope scope, const char *key);

/* "presets[2].width"; without the index where it is negative. */
void setting_full_key(const struct setting *row, int index, char *out,
    size_t size);

/* What may be written there: "16K..4G", "inside, cover, pad". */
void setting_range(const struct setting *row, char *out, size_t size);

/* "bytes"; static. */
const char *setting_type(const struct setting *row);

/* Bits of enum written. */
unsigned setting_written(const struct setting *row);

/* Is it kept as a number, of which KIND_FLAG and choices are some? */
bool setting_is_number(const struct setting *row);

/* Is it a list that is kept as a text, items parted by newlines? */
bool setting_is_text_list(const struct setting *row);

/* A number from text, "32M" or "cover"; 0, or -1: not of that form. */
int setting_parse(const struct setting *row, const char *text,
    unsigned long long *out);

/* The number as one would write it, without quotes. */
void setting_format(const struct setting *row, unsigned long long value,
    char *out, size_t size);

/*
 * What is wrong with a text, or with one item of a list, in words that end a
 * sentence, or NULL.
 */
const char *setting_text_problem(const struct setting *row, const char *text);

/* The member of a row in base (a struct settings, or preset by scope). */
unsigned long long setting_get(const struct setting *row, const void *base);
void setting_put(const struct setting *row, void *base,
    unsigned long long value);

/* The text member of a row. */
const char *setting_get_text(const struct setting *row, const void *base);

/*
 * Copy text into the member; what was there is freed. 0, or -1 for want of
 * memory. A path loses the slashes at its end.
 */
int setting_put_text(const struct setting *row, void *base, const char *text);

/*
 * Look at a file's text before libconfig does, for what libconfig would take
 * in silence or say badly: @include (it would open the file), a text or
 * comment that does not end, a comma before a closing bracket, a number over
 * 32 bits, a NUL byte. Calls report for each.
 */
void settings_scan(const char *text, size_t len,
    void (*report)(void *ctx, unsigned line, const char *words), void *ctx);

#endif
