#include "config.h"

/* HEIC, AVIF, TIFF and BMP; what is no picture at all; and damage to all. */

#include "sniff.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "support.h"
#include "whole.h"

#define BYTES(text) text, sizeof(text) - 1

static char *
load(const char *name, size_t *len)
{
	char path[64];

	(void)snprintf(path, sizeof path, "data/%s", name);
	return test_data(path, len);
}

static const struct {
	const char *name;
	enum format format;
	unsigned width, height, frames;
	unsigned orientation; /* that is left to be done */
} files[] = {
	{ "scene.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "brand-avif.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "deep.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "crop.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "grid.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "identity.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "overlay.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "alpha.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "alphas.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "turned-box-6.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "turned-exif-3.heic", FORMAT_HEIC, 180, 120, 1, 3 },
	{ "turned-exif-6.heic", FORMAT_HEIC, 120, 180, 1, 6 },
	{ "turned-both-6.heic", FORMAT_HEIC, 180, 120, 1, 1 },
	{ "scene.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "deep.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "gray.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "alpha.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "sequence.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "turned-box-8.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "turned-exif-6.avif", FORMAT_AVIF, 120, 180, 1, 6 },
	{ "turned-both-3.avif", FORMAT_AVIF, 180, 120, 1, 1 },
	{ "pages.tif", FORMAT_TIFF, 180, 120, 3, 1 },
	{ "deep.tif", FORMAT_TIFF, 180, 120, 1, 1 },
	{ "turned-6.tif", FORMAT_TIFF, 120, 180, 1, 6 },
	{ "turned-tiles-3.tif", FORMAT_TIFF, 180, 120, 1, 3 },
	{ "plain.bmp", FORMAT_BMP, 90, 60, 1, 0 },
	{ "core.bmp", FORMAT_BMP, 90, 60, 1, 0 },
	{ "runs.bmp", FORMAT_BMP, 90, 60, 1, 0 },
	{ "topdown.bmp", FORMAT_BMP, 90, 60, 1, 0 },
	{ "alpha-v4.bmp", FORMAT_BMP, 90, 60, 1, 0 },
	{ "alpha-v5.bmp", FORMAT_BMP, 90, 60, 1, 0 },
	{ "motion.jpg", FORMAT_JPEG, 180, 120, 1, 0 },
	{ "gainmap.jpg", FORMAT_JPEG, 180, 120, 1, 0 },
};

START_TEST(a_real_file_is_recognised)
{
	struct fault_info info = { 0 };
	struct sniff got = { 0 };
	struct sniff_guide guide;
	size_t len;
	char *data = load(files[_i].name, &len);
	enum fault f = sniff_read(data, len, &got, &info);

	ck_assert_msg(f == FAULT_NONE, "%s: %s", files[_i].name, info.detail);
	ck_assert_msg(got.format == files[_i].format &&
		got.width == files[_i].width &&
		got.height == files[_i].height &&
		got.frames == files[_i].frames,
	    "%s: format %d, %u x %u, %u frames", files[_i].name,
	    (int)got.format, got.width, got.height, got.frames);
	sniff_guide(data, len, &got, &guide);
	ck_assert_msg(guide.orientation == files[_i].orientation,
	    "%s: orientation %u", files[_i].name, guide.orientation);
	ck_assert_msg(whole_file(data, len, got.format), "%s", files[_i].name);
	free(data);
}
END_TEST

