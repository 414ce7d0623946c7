#include "config.h"

#include "manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define ID "4oymiquy7qobjgx36tejs35zeq"

static char no_text[] = "", media[] = "/media",
	    far[] = "https://img.example.org";

static struct manifest
sample(void)
{
	struct manifest m = { .id = ID,
		.format = FORMAT_JPEG,
		.size = { 3024, 4032 },
		.bytes = 3423409,
		.color = "#8a7a66",
		.placeholder = "data:image/webp;base64,UklGRgA=",
		.n = 2 };

	m.variants[0] = (struct variant){ "large", "1f0c9a2e", FORMAT_JPEG,
		{ 960, 1280 }, 214005, ENGINE_PLANES };
	m.variants[1] = (struct variant){ "large", "1f0c9a2e", FORMAT_WEBP,
		{ 960, 1280 }, 114005, ENGINE_MAGICK };
	return m;
}

static void
write_sample(struct buf *text)
{
	struct settings settings = { .prefix = media, .public_url = far };
	struct manifest m = sample();

	manifest_write(&m, &settings, text);
	ck_assert(!text->failed);
}

START_TEST(names_are_made_of_preset_recipe_and_extension)
{
	struct manifest m = sample();
	char name[VARIANT_FILE_MAX + 1];

	variant_file(&m.variants[1], name);
	ck_assert_str_eq(name, "large.1f0c9a2e.webp");
	variant_link(&m.variants[0], name);
	ck_assert_str_eq(name, "large.jpg");
}
END_TEST

static const struct {
	char *public_url, *prefix;
	const char *url;
} urls[] = {
	{ no_text, no_text, "/t/" ID "/large.jpg?v=1f0c9a2e" },
	{ no_text, media, "/media/t/" ID "/large.jpg?v=1f0c9a2e" },
	{ far, no_text,
	    "https://img.example.org/t/" ID "/large.jpg?v=1f0c9a2e" },
	{ far, media,
	    "https://img.example.org/media/t/" ID "/large.jpg?v=1f0c9a2e" },
};

START_TEST(addresses_honour_prefix_and_public_url)
{
	struct settings settings = { .prefix = urls[_i].prefix,
		.public_url = urls[_i].public_url };
	struct manifest m = sample();
	struct buf url = { 0 };

	variant_url(&m.variants[0], m.id, &settings, &url);
	ck_assert_str_eq(url.data, urls[_i].url);
	buf_fini(&url);
}
END_TEST

START_TEST(a_manifest_reads_back_as_it_was)
{
	struct manifest was = sample(), is;
	struct buf text = { 0 };

	write_sample(&text);
	ck_assert_int_eq(manifest_parse(text.data, text.len, &is), 0);
	ck_assert_str_eq(is.id, was.id);
	ck_assert_int_eq(is.format, was.format);
	ck_assert_uint_eq(is.size.width, was.size.width);
	ck_assert_uint_eq(is.size.height, was.size.height);
	ck_assert_uint_eq(is.bytes, was.bytes);
	ck_assert_str_eq(is.color, was.color);
	ck_assert_str_eq(is.placeholder, was.placeholder);
	ck_assert_uint_eq(is.n, was.n);
	for (unsigned i = 0; i < is.n; i++) {
		ck_assert_str_eq(is.variants[i].preset, was.variants[i].preset);
		ck_assert_str_eq(is.variants[i].recipe, was.variants[i].recipe);
		ck_assert_int_eq(is.variants[i].format, was.variants[i].format);
		ck_assert_uint_eq(is.variants[i].size.width, 960);
		ck_assert_uint_eq(is.variants[i].bytes, was.variants[i].bytes);
		ck_assert_int_eq(is.variants[i].engine, was.variants[i].engine);
	}
	buf_fini(&text);
}
END_TEST

/* A piece of a good manifest replaced by another: appended to out. */
static void
write_other(const char *old, const char *new, struct buf *out)
{
	struct buf good = { 0 };
	const char *at;

	write_sample(&good);
	at = strstr(good.data, old);
	ck_assert_msg(at != NULL, "%s", old);
	buf_add(out, good.data, (size_t)(at - good.data));
	buf_puts(out, new);
	buf_puts(out, at + strlen(old));
	buf_fini(&good);
}

