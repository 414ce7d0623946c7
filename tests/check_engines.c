#include "config.h"

/*
 * The two engines, side by side: every kind of JPEG is rendered by both, and
 * what comes of it has to be the same. The same files of the same sizes, the
 * same refusals with the same words, the same colour and placeholder, nothing
 * in a file that is not the picture; and pictures that no eye tells apart, by
 * the LEAST_ of dB PSNR below. What does not take the lane must be the same
 * byte by byte.
 *
 * Which kinds take it is in the tables: 8 bits, gray or YCbCr, chroma of 1x1
 * with luma of 1x1, 2x1, 1x2 or 2x2, without a warning from the decoder, and
 * without a profile or with one of RGB that can be read.
 */

#include "engine.h"

#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extras.h"
#include "jpegs.h"
#include "pictures.h"
#include "renders.h"
#include "support.h"

/*
 * Without loss: what scaling, chroma and colours differ by, so 41 dB and more
 * but for edges of flat colours and the decoder's smallest scale.
 */
#define LEAST_PNG 38
/*
 * At quality 80, which alone costs three times as much: such a file of either
 * engine is 26 to 29 dB from the picture without loss.
 */
#define LEAST_LOSSY 35
#define LEAST_LOSSY_EDGES 32 /* the same of edges between flat colours */
/* AVIF's coarse chroma, GIF's few colours. */
#define LEAST_COARSE 31
/* 16 px at quality 20. */
#define LEAST_PLACEHOLDER 25
/*
 * A region that begins between two px: MagickWand takes the next one, the lane
 * takes the region, half a px of the source away.
 */
#define LEAST_BETWEEN 25

#define REACH 3 /* px that the most detailed region may be off, of its own */

/* --- what is drawn --- */

/*
 * As a photo is: slow changes, some fine ones, all colours, a wall that is most
 * of it, and no edge within one px, which no lens draws.
 */
static unsigned
photo(unsigned x, unsigned y)
{
	const double u = x / 97.0, v = y / 71.0;
	const double fine = 9 * sin(x * 0.9) * sin(y * 0.7 + u);
	const double wall = 1 / (1 + exp((fmod(u + v, 3) - 1.6) * 20));
	const double wave = 60 * (1 - wall);
	const double r = 112 - 32 * wall + wave * sin(u * 2 + v) + fine;
	const double g = 144 - 32 * wall + wave * sin(v * 3 - u) + fine;
	const double b = 144 + wave * cos(u * 1.5 + v * 2) + fine;

	return (unsigned)r << 16 | (unsigned)g << 8 | (unsigned)b;
}

/* Of one colour but for the part at the right and below, which is all detail. */
static unsigned
corner(unsigned x, unsigned y)
{
	if (x < 200 || y < 140)
		return 0x8090a0;
	return (x / 3 + y / 3) % 2 == 0 ? 0x202020 : 0xe0d0c0;
}

/* --- presets --- */

static struct preset *
add_preset(const char *name, unsigned width, unsigned height, enum fit fit,
    enum format format)
{
	const unsigned i = picture_settings->n_presets;

	set_preset(i, name, width, height, fit, format);
	return &picture_settings->presets[i];
}

/* A ladder, each fit, gravities on odd places; every file lossless. */
static void
set_places(void)
{
	static const enum gravity covers[] = { GRAVITY_CENTER,
		GRAVITY_NORTHWEST, GRAVITY_SOUTHEAST };
	struct preset *p;

	picture_settings->n_presets = 0;
	(void)add_preset("whole", 1000, 1000, FIT_INSIDE, FORMAT_PNG);
	(void)add_preset("large", 123, 123, FIT_INSIDE, FORMAT_PNG);
	(void)add_preset("small", 60, 60, FIT_INSIDE, FORMAT_PNG);
	for (unsigned i = 0; i < NELEM(covers); i++) {
		p = add_preset("cover", 45 + i, 37, FIT_COVER, FORMAT_PNG);
		p->gravity = covers[i];
	}
	p = add_preset("pad", 61, 47, FIT_PAD, FORMAT_PNG);
	p->background = 0x3060c0;
	p->gravity = GRAVITY_SOUTHEAST;
	p = add_preset("tall", 50, 91, FIT_PAD, FORMAT_PNG);
	p->background = 0xff8800;
}

/* What a preset can say beside its size, and each format. */
static void
set_kinds(void)
{
	static const enum format formats[] = { FORMAT_WEBP, FORMAT_PNG,
		FORMAT_GIF, FORMAT_AVIF };
	struct preset *p;

	picture_settings->n_presets = 0;
	(void)add_preset("plain", 200, 200, FIT_INSIDE, FORMAT_JPEG);
	p = add_preset("fine", 150, 150, FIT_INSIDE, FORMAT_JPEG);
	p->chroma = CHROMA_444;
	p->progressive = true;
	p = add_preset("wide", 90, 91, FIT_COVER, FORMAT_JPEG);
	p->chroma = CHROMA_422;
	p = add_preset("pad", 101, 83, FIT_PAD, FORMAT_JPEG);
	p->background = 0x3060c0;
	p->gravity = GRAVITY_EAST;
	p = add_preset("sharp", 110, 110, FIT_INSIDE, FORMAT_JPEG);
	p->sharpen = 40;
	p = add_preset("sharp-pad", 77, 99, FIT_PAD, FORMAT_JPEG);
	p->sharpen = 40;
	p = add_preset("grown", 431, 431, FIT_INSIDE, FORMAT_JPEG);
	p->enlarge = true;
	p = add_preset("signed", 80, 80, FIT_INSIDE, FORMAT_JPEG);
	p->keep_copyright = true;
	for (unsigned i = 0; i < NELEM(formats); i++)
		if (image_can_write(formats[i]))
			(void)add_preset("format", 99 - i, 99, FIT_INSIDE,
			    formats[i]);
}

/* --- comparing --- */

/* One photo by one engine, or as the settings choose. */
struct made {
	enum fault fault;
	struct fault_info info;
	struct rendering r;
};

