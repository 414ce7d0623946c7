#include "config.h"

/*
 * From a picture to the bytes of a file, without a word of where it came from.
 * ImageMagick hands properties of the file that was read on to the file that
 * is written (sampling factors, interlace, depth, quality, format); every one
 * of them is said here instead.
 */

#include "image_internal.h"

#include <stdlib.h>
#include <string.h>

#include "chunk.h"
#include "palette.h"

/*
 * Of 0..6. At 1280 px and quality 80, method 2 takes 0.45 of the time of
 * ImageMagick's own 4 and makes files 4 % larger.
 */
#define WEBP_METHOD "2"

/*
 * zlib's level in the tens, adaptive filters in the ones: a third of the time
 * of ImageMagick's own 75, for photos that are 0.5 to 12 % larger.
 */
#define PNG_QUALITY 35

/*
 * libheif's speed with AV1, 0..9. A photo of 1024 x 768 px takes 0.4 s of one
 * core at 6. MagickWand 6.9.11 has no such option; its libheif does the same.
 */
#define AVIF_SPEED "6"

/*
 * The level at which AVIF differs from the picture as much as JPEG does: 50 for
 * JPEG's 80, at half its size; a straight line to both ends.
 */
static unsigned
avif_quality(unsigned quality)
{
	return quality <= 80 ? (quality * 5 + 7) / 8
			     : 50 + (quality - 80) * 5 / 2;
}

static size_t
level_of(const struct encoding *how)
{
	if (how->format == FORMAT_PNG)
		return PNG_QUALITY;
	return how->format == FORMAT_AVIF ? avif_quality(how->quality)
					  : how->quality;
}

static const char *const sampling[] = {
	[CHROMA_420] = "2x2,1x1,1x1",
	[CHROMA_422] = "2x1,1x1,1x1",
	[CHROMA_444] = "1x1,1x1,1x1",
};
_Static_assert(sizeof sampling / sizeof sampling[0] == CHROMA_COUNT,
    "every chroma has its factors");

static bool
set_options(MagickWand *wand, const struct encoding *how)
{
	/* Whatever is not said here is inherited from the photo's file. */
	const char *const options[][2] = {
		{ "jpeg:sampling-factor", sampling[how->chroma] },
		{ "jpeg:optimize-coding", "true" },
		{ "webp:method", WEBP_METHOD },
		{ "webp:lossless", "false" },
		{ "png:bit-depth", "8" },
		{ "heic:speed", AVIF_SPEED },
	};
	const char *magick = format_spec(how->format)->magick;
	const size_t level = level_of(how);
	const InterlaceType interlace =
	    how->format == FORMAT_JPEG && how->progressive ? JPEGInterlace
							   : NoInterlace;
	/*
	 * ImageMagick 6 writes a palette of a gray picture of 16 bits as one of
	 * 8 over the end of its buffer, unless the picture itself has 8.
	 */
	bool ok = MagickStripImage(wand) == MagickTrue &&
	    MagickSetImageDepth(wand, 8) == MagickTrue &&
	    MagickSetImageOrientation(wand, UndefinedOrientation) ==
		MagickTrue &&
	    MagickSetImageFormat(wand, magick) == MagickTrue &&
	    MagickSetFormat(wand, magick) == MagickTrue &&
	    MagickSetInterlaceScheme(wand, interlace) == MagickTrue &&
	    MagickSetImageInterlaceScheme(wand, interlace) == MagickTrue &&
	    MagickSetCompressionQuality(wand, level) == MagickTrue &&
	    MagickSetImageCompressionQuality(wand, level) == MagickTrue;

	for (size_t i = 0; ok && i < sizeof options / sizeof options[0]; i++)
		ok = MagickSetOption(wand, options[i][0], options[i][1]) ==
		    MagickTrue;
	return ok && (how->credits == NULL || image_sign(wand, how->credits));
}

