/* libvips as one uses it well: one decode, each size from the next larger. */

#include "vips_peer.h"

static bool
render(const struct peer_job *job, struct peer_output out[PEER_SIZES])
{
	VipsImage *now = vips_peer_thumbnail(job, peer_sides[0]);
	bool ok = now != NULL && vips_peer_encode(job, now, &out[0]);

	for (unsigned i = 1; i < PEER_SIZES && ok; i++) {
		VipsImage *next = vips_peer_smaller(now, peer_sides[i]);

		g_object_unref(now);
		now = next;
		ok = now != NULL && vips_peer_encode(job, now, &out[i]);
	}
	g_clear_object(&now);
	return ok;
}

int
main(int argc, char **argv)
{
	return vips_peer_main(argc, argv, render);
}
