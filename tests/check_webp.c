#include "config.h"

#include "webp.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* A still whose picture is that text, as far as a container can tell. */
static void
add_still(struct buf *out, const char *name, const char *text)
{
	const size_t n = strlen(text);
	const unsigned char len[4] = { (unsigned char)n };
	const unsigned char riff[4] = { (unsigned char)(12 + n + n % 2) };

	buf_add(out, "RIFF", 4);
	buf_add(out, riff, 4);
	buf_add(out, "WEBP", 4);
	buf_add(out, name, 4);
	buf_add(out, len, 4);
	buf_add(out, text, n + n % 2); /* its NUL pads */
}

static const struct webp_frame frames[] = {
	{ .size = { 300, 200 }, .ms = 40 },
	{ .x = 2, .y = 4, .size = { 10, 20 }, .ms = 7, .blend = true },
	{ .x = 298, .y = 198, .size = { 1, 1 }, .ms = 100000, .clear = true },
};
static const char *const texts[] = { "first", "second one", "3" };

static struct buf
make_file(unsigned plays, const void *exif, size_t len)
{
	struct buf file = { 0 };

	webp_begin(&file, (struct size){ 300, 200 }, plays);
	for (unsigned i = 0; i < NELEM(frames); i++) {
		struct buf still = { 0 };

		add_still(&still, i == 1 ? "VP8L" : "VP8 ", texts[i]);
		ck_assert(webp_add(&file, &frames[i], still.data, still.len));
		buf_fini(&still);
	}
	webp_end(&file, exif, len);
	ck_assert(!file.failed);
	return file;
}

START_TEST(what_is_put_together_is_taken_apart)
{
	static const unsigned plays[] = { 0, 1, 3, 65535, 70000 };
	struct buf file = make_file(plays[_i], "exif", _i % 2 == 0 ? 4 : 0);
	struct webp_reader r;
	struct webp_frame f;
	const char *text;
	size_t exif_len;

	ck_assert_uint_eq((unsigned char)file.data[4] |
		(unsigned)(unsigned char)file.data[5] << 8,
	    file.len - 8);
	ck_assert(webp_open(&r, file.data, file.len));
	ck_assert_uint_eq(r.canvas.width, 300);
	ck_assert_uint_eq(r.canvas.height, 200);
	ck_assert_uint_eq(r.plays, plays[_i] > 65535 ? 65535 : plays[_i]);
	for (unsigned i = 0; i < NELEM(frames); i++) {
		struct buf still = { 0 };

		ck_assert(webp_next(&r, &f));
		ck_assert_uint_eq(f.x, frames[i].x);
		ck_assert_uint_eq(f.y, frames[i].y);
		ck_assert_uint_eq(f.size.width, frames[i].size.width);
		ck_assert_uint_eq(f.size.height, frames[i].size.height);
		ck_assert_uint_eq(f.ms, frames[i].ms);
		ck_assert(f.blend == frames[i].blend);
		ck_assert(f.clear == frames[i].clear);
		webp_still(&f, &still);
		text =
		    memmem(still.data, still.len, texts[i], strlen(texts[i]));
		ck_assert_ptr_nonnull(text);
		ck_assert_mem_eq(text - 8, i == 1 ? "VP8L" : "VP8 ", 4);
		ck_assert_uint_eq((unsigned char)still.data[4], still.len - 8);
		buf_fini(&still);
	}
	ck_assert(!webp_next(&r, &f));
	ck_assert((memmem(file.data, file.len, "EXIF\4\0\0\0exif", 12) !=
		      NULL) == (_i % 2 == 0));
	text = webp_exif(file.data, file.len, &exif_len);
	ck_assert((text != NULL) == (_i % 2 == 0));
	if (text != NULL)
		ck_assert(exif_len == 4 && memcmp(text, "exif", 4) == 0);
	ck_assert(((file.data[20] & 8) != 0) == (_i % 2 == 0));
	buf_fini(&file);
}
END_TEST

