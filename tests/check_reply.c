#include "config.h"

#include "reply.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"
#include "terms_time.h"

#define ID "4oymiquy7qobjgx36tejs35zeq"

static struct settings *settings;
static struct outcome outcomes[2];
static struct fault_info whole;
static struct progress progress;
static struct memory_io m;
static struct buf out;

static void
take(struct outcome *o, const char *name, enum photo_status status)
{
	*o = (struct outcome){ .name = name, .status = status };
	o->manifest = (struct manifest){ .id = ID,
		.format = FORMAT_JPEG,
		.size = { 3024, 4032 },
		.bytes = 3423409,
		.color = "#8a7a66",
		.placeholder = "data:image/webp;base64,UklGRgA=",
		.n = 1 };
	o->manifest.variants[0] = (struct variant){ "large", "1f0c9a2e",
		FORMAT_JPEG, { 960, 1280 }, 214005, ENGINE_PLANES };
	o->ms[PHASE_DECODE] = 66;
}

static void
refuse(struct outcome *o, const char *name)
{
	*o = (struct outcome){ .name = name, .status = PHOTO_REFUSED };
	(void)fault_limit(&o->info, FAULT_TOO_MANY_PIXELS, 64000000, 99000000,
	    "%s", "Too many <pixels>.");
	(void)strcpy(o->info.cause, "secret path");
}

static void
setup(void)
{
	settings = settings_load(NULL, stderr);
	ck_assert_ptr_nonnull(settings);
	memcpy(settings->presets[0].recipe, "1f0c9a2e", RECIPE_LEN + 1);
	memory_io_init(&m, "", 0);
	progress_start(&progress, NULL);
	progress.spent_ns[PHASE_RECEIVE] = 11 * NS_PER_MS;
	whole = (struct fault_info){ 0 };
}

static void
teardown(void)
{
	buf_fini(&out);
	memory_io_fini(&m);
	settings_free(settings);
}

static int
build(unsigned n)
{
	return reply_build(&out, &m.io, settings, outcomes, n, &whole,
	    &progress);
}

/* The body as JSON; the caller has built one. */
static json_t *
body(void)
{
	const char *at = strstr(out.data, "\r\n\r\n");
	json_t *json;

	ck_assert_ptr_nonnull(at);
	json = json_loads(at + 4, 0, NULL);
	ck_assert_msg(json != NULL, "%s", at + 4);
	return json;
}

static void
refuse_for_an_hour(void)
{
	(void)fault_set(&whole, FAULT_OFFLINE, "Off until noon: <b>A disk");
	whole.reason = (unsigned)strlen("Off until noon: ");
	whole.until = (int64_t)time(NULL) + 600;
}

static bool
has(const char *text)
{
	return strstr(out.data, text) != NULL;
}

START_TEST(a_new_photo_is_answered_by_the_contract)
{
	json_t *json, *photo, *variant;

	take(&outcomes[0], "a.jpg", PHOTO_CREATED);
	ck_assert_int_eq(build(1), 201);
	ck_assert(has("Status: 201 Created\r\n"));
	ck_assert(has("Content-Type: application/json\r\n"));
	ck_assert(has("Server-Timing: queue;dur=0, receive;dur=11, decode"));
	json = body();
	photo = json_array_get(json_object_get(json, "photos"), 0);
	variant = json_array_get(json_object_get(photo, "variants"), 0);
	ck_assert_uint_eq(json_object_size(json), 2);
	ck_assert_uint_eq(json_object_size(photo), 12);
	ck_assert_uint_eq(json_object_size(variant), 7);
	ck_assert_str_eq(json_string_value(json_object_get(variant, "engine")),
	    "planes");
	ck_assert_str_eq(json_string_value(json_object_get(photo, "status")),
	    "created");
	ck_assert_str_eq(json_string_value(json_object_get(json, "url")),
	    "/t/" ID "/large.jpg?v=1f0c9a2e");
	ck_assert_int_eq(json_integer_value(
			     json_object_get(json_object_get(photo,
						 "timing_ms"),
				 "decode")),
	    66);
	json_decref(json);
}
END_TEST

