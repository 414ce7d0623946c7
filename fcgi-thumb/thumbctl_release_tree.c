#include "config.h"

/*
 * Versions: a tree is copied into versions/, where it stays as it was. What is
 * copied is files and directories, by descriptors from directory to directory:
 * a link in a tree could lead to any file of this machine, and everybody may
 * read what is in versions/.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "durable.h"
#include "fdio.h"
#include "thumbctl_program.h"
#include "thumbctl_release_internal.h"

#define ASIDE ".new"
#define BYTES_MAX (UINT64_C(512) << 20)
#define FILES_MAX 10000
#define DEPTH_MAX 8
#define ASK_SECONDS 30
#define VERSIONS_KEPT 3 /* that no slot has */

/* What a version is made of. */
struct part {
	const char *in_programs; /* one of both: where it is */
	const char *in_share;
	const char *as; /* in the version */
	bool is_wanted; /* it is nothing without */
};

static const struct part parts[] = {
	{ "fcgi-thumb", NULL, "sbin/fcgi-thumb", true },
	{ "thumbctl", NULL, "sbin/thumbctl", true },
	{ NULL, "html", "share/html", true },
	{ NULL, "nginx", "share/nginx", true },
	{ NULL, "photos", "share/photos", false },
};

/* ---- where it is ---- */

/* Directory by directory, none of them by a link. -1 with errno. */
static int
open_below(int dirfd, const char *path)
{
	char *rest = strdup(path), *at = rest;
	int fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);

	for (char *name; fd != -1 && (name = strsep(&at, "/")) != NULL;) {
		int next = openat(fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		fd_close(&fd);
		fd = next;
	}
	free(rest);
	return fd;
}