START_TEST(alpha_comes_along_and_nothing_else_does)
{
	static const char file[] = "RIFF\x38\0\0\0WEBP"
				   "VP8X\12\0\0\0\x10\0\0\0\0\0\0\0\0\0"
				   "ICCP\2\0\0\0xx"
				   "ALPH\1\0\0\0a\0"
				   "VP8 \2\0\0\0px"
				   "EXIF\2\0\0\0gp";
	const struct webp_frame frame = { .size = { 1, 1 } };
	struct buf out = { 0 };

	ck_assert(webp_add(&out, &frame, file, sizeof file - 1));
	ck_assert_uint_eq(out.len, 8 + 16 + 20);
	ck_assert_mem_eq(out.data + 24, "ALPH\1\0\0\0a\0VP8 \2\0\0\0px", 20);
	buf_fini(&out);
}
END_TEST

/* In a block of its own size, so that a step outside is seen. */
START_TEST(cut_anywhere_only_whole_frames_are_found)
{
	struct buf file = make_file(2, NULL, 0);

	for (size_t len = 0; len < file.len; len++) {
		char *copy = malloc(len + 1);
		struct webp_reader r;
		struct webp_frame f;
		unsigned n = 0;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy + 1, file.data, len);
		if (webp_open(&r, copy + 1, len))
			while (webp_next(&r, &f)) {
				ck_assert(f.chunks.at + f.chunks.len <=
				    (unsigned char *)copy + 1 + len);
				n++;
			}
		ck_assert_uint_lt(n, NELEM(frames));
		free(copy);
	}
	buf_fini(&file);
}
END_TEST

/* Every byte of the container, one by one, at its ends. */
START_TEST(no_byte_leads_outside)
{
	static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
	struct buf file = make_file(2, NULL, 0);
	char *copy = malloc(file.len);

	ck_assert_ptr_nonnull(copy);
	for (size_t i = 0; i < file.len; i++) {
		struct webp_reader r;
		struct webp_frame f;

		memcpy(copy, file.data, file.len);
		copy[i] = (char)values[_i];
		if (!webp_open(&r, copy, file.len))
			continue;
		while (webp_next(&r, &f)) {
			struct buf still = { 0 };

			ck_assert(f.chunks.at >= (unsigned char *)copy &&
			    f.chunks.at + f.chunks.len <=
				(unsigned char *)copy + file.len);
			webp_still(&f, &still);
			buf_fini(&still);
		}
	}
	free(copy);
	buf_fini(&file);
}
END_TEST

static const struct {
	const char *name, *bytes;
	size_t len;
} others[] = {
#define OTHER(name, bytes)                     \
	{                                      \
		name, bytes, sizeof(bytes) - 1 \
	}
	OTHER("nothing", ""),
	OTHER("a still", "RIFF\x0e\0\0\0WEBPVP8 \2\0\0\0px"),
	OTHER("a still in VP8X",
	    "RIFF\x16\0\0\0WEBPVP8X\12\0\0\0\x10\0\0\0\0\0\0\0\0\0"),
	OTHER("no ANIM",
	    "RIFF\x16\0\0\0WEBPVP8X\12\0\0\0\x02\0\0\0\0\0\0\0\0\0"),
	OTHER("another RIFF",
	    "RIFF\x16\0\0\0WAVEVP8X\12\0\0\0\x02\0\0\0\0\0\0\0\0\0"
	    "ANIM\6\0\0\0\0\0\0\0\0\0"),
};

START_TEST(what_is_no_animation_is_not_opened)
{
	struct webp_reader r;
	struct buf out = { 0 };

	ck_assert_msg(!webp_open(&r, others[_i].bytes, others[_i].len), "%s",
	    others[_i].name);
	if (_i != 1)
		ck_assert(!webp_add(&out, &frames[0], others[_i].bytes,
		    others[_i].len));
	buf_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("webp");
	TCase *tc = tcase_create("frames");

	tcase_add_loop_test(tc, what_is_put_together_is_taken_apart, 0, 5);
	tcase_add_test(tc, alpha_comes_along_and_nothing_else_does);
	suite_add_tcase(s, tc);
	tc = tcase_create("hostile");
	tcase_add_test(tc, cut_anywhere_only_whole_frames_are_found);
	tcase_add_loop_test(tc, no_byte_leads_outside, 0, 5);
	tcase_add_loop_test(tc, what_is_no_animation_is_not_opened, 0,
	    NELEM(others));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