START_TEST(a_photo_without_a_name_has_none)
{
	json_t *json;

	take(&outcomes[0], "", PHOTO_EXISTS);
	ck_assert_int_eq(build(1), 200);
	json = body();
	ck_assert_ptr_null(
	    json_object_get(json_array_get(json_object_get(json, "photos"), 0),
		"name"));
	json_decref(json);
}
END_TEST

START_TEST(one_good_photo_carries_the_answer)
{
	json_t *json, *error;

	refuse(&outcomes[0], "bad.jpg");
	take(&outcomes[1], "good.jpg", PHOTO_CREATED);
	ck_assert_int_eq(build(2), 201);
	json = body();
	error =
	    json_object_get(json_array_get(json_object_get(json, "photos"), 0),
		"error");
	ck_assert_str_eq(json_string_value(json_object_get(error, "code")),
	    "too-many-pixels");
	ck_assert_int_eq(json_integer_value(json_object_get(error, "limit")),
	    64000000);
	ck_assert_int_eq(json_integer_value(json_object_get(error, "actual")),
	    99000000);
	ck_assert_ptr_nonnull(json_object_get(json, "url"));
	json_decref(json);
}
END_TEST

START_TEST(when_all_are_refused_the_first_speaks_for_all)
{
	json_t *json;

	refuse(&outcomes[0], "bad.jpg");
	refuse(&outcomes[1], "worse.jpg");
	(void)fault_set(&outcomes[1].info, FAULT_CORRUPT_IMAGE, "%s", "");
	ck_assert_int_eq(build(2), 422);
	ck_assert(has("Content-Type: application/problem+json\r\n"));
	json = body();
	ck_assert_str_eq(json_string_value(json_object_get(json, "code")),
	    "too-many-pixels");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "photos")), 2);
	ck_assert_ptr_null(json_object_get(json, "url"));
	ck_assert_str_eq(json_string_value(json_object_get(json, "error")),
	    json_string_value(json_object_get(json, "detail")));
	json_decref(json);
}
END_TEST

START_TEST(a_refused_request_says_when_to_come_again)
{
	json_t *json;

	(void)fault_limit(&whole, FAULT_OVERLOADED, 10, 12, "%s", "");
	ck_assert_int_eq(build(0), 503);
	ck_assert(has("Retry-After: 2\r\n"));
	json = body();
	ck_assert_ptr_null(json_object_get(json, "photos"));
	ck_assert_str_eq(json_string_value(json_object_get(json, "error")),
	    fault_title(FAULT_OVERLOADED));
	ck_assert_int_eq(json_integer_value(json_object_get(json, "actual")),
	    12);
	json_decref(json);
}
END_TEST

static void
assert_text(json_t *json, const char *key, const char *text)
{
	const char *is = json_string_value(json_object_get(json, key));

	ck_assert_str_eq(is != NULL ? is : "(none)", text);
}

START_TEST(what_has_an_end_says_when_and_why)
{
	int64_t end;
	json_t *json;

	refuse_for_an_hour();
	ck_assert_int_eq(build(0), 503);
	ck_assert(has("Retry-After: 600\r\n") || has("Retry-After: 599\r\n"));
	json = body();
	assert_text(json, "code", "offline");
	assert_text(json, "detail", "Off until noon: <b>A disk");
	assert_text(json, "reason", "<b>A disk");
	ck_assert_int_eq(terms_time_parse(json_string_value(
					      json_object_get(json, "until")),
			     &end),
	    0);
	ck_assert_int_eq(end, whole.until);
	json_decref(json);
}
END_TEST

