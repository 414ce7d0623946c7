#include "config.h"

/* The readers of pictures' headers, and all that walks through whole files. */

#include "sniff.h"

#include <stdlib.h>
#include <string.h>

#include "exif.h"
#include "fuzz.h"
#include "webp.h"
#include "whole.h"

const char fuzz_seeds[] = "data";

static struct limits limits;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct settings *s = settings_load(NULL, stderr);

	(void)argc;
	(void)argv;
	fuzz_must(s != NULL);
	limits = s->limits;
	settings_free(s);
	return 0;
}

static void
check_patch(const struct sniff_patch *patch, size_t size)
{
	fuzz_must(patch->n <= sizeof patch->bytes);
	fuzz_must(patch->n == 0 ||
	    (patch->at < size && patch->n <= size - patch->at));
}

/* The guide is followed by the decoder without a further look. */
static void
check_guide(const uint8_t *data, size_t size, const struct sniff *sniff)
{
	struct sniff_guide guide;

	sniff_guide(data, size, sniff, &guide);
	fuzz_must(guide.orientation <= 8 && guide.alpha_orientation <= 8);
	check_patch(&guide.plain, size);
	check_patch(&guide.alpha, size);
}

static void
walk_webp(const uint8_t *data, size_t size)
{
	struct webp_reader reader;
	struct webp_frame frame;
	struct credits credits;
	struct buf still = { 0 };
	const void *exif;
	size_t len;

	exif = webp_exif(data, size, &len);
	if (exif != NULL)
		exif_read(exif, len, &credits);
	if (!webp_open(&reader, data, size))
		return;
	while (webp_next(&reader, &frame)) {
		webp_still(&frame, &still);
		buf_fini(&still);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault_info info;
	struct credits credits;
	struct sniff sniff;
	enum fault f = sniff_read(data, size, &sniff, &info);

	if (f != FAULT_NONE) {
		fuzz_must(
		    f == FAULT_UNSUPPORTED_FORMAT || f == FAULT_CORRUPT_IMAGE);
		return 0;
	}
	fuzz_must(sniff.format > FORMAT_NONE && sniff.format < FORMAT_COUNT);
	fuzz_must(sniff.width > 0 && sniff.height > 0 && sniff.frames > 0);
	(void)sniff_check(&sniff, &limits, &info);
	(void)sniff_check_frames(&sniff, &limits, &info);
	(void)sniff_check_scans(data, size, &sniff, &info);
	check_guide(data, size, &sniff);
	(void)whole_file(data, size, sniff.format);
	exif_read_png(data, size, &credits);
	walk_webp(data, size);
	return 0;
}
