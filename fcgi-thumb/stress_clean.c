#include "config.h"

/*
 * The way back: what was uploaded is deleted with the token that its answer
 * brought. One whose answer never came is sent once more with the same key,
 * which gives the same claim and its token. Its first request may still be in a
 * worker then, and would bring the photo again behind the delete: where it has
 * not come yet, it is waited for. It has the lead, and the same work before it.
 */

#include <stdio.h>

#include "clock.h"
#include "stress_answer.h"
#include "stress_load.h"

#define AT_ONCE 4 /* one control worker deletes */
#define POLL_MS 100
#define TRIES 5 /* of one, none of which came to anything */
#define REST_NS (NS_PER_S / 4)
#define REST_MAX_NS (2 * NS_PER_S)
#define LEAD_MIN_NS (2 * NS_PER_S)
#define LEAD_MAX_NS (8 * NS_PER_S)
#define PATIENCE_NS (10 * NS_PER_S) /* without any success */

struct remover {
	struct stress_client *client;
	struct stress_debt debt;
	uint64_t rests_until; /* monotonic */
	bool is_busy;
};

struct clean {
	struct stress_load *load;
	struct remover removers[AT_ONCE];
	struct stress_debts left; /* given up */
	unsigned busy;
	uint64_t moved_ns; /* the last success */
};

static bool
is_over(const struct clean *c)
{
	return clock_monotonic_ns() - c->moved_ns > PATIENCE_NS;
}

/* ---- requests ---- */

static void
begin_one(struct clean *c, struct remover *r)
{
	struct stress_load *l = c->load;
	int rc = r->debt.receipt.id[0] != '\0'
	    ? stress_client_delete(r->client, &r->debt.receipt)
	    : stress_client_upload(r->client, l->photos, r->debt.serial);

	if (rc == -1) {
		/* There is room: it came from the other list. */
		(void)stress_debts_add(&c->left, &r->debt);
		return;
	}
	r->is_busy = true;
	c->busy++;
}

static void
begin_all(struct clean *c)
{
	uint64_t now = clock_monotonic_ns();

	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct remover *r = &c->removers[i];

		if (!r->is_busy && r->rests_until <= now &&
		    stress_debts_take(&c->load->debts, now, &r->debt))
			begin_one(c, r);
	}
}

/* ---- answers ---- */

static void
retry(struct clean *c, struct remover *r, const struct client_result *result)
{
	uint64_t told = result->wait * NS_PER_S;
	bool is_waiting = result->status == 429 || result->status == 503;

	if (told < REST_NS)
		told = REST_NS;
	r->rests_until =
	    clock_monotonic_ns() + (told < REST_MAX_NS ? told : REST_MAX_NS);
	r->debt.tries += !is_waiting;
	(void)stress_debts_add(r->debt.tries < TRIES ? &c->load->debts
						     : &c->left,
	    &r->debt);
}

static uint64_t
lead_ns(const struct client_result *result)
{
	uint64_t ns = (uint64_t)(result->ms * (double)NS_PER_MS);

	if (ns < LEAD_MIN_NS)
		return LEAD_MIN_NS;
	return ns < LEAD_MAX_NS ? ns : LEAD_MAX_NS;
}

/* It is in the store for sure now. */
static void
hear_upload(struct clean *c, struct remover *r,
    const struct client_result *result)
{
	struct stress_answer answer;

	stress_answer_read(&answer, result->status, result->text, result->len);
	if (answer.receipt.id[0] != '\0') {
		c->moved_ns = clock_monotonic_ns();
		r->debt.receipt = answer.receipt;
		r->debt.tries = 0;
		if (answer.is_taken)
			r->debt.due_ns = c->moved_ns + lead_ns(result);
		(void)stress_debts_add(&c->load->debts, &r->debt);
	} else {
		retry(c, r, result);
	}
}

static void
hear(struct clean *c, struct remover *r)
{
	const struct client_result *result = stress_client_result(r->client);

	r->is_busy = false;
	c->busy--;
	if (r->debt.receipt.id[0] == '\0')
		hear_upload(c, r, result);
	else if (result->status == 204 || result->status == 404)
		c->moved_ns = clock_monotonic_ns();
	else
		retry(c, r, result);
}

/* ---- all ---- */

static void
run(struct clean *c)
{
	while (c->busy > 0 || (c->load->debts.n > 0 && !is_over(c))) {
		struct stress_client *client;

		if (!is_over(c))
			begin_all(c);
		client = stress_http_wait(c->load->http, POLL_MS);
		if (client != NULL)
			hear(c, stress_client_ctx(client));
	}
}

/* What was given up comes back into the list. */
static void
gather(struct clean *c)
{
	struct stress_debt debt;

	while (stress_debts_take(&c->left, UINT64_MAX, &debt))
		(void)stress_debts_add(&c->load->debts, &debt);
	stress_debts_fini(&c->left);
}

void
stress_load_clean(struct stress_load *l)
{
	struct clean c = { .load = l, .moved_ns = clock_monotonic_ns() };
	bool is_ready =
	    l->debts.n > 0 && stress_debts_reserve(&c.left, l->debts.n) == 0;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct remover *r = &c.removers[i];

		r->client = is_ready ? stress_client_new(l->http, r) : NULL;
		is_ready = is_ready && r->client != NULL;
	}
	if (is_ready)
		run(&c);
	gather(&c);
	for (unsigned i = 0; i < AT_ONCE; i++)
		stress_client_free(c.removers[i].client);
}
