#include "config.h"

/*
 * From settings to nginx's configuration. Knows the names that a template may
 * use and what they stand for; what nginx is told to do with them stands in
 * the templates. Anything unexpected is an error with file and line: half a
 * configuration is worse than none.
 */

#include "nginxconf.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fault.h"

#define NELEM(array) (sizeof(array) / sizeof(array)[0])
#define NAME_LEN_MAX 60

/* A person with a phone full of photos, or a test, comes in bursts. */
#define BURST_SECONDS 10

/* Enough for the people behind one address, too few to hoard connections. */
#define CONNECTIONS 32

/* nginx gives up a little later than a worker does, so that it can answer. */
#define GRACE_SECONDS 5

enum region {
	REGION_NONE,
	REGION_IF,
	REGION_ELSE
};

struct filler {
	const struct settings *settings;
	unsigned port;
	const char *path;
	unsigned line;
	FILE *out;
	FILE *errors;
	enum region region;
	bool skipping;
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

/* ---- values ---- */

static void
put_prefix_regex(const struct settings *s, struct buf *b)
{
	/* Of what a prefix may hold only the dot means more to a regex. */
	for (const char *p = s->prefix; *p != '\0'; p++)
		if (*p == '.')
			buf_puts(b, "[.]");
		else
			buf_add(b, p, 1);
}

static void
put_page(const struct settings *s, struct buf *b)
{
	buf_puts(b, s->page ? "yes" : "");
}

static void
put_csp_origin(const struct settings *s, struct buf *b)
{
	if (s->public_url[0] != '\0')
		buf_printf(b, " %s", s->public_url);
}

static void
put_variants_regex(const struct settings *s, struct buf *b)
{
	for (unsigned i = 0; i < s->n_presets; i++) {
		const struct preset *p = &s->presets[i];

		buf_printf(b, "%s%s[.](", i > 0 ? "|" : "", p->name);
		for (unsigned j = 0; j < p->n_formats; j++)
			buf_printf(b, "%s%s", j > 0 ? "|" : "",
			    format_spec(p->formats[j])->ext);
		buf_puts(b, ")");
	}
}

static void
put_request_bytes(const struct settings *s, struct buf *b)
{
	buf_printf(b, "%llu", (unsigned long long)s->limits.request);
}

/* Powers of 1024, as the settings count: "256 MB", "1.5 GB", "1000 bytes". */
static void
put_request_words(const struct settings *s, struct buf *b)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB" };
	unsigned long long n = s->limits.request, rest = 0;
	unsigned unit = 0;

	while (n >= 1024 && unit < NELEM(units) - 1) {
		rest = n % 1024;
		n /= 1024;
		unit++;
	}
	buf_printf(b, "%llu", n);
	/* Cut, not rounded: what is said to be allowed is allowed. */
	if (rest * 10 / 1024 > 0)
		buf_printf(b, ".%llu", rest * 10 / 1024);
	buf_printf(b, " %s", units[unit]);
}

static void
put_rate(const struct settings *s, struct buf *b)
{
	buf_printf(b, "%u", s->limits.rate);
}

static void
put_rate_burst(const struct settings *s, struct buf *b)
{
	buf_printf(b, "%u", s->limits.rate * BURST_SECONDS);
}

static void
put_connections(const struct settings *s, struct buf *b)
{
	(void)s;
	buf_printf(b, "%d", CONNECTIONS);
}

static void
put_upload_seconds(const struct settings *s, struct buf *b)
{
	buf_printf(b, "%u",
	    s->limits.queue_seconds + settings_longest_request(s) +
		GRACE_SECONDS);
}

static void
put_problem(enum fault fault, struct buf *b)
{
	buf_printf(b,
	    "\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
	    "\"code\":\"%s\"",
	    fault_title(fault), fault_status(fault), fault_code(fault));
}

static void
put_title(enum fault fault, struct buf *b)
{
	buf_puts(b, fault_title(fault));
}

static void
put_retry_after(enum fault fault, struct buf *b)
{
	if (fault_retry_after(fault) > 0)
		buf_printf(b, "%d", fault_retry_after(fault));
}

static const struct {
	const char *name;
	size_t offset; /* of a char * in struct settings */
} texts[] = {
	{ "data", offsetof(struct settings, data) },
	{ "run", offsetof(struct settings, run) },
	{ "logs", offsetof(struct settings, logs) },
	{ "html", offsetof(struct settings, html) },
	{ "prefix", offsetof(struct settings, prefix) },
};

static const struct {
	const char *name;
	void (*put)(const struct settings *s, struct buf *b);
} made[] = {
	{ "prefix-regex", put_prefix_regex },
	{ "page", put_page },
	{ "csp-origin", put_csp_origin },
	{ "variants-regex", put_variants_regex },
	{ "request-bytes", put_request_bytes },
	{ "request-words", put_request_words },
	{ "rate", put_rate },
	{ "rate-burst", put_rate_burst },
	{ "connections", put_connections },
	{ "upload-seconds", put_upload_seconds },
};

