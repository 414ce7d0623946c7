#ifndef FT_BUF_H
#define FT_BUF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing byte buffer. A failed allocation is remembered in `failed` and
 * makes every later call a no-op, so that a text can be put together without
 * a test after each piece: test once at the end. data is NUL-terminated after
 * any append. The zero state (`struct buf b = { 0 }`) is empty and valid.
 */
struct buf {
	char *data;
	size_t len; /* without the NUL */
	size_t cap;
	bool failed;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Text that is safe in HTML, between tags and within double quotes. */
void buf_html(struct buf *b, const char *text);

/* Frees the memory and returns to the zero state. */
void buf_fini(struct buf *b);

#endif
