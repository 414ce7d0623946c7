#ifndef FT_FIGURES_H
#define FT_FIGURES_H

#include "buf.h"
#include "language.h"

/*
 * Numbers as people read them, the same as the pages' own scripts write them
 * (nginx/html/figures.js). Appended to out.
 */

/* "16,000" or "99.5": at most so many digits behind the point, none in vain. */
void figures_number(struct buf *out, double n, int digits);

/*
 * "32 MB": powers of 1024, as the settings count, with a space that does not
 * break. Bytes and kB are whole unless more than one digit is asked for.
 */
void figures_bytes(struct buf *out, unsigned long long n, int digits,
    enum language language);

#endif
