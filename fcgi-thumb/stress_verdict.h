#ifndef FT_STRESS_VERDICT_H
#define FT_STRESS_VERDICT_H

#include "stress.h"

/*
 * What the numbers mean: how many photos a second, which of the machine's parts
 * or of the settings ends it there, and what more of would help. A limit is
 * named only where the numbers show it; where the rate still rises it is none.
 *
 * Nothing here can fail, whatever the numbers are.
 */
void stress_judge(const struct stress_run *run, struct stress_verdict *out);

#endif
