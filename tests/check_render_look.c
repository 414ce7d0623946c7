#include "config.h"

/*
 * What presets and a look at the photo change: enlarging, sharpening, the
 * region with most detail, colour and placeholder.
 */

#include "render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pictures.h"
#include "renders.h"
#include "support.h"

/* --- enlarge --- */

static unsigned
rainbow(unsigned x, unsigned y)
{
	return (x * 7 & 0xff) << 16 | (y * 5 & 0xff) << 8 | ((x + y) & 0xff);
}

static const struct {
	enum fit fit;
	struct size photo, box, want;
} growing[] = {
	{ FIT_INSIDE, { 40, 30 }, { 200, 200 }, { 200, 150 } },
	{ FIT_COVER, { 40, 30 }, { 200, 200 }, { 200, 200 } },
	{ FIT_PAD, { 40, 30 }, { 200, 200 }, { 200, 200 } },
	{ FIT_INSIDE, { 1, 1 }, { 64, 32 }, { 32, 32 } },
	{ FIT_COVER, { 1, 100 }, { 200, 2 }, { 200, 2 } },
	{ FIT_INSIDE, { 1, 300 }, { 600, 600 }, { 2, 600 } },
	{ FIT_INSIDE, { 400, 300 }, { 200, 200 }, { 200, 150 } },
};

START_TEST(a_small_photo_grows_to_its_box)
{
	struct rendering r;
	struct pixels is;

	set_preset(0, "grown", growing[_i].box.width, growing[_i].box.height,
	    growing[_i].fit, FORMAT_PNG);
	picture_settings->presets[0].enlarge = true;
	r = render_drawn(growing[_i].photo.width, growing[_i].photo.height,
	    rainbow);
	is = file_pixels(&r, 0);
	ck_assert_uint_eq(is.width, growing[_i].want.width);
	ck_assert_uint_eq(is.height, growing[_i].want.height);
	ck_assert_uint_eq(r.files[0].size.width, is.width);
	pixels_free(&is);
	rendering_fini(&r);
}
END_TEST

static unsigned
quarters(unsigned x, unsigned y)
{
	return (x < 20 ? 0 : 0xff0000) | (y < 15 ? 0 : 0x00ff00);
}

/* No other preset's picture changes for one that is enlarged. */
START_TEST(what_is_enlarged_feeds_no_other)
{
	struct rendering with, without;
	struct pixels is;

	set_preset(0, "small", 20, 20, FIT_INSIDE, FORMAT_PNG);
	without = render_drawn(40, 30, quarters);
	set_preset(1, "grown", 400, 300, FIT_INSIDE, FORMAT_PNG);
	picture_settings->presets[1].enlarge = true;
	with = render_drawn(40, 30, quarters);
	ck_assert_uint_eq(with.files[0].len, without.files[0].len);
	ck_assert_mem_eq(with.files[0].data, without.files[0].data,
	    with.files[0].len);
	is = file_pixels(&with, 1);
	ck_assert_uint_eq(pixel_at(&is, 60, 50), 0);
	ck_assert_uint_eq(pixel_at(&is, 340, 50), 0xff0000);
	ck_assert_uint_eq(pixel_at(&is, 60, 250), 0x00ff00);
	pixels_free(&is);
	rendering_fini(&with);
	rendering_fini(&without);
}
END_TEST

START_TEST(growing_beyond_the_memory_is_refused)
{
	struct rendering r = { 0 };
	struct fault_info info = { 0 };
	size_t len;
	void *data;

	picture_boot_with_memory((uint64_t)32 << 20);
	data = picture_make(40, 30, rainbow, &len);
	set_preset(0, "grown", 16000, 16000, FIT_INSIDE, FORMAT_JPEG);
	picture_settings->presets[0].enlarge = true;
	ck_assert_int_eq(render_bytes(data, len, &r, &info),
	    FAULT_TOO_MUCH_MEMORY);
	free(data);
	picture_shutdown();
}
END_TEST

/* --- sharpen --- */

/* Mean difference between neighbours in a row: how sharp edges are. */
static double
edges(const struct pixels *p)
{
	unsigned sum = 0;

	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 1; x < p->width; x++)
			sum += color_distance(pixel_at(p, x - 1, y),
			    pixel_at(p, x, y));
	return (double)sum / p->width / p->height;
}