/* A file in which some bytes from `at` behind the start of `find` differ. */
static const struct {
	const char *why;
	const char *name;
	const char *find;
	size_t find_len;
	size_t at;
	const char *put;
	size_t put_len;
	enum fault want;
	const char *detail; /* a part of it */
} changes[] = {
#define CORRUPT FAULT_CORRUPT_IMAGE
#define OTHER FAULT_UNSUPPORTED_FORMAT
#define GRID "\0\0\1\1\0\xb4\0\x78" /* 2 x 2 tiles, 180 x 120 px */
	{ "another coding", "scene.heic", BYTES("hvc1"), 0, BYTES("jpeg"),
	    OTHER, "\"jpeg\"" },
	{ "words that are no letters", "scene.heic", BYTES("hvc1"), 0,
	    BYTES("\"<\n>"), OTHER, "\"?<?>\"" },
	{ "a protected picture", "scene.heic", BYTES("\0\0hvc1"), 0,
	    BYTES("\0\1"), OTHER, "protected" },
	{ "the other coding", "scene.avif", BYTES("av01"), 0, BYTES("hvc1"),
	    FAULT_NONE, "" },
	{ "no such primary item", "scene.heic", BYTES("pitm"), 8, BYTES("\0\7"),
	    CORRUPT, "contradicts" },
	{ "no primary item", "scene.heic", BYTES("pitm"), 0, BYTES("free"),
	    CORRUPT, "ends before" },
	{ "no list of items", "scene.heic", BYTES("iinf"), 0, BYTES("free"),
	    CORRUPT, "contradicts" },
	{ "items without a type", "scene.heic", BYTES("infe"), 4, BYTES("\1"),
	    CORRUPT, "contradicts" },
	{ "no properties", "scene.heic", BYTES("ipma"), 0, BYTES("free"),
	    CORRUPT, "contradicts" },
	{ "no size", "scene.heic", BYTES("ispe"), 0, BYTES("free"), CORRUPT,
	    "contradicts" },
	{ "a width of 0", "scene.heic", BYTES("ispe"), 8, BYTES("\0\0\0\0"),
	    CORRUPT, "contradicts" },
	{ "a height over 31 bits", "scene.heic", BYTES("ispe"), 12,
	    BYTES("\x80\0\0\0"), CORRUPT, "contradicts" },
	{ "a grid that is larger than its picture", "grid.heic", BYTES(GRID), 4,
	    BYTES("\xff\xff"), CORRUPT, "contradicts" },
	{ "a grid of more tiles than there are", "grid.heic", BYTES(GRID), 2,
	    BYTES("\xff"), CORRUPT, "contradicts" },
	{ "a grid of fewer tiles than there are", "grid.heic", BYTES(GRID), 2,
	    BYTES("\0\0"), CORRUPT, "contradicts" },
	{ "tiles of another coding", "grid.heic", BYTES("hvc1"), 0,
	    BYTES("av01"), CORRUPT, "contradicts" },
	{ "tiles of no size", "grid.heic", BYTES("\0\0\0\x60\0\0\0\x40"), 0,
	    BYTES("\0\0\0\0"), CORRUPT, "contradicts" },
	{ "tiles that are too large", "grid.heic",
	    BYTES("\0\0\0\x60\0\0\0\x40"), 0, BYTES("\0\1\0\0"), CORRUPT,
	    "contradicts" },
	{ "tiles that are too small", "grid.heic",
	    BYTES("\0\0\0\x60\0\0\0\x40"), 0, BYTES("\0\0\0\x10"), CORRUPT,
	    "contradicts" },
	{ "a grid of itself", "grid.heic", BYTES("dimg\0\1\0\4"), 8,
	    BYTES("\0\1"), CORRUPT, "contradicts" },
	{ "a grid without tiles", "grid.heic", BYTES("dimg"), 0, BYTES("free"),
	    CORRUPT, "contradicts" },
	{ "an identity of itself", "identity.heic", BYTES("dimg\0\1\0\1"), 8,
	    BYTES("\0\1"), CORRUPT, "contradicts" },
	{ "an overlay of larger parts", "overlay.heic", BYTES("iovl"), 0,
	    BYTES("grid"), CORRUPT, "contradicts" },
	{ "a crop of nothing", "crop.heic", BYTES("clap"), 4, BYTES("\0\0\0\0"),
	    CORRUPT, "contradicts" },
	{ "a crop by 0", "crop.heic", BYTES("clap"), 8, BYTES("\0\0\0\0"),
	    CORRUPT, "contradicts" },
	{ "hevc that is wider than its container", "scene.heic", BYTES("ispe"),
	    8, BYTES("\0\0\0\x40"), CORRUPT, "contradicts" },
	{ "hevc that is higher than its container", "scene.heic", BYTES("ispe"),
	    12, BYTES("\0\0\0\x40"), CORRUPT, "contradicts" },
	{ "10 bits that are wider than their container", "deep.heic",
	    BYTES("ispe"), 8, BYTES("\0\0\0\x40"), CORRUPT, "contradicts" },
	{ "av1 that is wider than its container", "scene.avif", BYTES("ispe"),
	    8, BYTES("\0\0\0\x40"), CORRUPT, "contradicts" },
	{ "av1 that is higher than its container", "scene.avif", BYTES("ispe"),
	    12, BYTES("\0\0\0\x40"), CORRUPT, "contradicts" },
	{ "a sequence that is wider than its container", "sequence.avif",
	    BYTES("ispe"), 8, BYTES("\0\0\0\x40"), CORRUPT, "contradicts" },
	{ "alpha that is larger than its picture", "alpha-large.heic",
	    BYTES("ftyp"), 0, BYTES("ftyp"), CORRUPT, "contradicts" },
	{ "what only looks like alpha", "alpha-large.heic", BYTES("auxid:1"), 0,
	    BYTES("auxid:2"), FAULT_NONE, "" },
#define AUXL "auxl\0\4\0\1\0\5" /* the larger alpha: whose is it? */
	{ "a second alpha that is larger", "alphas.heic", BYTES(AUXL), 8,
	    BYTES("\0\1"), CORRUPT, "contradicts" },
	{ "larger alpha of a part", "alphas.heic", BYTES(AUXL), 8,
	    BYTES("\0\2"), CORRUPT, "contradicts" },
	{ "larger alpha of the alpha", "alphas.heic", BYTES(AUXL), 8,
	    BYTES("\0\3"), CORRUPT, "contradicts" },
	{ "alpha that is larger than it says", "alpha-large.heic",
	    BYTES("\0\0\1\x68\0\0\0\xf0"), 0, BYTES("\0\0\0\xb4\0\0\0\x78"),
	    CORRUPT, "contradicts" },
	{ "alpha of no size", "alpha-large.heic", BYTES("\0\0\1\x68"), 0,
	    BYTES("\0\0\0\0"), CORRUPT, "contradicts" },
	{ "alpha of another coding", "alpha.heic", BYTES("\0\2\0\0hvc1"), 4,
	    BYTES("av01"), CORRUPT, "contradicts" },
	{ "an auxiliary picture that is not there", "alpha.heic",
	    BYTES("auxl\0\2"), 4, BYTES("\0\7"), FAULT_NONE, "" },
	{ "a sequence alone", "sequence.avif", BYTES("meta"), 0, BYTES("free"),
	    OTHER, "sequence" },

	{ "tiff without a directory", "deep.tif", BYTES("MM\0*"), 4,
	    BYTES("\x7f"), CORRUPT, "ends before" },
	{ "tiff of 64 bits", "deep.tif", BYTES("MM\0*"), 3, BYTES("+"), OTHER,
	    "like a TIFF of 64 bits" },
	{ "tiff that contradicts its order", "deep.tif", BYTES("MM\0*"), 0,
	    BYTES("II"), OTHER, "Accepted are" },
	{ "tiff compressed otherwise", "deep.tif", BYTES("\1\3\0\3\0\0\0\1"), 8,
	    BYTES("\x87\x98"), OTHER, "in a way (34712)" },
	{ "tiff of 0 px", "deep.tif", BYTES("\1\0\0\4\0\0\0\1"), 8,
	    BYTES("\0\0\0\0"), CORRUPT, "0 x 120" },
	{ "tiff in CIELab", "deep.tif", BYTES("\1\6\0\3\0\0\0\1"), 8,
	    BYTES("\0\x08"), OTHER, "colours (8)" },
	{ "tiff of a sensor's mosaic", "deep.tif", BYTES("\1\6\0\3\0\0\0\1"), 8,
	    BYTES("\x80\x23"), OTHER, "camera's raw file" },
	{ "tiff of too many samples", "deep.tif", BYTES("\1\x15\0\3\0\0\0\1"),
	    8, BYTES("\xff\xff"), OTHER, "65535 samples" },
	{ "a camera's mark", "deep.tif", BYTES("MM\0*"), 8, BYTES("CR\2\0"),
	    OTHER, "like a camera's raw file." },
	{ "a preview above the photo", "raw.nef", BYTES("II*\0"), 0,
	    BYTES("II*\0"), OTHER, "like a camera's raw file." },
	{ "a digital negative", "raw.dng", BYTES("II*\0"), 0, BYTES("II*\0"),
	    OTHER, "like a camera's raw file." },

	{ "bmp with a JPEG inside", "plain.bmp", BYTES("BM"), 30, BYTES("\4"),
	    OTHER, "in a way (4)" },
	{ "bmp of no depth", "plain.bmp", BYTES("BM"), 28, BYTES("\0"), CORRUPT,
	    "0 bits" },
	{ "bmp of a depth that its coding has not", "runs.bmp", BYTES("BM"), 28,
	    BYTES("\x18"), CORRUPT, "24 bits" },
	{ "bmp of no width", "plain.bmp", BYTES("BM"), 18, BYTES("\0\0\0\0"),
	    CORRUPT, "0 x 60" },
	{ "bmp of 2^31 rows", "plain.bmp", BYTES("BM"), 22, BYTES("\0\0\0\x80"),
	    CORRUPT, "2147483648" },
	{ "bmp of an unknown header", "plain.bmp", BYTES("BM"), 14,
	    BYTES("\x0b"), CORRUPT, "malformed" },
	{ "bmp with a header of 4 GB", "plain.bmp", BYTES("BM"), 14,
	    BYTES("\xff\xff\xff\xff"), CORRUPT, "malformed" },
	{ "bmp with something reserved", "plain.bmp", BYTES("BM"), 6,
	    BYTES("\1"), OTHER, "Accepted are" },
};

