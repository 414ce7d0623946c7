#include "config.h"

#include "rollout.h"

#include <stdio.h>
#include <string.h>

#include "number.h"

/* ---- the command line ---- */

/* Of "25" behind a point; one digit is worth ten. -1: none. */
static int
parse_decimals(const char *text, unsigned *out)
{
	unsigned long long n;
	size_t len = strlen(text);

	if (len < 1 || len > 2 || number_parse(text, 0, 99, &n) == -1)
		return -1;
	*out = (unsigned)n * (len == 1 ? 10 : 1);
	return 0;
}

int
rollout_parse_percent(const char *text, unsigned max, unsigned *out)
{
	size_t len = strcspn(text, ".");
	unsigned long long whole;
	unsigned decimals = 0;
	char digits[8];

	if (len >= sizeof digits)
		return -1;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (number_parse(digits, 0, max / 100, &whole) == -1 ||
	    (text[len] == '.' &&
		parse_decimals(text + len + 1, &decimals) == -1) ||
	    whole * 100 + decimals > max)
		return -1;
	*out = (unsigned)whole * 100 + decimals;
	return 0;
}

static int
add_step(struct rollout_plan *plan, unsigned share, char *why, size_t why_size)
{
	unsigned last = plan->n_steps > 0 ? plan->steps[plan->n_steps - 1] : 0;

	if (plan->n_steps == RELEASE_STEPS_MAX)
		(void)snprintf(why, why_size, "more than %d steps",
		    RELEASE_STEPS_MAX);
	else if (share <= last)
		(void)snprintf(why, why_size,
		    "each step is more than the one before, and the first "
		    "more than none");
	else if (share == RELEASE_ALL && plan->n_steps == 0)
		(void)snprintf(why, why_size,
		    "all at the first step is `thumbctl release switch`: "
		    "there would be nothing to compare with");
	else {
		plan->steps[plan->n_steps++] = share;
		return 0;
	}
	return -1;
}

int
rollout_parse_steps(const char *text, struct rollout_plan *plan, char *why,
    size_t why_size)
{
	plan->n_steps = 0;
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		unsigned share;
		char one[16];

		(void)snprintf(one, sizeof one, "%.*s", (int)len, at);
		if (len >= sizeof one ||
		    rollout_parse_percent(one, RELEASE_ALL, &share) == -1) {
			(void)snprintf(why, why_size,
			    "\"%.40s\" is not shares in percent with commas "
			    "between them, such as 1,5,25,50,100",
			    text);
			return -1;
		}
		if (add_step(plan, share, why, why_size) == -1)
			return -1;
		at += len;
		if (*at == '\0')
			break;
	}
	if (plan->steps[plan->n_steps - 1] < RELEASE_ALL)
		return add_step(plan, RELEASE_ALL, why, why_size);
	return 0;
}

/* ---- the state ---- */

void
rollout_begin(struct release_state *state, const struct rollout_plan *plan,
    enum release_slot to, const char *id, const char *by, const char *forced,
    int64_t now)
{
	struct release_run *run = &state->run;

	*run = (struct release_run){ .how = plan->how,
		.from = state->active,
		.to = to,
		.by_customer = plan->by_customer,
		.n_steps = plan->n_steps,
		.began = now };
	memcpy(run->steps, plan->steps, sizeof run->steps);
	(void)snprintf(run->id, sizeof run->id, "%s", id);
	(void)snprintf(run->by, sizeof run->by, "%s", by);
	(void)snprintf(run->forced, sizeof run->forced, "%s", forced);
	if (plan->n_steps > 0)
		rollout_step(state, plan, 0, now);
	else
		rollout_settle(state, true, now);
}

void
rollout_step(struct release_state *state, const struct rollout_plan *plan,
    unsigned step, int64_t now)
{
	struct release_run *run = &state->run;

	run->step = step;
	run->share = run->steps[step];
	run->step_began = now;
	run->deadline = run->how == RELEASE_AB
	    ? 0
	    : now + plan->step + plan->patience + ROLLOUT_GRACE_MS;
}

void
rollout_settle(struct release_state *state, bool forward, int64_t now)
{
	struct release_run *run = &state->run;

	run->settled = true;
	run->share = forward ? RELEASE_ALL : 0;
	run->step_began = now;
	run->deadline = now + ROLLOUT_GRACE_MS;
}

void
rollout_end(struct release_state *state)
{
	const struct release_run *run = &state->run;

	if (run->settled && run->share == RELEASE_ALL) {
		state->active = run->to;
		state->previous = run->from;
		state->has_previous = true;
	}
	state->run = (struct release_run){ 0 };
}

/* ---- of the one who drives it ---- */

bool
rollout_closes(const struct rollout_plan *plan, int64_t elapsed, unsigned looks)
{
	return elapsed >= plan->patience || elapsed >= (looks + 1) * plan->step;
}

enum rollout_next
rollout_next(const struct rollout_plan *plan, unsigned step,
    const struct rollout_signs *signs)
{
	if (signs->interrupted || signs->gone ||
	    signs->probes_failed >= ROLLOUT_PROBES ||
	    signs->verdict == VERDICT_FAIL)
		return ROLLOUT_FAILED;
	if (signs->closing && signs->verdict == VERDICT_PASS)
		return step + 1 < plan->n_steps ? ROLLOUT_WIDEN
						: ROLLOUT_PROMOTE;
	return signs->elapsed >= plan->patience ? ROLLOUT_INCONCLUSIVE
						: ROLLOUT_ON;
}

/* ---- of the one who finds it ---- */

enum rollout_deed
rollout_tend(const struct release_state *state, const struct rollout_find *find,
    const char **why)
{
	const struct release_run *run = &state->run;

	*why = "";
	if (run->how == RELEASE_NONE)
		return ROLLOUT_NOTHING;
	if (run->settled && run->share == 0) {
		*why = "it was cut off on its way back";
		return ROLLOUT_BACK;
	}
	/*
	 * Who was cut off before anybody was moved need not have wanted that an
	 * hour later; but a way back is what saves users.
	 */
	if (run->settled && (find->arrived || run->how == RELEASE_ROLLBACK)) {
		*why = "it was cut off when all was decided";
		return ROLLOUT_FORWARD;
	}
	if (run->settled)
		*why = "it was cut off before nginx was told";
	else if (find->gone)
		*why = "its master has ended, and nobody was at work on it";
	else if (run->how == RELEASE_AB)
		return ROLLOUT_NOTHING; /* it is ended by hand */
	else if (run->deadline <= find->now)
		*why = "it is past its deadline, and nobody was at work on it";
	else if (find->now < run->began)
		*why = "the clock was set back, and nobody was at work on it";
	return (*why)[0] != '\0' ? ROLLOUT_BACK : ROLLOUT_NOTHING;
}

enum rollout_deed
rollout_abort(const struct release_state *state)
{
	return state->run.how == RELEASE_NONE ? ROLLOUT_NOTHING : ROLLOUT_BACK;
}

enum rollout_deed
rollout_rollback(const struct release_state *state)
{
	const struct release_run *run = &state->run;

	if (run->how == RELEASE_ROLLBACK && run->settled && run->share > 0)
		return ROLLOUT_FORWARD;
	return rollout_abort(state);
}
