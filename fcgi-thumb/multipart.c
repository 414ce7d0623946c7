#include "config.h"

/*
 * Takes a multipart/form-data body apart as it arrives. Responsible for the
 * grammar of RFC 2046 5.1.1 and the limits on what a body may make us hold;
 * refuses to know what the parts are for. Every break of the grammar ends the
 * parsing with the offset of the byte: nothing is guessed or repaired, because
 * a body that can be read in two ways will be.
 *
 * A line is a delimiter when it begins with "--boundary" and goes on with
 * padding and CRLF, or with "--". A line that goes on in any other way is data:
 * its boundary is a longer one (of a multipart in a multipart, for example).
 * A lone LF, or text behind padding, has no such excuse and breaks the grammar.
 * What follows "--boundary--" belongs to the epilogue.
 *
 * Data is searched with memmem and handed on in pieces as long as the input
 * allows. The delimiter begins with its only CR, so that a match that fails
 * can begin anew only at a later CR, and what was held back can be told again
 * from the delimiter itself without a copy.
 */

#include "multipart.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mime.h"

/* A constant within a text. */
#define TEXT_OF(constant) AS_TEXT(constant)
#define AS_TEXT(value) #value

enum state {
	STATE_DATA,    /* of a part, or the preamble: looks for a delimiter */
	STATE_TAIL,    /* the bytes right after a delimiter */
	STATE_PADDING, /* blanks between a delimiter and its CRLF */
	STATE_HEADER,
	STATE_EPILOGUE
};

struct multipart {
	struct multipart_events events;
	enum state state;
	bool in_part;    /* begin was told, end not yet */
	unsigned parts;  /* begun, of any kind */
	uint64_t offset; /* in the body, of the next byte */
	char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; /* CRLF--boundary */
	size_t delimiter_len;
	size_t matched; /* bytes of the delimiter that the input ends with */
	/*
	 * Of those, how many are no data even when the match fails: the CRLF
	 * that the first line of body or part is taken to have before it.
	 */
	size_t lent;
	char tail; /* after the delimiter: 0, '-', or CR */
	char header[PART_HEADER_MAX + 2]; /* with the empty line */
	size_t header_len;
	size_t line; /* in header, where its last line begins */
	uint64_t header_offset;
};

bool
multipart_is(const char *content_type)
{
	return mime_type_is(content_type, "multipart/form-data");
}

/* bchars of RFC 2046 5.1.1; the last one may not be a space. */
static bool
is_boundary(const char *text, size_t len)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "'()+_,-./:=? ";

	return len > 0 && len <= MULTIPART_BOUNDARY_MAX &&
	    strspn(text, allowed) >= len && text[len - 1] != ' ';
}

enum fault
multipart_boundary(const char *content_type, char *out, struct fault_info *info)
{
	const char *at = mime_params(content_type);
	struct mime_param p, boundary = { 0 };
	int more;

	while ((more = mime_next(&at, &p)) == 1) {
		if (!mime_param_is(&p, "boundary"))
			continue;
		if (boundary.name != NULL)
			return fault_set(info, FAULT_MULTIPART_SYNTAX,
			    "Content-Type has two boundaries.");
		boundary = p;
	}
	if (more < 0)
		return fault_set(info, FAULT_MULTIPART_SYNTAX,
		    "Content-Type is malformed at byte %zu.",
		    (size_t)(at - content_type));
	if (boundary.name == NULL)
		return fault_set(info, FAULT_MULTIPART_SYNTAX,
		    "Content-Type has no boundary.");
	if (!is_boundary(boundary.value, boundary.value_len))
		return fault_set(info, FAULT_MULTIPART_SYNTAX,
		    "The boundary in Content-Type is not 1 to %d of the "
		    "characters that RFC 2046 allows.",
		    MULTIPART_BOUNDARY_MAX);
	memcpy(out, boundary.value, boundary.value_len);
	out[boundary.value_len] = '\0';
	return FAULT_NONE;
}

