#include "config.h"

#include "probe_answer.h"
#include "probe_beat.h"
#include "probe_headers.h"
#include "probe_picture.h"
#include "probe_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "fdio.h"
#include "pictures.h"
#include "support.h"

static char why[300];
static struct fault_info info;

/* ---- pictures ---- */

static const struct limits limits = { .pixels = 64000000, .side = 16000 };

static void
picture_setup(void)
{
	tempdir_setup();
	picture_boot();
}

static void
picture_teardown(void)
{
	picture_shutdown();
	tempdir_teardown();
}

static struct preset
preset_of(unsigned width, unsigned height, enum fit fit)
{
	return (struct preset){ .name = "n",
		.width = width,
		.height = height,
		.fit = fit,
		.quality = 80,
		.background = 0x00ff00 };
}

/* The thumbnail that the service makes of these px. */
static void *
thumbnail(const struct image *img, const struct preset *preset,
    enum format format, size_t *len)
{
	const struct encoding how = { .format = format,
		.quality = preset->quality,
		.background = preset->background };
	struct placement at;
	struct image *made;
	void *file;

	geometry_place(image_size(img),
	    (struct size){ preset->width, preset->height }, preset->fit,
	    preset->gravity, preset->enlarge, &at);
	ck_assert_int_eq(image_place(img, &at, preset->background,
			     preset->sharpen, &made, &info),
	    FAULT_NONE);
	ck_assert_int_eq(image_encode(made, &how, &file, len, &info),
	    FAULT_NONE);
	image_free(made);
	return file;
}

/* What a service decodes of a photo that is sent in that format. */
static struct image *
decode(const struct probe_picture *p, enum format format)
{
	struct sniff sniff;
	struct image *img;
	void *file;
	size_t len;

	ck_assert_msg(probe_picture_encode(p, format, &picture_progress, &file,
			  &len, &info) == FAULT_NONE,
	    "%s", info.cause);
	ck_assert_int_eq(sniff_read(file, len, &sniff, &info), FAULT_NONE);
	ck_assert_int_eq(sniff.format, format);
	ck_assert_uint_eq(sniff.width, p->size.width);
	ck_assert_uint_eq(sniff.height, p->size.height);
	ck_assert_int_eq(image_decode(file, len, &sniff, p->size,
			     &picture_progress, &img, &info),
	    FAULT_NONE);
	free(file);
	return img;
}

static bool
shows(const struct probe_picture *p, const struct preset *preset,
    const struct image *img, enum format format)
{
	size_t len;
	void *file = thumbnail(img, preset, format, &len);
	bool is = probe_picture_is_in(p, preset, file, len, &picture_progress,
	    why, sizeof why);

	free(file);
	return is;
}

static const struct {
	unsigned width, height;
	enum fit fit;
	bool enlarge;
	unsigned quality, sharpen;
	enum gravity gravity;
	enum format format;
} presets[] = {
	{ 320, 320, FIT_COVER, false, 80, 0, GRAVITY_CENTER, FORMAT_JPEG },
	{ 320, 320, FIT_COVER, false, 80, 0, GRAVITY_SMART, FORMAT_WEBP },
	{ 640, 480, FIT_INSIDE, false, 80, 0, GRAVITY_CENTER, FORMAT_JPEG },
	{ 1280, 1280, FIT_INSIDE, false, 80, 0, GRAVITY_CENTER, FORMAT_PNG },
	{ 1280, 1280, FIT_INSIDE, true, 80, 0, GRAVITY_CENTER, FORMAT_JPEG },
	{ 1000, 700, FIT_PAD, false, 80, 0, GRAVITY_SOUTHEAST, FORMAT_JPEG },
	{ 100, 300, FIT_PAD, false, 80, 0, GRAVITY_CENTER, FORMAT_GIF },
	{ 97, 31, FIT_COVER, false, 80, 100, GRAVITY_NORTH, FORMAT_JPEG },
	{ 8, 8, FIT_COVER, false, 80, 0, GRAVITY_CENTER, FORMAT_JPEG },
	{ 16, 16, FIT_COVER, false, 20, 100, GRAVITY_CENTER, FORMAT_JPEG },
	{ 160, 160, FIT_COVER, false, 1, 0, GRAVITY_CENTER, FORMAT_JPEG },
	{ 160, 160, FIT_COVER, false, 1, 0, GRAVITY_CENTER, FORMAT_WEBP },
	{ 1, 1, FIT_INSIDE, false, 80, 0, GRAVITY_CENTER, FORMAT_PNG },
	{ 2000, 20, FIT_INSIDE, false, 80, 0, GRAVITY_CENTER, FORMAT_JPEG },
	{ 7, 1500, FIT_COVER, false, 80, 0, GRAVITY_CENTER, FORMAT_JPEG },
};