START_TEST(a_changed_file_is_judged_in_words)
{
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len;
	char *data = load(changes[_i].name, &len);
	char *at = memmem(data, len, changes[_i].find, changes[_i].find_len);
	enum fault f;

	ck_assert_msg(at != NULL, "%s", changes[_i].why);
	memcpy(at + changes[_i].at, changes[_i].put, changes[_i].put_len);
	f = sniff_read(data, len, &got, &info);
	ck_assert_msg(f == changes[_i].want, "%s: %s, %s", changes[_i].why,
	    fault_code(f), info.detail);
	ck_assert_msg(strstr(info.detail, changes[_i].detail) != NULL, "%s: %s",
	    changes[_i].why, info.detail);
	free(data);
}
END_TEST

/*
 * A picture that is wider than its container says is refused, wherever its
 * coding says so, and whatever stands in front of that.
 */
#define EDITS_MAX 3
static const struct {
	const char *why;
	struct {
		const char *find;
		size_t find_len;
		size_t at; /* behind the start of `find` */
		const char *put;
		size_t put_len;
	} edits[EDITS_MAX];
} hidings[] = {
/* No parameter set stands in hvcC, but a message. */
#define NO_SET                                        \
	{                                             \
		BYTES("\x2c\x42\1"), 1, BYTES("\x4e") \
	}
#define DATA BYTES("\0\0\x08\xa0\x28\1"), 0
#define SET                                                          \
	"\0\0\0\x2c\x42\1\1\3\x70\0\0\3\0\x90\0\0\3\0\0\3\0\x1e\xa0" \
	"\x17\x20\x79\xdf\x96"
	{ "an empty unit in hvcC",
	    { { BYTES("\x20\0\1\0\x18\x40"), 1, BYTES("\0\2\0\0\0\x16") } } },
	{ "the data", { NO_SET, { DATA, BYTES(SET) } } },
	{ "an empty unit in the data",
	    { NO_SET, { DATA, BYTES("\0\0\0\0" SET) } } },
	{ "lengths that are told to have 1 byte",
	    { NO_SET, { DATA, BYTES(SET) },
		{ BYTES("\x0f\3\x20\0\1"), 0, BYTES("\x0c") } } },
	{ "a second hvcC", { { BYTES("pixi"), 0, BYTES("hvcC") } } },
	{ "a config of the other coding",
	    { { BYTES("pixi"), 0, BYTES("av1C") } } },
};