static struct made
make(const struct jpeg_file *f, enum engine_choice choice)
{
	struct made made = { 0 };

	picture_settings->engine = choice;
	made.fault = render_bytes(f->data, f->len, &made.r, &made.info);
	return made;
}

/* What is rendered, and what is known of it. */
struct subject {
	const char *name;
	struct jpeg_file file;
	bool has_edges; /* between flat colours */
};

static bool
is_whole(double px)
{
	return fabs(px - round(px)) < 1e-6;
}

/* Is the preset's picture cut out between the px of the photo? */
static bool
is_between(const struct preset *p, struct size size)
{
	const struct size box = { p->width, p->height };
	struct placement at;

	if (p->gravity == GRAVITY_SMART)
		return true;
	geometry_place(size, box, p->fit, p->gravity, p->enlarge, &at);
	return !is_whole(at.crop_x) || !is_whole(at.crop_y) ||
	    !is_whole(at.crop_width) || !is_whole(at.crop_height);
}

static double
least_of(const struct subject *s, const struct rendered *file, struct size size)
{
	if (is_between(file->preset, size))
		return LEAST_BETWEEN;
	if (file->format == FORMAT_PNG)
		return LEAST_PNG;
	if (file->format != FORMAT_JPEG && file->format != FORMAT_WEBP)
		return LEAST_COARSE;
	return s->has_edges ? LEAST_LOSSY_EDGES : LEAST_LOSSY;
}

/* The best of all places of b's middle on a that are at most `reach` px off. */
static double
likeness(const struct pixels *a, const struct pixels *b, int reach)
{
	double best = 0;

	for (int y = -reach; y <= reach; y++)
		for (int x = -reach; x <= reach; x++)
			best = fmax(best, pixels_psnr(a, b, x, y));
	return best;
}

/* size is the photo's. */
static void
compare_files(const struct subject *s, const struct rendered *a,
    const struct rendered *b, struct size size)
{
	const struct preset *preset = a->preset;
	const int reach = preset->gravity == GRAVITY_SMART ? REACH : 0;
	const double least = least_of(s, a, size);
	struct pixels pa, pb;
	double like;

	ck_assert_ptr_eq(b->preset, preset);
	ck_assert_int_eq(a->format, b->format);
	ck_assert_mem_eq(&a->size, &b->size, sizeof a->size);
	pa = pixels_read(a->data, a->len, a->format);
	pb = pixels_read(b->data, b->len, b->format);
	ck_assert_uint_eq(pb.width, b->size.width);
	ck_assert_uint_eq(pb.height, b->size.height);
	like = likeness(&pa, &pb, reach);
	ck_assert_msg(like >= least, "%s, %s %u x %u %s: %.1f dB of %.0f",
	    s->name, preset->name, pa.width, pa.height,
	    format_spec(a->format)->ext, like, least);
	pixels_free(&pa);
	pixels_free(&pb);
}

static unsigned
color_of(const struct rendering *r)
{
	unsigned color;

	ck_assert_int_eq(sscanf(r->color, "#%6x", &color), 1);
	return color;
}

/* What a data URI of WebP shows. */
static struct pixels
placeholder_of(const struct rendering *r)
{
	static const char head[] = "data:image/webp;base64,";
	const char *text = r->placeholder + sizeof head - 1;
	unsigned char data[PLACEHOLDER_MAX];
	int len;

	ck_assert_int_eq(strncmp(r->placeholder, head, sizeof head - 1), 0);
	len = EVP_DecodeBlock(data, (const unsigned char *)text,
	    (int)strlen(text));
	ck_assert_int_gt(len, 0);
	return pixels_read(data, (size_t)len, FORMAT_WEBP);
}

static void
compare_glances(const struct subject *s, const struct rendering *a,
    const struct rendering *b)
{
	const unsigned off = color_distance(color_of(a), color_of(b));
	struct pixels pa = placeholder_of(a), pb = placeholder_of(b);
	double like;

	ck_assert_msg(off <= 4, "%s: %s and %s", s->name, a->color, b->color);
	like = pixels_psnr(&pa, &pb, 0, 0);
	ck_assert_msg(like >= LEAST_PLACEHOLDER, "%s, placeholder: %.1f dB",
	    s->name, like);
	pixels_free(&pa);
	pixels_free(&pb);
}

static void
compare_bytes(const struct subject *s, const struct rendering *a,
    const struct rendering *b)
{
	for (unsigned i = 0; i < a->n; i++) {
		ck_assert_msg(a->files[i].len == b->files[i].len, "%s",
		    s->name);
		ck_assert_mem_eq(a->files[i].data, b->files[i].data,
		    a->files[i].len);
	}
	ck_assert_str_eq(a->color, b->color);
	ck_assert_str_eq(a->placeholder, b->placeholder);
}

static void
compare_pictures(const struct subject *s, const struct rendering *a,
    const struct rendering *b)
{
	for (unsigned i = 0; i < a->n; i++) {
		const struct rendered *file = &a->files[i];
		const char *extra = file->preset->keep_copyright
		    ? NULL
		    : picture_extras(file->data, file->len, file->format);

		ck_assert_msg(extra == NULL, "%s: %s", s->name, extra);
		compare_files(s, file, &b->files[i], a->photo);
	}
	compare_glances(s, a, b);
}

static void
compare_faults(const struct subject *s, const struct made *a,
    const struct made *b)
{
	ck_assert_msg(a->fault == b->fault, "%s: %s and %s", s->name,
	    fault_code(a->fault), fault_code(b->fault));
	ck_assert_str_eq(a->info.detail, b->info.detail);
	ck_assert_str_eq(a->info.cause, b->info.cause);
	ck_assert_uint_eq(a->info.limit, b->info.limit);
	ck_assert_uint_eq(a->info.actual, b->info.actual);
}

/* Both have made it. */
static void
compare_renderings(const struct subject *s, const struct rendering *a,
    const struct rendering *b)
{
	ck_assert_int_eq(b->engine, ENGINE_MAGICK);
	ck_assert_uint_eq(a->n, b->n);
	ck_assert_msg(a->photo.width == b->photo.width &&
		a->photo.height == b->photo.height,
	    "%s: %u x %u and %u x %u", s->name, a->photo.width, a->photo.height,
	    b->photo.width, b->photo.height);
	if (a->engine == ENGINE_MAGICK)
		compare_bytes(s, a, b);
	else
		compare_pictures(s, a, b);
}