static struct preset
preset_at(int i)
{
	struct preset p =
	    preset_of(presets[i].width, presets[i].height, presets[i].fit);

	p.enlarge = presets[i].enlarge;
	p.quality = presets[i].quality;
	p.sharpen = presets[i].sharpen;
	p.gravity = presets[i].gravity;
	return p;
}

/* By chance a picture may be hard on its coder: some of them. */
START_TEST(a_thumbnail_shows_its_picture_whatever_the_preset)
{
	struct preset preset = preset_at(_i);

	for (int n = 0; n < 5; n++) {
		struct probe_picture p;
		struct image *img;

		ck_assert_int_eq(probe_picture_draw(&p, &preset, &limits), 0);
		img = decode(&p, FORMAT_JPEG);
		ck_assert_msg(shows(&p, &preset, img, presets[_i].format), "%s",
		    why);
		image_free(img);
	}
}
END_TEST

START_TEST(a_photo_of_any_format_comes_through)
{
	struct preset preset = preset_of(160, 120, FIT_COVER);
	enum format format = (enum format)_i;
	struct probe_picture p;
	struct image *img;

	if (!format_spec(format)->writes || !image_can_write(format))
		return;
	ck_assert_int_eq(probe_picture_draw(&p, &preset, &limits), 0);
	img = decode(&p, format);
	ck_assert_msg(shows(&p, &preset, img, FORMAT_JPEG), "%s", why);
	image_free(img);
}
END_TEST

/* ---- what a broken decoder makes of it ---- */

enum harm {
	HARM_BLANK,
	HARM_BLACK,
	HARM_GRAY,
	HARM_SWAPPED,
	HARM_FLIPPED,
	HARM_HALF,
	HARM_OTHER,
	HARM_COUNT
};

static void
do_harm(unsigned char *px, const unsigned char *from, struct size size,
    enum harm harm)
{
	size_t n = (size_t)size.width * size.height * 3;

	for (size_t i = 0; i < n; i += 3)
		switch (harm) {
		case HARM_BLANK:
			memset(px + i, 0xff, 3);
			break;
		case HARM_BLACK:
			memset(px + i, 0, 3);
			break;
		case HARM_GRAY:
			memset(px + i, from[i + 1], 3);
			break;
		case HARM_SWAPPED:
			px[i] = from[i + 2];
			px[i + 1] = from[i + 1];
			px[i + 2] = from[i];
			break;
		case HARM_FLIPPED:
			memcpy(px + i, from + n - 3 - i, 3);
			break;
		case HARM_HALF: /* as a cut JPEG ends */
			memcpy(px + i, from + i, 3);
			if (i > n / 2)
				memset(px + i, 0x80, 3);
			break;
		default:
			break;
		}
}

static struct image *
harmed(const struct probe_picture *p, enum harm harm)
{
	struct image *img = decode(p, FORMAT_PNG), *made;
	struct pixels seen = picture_look(img);
	size_t n = (size_t)p->size.width * p->size.height;
	unsigned char *from = malloc(n * 3), *px = malloc(n * 3);

	ck_assert(from != NULL && px != NULL);
	for (size_t i = 0; i < n; i++)
		memcpy(from + 3 * i, seen.rgba + 4 * i, 3);
	do_harm(px, from, p->size, harm);
	made = image_from_rgb(px, p->size, &picture_progress);
	ck_assert_ptr_nonnull(made);
	pixels_free(&seen);
	image_free(img);
	free(from);
	free(px);
	return made;
}