START_TEST(an_end_far_away_or_past_is_asked_for_again)
{
	whole = (struct fault_info){ .fault = FAULT_OFFLINE };
	ck_assert_int_eq(fault_wait(&whole), 30);
	whole.until = (int64_t)time(NULL) + 86400;
	ck_assert_int_eq(fault_wait(&whole), FAULT_WAIT_MAX);
	whole.until = 1;
	ck_assert_int_eq(fault_wait(&whole), 1);
}
END_TEST

START_TEST(the_page_shows_an_operators_words_as_text)
{
	memory_io_param(&m, "HTTP_ACCEPT", "text/html");
	refuse_for_an_hour();
	ck_assert_int_eq(build(0), 503);
	ck_assert(has("Off until noon: &lt;b&gt;A disk"));
}
END_TEST

START_TEST(the_cause_is_for_the_log_only)
{
	if (_i == 1)
		memory_io_param(&m, "HTTP_ACCEPT", "text/html");
	refuse(&outcomes[0], "bad.jpg");
	(void)build(1);
	ck_assert(!has("secret path"));
}
END_TEST

static const struct {
	const char *accept;
	bool page;
} accepts[] = {
	{ NULL, false },
	{ "*/*", false },
	{ "application/json", false },
	{ "application/json, text/html", false },
	{ "text/html,application/xhtml+xml,*/*;q=0.8", true },
	{ "TEXT/HTML", true },
};

START_TEST(a_browser_without_scripts_gets_a_page)
{
	memory_io_param(&m, "HTTP_ACCEPT", accepts[_i].accept);
	take(&outcomes[0], "a.jpg", PHOTO_CREATED);
	ck_assert_int_eq(build(1), 201);
	ck_assert(has("Content-Type: text/html") == accepts[_i].page);
	ck_assert(has("<!doctype html>") == accepts[_i].page);
}
END_TEST

static const struct {
	const char *accept;
	bool plain;
} types[] = {
	{ NULL, false },
	{ "*/*", false },
	{ "application/json", true },
	{ "Application/JSON;q=0.9, text/plain", true },
	{ "application/json, text/plain, */*", false },
	{ "application/*, application/json", false },
	{ "application/problem+json, application/json", false },
	{ "application/problem+json", false },
	{ "image/webp", false },
};

START_TEST(a_refusal_is_of_a_type_that_is_taken)
{
	const char *type = types[_i].plain
	    ? "Content-Type: application/json\r\n"
	    : "Content-Type: application/problem+json\r\n";
	struct fault_info info;

	memory_io_param(&m, "HTTP_ACCEPT", types[_i].accept);
	refuse(&outcomes[0], "bad.jpg");
	(void)build(1);
	ck_assert(has(type));
	buf_fini(&out);
	(void)fault_set(&info, FAULT_NOT_FOUND, "%s", "");
	reply_problem(&out, &m.io, &info);
	ck_assert(has(type));
}
END_TEST

START_TEST(the_page_shows_hostile_names_as_text)
{
	memory_io_param(&m, "HTTP_ACCEPT", "text/html");
	take(&outcomes[0], "<img src=x onerror=\"alert(1)\">&'.jpg",
	    PHOTO_CREATED);
	refuse(&outcomes[1], "<script>");
	(void)build(2);
	ck_assert(!has("<img src=x"));
	ck_assert(!has("<script"));
	ck_assert(!has("<pixels>"));
	ck_assert(has("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;'"));
	ck_assert(has("99\u00a0megapixels; the limit here is 64\u00a0mega"));
	ck_assert(has("src=\"/t/" ID "/large.jpg?v=1f0c9a2e\""));
	/* Its HTML is there to be read, not to be shown. */
	ck_assert(!has("<picture>"));
	ck_assert(
	    has("&lt;img src=&quot;/t/" ID "/large.jpg?v=1f0c9a2e&quot;"));
}
END_TEST

static void
ask_for_page(const char *language)
{
	memory_io_param(&m, "HTTP_ACCEPT", "text/html");
	memory_io_param(&m, "THUMB_LANGUAGE", language);
}

