#include "config.h"

/*
 * The whole service without nginx: a master with its workers, asked through its
 * sockets and told by signals what to do.
 */

#include "master.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fcgi_client.h"
#include "fdio.h"
#include "pidfile.h"
#include "support.h"

#define WORKERS 2

static pid_t master;
static char *photo;
static size_t photo_len;

/* Shared with all processes: how long the next write to the disk takes. */
static _Atomic long *disk_ms;

static void
pass_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * (long)NS_PER_MS };

	(void)nanosleep(&ts, NULL);
}

/* The C library's, for workers too, with a disk that can be slow. */
int
fsync(int fd)
{
	if (disk_ms != NULL)
		pass_ms(atomic_exchange(disk_ms, 0));
	return (int)syscall(SYS_fsync, fd);
}

static void
write_places(const char *data, const char *run, const char *more)
{
	FILE *f = fopen(tempdir_at("conf"), "w");

	ck_assert_ptr_nonnull(f);
	(void)fprintf(f,
	    "data = \"%s\"; run = \"%s\"; logs = \"%s\"; workers = %d;\n%s\n",
	    tempdir_at(data), tempdir_at(run), tempdir_at("logs"), WORKERS,
	    more);
	ck_assert_int_eq(fclose(f), 0);
}

static void
write_settings(const char *more)
{
	write_places("data", "run", more);
}

