#ifndef FT_ROUTE_H
#define FT_ROUTE_H

#include <stddef.h>

#include "settings.h"

/*
 * Which users come to which slot, as nginx's configuration: one file that sets
 * $fcgi_thumb_slot ("none", "blue" or "green") for each request.
 *
 * While the share grows nobody who was on the candidate leaves it (split_clients
 * gives the first in its list the lowest part of the hash); the salt has others
 * come first in each release.
 */
struct route {
	enum release_slot active;
	enum release_slot candidate; /* of share; with share 0 nobody's */
	unsigned share;              /* of RELEASE_ALL, for the candidate */
	bool by_customer;            /* else each request for itself */
	const char *cookie;          /* release_cookie: "" none */
	const char *salt;            /* [a-z2-7]*; the release's id */
};

/* The whole file. The caller frees it; NULL: no memory. */
char *route_text(const struct route *route);

/*
 * What a file of route_text says, but for the cookie. salt: of out_size bytes.
 * 0, or -1: it is none.
 */
int route_parse(const char *text, struct route *out, char *salt,
    size_t salt_size);

#endif
