#include "config.h"

/* What the control worker says of the service, and does about claims. */

#include "control.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "clock.h"
#include "fcgi_client.h"
#include "fdio.h"
#include "listen.h"
#include "log.h"
#include "metrics.h"
#include "release.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"
#include "vitals.h"

/* A pool of one photo worker, in memory, and its listening socket. */
static char prefix[] = "/media";
static char no_text[] = "";
static struct settings settings = { .limits = { .queue_seconds = 10,
					.files = 2 },
	.public_url = no_text };
static struct listeners listeners;
static struct control control;

static char data[STORE_PATH_MAX];

static void
setup(void)
{
	char why[256], lines[300];

	tempdir_setup();
	settings.prefix = no_text;
	stores_prepare(data);
	ck_assert_msg(listeners_open(&listeners, tempdir_path(), 0600, "", 4,
			  why, sizeof why) == 0,
	    "%s", why);
	ck_assert_int_eq(listeners_show(&listeners, why, sizeof why), 0);
	control = (struct control){ .settings = &settings,
		.board = scoreboard_new(2),
		.n = 1,
		.photo_listener = listeners.photo.fd,
		.sweep = { .data = data } };
	control.sweep.store = store_open(data, why, sizeof why);
	ck_assert_msg(control.sweep.store != NULL, "%s", why);
	(void)snprintf(lines, sizeof lines, "%s/log", tempdir_path());
	ck_assert_int_eq(log_open(lines), 0);
	scoreboard_slot(control.board, 0)->pid = 1;
	scoreboard_slot(control.board, 0)->beat_ns = clock_monotonic_ns();
}

static void
teardown(void)
{
	store_close(control.sweep.store);
	scoreboard_free(control.board);
	listeners_unlink(&listeners);
	listeners_close(&listeners);
	tempdir_teardown();
}

static struct slot *
photo_worker(void)
{
	return scoreboard_slot(control.board, 0);
}

static void
ask(struct memory_io *m, const char *method, const char *address)
{
	memory_io_init(m, "", 0);
	memory_io_param(m, "REQUEST_METHOD", method);
	memory_io_param(m, "DOCUMENT_URI", address);
	control_handle(&control, &m->io);
	ck_assert_ptr_nonnull(m->reply.data);
}

#define assert_says(m, text)                                                  \
	ck_assert_msg(strstr((m)->reply.data, text) != NULL, "\"%s\" in: %s", \
	    text, (m)->reply.data)

static const struct {
	const char *method;
	const char *address;
	const char *status;
	const char *body;
} requests[] = {
	{ "GET", "/metrics", "Status: 200", "\nfcgi_thumb_ready 1\n" },
	{ "HEAD", "/media/metrics", "Status: 200",
	    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n\r\n"
	    "# HELP " },
	{ "POST", "/metrics", "Status: 405", "\"method-not-allowed\"" },
	{ "GET", "/health/ready", "Status: 200", "{\"ready\":true}" },
	{ "HEAD", "/health/ready", "Status: 200", "" },
	{ "GET", "/media/health/ready", "Status: 200", "{\"ready\":true}" },
	{ "POST", "/health/ready", "Status: 405", "\"method-not-allowed\"" },
	{ NULL, "/health/ready", "Status: 405", "\"method-not-allowed\"" },
	{ "GET", "/health/ready/", "Status: 404", "\"not-found\"" },
	{ "GET", "/health/live", "Status: 404", "\"not-found\"" },
	{ "GET", "", "Status: 404", "\"not-found\"" },
	{ "GET", NULL, "Status: 404", "\"not-found\"" },
};

START_TEST(addresses_and_methods_are_told_apart)
{
	struct memory_io m;

	ask(&m, requests[_i].method, requests[_i].address);

	assert_says(&m, requests[_i].status);
	assert_says(&m, requests[_i].body);
	memory_io_fini(&m);
}
END_TEST

START_TEST(without_a_worker_it_is_overloaded_and_says_why)
{
	struct memory_io m;

	photo_worker()->pid = 0;
	ask(&m, "GET", "/health/ready");

	assert_says(&m, "Status: 503");
	assert_says(&m, "Retry-After: 2\r\n");
	assert_says(&m, "Content-Type: application/problem+json\r\n");
	assert_says(&m, "\"code\":\"overloaded\"");
	assert_says(&m, "\"detail\":\"no worker is alive\"");
	memory_io_fini(&m);
}
END_TEST

