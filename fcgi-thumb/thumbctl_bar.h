#ifndef FT_THUMBCTL_BAR_H
#define FT_THUMBCTL_BAR_H

#include <stdbool.h>
#include <stdint.h>

/* How far a command is that takes long. */
struct bar {
	bool is_terminal;
	uint64_t done, total;
	uint64_t begin_ns, shown_ns; /* monotonic */
};

void bar_start(struct bar *b, uint64_t total);

/* One more is done. */
void bar_step(struct bar *b);

/* Make room for other words on the terminal, and at the end. */
void bar_clear(const struct bar *b);

#endif
