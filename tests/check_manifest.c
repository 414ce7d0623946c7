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
		{ 960, 1280 }, 214005 };
	m.variants[1] = (struct variant){ "large", "1f0c9a2e", FORMAT_WEBP,
		{ 960, 1280 }, 114005 };
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
	}
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
	struct buf good = { 0 }, bad = { 0 };

	write_sample(&good);
	if (broken[_i].old == NULL) {
		buf_puts(&bad, broken[_i].new);
	} else {
		char *at = strstr(good.data, broken[_i].old);

		ck_assert_msg(at != NULL, "%s", broken[_i].why);
		buf_add(&bad, good.data, (size_t)(at - good.data));
		buf_puts(&bad, broken[_i].new);
		buf_puts(&bad, at + strlen(broken[_i].old));
	}
	ck_assert_msg(manifest_parse(bad.data, bad.len, &m) == -1, "%s",
	    broken[_i].why);
	ck_assert_uint_eq(m.n, 4711);
	buf_fini(&bad);
	buf_fini(&good);
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

int
main(void)
{
	Suite *s = suite_create("manifest");
	TCase *names = tcase_create("names");
	TCase *text = tcase_create("text");

	tcase_add_test(names, names_are_made_of_preset_recipe_and_extension);
	tcase_add_loop_test(names, addresses_honour_prefix_and_public_url, 0,
	    NELEM(urls));
	tcase_add_test(names, only_the_present_recipe_is_found);
	tcase_add_test(text, a_manifest_reads_back_as_it_was);
	tcase_add_loop_test(text, a_damaged_manifest_is_refused, 0,
	    NELEM(broken));
	suite_add_tcase(s, names);
	suite_add_tcase(s, text);
	return run_suite(s);
}
