#include "config.h"

#include "render.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "extras.h"
#include "pictures.h"
#include "renders.h"
#include "support.h"

static const char *const photos[] = { "data/orient-1.jpg", "data/orient-3.jpg",
	"data/orient-6.jpg", "data/orient-8.jpg", "data/gray.jpg",
	"data/progressive.jpg", "data/cmyk.jpg", "data/rgb.png",
	"data/alpha.png", "data/palette-trns.png", "data/gray16.png",
	"data/interlaced.png", "data/animated.gif", "data/still.gif",
	"data/lossy.webp", "data/lossless-alpha.webp", "data/lossy-alpha.webp",
	"data/animated.webp", "data/p3.jpg" };

START_TEST(every_file_has_its_type_size_and_no_metadata)
{
	struct rendering r = render_file(photos[_i]);
	unsigned n = 0;

	for (unsigned i = 0; i < picture_settings->n_presets; i++) {
		const struct preset *preset = &picture_settings->presets[i];
		struct size box = { preset->width, preset->height };
		struct placement want;

		geometry_place(r.photo, box, preset->fit, preset->gravity,
		    preset->enlarge, &want);
		for (unsigned k = 0; k < preset->n_formats; k++, n++) {
			const struct rendered *file = &r.files[n];
			struct pixels is = file_pixels(&r, n);

			ck_assert_ptr_eq(file->preset, preset);
			ck_assert_int_eq(file->format, preset->formats[k]);
			ck_assert_uint_eq(file->size.width, want.canvas.width);
			ck_assert_uint_eq(file->size.height,
			    want.canvas.height);
			ck_assert_uint_eq(is.width, want.canvas.width);
			ck_assert_uint_eq(is.height, want.canvas.height);
			ck_assert_msg(picture_extras(file->data, file->len,
					  file->format) == NULL,
			    "%s: %s", photos[_i],
			    picture_extras(file->data, file->len,
				file->format));
			pixels_free(&is);
		}
	}
	ck_assert_uint_eq(n, r.n);
	rendering_fini(&r);
}
END_TEST

START_TEST(files_come_in_the_order_of_the_settings)
{
	struct rendering r;

	set_preset(0, "small", 50, 50, FIT_COVER, FORMAT_PNG);
	set_preset(1, "large", 300, 300, FIT_INSIDE, FORMAT_JPEG);
	set_preset(2, "middle", 100, 100, FIT_PAD, FORMAT_WEBP);
	picture_settings->presets[0].formats[1] = FORMAT_JPEG;
	picture_settings->presets[0].n_formats = 2;
	r = render_file("data/rgb.png");
	ck_assert_uint_eq(r.n, 4);
	ck_assert_str_eq(r.files[0].preset->name, "small");
	ck_assert_int_eq(r.files[0].format, FORMAT_PNG);
	ck_assert_int_eq(r.files[1].format, FORMAT_JPEG);
	ck_assert_uint_eq(r.files[1].size.width, 50);
	ck_assert_str_eq(r.files[2].preset->name, "large");
	ck_assert_uint_eq(r.files[2].size.height, 200);
	ck_assert_str_eq(r.files[3].preset->name, "middle");
	ck_assert_uint_eq(r.files[3].size.height, 100);
	rendering_fini(&r);
}
END_TEST

/* The file that is rendered for that preset and format alone. */
static struct rendered
render_alone(const char *name, unsigned preset, unsigned format)
{
	struct wanted wanted = { 0 };
	struct fault_info info = { 0 };
	struct rendering r;
	struct rendered file;
	size_t len;
	char *data = test_data(name, &len);

	wanted.formats[preset] = 1U << format;
	ck_assert_int_eq(render_wanted(data, len, &wanted, &r, &info),
	    FAULT_NONE);
	ck_assert_uint_eq(r.n, 1);
	file = r.files[0];
	r.files[0].data = NULL;
	rendering_fini(&r);
	free(data);
	return file;
}

