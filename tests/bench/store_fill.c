#include "config.h"

/*
 * usage: fill SETTINGS ID FROM TO
 *
 * Puts photos number FROM to TO - 1 into the store that the settings name, all
 * of them like the JPEG with this id, which was uploaded there: the same picture
 * as other bytes, so that each has an id, a sum and a meta.json of its own. Of
 * the rest, the claim and the thumbnails, they have hard links. That is what
 * so many uploads would have left, without their pixels and without an fsync.
 *
 * The same numbers make the same photos: no number twice on one store.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "number.h"
#include "settings.h"
#include "store_internal.h"

#define FILE_MAX ((size_t)1 << 20)

/* ext4 has 65,000 names a file at most; a thumbnail has two a photo. */
#define SAME_FILES_MAX 30000

#define MARK "fcgi-thumb fill %020llu"
#define MARK_LEN 36
#define HEAD 4 /* of JPEG's comment segment, FF FE and its length */

/* What all photos are made of. */
struct fill {
	struct settings *settings;
	struct store *store;
	struct manifest m;
	char *bytes; /* of the model, with room for the mark */
	size_t len;
	char original[32];
	char claim[DIGEST_HEX_LEN + 1];
	int photo; /* of whom the others have links */
	int public;
};

static void
give_up(const char *what)
{
	(void)fprintf(stderr, "fill: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		give_up(path);
	return fd;
}

static int
make_dir(int dirfd, const char *path, mode_t mode)
{
	if (mkdirat(dirfd, path, mode) == -1)
		give_up(path);
	return open_dir(dirfd, path);
}

static void
put(int dirfd, const char *name, int mode, const void *data, size_t len)
{
	int fd = fd_make_file(dirfd, name, mode, data, len);

	if (fd == -1)
		give_up(name);
	fd_close(&fd);
}

/* ---- the model ---- */

static void
find_claim(struct fill *f)
{
	DIR *dir = fd_list(f->photo, "claims");
	const struct dirent *entry;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		if (digest_hex_is_valid(entry->d_name))
			memcpy(f->claim, entry->d_name, sizeof f->claim);
	if (dir == NULL || f->claim[0] == '\0')
		give_up("claims");
	(void)closedir(dir);
}

/* A comment that can be written over, after the start of the image. */
static void
make_room(struct fill *f, const char *jpeg, size_t len)
{
	static const char head[HEAD] = { '\xff', '\xfe', 0, MARK_LEN + 2 };

	f->len = len + HEAD + MARK_LEN;
	f->bytes = malloc(f->len);
	if (f->bytes == NULL)
		give_up("memory");
	memcpy(f->bytes, jpeg, 2);
	memcpy(f->bytes + 2, head, HEAD);
	memcpy(f->bytes + 2 + HEAD + MARK_LEN, jpeg + 2, len - 2);
	f->m.bytes = f->len;
}

static void
read_model(struct fill *f, const char *id)
{
	char path[PATH_BYTES], *text, *jpeg;
	size_t len;

	store_side_path(path, "photos", id);
	f->photo = open_dir(f->store->root, path);
	store_side_path(path, "public", id);
	f->public = open_dir(f->store->root, path);
	if (fd_read_file(f->public, "meta.json", FILE_MAX, &text, &len) == -1 ||
	    manifest_parse(text, len, &f->m) == -1)
		give_up("meta.json");
	store_original_name(f->original, sizeof f->original, f->m.format);
	if (fd_read_file(f->photo, f->original, FILE_MAX, &jpeg, &len) == -1)
		give_up(f->original);
	make_room(f, jpeg, len);
	find_claim(f);
	free(text);
	free(jpeg);
}

/* ---- one photo ---- */

/* As a file of its own, with the time that the other has. */
static void
copy(int from, int to, const char *name, int mode)
{
	struct stat st;
	char *data;
	size_t len;
	int fd;

	if (fd_read_file(from, name, FILE_MAX, &data, &len) == -1 ||
	    fstatat(from, name, &st, 0) == -1 ||
	    (fd = fd_make_file(to, name, mode, data, len)) == -1 ||
	    fd_set_mtime(fd, st.st_mtim.tv_sec) == -1)
		give_up(name);
	fd_close(&fd);
	free(data);
}

static void
link_or_copy(int from, int to, const char *name, int mode, bool is_first)
{
	if (is_first)
		copy(from, to, name, mode);
	else if (linkat(from, name, to, name, 0) == -1)
		give_up(name);
}

static void
put_variant(const struct fill *f, int public, const struct variant *v,
    bool is_first)
{
	char file[VARIANT_FILE_MAX + 1], link[VARIANT_FILE_MAX + 1];

	variant_file(v, file);
	variant_link(v, link);
	link_or_copy(f->public, public, file, 0644, is_first);
	if (linkat(public, file, public, link, 0) == -1)
		give_up(link);
}

/* Gives the descriptor of the public side. */
static int
put_public(const struct fill *f, const struct manifest *m, bool is_first)
{
	struct buf text = { 0 };
	char path[PATH_BYTES];
	int public;

	store_side_path(path, "public", m->id);
	public = make_dir(f->store->root, path, 0755);
	manifest_write(m, f->settings, &text);
	if (text.failed)
		give_up("memory");
	put(public, "meta.json", 0644, text.data, text.len);
	buf_fini(&text);
	for (unsigned i = 0; i < m->n; i++)
		put_variant(f, public, &m->variants[i], is_first);
	return public;
}

/* Gives that of the private one. */
static int
put_photo(const struct fill *f, const char *id, const char *sum, bool is_first)
{
	char path[PATH_BYTES];
	int photo, claims, from;

	store_side_path(path, "photos", id);
	photo = make_dir(f->store->root, path, 0700);
	put(photo, f->original, 0600, f->bytes, f->len);
	put(photo, STORE_SUM_FILE, 0600, sum, DIGEST_HEX_LEN);
	claims = make_dir(photo, "claims", 0700);
	from = open_dir(f->photo, "claims");
	link_or_copy(from, claims, f->claim, 0600, is_first);
	fd_close(&from);
	fd_close(&claims);
	return photo;
}

static void
put_one(struct fill *f, unsigned long long number, bool is_first)
{
	unsigned char sha[DIGEST_SHA256_LEN];
	char mark[MARK_LEN + 1], sum[DIGEST_HEX_LEN + 1];
	struct manifest m = f->m;
	int photo, public;

	(void)snprintf(mark, sizeof mark, MARK, number);
	memcpy(f->bytes + 2 + HEAD, mark, MARK_LEN);
	if (digest_sha256(f->bytes, f->len, sha) == -1)
		give_up("digest");
	photo_id_make(sha, m.id);
	digest_hex(sha, sum);
	photo = put_photo(f, m.id, sum, is_first);
	public = put_public(f, &m, is_first);
	store_usage_add(f->store, m.id, (int64_t)(m.bytes + manifest_weigh(&m)),
	    1);
	if (is_first) {
		fd_close(&f->photo);
		fd_close(&f->public);
		f->photo = photo;
		f->public = public;
		return;
	}
	fd_close(&photo);
	fd_close(&public);
}

static unsigned long long
number_of(const char *text)
{
	unsigned long long n;

	if (number_parse(text, 0, UINT32_MAX, &n) == -1)
		give_up(text);
	return n;
}

int
main(int argc, char **argv)
{
	struct fill f = { .photo = -1, .public = -1 };
	unsigned long long from, to;
	char why[256];

	if (argc != 5 || !photo_id_is_valid(argv[2])) {
		(void)fputs("usage: fill SETTINGS ID FROM TO\n", stderr);
		return 2;
	}
	(void)umask(0);
	from = number_of(argv[3]);
	to = number_of(argv[4]);
	f.settings = settings_load(argv[1], stderr);
	if (f.settings == NULL)
		return 1;
	f.store = store_open(f.settings->data, why, sizeof why);
	if (f.store == NULL) {
		(void)fprintf(stderr, "fill: %s\n", why);
		return 1;
	}
	read_model(&f, argv[2]);
	for (unsigned long long n = from; n < to; n++)
		put_one(&f, n, (n - from) % SAME_FILES_MAX == 0);
	fd_close(&f.photo);
	fd_close(&f.public);
	free(f.bytes);
	store_close(f.store);
	settings_free(f.settings);
	return 0;
}
