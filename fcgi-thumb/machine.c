#include "config.h"

/* What there is of this machine for us. */

#include "machine.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "number.h"

#define CGROUPS "/sys/fs/cgroup"

/* The limit of one group; UINT64_MAX where it has none ("max"). */
static uint64_t
group_limit(const char *group)
{
	unsigned long long value = UINT64_MAX;
	char path[512], *text = NULL;
	size_t len;

	if (snprintf(path, sizeof path, CGROUPS "%s/memory.max", group) >=
		(int)sizeof path ||
	    fd_read_file(AT_FDCWD, path, 64, &text, &len) == -1)
		return UINT64_MAX;
	text[strcspn(text, "\n")] = '\0';
	if (number_parse(text, 1, UINT64_MAX, &value) != 0)
		value = UINT64_MAX;
	free(text);
	return value;
}

/* The least of our group and of those above it: "0::/a/b", cgroups(7). */
static uint64_t
groups_limit(void)
{
	uint64_t least = UINT64_MAX;
	char *text = NULL, *group, *slash;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/self/cgroup", 4096, &text, &len) ==
	    -1)
		return least;
	group = strstr(text, "0::/");
	if (group != NULL) {
		group += strlen("0::");
		group[strcspn(group, "\n")] = '\0';
		while ((slash = strrchr(group, '/')) != NULL) {
			uint64_t limit = group_limit(group);

			least = limit < least ? limit : least;
			*slash = '\0';
		}
	}
	free(text);
	return least;
}

uint64_t
machine_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t groups = groups_limit(), all;

	if (pages <= 0 || page <= 0)
		return groups == UINT64_MAX ? 0 : groups;
	all = (uint64_t)pages * (uint64_t)page;
	return groups < all ? groups : all;
}

unsigned
machine_queue_max(void)
{
	unsigned long long value = 0;
	char *text = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/sys/net/core/somaxconn", 32, &text,
		&len) == 0) {
		text[strcspn(text, "\n")] = '\0';
		if (number_parse(text, 1, INT_MAX, &value) != 0)
			value = 0;
	}
	free(text);
	return (unsigned)value;
}
