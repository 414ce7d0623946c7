#ifndef FT_PROBE_ANSWER_H
#define FT_PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "geometry.h"
#include "receipt.h"

/* What an upload's answer says of the photo of a probe, and of one thumbnail. */
struct probe_answer {
	bool created;           /* decoded for this upload, not found */
	struct receipt receipt; /* "" where the answer tells of no claim */
	struct size photo;      /* px */
	/* Of the preset's first file; url "" where there is none. */
	char url[600];
	char type[32];
	uint64_t bytes;
};

/* Of a 200 or 201. False: it is no such answer. */
bool probe_answer_read(struct probe_answer *out, const char *text, size_t len,
    const char *preset);

/*
 * Of any other answer: its code, and its own words or a few of ours. code is ""
 * where it is no problem document of the service's form.
 */
void probe_answer_problem(unsigned status, const char *text, size_t len,
    char *code, size_t code_size, char *why, size_t why_size);

/*
 * The address to read a thumbnail at: url is as the service gives it out, which
 * is public + prefix and a path; base is where the prober finds the same
 * (scheme, host and prefix). 0, or -1: it is none of the service's.
 */
int probe_answer_address(const char *url, const char *public,
    const char *prefix, const char *base, char *out, size_t out_size);

#endif
