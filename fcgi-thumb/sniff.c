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
	reader *read;
} formats[] = {
	{ "\xff\xd8\xff", 3, 0, "", sniff_jpeg },
	{ "\x89PNG", 4, 0, "", sniff_png },
	{ "GIF87a", 6, 0, "", sniff_gif },
	{ "GIF89a", 6, 0, "", sniff_gif },
	{ "RIFF", 4, 8, "WEBP", sniff_webp },
};

_Static_assert(FORMAT_COUNT == 9, "ACCEPTED names every format");
#define ACCEPTED "Accepted are JPEG, PNG, GIF and WebP."

static bool
holds(struct span s, size_t offset, const char *bytes, size_t len)
{
	return offset <= s.len && len <= s.len - offset &&
	    memcmp(s.at + offset, bytes, len) == 0;
}

static enum fault
refuse_other(struct span file, struct fault_info *info)
{
	const char *name = sniff_other(file);

	if (name == NULL)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT, ACCEPTED);
	return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
	    "This looks like %s. " ACCEPTED, name);
}

enum fault
sniff_read(const void *data, size_t len, struct sniff *out,
    struct fault_info *info)
{
	struct span file = { data, len };

	if (len == 0) /* data may be NULL then */
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "The file is empty.");
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (holds(file, 0, formats[i].magic, formats[i].len) &&
		    holds(file, formats[i].also_at, formats[i].also,
			strlen(formats[i].also)))
			return formats[i].read(file, out, info);
	}
	return refuse_other(file, info);
}

static enum fault
check_pixels(const struct sniff *s, uint64_t max, struct fault_info *info)
{
	/* No side passes 65535 here, so that no product passes 64 bits. */
	bool unpacks_all = s->format == FORMAT_WEBP && s->frames > 1;
	uint64_t one = (uint64_t)s->width * s->height;
	uint64_t all = unpacks_all ? one * s->frames : one;

	if (all <= max)
		return FAULT_NONE;
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
	f = check_pixels(s, limits->pixels, info);
	if (f != FAULT_NONE)
		return f;
	if (s->frames > limits->frames)
		return fault_limit(info, FAULT_TOO_MANY_FRAMES, limits->frames,
		    s->frames, "The animation has %u frames; %u are allowed.",
		    s->frames, limits->frames);
	return FAULT_NONE;
}
