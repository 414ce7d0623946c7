#include "magick.h"

#include <stdlib.h>
#include <string.h>

#include <lcms2.h>

bool
magick_shrink(MagickWand *wand, unsigned side)
{
	const double width = (double)MagickGetImageWidth(wand);
	const double height = (double)MagickGetImageHeight(wand);
	const double scale = side / (width > height ? width : height);
	const size_t to_width = (size_t)(width * scale + 0.5);
	const size_t to_height = (size_t)(height * scale + 0.5);

#ifdef HAVE_MAGICKWAND_7
	return MagickResizeImage(wand, to_width, to_height, LanczosFilter) ==
	    MagickTrue;
#else
	return MagickResizeImage(wand, to_width, to_height, LanczosFilter,
		   1.0) == MagickTrue;
#endif
}

/* Of lcms2: a system need not have a file of one. NULL: no memory. */
static void *
srgb_profile(cmsUInt32Number *len)
{
	cmsHPROFILE profile = cmsCreate_sRGBProfile();
	void *data = NULL;

	if (profile != NULL && cmsSaveProfileToMem(profile, NULL, len) != FALSE)
		data = malloc(*len);
	if (data != NULL && cmsSaveProfileToMem(profile, data, len) == FALSE) {
		free(data);
		data = NULL;
	}
	if (profile != NULL)
		(void)cmsCloseProfile(profile);
	return data;
}

bool
magick_to_srgb(MagickWand *wand)
{
	cmsUInt32Number len = 0;
	void *icc = srgb_profile(&len);
	bool ok = icc != NULL &&
	    MagickProfileImage(wand, "icc", icc, len) == MagickTrue;

	free(icc);
	return ok;
}

bool
magick_encode(MagickWand *wand, const struct peer_job *job,
    struct peer_output *out)
{
	const char *format = job->webp ? "WEBP" : "JPEG";
	unsigned char *blob = NULL;

	if (MagickStripImage(wand) == MagickTrue &&
	    MagickSetImageFormat(wand, format) == MagickTrue &&
	    MagickSetImageCompressionQuality(wand, PEER_QUALITY) == MagickTrue)
		blob = MagickGetImageBlob(wand, &out->len);
	/* It is MagickWand's to free. */
	out->data = blob != NULL ? malloc(out->len) : NULL;
	if (out->data != NULL)
		memcpy(out->data, blob, out->len);
	(void)MagickRelinquishMemory(blob);
	return out->data != NULL;
}

int
magick_main(int argc, char **argv, peer_render *render)
{
	int rc;

	MagickWandGenesis();
	(void)MagickSetResourceLimit(ThreadResource, 1);
	rc = peer_main(argc, argv, render);
	MagickWandTerminus();
	return rc;
}