/* Each fit; sizes that feed others, that need not, and equal ones. */
START_TEST(a_file_made_alone_is_that_made_with_all)
{
	static const char *const names[] = { "data/p3.jpg", "data/orient-6.jpg",
		"data/alpha.png", "data/animated.gif" };
	struct rendering all;
	unsigned n = 0;

	set_preset(0, "small", 90, 90, FIT_INSIDE, FORMAT_PNG);
	set_preset(1, "large", 900, 900, FIT_INSIDE, FORMAT_JPEG);
	set_preset(2, "cover", 200, 100, FIT_COVER, FORMAT_JPEG);
	set_preset(3, "middle", 300, 300, FIT_INSIDE, FORMAT_WEBP);
	set_preset(4, "pad", 90, 90, FIT_PAD, FORMAT_PNG);
	picture_settings->presets[1].formats[1] = FORMAT_WEBP;
	picture_settings->presets[1].n_formats = 2;
	all = render_file(names[_i]);
	for (unsigned i = 0; i < picture_settings->n_presets; i++)
		for (unsigned k = 0; k < picture_settings->presets[i].n_formats;
		     k++, n++) {
			struct rendered *with = &all.files[n];
			struct rendered alone = render_alone(names[_i], i, k);

			ck_assert_ptr_eq(alone.preset, with->preset);
			ck_assert_int_eq(alone.format, with->format);
			ck_assert_mem_eq(&alone.size, &with->size,
			    sizeof alone.size);
			ck_assert_uint_eq(alone.len, with->len);
			ck_assert_mem_eq(alone.data, with->data, alone.len);
			free(alone.data);
		}
	ck_assert_uint_eq(n, all.n);
	rendering_fini(&all);
}
END_TEST

START_TEST(what_is_not_wanted_is_not_made)
{
	struct wanted wanted = { .formats = { 2, 0, 1 } };
	struct fault_info info = { 0 };
	struct rendering r;
	size_t len;
	char *data = test_data("data/rgb.png", &len);

	ck_assert_int_eq(render_wanted(data, len, &wanted, &r, &info),
	    FAULT_NONE);
	ck_assert_uint_eq(r.n, 2);
	ck_assert_str_eq(r.files[0].preset->name, "large");
	ck_assert_int_eq(r.files[0].format, FORMAT_WEBP);
	ck_assert_str_eq(r.files[1].preset->name, "square");
	rendering_fini(&r);
	wanted = (struct wanted){ 0 };
	ck_assert_int_eq(render_wanted(data, len, &wanted, &r, &info),
	    FAULT_NONE);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_uint_eq(r.photo.width, 360);
	rendering_fini(&r);
	free(data);
}
END_TEST

START_TEST(nine_orientations_give_the_same_thumbnails)
{
	char name[32];
	struct rendering upright, r;

	set_preset(0, "large", 300, 300, FIT_INSIDE, FORMAT_PNG);
	set_preset(1, "wide", 150, 40, FIT_INSIDE, FORMAT_PNG);
	set_preset(2, "square", 100, 100, FIT_COVER, FORMAT_PNG);
	picture_settings->presets[2].gravity = GRAVITY_WEST;
	set_preset(3, "pad", 120, 120, FIT_PAD, FORMAT_PNG);
	picture_settings->presets[3].gravity = GRAVITY_SOUTHEAST;
	upright = render_file("data/orient-1.jpg");
	snprintf(name, sizeof name, "data/orient-%d.jpg", _i);
	r = render_file(name);
	ck_assert_uint_eq(r.photo.width, 360);
	ck_assert_uint_eq(r.photo.height, 240);
	for (unsigned i = 0; i < 4; i++) {
		struct pixels a = file_pixels(&upright, i);
		struct pixels b = file_pixels(&r, i);

		ck_assert_double_le(pixels_distance(&a, &b), 1.0);
		pixels_free(&a);
		pixels_free(&b);
	}
	rendering_fini(&upright);
	rendering_fini(&r);
}
END_TEST

#define BLOCK 20 /* px */

/* The mean of a channel in a block, which scaling does not change. */
static double
block_mean(const struct pixels *p, unsigned x, unsigned y, unsigned channel)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < BLOCK * BLOCK; i++)
		sum += p->rgba[4 *
			((size_t)(y + i / BLOCK) * p->width + x + i % BLOCK) +
		    channel];
	return (double)sum / (BLOCK * BLOCK);
}

