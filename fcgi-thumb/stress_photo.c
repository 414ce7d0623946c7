#include "config.h"

/* Photos of a directory, and unique bytes made of them. */

#include "stress_photo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "sniff.h"

#define SOI_LEN 2 /* of JPEG's first marker, ff d8 */

/* ---- the files ---- */

/* 0, or -1: not a photo that can be sent. */
static int
map_photo(int dirfd, const char *name, struct stress_photo *out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct fault_info info;
	struct sniff sniff;
	struct stat st;

	if (fd == -1)
		return -1;
	*out = (struct stress_photo){ .data = MAP_FAILED };
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > SOI_LEN)
		out->data = mmap(NULL, (size_t)st.st_size, PROT_READ,
		    MAP_PRIVATE, fd, 0);
	fd_close(&fd);
	if (out->data == MAP_FAILED)
		return -1;
	out->len = (size_t)st.st_size;
	if (sniff_read(out->data, out->len, &sniff, &info) == FAULT_NONE &&
	    sniff.format == FORMAT_JPEG) {
		out->width = sniff.width;
		out->height = sniff.height;
		return 0;
	}
	(void)munmap(out->data, out->len);
	return -1;
}

/* 0, or -1 without memory. */
static int
add_photo(struct stress_photos *photos, const struct stress_photo *photo)
{
	struct stress_photo *more =
	    realloc(photos->list, (photos->n + 1) * sizeof *more);

	if (more == NULL)
		return -1;
	photos->list = more;
	photos->list[photos->n++] = *photo;
	return 0;
}

static bool
is_file(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

/* 0, or -1 with errno. */
static int
read_dir(struct stress_photos *photos, DIR *dir)
{
	const struct dirent *entry;
	struct stress_photo photo;

	while ((entry = fd_next(dir)) != NULL) {
		if (!is_file(dirfd(dir), entry->d_name))
			continue;
		if (map_photo(dirfd(dir), entry->d_name, &photo) == -1) {
			photos->skipped++;
		} else if (add_photo(photos, &photo) == -1) {
			(void)munmap(photo.data, photo.len);
			errno = ENOMEM;
			return -1;
		}
	}
	return errno == 0 ? 0 : -1;
}

int
stress_photos_open(struct stress_photos *photos, const char *path, char *why,
    size_t why_size)
{
	DIR *dir = opendir(path);
	int rc = -1;

	*photos = (struct stress_photos){ 0 };
	if (dir == NULL || read_dir(photos, dir) == -1)
		(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	else if (photos->n == 0)
		(void)snprintf(why, why_size, "%s: there is no JPEG in it",
		    path);
	else if (random_name(photos->mark, sizeof photos->mark - 1) == -1)
		(void)snprintf(why, why_size, "no random numbers");
	else
		rc = 0;
	if (dir != NULL)
		(void)closedir(dir);
	return rc;
}

void
stress_photos_close(struct stress_photos *photos)
{
	for (size_t i = 0; i < photos->n; i++)
		(void)munmap(photos->list[i].data, photos->list[i].len);
	free(photos->list);
	*photos = (struct stress_photos){ 0 };
}

double
stress_photos_mean_bytes(const struct stress_photos *photos)
{
	double sum = 0;

	for (size_t i = 0; i < photos->n; i++)
		sum += (double)photos->list[i].len;
	return photos->n > 0 ? sum / (double)photos->n : 0;
}

double
stress_photos_mean_pixels(const struct stress_photos *photos)
{
	double sum = 0;

	for (size_t i = 0; i < photos->n; i++)
		sum += (double)photos->list[i].width * photos->list[i].height;
	return photos->n > 0 ? sum / (double)photos->n : 0;
}

/* ---- their bytes ---- */

void
stress_body_begin(struct stress_body *body, const struct stress_photos *photos,
    uint64_t serial)
{
	/* Behind the marker (ITU-T T.81 B.2.4.5): its length, with itself. */
	static const unsigned char start[] = { 0xff, 0xd8, 0xff, 0xfe, 0, 0 };
	char *text = (char *)body->head + sizeof start;
	size_t room = sizeof body->head - sizeof start;
	int len;

	body->photo = &photos->list[serial % photos->n];
	body->at = 0;
	memcpy(body->head, start, sizeof start);
	len = snprintf(text, room, "fcgi-thumb stress test %s %" PRIu64,
	    photos->mark, serial);
	body->head[sizeof start - 1] = (unsigned char)(len + 2);
	body->head_len = sizeof start + (size_t)len;
}

uint64_t
stress_body_len(const struct stress_body *body)
{
	return body->head_len + body->photo->len - SOI_LEN;
}

size_t
stress_body_take(struct stress_body *body, void *out, size_t cap)
{
	const unsigned char *from = body->head + body->at;
	uint64_t left = body->head_len - body->at;

	if (body->at >= body->head_len) {
		uint64_t behind = body->at - body->head_len + SOI_LEN;

		from = (const unsigned char *)body->photo->data + behind;
		left = body->photo->len - behind;
	}
	if (left > cap)
		left = cap;
	memcpy(out, from, (size_t)left);
	body->at += left;
	return (size_t)left;
}