static const struct {
	const char *told; /* of a file that planes have made */
	enum engine engine;
} engines[] = {
	{ ",\"engine\":\"planes\"", ENGINE_PLANES },
	{ ",\"engine\":\"magick\"", ENGINE_MAGICK },
	{ "", ENGINE_MAGICK },                        /* an older version's */
	{ ",\"engine\":\"vector2\"", ENGINE_MAGICK }, /* a later one's */
};

START_TEST(a_photo_of_another_version_is_not_lost_for_its_engine_s_sake)
{
	struct manifest m;
	struct buf text = { 0 };

	write_other(",\"engine\":\"planes\"", engines[_i].told, &text);
	ck_assert_int_eq(manifest_parse(text.data, text.len, &m), 0);
	ck_assert_int_eq(m.variants[0].engine, engines[_i].engine);
	ck_assert_int_eq(m.variants[1].engine, ENGINE_MAGICK);
	buf_fini(&text);
}
END_TEST

#define A100                                                                   \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAA"                                                                 \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A400 A100 A100 A100 A100

/* Each replaces a piece of a good manifest. */
static const struct {
	const char *why;
	const char *old, *new;
} broken[] = {
	{ "another id", "\"" ID "\"", "\"../../../../etc/passwd\"" },
	{ "an id that is a number", "\"id\":\"" ID "\"", "\"id\":1" },
	{ "a type that nobody knows", "\"image/webp\"", "\"image/x\"" },
	{ "a type that is not written", "\"image/webp\"", "\"image/tiff\"" },
	{ "no type", "\"type\":\"image/webp\"", "\"t\":1" },
	{ "a preset that is a path", "\"large\"", "\"../large\"" },
	{ "an empty preset", "\"large\"", "\"\"" },
	{ "a preset that is too long", "\"large\"",
	    "\"laaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaarge\"" },
	{ "a recipe with a path in it", "?v=1f0c9a2e", "?v=../../ab" },
	{ "a recipe that is too short", "?v=1f0c9a2e", "?v=1f0c9a2" },
	{ "no recipe", "?v=1f0c9a2e", "" },
	{ "a width of 0", "\"width\":960", "\"width\":0" },
	{ "a width beyond every format", "\"width\":3024", "\"width\":70000" },
	{ "an engine that is a number", "\"planes\"", "1" },
	{ "an engine without a name", "\"planes\"", "\"\"" },
	{ "an engine that is a path", "\"planes\"", "\"../planes\"" },
	{ "negative bytes", "\"bytes\":214005", "\"bytes\":-1" },
	{ "an older version's, without a colour", "\"color\":", "\"c\":" },
	{ "a colour that is a word", "#8a7a66", "red" },
	{ "a colour without its mark", "#8a7a66", "08a7a66" },
	{ "a colour in capitals", "#8a7a66", "#8A7A66" },
	{ "a colour that goes on", "#8a7a66", "#8a7a66;x" },
	{ "a colour that is a number", "\"#8a7a66\"", "1" },
	{ "an older version's, without a placeholder",
	    "\"placeholder\":", "\"p\":" },
	{ "a placeholder that is a number",
	    "\"data:image/webp;base64,UklGRgA=\"", "1" },
	{ "an empty placeholder", "data:image/webp;base64,UklGRgA=", "" },
	{ "a placeholder elsewhere", "data:", "http:" },
	{ "a placeholder that is a document", "image/webp;", "image/svg+xml;" },
	{ "a placeholder with a type that has no end", "image/webp;",
	    "image/webp/webp/webp/webp/webp/webp;" },
	{ "a placeholder in plain", ";base64,", ";utf8," },
	{ "a placeholder of nothing", "UklGRgA=", "" },
	{ "a placeholder of padding", "UklGRgA=", "====" },
	{ "a placeholder with too much padding", "UklGRgA=", "UklGR===" },
	{ "a placeholder that is cut", "UklGRgA=", "UklGRgA" },
	{ "a placeholder that goes on", "UklGRgA=", "UklGRg=A" },
	{ "a placeholder with a quote", "UklGRgA=", "UklGRgA\\\"" },
	{ "a placeholder too long", "UklGRgA=", A400 },
	{ "no variants", "\"variants\":", "\"others\":" },
	{ "an end that is missing", "}\n", "\n" },
	{ "nothing", NULL, "" },
	{ "an array", NULL, "[]" },
	{ "a string", NULL, "\"text\"" },
};

