#include "config.h"

/*
 * Reads what a HEIF file (ISO/IEC 23008-12) says of its primary picture: HEIC
 * where it is coded in HEVC, AVIF where it is in AV1, whatever the brands say;
 * the size after the container's own transformations, which the decoder
 * applies; and what it leaves to be done. Decoders allocate by the sizes that
 * derived pictures (grids, overlays) tell, so those must agree with the
 * picture's. Decodes nothing.
 */

#include "sniff_coded.h"
#include "sniff_ifd.h"
#include "sniff_item.h"

#define NESTING_MAX 4

static enum fault
corrupt(struct fault_info *info)
{
	return fault_set(info, FAULT_CORRUPT_IMAGE,
	    "The HEIF container is malformed or contradicts itself.");
}

/* --- derived pictures --- */

/* 6.6.2.3: a grid's or an overlay's own header. */
struct derived {
	uint32_t rows, columns;
	uint32_t width, height;
};

static bool
read_derived(struct search *s, uint32_t id, uint32_t type, struct derived *out)
{
	struct span data;
	const uint8_t *p;
	uint64_t rows = 0, columns = 0, fill, width, height;
	unsigned bytes;

	if (!heif_item_data(s->heif, id, &s->steps, &data) ||
	    (p = span_take(&data, 2)) == NULL)
		return false;
	bytes = (p[1] & 1) != 0 ? 4 : 2;
	if (type == FOURCC("grid") ? !box_number(&data, 1, &rows) ||
		    !box_number(&data, 1, &columns)
				   : !box_number(&data, 8, &fill))
		return false;
	if (!box_number(&data, bytes, &width) ||
	    !box_number(&data, bytes, &height))
		return false;
	*out = (struct derived){ (uint32_t)rows + 1, (uint32_t)columns + 1,
		(uint32_t)width, (uint32_t)height };
	return true;
}

/* What the decoder would allocate must be what the picture's size says. */
static bool
fits(const struct item *whole, const struct derived *d, const struct item *part)
{
	if (whole->type == FOURCC("iovl"))
		return part->width <= d->width && part->height <= d->height;
	return (uint64_t)part->width * d->columns >= d->width &&
	    (uint64_t)part->height * d->rows >= d->height &&
	    (uint64_t)part->width * (d->columns - 1) < d->width &&
	    (uint64_t)part->height * (d->rows - 1) < d->height;
}

static bool
is_derived(uint32_t type)
{
	return type == FOURCC("grid") || type == FOURCC("iden") ||
	    type == FOURCC("iovl");
}

/* The size before the transformations is the one that is derived. */
static bool
check_canvas(struct search *s, uint32_t id, const struct item *item,
    struct derived *out)
{
	return read_derived(s, id, item->type, out) &&
	    item->plain_width == out->width &&
	    item->plain_height == out->height;
}

/* Its own coding must not claim more than the container. */
static bool
check_coded(struct search *s, uint32_t id, const struct item *item)
{
	bool is_hevc = item->type == FOURCC("hvc1");
	struct span data;

	if (!is_hevc && item->type != FOURCC("av01"))
		return true;
	return heif_item_data(s->heif, id, &s->steps, &data) &&
	    (is_hevc ? coded_hevc_fits : coded_av1_fits)(item->config, data,
		item->plain_width, item->plain_height, &s->steps);
}

/* The coded pictures that one is made of and brings along. */
struct coded {
	uint32_t type;   /* of all of them */
	uint64_t pixels; /* of the largest, before it is cropped */
};

/*
 * Adds this one and its own to *coded, which is all zeros before the first.
 * False where they contradict it or each other, or cannot be looked at.
 */
static bool find_coded(struct search *s, uint32_t id, const struct item *item,
    unsigned nesting, struct coded *coded);

