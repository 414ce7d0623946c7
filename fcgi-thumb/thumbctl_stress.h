#ifndef FT_THUMBCTL_STRESS_H
#define FT_THUMBCTL_STRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "stress.h"
#include "stress_load.h"
#include "client_target.h"
#include "token.h"

/* thumbctl stress, between its files. */

#define PHOTOS_DEFAULT PKGDATADIR "/photos"
#define STRESS_P95 1000 /* ms */
#define STRESS_CLIENTS 64
#define STRESS_SECONDS 10  /* a step */
#define STRESS_COUNT 10000 /* uploads */
#define STRESS_TIME 600    /* seconds altogether, without the way back */

struct stress_job {
	const char *url;
	const char *photos; /* a directory */
	unsigned long long p95, clients, seconds, count, time;
	const char *report, *json, *token_file; /* NULL: none */
	bool any_host;
};

struct stress {
	struct stress_job job;
	struct client_target target;
	struct stress_photos photos;
	struct stress_load load;
	struct stress_run run;
	char token[TOKEN_LEN_MAX + 2];
	FILE *report, *json; /* NULL: not wanted */
};

/*
 * Look at the target, the token, the photos and the machine, and open what is
 * to be written, so that what is wrong is said before the load. settings_file
 * counts where the target is this machine. EXIT_SUCCESS, or the exit status
 * after words.
 */
int stress_prepare(struct stress *s, const char *settings_file);

/*
 * Step by step to more clients, until more of them bring no more photos, or a
 * bound is reached; what a step has put into the store is taken back before the
 * next. A line for each on stderr. How the last one ended.
 */
enum stress_end stress_ramp(const struct stress_job *job,
    struct stress_load *load, struct stress_run *run);

/* The verdict, the capacity and the steps as a table, for people. */
void stress_print(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict);

#endif
