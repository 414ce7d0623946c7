#include "config.h"

/* Presets that keep an animation. */

#include "render.h"

#include <stdlib.h>
#include <string.h>

#include "exif.h"
#include "extras.h"
#include "gif.h"
#include "pictures.h"
#include "renders.h"
#include "support.h"
#include "webp.h"

#define MOST 8 /* frames of the animations here */

/* A file as it is seen: canvases, times, repetitions. */
struct movie {
	struct pixels shown[MOST];
	unsigned ms[MOST];
	unsigned n, plays;
};

/* By the reader that reads photos; the e2e tests look with another one. */
static struct movie
watch(const void *data, size_t len)
{
	struct movie m = { 0 };
	struct fault_info info = { 0 };
	struct animation *a = NULL;
	struct image *still = NULL;
	const struct image *canvas;
	struct photo photo = { .data = (char *)(uintptr_t)data, .len = len };

	ck_assert_int_eq(sniff_read(data, len, &photo.sniff, &info),
	    FAULT_NONE);
	ck_assert_int_eq(photo_decode(&photo, &still, &info), FAULT_NONE);
	ck_assert_int_eq(image_animation_open(data, len, &photo.sniff, still,
			     &a, &info),
	    FAULT_NONE);
	while (
	    image_animation_next(a, &canvas, &m.ms[m.n], &info) == FAULT_NONE &&
	    canvas != NULL) {
		m.shown[m.n++] = picture_look(canvas);
		ck_assert_uint_lt(m.n, MOST);
	}
	ck_assert_ptr_null(canvas);
	m.plays = image_animation_plays(a);
	image_animation_close(a);
	image_free(still);
	return m;
}

static void
movie_free(struct movie *m)
{
	for (unsigned i = 0; i < m->n; i++)
		pixels_free(&m->shown[i]);
}

static void
keep_animation(unsigned i, const char *name, unsigned side, enum fit fit)
{
	set_preset(i, name, side, side, fit, FORMAT_WEBP);
	picture_settings->presets[i].formats[1] = FORMAT_GIF;
	picture_settings->presets[i].formats[2] = FORMAT_JPEG;
	picture_settings->presets[i].n_formats = 3;
	picture_settings->presets[i].animated = true;
	picture_settings->presets[i].quality = 95;
}

/* --- what is made --- */

static const char *const names[] = { "data/animated.gif",
	"data/animated.webp" };

/* Both hold the same: 4 frames of 120 x 80 px, for ever, the first red. */
START_TEST(an_animation_stays_one_in_webp_and_gif)
{
	struct rendering r;

	keep_animation(0, "whole", 400, FIT_INSIDE);
	r = render_file(names[_i]);
	ck_assert_uint_eq(r.n, 3);
	for (unsigned i = 0; i < 2; i++) {
		struct movie was, is;
		size_t len;
		char *data = test_data(names[_i], &len);

		ck_assert_ptr_null(picture_extras(r.files[i].data,
		    r.files[i].len, r.files[i].format));
		was = watch(data, len);
		is = watch(r.files[i].data, r.files[i].len);
		ck_assert_uint_eq(is.n, 4);
		ck_assert_uint_eq(is.plays, 0);
		for (unsigned k = 0; k < 4; k++) {
			ck_assert_uint_eq(is.ms[k], 120);
			ck_assert_double_le(pixels_distance(&is.shown[k],
						&was.shown[k]),
			    5);
		}
		ck_assert_uint_le(color_distance(pixel_at(&is.shown[0], 60, 40),
				      0xdc1e1e),
		    4);
		ck_assert_double_ge(pixels_distance(&is.shown[0], &is.shown[3]),
		    20);
		movie_free(&was);
		movie_free(&is);
		free(data);
	}
	rendering_fini(&r);
}
END_TEST