START_TEST(a_damaged_manifest_is_refused)
{
	struct manifest m = { .n = 4711 };
	struct buf bad = { 0 };

	if (broken[_i].old == NULL)
		buf_puts(&bad, broken[_i].new);
	else
		write_other(broken[_i].old, broken[_i].new, &bad);
	ck_assert_msg(manifest_parse(bad.data, bad.len, &m) == -1, "%s",
	    broken[_i].why);
	ck_assert_uint_eq(m.n, 4711);
	buf_fini(&bad);
}
END_TEST

START_TEST(only_the_present_recipe_is_found)
{
	struct manifest m = sample();
	struct preset preset = { .name = "large", .recipe = "1f0c9a2e" };

	ck_assert_ptr_eq(manifest_find(&m, &preset, FORMAT_WEBP),
	    &m.variants[1]);
	ck_assert_ptr_null(manifest_find(&m, &preset, FORMAT_PNG));
	preset.recipe[0] = '0';
	ck_assert_ptr_null(manifest_find(&m, &preset, FORMAT_WEBP));
}
END_TEST

/* ---- html ---- */

#define T "/t/" ID "/"

/* Presets whose recipes are their numbers, and the size that each has given. */
struct shown {
	struct preset preset;
	struct size size; /* 0 x 0: no file is there */
};