static bool
find_coded_parts(struct search *s, uint32_t id, const struct item *item,
    unsigned nesting, struct coded *coded)
{
	struct links inputs;
	struct derived canvas = { 0 };
	struct item part;
	uint32_t to;

	if (nesting == 0 || !item_inputs(s, id, &inputs) || inputs.n == 0 ||
	    (item->type == FOURCC("iden")
		    ? inputs.n != 1
		    : !check_canvas(s, id, item, &canvas)) ||
	    (item->type == FOURCC("grid") &&
		inputs.n != (uint64_t)canvas.rows * canvas.columns))
		return false;
	for (; inputs.n > 0; inputs.n--) {
		if (!box_item(&inputs.to, inputs.is_long, &to) ||
		    !item_read(s, to, &part) ||
		    (item->type != FOURCC("iden") &&
			!fits(item, &canvas, &part)) ||
		    !find_coded(s, to, &part, nesting - 1, coded))
			return false;
	}
	return true;
}

/* Is it not to cost more than the picture that it is decoded with? */
static bool
is_within(const struct item *small, const struct item *large)
{
	return (small->width <= large->width &&
		   small->height <= large->height) ||
	    (small->width <= large->height && small->height <= large->width);
}

/* A picture whose alpha is looked at. */
struct bearer {
	const struct item *item;
	unsigned nesting;
	struct coded *coded;
};

/* What is there but cannot be read may be alpha all the same. */
static bool
is_bad_alpha(struct search *s, uint32_t id, void *ctx)
{
	const struct bearer *b = ctx;
	struct item alpha = { 0 };

	if (!item_read_type(s, id, &alpha))
		return false;
	if (!item_read(s, id, &alpha))
		return true;
	return alpha.is_alpha &&
	    (b->nesting == 0 || !is_within(&alpha, b->item) ||
		!find_coded(s, id, &alpha, b->nesting - 1, b->coded));
}

/*
 * Every one that it could have: of several the decoder takes which it likes,
 * and also those of its parts, and those of an alpha.
 */
static bool
check_alphas(struct search *s, uint32_t id, struct bearer bearer)
{
	return !item_linked_to(s, "auxl", id, is_bad_alpha, &bearer) &&
	    s->steps > 0;
}

static bool
find_coded(struct search *s, uint32_t id, const struct item *item,
    unsigned nesting, struct coded *coded)
{
	uint64_t pixels = (uint64_t)item->plain_width * item->plain_height;

	if (is_derived(item->type)) {
		if (!find_coded_parts(s, id, item, nesting, coded))
			return false;
	} else {
		if ((coded->type != 0 && coded->type != item->type) ||
		    !check_coded(s, id, item))
			return false;
		coded->type = item->type;
	}
	if (pixels > coded->pixels)
		coded->pixels = pixels;
	return check_alphas(s, id, (struct bearer){ item, nesting, coded });
}

/* --- what remains to be done --- */

struct alpha {
	uint32_t id;
	struct item item;
};

static bool
is_alpha(struct search *s, uint32_t id, void *ctx)
{
	struct alpha *alpha = ctx;

	alpha->id = id;
	return item_read(s, id, &alpha->item) && alpha->item.is_alpha;
}

/* The decoder takes the alpha for the picture when it is the primary item. */
static void
guide_alpha(struct search *s, const struct item *item, struct sniff_guide *out)
{
	const struct heif *h = s->heif;
	struct alpha alpha;

	if (!item_linked_to(s, "auxl", h->primary, is_alpha, &alpha) ||
	    (h->primary_bytes == 2 && alpha.id > 0xffff))
		return;
	out->alpha.at = h->primary_at;
	out->alpha.n = h->primary_bytes;
	for (unsigned i = 0; i < h->primary_bytes; i++)
		out->alpha.bytes[i] =
		    (uint8_t)(alpha.id >> 8 * (h->primary_bytes - 1 - i));
	out->alpha_width = alpha.item.width;
	out->alpha_height = alpha.item.height;
	/* There are files where the picture alone is turned. */
	out->alpha_orientation =
	    alpha.item.is_turned ? 1 : turn_orientation(&item->turn);
}