START_TEST(another_picture_is_noticed)
{
	struct preset preset = preset_of(320, 320, FIT_COVER);
	struct probe_picture p, other;
	struct image *img;

	for (int n = 0; n < 5; n++) {
		ck_assert_int_eq(probe_picture_draw(&p, &preset, &limits), 0);
		ck_assert_int_eq(probe_picture_draw(&other, &preset, &limits),
		    0);
		img = _i == HARM_OTHER ? decode(&other, FORMAT_JPEG)
				       : harmed(&p, (enum harm)_i);
		ck_assert(!shows(&p, &preset, img, FORMAT_JPEG));
		ck_assert_msg(strstr(why, "another picture") != NULL, "%s",
		    why);
		image_free(img);
	}
}
END_TEST

START_TEST(another_size_and_no_picture_are_noticed)
{
	struct preset preset = preset_of(320, 320, FIT_COVER);
	struct preset small = preset_of(160, 160, FIT_COVER);
	struct probe_picture p;
	struct image *img;
	size_t len;
	char *file;

	ck_assert_int_eq(probe_picture_draw(&p, &preset, &limits), 0);
	img = decode(&p, FORMAT_JPEG);
	file = thumbnail(img, &preset, FORMAT_JPEG, &len);
	ck_assert(!probe_picture_is_in(&p, &small, file, len, &picture_progress,
	    why, sizeof why));
	ck_assert_str_eq(why,
	    "the thumbnail has 320 x 320 px in place of 160 x 160");
	ck_assert(!probe_picture_is_in(&p, &preset, file, len / 2,
	    &picture_progress, why, sizeof why));
	ck_assert(strstr(why, "cannot be decoded") != NULL);
	ck_assert(!probe_picture_is_in(&p, &preset, "<html>", 6,
	    &picture_progress, why, sizeof why));
	ck_assert(strstr(why, "cannot be decoded") != NULL);
	free(file);
	image_free(img);
}
END_TEST

START_TEST(no_photo_is_over_the_limits)
{
	const struct limits small = { .pixels = 5000, .side = 100 };
	struct preset preset = preset_at(_i);
	struct probe_picture p, again;

	ck_assert_int_eq(probe_picture_draw(&p, &preset, &small), 0);
	ck_assert_uint_le(p.size.width * p.size.height, 5000);
	ck_assert_uint_le(p.size.width, 100);
	ck_assert_uint_le(p.size.height, 100);
	ck_assert_int_eq(probe_picture_draw(&again, &preset, &small), 0);
	ck_assert_int_ne(memcmp(p.colors, again.colors, sizeof p.colors), 0);
}
END_TEST

START_TEST(most_photos_are_jpeg_and_each_format_has_its_turn)
{
	unsigned seen[FORMAT_COUNT] = { 0 }, n = 6 * 60;

	for (unsigned i = 0; i < n; i++)
		seen[probe_format(i)]++;
	ck_assert_uint_ge(seen[FORMAT_JPEG], n * 5 / 6);
	ck_assert_uint_lt(seen[FORMAT_JPEG], n);
	for (enum format f = FORMAT_JPEG + 1; f < FORMAT_COUNT; f++)
		ck_assert((seen[f] > 0) ==
		    (format_spec(f)->writes && image_can_write(f)));
}
END_TEST

START_TEST(the_smallest_box_is_looked_at)
{
	ck_assert_str_eq(probe_preset(picture_settings)->name, "square");
}
END_TEST

/* ---- answers ---- */

