#ifndef FT_TESTS_PLAIN_H
#define FT_TESTS_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "exchange.h"

/*
 * What tests and fuzz targets share, without Check. A helper that cannot do its
 * work ends the process, so none of them returns an error.
 */

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

/* Entries of a directory but for . and .. */
unsigned count_entries(const char *path);

/* Open descriptors of this process. */
unsigned count_fds(void);

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

/* PAYLOAD.SIGNATURE of any payload, signed with this secret. free() it. */
char *sign_text(const char *secret, const char *payload);

#endif
