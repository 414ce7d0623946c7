#ifndef FT_STRESS_REPORT_H
#define FT_STRESS_REPORT_H

#include <stdio.h>

#include "stress.h"

/*
 * A page for people: the verdict, plots, all numbers. One file that asks for
 * nothing else: no script, no font, no picture of another address. Well-formed
 * as XML too. 0, or -1 with errno.
 */
int stress_report_write(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict);

/* The same numbers as one JSON object and a newline. 0, or -1 with errno. */
int stress_json_write(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict);

#endif
