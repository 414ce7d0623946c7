#include "config.h"

/* The allow-list of picture formats: what is not in this table does not exist. */

#include "format.h"

#include <stddef.h>
#include <string.h>

static const struct format_spec table[] = {
	[FORMAT_NONE] = { "", "", "", "", "", false, false },
	[FORMAT_JPEG] = { "jpeg", "JPEG", "jpg", "image/jpeg", "JPEG", true,
	    false },
	[FORMAT_PNG] = { "png", "PNG", "png", "image/png", "PNG", true, true },
	[FORMAT_GIF] = { "gif", "GIF", "gif", "image/gif", "GIF", true, true },
	[FORMAT_WEBP] = { "webp", "WebP", "webp", "image/webp", "WEBP", true,
	    true },
	[FORMAT_AVIF] = { "avif", "AVIF", "avif", "image/avif", "AVIF", true,
	    true },
	[FORMAT_HEIC] = { "heic", "HEIC", "heic", "image/heic", "HEIC", false,
	    true },
	[FORMAT_TIFF] = { "tiff", "TIFF", "tif", "image/tiff", "TIFF", false,
	    true },
	[FORMAT_BMP] = { "bmp", "BMP", "bmp", "image/bmp", "BMP", false, true },
};
_Static_assert(sizeof table / sizeof table[0] == FORMAT_COUNT,
    "every format has its row");

/* What this process found out about its system: set while it starts. */
static bool lost[FORMAT_COUNT];

void
format_lose(enum format f)
{
	lost[f] = true;
}

bool
format_is_readable(enum format f)
{
	return f != FORMAT_NONE && !lost[f];
}

const struct format_spec *
format_spec(enum format f)
{
	return &table[f];
}

static enum format
find(const char *text, size_t column)
{
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		const char *cell =
		    *(const char *const *)((const char *)&table[f] + column);

		if (strcmp(cell, text) == 0)
			return f;
	}
	return FORMAT_NONE;
}

enum format
format_by_name(const char *name)
{
	return find(name, offsetof(struct format_spec, name));
}

enum format
format_by_type(const char *type)
{
	return find(type, offsetof(struct format_spec, type));
}
