#include "config.h"

/*
 * The system test of a version before anybody's photo goes to it: its settings
 * and doctor, which its own programs look at, and what its master does with
 * photos (thumbctl_release_exam.h). And the small form of it while it serves.
 */

#include "thumbctl_release.h"

#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "thumbctl_program.h"
#include "thumbctl_release_exam.h"
#include "thumbctl_release_internal.h"

#define SETTINGS_SECONDS 20
#define DOCTOR_SECONDS 60
#define EXAM_SECONDS 180
#define PROBE_SECONDS 9
#define COMPARE_SECONDS 60

/* What is found, and what failed first. */
struct check {
	const struct releases *r;
	enum release_slot slot;
	struct doctor doctor; /* how it is said */
	char *words;          /* of RELEASE_WORDS_MAX */
};

static void
keep_first(char out[RELEASE_WORDS_MAX], const char *layer, const char *words)
{
	(void)snprintf(out, RELEASE_WORDS_MAX, "%.30s: %.360s", layer, words);
}

static void say(struct check *c, enum finding finding, const char *layer,
    const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

static void
say(struct check *c, enum finding finding, const char *layer, const char *fix,
    const char *fmt, ...)
{
	char words[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	if (finding == FAULT && c->words[0] == '\0')
		keep_first(c->words, layer, words);
	doctor_fix(&c->doctor, "%s", fix);
	doctor_say(&c->doctor, finding, layer, "%s", words);
	(void)fflush(stdout);
}

/* ---- what its own programs say ---- */

/* Run a program of the slot's version; -1 after a finding. */
static int
run_own(struct check *c, const char *name, const char *const more[],
    struct buf *out, struct buf *err, unsigned seconds)
{
	char *program = slot_file(c->r, c->slot, name);
	char *settings = slot_settings_file(c->r, c->slot);
	const char *words[PROGRAM_WORDS_MAX] = { "-c", settings };
	int status = -1;

	for (unsigned i = 0; more[i] != NULL; i++)
		words[2 + i] = more[i];
	if (program != NULL && settings != NULL)
		status = program_run(program, words, out, err, seconds);
	if (status == -1)
		say(c, FAULT, "programs", "thumbctl release stage again",
		    "%s cannot be run, or did not end within %u seconds", name,
		    seconds);
	free(program);
	free(settings);
	return status;
}

static bool
check_settings(struct check *c)
{
	static const char *const more[] = { "-t", NULL };
	struct buf err = { 0 };
	int status = run_own(c, "version/sbin/fcgi-thumb", more, NULL, &err,
	    SETTINGS_SECONDS);

	if (status == 0)
		say(c, OK, "settings", "", "its own fcgi-thumb takes them");
	else if (status > 0)
		say(c, FAULT, "settings",
		    "thumbctl release stage with other settings", "%.*s",
		    (int)strcspn(err.len > 0 ? err.data : "", "\n"),
		    err.len > 0 ? err.data : "no words");
	buf_fini(&err);
	return status == 0;
}

/*
 * Of its doctor's layers those that are of nginx, which does not ask it yet, and
 * of what it shares with everything else.
 */
static bool
is_its_own(const char *layer)
{
	static const char *const others[] = { "nginx", "access", "bodies",
		"page", "ledger", "forecast", "clock", "releases", "systemd" };

	for (size_t i = 0; i < NELEM(others); i++)
		if (strcmp(layer, others[i]) == 0)
			return false;
	return true;
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* Its notes and faults as ours; how many findings there were. */
static unsigned
take_findings(struct check *c, const json_t *list)
{
	const json_t *one;
	unsigned n = 0;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *layer = text_of(one, "layer");
		const char *verdict = text_of(one, "verdict");
		bool is_fault = strcmp(verdict, "fault") == 0;

		if (!is_its_own(layer))
			continue;
		n++;
		if (is_fault || strcmp(verdict, "note") == 0)
			say(c, is_fault ? FAULT : NOTE, layer,
			    text_of(one, "fix"), "%s", text_of(one, "words"));
	}
	return n;
}

static void
check_doctor(struct check *c)
{
	/* Its findings of nginx do not count: none is asked. */
	static const char *const more[] = { "doctor", "--json", "--nginx",
		"false", NULL };
	struct buf out = { 0 };
	unsigned before = c->doctor.faults, n = 0;
	json_t *list = NULL;
	int status = run_own(c, "version/sbin/thumbctl", more, &out, NULL,
	    DOCTOR_SECONDS);

	if (status != -1 && out.len > 0)
		list = json_loadb(out.data, out.len, 0, NULL);
	if (json_is_array(list))
		n = take_findings(c, list);
	if (n > 0 && c->doctor.faults == before)
		say(c, OK, "doctor", "", "%u findings, no fault", n);
	else if (n == 0 && status != -1)
		say(c, FAULT, "doctor", "thumbctl release stage again",
		    "its own thumbctl doctor gives no findings (status %d)",
		    status);
	json_decref(list);
	buf_fini(&out);
}

/* ---- what its master does ---- */

static void
hear(void *ctx, const struct exam_said *said)
{
	say(ctx, said->finding, said->layer, said->fix, "%s", said->words);
}

static void
examine(struct exam *x)
{
	exam_probe(x);
	if (!x->sides[CANDIDATE].is_lost)
		exam_codecs(x);
	if (!x->sides[CANDIDATE].is_lost)
		exam_pictures(x);
	if (x->sides[CANDIDATE].is_lost)
		exam_say(x, NOTE, "test", "what the fault before says",
		    "the rest was not tried");
}

static void
check_master(struct check *c, enum release_slot active)
{
	char *photos = slot_file(c->r, c->slot, "version/share/photos");
	struct exam x;

	if (exam_open(&x, c->r, c->slot, active) == -1)
		say(c, FAULT, "settings", "what was said before this",
		    "they cannot be read");
	else {
		x.photos = photos;
		exam_run(&x, examine, EXAM_SECONDS, hear, c);
	}
	exam_close(&x);
	free(photos);
}

bool
release_check(const struct releases *r, enum release_slot slot,
    enum release_slot active, bool json, char words[RELEASE_WORDS_MAX])
{
	struct check c = { .r = r, .slot = slot, .words = words };
	struct service_state state;

	words[0] = '\0';
	if (json && (c.doctor.list = json_array()) == NULL)
		complain("no memory left");
	if (!slot_is_alive(r, slot, &state))
		say(&c, FAULT, "service", "thumbctl release start",
		    "no master runs in %s", settings_slot_name(slot));
	else if (check_settings(&c)) {
		check_doctor(&c);
		if (active == SLOT_COUNT)
			say(&c, NOTE, "pictures", "nothing, if it is the first",
			    "nothing serves yet that they could be compared "
			    "with");
		check_master(&c, active);
	}
	doctor_end(&c.doctor);
	return c.doctor.faults == 0;
}

/* ---- the small form ---- */

static void
hear_fault(void *ctx, const struct exam_said *said)
{
	char *words = ctx;

	if (said->finding == FAULT && words[0] == '\0')
		keep_first(words, said->layer, said->words);
}

static bool
run_part(const struct releases *r, enum release_slot slot,
    enum release_slot active, void (*work)(struct exam *x), unsigned seconds,
    char words[RELEASE_WORDS_MAX])
{
	struct exam x;

	words[0] = '\0';
	if (exam_open(&x, r, slot, active) == 0)
		exam_run(&x, work, seconds, hear_fault, words);
	else
		(void)snprintf(words, RELEASE_WORDS_MAX,
		    "its settings cannot be read");
	exam_close(&x);
	return words[0] == '\0';
}

bool
release_probe(const struct releases *r, enum release_slot slot,
    char words[RELEASE_WORDS_MAX])
{
	return run_part(r, slot, SLOT_COUNT, exam_probe, PROBE_SECONDS, words);
}

bool
release_compare(const struct releases *r, enum release_slot slot,
    enum release_slot active, char words[RELEASE_WORDS_MAX])
{
	struct service_state state;

	if (!slot_is_alive(r, active, &state))
		active = SLOT_COUNT;
	return run_part(r, slot, active, exam_chart, COMPARE_SECONDS, words);
}

/* ---- the command ---- */

/* Which one is tried: what is under way, or what waits. */
static enum release_slot
find_candidate(const struct release_state *state)
{
	return state->run.how != RELEASE_NONE && state->run.to != state->active
	    ? state->run.to
	    : release_other(state->active);
}

int
release_keep_check(struct releases *r, enum release_slot slot,
    const char *words, bool json)
{
	struct release_slot_state *s = &r->state.slots[slot];
	struct release_event event = { .what = "check",
		.from = slot,
		.to = slot };

	s->checked = (int64_t)clock_wall_ms();
	s->passed = words[0] == '\0';
	(void)snprintf(s->words, sizeof s->words, "%s", words);
	if (releases_save(r) == -1)
		return -1;
	(void)snprintf(event.verdict, sizeof event.verdict, "%s",
	    s->passed ? "pass" : "fail");
	(void)snprintf(event.words, sizeof event.words, "%s", words);
	if (json)
		releases_record(r, &event);
	else
		releases_note(r, &event);
	return 0;
}

/* Does one of these wait for being unblocked? */
static bool
signal_waits(const sigset_t *ends)
{
	sigset_t waits;

	if (sigpending(&waits) != 0)
		return false;
	for (int signo = 1; signo <= SIGTERM; signo++)
		if (sigismember(ends, signo) == 1 &&
		    sigismember(&waits, signo) == 1)
			return true;
	return false;
}

/* With its master, which goes again where it was not there. */
static int
check_slot(struct releases *r, enum release_slot slot, bool json)
{
	struct service_state was, serves;
	bool ran = slot_is_alive(r, slot, &was);
	enum release_slot active = slot_is_alive(r, r->state.active, &serves)
	    ? r->state.active
	    : SLOT_COUNT;
	char words[RELEASE_WORDS_MAX] = "service: its master does not start";
	bool started = slot_start(r, slot) == 0;
	int status = EXIT_PASS;
	sigset_t ends, before;

	/* One that ends this program waits until all is cleaned up. */
	exam_ends(&ends);
	(void)sigprocmask(SIG_BLOCK, &ends, &before);
	if (started)
		(void)release_check(r, slot, active, json, words);
	if (!ran)
		(void)slot_stop(r, slot);
	/* One that was broken off says nothing of the version. */
	if (words[0] != '\0')
		status = EXIT_FAIL;
	if (!signal_waits(&ends) &&
	    release_keep_check(r, slot, words, json) == -1)
		status = EXIT_FAILURE;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

int
release_test(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	enum release_slot slot;
	struct releases r;
	bool json;
	int status;

	if (parse_json(argc, argv, &json) == -1)
		return wrong_use(self);
	status = releases_open(&r, settings_file, "check");
	slot = find_candidate(&r.state);
	if (status == EXIT_SUCCESS && r.state.slots[slot].version[0] == '\0') {
		complain("%s is empty, and there is nothing to check: thumbctl "
			 "release stage fills it",
		    settings_slot_name(slot));
		status = EXIT_REFUSED;
	}
	if (status == EXIT_SUCCESS)
		status = check_slot(&r, slot, json);
	releases_close(&r);
	return status;
}
