#ifndef FT_TESTS_STORES_H
#define FT_TESTS_STORES_H

#include "settings.h"
#include "store.h"

/*
 * What the tests of a store share. As in support.h, a helper that cannot do its
 * work fails the test that called it.
 */

#define STORE_PATH_MAX 300

/* A new store's directories in the test's own, whose path goes to data. */
void stores_prepare(char data[STORE_PATH_MAX]);

/* The store there; store_close() it. */
struct store *stores_open(const char *data);

/*
 * Two presets, `large` as JPEG and WebP with recipe 00000001, `small` as JPEG
 * with 00000002, and no prefix: what a store needs to know of settings.
 */
struct settings stores_settings(void);

#endif