static void
setup(void)
{
	void *shared;

	tempdir_setup();
	ck_assert_int_eq(mkdir(tempdir_at("logs"), 0755), 0);
	shared = mmap(NULL, sizeof *disk_ms, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
	disk_ms = shared;
	photo = test_data("data/rgb.png", &photo_len);
	write_settings("");
}

/*
 * Words before the log is open go to a file of their own. The test's
 * connections are its alone: where a second master held them too, the first
 * one's workers would not see them closed, and wait for that.
 */
static void
live(void)
{
	struct settings *settings = settings_load(tempdir_at("conf"), stderr);
	char conf[400];
	int words;

	(void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	(void)snprintf(conf, sizeof conf, "%s", tempdir_at("conf"));
	words = open(tempdir_at("words"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(words, STDERR_FILENO);
	_exit(settings == NULL ? 78 : master_run(conf, settings));
}

static void
launch(void)
{
	sigset_t set;

	/* What comes before it listens to signals waits until it does. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	master = fork();
	ck_assert_int_ne(master, -1);
	if (master == 0)
		live();
}

static int
end_of_master(void)
{
	int status;

	ck_assert_int_eq(waitpid(master, &status, 0), master);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d",
	    WTERMSIG(status));
	return WEXITSTATUS(status);
}

static bool
is_ready(void)
{
	const char *const params[] = { "REQUEST_METHOD", "GET", "DOCUMENT_URI",
		"/health/ready", NULL };
	struct fcgi_answer answer;

	fcgi_call(tempdir_at("run/control.sock"), params, "", 0, &answer);
	free(answer.text);
	return answer.status == 200;
}

/* As its pid file tells it. */
static struct service_state
state_of_service(void)
{
	struct service_state state = { 0 };

	ck_assert_int_eq(pidfile_read(tempdir_at("run"), &state), 0);
	return state;
}

static char *
read_text(const char *name)
{
	char *text = NULL;
	size_t len;

	ck_assert_msg(fd_read_file(AT_FDCWD, tempdir_at(name), 1 << 20, &text,
			  &len) == 0,
	    "%s", name);
	return text;
}

static void
assert_said(const char *name, const char *words)
{
	char *text = read_text(name);

	ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in: %s", words,
	    text);
	free(text);
}

static unsigned
count_words(const char *name, const char *words)
{
	unsigned found = 0;
	char *text = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, tempdir_at(name), 1 << 20, &text, &len) ==
	    -1)
		return 0;
	for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
		found++;
	free(text);
	return found;
}

static void
wait_for_words_in(const char *name, const char *words, unsigned times)
{
	unsigned found = 0;

	for (int i = 0; i < 1000 && found < times; i++) {
		found = count_words(name, words);
		if (found < times)
			pass_ms(20);
	}
	ck_assert_msg(found == times, "\"%s\": %u times", words, found);
}

/*
 * The photo's next fsync takes so long. The control worker has one of its own
 * soon after the start, that of the hour's line, which must not be the one.
 */
static void
slow_disk(long ms)
{
	for (int i = 0;
	     i < 1000 && access(tempdir_at("data/state/growth"), F_OK) == -1;
	     i++)
		pass_ms(20);
	*disk_ms = ms;
}

static void
wait_for_words(const char *words, unsigned times)
{
	wait_for_words_in("logs/fcgi-thumb.log", words, times);
}

/* All workers are up, not only the first. */
static void
start(void)
{
	launch();
	wait_for_words("ready: 2 workers", 1);
	ck_assert(is_ready());
}

static void
stop(void)
{
	ck_assert_int_eq(kill(master, SIGTERM), 0);
	ck_assert_int_eq(end_of_master(), 0);
}

static const char *const upload[] = { "REQUEST_METHOD", "POST", "DOCUMENT_URI",
	"/upload", "CONTENT_TYPE", "image/png", NULL };

static int
reach(void)
{
	int fd = fcgi_connect(tempdir_at("run/photo.sock"));

	ck_assert_int_ne(fd, -1);
	return fd;
}

/* The same photo, with a tail that makes it another one. */
static int
send_photo(unsigned number)
{
	int fd = reach();

	memcpy(photo + photo_len - sizeof number, &number, sizeof number);
	ck_assert_int_eq(fcgi_send(fd, upload, photo, photo_len), 0);
	return fd;
}

static void
assert_answer(int fd, const char *text)
{
	struct fcgi_answer answer;

	fcgi_receive(fd, &answer);
	ck_assert_msg(answer.complete && strstr(answer.text, text) != NULL,
	    "no \"%s\" in: %s", text, answer.text);
	free(answer.text);
	(void)close(fd);
}

/* The tail of a file behind its last chunk is nobody's: decoders ignore it. */
static void
lengthen_photo(void)
{
	photo_len += sizeof(unsigned);
	photo = realloc(photo, photo_len);
	ck_assert_ptr_nonnull(photo);
	memset(photo + photo_len - sizeof(unsigned), 0, sizeof(unsigned));
}

static void
setup_stopped(void)
{
	setup();
	lengthen_photo();
}

static void
setup_running(void)
{
	setup_stopped();
	start();
}

static void
teardown(void)
{
	free(photo);
	tempdir_teardown();
}

/* The parent and the name of a process; 0 when it is gone. */
static pid_t
parent_of(const char *pid, char name[32])
{
	char path[64];
	FILE *f;
	int ppid = 0;

	(void)snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%*d (%31[^)]) %*c %d", name, &ppid) != 2)
		ppid = 0;
	(void)fclose(f);
	return ppid;
}

/* Children of the master whose name is this. */
static unsigned
find_workers(const char *name, pid_t pids[8])
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned n = 0;

	ck_assert_ptr_nonnull(proc);
	while ((entry = readdir(proc)) != NULL) {
		char is[32];

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    parent_of(entry->d_name, is) == master &&
		    strcmp(is, name) == 0 && n < 8)
			pids[n++] = (pid_t)atol(entry->d_name);
	}
	(void)closedir(proc);
	return n;
}

/* The same, once there are so many of them: others may still be leaving. */
static void
wait_for_workers(const char *name, pid_t pids[8], unsigned want)
{
	unsigned n = find_workers(name, pids);

	for (int i = 0; i < 1000 && n != want; i++) {
		pass_ms(20);
		n = find_workers(name, pids);
	}
	ck_assert_uint_eq(n, want);
}

