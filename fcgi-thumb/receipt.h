#ifndef FT_RECEIPT_H
#define FT_RECEIPT_H

#include <stddef.h>

#include "claim.h"
#include "digest.h"

/* A claim as the answer of an upload tells of it. */
struct receipt {
	char id[PHOTO_ID_LEN + 1];       /* a valid one */
	char token[CLAIM_TOKEN_LEN + 1]; /* any text that fits; "" none */
};

/*
 * The claims of an upload's whole answer, which a client has kept and sends
 * back. Photos without an id, which were refused, are passed over.
 *
 * Returns how many there are in out, which has room for max; 0 where text is no
 * such answer, tells of no claim, or of more than max.
 */
unsigned receipt_parse(const char *text, size_t len, struct receipt *out,
    unsigned max);

#endif
