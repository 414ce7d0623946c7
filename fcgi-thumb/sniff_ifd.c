#include "config.h"

/*
 * Looks up fields in a TIFF's directories, in the file's byte order. A field
 * whose values lie outside of the file is as if it were not there.
 */

#include "sniff_ifd.h"

#include <string.h>

enum field_type {
	BYTE = 1,
	SHORT = 3,
	LONG,
	RATIONAL,
	SBYTE,
	UNDEFINED,
	SSHORT,
	SLONG,
	SRATIONAL,
	FLOAT,
	DOUBLE,
	IFD,
	TYPE_COUNT
};

static unsigned
number16(const struct tiff *t, const uint8_t *p)
{
	return t->is_big ? be16(p) : le16(p);
}

static uint32_t
number32(const struct tiff *t, const uint8_t *p)
{
	return t->is_big ? be32(p) : le32(p);
}

/* The bytes [at, at + n) of the file, or NULL. */
static const uint8_t *
bytes_at(const struct tiff *t, uint32_t at, uint64_t n)
{
	if (at > t->file.len || n > t->file.len - at)
		return NULL;
	return t->file.at + at;
}

bool
tiff_open(struct span file, struct tiff *out)
{
	struct tiff t = { .file = file };

	if (file.len < 8)
		return false;
	t.is_big = memcmp(file.at, "MM\0*", 4) == 0;
	if (!t.is_big && memcmp(file.at, "II*\0", 4) != 0)
		return false;
	t.first = number32(&t, file.at + 4);
	*out = t;
	return true;
}

bool
tiff_ifd(const struct tiff *t, uint32_t at, struct tiff_ifd *out)
{
	const uint8_t *p = bytes_at(t, at, 2);
	unsigned n;

	if (p == NULL)
		return false;
	n = number16(t, p);
	p = bytes_at(t, at, 2 + 12ull * n + 4);
	if (p == NULL)
		return false;
	out->entries = p + 2;
	out->n = n;
	out->next = number32(t, p + 2 + 12 * (size_t)n);
	return true;
}

bool
tiff_ifd_part(const struct tiff *t, uint32_t at, struct tiff_ifd *out)
{
	const uint8_t *p = bytes_at(t, at, 2);
	size_t there;

	if (p == NULL)
		return false;
	there = (t->file.len - at - 2) / 12;
	*out = (struct tiff_ifd){ .entries = p + 2, .n = number16(t, p) };
	if (out->n > there)
		out->n = (unsigned)there;
	return true;
}

/* Bytes of a value; 0 for a type that nobody knows. */
static unsigned
type_bytes(unsigned type)
{
	static const unsigned char bytes[TYPE_COUNT] = { [BYTE] = 1,
		[TIFF_ASCII] = 1,
		[SHORT] = 2,
		[LONG] = 4,
		[RATIONAL] = 8,
		[SBYTE] = 1,
		[UNDEFINED] = 1,
		[SSHORT] = 2,
		[SLONG] = 4,
		[SRATIONAL] = 8,
		[FLOAT] = 4,
		[DOUBLE] = 8,
		[IFD] = 4 };

	if (type == TIFF_UTF8)
		return 1;
	return type < TYPE_COUNT ? bytes[type] : 0;
}

/* False where its values do not lie in the file. */
static bool
read_field(const struct tiff *t, const uint8_t *entry, struct tiff_field *out)
{
	uint64_t len;

	out->type = number16(t, entry + 2);
	out->n = number32(t, entry + 4);
	len = (uint64_t)out->n * type_bytes(out->type);
	/* What fits into four bytes stands in place of its offset. */
	out->values =
	    len <= 4 ? entry + 8 : bytes_at(t, number32(t, entry + 8), len);
	return out->values != NULL;
}

bool
tiff_ifd_is_whole(const struct tiff *t, const struct tiff_ifd *ifd)
{
	struct tiff_field any;

	for (unsigned i = 0; i < ifd->n; i++) {
		if (!read_field(t, ifd->entries + 12 * (size_t)i, &any))
			return false;
	}
	return true;
}

bool
tiff_field(const struct tiff *t, const struct tiff_ifd *ifd, enum tiff_tag tag,
    struct tiff_field *out)
{
	for (unsigned i = 0; i < ifd->n; i++) {
		const uint8_t *entry = ifd->entries + 12 * (size_t)i;

		if (number16(t, entry) == (unsigned)tag)
			return read_field(t, entry, out) && out->n > 0 &&
			    type_bytes(out->type) > 0;
	}
	return false;
}

unsigned
tiff_value_bytes(const struct tiff_field *field)
{
	return type_bytes(field->type);
}

uint32_t
tiff_value(const struct tiff *t, const struct tiff_field *field, uint32_t i)
{
	if (i >= field->n)
		return 0;
	switch (field->type) {
	case BYTE:
		return field->values[i];
	case SHORT:
		return number16(t, field->values + 2 * (size_t)i);
	case LONG:
	case IFD:
		return number32(t, field->values + 4 * (size_t)i);
	}
	return 0;
}

uint32_t
tiff_number(const struct tiff *t, const struct tiff_ifd *ifd, enum tiff_tag tag,
    uint32_t fallback)
{
	struct tiff_field field;

	return tiff_field(t, ifd, tag, &field) ? tiff_value(t, &field, 0)
					       : fallback;
}

struct span
exif_tiff(struct span exif)
{
	if (exif.len >= 6 && memcmp(exif.at, "Exif\0\0", 6) == 0)
		(void)span_take(&exif, 6);
	return exif;
}

unsigned
tiff_orientation(struct span exif)
{
	struct tiff tiff;
	struct tiff_ifd ifd;
	uint32_t orientation = 1;

	if (tiff_open(exif, &tiff) && tiff_ifd(&tiff, tiff.first, &ifd))
		orientation = tiff_number(&tiff, &ifd, TIFF_ORIENTATION, 1);
	return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/* How many of these fields the directory has. */
static unsigned
count_fields(const struct tiff *t, const struct tiff_ifd *ifd,
    enum tiff_tag tag)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ifd->n; i++)
		n +=
		    number16(t, ifd->entries + 12 * (size_t)i) == (unsigned)tag;
	return n;
}

/* Is there none in the directory of what the camera did? */
static bool
is_not_below(const struct tiff *t, const struct tiff_ifd *ifd)
{
	const uint32_t at = tiff_number(t, ifd, TIFF_EXIF_IFD, 0);
	struct tiff_ifd below;

	return at == 0 || !tiff_ifd_part(t, at, &below) ||
	    count_fields(t, &below, TIFF_ORIENTATION) == 0;
}

bool
tiff_orientation_is_plain(struct span exif)
{
	struct tiff tiff;
	struct tiff_ifd ifd;
	struct tiff_field field;

	if (!tiff_open(exif, &tiff) || !tiff_ifd(&tiff, tiff.first, &ifd) ||
	    !is_not_below(&tiff, &ifd))
		return false;
	if (count_fields(&tiff, &ifd, TIFF_ORIENTATION) == 0)
		return true;
	return count_fields(&tiff, &ifd, TIFF_ORIENTATION) == 1 &&
	    tiff_field(&tiff, &ifd, TIFF_ORIENTATION, &field) &&
	    field.type == SHORT && field.n == 1;
}