START_TEST(photos_that_wait_for_nobody_are_seen)
{
	char path[300];
	struct memory_io m;
	int fd;

	(void)snprintf(path, sizeof path, "%s/photo.sock", tempdir_path());
	photo_worker()->phase = PHASE_DECODE;
	photo_worker()->beat_ns = clock_monotonic_ns() - 60 * NS_PER_S;
	photo_worker()->deadline_ns = clock_monotonic_ns() + 60 * NS_PER_S;
	fd = fcgi_connect(path);
	ck_assert_int_ne(fd, -1);

	ask(&m, "GET", "/health/ready");

	assert_says(&m, "Status: 503");
	assert_says(&m, "photos wait");
	memory_io_fini(&m);
	(void)close(fd);
}
END_TEST

/* Two bytes that are counted. */
static void
fill_store(void)
{
	static const char id[] = "4oymiquy7qobjgx36tejs35zeq";
	char path[400];

	(void)snprintf(path, sizeof path, "%s/photos/%.2s/%s", data, id, id);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)strcat(path, "/original.jpg");
	ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0600, "12", 2), 0);
	for (unsigned part = 0; part < 1024; part++)
		ck_assert_int_eq(store_recount(control.sweep.store, part), 0);
}

START_TEST(without_room_no_photo_would_be_taken)
{
	struct memory_io m;

	fill_store();
	if (_i == 0)
		settings.limits.free = UINT64_MAX;
	else
		settings.limits.store = 2;
	ask(&m, "GET", "/health/ready");

	assert_says(&m, "Status: 507");
	assert_says(&m, "\"code\":\"storage-full\"");
	assert_says(&m, "\"limit\":");
	memory_io_fini(&m);
}
END_TEST

START_TEST(a_verdict_holds_for_a_second)
{
	struct memory_io m;

	ask(&m, "GET", "/health/ready");
	assert_says(&m, "Status: 200");
	memory_io_fini(&m);
	photo_worker()->pid = 0;

	ask(&m, "GET", "/health/ready");
	assert_says(&m, "Status: 200");
	memory_io_fini(&m);

	control.checked_ns -= NS_PER_S;
	ask(&m, "GET", "/health/ready");
	assert_says(&m, "Status: 503");
	memory_io_fini(&m);
}
END_TEST

START_TEST(a_peer_that_is_gone_harms_nobody)
{
	struct memory_io m;

	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", "GET");
	memory_io_param(&m, "DOCUMENT_URI", "/health/ready");
	m.peer_gone = true;
	control_handle(&control, &m.io);
	memory_io_fini(&m);
}
END_TEST

/* ---- numbers ---- */

/* What the numbers say: one line of them. */
static void
assert_number(const char *line)
{
	struct memory_io m;
	char whole[200];

	(void)snprintf(whole, sizeof whole, "\nfcgi_thumb_%s\n", line);
	ask(&m, "GET", "/metrics");
	assert_says(&m, whole);
	memory_io_fini(&m);
}

static const struct {
	const char *before;
	const char *after;
} numbers[] = {
	{ "ready 1", "ready 0" },
	{ "workers_alive 1", "workers_alive 0" },
	{ "deletions_total 0", "deletions_total 1" },
	{ "store_bytes 0", "store_bytes 2" },
	{ "store_photos 0", "store_photos 1" },
	{ "quarantine_photos 0", "quarantine_photos 1" },
	{ "poison_photos 0", "poison_photos 1" },
	{ "worker_deaths_total{cause=\"SIGSEGV\"} 0",
	    "worker_deaths_total{cause=\"SIGSEGV\"} 1" },
	{ "offline 0", "offline 1" },
	{ "log_lost_lines_total 0", "log_lost_lines_total 1" },
	{ "store_limit_bytes 0", "store_limit_bytes 102" },
	{ "disk_reserve_bytes 0", "disk_reserve_bytes 0" },
	{ "workers_configured 1", "workers_configured 1" },
};

