#include "config.h"

/*
 * A finished file looked at again, years after it was made. Decodes all of it,
 * as whoever shows it does.
 */

#include "render_internal.h"
#include "sniff.h"

/* Is it what is told of it, before anything is unpacked? */
static enum fault
check_head(const struct sniff *sniff, enum format format, struct size size,
    struct fault_info *info)
{
	if (sniff->format != format)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "It is %s and not %s.", format_spec(sniff->format)->title,
		    format_spec(format)->title);
	if (size.width != 0 &&
	    (sniff->width != size.width || sniff->height != size.height))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "It has %u x %u px and not %u x %u.", sniff->width,
		    sniff->height, size.width, size.height);
	return FAULT_NONE;
}

/* The frames behind the first one. */
static enum fault
unroll(const void *data, size_t len, const struct sniff *sniff,
    const struct image *still, struct fault_info *info)
{
	const struct image *canvas = still;
	struct animation *a;
	unsigned ms;
	enum fault f = image_animation_open(data, len, sniff, still, &a, info);

	if (f != FAULT_NONE)
		return f;
	while (f == FAULT_NONE && canvas != NULL)
		f = image_animation_next(a, &canvas, &ms, info);
	image_animation_close(a);
	return f;
}

enum fault
render_try(const void *data, size_t len, enum format format, struct size size,
    const struct settings *settings, const struct progress *progress,
    struct fault_info *info)
{
	struct image *still = NULL;
	struct sniff sniff;
	enum fault f;

	/* Nobody can tell, here. */
	if (!format_is_readable(format))
		return FAULT_NONE;
	if ((f = sniff_read(data, len, &sniff, info)) != FAULT_NONE ||
	    (f = check_head(&sniff, format, size, info)) != FAULT_NONE ||
	    (f = sniff_check(&sniff, &settings->limits, info)) != FAULT_NONE ||
	    (f = sniff_check_scans(data, len, &sniff, info)) != FAULT_NONE)
		return f;
	f = image_decode(data, len, &sniff,
	    (struct size){ sniff.width, sniff.height }, progress, &still, info);
	/* No encoder gives cause for one. */
	if (f == FAULT_NONE)
		f = image_doubt(still, info);
	if (f == FAULT_NONE && sniff.frames > 1)
		f = unroll(data, len, &sniff, still, info);
	image_free(still);
	return f;
}