START_TEST(sharpening_makes_edges_steeper_the_more_the_more)
{
	static const unsigned strengths[] = { 0, 1, 30, 100 };
	double before = 0, soft = 0;

	for (unsigned i = 0; i < NELEM(strengths); i++) {
		struct rendering r;
		struct pixels is;
		double e;

		set_preset(0, "sharp", 240, 240, FIT_INSIDE, FORMAT_PNG);
		picture_settings->presets[0].sharpen = strengths[i];
		r = render_file("data/p3.jpg");
		is = file_pixels(&r, 0);
		e = edges(&is);
		ck_assert_double_gt(e, before);
		before = e;
		if (i == 0)
			soft = e;
		pixels_free(&is);
		rendering_fini(&r);
	}
	ck_assert_double_gt(before, 1.2 * soft);
}
END_TEST

/* Nor does one in between, which makes a file and feeds the next. */
START_TEST(sharpening_one_changes_no_other)
{
	struct rendering soft, sharp;

	for (unsigned i = 0; i < 3; i++)
		set_preset(i,
		    i == 0       ? "a"
			: i == 1 ? "b"
				 : "c",
		    400 >> i, 400 >> i, FIT_INSIDE, FORMAT_PNG);
	soft = render_file("data/p3.jpg");
	picture_settings->presets[1].sharpen = 60;
	sharp = render_file("data/p3.jpg");
	for (unsigned i = 0; i < 3; i++) {
		bool same = soft.files[i].len == sharp.files[i].len &&
		    memcmp(soft.files[i].data, sharp.files[i].data,
			soft.files[i].len) == 0;

		ck_assert(same == (i != 1));
	}
	rendering_fini(&soft);
	rendering_fini(&sharp);
}
END_TEST

START_TEST(sharpening_leaves_the_padding_alone)
{
	struct rendering r;
	struct pixels is;

	set_preset(0, "pad", 200, 200, FIT_PAD, FORMAT_PNG);
	picture_settings->presets[0].sharpen = 100;
	picture_settings->presets[0].background = 0x336699;
	r = render_file("data/rgb.png");
	is = file_pixels(&r, 0);
	/* 200 x 133 px lie at y 33. */
	for (unsigned x = 0; x < 200; x++) {
		ck_assert_uint_eq(pixel_at(&is, x, 32), 0x336699);
		ck_assert_uint_eq(pixel_at(&is, x, 166), 0x336699);
	}
	/* A halo of the border's brightness would be along it inside, too. */
	ck_assert_uint_le(color_distance(pixel_at(&is, 5, 33), 0xe61414), 2);
	pixels_free(&is);
	rendering_fini(&r);
}
END_TEST

/* --- smart --- */

/* A checkerboard of 8 px at one end, else a slow slope. */
static unsigned busy_from, busy_to;
static bool in_rows;

static unsigned
busy(unsigned x, unsigned y)
{
	unsigned at = in_rows ? y : x;

	if (at >= busy_from && at < busy_to)
		return (x / 8 + y / 8) % 2 == 0 ? 0x202020 : 0xe0e0e0;
	return (0x60 + at / 16) << 8;
}

static const struct {
	bool in_rows;
	unsigned from, to, first, last; /* of 1200; the region that is taken */
} busies[] = {
	{ false, 0, 300, 0, 600 },
	{ false, 900, 1200, 600, 1200 },
	{ true, 0, 300, 0, 600 },
	{ true, 900, 1200, 600, 1200 },
	{ false, 300, 900, 300, 900 },
};

START_TEST(smart_takes_the_end_with_the_detail)
{
	struct rendering r;
	struct pixels is;
	unsigned n = 0;

	in_rows = busies[_i].in_rows;
	busy_from = busies[_i].from;
	busy_to = busies[_i].to;
	set_preset(0, "square", 300, 300, FIT_COVER, FORMAT_PNG);
	picture_settings->presets[0].gravity = GRAVITY_SMART;
	set_preset(1, "large", 900, 900, FIT_INSIDE, FORMAT_JPEG);
	r = in_rows ? render_drawn(600, 1200, busy)
		    : render_drawn(1200, 600, busy);
	is = file_pixels(&r, 0);
	for (unsigned i = 0; i < 300; i++) {
		unsigned at = busies[_i].first + 2 * i;
		unsigned px =
		    in_rows ? pixel_at(&is, 150, i) : pixel_at(&is, i, 150);
		bool is_busy = (px >> 16) > 8;

		n += is_busy == (at >= busy_from && at < busy_to);
	}
	ck_assert_uint_ge(n, 290);
	pixels_free(&is);
	rendering_fini(&r);
}
END_TEST

