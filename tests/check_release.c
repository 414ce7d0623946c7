#include "config.h"

#include "release.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

#define ONE "1111111111111111111111111111111111111111111111111111111111111111"
#define TWO "2222222222222222222222222222222222222222222222222222222222222222"

/* A moment in 2026; whole ms. */
#define MOMENT INT64_C(1795855880123)

static const char *
dir(void)
{
	return tempdir_path();
}

static void
write_text(const char *name, const char *text, size_t len)
{
	int fd;

	(void)unlinkat(tempdir_fd(), name, 0);
	fd = fd_make_file(tempdir_fd(), name, 0644, text, len);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

/* A rollout from blue to green in its second step. */
static struct release_state
busy(void)
{
	return (struct release_state){
		.active = SLOT_BLUE,
		.has_previous = true,
		.previous = SLOT_NONE,
		.slots = {
			[SLOT_BLUE] = { .version = "0.1.0",
			    .digest = ONE,
			    .staged = MOMENT },
			[SLOT_GREEN] = { .version = "0.2.0+1f0c9a2e",
			    .digest = TWO,
			    .staged = MOMENT + 1,
			    .checked = MOMENT + 2,
			    .passed = true,
			    .words = "all 12 \"tests\"\nand \xc3\xa4" },
		},
		.run = { .how = RELEASE_ROLLOUT,
		    .id = "abcdefghij23",
		    .from = SLOT_BLUE,
		    .to = SLOT_GREEN,
		    .by_customer = true,
		    .steps = { 100, 500, RELEASE_ALL },
		    .n_steps = 3,
		    .step = 1,
		    .share = 500,
		    .began = MOMENT + 3,
		    .step_began = MOMENT + 4,
		    .deadline = MOMENT + 5,
		    .by = "alice as root",
		    .forced = "the \\ budget" },
		.nginx = { .dir = "/etc/nginx/fcgi-thumb",
		    .program = "nginx -c /x",
		    .wait = 70,
		    .port = 8080 },
	};
}

static void
check_slot(const struct release_slot_state *a,
    const struct release_slot_state *b)
{
	ck_assert_str_eq(a->version, b->version);
	ck_assert_str_eq(a->digest, b->digest);
	ck_assert_int_eq(a->staged, b->staged);
	ck_assert_int_eq(a->checked, b->checked);
	ck_assert_int_eq(a->passed, b->passed);
}

static void
check_run(const struct release_run *a, const struct release_run *b)
{
	ck_assert_int_eq(a->how, b->how);
	ck_assert_str_eq(a->id, b->id);
	ck_assert_int_eq(a->from, b->from);
	ck_assert_int_eq(a->to, b->to);
	ck_assert_int_eq(a->by_customer, b->by_customer);
	ck_assert_mem_eq(a->steps, b->steps, sizeof a->steps);
	ck_assert_uint_eq(a->n_steps, b->n_steps);
	ck_assert_uint_eq(a->step, b->step);
	ck_assert_uint_eq(a->share, b->share);
	ck_assert_int_eq(a->settled, b->settled);
	ck_assert_int_eq(a->began, b->began);
	ck_assert_int_eq(a->step_began, b->step_began);
	ck_assert_int_eq(a->deadline, b->deadline);
	ck_assert_str_eq(a->by, b->by);
	ck_assert_str_eq(a->forced, b->forced);
}

static void
load(struct release_state *out)
{
	char why[256] = "";

	ck_assert_msg(release_load(dir(), out, why, sizeof why) == 0, "%s",
	    why);
}

START_TEST(a_state_is_read_as_it_was_written)
{
	struct release_state state = busy(), got;

	ck_assert_int_eq(release_save(dir(), &state), 0);
	load(&got);
	ck_assert_int_eq(got.active, SLOT_BLUE);
	ck_assert(got.has_previous);
	ck_assert_int_eq(got.previous, SLOT_NONE);
	check_slot(&got.slots[SLOT_BLUE], &state.slots[SLOT_BLUE]);
	check_slot(&got.slots[SLOT_GREEN], &state.slots[SLOT_GREEN]);
	/* Words of whoever: a newline would be a line of a status of its own. */
	ck_assert_str_eq(got.slots[SLOT_GREEN].words,
	    "all 12 \"tests\"\xef\xbf\xbd"
	    "and \xc3\xa4");
	check_run(&got.run, &state.run);
	ck_assert_str_eq(got.nginx.dir, state.nginx.dir);
	ck_assert_str_eq(got.nginx.program, state.nginx.program);
	ck_assert_uint_eq(got.nginx.wait, 70);
	ck_assert_uint_eq(got.nginx.port, 8080);
	state.run.settled = true;
	state.run.share = RELEASE_ALL;
	ck_assert_int_eq(release_save(dir(), &state), 0);
	load(&got);
	check_run(&got.run, &state.run);
}
END_TEST

START_TEST(before_the_first_release_the_service_without_slots_serves)
{
	struct release_state got = { .active = SLOT_GREEN };

	load(&got);
	ck_assert_int_eq(got.active, SLOT_NONE);
	ck_assert(!got.has_previous);
	ck_assert_int_eq(got.run.how, RELEASE_NONE);
	ck_assert_uint_eq(release_share(&got, SLOT_NONE), RELEASE_ALL);
	ck_assert_uint_eq(release_share(&got, SLOT_BLUE), 0);
	ck_assert_int_eq(rmdir(dir()), 0);
	load(&got);
	/* And it can be written and read. */
	ck_assert_int_eq(mkdir(dir(), 0755), 0);
	ck_assert_int_eq(release_save(dir(), &got), 0);
	load(&got);
	ck_assert_int_eq(got.active, SLOT_NONE);
}
END_TEST

START_TEST(a_new_state_takes_the_place_of_the_old_one_as_a_whole)
{
	struct release_state state = busy(), got;
	struct stat before, after;
	int old;

	ck_assert_int_eq(release_save(dir(), &state), 0);
	old = openat(tempdir_fd(), "state.json", O_RDONLY);
	ck_assert_int_eq(fstat(old, &before), 0);
	ck_assert_int_eq(before.st_mode & 07777, 0644);
	state.run = (struct release_run){ 0 };
	ck_assert_int_eq(release_save(dir(), &state), 0);
	/* Who has the old one open has the old one, and nothing lies about. */
	ck_assert_int_eq(fstat(old, &after), 0);
	ck_assert_int_eq(after.st_size, before.st_size);
	ck_assert_int_eq(after.st_nlink, 0);
	ck_assert_uint_eq(count_entries(dir()), 1);
	(void)close(old);
	load(&got);
	ck_assert_int_eq(got.run.how, RELEASE_NONE);
	ck_assert_uint_eq(release_share(&got, SLOT_BLUE), RELEASE_ALL);
}
END_TEST

START_TEST(a_state_that_nobody_could_read_is_not_written)
{
	struct release_state state = busy(), got;

	ck_assert_int_eq(release_save(dir(), &state), 0);
	state.run.to = SLOT_BLUE;
	ck_assert_int_eq(release_save(dir(), &state), -1);
	ck_assert_int_eq(errno, EINVAL);
	load(&got);
	ck_assert_int_eq(got.run.to, SLOT_GREEN);
	state = busy();
	state.slots[SLOT_GREEN] = (struct release_slot_state){ 0 };
	ck_assert_int_eq(release_save(dir(), &state), -1);
}
END_TEST

START_TEST(where_it_cannot_be_written_the_old_one_stays)
{
	struct release_state state = busy();

	ck_assert_int_eq(release_save(tempdir_at("not-there"), &state), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(shares_add_up)
{
	struct release_state state = busy();

	ck_assert_uint_eq(release_share(&state, SLOT_GREEN), 500);
	ck_assert_uint_eq(release_share(&state, SLOT_BLUE), RELEASE_ALL - 500);
	ck_assert_uint_eq(release_share(&state, SLOT_NONE), 0);
}
END_TEST

#define SLOTS                                          \
	"\"slots\":{\"blue\":{\"version\":\"0.1.0\"}," \
	"\"green\":{\"version\":\"0.2.0\"}}"
#define RUN_BEGIN                                                           \
	"{\"format\":1,\"active\":\"blue\"," SLOTS ",\"run\":{\"by_what\":" \
	"\"request\","
#define WAY "\"how\":\"switch\",\"from\":\"blue\",\"to\":\"green\""

/* words: what the complaint has in it; NULL: it is a state. */
static const struct {
	const char *text;
	const char *words;
} states[] = {
	{ "{\"format\":1,\"active\":\"blue\"," SLOTS "}", NULL },
	{ RUN_BEGIN WAY "}}", NULL },
	{ RUN_BEGIN WAY ",\"settled\":true}}", NULL },
	{ RUN_BEGIN WAY ",\"settled\":true,\"share\":10000}}", NULL },
	{ RUN_BEGIN WAY ",\"settled\":true,\"share\":500}}", "settled" },
	{ RUN_BEGIN WAY ",\"settled\":1}}", "settled" },
	{ "{\"format\":1,\"later\":[1]}", NULL },
	{ "", "line" },
	{ "{\"format\":1", "line" },
	{ "null", "line" },
	{ "[]", "no object" },
	{ "{}", "format" },
	{ "{\"format\":2}", "newest" },
	{ "{\"format\":\"1\"}", "format" },
	{ "{\"format\":1,\"format\":1}", "duplicate" },
	{ "{\"format\":1,\"active\":\"red\"}", "active" },
	{ "{\"format\":1,\"active\":7}", "active" },
	{ "{\"format\":1,\"active\":\"blue\"}", "blue" },
	{ "{\"format\":1,\"previous\":\"\"}", "previous" },
	{ "{\"format\":1,\"slots\":[]}", "slots" },
	{ "{\"format\":1,\"slots\":{\"blue\":{\"version\":\"../up\"}}}",
	    "version" },
	{ "{\"format\":1,\"slots\":{\"blue\":{\"version\":\"a/b\"}}}",
	    "version" },
	{ "{\"format\":1,\"slots\":{\"blue\":{\"version\":\"a\\u0000b\"}}}",
	    "line" },
	{ "{\"format\":1,\"slots\":{\"blue\":{\"digest\":\"12\"}}}", "digest" },
	{ "{\"format\":1,\"slots\":{\"blue\":{\"passed\":true}}}", "passed" },
	{ "{\"format\":1,\"slots\":{\"blue\":{\"staged\":\"today\"}}}",
	    "staged" },
	{ "{\"format\":1,\"run\":7}", "run" },
	{ "{\"format\":1,\"run\":{}}", "by_what" },
	{ RUN_BEGIN "\"how\":\"hope\",\"from\":\"blue\",\"to\":\"green\"}}",
	    "how" },
	{ RUN_BEGIN "\"how\":\"switch\",\"from\":\"blue\",\"to\":\"blue\"}}",
	    "itself" },
	{ RUN_BEGIN "\"how\":\"switch\",\"from\":\"green\",\"to\":\"blue\"}}",
	    "active" },
	{ RUN_BEGIN WAY ",\"id\":\"UPPER\"}}", "id" },
	{ RUN_BEGIN WAY ",\"share\":10001}}", "share" },
	{ RUN_BEGIN WAY ",\"share\":-1}}", "share" },
	{ RUN_BEGIN WAY ",\"share\":1e99}}", "share" },
	{ RUN_BEGIN WAY ",\"step\":1}}", "step" },
	{ RUN_BEGIN WAY ",\"steps\":[100,100]}}", "steps" },
	{ RUN_BEGIN WAY ",\"steps\":[10001]}}", "steps" },
	{ RUN_BEGIN WAY ",\"steps\":{\"1\":1}}}", "steps" },
	{ RUN_BEGIN WAY
	    ",\"steps\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
	    "21]}}",
	    "steps" },
	{ "{\"format\":1,\"nginx\":{\"wait\":99999999999}}", "wait" },
	{ "{\"format\":1,\"nginx\":{\"program\":[]}}", "program" },
};

START_TEST(what_is_no_state_is_said_and_never_guessed_at)
{
	struct release_state got;
	char why[256] = "";
	int rc;

	write_text("state.json", states[_i].text, strlen(states[_i].text));
	rc = release_load(dir(), &got, why, sizeof why);
	if (states[_i].words == NULL) {
		ck_assert_msg(rc == 0, "%s: %s", states[_i].text, why);
		return;
	}
	ck_assert_msg(rc == -1, "%s", states[_i].text);
	ck_assert_msg(strstr(why, states[_i].words) != NULL &&
		strstr(why, "state.json") != NULL,
	    "%s: %s", states[_i].text, why);
	ck_assert_int_eq(got.active, SLOT_NONE);
	ck_assert_int_eq(got.run.how, RELEASE_NONE);
}
END_TEST

START_TEST(a_state_cut_anywhere_is_an_error)
{
	struct release_state state = busy(), got;
	char why[256];
	char *text;
	size_t len;

	ck_assert_int_eq(release_save(dir(), &state), 0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "state.json", 1 << 16,
			     &text, &len),
	    0);
	for (size_t n = 0; n < len; n++) {
		write_text("state.json", text, n);
		ck_assert_msg(release_load(dir(), &got, why, sizeof why) == -1,
		    "%zu bytes", n);
	}
	free(text);
}
END_TEST

START_TEST(what_is_no_file_is_neither_followed_nor_read)
{
	struct release_state got;
	char why[256];

	ck_assert_int_eq(symlinkat("elsewhere.json", tempdir_fd(),
			     "state.json"),
	    0);
	write_text("elsewhere.json", "{\"format\":1}", 12);
	ck_assert_int_eq(release_load(dir(), &got, why, sizeof why), -1);
	ck_assert_int_eq(unlinkat(tempdir_fd(), "state.json", 0), 0);
	ck_assert_int_eq(mkdirat(tempdir_fd(), "state.json", 0755), 0);
	ck_assert_int_eq(release_load(dir(), &got, why, sizeof why), -1);
	ck_assert_msg(strstr(why, "state.json: ") != NULL, "%s", why);
}
END_TEST

/* ---- history ---- */

static struct {
	struct release_event events[8];
	unsigned n;
	unsigned stop; /* after so many; 0: never */
} heard;

static bool
hear(void *ctx, const struct release_event *event)
{
	(void)ctx;
	ck_assert_uint_lt(heard.n, NELEM(heard.events));
	heard.events[heard.n++] = *event;
	return heard.n != heard.stop;
}

static void
read_history(void)
{
	heard.n = 0;
	ck_assert_int_eq(release_history(dir(), hear, NULL), 0);
}

static struct release_event
event(const char *what)
{
	struct release_event e = { .time = MOMENT,
		.how = RELEASE_CANARY,
		.id = "abcdefghij23",
		.from = SLOT_BLUE,
		.to = SLOT_GREEN,
		.from_version = "0.1.0",
		.to_version = "0.2.0",
		.from_digest = ONE,
		.to_digest = TWO,
		.share = 500,
		.verdict = "pass",
		.words = "no more than 2 %\nof errors",
		.by = "alice",
		.forced = "Friday" };

	(void)snprintf(e.what, sizeof e.what, "%s", what);
	return e;
}

static void
note(const char *what)
{
	struct release_event e = event(what);

	ck_assert_int_eq(release_note(dir(), &e), 0);
}

START_TEST(an_event_is_a_line_and_back)
{
	struct release_event want = event("step");
	const struct release_event *got = &heard.events[0];

	read_history();
	ck_assert_uint_eq(heard.n, 0);
	note("step");
	note("end");
	read_history();
	ck_assert_uint_eq(heard.n, 2);
	ck_assert_str_eq(heard.events[1].what, "end");
	ck_assert_int_eq(got->time, want.time);
	ck_assert_str_eq(got->what, want.what);
	ck_assert_int_eq(got->how, want.how);
	ck_assert_str_eq(got->id, want.id);
	ck_assert_int_eq(got->from, want.from);
	ck_assert_int_eq(got->to, want.to);
	ck_assert_str_eq(got->from_version, want.from_version);
	ck_assert_str_eq(got->to_version, want.to_version);
	ck_assert_str_eq(got->from_digest, want.from_digest);
	ck_assert_str_eq(got->to_digest, want.to_digest);
	ck_assert_uint_eq(got->share, want.share);
	ck_assert_str_eq(got->verdict, want.verdict);
	ck_assert_str_eq(got->by, want.by);
	ck_assert_str_eq(got->forced, want.forced);
	ck_assert_str_eq(got->words, "no more than 2 %\xef\xbf\xbdof errors");
	heard.stop = 1;
	read_history();
	ck_assert_uint_eq(heard.n, 1);
	heard.stop = 0;
}
END_TEST

START_TEST(a_cut_or_foreign_line_costs_no_other)
{
	static const char odd[] =
	    "\n{}\n[]\nwords\n{\"time\":\"2026-11-28T08:51:20.123Z\"}\n"
	    "{\"time\":7,\"what\":\"step\"}\n"
	    "{\"time\":\"2026-11-28T08:51:20.123Z\",\"what\":\"step\","
	    "\"from\":\"red\"}\n\0\n{\"time\":\"2026-11-28T08:5";
	char *text;
	size_t len;
	int fd;

	write_text("history.jsonl", odd, sizeof odd - 1);
	read_history();
	ck_assert_uint_eq(heard.n, 0);
	note("begin");
	/* A line of 100 kB, and one that the disk had no room for. */
	fd = openat(tempdir_fd(), "history.jsonl", O_WRONLY | O_APPEND);
	text = malloc(100000);
	ck_assert_ptr_nonnull(text);
	memset(text, '"', 100000);
	ck_assert_int_eq(fd_write_full(fd, text, 100000), 0);
	free(text);
	(void)close(fd);
	note("end");
	read_history();
	ck_assert_uint_eq(heard.n, 2);
	ck_assert_str_eq(heard.events[0].what, "begin");
	ck_assert_str_eq(heard.events[1].what, "end");
	/* What was there is there still. */
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "history.jsonl", 1 << 20,
			     &text, &len),
	    0);
	ck_assert_mem_eq(text, odd, sizeof odd - 1);
	free(text);
}
END_TEST

