#include "config.h"

/*
 * The sockets on which nginx finds the service. Responsible for where they
 * come from and for the name, mode and group under which they are seen;
 * refuses to know who accepts from them. A start-up module: what does not work
 * is said in words, and nothing is left behind then.
 */

#include "listen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fdio.h"
#include "number.h"

#define INHERITED_FIRST 3 /* sd_listen_fds(3): SD_LISTEN_FDS_START */
#define INHERITED_MAX 2

/* Whether the service is ready is answered in moments, and to few who ask. */
#define CONTROL_BACKLOG 64

/* Where a reason for a failure goes. */
struct why {
	char *text;
	size_t size;
};

static int fail(const struct why *why, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
fail(const struct why *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why->text, why->size, fmt, ap);
	va_end(ap);
	return -1;
}

static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t len = sizeof yes;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 &&
	    yes != 0;
}

/* Where it was bound; "" for one that has no path. */
static void
note_address(struct listener *l, int fd)
{
	struct sockaddr_un addr = { 0 };
	socklen_t len = sizeof addr - 1; /* a NUL behind the longest */

	if (getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
	    addr.sun_family == AF_UNIX)
		(void)snprintf(l->from, sizeof l->from, "%s", addr.sun_path);
}

static int
adopt(struct listener *l, int fd, const struct why *why)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
		return fail(why, "inherited socket %d: %s", fd,
		    strerror(errno));
	note_address(l, fd);
	l->fd = fd;
	return 0;
}

/* The i-th of the names between colons; false when there are fewer. */
static bool
has_name(const char *names, unsigned i, const char *want)
{
	size_t len;

	for (; i > 0; i--) {
		names = strchr(names, ':');
		if (names == NULL)
			return false;
		names++;
	}
	len = strcspn(names, ":");
	return len == strlen(want) && strncmp(names, want, len) == 0;
}

static struct listener *
find_named(struct listeners *l, const char *names, unsigned i)
{
	if (has_name(names, i, "photo"))
		return &l->photo;
	if (has_name(names, i, "control"))
		return &l->control;
	return NULL;
}

static struct listener *
find_free(struct listeners *l)
{
	return l->photo.fd == -1 ? &l->photo : &l->control;
}

static int
adopt_all(struct listeners *l, unsigned n, const char *names,
    const struct why *why)
{
	if (n > INHERITED_MAX)
		return fail(why, "%u sockets are handed over, at most %d fit",
		    n, INHERITED_MAX);
	for (unsigned i = 0; i < n; i++)
		if (!is_listening(INHERITED_FIRST + (int)i))
			return fail(why,
			    "descriptor %u is handed over but does not listen",
			    INHERITED_FIRST + i);
	/* Names first, so that the nameless get what is left. */
	for (unsigned i = 0; i < n; i++) {
		struct listener *to = find_named(l, names, i);

		if (to == NULL)
			continue;
		if (to->fd != -1)
			return fail(why, "two sockets of one name in \"%s\"",
			    names);
		if (adopt(to, INHERITED_FIRST + (int)i, why) != 0)
			return -1;
	}
	for (unsigned i = 0; i < n; i++)
		if (find_named(l, names, i) == NULL &&
		    adopt(find_free(l), INHERITED_FIRST + (int)i, why) != 0)
			return -1;
	return 0;
}

/* The variables are for this process alone, whatever they say. */
static int
inherit_systemd(struct listeners *l, const struct why *why)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	unsigned long long for_pid, n = 0;
	int rc = 0;

	if (pid != NULL && fds != NULL &&
	    number_parse(pid, 1, INT_MAX, &for_pid) == 0 &&
	    for_pid == (unsigned long long)getpid()) {
		if (number_parse(fds, 0, INT_MAX, &n) != 0)
			rc = fail(why, "LISTEN_FDS is no number: \"%s\"", fds);
		else
			rc = adopt_all(l, (unsigned)n,
			    names != NULL ? names : "", why);
	}
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return rc;
}

/*
 * The FastCGI way: the listening socket is descriptor 0. It is moved, since a
 * library that reads standard input must not meet it there.
 */
