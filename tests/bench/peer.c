#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS_MAX 1000

const unsigned peer_sides[PEER_SIZES] = { 1280, 640, 320, 160 };

static double
clock_ms(clockid_t clock)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* NULL after words on stderr. */
static void *
read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	long size = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	if (size > 0 && fseek(file, 0, SEEK_SET) == 0)
		data = malloc((size_t)size);
	if (data != NULL && fread(data, (size_t)size, 1, file) != 1) {
		free(data);
		data = NULL;
	}
	if (data == NULL)
		perror(path);
	if (file != NULL)
		(void)fclose(file);
	*len = data != NULL ? (size_t)size : 0;
	return data;
}

static bool
write_file(const char *path, const struct peer_output *out)
{
	FILE *file = fopen(path, "wb");
	bool ok = file != NULL && fwrite(out->data, out->len, 1, file) == 1;

	if (file != NULL && fclose(file) != 0)
		ok = false;
	if (!ok)
		perror(path);
	return ok;
}

static bool
write_files(const char *dir, const struct peer_job *job,
    const struct peer_output out[PEER_SIZES])
{
	bool ok = true;

	for (unsigned i = 0; i < PEER_SIZES && ok; i++) {
		char path[4096];

		(void)snprintf(path, sizeof path, "%s/%u.%s", dir,
		    peer_sides[i], job->webp ? "webp" : "jpg");
		ok = write_file(path, &out[i]);
	}
	return ok;
}

static void
forget(struct peer_output out[PEER_SIZES])
{
	for (unsigned i = 0; i < PEER_SIZES; i++) {
		free(out[i].data);
		out[i] = (struct peer_output){ 0 };
	}
}

/* The first time is not measured: it loads coders and touches memory. */
static bool
run(const struct peer_job *job, peer_render *render, unsigned runs,
    struct peer_output out[PEER_SIZES])
{
	bool ok = render(job, out);

	for (unsigned i = 0; i < runs && ok; i++) {
		double cpu, wall;

		forget(out);
		cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
		wall = clock_ms(CLOCK_MONOTONIC);
		ok = render(job, out);
		printf("%.3f %.3f\n", clock_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu,
		    clock_ms(CLOCK_MONOTONIC) - wall);
	}
	return ok;
}

/*
 * The most that was resident, in KiB; -1 where nobody knows. Not getrusage's,
 * which begins with that of the program which has called this one.
 */
static long
most_resident(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	long kib = -1;

	while (
	    file != NULL && kib == -1 && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return kib;
}

static bool
parse(int argc, char **argv, struct peer_job *job, unsigned long *runs)
{
	if (argc != 6 && argc != 7)
		return false;
	job->webp = strcmp(argv[1], "webp") == 0;
	job->leave = strtod(argv[2], NULL);
	*runs = strtoul(argv[3], NULL, 10);
	job->srgb = argc == 7;
	return (job->webp || strcmp(argv[1], "jpeg") == 0) && job->leave >= 1 &&
	    *runs <= RUNS_MAX && (argc == 6 || strcmp(argv[6], "srgb") == 0);
}

int
peer_main(int argc, char **argv, peer_render *render)
{
	struct peer_output out[PEER_SIZES] = { 0 };
	struct peer_job job = { 0 };
	unsigned long runs;
	void *data;
	bool ok;

	if (!parse(argc, argv, &job, &runs)) {
		fprintf(stderr,
		    "usage: %s jpeg|webp LEAVE RUNS OUTDIR PHOTO [srgb]\n",
		    argv[0]);
		return 2;
	}
	data = read_file(argv[5], &job.len);
	if (data == NULL)
		return 1;
	job.data = data;
	ok = run(&job, render, (unsigned)runs, out);
	printf("rss_kb %ld\n", most_resident());
	ok = ok && write_files(argv[4], &job, out);
	forget(out);
	free(data);
	return ok && fflush(stdout) == 0 ? 0 : 1;
}
