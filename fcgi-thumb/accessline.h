#ifndef FT_ACCESSLINE_H
#define FT_ACCESSLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A line of nginx's access log, in the form that nginx/http.conf.in has (JSON,
 * escape=json). Looked through by hand: a site may be asked for thumbnails some
 * ten thousand times a second.
 */

enum access_kind {
	ACCESS_UPLOAD,
	ACCESS_PHOTO,    /* a claim, or a deletion */
	ACCESS_THUMBNAIL /* a file, or a first render */
};

struct access_line {
	int64_t second; /* ms since the epoch: the one in which it ended */
	enum access_kind kind;
	int status;
};

/* Whose lines are read. */
struct access_reader {
	char *prefix, *mark; /* mark with "probe=" */
	/* The last minute that a line named, and how: for the next line. */
	char when[32];
	int64_t minute;
};

/*
 * prefix  of the service's addresses
 * mark    what stands in the query of a prober's own requests as probe=mark; "":
 *         there is no prober
 *
 * Texts are copied. 0, or -1: no memory. access_reader_fini in any case.
 */
int access_reader_init(struct access_reader *r, const char *prefix,
    const char *mark);
void access_reader_fini(struct access_reader *r);

/*
 * Read a line. False: it is cut or none, or neither an upload nor a claim, a
 * deletion or a thumbnail, or a prober's.
 */
bool access_line_read(struct access_reader *r, const char *line, size_t len,
    struct access_line *out);

/*
 * The text of a key, as it is in the line: escaped, and not NUL-terminated. NULL:
 * there is none.
 */
const char *access_line_text(const char *line, size_t len, const char *key,
    size_t *text_len);

#endif