/* Whichever takes it, or refused by both: ENGINE_COUNT. */
static enum engine
compare_any(const struct subject *s)
{
	struct made chosen = make(&s->file, ENGINE_CHOICE_AUTO);
	struct made magick = make(&s->file, ENGINE_CHOICE_MAGICK);

	compare_faults(s, &chosen, &magick);
	if (chosen.fault != FAULT_NONE)
		return ENGINE_COUNT;
	compare_renderings(s, &chosen.r, &magick.r);
	rendering_fini(&chosen.r);
	rendering_fini(&magick.r);
	return chosen.r.engine;
}

static void
compare(const struct subject *s, enum engine want)
{
	const enum engine is = compare_any(s);

	ck_assert_msg(is == want, "%s: made by %s", s->name,
	    is == ENGINE_COUNT ? "none" : engine_name(is));
}

/* --- the files of tests/data --- */

static const struct {
	const char *name;
	enum engine engine; /* ENGINE_COUNT: none */
	bool has_edges;
} files[] = {
	{ "data/adobe-rgb.jpg", ENGINE_PLANES, false },
	{ "data/cmyk.jpg", ENGINE_MAGICK, true },
	{ "data/detail-low.jpg", ENGINE_PLANES, false },
	{ "data/gainmap.jpg", ENGINE_PLANES, true },
	{ "data/gray.jpg", ENGINE_PLANES, true },
	{ "data/motion.jpg", ENGINE_PLANES, true },
	{ "data/orient-0.jpg", ENGINE_PLANES, true },
	{ "data/orient-1.jpg", ENGINE_PLANES, true },
	{ "data/orient-2.jpg", ENGINE_PLANES, true },
	{ "data/orient-3.jpg", ENGINE_PLANES, true },
	{ "data/orient-4.jpg", ENGINE_PLANES, true },
	{ "data/orient-5.jpg", ENGINE_PLANES, true },
	{ "data/orient-6.jpg", ENGINE_PLANES, true },
	{ "data/orient-7.jpg", ENGINE_PLANES, true },
	{ "data/orient-8.jpg", ENGINE_PLANES, true },
	{ "data/p3.jpg", ENGINE_PLANES, false },
	{ "data/progressive.jpg", ENGINE_PLANES, true },
	{ "data/restart.jpg", ENGINE_PLANES, true },
	{ "data/tall.jpg", ENGINE_PLANES, false },
	{ "data/truncated.jpg", ENGINE_COUNT, true },
	{ "data/ycck.jpg", ENGINE_MAGICK, true },
};

static void
compare_data(const char *name, enum engine engine, bool has_edges)
{
	struct subject s = { .name = name, .has_edges = has_edges };

	s.file.data = (unsigned char *)test_data(name, &s.file.len);
	compare(&s, engine);
	free(s.file.data);
}

START_TEST(every_file_in_every_place)
{
	set_places();
	compare_data(files[_i].name, files[_i].engine, files[_i].has_edges);
}
END_TEST

START_TEST(every_file_as_every_kind_of_thumbnail)
{
	set_kinds();
	compare_data(files[_i].name, files[_i].engine, files[_i].has_edges);
}
END_TEST

/* By the presets that a fresh service has; MagickWand decodes half the size. */
START_TEST(a_large_photo_by_the_default_presets)
{
	compare_data("data/photo-12mp.jpg", ENGINE_PLANES, false);
	picture_settings->resize_quality = RESIZE_BEST;
	compare_data("data/photo-12mp.jpg", ENGINE_PLANES, false);
}
END_TEST

/* --- every kind --- */

static struct icc
broken(void)
{
	struct icc icc = icc_display_p3();

	memset((unsigned char *)icc.data + 40, 0xa5, icc.len - 40);
	return icc;
}

static struct icc
gamma_of_gray(void)
{
	return icc_gray(1.8);
}

static void
add_garbage(struct jpeg_file *f)
{
	static const unsigned char words[] = "\xff\xd8 and more of it \xff\xd9";

	jpeg_splice(f, f->len, 0, words, sizeof words);
}

static void
add_fill(struct jpeg_file *f)
{
	jpeg_splice(f, 2, 0, "\xff\xff\xff", 3);
}

static void
add_stray_bytes(struct jpeg_file *f)
{
	jpeg_splice(f, jpeg_find(f, 0xdb, 0), 0, "\1\2\3", 3);
}

static void
add_bytes_to_the_scan(struct jpeg_file *f)
{
	jpeg_splice(f, f->len - 2, 0, "\x12\x34\x56\x78\x9a\xbc\xde\xf0", 8);
}

static void
cut_in_two(struct jpeg_file *f)
{
	f->len /= 2;
}

static void
cut_end(struct jpeg_file *f)
{
	f->len -= 2;
}

static void
spoil_scan(struct jpeg_file *f)
{
	const size_t at = jpeg_find(f, 0xda, 0) + (f->len >> 1);

	for (size_t i = at; i < at + 40; i++)
		f->data[i] = (unsigned char)(i * 37 % 255);
}

static void
spoil_restart(struct jpeg_file *f)
{
	f->data[jpeg_find(f, 0xd3, 0) + 1] = 0xd6;
}

/* All scans from the nth on are gone; the picture is whole, and coarse. */
static void
drop_scans(struct jpeg_file *f, unsigned nth)
{
	const size_t at = jpeg_find(f, 0xda, nth);

	jpeg_splice(f, at, f->len - 2 - at, "", 0);
}

static void
drop_late_scans(struct jpeg_file *f)
{
	drop_scans(f, 5);
}

static void
drop_all_but_one(struct jpeg_file *f)
{
	drop_scans(f, 1);
}

static void
say_12_bits(struct jpeg_file *f)
{
	f->data[jpeg_find(f, 0xc0, 0) + 4] = 12;
}

