#include "config.h"

/*
 * From settings to nginx's configuration: the language of the templates. What
 * nginx is told to do stands in them, what their names stand for in
 * nginxconf_value.c. Anything unexpected is an error with file and line: half
 * a configuration is worse than none.
 */

#include "nginxconf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "nginxconf_internal.h"

#define NAME_LEN_MAX 60

enum region {
	REGION_NONE,
	REGION_IF,
	REGION_ELSE,
	REGION_EACH
};

struct filler {
	struct nginxconf_place place;
	const char *path;
	unsigned line;
	FILE *out;
	FILE *errors;
	enum region region;
	bool skipping;
	enum nginxconf_list list; /* of the region */
	struct buf body;          /* lines of an @each@ so far */
	unsigned body_line;       /* of the file: its first one */
};

static int complain(const struct filler *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
complain(const struct filler *f, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(f->errors, "%s:%u: ", f->path, f->line);
	va_start(ap, fmt);
	(void)vfprintf(f->errors, fmt, ap);
	va_end(ap);
	(void)fputc('\n', f->errors);
	return -1;
}

/* The value of a name of len bytes, as plain text between nginx's quotes. */
static int
value(const struct filler *f, const char *name, size_t len, struct buf *b)
{
	char copy[NAME_LEN_MAX + 1];

	(void)snprintf(copy, sizeof copy, "%.*s",
	    len > NAME_LEN_MAX ? NAME_LEN_MAX : (int)len, name);
	if (!nginxconf_put(&f->place, copy, b))
		return complain(f, "unknown @%s@", copy);
	if (b->failed)
		return complain(f, "no memory left");
	/* Double quotes are JSON's, which the templates put in single ones. */
	for (const char *p = b->data; p != NULL && *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || strchr("$'\\\x7f", *p) != NULL)
			return complain(f,
			    "@%s@ has a character that nginx would read "
			    "otherwise: %s",
			    copy, b->data);
	return 0;
}

/* ---- lines ---- */

static int
fill_line(const struct filler *f, const char *line, struct buf *out)
{
	const char *at, *end;

	for (; (at = strchr(line, '@')) != NULL; line = end + 1) {
		struct buf v = { 0 };
		int rc;

		end = strchr(++at, '@');
		if (end == NULL)
			return complain(f, "an @ that no other one closes");
		buf_add(out, line, (size_t)(at - 1 - line));
		rc = value(f, at, (size_t)(end - at), &v);
		if (v.data != NULL)
			buf_add(out, v.data, v.len);
		buf_fini(&v);
		if (rc == -1)
			return -1;
	}
	buf_puts(out, line);
	return out->failed ? complain(f, "no memory left") : 0;
}

/* Skipped lines too: a mistake in them must not wait for a setting. */
static int
plain_line(const struct filler *f, const char *line)
{
	struct buf text = { 0 };
	int rc = fill_line(f, line, &text);

	if (rc == 0 && !f->skipping && text.data != NULL)
		(void)fputs(text.data, f->out);
	buf_fini(&text);
	return rc;
}

/* ---- regions ---- */

/* The length of the name in "name@\n"; 0 and a complaint if it is not that. */
static size_t
region_name(const struct filler *f, const char *what, const char *text)
{
	size_t len = strcspn(text, "@\n");

	if (f->region == REGION_NONE && strcmp(text + len, "@\n") == 0)
		return len;
	(void)complain(f,
	    f->region != REGION_NONE ? "@%s@ within another one"
				     : "@%s@ is wanted alone on its line",
	    what);
	return 0;
}

/* "@if name@": the text from name on. */
static int
begin_if(struct filler *f, const char *name)
{
	size_t len = region_name(f, "if", name);
	struct buf v = { 0 };
	int rc;

	if (len == 0)
		return -1;
	rc = value(f, name, len, &v);
	f->region = REGION_IF;
	f->skipping = v.len == 0;
	buf_fini(&v);
	return rc;
}

/* "@each name@": the text from name on. */
static int
begin_each(struct filler *f, const char *name)
{
	size_t len = region_name(f, "each", name);
	char copy[NAME_LEN_MAX + 1];

	if (len == 0)
		return -1;
	(void)snprintf(copy, sizeof copy, "%.*s",
	    len > NAME_LEN_MAX ? NAME_LEN_MAX : (int)len, name);
	f->list = nginxconf_list(copy);
	if (f->list == LIST_NONE)
		return complain(f, "unknown @each %s@", copy);
	f->region = REGION_EACH;
	f->body_line = f->line + 1;
	return 0;
}

static int
one_item(struct filler *f)
{
	const char *rest = f->body.data;

	f->line = f->body_line;
	while (rest != NULL && *rest != '\0') {
		size_t len = strcspn(rest, "\n") + 1;
		char *line = strndup(rest, len);
		int rc = line == NULL ? complain(f, "no memory left")
				      : plain_line(f, line);

		free(line);
		if (rc == -1)
			return -1;
		rest += len;
		f->line++;
	}
	return 0;
}

/* Without an item once all the same, for its mistakes. */
static int
end_each(struct filler *f)
{
	unsigned n = nginxconf_items(f->place.settings, f->list), i = 0;
	int rc = f->body.failed ? complain(f, "no memory left") : 0;

	f->place.list = f->list;
	f->skipping = n == 0;
	while (rc == 0 && (i < n || i == 0)) {
		f->place.item = i++;
		rc = one_item(f);
	}
	f->place.list = LIST_NONE;
	buf_fini(&f->body);
	return rc;
}

static int
end_region(struct filler *f)
{
	int rc = 0;

	if (f->region == REGION_NONE)
		return complain(f, "@end@ without @if@ or @each@");
	if (f->region == REGION_EACH)
		rc = end_each(f);
	f->region = REGION_NONE;
	f->skipping = false;
	return rc;
}

static int
one_line(struct filler *f, const char *line)
{
	if (strncmp(line, "@if ", 4) == 0)
		return begin_if(f, line + 4);
	if (strncmp(line, "@each ", 6) == 0)
		return begin_each(f, line + 6);
	if (strcmp(line, "@else@\n") == 0) {
		if (f->region != REGION_IF)
			return complain(f, "@else@ without @if@");
		f->region = REGION_ELSE;
		f->skipping = !f->skipping;
		return 0;
	}
	if (strcmp(line, "@end@\n") == 0)
		return end_region(f);
	if (f->region == REGION_EACH) {
		buf_puts(&f->body, line);
		return 0;
	}
	return plain_line(f, line);
}

/* All lines, and what can only be said at the end. */
static int
all_lines(struct filler *f, FILE *in)
{
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &cap, in) != -1) {
		f->line++;
		rc = one_line(f, line);
	}
	free(line);
	if (rc == -1)
		return -1;
	if (ferror(in))
		return complain(f, "cannot be read");
	if (f->region != REGION_NONE)
		return complain(f, "a region without @end@");
	return ferror(f->out) ? complain(f, "the filled text cannot be written")
			      : 0;
}

int
nginxconf_fill(const struct settings *settings, unsigned port,
    const char *template_path, FILE *out, FILE *errors)
{
	struct filler f = {
		.place = { .settings = settings, .port = port },
		.path = template_path,
		.out = out,
		.errors = errors,
	};
	FILE *in = fopen(template_path, "re");
	int rc;

	if (in == NULL) {
		(void)fprintf(errors, "%s: %s\n", template_path,
		    strerror(errno));
		return -1;
	}
	rc = all_lines(&f, in);
	buf_fini(&f.body);
	(void)fclose(in);
	return rc;
}
