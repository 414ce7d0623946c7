#include "config.h"

#ifdef HAVE_MAGICKWAND_7
#include <MagickWand/MagickWand.h>
#else
#include <wand/MagickWand.h>
#endif

#include "pictures.h"

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "support.h"

struct settings *picture_settings;
struct progress picture_progress;

/* FT_ENGINE is the setting's value, for all of the tests. */
static void
choose_engine(void)
{
	const char *name = getenv("FT_ENGINE");

	if (name == NULL || name[0] == '\0')
		return;
	ck_assert_msg(strcmp(name, "magick") == 0 || strcmp(name, "auto") == 0,
	    "FT_ENGINE=%s", name);
	picture_settings->engine = strcmp(name, "magick") == 0
	    ? ENGINE_CHOICE_MAGICK
	    : ENGINE_CHOICE_AUTO;
}

void
picture_boot_with_memory(uint64_t bytes)
{
	char why[256] = "";

	picture_settings = settings_load(NULL, stderr);
	ck_assert_ptr_nonnull(picture_settings);
	if (bytes != 0)
		picture_settings->limits.memory = bytes;
	choose_engine();
	ck_assert_msg(image_boot(picture_settings, tempdir_path(), why,
			  sizeof why) == 0,
	    "%s", why);
	progress_start(&picture_progress, NULL);
}

void
picture_limit_memory(uint64_t bytes)
{
	ck_assert(MagickSetResourceLimit(MemoryResource, bytes));
}

void
picture_loosen_policy(const char *rules)
{
	MagickWand *wand = NewMagickWand();

	ck_assert(MagickSetSecurityPolicy(wand, rules));
	(void)DestroyMagickWand(wand);
}

void
picture_boot(void)
{
	picture_boot_with_memory(0);
}

void
picture_shutdown(void)
{
	image_shutdown();
	settings_free(picture_settings);
	picture_settings = NULL;
}

void
picture_forget(enum format format)
{
	ck_assert(UnregisterMagickInfo(format_spec(format)->magick));
}

struct pixels
pixels_read(const void *data, size_t len, enum format format)
{
	struct pixels p = { 0 };
	MagickWand *wand = NewMagickWand();

	ck_assert(MagickSetFormat(wand, format_spec(format)->magick));
	ck_assert(MagickReadImageBlob(wand, data, len));
	(void)MagickAutoOrientImage(wand);
	/* MagickWand 6 leaves an AVIF in YCbCr. */
	ck_assert(MagickTransformImageColorspace(wand, sRGBColorspace));
	p.width = (unsigned)MagickGetImageWidth(wand);
	p.height = (unsigned)MagickGetImageHeight(wand);
	p.rgba = malloc((size_t)p.width * p.height * 4);
	ck_assert_ptr_nonnull(p.rgba);
	ck_assert(MagickExportImagePixels(wand, 0, 0, p.width, p.height, "RGBA",
	    CharPixel, p.rgba));
	/* Without an alpha channel MagickWand 6 gives what was in memory. */
	if (!MagickGetImageAlphaChannel(wand))
		for (size_t i = 0; i < (size_t)p.width * p.height; i++)
			p.rgba[4 * i + 3] = 255;
	(void)DestroyMagickWand(wand);
	return p;
}

struct pixels
pixels_load(const char *name)
{
	size_t len;
	char *data = test_data(name, &len);
	struct sniff sniff;
	struct fault_info info = { 0 };
	struct pixels p;

	ck_assert(sniff_read(data, len, &sniff, &info) == FAULT_NONE);
	p = pixels_read(data, len, sniff.format);
	free(data);
	return p;
}

void
pixels_free(struct pixels *p)
{
	free(p->rgba);
	p->rgba = NULL;
}

static const unsigned char *
at(const struct pixels *p, unsigned x, unsigned y)
{
	ck_assert_uint_lt(x, p->width);
	ck_assert_uint_lt(y, p->height);
	return p->rgba + ((size_t)y * p->width + x) * 4;
}

unsigned
pixel_at(const struct pixels *p, unsigned x, unsigned y)
{
	const unsigned char *px = at(p, x, y);
	unsigned a = px[3];

	return (px[0] * a / 255) << 16 | (px[1] * a / 255) << 8 |
	    px[2] * a / 255;
}

unsigned
pixel_alpha(const struct pixels *p, unsigned x, unsigned y)
{
	return at(p, x, y)[3];
}

unsigned
color_distance(unsigned a, unsigned b)
{
	unsigned most = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

		if ((unsigned)abs(d) > most)
			most = (unsigned)abs(d);
	}
	return most;
}

double
pixels_distance(const struct pixels *a, const struct pixels *b)
{
	size_t n = (size_t)a->width * a->height * 4;
	uint64_t sum = 0;

	ck_assert_uint_eq(a->width, b->width);
	ck_assert_uint_eq(a->height, b->height);
	for (size_t i = 0; i < n; i++)
		sum += (unsigned)abs(a->rgba[i] - b->rgba[i]);
	return (double)sum / (double)n;
}

/* The squares of the differences of one row's colours. */
static uint64_t
row_squares(const unsigned char *a, const unsigned char *b, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n * 4; i++) {
		const int d = i % 4 == 3 ? 0 : a[i] - b[i];

		sum += (uint64_t)(d * d);
	}
	return sum;
}

