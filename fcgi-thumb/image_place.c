#include "config.h"

/*
 * From one picture to another by a placement: crop, scale, canvas. Refuses to
 * know where the numbers come from.
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

enum fault
image_place(const struct image *img, const struct placement *p,
    uint32_t background, struct image **out, struct fault_info *info)
{
	struct size all = image_size(img);
	struct span x =
	    whole_px(p->crop_x, p->crop_width, all.width, p->scaled.width);
	struct span y =
	    whole_px(p->crop_y, p->crop_height, all.height, p->scaled.height);
	struct image *made = image_copy(img);
	bool ok = true;
	enum fault f;

	if (made == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (x.len != all.width || y.len != all.height)
		ok = crop(made->wand, x, y);
	if (ok && (x.len != p->scaled.width || y.len != p->scaled.height))
		ok = scale(made->wand, p->scaled);
	if (ok &&
	    (p->canvas.width != p->scaled.width ||
		p->canvas.height != p->scaled.height))
		ok = image_extend(made->wand, p->canvas, p->x, p->y, background,
		    false);
	f = image_judge(made, ok, FAULT_INTERNAL, "resize", info);
	if (f != FAULT_NONE) {
		image_free(made);
		return f;
	}
	*out = made;
	return FAULT_NONE;
}