static const struct {
	const char *name; /* before a colon and a fault's code */
	void (*put)(enum fault fault, struct buf *b);
} of_fault[] = {
	{ "problem", put_problem },
	{ "title", put_title },
	{ "retry-after", put_retry_after },
};

static bool
put_of_settings(const struct filler *f, const char *name, struct buf *b)
{
	const char *text;

	for (size_t i = 0; i < NELEM(texts); i++)
		if (strcmp(texts[i].name, name) == 0) {
			memcpy(&text,
			    (const char *)f->settings + texts[i].offset,
			    sizeof text);
			buf_puts(b, text);
			return true;
		}
	for (size_t i = 0; i < NELEM(made); i++)
		if (strcmp(made[i].name, name) == 0) {
			made[i].put(f->settings, b);
			return true;
		}
	if (strcmp(name, "port") == 0 && f->port > 0) {
		buf_printf(b, "%u", f->port);
		return true;
	}
	return false;
}

static bool
put_of_fault(const char *name, struct buf *b)
{
	size_t len = strcspn(name, ":");
	enum fault fault = FAULT_NONE + 1;

	if (name[len] == '\0')
		return false;
	while (fault < FAULT_COUNT &&
	    strcmp(fault_code(fault), name + len + 1) != 0)
		fault++;
	if (fault == FAULT_COUNT)
		return false;
	for (size_t i = 0; i < NELEM(of_fault); i++)
		if (strlen(of_fault[i].name) == len &&
		    memcmp(of_fault[i].name, name, len) == 0) {
			of_fault[i].put(fault, b);
			return true;
		}
	return false;
}

/* The value of a name of len bytes, as plain text between nginx's quotes. */
static int
value(const struct filler *f, const char *name, size_t len, struct buf *b)
{
	char copy[NAME_LEN_MAX + 1];

	(void)snprintf(copy, sizeof copy, "%.*s",
	    len > NAME_LEN_MAX ? NAME_LEN_MAX : (int)len, name);
	if (!put_of_settings(f, copy, b) && !put_of_fault(copy, b))
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

/* "@if name@": the text from name on. */
static int
begin_region(struct filler *f, const char *name)
{
	size_t len = strcspn(name, "@\n");
	struct buf v = { 0 };
	int rc;

	if (f->region != REGION_NONE)
		return complain(f, "@if@ within @if@");
	if (strcmp(name + len, "@\n") != 0)
		return complain(f, "@if@ is wanted alone on its line");
	rc = value(f, name, len, &v);
	f->region = REGION_IF;
	f->skipping = v.len == 0;
	buf_fini(&v);
	return rc;
}

static int
one_line(struct filler *f, const char *line)
{
	struct buf text = { 0 };
	int rc;

	if (strncmp(line, "@if ", 4) == 0)
		return begin_region(f, line + 4);
	if (strcmp(line, "@else@\n") == 0) {
		if (f->region != REGION_IF)
			return complain(f, "@else@ without @if@");
		f->region = REGION_ELSE;
		f->skipping = !f->skipping;
		return 0;
	}
	if (strcmp(line, "@end@\n") == 0) {
		if (f->region == REGION_NONE)
			return complain(f, "@end@ without @if@");
		f->region = REGION_NONE;
		f->skipping = false;
		return 0;
	}
	/* Skipped lines too: a mistake in them must not wait for a setting. */
	rc = fill_line(f, line, &text);
	if (rc == 0 && !f->skipping)
		(void)fputs(text.data, f->out);
	buf_fini(&text);
	return rc;
}

int
nginxconf_fill(const struct settings *settings, unsigned port,
    const char *template_path, FILE *out, FILE *errors)
{
	struct filler f = {
		.settings = settings,
		.port = port,
		.path = template_path,
		.out = out,
		.errors = errors,
	};
	FILE *in = fopen(template_path, "re");
	char *line = NULL;
	size_t cap = 0;
	int rc = -1;

	if (in == NULL) {
		(void)fprintf(errors, "%s: %s\n", template_path,
		    strerror(errno));
		return -1;
	}
	while (getline(&line, &cap, in) != -1) {
		f.line++;
		if (one_line(&f, line) == -1)
			goto out;
	}
	if (ferror(in))
		(void)complain(&f, "cannot be read");
	else if (f.region != REGION_NONE)
		(void)complain(&f, "@if@ without @end@");
	else if (ferror(out))
		(void)complain(&f, "the filled text cannot be written");
	else
		rc = 0;
out:
	free(line);
	(void)fclose(in);
	return rc;
}