static void
number_twice(struct jpeg_file *f)
{
	const size_t frame = jpeg_find(f, 0xc0, 0);
	const size_t scan = jpeg_find(f, 0xda, 0);

	/* Of the second component that of the first. */
	f->data[frame + 10 + 3] = f->data[frame + 10];
	f->data[scan + 5 + 2] = f->data[scan + 5];
}

static void
name_rgb(struct jpeg_file *f)
{
	const size_t frame = jpeg_find(f, 0xc0, 0);
	const size_t scan = jpeg_find(f, 0xda, 0);

	for (unsigned i = 0; i < 3; i++)
		f->data[frame + 10 + i * 3] = f->data[scan + 5 + i * 2] =
		    (unsigned char)"RGB"[i];
}

static void
add_adobe(struct jpeg_file *f, unsigned char transform)
{
	unsigned char body[] = "Adobe\0\x64\0\0\0\0?";

	body[11] = transform;
	jpeg_add_segment(f, 0xee, body, sizeof body - 1);
}

static void
add_adobe_ycc(struct jpeg_file *f)
{
	add_adobe(f, 1);
}

static void
add_adobe_rgb(struct jpeg_file *f)
{
	add_adobe(f, 0);
}

static void
add_adobe_other(struct jpeg_file *f)
{
	add_adobe(f, 2);
}

static void
spoil_jfif(struct jpeg_file *f)
{
	f->data[jpeg_find(f, 0xe0, 0) + 9] = 3; /* major version */
}

static void
add_comment(struct jpeg_file *f)
{
	jpeg_add_segment(f, 0xfe, "ftmark: not for others", 22);
}

static const struct {
	const char *name;
	struct jpeg jpeg;
	void (*change)(struct jpeg_file *f);
	enum engine engine;
} kinds[] = {
	{ "444", { .sampling = { 11 } }, NULL, ENGINE_PLANES },
	{ "422", { .sampling = { 21 } }, NULL, ENGINE_PLANES },
	{ "440", { .sampling = { 12 } }, NULL, ENGINE_PLANES },
	{ "420", { .sampling = { 22 } }, NULL, ENGINE_PLANES },
	{ "gray", { .colors = JPEG_GRAY }, NULL, ENGINE_PLANES },
	{ "gray 2x2", { JPEG_GRAY, .sampling = { 22 } }, NULL, ENGINE_PLANES },
	{ "411", { .sampling = { 41 } }, NULL, ENGINE_MAGICK },
	{ "410", { .sampling = { 42 } }, NULL, ENGINE_MAGICK },
	{ "441", { .sampling = { 14 } }, NULL, ENGINE_MAGICK },
	{ "444 as 2x1", { .sampling = { 21, 21, 21 } }, NULL, ENGINE_MAGICK },
	{ "422 as 2x2", { .sampling = { 22, 12, 12 } }, NULL, ENGINE_MAGICK },
	{ "uneven", { .sampling = { 22, 21, 11 } }, NULL, ENGINE_MAGICK },
	{ "chroma finer", { .sampling = { 11, 22, 22 } }, NULL, ENGINE_MAGICK },
	{ "rgb", { .colors = JPEG_RGB }, NULL, ENGINE_MAGICK },
	{ "cmyk", { .colors = JPEG_CMYK }, NULL, ENGINE_MAGICK },
	{ "ycck", { JPEG_YCCK, .sampling = { 22, 11, 11, 22 } }, NULL,
	    ENGINE_MAGICK },
	{ "progressive", { .sampling = { 22 }, .progressive = true }, NULL,
	    ENGINE_PLANES },
	{ "progressive gray", { JPEG_GRAY, .progressive = true }, NULL,
	    ENGINE_PLANES },
	{ "arithmetic", { .sampling = { 22 }, .arithmetic = true }, NULL,
	    ENGINE_PLANES },
	{ "arithmetic progressive",
	    { .sampling = { 21 }, .arithmetic = true, .progressive = true },
	    NULL, ENGINE_PLANES },
	{ "restart", { .sampling = { 22 }, .restart = 3 }, NULL,
	    ENGINE_PLANES },
	{ "apart", { .sampling = { 22 }, .apart = true }, NULL, ENGINE_PLANES },
	{ "rough", { .sampling = { 22 }, .quality = 10 }, NULL, ENGINE_PLANES },
	{ "best", { .sampling = { 11 }, .quality = 100 }, NULL, ENGINE_PLANES },
	{ "srgb", { .sampling = { 22 }, .profile = icc_srgb }, NULL,
	    ENGINE_PLANES },
	{ "p3 444", { .sampling = { 11 }, .profile = icc_display_p3 }, NULL,
	    ENGINE_PLANES },
	{ "p3 420", { .sampling = { 22 }, .profile = icc_display_p3 }, NULL,
	    ENGINE_PLANES },
	{ "p3 on its side",
	    { .sampling = { 21 }, .profile = icc_display_p3, .orientation = 5 },
	    NULL, ENGINE_PLANES },
	{ "profile of gray", { JPEG_GRAY, .profile = gamma_of_gray }, NULL,
	    ENGINE_MAGICK },
	{ "gray's of rgb", { JPEG_GRAY, .profile = icc_display_p3 }, NULL,
	    ENGINE_MAGICK },
	{ "rgb's of gray", { .sampling = { 22 }, .profile = gamma_of_gray },
	    NULL, ENGINE_MAGICK },
	{ "broken profile", { .sampling = { 22 }, .profile = broken }, NULL,
	    ENGINE_MAGICK },
	{ "profile of cmyk", { .sampling = { 22 }, .profile = icc_cmyk }, NULL,
	    ENGINE_MAGICK },
	{ "cmyk with its own", { JPEG_CMYK, .profile = icc_cmyk }, NULL,
	    ENGINE_MAGICK },
	{ "comment", { .sampling = { 22 } }, add_comment, ENGINE_PLANES },
	{ "garbage behind", { .sampling = { 22 } }, add_garbage,
	    ENGINE_PLANES },
	{ "fill bytes", { .sampling = { 22 } }, add_fill, ENGINE_PLANES },
	{ "without headers", { .sampling = { 22 }, .without_headers = true },
	    NULL, ENGINE_PLANES },
	{ "adobe ycc", { .sampling = { 22 }, .without_headers = true },
	    add_adobe_ycc, ENGINE_PLANES },
	{ "adobe rgb", { .sampling = { 11 }, .without_headers = true },
	    add_adobe_rgb, ENGINE_MAGICK },
	{ "adobe against jfif", { .sampling = { 22 } }, add_adobe_rgb,
	    ENGINE_PLANES },
	{ "adobe other", { .sampling = { 22 }, .without_headers = true },
	    add_adobe_other, ENGINE_MAGICK },
	{ "named rgb", { .sampling = { 11 }, .without_headers = true },
	    name_rgb, ENGINE_MAGICK },
	{ "jfif 3", { .sampling = { 22 } }, spoil_jfif, ENGINE_MAGICK },
	{ "stray bytes", { .sampling = { 22 } }, add_stray_bytes,
	    ENGINE_MAGICK },
	{ "bytes in the scan", { .sampling = { 22 } }, add_bytes_to_the_scan,
	    ENGINE_MAGICK },
	{ "spoilt", { .sampling = { 22 } }, spoil_scan, ENGINE_MAGICK },
	{ "wrong restart", { .sampling = { 22 }, .restart = 3 }, spoil_restart,
	    ENGINE_MAGICK },
	{ "numbered twice", { .sampling = { 22 } }, number_twice,
	    ENGINE_PLANES },
	{ "late scans missing", { .sampling = { 22 }, .progressive = true },
	    drop_late_scans, ENGINE_PLANES },
	{ "one scan", { .sampling = { 22 }, .progressive = true },
	    drop_all_but_one, ENGINE_PLANES },
	{ "a component missing", { .sampling = { 22 }, .apart = true },
	    drop_all_but_one, ENGINE_PLANES },
	{ "12 bits", { .sampling = { 22 } }, say_12_bits, ENGINE_COUNT },
	{ "cut", { .sampling = { 22 } }, cut_in_two, ENGINE_COUNT },
	{ "cut progressive", { .sampling = { 22 }, .progressive = true },
	    cut_in_two, ENGINE_COUNT },
	{ "without an end", { .sampling = { 22 } }, cut_end, ENGINE_COUNT },
};

