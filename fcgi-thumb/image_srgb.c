#include "config.h"

/*
 * Takes a picture's colours through lcms2 to sRGB: ImageMagick's own way costs
 * about thirty times as much. Responsible for which pixels a profile is
 * applied to; one that fits none of them is noted and passed over, since a
 * thumbnail with somewhat wrong colours is worth more than none.
 */

#include "image_internal.h"

#include <stdlib.h>

#include "color.h"
#include "log.h"

/* Pixels that are converted at once: bounds the memory beside the picture. */
#define BAND_PIXELS ((size_t)1 << 17)

/* How pixels leave ImageMagick, and come back from lcms2. */
struct passage {
	enum color_model model;
	const char *out_map;
	StorageType storage; /* of both */
	size_t out_bytes;    /* a pixel */
	size_t in_bytes;     /* a pixel */
};

static const struct passage passages[] = {
	[COLOR_RGB8] = { COLOR_RGB8, "RGB", CharPixel, 3, 3 },
	[COLOR_RGB16] = { COLOR_RGB16, "RGB", ShortPixel, 6, 6 },
	[COLOR_CMYK16] = { COLOR_CMYK16, "CMYK", ShortPixel, 8, 6 },
	[COLOR_GRAY16] = { COLOR_GRAY16, "R", ShortPixel, 2, 6 },
};

/*
 * Which pixels a profile of so many channels would be applied to. A gray
 * picture can have a profile for RGB; one that has nothing to do with the
 * picture is found by color_new.
 */
static const struct passage *
choose_passage(MagickWand *wand, unsigned channels)
{
	ColorspaceType space = MagickGetImageColorspace(wand);

	if (space == CMYKColorspace)
		return &passages[COLOR_CMYK16];
	if (space == GRAYColorspace && channels == 1)
		return &passages[COLOR_GRAY16];
	if (space == GRAYColorspace || MagickGetImageDepth(wand) > 8)
		return &passages[COLOR_RGB16];
	return &passages[COLOR_RGB8];
}

/* Alpha is neither exported nor imported, and so stays. */
static bool
convert_band(MagickWand *wand, const struct color *color,
    const struct passage *p, size_t y, size_t rows, void *from, void *to)
{
	size_t width = MagickGetImageWidth(wand);

	if (MagickExportImagePixels(wand, 0, (ssize_t)y, width, rows,
		p->out_map, p->storage, from) == MagickFalse)
		return false;
	color_convert(color, from, to, width * rows);
	return MagickImportImagePixels(wand, 0, (ssize_t)y, width, rows, "RGB",
		   p->storage, to) == MagickTrue;
}

static bool
convert_pixels(MagickWand *wand, const struct color *color,
    const struct passage *p)
{
	size_t width = MagickGetImageWidth(wand);
	size_t height = MagickGetImageHeight(wand);
	size_t rows = BAND_PIXELS / width + 1;
	void *from = malloc(rows * width * p->out_bytes);
	void *to = malloc(rows * width * p->in_bytes);
	bool ok = from != NULL && to != NULL;

	for (size_t y = 0; ok && y < height; y += rows)
		ok = convert_band(wand, color, p, y,
		    rows < height - y ? rows : height - y, from, to);
	free(to);
	free(from);
	return ok;
}

enum fault
image_to_srgb(struct image *img, struct fault_info *info)
{
	size_t len = 0;
	unsigned char *icc = MagickGetImageProfile(img->wand, "icc", &len);
	const struct passage *p =
	    choose_passage(img->wand, color_channels(icc, len));
	struct color *color = NULL;
	bool ok = true;

	if (color_new(icc, len, p->model, &color) == COLOR_UNUSABLE &&
	    icc != NULL)
		log_info("photo: its colour profile of %zu bytes is unusable,"
			 " its colours are taken as sRGB",
		    len);
	(void)MagickRelinquishMemory(icc);
	/* CMYK pixels with a profile become RGB on their way through it. */
	if (color == NULL || p->model != COLOR_CMYK16)
		ok = MagickTransformImageColorspace(img->wand,
			 sRGBColorspace) == MagickTrue;
	if (ok && color != NULL)
		ok = convert_pixels(img->wand, color, p) &&
		    MagickSetImageColorspace(img->wand, sRGBColorspace) ==
			MagickTrue;
	if (ok)
		ok = MagickStripImage(img->wand) == MagickTrue;
	color_free(color);
	return image_judge(img, ok, FAULT_INTERNAL, "colour", info);
}
