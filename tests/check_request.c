#include "config.h"

#include "request.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "claim.h"
#include "clock.h"
#include "fdio.h"
#include "image.h"
#include "log.h"
#include "metrics.h"
#include "reply.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

/* A whole request with real pixels, and no web server. */

static struct settings *settings;
static struct store *store;
static struct slot slot;
static const int queue = -1;
static char data[STORE_PATH_MAX];

/* Parameters of every request from now on: name and value by turns. */
static const char *extra[9];

static void
setup(void)
{
	char why[300], magick[300], lines[300];

	tempdir_setup();
	memset(extra, 0, sizeof extra);
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
	struct service service = { settings, store, &slot, queue };
	struct memory_io m;
	const char *at;
	json_t *json;

	memory_io_init(&m, body, len);
	memory_io_param(&m, "REQUEST_METHOD", "POST");
	memory_io_param(&m, "CONTENT_TYPE", type);
	for (unsigned i = 0; extra[i] != NULL; i += 2)
		memory_io_param(&m, extra[i], extra[i + 1]);
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

static uint64_t
count_of(const struct histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i <= METRICS_BOUNDS; i++)
		n += h->buckets[i];
	return n;
}

START_TEST(what_is_done_is_counted)
{
	const struct counts *c = metrics_own();
	int status;

	json_decref(post_file("data/rgb.png", &status));
	ck_assert_uint_eq(c->requests[REQUEST_UPLOAD][RESULT_CREATED], 1);
	ck_assert_uint_eq(c->photos[PHOTO_CREATED][FORMAT_PNG], 1);
	ck_assert_uint_eq(c->claims, 1);
	ck_assert_uint_eq(c->thumbnails[FORMAT_JPEG], 3);
	ck_assert_uint_eq(c->written_bytes, store_usage(store));
	ck_assert_uint_eq(count_of(&c->photo_time[FORMAT_PNG]), 1);

	json_decref(post_file("data/rgb.png", &status));
	ck_assert_uint_eq(c->requests[REQUEST_UPLOAD][RESULT_OK], 1);
	ck_assert_uint_eq(c->photos[PHOTO_EXISTS][FORMAT_PNG], 1);
	ck_assert_uint_eq(c->claims, 2);
	/* Nothing was decoded or written. */
	ck_assert_uint_eq(count_of(&c->photo_time[FORMAT_PNG]), 1);
	ck_assert_uint_eq(c->written_bytes, store_usage(store));
	ck_assert_uint_eq(count_of(
			      &c->phase_time[REQUEST_UPLOAD][PHASE_DECODE]),
	    1);
	ck_assert_uint_eq(count_of(&c->phase_time[REQUEST_UPLOAD][PHASE_QUEUE]),
	    2);
	ck_assert_uint_eq(count_of(&c->request_time[REQUEST_UPLOAD]), 2);
	ck_assert_uint_gt(c->request_time[REQUEST_UPLOAD].sum_ns,
	    c->photo_time[FORMAT_PNG].sum_ns);
}
END_TEST

