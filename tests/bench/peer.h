#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What all programs share that the benchmark compares: a way from a photo's
 * bytes to four thumbnails, done again and again in one process.
 *
 *	PROGRAM FORMAT LEAVE RUNS OUTDIR PHOTO [srgb]
 *
 * FORMAT  jpeg or webp
 * LEAVE   px that a decoder's own shrink leaves at least for each px of the
 *         largest thumbnail, 1.0 and more; for programs that have the choice
 * RUNS    how often it is measured, after a first time that is not
 * srgb    convert the colours by the photo's profile
 *
 * Prints "CPU_MS WALL_MS" a run, of the whole process, and at last
 * "rss_kb N", the most that was resident. OUTDIR gets 1280.jpg, 640.jpg,
 * 320.jpg and 160.jpg (or .webp) of the last run, unmeasured.
 */

#define PEER_SIZES 4
#define PEER_QUALITY 80

/* The boxes, as wide as high, largest first. */
extern const unsigned peer_sides[PEER_SIZES];

struct peer_job {
	const void *data; /* the file; borrowed */
	size_t len;
	double leave;
	bool webp, srgb;
};

struct peer_output {
	void *data; /* malloced, or as free() takes it */
	size_t len;
};

/* False where it fails, after words on stderr. */
typedef bool peer_render(const struct peer_job *job,
    struct peer_output out[PEER_SIZES]);

/* All of main(). The exit status. */
int peer_main(int argc, char **argv, peer_render *render);

#endif
