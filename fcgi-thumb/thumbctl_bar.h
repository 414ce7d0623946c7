#ifndef FT_THUMBCTL_BAR_H
#define FT_THUMBCTL_BAR_H

#include <stdbool.h>
#include <stdint.h>

/* How far a command is that takes long. */
struct bar {
	bool is_terminal;
	const char *what; /* "photos"; borrowed */
	uint64_t done, total;
	uint64_t before;             /* of done: by a run that was stopped */
	uint64_t begin_ns, shown_ns; /* monotonic */
};

/* before of these total ones are done already. */
void bar_start(struct bar *b, const char *what, uint64_t total,
    uint64_t before);

/* One more is done. */
void bar_step(struct bar *b);

/* Make room for other words on the terminal, and at the end. */
void bar_clear(const struct bar *b);

#endif
