#ifndef FT_TESTS_SUPPORT_H
#define FT_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "exchange.h"

/*
 * What the test programs share. A helper that cannot do its work fails the
 * test that called it, so none of them returns an error.
 */

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

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

/* Entries of a directory but for . and .. */
unsigned count_entries(const char *path);

/* Open descriptors of this process. */
unsigned count_fds(void);

/* A file below $TEST_DATA (the tests/ directory) and a NUL. free() it. */
char *test_data(const char *name, size_t *len);

/*
 * One request from memory. The reader gives at most `chunk` bytes a call, ends
 * after the body, and fails with fail_errno at fail_at; the reply is gathered.
 */
#define MEMORY_PARAMS_MAX 32
struct memory_io {
	struct io io;     /* hand out &m.io; valid while m stays in place */
	const void *body; /* borrowed */
	size_t len;       /* of body */
	size_t at;        /* bytes already read */
	size_t chunk;     /* most bytes of one read; 0: as many as asked */
	size_t fail_at;   /* offset at which reading fails; SIZE_MAX: never */
	int fail_errno;   /* 0: the stream ends there without a word */
	bool peer_gone;   /* writing fails */
	struct buf reply; /* all that was written */
	struct {
		char *name;
		char *value;
	} params[MEMORY_PARAMS_MAX];
	unsigned n_params;
};

/* The whole body, and its CONTENT_LENGTH. */
void memory_io_init(struct memory_io *m, const void *body, size_t len);
/* Set or replace a parameter; value NULL: there is none. */
void memory_io_param(struct memory_io *m, const char *name, const char *value);
void memory_io_fini(struct memory_io *m);

/*
 * Push data through feed in pieces of `chunk` bytes (0: all at once) until it
 * returns other than 0, and return that. Each piece is an allocation of its
 * own, so that a sanitizer sees who reads beyond it.
 */
int feed_split(int (*feed)(void *ctx, const void *data, size_t len), void *ctx,
    const void *data, size_t len, size_t chunk);

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
