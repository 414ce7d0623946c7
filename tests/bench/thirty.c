/*
 * MagickWand in thirty lines as one who knows it writes them: the decoder
 * shrinks as far as LEAVE allows, each size is made of the next larger one.
 */

#include "magick.h"

#include <stdio.h>

/* A hint for JPEG's decoder, which must have the shape of the photo. */
static bool
hint(MagickWand *wand, const struct peer_job *job)
{
	MagickWand *ping = NewMagickWand();
	bool ok = MagickPingImageBlob(ping, job->data, job->len) == MagickTrue;
	const size_t width = MagickGetImageWidth(ping);
	const size_t height = MagickGetImageHeight(ping);
	const double most = (double)(width > height ? width : height) /
	    peer_sides[0] / job->leave;
	const size_t by = most >= 8 ? 8 : most >= 1 ? (size_t)most : 1;
	char size[64];

	(void)snprintf(size, sizeof size, "%zux%zu", width / by, height / by);
	(void)DestroyMagickWand(ping);
	return ok && MagickSetOption(wand, "jpeg:size", size) == MagickTrue;
}

static bool
render(const struct peer_job *job, struct peer_output out[PEER_SIZES])
{
	MagickWand *wand = NewMagickWand();
	bool ok = hint(wand, job) &&
	    MagickReadImageBlob(wand, job->data, job->len) == MagickTrue;

	for (unsigned i = 0; i < PEER_SIZES && ok; i++) {
		ok = magick_shrink(wand, peer_sides[i]);
		if (ok && i == 0)
			ok = MagickAutoOrientImage(wand) == MagickTrue &&
			    (!job->srgb || magick_to_srgb(wand));
		ok = ok && magick_encode(wand, job, &out[i]);
	}
	(void)DestroyMagickWand(wand);
	return ok;
}

int
main(int argc, char **argv)
{
	return magick_main(argc, argv, render);
}