/* The placement of an animation is that of its first frame's still. */
START_TEST(every_frame_is_placed_as_a_still_is)
{
	static const enum fit fits[] = { FIT_INSIDE, FIT_COVER, FIT_PAD };
	struct rendering r;

	keep_animation(0, "moving", 60, fits[_i]);
	picture_settings->presets[0].background = 0x3060c0;
	set_preset(1, "still", 60, 60, fits[_i], FORMAT_PNG);
	picture_settings->presets[1].background = 0x3060c0;
	r = render_file("data/animated.gif");
	for (unsigned i = 0; i < 2; i++) {
		struct pixels still = file_pixels(&r, 3);
		struct movie m = watch(r.files[i].data, r.files[i].len);

		ck_assert_uint_eq(r.files[i].size.width, still.width);
		ck_assert_uint_eq(r.files[i].size.height, still.height);
		ck_assert_double_le(pixels_distance(&m.shown[0], &still), 4);
		for (unsigned k = 0; k < m.n; k++) {
			ck_assert_uint_eq(m.shown[k].width, still.width);
			if (fits[_i] == FIT_PAD)
				ck_assert_uint_le(
				    color_distance(pixel_at(&m.shown[k], 30, 2),
					0x3060c0),
				    4);
		}
		pixels_free(&still);
		movie_free(&m);
	}
	rendering_fini(&r);
}
END_TEST

START_TEST(stills_are_what_they_are_without_the_animation)
{
	struct rendering with, without;

	keep_animation(0, "one", 100, FIT_INSIDE);
	set_preset(1, "two", 50, 50, FIT_INSIDE, FORMAT_WEBP);
	with = render_file(names[_i]);
	picture_settings->presets[0].animated = false;
	without = render_file(names[_i]);
	for (unsigned i = 2; i < 4; i++) {
		ck_assert_uint_eq(with.files[i].len, without.files[i].len);
		ck_assert_mem_eq(with.files[i].data, without.files[i].data,
		    with.files[i].len);
	}
	for (unsigned i = 0; i < 4; i++) {
		struct sniff sniff;
		struct fault_info info;

		ck_assert_int_eq(sniff_read(without.files[i].data,
				     without.files[i].len, &sniff, &info),
		    FAULT_NONE);
		ck_assert_uint_eq(sniff.frames, 1);
		ck_assert_int_eq(sniff_read(with.files[i].data,
				     with.files[i].len, &sniff, &info),
		    FAULT_NONE);
		ck_assert_uint_eq(sniff.frames, i < 2 ? 4 : 1);
	}
	ck_assert_str_eq(with.color, without.color);
	rendering_fini(&with);
	rendering_fini(&without);
}
END_TEST

START_TEST(an_animated_file_made_alone_is_that_made_with_all)
{
	struct wanted wanted = { .formats = { 0, 2 } };
	struct fault_info info = { 0 };
	struct rendering all, alone;
	size_t len;
	char *data = test_data(names[_i], &len);

	set_preset(0, "still", 90, 90, FIT_INSIDE, FORMAT_PNG);
	keep_animation(1, "moving", 70, FIT_COVER);
	all = render_file(names[_i]);
	ck_assert_int_eq(render_wanted(data, len, &wanted, &alone, &info),
	    FAULT_NONE);
	ck_assert_uint_eq(alone.n, 1);
	ck_assert_int_eq(alone.files[0].format, FORMAT_GIF);
	ck_assert_uint_eq(alone.files[0].len, all.files[2].len);
	ck_assert_mem_eq(alone.files[0].data, all.files[2].data,
	    alone.files[0].len);
	rendering_fini(&all);
	rendering_fini(&alone);
	free(data);
}
END_TEST

/* A photo is a photo, and a TIFF's pages are no frames. */
START_TEST(of_one_frame_there_is_no_animation)
{
	static const char *const stills[] = { "data/still.gif",
		"data/lossy.webp", "data/rgb.png" };
	struct rendering r;

	keep_animation(0, "one", 100, FIT_INSIDE);
	r = render_file(stills[_i]);
	for (unsigned i = 0; i < r.n; i++) {
		struct sniff sniff;
		struct fault_info info;

		ck_assert_int_eq(sniff_read(r.files[i].data, r.files[i].len,
				     &sniff, &info),
		    FAULT_NONE);
		ck_assert_uint_eq(sniff.frames, 1);
		ck_assert(memmem(r.files[i].data, r.files[i].len, "NETSCAPE",
			      8) == NULL);
	}
	rendering_fini(&r);
}
END_TEST

