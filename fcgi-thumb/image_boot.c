#include "config.h"

/*
 * Starts ImageMagick in the one state in which strangers' pictures may meet
 * it: a policy of our own that denies all but the formats we read, limits in
 * force, every codec loaded and tried. Refuses to know any photo. Whatever is
 * not as it should be is said in words, and the process is not to go on.
 */

#include "image_internal.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

extern char **environ;

#define TRY_SIDE IMAGE_SAMPLE_SIDE /* px: more than a block of JPEG and VP8 */

/* Rights: the last rule that matches wins, so the allowed come last. */
static const char policy_head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE policymap [\n"
    "  <!ELEMENT policymap (policy)*>\n"
    "  <!ATTLIST policymap xmlns CDATA #FIXED ''>\n"
    "  <!ELEMENT policy EMPTY>\n"
    "  <!ATTLIST policy xmlns CDATA #FIXED '' domain NMTOKEN #REQUIRED\n"
    "    name NMTOKEN #IMPLIED pattern CDATA #IMPLIED\n"
    "    rights NMTOKEN #IMPLIED stealth NMTOKEN #IMPLIED\n"
    "    value CDATA #IMPLIED>\n"
    "]>\n"
    "<policymap>\n"
    "  <policy domain=\"delegate\" rights=\"none\" pattern=\"*\"/>\n"
    "  <policy domain=\"filter\" rights=\"none\" pattern=\"*\"/>\n"
    "  <policy domain=\"path\" rights=\"none\" pattern=\"*\"/>\n"
    "  <policy domain=\"module\" rights=\"none\" pattern=\"*\"/>\n"
    "  <policy domain=\"coder\" rights=\"none\" pattern=\"*\"/>\n";

struct ceiling {
	const char *name;
	ResourceType type;
	MagickSizeType value;
};

#define N_CEILINGS 9

/* Seconds: ImageMagick's clock runs over the process's life and ends it. */
#define TIME_NONE 1000000000

/* Photos, the canvas of any preset, and the pictures that are tried here. */
static MagickSizeType
longest_side(const struct settings *settings)
{
	MagickSizeType side = TRY_SIDE;

	if (settings->limits.side > side)
		side = settings->limits.side;
	for (unsigned i = 0; i < settings->n_presets; i++) {
		if (settings->presets[i].width > side)
			side = settings->presets[i].width;
		if (settings->presets[i].height > side)
			side = settings->presets[i].height;
	}
	return side;
}

/*
 * No temporary file ever: what does not fit into memory is refused. Area is
 * therefore no limit of its own, and frames beyond the first are not read.
 */
static void
list_ceilings(const struct settings *settings, struct ceiling out[N_CEILINGS])
{
	const struct limits *limits = &settings->limits;
	const MagickSizeType side = longest_side(settings);
	const struct ceiling list[N_CEILINGS] = {
		{ "memory", MemoryResource, limits->memory },
		{ "map", MapResource, 0 },
		{ "disk", DiskResource, 0 },
		{ "area", AreaResource, side * side },
		{ "width", WidthResource, side },
		{ "height", HeightResource, side },
		{ "list-length", ListLengthResource, limits->frames },
		{ "thread", ThreadResource, 1 },
		{ "time", TimeResource, TIME_NONE },
	};

	memcpy(out, list, sizeof list);
}

/* Whatever whoever started us wants of ImageMagick. */
static int
clear_magick(void)
{
	for (char **e = environ; *e != NULL;) {
		char *name;
		int rc;

		if (strncmp(*e, "MAGICK_", strlen("MAGICK_")) != 0) {
			e++;
			continue;
		}
		name = strndup(*e, strcspn(*e, "="));
		rc = name != NULL ? unsetenv(name) : -1;
		free(name);
		if (rc != 0)
			return -1;
		e = environ; /* it has moved up */
	}
	return 0;
}

/* Paths in environment and home could bring other policies, coders, limits. */
static int
set_environment(const char *dir)
{
	static const char *const clear[] = { "HOME", "XDG_CONFIG_HOME",
		"XDG_CONFIG_DIRS", "XDG_CACHE_HOME", "XDG_DATA_HOME" };
	const char *const set[][2] = {
		{ "MAGICK_CONFIGURE_PATH", dir },
		{ "MAGICK_TEMPORARY_PATH", dir },
		{ "MAGICK_THREAD_LIMIT", "1" }, { "MAGICK_OCL_DEVICE", "OFF" },
		{ "OMP_NUM_THREADS", "1" },
		{ "LC_ALL", "C" }, /* errors are told apart by their texts */
	};

	for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++)
		if (unsetenv(clear[i]) != 0)
			return -1;
	if (clear_magick() != 0)
		return -1;
	for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
		if (setenv(set[i][0], set[i][1], 1) != 0)
			return -1;
	return 0;
}

