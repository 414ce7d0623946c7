#ifndef FT_PROBE_H
#define FT_PROBE_H

#include <stdint.h>

#include "ledger.h"
#include "probe_state.h"
#include "settings.h"

/*
 * One probe: a photo that is new goes through nginx as any client's would, its
 * thumbnail is read and looked at, and it is taken back.
 */

#define PROBE_SECONDS 9   /* of all its requests together */
#define PROBE_EXPIRES 900 /* seconds, of a photo that nobody takes back */

struct probe_plan {
	struct settings *settings; /* borrowed; gets its secrets */
	const char *mark;
	uint64_t serial;
	const char *dir; /* empty and its own: for image_boot */
	uint64_t end_ns; /* monotonic: when it is over, whatever came of it */
};

/*
 * What became of it, from the first moment on: the process may be killed in the
 * middle, and the one that shares this with it goes on. Codes beside those of
 * the service are no-answer, strange-answer, redirected, exists, wrong-picture
 * and prober, which is what this side itself could not do.
 */
struct probe_page {
	struct ledger_entry entry; /* but its time */
	/*
	 * Photos that are to be taken back, with room for its own; one whose id
	 * is "" is gone.
	 */
	struct probe_debt debts[PROBE_DEBTS_MAX + 1];
	unsigned n_debts;
};

/* The page of a probe that has not begun; debts are those of before. */
void probe_page_begin(struct probe_page *page, const struct probe_state *state);

/* In a process of its own, once: starts ImageMagick and libcurl. */
void probe_run(const struct probe_plan *plan, struct probe_page *page);

#endif