static void
put(char *data, size_t len, const char *find, size_t find_len, size_t at,
    const char *bytes, size_t n)
{
	char *found = memmem(data, len, find, find_len);

	ck_assert_ptr_nonnull(found);
	memcpy(found + at, bytes, n);
}

START_TEST(nothing_hides_what_the_coding_says)
{
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len;
	char *data = load("scene.heic", &len);

	for (size_t i = 0; i < EDITS_MAX && hidings[_i].edits[i].find; i++)
		put(data, len, hidings[_i].edits[i].find,
		    hidings[_i].edits[i].find_len, hidings[_i].edits[i].at,
		    hidings[_i].edits[i].put, hidings[_i].edits[i].put_len);
	put(data, len, BYTES("ispe"), 8, BYTES("\0\0\0\x40"));
	ck_assert_msg(sniff_read(data, len, &got, &info) == CORRUPT, "%s",
	    hidings[_i].why);
	ck_assert_ptr_nonnull(strstr(info.detail, "contradicts"));
	free(data);
}
END_TEST

/* The decoder takes the other one. */
START_TEST(a_second_meta_is_refused)
{
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len, meta_len;
	char *data = load("scene.heic", &len), *twice, *meta;

	meta = (char *)memmem(data, len, "meta", 4) - 4;
	meta_len = (size_t)(unsigned char)meta[2] << 8 | (unsigned char)meta[3];
	twice = malloc(len + meta_len);
	ck_assert_ptr_nonnull(twice);
	memcpy(twice, data, len);
	memcpy(twice + len, meta, meta_len);
	ck_assert_int_eq(sniff_read(twice, len + meta_len, &got, &info),
	    CORRUPT);
	ck_assert_ptr_nonnull(strstr(info.detail, "twice"));
	free(twice);
	free(data);
}
END_TEST