/* --- files made here --- */

/* Three frames; each says of whom it is by its colour. */
static const struct palette colors = { .n = 3,
	.rgb = { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 } } };

/* A rectangle of one colour as a frame of a GIF of 40 x 30 px. */
static void
add_rectangle(struct buf *gif, unsigned color, unsigned x, unsigned y,
    struct size size, unsigned ms, bool clear)
{
	static unsigned char px[40 * 30];
	const struct gif_frame frame = { x, y, size, ms, clear, &colors, px,
		true };

	memset(px, (int)color, sizeof px);
	gif_add(gif, &frame);
}

/*
 * Red in the left half; then green in the middle, which goes in the way of
 * disposal; then blue in a corner.
 */
static struct buf
make_gif(unsigned plays, unsigned disposal)
{
	struct buf gif = { 0 };
	unsigned char *control;

	gif_begin(&gif, (struct size){ 40, 30 }, plays);
	add_rectangle(&gif, 0, 0, 0, (struct size){ 20, 30 }, 50, false);
	add_rectangle(&gif, 1, 10, 10, (struct size){ 20, 10 }, 1230, false);
	/* The frame's flags are behind "!", its label and its length. */
	control = (unsigned char *)memmem(gif.data + 40, gif.len - 40,
	    "!\xf9\4\5\x7b", 5);
	ck_assert_ptr_nonnull(control);
	control[3] = (unsigned char)(disposal << 2 | 1);
	add_rectangle(&gif, 2, 30, 20, (struct size){ 10, 10 }, 20, false);
	gif_end(&gif);
	return gif;
}

static struct rendering
render_buf(const struct buf *file)
{
	struct fault_info info = { 0 };
	struct rendering r = { 0 };

	ck_assert(!file->failed);
	ck_assert_msg(render_bytes(file->data, file->len, &r, &info) ==
		FAULT_NONE,
	    "%s %s", info.detail, info.cause);
	return r;
}

START_TEST(it_is_shown_as_often_and_as_long)
{
	static const unsigned plays[] = { 0, 1, 2, 5 };
	struct buf gif = make_gif(plays[_i], 1);
	struct rendering r;

	keep_animation(0, "moving", 40, FIT_INSIDE);
	r = render_buf(&gif);
	for (unsigned i = 0; i < 2; i++) {
		struct movie m = watch(r.files[i].data, r.files[i].len);

		ck_assert_uint_eq(m.n, 3);
		ck_assert_uint_eq(m.plays, plays[_i]);
		ck_assert_uint_eq(m.ms[0], 50);
		ck_assert_uint_eq(m.ms[1], 1230);
		ck_assert_uint_eq(m.ms[2], 20);
		movie_free(&m);
	}
	rendering_fini(&r);
	buf_fini(&gif);
}
END_TEST

#define RED 0xff0000
#define GREEN 0x00ff00
#define BLUE 0x0000ff
#define NONE 0 /* clear */

/* At (5, 15), (15, 15), (25, 15) and (35, 25): each frame, each disposal. */
static const unsigned disposals[4][3][4] = {
	{ { RED, RED, NONE, NONE }, { RED, GREEN, GREEN, NONE },
	    { RED, GREEN, GREEN, BLUE } }, /* none is said: it stays */
	{ { RED, RED, NONE, NONE }, { RED, GREEN, GREEN, NONE },
	    { RED, GREEN, GREEN, BLUE } }, /* it stays */
	{ { RED, RED, NONE, NONE }, { RED, GREEN, GREEN, NONE },
	    { RED, NONE, NONE, BLUE } }, /* to the background */
	{ { RED, RED, NONE, NONE }, { RED, GREEN, GREEN, NONE },
	    { RED, RED, NONE, BLUE } }, /* to what was there before */
};

