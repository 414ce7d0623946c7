#ifndef FT_REQUEST_H
#define FT_REQUEST_H

#include "exchange.h"
#include "progress.h"
#include "settings.h"
#include "store.h"

/* What a photo worker has at hand for every request. All borrowed. */
struct service {
	const struct settings *settings;
	struct store *store;
	struct slot *slot; /* NULL in tests */
	int queue;         /* the socket of those who wait; -1 in tests */
};

/*
 * Answer one upload, from its parameters to the last byte of the reply. Never
 * fails upward: every fault becomes an answer.
 */
void request_handle(struct service *service, const struct io *io);

#endif
