#include "config.h"

/*
 * The walls around a worker. Responsible for which resources, paths and system
 * calls are left to it; refuses to know what it does with them. Every layer is
 * tried, and what could not be put up is said, never passed over.
 */

#include "sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"

static const struct {
	enum sandbox_layer layer;
	const char *name;
} names[] = {
	{ SANDBOX_LIMITS, "limits" },
	{ SANDBOX_PRIVILEGES, "privileges" },
	{ SANDBOX_FILES, "files" },
	{ SANDBOX_CALLS, "system calls" },
};

#define N_LAYERS (sizeof names / sizeof names[0])

void
sandbox_names(unsigned layers, char *out, size_t size)
{
	size_t len = 0;

	(void)snprintf(out, size, "%s", "none");
	for (size_t i = 0; i < N_LAYERS && len < size; i++)
		if ((layers & names[i].layer) != 0)
			len += (size_t)snprintf(out + len, size - len, "%s%s",
			    len > 0 ? ", " : "", names[i].name);
}

/* ---- limits ---- */

#ifndef FT_ASAN
/* Bytes of address space in use; 0 where that cannot be read. */
static uint64_t
address_space(void)
{
	unsigned long long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "re");

	if (statm == NULL)
		return 0;
	if (fscanf(statm, "%llu", &pages) != 1)
		pages = 0;
	(void)fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
#endif

/* Never above what whoever started us allows. */
static int
set_limit(int resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) != 0)
		return -1;
	if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value)
		limit.rlim_max = (rlim_t)value;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(resource, &limit);
}

static int
limit_address_space(uint64_t more)
{
#ifdef FT_ASAN
	(void)more;
	return 0;
#else
	uint64_t used = address_space();

	if (used == 0) {
		errno = ENOSYS;
		return -1;
	}
	return set_limit(RLIMIT_AS, used + more);
#endif
}

static int
set_limits(const struct sandbox *s)
{
	/* A core would hold a stranger's photo, or fill the disk. */
	if (set_limit(RLIMIT_CORE, 0) != 0 ||
	    (s->file != 0 && set_limit(RLIMIT_FSIZE, s->file) != 0) ||
	    (s->descriptors != 0 &&
		set_limit(RLIMIT_NOFILE, s->descriptors) != 0) ||
	    (s->cpu_seconds != 0 && set_limit(RLIMIT_CPU, s->cpu_seconds) != 0))
		return -1;
	return s->memory != 0 ? limit_address_space(s->memory) : 0;
}

/* ---- all layers ---- */

static int
drop_privileges(const struct sandbox *s)
{
	(void)s;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* In the order in which they must come: the last needs the calls of all. */
static int (*const enter[N_LAYERS])(const struct sandbox *s) = {
	set_limits,
	drop_privileges,
	sandbox_files_enter,
	sandbox_calls_enter,
};

unsigned
sandbox_enter(const struct sandbox *s, char *why, size_t why_size)
{
	unsigned layers = 0;
	size_t len = 0;

	why[0] = '\0';
	for (size_t i = 0; i < N_LAYERS; i++) {
		if ((names[i].layer & SANDBOX_ALL) == 0)
			continue;
		if (enter[i](s) == 0)
			layers |= names[i].layer;
		else if (len < why_size)
			len += (size_t)snprintf(why + len, why_size - len,
			    "%s%s: %s", len > 0 ? ", " : "", names[i].name,
			    strerror(errno));
	}
	return layers;
}

struct trial {
	unsigned layers;
	char why[256];
};

static void
try_and_tell(const struct sandbox *s, int to)
{
	struct trial trial = { 0 };

	trial.layers = sandbox_enter(s, trial.why, sizeof trial.why);
	(void)fd_write_full(to, &trial, sizeof trial);
	_exit(0);
}

unsigned
sandbox_try(const struct sandbox *s, char *why, size_t why_size)
{
	struct trial trial = { 0 };
	int ends[2] = { -1, -1 };
	size_t len = 0;
	pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;

	if (pid == 0)
		try_and_tell(s, ends[1]);
	fd_close(&ends[1]);
	if (pid == -1)
		(void)snprintf(trial.why, sizeof trial.why, "%s",
		    strerror(errno));
	else if (fd_read_full(ends[0], &trial, sizeof trial, &len) == -1 ||
	    len != sizeof trial)
		trial = (struct trial){ .why = "it kills a process at once" };
	while (pid != -1 && waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	fd_close(&ends[0]);
	(void)snprintf(why, why_size, "%s", trial.why);
	return trial.layers;
}
