#include "config.h"

/*
 * From one picture to another by a placement: crop, scale, sharpen, canvas.
 * Refuses to know where the numbers come from.
 */

#include "image_internal.h"

#include <math.h>

bool
image_extend(MagickWand *wand, struct size canvas, long x, long y, uint32_t rgb,
    bool clear)
{
	return MagickTransformImageColorspace(wand, sRGBColorspace) ==
	    MagickTrue &&
	    (!clear ||
		MagickSetImageAlphaChannel(wand, SetAlphaChannel) ==
		    MagickTrue) &&
	    image_background(wand, rgb, clear) &&
	    MagickExtentImage(wand, canvas.width, canvas.height, -x, -y) ==
	    MagickTrue &&
	    MagickResetImagePage(wand, "0x0+0+0") == MagickTrue;
}

/* The new picture to *out where all went well, to its end where not. */
static enum fault
give(struct image *made, bool ok, const char *step, struct image **out,
    struct fault_info *info)
{
	enum fault f = image_judge(made, ok, FAULT_INTERNAL, step, info);

	if (f == FAULT_NONE)
		*out = made;
	else
		image_free(made);
	return f;
}

/* A span of a picture, in whole px. */
struct span {
	size_t at, len;
};

/*
 * The whole px nearest to a span between them. Where scaling would change it
 * by less than a px it is taken without scaling, which would only blur.
 */
static struct span
whole_px(double at, double len, size_t all, size_t scaled)
{
	struct span s;
	long first;

	s.len = fabs(len - (double)scaled) < 1 ? scaled : (size_t)lround(len);
	if (s.len < 1)
		s.len = 1;
	if (s.len > all)
		s.len = all;
	first = lround(at + (len - (double)s.len) / 2);
	if (first < 0)
		first = 0;
	if ((size_t)first > all - s.len)
		first = (long)(all - s.len);
	s.at = (size_t)first;
	return s;
}

static bool
crop(MagickWand *wand, struct span x, struct span y)
{
	return MagickCropImage(wand, x.len, y.len, (ssize_t)x.at,
		   (ssize_t)y.at) == MagickTrue &&
	    MagickResetImagePage(wand, "0x0+0+0") == MagickTrue;
}

static bool
scale(MagickWand *wand, struct size to)
{
#ifdef HAVE_MAGICKWAND_7
	return MagickResizeImage(wand, to.width, to.height, LanczosFilter) ==
	    MagickTrue;
#else
	return MagickResizeImage(wand, to.width, to.height, LanczosFilter,
		   1.0) == MagickTrue;
#endif
}

/*
 * Strength 100 adds one and a half times what a blur of SHARPEN_SIGMA takes
 * away. What differs by less than SHARPEN_FROM of all brightness is noise.
 */
#define SHARPEN_SIGMA 0.8 /* px */
#define SHARPEN_FROM 0.01

static bool
sharpen_by(MagickWand *wand, unsigned strength)
{
	return MagickUnsharpMaskImage(wand, 0, SHARPEN_SIGMA,
		   strength * 1.5 / 100, SHARPEN_FROM) == MagickTrue;
}

enum fault
image_place(const struct image *img, const struct placement *p,
    uint32_t background, unsigned sharpen, struct image **out,
    struct fault_info *info)
{
	struct size all = image_size(img);
	struct span x =
	    whole_px(p->crop_x, p->crop_width, all.width, p->scaled.width);
	struct span y =
	    whole_px(p->crop_y, p->crop_height, all.height, p->scaled.height);
	struct image *made = image_copy(img);
	bool ok = true;

	if (made == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (x.len != all.width || y.len != all.height)
		ok = crop(made->wand, x, y);
	if (ok && (x.len != p->scaled.width || y.len != p->scaled.height))
		ok = scale(made->wand, p->scaled);
	if (ok && sharpen > 0)
		ok = sharpen_by(made->wand, sharpen);
	if (ok &&
	    (p->canvas.width != p->scaled.width ||
		p->canvas.height != p->scaled.height))
		ok = image_extend(made->wand, p->canvas, p->x, p->y, background,
		    false);
	/* A photo that fills its canvas lies on the background all the same. */
	if (ok && p->padded)
		ok = image_flatten(made->wand, background);
	return give(made, ok, "resize", out, info);
}

enum fault
image_reduce(const struct image *img, struct size to, struct image **out,
    struct fault_info *info)
{
	struct image *made = image_copy(img);
	bool ok;

	if (made == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	ok = MagickScaleImage(made->wand, to.width, to.height) == MagickTrue;
	return give(made, ok, "reduce", out, info);
}

enum fault
image_glance(const struct image *img, struct glance *out,
    struct fault_info *info)
{
	struct image *made = image_copy(img);
	enum fault f;
	bool ok;

	if (made == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	out->size = image_size(img);
	ok = image_flatten(made->wand, 0xffffff) &&
	    MagickExportImagePixels(made->wand, 0, 0, out->size.width,
		out->size.height, "RGB", CharPixel, out->rgb) == MagickTrue;
	f = image_judge(made, ok, FAULT_INTERNAL, "glance", info);
	image_free(made);
	return f;
}