START_TEST(a_history_that_cannot_be_read_is_an_error)
{
	ck_assert_int_eq(mkdirat(tempdir_fd(), "history.jsonl", 0755), 0);
	ck_assert_int_eq(release_history(dir(), hear, NULL), -1);
	ck_assert_int_eq(unlinkat(tempdir_fd(), "history.jsonl", AT_REMOVEDIR),
	    0);
	ck_assert_int_eq(mkfifoat(tempdir_fd(), "history.jsonl", 0644), 0);
	ck_assert_int_eq(release_history(dir(), hear, NULL), -1);
}
END_TEST

/* ---- the lock ---- */

/* A process that takes the lock, says so, and waits to be killed. */
static pid_t
start_holder(const char *words)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (release_lock(dir(), words, NULL) == -1)
			_exit(1);
		(void)!write(ready[1], "", 1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

static void
end_holder(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(the_second_is_told_who_is_first)
{
	struct release_holder holder;
	pid_t pid;
	int fd;

	ck_assert(!release_is_locked(dir(), &holder));
	pid = start_holder("rollout by alice since 14:03:11");
	ck_assert(release_is_locked(dir(), &holder));
	ck_assert_int_eq(holder.pid, pid);
	ck_assert_str_eq(holder.words, "rollout by alice since 14:03:11");
	ck_assert(release_is_locked(dir(), NULL));
	memset(&holder, 0, sizeof holder);
	ck_assert_int_eq(release_lock(dir(), "switch by bob", &holder), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(holder.pid, pid);
	ck_assert_str_eq(holder.words, "rollout by alice since 14:03:11");
	end_holder(pid);
	/* What a killed one has written is not believed. */
	ck_assert(!release_is_locked(dir(), &holder));
	ck_assert_int_eq(holder.pid, 0);
	fd = release_lock(dir(), "short", &holder);
	ck_assert_int_ge(fd, 0);
	/* To look at one's own does not lose it. */
	ck_assert(release_is_locked(dir(), &holder));
	ck_assert_int_eq(holder.pid, getpid());
	ck_assert_str_eq(holder.words, "short");
	ck_assert_int_eq(release_lock(dir(), "again", NULL), -1);
	(void)close(fd);
	ck_assert(!release_is_locked(dir(), &holder));
}
END_TEST

START_TEST(the_first_makes_the_directory_and_not_its_parents)
{
	struct stat st;
	mode_t mask = umask(077);
	int fd = release_lock(tempdir_at("releases"), "stage", NULL);

	(void)umask(mask);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert_int_eq(fstatat(tempdir_fd(), "releases", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(release_lock(tempdir_at("a/b"), "stage", NULL), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* ---- names ---- */

START_TEST(a_slot_has_its_other)
{
	ck_assert_int_eq(release_other(SLOT_NONE), SLOT_BLUE);
	ck_assert_int_eq(release_other(SLOT_BLUE), SLOT_GREEN);
	ck_assert_int_eq(release_other(SLOT_GREEN), SLOT_BLUE);
	ck_assert_int_eq(release_slot_parse("green"), SLOT_GREEN);
	ck_assert_int_eq(release_slot_parse("blue"), SLOT_BLUE);
	ck_assert_int_eq(release_slot_parse("Blue"), SLOT_NONE);
	ck_assert_int_eq(release_slot_parse(""), SLOT_NONE);
}
END_TEST

START_TEST(a_version_is_a_name_and_no_path)
{
	char name[RELEASE_VERSION_MAX + 1];

	ck_assert(release_version_is_valid("0.1.0"));
	ck_assert(release_version_is_valid("0.2.0~rc1-3+1f0c9a2e"));
	ck_assert(!release_version_is_valid(""));
	ck_assert(!release_version_is_valid("."));
	ck_assert(!release_version_is_valid(".."));
	ck_assert(!release_version_is_valid(".new"));
	ck_assert(!release_version_is_valid("-t"));
	ck_assert(!release_version_is_valid("a/b"));
	ck_assert(!release_version_is_valid("a b"));
	memset(name, 'a', RELEASE_VERSION_MAX);
	name[RELEASE_VERSION_MAX] = '\0';
	ck_assert(!release_version_is_valid(name));
	name[RELEASE_VERSION_MAX - 1] = '\0';
	ck_assert(release_version_is_valid(name));
}
END_TEST

START_TEST(an_id_is_never_met_twice)
{
	char one[RELEASE_ID_LEN + 1], two[RELEASE_ID_LEN + 1];

	ck_assert_int_eq(release_new_id(one), 0);
	ck_assert_int_eq(release_new_id(two), 0);
	ck_assert_uint_eq(strlen(one), RELEASE_ID_LEN);
	ck_assert_uint_eq(strspn(one, "abcdefghijklmnopqrstuvwxyz234567"),
	    RELEASE_ID_LEN);
	ck_assert_str_ne(one, two);
}
END_TEST

START_TEST(the_sockets_of_a_slot_lie_below_those_of_the_service)
{
	char run[120], out[128], small[8];
	struct settings s = { .run = run };

	(void)snprintf(run, sizeof run, "/run/fcgi-thumb");
	ck_assert_int_eq(release_run_dir(&s, SLOT_NONE, out, sizeof out), 0);
	ck_assert_str_eq(out, "/run/fcgi-thumb");
	ck_assert_int_eq(release_run_dir(&s, SLOT_GREEN, out, sizeof out), 0);
	ck_assert_str_eq(out, "/run/fcgi-thumb/green");
	ck_assert_int_eq(release_run_dir(&s, SLOT_GREEN, small, sizeof small),
	    -1);
	/* 107 bytes of a socket's path, of which "/control.sock" has 13. */
	memset(run, 'x', sizeof run);
	run[0] = '/';
	run[94 - 6] = '\0';
	ck_assert_int_eq(release_run_dir(&s, SLOT_GREEN, out, sizeof out), 0);
	run[94 - 6] = 'x';
	run[95 - 6] = '\0';
	ck_assert_int_eq(release_run_dir(&s, SLOT_GREEN, out, sizeof out), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_eq(release_run_dir(&s, SLOT_BLUE, out, sizeof out), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("release");
	TCase *tc = tcase_create("state");

	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc, a_state_is_read_as_it_was_written);
	tcase_add_test(tc,
	    before_the_first_release_the_service_without_slots_serves);
	tcase_add_test(tc,
	    a_new_state_takes_the_place_of_the_old_one_as_a_whole);
	tcase_add_test(tc, a_state_that_nobody_could_read_is_not_written);
	tcase_add_test(tc, where_it_cannot_be_written_the_old_one_stays);
	tcase_add_test(tc, shares_add_up);
	tcase_add_loop_test(tc, what_is_no_state_is_said_and_never_guessed_at,
	    0, NELEM(states));
	tcase_add_test(tc, a_state_cut_anywhere_is_an_error);
	tcase_add_test(tc, what_is_no_file_is_neither_followed_nor_read);
	suite_add_tcase(s, tc);

	tc = tcase_create("history");
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc, an_event_is_a_line_and_back);
	tcase_add_test(tc, a_cut_or_foreign_line_costs_no_other);
	tcase_add_test(tc, a_history_that_cannot_be_read_is_an_error);
	suite_add_tcase(s, tc);

	tc = tcase_create("lock");
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc, the_second_is_told_who_is_first);
	tcase_add_test(tc, the_first_makes_the_directory_and_not_its_parents);
	suite_add_tcase(s, tc);

	tc = tcase_create("names");
	tcase_add_test(tc, a_slot_has_its_other);
	tcase_add_test(tc, a_version_is_a_name_and_no_path);
	tcase_add_test(tc, an_id_is_never_met_twice);
	tcase_add_test(tc,
	    the_sockets_of_a_slot_lie_below_those_of_the_service);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
