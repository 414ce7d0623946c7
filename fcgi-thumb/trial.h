#ifndef FT_TRIAL_H
#define FT_TRIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "format.h"
#include "geometry.h"

/*
 * How two versions of the service are held against each other: what both are
 * sent, and how alike is what they make of it. Pure; knows no store and no
 * socket.
 */

/* ---- what is sent ---- */

/*
 * A picture on which little goes unseen: edges close to each other, none at a
 * regular distance, in saturated colours. The same for the same size. 8-bit
 * RGB, row after row; the caller frees it. NULL: no memory.
 */
unsigned char *trial_chart(struct size size);

/*
 * The same picture as bytes that no store has seen: `text` (printable, less than
 * 100 bytes) stands where the format has room for words. Appended to out. False:
 * no memory, or the file has not the shape of its format.
 */
bool trial_mark(enum format format, const void *data, size_t len,
    const char *text, struct buf *out);

/* ---- what comes back ---- */

#define TRIAL_SHIFT_MAX 3 /* px that a picture may be found to be off */

struct trial_likeness {
	/* dB, of red, green and blue; TRIAL_EQUAL where they do not differ. */
	double psnr;
	/*
	 * Where the second lies against the first: px to the right and down, in
	 * -TRIAL_SHIFT_MAX..TRIAL_SHIFT_MAX. 0 and 0 unless that says much more
	 * than that they differ.
	 */
	int right, down;
	/*
	 * The largest difference of a colour, averaged over a part of the
	 * picture: 0..255. Coarser coding leaves it as it is, another colour
	 * does not.
	 */
	double tint;
};

#define TRIAL_EQUAL 99.0

/* Two pictures of one size, 8-bit RGBA; what is clear counts as black. */
void trial_compare(const unsigned char *first, const unsigned char *second,
    struct size size, struct trial_likeness *out);

/* ---- how long it took ---- */

#define TRIAL_TURNS_MIN 3
#define TRIAL_TURNS_MAX 9

/*
 * So much longer one may take than the other: between what a busy machine
 * feigns in the best of some turns and what users would notice.
 */
#define TRIAL_SLOWER 1.3

enum trial_pace {
	TRIAL_OPEN, /* more turns have to tell */
	TRIAL_KEEPS_PACE,
	TRIAL_IS_SLOWER
};

/*
 * The same work by turns, ms: n of each, in TRIAL_TURNS_MIN..TRIAL_TURNS_MAX.
 * *ratio is the second's best against the first's: what disturbs a turn only
 * makes it longer. A few ms are no difference. Not TRIAL_OPEN from TRIAL_TURNS_MAX turns on.
 */
double trial_best(const double *ms, unsigned n);
enum trial_pace trial_judge_pace(const double *first, const double *second,
    unsigned n, double *ratio);

#endif