START_TEST(numbers_follow_what_happens)
{
	char path[300];

	listen_queue_open(&control.queue, listeners.photo.fd);
	ck_assert_int_eq(metrics_init(), 0);
	settings.limits = (struct limits){ .queue_seconds = 10, .files = 2 };
	for (unsigned i = 0; i < NELEM(numbers); i++)
		assert_number(numbers[i].before);

	photo_worker()->pid = 0;
	control.checked_ns = 0;
	ck_assert_int_eq(store_go_offline(control.sweep.store,
			     &(struct store_offline){ .from =
							  (int64_t)time(NULL),
				 .until = (int64_t)time(NULL) + 3600 }),
	    0);
	log_lose();
	metrics_own()->deletions++;
	metrics_own()->deaths[DEATH_SEGV]++;
	settings.limits.store = 102;
	(void)snprintf(path, sizeof path, "%s/photo.sock", tempdir_path());
	ck_assert_int_ne(fcgi_connect(path), -1);
	fill_store();
	for (unsigned i = 0; i < STORE_STRIKES_MAX; i++)
		ck_assert_int_eq(store_strike(data,
				     "4oymiquy7qobjgx36tejs35zeq", "a test"),
		    0);

	/* A look into quarantine/ holds for some seconds. */
	assert_number("quarantine_photos 0");
	control.quarantine.looked_ns -= 11 * NS_PER_S;
	for (unsigned i = 0; i < NELEM(numbers); i++)
		assert_number(numbers[i].after);
	if (control.queue.netlink != -1) /* a kernel that tells */
		assert_number("queue_waiting 1");
	listen_queue_close(&control.queue);
}
END_TEST

/* A release judges the workers by them. */
START_TEST(numbers_say_how_workers_are)
{
	struct memory_io m;
	struct vitals v;

	ck_assert_int_eq(metrics_init(), 0);
	metrics_own()->deaths[DEATH_SEGV] = 1;
	metrics_own()->deaths[DEATH_STATUS] = 2;
	metrics_own()->kills[KILL_DEADLINE] = 4;
	metrics_own()->kills[KILL_BOOT] = 8;
	metrics_own()->kills[KILL_LEAVE] = 16;
	photo_worker()->resident = 70 << 20;
	ask(&m, "GET", "/metrics");
	ck_assert_int_eq(vitals_read(m.reply.data, &v), 0);
	ck_assert_uint_eq(v.deaths, 15);
	ck_assert_uint_eq(v.memory, 70 << 20);
	memory_io_fini(&m);
}
END_TEST

START_TEST(the_shares_of_a_release_are_told)
{
	static const char blue[] =
	    "release_share{slot=\"blue\",version=\"0.1.0\"} ";
	char dir[300], line[100];
	struct release_state state = { .active = SLOT_BLUE };
	struct memory_io m;

	(void)snprintf(dir, sizeof dir, "%s", tempdir_path());
	settings.release_dir = dir;
	ask(&m, "GET", "/metrics");
	ck_assert_ptr_null(strstr(m.reply.data, "release_share"));
	assert_says(&m, ",slot=\"none\"} 1\n");
	memory_io_fini(&m);

	settings.releases = true;
	assert_number("release_share{slot=\"none\",version=\"" PACKAGE_VERSION
		      "\"} 1.0000");
	(void)strcpy(state.slots[SLOT_BLUE].version, "0.1.0");
	ck_assert_int_eq(release_save(dir, &state), 0);
	settings.slot = SLOT_GREEN;
	(void)snprintf(line, sizeof line, "%s1.0000", blue);
	assert_number(line);
	assert_number("release_share{slot=\"green\",version=\"" PACKAGE_VERSION
		      "\"} 0.0000");

	(void)strcpy(state.slots[SLOT_GREEN].version, "0.2.0");
	state.run = (struct release_run){ .how = RELEASE_ROLLOUT,
		.id = "abcdefghij23",
		.from = SLOT_BLUE,
		.to = SLOT_GREEN,
		.steps = { 525, RELEASE_ALL },
		.n_steps = 2,
		.share = 525 };
	ck_assert_int_eq(release_save(dir, &state), 0);
	(void)snprintf(line, sizeof line, "%s0.9475", blue);
	assert_number(line);
	assert_number("release_share{slot=\"green\",version=\"0.2.0\"} 0.0525");
	ask(&m, "GET", "/metrics");
	ck_assert_ptr_null(strstr(m.reply.data, "slot=\"none\""));
	assert_says(&m, ",slot=\"green\"} 1\n"); /* of build_info */
	memory_io_fini(&m);
	settings.releases = false;
	settings.slot = SLOT_NONE;
}
END_TEST

