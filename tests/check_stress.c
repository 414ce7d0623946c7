#include "config.h"

#include "stress_machine.h"
#include "stress_photo.h"
#include "client_target.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "digest.h"
#include "fdio.h"
#include "sniff_jpeg.h"
#include "support.h"

/* ---- photos ---- */

static struct stress_photos photos;
static char why[256];

static void
put(const char *name, const char *from)
{
	size_t len;
	char *data = test_data(from, &len);

	ck_assert_int_eq(fd_write_file(tempdir_fd(), name, 0600, data, len), 0);
	free(data);
}

/* Two JPEGs and what is not to be taken. */
static void
photos_setup(void)
{
	tempdir_setup();
	put("a.jpg", "data/orient-6.jpg");
	put("b", "data/progressive.jpg");
	put("c.png", "data/rgb.png");
	put("d.jpg", "data/drawing.svg");
	ck_assert_int_eq(mkdirat(tempdir_fd(), "e.jpg", 0700), 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "f.jpg", 0600, "", 0), 0);
	ck_assert_msg(stress_photos_open(&photos, tempdir_path(), why,
			  sizeof why) == 0,
	    "%s", why);
}

static void
photos_teardown(void)
{
	stress_photos_close(&photos);
	tempdir_teardown();
}

/* All bytes of a body, taken in pieces. */
static char *
body_of(uint64_t serial, size_t piece, size_t *len)
{
	struct stress_body body;
	size_t all, n, at = 0;
	char *data;

	stress_body_begin(&body, &photos, serial);
	all = (size_t)stress_body_len(&body);
	data = malloc(all + piece);
	ck_assert_ptr_nonnull(data);
	while ((n = stress_body_take(&body, data + at, piece)) > 0) {
		at += n;
		ck_assert_uint_le(at, all);
	}
	ck_assert_uint_eq(at, all);
	*len = all;
	return data;
}

START_TEST(of_a_directory_the_jpegs_are_taken)
{
	ck_assert_uint_eq(photos.n, 2);
	ck_assert_uint_eq(photos.skipped, 3);
	ck_assert_double_gt(stress_photos_mean_bytes(&photos), 6000);
	ck_assert_double_gt(stress_photos_mean_pixels(&photos), 1000);
}
END_TEST

