#include "config.h"

/*
 * The load of one step. An answer counts when it comes while the machine is
 * being measured, whenever it was asked for: each client has had one by then,
 * so that the queue is as long as it stays.
 */

#include "stress_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "stress_answer.h"
#include "stress_machine.h"
#include "stress_tally.h"

#define POLL_MS 100
/*
 * Who is refused comes again when he is told to, but so soon at least: a step
 * is short. And so late at least, or it would be this test that is measured.
 */
#define REST_MAX_NS NS_PER_S
#define REST_BROKEN_NS (NS_PER_S / 2)

/* A client of the step. */
struct sender {
	struct stress_client *client;
	uint64_t serial;
	uint64_t rests_until; /* monotonic */
	bool is_sending;
	bool has_answer; /* its first one */
};

struct step {
	struct stress_load *load;
	struct sender *senders;
	unsigned n;       /* senders */
	unsigned sending; /* under way */
	unsigned answered;
	uint64_t length_ns;
	uint64_t begin_ns;
	bool is_going;    /* requests begin */
	bool is_measured; /* both samples are there */
	enum stress_end end;
	struct stress_sample before, after; /* at_ns 0: not yet */
	struct stress_tally tally;
	uint64_t free; /* the least, bytes */
};

/* ---- requests ---- */

static void
stop(struct step *s, enum stress_end end)
{
	if (s->is_going)
		s->end = end;
	s->is_going = false;
}

static void
begin_one(struct step *s, struct sender *sender)
{
	struct stress_load *l = s->load;

	/* Room for what is under way: its answer must not be lost. */
	if (stress_debts_reserve(&l->debts, s->sending + 1) == -1 ||
	    stress_client_upload(sender->client, l->photos, l->uploads) == -1) {
		stop(s, STRESS_END_MEMORY);
		return;
	}
	sender->serial = l->uploads++;
	sender->is_sending = true;
	s->sending++;
}

static void
begin_all(struct step *s)
{
	struct stress_load *l = s->load;
	uint64_t now = clock_monotonic_ns();

	for (unsigned i = 0; i < s->n && s->is_going; i++) {
		struct sender *sender = &s->senders[i];

		if (sender->is_sending || sender->rests_until > now)
			continue;
		if (*l->stopped != 0)
			stop(s, STRESS_END_STOPPED);
		else if (now >= l->end_ns)
			stop(s, STRESS_END_TIME);
		else if (l->uploads >= l->count)
			stop(s, STRESS_END_COUNT);
		else
			begin_one(s, sender);
	}
}

/* ---- answers ---- */

static bool
is_measuring(const struct step *s)
{
	return s->before.at_ns != 0 && !s->is_measured;
}

static void
note_trouble(struct stress_load *l, const struct client_result *r)
{
	if (r->status == 0)
		(void)snprintf(l->trouble, sizeof l->trouble, "%s", r->why);
	else
		(void)snprintf(l->trouble, sizeof l->trouble, "status %u",
		    r->status);
}

static void
count(struct step *s, const struct stress_answer *answer, double ms)
{
	if (!is_measuring(s))
		return;
	if (!answer->is_taken)
		s->tally.losses[answer->loss]++;
	else if (stress_tally_take(&s->tally, ms, answer->phases) == -1)
		stop(s, STRESS_END_MEMORY);
}

static uint64_t
rest_ns(const struct stress_answer *answer, const struct client_result *r)
{
	uint64_t told = r->wait * NS_PER_S;

	if (answer->is_taken)
		return 0;
	if (told == 0)
		told = REST_BROKEN_NS;
	return told < REST_MAX_NS ? told : REST_MAX_NS;
}

