#include "config.h"

/* Steps from chunk to chunk; one that is cut is not there. */

#include "chunk.h"

#include <string.h>

bool
chunk_is(const struct chunk *c, const char *name)
{
	return memcmp(c->name, name, 4) == 0;
}

/* A name, the length of what follows, and that. */
bool
riff_next(struct span *s, struct chunk *out)
{
	const uint8_t *head = span_take(s, 8);

	if (head == NULL)
		return false;
	out->name = head;
	out->body.len = le32(head + 4);
	out->body.at = span_take(s, out->body.len);
	if (out->body.at == NULL)
		return false;
	/* The pad byte of the last chunk is missing in some files. */
	if (out->body.len % 2 != 0)
		(void)span_take(s, 1);
	return true;
}

/* A length, a name, what follows, and a checksum. */
bool
png_next(struct span *s, struct chunk *out)
{
	const uint8_t *head = span_take(s, 8);

	if (head == NULL)
		return false;
	out->name = head + 4;
	out->body.len = be32(head);
	out->body.at = span_take(s, out->body.len);
	return out->body.at != NULL && span_take(s, 4) != NULL;
}

static bool
find(struct span s, bool (*next)(struct span *, struct chunk *),
    const char *name, struct span *out)
{
	struct chunk c;

	while (next(&s, &c)) {
		if (!chunk_is(&c, name))
			continue;
		*out = c.body;
		return true;
	}
	return false;
}

bool
riff_find(struct span s, const char *name, struct span *out)
{
	return find(s, riff_next, name, out);
}

bool
png_find(struct span file, const char *name, struct span *out)
{
	return span_take(&file, 8) != NULL && find(file, png_next, name, out);
}
