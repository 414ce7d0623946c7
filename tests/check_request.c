#include "config.h"

#include "request.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image.h"
#include "log.h"
#include "support.h"

/* A whole request with real pixels, and no web server. */

static struct settings *settings;
static struct store *store;
static struct slot slot;
static char data[300];

static void
setup(void)
{
	char why[300], magick[300], lines[300];

	tempdir_setup();
	(void)snprintf(data, sizeof data, "%s/store", tempdir_path());
	(void)snprintf(magick, sizeof magick, "%s/magick", tempdir_path());
	(void)snprintf(lines, sizeof lines, "%s/log", tempdir_path());
	settings = settings_load(NULL, stderr);
	ck_assert_ptr_nonnull(settings);
	ck_assert_msg(store_prepare(data, why, sizeof why) == 0, "%s", why);
	store = store_open(data, why, sizeof why);
	ck_assert_msg(store != NULL, "%s", why);
	ck_assert_int_eq(mkdir(magick, 0700), 0);
	ck_assert_msg(image_boot(settings, magick, why, sizeof why) == 0, "%s",
	    why);
	ck_assert_int_eq(log_open(lines), 0);
}

static void
teardown(void)
{
	image_shutdown();
	store_close(store);
	settings_free(settings);
	tempdir_teardown();
}

/* Send one body; the answer as JSON, and its status. */
static json_t *
post(const char *type, const void *body, size_t len, int *status)
{
	struct service service = { settings, store, &slot };
	struct memory_io m;
	const char *at;
	json_t *json;

	memory_io_init(&m, body, len);
	memory_io_param(&m, "REQUEST_METHOD", "POST");
	memory_io_param(&m, "CONTENT_TYPE", type);
	request_handle(&service, &m.io);
	ck_assert_ptr_nonnull(m.reply.data);
	ck_assert_int_eq(sscanf(m.reply.data, "Status: %d", status), 1);
	at = strstr(m.reply.data, "\r\n\r\n");
	ck_assert_ptr_nonnull(at);
	json = json_loads(at + 4, 0, NULL);
	ck_assert_msg(json != NULL, "%s", at);
	memory_io_fini(&m);
	return json;
}

static json_t *
post_file(const char *name, int *status)
{
	size_t len;
	char *bytes = test_data(name, &len);
	json_t *json = post("application/octet-stream", bytes, len, status);

	free(bytes);
	return json;
}

/* Files below a directory of the store, all levels. */
static unsigned
count_files(const char *side)
{
	char command[400];
	unsigned n = 0;
	FILE *find;

	(void)snprintf(command, sizeof command, "find %s/%s -type f | wc -l",
	    data, side);
	find = popen(command, "r");
	ck_assert_ptr_nonnull(find);
	ck_assert_int_eq(fscanf(find, "%u", &n), 1);
	(void)pclose(find);
	return n;
}

START_TEST(a_photo_becomes_files)
{
	int status;
	json_t *json = post_file("data/orient-6.jpg", &status);
	json_t *photo = json_array_get(json_object_get(json, "photos"), 0);

	ck_assert_int_eq(status, 201);
	ck_assert_int_eq(json_integer_value(json_object_get(photo, "width")),
	    360);
	ck_assert_int_eq(json_integer_value(json_object_get(photo, "height")),
	    240);
	ck_assert_uint_eq(count_files("photos"), 3);
	/* large, medium, square, each under two names; meta.json. */
	ck_assert_uint_eq(count_files("public"), 7);
	ck_assert_uint_eq(slot.decodes, 1);
	json_decref(json);
}
END_TEST

START_TEST(the_same_bytes_are_the_same_photo_and_cost_no_decode)
{
	int status;

	json_decref(post_file("data/rgb.png", &status));
	ck_assert_int_eq(status, 201);
	json_decref(post_file("data/rgb.png", &status));
	ck_assert_int_eq(status, 200);
	ck_assert_uint_eq(slot.decodes, 1);
	/* The original, its sum, and the claims of both. */
	ck_assert_uint_eq(count_files("photos"), 4);
}
END_TEST

static const struct {
	const char *file;
	int status;
	const char *code;
	uint64_t decodes;
} refusals[] = {
	{ "data/notes.txt", 415, "unsupported-format", 0 },
	{ "data/drawing.svg", 415, "unsupported-format", 0 },
	{ "data/truncated.jpg", 422, "corrupt-image", 1 },
	{ "data/truncated.png", 422, "corrupt-image", 1 },
	{ "data/webp-bomb.webp", 422, "side-too-long", 0 },
};

START_TEST(what_is_refused_leaves_nothing)
{
	int status;
	json_t *json = post_file(refusals[_i].file, &status);

	ck_assert_msg(status == refusals[_i].status, "%s: %d",
	    refusals[_i].file, status);
	ck_assert_str_eq(json_string_value(json_object_get(json, "code")),
	    refusals[_i].code);
	ck_assert_uint_le(slot.decodes, refusals[_i].decodes);
	ck_assert_uint_eq(count_files("photos"), 0);
	ck_assert_uint_eq(count_files("public"), 0);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	json_decref(json);
}
END_TEST