START_TEST(photos_are_taken_and_all_is_removed_at_the_end)
{
	pid_t pids[8];

	ck_assert_uint_eq(find_workers("thumb-photo", pids), WORKERS);
	ck_assert_uint_eq(find_workers("thumb-control", pids), 1);
	assert_answer(send_photo(0), "Status: 201");
	assert_answer(send_photo(0), "Status: 200");
	stop();

	ck_assert_uint_eq(count_entries(tempdir_at("run")), 0);
	ck_assert_uint_eq(count_entries(tempdir_at("data/staging")), 0);
	assert_said("logs/fcgi-thumb.log", "fcgi-thumb: ready: 2 workers");
	assert_said("logs/fcgi-thumb.log", "\"status\":201");
	assert_said("logs/fcgi-thumb.log", "fcgi-thumb: stopped");
}
END_TEST

START_TEST(many_at_once_are_all_answered)
{
	int fds[40];

	for (unsigned i = 0; i < NELEM(fds); i++)
		fds[i] = send_photo(i);
	for (unsigned i = 0; i < NELEM(fds); i++)
		assert_answer(fds[i], "Status: 201");
	stop();
}
END_TEST

/* The photos of a store, in the directories that it made for them. */
static unsigned
count_photos(const char *store)
{
	char path[400], fan[800];
	DIR *dir;
	struct dirent *entry;
	unsigned n = 0;

	(void)snprintf(path, sizeof path, "%s/photos", tempdir_at(store));
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		(void)snprintf(fan, sizeof fan, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.')
			n += count_entries(fan);
	}
	(void)closedir(dir);
	return n;
}

static const int last_signals[] = { SIGTERM, SIGINT };

/* A connection that a worker has taken is open in it. */
static unsigned
count_workers_fds(void)
{
	pid_t pids[8];
	unsigned n = find_workers("thumb-photo", pids), fds = 0;

	for (unsigned i = 0; i < n; i++) {
		char path[64];

		(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pids[i]);
		fds += count_entries(path);
	}
	return fds;
}

/*
 * A request that waits for the second half of its body in a worker. The first
 * of its test: whoever finishes another one may close more than this opens.
 */
static int
begin_photo(void)
{
	unsigned idle = count_workers_fds();
	char length[24];
	const char *params[] = { "CONTENT_LENGTH", length, "REQUEST_METHOD",
		"POST", "CONTENT_TYPE", "image/png", NULL };
	int fd = reach();

	(void)snprintf(length, sizeof length, "%zu", photo_len);
	ck_assert_int_eq(fcgi_send_begin(fd, FCGI_ROLE_RESPONDER, false), 0);
	ck_assert_int_eq(fcgi_send_params(fd, params), 0);
	ck_assert_int_eq(fcgi_send_body(fd, photo, photo_len / 2), 0);
	for (int i = 0; i < 1000 && count_workers_fds() <= idle; i++)
		pass_ms(20);
	ck_assert_uint_gt(count_workers_fds(), idle);
	return fd;
}

static void
end_photo(int fd)
{
	size_t half = photo_len / 2;

	memset(photo + photo_len - sizeof(unsigned), 0, sizeof(unsigned));
	ck_assert_int_eq(fcgi_send_body(fd, photo + half, photo_len - half), 0);
	ck_assert_int_eq(fcgi_send_body(fd, "", 0), 0);
	assert_answer(fd, "Status: 201");
}

START_TEST(what_is_queued_or_in_hand_is_served_before_the_end)
{
	int in_hand = begin_photo(), fds[20];

	for (unsigned i = 0; i < NELEM(fds); i++)
		fds[i] = send_photo(1 + i);
	ck_assert_int_eq(kill(master, last_signals[_i]), 0);
	pass_ms(100);

	end_photo(in_hand);
	for (unsigned i = 0; i < NELEM(fds); i++)
		assert_answer(fds[i], "Status: 201");
	ck_assert_int_eq(end_of_master(), 0);
	ck_assert_int_eq(fcgi_connect(tempdir_at("run/photo.sock")), -1);
}
END_TEST