static void
assert_shown(const struct movie *m, const unsigned want[3][4])
{
	static const unsigned at[4][2] = { { 5, 15 }, { 15, 15 }, { 25, 15 },
		{ 35, 25 } };

	ck_assert_uint_eq(m->n, 3);
	for (unsigned k = 0; k < 3; k++)
		for (unsigned p = 0; p < 4; p++) {
			const unsigned px =
			    pixel_at(&m->shown[k], at[p][0], at[p][1]);
			const unsigned alpha =
			    pixel_alpha(&m->shown[k], at[p][0], at[p][1]);

			ck_assert_msg(color_distance(px, want[k][p]) <= 12 &&
				alpha == (want[k][p] == NONE ? 0 : 255),
			    "frame %u, place %u: %06x/%u, not %06x", k, p, px,
			    alpha, want[k][p]);
		}
}

START_TEST(what_a_frame_leaves_behind_is_as_it_says)
{
	struct buf gif = make_gif(0, (unsigned)_i);
	struct rendering r;

	keep_animation(0, "moving", 40, FIT_INSIDE);
	r = render_buf(&gif);
	for (unsigned i = 0; i < 2; i++) {
		struct movie m = watch(r.files[i].data, r.files[i].len);

		assert_shown(&m, disposals[_i]);
		movie_free(&m);
	}
	rendering_fini(&r);
	buf_fini(&gif);
}
END_TEST

static unsigned rgb;

static unsigned
plain(unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	return rgb;
}

/* The same rectangles as a WebP's frames, the second clear in its midst. */
static struct buf
make_webp(bool blend, bool clear, const void *exif, size_t exif_len)
{
	static const struct webp_frame frames[3] = {
		{ .size = { 20, 30 }, .ms = 50 },
		{ .x = 10, .y = 10, .size = { 20, 10 }, .ms = 55 },
		{ .x = 30, .y = 20, .size = { 10, 10 }, .ms = 20 },
	};
	static const unsigned inks[3] = { RED, GREEN, BLUE };
	struct buf webp = { 0 };

	webp_begin(&webp, (struct size){ 40, 30 }, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct webp_frame frame = frames[i];
		struct rendering r;

		rgb = inks[i];
		set_preset(0, "still", 40, 40, FIT_INSIDE, FORMAT_WEBP);
		r = render_drawn(frame.size.width, frame.size.height, plain);
		frame.blend = i == 2 || blend;
		frame.clear = i == 1 && clear;
		ck_assert(
		    webp_add(&webp, &frame, r.files[0].data, r.files[0].len));
		rendering_fini(&r);
	}
	webp_end(&webp, exif, exif_len);
	return webp;
}

START_TEST(frames_of_webp_are_laid_and_cleared_as_they_say)
{
	struct buf webp = make_webp(_i % 2 == 1, _i / 2 == 1, NULL, 0);
	struct rendering r;

	keep_animation(0, "moving", 40, FIT_INSIDE);
	r = render_buf(&webp);
	for (unsigned i = 0; i < 2; i++) {
		struct movie m = watch(r.files[i].data, r.files[i].len);

		assert_shown(&m, disposals[_i / 2 == 1 ? 2 : 1]);
		ck_assert_uint_eq(m.plays, 3);
		ck_assert_uint_eq(m.ms[1], i == 0 ? 55 : 60);
		movie_free(&m);
	}
	rendering_fini(&r);
	buf_fini(&webp);
}
END_TEST

/* EXIF that says whose it is, and where it was. */
static const char signature[] = "MM\0*\0\0\0\10\0\2"
				"\1\x3b\0\2\0\0\0\4Eve\0"
				"\x88\x25\0\4\0\0\0\1\0\0\0\0"
				"\0\0\0\0ftmark";

