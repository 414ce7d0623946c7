/* libvips as most use it: a thumbnail a size, each decodes for itself. */

#include "vips_peer.h"

static bool
render(const struct peer_job *job, struct peer_output out[PEER_SIZES])
{
	bool ok = true;

	for (unsigned i = 0; i < PEER_SIZES && ok; i++) {
		VipsImage *image = vips_peer_thumbnail(job, peer_sides[i]);

		ok = image != NULL && vips_peer_encode(job, image, &out[i]);
		g_clear_object(&image);
	}
	return ok;
}

int
main(int argc, char **argv)
{
	return vips_peer_main(argc, argv, render);
}
