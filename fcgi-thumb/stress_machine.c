#include "config.h"

/*
 * The machine's own counters. Whatever cannot be read is not known, and no
 * reason not to go on: a container may hide any of it.
 */

#include "stress_machine.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "number.h"

#define TEXT_MAX (1024 * 1024)
#define SECTOR 512 /* of /proc/diskstats, whatever the disk's own is */

/* The caller frees it. NULL: it is not there, or not ours to see. */
static char *
read_text(const char *path)
{
	char *text = NULL;
	size_t len;

	return fd_read_file(AT_FDCWD, path, TEXT_MAX, &text, &len) == 0 ? text
									: NULL;
}

/* The number behind a name that begins a line; 0 where it is not there. */
static uint64_t
number_behind(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at += len)
		if (at == text || at[-1] == '\n')
			return strtoull(at + len, NULL, 10);
	return 0;
}

/* ---- processors ---- */

unsigned
stress_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

int
stress_parse_stat(const char *text, struct stress_sample *out)
{
	/* user nice system idle iowait irq softirq steal; guests are in user */
	uint64_t ticks[8] = { 0 };
	int n = sscanf(text,
	    "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
	    " %" SCNu64 " %" SCNu64 " %" SCNu64,
	    &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5],
	    &ticks[6], &ticks[7]);

	if (n < 5)
		return -1;
	out->all = 0;
	for (int i = 0; i < n; i++)
		out->all += ticks[i];
	out->idle = ticks[3];
	out->waiting = ticks[4];
	return 0;
}

/* ---- processes ---- */

int
stress_parse_process(const char *text, pid_t *parent, uint64_t *ticks,
    uint64_t *of_children)
{
	const char *behind = strrchr(text, ')');
	uint64_t n[4];
	int found;

	if (behind == NULL)
		return -1;
	found = sscanf(behind + 1,
	    " %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64 " %" SCNu64
	    " %" SCNu64 " %" SCNu64,
	    parent, &n[0], &n[1], &n[2], &n[3]);
	if (found != 5)
		return -1;
	*ticks = n[0] + n[1];
	*of_children = n[2] + n[3];
	return 0;
}

int
stress_parse_delay(const char *text, uint64_t *ran, uint64_t *delayed)
{
	uint64_t n[2];

	if (sscanf(text, "%" SCNu64 " %" SCNu64, &n[0], &n[1]) != 2)
		return -1;
	*ran = n[0];
	*delayed = n[1];
	return 0;
}

