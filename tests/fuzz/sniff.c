#include "config.h"

/* The readers of pictures' headers, and all that walks through whole files. */

#include "sniff.h"

#include <stdlib.h>
#include <string.h>

#include "exif.h"
#include "fuzz.h"
#include "lean.h"
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

/*
 * Bytes between a JPEG's segments stay, and may come to stand where its mark
 * is: decoders pass over them.
 */
static bool
has_mark(const struct lean *lean, enum format format)
{
	return format != FORMAT_JPEG ||
	    memcmp(lean->data, "\xff\xd8\xff", 3) == 0;
}

/* What the decoder gets instead has to be the same picture. */
static void
check_lean(const uint8_t *data, size_t size, const struct sniff *sniff,
    size_t profile_max)
{
	struct fault_info info;
	struct sniff_guide guide;
	struct sniff again;
	struct lean lean;

	fuzz_must(lean_open(data, size, sniff->format, profile_max, &lean));
	fuzz_must(lean.len <= size);
	/* Patches name bytes of the whole file. */
	sniff_guide(data, size, sniff, &guide);
	fuzz_must((guide.plain.n == 0 && guide.alpha.n == 0) ||
	    (lean.data == data && lean.len == size));
	if (has_mark(&lean, sniff->format)) {
		fuzz_must(sniff_read(lean.data, lean.len, &again, &info) ==
		    FAULT_NONE);
		fuzz_must(again.format == sniff->format);
		fuzz_must(again.width == sniff->width &&
		    again.height == sniff->height);
		fuzz_must(again.frames == sniff->frames);
	}
	/* Each was counted in the file. */
	fuzz_must(sniff_check_scans(lean.data, lean.len, sniff, &info) ==
	    sniff_check_scans(data, size, sniff, &info));
	fuzz_must(whole_file(lean.data, lean.len, sniff->format) ==
	    whole_file(data, size, sniff->format));
	lean_close(&lean);
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
	struct sniff_burden burden;
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
	(void)sniff_check_bulk(data, size, &sniff, &info);
	sniff_burden(data, size, &sniff, &burden);
	check_guide(data, size, &sniff);
	check_lean(data, size, &sniff, 4u << 20);
	check_lean(data, size, &sniff, 100);
	(void)whole_file(data, size, sniff.format);
	exif_read_png(data, size, &credits);
	walk_webp(data, size);
	return 0;
}