/* A week in which a hundred bytes an hour came, and of 100,000 are left. */
START_TEST(the_forecast_is_told_where_there_is_one)
{
	const int64_t hour = 3600, now = (int64_t)time(NULL);
	struct buf text = { 0 };
	struct memory_io m;
	const char *at;
	double seconds;

	settings.limits = (struct limits){ .queue_seconds = 10,
		.files = 2,
		.store = 1000 * 100 + 7 * 24 * 100 };
	ask(&m, "GET", "/metrics");
	ck_assert_ptr_null(strstr(m.reply.data, "full_seconds"));
	memory_io_fini(&m);

	for (int64_t i = 0; i <= (int64_t)7 * 24; i++)
		buf_printf(&text, "%lld\t%lld\t%lld\t100000000\t1000\n",
		    (long long)(now - (7 * 24 - i) * hour),
		    (long long)(i * 100), (long long)i);
	ck_assert_int_eq(fd_write_file(AT_FDCWD,
			     tempdir_at("store/state/growth"), 0600, text.data,
			     text.len),
	    0);
	control.outlook.looked_ns -= 61 * NS_PER_S;
	ask(&m, "GET", "/metrics");
	at = strstr(m.reply.data, "\nfcgi_thumb_full_seconds ");
	ck_assert_ptr_nonnull(at);
	seconds = strtod(strchr(at, ' '), NULL);
	ck_assert(seconds > 999 * 3600.0 && seconds < 1001 * 3600.0);
	memory_io_fini(&m);
	buf_fini(&text);
}
END_TEST

START_TEST(room_is_what_both_limits_leave)
{
	struct store_disk disk;
	char line[80];

	ck_assert_int_eq(store_disk(control.sweep.store, &disk), 0);
	settings.limits = (struct limits){ .queue_seconds = 10,
		.files = 2,
		.store = 102,
		.free = disk.free / 2 };
	fill_store();
	assert_number("headroom_bytes 100");
	settings.limits.store = 1;
	assert_number("headroom_bytes 0");
	settings.limits.store = UINT64_MAX;
	settings.limits.free = disk.size + 1;
	assert_number("headroom_bytes 0");
	(void)snprintf(line, sizeof line, "disk_size_bytes %llu",
	    (unsigned long long)disk.size);
	assert_number(line);
}
END_TEST

/* ---- claims ---- */

#define KEY "a key of 22 characters"

static char id[PHOTO_ID_LEN + 1];
static char sum[DIGEST_HEX_LEN + 1];

static const char *
path_of(const char *side, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof path, "%s/%s/%.2s/%s/%s", data, side, id,
	    id, name);
	return path;
}

