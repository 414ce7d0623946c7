#include "config.h"

/*
 * One at a time. The lock is that of an open file (F_OFD_SETLK), since one of
 * a process would be lost by any look at it from within the same. Who has it is
 * written into the file, and believed while it is locked.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "mime.h"
#include "number.h"
#include "release.h"
#include "release_internal.h"

#define NAME "lock"
#define TEXT_MAX (RELEASE_WORDS_MAX + 32)

static struct flock
whole_file(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int
open_lock(const char *release_dir, int flags)
{
	int dir = release_open_dir(release_dir), fd = -1;

	if (dir != -1)
		fd = openat(dir, NAME,
		    flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	fd_close(&dir);
	return fd;
}

/*
 * "4711 rollout by alice": of the one that holds it. What a dead one has left is
 * there until the next one has written its own.
 */
static void
read_holder(int fd, struct release_holder *out)
{
	char text[TEXT_MAX];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	unsigned long long pid;
	char *words;

	*out = (struct release_holder){ 0 };
	if (n <= 0)
		return;
	text[n] = '\0';
	words = strchr(text, ' ');
	if (words == NULL)
		return;
	*words++ = '\0';
	if (number_parse(text, 1, INT32_MAX, &pid) == -1 ||
	    (kill((pid_t)pid, 0) == -1 && errno == ESRCH))
		return;
	out->pid = (long)pid;
	mime_text(words, strlen(words), out->words, sizeof out->words);
}

/* That nobody could be told who it is, is no reason not to work. */
static void
write_holder(int fd, const char *words)
{
	char text[TEXT_MAX];

	(void)snprintf(text, sizeof text, "%ld %.*s", (long)getpid(),
	    RELEASE_WORDS_MAX - 1, words);
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, strlen(text), 0);
}

/* Programs and pages in it are for others too, whatever the umask. */
static int
make_dir(const char *release_dir)
{
	if (mkdir(release_dir, 0755) == 0)
		return chmod(release_dir, 0755);
	return errno == EEXIST ? 0 : -1;
}

int
release_lock(const char *release_dir, const char *words,
    struct release_holder *holder)
{
	struct flock lock = whole_file();
	int fd;

	if (make_dir(release_dir) == -1)
		return -1;
	fd = open_lock(release_dir, O_RDWR | O_CREAT);
	if (fd == -1)
		return -1;
	(void)fchmod(fd, 0644); /* for `release status` of others */
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
		write_holder(fd, words);
		return fd;
	}
	if (errno == EAGAIN || errno == EACCES) {
		if (holder != NULL)
			read_holder(fd, holder);
		errno = EWOULDBLOCK;
	}
	fd_close(&fd);
	return -1;
}

bool
release_is_locked(const char *release_dir, struct release_holder *holder)
{
	struct flock lock = whole_file();
	int fd = open_lock(release_dir, O_RDONLY);
	bool is;

	if (holder != NULL)
		*holder = (struct release_holder){ 0 };
	is = fd != -1 && fcntl(fd, F_OFD_GETLK, &lock) == 0 &&
	    lock.l_type != F_UNLCK;
	if (is && holder != NULL)
		read_holder(fd, holder);
	fd_close(&fd);
	return is;
}