START_TEST(what_is_refused_is_counted_by_code_and_format)
{
	const struct counts *c = metrics_own();
	int status;

	json_decref(post_file("data/notes.txt", &status));
	json_decref(post_file("data/truncated.jpg", &status));
	settings->limits.pixels = 1000;
	json_decref(post_file("data/rgb.png", &status));
	ck_assert_uint_eq(c->requests[REQUEST_UPLOAD][FAULT_UNSUPPORTED_FORMAT],
	    1);
	ck_assert_uint_eq(c->requests[REQUEST_UPLOAD][FAULT_CORRUPT_IMAGE], 1);
	ck_assert_uint_eq(c->requests[REQUEST_UPLOAD][FAULT_TOO_MANY_PIXELS],
	    1);
	ck_assert_uint_eq(c->refusals[FAULT_UNSUPPORTED_FORMAT], 1);
	ck_assert_uint_eq(c->refusals[FAULT_CORRUPT_IMAGE], 1);
	ck_assert_uint_eq(c->refusals[FAULT_TOO_MANY_PIXELS], 1);
	ck_assert_uint_eq(c->photos[PHOTO_REFUSED][FORMAT_NONE], 1);
	ck_assert_uint_eq(c->photos[PHOTO_REFUSED][FORMAT_JPEG], 1);
	ck_assert_uint_eq(c->photos[PHOTO_REFUSED][FORMAT_PNG], 1);
	ck_assert_uint_eq(c->claims, 0);
	ck_assert_uint_eq(c->written_bytes, 0);
	/* Of the whole request, before there is a photo. */
	json_decref(post("multipart/form-data; boundary=b", "x", 1, &status));
	ck_assert_uint_eq(c->requests[REQUEST_UPLOAD][FAULT_BODY_TRUNCATED], 1);
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

/* Line number n of the log, from 0. */
static json_t *
log_line_at(unsigned n)
{
	char *text = NULL;
	size_t cap = 0;
	json_t *line;
	FILE *f = fopen(tempdir_at("log"), "r");

	ck_assert_ptr_nonnull(f);
	for (unsigned i = 0; i <= n; i++)
		ck_assert_int_gt(getline(&text, &cap, f), 0);
	line = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(line);
	(void)fclose(f);
	free(text);
	return line;
}

static const json_t *
only_photo(const json_t *object)
{
	return json_array_get(json_object_get(object, "photos"), 0);
}

START_TEST(the_log_says_how_much_its_thumbnails_are)
{
	json_int_t sum = 0;
	const json_t *variant;
	json_t *json, *line;
	int status;
	size_t i;

	json = post_file("data/rgb.png", &status);
	json_array_foreach(json_object_get(only_photo(json), "variants"), i,
	    variant) sum +=
	    json_integer_value(json_object_get(variant, "bytes"));
	ck_assert_int_gt(sum, 0);
	json_decref(json);
	line = log_line_at(0);
	ck_assert_int_eq(json_integer_value(
			     json_object_get(only_photo(line), "thumbnails")),
	    sum);
	json_decref(line);
	/* Nothing is made of it a second time. */
	json_decref(post_file("data/rgb.png", &status));
	line = log_line_at(1);
	ck_assert_ptr_null(json_object_get(only_photo(line), "thumbnails"));
	json_decref(line);
}
END_TEST

static const struct {
	const char *query;
	bool is;
} queries[] = {
	{ "", false },
	{ "expires=900", false },
	{ "xprobe=1", false },
	{ "probe=mark", true },
	{ "expires=900&probe=mark", true },
};

START_TEST(the_log_says_which_are_a_probers)
{
	json_t *line;
	int status;

	extra[0] = "QUERY_STRING";
	extra[1] = queries[_i].query;
	json_decref(post_file("data/rgb.png", &status));
	line = log_line_at(0);
	ck_assert_int_eq(json_is_true(json_object_get(line, "probe")),
	    queries[_i].is);
	json_decref(line);
}
END_TEST

START_TEST(each_request_is_one_line_of_json_in_the_log)
{
	char path[300], *text;
	const char *version = "";
	json_int_t in = 0, out = 0;
	size_t len, photo_len;
	int status, worker = 0;
	json_t *line;
	FILE *f;

	free(test_data("data/rgb.png", &photo_len));
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
	ck_assert_str_eq(json_string_value(json_object_get(
			     json_array_get(json_object_get(line, "photos"), 0),
			     "engine")),
	    "magick");
	(void)json_unpack_ex(line, NULL, 0, "{s:I,s:I,s:i,s:s}", "bytes_in",
	    &in, "bytes", &out, "worker", &worker, "version", &version);
	ck_assert_int_eq(in, (json_int_t)photo_len);
	ck_assert_int_gt(out, 1000); /* header and document */
	ck_assert_int_eq(worker, getpid());
	ck_assert_str_eq(version, PACKAGE_VERSION);
	ck_assert_int_eq(getline(&text, &len, f), -1);
	json_decref(line);
	free(text);
	(void)fclose(f);
}
END_TEST

static const struct {
	const char *name;
	enum engine_choice choice;
	const char *engine; /* that the log names */
	const char
	    *declined; /* what its reason begins with; NULL: there is none */
} made[] = {
	{ "data/orient-6.jpg", ENGINE_CHOICE_AUTO, "planes", NULL },
	{ "data/orient-6.jpg", ENGINE_CHOICE_MAGICK, "magick", NULL },
	{ "data/rgb.png", ENGINE_CHOICE_AUTO, "magick", NULL },
	{ "data/cmyk.jpg", ENGINE_CHOICE_AUTO, "magick", "planes: decode: " },
	{ "data/cmyk.jpg", ENGINE_CHOICE_MAGICK, "magick", NULL },
};

START_TEST(the_log_says_who_made_them_and_why_the_lane_did_not)
{
	bool may = engine_is_built(ENGINE_PLANES);
	const char *why = may ? made[_i].declined : NULL, *is;
	json_t *line;
	int status;

	settings->engine = made[_i].choice;
	json_decref(post_file(made[_i].name, &status));
	ck_assert_int_eq(status, 201);
	line = log_line_at(0);
	ck_assert_str_eq(json_string_value(
			     json_object_get(only_photo(line), "engine")),
	    may ? made[_i].engine : "magick");
	is = json_string_value(json_object_get(only_photo(line), "declined"));
	ck_assert_int_eq(is == NULL, why == NULL);
	if (why != NULL)
		ck_assert_msg(strncmp(is, why, strlen(why)) == 0, "%s", is);
	/* What is here is nobody's work. */
	json_decref(line);
	json_decref(post_file(made[_i].name, &status));
	line = log_line_at(1);
	ck_assert_ptr_null(json_object_get(only_photo(line), "engine"));
	ck_assert_ptr_null(json_object_get(only_photo(line), "declined"));
	json_decref(line);
}
END_TEST

START_TEST(of_a_refusal_the_log_has_both_reasons)
{
	const char *why;
	json_t *line;
	int status;

	json_decref(post_file("data/truncated.jpg", &status));
	ck_assert_int_eq(status, 422);
	line = log_line_at(0);
	ck_assert_str_eq(json_string_value(
			     json_object_get(only_photo(line), "code")),
	    "corrupt-image");
	ck_assert_ptr_null(json_object_get(only_photo(line), "engine"));
	why = json_string_value(json_object_get(only_photo(line), "declined"));
	if (engine_is_built(ENGINE_PLANES))
		ck_assert_str_eq(why, "planes: decode: cut");
	else
		ck_assert_ptr_null(why);
	json_decref(line);
}
END_TEST

/* ---- claims ---- */

static const json_t *
first_photo(const json_t *json)
{
	return json_array_get(json_object_get(json, "photos"), 0);
}

static const char *
word(const json_t *photo, const char *key)
{
	const char *text = json_string_value(json_object_get(photo, key));

	return text != NULL ? text : "";
}

/* Upload this file; its id and token. */
static int
post_for(const char *name, char id[PHOTO_ID_LEN + 1],
    char token[CLAIM_TOKEN_LEN + 1])
{
	int status;
	json_t *json = post_file(name, &status);
	const json_t *photo = first_photo(json);

	(void)snprintf(id, PHOTO_ID_LEN + 1, "%s", word(photo, "id"));
	(void)snprintf(token, CLAIM_TOKEN_LEN + 1, "%s",
	    word(photo, "delete_token"));
	json_decref(json);
	return status;
}

START_TEST(each_upload_gets_a_token_of_its_own)
{
	char id[PHOTO_ID_LEN + 1], a[CLAIM_TOKEN_LEN + 1];
	char b[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;

	ck_assert_int_eq(post_for("data/rgb.png", id, a), 201);
	ck_assert_int_eq(post_for("data/rgb.png", id, b), 200);
	ck_assert_uint_eq(strlen(a), CLAIM_TOKEN_LEN);
	ck_assert_uint_eq(strlen(b), CLAIM_TOKEN_LEN);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(claim_drop(store, id, a, 0, &info), FAULT_NONE);
	ck_assert_int_eq(post_for("data/rgb.png", id, a), 200);
	ck_assert_int_eq(claim_drop(store, id, a, 0, &info), FAULT_NONE);
	ck_assert_int_eq(claim_drop(store, id, b, 0, &info), FAULT_NONE);
	ck_assert_uint_eq(count_files("photos"), 0);
	ck_assert_uint_eq(count_files("public"), 0);
	ck_assert_int_eq(post_for("data/rgb.png", id, a), 201);
}
END_TEST

START_TEST(a_retry_with_the_same_key_gets_the_same_token)
{
	char id[PHOTO_ID_LEN + 1], a[CLAIM_TOKEN_LEN + 1];
	char b[CLAIM_TOKEN_LEN + 1];
	struct claims claims;
	struct fault_info info;
	int status;

	extra[0] = "HTTP_IDEMPOTENCY_KEY";
	extra[1] = "0123456789abcdefghijkl";
	(void)post_for("data/rgb.png", id, a);
	(void)post_for("data/rgb.png", id, b);
	ck_assert_str_eq(a, b);
	ck_assert_int_eq(claims_read(store, id, &claims, &info), FAULT_NONE);
	ck_assert_uint_eq(claims.n, 1);
	extra[1] = "too short";
	json_decref(post_file("data/rgb.png", &status));
	ck_assert_int_eq(status, 400);
}
END_TEST

START_TEST(the_terms_are_kept_with_the_claim)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct claims claims;
	struct fault_info info;
	int64_t now = (int64_t)time(NULL);

	extra[0] = "QUERY_STRING";
	extra[1] = "expires=1h";
	(void)post_for("data/rgb.png", id, token);
	ck_assert_int_eq(claims_read(store, id, &claims, &info), FAULT_NONE);
	ck_assert_int_ge(claims.list[0].created, now);
	ck_assert_int_ge(claims.list[0].expires, now + 3600);
	ck_assert_int_lt(claims.list[0].expires, now + 3700);
	ck_assert(claim_sweep(store, now + 3700,
	    clock_monotonic_ns() + 5 * NS_PER_S, NULL));
	ck_assert_uint_eq(count_files("photos"), 0);
}
END_TEST

START_TEST(banned_bytes_are_refused)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;
	int status;
	json_t *json;

	(void)post_for("data/rgb.png", id, token);
	ck_assert_int_eq(store_ban(store, id, &info), FAULT_NONE);
	json = post_file("data/rgb.png", &status);
	ck_assert_int_eq(status, 403);
	ck_assert_str_eq(word(json, "code"), "banned");
	ck_assert_uint_eq(count_files("photos"), 0);
	ck_assert_uint_eq(slot.decodes, 1);
	json_decref(json);
}
END_TEST