static bool
has_program(int dirfd)
{
	struct stat st;

	return dirfd != -1 &&
	    fstatat(dirfd, "fcgi-thumb", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

int
tree_open(struct tree *t, const char *path)
{
	static const char *const shapes[][2] = {
		{ "usr/sbin", "usr/share/fcgi-thumb" },
		{ "sbin", "share/fcgi-thumb" },
		{ "usr/local/sbin", "usr/local/share/fcgi-thumb" },
		/* Where sbin is a link to bin. */
		{ "usr/bin", "usr/share/fcgi-thumb" },
		{ "bin", "share/fcgi-thumb" },
		{ "sbin", "share" },
	};
	int dirfd;

	*t = (struct tree){ .programs = -1, .share = -1 };
	dirfd = realpath(path, t->root) != NULL
	    ? open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	    : -1;
	if (dirfd == -1) {
		complain("%s: %s", path, strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < NELEM(shapes) && t->share == -1; i++) {
		fd_close(&t->programs);
		t->programs = open_below(dirfd, shapes[i][0]);
		if (has_program(t->programs))
			t->share = open_below(dirfd, shapes[i][1]);
	}
	fd_close(&dirfd);
	if (t->share != -1)
		return 0;
	complain("%s: no tree of fcgi-thumb: it has neither sbin/fcgi-thumb "
		 "with share/fcgi-thumb, nor these below usr or usr/local",
	    path);
	return -1;
}

void
tree_close(struct tree *t)
{
	fd_close(&t->programs);
	fd_close(&t->share);
}

/* ---- to copy ---- */

struct copying {
	uint64_t bytes; /* in all */
	unsigned files;
	struct durable durable;
	char failed[PATH_MAX]; /* of which, and why */
};

/* -1 in any case; errno where words is NULL. */
static int
fail(struct copying *c, const char *name, const char *words)
{
	if (c->failed[0] == '\0')
		(void)snprintf(c->failed, sizeof c->failed, "%s: %s", name,
		    words != NULL ? words : strerror(errno));
	return -1;
}

static int
copy_bytes(struct copying *c, int from, int to, const char *name)
{
	char piece[65536];
	size_t len = 1;

	while (len > 0) {
		if (fd_read_full(from, piece, sizeof piece, &len) == -1)
			return fail(c, name, NULL);
		c->bytes += len;
		if (c->bytes > BYTES_MAX)
			return fail(c, name, "with it the tree is too large");
		if (fd_write_full(to, piece, len) == -1)
			return fail(c, name, NULL);
	}
	return 0;
}

static int
copy_file(struct copying *c, int from_dir, const char *name, int to_dir,
    int mode)
{
	int from = openat(from_dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int to = -1, rc = -1;
	struct stat st;

	if (from == -1 || fstat(from, &st) == -1) {
		(void)fail(c, name, errno == ELOOP ? "a link" : NULL);
	} else if (!S_ISREG(st.st_mode)) {
		(void)fail(c, name, "neither a file nor a directory");
	} else if (++c->files > FILES_MAX) {
		(void)fail(c, name, "with it the tree has too many files");
	} else {
		to = fd_make_file(to_dir, name, mode, "", 0);
		if (to == -1)
			(void)fail(c, name, NULL);
		else
			rc = copy_bytes(c, from, to, name);
	}
	fd_close(&from);
	if (rc == 0 && durable_add(&c->durable, to) == -1)
		return fail(c, name, NULL);
	if (rc == -1)
		fd_close(&to);
	return rc;
}

/* A new directory, for all to read. A descriptor, or -1. */
static int
make_dir(struct copying *c, int dirfd, const char *name)
{
	int fd = -1;

	if (mkdirat(dirfd, name, 0755) == 0)
		fd = openat(dirfd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fchmod(fd, 0755) == -1)
		(void)fail(c, name, NULL);
	return fd;
}

static int
sync_later(struct copying *c, int dirfd, const char *name)
{
	return durable_add(&c->durable, fcntl(dirfd, F_DUPFD_CLOEXEC, 0)) == 0
	    ? 0
	    : fail(c, name, NULL);
}

static int
copy_dir(struct copying *c, int from_dir, const char *name, int to_dir,
    unsigned depth)
{
	DIR *list = depth < DEPTH_MAX ? fd_list(from_dir, name) : NULL;
	const struct dirent *entry;
	int to, rc = 0;

	if (list == NULL)
		return fail(c, name,
		    depth < DEPTH_MAX ? NULL
				      : "directories in too many others");
	to = make_dir(c, to_dir, name);
	if (to == -1)
		rc = -1;
	while (rc == 0 && (entry = fd_next(list)) != NULL) {
		struct stat st;

		if (fstatat(dirfd(list), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == -1)
			rc = fail(c, entry->d_name, NULL);
		else if (S_ISDIR(st.st_mode))
			rc = copy_dir(c, dirfd(list), entry->d_name, to,
			    depth + 1);
		else
			rc = copy_file(c, dirfd(list), entry->d_name, to, 0644);
	}
	if (rc == 0 && errno != 0)
		rc = fail(c, name, NULL);
	if (rc == 0)
		rc = sync_later(c, to, name);
	fd_close(&to);
	(void)closedir(list);
	return rc;
}

static int
copy_part(struct copying *c, const struct tree *t, const struct part *part,
    int programs, int share)
{
	struct stat st;

	if (part->in_programs != NULL)
		return copy_file(c, t->programs, part->in_programs, programs,
		    0755);
	if (!part->is_wanted &&
	    fstatat(t->share, part->in_share, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT)
		return 0;
	return copy_dir(c, t->share, part->in_share, share, 0);
}

/* Into a directory that is empty, synced. 0, or -1 with words in c. */
static int
copy_tree(struct copying *c, const struct tree *t, int to)
{
	int programs = make_dir(c, to, "sbin"), share = -1, rc = -1;

	if (programs != -1)
		share = make_dir(c, to, "share");
	if (share != -1)
		rc = 0;
	for (size_t i = 0; rc == 0 && i < NELEM(parts); i++)
		rc = copy_part(c, t, &parts[i], programs, share);
	if (rc == 0 &&
	    (sync_later(c, programs, "sbin") == -1 ||
		sync_later(c, share, "share") == -1 ||
		sync_later(c, to, ".") == -1))
		rc = -1;
	if (rc == 0 && durable_sync(&c->durable) == -1)
		rc = fail(c, "fsync", NULL);
	durable_fini(&c->durable);
	fd_close(&programs);
	fd_close(&share);
	return rc;
}

/* ---- what is in it ---- */

struct lines {
	char **list;
	size_t n, cap;
};

static int
add_line(struct lines *l, char *line)
{
	if (line != NULL && l->n == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 64;
		char **list = realloc(l->list, cap * sizeof *list);

		if (list != NULL) {
			l->list = list;
			l->cap = cap;
		}
	}
	if (line == NULL || l->n == l->cap) {
		free(line);
		errno = ENOMEM;
		return -1;
	}
	l->list[l->n++] = line;
	return 0;
}

/* "share/html/upload.js SHA-256" of each file below. 0, or -1 with errno. */
static int
list_files(struct lines *l, int at, const char *name, const char *path)
{
	DIR *list = fd_list(at, name);
	const struct dirent *entry;
	int rc = 0;

	if (list == NULL)
		return -1;
	while (rc == 0 && (entry = fd_next(list)) != NULL) {
		unsigned char sha[DIGEST_SHA256_LEN];
		char hex[DIGEST_HEX_LEN + 1];
		char *below = NULL, *line = NULL;
		int fd = openat(dirfd(list), entry->d_name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat st;

		rc = -1;
		if (asprintf(&below, "%s/%s", path, entry->d_name) == -1)
			below = NULL;
		else if (fd != -1 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			rc = list_files(l, dirfd(list), entry->d_name, below);
		else if (fd != -1 && digest_file(fd, sha) == 0) {
			digest_hex(sha, hex);
			rc = asprintf(&line, "%s %s\n", below, hex) != -1
			    ? add_line(l, line)
			    : -1;
		}
		free(below);
		fd_close(&fd);
	}
	if (rc == 0 && errno != 0)
		rc = -1;
	(void)closedir(list);
	return rc;
}

static int
compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Equal where names and contents are. 0, or -1. */
static int
sum_tree(int at, const char *name, char out[DIGEST_HEX_LEN + 1])
{
	struct lines l = { 0 };
	unsigned char sha[DIGEST_SHA256_LEN];
	struct digest *d = digest_new();
	int rc = d != NULL ? list_files(&l, at, name, "") : -1;

	if (l.n > 0)
		qsort(l.list, l.n, sizeof *l.list, compare_lines);
	for (size_t i = 0; i < l.n; i++) {
		if (rc == 0)
			rc = digest_feed(d, l.list[i], strlen(l.list[i]));
		free(l.list[i]);
	}
	free(l.list);
	if (rc == 0)
		rc = digest_final(d, sha);
	if (rc == 0)
		digest_hex(sha, out);
	digest_free(d);
	return rc;
}

/* What the program calls itself. 0, or -1 after a complaint. */
static int
ask_version(const char *program, char *out, size_t size)
{
	static const char begin[] = "fcgi-thumb ";
	static const char *const words[] = { "-V", NULL };
	struct buf said = { 0 }, err = { 0 };
	int status = program_run(program, words, &said, &err, ASK_SECONDS);
	int rc = -1;

	if (status == 0 && said.len > sizeof begin &&
	    strncmp(said.data, begin, sizeof begin - 1) == 0) {
		said.data[strcspn(said.data, "\n")] = '\0';
		(void)snprintf(out, size, "%s", said.data + sizeof begin - 1);
		rc = release_version_is_valid(out) ? 0 : -1;
	}
	if (rc == -1)
		complain("%s -V does not say which version of fcgi-thumb it is "
			 "(exit status %d)%s%.*s",
		    program, status, err.len > 0 ? ": " : "",
		    err.len > 0 ? (int)strcspn(err.data, "\n") : 0,
		    err.len > 0 ? err.data : "");
	buf_fini(&said);
	buf_fini(&err);
	return rc;
}

/* ---- to keep ---- */

/* The name that it has or is to have. 1: it is there already; 0; -1. */
static int
find_name(int versions, char version[RELEASE_VERSION_MAX])
{
	char sum[DIGEST_HEX_LEN + 1], other[DIGEST_HEX_LEN + 1];
	size_t len = strlen(version);
	struct stat st;

	if (sum_tree(versions, ASIDE, sum) == -1)
		return -1;
	for (unsigned n = 0; n < 2; n++) {
		if (n == 1)
			(void)snprintf(version + len, RELEASE_VERSION_MAX - len,
			    "+%.8s", sum);
		if (fstatat(versions, version, &st, AT_SYMLINK_NOFOLLOW) == -1)
			return errno == ENOENT ? 0 : -1;
		if (sum_tree(versions, version, other) == -1)
			return -1;
		if (strcmp(sum, other) == 0)
			return 1;
	}
	errno = EEXIST; /* 32 bits of a sum, or somebody has changed it */
	return -1;
}

/* From aside to its name. 0; 1: it is there; -1 after a complaint. */
static int
put_in_place(const struct releases *r, int versions,
    char version[RELEASE_VERSION_MAX])
{
	int is_there = find_name(versions, version);

	if (is_there == 1)
		return 1;
	if (is_there == 0 &&
	    renameat(versions, ASIDE, versions, version) == 0 &&
	    fsync(versions) == 0)
		return 0;
	complain("%s/" VERSIONS_DIR "/%s: %s", r->settings->release_dir,
	    version, strerror(errno));
	return -1;
}

static int
copy_aside(const struct releases *r, const struct tree *t, int versions)
{
	struct copying c = { 0 };
	int to = make_dir(&c, versions, ASIDE), rc = -1;

	if (to != -1)
		rc = copy_tree(&c, t, to);
	if (rc == -1)
		complain("%s into %s/" VERSIONS_DIR ": %s", t->root,
		    r->settings->release_dir, c.failed);
	fd_close(&to);
	return rc;
}

static int
open_versions(const struct releases *r)
{
	char *path = settings_path(r->settings->release_dir, VERSIONS_DIR);
	int fd = -1;

	if (path != NULL && (mkdir(path, 0755) == 0 || errno == EEXIST))
		fd =
		    open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* Whatever the umask: nginx reads the pages in it. */
	if (fd != -1 && fchmod(fd, 0755) == -1)
		fd_close(&fd);
	if (fd == -1)
		complain("%s: %s", path != NULL ? path : VERSIONS_DIR,
		    strerror(errno));
	free(path);
	return fd;
}

int
tree_keep(const struct releases *r, const struct tree *t,
    char version[RELEASE_VERSION_MAX])
{
	int versions = open_versions(r), rc = -1;
	/* Room for what makes the name its own. */
	const size_t room = RELEASE_VERSION_MAX - sizeof "+12345678" + 1;
	char *program = NULL;

	if (versions == -1)
		return -1;
	(void)fd_remove_tree(versions, ASIDE); /* of one that was killed */
	if (asprintf(&program, "%s/" VERSIONS_DIR "/" ASIDE "/sbin/fcgi-thumb",
		r->settings->release_dir) == -1) {
		program = NULL;
		complain("no memory left");
	} else if (copy_aside(r, t, versions) == 0 &&
	    ask_version(program, version, room) == 0) {
		rc = put_in_place(r, versions, version);
	}
	free(program);
	(void)fd_remove_tree(versions, ASIDE);
	fd_close(&versions);
	return rc;
}

/* ---- to forget ---- */

struct kept {
	char name[RELEASE_VERSION_MAX];
	struct timespec made;
};

static int
compare_made(const void *a, const void *b)
{
	const struct timespec *x = &((const struct kept *)a)->made;
	const struct timespec *y = &((const struct kept *)b)->made;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

static bool
is_named(const struct releases *r, const char *name)
{
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++)
		if (strcmp(r->state.slots[slot].version, name) == 0)
			return true;
	return false;
}

/* Those that no slot names, at most as many as fit. How many. */
static size_t
list_unnamed(const struct releases *r, int versions, struct kept *list,
    size_t max)
{
	DIR *dir = fd_list(versions, ".");
	const struct dirent *entry;
	struct stat st;
	size_t n = 0;

	if (dir == NULL)
		return 0;
	while (n < max && (entry = fd_next(dir)) != NULL)
		if (release_version_is_valid(entry->d_name) &&
		    !is_named(r, entry->d_name) &&
		    fstatat(versions, entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0) {
			/* A valid one fits with its NUL. */
			memcpy(list[n].name, entry->d_name,
			    strlen(entry->d_name) + 1);
			list[n++].made = st.st_mtim;
		}
	(void)closedir(dir);
	return n;
}

void
tree_forget(const struct releases *r, const char *version)
{
	int versions = open_versions(r);

	if (versions != -1 && fd_remove_tree(versions, version) == -1)
		complain("%s/" VERSIONS_DIR "/%s: %s", r->settings->release_dir,
		    version, strerror(errno));
	fd_close(&versions);
}

void
tree_prune(const struct releases *r)
{
	struct kept list[256];
	int versions = open_versions(r);
	size_t n =
	    versions != -1 ? list_unnamed(r, versions, list, NELEM(list)) : 0;

	if (n > 0)
		qsort(list, n, sizeof list[0], compare_made);
	for (size_t i = VERSIONS_KEPT; i < n; i++)
		tree_forget(r, list[i].name);
	fd_close(&versions);
}