START_TEST(a_limit_of_the_settings_is_named_with_the_value)
{
	int status;
	json_t *json;

	settings->limits.pixels = 1000;
	json = post_file("data/orient-1.jpg", &status);
	ck_assert_int_eq(status, 422);
	ck_assert_str_eq(json_string_value(json_object_get(json, "code")),
	    "too-many-pixels");
	ck_assert_int_eq(json_integer_value(json_object_get(json, "limit")),
	    1000);
	ck_assert_int_eq(json_integer_value(json_object_get(json, "actual")),
	    360 * 240);
	json_decref(json);
}
END_TEST

/* A two-file form: one good photo, and a text that is none. */
static void
put_form(struct buf *form, const char *photo, size_t len)
{
	buf_puts(form,
	    "--b\r\nContent-Disposition: form-data; name=\"p\"; "
	    "filename=\"a.jpg\"\r\n\r\n");
	buf_add(form, photo, len);
	buf_puts(form,
	    "\r\n--b\r\nContent-Disposition: form-data; name=\"p\"; "
	    "filename=\"n.txt\"\r\n\r\nwords\r\n--b--\r\n");
}

START_TEST(files_of_one_form_are_judged_apart)
{
	size_t len;
	char *photo = test_data("data/orient-1.jpg", &len);
	struct buf form = { 0 };
	json_t *json, *photos;
	int status;

	put_form(&form, photo, len);
	json = post("multipart/form-data; boundary=b", form.data, form.len,
	    &status);
	photos = json_object_get(json, "photos");
	ck_assert_int_eq(status, 201);
	ck_assert_uint_eq(json_array_size(photos), 2);
	ck_assert_str_eq(json_string_value(
			     json_object_get(json_array_get(photos, 0),
				 "name")),
	    "a.jpg");
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_object_get(json_array_get(photos, 1),
				 "error"),
			     "code")),
	    "unsupported-format");
	json_decref(json);
	buf_fini(&form);
	free(photo);
}
END_TEST

START_TEST(a_form_that_is_cut_leaves_nothing_even_of_whole_files)
{
	size_t len;
	char *photo = test_data("data/orient-1.jpg", &len);
	struct buf form = { 0 };
	int status;

	put_form(&form, photo, len);
	json_decref(post("multipart/form-data; boundary=b", form.data,
	    form.len - 6, &status));
	ck_assert_int_eq(status, 400);
	ck_assert_uint_eq(count_files("photos"), 0);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	buf_fini(&form);
	free(photo);
}
END_TEST

START_TEST(new_presets_are_made_for_a_photo_that_is_here)
{
	int status;
	json_t *json;

	json_decref(post_file("data/orient-1.jpg", &status));
	memcpy(settings->presets[0].recipe, "00000000", RECIPE_LEN + 1);
	json = post_file("data/orient-1.jpg", &status);
	ck_assert_int_eq(status, 200);
	ck_assert_uint_eq(slot.decodes, 2);
	ck_assert_ptr_nonnull(
	    strstr(json_string_value(json_object_get(json, "url")),
		"?v=00000000"));
	json_decref(json);
}
END_TEST

START_TEST(each_request_is_one_line_of_json_in_the_log)
{
	char path[300], *text;
	size_t len;
	int status;
	json_t *line;
	FILE *f;

	json_decref(post_file("data/rgb.png", &status));
	(void)snprintf(path, sizeof path, "%s/log", tempdir_path());
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	text = NULL;
	len = 0;
	ck_assert_int_gt(getline(&text, &len, f), 0);
	line = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(line);
	ck_assert_int_eq(json_integer_value(json_object_get(line, "status")),
	    201);
	ck_assert(json_is_true(
	    json_object_get(json_array_get(json_object_get(line, "photos"), 0),
		"decoded")));
	ck_assert_int_eq(getline(&text, &len, f), -1);
	json_decref(line);
	free(text);
	(void)fclose(f);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("request");
	TCase *tc = tcase_create("whole");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_photo_becomes_files);
	tcase_add_test(tc,
	    the_same_bytes_are_the_same_photo_and_cost_no_decode);
	tcase_add_loop_test(tc, what_is_refused_leaves_nothing, 0,
	    NELEM(refusals));
	tcase_add_test(tc, a_limit_of_the_settings_is_named_with_the_value);
	tcase_add_test(tc, files_of_one_form_are_judged_apart);
	tcase_add_test(tc,
	    a_form_that_is_cut_leaves_nothing_even_of_whole_files);
	tcase_add_test(tc, new_presets_are_made_for_a_photo_that_is_here);
	tcase_add_test(tc, each_request_is_one_line_of_json_in_the_log);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