bool
image_flatten(MagickWand *wand, uint32_t rgb)
{
	return MagickGetImageAlphaChannel(wand) == MagickFalse ||
	    (image_background(wand, rgb, false) &&
		MagickSetImageAlphaChannel(wand, RemoveAlphaChannel) ==
		    MagickTrue);
}

static bool
keeps_alpha(enum format format)
{
#ifndef HAVE_MAGICKWAND_7
	if (format == FORMAT_AVIF)
		return false;
#endif
	return format_spec(format)->alpha;
}

/* Do the bytes begin as this format's do? */
static bool
is_format(const unsigned char *data, size_t len, enum format format)
{
	switch (format) {
	case FORMAT_JPEG:
		return len > 3 && memcmp(data, "\xff\xd8\xff", 3) == 0;
	case FORMAT_PNG:
		return len > 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
	case FORMAT_WEBP:
		return len > 12 && memcmp(data, "RIFF", 4) == 0 &&
		    memcmp(data + 8, "WEBP", 4) == 0;
	case FORMAT_AVIF:
		return len > 12 && memcmp(data + 4, "ftypavif", 8) == 0;
	case FORMAT_GIF: /* is not ImageMagick's work */
	case FORMAT_HEIC:
	case FORMAT_TIFF:
	case FORMAT_BMP:
	case FORMAT_NONE:
	case FORMAT_COUNT:
		break;
	}
	return false;
}

static enum fault
encode_gif(const struct image *img, uint32_t background, void **out,
    size_t *out_len, struct fault_info *info)
{
	/* A reel of one, which only looks at it. */
	struct reel_frame frame = { .img = (struct image *)(uintptr_t)img };
	const struct reel reel = { .frames = &frame, .n = 1, .plays = 1 };

	return image_encode_gif(&reel, background, out, out_len, info);
}

static bool
has_markup(const unsigned char *png, size_t len)
{
	struct span colors;

	return png_find((struct span){ png, len }, "PLTE", &colors) &&
	    palette_markup(colors.at, colors.len) < colors.len;
}

/*
 * ImageMagick writes few colours as a palette. Where that would be a text of
 * the picture's author, each px says its colour itself.
 */
static unsigned char *
write_blob(MagickWand *wand, enum format format, size_t *len)
{
	unsigned char *blob = MagickGetImageBlob(wand, len);
	const char *type =
	    MagickGetImageAlphaChannel(wand) == MagickTrue ? "6" : "2";

	if (blob == NULL || format != FORMAT_PNG || !has_markup(blob, *len))
		return blob;
	(void)MagickRelinquishMemory(blob);
	return MagickSetOption(wand, "png:color-type", type) == MagickTrue
	    ? MagickGetImageBlob(wand, len)
	    : NULL;
}

static enum fault
encode(struct image *made, const struct encoding *how, void **out,
    size_t *out_len, struct fault_info *info)
{
	unsigned char *blob = NULL;
	void *data = NULL;
	size_t len = 0;
	enum fault f;

	if ((keeps_alpha(how->format) ||
		image_flatten(made->wand, how->background)) &&
	    set_options(made->wand, how))
		blob = write_blob(made->wand, how->format, &len);
	f = image_judge(made, blob != NULL && is_format(blob, len, how->format),
	    FAULT_INTERNAL, "encode", info);
	if (f == FAULT_NONE) {
		data = malloc(len);
		if (data == NULL)
			f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	}
	if (f == FAULT_NONE) {
		memcpy(data, blob, len);
		*out = data;
		*out_len = len;
	}
	(void)MagickRelinquishMemory(blob);
	return f;
}

enum fault
image_encode(const struct image *img, const struct encoding *how, void **out,
    size_t *out_len, struct fault_info *info)
{
	struct image *made;
	enum fault f;

	if (how->format == FORMAT_GIF)
		return encode_gif(img, how->background, out, out_len, info);
	made = image_copy(img);
	if (made == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	f = encode(made, how, out, out_len, info);
	image_free(made);
	return f;
}
