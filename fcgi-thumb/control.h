#ifndef FT_CONTROL_H
#define FT_CONTROL_H

#include "exchange.h"
#include "fault.h"
#include "growth.h"
#include "listen.h"
#include "scoreboard.h"
#include "settings.h"
#include "sweep.h"

/* What was seen in quarantine/. */
struct quarantine {
	uint64_t looked_ns; /* when; monotonic, 0: never */
	unsigned photos;
	unsigned poison; /* of them */
};

/* When the store will be full, as it was last reckoned. */
struct outlook {
	uint64_t looked_ns; /* when; monotonic, 0: never */
	struct forecast forecast;
};

/* What the control worker has at hand. All borrowed. */
struct control {
	const struct settings *settings;
	struct scoreboard *board;
	struct slot *slot;  /* its own; NULL in tests */
	struct sweep sweep; /* also for its store */
	unsigned first, n;  /* slots of the photo workers */
	int photo_listener; /* to see whether uploads wait; never accepted from */
	struct listen_queue queue; /* of the same */
	struct quarantine quarantine;
	struct outlook outlook;
	uint64_t checked_ns; /* when the cached verdict was made; 0: never */
	struct fault_info unready; /* FAULT_NONE: a photo would be taken */
};

/*
 * Answer one request on control.sock: GET /health/ready and /metrics; DELETE
 * /photos/<id> and /upload; POST /photos/<id>/claims.
 */
void control_handle(struct control *control, const struct io *io);

/* What is done once a second when nobody asks. */
void control_idle(struct control *control);

#endif