static double
worst_block(const struct pixels *a, const struct pixels *b)
{
	double worst = 0;

	for (unsigned y = 0; y + BLOCK <= a->height; y += BLOCK)
		for (unsigned x = 0; x + BLOCK <= a->width; x += BLOCK)
			for (unsigned c = 0; c < 3; c++)
				worst = fmax(worst,
				    fabs(block_mean(a, x, y, c) -
					block_mean(b, x, y, c)));
	return worst;
}

/*
 * The large preset makes the small one come by two steps, as in life. Px may
 * differ for their scaling, so the colours are held to more by blocks.
 */
START_TEST(wide_colours_are_those_of_the_reference)
{
	/*
	 * Planes are scaled before any colour is cut off at 0 or 255, as it is
	 * where a photo becomes RGB first.
	 */
	static const double worst[ENGINE_COUNT] = { 1.0, 1.5 };
	struct pixels want, ignored, is;
	struct rendering r;

	picture_settings->engine = (enum engine_choice)_i;
	set_preset(0, "large", 960, 960, FIT_INSIDE, FORMAT_JPEG);
	set_preset(1, "small", 240, 240, FIT_INSIDE, FORMAT_PNG);
	r = render_file("data/p3.jpg");
	is = file_pixels(&r, 1);
	want = pixels_load("data/reference-srgb.png");
	ignored = pixels_load("data/reference-ignored.png");
	ck_assert_double_le(pixels_distance(&is, &want), 0.5);
	ck_assert_double_le(worst_block(&is, &want), worst[r.engine]);
	/* And the difference is one that can be told. */
	ck_assert_double_ge(pixels_distance(&is, &ignored), 2.0);
	ck_assert_double_ge(worst_block(&is, &ignored), 10.0);
	pixels_free(&is);
	pixels_free(&want);
	pixels_free(&ignored);
	rendering_fini(&r);
}
END_TEST

/* --- sizes --- */

static unsigned
rainbow(unsigned x, unsigned y)
{
	return (x * 7 & 0xff) << 16 | (y * 5 & 0xff) << 8 | ((x + y) & 0xff);
}

static const struct size odd[] = { { 1, 1 }, { 1, 5000 }, { 5000, 1 }, { 2, 3 },
	{ 320, 320 }, { 321, 319 }, { 1281, 1279 }, { 1280, 960 },
	{ 640, 2000 }, { 3001, 7 } };

START_TEST(odd_sizes_have_the_sizes_of_geometry)
{
	struct fault_info info = { 0 };
	struct rendering r = { 0 };
	size_t len;
	void *data = picture_make(odd[_i].width, odd[_i].height, rainbow, &len);

	set_preset(3, "pad", 500, 100, FIT_PAD, FORMAT_WEBP);
	set_preset(4, "strip", 700, 10, FIT_COVER, FORMAT_PNG);
	set_preset(5, "dot", 1, 1, FIT_COVER, FORMAT_JPEG);
	ck_assert_msg(render_bytes(data, len, &r, &info) == FAULT_NONE,
	    "%s %s %s", fault_code(info.fault), info.detail, info.cause);
	ck_assert_uint_eq(r.photo.width, odd[_i].width);
	for (unsigned i = 0; i < r.n; i++) {
		const struct preset *preset = r.files[i].preset;
		struct size box = { preset->width, preset->height };
		struct pixels is = file_pixels(&r, i);
		struct placement want;

		geometry_place(odd[_i], box, preset->fit, preset->gravity,
		    preset->enlarge, &want);
		ck_assert_uint_eq(is.width, want.canvas.width);
		ck_assert_uint_eq(is.height, want.canvas.height);
		if (preset->fit != FIT_PAD) {
			ck_assert_uint_le(is.width, odd[_i].width);
			ck_assert_uint_le(is.height, odd[_i].height);
		}
		pixels_free(&is);
	}
	rendering_fini(&r);
	free(data);
}
END_TEST