double
pixels_psnr(const struct pixels *a, const struct pixels *b, int x, int y)
{
	const unsigned right = x > 0 ? (unsigned)x : 0;
	const unsigned left = x < 0 ? (unsigned)-x : 0;
	const unsigned down = y > 0 ? (unsigned)y : 0;
	const unsigned up = y < 0 ? (unsigned)-y : 0;
	const unsigned width = a->width - right - left;
	const unsigned height = a->height - down - up;
	uint64_t sum = 0;

	ck_assert_uint_eq(a->width, b->width);
	ck_assert_uint_eq(a->height, b->height);
	ck_assert(right + left < a->width && down + up < a->height);
	for (unsigned i = 0; i < height; i++)
		sum += row_squares(at(a, right, down + i), at(b, left, up + i),
		    width);
	if (sum == 0)
		return INFINITY;
	return 10 * log10(255.0 * 255 * 3 * width * height / (double)sum);
}

void *
picture_make(unsigned width, unsigned height,
    unsigned (*color)(unsigned x, unsigned y), size_t *len)
{
	unsigned char *rgb = malloc((size_t)width * height * 3);
	MagickWand *wand = NewMagickWand();
	unsigned char *blob;
	void *file;

	ck_assert_ptr_nonnull(rgb);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			for (unsigned c = 0; c < 3; c++)
				rgb[((size_t)y * width + x) * 3 + c] =
				    (unsigned char)(color(x, y) >>
					(16 - 8 * c));
	ck_assert(
	    MagickConstituteImage(wand, width, height, "RGB", CharPixel, rgb));
	ck_assert(MagickSetImageFormat(wand, "PNG"));
	blob = MagickGetImageBlob(wand, len);
	ck_assert_ptr_nonnull(blob);
	file = malloc(*len);
	ck_assert_ptr_nonnull(file);
	memcpy(file, blob, *len);
	(void)MagickRelinquishMemory(blob);
	(void)DestroyMagickWand(wand);
	free(rgb);
	return file;
}

const struct picture_file picture_files[] = {
	{ "data/orient-0.jpg", 360, 240, false },
	{ "data/orient-1.jpg", 360, 240, false },
	{ "data/orient-2.jpg", 360, 240, false },
	{ "data/orient-3.jpg", 360, 240, false },
	{ "data/orient-4.jpg", 360, 240, false },
	{ "data/orient-5.jpg", 240, 360, true },
	{ "data/orient-6.jpg", 240, 360, true },
	{ "data/orient-7.jpg", 240, 360, true },
	{ "data/orient-8.jpg", 240, 360, true },
	{ "data/gray.jpg", 360, 240, false },
	{ "data/progressive.jpg", 360, 240, false },
	{ "data/cmyk.jpg", 360, 240, false },
	{ "data/rgb.png", 360, 240, false },
	{ "data/alpha.png", 360, 240, false },
	{ "data/palette-trns.png", 360, 240, false },
	{ "data/gray16.png", 360, 240, false },
	{ "data/interlaced.png", 179, 119, false },
	{ "data/animated.gif", 120, 80, false },
	{ "data/still.gif", 360, 240, false },
	{ "data/lossy.webp", 360, 240, false },
	{ "data/lossless-alpha.webp", 360, 240, false },
	{ "data/lossy-alpha.webp", 360, 240, false },
	{ "data/animated.webp", 120, 80, false },
	{ "data/scene.heic", 180, 120, false },
	{ "data/turned-exif-6.heic", 120, 180, true },
	{ "data/alpha.heic", 180, 120, false },
	{ "data/scene.avif", 180, 120, false },
	{ "data/deep.tif", 180, 120, false },
	{ "data/turned-jpeg-6.tif", 120, 180, true },
	{ "data/cmyk.tif", 180, 120, false },
	{ "data/plain.bmp", 90, 60, false },
	{ "data/runs.bmp", 90, 60, false },
};
const unsigned picture_n_files = NELEM(picture_files);

struct photo
photo_load(const char *name)
{
	struct photo photo;
	struct fault_info info = { 0 };

	photo.data = test_data(name, &photo.len);
	ck_assert_msg(sniff_read(photo.data, photo.len, &photo.sniff, &info) ==
		FAULT_NONE,
	    "%s: %s", name, info.detail);
	return photo;
}

enum fault
photo_decode(const struct photo *photo, struct image **out,
    struct fault_info *info)
{
	struct size full = { photo->sniff.width, photo->sniff.height };

	return image_decode(photo->data, photo->len, &photo->sniff, full,
	    &picture_progress, out, info);
}

struct image *
picture_decode(const char *name)
{
	struct photo photo = photo_load(name);
	struct image *img = NULL;
	struct fault_info info = { 0 };

	ck_assert_msg(photo_decode(&photo, &img, &info) == FAULT_NONE,
	    "%s: %s: %s", name, fault_code(info.fault), info.cause);
	free(photo.data);
	return img;
}

enum fault
picture_encode(const struct image *img, enum format format, unsigned quality,
    uint32_t background, void **out, size_t *out_len, struct fault_info *info)
{
	const struct encoding how = { .format = format,
		.quality = quality,
		.background = background };

	return image_encode(img, &how, out, out_len, info);
}

struct pixels
picture_look(const struct image *img)
{
	struct fault_info info = { 0 };
	struct pixels p;
	void *data;
	size_t len;

	ck_assert_msg(picture_encode(img, FORMAT_PNG, 80, 0, &data, &len,
			  &info) == FAULT_NONE,
	    "%s", info.cause);
	p = pixels_read(data, len, FORMAT_PNG);
	free(data);
	return p;
}

struct image *
picture_srgb(const char *name)
{
	struct image *img = picture_decode(name);
	struct fault_info info = { 0 };

	ck_assert_int_eq(image_orient(img, &info), FAULT_NONE);
	ck_assert_int_eq(image_to_srgb(img, &info), FAULT_NONE);
	return img;
}
