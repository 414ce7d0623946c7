#include "config.h"

/*
 * A look at the raw text of a settings file before libconfig reads it. Follows
 * libconfig's lexical rules (texts, three kinds of comments, names, numbers)
 * and nothing of its grammar. Reports and goes on; decides nothing.
 */

#include "settings_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*"
#define NAME_REST NAME_FIRST "0123456789_-"

struct scan {
	const char *p;
	unsigned line;
	unsigned
	    comma_line; /* of a comma with nothing behind it yet; 0: none */
	void (*report)(void *ctx, unsigned line, const char *words);
	void *ctx;
};

static void
skip_text(struct scan *s)
{
	const char *p = s->p + 1;

	while (*p != '"' && *p != '\n' && *p != '\0') {
		if (p[0] == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		p++;
	}
	/* libconfig would go on to the next quote, taking lines with it. */
	if (*p != '"')
		s->report(s->ctx, s->line,
		    "a text in quotes must end on the line it begins on");
	s->p = *p == '"' ? p + 1 : p;
}

static void
skip_comment(struct scan *s)
{
	const char *end = strstr(s->p + 2, "*/");
	const char *p = s->p;

	/* libconfig would take the rest of the file for the comment. */
	if (end == NULL)
		s->report(s->ctx, s->line, "a comment begins and never ends");
	s->p = end == NULL ? p + strlen(p) : end + 2;
	for (; p < s->p; p++)
		s->line += *p == '\n';
}

/* libconfig 1.5 keeps the low 32 bits of a number that has no L behind it. */
static void
skip_number(struct scan *s)
{
	char *end;
	unsigned long long n = strtoull(s->p, &end, 10);

	if (n > INT_MAX && *end != 'L')
		s->report(s->ctx, s->line,
		    "a number over 2147483647 must be written as text, "
		    "such as \"4G\"");
	s->p = end;
}

static void
see_mark(struct scan *s)
{
	if (strncmp(s->p, "@include", 8) == 0)
		s->report(s->ctx, s->line, "@include is not supported");
	if ((*s->p == ')' || *s->p == ']') && s->comma_line != 0)
		s->report(s->ctx, s->comma_line,
		    "a comma before a closing ) or ] is not allowed");
	s->comma_line = *s->p == ',' ? s->line : 0;
	s->p++;
}

static void
scan_token(struct scan *s)
{
	if (*s->p == '\n') {
		s->line++;
		s->p++;
	} else if (strchr(" \t\r\f", *s->p) != NULL) {
		s->p++;
	} else if (*s->p == '#' || strncmp(s->p, "//", 2) == 0) {
		s->p += strcspn(s->p, "\n");
	} else if (strncmp(s->p, "/*", 2) == 0) {
		skip_comment(s);
	} else if (*s->p == '"') {
		s->comma_line = 0;
		skip_text(s);
	} else if (*s->p >= '0' && *s->p <= '9') {
		s->comma_line = 0;
		skip_number(s);
	} else if (strchr(NAME_FIRST, *s->p) != NULL) {
		s->comma_line = 0;
		s->p += strspn(s->p, NAME_REST);
	} else {
		see_mark(s);
	}
}

void
settings_scan(const char *text, size_t len,
    void (*report)(void *ctx, unsigned line, const char *words), void *ctx)
{
	struct scan s = { .p = text, .line = 1, .report = report, .ctx = ctx };

	while (*s.p != '\0')
		scan_token(&s);
	/* libconfig would read up to it and call that the file. */
	if (s.p < text + len)
		report(ctx, s.line, "a NUL byte: this is not a text file");
}