START_TEST(a_directory_without_a_photo_is_refused)
{
	struct stress_photos none;

	ck_assert_int_eq(stress_photos_open(&none, tempdir_at("e.jpg"), why,
			     sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "no JPEG"));
	stress_photos_close(&none);
	ck_assert_int_eq(stress_photos_open(&none, tempdir_at("gone"), why,
			     sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
	stress_photos_close(&none);
}
END_TEST

/* Without its comments. */
static void
pixels_digest(const char *data, size_t len,
    unsigned char out[DIGEST_SHA256_LEN])
{
	struct span s = { (const unsigned char *)data, len }, segment;
	struct digest *d = digest_new();
	const unsigned char *begin;
	int marker;

	ck_assert_ptr_nonnull(d);
	ck_assert_ptr_nonnull(span_take(&s, 2));
	do {
		begin = s.at;
		ck_assert(jpeg_next_segment(&s, &marker, &segment));
		if (marker != 0xfe)
			ck_assert_int_eq(digest_feed(d, begin,
					     (size_t)(s.at - begin)),
			    0);
	} while (marker != JPEG_SOS);
	ck_assert_int_eq(digest_feed(d, s.at, s.len), 0);
	ck_assert_int_eq(digest_final(d, out), 0);
	digest_free(d);
}

static const size_t pieces[] = { 1, 7, 60, 100000 };

START_TEST(bytes_are_unique_and_the_picture_is_the_same)
{
	unsigned char pictures[3][DIGEST_SHA256_LEN];
	size_t lens[3], piece = pieces[_i];
	char *bodies[3];

	/* Serial numbers 2 apart are of the same photo. */
	for (unsigned i = 0; i < 3; i++) {
		bodies[i] = body_of(2 * (uint64_t)i, piece, &lens[i]);
		pixels_digest(bodies[i], lens[i], pictures[i]);
		ck_assert_mem_eq(pictures[i], pictures[0], sizeof pictures[0]);
	}
	ck_assert_uint_eq(lens[0], lens[1]);
	ck_assert_mem_ne(bodies[0], bodies[1], lens[0]);
	ck_assert_mem_ne(bodies[1], bodies[2], lens[0]);
	for (unsigned i = 0; i < 3; i++)
		free(bodies[i]);
}
END_TEST

START_TEST(the_same_number_gives_the_same_bytes)
{
	size_t len, again_len;
	char *data = body_of(UINT64_MAX, 60, &len);
	char *again = body_of(UINT64_MAX, 61, &again_len);

	ck_assert_uint_eq(len, again_len);
	ck_assert_mem_eq(data, again, len);
	free(data);
	free(again);
}
END_TEST

START_TEST(another_run_sends_other_bytes)
{
	struct stress_photos other;
	struct stress_body body, others;

	ck_assert_int_eq(stress_photos_open(&other, tempdir_path(), why,
			     sizeof why),
	    0);
	stress_body_begin(&body, &photos, 5);
	stress_body_begin(&others, &other, 5);
	ck_assert_uint_eq(body.head_len, others.head_len);
	ck_assert_mem_ne(body.head, others.head, body.head_len);
	stress_photos_close(&other);
}
END_TEST

/* ---- the target ---- */

static const struct {
	const char *url;
	const char *base, *host;
	unsigned port; /* 0: it is refused */
} urls[] = {
	{ "http://127.0.0.1:8080/", "http://127.0.0.1:8080", "127.0.0.1",
	    8080 },
	{ "http://localhost", "http://localhost", "localhost", 80 },
	{ "https://img.example.org/media/", "https://img.example.org/media",
	    "img.example.org", 443 },
	{ "http://[::1]:81/a/b", "http://[::1]:81/a/b", "::1", 81 },
	{ "http://[::1]", "http://[::1]", "::1", 80 },
	{ "", "", "", 0 },
	{ "http://", "", "", 0 },
	{ "localhost:8080", "", "", 0 },
	{ "ftp://localhost", "", "", 0 },
	{ "file:///etc/passwd", "", "", 0 },
	{ "HTTP://localhost", "", "", 0 },
	{ "http://localhost:", "", "", 0 },
	{ "http://localhost:0", "", "", 0 },
	{ "http://localhost:65536", "", "", 0 },
	{ "http://localhost:80x", "", "", 0 },
	{ "http://localhost@192.0.2.1/", "", "", 0 },
	{ "http://localhost:80@192.0.2.1/", "", "", 0 },
	{ "http://localhost\\@192.0.2.1/", "", "", 0 },
	{ "http://local host/", "", "", 0 },
	{ "http://localhost?x", "", "", 0 },
	{ "http://localhost/a?x", "", "", 0 },
	{ "http://localhost/#x", "", "", 0 },
	{ "http://localhost/\r\nX: y", "", "", 0 },
	{ "http://[::1", "", "", 0 },
	{ "http://[::1]x", "", "", 0 },
	{ "http://[1.2.3.4]", "", "", 0 },
	{ "http://[]", "", "", 0 },
};

START_TEST(a_url_is_taken_apart_or_refused)
{
	struct client_target t;
	int rc = client_target_parse(urls[_i].url, &t, why, sizeof why);

	ck_assert_int_eq(rc, urls[_i].port != 0 ? 0 : -1);
	if (rc == -1)
		return;
	ck_assert_str_eq(t.base, urls[_i].base);
	ck_assert_str_eq(t.host, urls[_i].host);
	ck_assert_uint_eq(t.port, urls[_i].port);
}
END_TEST

static const struct {
	const char *url;
	bool is_own;
	const char *address;
} machines[] = {
	{ "http://127.0.0.1", true, "127.0.0.1" },
	{ "http://127.9.8.7", true, "127.9.8.7" },
	{ "http://[::1]", true, "::1" },
	{ "http://[::ffff:127.0.0.1]", true, "::ffff:127.0.0.1" },
	{ "http://192.0.2.1", false, "192.0.2.1" },
	{ "http://[2001:db8::1]", false, "2001:db8::1" },
	{ "http://[::ffff:192.0.2.1]", false, "::ffff:192.0.2.1" },
	{ "http://3221225985", false, "192.0.2.1" },
};

START_TEST(whose_machine_it_is_is_told_by_its_address)
{
	struct client_target t;

	ck_assert_int_eq(client_target_parse(machines[_i].url, &t, why,
			     sizeof why),
	    0);
	ck_assert_msg(client_target_resolve(&t, why, sizeof why) == 0, "%s",
	    why);
	ck_assert_int_eq(t.is_own, machines[_i].is_own);
	ck_assert_str_eq(t.address, machines[_i].address);
}
END_TEST

/* ---- the machine ---- */

static const char stat_text[] = "cpu  100 20 30 4000 500 6 7 8 90 0\n"
				"cpu0 50 10 15 2000 250 3 3 4 45 0\n";

START_TEST(processors_times_are_read)
{
	struct stress_sample s = { 0 };

	ck_assert_int_eq(stress_parse_stat(stat_text, &s), 0);
	ck_assert_uint_eq(s.all, 100 + 20 + 30 + 4000 + 500 + 6 + 7 + 8);
	ck_assert_uint_eq(s.idle, 4000);
	ck_assert_uint_eq(s.waiting, 500);
	ck_assert_int_eq(stress_parse_stat("", &s), -1);
	ck_assert_int_eq(stress_parse_stat("cpu  1 2 3 4\n", &s), -1);
	ck_assert_int_eq(stress_parse_stat("cpux 1 2 3 4 5 6 7\n", &s), -1);
}
END_TEST

START_TEST(a_processs_times_are_read_whatever_its_name)
{
	uint64_t ticks, of_children;
	pid_t parent;

	ck_assert_int_eq(stress_parse_process("7 (a) S 9 (x) S 3 2 1 0 -1 4 0 "
					      "0 0 0 11 22 "
					      "33 44 20 0 1 0 5",
			     &parent, &ticks, &of_children),
	    0);
	ck_assert_int_eq(parent, 3);
	ck_assert_uint_eq(ticks, 33);
	ck_assert_uint_eq(of_children, 77);
	ck_assert_int_eq(stress_parse_process("7 (a) S 3 2 1", &parent, &ticks,
			     &of_children),
	    -1);
	ck_assert_int_eq(stress_parse_process("7 a", &parent, &ticks,
			     &of_children),
	    -1);
}
END_TEST

START_TEST(the_wait_for_a_processor_is_read)
{
	uint64_t ran = 0, delayed = 0;

	ck_assert_int_eq(stress_parse_delay("123 456 7\n", &ran, &delayed), 0);
	ck_assert_uint_eq(ran, 123);
	ck_assert_uint_eq(delayed, 456);
	ck_assert_int_eq(stress_parse_delay("123\n", &ran, &delayed), -1);
	ck_assert_int_eq(stress_parse_delay("", &ran, &delayed), -1);
}
END_TEST

/* major minor name, 4 of reads, 4 of writes, under way, busy, weighted */
static const char disks_text[] =
    "   7       0 loop0 1 1 1 1 1 1 900 1 0 900 1 0 0 0 0\n"
    "   8       0 sda 1 2 3 4 5 6 1000 8 0 2000 11 0 0 0 0\n"
    "   8       1 sda1 1 2 3 4 5 6 1000 8 0 2000 11 0 0 0 0\n"
    " 259       0 nvme0n1 1 2 3 4 5 6 10 8 0 20 11 0 0 0 0\n"
    " 259       1 nvme0n1p12 1 2 3 4 5 6 10 8 0 20 11 0 0 0 0\n"
    " 259       2 nvme0n10 1 2 3 4 5 6 70 8 0 80 11 0 0 0 0\n"
    " 254       0 vda 1 2 3 4 5 6 1 8 0 2 11\n"
    " 253       0 dm-0 1 2 3 4 5 6 1000 8 0 2000 11 0 0 0 0\n"
    "   9       0 md0 1 2 3 4 5 6 1000 8 0 2000 11 0 0 0 0\n"
    "no line\n";

START_TEST(disks_are_read_without_what_stands_upon_them)
{
	struct stress_sample s;

	stress_parse_disks(disks_text, &s);
	ck_assert(s.has_disks);
	ck_assert_uint_eq(s.n_disks, 4);
	ck_assert_str_eq(s.disks[0].name, "sda");
	ck_assert_uint_eq(s.disks[0].written, 1000 * 512);
	ck_assert_uint_eq(s.disks[0].busy_ms, 2000);
	ck_assert_str_eq(s.disks[1].name, "nvme0n1");
	ck_assert_str_eq(s.disks[2].name, "nvme0n10");
	ck_assert_str_eq(s.disks[3].name, "vda");
	stress_parse_disks("", &s);
	ck_assert(!s.has_disks);
}
END_TEST

static void
fill(struct stress_sample *s, uint64_t seconds)
{
	*s = (struct stress_sample){ .at_ns = seconds * NS_PER_S,
		.all = seconds * 200,
		.idle = seconds * 50,
		.waiting = seconds * 30,
		.self_ns = seconds * NS_PER_S / 10 * stress_processors(),
		.service = seconds * (uint64_t)sysconf(_SC_CLK_TCK) / 4 *
		    stress_processors(),
		.has_service = true,
		.ran = seconds * (uint64_t)sysconf(_SC_CLK_TCK) * 3 / 2,
		.delayed_ns = seconds * NS_PER_S / 4,
		.crew = 9,
		.has_delay = true,
		.swapped = seconds,
		.disks = { { "sda", seconds * 800, seconds * 1000 },
		    { "sdb", seconds * 300, seconds * 10 } },
		.n_disks = 2,
		.has_disks = true };
}

START_TEST(two_samples_are_compared)
{
	struct stress_sample before, after;
	struct stress_step step = { 0 };

	fill(&before, 10);
	fill(&after, 12);
	stress_sample_compare(&before, &after, &step);
	ck_assert_double_eq_tol(step.busy, 0.6, 1e-9);
	ck_assert_double_eq_tol(step.waiting, 0.15, 1e-9);
	ck_assert_double_eq_tol(step.self, 0.1, 1e-9);
	ck_assert_double_eq_tol(step.service, 0.25, 1e-9);
	ck_assert_double_eq_tol(step.running, 1.5, 1e-9);
	ck_assert_double_eq_tol(step.runnable, 0.25, 1e-9);
	ck_assert_double_eq_tol(step.disk, 0.8, 1e-9);
	ck_assert_double_eq_tol(step.written, 1010, 1e-6);
	ck_assert_uint_eq(step.swapped, 2 * (uint64_t)sysconf(_SC_PAGESIZE));
	after.has_service = false;
	after.has_disks = false;
	stress_sample_compare(&before, &after, &step);
	ck_assert_double_lt(step.service, 0);
	ck_assert_double_lt(step.disk, 0);
	ck_assert_double_lt(step.written, 0);
}
END_TEST

START_TEST(workers_that_were_replaced_tell_nothing)
{
	struct stress_sample before, after;
	struct stress_step step = { 0 };

	fill(&before, 10);
	fill(&after, 12);
	after.crew++;
	stress_sample_compare(&before, &after, &step);
	ck_assert_double_eq(step.running, 0);
	after.crew--;
	before.has_delay = false;
	stress_sample_compare(&before, &after, &step);
	ck_assert_double_eq(step.running, 0);
	before.has_delay = true;
	before.crew = after.crew = 0;
	stress_sample_compare(&before, &after, &step);
	ck_assert_double_eq(step.running, 0);
}
END_TEST

/* In a child that has a photo worker's name: at work until it is ended. */
static pid_t
fork_worker(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_NAME, "thumb-photo");
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			continue;
	}
	ck_assert_int_ne(pid, -1);
	return pid;
}

