#ifndef FT_SNIFF_GIF_H
#define FT_SNIFF_GIF_H

/* Steps through a GIF (GIF89a), for sniff_gif.c and for whole.c; false: cut. */

#include "sniff_internal.h"

enum {
	GIF_EXTENSION = 0x21,
	GIF_PICTURE = 0x2c,
	GIF_TRAILER = 0x3b,
};

/* Past the header, the logical screen and its palette. *screen: 13 bytes. */
bool gif_skip_screen(struct span *s, const uint8_t **screen);

/* Past a picture, from its descriptor of 9 bytes, which has been taken. */
bool gif_skip_picture(struct span *s, const uint8_t *descriptor);

/* Past sub-blocks and the empty one that ends them. */
bool gif_skip_blocks(struct span *s);

#endif
