#include "config.h"

/*
 * From a JPEG to its planes by libjpeg's raw data interface. Takes a file only
 * where there is no doubt what its picture is, and at the first word of
 * libjpeg's that something is odd lets go of it. What it may leave behind hangs
 * on struct reader.
 */

#include "planes_internal.h"

#include <stdlib.h>
#include <string.h>

#include "color.h"
#include "lean.h"
#include "planes_guard.h"
#include "sniff_ifd.h"
#include "whole.h"

/* A row of MCUs has so many rows of samples of a component at most. */
#define ROWS_MAX (2 * DCTSIZE)

/* libjpeg 7 and later can shrink the axes by different factors. */
#if JPEG_LIB_VERSION >= 70
#define LEAST_ACROSS(d) ((unsigned)(d)->min_DCT_h_scaled_size)
#define LEAST_DOWN(d) ((unsigned)(d)->min_DCT_v_scaled_size)
#define ACROSS(c) ((unsigned)(c)->DCT_h_scaled_size)
#define DOWN(c) ((unsigned)(c)->DCT_v_scaled_size)
#else
#define LEAST_ACROSS(d) ((unsigned)(d)->min_DCT_scaled_size)
#define LEAST_DOWN(d) ((unsigned)(d)->min_DCT_scaled_size)
#define ACROSS(c) ((unsigned)(c)->DCT_scaled_size)
#define DOWN(c) ((unsigned)(c)->DCT_scaled_size)
#endif

struct reader {
	struct jpeg_decompress_struct d;
	struct guard guard;
	const struct sniff *sniff;
	struct size hint;
	const void *data;
	size_t len;
	struct planes *made;
	struct credits *credits;
	JOCTET *icc;
};

static void
give_up(struct reader *r, enum fault fault, const char *why)
{
	guard_leave(&r->guard, fault, why);
}

/* ---- what is taken ---- */

/* Each sample of chroma over 1 or 2 whole px. */
static bool
has_planes(const struct jpeg_decompress_struct *d)
{
	const jpeg_component_info *c = d->comp_info;

	if (d->jpeg_color_space == JCS_GRAYSCALE)
		return d->num_components == 1;
	if (d->jpeg_color_space != JCS_YCbCr ||
	    d->num_components != PLANES_MAX || c->h_samp_factor > 2 ||
	    c->v_samp_factor > 2)
		return false;
	for (unsigned i = 1; i < PLANES_MAX; i++)
		if (c[i].h_samp_factor != 1 || c[i].v_samp_factor != 1)
			return false;
	return true;
}

static void
check_header(struct reader *r)
{
	const struct jpeg_decompress_struct *d = &r->d;

	if (d->image_width != r->sniff->width ||
	    d->image_height != r->sniff->height)
		give_up(r, FAULT_UNSUPPORTED_FORMAT, "another size");
	if (d->data_precision != 8 || !has_planes(d))
		give_up(r, FAULT_UNSUPPORTED_FORMAT, "no such planes");
}

/* The first EXIF: its orientation, and who made the picture. */
static void
read_exif(struct reader *r)
{
	struct span exif = { NULL, 0 };

	for (jpeg_saved_marker_ptr m = r->d.marker_list;
	     m != NULL && exif.at == NULL; m = m->next)
		if (m->marker == JPEG_APP0 + 1 &&
		    m->data_length > EXIF_PREFIX &&
		    memcmp(m->data, "Exif", 5) == 0)
			exif = (struct span){ m->data, m->data_length };
	exif_read(exif.at, exif.len, r->credits);
	if (exif.at == NULL)
		return;
	if (!tiff_orientation_is_plain(exif_tiff(exif)))
		give_up(r, FAULT_UNSUPPORTED_FORMAT, "an odd EXIF");
	r->made->orientation = tiff_orientation(exif_tiff(exif));
}

#define ICC_NAME 12   /* bytes: "ICC_PROFILE" and a NUL */
#define ICC_NUMBER 12 /* where a piece has its own, from 1 */

/* libjpeg sorts a profile's pieces, others take them as they come. */
static bool
is_in_order(jpeg_saved_marker_ptr m)
{
	unsigned last = 0;

	for (; m != NULL; m = m->next)
		if (m->marker == JPEG_APP0 + 2 && m->data_length > ICC_NUMBER &&
		    memcmp(m->data, "ICC_PROFILE", ICC_NAME) == 0 &&
		    m->data[ICC_NUMBER] != ++last)
			return false;
	return true;
}

/* A profile that says nothing new, one to go by, or a doubt. */
static void
read_profile(struct reader *r)
{
	unsigned len = 0;

	if (!is_in_order(r->d.marker_list))
		give_up(r, FAULT_UNSUPPORTED_FORMAT, "a profile in disorder");
	if (!jpeg_read_icc_profile(&r->d, &r->icc, &len))
		return;
	if (r->made->n == 1)
		give_up(r, FAULT_UNSUPPORTED_FORMAT, "a profile for gray");
	if (color_new(r->icc, len, COLOR_RGB8, &r->made->color) ==
	    COLOR_UNUSABLE)
		give_up(r, FAULT_UNSUPPORTED_FORMAT, "an odd profile");
}

/* ---- reading ---- */

static unsigned
shrunk(unsigned px, unsigned eighths)
{
	return (px * eighths + 7) / 8;
}

