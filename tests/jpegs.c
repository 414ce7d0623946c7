#include "config.h"

#include "jpegs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#define QUALITY 92

static const struct {
	J_COLOR_SPACE in, out;
	int channels; /* of a px as it is given */
} spaces[] = {
	[JPEG_YCC] = { JCS_RGB, JCS_YCbCr, 3 },
	[JPEG_GRAY] = { JCS_RGB, JCS_GRAYSCALE, 3 },
	[JPEG_RGB] = { JCS_RGB, JCS_RGB, 3 },
	[JPEG_CMYK] = { JCS_CMYK, JCS_CMYK, 4 },
	[JPEG_YCCK] = { JCS_CMYK, JCS_YCCK, 4 },
};

static void
set_sampling(struct jpeg_compress_struct *c, const struct jpeg *how)
{
	for (int i = 0; i < c->num_components; i++) {
		c->comp_info[i].h_samp_factor =
		    how->sampling[i] == 0 ? 1 : how->sampling[i] / 10;
		c->comp_info[i].v_samp_factor =
		    how->sampling[i] == 0 ? 1 : how->sampling[i] % 10;
	}
}

/* Baseline, one component after the other. */
static void
set_apart(struct jpeg_compress_struct *c, jpeg_scan_info *scans)
{
	for (int i = 0; i < c->num_components; i++)
		scans[i] = (jpeg_scan_info){ .comps_in_scan = 1,
			.component_index = { i },
			.Se = DCTSIZE2 - 1 };
	c->scan_info = scans;
	c->num_scans = c->num_components;
}

static void
write_rows(struct jpeg_compress_struct *c,
    unsigned (*color)(unsigned x, unsigned y))
{
	JSAMPLE *row =
	    malloc((size_t)c->image_width * (size_t)c->input_components);

	ck_assert_ptr_nonnull(row);
	while (c->next_scanline < c->image_height) {
		JSAMPLE *at = row;

		for (unsigned x = 0; x < c->image_width; x++) {
			const unsigned rgb = color(x, c->next_scanline);

			*at++ = (JSAMPLE)(rgb >> 16);
			*at++ = (JSAMPLE)(rgb >> 8);
			*at++ = (JSAMPLE)rgb;
			/* No black ink, as Adobe has it. */
			if (c->input_components == 4)
				*at++ = 255;
		}
		(void)jpeg_write_scanlines(c, &row, 1);
	}
	free(row);
}

static void
write_file(struct jpeg_compress_struct *c, const struct jpeg *how,
    unsigned (*color)(unsigned x, unsigned y))
{
	jpeg_scan_info scans[JPEG_COMPONENTS];
	const int quality = how->quality == 0 ? QUALITY : (int)how->quality;

	jpeg_set_defaults(c);
	jpeg_set_colorspace(c, spaces[how->colors].out);
	jpeg_set_quality(c, quality, FALSE);
	set_sampling(c, how);
	if (how->progressive)
		jpeg_simple_progression(c);
	if (how->apart)
		set_apart(c, scans);
	c->arith_code = how->arithmetic;
	c->restart_interval = how->restart;
	if (how->without_headers)
		c->write_JFIF_header = c->write_Adobe_marker = FALSE;
	jpeg_start_compress(c, TRUE);
	write_rows(c, color);
	jpeg_finish_compress(c);
}

/* A TIFF of one directory with one entry. */
static void
add_orientation(struct jpeg_file *f, unsigned orientation)
{
	unsigned char exif[] = "Exif\0\0II*\0\x08\0\0\0\x01\0"
			       "\x12\x01\x03\0\x01\0\0\0?\0\0\0\0\0\0\0";

	*(unsigned char *)memchr(exif, '?', sizeof exif) =
	    (unsigned char)orientation;
	jpeg_add_segment(f, 0xe1, exif, sizeof exif - 1);
}

static void
add_profile(struct jpeg_file *f, struct icc icc)
{
	static const unsigned char head[] = "ICC_PROFILE\0\1\1";
	const size_t n = sizeof head - 1;
	unsigned char *body = malloc(n + icc.len);

	ck_assert_ptr_nonnull(body);
	memcpy(body, head, n);
	memcpy(body + n, icc.data, icc.len);
	jpeg_add_segment(f, 0xe2, body, n + icc.len);
	free(body);
	free(icc.data);
}

/* libjpeg's own way with an error is to end the process, with its words. */
struct jpeg_file
jpeg_make(const struct jpeg *how, struct size size,
    unsigned (*color)(unsigned x, unsigned y))
{
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr errors;
	struct jpeg_file f;
	unsigned char *data = NULL;
	unsigned long len = 0;

	c.err = jpeg_std_error(&errors);
	errors.trace_level = -1; /* no word on what is wanted so */
	jpeg_create_compress(&c);
	jpeg_mem_dest(&c, &data, &len);
	c.image_width = size.width;
	c.image_height = size.height;
	c.in_color_space = spaces[how->colors].in;
	c.input_components = spaces[how->colors].channels;
	write_file(&c, how, color);
	jpeg_destroy_compress(&c);
	f = (struct jpeg_file){ data, len };
	if (how->profile != NULL)
		add_profile(&f, how->profile());
	if (how->orientation != 0)
		add_orientation(&f, how->orientation);
	return f;
}

void
jpeg_splice(struct jpeg_file *f, size_t at, size_t n, const void *data,
    size_t len)
{
	unsigned char *made = malloc(f->len - n + len);

	ck_assert_ptr_nonnull(made);
	ck_assert_uint_le(at + n, f->len);
	memcpy(made, f->data, at);
	memcpy(made + at, data, len);
	memcpy(made + at + len, f->data + at + n, f->len - at - n);
	free(f->data);
	f->data = made;
	f->len = f->len - n + len;
}

void
jpeg_add_segment(struct jpeg_file *f, unsigned marker, const void *body,
    size_t len)
{
	const unsigned char head[] = { 0xff, (unsigned char)marker,
		(unsigned char)((len + 2) >> 8), (unsigned char)(len + 2) };

	ck_assert_uint_le(len, 0xffff - 2);
	jpeg_splice(f, 2, 0, body, len);
	jpeg_splice(f, 2, 0, head, sizeof head);
}

size_t
jpeg_find(const struct jpeg_file *f, unsigned marker, unsigned nth)
{
	for (size_t i = 0; i + 1 < f->len; i++)
		if (f->data[i] == 0xff && f->data[i + 1] == marker &&
		    nth-- == 0)
			return i;
	ck_abort_msg("no marker %02x", marker);
}