static void
draw_and_compare(const char *name, const struct jpeg *jpeg, struct size size,
    unsigned (*color)(unsigned x, unsigned y))
{
	struct subject s = { .name = name };

	s.file = jpeg_make(jpeg, size, color);
	compare(&s, ENGINE_PLANES);
	free(s.file.data);
}

/* Odd sides, so that the last block and the last sample of chroma are parts. */
START_TEST(every_kind_in_every_place)
{
	struct subject s = { .name = kinds[_i].name };

	s.file = jpeg_make(&kinds[_i].jpeg, (struct size){ 333, 251 }, photo);
	if (kinds[_i].change != NULL)
		kinds[_i].change(&s.file);
	set_places();
	compare(&s, kinds[_i].engine);
	set_kinds();
	compare(&s, kinds[_i].engine);
	free(s.file.data);
}
END_TEST

/* --- EXIF --- */

#define TIFF_II "Exif\0\0II*\0\x08\0\0\0"
#define TIFF_MM "Exif\0\0MM\0*\0\0\0\x08"
#define ONE "\1\0"
#define TWO "\2\0"
#define END "\0\0\0\0"
#define ORIENTATION(o) "\x12\1\3\0\1\0\0\0" o "\0\0\0"
#define MAKER "\x0f\1\2\0\3\0\0\0ab\0\0"
#define EXIF(text) text, sizeof text - 1

/* What cameras and their users' programs leave; the turn must be the same. */
static const struct {
	const char *name;
	const char *exif;
	size_t len;
} exifs[] = {
	{ "right", EXIF(TIFF_II ONE ORIENTATION("\6") END) },
	{ "big-endian",
	    EXIF(TIFF_MM "\0\1"
			 "\1\x12\0\3\0\0\0\1\0\6\0\0" END) },
	{ "cut before the next", EXIF(TIFF_II ONE ORIENTATION("\6")) },
	{ "cut in the next", EXIF(TIFF_II ONE ORIENTATION("\6") "\0\0\0") },
	{ "cut in the entry", EXIF(TIFF_II ONE "\x12\1\3\0\1\0\0\0\6") },
	{ "more entries than there are",
	    EXIF(TIFF_II "\x09\0" ORIENTATION("\6") END) },
	{ "no entry", EXIF(TIFF_II "\0\0" END) },
	{ "0", EXIF(TIFF_II ONE ORIENTATION("\0") END) },
	{ "9", EXIF(TIFF_II ONE ORIENTATION("\x09") END) },
	{ "259", EXIF(TIFF_II ONE "\x12\1\3\0\1\0\0\0\3\1\0\0" END) },
	{ "a byte", EXIF(TIFF_II ONE "\x12\1\1\0\1\0\0\0\6\0\0\0" END) },
	{ "a long", EXIF(TIFF_II ONE "\x12\1\4\0\1\0\0\0\6\0\0\0" END) },
	{ "a text", EXIF(TIFF_II ONE "\x12\1\2\0\2\0\0\0\x36\0\0\0" END) },
	{ "signed", EXIF(TIFF_II ONE "\x12\1\x08\0\1\0\0\0\6\0\0\0" END) },
	{ "of no type", EXIF(TIFF_II ONE "\x12\1\0\0\1\0\0\0\6\0\0\0" END) },
	{ "none of them", EXIF(TIFF_II ONE "\x12\1\3\0\0\0\0\0\6\0\0\0" END) },
	{ "two of them", EXIF(TIFF_II ONE "\x12\1\3\0\2\0\0\0\6\0\3\0" END) },
	{ "three, elsewhere",
	    EXIF(TIFF_II ONE "\x12\1\3\0\3\0\0\0\x1a\0\0\0" END
			     "\6\0\3\0\1\0") },
	{ "twice", EXIF(TIFF_II TWO ORIENTATION("\6") ORIENTATION("\3") END) },
	{ "behind another", EXIF(TIFF_II TWO MAKER ORIENTATION("\6") END) },
	{ "not sorted", EXIF(TIFF_II TWO ORIENTATION("\6") MAKER END) },
	{ "in the second directory",
	    EXIF(TIFF_II ONE MAKER "\x1a\0\0\0" ONE ORIENTATION("\6") END) },
	{ "in both",
	    EXIF(TIFF_II ONE ORIENTATION("\6") "\x1a\0\0\0" ONE ORIENTATION(
		"\3") END) },
	{ "below",
	    EXIF(TIFF_II ONE
		"\x69\x87\4\0\1\0\0\0\x1a\0\0\0" END ONE ORIENTATION("\6")
		    END) },
	{ "here and below",
	    EXIF(TIFF_II TWO ORIENTATION(
		"\6") "\x69\x87\4\0\1\0\0\0\x26\0\0\0" END ONE ORIENTATION("\3")
		    END) },
	{ "in a circle", EXIF(TIFF_II ONE ORIENTATION("\6") "\x08\0\0\0") },
	{ "farther on",
	    EXIF("Exif\0\0II*\0\x0a\0\0\0\0\0" ONE ORIENTATION("\6") END) },
	{ "beyond the end",
	    EXIF("Exif\0\0II*\0\xff\xff\0\0" ONE ORIENTATION("\6") END) },
	{ "no number",
	    EXIF("Exif\0\0II\x2b\0\x08\0\0\0" ONE ORIENTATION("\6") END) },
	{ "no order",
	    EXIF("Exif\0\0XX*\0\x08\0\0\0" ONE ORIENTATION("\6") END) },
	{ "one nul", EXIF("Exif\0II*\0\x08\0\0\0" ONE ORIENTATION("\6") END) },
	{ "marked",
	    EXIF("Exif\0\xffII*\0\x08\0\0\0" ONE ORIENTATION("\6") END) },
	{ "twice marked", EXIF("Exif\0\0" TIFF_II ONE ORIENTATION("\6") END) },
	{ "empty", EXIF("Exif\0\0") },
};