START_TEST(a_second_sigterm_ends_it_at_once)
{
	int fd = begin_photo();

	ck_assert_int_eq(kill(master, SIGTERM), 0);
	for (int i = 0;
	     i < 1000 && access(tempdir_at("run/photo.sock"), F_OK) == 0; i++)
		pass_ms(20);
	ck_assert_int_eq(access(tempdir_at("run/photo.sock"), F_OK), -1);
	ck_assert_int_eq(kill(master, 0), 0);
	ck_assert_int_eq(kill(master, SIGTERM), 0);

	ck_assert_int_eq(end_of_master(), 0);
	(void)close(fd);
}
END_TEST

START_TEST(a_signal_while_it_starts_ends_it)
{
	launch();
	pass_ms(40 * _i);
	stop();

	ck_assert_int_eq(access(tempdir_at("run/photo.sock"), F_OK), -1);
}
END_TEST

START_TEST(sighup_costs_no_request)
{
	pid_t before[8], after[8];
	unsigned sent = 0;

	ck_assert_uint_eq(find_workers("thumb-photo", before), WORKERS);
	for (unsigned hups = 0; hups < 3; hups++) {
		int fds[10];

		for (unsigned i = 0; i < NELEM(fds); i++)
			fds[i] = send_photo(sent++);
		ck_assert_int_eq(kill(master, SIGHUP), 0);
		for (unsigned i = 0; i < NELEM(fds); i++)
			assert_answer(fds[i], "Status: 201");
		wait_for_words("new settings in force", hups + 1);
	}
	wait_for_workers("thumb-photo", after, WORKERS);
	ck_assert_int_ne(before[0], after[0]);
	ck_assert_int_ne(before[1], after[1]);
	stop();
}
END_TEST

START_TEST(sighup_lets_the_request_in_hand_finish)
{
	int in_hand = begin_photo();
	pid_t pids[8];

	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("new settings in force", 1);
	wait_for_workers("thumb-photo", pids, WORKERS + 1);

	end_photo(in_hand);
	wait_for_workers("thumb-photo", pids, WORKERS);
	stop();
}
END_TEST

START_TEST(sighup_brings_new_settings_and_a_new_log)
{
	struct service_state before = state_of_service(), state;
	pid_t pids[8];

	write_settings("limits = { queue_length = 5; };");
	ck_assert_int_eq(rename(tempdir_at("logs/fcgi-thumb.log"),
			     tempdir_at("logs/old")),
	    0);
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	for (int i = 0;
	     i < 1000 && access(tempdir_at("logs/fcgi-thumb.log"), F_OK) != 0;
	     i++)
		pass_ms(20);
	wait_for_words("new settings in force: 2 workers, a queue of 5", 1);
	state = state_of_service();
	ck_assert_uint_eq(state.reloads, before.reloads + 1);
	ck_assert_str_ne(state.in_force, before.in_force);
	ck_assert_str_eq(state.refused, "");
	assert_answer(send_photo(1), "Status: 201");
	wait_for_words("\"status\":201", 1);
	wait_for_workers("thumb-control", pids, 1);
	stop();
}
END_TEST

