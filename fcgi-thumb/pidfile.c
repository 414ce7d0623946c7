#include "config.h"

/*
 * The one file by which the operator's tool finds a running master. Responsible
 * for that a process id is never taken from a file whose master is gone.
 */

#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "log.h"
#include "number.h"

#define TEXT_MAX 256 /* bytes; two digests, two numbers */
#define PATH_BYTES 4096

static void
path_of(const char *run, const char *name, char *out)
{
	(void)snprintf(out, PATH_BYTES, "%s/%s", run, name);
}

static struct flock
whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

/* ---- the master's side ---- */

/* Whole, locked, and readable for the operator. The descriptor, or -1. */
static int
make_aside(const char *path, const struct service_state *s)
{
	char text[TEXT_MAX];
	struct flock lock = whole_file();
	int fd;

	(void)snprintf(text, sizeof text, "%ld\n%s\n%llu %s\n", (long)s->pid,
	    s->in_force, s->reloads, s->refused[0] != '\0' ? s->refused : "-");
	(void)unlink(path); /* of a dead process with our number */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd == -1)
		return -1;
	if (fcntl(fd, F_SETLK, &lock) == 0 && fchmod(fd, 0644) == 0 &&
	    fd_write_full(fd, text, strlen(text)) == 0)
		return fd;
	fd_close(&fd);
	return -1;
}

static void
put(struct pidfile *p)
{
	char aside[PATH_BYTES], path[PATH_BYTES], name[40];
	int fd, error;

	(void)snprintf(name, sizeof name, ".%s.%ld", PIDFILE_NAME,
	    (long)p->state.pid);
	path_of(p->run, name, aside);
	path_of(p->run, PIDFILE_NAME, path);
	fd = make_aside(aside, &p->state);
	if (fd != -1 && rename(aside, path) == 0) {
		fd_close(&p->fd);
		p->fd = fd;
		return;
	}
	error = errno;
	(void)unlink(aside);
	fd_close(&fd);
	log_error("%s: %s; thumbctl will not find this service", path,
	    strerror(error));
}

/* Is the file at that name the one that we hold? */
static bool
is_ours(const struct pidfile *p)
{
	char path[PATH_BYTES];
	struct stat held, there;

	path_of(p->run, PIDFILE_NAME, path);
	return p->fd != -1 && fstat(p->fd, &held) == 0 &&
	    lstat(path, &there) == 0 && held.st_dev == there.st_dev &&
	    held.st_ino == there.st_ino;
}

static void
copy_digest(char *to, const char *from)
{
	(void)snprintf(to, DIGEST_HEX_LEN + 1, "%s", from);
}

void
pidfile_open(struct pidfile *p, const char *run, const char *digest)
{
	*p = (struct pidfile){ .run = run, .fd = -1, .state.pid = getpid() };
	copy_digest(p->state.in_force, digest);
	put(p);
}

/* Who was taken over from has no say any more. */
static void
answered(struct pidfile *p)
{
	p->state.reloads++;
	if (is_ours(p))
		put(p);
}

void
pidfile_taken(struct pidfile *p, const char *digest)
{
	copy_digest(p->state.in_force, digest);
	answered(p);
}

void
pidfile_refused(struct pidfile *p, const char *digest)
{
	copy_digest(p->state.refused, digest);
	answered(p);
}

void
pidfile_remove(struct pidfile *p)
{
	char path[PATH_BYTES];

	if (is_ours(p)) {
		path_of(p->run, PIDFILE_NAME, path);
		(void)unlink(path);
	}
	fd_close(&p->fd);
}

/* ---- the reader's side ---- */

static bool
is_digest(const char *text)
{
	return strlen(text) == DIGEST_HEX_LEN &&
	    strspn(text, "0123456789abcdef") == DIGEST_HEX_LEN;
}

/* The three lines; text is cut up. 0 or -1. */
static int
parse(char *text, struct service_state *out)
{
	const char *pid = strsep(&text, "\n");
	const char *in_force = strsep(&text, "\n");
	const char *reloads = strsep(&text, " ");
	const char *refused = strsep(&text, "\n");
	unsigned long long number;

	if (refused == NULL || number_parse(pid, 1, INT_MAX, &number) == -1 ||
	    !is_digest(in_force) ||
	    number_parse(reloads, 0, ULLONG_MAX, &out->reloads) == -1)
		return -1;
	out->pid = (pid_t)number;
	copy_digest(out->in_force, in_force);
	copy_digest(out->refused, is_digest(refused) ? refused : "");
	return 0;
}

/* Does the process that the file names hold it? */
static bool
is_held_by(int fd, pid_t pid)
{
	struct flock lock = whole_file();

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK &&
	    lock.l_pid == pid;
}

int
pidfile_read(const char *run, struct service_state *out)
{
	char path[PATH_BYTES], text[TEXT_MAX];
	struct service_state s = { 0 };
	size_t len = 0;
	int fd, rc = -1;

	path_of(run, PIDFILE_NAME, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return -1;
	if (fd_read_full(fd, text, sizeof text - 1, &len) == 0) {
		text[len] = '\0';
		rc = parse(text, &s);
	}
	if (rc == 0 && !is_held_by(fd, s.pid))
		rc = -1;
	if (rc == 0)
		*out = s;
	fd_close(&fd);
	return rc;
}