/* --- profiles in pieces --- */

#define ICC_HEAD 14 /* bytes before a piece: name, its number, of how many */

/* Pieces of the P3 profile. */
static const struct {
	const char *name;
	const char *pieces; /* number and count of each, as they come */
} pieces[] = {
	{ "in two", "12 22" },
	{ "in four", "14 24 34 44" },
	{ "the second first", "22 12" },
	{ "half of it", "12" },
	{ "the other half", "22" },
	{ "one of three missing", "13 33" },
	{ "more than were told", "12 22 32" },
	{ "different counts", "12 23" },
	{ "the first twice", "12 12 22" },
	{ "number 0", "02 12 22" },
	{ "whole, twice", "11 11" },
	{ "whole, then half", "11 12" },
};

static void
add_piece(struct jpeg_file *f, const struct icc *icc, unsigned number,
    unsigned count)
{
	unsigned char body[4096] = "ICC_PROFILE\0";
	const size_t each = (icc->len + count - 1) / count;
	const size_t at = number == 0 ? 0 : (number - 1) * each;
	const size_t n = at >= icc->len ? 0
	    : icc->len - at < each      ? icc->len - at
					: each;

	ck_assert_uint_le(ICC_HEAD + n, sizeof body);
	body[ICC_HEAD - 2] = (unsigned char)number;
	body[ICC_HEAD - 1] = (unsigned char)count;
	if (n > 0)
		memcpy(body + ICC_HEAD, (char *)icc->data + at, n);
	jpeg_add_segment(f, 0xe2, body, ICC_HEAD + n);
}

START_TEST(every_profile_in_pieces)
{
	const struct jpeg jpeg = { .sampling = { 22 } };
	const char *text = pieces[_i].pieces;
	struct subject s = { .name = pieces[_i].name };
	struct icc icc = icc_display_p3();

	picture_settings->n_presets = 0;
	(void)add_preset("large", 150, 150, FIT_INSIDE, FORMAT_PNG);
	s.file = jpeg_make(&jpeg, (struct size){ 217, 130 }, photo);
	/* Each is put before those that are there. */
	for (size_t i = strlen(text); i >= 2; i -= i == 2 ? 2 : 3)
		add_piece(&s.file, &icc, (unsigned)(text[i - 2] - '0'),
		    (unsigned)(text[i - 1] - '0'));
	(void)compare_any(&s);
	free(icc.data);
	free(s.file.data);
}
END_TEST

/* The second EXIF of a file says something else. */
START_TEST(every_exif)
{
	static const char other[] = TIFF_II ONE ORIENTATION("\3") END;
	const struct jpeg jpeg = { .sampling = { 22 } };
	struct subject s = { .name = exifs[_i].name };

	picture_settings->n_presets = 0;
	(void)add_preset("large", 150, 150, FIT_INSIDE, FORMAT_PNG);
	s.file = jpeg_make(&jpeg, (struct size){ 217, 130 }, photo);
	jpeg_add_segment(&s.file, 0xe1, exifs[_i].exif, exifs[_i].len);
	(void)compare_any(&s);
	jpeg_add_segment(&s.file, 0xe1, other, sizeof other - 1);
	(void)compare_any(&s);
	free(s.file.data);
	s.file = jpeg_make(&jpeg, (struct size){ 217, 130 }, photo);
	jpeg_add_segment(&s.file, 0xe1, other, sizeof other - 1);
	jpeg_add_segment(&s.file, 0xe1, exifs[_i].exif, exifs[_i].len);
	(void)compare_any(&s);
	free(s.file.data);
}
END_TEST

/* --- sizes, scales, turns --- */

static const struct jpeg samplings[] = {
	{ .sampling = { 11 } },
	{ .sampling = { 21 } },
	{ .sampling = { 12 } },
	{ .sampling = { 22 } },
	{ .colors = JPEG_GRAY },
};