struct multipart *
multipart_new(const char *boundary, const struct multipart_events *events)
{
	struct multipart *m = calloc(1, sizeof *m);
	size_t len = strlen(boundary);

	assert(len > 0 && len <= MULTIPART_BOUNDARY_MAX);
	if (m == NULL)
		return NULL;
	m->events = *events;
	memcpy(m->delimiter, "\r\n--", 4);
	memcpy(m->delimiter + 4, boundary, len);
	m->delimiter_len = 4 + len;
	/* The first line of the body may be a delimiter. */
	m->matched = m->lent = 2;
	return m;
}

void
multipart_free(struct multipart *m)
{
	free(m);
}

bool
multipart_is_complete(const struct multipart *m)
{
	return m->state == STATE_EPILOGUE;
}

static enum fault
begin_part(struct multipart *m, struct fault_info *info)
{
	struct part part = { 0 };
	enum fault f = part_read(m->header, m->header_len - 2, m->header_offset,
	    &part, info);

	if (f != FAULT_NONE)
		return f;
	m->in_part = true;
	m->state = STATE_DATA;
	/* The empty line's CRLF may be that of the next delimiter. */
	m->matched = m->lent = 2;
	return m->events.begin(m->events.ctx, &part, info);
}

/* A line has just ended: what no line may hold is told where it is. */
static enum fault
check_line(const struct multipart *m, struct fault_info *info)
{
	const char *line = m->header + m->line;
	size_t len = m->header_len - m->line;
	uint64_t offset = m->header_offset + m->line;
	const char *bad;

	if (len < 2 || line[len - 2] != '\r')
		return part_refuse(info, offset + len - 1,
		    "a header line ends in LF without CR");
	if ((bad = memchr(line, '\0', len)) != NULL)
		return part_refuse(info, offset + (uint64_t)(bad - line),
		    "there is a NUL in a header");
	bad = memchr(line, '\r', len);
	if (bad != line + len - 2)
		return part_refuse(info, offset + (uint64_t)(bad - line),
		    "there is a CR in a header line");
	return FAULT_NONE;
}

static enum fault
take_header(struct multipart *m, const char *p, size_t len, size_t *used,
    struct fault_info *info)
{
	const char *lf = memchr(p, '\n', len);
	size_t n = lf == NULL ? len : (size_t)(lf + 1 - p);
	enum fault f;

	if (n > sizeof m->header - m->header_len)
		return part_refuse(info, m->header_offset,
		    "here begins a part's header of more than " TEXT_OF(
			PART_HEADER_MAX) " bytes");
	memcpy(m->header + m->header_len, p, n);
	m->header_len += n;
	*used = n;
	if (lf == NULL)
		return FAULT_NONE;
	if ((f = check_line(m, info)) != FAULT_NONE)
		return f;
	if (m->header_len - m->line == 2)
		return begin_part(m, info);
	m->line = m->header_len;
	return FAULT_NONE;
}

static enum fault
end_part(struct multipart *m, struct fault_info *info)
{
	if (!m->in_part)
		return FAULT_NONE;
	m->in_part = false;
	return m->events.end(m->events.ctx, info);
}

/* used: bytes of the input up to the header, in this step. */
static enum fault
start_header(struct multipart *m, size_t used, struct fault_info *info)
{
	if (++m->parts > MULTIPART_PARTS_MAX)
		return part_refuse(info, m->offset + used,
		    "here begins a part that is more than " TEXT_OF(
			MULTIPART_PARTS_MAX));
	m->state = STATE_HEADER;
	m->header_len = m->line = 0;
	m->header_offset = m->offset + used;
	return end_part(m, info);
}

static enum fault
give(struct multipart *m, const void *data, size_t len, struct fault_info *info)
{
	if (len == 0 || !m->in_part)
		return FAULT_NONE;
	return m->events.data(m->events.ctx, data, len, info);
}

/* What looked like a delimiter was data. */
static enum fault
give_held(struct multipart *m, struct fault_info *info)
{
	size_t from = m->lent, len = m->matched - from;

	m->matched = m->lent = 0;
	return give(m, m->delimiter + from, len, info);
}

