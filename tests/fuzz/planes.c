#include "config.h"

/* JPEGs in the lane: their planes decoded, turned, cut, scaled and written. */

/*
 * Of few mutations is every bit right for the decoder: bytes behind the end,
 * which are no part of the picture, say what else becomes of it.
 */

#include "planes.h"

#include <stdlib.h>

#include "clock.h"
#include "fuzz.h"
#include "whole.h"

const char fuzz_seeds[] = "";

#define SECONDS 10

/* Small, so that most of the time goes into decoding. */
static const char text[] =
    "limits = { photo = \"2M\"; pixels = \"200K\"; side = 2000; };\n"
    "presets = ("
    " { name = \"a\"; width = 64; height = 64; chroma = \"422\"; },"
    " { name = \"b\"; width = 23; height = 31; fit = \"cover\";"
    "   gravity = \"southeast\"; progressive = true; quality = 30; },"
    " { name = \"c\"; width = 33; height = 47; fit = \"pad\"; enlarge = true;"
    "   background = \"#3060c0\"; gravity = \"north\"; chroma = \"444\"; },"
    " { name = \"d\"; width = 9; height = 90; fit = \"pad\"; },"
    " { name = \"e\"; width = 3; height = 1; fit = \"cover\";"
    "   keep_copyright = true; quality = 100; } );\n";

static struct settings *settings;
static struct progress progress;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	settings = fuzz_settings(text);
	return 0;
}

/* Planes that are there can be worked on; only time and memory can end. */
static bool
is_done(enum fault f)
{
	fuzz_must(f == FAULT_NONE || f == FAULT_TOO_MUCH_MEMORY ||
	    f == FAULT_RENDER_TIMEOUT);
	return f == FAULT_NONE;
}

static void
check_file(const void *data, size_t len, struct size size)
{
	struct fault_info info;
	struct sniff sniff;

	fuzz_must(sniff_read(data, len, &sniff, &info) == FAULT_NONE);
	fuzz_must(sniff.format == FORMAT_JPEG);
	fuzz_must(sniff.width == size.width && sniff.height == size.height);
	fuzz_must(whole_file(data, len, FORMAT_JPEG));
}

static void
write_out(const struct planes *p, const struct preset *preset,
    const struct credits *credits)
{
	const struct encoding how = { .format = FORMAT_JPEG,
		.quality = preset->quality,
		.progressive = preset->progressive,
		.chroma = preset->chroma,
		.credits = preset->keep_copyright ? credits : NULL };
	struct fault_info info = { 0 };
	unsigned char *rgb = NULL;
	void *data = NULL;
	size_t len = 0;

	if (is_done(planes_encode(p, &how, &data, &len, &info)))
		check_file(data, len, planes_size(p));
	free(data);
	(void)is_done(planes_to_rgb(p, &rgb, &info));
	free(rgb);
}

/* From a frame of another size than the photo, where the region has fractions. */
static void
make_thumbnail(const struct planes *frame, struct size photo,
    const struct preset *preset, const struct credits *credits)
{
	const struct size box = { preset->width, preset->height };
	const struct size size = planes_size(frame);
	const double x = (double)size.width / photo.width;
	const double y = (double)size.height / photo.height;
	struct fault_info info = { 0 };
	struct planes *made = NULL;
	struct placement at;

	geometry_place(photo, box, preset->fit, preset->gravity,
	    preset->enlarge, &at);
	at.crop_x *= x;
	at.crop_width *= x;
	at.crop_y *= y;
	at.crop_height *= y;
	if (!is_done(planes_place(frame, &at, preset->background,
		preset->chroma, &made, &info)))
		return;
	fuzz_must(planes_size(made).width == at.canvas.width);
	fuzz_must(planes_size(made).height == at.canvas.height);
	write_out(made, preset, credits);
	planes_free(made);
}

static struct size
turned(struct size s, bool sideways)
{
	return sideways ? (struct size){ s.height, s.width } : s;
}

/* What the input's last bytes say. */
struct wish {
	struct preset preset;
	struct size frame; /* at most */
	struct size hint;  /* at most */
};