/* The file's settings are nobody's until they are asked for. */
START_TEST(sigusr1_brings_a_new_log_and_no_settings)
{
	struct service_state before = state_of_service(), state;
	pid_t old[8], pids[8];

	ck_assert_uint_eq(find_workers("thumb-photo", old), WORKERS);
	write_settings("limits = { queue_length = 5; };");
	ck_assert_int_eq(rename(tempdir_at("logs/fcgi-thumb.log"),
			     tempdir_at("logs/old")),
	    0);
	ck_assert_int_eq(kill(master, SIGUSR1), 0);
	wait_for_words("the log is open anew", 1);
	state = state_of_service();
	ck_assert_uint_eq(state.reloads, before.reloads);
	ck_assert_str_eq(state.in_force, before.in_force);
	assert_answer(send_photo(1), "Status: 201");
	wait_for_words("\"status\":201", 1);
	wait_for_workers("thumb-photo", pids, WORKERS);
	for (unsigned i = 0; i < WORKERS; i++)
		ck_assert(pids[i] != old[0] && pids[i] != old[1]);
	stop();
}
END_TEST

START_TEST(a_log_that_is_moved_or_removed_is_made_anew)
{
	ck_assert_int_eq(unlink(tempdir_at("logs/fcgi-thumb.log")), 0);
	wait_for_words("the log is open anew", 1);
	assert_answer(send_photo(1), "Status: 201");
	wait_for_words("\"status\":201", 1);
	stop();
}
END_TEST

START_TEST(sighup_brings_another_store)
{
	write_places("other", "run", "");
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("new settings in force", 1);
	assert_answer(send_photo(1), "Status: 201");
	stop();

	ck_assert_uint_eq(count_entries(tempdir_at("other/staging")), 0);
	ck_assert_uint_eq(count_words("logs/fcgi-thumb.log", "restart"), 0);
	ck_assert_uint_eq(count_photos("other"), 1);
	ck_assert_uint_eq(count_photos("data"), 0);
}
END_TEST

static const struct {
	const char *run;
	const char *more;
	const char *words;
} bound[] = {
	{ "other", "", "after a restart: run\n" },
	{ "run", "socket_mode = \"0600\";", "after a restart: socket_mode\n" },
	{ "run", "socket_group = \"no-such-group\";",
	    "after a restart: socket_group\n" },
	{ "other", "socket_mode = \"0666\"; socket_group = \"users\";",
	    "after a restart: run socket_mode socket_group\n" },
	{ "run", "user = \"nobody\"; group = \"users\";",
	    "after a restart: user group\n" },
};

START_TEST(sighup_leaves_the_sockets_and_says_so)
{
	write_places("data", bound[_i].run, bound[_i].more);
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("new settings in force", 1);
	wait_for_words(bound[_i].words, 1);
	assert_answer(send_photo(1), "Status: 201");

	/* It is still so the next time, and no longer once it is taken back. */
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("new settings in force", 2);
	wait_for_words(bound[_i].words, 2);
	write_settings("");
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("new settings in force", 3);
	ck_assert_uint_eq(count_words("logs/fcgi-thumb.log", "restart"), 2);
	ck_assert_int_ne(access(tempdir_at("other"), F_OK), 0);
	stop();
}
END_TEST

static const struct {
	const char *settings;
	const char *words;
} unusable[] = {
	{ "wrokers = 3;", "wrokers" },
	{ "limits = { queue_seconds = 0; };", "queue_seconds" },
	{ "limits = {", "conf:" },
	{ "presets = ();", "presets" },
};

START_TEST(unusable_settings_leave_the_old_ones_in_force)
{
	struct service_state state = state_of_service();
	char in_force[DIGEST_HEX_LEN + 1];
	pid_t before[8], after[8];

	memcpy(in_force, state.in_force, sizeof in_force);
	ck_assert_uint_eq(find_workers("thumb-photo", before), WORKERS);
	write_settings(unusable[_i].settings);
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("the old settings stay in force", 1);

	assert_said("logs/fcgi-thumb.log", unusable[_i].words);
	state = state_of_service();
	ck_assert_uint_eq(state.reloads, 1);
	ck_assert_str_eq(state.in_force, in_force);
	ck_assert_uint_eq(find_workers("thumb-photo", after), WORKERS);
	ck_assert_int_eq(before[0], after[0]);
	assert_answer(send_photo(1), "Status: 201");
	stop();
}
END_TEST

