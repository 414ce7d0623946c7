#include "config.h"

/*
 * usage: bench_render PHOTO...
 *
 * CPU time of the default presets' thumbnails, ours against MagickWand used
 * plainly: the photo is decoded once, and from that full image each size is
 * cloned, turned upright, resized, stripped and encoded. Same sizes, filter,
 * qualities and encoder options, one thread; so what is compared is where each
 * size comes from. (The plain way converts no colours; ours does.) Medians of
 * RUNS, taken by turns, so that other work on the machine meets both alike.
 */

#include "image_internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "render.h"

#define RUNS 5
#define PHOTO_MAX ((size_t)256 << 20)

struct photo {
	const char *name;
	char *data;
	size_t len;
	struct sniff sniff;
};

static double
cpu_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *values)
{
	qsort(values, RUNS, sizeof values[0], compare);
	return values[RUNS / 2];
}

static bool
render_ours(const struct photo *photo, const struct settings *settings)
{
	struct progress progress;
	struct fault_info info;
	struct rendering r;
	struct wanted wanted;

	wanted_all(settings, &wanted);
	progress_start(&progress, NULL);
	if (render_photo(photo->data, photo->len, &photo->sniff, settings,
		&wanted, &progress, &r, &info) != FAULT_NONE) {
		fprintf(stderr, "%s: %s: %s\n", photo->name,
		    fault_code(info.fault), info.cause);
		return false;
	}
	rendering_fini(&r);
	return true;
}

static bool
resize(MagickWand *wand, const struct placement *p)
{
	if (!MagickCropImage(wand, (size_t)p->crop_width,
		(size_t)p->crop_height, (ssize_t)p->crop_x, (ssize_t)p->crop_y))
		return false;
#ifdef HAVE_MAGICKWAND_7
	return MagickResizeImage(wand, p->scaled.width, p->scaled.height,
	    LanczosFilter);
#else
	return MagickResizeImage(wand, p->scaled.width, p->scaled.height,
	    LanczosFilter, 1.0);
#endif
}

/* By our own encoder, for its options. */
static bool
encode(MagickWand *wand, const struct preset *preset)
{
	struct progress progress;
	struct image img = { .wand = wand, .progress = &progress };
	enum fault f = FAULT_NONE;

	progress_start(&progress, NULL);
	for (unsigned i = 0; i < preset->n_formats && f == FAULT_NONE; i++) {
		const struct encoding how = { .format = preset->formats[i],
			.quality = preset->quality,
			.background = preset->background };
		struct fault_info info;
		void *data = NULL;
		size_t len;

		f = image_encode(&img, &how, &data, &len, &info);
		free(data);
	}
	return f == FAULT_NONE;
}

static bool
make_plain(MagickWand *full, const struct preset *preset)
{
	const struct size box = { preset->width, preset->height };
	MagickWand *wand = MagickGetImage(full);
	struct placement p;
	struct size size;
	bool ok = wand != NULL && MagickAutoOrientImage(wand);

	if (ok) {
		size.width = (unsigned)MagickGetImageWidth(wand);
		size.height = (unsigned)MagickGetImageHeight(wand);
		geometry_place(size, box, preset->fit, preset->gravity,
		    preset->enlarge, &p);
		ok = resize(wand, &p) && MagickStripImage(wand) &&
		    encode(wand, preset);
	}
	if (wand != NULL)
		(void)DestroyMagickWand(wand);
	return ok;
}

static bool
render_plain(const struct photo *photo, const struct settings *settings)
{
	MagickWand *full = NewMagickWand();
	bool ok =
	    MagickSetFormat(full, format_spec(photo->sniff.format)->magick) &&
	    MagickReadImageBlob(full, photo->data, photo->len) &&
	    MagickSetFormat(full, "");

	for (unsigned i = 0; i < settings->n_presets && ok; i++)
		ok = make_plain(full, &settings->presets[i]);
	(void)DestroyMagickWand(full);
	if (!ok)
		fprintf(stderr, "%s: the plain way fails\n", photo->name);
	return ok;
}

static bool
measure(const struct photo *photo, const struct settings *settings,
    const char *formats)
{
	double plain[RUNS], ours[RUNS], a, b;

	for (int i = 0; i < RUNS; i++) {
		double start = cpu_ms();

		if (!render_plain(photo, settings))
			return false;
		plain[i] = cpu_ms() - start;
		start = cpu_ms();
		if (!render_ours(photo, settings))
			return false;
		ours[i] = cpu_ms() - start;
	}
	a = median(plain);
	b = median(ours);
	printf("%-36s %5.1f  %-12s %8.0f %8.0f   %.3f\n", photo->name,
	    (double)photo->sniff.width * photo->sniff.height / 1e6, formats, a,
	    b, b / a);
	return fflush(stdout) == 0;
}

static bool
bench(const char *path, struct settings *settings)
{
	struct settings jpeg = *settings;
	struct photo photo = { .name = path };
	struct fault_info info;
	bool ok;

	if (strrchr(path, '/') != NULL)
		photo.name = strrchr(path, '/') + 1;
	if (fd_read_file(AT_FDCWD, path, PHOTO_MAX, &photo.data, &photo.len) !=
	    0) {
		perror(path);
		return false;
	}
	for (unsigned i = 0; i < jpeg.n_presets; i++) {
		jpeg.presets[i].formats[0] = FORMAT_JPEG;
		jpeg.presets[i].n_formats = 1;
	}
	ok = sniff_read(photo.data, photo.len, &photo.sniff, &info) ==
	    FAULT_NONE;
	if (!ok)
		fprintf(stderr, "%s: %s\n", path, info.detail);
	ok = ok && measure(&photo, settings, "default") &&
	    measure(&photo, &jpeg, "JPEG only");
	free(photo.data);
	return ok;
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/bench_render.XXXXXX", policy[64], why[256];
	struct settings *settings = settings_load(NULL, stderr);
	int rc = 1;

	if (argc < 2 || settings == NULL || mkdtemp(dir) == NULL) {
		fprintf(stderr, "usage: bench_render PHOTO...\n");
		return 2;
	}
	if (image_boot(settings, dir, why, sizeof why) != 0) {
		fprintf(stderr, "%s\n", why);
		goto out;
	}
	puts("CPU of all presets; plain: MagickWand, one decode, each size"
	     " from the full image");
	printf("%-36s %5s  %-12s %8s %8s   %s\n", "photo", "MP", "formats",
	    "plain ms", "ours ms", "ratio");
	rc = 0;
	for (int i = 1; i < argc; i++)
		if (!bench(argv[i], settings))
			rc = 1;
	image_shutdown();
out:
	snprintf(policy, sizeof policy, "%s/policy.xml", dir);
	(void)unlink(policy);
	(void)rmdir(dir);
	settings_free(settings);
	return rc;
}
