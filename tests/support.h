#ifndef FT_TESTS_SUPPORT_H
#define FT_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "plain.h"

/*
 * What the test programs share. A helper that cannot do its work fails the
 * test that called it, so none of them returns an error.
 */

/*
 * Run a suite as the whole of a test program: verbosity from the environment
 * (CK_ENV), a temporary directory for all its tests, removed at the end even
 * when a test died. Returns main's exit status.
 */
int run_suite(Suite *suite);

/*
 * An empty directory of one's own for each test: use as checked fixture,
 * tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown). Only in
 * programs that use run_suite.
 */
void tempdir_setup(void);
void tempdir_teardown(void);
const char *tempdir_path(void);
int tempdir_fd(void);
/* A path below it; valid until the next but three. */
const char *tempdir_at(const char *name);

/* A file below $TEST_DATA (the tests/ directory) and a NUL. free() it. */
char *test_data(const char *name, size_t *len);

/* Can this byte be read? Asked of the kernel, so that nothing crashes. */
bool is_mapped(const void *address);

/*
 * The multipart transcripts of cases/: NAME.CODE.txt, where CODE is what an
 * upload of it ends in: "ok" or a fault's code. A file begins with the value of
 * Content-Type in a line of its own; all after that line is the body, byte for
 * byte.
 */
struct transcript {
	char file[128];
	char code[32];
	char *content_type;
	const char *body;
	size_t len;
};
/* 0 also where they cannot be found: a test must see to it that there are. */
unsigned transcript_count(void);
/* Number i of the sorted files. */
void transcript_load(unsigned i, struct transcript *out);
void transcript_fini(struct transcript *t);

#endif
