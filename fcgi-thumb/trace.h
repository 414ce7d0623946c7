#ifndef FT_TRACE_H
#define FT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * All that the logs have of one request, by its id. Whatever stands in them,
 * what is printed is printable ASCII.
 */

enum trace_source {
	TRACE_ACCESS,  /* nginx's lines */
	TRACE_SERVICE, /* the workers' lines */
	TRACE_WORDS,   /* the service's words that name it */
	TRACE_LEDGER,  /* the prober's lines that name it */
	TRACE_COUNT
};

#define TRACE_LINES_MAX 32 /* of one source */

struct trace {
	const char *id; /* borrowed */
	struct {
		char *texts[TRACE_LINES_MAX];
		unsigned n;
	} found[TRACE_COUNT];
	/* Places that have, or may have, more, as words; a line each. */
	char *elsewhere[TRACE_LINES_MAX];
	unsigned n_elsewhere;
};

/* id: valid (exchange.h). */
void trace_init(struct trace *t, const char *id);
void trace_fini(struct trace *t);

/*
 * Keep a line of this source, TRACE_SERVICE standing for TRACE_WORDS too, if it
 * is about the request. The answer.
 */
bool trace_take(struct trace *t, enum trace_source source, const char *line,
    size_t len);

/*
 * Take what the files in dir have that are called name, name.1, name.2.gz,
 * name-20261128 and the like, the newest first, until one had something and one
 * more. name NULL: every *.jsonl. What cannot be read is told in t->elsewhere.
 */
void trace_search(struct trace *t, enum trace_source source, const char *dir,
    const char *name);

/* One more place that may have more. */
void trace_elsewhere(struct trace *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

bool trace_is_empty(const struct trace *t);

/* For people: what it was, where its time went, what became of it and why. */
void trace_print(const struct trace *t, FILE *out);

/* For programs: one object with the lines of each source. */
void trace_print_json(const struct trace *t, FILE *out);

#endif