START_TEST(an_animation_is_signed_in_webp)
{
	static const struct credits eve = { "Eve", "" };
	struct buf webp =
	    make_webp(true, false, signature, sizeof signature - 1);
	struct rendering r;

	keep_animation(0, "moving", 40, FIT_INSIDE);
	picture_settings->presets[0].keep_copyright = true;
	r = render_buf(&webp);
	ck_assert_ptr_null(picture_extras_beside(r.files[0].data,
	    r.files[0].len, FORMAT_WEBP, &eve));
	ck_assert_ptr_null(
	    picture_extras(r.files[1].data, r.files[1].len, FORMAT_GIF));
	ck_assert_ptr_null(picture_extras_beside(r.files[2].data,
	    r.files[2].len, FORMAT_JPEG, &eve));
	rendering_fini(&r);
	picture_settings->presets[0].keep_copyright = false;
	r = render_buf(&webp);
	for (unsigned i = 0; i < r.n; i++)
		ck_assert_ptr_null(picture_extras(r.files[i].data,
		    r.files[i].len, r.files[i].format));
	rendering_fini(&r);
	buf_fini(&webp);
}
END_TEST

/* The first canvas of the animation, as if its file said what another says. */
static struct pixels
first_like(const char *name)
{
	struct photo photo = photo_load("data/animated.gif");
	struct image *still = picture_decode(name);
	struct fault_info info = { 0 };
	struct animation *a = NULL;
	const struct image *canvas;
	struct pixels px;
	unsigned ms;

	ck_assert_int_eq(image_animation_open(photo.data, photo.len,
			     &photo.sniff, still, &a, &info),
	    FAULT_NONE);
	ck_assert_int_eq(image_animation_next(a, &canvas, &ms, &info),
	    FAULT_NONE);
	px = picture_look(canvas);
	image_animation_close(a);
	image_free(still);
	free(photo.data);
	return px;
}

START_TEST(colours_and_orientation_are_those_of_the_still)
{
	struct pixels plain_px = first_like("data/rgb.png");
	struct pixels p3 = first_like("data/p3.jpg");
	struct pixels turned = first_like("data/orient-6.jpg");

	ck_assert_uint_eq(pixel_at(&plain_px, 60, 40), 0xdc1e1e);
	/* The same red in Display P3 is out of reach of sRGB. */
	ck_assert_uint_ge(pixel_at(&p3, 60, 40) >> 16, 0xe8);
	ck_assert_uint_eq(turned.width, 80);
	ck_assert_uint_eq(turned.height, 120);
	pixels_free(&plain_px);
	pixels_free(&p3);
	pixels_free(&turned);
}
END_TEST

/* --- limits --- */

static enum fault
try_gif(struct fault_info *info)
{
	struct rendering r = { 0 };
	size_t len;
	char *data = test_data("data/animated.gif", &len);
	enum fault f = render_bytes(data, len, &r, info);

	rendering_fini(&r);
	free(data);
	return f;
}

START_TEST(all_frames_count_where_a_preset_keeps_them)
{
	struct fault_info info = { 0 };

	keep_animation(0, "moving", 40, FIT_INSIDE);
	set_preset(1, "still", 40, 40, FIT_INSIDE, FORMAT_JPEG);
	picture_settings->limits.pixels = 4 * 120 * 80;
	ck_assert_int_eq(try_gif(&info), FAULT_NONE);
	picture_settings->limits.pixels--;
	ck_assert_int_eq(try_gif(&info), FAULT_TOO_MANY_PIXELS);
	ck_assert_uint_eq(info.limit, 4 * 120 * 80 - 1);
	ck_assert_uint_eq(info.actual, 4 * 120 * 80);
	picture_settings->presets[0].animated = false;
	ck_assert_int_eq(try_gif(&info), FAULT_NONE);
}
END_TEST