/*
 * The smallest scale that is no less than the hint. Others than these have no
 * quick transform in libjpeg.
 */
static unsigned
choose_eighths(const struct reader *r)
{
	unsigned n = 1;

	while (n < 8 &&
	    (shrunk(r->d.image_width, n) < r->hint.width ||
		shrunk(r->d.image_height, n) < r->hint.height))
		n *= 2;
	return n;
}

static void
make_planes(struct reader *r)
{
	r->made = calloc(1, sizeof *r->made);
	if (r->made == NULL)
		give_up(r, FAULT_TOO_MUCH_MEMORY, "planes");
	r->made->progress = r->guard.progress;
	r->made->n = (unsigned)r->d.num_components;
	r->made->orientation = 1;
}

static void
make_room(struct reader *r, unsigned eighths)
{
	const struct jpeg_decompress_struct *d = &r->d;
	const jpeg_component_info *last = &d->comp_info[d->num_components - 1];
	struct planes *p = r->made;

	p->size = (struct size){ d->output_width, d->output_height };
	p->filled_x = d->image_width * eighths / 8.0;
	p->filled_y = d->image_height * eighths / 8.0;
	p->siting.across = (unsigned)d->max_h_samp_factor * LEAST_ACROSS(d) /
	    ((unsigned)last->h_samp_factor * ACROSS(last));
	p->siting.down = (unsigned)d->max_v_samp_factor * LEAST_DOWN(d) /
	    ((unsigned)last->v_samp_factor * DOWN(last));
	for (unsigned i = 0; i < p->n; i++)
		if (!plane_init(&p->plane[i], d->comp_info[i].downsampled_width,
			d->comp_info[i].downsampled_height))
			give_up(r, FAULT_TOO_MUCH_MEMORY, "planes");
}

/* Rows of samples of a component that come with a row of MCUs. */
static unsigned
rows_at_once(const jpeg_component_info *c)
{
	return (unsigned)c->v_samp_factor * DOWN(c);
}

static void
read_rows(struct reader *r)
{
	struct jpeg_decompress_struct *d = &r->d;
	JSAMPROW rows[PLANES_MAX][ROWS_MAX];
	JSAMPARRAY arrays[PLANES_MAX] = { rows[0], rows[1], rows[2] };
	const unsigned lines = (unsigned)d->max_v_samp_factor * LEAST_DOWN(d);

	for (unsigned mcu = 0; d->output_scanline < d->output_height; mcu++) {
		for (unsigned i = 0; i < r->made->n; i++)
			plane_point(&r->made->plane[i], mcu,
			    rows_at_once(&d->comp_info[i]), rows[i]);
		if (jpeg_read_raw_data(d, arrays, lines) == 0)
			give_up(r, FAULT_UNSUPPORTED_FORMAT, "no more rows");
	}
}

static void
read_planes(struct reader *r)
{
	struct jpeg_decompress_struct *d = &r->d;
	unsigned eighths;

	jpeg_mem_src(d, r->data, r->len);
	jpeg_save_markers(d, JPEG_APP0 + 1, UINT16_MAX);
	jpeg_save_markers(d, JPEG_APP0 + 2, UINT16_MAX);
	(void)jpeg_read_header(d, TRUE);
	check_header(r);
	make_planes(r);
	read_exif(r);
	read_profile(r);
	eighths = choose_eighths(r);
	d->raw_data_out = TRUE;
	d->scale_num = eighths;
	d->scale_denom = 8;
	(void)jpeg_start_decompress(d);
	make_room(r, eighths);
	read_rows(r);
	(void)jpeg_finish_decompress(d);
}

/* Nothing here is changed between setjmp and longjmp but what r points to. */
static bool
read_or_leave(struct reader *r)
{
	if (setjmp(r->guard.leave) != 0)
		return false;
	jpeg_create_decompress(&r->d);
	guard_begin(&r->guard, (j_common_ptr)&r->d);
	read_planes(r);
	return true;
}

static enum fault
read_lean(struct reader *r, struct planes **out, struct fault_info *info)
{
	bool ok;

	guard_begin(&r->guard, (j_common_ptr)&r->d);
	ok = read_or_leave(r);
	jpeg_destroy_decompress(&r->d);
	free(r->icc);
	if (ok) {
		*out = r->made;
		return FAULT_NONE;
	}
	planes_free(r->made);
	return planes_decline(info, r->guard.fault, "decode", r->guard.why);
}

enum fault
planes_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct planes **out,
    struct credits *credits, struct fault_info *info)
{
	struct reader r = { .guard = { .progress = progress,
				.words = FAULT_UNSUPPORTED_FORMAT },
		.sniff = sniff,
		.hint = hint,
		.credits = credits };
	struct lean lean;
	enum fault f;

	if (progress_is_over(progress))
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	if (!whole_file(data, len, FORMAT_JPEG))
		return planes_decline(info, FAULT_UNSUPPORTED_FORMAT, "decode",
		    "cut");
	if (!lean_open(data, len, FORMAT_JPEG, COLOR_PROFILE_MAX, &lean))
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	r.data = lean.data;
	r.len = lean.len;
	f = lean.profile > 0 ? planes_decline(info, FAULT_UNSUPPORTED_FORMAT,
				   "decode", "a large profile")
			     : read_lean(&r, out, info);
	lean_close(&lean);
	return f;
}