static int
inherit_stdin(struct listeners *l, const struct why *why)
{
	int fd, null;

	if (l->photo.fd != -1 || !is_listening(STDIN_FILENO))
		return 0;
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, INHERITED_FIRST);
	if (fd == -1)
		return fail(why, "descriptor 0: %s", strerror(errno));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1) {
		(void)fail(why, "/dev/null: %s", strerror(errno));
		fd_close(&null);
		fd_close(&fd);
		return -1;
	}
	fd_close(&null);
	return adopt(&l->photo, fd, why);
}

/* The web server's account has to pass through, whatever the umask is. */
static int
make_run(const char *run, const struct why *why)
{
	struct stat st;

	if (mkdir(run, 0755) == 0) {
		if (chmod(run, 0755) == 0)
			return 0;
	} else if (errno == EEXIST && stat(run, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	return fail(why, "%s: %s", run, strerror(errno));
}

static int
find_group(const char *name, gid_t *gid, const struct why *why)
{
	const struct group *group;

	*gid = (gid_t)-1;
	if (name[0] == '\0')
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (group == NULL)
		return fail(why, "socket_group \"%s\": %s", name,
		    errno != 0 ? strerror(errno) : "there is no such group");
	*gid = group->gr_gid;
	return 0;
}

/* How a socket is to be seen. */
struct looks {
	const char *run;
	unsigned mode;
	const char *group;
	gid_t gid;
};

/*
 * A name beside the final one that is never longer than it, so that what fits
 * into sun_path finally fits already now. Nobody else has our process id.
 */
static void
make_aside(const struct listener *l, char *out, size_t size)
{
	const char *name = strrchr(l->path, '/') + 1;

	(void)snprintf(out, size, "%.*s.%c%d", (int)(name - l->path), l->path,
	    name[0], (int)getpid());
}

static int
check_path(struct listener *l, const char *run, const char *name,
    const struct why *why)
{
	struct stat st;
	int len;

	len = snprintf(l->path, sizeof l->path, "%s/%s", run, name);
	if (len < 0 || (size_t)len >= sizeof l->path)
		return fail(why,
		    "%s/%s: too long for a socket, at most %zu bytes", run,
		    name, sizeof l->path - 1);
	if (lstat(l->path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return fail(why, "%s: is in the way and no socket", l->path);
	return 0;
}

static int
bind_aside(struct listener *l, int backlog, const struct looks *looks,
    const struct why *why)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *aside = addr.sun_path;
	struct stat st;

	make_aside(l, addr.sun_path, sizeof addr.sun_path);
	(void)unlink(aside);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1)
		return fail(why, "socket: %s", strerror(errno));
	if (bind(l->fd, (struct sockaddr *)&addr, sizeof addr) != 0)
		return fail(why, "%s: cannot bind: %s", l->path,
		    strerror(errno));
	/* The mode after the group, whose change may clear bits of it. */
	if (lchown(aside, (uid_t)-1, looks->gid) != 0)
		return fail(why, "%s: cannot give it to group \"%s\": %s",
		    l->path, looks->group, strerror(errno));
	if (chmod(aside, looks->mode) != 0 || listen(l->fd, backlog) != 0 ||
	    lstat(aside, &st) != 0)
		return fail(why, "%s: %s", l->path, strerror(errno));
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	l->aside = true;
	return 0;
}

/* ".p123" or ".c123" of a process that is gone, which killed cannot tidy. */
static bool
is_forgotten(const char *name)
{
	unsigned long long pid;

	return name[0] == '.' && (name[1] == 'p' || name[1] == 'c') &&
	    number_parse(name + 2, 1, INT_MAX, &pid) == 0 &&
	    kill((pid_t)pid, 0) == -1 && errno == ESRCH;
}

static void
remove_forgotten(const char *run)
{
	DIR *dir = fd_list(AT_FDCWD, run);
	const struct dirent *entry;
	struct stat st;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		if (is_forgotten(entry->d_name) &&
		    fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISSOCK(st.st_mode))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		(void)closedir(dir);
}

static int
put_in_place(struct listener *l, const struct why *why)
{
	char aside[sizeof l->path];

	make_aside(l, aside, sizeof aside);
	if (rename(aside, l->path) != 0)
		return fail(why, "%s: %s", l->path, strerror(errno));
	l->aside = false;
	l->own = true;
	return 0;
}

static void
remove_aside(struct listener *l)
{
	char aside[sizeof l->path];

	if (!l->aside)
		return;
	make_aside(l, aside, sizeof aside);
	(void)unlink(aside);
	l->aside = false;
}

static int
open_own(struct listeners *l, struct looks *looks, int backlog,
    const struct why *why)
{
	bool photo = l->photo.fd == -1, control = l->control.fd == -1;

	if (!photo && !control)
		return 0;
	if (make_run(looks->run, why) != 0 ||
	    find_group(looks->group, &looks->gid, why) != 0 ||
	    check_path(&l->photo, looks->run, "photo.sock", why) != 0 ||
	    check_path(&l->control, looks->run, "control.sock", why) != 0)
		return -1;
	remove_forgotten(looks->run);
	if (photo && bind_aside(&l->photo, backlog, looks, why) != 0)
		return -1;
	if (control)
		return bind_aside(&l->control, CONTROL_BACKLOG, looks, why);
	return 0;
}

int
listeners_open(struct listeners *l, const char *run, unsigned mode,
    const char *group, int backlog, char *why, size_t why_size)
{
	struct why reason = { .text = why, .size = why_size };
	struct looks looks = { .run = run, .mode = mode, .group = group };

	memset(l, 0, sizeof *l);
	l->photo.fd = -1;
	l->control.fd = -1;
	if (inherit_systemd(l, &reason) != 0 ||
	    inherit_stdin(l, &reason) != 0 ||
	    open_own(l, &looks, backlog, &reason) != 0) {
		listeners_unlink(l);
		listeners_close(l);
		return -1;
	}
	/* Admission is ours to decide on a socket that others bound, too. */
	listener_backlog(&l->photo, backlog);
	return 0;
}

int
listeners_show(struct listeners *l, char *why, size_t why_size)
{
	struct why reason = { .text = why, .size = why_size };

	if (l->photo.aside && put_in_place(&l->photo, &reason) != 0)
		return -1;
	return l->control.aside ? put_in_place(&l->control, &reason) : 0;
}

/* Two names may lead to one socket, as below /run and /var/run. */
static bool
is_same(const char *a, const char *b)
{
	struct stat one, other;

	return strcmp(a, b) == 0 ||
	    (stat(a, &one) == 0 && stat(b, &other) == 0 &&
		one.st_dev == other.st_dev && one.st_ino == other.st_ino);
}

static bool
is_in(const struct listener *l, const char *run, const char *name,
    const struct why *why)
{
	char want[sizeof l->from + 128];

	(void)snprintf(want, sizeof want, "%s/%s", run, name);
	if (l->from[0] == '\0' || is_same(l->from, want))
		return true;
	(void)fail(why,
	    "the socket that was handed over is %s, and nginx looks for it at "
	    "%s, by run in the settings",
	    l->from, want);
	return false;
}

bool
listeners_are_in(const struct listeners *l, const char *run, char *why,
    size_t why_size)
{
	struct why reason = { .text = why, .size = why_size };

	return is_in(&l->photo, run, "photo.sock", &reason) &&
	    is_in(&l->control, run, "control.sock", &reason);
}

void
listener_backlog(struct listener *l, int backlog)
{
	/* Cannot fail on a socket that listens already. */
	(void)listen(l->fd, backlog);
}

static void
unlink_own(struct listener *l)
{
	struct stat st;

	if (l->own && lstat(l->path, &st) == 0 && st.st_dev == l->dev &&
	    st.st_ino == l->ino)
		(void)unlink(l->path);
	l->own = false;
}

void
listeners_unlink(struct listeners *l)
{
	unlink_own(&l->photo);
	unlink_own(&l->control);
	remove_aside(&l->photo);
	remove_aside(&l->control);
}

void
listeners_close(struct listeners *l)
{
	fd_close(&l->photo.fd);
	fd_close(&l->control.fd);
}
