#ifndef FT_ENGINE_H
#define FT_ENGINE_H

#include <stdbool.h>

/*
 * What thumbnails are made with. Both give the same pictures as far as eyes can
 * tell, under the same recipes; which one it was stands in meta.json.
 */
enum engine {
	ENGINE_MAGICK, /* MagickWand: everything; the reference */
	ENGINE_PLANES, /* the planes of an ordinary JPEG, scaled as they are */
	ENGINE_COUNT
};

/* "magick", "planes". */
const char *engine_name(enum engine engine);

/* By that name; ENGINE_COUNT for any other, and for NULL. */
enum engine engine_named(const char *name);

/* Is it a part of this build? ENGINE_MAGICK always is. */
bool engine_is_built(enum engine engine);

#endif
