#ifndef BENCH_MAGICK_H
#define BENCH_MAGICK_H

#include "config.h"

#ifdef HAVE_MAGICKWAND_7
#include <MagickWand/MagickWand.h>
#else
#include <wand/MagickWand.h>
#endif

#include "peer.h"

/* What the programs that use MagickWand plainly have in common. */

/* Within side x side, by Lanczos. */
bool magick_shrink(MagickWand *wand, unsigned side);

/* By the embedded profile, through ImageMagick's own way. */
bool magick_to_srgb(MagickWand *wand);

/* Without metadata. */
bool magick_encode(MagickWand *wand, const struct peer_job *job,
    struct peer_output *out);

/* main() around one of them, with one thread. */
int magick_main(int argc, char **argv, peer_render *render);

#endif