/* Twice as many as there are processors: some always wait for one. */
START_TEST(working_and_waiting_of_workers_is_told_apart)
{
	const unsigned n = 2 * stress_processors();
	struct timespec nap = { .tv_nsec = 300 * 1000 * 1000 };
	struct stress_sample before, after;
	struct stress_step step;
	pid_t pids[2 * 64];

	if (n > NELEM(pids))
		return;
	for (unsigned i = 0; i < n; i++)
		pids[i] = fork_worker();
	(void)nanosleep(&nap, NULL);
	stress_sample_take(&before, getpid());
	(void)nanosleep(&nap, NULL);
	stress_sample_take(&after, getpid());
	for (unsigned i = 0; i < n; i++) {
		(void)kill(pids[i], SIGKILL);
		(void)waitpid(pids[i], NULL, 0);
	}
	ck_assert_uint_ne(before.crew, 0);
	stress_sample_compare(&before, &after, &step);
	if (!after.has_delay)
		return; /* a kernel without schedstat */
	ck_assert_double_gt(step.running, 0);
	ck_assert_double_gt(step.runnable, 0.2);
	ck_assert_double_le(step.running, stress_processors() + 0.5);
	/* All of them could run all the time. */
	ck_assert_double_eq_tol(step.running + step.runnable, n, 0.4 * n);
}
END_TEST

