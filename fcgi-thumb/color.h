#ifndef FT_COLOR_H
#define FT_COLOR_H

#include <stddef.h>

/*
 * Colours to sRGB by lcms2. Knows pixels in plain arrays and ICC profiles in
 * bytes; knows nothing of ImageMagick.
 */

enum color_model {
	COLOR_RGB8,   /* 3 bytes a pixel */
	COLOR_RGB16,  /* 3 uint16_t a pixel, native order */
	COLOR_CMYK16, /* 4 uint16_t a pixel, 0 is no ink, native order */
	COLOR_GRAY16  /* 1 uint16_t a pixel, native order */
};

/*
 * Profiles of presses have up to 3 MB; what is larger is not read (a profile
 * is parsed by a library, so a stranger's shall not be of any size).
 */
#define COLOR_PROFILE_MAX (4u * 1024 * 1024)

struct color;

enum color_verdict {
	COLOR_CONVERTS, /* *out is set */
	COLOR_IS_SRGB,  /* the profile means sRGB within one step in 255 */
	COLOR_UNUSABLE  /* broken, of another model, a link: take it as sRGB */
};

/*
 * Prepare the way from a profile to sRGB.
 *
 * icc, len  the profile's bytes, borrowed for the call; any content
 * model     of the pixels to come; the result is COLOR_RGB8 for COLOR_RGB8,
 *           else COLOR_RGB16
 *
 * The last ways are kept: a profile of the same bytes costs nothing. Not for
 * several threads.
 *
 * Relative colorimetric with black point compensation. The caller frees *out
 * with color_free after COLOR_CONVERTS. Short memory is COLOR_UNUSABLE too.
 */
enum color_verdict color_new(const void *icc, size_t len,
    enum color_model model, struct color **out);

/* n pixels from in to out; the same array only from RGB to RGB. */
void color_convert(const struct color *c, const void *in, void *out, size_t n);

/* NULL is allowed. */
void color_free(struct color *c);

/* The number of channels the profile is for: 1, 3, 4; 0 where unreadable. */
unsigned color_channels(const void *icc, size_t len);

#endif
