#include "config.h"

/* A log is searched file by file. */

#include <errno.h>
#include <string.h>

#include "logfiles.h"
#include "trace.h"

struct search {
	struct trace *trace;
	enum trace_source source;
	bool found; /* in this file */
};

static void
take_line(void *ctx, const char *line, size_t len)
{
	struct search *s = ctx;

	s->found |= trace_take(s->trace, s->source, line, len);
}

void
trace_search(struct trace *t, enum trace_source source, const char *dir,
    const char *name)
{
	struct search s = { .trace = t, .source = source };
	struct logfiles *l = logfiles_open(dir, name);
	char why[LOGFILES_WHY_MAX];
	unsigned more = 2;

	if (l == NULL) {
		trace_elsewhere(t, "%s: %s", dir, strerror(errno));
		return;
	}
	/* What is written while a file is moved away is in both. */
	for (size_t i = 0; i < logfiles_count(l) && more > 0; i++) {
		s.found = false;
		if (logfiles_read(l, i, take_line, &s, why) == -1)
			trace_elsewhere(t, "%s", why);
		if (s.found || more < 2)
			more--;
	}
	logfiles_close(l);
}