START_TEST(a_refusal_says_limit_value_and_what_to_do)
{
	ask_for_page(_i == 0 ? NULL : "ko");
	(void)fault_limit(&whole, FAULT_TOO_MANY_FILES, 20, 21, "%s",
	    "The upload has 21 photos; at most 20 are taken at once.");
	ck_assert_int_eq(build(0), 413);
	ck_assert(has(_i == 0
		? "<p class=\"refusal\">There are too many photos in one "
		  "upload: 21\u00a0photos; the limit here is "
		  "20\u00a0photos. Send them in several uploads.</p>"
		: "<p class=\"refusal\">한 번에 올린 사진이 너무 "
		  "많습니다(한도 20장, 실제 21장). 여러 번에 나누어 올려 "
		  "주세요.</p>"));
}
END_TEST

START_TEST(a_detail_without_numbers_is_said_in_its_own_language)
{
	ask_for_page(_i == 0 ? "en" : "ko");
	(void)fault_set(&whole, FAULT_CORRUPT_IMAGE, "%s", "It is <cut>.");
	ck_assert_int_eq(build(0), 422);
	ck_assert(has(_i == 0
		? "The picture is damaged. It is &lt;cut&gt;. Open it in a"
		: "새로 저장한 뒤 올려 주세요. <span lang=\"en\">It is "
		  "&lt;cut&gt;.</span></p>"));
}
END_TEST

START_TEST(a_refusal_of_few_words_has_no_empty_ones)
{
	ask_for_page(_i == 0 ? "en" : "ko");
	(void)fault_set(&whole, FAULT_INTERNAL, "%s", "");
	ck_assert_int_eq(build(0), 500);
	ck_assert(!has("<span"));
	ck_assert(!has("  "));
	ck_assert(
	    has(fault_words(FAULT_INTERNAL, _i == 0 ? LANGUAGE_EN : LANGUAGE_KO)
		    ->advice));
}
END_TEST

START_TEST(an_end_is_told_in_korean)
{
	ask_for_page("ko");
	(void)fault_set(&whole, FAULT_OFFLINE,
	    "The service is off until 2030-12-24 18:30 UTC: <b>A disk");
	whole.until = 1924367400;
	whole.reason = (unsigned)(strstr(whole.detail, "<b>") - whole.detail);
	ck_assert_int_eq(build(0), 503);
	ck_assert(has("2030-12-24 18:30(UTC)까지 서비스를 쉽니다: "
		      "&lt;b&gt;A disk."));
	ck_assert(!has("The service is off"));
	buf_fini(&out);
	whole.reason = 0;
	ck_assert_int_eq(build(0), 503);
	ck_assert(has("18:30(UTC)까지 서비스를 쉽니다. "));
}
END_TEST

START_TEST(the_page_is_of_the_language_that_nginx_tells)
{
	ask_for_page(_i == 0 ? "fr" : "ko");
	take(&outcomes[0], "a.jpg", PHOTO_EXISTS);
	refuse(&outcomes[1], "b.jpg");
	ck_assert_int_eq(build(2), 200);
	ck_assert(has(_i == 0 ? "<html lang=\"en\">" : "<html lang=\"ko\">"));
	ck_assert(has(_i == 0 ? "1 of 2 ready · 1 not taken"
			      : "2장 중 1장 완료 · 1장 실패"));
	ck_assert(has(
	    _i == 0 ? "alt=\"Thumbnail of a.jpg\"" : "alt=\"a.jpg의 섬네일\""));
	ck_assert(has(_i == 0
		? "Original: 3024\u00a0×\u00a04032 · 3.3\u00a0MB · was here"
		: "원본: 3024\u00a0×\u00a04032 · 3.3\u00a0MB · 이미 있던"));
	ck_assert(has("<dd>960\u00a0×\u00a01280</dd><dd>209\u00a0kB</dd>"));
}
END_TEST

