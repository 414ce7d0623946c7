#ifndef FT_MANIFEST_H
#define FT_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "digest.h"
#include "engine.h"
#include "settings.h"

struct
    json_t; /* jansson's, for reply.c; whoever asks for one includes jansson */

#define MANIFEST_VARIANTS_MAX (SETTINGS_PRESETS_MAX * SETTINGS_FORMATS_MAX)
#define VARIANT_FILE_MAX (PRESET_NAME_MAX + 1 + RECIPE_LEN + 1 + 8)
#define COLOR_LEN 7         /* "#8a7a66" */
#define PLACEHOLDER_MAX 399 /* characters of a data URI */

/* One thumbnail file as the world is told of it. */
struct variant {
	char preset[PRESET_NAME_MAX + 1];
	char recipe[RECIPE_LEN + 1];
	enum format format;
	struct size size;
	uint64_t bytes;
	enum engine engine; /* that made it */
};

/* What is known of a stored photo: the content of meta.json. */
struct manifest {
	char id[PHOTO_ID_LEN + 1];
	enum format format;                    /* of the original */
	struct size size;                      /* of the upright original */
	uint64_t bytes;                        /* of the original */
	char color[COLOR_LEN + 1];             /* the one that stands for it */
	char placeholder[PLACEHOLDER_MAX + 1]; /* data:image/...;base64,... */
	struct variant variants[MANIFEST_VARIANTS_MAX];
	unsigned n;
};

/* Bytes of all its variants. */
uint64_t manifest_weigh(const struct manifest *m);

/* The name of its file: "large.1f0c9a2e.jpg" into out[VARIANT_FILE_MAX + 1]. */
void variant_file(const struct variant *v, char *out);

/* The name without the recipe, which always means the present one: "large.jpg". */
void variant_link(const struct variant *v, char *out);

/* Its address, with public_url, prefix and ?v=: appended to out. */
void variant_url(const struct variant *v, const char *id,
    const struct settings *settings, struct buf *out);

/*
 * The variant of m that the present settings mean by this preset and format
 * (same name, format and recipe), or NULL.
 */
const struct variant *manifest_find(const struct manifest *m,
    const struct preset *preset, enum format format);

/* The first one of m with this preset and format, of whatever recipe, or NULL. */
const struct variant *manifest_find_any(const struct manifest *m,
    const struct preset *preset, enum format format);

/*
 * The photo for a page: a whole <picture> with a <source> for AVIF and WebP and
 * an <img> for every browser, appended to out. Nothing where m has no variant
 * of the present settings.
 *
 * Lists the presets that show the photo whole (fit inside), or, where none
 * does, the first and those that cut or pad alike; each width once, and every
 * configured format, made already or at its first request. Of jpeg, png and gif
 * only the first: each is shown everywhere, so that a <source> of another would
 * always win over it. The same m and settings give the same bytes.
 */
void manifest_html(const struct manifest *m, const struct settings *settings,
    struct buf *out);

/*
 * The JSON object of DESIGN.md's photos[], without name, status, timing
 * and token. The caller calls json_decref. NULL when memory is short.
 */
struct json_t *manifest_json(const struct manifest *m,
    const struct settings *settings);

/* The same as text with a newline, as meta.json holds it: appended to out. */
void manifest_write(const struct manifest *m, const struct settings *settings,
    struct buf *out);

/*
 * Read meta.json back. 0, or -1 where it is not what manifest_write makes.
 * Every length and name is checked: the file may be an older version's, and
 * one without color and placeholder is. A file of which no engine is told was
 * made before there were two; one of an engine that only later versions have
 * counts as ENGINE_MAGICK's, too.
 */
int manifest_parse(const char *text, size_t len, struct manifest *out);

#endif
