#ifndef FT_THUMBCTL_RELEASE_ERRAND_H
#define FT_THUMBCTL_RELEASE_ERRAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "thumbctl_release.h"

/*
 * A deed in a process of its own, which may hang, die or become another account
 * while a release goes on. It does not have the lock, and ends with us.
 */
struct errand {
	pid_t pid;       /* 0: none is under way, as in the zero state */
	int fd;          /* its last words */
	uint64_t end_ns; /* monotonic: by then it is killed */
};

/* In the process. True where it went well; else, with words why not. */
typedef bool (*errand_deed)(const struct releases *r, void *ctx,
    char words[RELEASE_WORDS_MAX]);

enum errand_came {
	ERRAND_ON, /* it is under way */
	ERRAND_WELL,
	ERRAND_BADLY
};

/* 0, or -1 after a complaint. errand_end in any case. */
int errand_begin(struct errand *e, const struct releases *r, errand_deed deed,
    void *ctx, unsigned seconds);

/* Has it ended, within so many ms or until a signal comes? Then with words. */
enum errand_came errand_look(struct errand *e, unsigned ms,
    char words[RELEASE_WORDS_MAX]);

/* The same until it has. */
enum errand_came errand_wait(struct errand *e, char words[RELEASE_WORDS_MAX]);

/* Where it is under way it is told to end, and has some seconds for that. */
void errand_end(struct errand *e);

#endif
