#ifndef FT_PROBE_STATE_H
#define FT_PROBE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "probe_access.h"
#include "receipt.h"

/*
 * What one run of the prober leaves to the next, in prober.json beside the
 * ledger, mode 0600: it holds tokens.
 */

#define PROBE_MARK_LEN 26 /* characters */
#define PROBE_DEBTS_MAX 16

/* A photo of a prober's own that could not be taken back, until it expires. */
struct probe_debt {
	struct receipt receipt;
	int64_t expires; /* Unix seconds */
};

struct probe_state {
	char mark[PROBE_MARK_LEN + 1]; /* of all its requests */
	uint64_t serial;               /* probes so far */
	struct probe_debt debts[PROBE_DEBTS_MAX];
	unsigned n_debts;
	struct probe_position position; /* in nginx's log */
	int64_t published; /* start of the last minute that was, ms; 0: none */
};

/* Nothing is left of an earlier run. 0, or -1: no random numbers. */
int probe_state_new(struct probe_state *s);

/*
 * The right to write to a ledger, which one prober has at a time; its directory
 * is made where only it is missing. A descriptor that the caller closes, or -1
 * with errno: EWOULDBLOCK where another one has it.
 */
int probe_state_lock(const char *ledger);

/*
 * Read it; what is not there or not right is as new. -1 as probe_state_new, for
 * which there is no other reason.
 */
int probe_state_load(struct probe_state *s, const char *ledger);

/* Write it, whole. 0, or -1 with errno. */
int probe_state_save(const struct probe_state *s, const char *ledger);

/* One more; of too many the first, which expires first, is forgotten. */
void probe_state_owe(struct probe_state *s, const struct probe_debt *debt);

/* Forget what has expired at now (Unix seconds). */
void probe_state_forget(struct probe_state *s, int64_t now);

#endif
