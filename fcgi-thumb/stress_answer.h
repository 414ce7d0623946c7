#ifndef FT_STRESS_ANSWER_H
#define FT_STRESS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "receipt.h"
#include "stress.h"

/* What an upload's answer tells a client that measures. */
struct stress_answer {
	bool is_taken;         /* as a new photo, with the times below */
	enum stress_loss loss; /* where it is not */
	/* The photo may be in the store, whatever the answer says. */
	bool is_unsure;
	/* Of a photo that is in the store for sure; id "" where none is. */
	struct receipt receipt;
	double phases[STRESS_PHASES]; /* ms; of STRESS_NGINX 0 */
};

/*
 * Read an answer.
 *
 * status  0: there was none, although the request was sent
 */
void stress_answer_read(struct stress_answer *out, unsigned status,
    const char *text, size_t len);

#endif