/*
 * ImageMagick 7 hands HEIF to its decoder in a temporary file, in the directory
 * that is only ours. A path with signs that mean something in a pattern is not
 * let in: then HEIF cannot be read, and the log says so.
 */
static void
print_own_path(FILE *file, const char *dir)
{
#ifdef HAVE_MAGICKWAND_7
	if (strpbrk(dir, "*?[]{}\\&<>\"") == NULL)
		fprintf(file,
		    "  <policy domain=\"path\" rights=\"read|write\""
		    " pattern=\"%s/magick-*\"/>\n",
		    dir);
#else
	(void)file;
	(void)dir;
#endif
}

static void
print_policy(FILE *file, const char *dir,
    const struct ceiling ceilings[N_CEILINGS])
{
	fputs(policy_head, file);
	print_own_path(file, dir);
	for (int f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		const struct format_spec *spec = format_spec((enum format)f);

		/* A module is loaded with both rights or not at all. */
		fprintf(file,
		    "  <policy domain=\"module\" rights=\"read|write\""
		    " pattern=\"%s\"/>\n"
		    "  <policy domain=\"coder\" rights=\"%s\""
		    " pattern=\"%s\"/>\n",
		    spec->magick, spec->writes ? "read|write" : "read",
		    spec->magick);
	}
	for (int i = 0; i < N_CEILINGS; i++)
		fprintf(file,
		    "  <policy domain=\"resource\" name=\"%s\""
		    " value=\"%llu\"/>\n",
		    ceilings[i].name, (unsigned long long)ceilings[i].value);
	fputs("</policymap>\n", file);
}

