#include "config.h"

/*
 * thumbctl release rollout, and canary: share after share, each judged, to the
 * end or back. Whatever ends this process otherwise leaves a deadline on the
 * disk.
 */

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "number.h"
#include "thumbctl_release_drive.h"
#include "thumbctl_release_look.h"

#define LOOK_MS 2000

/* Bounds of what the command line says. */
#define STEP_SECONDS_MAX 604800
#define PATIENCE_SECONDS_MAX 2592000
#define PERCENT_MAX 100000 /* hundredths: 1000 % */

/* Of a terminal that is told nothing wider. */
#define LINE_MAX_COLUMNS 79

struct rollout {
	struct releases r;
	struct rollout_plan plan;
	struct verdict_terms terms;
	char force[RELEASE_REASON_MAX];
	enum release_slot to;
	struct drive drive;
	struct lookout look;
	uint64_t exposed; /* requests of the steps that are over */
	/* This step: */
	uint64_t began_ns;
	unsigned looks; /* at a window that was over */
	struct verdict_finding finding;
	struct errand comparison; /* of thumbnails, at the end of a step */
	struct drive_pair pair;
	enum rollout_next next; /* what it has come to */
	char unlike
	    [RELEASE_WORDS_MAX]; /* of its thumbnails; "" they are alike */
};

/* ---- words ---- */

static const char *
key_of(const struct rollout *x)
{
	return x->plan.by_customer ? "customers" : "requests";
}

static void
duration_text(int64_t ms, char out[32])
{
	int64_t s = ms / 1000;

	if (s % 3600 == 0)
		(void)snprintf(out, 32, "%" PRId64 "h", s / 3600);
	else if (s % 60 == 0)
		(void)snprintf(out, 32, "%" PRId64 "m", s / 60);
	else
		(void)snprintf(out, 32, "%" PRId64 "s", s);
}

static void
say_step(const struct rollout *x)
{
	const struct release_run *run = &x->r.state.run;
	char share[SHARE_TEXT_MAX], to[SLOT_TEXT_MAX], step[32], patience[32];

	share_text(run->share, share);
	slot_text(&x->r, run->to, to);
	duration_text(x->plan.step, step);
	duration_text(x->plan.patience, patience);
	(void)printf("step %u of %u: %s of the %s to %s, for %s, or up to %s\n",
	    run->step + 1, run->n_steps, share, key_of(x), to, step, patience);
	(void)fflush(stdout);
}

/* One line that lives, where somebody looks. */
static void
show(const struct rollout *x)
{
	char share[SHARE_TEXT_MAX], line[VERDICT_WORDS_MAX + 64];

	if (isatty(STDOUT_FILENO) != 1)
		return;
	share_text(x->r.state.run.share, share);
	(void)snprintf(line, sizeof line, "%s, %" PRIu64 " s: %s", share,
	    (clock_monotonic_ns() - x->began_ns) / NS_PER_S, x->finding.words);
	(void)printf("\r\033[K%.*s", LINE_MAX_COLUMNS, line);
	(void)fflush(stdout);
}

static void
end_show(void)
{
	if (isatty(STDOUT_FILENO) == 1)
		(void)fputs("\r\033[K", stdout);
}

/* It was over, and no verdict. */
static void
say_on(const struct rollout *x)
{
	end_show();
	(void)printf("%s yet: %s\n", verdict_name(VERDICT_INCONCLUSIVE),
	    x->finding.words);
	(void)fflush(stdout);
}

static void
say_begin(struct rollout *x)
{
	char share[SHARE_TEXT_MAX], step[32];
	size_t len;

	duration_text(x->plan.step, step);
	drive_say(&x->drive, VERDICT_COUNT,
	    "by %s, %s each:", x->plan.by_customer ? "customer" : "request",
	    step);
	for (unsigned i = 0; i < x->plan.n_steps; i++) {
		share_text(x->plan.steps[i], share);
		len = strlen(x->drive.words);
		(void)snprintf(x->drive.words + len,
		    sizeof x->drive.words - len, " %s%s", share,
		    i + 1 < x->plan.n_steps ? "," : "");
	}
}

/* ---- a step ---- */

static int64_t
elapsed_ms(const struct rollout *x)
{
	return (int64_t)((clock_monotonic_ns() - x->began_ns) / NS_PER_MS);
}

static void
begin_step(struct rollout *x)
{
	x->began_ns = clock_monotonic_ns();
	x->looks = 0;
	look_begin(&x->look);
	say_step(x);
}

/* What came to the candidate in this step. */
static uint64_t
count_exposed(struct rollout *x)
{
	struct verdict_sample s;

	look_sample(&x->look, LOOK_CANDIDATE, false, &s);
	return s.requests;
}

