#ifndef FT_PROBE_PICTURE_H
#define FT_PROBE_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "settings.h"

/*
 * The picture that a probe sends: blocks of random colours, no two pictures
 * alike, so that it has to be decoded and its thumbnail cannot be another's. Of
 * a thumbnail can be told whether it shows them.
 */

#define PROBE_BLOCKS_MAX 4 /* along a side */

struct probe_picture {
	struct size size;
	unsigned columns, rows; /* 1..PROBE_BLOCKS_MAX */
	uint32_t colors[PROBE_BLOCKS_MAX * PROBE_BLOCKS_MAX]; /* 0xRRGGBB */
};

/* The preset whose thumbnail is looked at: the one with the smallest box. */
const struct preset *probe_preset(const struct settings *settings);

/*
 * A picture of the shape of the preset's box, so that nothing of it is cut off,
 * and larger, so that it is scaled, where the limits and a probe's own, which
 * has to be cheap, allow it. 0, or -1: no random numbers.
 */
int probe_picture_draw(struct probe_picture *p, const struct preset *preset,
    const struct limits *limits);

/* Its file, after image_boot; the caller frees *out. */
enum fault probe_picture_encode(const struct probe_picture *p,
    enum format format, const struct progress *progress, void **out,
    size_t *len, struct fault_info *info);

/*
 * Is this file a thumbnail of it by this preset, after image_boot? False with
 * words in why: it cannot be decoded, is not of its size, or shows something
 * else.
 */
bool probe_picture_is_in(const struct probe_picture *p,
    const struct preset *preset, const void *file, size_t len,
    const struct progress *progress, char *why, size_t why_size);

/*
 * In which format the nth picture is sent: JPEG, as most photos are, and every
 * sixth time in turn one of the others that can be written here. Needs
 * image_boot.
 */
enum format probe_format(uint64_t n);

#endif
