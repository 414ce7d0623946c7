#include "planes.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "sniff_ifd.h"

#define ROWS_MAX (2 * DCTSIZE) /* of a component, in a row of MCUs */

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

bool
plane_init(struct plane *p, unsigned width, unsigned height)
{
	p->width = width;
	p->height = height;
	p->stride = round_up(width, PLANE_ALIGN);
	p->rows = round_up(height, ROWS_MAX);
	p->data = aligned_alloc(PLANE_ALIGN, p->stride * p->rows);
	return p->data != NULL;
}

void
planes_fini(struct planes *p)
{
	for (unsigned i = 0; i < PLANES; i++) {
		free(p->plane[i].data);
		p->plane[i].data = NULL;
	}
}

/* ---- decoding ---- */

/* What z.lib can place: each sample of chroma over 1 or 2 whole pixels. */
static bool
can_have_planes(const struct jpeg_decompress_struct *d)
{
	const jpeg_component_info *c = d->comp_info;

	if (d->jpeg_color_space == JCS_GRAYSCALE)
		return d->num_components == 1;
	if (d->jpeg_color_space != JCS_YCbCr || d->num_components != PLANES)
		return false;
	for (int i = 1; i < PLANES; i++)
		if (c[i].h_samp_factor != 1 || c[i].v_samp_factor != 1)
			return false;
	return c->h_samp_factor <= 2 && c->v_samp_factor <= 2;
}

static bool
make_room(const struct jpeg_decompress_struct *d, struct planes *out)
{
	out->width = d->image_width;
	out->height = d->image_height;
	out->n = (unsigned)d->num_components;
	for (unsigned i = 0; i < out->n; i++) {
		const jpeg_component_info *c = &d->comp_info[i];
		struct plane *p = &out->plane[i];

		if (!plane_init(p, c->downsampled_width, c->downsampled_height))
			return false;
		p->across = (unsigned)(d->max_h_samp_factor / c->h_samp_factor);
		p->down = (unsigned)(d->max_v_samp_factor / c->v_samp_factor);
	}
	return true;
}

/* What the first EXIF says. */
static unsigned
orientation(const struct jpeg_decompress_struct *d)
{
	for (jpeg_saved_marker_ptr m = d->marker_list; m != NULL; m = m->next) {
		struct span exif = { m->data, m->data_length };

		if (m->data_length > 6 && memcmp(m->data, "Exif", 5) == 0)
			return tiff_orientation(exif_tiff(exif));
	}
	return 1;
}

/* All rows of plane i that belong to the row of MCUs which begins at line. */
static void
point_at(const struct planes *p, unsigned i, unsigned line, JSAMPROW *rows)
{
	const struct plane *plane = &p->plane[i];
	size_t first = line / plane->down;

	for (size_t y = 0; y < ROWS_MAX; y++) {
		size_t at = first + y;

		/* Of a plane without that many the surplus is not used. */
		rows[y] = plane->data +
		    (at < plane->rows ? at : plane->rows - 1) * plane->stride;
	}
}

static void
read_rows(struct jpeg_decompress_struct *d, struct planes *out)
{
	JSAMPROW rows[PLANES][ROWS_MAX];
	JSAMPARRAY arrays[PLANES] = { rows[0], rows[1], rows[2] };
	unsigned lines = (unsigned)d->max_v_samp_factor * DCTSIZE;

	while (d->output_scanline < d->output_height) {
		for (unsigned i = 0; i < out->n; i++)
			point_at(out, i, d->output_scanline, rows[i]);
		(void)jpeg_read_raw_data(d, arrays, lines);
	}
}

bool
planes_decode(const void *data, size_t len, struct planes *out)
{
	struct jpeg_decompress_struct d;
	struct jpeg_error_mgr errors;
	bool ok;

	memset(out, 0, sizeof *out);
	d.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&d);
	jpeg_mem_src(&d, data, len);
	jpeg_save_markers(&d, JPEG_APP0 + 1, UINT16_MAX);
	(void)jpeg_read_header(&d, TRUE);
	out->orientation = orientation(&d);
	d.raw_data_out = TRUE;
	ok = can_have_planes(&d);
	if (ok) {
		(void)jpeg_start_decompress(&d);
		ok = make_room(&d, out);
	}
	if (ok) {
		read_rows(&d, out);
		(void)jpeg_finish_decompress(&d);
	}
	jpeg_destroy_decompress(&d);
	return ok;
}

/* ---- encoding ---- */

/* The last sample of each row and the last row go on beyond the edges. */
static void
fill_edges(struct plane *p)
{
	unsigned char *last = p->data + (p->height - 1) * p->stride;

	for (unsigned y = 0; y < p->height; y++) {
		unsigned char *row = p->data + y * p->stride;

		memset(row + p->width, row[p->width - 1], p->stride - p->width);
	}
	for (size_t y = p->height; y < p->rows; y++)
		memcpy(p->data + y * p->stride, last, p->stride);
}

static void
write_rows(struct jpeg_compress_struct *c, struct planes *p)
{
	JSAMPROW rows[PLANES][ROWS_MAX];
	JSAMPARRAY arrays[PLANES] = { rows[0], rows[1], rows[2] };
	unsigned lines = (unsigned)c->max_v_samp_factor * DCTSIZE;

	while (c->next_scanline < c->image_height) {
		for (unsigned i = 0; i < p->n; i++)
			point_at(p, i, c->next_scanline, rows[i]);
		(void)jpeg_write_raw_data(c, arrays, lines);
	}
}

bool
planes_encode(struct planes *p, int quality, void **out, size_t *len)
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	unsigned char *data = NULL;
	unsigned long size = 0;

	for (unsigned i = 0; i < p->n; i++)
		fill_edges(&p->plane[i]);
	c.err = jpeg_std_error(&errors);
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &data, &size);
	c.image_width = p->width;
	c.image_height = p->height;
	c.input_components = (int)p->n;
	c.in_color_space = p->n == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
	jpeg_set_defaults(&c);
	jpeg_set_quality(&c, quality, TRUE);
	c.optimize_coding = TRUE;
	c.raw_data_in = TRUE;
	jpeg_start_compress(&c, TRUE);
	write_rows(&c, p);
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	*out = data;
	*len = size;
	return data != NULL;
}