#define ID "4oymiquy7qobjgx36tejs35zeq"
#define TOKEN "wr5nf2kd2w43j3w6uevpjcatyu"
#define PHOTO(status, rest)                                    \
	"{\"photos\":[{\"status\":\"" status "\",\"id\":\"" ID \
	"\",\"width\":640,\"height\":480" rest "}]}"

START_TEST(an_answer_tells_of_the_photo_and_one_thumbnail)
{
	static const char text[] = PHOTO("created",
	    ",\"delete_token\":\"" TOKEN "\",\"variants\":["
	    "{\"preset\":\"a\",\"url\":\"/t/x/a.jpg\",\"bytes\":1},"
	    "{\"preset\":\"b\",\"url\":\"/t/x/b.jpg?v=1\",\"type\":"
	    "\"image/jpeg\",\"bytes\":214005},"
	    "{\"preset\":\"b\",\"url\":\"/t/x/b.webp\",\"bytes\":2}]");
	struct probe_answer a;

	ck_assert(probe_answer_read(&a, text, strlen(text), "b"));
	ck_assert(a.created);
	ck_assert_str_eq(a.receipt.id, ID);
	ck_assert_str_eq(a.receipt.token, TOKEN);
	ck_assert_uint_eq(a.photo.width, 640);
	ck_assert_uint_eq(a.photo.height, 480);
	ck_assert_str_eq(a.url, "/t/x/b.jpg?v=1");
	ck_assert_str_eq(a.type, "image/jpeg");
	ck_assert_uint_eq(a.bytes, 214005);
	ck_assert(probe_answer_read(&a, text, strlen(text), "c"));
	ck_assert_str_eq(a.url, "");
}
END_TEST

START_TEST(what_is_here_already_was_not_decoded)
{
	static const char text[] = PHOTO("exists", "");
	struct probe_answer a;

	ck_assert(probe_answer_read(&a, text, strlen(text), "b"));
	ck_assert(!a.created);
}
END_TEST

static const char *const strange[] = {
	"",
	"null",
	"[]",
	"<html>",
	"{\"photos\":[]}",
	"{\"photos\":[{}]}",
	"{\"photos\":\"x\"}",
	"{\"photos\":[{\"status\":\"created\"}]}",
	PHOTO("done", ""),
	PHOTO("created", ",\"delete_token\":\"a\\r\\nX: y\""),
	"{\"photos\":[{\"status\":\"created\",\"id\":\"../../../etc\"}]}",
};

START_TEST(what_is_no_answer_of_ours_is_none)
{
	struct probe_answer a;

	ck_assert(
	    !probe_answer_read(&a, strange[_i], strlen(strange[_i]), "b"));
}
END_TEST

static const struct {
	unsigned status;
	const char *text, *code, *why;
} problems[] = {
	{ 503, "{\"code\":\"overloaded\",\"error\":\"Busy.\"}", "overloaded",
	    "Busy." },
	{ 503, "{\"code\":\"overloaded\",\"error\":\"a\\u001b[1m\"}",
	    "overloaded", "a\ufffd[1m" },
	{ 500, "<h1>Oh</h1>", "", "an answer that is not the service's" },
	{ 500, "{\"code\":\"Not One\",\"error\":\"x\"}", "",
	    "an answer that is not the service's" },
	{ 301, "<h1>Moved</h1>", "",
	    "the answer is a redirection, which is not followed: set "
	    "probe_url to where the service is" },
};

START_TEST(a_refusal_is_told_in_its_own_words)
{
	char code[40];

	probe_answer_problem(problems[_i].status, problems[_i].text,
	    strlen(problems[_i].text), code, sizeof code, why, sizeof why);
	ck_assert_str_eq(code, problems[_i].code);
	ck_assert_str_eq(why, problems[_i].why);
}
END_TEST

