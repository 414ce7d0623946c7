#include "config.h"

/*
 * The log's sink. The one piece of state that the whole process shares: a
 * message must find its way out from anywhere.
 */

#include "log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static int sink = STDERR_FILENO;

/* Bytes of one write; a pipe takes no more at once without perhaps waiting. */
static size_t piece_max = PIPE_BUF;

int
log_open(const char *path)
{
	bool to_stderr = path == NULL || path[0] == '\0';
	struct stat st;
	int fd = STDERR_FILENO;

	if (!to_stderr) {
		fd =
		    open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
		if (fd == -1)
			return -1;
	}
	if (sink != STDERR_FILENO)
		(void)close(sink);
	sink = fd;
	piece_max =
	    fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? SIZE_MAX : PIPE_BUF;
	return 0;
}

uint64_t
log_bytes(void)
{
	struct stat st;

	return fstat(sink, &st) == 0 && S_ISREG(st.st_mode)
	    ? (uint64_t)st.st_size
	    : 0;
}

int
log_descriptor(void)
{
	return sink;
}

static void __attribute__((format(printf, 2, 0)))
put_words(const char *level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	size_t prefix, len;

	(void)snprintf(line, sizeof line, "fcgi-thumb: %s", level);
	prefix = strlen(line);
	(void)vsnprintf(line + prefix, sizeof line - prefix, fmt, ap);
	len = strlen(line);
	for (size_t i = prefix; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c < 0x20 || c == 0x7f)
			line[i] = '?';
	}
	log_line(line, len);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_words("", fmt, ap);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_words("error: ", fmt, ap);
	va_end(ap);
}

/* False when it would have to wait: whoever reads the log has stopped. */
static bool
put(const struct iovec *parts, int n)
{
	struct pollfd pfd = { .fd = sink, .events = POLLOUT };

	return poll(&pfd, 1, 0) == 1 && writev(sink, parts, n) != -1;
}

void
log_line(const char *text, size_t len)
{
	static const char newline = '\n';
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)text, .iov_len = len },
		{ .iov_base = (void *)(uintptr_t)&newline, .iov_len = 1 },
	};

	while (parts[0].iov_len >= piece_max) {
		struct iovec piece = { parts[0].iov_base, piece_max };

		if (!put(&piece, 1))
			return;
		parts[0].iov_base = (char *)parts[0].iov_base + piece_max;
		parts[0].iov_len -= piece_max;
	}
	/* One call, so that lines of several processes do not mix. */
	(void)put(parts, 2);
}
