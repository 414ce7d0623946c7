#include "config.h"

/*
 * What is worth counting of a request. Responsible for booking each request,
 * photo and moment once; refuses to know who reads the numbers.
 */

#include "tally.h"

#include "clock.h"

_Static_assert(sizeof((struct counts *)0)->photos /
	    sizeof((struct counts *)0)->photos[0] ==
	PHOTO_EXISTS + 1,
    "every status has its row");

/* Where every photo was refused the first one's fault is the answer's. */
static unsigned
result_of(int status, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole)
{
	enum fault fault = whole->fault;

	switch (status) {
	case 200:
		return RESULT_OK;
	case 201:
		return RESULT_CREATED;
	case 204:
		return RESULT_GONE;
	}
	if (fault == FAULT_NONE && n > 0 && outcomes[0].status == PHOTO_REFUSED)
		fault = outcomes[0].info.fault;
	/* An answer that there was no memory for. */
	return fault != FAULT_NONE && fault_status(fault) == status
	    ? (unsigned)fault
	    : (unsigned)FAULT_INTERNAL;
}

static void
tally_photo(struct counts *counts, const struct outcome *o)
{
	counts->photos[o->status][o->manifest.format]++;
	if (o->status == PHOTO_REFUSED)
		counts->refusals[o->info.fault]++;
	if (o->token[0] != '\0')
		counts->claims++;
	if (o->decoded)
		histogram_note(&counts->photo_time[o->manifest.format],
		    o->took_ns);
}

/*
 * A phase that a request never came to is none of its; of the wait for a worker
 * also none at all is worth knowing.
 */
static void
tally_time(struct counts *counts, enum request_kind kind,
    const struct progress *p)
{
	uint64_t all = clock_monotonic_ns() - p->since_ns;

	for (enum phase phase = PHASE_IDLE; phase < PHASE_COUNT; phase++) {
		bool counts_for_all = phase == PHASE_QUEUE &&
		    (kind == REQUEST_UPLOAD || kind == REQUEST_RENDER);

		all += p->spent_ns[phase];
		if (phase != PHASE_IDLE &&
		    (p->spent_ns[phase] > 0 || counts_for_all))
			histogram_note(&counts->phase_time[kind][phase],
			    p->spent_ns[phase]);
	}
	histogram_note(&counts->request_time[kind], all);
}

void
tally_request(enum request_kind kind, int status,
    const struct outcome *outcomes, unsigned n, const struct fault_info *whole,
    const struct progress *progress)
{
	struct counts *counts = metrics_own();

	counts->requests[kind][result_of(status, outcomes, n, whole)]++;
	tally_time(counts, kind, progress);
	for (unsigned i = 0; i < n; i++) {
		if (kind == REQUEST_UPLOAD)
			tally_photo(counts, &outcomes[i]);
		else if (outcomes[i].made != FORMAT_NONE)
			counts->renders[outcomes[i].made]++;
	}
}