/* A stored photo with one claim; its token into out. */
static void
put_photo(char token[CLAIM_TOKEN_LEN + 1])
{
	const struct claim c = { .owner = "alice", .created = 1 };
	unsigned char sha[DIGEST_SHA256_LEN];
	struct durable durable = { .n = 0 };
	struct fault_info info;
	int photo;

	ck_assert_int_eq(digest_sha256("photo", 5, sha), 0);
	photo_id_make(sha, id);
	digest_hex(sha, sum);
	ck_assert_int_eq(mkdir(path_of("photos", ""), 0700), 0);
	ck_assert_int_eq(mkdir(path_of("public", ""), 0755), 0);
	ck_assert_int_eq(fd_write_file(AT_FDCWD,
			     path_of("photos", "original.jpg"), 0600, "photo",
			     5),
	    0);
	ck_assert_int_eq(claim_token(KEY, id, token, &info), FAULT_NONE);
	photo = open(path_of("photos", ""), O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(claim_begin(control.sweep.store, photo, id, token, &c,
			     &durable, &info),
	    FAULT_NONE);
	ck_assert_int_eq(durable_sync(&durable), 0);
	(void)close(photo);
}

static const char *
address_of(const char *rest)
{
	static char uri[100];

	(void)snprintf(uri, sizeof uri, "%s/photos/%s%s", settings.prefix, id,
	    rest);
	return uri;
}

/* DELETE with this token in the header. */
static void
ask_delete(struct memory_io *m, const char *uri, const char *token)
{
	char bearer[100];

	(void)snprintf(bearer, sizeof bearer, "Bearer %s", token);
	memory_io_init(m, "", 0);
	memory_io_param(m, "REQUEST_METHOD", "DELETE");
	memory_io_param(m, "DOCUMENT_URI", uri);
	memory_io_param(m, "HTTP_AUTHORIZATION", bearer);
	control_handle(&control, &m->io);
	ck_assert_ptr_nonnull(m->reply.data);
}

static void
ask_claim(struct memory_io *m, const char *body, const char *key)
{
	memory_io_init(m, body, strlen(body));
	memory_io_param(m, "REQUEST_METHOD", "POST");
	memory_io_param(m, "DOCUMENT_URI", address_of("/claims"));
	memory_io_param(m, "HTTP_IDEMPOTENCY_KEY", key);
	control_handle(&control, &m->io);
	ck_assert_ptr_nonnull(m->reply.data);
}

START_TEST(a_delete_token_takes_the_photo_back)
{
	const struct counts *c = metrics_own();
	char token[CLAIM_TOKEN_LEN + 1];
	struct memory_io m;

	put_photo(token);
	ask_delete(&m, address_of(""), "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_says(&m, "Status: 403");
	assert_says(&m, "\"token-invalid\"");
	memory_io_fini(&m);
	ask(&m, "DELETE", address_of(""));
	assert_says(&m, "Status: 403");
	memory_io_fini(&m);
	ask(&m, "GET", address_of(""));
	assert_says(&m, "Status: 405");
	memory_io_fini(&m);
	ck_assert_int_eq(access(path_of("photos", ""), F_OK), 0);

	ask_delete(&m, address_of(""), token);
	ck_assert_str_eq(m.reply.data, "Status: 204 No Content\r\n\r\n");
	memory_io_fini(&m);
	ck_assert_int_eq(access(path_of("photos", ""), F_OK), -1);

	ask_delete(&m, address_of(""), token);
	assert_says(&m, "Status: 404");
	memory_io_fini(&m);

	ck_assert_uint_eq(c->requests[REQUEST_DELETE][RESULT_GONE], 1);
	ck_assert_uint_eq(c->requests[REQUEST_DELETE][FAULT_TOKEN_INVALID], 2);
	ck_assert_uint_eq(c->requests[REQUEST_DELETE][FAULT_NOT_FOUND], 1);
	ck_assert_uint_eq(c->deletions, 1);
	ck_assert_uint_eq(c->removed, 1);
}
END_TEST

START_TEST(addresses_begin_with_the_prefix_and_hold_an_id)
{
	static const char *const strange[] = { "/photos/", "/photos/x",
		"/photos/../../state/locksaaaaaaaaa", "/photos" };
	char token[CLAIM_TOKEN_LEN + 1], bare[100];
	struct memory_io m;

	put_photo(token);
	(void)snprintf(bare, sizeof bare, "%s", address_of(""));
	settings.prefix = prefix;
	ask_delete(&m, bare, token);
	assert_says(&m, "Status: 404");
	memory_io_fini(&m);
	for (unsigned i = 0; i < NELEM(strange); i++) {
		char uri[100];

		(void)snprintf(uri, sizeof uri, "%s%s", prefix, strange[i]);
		ask_delete(&m, uri, token);
		assert_says(&m, "Status: 404");
		memory_io_fini(&m);
	}
	ask_delete(&m, address_of("/"), token);
	assert_says(&m, "Status: 404");
	memory_io_fini(&m);
	ask_delete(&m, address_of(""), token);
	assert_says(&m, "Status: 204");
	memory_io_fini(&m);
}
END_TEST

/* DELETE of the whole upload, as FilePond sends it. */
static void
ask_revert(struct memory_io *m, const char *answer)
{
	char uri[100];

	(void)snprintf(uri, sizeof uri, "%s/upload", settings.prefix);
	memory_io_init(m, answer, strlen(answer));
	memory_io_param(m, "REQUEST_METHOD", "DELETE");
	memory_io_param(m, "DOCUMENT_URI", uri);
	control_handle(&control, &m->io);
	ck_assert_ptr_nonnull(m->reply.data);
}

START_TEST(an_upload_s_answer_takes_its_photos_back)
{
	char token[CLAIM_TOKEN_LEN + 1], answer[400];
	struct memory_io m;

	settings.prefix = prefix;
	put_photo(token);
	(void)snprintf(answer, sizeof answer,
	    "{\"photos\":[{\"id\":\"%s\",\"delete_token\":\"%s\"}]}\n", id,
	    "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	ask_revert(&m, answer);
	assert_says(&m, "Status: 403");
	assert_says(&m, "\"token-invalid\"");
	memory_io_fini(&m);
	ck_assert_int_eq(access(path_of("photos", ""), F_OK), 0);

	/* One that fails does not keep the next. */
	(void)snprintf(answer, sizeof answer,
	    "{\"photos\":[{\"name\":\"a\",\"error\":{}},"
	    "{\"id\":\"%s\"},{\"id\":\"%s\",\"delete_token\":\"%s\"}]}",
	    id, id, token);
	ask_revert(&m, answer);
	assert_says(&m, "Status: 403");
	memory_io_fini(&m);
	ck_assert_int_eq(access(path_of("photos", ""), F_OK), -1);

	put_photo(token);
	(void)snprintf(answer, sizeof answer,
	    "{\"photos\":[{\"id\":\"%s\",\"delete_token\":\"%s\"}]}\n", id,
	    token);
	ask_revert(&m, answer);
	ck_assert_str_eq(m.reply.data, "Status: 204 No Content\r\n\r\n");
	memory_io_fini(&m);
	ck_assert_int_eq(access(path_of("photos", ""), F_OK), -1);
}
END_TEST

START_TEST(what_tells_of_no_claim_takes_nothing_back)
{
	struct memory_io m;
	char *large;

	ask_revert(&m, "");
	assert_says(&m, "Status: 400");
	assert_says(&m, "\"bad-request\"");
	memory_io_fini(&m);
	ask_revert(&m, "{\"photos\":[]}");
	assert_says(&m, "Status: 400");
	memory_io_fini(&m);
	large = calloc(1024 * 1024 + 2, 1);
	ck_assert_ptr_nonnull(large);
	memset(large, ' ', 1024 * 1024 + 1);
	ask_revert(&m, large);
	assert_says(&m, "Status: 413");
	assert_says(&m, "\"limit\":1048576");
	memory_io_fini(&m);
	free(large);
	ask(&m, "POST", "/upload");
	assert_says(&m, "Status: 405");
	memory_io_fini(&m);
}
END_TEST

START_TEST(the_sum_of_a_photo_makes_a_claim)
{
	char token[CLAIM_TOKEN_LEN + 1], want[200], body[100];
	struct fault_info info;
	struct memory_io m;

	put_photo(token);
	(void)snprintf(body, sizeof body, "{\"sha256\":\"%s\"}", sum);
	ask_claim(&m, body, KEY " 2");
	assert_says(&m, "Status: 201 Created\r\n");
	ck_assert_int_eq(claim_token(KEY " 2", id, token, &info), FAULT_NONE);
	(void)snprintf(want, sizeof want,
	    "\r\n\r\n{\"id\":\"%s\",\"delete_token\":\"%s\"}\n", id, token);
	assert_says(&m, want);
	memory_io_fini(&m);
	ask_delete(&m, address_of(""), token);
	assert_says(&m, "Status: 204");
	memory_io_fini(&m);
	ck_assert_int_eq(access(path_of("photos", ""), F_OK), 0);
}
END_TEST

START_TEST(what_proves_nothing_is_refused)
{
	static const struct {
		const char *body, *key, *status, *code;
	} rows[] = {
		{ "", NULL, "400", "bad-request" },
		{ "{\"sha256\":1}", NULL, "400", "bad-request" },
		{ "sha256=00000000000000000000000000000000"
		  "00000000000000000000000000000000",
		    NULL, "403", "token-invalid" },
		{ "sha256=00", "short", "400", "bad-request" },
	};
	char token[CLAIM_TOKEN_LEN + 1], large[1026];
	struct memory_io m;

	put_photo(token);
	for (unsigned i = 0; i < NELEM(rows); i++) {
		ask_claim(&m, rows[i].body, rows[i].key);
		assert_says(&m, rows[i].status);
		assert_says(&m, rows[i].code);
		memory_io_fini(&m);
	}
	memset(large, '0', sizeof large);
	large[sizeof large - 1] = '\0';
	ask_claim(&m, large, NULL);
	assert_says(&m, "Status: 413");
	assert_says(&m, "\"limit\":1024");
	memory_io_fini(&m);
	ask(&m, "GET", address_of("/claims"));
	assert_says(&m, "Status: 405");
	memory_io_fini(&m);
	id[0] = id[0] == 'a' ? 'b' : 'a';
	ask_claim(&m, sum, NULL);
	assert_says(&m, "Status: 404");
	memory_io_fini(&m);
}
END_TEST

START_TEST(idle_time_ends_what_was_deleted)
{
	char token[CLAIM_TOKEN_LEN + 1], trash[400];
	struct memory_io m;

	put_photo(token);
	ask_delete(&m, address_of(""), token);
	memory_io_fini(&m);
	(void)snprintf(trash, sizeof trash, "%s/trash", data);
	ck_assert_uint_eq(count_entries(trash), 2);
	control_idle(&control);
	ck_assert_uint_eq(count_entries(trash), 0);
}
END_TEST

START_TEST(no_token_comes_into_the_log)
{
	char token[CLAIM_TOKEN_LEN + 1], path[300], *text;
	struct memory_io m;
	size_t len;

	put_photo(token);
	ask_delete(&m, address_of(""), token);
	memory_io_fini(&m);
	(void)snprintf(path, sizeof path, "%s/log", tempdir_path());
	ck_assert_int_eq(fd_read_file(AT_FDCWD, path, 100000, &text, &len), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"method\":\"DELETE\""));
	ck_assert_ptr_nonnull(strstr(text, id));
	ck_assert_ptr_null(strstr(text, token));
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control");
	TCase *address = tcase_create("addresses");
	TCase *ready = tcase_create("ready");
	TCase *number = tcase_create("numbers");
	TCase *claims = tcase_create("claims");

	tcase_add_checked_fixture(address, setup, teardown);
	tcase_add_loop_test(address, addresses_and_methods_are_told_apart, 0,
	    NELEM(requests));
	suite_add_tcase(suite, address);
	tcase_add_checked_fixture(ready, setup, teardown);
	tcase_add_test(ready, without_a_worker_it_is_overloaded_and_says_why);
	tcase_add_test(ready, photos_that_wait_for_nobody_are_seen);
	tcase_add_loop_test(ready, without_room_no_photo_would_be_taken, 0, 2);
	tcase_add_test(ready, a_verdict_holds_for_a_second);
	tcase_add_test(ready, a_peer_that_is_gone_harms_nobody);
	suite_add_tcase(suite, ready);
	tcase_add_checked_fixture(number, setup, teardown);
	tcase_add_test(number, numbers_follow_what_happens);
	tcase_add_test(number, numbers_say_how_workers_are);
	tcase_add_test(number, the_shares_of_a_release_are_told);
	tcase_add_test(number, room_is_what_both_limits_leave);
	tcase_add_test(number, the_forecast_is_told_where_there_is_one);
	suite_add_tcase(suite, number);
	tcase_add_checked_fixture(claims, setup, teardown);
	tcase_set_timeout(claims, 30);
	tcase_add_test(claims, a_delete_token_takes_the_photo_back);
	tcase_add_test(claims, addresses_begin_with_the_prefix_and_hold_an_id);
	tcase_add_test(claims, an_upload_s_answer_takes_its_photos_back);
	tcase_add_test(claims, what_tells_of_no_claim_takes_nothing_back);
	tcase_add_test(claims, the_sum_of_a_photo_makes_a_claim);
	tcase_add_test(claims, what_proves_nothing_is_refused);
	tcase_add_test(claims, idle_time_ends_what_was_deleted);
	tcase_add_test(claims, no_token_comes_into_the_log);
	suite_add_tcase(suite, claims);
	return run_suite(suite);
}