/* From one px to some more than two blocks of chroma. */
START_TEST(every_small_size)
{
	static const unsigned sides[] = { 1, 2, 3, 8, 9, 16, 17, 33 };
	char name[64];

	picture_settings->n_presets = 0;
	(void)add_preset("whole", 100, 100, FIT_INSIDE, FORMAT_PNG);
	(void)add_preset("small", 6, 6, FIT_INSIDE, FORMAT_PNG);
	(void)add_preset("cover", 5, 9, FIT_COVER, FORMAT_JPEG);
	add_preset("grown", 50, 50, FIT_PAD, FORMAT_PNG)->enlarge = true;
	for (unsigned i = 0; i < NELEM(sides) * NELEM(sides); i++) {
		const struct size size = { sides[i % NELEM(sides)],
			sides[i / NELEM(sides)] };

		snprintf(name, sizeof name, "sampling %d, %u x %u", _i,
		    size.width, size.height);
		draw_and_compare(name, &samplings[_i], size, photo);
	}
}
END_TEST

/* The decoder shrinks by 1, 2, 4 and 8, MagickWand's by 3 as well. */
START_TEST(every_scale_of_the_decoder)
{
	static const unsigned sides[] = { 600, 320, 200, 160, 72 };
	struct subject s = { .name = "sampling" };
	char name[64];

	s.file = jpeg_make(&samplings[_i], (struct size){ 803, 645 }, photo);
	for (unsigned i = 0; i < NELEM(sides); i++) {
		picture_settings->n_presets = 0;
		(void)add_preset("scale", sides[i], sides[i], FIT_INSIDE,
		    FORMAT_PNG);
		snprintf(name, sizeof name, "sampling %d for %u px", _i,
		    sides[i]);
		s.name = name;
		compare(&s, ENGINE_PLANES);
	}
	free(s.file.data);
}
END_TEST

/*
 * Widths that a step of a ladder can have, also of those at which vector code
 * takes its last few samples apart from the others: gray is one plane.
 */
START_TEST(every_width_of_a_thumbnail)
{
	const struct jpeg gray = { .colors = JPEG_GRAY };
	struct subject s = { .name = "width" };
	char name[64];

	s.file =
	    jpeg_make(&gray, (struct size){ 300 + (unsigned)_i, 37 }, photo);
	for (unsigned width = 30; width < 300; width += SETTINGS_PRESETS_MAX) {
		picture_settings->n_presets = 0;
		for (unsigned i = 0; i < SETTINGS_PRESETS_MAX; i++)
			(void)add_preset("step", width + i, 1000, FIT_INSIDE,
			    FORMAT_PNG);
		snprintf(name, sizeof name, "from %u px", width);
		s.name = name;
		compare(&s, ENGINE_PLANES);
	}
	free(s.file.data);
}
END_TEST

/* Stored in all ways: 4:2:2 on its side becomes 4:4:0. */
START_TEST(every_orientation)
{
	struct jpeg jpeg = samplings[_i];
	char name[64];

	set_places();
	for (jpeg.orientation = 1; jpeg.orientation <= 8; jpeg.orientation++) {
		snprintf(name, sizeof name, "sampling %d, orientation %u", _i,
		    jpeg.orientation);
		draw_and_compare(name, &jpeg, (struct size){ 217, 130 }, photo);
	}
}
END_TEST

static void
set_gravities(struct size cover, struct size pad)
{
	picture_settings->n_presets = 0;
	for (unsigned i = 0; i < GRAVITY_SMART; i++)
		add_preset("cover", cover.width, cover.height, FIT_COVER,
		    FORMAT_PNG)
		    ->gravity = (enum gravity)i;
	for (unsigned i = 0; i < 5; i++) {
		struct preset *p = add_preset("pad", pad.width, pad.height,
		    FIT_PAD, FORMAT_PNG);

		p->gravity = (enum gravity)(i * 2);
		p->background = 0x20c040;
	}
}

/* Of 320 x 240 px the regions begin and end at whole px, of 333 x 251 not. */
START_TEST(every_gravity)
{
	char name[64];

	snprintf(name, sizeof name, "sampling %d", _i);
	set_gravities((struct size){ 53, 79 }, (struct size){ 83, 79 });
	draw_and_compare(name, &samplings[_i], (struct size){ 333, 251 },
	    photo);
	set_gravities((struct size){ 120, 120 }, (struct size){ 83, 79 });
	draw_and_compare(name, &samplings[_i], (struct size){ 320, 240 },
	    photo);
	set_gravities((struct size){ 160, 80 }, (struct size){ 83, 200 });
	draw_and_compare(name, &samplings[_i], (struct size){ 320, 240 },
	    photo);
}
END_TEST

/* On both axes, and where the photo is turned to either. */
START_TEST(the_region_with_most_detail_is_the_same)
{
	static const struct size boxes[] = { { 60, 90 }, { 90, 40 },
		{ 128, 128 } };
	struct jpeg jpeg = samplings[_i];

	picture_settings->n_presets = 0;
	for (unsigned i = 0; i < NELEM(boxes); i++)
		add_preset("smart", boxes[i].width, boxes[i].height, FIT_COVER,
		    FORMAT_PNG)
		    ->gravity = GRAVITY_SMART;
	for (jpeg.orientation = 1; jpeg.orientation <= 8; jpeg.orientation++)
		draw_and_compare("smart", &jpeg, (struct size){ 333, 251 },
		    corner);
}
END_TEST

/* --- accounts --- */

