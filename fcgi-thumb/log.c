#include "config.h"

/*
 * The log's sink. The one piece of state that the whole process shares: a
 * message must find its way out from anywhere.
 */

#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static int sink = STDERR_FILENO;

int
log_open(const char *path)
{
	bool to_stderr = path == NULL || path[0] == '\0';
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
	return 0;
}

int
log_fd(void)
{
	return sink;
}

static void
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

void
log_line(const char *text, size_t len)
{
	static const char newline = '\n';
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)text, .iov_len = len },
		{ .iov_base = (void *)(uintptr_t)&newline, .iov_len = 1 },
	};

	/* One call, so that lines of several processes never mix. */
	if (writev(sink, parts, 2) == -1)
		return;
}