static const struct {
	const char *why;
	struct shown shown[5];
	const char *html;
	enum format photo;
} markups[] = {
	{ "all that hold the whole photo, ascending, with a source each",
	    { { { .name = "large",
		    .formats = { FORMAT_JPEG, FORMAT_WEBP, FORMAT_AVIF },
		    .n_formats = 3 },
		  { 960, 1280 } },
		{ { .name = "small",
		      .formats = { FORMAT_JPEG, FORMAT_AVIF },
		      .n_formats = 2 },
		    { 120, 160 } },
		{ { .name = "medium",
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 480, 640 } },
		{ { .name = "square",
		      .fit = FIT_COVER,
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 320, 320 } } },
	    "<picture>"
	    "<source type=\"image/avif\" srcset=\"" T
	    "small.avif?v=00000001 120w, " T "large.avif?v=00000000 960w\" "
	    "sizes=\"(max-width: 960px) 100vw, 960px\">"
	    "<source type=\"image/webp\" srcset=\"" T
	    "large.webp?v=00000000 960w\" "
	    "sizes=\"(max-width: 960px) 100vw, 960px\">"
	    "<img src=\"" T "large.jpg?v=00000000\" srcset=\"" T
	    "small.jpg?v=00000001 120w, " T "medium.jpg?v=00000002 480w, " T
	    "large.jpg?v=00000000 960w\" "
	    "sizes=\"(max-width: 960px) 100vw, 960px\" "
	    "width=\"960\" height=\"1280\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_JPEG },
	{ "each width of a small photo once, the first preset's",
	    { { { .name = "large", .formats = { FORMAT_PNG }, .n_formats = 1 },
		  { 90, 60 } },
		{ { .name = "medium",
		      .formats = { FORMAT_PNG, FORMAT_WEBP },
		      .n_formats = 2 },
		    { 90, 60 } } },
	    "<picture><source type=\"image/webp\" srcset=\"" T
	    "medium.webp?v=00000001 90w\" "
	    "sizes=\"(max-width: 90px) 100vw, 90px\">"
	    "<img src=\"" T "large.png?v=00000000\" srcset=\"" T
	    "large.png?v=00000000 90w\" "
	    "sizes=\"(max-width: 90px) 100vw, 90px\" "
	    "width=\"90\" height=\"60\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_JPEG },
	{ "cut in one way only, where none holds the whole photo",
	    { { { .name = "a",
		    .width = 300,
		    .height = 200,
		    .fit = FIT_COVER,
		    .formats = { FORMAT_JPEG },
		    .n_formats = 1 },
		  { 300, 200 } },
		{ { .name = "square",
		      .width = 200,
		      .height = 200,
		      .fit = FIT_COVER,
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 200, 200 } },
		{ { .name = "north",
		      .width = 150,
		      .height = 100,
		      .fit = FIT_COVER,
		      .gravity = GRAVITY_NORTH,
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 150, 100 } },
		{ { .name = "padded",
		      .width = 150,
		      .height = 100,
		      .fit = FIT_PAD,
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 150, 100 } },
		{ { .name = "b",
		      .width = 600,
		      .height = 400,
		      .fit = FIT_COVER,
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 600, 400 } } },
	    "<picture><img src=\"" T "b.jpg?v=00000004\" srcset=\"" T
	    "a.jpg?v=00000000 300w, " T "b.jpg?v=00000004 600w\" "
	    "sizes=\"(max-width: 600px) 100vw, 600px\" "
	    "width=\"600\" height=\"400\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_JPEG },
	{ "the img in a format for every browser, though WebP is first",
	    { { { .name = "large",
		    .formats = { FORMAT_WEBP, FORMAT_PNG, FORMAT_JPEG },
		    .n_formats = 3 },
		  { 640, 480 } },
		{ { .name = "small",
		      .formats = { FORMAT_WEBP },
		      .n_formats = 1 },
		    { 64, 48 } } },
	    "<picture><source type=\"image/webp\" srcset=\"" T
	    "small.webp?v=00000001 64w, " T "large.webp?v=00000000 640w\" "
	    "sizes=\"(max-width: 640px) 100vw, 640px\">"
	    "<img src=\"" T "large.png?v=00000000\" srcset=\"" T
	    "large.png?v=00000000 640w\" "
	    "sizes=\"(max-width: 640px) 100vw, 640px\" "
	    "width=\"640\" height=\"480\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_JPEG },
	{ "the img in the first format, where none is for every browser",
	    { { { .name = "large",
		    .formats = { FORMAT_WEBP, FORMAT_AVIF },
		    .n_formats = 2 },
		{ 640, 480 } } },
	    "<picture><source type=\"image/avif\" srcset=\"" T
	    "large.avif?v=00000000 640w\" "
	    "sizes=\"(max-width: 640px) 100vw, 640px\">"
	    "<img src=\"" T "large.webp?v=00000000\" srcset=\"" T
	    "large.webp?v=00000000 640w\" "
	    "sizes=\"(max-width: 640px) 100vw, 640px\" "
	    "width=\"640\" height=\"480\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_JPEG },
	{ "nothing of a preset that has no file",
	    { { { .name = "large", .formats = { FORMAT_JPEG }, .n_formats = 1 },
		  { 0, 0 } },
		{ { .name = "small",
		      .formats = { FORMAT_JPEG },
		      .n_formats = 1 },
		    { 8, 6 } } },
	    "<picture><img src=\"" T "small.jpg?v=00000001\" srcset=\"" T
	    "small.jpg?v=00000001 8w\" sizes=\"(max-width: 8px) 100vw, 8px\" "
	    "width=\"8\" height=\"6\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_JPEG },
	{ "what moves by the presets that keep it alone, in formats that can",
	    { { { .name = "large",
		    .formats = { FORMAT_JPEG, FORMAT_WEBP },
		    .n_formats = 2 },
		  { 640, 480 } },
		{ { .name = "moving",
		      .animated = true,
		      .formats = { FORMAT_PNG, FORMAT_AVIF, FORMAT_WEBP,
			  FORMAT_GIF },
		      .n_formats = 4 },
		    { 320, 240 } } },
	    "<picture><source type=\"image/webp\" srcset=\"" T
	    "moving.webp?v=00000001 320w\" "
	    "sizes=\"(max-width: 320px) 100vw, 320px\">"
	    "<img src=\"" T "moving.gif?v=00000001\" srcset=\"" T
	    "moving.gif?v=00000001 320w\" "
	    "sizes=\"(max-width: 320px) 100vw, 320px\" "
	    "width=\"320\" height=\"240\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_GIF },
	{ "what cannot move by all presets, one that keeps animations too",
	    { { { .name = "large", .formats = { FORMAT_JPEG }, .n_formats = 1 },
		  { 640, 480 } },
		{ { .name = "moving",
		      .animated = true,
		      .formats = { FORMAT_JPEG, FORMAT_GIF },
		      .n_formats = 2 },
		    { 320, 240 } } },
	    "<picture><img src=\"" T "large.jpg?v=00000000\" srcset=\"" T
	    "moving.jpg?v=00000001 320w, " T "large.jpg?v=00000000 640w\" "
	    "sizes=\"(max-width: 640px) 100vw, 640px\" "
	    "width=\"640\" height=\"480\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    FORMAT_PNG },
	{ "nothing of nothing",
	    { { { .name = "large", .formats = { FORMAT_JPEG }, .n_formats = 1 },
		{ 0, 0 } } },
	    "", FORMAT_JPEG },
};

/* Only each preset's first file is there, as when an upload is answered. */
static void
arrange(const struct shown *shown, struct settings *s, struct manifest *m)
{
	*m = (struct manifest){ .id = ID };
	*s = (struct settings){ .prefix = no_text, .public_url = no_text };
	for (; s->n_presets < 5 && shown->preset.n_formats > 0; shown++) {
		struct preset *p = &s->presets[s->n_presets];
		struct variant *v = &m->variants[m->n];

		*p = shown->preset;
		(void)snprintf(p->recipe, sizeof p->recipe, "%08u",
		    s->n_presets++);
		if (shown->size.width == 0)
			continue;
		m->n++;
		v->format = p->formats[0];
		v->size = shown->size;
		memcpy(v->preset, p->name, sizeof v->preset);
		memcpy(v->recipe, p->recipe, sizeof v->recipe);
	}
}

START_TEST(a_picture_lists_what_shows_the_same)
{
	struct settings settings;
	struct manifest m;
	struct buf html = { 0 };

	arrange(markups[_i].shown, &settings, &m);
	m.format = markups[_i].photo;
	buf_puts(&html, "");
	manifest_html(&m, &settings, &html);
	ck_assert(!html.failed);
	ck_assert_msg(strcmp(html.data, markups[_i].html) == 0, "%s:\n%s\n%s",
	    markups[_i].why, html.data, markups[_i].html);
	buf_fini(&html);
}
END_TEST

START_TEST(what_addresses_hold_cannot_leave_its_attribute)
{
	static char hostile[] = "https://x\"><script>&y";
	struct settings settings;
	struct manifest m;
	struct buf html = { 0 };

	arrange(markups[0].shown, &settings, &m);
	settings.public_url = hostile;
	manifest_html(&m, &settings, &html);
	ck_assert_ptr_null(strstr(html.data, "<script"));
	ck_assert_ptr_null(strstr(html.data, "//x\""));
	ck_assert_ptr_nonnull(strstr(html.data,
	    "src=\"https://x&quot;&gt;&lt;script&gt;&amp;y/t/" ID));
	buf_fini(&html);
}
END_TEST

START_TEST(the_members_stand_in_the_order_of_the_documentation)
{
	static const char *const keys[] = { "\"id\":", "\"type\":",
		"\"width\":", "\"height\":", "\"bytes\":", "\"color\":",
		"\"placeholder\":", "\"variants\":", "\"html\":\"<picture>" };
	struct settings settings;
	struct manifest m;
	struct buf text = { 0 };
	const char *at;

	arrange(markups[0].shown, &settings, &m);
	manifest_write(&m, &settings, &text);
	at = text.data;
	for (unsigned i = 0; i < NELEM(keys); i++) {
		at = strstr(at, keys[i]);
		ck_assert_msg(at != NULL, "%s", keys[i]);
	}
	buf_fini(&text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("manifest");
	TCase *names = tcase_create("names");
	TCase *text = tcase_create("text");
	TCase *html = tcase_create("html");

	tcase_add_test(names, names_are_made_of_preset_recipe_and_extension);
	tcase_add_loop_test(names, addresses_honour_prefix_and_public_url, 0,
	    NELEM(urls));
	tcase_add_test(names, only_the_present_recipe_is_found);
	tcase_add_test(text, a_manifest_reads_back_as_it_was);
	tcase_add_loop_test(text,
	    a_photo_of_another_version_is_not_lost_for_its_engine_s_sake, 0,
	    NELEM(engines));
	tcase_add_loop_test(text, a_damaged_manifest_is_refused, 0,
	    NELEM(broken));
	tcase_add_test(text,
	    the_members_stand_in_the_order_of_the_documentation);
	tcase_add_loop_test(html, a_picture_lists_what_shows_the_same, 0,
	    NELEM(markups));
	tcase_add_test(html, what_addresses_hold_cannot_leave_its_attribute);
	suite_add_tcase(s, names);
	suite_add_tcase(s, text);
	suite_add_tcase(s, html);
	return run_suite(s);
}
