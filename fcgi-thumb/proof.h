#ifndef FT_PROOF_H
#define FT_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "digest.h"

/*
 * The SHA-256 that the body of a claim names, in one of three forms that are
 * told apart by the body itself:
 *   {"sha256":"<64 digits>"}   JSON; other members are not looked at
 *   sha256=<64 digits>         a form's field, alone or among others
 *   <64 digits>                nothing but blanks and line ends around
 * Digits may be of either case and are lower-case in out. 0, or -1 and out
 * untouched.
 */
int proof_parse(const char *body, size_t len, char out[DIGEST_HEX_LEN + 1]);

/*
 * Does such a body have a member or field "expires" too? That one belongs into
 * the address, and is not to be passed over.
 */
bool proof_has_expiry(const char *body, size_t len);

#endif
