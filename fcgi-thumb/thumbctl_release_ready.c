#include "config.h"

/*
 * What has to be so before a user is moved. Responsible for that whatever says
 * no says so before anything is changed, and that a candidate which fails its
 * system test gets no request.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime.h"
#include "thumbctl_release_drive.h"
#include "thumbctl_release_errand.h"

/* The test has an end of its own, by far. */
#define TEST_SECONDS 400

/* A probe, and to take back what it left. */
#define PROBE_SECONDS 25
#define COMPARE_SECONDS 80

/* ---- the candidate ---- */

static int
check_idle(const struct releases *r)
{
	const struct release_run *run = &r->state.run;

	if (run->how == RELEASE_NONE)
		return EXIT_SUCCESS;
	complain("%s %s is under way, by %s: thumbctl release status",
	    release_how_name(run->how), run->id, run->by);
	return EXIT_REFUSED;
}

static int
check_filled(const struct releases *r, enum release_slot slot)
{
	if (r->state.slots[slot].version[0] != '\0')
		return EXIT_SUCCESS;
	complain("%s is empty: thumbctl release stage",
	    settings_slot_name(slot));
	return EXIT_REFUSED;
}

/* Is there something to compare with, and where it is read? */
static int
check_judged(const struct releases *r)
{
	struct settings *s = slot_settings(r, r->state.active);
	struct service_state state;
	int status = EXIT_REFUSED;

	if (s == NULL)
		return EXIT_REFUSED;
	if (strcmp(s->log_access, "file") != 0 || s->logs[0] == '\0')
		complain("log_access = \"%s\" and logs = \"%s\": steps are "
			 "judged by nginx's access log, which is to be read. "
			 "thumbctl release switch needs none",
		    s->log_access, s->logs);
	else if (!slot_is_alive(r, r->state.active, &state))
		complain("no master runs in %s: there is nothing to compare "
			 "with. thumbctl release start starts it, and switch "
			 "compares nothing",
		    settings_slot_name(r->state.active));
	else
		status = EXIT_SUCCESS;
	settings_free(s);
	return status;
}

/* ---- the system test ---- */

struct test {
	enum release_slot slot, active;
};

static bool
run_test(const struct releases *r, void *ctx, char words[RELEASE_WORDS_MAX])
{
	const struct test *t = ctx;

	return release_check(r, t->slot, t->active, false, words);
}

/*
 * A signal to us is one to the test, which takes back its photos first. What it
 * says of a version it has not said then.
 */
static bool
test_slot(const struct releases *r, enum release_slot slot,
    char words[RELEASE_WORDS_MAX])
{
	struct service_state state;
	struct test t = { .slot = slot,
		.active = slot_is_alive(r, r->state.active, &state)
		    ? r->state.active
		    : SLOT_COUNT };
	struct errand e = { 0 };
	enum errand_came came = ERRAND_BADLY;
	bool told = false;

	(void)snprintf(words, RELEASE_WORDS_MAX, "the test cannot begin");
	if (errand_begin(&e, r, run_test, &t, TEST_SECONDS) == -1)
		return false;
	while ((came = errand_look(&e, 100, words)) == ERRAND_ON)
		if (drive_signal() != 0 && !told) {
			(void)kill(e.pid, SIGTERM);
			told = true;
		}
	return came == ERRAND_WELL;
}

int
drive_test(struct releases *r, enum release_slot slot)
{
	char words[RELEASE_WORDS_MAX] = "service: its master does not start";
	char name[SLOT_TEXT_MAX];
	bool passed;

	slot_text(r, slot, name);
	(void)printf("system test of %s\n", name);
	(void)fflush(stdout);
	passed = slot_start(r, slot) == 0 && test_slot(r, slot, words);
	if (passed)
		words[0] = '\0';
	if (drive_signal() != 0) {
		complain("interrupted (%s): nothing was changed",
		    strsignal(drive_signal()));
		return EXIT_FAIL;
	}
	if (release_keep_check(r, slot, words, false) == -1)
		return EXIT_FAILURE;
	if (passed)
		return EXIT_SUCCESS;
	complain("%s fails the system test, and no user comes to it: %s", name,
	    words);
	return EXIT_REFUSED;
}

/* ---- all ---- */

int
drive_get_ready(struct releases *r, const struct ready *ready,
    enum release_slot *to)
{
	int status = check_idle(r);

	*to = release_other(r->state.active);
	if (status == EXIT_SUCCESS)
		status = check_filled(r, *to);
	if (status == EXIT_SUCCESS && ready->judged)
		status = check_judged(r);
	if (status == EXIT_SUCCESS && ready->force[0] == '\0')
		status = drive_check_budget(r);
	if (status == EXIT_SUCCESS)
		status = drive_test(r, *to);
	return status;
}

static bool
run_probe(const struct releases *r, void *ctx, char words[RELEASE_WORDS_MAX])
{
	const enum release_slot *slot = ctx;

	return release_probe(r, *slot, words);
}

int
drive_begin_probe(const struct releases *r, enum release_slot *slot,
    struct errand *e)
{
	return errand_begin(e, r, run_probe, slot, PROBE_SECONDS);
}

bool
drive_probe(const struct releases *r, enum release_slot slot,
    char words[RELEASE_WORDS_MAX])
{
	struct errand e = { 0 };

	(void)snprintf(words, RELEASE_WORDS_MAX, "the probe cannot begin");
	return drive_begin_probe(r, &slot, &e) == 0 &&
	    errand_wait(&e, words) == ERRAND_WELL;
}

static bool
run_compare(const struct releases *r, void *ctx, char words[RELEASE_WORDS_MAX])
{
	const struct drive_pair *pair = ctx;

	return release_compare(r, pair->slot, pair->other, words);
}

int
drive_begin_compare(const struct releases *r, struct drive_pair *pair,
    struct errand *e)
{
	return errand_begin(e, r, run_compare, pair, COMPARE_SECONDS);
}

int
drive_parse_reason(const char *text, char out[RELEASE_REASON_MAX])
{
	mime_text(text, strlen(text), out, RELEASE_REASON_MAX);
	if (text[0] != '\0' && strcmp(text, out) == 0)
		return 0;
	complain("--force is followed by the reason, 1 to %d bytes of UTF-8 in "
		 "one line: it is kept",
	    RELEASE_REASON_MAX - 1);
	return -1;
}
