#ifndef FT_SETTINGS_LOADER_H
#define FT_SETTINGS_LOADER_H

#include "settings_table.h"

/*
 * Inside of the settings: what is kept while a file is being loaded, and how a
 * value is taken or refused, whoever reads the file. Included by settings*.c.
 */

#define QUOTED_LEN_MAX 60 /* bytes shown of what somebody wrote */

/* What has happened to a key, by its row in the table. */
struct seen {
	unsigned line; /* 0: not in the file */
	bool failed;
};

struct loader {
	const char *file; /* as in messages */
	FILE *errors;
	unsigned n_errors;
	struct settings *settings;
	struct seen seen[SETTING_ROWS_MAX]; /* of all but the presets' keys */
	bool has_presets; /* the file has some, well or badly made */
};

/* A group of keys in the file and the struct that they fill. */
struct level {
	enum setting_scope scope;
	void *base;
	int preset;        /* index, or -1 */
	struct seen *seen; /* SETTING_ROWS_MAX of them */
};

/* Where one value goes, and what to call it. */
struct place {
	const struct setting *row;
	void *base;
	int preset;
	struct seen *seen;
};

struct place level_place(const struct level *level, const struct setting *row);

/* One error line; line 0 and key NULL are left out. */
void loader_say(struct loader *l, unsigned line, const char *key,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A value cannot be taken: what about it; what would be is added. */
void loader_refuse(struct loader *l, const struct place *at, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Take a number (shown as written), a text, one name of a list, or refuse. */
void loader_number(struct loader *l, const struct place *at,
    unsigned long long value, const char *shown);
void loader_text(struct loader *l, const struct place *at, const char *text);
void loader_format(struct loader *l, const struct place *at, const char *name);

/* One more item of a list that is kept as a text, or refuse it. */
void loader_item(struct loader *l, const struct place *at, const char *item);

/*
 * Give every key of a level that the file has not its default. A required one
 * is refused, with the line where the level begins.
 */
void loader_complete(struct loader *l, const struct level *level,
    unsigned line);

/* What the keys of a whole preset cannot be together; line: where it begins. */
void loader_check_preset(struct loader *l, const struct level *level,
    unsigned line);

/*
 * Once every value is taken: limits against each other, the number of workers,
 * the recipes.
 */
void loader_finish(struct loader *l);

#endif