/* A signal ends it at once. */
static void
pause_looking(const struct rollout *x)
{
	int64_t rest = x->plan.step * (x->looks + 1) - elapsed_ms(x);

	if (drive_signal() != 0)
		return;
	if (rest > LOOK_MS || rest <= 0)
		rest = LOOK_MS;
	(void)poll(NULL, 0, (int)rest);
}

static void
judge(struct rollout *x, bool closing)
{
	bool alone = x->r.state.run.share == RELEASE_ALL;
	struct verdict_sample active, candidate;

	look_sample(&x->look, LOOK_ACTIVE, alone, &active);
	look_sample(&x->look, LOOK_CANDIDATE, false, &candidate);
	verdict_give(&x->terms, &active, &candidate, closing, &x->finding);
}

/* All there is to see now. */
static void
look_at_all(struct rollout *x, struct rollout_signs *out)
{
	look_take(&x->look);
	out->elapsed = elapsed_ms(x);
	out->closing = rollout_closes(&x->plan, out->elapsed, x->looks);
	judge(x, out->closing);
	out->verdict = x->finding.verdict;
	out->interrupted = drive_signal() != 0;
	out->gone = x->look.gone;
	out->probes_failed = x->look.probes_failed;
	show(x);
}

static enum rollout_next
look_once(struct rollout *x)
{
	struct rollout_signs signs;

	pause_looking(x);
	look_at_all(x, &signs);
	x->looks += signs.closing;
	return rollout_next(&x->plan, x->r.state.run.step, &signs);
}

/* Until it is decided. */
static enum rollout_next
follow_step(struct rollout *x)
{
	enum rollout_next next;
	unsigned looks = 0;

	while ((next = look_once(x)) == ROLLOUT_ON)
		if (x->looks != looks) {
			looks = x->looks;
			say_on(x);
		}
	end_show();
	return next;
}

/* It has passed, and may begin to fail: nothing else counts any more. */
static bool
fails_now(struct rollout *x)
{
	const struct verdict_finding passed = x->finding;
	struct rollout_signs signs;

	look_at_all(x, &signs);
	signs.elapsed = 0;
	signs.closing = false;
	if (rollout_next(&x->plan, x->r.state.run.step, &signs) ==
	    ROLLOUT_FAILED)
		return true;
	x->finding = passed;
	return false;
}

enum alike {
	ALIKE,
	UNLIKE,   /* with words */
	OVERTAKEN /* it fails by itself, meanwhile */
};

/*
 * Its users are looked after while it lasts. What is left of it when they have
 * to go ends when they are back.
 */
static enum alike
compare(struct rollout *x)
{
	const struct release_run *run = &x->r.state.run;
	enum errand_came came;

	(void)snprintf(x->unlike, sizeof x->unlike, "it cannot be compared");
	x->pair = (struct drive_pair){ run->to, run->from };
	if (drive_begin_compare(&x->r, &x->pair, &x->comparison) == -1)
		return UNLIKE;
	while ((came = errand_look(&x->comparison, LOOK_MS, x->unlike)) ==
	    ERRAND_ON)
		if (fails_now(x))
			return OVERTAKEN;
	return came == ERRAND_WELL ? ALIKE : UNLIKE;
}

/*
 * No log says what a thumbnail shows, and the probe's picture is a coarse one:
 * before more users come the system test's is compared once more. As with the
 * probe, once is no failure.
 */
static bool
is_alike(struct rollout *x)
{
	enum alike alike = UNLIKE;

	for (unsigned i = 0; i < ROLLOUT_PROBES && alike == UNLIKE; i++)
		alike = compare(x);
	if (alike != UNLIKE)
		x->unlike[0] = '\0';
	end_show();
	return alike == ALIKE;
}

/* ---- ends ---- */

/* Why it goes where it goes, in the order of rollout_next. */
static void
reason_text(const struct rollout *x, char out[RELEASE_WORDS_MAX])
{
	if (x->next != ROLLOUT_FAILED || x->finding.verdict == VERDICT_FAIL)
		(void)snprintf(out, RELEASE_WORDS_MAX, "%s", x->finding.words);
	else if (drive_signal() != 0)
		(void)snprintf(out, RELEASE_WORDS_MAX, "interrupted (%s)",
		    strsignal(drive_signal()));
	else if (x->look.gone)
		(void)snprintf(out, RELEASE_WORDS_MAX,
		    "its master has ended, or was replaced");
	else if (x->look.probes_failed >= ROLLOUT_PROBES)
		(void)snprintf(out, RELEASE_WORDS_MAX,
		    "%u probes in a row failed, the last one: %.300s",
		    x->look.probes_failed, x->look.probe_words);
	else if (x->unlike[0] != '\0')
		(void)snprintf(out, RELEASE_WORDS_MAX, "%s", x->unlike);
	else
		(void)snprintf(out, RELEASE_WORDS_MAX,
		    "nginx or the disk refused what comes next");
}

