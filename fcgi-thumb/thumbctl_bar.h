#ifndef FT_THUMBCTL_BAR_H
#define FT_THUMBCTL_BAR_H

#include <stdbool.h>
#include <stdint.h>

/* How far a command is that takes long. */
struct bar {
	bool is_terminal;
	bool is_quiet;
	const char *what; /* "photos"; borrowed */
	uint64_t done, total;
	uint64_t before;             /* of done: by a run that was stopped */
	uint64_t begin_ns, shown_ns; /* monotonic */
};

/* before of these total ones are done already. is_quiet: it shows nothing. */
void bar_start(struct bar *b, const char *what, uint64_t total, uint64_t before,
    bool is_quiet);

/* So many more are done. */
void bar_steps(struct bar *b, uint64_t n);

/* Make room for other words on the terminal, and at the end. */
void bar_clear(const struct bar *b);

#endif
