#ifndef FT_RELEASE_INTERNAL_H
#define FT_RELEASE_INTERNAL_H

#include <jansson.h>

#include "release.h"

/*
 * What the files of the module share; for no one else. A getter takes what is
 * not there for the zero value, and says of what is there and cannot be: only
 * the first such thing is kept.
 */
struct release_reader {
	char *why; /* "" all is well */
	size_t why_size;
};

/* printf of what is wrong with a key; nothing where something was already. */
void release_blame(struct release_reader *r, const char *key,
    const char *words);

void release_get_slot(struct release_reader *r, const json_t *o,
    const char *key, enum release_slot *out);
void release_get_how(struct release_reader *r, const json_t *o, const char *key,
    enum release_how *out);
void release_get_time(struct release_reader *r, const json_t *o,
    const char *key, int64_t *out);
void release_get_count(struct release_reader *r, const json_t *o,
    const char *key, unsigned max, unsigned *out);
void release_get_flag(struct release_reader *r, const json_t *o,
    const char *key, bool *out);

/* Clean text of less than size bytes, which is cut. */
void release_get_text(struct release_reader *r, const json_t *o,
    const char *key, char *out, size_t size);

/* A name in versions/, a digest, an id: "" or of exactly that form. */
void release_get_version(struct release_reader *r, const json_t *o,
    const char *key, char out[RELEASE_VERSION_MAX]);
void release_get_digest(struct release_reader *r, const json_t *o,
    const char *key, char out[DIGEST_HEX_LEN + 1]);
void release_get_id(struct release_reader *r, const json_t *o, const char *key,
    char out[RELEASE_ID_LEN + 1]);

/* And there: what is "" or 0 is left out. A line that lacks a key is read. */
void release_set(json_t *o, const char *key, json_t *value);
void release_set_text(json_t *o, const char *key, const char *text);
void release_set_time(json_t *o, const char *key, int64_t ms);
void release_set_slot(json_t *o, const char *key, enum release_slot slot);

/* The directory, to read in it. A descriptor, or -1 with errno. */
int release_open_dir(const char *release_dir);

#endif
