#include "config.h"

/* A file of headers, of which a line that is none would break a request. */

#include "probe_headers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fdio.h"

/* "Name: value" by RFC 9110 5.1 and 5.5. */
static bool
is_header(const char *line)
{
	size_t name = strspn(line,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "!#$%&'*+-.^_`|~");

	if (name == 0 || line[name] != ':')
		return false;
	for (const char *p = line + name; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
			return false;
	return true;
}

/* The number of the line that is wrong, or 0. */
static unsigned
split(struct probe_headers *h)
{
	unsigned number = 0, n = 0;
	char *rest = h->text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		number++;
		line[strcspn(line, "\r")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (n == PROBE_HEADERS_MAX || !is_header(line))
			return number;
		h->lines[n++] = line;
		h->lines[n] = NULL;
	}
	return 0;
}

int
probe_headers_read(struct probe_headers *h, const char *path, char *why,
    size_t why_size)
{
	int fd = fd_open_private(path, why, why_size);
	unsigned wrong;
	size_t len = 0;
	int rc = -1;

	h->lines[0] = NULL;
	if (fd == -1)
		return -1;
	if (fd_read_full(fd, h->text, sizeof h->text, &len) == -1)
		(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	else if (len == sizeof h->text || memchr(h->text, '\0', len) != NULL)
		(void)snprintf(why, why_size, "%s: too large, or no text",
		    path);
	else
		rc = 0;
	fd_close(&fd);
	if (rc == -1)
		return -1;
	h->text[len] = '\0';
	wrong = split(h);
	if (wrong == 0)
		return 0;
	(void)snprintf(why, why_size,
	    "%s:%u: not a header as \"Name: value\", or one more than %d", path,
	    wrong, PROBE_HEADERS_MAX);
	return -1;
}