/* Its data begin with the offset of the TIFF in what follows (A.2.1). */
static bool
is_exif(struct search *s, uint32_t id, void *ctx)
{
	struct item item = { 0 };
	struct span data;
	uint64_t skip;

	if (!item_read_type(s, id, &item) || item.type != FOURCC("Exif") ||
	    !heif_item_data(s->heif, id, &s->steps, &data) ||
	    !box_number(&data, 4, &skip) ||
	    span_take(&data, (size_t)skip) == NULL)
		return false;
	*(unsigned *)ctx = tiff_orientation(data);
	return true;
}

void
sniff_heif_guide(struct span file, struct sniff_guide *out)
{
	struct heif heif;
	struct search s = { .heif = &heif, .steps = SEARCH_STEPS };
	struct item item;

	out->orientation = 1;
	if (!heif_open(file, &heif) || !item_read(&s, heif.primary, &item))
		return;
	guide_alpha(&s, &item, out);
	if (!item.is_turned)
		(void)item_linked_to(&s, "cdsc", heif.primary, is_exif,
		    &out->orientation);
}

/* --- the picture --- */

/* The brands of still pictures and of sequences of them (Annex B). */
static bool
is_brand(uint32_t brand)
{
	static const char *const brands[] = { "mif1", "mif2", "msf1", "heic",
		"heix", "heim", "heis", "hevc", "hevx", "avif", "avis" };

	for (size_t i = 0; i < sizeof brands / sizeof brands[0]; i++) {
		if (brand == FOURCC(brands[i]))
			return true;
	}
	return false;
}

bool
sniff_is_heif(struct span file)
{
	struct box ftyp;
	uint64_t brand;
	bool is_major = true;

	/* A cut one counts by its major brand alone. */
	if (!box_next(&file, &ftyp))
		return file.len >= 4 && is_brand(be32(file.at));
	while (
	    ftyp.type == FOURCC("ftyp") && box_number(&ftyp.body, 4, &brand)) {
		if (is_brand((uint32_t)brand))
			return true;
		if (is_major) /* then comes its version, and the others */
			(void)span_take(&ftyp.body, 4);
		is_major = false;
	}
	return false;
}

static enum fault
refuse_kind(uint32_t type, struct fault_info *info)
{
	char name[5] = { (char)(type >> 24), (char)(type >> 16),
		(char)(type >> 8), (char)type, '\0' };

	for (int i = 0; i < 4; i++) {
		if (name[i] < '0' || name[i] > 'z')
			name[i] = '?';
	}
	return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
	    "This HEIF file holds a picture of a kind (\"%s\") that is not "
	    "accepted; HEVC and AV1 are.",
	    name);
}

enum fault
sniff_heif(struct span file, struct sniff *out, struct fault_info *info)
{
	struct heif heif;
	struct search s = { .heif = &heif, .steps = SEARCH_STEPS };
	struct span any;
	struct item item;
	struct coded coded = { 0 };

	if (!heif_open(file, &heif)) {
		if (box_find(file, "moov", &any))
			return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
			    "This is a sequence of pictures without a still "
			    "one.");
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The HEIF file ends before its picture is told, or tells "
		    "it twice.");
	}
	if (!item_read(&s, heif.primary, &item) ||
	    !find_coded(&s, heif.primary, &item, NESTING_MAX, &coded))
		return corrupt(info);
	if (item.is_protected)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "The picture in this HEIF file is protected.");
	if (coded.type != FOURCC("hvc1") && coded.type != FOURCC("av01"))
		return refuse_kind(coded.type, info);
	*out = (struct sniff){
		.format =
		    coded.type == FOURCC("av01") ? FORMAT_AVIF : FORMAT_HEIC,
		.width = item.width,
		.height = item.height,
		.frames = 1,
		.unpacked = coded.pixels,
	};
	return FAULT_NONE;
}
