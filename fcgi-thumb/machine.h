#ifndef FT_MACHINE_H
#define FT_MACHINE_H

#include <stdint.h>

/*
 * Bytes of memory that this process and its children may use together: the
 * machine's, or what its control groups allow where that is less (memory.max of
 * cgroup v2). 0 where it cannot be told.
 */
uint64_t machine_memory(void);

/*
 * How many connections the kernel lets wait on a listening socket at most:
 * net.core.somaxconn, 1..INT_MAX. 0 where it cannot be told.
 */
unsigned machine_queue_max(void);

#endif