static enum verdict
verdict_of(enum rollout_next next)
{
	if (next == ROLLOUT_PROMOTE)
		return VERDICT_PASS;
	return next == ROLLOUT_INCONCLUSIVE ? VERDICT_INCONCLUSIVE
					    : VERDICT_FAIL;
}

/* Requests that came while it was decided were exposed, too. */
static void
tell_end(void *ctx)
{
	struct rollout *x = ctx;
	const struct release_run *run = &x->r.state.run;
	char share[SHARE_TEXT_MAX], reason[RELEASE_WORDS_MAX];
	uint64_t n;

	look_read(&x->look);
	n = x->exposed + count_exposed(x);
	share_text(run->steps[run->step], share);
	reason_text(x, reason);
	drive_say(&x->drive, verdict_of(x->next),
	    "at %s, after %" PRIu64 " requests in all: %.330s", share, n,
	    reason);
}

/* Who brings it back later does not know why. */
static void
note_failure(struct rollout *x)
{
	const struct release_run *run = &x->r.state.run;
	struct release_event event = { .what = "step",
		.how = run->how,
		.from = run->from,
		.to = run->to,
		.share = run->steps[run->step] };

	tell_end(x);
	memcpy(event.id, run->id, sizeof event.id);
	memcpy(event.words, x->drive.words, sizeof event.words);
	(void)snprintf(event.verdict, sizeof event.verdict, "%s",
	    verdict_name(x->drive.verdict));
	releases_note(&x->r, &event);
}

/* The exit status. */
static int
go_back(struct rollout *x)
{
	if (drive_back(&x->drive) == -1) {
		note_failure(x);
		return EXIT_FAIL;
	}
	return x->next == ROLLOUT_INCONCLUSIVE ? EXIT_INCONCLUSIVE : EXIT_FAIL;
}

/*
 * The new version brings nginx's files of its own, which nginx may refuse: then
 * it is no release.
 */
static int
promote(struct rollout *x)
{
	struct release_state *state = &x->r.state;

	if (rollout_do_forward(&x->drive.hands, state) == 0)
		return EXIT_PASS;
	if (!drive_has_turned(&x->r)) {
		x->next = ROLLOUT_FAILED;
		return go_back(x);
	}
	complain("all users are on %s, and not all that belongs to it could be "
		 "done: thumbctl release tend (its timer, each minute) does "
		 "it, thumbctl release abort goes back",
	    settings_slot_name(state->run.to));
	return EXIT_FAILURE;
}

/* ---- all steps ---- */

/* 0, or -1: it has to go back. */
static int
widen(struct rollout *x)
{
	struct release_state *state = &x->r.state;

	if (look_keep(&x->look) == -1)
		return -1;
	x->exposed += count_exposed(x);
	drive_say(&x->drive, VERDICT_PASS, "%s", x->finding.words);
	if (rollout_do_step(&x->drive.hands, state, &x->plan,
		state->run.step + 1) == -1)
		return -1;
	begin_step(x);
	return 0;
}

static int
follow(struct rollout *x)
{
	begin_step(x);
	for (;;) {
		x->next = follow_step(x);
		if ((x->next == ROLLOUT_WIDEN || x->next == ROLLOUT_PROMOTE) &&
		    (!is_alike(x) || drive_signal() != 0))
			x->next = ROLLOUT_FAILED;
		if (x->next == ROLLOUT_WIDEN && widen(x) == -1)
			x->next = ROLLOUT_FAILED;
		if (x->next == ROLLOUT_PROMOTE)
			return promote(x);
		if (x->next != ROLLOUT_WIDEN)
			return go_back(x);
	}
}

static int
begin(struct rollout *x)
{
	char id[RELEASE_ID_LEN + 1];

	if (release_new_id(id) == -1) {
		complain("no random numbers");
		return EXIT_REFUSED;
	}
	say_begin(x);
	if (rollout_do_begin(&x->drive.hands, &x->r.state, &x->plan, x->to, id,
		releases_by(), x->force) == 0)
		return follow(x);
	if (x->r.state.run.how != RELEASE_NONE)
		return go_back(x);
	complain("nothing was changed");
	return EXIT_REFUSED;
}

static int
drive(struct rollout *x)
{
	const struct ready ready = { .judged = true, .force = x->force };
	int status;

	drive_hear_signals();
	drive_init(&x->drive, &x->r, "end");
	x->drive.tell_end = tell_end;
	x->drive.ctx = x;
	status = drive_get_ready(&x->r, &ready, &x->to);
	if (status != EXIT_SUCCESS)
		return status;
	status = EXIT_REFUSED;
	if (look_open(&x->look, &x->r, x->r.state.active, x->to) == 0)
		status = begin(x);
	errand_end(&x->comparison);
	look_close(&x->look);
	return status;
}