START_TEST(a_store_that_cannot_be_leaves_the_old_settings_in_force)
{
	struct service_state before = state_of_service(), state;

	ck_assert_int_ne(creat(tempdir_at("file"), 0600), -1);
	write_places("file/data", "run", "");
	ck_assert_int_eq(kill(master, SIGHUP), 0);
	wait_for_words("the old settings stay in force", 1);

	assert_said("logs/fcgi-thumb.log", "Not a directory");
	state = state_of_service();
	ck_assert_uint_eq(state.reloads, 1);
	ck_assert_str_eq(state.in_force, before.in_force);
	ck_assert_uint_eq(strlen(state.refused), DIGEST_HEX_LEN);
	ck_assert_str_ne(state.refused, before.in_force);
	assert_answer(send_photo(1), "Status: 201");
	stop();
}
END_TEST

START_TEST(a_killed_worker_costs_its_request_and_is_replaced)
{
	int fd = begin_photo();
	struct fcgi_answer answer;
	pid_t pids[8], now[8];

	ck_assert_uint_eq(find_workers("thumb-photo", pids), WORKERS);
	ck_assert_int_eq(kill(pids[0], SIGKILL), 0);
	ck_assert_int_eq(kill(pids[1], SIGKILL), 0);
	fcgi_receive(fd, &answer);
	ck_assert(!answer.complete);
	free(answer.text);
	(void)close(fd);

	assert_answer(send_photo(1), "Status: 201");
	for (int i = 0; i < 1000 && find_workers("thumb-photo", now) < WORKERS;
	     i++)
		pass_ms(20);
	ck_assert_uint_eq(find_workers("thumb-photo", now), WORKERS);
	assert_said("logs/fcgi-thumb.log", "killed by signal 9");
	stop();
	ck_assert_uint_eq(count_entries(tempdir_at("data/staging")), 0);
}
END_TEST

START_TEST(a_disk_that_hangs_costs_its_request)
{
	struct fcgi_answer answer;
	int fd;

	write_settings("limits = { job_seconds = 2; request_seconds = 2; };");
	start();
	slow_disk(3600 * 1000);
	fd = send_photo(1);
	fcgi_receive(fd, &answer);
	ck_assert(!answer.complete);
	free(answer.text);
	(void)close(fd);
	wait_for_words("(its watchdog) in phase publish", 1);

	assert_answer(send_photo(1), "Status: 201");
	stop();
	ck_assert_uint_eq(count_entries(tempdir_at("data/staging")), 0);
}
END_TEST

/* Longer than the job has, with all the grace there is for pixels. */
START_TEST(what_is_rendered_has_its_time_on_a_slow_disk)
{
	write_settings("limits = { job_seconds = 2; request_seconds = 60; };");
	start();
	slow_disk(5000);

	assert_answer(send_photo(1), "Status: 201");
	stop();
}
END_TEST

START_TEST(workers_follow_a_master_that_was_killed)
{
	pid_t pids[8];
	int status;

	ck_assert_uint_eq(find_workers("thumb-photo", pids), WORKERS);
	ck_assert_int_eq(kill(master, SIGKILL), 0);
	ck_assert_int_eq(waitpid(master, &status, 0), master);
	for (int i = 0; i < 1000 && kill(pids[0], 0) == 0; i++)
		pass_ms(20);

	ck_assert_int_ne(kill(pids[0], 0), 0);
	ck_assert_int_eq(fcgi_connect(tempdir_at("run/photo.sock")), -1);
}
END_TEST

