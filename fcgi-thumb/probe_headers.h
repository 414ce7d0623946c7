#ifndef FT_PROBE_HEADERS_H
#define FT_PROBE_HEADERS_H

#include <stddef.h>

#define PROBE_HEADERS_MAX 32

/* What a prober sends with each request beside its own. */
struct probe_headers {
	char text[16 * 1024];
	/* "Name: value" in text, the last one NULL. */
	const char *lines[PROBE_HEADERS_MAX + 1];
};

/*
 * Read a file of headers, one on a line; empty lines and those that begin with #
 * are none. It must be a regular file that is open to its owner alone. 0, or -1
 * after one line to why, which tells nothing of a header.
 */
int probe_headers_read(struct probe_headers *h, const char *path, char *why,
    size_t why_size);

#endif