/* A child's work is its parent's once it has ended and is waited for. */
START_TEST(what_this_machine_says_can_be_read)
{
	struct stress_sample before, after;
	struct stress_step step;
	uint64_t end = clock_processor_ns() + NS_PER_S / 5;

	stress_sample_take(&before, getpid());
	while (clock_processor_ns() < end)
		continue;
	stress_sample_take(&after, getpid());
	ck_assert(before.has_service && after.has_service);
	ck_assert_uint_gt(before.all, 0);
	ck_assert_uint_ge(after.service, before.service + 10);
	stress_sample_compare(&before, &after, &step);
	ck_assert_double_gt(step.busy, 0);
	ck_assert_double_gt(step.self, 0);
	ck_assert_double_gt(step.service, 0);
	ck_assert_uint_gt(stress_memory_available(), 0);
	stress_sample_take(&after, 0);
	ck_assert(!after.has_service);
}
END_TEST

static TCase *
photo_case(void)
{
	TCase *tc = tcase_create("photos");

	tcase_add_checked_fixture(tc, photos_setup, photos_teardown);
	tcase_add_test(tc, of_a_directory_the_jpegs_are_taken);
	tcase_add_test(tc, a_directory_without_a_photo_is_refused);
	tcase_add_loop_test(tc, bytes_are_unique_and_the_picture_is_the_same, 0,
	    NELEM(pieces));
	tcase_add_test(tc, the_same_number_gives_the_same_bytes);
	tcase_add_test(tc, another_run_sends_other_bytes);
	return tc;
}

static TCase *
target_case(void)
{
	TCase *tc = tcase_create("target");

	tcase_add_loop_test(tc, a_url_is_taken_apart_or_refused, 0,
	    NELEM(urls));
	tcase_add_loop_test(tc, whose_machine_it_is_is_told_by_its_address, 0,
	    NELEM(machines));
	return tc;
}

static TCase *
machine_case(void)
{
	TCase *tc = tcase_create("machine");

	tcase_add_test(tc, processors_times_are_read);
	tcase_add_test(tc, a_processs_times_are_read_whatever_its_name);
	tcase_add_test(tc, disks_are_read_without_what_stands_upon_them);
	tcase_add_test(tc, the_wait_for_a_processor_is_read);
	tcase_add_test(tc, two_samples_are_compared);
	tcase_add_test(tc, workers_that_were_replaced_tell_nothing);
	tcase_add_test(tc, working_and_waiting_of_workers_is_told_apart);
	tcase_add_test(tc, what_this_machine_says_can_be_read);
	return tc;
}

int
main(void)
{
	Suite *s = suite_create("stress");

	suite_add_tcase(s, photo_case());
	suite_add_tcase(s, target_case());
	suite_add_tcase(s, machine_case());
	return run_suite(s);
}