/* 180 x 120 px are left of 30000 x 30000. */
START_TEST(what_is_unpacked_for_it_is_limited)
{
	const struct limits allowed = { .side = 16000,
		.pixels = 64000000,
		.frames = 1 };
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len;
	char *data = load("crop.heic", &len);

	put(data, len, BYTES("\0\0\0\xdc\0\0\0\x78"), 0,
	    BYTES("\0\0\x75\x30\0\0\x75\x30"));
	ck_assert_int_eq(sniff_read(data, len, &got, &info), FAULT_NONE);
	ck_assert_uint_eq(got.width, 180);
	ck_assert_int_eq(sniff_check(&got, &allowed, &info),
	    FAULT_TOO_MANY_PIXELS);
	ck_assert_uint_eq(info.actual, 900000000);
	free(data);
}
END_TEST

static char *
put_be(char *at, size_t n, unsigned bytes)
{
	while (bytes-- > 0)
		*at++ = (char)(n >> 8 * bytes);
	return at;
}

/*
 * So many links stand in front of that of the alpha that nobody gets to it. They
 * are in a second meta box, behind the first, which is free space then: so all
 * offsets stay.
 */
#define LINKS 62u
#define LINK_IDS 65535u
START_TEST(no_number_of_links_hides_an_alpha)
{
	const size_t link_len = 8 + 4 + 2 * LINK_IDS;
	const size_t links_len = 12 + LINKS * link_len + 14;
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len, meta_len;
	char *data = load("alpha-large.heic", &len);
	char *file = calloc(1, 2 * len + links_len), *meta, *at;

	ck_assert_ptr_nonnull(file);
	meta = (char *)memmem(data, len, "meta", 4) - 4;
	meta_len = (size_t)(unsigned char)meta[2] << 8 | (unsigned char)meta[3];
	put(meta, meta_len, BYTES("iref"), 0, BYTES("free"));
	memcpy(file, data, len);
	memcpy(file + (meta - data) + 4, "free", 4);
	memcpy(file + len, meta, meta_len);
	(void)put_be(file + len, meta_len + links_len, 4);
	at = put_be(file + len + meta_len, links_len, 4);
	memcpy(at, "iref", 4);
	at += 8;
	for (unsigned i = 0; i < LINKS; i++) {
		(void)put_be(at, link_len, 4);
		memcpy(at + 4, "auxl\0\7", 6);
		(void)put_be(at + 10, LINK_IDS, 2);
		at += link_len;
	}
	memcpy(at,
	    "\0\0\0\x0e"
	    "auxl\0\2\0\1\0\1",
	    14);
	len += meta_len + links_len;
	ck_assert_int_eq(sniff_read(file, len, &got, &info), CORRUPT);
	ck_assert_ptr_nonnull(strstr(info.detail, "contradicts"));
	free(file);
	free(data);
}
END_TEST

/* The next directory of the last one is the first. */
START_TEST(a_circle_of_pages_is_refused)
{
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len;
	char *data = load("deep.tif", &len);
	unsigned char *first = (unsigned char *)data + 4;
	size_t at = (size_t)first[2] << 8 | first[3];
	size_t n =
	    (size_t)(unsigned char)data[at] << 8 | (unsigned char)data[at + 1];

	memcpy(data + at + 2 + 12 * n, first, 4);
	ck_assert_int_eq(sniff_read(data, len, &got, &info), CORRUPT);
	ck_assert_ptr_nonnull(strstr(info.detail, "leads nowhere"));
	free(data);
}
END_TEST