START_TEST(a_thumbnail_can_be_opened_and_kept)
{
	ask_for_page("en");
	take(&outcomes[0], "", PHOTO_CREATED);
	ck_assert_int_eq(build(1), 201);
	ck_assert(has("<dt><a href=\"/t/" ID
		      "/large.jpg?v=1f0c9a2e\">large.jpg</a></dt>"));
	ck_assert(has("<a class=\"save\" href=\"/t/" ID
		      "/large.jpg?v=1f0c9a2e&amp;download\">Download<span "
		      "class=\"unseen\"> large.jpg, Photo</span></a>"));
}
END_TEST

static const struct {
	struct size large, medium, square;
	const char *shown, *opened;
} frames[] = {
	{ { 960, 1280 }, { 480, 640 }, { 320, 320 }, "medium", "large" },
	/* What is small is shown by what is left. */
	{ { 240, 320 }, { 90, 120 }, { 60, 60 }, "large", "large" },
	{ { 90, 120 }, { 90, 120 }, { 60, 60 }, "large", "large" },
	/* A shape of its own is the photo's own but for rounding. */
	{ { 300, 300 }, { 400, 400 }, { 319, 425 }, "square", "medium" },
	{ { 1280, 1280 }, { 640, 640 }, { 320, 320 }, "large", "large" },
};

START_TEST(the_smallest_that_is_enough_is_shown_and_the_largest_opened)
{
	struct manifest *photo = &outcomes[0].manifest;
	char wanted[200];

	ask_for_page("en");
	take(&outcomes[0], "a.jpg", PHOTO_CREATED);
	photo->variants[0].size = frames[_i].large;
	photo->variants[photo->n] = photo->variants[0];
	(void)strcpy(photo->variants[photo->n].preset, "medium");
	photo->variants[photo->n++].size = frames[_i].medium;
	photo->variants[photo->n] = photo->variants[0];
	(void)strcpy(photo->variants[photo->n].preset, "square");
	photo->variants[photo->n++].size = frames[_i].square;
	ck_assert_int_eq(build(1), 201);
	(void)snprintf(wanted, sizeof wanted,
	    "<a href=\"/t/" ID "/%s.jpg?v=1f0c9a2e\"><img src=\"/t/" ID
	    "/%s.jpg?v=1f0c9a2e\"",
	    frames[_i].opened, frames[_i].shown);
	ck_assert_msg(has(wanted), "%s in %s", wanted, out.data);
}
END_TEST

/* Shown once, where no script keeps it; and nothing is said of none. */
START_TEST(the_delete_token_is_shown_with_what_it_is_for)
{
	ask_for_page("en");
	take(&outcomes[0], "a.jpg", PHOTO_CREATED);
	ck_assert_int_eq(build(1), 201);
	ck_assert(!has("Bearer") && !has("DELETE"));
	buf_fini(&out);
	(void)strcpy(outcomes[0].token, "abcdefghijklmnopqrstuvwxya");
	ck_assert_int_eq(build(1), 201);
	ck_assert(has(">DELETE /photos/" ID "\nAuthorization: Bearer "
		      "abcdefghijklmnopqrstuvwxya</textarea>"));
	ck_assert(has("It is shown only now"));
}
END_TEST

static const struct {
	const char *name, *markdown;
} markdowns[] = {
	{ "a.jpg", "![a.jpg](/t/" },
	{ "", "![Photo](/t/" },
	{ "IMG_1.jpg", "![IMG\\_1.jpg](/t/" },
	{ "](javascript:alert(1))", "![\\](javascript:alert(1))](/t/" },
	{ "[a]`b`\\", "![\\[a\\]\\`b\\`\\\\](/t/" },
	{ "<img src=x>*", "![\\&lt;img src=x\\&gt;\\*](/t/" },
	{ "&amp;\"", "![\\&amp;amp;&quot;](/t/" },
	{ "a\nb\x7f\t", "![a b  ](/t/" },
	{ "사진.jpg", "![사진.jpg](/t/" },
};

