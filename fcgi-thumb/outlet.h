#ifndef FT_OUTLET_H
#define FT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target.h"

/*
 * From a line to the journal, to this machine's syslog or to another's: in the
 * form that it wants, over a socket that is opened again when it has to be.
 *
 * A line is made a message of that one's own: its priority is that of an error
 * where the line says so ("fcgi-thumb: error: ", "status":5..), else of an
 * information; the request's id that it names (as JSON or as "request ID") is a
 * field in the journal. Control bytes become question marks.
 *
 *   journal  MESSAGE, PRIORITY, SYSLOG_FACILITY (daemon), SYSLOG_IDENTIFIER,
 *            SYSLOG_PID, FCGI_THUMB_REQUEST
 *   syslog   "<30>Nov 28 08:51:20 fcgi-thumb[12]: line", local time
 *   host     RFC 5424
 */
struct outlet {
	struct target target;
	const char *name; /* SYSLOG_IDENTIFIER, APP-NAME; static */
	int fd;           /* -1: not open */
	uint64_t opened_ns;
	bool doubtful; /* nothing is known of whether it is taken */
	unsigned refusals;
	uint64_t lost; /* lines that were sent, and nobody was there */
	char why[160]; /* the last failure; "" none */
};

/* Opens nothing. target: one of kind journal, syslog or host. */
void outlet_init(struct outlet *o, const struct target *target,
    const char *name);
void outlet_fini(struct outlet *o);

enum outlet_result {
	OUTLET_SENT,
	OUTLET_WAIT, /* it cannot be reached, or is full: later, perhaps */
	OUTLET_LOST  /* this line cannot be sent at all */
};

/*
 * Send a line (without its newline) in the name of process pid. Waits for
 * nobody, except that a host's name is resolved (once in OUTLET_AGE_SECONDS
 * while it works), and for OUTLET_DOUBT_MS where another machine, or a port of
 * this one, has refused a line before. o->why says why not.
 *
 * By UDP nothing is known of a line but that it was refused, and that comes
 * later: such a line is counted in o->lost.
 */
enum outlet_result outlet_send(struct outlet *o, pid_t pid, const char *line,
    size_t len);
#define OUTLET_AGE_SECONDS 300
#define OUTLET_DOUBT_MS 100

/*
 * Is there anybody, for all that can be known without a line? Of another machine:
 * is there a way to it. 0, or -1 with words in why.
 */
int outlet_reach(const struct target *target, char *why, size_t why_size);

/* Bytes of a message to another machine; what is longer is cut. */
#define OUTLET_UDP_MAX 60000

/*
 * The message itself, as it is sent at this time. The caller frees *out. 0, or
 * -1: no memory. host: "" for none.
 */
struct timespec;
int outlet_format(const struct target *target, const char *name,
    const char *host, const struct timespec *now, pid_t pid, const char *line,
    size_t len, char **out, size_t *out_len);

#endif