START_TEST(a_full_store_takes_no_new_photo_and_knows_the_old)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	int status;
	json_t *json;

	(void)post_for("data/rgb.png", id, token);
	settings->limits.store = (uint64_t)store_usage(store) + 100;
	json = post_file("data/orient-1.jpg", &status);
	ck_assert_int_eq(status, 507);
	ck_assert_str_eq(word(json, "code"), "storage-full");
	ck_assert_int_eq(json_integer_value(json_object_get(json, "limit")),
	    (json_int_t)settings->limits.store);
	ck_assert_uint_eq(slot.decodes, 1);
	json_decref(json);
	ck_assert_int_eq(post_for("data/rgb.png", id, token), 200);
	ck_assert_str_ne(token, "");
}
END_TEST

START_TEST(a_photo_whose_thumbnails_do_not_fit_leaves_nothing)
{
	size_t len;
	char *photo = test_data("data/orient-1.jpg", &len);
	int status;

	settings->limits.store = len + 10;
	json_decref(post("image/jpeg", photo, len, &status));
	ck_assert_int_eq(status, 507);
	ck_assert_uint_eq(slot.decodes, 1);
	ck_assert_uint_eq(count_files("photos"), 0);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	ck_assert_int_eq(store_usage(store), 0);
	free(photo);
}
END_TEST