START_TEST(a_small_photo_is_not_resized_at_all)
{
	struct pixels was = pixels_load("data/rgb.png"), is;
	struct rendering r;

	set_preset(0, "large", 1280, 1280, FIT_INSIDE, FORMAT_PNG);
	set_preset(1, "cover", 1280, 240, FIT_COVER, FORMAT_PNG);
	set_preset(2, "pad", 360, 300, FIT_PAD, FORMAT_PNG);
	picture_settings->presets[2].gravity = GRAVITY_NORTH;
	r = render_file("data/rgb.png");
	is = file_pixels(&r, 0);
	ck_assert_double_le(pixels_distance(&is, &was), 0);
	pixels_free(&is);
	is = file_pixels(&r, 2);
	for (unsigned i = 0; i < 240 * 360 * 4; i++)
		ck_assert_uint_eq(is.rgba[i], was.rgba[i]);
	ck_assert_uint_eq(pixel_at(&is, 5, 290), 0xffffff);
	pixels_free(&is);
	pixels_free(&was);
	rendering_fini(&r);
}
END_TEST

static unsigned
slope(unsigned x, unsigned y)
{
	(void)y;
	return x * 255 / 1999 << 16;
}

static const struct {
	enum gravity gravity;
	unsigned first; /* red of the left column */
	unsigned last;  /* red of the right column */
} crops[] = {
	{ GRAVITY_WEST, 0, 127 },
	{ GRAVITY_CENTER, 63, 191 },
	{ GRAVITY_EAST, 127, 255 },
};

/* Of 2000 x 1000 px a square is a half; also from a frame of half the size. */
START_TEST(cover_cuts_where_gravity_says)
{
	struct fault_info info = { 0 };
	struct rendering r = { 0 };
	size_t len;
	void *data = picture_make(2000, 1000, slope, &len);

	set_preset(0, "large", 1000, 1000, FIT_INSIDE, FORMAT_PNG);
	set_preset(1, "one", 300, 300, FIT_COVER, FORMAT_PNG);
	set_preset(2, "two", 700, 700, FIT_COVER, FORMAT_PNG);
	picture_settings->presets[1].gravity = crops[_i].gravity;
	picture_settings->presets[2].gravity = crops[_i].gravity;
	ck_assert_int_eq(render_bytes(data, len, &r, &info), FAULT_NONE);
	for (unsigned i = 1; i <= 2; i++) {
		struct pixels is = file_pixels(&r, i);
		unsigned y = is.height / 2;

		ck_assert_uint_le(color_distance(pixel_at(&is, 0, y),
				      crops[_i].first << 16),
		    2);
		ck_assert_uint_le(color_distance(pixel_at(&is, is.width - 1, y),
				      crops[_i].last << 16),
		    2);
		pixels_free(&is);
	}
	rendering_fini(&r);
	free(data);
}
END_TEST

START_TEST(a_cascade_is_as_good_as_a_single_step)
{
	struct rendering alone, cascade;
	struct pixels a, b;

	set_preset(0, "small", 320, 320, FIT_INSIDE, FORMAT_PNG);
	alone = render_file("data/p3.jpg");
	set_preset(1, "large", 1280, 1280, FIT_INSIDE, FORMAT_JPEG);
	set_preset(2, "medium", 640, 640, FIT_INSIDE, FORMAT_JPEG);
	cascade = render_file("data/p3.jpg");
	a = file_pixels(&alone, 0);
	b = file_pixels(&cascade, 0);
	ck_assert_double_le(pixels_distance(&a, &b), 1.5);
	pixels_free(&a);
	pixels_free(&b);
	rendering_fini(&alone);
	rendering_fini(&cascade);
}
END_TEST

/* From the whole photo in one step. */
static struct pixels
single_step(const struct image *photo, struct size to)
{
	const struct size from = image_size(photo);
	const struct placement all = { .crop_width = from.width,
		.crop_height = from.height,
		.scaled = to,
		.canvas = to };
	struct fault_info info = { 0 };
	struct image *small;
	struct pixels px;

	ck_assert_int_eq(image_place(photo, &all, 0, 0, &small, &info),
	    FAULT_NONE);
	ck_assert_int_eq(image_to_srgb(small, &info), FAULT_NONE);
	px = picture_look(small);
	image_free(small);
	return px;
}

/*
 * 4032 px for 1280: fast decodes half of them, best all; of planes it is all in
 * any case. Planes differ from pixels in how chroma lies between its samples.
 */