static void
hear(struct step *s, struct sender *sender)
{
	const struct client_result *r = stress_client_result(sender->client);
	struct stress_answer answer;

	sender->is_sending = false;
	s->sending--;
	if (!sender->has_answer)
		s->answered++;
	sender->has_answer = true;
	stress_answer_read(&answer, r->status, r->text, r->len);
	if (r->status == 0 && !r->was_sent) {
		answer.is_unsure = false;
		answer.loss = STRESS_BROKEN;
	}
	if (answer.receipt.id[0] != '\0' || answer.is_unsure)
		(void)stress_debts_add(&s->load->debts,
		    &(struct stress_debt){ .serial = sender->serial,
			.receipt = answer.receipt });
	if (!answer.is_taken && answer.loss == STRESS_BROKEN)
		note_trouble(s->load, r);
	sender->rests_until = clock_monotonic_ns() + rest_ns(&answer, r);
	count(s, &answer, r->ms);
}

/* ---- time ---- */

static void
begin_measuring(struct step *s)
{
	stress_sample_take(&s->before, s->load->service);
	s->free = stress_memory_available();
}

static void
end_measuring(struct step *s)
{
	if (is_measuring(s)) {
		stress_sample_take(&s->after, s->load->service);
		s->is_measured = true;
	}
}

static void
note_memory(struct step *s)
{
	uint64_t now = stress_memory_available();

	if (now < s->free)
		s->free = now;
}

static void
keep_time(struct step *s)
{
	uint64_t now = clock_monotonic_ns();

	if (*s->load->stopped != 0)
		stop(s, STRESS_END_STOPPED);
	if (s->before.at_ns == 0) {
		if (s->is_going &&
		    (s->answered == s->n || now - s->begin_ns >= s->length_ns))
			begin_measuring(s);
	} else if (now - s->before.at_ns >= s->length_ns) {
		end_measuring(s);
		stop(s, STRESS_END_DONE);
	}
	if (!s->is_going)
		end_measuring(s);
}

/* Until all is answered. A request has a longest time of its own. */
static void
run(struct step *s)
{
	uint64_t looked_ns = 0;

	do {
		struct stress_client *client;

		begin_all(s);
		client = stress_http_wait(s->load->http, POLL_MS);
		keep_time(s);
		if (client != NULL)
			hear(s, stress_client_ctx(client));
		if (is_measuring(s) &&
		    clock_monotonic_ns() - looked_ns > POLL_MS * NS_PER_MS) {
			note_memory(s);
			looked_ns = clock_monotonic_ns();
		}
	} while (s->is_going || s->sending > 0);
	end_measuring(s);
}

/* ---- a step ---- */

/* 0, or -1: no memory. */
static int
gather(struct step *s)
{
	s->senders = calloc(s->n, sizeof *s->senders);
	if (s->senders == NULL)
		return -1;
	for (unsigned i = 0; i < s->n; i++) {
		s->senders[i].client =
		    stress_client_new(s->load->http, &s->senders[i]);
		if (s->senders[i].client == NULL)
			return -1;
	}
	return 0;
}

static void
disperse(struct step *s)
{
	for (unsigned i = 0; s->senders != NULL && i < s->n; i++)
		stress_client_free(s->senders[i].client);
	free(s->senders);
}

enum stress_end
stress_load_step(struct stress_load *l, unsigned clients, double seconds,
    struct stress_step *out)
{
	struct step s = { .load = l,
		.n = clients,
		.length_ns = (uint64_t)(seconds * (double)NS_PER_S),
		.begin_ns = clock_monotonic_ns(),
		.is_going = true };

	*out = (struct stress_step){ .clients = clients };
	if (gather(&s) == 0)
		run(&s);
	else
		stop(&s, STRESS_END_MEMORY);
	if (s.is_measured) {
		out->seconds =
		    (double)(s.after.at_ns - s.before.at_ns) / (double)NS_PER_S;
		out->free = s.free;
		stress_sample_compare(&s.before, &s.after, out);
		stress_tally_sum(&s.tally, out);
	}
	disperse(&s);
	stress_tally_fini(&s.tally);
	return s.end;
}

void
stress_load_fini(struct stress_load *l)
{
	stress_debts_fini(&l->debts);
}