static const struct {
	const char *url, *public, *prefix, *out;
} addresses[] = {
	{ "/t/x/a.jpg?v=1", "", "", "http://h/t/x/a.jpg?v=1" },
	{ "/m/t/x/a.jpg", "", "/m", "http://h/t/x/a.jpg" },
	{ "https://p/m/t/x/a.jpg", "https://p", "/m", "http://h/t/x/a.jpg" },
	{ "/t/x/a.jpg", "", "/m", NULL },
	{ "/t/x/a.jpg", "https://p", "", NULL },
	{ "https://other/t/x/a.jpg", "https://p", "", NULL },
	{ "https://p.evil/t/x/a.jpg", "https://p", "", NULL },
	{ "", "", "", NULL },
	{ "/photos/x", "", "", NULL },
	{ "/t/x y", "", "", NULL },
	{ "/t/x\r\nHost: y", "", "", NULL },
	{ "/t/x#y", "", "", NULL },
};

START_TEST(a_thumbnail_is_read_where_the_prober_goes)
{
	char out[100];
	int rc = probe_answer_address(addresses[_i].url, addresses[_i].public,
	    addresses[_i].prefix, "http://h", out, sizeof out);

	ck_assert_int_eq(rc, addresses[_i].out != NULL ? 0 : -1);
	if (rc == 0)
		ck_assert_str_eq(out, addresses[_i].out);
	ck_assert_int_eq(probe_answer_address(addresses[_i].url,
			     addresses[_i].public, addresses[_i].prefix,
			     "http://h", out, 15),
	    -1);
}
END_TEST

/* ---- beats ---- */

START_TEST(beats_do_not_drift_and_missed_ones_are_missed)
{
	ck_assert_uint_eq(probe_beat(100, 10, 100), 110);
	ck_assert_uint_eq(probe_beat(100, 10, 103), 110);
	ck_assert_uint_eq(probe_beat(100, 10, 109), 110);
	ck_assert_uint_eq(probe_beat(100, 10, 110), 120);
	ck_assert_uint_eq(probe_beat(100, 10, 131), 140);
}
END_TEST

START_TEST(a_minute_is_finished_two_seconds_late)
{
	ck_assert_int_eq(probe_finished_minute(600000 + 1999), 480000);
	ck_assert_int_eq(probe_finished_minute(600000 + 2000), 540000);
	ck_assert_int_eq(probe_finished_minute(660000 + 1999), 540000);
}
END_TEST

/* ---- headers ---- */

static const struct {
	const char *text;
	unsigned n; /* headers; 0: an error */
	const char *first;
} header_files[] = {
	{ "Cookie: a=b; c=\"d\"\n", 1, "Cookie: a=b; c=\"d\"" },
	{ "# mine\r\n\nX-A: 1\r\nX-B:2", 2, "X-A: 1" },
	{ "Cookie\n", 0, "" },
	{ ": x\n", 0, "" },
	{ "X A: 1\n", 0, "" },
	{ "X-A: 1\n\nX-B: \033[1m\n", 0, "" },
};

START_TEST(headers_are_those_of_the_file)
{
	struct probe_headers h;
	char path[300];
	unsigned n = 0;
	int rc;

	(void)snprintf(path, sizeof path, "%s/headers", tempdir_path());
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "headers", 0600,
			     header_files[_i].text,
			     strlen(header_files[_i].text)),
	    0);
	rc = probe_headers_read(&h, path, why, sizeof why);
	ck_assert_int_eq(rc, header_files[_i].n > 0 ? 0 : -1);
	if (rc == -1) {
		ck_assert_msg(strstr(why, ": not a header") != NULL, "%s", why);
		return;
	}
	while (h.lines[n] != NULL)
		n++;
	ck_assert_uint_eq(n, header_files[_i].n);
	ck_assert_str_eq(h.lines[0], header_files[_i].first);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(probe_headers_read(&h, path, why, sizeof why), -1);
	ck_assert_msg(strstr(why, "chmod 600") != NULL, "%s", why);
}
END_TEST