START_TEST(resize_quality_says_how_small_a_photo_is_decoded)
{
	static const double most[ENGINE_COUNT] = { 0.01, 0.5 };
	const struct size size = { 1280, 960 };
	struct image *photo = picture_decode("data/photo-12mp.jpg");
	struct pixels full = single_step(photo, size);
	double distance[RESIZE_COUNT];
	enum engine engine = ENGINE_COUNT;

	picture_settings->engine = (enum engine_choice)_i;
	set_preset(0, "large", 1280, 1280, FIT_INSIDE, FORMAT_PNG);
	for (unsigned i = 0; i < RESIZE_COUNT; i++) {
		struct rendering r;
		struct pixels is;

		picture_settings->resize_quality = (enum resize_quality)i;
		r = render_file("data/photo-12mp.jpg");
		is = file_pixels(&r, 0);
		distance[i] = pixels_distance(&is, &full);
		engine = r.engine;
		pixels_free(&is);
		rendering_fini(&r);
	}
	pixels_free(&full);
	image_free(photo);
	ck_assert_double_le(distance[RESIZE_BEST], most[engine]);
	if (engine == ENGINE_PLANES) {
		ck_assert(distance[RESIZE_FAST] == distance[RESIZE_BEST]);
		return;
	}
	ck_assert_double_ge(distance[RESIZE_FAST], 0.1);
	ck_assert_double_gt(distance[RESIZE_FAST], distance[RESIZE_BEST]);
	ck_assert_double_le(distance[RESIZE_FAST], 1);
}
END_TEST

/* 1512 px for 320, which no decoder of PNG shrinks: averaged to 756 at first. */
START_TEST(averaging_a_large_photo_first_is_not_seen)
{
	const struct size size = { 320, 240 };
	struct image *full = picture_decode("data/photo-12mp.jpg"), *photo;
	struct fault_info info = { 0 };
	struct rendering r = { 0 };
	struct pixels is, want;
	double distance;
	void *data;
	size_t len;

	ck_assert_int_eq(image_reduce(full, (struct size){ 1512, 1134 }, &photo,
			     &info),
	    FAULT_NONE);
	image_free(full);
	ck_assert_int_eq(image_to_srgb(photo, &info), FAULT_NONE);
	want = single_step(photo, size);
	ck_assert_int_eq(picture_encode(photo, FORMAT_PNG, 80, 0, &data, &len,
			     &info),
	    FAULT_NONE);
	image_free(photo);
	set_preset(0, "small", 320, 320, FIT_INSIDE, FORMAT_PNG);
	ck_assert_int_eq(render_bytes(data, len, &r, &info), FAULT_NONE);
	free(data);
	is = file_pixels(&r, 0);
	distance = pixels_distance(&is, &want);
	ck_assert_double_gt(distance, 0.01);
	ck_assert_double_le(distance, 0.5);
	pixels_free(&is);
	pixels_free(&want);
	rendering_fini(&r);
}
END_TEST

START_TEST(alpha_stays_or_gets_the_background)
{
	struct rendering r;
	struct pixels is;

	set_preset(0, "webp", 180, 180, FIT_INSIDE, FORMAT_WEBP);
	set_preset(1, "png", 180, 180, FIT_COVER, FORMAT_PNG);
	set_preset(2, "jpeg", 180, 180, FIT_INSIDE, FORMAT_JPEG);
	picture_settings->presets[2].background = 0x3060c0;
	r = render_file("data/alpha.png");
	is = file_pixels(&r, 0);
	ck_assert_uint_le(pixel_alpha(&is, 1, 60), 6);
	ck_assert_uint_ge(pixel_alpha(&is, 178, 60), 249);
	pixels_free(&is);
	is = file_pixels(&r, 1);
	ck_assert_uint_lt(pixel_alpha(&is, 1, 90), pixel_alpha(&is, 178, 90));
	pixels_free(&is);
	is = file_pixels(&r, 2);
	ck_assert_uint_le(color_distance(pixel_at(&is, 1, 60), 0x3060c0), 14);
	pixels_free(&is);
	rendering_fini(&r);
}
END_TEST

