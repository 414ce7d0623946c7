#ifndef FT_CLIENT_TARGET_H
#define FT_CLIENT_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a stress test goes: a load is an attack on whom it does not belong to,
 * so whose machine it is has to be known before the first byte.
 */

struct client_target {
	char base[512];   /* the URL without a slash at its end */
	char host[256];   /* a name or an address, of IPv6 without brackets */
	unsigned port;    /* 1..65535 */
	char address[64]; /* the one to connect to; "" until it is resolved */
	bool is_own;      /* every address of the host is one of this machine */
};

/*
 * Take a URL apart: http or https, a host of letters, digits, dots and hyphens
 * or an address, perhaps a port and the service's prefix. No user, password,
 * query or fragment. 0, or -1 after a line to why.
 */
int client_target_parse(const char *url, struct client_target *out, char *why,
    size_t why_size);

/*
 * Look the host up, once and for all: who connects takes `address`, so that the
 * name cannot come to mean another machine. 0, or -1 after a line to why.
 */
int client_target_resolve(struct client_target *t, char *why, size_t why_size);

#endif