/* ---- the command line ---- */

static int
parse_time(const char *name, const char *text, unsigned max, int64_t *out)
{
	unsigned long long s;

	if (number_parse_duration(text, &s) == 0 && s > 0 && s <= max) {
		*out = (int64_t)s * 1000;
		return 0;
	}
	complain("--%s is a duration such as 90s, 10m or 2h, at most %u s",
	    name, max);
	return -1;
}

static int
parse_percent(const char *name, const char *text, double *out)
{
	unsigned n;

	if (rollout_parse_percent(text, PERCENT_MAX, &n) == 0 && n > 0) {
		*out = n / 10000.0;
		return 0;
	}
	complain("--%s is a number of percent, over 0 and at most %d, with two "
		 "decimals at most",
	    name, PERCENT_MAX / 100);
	return -1;
}

static int
parse_key(const char *text, bool *by_customer)
{
	*by_customer = strcmp(text, "customer") == 0;
	if (*by_customer || strcmp(text, "request") == 0)
		return 0;
	complain("--by is customer or request");
	return -1;
}

static int
parse_steps(const char *option, const char *text, struct rollout_plan *plan)
{
	char why[200];

	if (rollout_parse_steps(text, plan, why, sizeof why) == 0)
		return 0;
	complain("--%s: %s", option, why);
	return -1;
}

static int
parse_option(struct rollout *x, int option)
{
	switch (option) {
	case 's':
		return parse_steps("steps", optarg, &x->plan);
	case 'h':
		/* One share, and then all. */
		if (strchr(optarg, ',') == NULL)
			return parse_steps("share", optarg, &x->plan);
		complain("--share is one share, such as 5");
		return -1;
	case 't':
		return parse_time("step", optarg, STEP_SECONDS_MAX,
		    &x->plan.step);
	case 'p':
		return parse_time("patience", optarg, PATIENCE_SECONDS_MAX,
		    &x->plan.patience);
	case 'e':
		return parse_percent("errors", optarg, &x->terms.errors);
	case 'l':
		return parse_percent("slower", optarg, &x->terms.slower);
	case 'b':
		return parse_key(optarg, &x->plan.by_customer);
	case 'f':
		return drive_parse_reason(optarg, x->force);
	default:
		return 1;
	}
}

static void
set_defaults(struct rollout *x, bool is_canary)
{
	char why[200];

	x->plan.how = is_canary ? RELEASE_CANARY : RELEASE_ROLLOUT;
	x->plan.by_customer = !is_canary;
	x->plan.step = INT64_C(600000);
	x->terms = (struct verdict_terms){ .errors = 0.02,
		.slower = 0.25,
		.memory = 0.5 };
	(void)rollout_parse_steps(is_canary ? "5" : "1,5,25,50,100", &x->plan,
	    why, sizeof why);
}

/* EXIT_SUCCESS, or the exit status after words. */
static int
parse(const struct command *self, int argc, char **argv, struct rollout *x)
{
	static const struct option options[] = {
		{ "step", required_argument, NULL, 't' },
		{ "patience", required_argument, NULL, 'p' },
		{ "errors", required_argument, NULL, 'e' },
		{ "slower", required_argument, NULL, 'l' },
		{ "by", required_argument, NULL, 'b' },
		{ "force", required_argument, NULL, 'f' },
		{ "steps", required_argument, NULL, 's' },
		{ "share", required_argument, NULL, 'h' },
		{ 0 },
	};
	bool is_canary = strcmp(argv[0], "canary") == 0;
	int option, rc;

	set_defaults(x, is_canary);
	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == (is_canary ? 's' : 'h'))
			return wrong_use(self);
		rc = parse_option(x, option);
		if (rc != 0)
			return rc == 1 ? wrong_use(self) : EX_USAGE;
	}
	if (optind != argc)
		return wrong_use(self);
	if (x->plan.patience == 0)
		x->plan.patience = 3 * x->plan.step;
	if (x->plan.patience >= x->plan.step)
		return EXIT_SUCCESS;
	complain("--patience is at least as long as --step");
	return EX_USAGE;
}

int
release_rollout(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct rollout x = { 0 };
	int status = parse(self, argc, argv, &x);

	if (status != EXIT_SUCCESS)
		return status;
	status = releases_open(&x.r, settings_file, argv[0]);
	if (status == EXIT_SUCCESS)
		status = drive(&x);
	releases_close(&x.r);
	return status;
}
