#ifndef FT_TESTS_SECRETS_FILE_H
#define FT_TESTS_SECRETS_FILE_H

#include "secret.h"

#define SECRET_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SECRET_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/*
 * Secrets from a file of these lines in the test's temporary directory; for
 * secrets_free.
 */
struct secrets *secrets_of(const char *lines);

#endif