START_TEST(too_many_headers_are_an_error)
{
	struct probe_headers h;
	struct buf text = { 0 };
	char path[300];

	for (unsigned i = 0; i <= PROBE_HEADERS_MAX; i++)
		buf_puts(&text, "A: b\n");
	(void)snprintf(path, sizeof path, "%s/headers", tempdir_path());
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "headers", 0600, text.data,
			     text.len - 5),
	    0);
	ck_assert_int_eq(probe_headers_read(&h, path, why, sizeof why), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "headers", 0600, text.data,
			     text.len),
	    0);
	ck_assert_int_eq(probe_headers_read(&h, path, why, sizeof why), -1);
	ck_assert_msg(strstr(why, "headers:33:") != NULL, "%s", why);
	buf_fini(&text);
}
END_TEST

/* ---- state ---- */

static struct probe_debt
debt_of(int64_t expires)
{
	return (struct probe_debt){ { ID, TOKEN }, expires };
}

START_TEST(a_state_is_what_was_saved)
{
	struct probe_state s, t;
	struct probe_debt debt = debt_of(1000);
	struct stat st;

	ck_assert_int_eq(probe_state_load(&s, tempdir_path()), 0);
	ck_assert_uint_eq(strlen(s.mark), PROBE_MARK_LEN);
	s.serial = 77;
	s.published = 120000;
	s.position =
	    (struct probe_position){ 1, 2, UINT64_C(5000000000), 60000 };
	probe_state_owe(&s, &debt);
	ck_assert_int_eq(probe_state_save(&s, tempdir_path()), 0);
	ck_assert_int_eq(probe_state_save(&s, tempdir_path()), 0);
	ck_assert_int_eq(fstatat(tempdir_fd(), "prober.json", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(probe_state_load(&t, tempdir_path()), 0);
	ck_assert_str_eq(t.mark, s.mark);
	ck_assert_uint_eq(t.serial, 77);
	ck_assert_int_eq(t.published, 120000);
	ck_assert_uint_eq(t.position.dev, 1);
	ck_assert_uint_eq(t.position.ino, 2);
	ck_assert_uint_eq(t.position.offset, UINT64_C(5000000000));
	ck_assert_int_eq(t.position.told, 60000);
	ck_assert_uint_eq(t.n_debts, 1);
	ck_assert_str_eq(t.debts[0].receipt.id, ID);
	ck_assert_str_eq(t.debts[0].receipt.token, TOKEN);
	ck_assert_int_eq(t.debts[0].expires, 1000);
}
END_TEST

static const char *const states[] = {
	"",
	"{",
	"null",
	"[1]",
	"{\"mark\":7}",
	"{\"mark\":\"short\",\"serial\":5}",
	"{\"mark\":\"../../../../../../../../a\"}",
	"{\"serial\":5}",
};

START_TEST(what_is_no_state_is_a_new_one)
{
	struct probe_state s;

	ck_assert_int_eq(fd_write_file(tempdir_fd(), "prober.json", 0600,
			     states[_i], strlen(states[_i])),
	    0);
	ck_assert_int_eq(probe_state_load(&s, tempdir_path()), 0);
	ck_assert_uint_eq(strlen(s.mark), PROBE_MARK_LEN);
	ck_assert_uint_eq(s.serial, 0);
	ck_assert_uint_eq(s.n_debts, 0);
}
END_TEST

START_TEST(what_is_wrong_within_is_left_out)
{
	static const char text[] =
	    "{\"mark\":\"" ID "\",\"serial\":-1,"
	    "\"log\":[],\"debts\":[1,{},{\"id\":\"../x\","
	    "\"token\":\"" TOKEN "\",\"expires\":9},"
	    "{\"id\":\"" ID "\",\"token\":\"a\\r\\nb\"}]}";
	struct probe_state s;

	ck_assert_int_eq(fd_write_file(tempdir_fd(), "prober.json", 0600, text,
			     strlen(text)),
	    0);
	ck_assert_int_eq(probe_state_load(&s, tempdir_path()), 0);
	ck_assert_str_eq(s.mark, ID);
	ck_assert_uint_eq(s.serial, 0);
	ck_assert_uint_eq(s.position.ino, 0);
	ck_assert_uint_eq(s.n_debts, 1);
	ck_assert_str_eq(s.debts[0].receipt.token, "");
}
END_TEST

START_TEST(debts_are_few_and_end)
{
	struct probe_state s;
	struct probe_debt debt;

	ck_assert_int_eq(probe_state_new(&s), 0);
	for (int64_t i = 1; i <= PROBE_DEBTS_MAX + 3; i++) {
		debt = debt_of(i);
		probe_state_owe(&s, &debt);
	}
	ck_assert_uint_eq(s.n_debts, PROBE_DEBTS_MAX);
	ck_assert_int_eq(s.debts[0].expires, 4);
	probe_state_forget(&s, 10);
	ck_assert_int_eq(s.debts[0].expires, 11);
	ck_assert_uint_eq(s.n_debts, PROBE_DEBTS_MAX - 7);
	probe_state_forget(&s, 1000);
	ck_assert_uint_eq(s.n_debts, 0);
}
END_TEST

START_TEST(a_ledger_has_one_prober)
{
	char path[300];
	int one, two;

	(void)snprintf(path, sizeof path, "%s/ledger", tempdir_path());
	one = probe_state_lock(path);
	ck_assert_int_ne(one, -1);
	two = probe_state_lock(path);
	ck_assert_int_eq(two, -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	fd_close(&one);
	two = probe_state_lock(path);
	ck_assert_int_ne(two, -1);
	fd_close(&two);
	(void)snprintf(path, sizeof path, "%s/no/ledger", tempdir_path());
	ck_assert_int_eq(probe_state_lock(path), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("probe");
	TCase *pictures = tcase_create("pictures");
	TCase *words = tcase_create("words");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(pictures, picture_setup, picture_teardown);
	tcase_add_checked_fixture(files, tempdir_setup, tempdir_teardown);
	tcase_add_loop_test(pictures,
	    a_thumbnail_shows_its_picture_whatever_the_preset, 0,
	    NELEM(presets));
	tcase_add_loop_test(pictures, a_photo_of_any_format_comes_through,
	    FORMAT_NONE + 1, FORMAT_COUNT);
	tcase_add_loop_test(pictures, another_picture_is_noticed, 0,
	    HARM_COUNT);
	tcase_add_test(pictures, another_size_and_no_picture_are_noticed);
	tcase_add_loop_test(pictures, no_photo_is_over_the_limits, 0,
	    NELEM(presets));
	tcase_add_test(pictures,
	    most_photos_are_jpeg_and_each_format_has_its_turn);
	tcase_add_test(pictures, the_smallest_box_is_looked_at);
	tcase_add_test(words, an_answer_tells_of_the_photo_and_one_thumbnail);
	tcase_add_test(words, what_is_here_already_was_not_decoded);
	tcase_add_loop_test(words, what_is_no_answer_of_ours_is_none, 0,
	    NELEM(strange));
	tcase_add_loop_test(words, a_refusal_is_told_in_its_own_words, 0,
	    NELEM(problems));
	tcase_add_loop_test(words, a_thumbnail_is_read_where_the_prober_goes, 0,
	    NELEM(addresses));
	tcase_add_test(words, beats_do_not_drift_and_missed_ones_are_missed);
	tcase_add_test(words, a_minute_is_finished_two_seconds_late);
	tcase_add_loop_test(files, headers_are_those_of_the_file, 0,
	    NELEM(header_files));
	tcase_add_test(files, too_many_headers_are_an_error);
	tcase_add_test(files, a_state_is_what_was_saved);
	tcase_add_loop_test(files, what_is_no_state_is_a_new_one, 0,
	    NELEM(states));
	tcase_add_test(files, what_is_wrong_within_is_left_out);
	tcase_add_test(files, debts_are_few_and_end);
	tcase_add_test(files, a_ledger_has_one_prober);
	suite_add_tcase(s, pictures);
	suite_add_tcase(s, words);
	suite_add_tcase(s, files);
	return run_suite(s);
}