#define WISH_BYTES 11

static void
read_wish(const uint8_t *data, size_t size, struct wish *out)
{
	const uint8_t *p = data + size - WISH_BYTES;

	*out = (struct wish){
		.preset = { .width = p[0] + 1u,
		    .height = p[1] + 1u,
		    .fit = (enum fit)(p[2] % (FIT_COUNT)),
		    .gravity = (enum gravity)(p[3] % GRAVITY_SMART),
		    .quality = p[4] % 100 + 1u,
		    .background = p[5] * 0x10305u & 0xffffff,
		    .enlarge = (p[6] & 1) != 0,
		    .progressive = (p[6] & 2) != 0,
		    .chroma = (enum chroma)(p[6] / 4 % CHROMA_COUNT) },
		.frame = { p[7] + 1u, p[8] + 1u },
		.hint = { p[9] + 1u, p[10] + 1u },
	};
}

static struct size
at_most(struct size size, struct size most)
{
	return (struct size){ size.width < most.width ? size.width : most.width,
		size.height < most.height ? size.height : most.height };
}

/* By way of a first frame of another size. */
static void
make_thumbnails(const struct planes *p, struct size stored,
    const struct wish *wish, const struct credits *credits)
{
	const bool sideways = planes_is_sideways(p);
	const struct size to = at_most(planes_size(p), wish->frame);
	struct fault_info info = { 0 };
	struct planes *frame = NULL;

	if (!is_done(
		planes_first_frame(p, to, wish->preset.chroma, &frame, &info)))
		return;
	fuzz_must(!planes_is_sideways(frame));
	fuzz_must(planes_size(frame).width == turned(to, sideways).width);
	fuzz_must(planes_size(frame).height == turned(to, sideways).height);
	for (unsigned i = 0; i < settings->n_presets; i++)
		make_thumbnail(frame, turned(stored, sideways),
		    &settings->presets[i], credits);
	make_thumbnail(frame, turned(stored, sideways), &wish->preset, credits);
	planes_free(frame);
}

/* What it says of the photo is nothing but that MagickWand has to look. */
static bool
is_taken(enum fault f, const struct fault_info *info)
{
	fuzz_must(f == FAULT_NONE || f == FAULT_UNSUPPORTED_FORMAT ||
	    f == FAULT_TOO_MUCH_MEMORY || f == FAULT_RENDER_TIMEOUT);
	fuzz_must(f != FAULT_UNSUPPORTED_FORMAT || info->cause[0] != '\0');
	return f == FAULT_NONE;
}

static void
try_scale(const uint8_t *data, size_t size, const struct sniff *sniff,
    struct size hint, const struct wish *wish)
{
	const struct size stored = { sniff->width, sniff->height };
	struct fault_info info = { 0 };
	struct planes *p = NULL;
	struct credits credits;

	progress_start(&progress, NULL);
	progress.deadline_ns =
	    clock_monotonic_ns() + (uint64_t)SECONDS * NS_PER_S;
	if (!is_taken(planes_decode(data, size, sniff, hint, &progress, &p,
			  &credits, &info),
		&info))
		return;
	fuzz_must(planes_size(p).width >= hint.width);
	fuzz_must(planes_size(p).height >= hint.height);
	fuzz_must(planes_size(p).width <= stored.width);
	fuzz_must(planes_size(p).height <= stored.height);
	make_thumbnails(p, stored, wish, &credits);
	planes_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault_info info;
	struct sniff sniff;
	struct size stored;
	struct wish wish;

	if (sniff_read(data, size, &sniff, &info) != FAULT_NONE ||
	    sniff.format != FORMAT_JPEG || size < WISH_BYTES ||
	    sniff_check(&sniff, &settings->limits, &info) != FAULT_NONE ||
	    sniff_check_scans(data, size, &sniff, &info) != FAULT_NONE)
		return 0;
	stored = (struct size){ sniff.width, sniff.height };
	read_wish(data, size, &wish);
	try_scale(data, size, &sniff, stored, &wish);
	try_scale(data, size, &sniff, at_most(stored, wish.hint), &wish);
	return 0;
}
