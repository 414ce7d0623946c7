#ifndef FT_FORMAT_H
#define FT_FORMAT_H

#include <stdbool.h>

/* The picture formats that the service reads or writes. */
enum format {
	FORMAT_NONE,
	FORMAT_JPEG,
	FORMAT_PNG,
	FORMAT_GIF,
	FORMAT_WEBP,
	FORMAT_AVIF,
	FORMAT_HEIC,
	FORMAT_TIFF,
	FORMAT_BMP,
	FORMAT_COUNT
};

struct format_spec {
	const char *name;   /* in settings: "jpeg" */
	const char *title;  /* in sentences: "JPEG" */
	const char *ext;    /* in file names and addresses: "jpg" */
	const char *type;   /* media type: "image/jpeg" */
	const char *magick; /* ImageMagick's coder name: "JPEG" */
	bool writes;        /* may stand in a preset's formats */
	bool alpha;         /* the written form can hold transparency */
};

/* The row of f; f is not FORMAT_NONE. Static, never freed. */
const struct format_spec *format_spec(enum format f);

/*
 * Formats whose codec is missing on this system are found as the process
 * starts. Until the first format_lose all can be read.
 */
void format_lose(enum format f);
bool format_is_readable(enum format f);

/* By the name in settings, or the media type; FORMAT_NONE if unknown. */
enum format format_by_name(const char *name);
enum format format_by_type(const char *type);

#endif
