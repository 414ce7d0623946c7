#ifndef FT_TESTS_PICTURES_H
#define FT_TESTS_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format.h"
#include "image.h"
#include "progress.h"
#include "settings.h"

/*
 * What the tests of pictures share. As in support.h, a helper that cannot do
 * its work fails the test that called it.
 */

/*
 * The default settings, but for the engine, where FT_ENGINE says one;
 * picture_boot starts ImageMagick with them.
 */
extern struct settings *picture_settings;
/* No slot, no deadline. */
extern struct progress picture_progress;

/* Checked fixture, after tempdir_setup: image_boot in the test's directory. */
void picture_boot(void);
void picture_shutdown(void);
/* The same in a test, with another limits.memory; 0: the default. */
void picture_boot_with_memory(uint64_t bytes);

/* From now on it is this; no more than what it was started with. */
void picture_limit_memory(uint64_t bytes);

/* Rules behind those that it was started with. */
void picture_loosen_policy(const char *rules);

/* From now on ImageMagick does not know the format, as if it were not there. */
void picture_forget(enum format format);

/* A file of test data, with what sniffing says of it. free() data. */
struct photo {
	char *data;
	size_t len;
	struct sniff sniff;
};

struct photo photo_load(const char *name);
/* image_decode at full size. */
enum fault photo_decode(const struct photo *photo, struct image **out,
    struct fault_info *info);

/* A decoded file; and upright in sRGB. image_free() them. */
struct image *picture_decode(const char *name);
struct image *picture_srgb(const char *name);

/* One file of each kind that can be read, as it is stored. */
struct picture_file {
	const char *name;
	unsigned width, height;
	bool sideways;
};
extern const struct picture_file picture_files[];
extern const unsigned picture_n_files;

/* Upright px in 8-bit RGBA, row by row. */
struct pixels {
	unsigned width, height;
	unsigned char *rgba;
};

/* Decode a thumbnail. Its format must be the one given. */
struct pixels pixels_read(const void *data, size_t len, enum format format);
/* Decode a file of test data of any format. */
struct pixels pixels_load(const char *name);
/* image_encode with the rest as it is by default. */
enum fault picture_encode(const struct image *img, enum format format,
    unsigned quality, uint32_t background, void **out, size_t *out_len,
    struct fault_info *info);

/* The px of a picture as they are, by way of a lossless file. */
struct pixels picture_look(const struct image *img);
void pixels_free(struct pixels *p);

/* RGB of one px, the alpha blended over black, as 0xRRGGBB. */
unsigned pixel_at(const struct pixels *p, unsigned x, unsigned y);
/* Alpha of one px, 0..255. */
unsigned pixel_alpha(const struct pixels *p, unsigned x, unsigned y);

/* The largest difference of a channel between two colours 0xRRGGBB. */
unsigned color_distance(unsigned a, unsigned b);

/* Mean difference of all channels of two pictures of one size, 0..255. */
double pixels_distance(const struct pixels *a, const struct pixels *b);

/*
 * dB PSNR of a picture and the other one moved by x, y px, of the colours where
 * both have px; infinite for the same. Both are of one size.
 */
double pixels_psnr(const struct pixels *a, const struct pixels *b, int x,
    int y);

/*
 * A file of width x height px, 8-bit RGB, made by color(x, y) as 0xRRGGBB, in
 * a lossless format: PNG. free() it.
 */
void *picture_make(unsigned width, unsigned height,
    unsigned (*color)(unsigned x, unsigned y), size_t *len);

#endif
