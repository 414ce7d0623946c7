#ifndef FT_SPAN_H
#define FT_SPAN_H

/* Reading of bytes that may be hostile: never outside of what is there. */

#include <stddef.h>
#include <stdint.h>

/* Bytes not looked at yet. */
struct span {
	const uint8_t *at;
	size_t len;
};

/*
 * The only way forward through a file: the next n bytes, which are then
 * behind us, or NULL and no move where there are fewer.
 */
static inline const uint8_t *
span_take(struct span *s, size_t n)
{
	const uint8_t *p = s->at;

	if (n > s->len)
		return NULL;
	s->at += n;
	s->len -= n;
	return p;
}

static inline unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static inline unsigned
le16(const uint8_t *p)
{
	return (unsigned)p[1] << 8 | p[0];
}

static inline uint32_t
le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | le16(p);
}

static inline uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)le16(p + 2) << 16 | le16(p);
}

#endif
