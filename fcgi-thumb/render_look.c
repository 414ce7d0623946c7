#include "config.h"

/*
 * What is told of a photo by looking at it: its colour, a placeholder to show
 * until the thumbnail is there, and where its detail is.
 */

#include "render_internal.h"

#include <stdlib.h>

#include "digest.h"
#include "glance.h"

#define PLACEHOLDER_SIDE 16 /* px, the longer side to begin with */
#define PLACEHOLDER_QUALITY 20

static struct placement
inside(struct size photo, unsigned side)
{
	const struct size box = { side, side };
	struct placement p;

	geometry_place(photo, box, FIT_INSIDE, GRAVITY_CENTER, false, &p);
	return p;
}

/* "data:image/webp;base64,..." where that fits into *out. */
static bool
write_uri(enum format format, const void *data, size_t len,
    char out[PLACEHOLDER_MAX + 1])
{
	const int head = snprintf(out, PLACEHOLDER_MAX + 1, "data:%s;base64,",
	    format_spec(format)->type);

	if ((size_t)head + BASE64_LEN(len) > PLACEHOLDER_MAX)
		return false;
	base64_encode(data, len, out + head);
	return true;
}

/* Smaller and smaller until it fits, as one px does. */
static enum fault
try_placeholder(const struct image *small, enum format format,
    char out[PLACEHOLDER_MAX + 1], struct fault_info *info)
{
	const struct encoding how = { .format = format,
		.quality = PLACEHOLDER_QUALITY,
		.background = 0xffffff };
	enum fault f = FAULT_NONE;
	bool fits = false;

	for (unsigned side = PLACEHOLDER_SIDE; !fits && f == FAULT_NONE;
	     side /= 2) {
		const struct placement p = inside(image_size(small), side);
		struct image *tiny = NULL;
		void *data = NULL;
		size_t len = 0;

		f = image_place(small, &p, 0, 0, &tiny, info);
		if (f == FAULT_NONE)
			f = image_encode(tiny, &how, &data, &len, info);
		if (f == FAULT_NONE)
			fits = write_uri(format, data, len, out);
		free(data);
		image_free(tiny);
	}
	return f;
}

static enum fault
make_placeholder(const struct image *small, char out[PLACEHOLDER_MAX + 1],
    struct fault_info *info)
{
	enum fault f = try_placeholder(small, FORMAT_WEBP, out, info);

	if (f != FAULT_INTERNAL)
		return f;
	/* A system without an encoder for it, which no preset asks for. */
	*info = (struct fault_info){ 0 };
	return try_placeholder(small, FORMAT_PNG, out, info);
}

/* Slide the regions of the smart to where most detail is. */
static void
place_smart(struct work *w, const struct glance *glance)
{
	for (unsigned i = 0; i < w->n_jobs; i++) {
		struct placement *p = &w->jobs[i].placement;
		double x = p->crop_width / w->photo.width;
		double y = p->crop_height / w->photo.height;
		bool vertical = y < x;

		if (w->jobs[i].preset->fit == FIT_COVER &&
		    w->jobs[i].preset->gravity == GRAVITY_SMART)
			geometry_slide(p, w->photo,
			    glance_window(glance, vertical, vertical ? y : x));
	}
}

enum fault
look_at_frame(struct work *w, struct fault_info *info)
{
	struct rendering *r = &w->rendering;
	struct glance glance;
	struct image *small = NULL;
	enum fault f = raster_reduce(&w->frame,
	    inside(raster_size(&w->frame), GLANCE_SIDE).scaled, &small, info);

	if (f == FAULT_NONE)
		f = image_glance(small, &glance, info);
	if (f == FAULT_NONE)
		f = make_placeholder(small, r->placeholder, info);
	if (f == FAULT_NONE) {
		(void)snprintf(r->color, sizeof r->color, "#%06x",
		    (unsigned)glance_color(&glance));
		place_smart(w, &glance);
	}
	image_free(small);
	return f;
}
