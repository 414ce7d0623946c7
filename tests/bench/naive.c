/* MagickWand as most people write it: each size from the full picture. */

#include "magick.h"

static bool
render_size(const struct peer_job *job, MagickWand *full, unsigned side,
    struct peer_output *out)
{
	MagickWand *wand = CloneMagickWand(full);
	bool ok = MagickAutoOrientImage(wand) == MagickTrue &&
	    magick_shrink(wand, side) && (!job->srgb || magick_to_srgb(wand)) &&
	    magick_encode(wand, job, out);

	(void)DestroyMagickWand(wand);
	return ok;
}

static bool
render(const struct peer_job *job, struct peer_output out[PEER_SIZES])
{
	MagickWand *full = NewMagickWand();
	bool ok = MagickReadImageBlob(full, job->data, job->len) == MagickTrue;

	for (unsigned i = 0; i < PEER_SIZES && ok; i++)
		ok = render_size(job, full, peer_sides[i], &out[i]);
	(void)DestroyMagickWand(full);
	return ok;
}

int
main(int argc, char **argv)
{
	return magick_main(argc, argv, render);
}
