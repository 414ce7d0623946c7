#include "config.h"

/*
 * From planes to a JPEG by libjpeg's raw data interface, written as MagickWand
 * writes it: the same tables, sampling, Huffman codes of its own, and nothing
 * of the photo's metadata but the credits.
 */

#include "planes_internal.h"

#include <string.h>

#include "buf.h"
#include "planes_guard.h"

#define ROWS_MAX (2 * DCTSIZE) /* of a component, in a row of MCUs */

/*
 * Where the file grows. libjpeg's own destination in memory says where its bytes
 * are at the end alone: whoever leaves before has what it has freed.
 */
struct sink {
	struct jpeg_destination_mgr manager; /* first: libjpeg knows no more */
	struct buf file;
	JOCTET room[16 * 1024];
};

struct writer {
	struct jpeg_compress_struct c;
	struct guard guard;
	struct sink sink;
	const struct planes *planes;
	const struct encoding *how;
};

/* ---- what libjpeg calls ---- */

static void
make_room(j_compress_ptr c)
{
	struct sink *sink = (struct sink *)c->dest;

	sink->manager.next_output_byte = sink->room;
	sink->manager.free_in_buffer = sizeof sink->room;
}

/* All of the room, whatever the manager says of it (libjpeg.txt). */
static boolean
take_room(j_compress_ptr c)
{
	struct sink *sink = (struct sink *)c->dest;

	buf_add(&sink->file, sink->room, sizeof sink->room);
	make_room(c);
	if (sink->file.failed)
		guard_leave(c->client_data, FAULT_TOO_MUCH_MEMORY, "file");
	return TRUE;
}

static void
take_rest(j_compress_ptr c)
{
	struct sink *sink = (struct sink *)c->dest;

	buf_add(&sink->file, sink->room,
	    sizeof sink->room - sink->manager.free_in_buffer);
	if (sink->file.failed)
		guard_leave(c->client_data, FAULT_TOO_MUCH_MEMORY, "file");
}

/* ---- writing ---- */

/* The last sample of each row, and the last row, go on to the blocks' ends. */
static void
fill_edges(const struct plane *p)
{
	const unsigned char *last = p->data + (p->height - 1) * p->stride;

	for (unsigned y = 0; y < p->height; y++) {
		unsigned char *row = p->data + y * p->stride;

		memset(row + p->width, row[p->width - 1], p->stride - p->width);
	}
	for (size_t y = p->height; y < p->rows; y++)
		memcpy(p->data + y * p->stride, last, p->stride);
}

static void
write_rows(struct writer *w)
{
	struct jpeg_compress_struct *c = &w->c;
	JSAMPROW rows[PLANES_MAX][ROWS_MAX];
	JSAMPARRAY arrays[PLANES_MAX] = { rows[0], rows[1], rows[2] };
	const unsigned lines = (unsigned)c->max_v_samp_factor * DCTSIZE;

	for (unsigned mcu = 0; c->next_scanline < c->image_height; mcu++) {
		for (unsigned i = 0; i < w->planes->n; i++)
			plane_point(&w->planes->plane[i], mcu,
			    (unsigned)c->comp_info[i].v_samp_factor * DCTSIZE,
			    rows[i]);
		(void)jpeg_write_raw_data(c, arrays, lines);
	}
}

static void
set_options(struct writer *w)
{
	struct jpeg_compress_struct *c = &w->c;
	const struct planes *p = w->planes;

	c->image_width = p->size.width;
	c->image_height = p->size.height;
	c->input_components = (int)p->n;
	c->in_color_space = p->n == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
	jpeg_set_defaults(c);
	jpeg_set_quality(c, (int)w->how->quality, TRUE);
	if (p->n > 1) {
		c->comp_info[0].h_samp_factor = (int)p->siting.across;
		c->comp_info[0].v_samp_factor = (int)p->siting.down;
	}
	c->optimize_coding = TRUE;
	c->raw_data_in = TRUE;
	if (w->how->progressive)
		jpeg_simple_progression(c);
}

static void
write_credits(struct writer *w)
{
	unsigned char exif[EXIF_MAX];
	size_t len = 0;

	if (w->how->credits != NULL)
		len = exif_write(w->how->credits, exif);
	if (len > 0)
		jpeg_write_marker(&w->c, JPEG_APP0 + 1, exif, (unsigned)len);
}

/* Nothing here is changed between setjmp and longjmp but what w points to. */
static bool
write_or_leave(struct writer *w)
{
	if (setjmp(w->guard.leave) != 0)
		return false;
	jpeg_create_compress(&w->c);
	guard_begin(&w->guard, (j_common_ptr)&w->c);
	w->c.dest = &w->sink.manager;
	set_options(w);
	jpeg_start_compress(&w->c, TRUE);
	write_credits(w);
	write_rows(w);
	jpeg_finish_compress(&w->c);
	return true;
}

static enum fault
encode(const struct planes *p, const struct encoding *how, void **out,
    size_t *out_len, struct fault_info *info)
{
	struct writer w = {
		.guard = { .progress = p->progress, .words = FAULT_INTERNAL },
		.sink = { .manager = { .init_destination = make_room,
			      .empty_output_buffer = take_room,
			      .term_destination = take_rest } },
		.planes = p,
		.how = how,
	};
	bool ok;

	for (unsigned i = 0; i < p->n; i++)
		fill_edges(&p->plane[i]);
	guard_begin(&w.guard, (j_common_ptr)&w.c);
	ok = write_or_leave(&w);
	jpeg_destroy_compress(&w.c);
	if (!ok) {
		buf_fini(&w.sink.file);
		return planes_decline(info, w.guard.fault, "encode",
		    w.guard.why);
	}
	*out = w.sink.file.data;
	*out_len = w.sink.file.len;
	return FAULT_NONE;
}

enum fault
planes_encode(const struct planes *p, const struct encoding *how, void **out,
    size_t *out_len, struct fault_info *info)
{
	struct planes *made = NULL;
	enum fault f = planes_in_time(p, info);

	if (f == FAULT_NONE)
		f = planes_sited(p, siting_of(how->chroma), &made, &p, info);
	if (f == FAULT_NONE)
		f = encode(p, how, out, out_len, info);
	planes_free(made);
	return f;
}
