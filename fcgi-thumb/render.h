#ifndef FT_RENDER_H
#define FT_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "engine.h"
#include "fault.h"
#include "manifest.h"
#include "progress.h"
#include "settings.h"
#include "sniff.h"

/*
 * From a photo's bytes to its thumbnails: the one interface behind which the
 * pictures are made. Decodes once, at the smallest scale that keeps quality,
 * then each size from the next larger one.
 */

/* One finished file. */
struct rendered {
	const struct preset *preset; /* borrowed from the settings */
	enum format format;
	struct size size;
	void *data; /* owned */
	size_t len;
};

struct rendering {
	enum engine engine; /* that has made it */
	/* Why the lane was not sure of the photo; "": it was, or was not asked. */
	char declined[FAULT_CAUSE_BYTES];
	struct size photo;                     /* the upright original */
	char color[COLOR_LEN + 1];             /* the dominant one: "#8a7a66" */
	char placeholder[PLACEHOLDER_MAX + 1]; /* a data URI */
	struct rendered
	    *files; /* in the settings' order: presets, then formats */
	unsigned n;
};

/*
 * Make the wanted files of the presets.
 *
 * data, len  the photo, borrowed for the call
 * sniff      from sniff_read, within the limits
 * wanted     which files; the decoder's hint and the steps from size to size
 *            do not depend on it, so that a file made alone is the same byte
 *            by byte as one made with all others
 * progress   phases and deadline
 *
 * The caller calls rendering_fini after success; after a fault out has declined
 * and is as it was otherwise. Faults are those of image.h. image_boot has been
 * called.
 */
enum fault render_photo(const void *data, size_t len, const struct sniff *sniff,
    const struct settings *settings, const struct wanted *wanted,
    struct progress *progress, struct rendering *out, struct fault_info *info);

void rendering_fini(struct rendering *r);

/* Is there an engine that is asked before MagickWand, and in force? */
bool render_has_planes(const struct settings *settings);

/*
 * Can a finished file be shown: is it of this format and size (0 x 0: any), and
 * can it be decoded, with all its frames? FAULT_NONE also where this process
 * cannot read the format.
 *
 * FAULT_CORRUPT_IMAGE or FAULT_UNSUPPORTED_FORMAT where not; the faults of
 * sniff_check, sniff_check_scans and image.h.
 */
enum fault render_try(const void *data, size_t len, enum format format,
    struct size size, const struct settings *settings,
    const struct progress *progress, struct fault_info *info);

#endif
