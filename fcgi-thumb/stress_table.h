#ifndef FT_STRESS_TABLE_H
#define FT_STRESS_TABLE_H

#include "buf.h"
#include "stress.h"

/*
 * Every number of a stress test as tables of a page: the answers, where their
 * time went, and what the machine did. A row a step; three of them, so that
 * none is wider than a sheet of paper.
 */
void table_write(struct buf *out, const struct stress_run *run);

#endif
