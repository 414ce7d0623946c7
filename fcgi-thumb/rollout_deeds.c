#include "config.h"

/*
 * In which order a release is done: the state first, since it says what is
 * wanted to whoever finds it, then nginx, then the books. Before users come to a
 * slot it is one that runs, and that starts with the machine.
 */

#include "rollout.h"

/* What is wanted, to the disk; the caller's state is what is there. */
static int
save(const struct rollout_hands *h, struct release_state *state,
    const struct release_state *wanted)
{
	if (h->save(h->ctx, wanted) == -1)
		return -1;
	*state = *wanted;
	return 0;
}

/* Nobody was moved: as if it had not begun. */
static void
undo(const struct rollout_hands *h, struct release_state *state,
    const struct release_state *before)
{
	enum release_slot to = state->run.to;

	(void)save(h, state, before);
	(void)h->enable(h->ctx, to, false);
}

/* nginx, as it is to be when what is settled has been done. */
static int
route_end(const struct rollout_hands *h, const struct release_state *state,
    enum release_slot files_of)
{
	struct release_state after = *state;

	rollout_end(&after);
	return h->route(h->ctx, &after, files_of);
}

/* nginx has it: the rest of a way forward. */
static int
finish_forward(const struct rollout_hands *h, struct release_state *state)
{
	struct release_state after = *state;

	(void)h->enable(h->ctx, state->run.from, false);
	h->retire(h->ctx, state->run.from);
	h->note(h->ctx, state, ROLLOUT_ENDS);
	rollout_end(&after);
	return save(h, state, &after);
}

int
rollout_do_begin(const struct rollout_hands *h, struct release_state *state,
    const struct rollout_plan *plan, enum release_slot to, const char *id,
    const char *by, const char *forced)
{
	const struct release_state before = *state;
	struct release_state wanted = before;
	int rc;

	rollout_begin(&wanted, plan, to, id, by, forced, h->now(h->ctx));
	if (h->enable(h->ctx, to, true) == -1)
		return -1;
	if (save(h, state, &wanted) == -1) {
		(void)h->enable(h->ctx, to, false);
		return -1;
	}
	rc = state->run.settled ? route_end(h, state, to)
				: h->route(h->ctx, state, SLOT_COUNT);
	if (rc == -1) {
		undo(h, state, &before);
		return -1;
	}
	h->note(h->ctx, state, ROLLOUT_BEGINS);
	if (state->run.settled)
		return finish_forward(h, state);
	/* To tell nginx took a while: the step begins now. */
	rollout_step(&wanted, plan, 0, h->now(h->ctx));
	return save(h, state, &wanted);
}

int
rollout_do_step(const struct rollout_hands *h, struct release_state *state,
    const struct rollout_plan *plan, unsigned step)
{
	struct release_state wanted = *state;

	rollout_step(&wanted, plan, step, h->now(h->ctx));
	if (save(h, state, &wanted) == -1 ||
	    h->route(h->ctx, state, SLOT_COUNT) == -1)
		return -1;
	h->note(h->ctx, state, ROLLOUT_WIDENS);
	rollout_step(&wanted, plan, step, h->now(h->ctx));
	return save(h, state, &wanted);
}

/* Settled so already, by one who was cut off? */
static bool
is_settled(const struct release_state *state, bool forward)
{
	return state->run.settled && (state->run.share > 0) == forward;
}

static int
settle(const struct rollout_hands *h, struct release_state *state, bool forward)
{
	struct release_state wanted = *state;

	if (is_settled(state, forward))
		return 0;
	rollout_settle(&wanted, forward, h->now(h->ctx));
	return save(h, state, &wanted);
}

int
rollout_do_forward(const struct rollout_hands *h, struct release_state *state)
{
	enum release_slot to = state->run.to;

	if (h->revive(h->ctx, to) == -1 || settle(h, state, true) == -1)
		return -1;
	(void)h->enable(h->ctx, to, true);
	if (route_end(h, state, to) == -1)
		return -1;
	return finish_forward(h, state);
}

/*
 * A disk that is full does not keep users where they are: what is on it goes
 * back as well, at its deadline. Only a way forward would be gone again.
 */
static int
settle_back(const struct rollout_hands *h, struct release_state *state)
{
	if (settle(h, state, false) == 0)
		return 0;
	if (is_settled(state, true))
		return -1;
	rollout_settle(state, false, h->now(h->ctx));
	return 0;
}

/*
 * One that was settled may have had nginx's files of `to`, and have ended what
 * was before; by whom it was cut off on its way back cannot be told.
 */
int
rollout_do_back(const struct rollout_hands *h, struct release_state *state)
{
	enum release_slot from = state->run.from, to = state->run.to;
	bool turned = state->run.settled;
	struct release_state after;

	if (settle_back(h, state) == -1)
		return -1;
	if (turned)
		(void)h->enable(h->ctx, from, true);
	if (h->revive(h->ctx, from) == -1 ||
	    route_end(h, state, turned ? from : SLOT_COUNT) == -1)
		return -1;
	(void)h->enable(h->ctx, to, false);
	h->note(h->ctx, state, ROLLOUT_ENDS);
	after = *state;
	rollout_end(&after);
	return save(h, state, &after);
}
