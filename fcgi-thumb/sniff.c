#include "config.h"

/*
 * Names the format of a file by its magic bytes, has that format's reader
 * read the header, and holds the result against the limits. It decodes
 * nothing and believes no name or type that came with the file. Whatever is
 * not clearly one of our formats is refused.
 */

#include "sniff.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "sniff_internal.h"

typedef enum fault reader(struct span, struct sniff *, struct fault_info *);

/* PNG by four bytes of its eight: the rest shows what a transfer broke. */
static const struct {
	const char *magic;
	size_t len;
	size_t also_at; /* WebP is one kind of RIFF among many */
	const char *also;
	size_t also_len;
	bool (*is)(struct span); /* HEIF is one kind of ISO media */
	reader *read;
} formats[] = {
	{ "\xff\xd8\xff", 3, 0, "", 0, NULL, sniff_jpeg },
	{ "\x89PNG", 4, 0, "", 0, NULL, sniff_png },
	{ "GIF87a", 6, 0, "", 0, NULL, sniff_gif },
	{ "GIF89a", 6, 0, "", 0, NULL, sniff_gif },
	{ "RIFF", 4, 8, "WEBP", 4, NULL, sniff_webp },
	{ "", 0, 4, "ftyp", 4, sniff_is_heif, sniff_heif },
	{ "II*\0", 4, 0, "", 0, NULL, sniff_tiff },
	{ "MM\0*", 4, 0, "", 0, NULL, sniff_tiff },
	/* Two letters say little; the four reserved bytes are always 0. */
	{ "BM", 2, 6, "\0\0\0\0", 4, NULL, sniff_bmp },
};

static bool
holds(struct span s, size_t offset, const char *bytes, size_t len)
{
	return offset <= s.len && len <= s.len - offset &&
	    memcmp(s.at + offset, bytes, len) == 0;
}

/* "Accepted are JPEG, PNG and GIF.": those that can be read here. */
static const char *
accepted(char *text, size_t size)
{
	const char *titles[FORMAT_COUNT] = { NULL };
	unsigned n = 0;
	size_t used;

	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		if (format_is_readable(f))
			titles[n++] = format_spec(f)->title;
	}
	used = (size_t)snprintf(text, size, "Accepted are");
	for (unsigned i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s %s",
		    i == 0           ? ""
			: i + 1 == n ? " and"
				     : ",",
		    titles[i]);
	if (used < size)
		(void)snprintf(text + used, size - used, ".");
	return text;
}

enum fault
sniff_refuse(const char *looks_like, struct fault_info *info)
{
	char text[120];

	(void)accepted(text, sizeof text);
	if (looks_like == NULL)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT, "%s", text);
	return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
	    "This looks like %s. %s", looks_like, text);
}

static enum fault
refuse_missing(enum format format, struct fault_info *info)
{
	char text[120];

	return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
	    "This is %s, which this server cannot read. %s",
	    format_spec(format)->title, accepted(text, sizeof text));
}

static reader *
find_reader(struct span file)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (holds(file, 0, formats[i].magic, formats[i].len) &&
		    holds(file, formats[i].also_at, formats[i].also,
			formats[i].also_len) &&
		    (formats[i].is == NULL || formats[i].is(file)))
			return formats[i].read;
	}
	return NULL;
}

enum fault
sniff_read(const void *data, size_t len, struct sniff *out,
    struct fault_info *info)
{
	struct span file = { data, len };
	struct sniff s;
	reader *read;
	enum fault f;

	if (len == 0) /* data may be NULL then */
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "The file is empty.");
	read = find_reader(file);
	if (read == NULL)
		return sniff_refuse(sniff_other(file), info);
	f = read(file, &s, info);
	if (f != FAULT_NONE)
		return f;
	if (!format_is_readable(s.format))
		return refuse_missing(s.format, info);
	*out = s;
	return FAULT_NONE;
}

void
sniff_guide(const void *data, size_t len, const struct sniff *sniff,
    struct sniff_guide *out)
{
	struct span file = { data, len };

	*out = (struct sniff_guide){ 0 };
	switch (sniff->format) {
	case FORMAT_AVIF:
	case FORMAT_HEIC:
		sniff_heif_guide(file, out);
		break;
	case FORMAT_TIFF:
		sniff_tiff_guide(file, out);
		break;
	case FORMAT_BMP:
		sniff_bmp_guide(file, out);
		break;
	case FORMAT_PNG:
		sniff_png_guide(file, out);
		break;
	case FORMAT_WEBP:
		sniff_webp_guide(file, out);
		break;
	case FORMAT_NONE:
	case FORMAT_JPEG:
	case FORMAT_GIF:
	case FORMAT_COUNT:
		break;
	}
}

static enum fault
check_pixels(const struct sniff *s, bool unpacks_all, uint64_t max,
    struct fault_info *info)
{
	/* No side passes 65535 here, so that no product passes 64 bits. */
	uint64_t one = (uint64_t)s->width * s->height;
	uint64_t all = unpacks_all ? one * s->frames : one;

	if (all <= max && s->unpacked <= max)
		return FAULT_NONE;
	if (all <= max)
		return fault_limit(info, FAULT_TOO_MANY_PIXELS, max,
		    s->unpacked,
		    "The picture is a part of one of %" PRIu64
		    " pixels; %" PRIu64 " are allowed.",
		    s->unpacked, max);
	if (unpacks_all)
		return fault_limit(info, FAULT_TOO_MANY_PIXELS, max, all,
		    "The animation has %u frames of %u x %u px, together "
		    "%" PRIu64 " pixels; %" PRIu64 " are allowed.",
		    s->frames, s->width, s->height, all, max);
	return fault_limit(info, FAULT_TOO_MANY_PIXELS, max, all,
	    "The picture has %" PRIu64 " pixels (%u x %u); %" PRIu64
	    " are allowed.",
	    all, s->width, s->height, max);
}

enum fault
sniff_check(const struct sniff *s, const struct limits *limits,
    struct fault_info *info)
{
	unsigned side = s->width > s->height ? s->width : s->height;
	enum fault f;

	if (side > limits->side)
		return fault_limit(info, FAULT_SIDE_TOO_LONG, limits->side,
		    side,
		    "The picture is %u x %u px; a side may have %u px at most.",
		    s->width, s->height, limits->side);
	f = check_pixels(s, s->format == FORMAT_WEBP && s->frames > 1,
	    limits->pixels, info);
	if (f != FAULT_NONE)
		return f;
	if (s->frames > limits->frames)
		return fault_limit(info, FAULT_TOO_MANY_FRAMES, limits->frames,
		    s->frames, "The %s has %u %s; %u are allowed.",
		    s->format == FORMAT_TIFF ? "TIFF" : "animation", s->frames,
		    s->format == FORMAT_TIFF ? "pages" : "frames",
		    limits->frames);
	return FAULT_NONE;
}

enum fault
sniff_check_frames(const struct sniff *s, const struct limits *limits,
    struct fault_info *info)
{
	return check_pixels(s, s->frames > 1, limits->pixels, info);
}

enum fault
sniff_check_scans(const void *data, size_t len, const struct sniff *sniff,
    struct fault_info *info)
{
	struct span file = { data, len };
	unsigned n = sniff->format == FORMAT_JPEG ? sniff_jpeg_scans(file) : 0;

	if (n <= SNIFF_SCANS_MAX)
		return FAULT_NONE;
	return fault_limit(info, FAULT_TOO_MANY_SCANS, SNIFF_SCANS_MAX, n,
	    "The JPEG has %u scans; %d are read.", n, SNIFF_SCANS_MAX);
}