START_TEST(all_frames_take_memory_where_a_preset_keeps_them)
{
	struct fault_info info = { 0 };

	keep_animation(0, "moving", 40, FIT_INSIDE);
	picture_settings->limits.memory = 100000;
	ck_assert_int_eq(try_gif(&info), FAULT_TOO_MUCH_MEMORY);
	ck_assert_uint_eq(info.limit, 100000);
	ck_assert_uint_ge(info.actual, 4 * 120 * 80 * 8);
	ck_assert_uint_eq(picture_progress.spent_ns[PHASE_DECODE], 0);
	picture_settings->presets[0].animated = false;
	ck_assert_int_eq(try_gif(&info), FAULT_NONE);
}
END_TEST

START_TEST(a_passed_deadline_ends_an_animation)
{
	struct fault_info info = { 0 };
	struct animation *a = NULL;
	struct photo photo = photo_load(names[_i]);
	struct image *still = picture_decode(names[_i]);
	const struct image *canvas;
	unsigned ms;

	ck_assert_int_eq(image_animation_open(photo.data, photo.len,
			     &photo.sniff, still, &a, &info),
	    FAULT_NONE);
	ck_assert_int_eq(image_animation_next(a, &canvas, &ms, &info),
	    FAULT_NONE);
	picture_progress.deadline_ns = 1;
	ck_assert_int_eq(image_animation_next(a, &canvas, &ms, &info),
	    FAULT_RENDER_TIMEOUT);
	image_animation_close(a);
	image_free(still);
	free(photo.data);
}
END_TEST

/* The first frame alone is whole all the time. */
START_TEST(damage_in_a_later_frame_is_found)
{
	struct fault_info info = { 0 };
	struct rendering r;
	struct rendered *file;
	unsigned char *data;

	keep_animation(0, "whole", 400, FIT_INSIDE);
	r = render_file("data/animated.gif");
	file = &r.files[_i];
	data = file->data;
	ck_assert_int_eq(render_try(data, file->len, file->format, file->size,
			     picture_settings, &picture_progress, &info),
	    FAULT_NONE);
	memset(data + file->len * 3 / 4, _i == 0 ? 0xff : 0, file->len / 8);
	ck_assert_int_eq(render_try(data, file->len, file->format, file->size,
			     picture_settings, &picture_progress, &info),
	    FAULT_CORRUPT_IMAGE);
	rendering_fini(&r);
}
END_TEST

static TCase *
case_of(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_checked_fixture(tc, picture_boot, picture_shutdown);
	suite_add_tcase(suite, tc);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("render_animation");
	TCase *tc = case_of(suite, "files");

	tcase_add_loop_test(tc, an_animation_stays_one_in_webp_and_gif, 0, 2);
	tcase_add_loop_test(tc, every_frame_is_placed_as_a_still_is, 0, 3);
	tcase_add_loop_test(tc, stills_are_what_they_are_without_the_animation,
	    0, 2);
	tcase_add_loop_test(tc,
	    an_animated_file_made_alone_is_that_made_with_all, 0, 2);
	tcase_add_loop_test(tc, of_one_frame_there_is_no_animation, 0, 3);
	tcase_add_loop_test(tc, damage_in_a_later_frame_is_found, 0, 2);
	tc = case_of(suite, "frames");
	tcase_add_loop_test(tc, it_is_shown_as_often_and_as_long, 0, 4);
	tcase_add_loop_test(tc, what_a_frame_leaves_behind_is_as_it_says, 0, 4);
	tcase_add_loop_test(tc, frames_of_webp_are_laid_and_cleared_as_they_say,
	    0, 4);
	tcase_add_test(tc, an_animation_is_signed_in_webp);
	tcase_add_test(tc, colours_and_orientation_are_those_of_the_still);
	tc = case_of(suite, "limits");
	tcase_add_test(tc, all_frames_count_where_a_preset_keeps_them);
	tcase_add_test(tc, all_frames_take_memory_where_a_preset_keeps_them);
	tcase_add_loop_test(tc, a_passed_deadline_ends_an_animation, 0, 2);
	return run_suite(suite);
}
