#include "config.h"

/*
 * All that the logs of this machine have of one request. Where they are, the
 * settings say; what was written before a log went elsewhere is in its files.
 */

#include "thumbctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "exchange.h"
#include "target.h"
#include "thumbctl_program.h"
#include "trace.h"

/*
 * The journal is read from its newest entry on; when the request has been found,
 * what else was said of it is near.
 */
#define LINES_BEYOND 5000

/* ---- the journal ---- */

struct search {
	struct trace *trace;
	enum trace_source source;
	unsigned left; /* lines */
	bool found;
};

static bool
take_line(void *ctx, const char *line, size_t len)
{
	struct search *s = ctx;

	s->found |= trace_take(s->trace, s->source, line, len);
	s->left -= s->found;
	return s->left > 0;
}

/* journalctl with one match; what it says of itself goes to stderr. */
static void
ask_journal(struct trace *t, enum trace_source source, const char *match)
{
	const char *const more[] = { "--quiet", "--no-pager", "--output=cat",
		"--reverse", "--all", match, NULL };
	struct search s = { .trace = t,
		.source = source,
		.left = LINES_BEYOND };
	int status = program_lines("journalctl", more, take_line, &s);

	if (status == -1)
		trace_elsewhere(t, "journalctl: %s", strerror(errno));
	else if (status == EX_UNAVAILABLE)
		trace_elsewhere(t, "there is no journalctl here to ask for %s",
		    match);
}

/* ---- each log ---- */

static void
search_access(struct trace *t, const struct settings *s)
{
	struct target target = { 0 };

	if (s->logs[0] != '\0')
		trace_search(t, TRACE_ACCESS, s->logs, "access.log");
	(void)target_parse(s->log_access, &target);
	if (t->found[TRACE_ACCESS].n > 0)
		return;
	if (target.kind == TARGET_OFF)
		trace_elsewhere(t, "log_access is off: nginx has no lines");
	else if (target.kind == TARGET_HOST)
		trace_elsewhere(t,
		    "nginx's lines go to the host %s (log_access): look there",
		    target.host);
	else if (target.kind != TARGET_FILE)
		ask_journal(t, TRACE_ACCESS,
		    "SYSLOG_IDENTIFIER=fcgi_thumb_access");
	else if (s->logs[0] == '\0')
		trace_elsewhere(t,
		    "nginx's lines go where the site's access_log says");
}

/* What a service manager gets from stderr has the program's name as well. */
static void
search_service(struct trace *t, const struct settings *s)
{
	char match[32 + REQUEST_ID_MAX];
	struct target target = { 0 };

	if (s->logs[0] != '\0')
		trace_search(t, TRACE_SERVICE, s->logs, "fcgi-thumb.log");
	(void)target_parse(s->log_service, &target);
	if (t->found[TRACE_SERVICE].n > 0)
		return;
	(void)snprintf(match, sizeof match, "FCGI_THUMB_REQUEST=%s", t->id);
	if (target.kind == TARGET_HOST)
		trace_elsewhere(t,
		    "the service's lines go to the host %s (log_service): "
		    "look there",
		    target.host);
	else if (target.kind == TARGET_JOURNAL)
		ask_journal(t, TRACE_SERVICE, match);
	else if (target.kind != TARGET_FILE || s->logs[0] == '\0')
		ask_journal(t, TRACE_SERVICE, "SYSLOG_IDENTIFIER=fcgi-thumb");
}

static void
search_ledger(struct trace *t, const struct settings *s)
{
	trace_search(t, TRACE_LEDGER, s->ledger, NULL);
}

static int
trace(const struct settings *s, const char *id, bool json)
{
	struct trace t;
	bool is_empty;

	trace_init(&t, id);
	search_access(&t, s);
	search_service(&t, s);
	search_ledger(&t, s);
	is_empty = trace_is_empty(&t);
	if (json)
		trace_print_json(&t, stdout);
	else
		trace_print(&t, stdout);
	trace_fini(&t);
	if (is_empty)
		complain("nothing is found of %s", id);
	return is_empty ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
run_log(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	static const struct option options[] = {
		{ "request", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	const char *id = NULL;
	struct settings *s;
	bool json = false;
	int option, status;

	optind = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 'r')
			id = optarg;
		else if (option == 'j')
			json = true;
		else
			return wrong_use(self);
	if (id == NULL || optind != argc)
		return wrong_use(self);
	if (request_id_len(id) == 0 || request_id_len(id) != strlen(id)) {
		complain("that is no id of a request; it is the X-Request-Id "
			 "of the answer");
		return EX_USAGE;
	}
	s = settings_load(settings_file, stderr);
	if (s == NULL)
		return EX_CONFIG;
	status = trace(s, id, json);
	settings_free(s);
	return status;
}

const struct command command_log = { "log", "--request ID [--json]",
	"what all logs have of one request: what became of it, where its "
	"time\n    went, and why; 1 where nothing is found",
	"  --request ID  the X-Request-Id of the answer\n"
	"  --json        the lines themselves, in one object\n",
	run_log };