static int
write_policy(const char *dir, const struct ceiling ceilings[N_CEILINGS])
{
	char path[PATH_MAX];
	FILE *file;
	bool failed;

	if (snprintf(path, sizeof path, "%s/policy.xml", dir) >=
	    (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	file = fopen(path, "we");
	if (file == NULL)
		return -1;
	print_policy(file, dir, ceilings);
	failed = ferror(file) != 0;
	if (fclose(file) != 0)
		failed = true;
	return failed ? -1 : 0;
}

/* A policy is a silent ceiling: ask what is in force. */
static int
set_limits(const struct ceiling ceilings[N_CEILINGS], char *why,
    size_t why_size)
{
	for (int i = 0; i < N_CEILINGS; i++) {
		const struct ceiling *c = &ceilings[i];
		MagickSizeType is;

		(void)MagickSetResourceLimit(c->type, c->value);
		is = MagickGetResourceLimit(c->type);
		if (is == c->value)
			continue;
		snprintf(why, why_size,
		    "ImageMagick's limit \"%s\" is %llu, not %llu: another"
		    " policy.xml is in the way",
		    c->name, (unsigned long long)is,
		    (unsigned long long)c->value);
		return -1;
	}
	return 0;
}

static enum fault
try_decode(const void *data, size_t len, enum format format,
    const struct progress *progress, struct fault_info *info)
{
	const struct sniff sniff = { .format = format,
		.width = TRY_SIDE,
		.height = TRY_SIDE,
		.frames = 1 };
	const struct size hint = { TRY_SIDE, TRY_SIDE };
	struct image *img = NULL;
	enum fault f =
	    image_decode(data, len, &sniff, hint, progress, &img, info);

	image_free(img);
	return f;
}

/* A codec that is missing costs its format and not the service. */
static int
try_readers(const struct progress *progress, char *why, size_t why_size)
{
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		const struct image_sample *sample = &image_samples[f];
		struct fault_info info = { 0 };
		enum fault fault;

		if (!format_is_readable(f))
			continue;
		fault =
		    try_decode(sample->data, sample->len, f, progress, &info);
		if (fault == FAULT_NONE)
			continue;
		if (fault == FAULT_TOO_MUCH_MEMORY) {
			snprintf(why, why_size,
			    "limits.memory is too low for any picture (%s)",
			    info.cause);
			return -1;
		}
		format_lose(f);
		log_error("cannot read %s: %s", format_spec(f)->title,
		    info.cause);
	}
	return 0;
}

static struct image *
make_picture(const struct progress *progress)
{
	unsigned char rgb[TRY_SIDE * TRY_SIDE * 3];
	struct size size = { TRY_SIDE, TRY_SIDE };

	for (size_t i = 0; i < sizeof rgb; i++)
		rgb[i] = (unsigned char)(i * 7);
	return image_from_rgb(rgb, size, progress);
}

/* What was written is also read, where that can be done. */
static enum fault
try_encode(enum format format, const struct progress *progress,
    struct fault_info *info)
{
	const struct encoding how = { .format = format, .quality = 80 };
	struct image *img = make_picture(progress);
	void *data = NULL;
	size_t len = 0;
	enum fault f;

	if (img == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	f = image_encode(img, &how, &data, &len, info);
	if (f == FAULT_NONE && format_is_readable(format))
		f = try_decode(data, len, format, progress, info);
	free(data);
	image_free(img);
	return f;
}

static bool
is_wanted(const struct settings *settings, enum format format)
{
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *preset = &settings->presets[p];

		for (unsigned i = 0; i < preset->n_formats; i++) {
			if (preset->formats[i] == format)
				return true;
		}
	}
	return false;
}

/* Without a format that some preset asks for there is no service. */
static int
try_writers(const struct settings *settings, const struct progress *progress,
    char *why, size_t why_size)
{
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		struct fault_info info = { 0 };

		if (!is_wanted(settings, f) ||
		    try_encode(f, progress, &info) == FAULT_NONE)
			continue;
		snprintf(why, why_size,
		    "ImageMagick cannot write %s, which a preset asks for (%s)",
		    format_spec(f)->title, info.cause);
		return -1;
	}
	return 0;
}

bool
image_can_read(enum format format)
{
	return format_is_readable(format);
}

bool
image_can_write(enum format format)
{
	struct fault_info info = { 0 };
	struct progress progress;

	progress_start(&progress, NULL);
	return format_spec(format)->writes &&
	    try_encode(format, &progress, &info) == FAULT_NONE;
}

/*
 * Was it the policy that refused, or is there no such coder? A file that is
 * broken or a helper that is missing would not do: the next file may be whole,
 * and the helper installed.
 */
static bool
is_denied(MagickWand *wand, bool taken)
{
	struct image_word word;

	image_listen(wand, &word);
	return !taken &&
	    (word.severity == UndefinedException || image_is_denied(&word));
}

static bool
denies_format(const char *format, const char *data)
{
	MagickWand *wand = NewMagickWand();
	bool denied = wand != NULL &&
	    is_denied(wand,
		MagickSetFormat(wand, format) == MagickTrue &&
		    MagickReadImageBlob(wand, data, strlen(data)) ==
			MagickTrue);

	if (wand != NULL)
		(void)DestroyMagickWand(wand);
	return denied;
}