/* Who made it goes into the file in the same words, and nothing beside. */
START_TEST(credits_are_kept_by_both)
{
	static const struct credits nobody;
	struct credits credits[2];
	struct jpeg_file f;

	f.data = (unsigned char *)test_data("data/orient-6.jpg", &f.len);
	picture_settings->n_presets = 0;
	(void)add_preset("signed", 100, 100, FIT_INSIDE, FORMAT_JPEG);
	picture_settings->presets[0].keep_copyright = true;
	for (unsigned i = 0; i < 2; i++) {
		struct made made = make(&f,
		    i == 0 ? ENGINE_CHOICE_AUTO : ENGINE_CHOICE_MAGICK);
		const unsigned char *exif;

		ck_assert_int_eq(made.fault, FAULT_NONE);
		ck_assert_int_eq(made.r.engine,
		    i == 0 ? ENGINE_PLANES : ENGINE_MAGICK);
		exif = memmem(made.r.files[0].data, made.r.files[0].len,
		    "Exif\0\0", 6);
		ck_assert_ptr_nonnull(exif);
		exif_read(exif,
		    (size_t)((unsigned char *)made.r.files[0].data +
			made.r.files[0].len - exif),
		    &credits[i]);
		ck_assert_ptr_null(picture_extras_beside(made.r.files[0].data,
		    made.r.files[0].len, FORMAT_JPEG, &credits[i]));
		rendering_fini(&made.r);
	}
	ck_assert_mem_eq(&credits[0], &credits[1], sizeof credits[0]);
	ck_assert_str_ne(credits[0].artist, nobody.artist);
	free(f.data);
}
END_TEST

/* The lane's stages are told from one another, and its decode is one. */
START_TEST(every_phase_of_the_lane_has_time)
{
	struct slot slot = { 0 };
	struct rendering r;

	progress_start(&picture_progress, &slot);
	r = render_file("data/photo-12mp.jpg");
	progress_enter(&picture_progress, PHASE_PUBLISH);
	ck_assert_int_eq(r.engine, ENGINE_PLANES);
	ck_assert_uint_eq(slot.decodes, 1);
	ck_assert_uint_gt(picture_progress.spent_ns[PHASE_DECODE], NS_PER_MS);
	ck_assert_uint_gt(picture_progress.spent_ns[PHASE_RESIZE], NS_PER_MS);
	ck_assert_uint_gt(picture_progress.spent_ns[PHASE_ENCODE], NS_PER_MS);
	rendering_fini(&r);
}
END_TEST

/*
 * One step of the lane makes 192 million px here, a fifth of a second of the
 * processor and many times that on a busy machine: it ends in the midst, before
 * the watchdog would end the process and the photo would be to blame.
 */
START_TEST(a_large_step_ends_in_time)
{
	struct subject s = { .name = "late" };
	struct made made;
	uint64_t spent;

	picture_settings->n_presets = 0;
	add_preset("grown", 16000, 12000, FIT_INSIDE, FORMAT_JPEG)->enlarge =
	    true;
	s.file = jpeg_make(&samplings[0], (struct size){ 320, 240 }, photo);
	spent = clock_processor_ns();
	picture_progress.deadline_ns = clock_monotonic_ns() + 60 * NS_PER_MS;
	made = make(&s.file, ENGINE_CHOICE_AUTO);
	spent = clock_processor_ns() - spent;
	ck_assert_int_eq(made.fault, FAULT_RENDER_TIMEOUT);
#ifndef FT_ASAN /* takes its own time for so much memory */
	ck_assert_uint_lt(spent, 150 * NS_PER_MS);
#endif
	free(s.file.data);
}
END_TEST

/*
 * Whenever the time is over, what is left behind is let go once: most of the
 * moments are while a file grows.
 */
START_TEST(it_may_end_at_any_moment)
{
	enum {
		MOMENTS = 40
	};
	struct jpeg_file file;
	struct preset *p;
	struct made made;
	uint64_t all;
	unsigned late = 0;

	picture_settings->n_presets = 0;
	p = add_preset("grown", 2400, 1800, FIT_INSIDE, FORMAT_JPEG);
	p->enlarge = true;
	p->progressive = true;
	p->quality = 100;
	file = jpeg_make(&samplings[0], (struct size){ 320, 240 }, photo);
	all = clock_monotonic_ns();
	made = make(&file, ENGINE_CHOICE_AUTO);
	all = clock_monotonic_ns() - all;
	ck_assert_int_eq(made.fault, FAULT_NONE);
	rendering_fini(&made.r);
	for (unsigned i = 0; i < MOMENTS; i++) {
		picture_progress.deadline_ns =
		    clock_monotonic_ns() + all * i / MOMENTS;
		made = make(&file, ENGINE_CHOICE_AUTO);
		if (made.fault == FAULT_NONE) {
			rendering_fini(&made.r);
		} else {
			ck_assert_int_eq(made.fault, FAULT_RENDER_TIMEOUT);
			late++;
		}
	}
	ck_assert_uint_gt(late, MOMENTS / 2);
	free(file.data);
}
END_TEST

static TCase *
case_of(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_checked_fixture(tc, picture_boot, picture_shutdown);
	suite_add_tcase(suite, tc);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("engines");
	TCase *tc = case_of(suite, "files");

	tcase_add_loop_test(tc, every_file_in_every_place, 0, NELEM(files));
	tcase_add_loop_test(tc, every_file_as_every_kind_of_thumbnail, 0,
	    NELEM(files));
	tcase_add_test(tc, a_large_photo_by_the_default_presets);

	tc = case_of(suite, "kinds");
	tcase_add_loop_test(tc, every_kind_in_every_place, 0, NELEM(kinds));

	tc = case_of(suite, "metadata");
	tcase_add_loop_test(tc, every_exif, 0, NELEM(exifs));
	tcase_add_loop_test(tc, every_profile_in_pieces, 0, NELEM(pieces));

	tc = case_of(suite, "places");
	tcase_add_loop_test(tc, every_small_size, 0, NELEM(samplings));
	tcase_add_loop_test(tc, every_scale_of_the_decoder, 0,
	    NELEM(samplings));
	tcase_add_loop_test(tc, every_width_of_a_thumbnail, 0, 3);
	tcase_add_loop_test(tc, every_orientation, 0, NELEM(samplings));
	tcase_add_loop_test(tc, every_gravity, 0, NELEM(samplings));
	tcase_add_loop_test(tc, the_region_with_most_detail_is_the_same, 0,
	    NELEM(samplings));

	tc = case_of(suite, "accounts");
	tcase_add_test(tc, credits_are_kept_by_both);
	tcase_add_test(tc, every_phase_of_the_lane_has_time);
	tcase_add_test(tc, a_large_step_ends_in_time);
	tcase_add_test(tc, it_may_end_at_any_moment);
	return run_suite(suite);
}