/* Also where the photo has the shape of its box, so that nothing is beside it. */
START_TEST(a_padded_photo_is_opaque_all_over)
{
	static const struct size boxes[] = { { 180, 120 }, { 200, 200 },
		{ 360, 240 } };
	struct rendering r;
	struct pixels is;

	set_preset(0, "pad", boxes[_i].width, boxes[_i].height, FIT_PAD,
	    FORMAT_PNG);
	picture_settings->presets[0].background = 0x3060c0;
	r = render_file("data/alpha.png");
	is = file_pixels(&r, 0);
	for (unsigned x = 0; x < is.width; x++)
		ck_assert_uint_eq(pixel_alpha(&is, x, is.height / 2), 255);
	ck_assert_uint_le(color_distance(pixel_at(&is, 0, is.height / 2),
			      0x3060c0),
	    6);
	pixels_free(&is);
	rendering_fini(&r);
}
END_TEST

/* --- refusals and accounts --- */

static const struct {
	const char *name;
	enum fault want;
} refused[] = {
	{ "data/truncated.jpg", FAULT_CORRUPT_IMAGE },
	{ "data/truncated.png", FAULT_CORRUPT_IMAGE },
	{ "data/webp-bomb.webp", FAULT_SIDE_TOO_LONG },
	{ "data/drawing.svg", FAULT_UNSUPPORTED_FORMAT },
	{ "data/notes.txt", FAULT_UNSUPPORTED_FORMAT },
};

START_TEST(what_is_no_photo_gives_no_files)
{
	struct rendering r = { .n = 77 };
	struct fault_info info = { 0 };
	size_t len;
	char *data = test_data(refused[_i].name, &len);

	ck_assert_int_eq(render_bytes(data, len, &r, &info), refused[_i].want);
	ck_assert_uint_eq(r.n, 77);
	free(data);
}
END_TEST

START_TEST(a_passed_deadline_is_a_render_timeout)
{
	struct rendering r = { 0 };
	struct fault_info info = { 0 };
	size_t len;
	char *data = test_data("data/photo-12mp.jpg", &len);

	/* In the past, in the decoding, and in what comes after. */
	picture_progress.deadline_ns =
	    _i == 0 ? 1 : clock_monotonic_ns() + (unsigned)_i * 20 * NS_PER_MS;
	ck_assert_int_eq(render_bytes(data, len, &r, &info),
	    FAULT_RENDER_TIMEOUT);
	ck_assert_uint_eq(r.n, 0);
	free(data);
}
END_TEST

START_TEST(a_decode_is_counted_and_every_phase_has_time)
{
	struct slot slot = { 0 };
	struct rendering r;

	progress_start(&picture_progress, &slot);
	r = render_file("data/p3.jpg");
	progress_enter(&picture_progress, PHASE_PUBLISH);
	ck_assert_uint_eq(slot.decodes, 1);
	ck_assert_uint_gt(picture_progress.spent_ns[PHASE_DECODE], 0);
	ck_assert_uint_gt(picture_progress.spent_ns[PHASE_RESIZE], 0);
	ck_assert_uint_gt(picture_progress.spent_ns[PHASE_ENCODE], 0);
	rendering_fini(&r);
}
END_TEST

/* From what holds the tiny pictures of the start to more than is needed. */
static const unsigned megabytes[] = { 1, 2, 4, 8, 16, 24, 32, 48, 400 };

START_TEST(with_any_memory_a_photo_is_right_or_refused)
{
	struct rendering r = { 0 };
	struct fault_info info = { 0 };
	size_t len;
	char *data = test_data("data/p3.jpg", &len);
	enum fault f;

	picture_boot_with_memory((uint64_t)megabytes[_i] << 20);
	f = render_bytes(data, len, &r, &info);
	free(data);
	if (megabytes[_i] < 16)
		ck_assert_int_eq(f, FAULT_TOO_MUCH_MEMORY);
	if (megabytes[_i] == 400)
		ck_assert_int_eq(f, FAULT_NONE);
	if (f != FAULT_NONE) {
		ck_assert_msg(f == FAULT_TOO_MUCH_MEMORY, "%s: %s",
		    fault_code(f), info.cause);
	} else {
		struct pixels is = file_pixels(&r, 0);

		/* The bus is red, not blank. */
		ck_assert_uint_gt(color_distance(pixel_at(&is, 0, 0),
				      pixel_at(&is, 640, 480)),
		    10);
		pixels_free(&is);
		rendering_fini(&r);
	}
	ck_assert_uint_eq(count_entries(tempdir_path()), 1);
	picture_shutdown();
}
END_TEST