START_TEST(another_master_takes_over_without_a_gap)
{
	pid_t old = master;
	int fds[10], status;

	for (unsigned i = 0; i < NELEM(fds); i++)
		fds[i] = send_photo(i);
	launch();
	wait_for_words("ready: 2 workers", 2);
	ck_assert_int_eq(kill(old, SIGTERM), 0);
	for (unsigned i = 0; i < NELEM(fds); i++)
		assert_answer(fds[i], "Status: 201");
	ck_assert_int_eq(waitpid(old, &status, 0), old);

	/* Two sockets and the new one's pid file. */
	ck_assert_uint_eq(count_entries(tempdir_at("run")), 3);
	ck_assert_int_eq(state_of_service().pid, master);
	assert_answer(send_photo(99), "Status: 201");
	stop();
}
END_TEST

static void
spoil_data(void)
{
	ck_assert_int_ne(creat(tempdir_at("data"), 0600), -1);
}

static void
spoil_run(void)
{
	ck_assert_int_ne(creat(tempdir_at("run"), 0600), -1);
}

/* No file may grow: a worker cannot write what it needs to start. */
static void
spoil_boot(void)
{
	struct rlimit none = { 0 };

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
}

START_TEST(a_master_that_cannot_start_takes_no_socket_from_another)
{
	pid_t first = master;

	master = fork();
	ck_assert_int_ne(master, -1);
	if (master == 0) {
		spoil_boot();
		live();
	}
	ck_assert_int_eq(end_of_master(), 1);

	master = first;
	ck_assert_uint_eq(count_entries(tempdir_at("run")), 3);
	ck_assert_int_eq(state_of_service().pid, first);
	assert_answer(send_photo(0), "Status: 201");
	stop();
}
END_TEST

static const struct {
	const char *name;
	void (*spoil)(void);
	const char *words; /* NULL: what it says cannot be written either */
} refusals[] = {
	{ "a file for the store", spoil_data, "cannot start" },
	{ "a file for the sockets", spoil_run, "Not a directory" },
	{ "workers that cannot start", spoil_boot, NULL },
};

START_TEST(what_is_wrong_at_the_start_ends_it)
{
	refusals[_i].spoil();
	launch();

	ck_assert_msg(end_of_master() == 1, "%s", refusals[_i].name);
	if (refusals[_i].words != NULL)
		assert_said("words", refusals[_i].words);
	if (access(tempdir_at("run/photo.sock"), F_OK) == 0)
		ck_abort_msg("%s: a socket was left", refusals[_i].name);
}
END_TEST

/* What would have stood in it goes to stderr until it can be opened. */
START_TEST(without_a_log_it_serves_all_the_same)
{
	ck_assert_int_eq(mkdir(tempdir_at("logs/fcgi-thumb.log"), 0755), 0);
	lengthen_photo();
	launch();
	wait_for_words_in("words", "ready: 2 workers", 1);
	assert_said("words", "Is a directory");
	assert_answer(send_photo(0), "Status: 201");
	wait_for_words_in("words", "\"status\":201", 1);
	ck_assert_int_eq(rmdir(tempdir_at("logs/fcgi-thumb.log")), 0);
	wait_for_words("the log is open anew", 1);
	assert_answer(send_photo(1), "Status: 201");
	wait_for_words("\"status\":201", 1);
	stop();
}
END_TEST

/* Until the log, a pipe, has said this. */
static void
hear(int log, const char *words)
{
	char text[8192] = "";
	size_t len = 0;

	for (int i = 0; i < 1000 && strstr(text, words) == NULL; i++) {
		ssize_t n = read(log, text + len, sizeof text - 1 - len);

		if (n > 0) {
			len += (size_t)n;
			text[len] = '\0';
		} else {
			pass_ms(20);
		}
	}
	ck_assert_msg(strstr(text, words) != NULL, "no \"%s\" in: %s", words,
	    text);
}