/* By its content alone, whatever name or type it comes with. */
static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	const char *looks_like;
} others[] = {
#define FTYP         \
	"\0\0\0\x18" \
	"ftyp"
	{ "svg", BYTES("<?xml version=\"1.0\"?>\n<svg/>"), "SVG" },
	{ "pdf", BYTES("%PDF-1.7\n"), "a PDF document" },
	{ "ps", BYTES("%!PS-Adobe-3.0\n"), "PostScript" },
	{ "eps", BYTES("%!PS-Adobe-3.0 EPSF-3.0\n"), "PostScript" },
	{ "eps with a preview", BYTES("\xc5\xd0\xd3\xc6\x20\0\0\0"),
	    "PostScript" },
	{ "mvg", BYTES("push graphic-context\n"), "a text file" },
	{ "msl", BYTES("<?xml version=\"1.0\"?><image><read/></image>"),
	    "a text file" },
	{ "html", BYTES("<!DOCTYPE html>\n"), "a web page" },
	{ "mp4", BYTES(FTYP "isom\0\0\0\0"), "a video" },
	{ "mov", BYTES(FTYP "qt  \0\0\0\0"), "a video" },
	{ "mov without a brand", BYTES("\0\0\0\x18moov\0\0\0\0"), "a video" },
	{ "webm", BYTES("\x1a\x45\xdf\xa3\1\0\0\0"), "a video" },
	{ "mpeg", BYTES("\0\0\1\xba\x44\0"), "a video" },
	{ "avi", BYTES("RIFF\x10\0\0\0AVI LIST"), "a video" },
	{ "cr3", BYTES(FTYP "crx \0\0\0\1"), "a camera's raw file" },
	{ "orf", BYTES("IIRO\x08\0\0\0"), "a camera's raw file" },
	{ "rw2", BYTES("IIU\0\x18\0\0\0"), "a camera's raw file" },
	{ "raf", BYTES("FUJIFILMCCD-RAW 0201"), "a camera's raw file" },
	{ "x3f", BYTES("FOVb\0\0\2\0"), "a camera's raw file" },
	{ "mrw", BYTES("\0MRM\0\0\0\0"), "a camera's raw file" },
	{ "crw", BYTES("II\x1a\0\0\0HEAPCCDR"), "a camera's raw file" },
	{ "jxl", BYTES("\xff\x0a\0\0"), "JPEG XL" },
	{ "jxl in boxes", BYTES("\0\0\0\x0cJXL \r\n\x87\n"), "JPEG XL" },
	{ "jp2", BYTES("\0\0\0\x0cjP  \r\n\x87\n"), "JPEG 2000" },
	{ "j2k", BYTES("\xff\x4f\xff\x51\0\0"), "JPEG 2000" },
	{ "ico", BYTES("\0\0\1\0\1\0"), "an icon (ICO)" },
	{ "psd", BYTES("8BPS\0\1"), "a Photoshop file" },
	{ "xcf", BYTES("gimp xcf v011"), "a GIMP file" },
	{ "exr", BYTES("\x76\x2f\x31\x01\2\0"), "OpenEXR" },
	{ "hdr", BYTES("#?RADIANCE\n"), "Radiance HDR" },
	{ "wmf", BYTES("\xd7\xcd\xc6\x9a\0\0"), "a Windows metafile" },
	{ "mng", BYTES("\x8aMNG\r\n\x1a\n"), "MNG" },
	{ "djvu", BYTES("AT&TFORM\0\0"), "DjVu" },
	{ "big tiff", BYTES("II+\0\x08\0\0\0"), "a TIFF of 64 bits" },
	{ "zip", BYTES("PK\3\4\x14\0"), "a ZIP archive" },
};

START_TEST(what_is_no_picture_is_named)
{
	struct fault_info info = { 0 };
	struct sniff got;
	char words[80];

	(void)snprintf(words, sizeof words, "This looks like %s. Accepted are ",
	    others[_i].looks_like);
	ck_assert_int_eq(sniff_read(others[_i].bytes, others[_i].len, &got,
			     &info),
	    OTHER);
	ck_assert_msg(strncmp(info.detail, words, strlen(words)) == 0, "%s: %s",
	    others[_i].name, info.detail);
}
END_TEST

