#ifndef FT_SNIFF_CODED_H
#define FT_SNIFF_CODED_H

/* The coded pictures in HEIF files, for sniff_heif.c alone. */

#include "sniff_internal.h"

/*
 * Is no picture in this coding larger than the container says? Decoders
 * allocate by what the coding says. Both round a picture up to whole blocks, so
 * up to 63 px more are allowed; and where an AV1 frame has a size of its own,
 * of at most twice the sides.
 *
 * config  the item's property that belongs to it, without its header: hvcC or
 *         av1C
 * data    the item's
 * steps   each unit of the coding that is looked at costs one; false where
 *         none is left
 *
 * Damage is the decoder's to find: where nothing is told, it is true.
 */
bool coded_hevc_fits(struct span config, struct span data, uint32_t width,
    uint32_t height, unsigned *steps);
bool coded_av1_fits(struct span config, struct span data, uint32_t width,
    uint32_t height, unsigned *steps);

#endif