static unsigned
plain(unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	return 0x8a7a66;
}

START_TEST(without_detail_smart_is_center)
{
	static const char *const names[] = { "smart", "center" };
	struct rendering r;

	for (unsigned i = 0; i < 2; i++) {
		set_preset(i, names[i], 100, 100, FIT_COVER, FORMAT_PNG);
		picture_settings->presets[i].gravity =
		    i == 0 ? GRAVITY_SMART : GRAVITY_CENTER;
	}
	r = render_drawn(300, 200, plain);
	ck_assert_uint_eq(r.files[0].len, r.files[1].len);
	ck_assert_mem_eq(r.files[0].data, r.files[1].data, r.files[0].len);
	rendering_fini(&r);
}
END_TEST

/* --- colour and placeholder --- */

/* The scene, stored in different ways. */
static const char *const scenes[] = { "data/orient-1.jpg", "data/orient-6.jpg",
	"data/lossy.webp" };

START_TEST(the_same_picture_has_the_same_color)
{
	struct rendering want = render_file("data/rgb.png");
	struct rendering is = render_file(scenes[_i]);
	unsigned a, b;

	ck_assert_int_eq(sscanf(want.color, "#%6x", &a), 1);
	ck_assert_int_eq(sscanf(is.color, "#%6x", &b), 1);
	ck_assert_uint_eq(strlen(is.color), COLOR_LEN);
	ck_assert_uint_le(color_distance(a, b), 6);
	rendering_fini(&want);
	rendering_fini(&is);
}
END_TEST

START_TEST(one_color_is_that_color)
{
	struct rendering r = render_drawn(300, 200, plain);

	ck_assert_str_eq(r.color, "#8a7a66");
	rendering_fini(&r);
}
END_TEST

/* The decoded px of a placeholder, and that it is a short data URI. */
static struct pixels
placeholder_pixels(const struct rendering *r, enum format format)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *text;
	char head[40];
	unsigned char bytes[PLACEHOLDER_MAX];
	size_t len = 0;
	unsigned bits = 0, have = 0;

	snprintf(head, sizeof head, "data:%s;base64,",
	    format_spec(format)->type);
	text = r->placeholder + strlen(head);
	ck_assert_uint_lt(strlen(r->placeholder), 400);
	ck_assert_msg(strncmp(r->placeholder, head, strlen(head)) == 0, "%s",
	    r->placeholder);
	ck_assert_uint_eq(strlen(text) % 4, 0);
	for (; *text != '\0' && *text != '='; text++) {
		const char *digit = strchr(digits, *text);

		ck_assert_ptr_nonnull(digit);
		bits = bits << 6 | (unsigned)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			bytes[len++] = (unsigned char)(bits >> have);
		}
	}
	return pixels_read(bytes, len, format);
}

static const struct {
	struct size photo, want;
} shapes[] = {
	{ { 1600, 1200 }, { 16, 12 } },
	{ { 1200, 1600 }, { 12, 16 } },
	{ { 300, 300 }, { 16, 16 } },
	{ { 1000, 10 }, { 16, 1 } },
	{ { 5, 3 }, { 5, 3 } },
	{ { 1, 1 }, { 1, 1 } },
	{ { 3, 3000 }, { 1, 16 } },
};

START_TEST(a_placeholder_has_the_photo_s_shape)
{
	struct rendering r = render_drawn(shapes[_i].photo.width,
	    shapes[_i].photo.height, rainbow);
	struct pixels p = placeholder_pixels(&r, FORMAT_WEBP);

	ck_assert_uint_eq(p.width, shapes[_i].want.width);
	ck_assert_uint_eq(p.height, shapes[_i].want.height);
	pixels_free(&p);
	rendering_fini(&r);
}
END_TEST