START_TEST(a_disk_without_room_is_said_before_the_body_is_read)
{
	struct service service = { settings, store, &slot, queue };
	struct memory_io m;

	settings->limits.free = UINT64_MAX;
	memory_io_init(&m, "abc", 3);
	memory_io_param(&m, "REQUEST_METHOD", "POST");
	request_handle(&service, &m.io);
	ck_assert_ptr_nonnull(strstr(m.reply.data, "Status: 507"));
	ck_assert_ptr_nonnull(strstr(m.reply.data, "\"limit\":"));
	ck_assert_uint_eq(m.at, 0);
	memory_io_fini(&m);
}
END_TEST

/* ---- first renders ---- */

/* Ask for a thumbnail as nginx does; the whole answer, which the caller frees. */
static char *
ask_first(const char *id, const char *preset, const char *ext, const char *uri)
{
	struct service service = { settings, store, &slot, queue };
	struct memory_io m;
	char *answer;

	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", "GET");
	memory_io_param(&m, "CONTENT_LENGTH", "");
	memory_io_param(&m, "THUMB_ID", id);
	memory_io_param(&m, "THUMB_PRESET", preset);
	memory_io_param(&m, "THUMB_EXT", ext);
	memory_io_param(&m, "THUMB_URI", uri);
	request_handle(&service, &m.io);
	ck_assert_ptr_nonnull(m.reply.data);
	answer = strdup(m.reply.data);
	ck_assert_ptr_nonnull(answer);
	memory_io_fini(&m);
	return answer;
}