static enum fault
try_file(const struct rendered *file, size_t len, enum format format,
    struct size size)
{
	struct fault_info info = { 0 };

	return render_try(file->data, len, format, size, picture_settings,
	    &picture_progress, &info);
}

/* In every format that is written; AVIF where the system can. */
START_TEST(a_finished_file_can_be_told_from_a_damaged_one)
{
	static const enum format formats[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_GIF, FORMAT_WEBP, FORMAT_AVIF };
	const enum format format = formats[_i];
	const struct size any = { 0, 0 }, other = { 101, 66 };
	const struct rendered *file;
	struct rendering r;

	if (!image_can_write(format))
		return;
	set_preset(0, "small", 100, 100, FIT_INSIDE, format);
	r = render_file("data/rgb.png");
	file = &r.files[0];
	ck_assert_int_eq(try_file(file, file->len, format, file->size),
	    FAULT_NONE);
	ck_assert_int_eq(try_file(file, file->len, format, any), FAULT_NONE);
	ck_assert_int_eq(try_file(file, file->len, format, other),
	    FAULT_CORRUPT_IMAGE);
	ck_assert_int_eq(try_file(file, file->len, FORMAT_BMP, any),
	    FAULT_CORRUPT_IMAGE);
	ck_assert_int_eq(try_file(file, file->len / 2, format, any),
	    FAULT_CORRUPT_IMAGE);
	memset(file->data, 0, 16);
	ck_assert_int_eq(try_file(file, file->len, format, any),
	    FAULT_UNSUPPORTED_FORMAT);
	format_lose(FORMAT_GIF);
	ck_assert_int_eq(try_file(file, file->len, FORMAT_GIF, any),
	    FAULT_NONE);
	rendering_fini(&r);
}
END_TEST

static TCase *
case_of(Suite *suite, const char *name, bool boot)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	if (boot)
		tcase_add_checked_fixture(tc, picture_boot, picture_shutdown);
	suite_add_tcase(suite, tc);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("render");
	TCase *tc = case_of(suite, "files", true);

	tcase_add_loop_test(tc, every_file_has_its_type_size_and_no_metadata, 0,
	    NELEM(photos));
	tcase_add_test(tc, files_come_in_the_order_of_the_settings);
	tcase_add_loop_test(tc, a_file_made_alone_is_that_made_with_all, 0, 4);
	tcase_add_test(tc, what_is_not_wanted_is_not_made);
	tcase_add_loop_test(tc, a_finished_file_can_be_told_from_a_damaged_one,
	    0, 5);

	tc = case_of(suite, "picture", true);
	tcase_add_loop_test(tc, nine_orientations_give_the_same_thumbnails, 0,
	    9);
	tcase_add_loop_test(tc, wide_colours_are_those_of_the_reference, 0,
	    ENGINE_CHOICE_COUNT);
	tcase_add_loop_test(tc, odd_sizes_have_the_sizes_of_geometry, 0,
	    NELEM(odd));
	tcase_add_test(tc, a_small_photo_is_not_resized_at_all);
	tcase_add_loop_test(tc, cover_cuts_where_gravity_says, 0, NELEM(crops));
	tcase_add_test(tc, a_cascade_is_as_good_as_a_single_step);
	tcase_add_loop_test(tc,
	    resize_quality_says_how_small_a_photo_is_decoded, 0,
	    ENGINE_CHOICE_COUNT);
	tcase_add_test(tc, averaging_a_large_photo_first_is_not_seen);
	tcase_add_test(tc, alpha_stays_or_gets_the_background);
	tcase_add_loop_test(tc, a_padded_photo_is_opaque_all_over, 0, 3);

	tc = case_of(suite, "refusals", true);
	tcase_add_loop_test(tc, what_is_no_photo_gives_no_files, 0,
	    NELEM(refused));
	tcase_add_loop_test(tc, a_passed_deadline_is_a_render_timeout, 0, 4);
	tcase_add_test(tc, a_decode_is_counted_and_every_phase_has_time);

	tc = case_of(suite, "memory", false);
	tcase_add_loop_test(tc, with_any_memory_a_photo_is_right_or_refused, 0,
	    NELEM(megabytes));
	return run_suite(suite);
}