static const char *const photos[] = { "data/p3.jpg", "data/photo-12mp.jpg",
	"data/alpha.png", "data/lossy-alpha.webp", "data/still.gif",
	"data/gray16.png", "data/cmyk.jpg" };

START_TEST(a_placeholder_is_short_and_looks_like_the_photo)
{
	struct rendering r;
	struct pixels p, full;

	set_preset(0, "full", 400, 400, FIT_INSIDE, FORMAT_PNG);
	r = render_file(photos[_i]);
	p = placeholder_pixels(&r, FORMAT_WEBP);
	full = file_pixels(&r, 0);
	ck_assert_double_le(fabs((double)p.width / p.height -
				(double)full.width / full.height),
	    .1);
	/* Channel means, over black: neither blank nor of other colours. */
	for (unsigned shift = 0; shift < 24; shift += 8) {
		double a = 0, b = 0;

		for (unsigned i = 0; i < p.width * p.height; i++)
			a += pixel_at(&p, i % p.width, i / p.width) >> shift &
			    0xff;
		for (unsigned i = 0; i < full.width * full.height; i++)
			b += pixel_at(&full, i % full.width, i / full.width) >>
				shift &
			    0xff;
		ck_assert_double_eq_tol(a / p.width / p.height,
		    b / full.width / full.height, 12);
	}
	pixels_free(&p);
	pixels_free(&full);
	rendering_fini(&r);
}
END_TEST

/* As noisy as can be: nothing compresses worse. */
static unsigned
noise(unsigned x, unsigned y)
{
	unsigned h = x / 100 * 374761393U + y / 100 * 668265263U;

	h = (h ^ h >> 13) * 1274126177U;
	return (h ^ h >> 16) & 0xffffff;
}

START_TEST(a_placeholder_of_noise_still_fits)
{
	struct rendering r = render_drawn(1600, 1600, noise);
	struct pixels p = placeholder_pixels(&r, FORMAT_WEBP);

	ck_assert_uint_ge(p.width, 4);
	ck_assert_uint_eq(p.width, p.height);
	pixels_free(&p);
	rendering_fini(&r);
}
END_TEST

START_TEST(without_webp_a_placeholder_is_a_smaller_png)
{
	struct rendering r;
	struct pixels p;

	set_preset(0, "still", 200, 200, FIT_INSIDE, FORMAT_JPEG);
	picture_forget(FORMAT_WEBP);
	r = render_file("data/p3.jpg");
	p = placeholder_pixels(&r, FORMAT_PNG);
	ck_assert_uint_eq(p.width, 8);
	ck_assert_uint_eq(p.height, 6);
	pixels_free(&p);
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
	Suite *suite = suite_create("render_look");
	TCase *tc = case_of(suite, "enlarge", true);

	tcase_add_loop_test(tc, a_small_photo_grows_to_its_box, 0,
	    NELEM(growing));
	tcase_add_test(tc, what_is_enlarged_feeds_no_other);
	tc = case_of(suite, "memory", false);
	tcase_add_test(tc, growing_beyond_the_memory_is_refused);

	tc = case_of(suite, "sharpen", true);
	tcase_add_test(tc, sharpening_makes_edges_steeper_the_more_the_more);
	tcase_add_test(tc, sharpening_one_changes_no_other);
	tcase_add_test(tc, sharpening_leaves_the_padding_alone);

	tc = case_of(suite, "smart", true);
	tcase_add_loop_test(tc, smart_takes_the_end_with_the_detail, 0,
	    NELEM(busies));
	tcase_add_test(tc, without_detail_smart_is_center);

	tc = case_of(suite, "look", true);
	tcase_add_loop_test(tc, the_same_picture_has_the_same_color, 0,
	    NELEM(scenes));
	tcase_add_test(tc, one_color_is_that_color);
	tcase_add_loop_test(tc, a_placeholder_has_the_photo_s_shape, 0,
	    NELEM(shapes));
	tcase_add_loop_test(tc, a_placeholder_is_short_and_looks_like_the_photo,
	    0, NELEM(photos));
	tcase_add_test(tc, a_placeholder_of_noise_still_fits);
	tcase_add_test(tc, without_webp_a_placeholder_is_a_smaller_png);
	return run_suite(suite);
}