static void
assert_first(const char *id, const char *preset, const char *ext,
    const char *uri, const char *want)
{
	char *answer = ask_first(id, preset, ext, uri);

	ck_assert_msg(strncmp(answer, want, strlen(want)) == 0, "%s", answer);
	free(answer);
}

static const char *
path_of(const char *side, const char *id, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof path, "%s/%s/%.2s/%s/%s", data, side, id,
	    id, name);
	return path;
}

static char *
read_public(const char *id, const char *name, size_t *len)
{
	char *bytes;

	ck_assert_msg(fd_read_file(AT_FDCWD, path_of("public", id, name),
			  1 << 20, &bytes, len) == 0,
	    "%s", name);
	return bytes;
}

#define REDIRECT "Status: 200 OK\r\nX-Accel-Redirect: /t/x?v=1\r\n\r\n"

START_TEST(a_file_is_made_at_its_first_request_and_never_again)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	char *text;
	size_t len;

	(void)post_for("data/orient-6.jpg", id, token);
	ck_assert_int_eq(access(path_of("public", id, "large.webp"), F_OK), -1);
	assert_first(id, "large", "webp", "/t/x?v=1", REDIRECT);
	ck_assert_int_eq(access(path_of("public", id, "large.webp"), F_OK), 0);
	ck_assert_uint_eq(slot.decodes, 2);
	assert_first(id, "large", "webp", "/t/x?v=1", REDIRECT);
	ck_assert_uint_eq(slot.decodes, 2);
	ck_assert_uint_eq(metrics_own()->renders[FORMAT_WEBP], 1);
	ck_assert_uint_eq(metrics_own()->requests[REQUEST_RENDER][RESULT_OK],
	    2);
	ck_assert_uint_eq(metrics_own()->photos[PHOTO_EXISTS][FORMAT_JPEG], 0);
	text = read_public(id, "meta.json", &len);
	ck_assert_ptr_nonnull(strstr(text, "large.webp?v="));
	free(text);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

START_TEST(a_later_file_is_what_an_eager_one_would_have_been)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;
	char *lazy, *eager;
	size_t lazy_len, eager_len;

	(void)post_for("data/orient-6.jpg", id, token);
	assert_first(id, "large", "webp", "/t/x?v=1", REDIRECT);
	lazy = read_public(id, "large.webp", &lazy_len);
	ck_assert_int_eq(claim_drop(store, id, token, 0, &info), FAULT_NONE);
	settings->presets[0].eager = true;
	(void)post_for("data/orient-6.jpg", id, token);
	eager = read_public(id, "large.webp", &eager_len);
	ck_assert_uint_eq(lazy_len, eager_len);
	ck_assert_mem_eq(lazy, eager, lazy_len);
	free(lazy);
	free(eager);
}
END_TEST

static const struct {
	const char *id, *preset, *ext, *uri;
} strangers[] = {
	{ NULL, "huge", "jpg", "/t/x" },
	{ NULL, "large", "gif", "/t/x" },
	{ NULL, "large", "../x", "/t/x" },
	{ NULL, "", "", "/t/x" },
	{ NULL, "large", "webp", "" },
	{ NULL, "large", "webp", "/x" },
	{ NULL, "large", "webp", "/t/x\r\nSet-Cookie: a" },
	{ NULL, "large", "webp", "/t/x%2e" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaa", "large", "webp", "/t/x" },
	{ "../../../../../../../../xx", "large", "webp", "/t/x" },
	{ "a", "large", "webp", "/t/x" },
};

START_TEST(what_is_not_configured_or_not_here_is_not_found)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];

	(void)post_for("data/orient-1.jpg", id, token);
	assert_first(strangers[_i].id != NULL ? strangers[_i].id : id,
	    strangers[_i].preset, strangers[_i].ext, strangers[_i].uri,
	    "Status: 404 Not Found\r\n"
	    "Content-Type: application/problem+json\r\n");
	ck_assert_uint_eq(slot.decodes, 1);
	ck_assert_uint_eq(metrics_own()
			      ->requests[REQUEST_RENDER][FAULT_NOT_FOUND],
	    1);
}
END_TEST