START_TEST(no_name_means_anything_in_markdown)
{
	ask_for_page("en");
	take(&outcomes[0], markdowns[_i].name, PHOTO_CREATED);
	ck_assert_int_eq(build(1), 201);
	ck_assert_msg(has(markdowns[_i].markdown), "%s", out.data);
}
END_TEST

START_TEST(where_the_pages_are_off_the_page_names_none)
{
	ask_for_page("en");
	settings->page = _i == 1;
	take(&outcomes[0], "a.jpg", PHOTO_CREATED);
	ck_assert_int_eq(build(1), 201);
	ck_assert(has("page.css") == settings->page);
	ck_assert(has("icon.svg") == settings->page);
	ck_assert(has("<nav") == settings->page);
	ck_assert(has("href=\"./\"") == settings->page);
}
END_TEST

START_TEST(a_problem_stands_alone)
{
	struct fault_info info;
	json_t *json;

	(void)fault_set(&info, FAULT_OVERLOADED, "%s", "no \"worker\"");
	reply_problem(&out, &m.io, &info);
	ck_assert(has("Status: 503 Service Unavailable\r\n"));
	ck_assert(has("Retry-After: 2\r\n"));
	json = body();
	ck_assert_str_eq(json_string_value(json_object_get(json, "detail")),
	    "no \"worker\"");
	json_decref(json);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("reply");
	TCase *json = tcase_create("json");
	TCase *page = tcase_create("page");

	tcase_add_checked_fixture(json, setup, teardown);
	tcase_add_checked_fixture(page, setup, teardown);
	tcase_add_test(json, a_new_photo_is_answered_by_the_contract);
	tcase_add_test(json, a_photo_without_a_name_has_none);
	tcase_add_test(json, one_good_photo_carries_the_answer);
	tcase_add_test(json, when_all_are_refused_the_first_speaks_for_all);
	tcase_add_test(json, a_refused_request_says_when_to_come_again);
	tcase_add_test(json, a_problem_stands_alone);
	tcase_add_test(json, what_has_an_end_says_when_and_why);
	tcase_add_test(json, an_end_far_away_or_past_is_asked_for_again);
	tcase_add_test(page, the_page_shows_an_operators_words_as_text);
	tcase_add_loop_test(json, a_refusal_is_of_a_type_that_is_taken, 0,
	    NELEM(types));
	tcase_add_loop_test(json, the_cause_is_for_the_log_only, 0, 2);
	tcase_add_loop_test(page, a_browser_without_scripts_gets_a_page, 0,
	    NELEM(accepts));
	tcase_add_loop_test(page, a_refusal_says_limit_value_and_what_to_do, 0,
	    2);
	tcase_add_loop_test(page,
	    a_detail_without_numbers_is_said_in_its_own_language, 0, 2);
	tcase_add_loop_test(page, a_refusal_of_few_words_has_no_empty_ones, 0,
	    2);
	tcase_add_test(page, an_end_is_told_in_korean);
	tcase_add_loop_test(page, the_page_is_of_the_language_that_nginx_tells,
	    0, 2);
	tcase_add_test(page, a_thumbnail_can_be_opened_and_kept);
	tcase_add_loop_test(page,
	    the_smallest_that_is_enough_is_shown_and_the_largest_opened, 0,
	    NELEM(frames));
	tcase_add_test(page, the_delete_token_is_shown_with_what_it_is_for);
	tcase_add_loop_test(page, no_name_means_anything_in_markdown, 0,
	    NELEM(markdowns));
	tcase_add_loop_test(page, where_the_pages_are_off_the_page_names_none,
	    0, 2);
	tcase_add_test(page, the_page_shows_hostile_names_as_text);
	suite_add_tcase(s, json);
	suite_add_tcase(s, page);
	return run_suite(s);
}