START_TEST(what_is_accepted_is_what_can_be_read)
{
	struct fault_info info = { 0 };
	struct sniff got;
	size_t len;
	char *data = load("scene.heic", &len);

	ck_assert_int_eq(sniff_read("x", 1, &got, &info), OTHER);
	ck_assert_str_eq(info.detail,
	    "This looks like a text file. Accepted are JPEG, PNG, GIF, WebP, "
	    "AVIF, HEIC, TIFF and BMP.");
	format_lose(FORMAT_HEIC);
	format_lose(FORMAT_BMP);
	ck_assert_int_eq(sniff_read("x", 1, &got, &info), OTHER);
	ck_assert_str_eq(info.detail,
	    "This looks like a text file. Accepted are JPEG, PNG, GIF, WebP, "
	    "AVIF and TIFF.");
	ck_assert_int_eq(sniff_read(data, len, &got, &info), OTHER);
	ck_assert_str_eq(info.detail,
	    "This is HEIC, which this server cannot read. Accepted are JPEG, "
	    "PNG, GIF, WebP, AVIF and TIFF.");
	free(data);
}
END_TEST

/* --- damage --- */

/* A copy that ends where readable memory ends. */
static char *
at_the_edge(size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + page - 1) / page * page;
	char *p = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(mprotect(p + room, page, PROT_NONE), 0);
	return p + room - len;
}

/* All that looks at a stranger's bytes before a decoder does. */
static void
look_at(const char *data, size_t len)
{
	struct fault_info info = { 0 };
	struct sniff got = { 0 };
	struct sniff_guide guide;

	if (sniff_read(data, len, &got, &info) != FAULT_NONE) {
		ck_assert_str_ne(info.detail, "");
		return;
	}
	ck_assert(got.width > 0 && got.height > 0 && got.frames > 0);
	sniff_guide(data, len, &got, &guide);
	ck_assert(guide.orientation <= 8);
	ck_assert(
	    guide.plain.n <= len && guide.plain.at <= len - guide.plain.n);
	ck_assert(
	    guide.alpha.n <= len && guide.alpha.at <= len - guide.alpha.n);
	(void)whole_file(data, len, got.format);
}

START_TEST(a_file_may_end_anywhere)
{
	size_t len;
	char *data = load(files[_i].name, &len);
	char *end = at_the_edge(len) + len;

	for (size_t n = 0; n < len; n += n < 2000 ? 1 : 97) {
		memcpy(end - n, data, n);
		look_at(end - n, n);
	}
	free(data);
}
END_TEST

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Some bytes or bits of the head, where all is that is read, for a while. */
#define DAMAGE_NS (60 * NS_PER_MS)

START_TEST(any_bytes_may_be_wrong)
{
	size_t len, head;
	char *data = load(files[_i].name, &len);
	char *copy = at_the_edge(len);
	uint64_t end = clock_monotonic_ns() + DAMAGE_NS;
	uint32_t random = 4711 + (uint32_t)_i;

	/* TIFF's directories may stand at the end. */
	head = files[_i].format == FORMAT_TIFF || len < 1500 ? len : 1500;
	while (clock_monotonic_ns() < end) {
		unsigned n = 1 + next_random(&random) % 4;

		memcpy(copy, data, len);
		while (n-- > 0) {
			size_t at = next_random(&random) % head;

			if (next_random(&random) % 2 == 0)
				copy[at] ^=
				    (char)(1u << next_random(&random) % 8);
			else
				copy[at] = (char)next_random(&random);
		}
		look_at(copy, len);
	}
	free(data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sniff_formats");
	TCase *tc = tcase_create("files");

	tcase_add_loop_test(tc, a_real_file_is_recognised, 0, NELEM(files));
	tcase_add_loop_test(tc, a_changed_file_is_judged_in_words, 0,
	    NELEM(changes));
	tcase_add_loop_test(tc, nothing_hides_what_the_coding_says, 0,
	    NELEM(hidings));
	tcase_add_test(tc, a_second_meta_is_refused);
	tcase_add_test(tc, what_is_unpacked_for_it_is_limited);
	tcase_add_test(tc, no_number_of_links_hides_an_alpha);
	tcase_add_test(tc, a_circle_of_pages_is_refused);
	suite_add_tcase(suite, tc);
	tc = tcase_create("others");
	tcase_add_loop_test(tc, what_is_no_picture_is_named, 0, NELEM(others));
	tcase_add_test(tc, what_is_accepted_is_what_can_be_read);
	suite_add_tcase(suite, tc);
	tc = tcase_create("damage");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_file_may_end_anywhere, 0, NELEM(files));
	tcase_add_loop_test(tc, any_bytes_may_be_wrong, 0, NELEM(files));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