START_TEST(new_workers_that_do_not_come_up_leave_the_old_ones)
{
	struct rlimit none = { 0 };
	pid_t before[8], after[8];
	int log;

	/* A pipe for the log, since no file can grow from then on. */
	ck_assert_int_eq(mkfifo(tempdir_at("logs/fcgi-thumb.log"), 0600), 0);
	log = open(tempdir_at("logs/fcgi-thumb.log"), O_RDWR | O_NONBLOCK);
	lengthen_photo();
	launch();
	hear(log, "ready: 2 workers");
	ck_assert_uint_eq(find_workers("thumb-photo", before), WORKERS);
	ck_assert_int_eq(prlimit(master, RLIMIT_FSIZE, &none, NULL), 0);

	ck_assert_int_eq(kill(master, SIGHUP), 0);
	hear(log, "the old ones stay in force");
	wait_for_workers("thumb-photo", after, WORKERS);
	ck_assert_int_eq(before[0], after[0]);
	assert_answer(send_photo(1), "Status: 201");
	stop();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("master");
	TCase *serve = tcase_create("serve");
	TCase *reload = tcase_create("reload");
	TCase *death = tcase_create("death");
	TCase *disk = tcase_create("disk");
	TCase *refused = tcase_create("refused");

	tcase_set_timeout(serve, 60);
	tcase_add_checked_fixture(serve, setup_running, teardown);
	tcase_add_test(serve, photos_are_taken_and_all_is_removed_at_the_end);
	tcase_add_test(serve, many_at_once_are_all_answered);
	tcase_add_loop_test(serve,
	    what_is_queued_or_in_hand_is_served_before_the_end, 0,
	    NELEM(last_signals));
	tcase_add_test(serve, a_second_sigterm_ends_it_at_once);
	suite_add_tcase(suite, serve);
	tcase_set_timeout(reload, 60);
	tcase_add_checked_fixture(reload, setup_running, teardown);
	tcase_add_test(reload, sighup_costs_no_request);
	tcase_add_test(reload, sighup_lets_the_request_in_hand_finish);
	tcase_add_test(reload, sighup_brings_new_settings_and_a_new_log);
	tcase_add_test(reload, sigusr1_brings_a_new_log_and_no_settings);
	tcase_add_test(reload, a_log_that_is_moved_or_removed_is_made_anew);
	tcase_add_test(reload, sighup_brings_another_store);
	tcase_add_loop_test(reload, sighup_leaves_the_sockets_and_says_so, 0,
	    NELEM(bound));
	tcase_add_loop_test(reload,
	    unusable_settings_leave_the_old_ones_in_force, 0, NELEM(unusable));
	tcase_add_test(reload,
	    a_store_that_cannot_be_leaves_the_old_settings_in_force);
	suite_add_tcase(suite, reload);
	tcase_set_timeout(death, 60);
	tcase_add_checked_fixture(death, setup_running, teardown);
	tcase_add_test(death,
	    a_killed_worker_costs_its_request_and_is_replaced);
	tcase_add_test(death, workers_follow_a_master_that_was_killed);
	tcase_add_test(death, another_master_takes_over_without_a_gap);
	tcase_add_test(death,
	    a_master_that_cannot_start_takes_no_socket_from_another);
	suite_add_tcase(suite, death);
	tcase_set_timeout(disk, 60);
	tcase_add_checked_fixture(disk, setup_stopped, teardown);
	tcase_add_test(disk, a_disk_that_hangs_costs_its_request);
	tcase_add_test(disk, what_is_rendered_has_its_time_on_a_slow_disk);
	suite_add_tcase(suite, disk);
	tcase_set_timeout(refused, 60);
	tcase_add_checked_fixture(refused, setup, teardown);
	tcase_add_loop_test(refused, what_is_wrong_at_the_start_ends_it, 0,
	    NELEM(refusals));
	tcase_add_test(refused, without_a_log_it_serves_all_the_same);
	tcase_add_test(refused,
	    new_workers_that_do_not_come_up_leave_the_old_ones);
	tcase_add_loop_test(refused, a_signal_while_it_starts_ends_it, 0, 6);
	suite_add_tcase(suite, refused);
	return run_suite(suite);
}