START_TEST(an_original_that_has_gone_bad_is_said)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	const char *path;

	(void)post_for("data/orient-1.jpg", id, token);
	path = path_of("photos", id, "original.jpg");
	ck_assert_int_eq(truncate(path, 2000), 0);
	assert_first(id, "large", "webp", "/t/x", "Status: 422");
	ck_assert_int_eq(truncate(path, 0), 0);
	assert_first(id, "large", "webp", "/t/x", "Status: 5");
	ck_assert_int_eq(unlink(path), 0);
	assert_first(id, "large", "webp", "/t/x", "Status: 5");
}
END_TEST

START_TEST(a_lost_manifest_comes_back_with_the_first_file)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;
	struct look here;

	(void)post_for("data/orient-1.jpg", id, token);
	ck_assert_int_eq(unlink(path_of("public", id, "meta.json")), 0);
	assert_first(id, "large", "webp", "/t/x?v=1", REDIRECT);
	ck_assert_int_eq(store_look(store, id, settings, &here, &info),
	    FAULT_NONE);
	ck_assert_int_eq(here.presence, PRESENCE_WHOLE);
}
END_TEST

START_TEST(a_first_render_is_held_by_the_limits_of_room)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];

	(void)post_for("data/orient-1.jpg", id, token);
	settings->limits.store = (uint64_t)store_usage(store) + 10;
	assert_first(id, "large", "webp", "/t/x?v=1", "Status: 507");
	ck_assert_uint_eq(slot.decodes, 2);
	settings->limits.store = 0;
	settings->limits.free = UINT64_MAX;
	assert_first(id, "large", "webp", "/t/x?v=1", "Status: 507");
	/* That is known before a pixel is. */
	ck_assert_uint_eq(slot.decodes, 2);
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
	settings->limits.free = 0;
	assert_first(id, "large", "webp", "/t/x?v=1", REDIRECT);
}
END_TEST

START_TEST(a_file_in_work_elsewhere_is_waited_for)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;
	char *answer;
	int lock = -1;

	(void)post_for("data/orient-1.jpg", id, token);
	ck_assert_int_eq(store_lock_render(store, id, 0, -1, &lock, &info),
	    FAULT_NONE);
	answer = ask_first(id, "large", "webp", "/t/x");
	ck_assert_msg(strncmp(answer, "Status: 503", 11) == 0, "%s", answer);
	ck_assert_ptr_nonnull(strstr(answer, "Retry-After: "));
	free(answer);
	store_unlock(&lock);
}
END_TEST

/* ---- races ---- */

#define RACE_NS (2500 * NS_PER_MS)

/* What one turn of a racer came to: 0 held, 1 had to wait too long. */
static int
ask_once(const char *id)
{
	char *answer = ask_first(id, "large", "webp", "/t/x?v=1");
	int status = atoi(answer + strlen("Status: "));

	free(answer);
	if (status == 503)
		return 1;
	/* Made, or not here just now. */
	return status == 200 || status == 404 ? 0 : 2;
}

