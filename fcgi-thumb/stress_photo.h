#ifndef FT_STRESS_PHOTO_H
#define FT_STRESS_PHOTO_H

#include <stddef.h>
#include <stdint.h>

/*
 * Real photos for a stress test, each time as bytes that no store has seen: a
 * comment stands behind JPEG's first marker, and the picture is the same. The
 * files are mapped and never copied as a whole.
 */

struct stress_photo {
	void *data; /* mapped */
	size_t len;
	unsigned width, height; /* px */
};

struct stress_photos {
	struct stress_photo *list;
	size_t n;
	size_t skipped;    /* regular files that are no JPEG of use */
	char mark[26 + 1]; /* no two runs have the same */
};

/*
 * All JPEGs in a directory, which is not searched deeper. 0, or -1 after a line
 * to why: it cannot be read, or none is in it. The caller calls photos_close in
 * any case.
 */
int stress_photos_open(struct stress_photos *photos, const char *dir, char *why,
    size_t why_size);
void stress_photos_close(struct stress_photos *photos);

double stress_photos_mean_bytes(const struct stress_photos *photos);
double stress_photos_mean_pixels(const struct stress_photos *photos);

/*
 * One photo as it is sent; the same serial number gives the same bytes again.
 * photos stays in place meanwhile.
 */
struct stress_body {
	const struct stress_photo *photo;
	unsigned char head[96]; /* JPEG's first marker and the comment */
	size_t head_len;
	uint64_t at; /* bytes already taken */
};

void stress_body_begin(struct stress_body *body,
    const struct stress_photos *photos, uint64_t serial);

/* Of the whole. */
uint64_t stress_body_len(const struct stress_body *body);

/* The next bytes, at most cap: how many, 0 at the end. */
size_t stress_body_take(struct stress_body *body, void *out, size_t cap);

#endif
