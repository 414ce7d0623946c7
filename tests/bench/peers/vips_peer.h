#ifndef BENCH_VIPS_PEER_H
#define BENCH_VIPS_PEER_H

#include <vips/vips.h>

#include "peer.h"

/* What both ways of using libvips have in common. NULL where libvips fails. */

/* The photo in memory upright and within side x side, as libvips does it. */
VipsImage *vips_peer_thumbnail(const struct peer_job *job, unsigned side);

/* The size within side x side made of another one. */
VipsImage *vips_peer_smaller(VipsImage *larger, unsigned side);

bool vips_peer_encode(const struct peer_job *job, VipsImage *image,
    struct peer_output *out);

/* main() around one of them; one thread, and nothing remembered between runs. */
int vips_peer_main(int argc, char **argv, peer_render *render);

#endif