static bool
denies_name(const char *name)
{
	MagickWand *wand = NewMagickWand();
	bool denied = wand != NULL &&
	    is_denied(wand, MagickReadImage(wand, name) == MagickTrue);

	if (wand != NULL)
		(void)DestroyMagickWand(wand);
	return denied;
}

/* "" leaves the format to ImageMagick. */
int
image_try_policy(char *why, size_t why_size)
{
	static const char svg[] =
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\""
	    " height=\"4\"><rect width=\"4\" height=\"4\"/></svg>";
	static const char ps[] =
	    "%!PS-Adobe-3.0\n%%BoundingBox: 0 0 4 4\nshowpage\n";
	static const char pixels[] =
	    "# ImageMagick pixel enumeration: 1,1,255,srgb\n"
	    "0,0: (255,0,0)\n";
	static const char *const formats[][2] = { { "SVG", svg },
		{ "MSVG", svg }, { "", svg },
		{ "MVG", "viewbox 0 0 4 4 fill red rectangle 0,0 3,3" },
		{ "MSL", "<msl><image size=\"4x4\"/></msl>" }, { "PS", ps },
		{ "EPS", ps }, { "PDF", "%PDF-1.4\n" }, { "XPS", "PK\3\4" },
		{ "TXT", pixels }, { "TEXT", "text" }, { "CAPTION", "text" },
		{ "LABEL", "text" }, { "EPHEMERAL", "text" }, { "URL", "text" },
		{ "HTTPS", "text" }, { "INLINE", "text" }, { "MPEG", "\1\xba" },
		{ "DNG", "II*" }, { "PPM", "P3 1 1 255 255 0 0\n" } };
	static const char *const names[] = { "text:/dev/null",
		"caption:@/dev/null", "label:@/dev/null", "msl:/dev/null",
		"mvg:/dev/null", "ephemeral:/nowhere", "https://127.0.0.1/",
		"@/dev/null", "png:/dev/null" };

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (denies_format(formats[i][0], formats[i][1]))
			continue;
		snprintf(why, why_size,
		    "our policy.xml does not keep ImageMagick from reading %s",
		    formats[i][0][0] != '\0' ? formats[i][0] : "any format");
		return -1;
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (denies_name(names[i]))
			continue;
		snprintf(why, why_size,
		    "our policy.xml does not keep ImageMagick from opening %s",
		    names[i]);
		return -1;
	}
	return 0;
}

int
image_rehearse(const struct settings *settings, char *why, size_t why_size)
{
	struct progress progress;

	progress_start(&progress, NULL);
	if (try_readers(&progress, why, why_size) != 0)
		return -1;
	return try_writers(settings, &progress, why, why_size);
}

/*
 * A photo's pictures come and go, of up to tens of MB each. Memory that goes
 * back to the kernel between two of them comes again page by page: 7 % of the
 * time of a 12 MP photo. glibc's own thresholds, which move, cost that and are
 * late as well: what they keep from small pictures lies beside the large ones.
 */
#define HEAP_PICTURE (32 << 20) /* bytes; the most that glibc allows */
#define HEAP_KEPT (64 << 20)    /* bytes at the heap's end that are free */

static void
keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, HEAP_PICTURE);
	(void)mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
}

int
image_boot(const struct settings *settings, const char *dir, char *why,
    size_t why_size)
{
	struct ceiling ceilings[N_CEILINGS];

	keep_memory();
	list_ceilings(settings, ceilings);
	if (set_environment(dir) != 0 || write_policy(dir, ceilings) != 0) {
		snprintf(why, why_size, "%s/policy.xml: %s", dir,
		    strerror(errno));
		return -1;
	}
	MagickWandGenesis();
	if (set_limits(ceilings, why, why_size) != 0 ||
	    image_rehearse(settings, why, why_size) != 0)
		return -1;
	return image_try_policy(why, why_size);
}

void
image_shutdown(void)
{
	MagickWandTerminus();
}