/* The caller frees it. */
static char *
read_process(pid_t pid, const char *file)
{
	char path[48];

	(void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
	return read_text(path);
}

static void
add_worker(struct stress_sample *out, pid_t pid, uint64_t ticks)
{
	char *text = read_process(pid, "schedstat");
	uint64_t ran, delayed;

	out->ran += ticks;
	out->crew += (uint64_t)pid * (uint64_t)pid;
	if (text != NULL && stress_parse_delay(text, &ran, &delayed) == 0) {
		out->ran_ns += ran;
		out->delayed_ns += delayed;
	} else {
		out->has_delay = false;
	}
	free(text);
}

/* Of the service its master and those below; of nginx all by its name. */
static void
add_process(struct stress_sample *out, pid_t pid, pid_t service)
{
	uint64_t ticks, of_children;
	pid_t parent;
	char *text = read_process(pid, "stat");

	if (text != NULL &&
	    stress_parse_process(text, &parent, &ticks, &of_children) == 0) {
		bool is_nginx = strstr(text, " (nginx) ") != NULL;

		if (pid == service || parent == service || is_nginx)
			out->service += ticks;
		if (pid == service || is_nginx)
			out->service += of_children;
		out->has_service = out->has_service || pid == service;
		if (parent == service &&
		    strstr(text, " (thumb-photo) ") != NULL)
			add_worker(out, pid, ticks);
	}
	free(text);
}

static void
add_processes(struct stress_sample *out, pid_t service)
{
	DIR *dir = service > 0 ? fd_list(AT_FDCWD, "/proc") : NULL;
	const struct dirent *entry;
	unsigned long long pid;

	if (dir == NULL)
		return;
	while ((entry = fd_next(dir)) != NULL)
		if (number_parse(entry->d_name, 1, INT_MAX, &pid) == 0)
			add_process(out, (pid_t)pid, service);
	(void)closedir(dir);
}

/* ---- disks ---- */

/* On other disks, in memory, or not written to: their bytes count elsewhere. */
static bool
is_borrowed(const char *name)
{
	static const char *const prefixes[] = { "loop", "ram", "zram", "dm-",
		"md", "sr", "fd" };

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* sda1 of sda, nvme0n1p1 of nvme0n1; a disk stands before its partitions. */
static bool
is_partition(const char *name, const char *disk)
{
	size_t len = strlen(disk);

	if (len == 0 || strncmp(name, disk, len) != 0)
		return false;
	name += len;
	if (isdigit((unsigned char)disk[len - 1]) && *name++ != 'p')
		return false;
	return *name != '\0' && name[strspn(name, "0123456789")] == '\0';
}

static void
add_disk(struct stress_sample *out, const char *line)
{
	struct stress_disk disk;
	const char *last =
	    out->n_disks > 0 ? out->disks[out->n_disks - 1].name : "";
	uint64_t sectors;

	if (sscanf(line,
		" %*u %*u %31s %*u %*u %*u %*u %*u %*u %" SCNu64
		" %*u %*u %" SCNu64,
		disk.name, &sectors, &disk.busy_ms) != 3)
		return;
	out->has_disks = true;
	if (is_borrowed(disk.name) || is_partition(disk.name, last) ||
	    out->n_disks == STRESS_DISKS_MAX)
		return;
	disk.written = sectors * SECTOR;
	out->disks[out->n_disks++] = disk;
}

void
stress_parse_disks(const char *text, struct stress_sample *out)
{
	out->n_disks = 0;
	out->has_disks = false;
	for (const char *line = text; *line != '\0';) {
		add_disk(out, line);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
}

static const struct stress_disk *
find_disk(const struct stress_sample *sample, const char *name)
{
	for (unsigned i = 0; i < sample->n_disks; i++)
		if (strcmp(sample->disks[i].name, name) == 0)
			return &sample->disks[i];
	return NULL;
}

/* ---- memory ---- */

uint64_t
stress_memory_available(void)
{
	char *text = read_text("/proc/meminfo");
	uint64_t kib = text != NULL ? number_behind(text, "MemAvailable:") : 0;

	free(text);
	return kib * 1024;
}

/* ---- all of it ---- */

void
stress_sample_take(struct stress_sample *out, pid_t service)
{
	char *stat = read_text("/proc/stat");
	char *disks = read_text("/proc/diskstats");
	char *vm = read_text("/proc/vmstat");

	*out = (struct stress_sample){ .at_ns = clock_monotonic_ns(),
		.self_ns = clock_processor_ns(),
		.has_delay = true };
	if (stat != NULL)
		(void)stress_parse_stat(stat, out);
	if (disks != NULL)
		stress_parse_disks(disks, out);
	if (vm != NULL)
		out->swapped = number_behind(vm, "pswpin ") +
		    number_behind(vm, "pswpout ");
	add_processes(out, service);
	free(stat);
	free(disks);
	free(vm);
}

/* A counter never goes back; where it does, nothing is known. */
static double
risen(uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) : 0;
}

static double
share(double part, double whole)
{
	if (whole <= 0)
		return 0;
	return part < whole ? part / whole : 1;
}

static void
compare_disks(const struct stress_sample *before,
    const struct stress_sample *after, double seconds, struct stress_step *step)
{
	step->disk = step->written = -1;
	if (!before->has_disks || !after->has_disks)
		return;
	step->disk = step->written = 0;
	for (unsigned i = 0; i < after->n_disks; i++) {
		const struct stress_disk *now = &after->disks[i];
		const struct stress_disk *then = find_disk(before, now->name);
		double busy;

		if (then == NULL)
			continue;
		busy = share(risen(then->busy_ms, now->busy_ms), seconds * 1e3);
		step->disk = busy > step->disk ? busy : step->disk;
		step->written += risen(then->written, now->written) / seconds;
	}
}

/* One that was replaced meanwhile has taken its numbers along. */
static void
compare_workers(const struct stress_sample *before,
    const struct stress_sample *after, struct stress_step *step)
{
	double ns = risen(before->at_ns, after->at_ns);
	double tick_ns = (double)NS_PER_S / (double)sysconf(_SC_CLK_TCK);

	step->running = step->runnable = 0;
	if (ns <= 0 || after->crew == 0 || after->crew != before->crew ||
	    !before->has_delay || !after->has_delay)
		return;
	step->running = risen(before->ran, after->ran) * tick_ns / ns;
	step->runnable = risen(before->delayed_ns, after->delayed_ns) / ns;
}

void
stress_sample_compare(const struct stress_sample *before,
    const struct stress_sample *after, struct stress_step *step)
{
	double ticks = risen(before->all, after->all);
	double idle = risen(before->idle, after->idle);
	double waiting = risen(before->waiting, after->waiting);
	double ns = risen(before->at_ns, after->at_ns);
	double had = ns * stress_processors();
	double tick_ns = (double)NS_PER_S / (double)sysconf(_SC_CLK_TCK);
	long page = sysconf(_SC_PAGESIZE);

	step->busy = share(ticks - idle - waiting, ticks);
	step->waiting = share(waiting, ticks);
	step->self = share(risen(before->self_ns, after->self_ns), had);
	step->service = before->has_service && after->has_service
	    ? share(risen(before->service, after->service) * tick_ns, had)
	    : -1;
	step->swapped = after->swapped > before->swapped
	    ? (after->swapped - before->swapped) * (uint64_t)page
	    : 0;
	compare_workers(before, after, step);
	compare_disks(before, after, ns > 0 ? ns / (double)NS_PER_S : 1, step);
}