static int
upload_once(const char *id)
{
	char got[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;
	int status = post_for("data/rgb.png", got, token);
	enum fault f;

	if (status == 503)
		return 1;
	if (status >= 300)
		return 3;
	if (access(path_of("public", id, "large.jpg"), F_OK) != 0)
		return 4;
	do
		f = claim_drop(store, id, token, 0, &info);
	while (f == FAULT_OVERLOADED);
	return f == FAULT_NONE ? 0 : 5;
}

/* One process, with a store of its own as a worker of another master has. */
static int
race(unsigned who, const char *id, uint64_t end)
{
	unsigned held = 0;
	char why[300];
	int rc = 0;

	store = store_open(data, why, sizeof why);
	while (store != NULL && rc < 2 && clock_monotonic_ns() < end) {
		rc = who == 0 ? ask_once(id) : upload_once(id);
		held += rc == 0;
	}
	store_close(store);
	return rc < 2 && held == 0 ? 6 : rc;
}

/*
 * Deletions against first renders, uploads of the same bytes and each other:
 * whoever has a claim finds the photo, and without one it is not there.
 */
START_TEST(deletions_never_lose_and_first_renders_never_bring_back)
{
	char id[PHOTO_ID_LEN + 1], token[CLAIM_TOKEN_LEN + 1];
	struct fault_info info;
	uint64_t end = clock_monotonic_ns() + RACE_NS;
	pid_t pids[4];

	(void)post_for("data/rgb.png", id, token);
	ck_assert_int_eq(claim_drop(store, id, token, 0, &info), FAULT_NONE);
	for (unsigned i = 0; i < NELEM(pids); i++) {
		pids[i] = fork();
		ck_assert_int_ne(pids[i], -1);
		if (pids[i] == 0)
			_exit(race(i / 2, id, end));
	}
	for (unsigned i = 0; i < NELEM(pids); i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 2,
		    "%u: %d", i, WEXITSTATUS(status));
	}
	ck_assert_uint_eq(count_files("photos"), 0);
	ck_assert_uint_eq(count_files("public"), 0);
	ck_assert_int_eq(store_usage(store), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("request");
	TCase *tc = tcase_create("whole");
	TCase *claims = tcase_create("claims");
	TCase *first = tcase_create("first");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_photo_becomes_files);
	tcase_add_test(tc,
	    the_same_bytes_are_the_same_photo_and_cost_no_decode);
	tcase_add_loop_test(tc, what_is_refused_leaves_nothing, 0,
	    NELEM(refusals));
	tcase_add_test(tc, a_limit_of_the_settings_is_named_with_the_value);
	tcase_add_test(tc, what_is_done_is_counted);
	tcase_add_test(tc, what_is_refused_is_counted_by_code_and_format);
	tcase_add_test(tc, files_of_one_form_are_judged_apart);
	tcase_add_test(tc,
	    a_form_that_is_cut_leaves_nothing_even_of_whole_files);
	tcase_add_test(tc, new_presets_are_made_for_a_photo_that_is_here);
	tcase_add_test(tc, the_log_says_how_much_its_thumbnails_are);
	tcase_add_loop_test(tc,
	    the_log_says_who_made_them_and_why_the_lane_did_not, 0,
	    NELEM(made));
	tcase_add_test(tc, of_a_refusal_the_log_has_both_reasons);
	tcase_add_loop_test(tc, the_log_says_which_are_a_probers, 0,
	    NELEM(queries));
	tcase_add_test(tc, each_request_is_one_line_of_json_in_the_log);
	suite_add_tcase(s, tc);
	tcase_add_checked_fixture(claims, setup, teardown);
	tcase_set_timeout(claims, 60);
	tcase_add_test(claims, each_upload_gets_a_token_of_its_own);
	tcase_add_test(claims, a_retry_with_the_same_key_gets_the_same_token);
	tcase_add_test(claims, the_terms_are_kept_with_the_claim);
	tcase_add_test(claims, banned_bytes_are_refused);
	tcase_add_test(claims,
	    a_full_store_takes_no_new_photo_and_knows_the_old);
	tcase_add_test(claims,
	    a_photo_whose_thumbnails_do_not_fit_leaves_nothing);
	tcase_add_test(claims,
	    a_disk_without_room_is_said_before_the_body_is_read);
	suite_add_tcase(s, claims);
	tcase_add_checked_fixture(first, setup, teardown);
	tcase_set_timeout(first, 60);
	tcase_add_test(first,
	    a_file_is_made_at_its_first_request_and_never_again);
	tcase_add_test(first,
	    a_later_file_is_what_an_eager_one_would_have_been);
	tcase_add_loop_test(first,
	    what_is_not_configured_or_not_here_is_not_found, 0,
	    NELEM(strangers));
	tcase_add_test(first, an_original_that_has_gone_bad_is_said);
	tcase_add_test(first, a_lost_manifest_comes_back_with_the_first_file);
	tcase_add_test(first, a_first_render_is_held_by_the_limits_of_room);
	tcase_add_test(first, a_file_in_work_elsewhere_is_waited_for);
	tcase_add_test(first,
	    deletions_never_lose_and_first_renders_never_bring_back);
	suite_add_tcase(s, first);
	return run_suite(s);
}