/* How much of the end of p could be the beginning of a delimiter. */
static size_t
partial_match(const struct multipart *m, const char *p, size_t len)
{
	size_t look = len < m->delimiter_len ? len : m->delimiter_len - 1;
	const char *cr = memrchr(p + len - look, '\r', look);
	size_t n;

	if (cr == NULL)
		return 0;
	n = (size_t)(p + len - cr);
	return memcmp(cr, m->delimiter, n) == 0 ? n : 0;
}

/* A match that the last piece of input began. */
static enum fault
go_on_matching(struct multipart *m, const char *p, size_t len, size_t *used,
    struct fault_info *info)
{
	size_t rest = m->delimiter_len - m->matched;
	size_t n = len < rest ? len : rest;

	*used = 0;
	if (memcmp(p, m->delimiter + m->matched, n) != 0)
		return give_held(m, info);
	m->matched += n;
	*used = n;
	return FAULT_NONE;
}

static enum fault
search(struct multipart *m, const char *p, size_t len, size_t *used,
    struct fault_info *info)
{
	const char *hit = memmem(p, len, m->delimiter, m->delimiter_len);
	size_t n;

	if (hit != NULL) {
		n = (size_t)(hit - p);
		m->matched = m->delimiter_len;
	} else {
		m->matched = partial_match(m, p, len);
		n = len - m->matched;
	}
	*used = n + m->matched;
	return give(m, p, n, info);
}

static enum fault
take_data(struct multipart *m, const char *p, size_t len, size_t *used,
    struct fault_info *info)
{
	enum fault f = m->matched > 0 ? go_on_matching(m, p, len, used, info)
				      : search(m, p, len, used, info);

	if (m->matched == m->delimiter_len) {
		m->state = STATE_TAIL;
		m->tail = '\0';
	}
	return f;
}

/* The delimiter and the byte of its tail that came were data all the same. */
static enum fault
take_back(struct multipart *m, struct fault_info *info)
{
	enum fault f = give_held(m, info);

	m->state = STATE_DATA;
	if (f == FAULT_NONE && m->tail == '-')
		f = give(m, "-", 1, info);
	if (m->tail == '\r')
		m->matched = 1; /* this CR may begin the true delimiter */
	return f;
}

static enum fault
take_tail(struct multipart *m, char c, size_t *used, struct fault_info *info)
{
	*used = 1;
	if (m->tail == '-' && c == '-') {
		m->state = STATE_EPILOGUE;
		return end_part(m, info);
	}
	if (m->tail == '\r' && c == '\n')
		return start_header(m, *used, info);
	if (m->tail == '\0' && (c == '-' || c == '\r')) {
		m->tail = c;
		return FAULT_NONE;
	}
	if (m->tail == '\0' && (c == ' ' || c == '\t')) {
		m->state = STATE_PADDING;
		return FAULT_NONE;
	}
	if (m->tail == '\0' && c == '\n')
		return part_refuse(info, m->offset,
		    "a boundary line ends in LF without CR");
	*used = 0;
	return take_back(m, info);
}

static enum fault
take_padding(struct multipart *m, char c, size_t *used, struct fault_info *info)
{
	*used = 1;
	if (m->tail == '\r' && c == '\n')
		return start_header(m, *used, info);
	if (m->tail == '\0' && c == '\r')
		m->tail = c;
	else if (m->tail == '\r' || (c != ' ' && c != '\t'))
		return part_refuse(info, m->offset,
		    "a boundary line has something behind its blanks");
	return FAULT_NONE;
}

enum fault
multipart_feed(struct multipart *m, const void *data, size_t len,
    struct fault_info *info)
{
	const char *p = data;
	enum fault f = FAULT_NONE;

	while (f == FAULT_NONE && len > 0) {
		size_t used = len;

		switch (m->state) {
		case STATE_DATA:
			f = take_data(m, p, len, &used, info);
			break;
		case STATE_TAIL:
			f = take_tail(m, *p, &used, info);
			break;
		case STATE_PADDING:
			f = take_padding(m, *p, &used, info);
			break;
		case STATE_HEADER:
			f = take_header(m, p, len, &used, info);
			break;
		case STATE_EPILOGUE:
			break;
		}
		p += used;
		len -= used;
		m->offset += used;
	}
	return f;
}
