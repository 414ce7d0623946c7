#include "config.h"

/*
 * The names that a template may use and what they stand for. Plain texts, with
 * no thought of how nginx quotes them.
 */

#include "nginxconf_internal.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "figures.h"
#include "nginxconf.h"
#include "target.h"

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

/* A person with a phone full of photos, or a test, comes in bursts. */
#define BURST_SECONDS 10

/* Enough for the people behind one address, too few to hoard connections. */
#define CONNECTIONS 32

/* nginx gives up a little later than a worker does, so that it can answer. */
#define GRACE_SECONDS 5

/* ---- of the settings ---- */

static void
put_prefix_regex(const struct settings *s, struct buf *b)
{
	nginxconf_put_regex(s->prefix, strlen(s->prefix), b);
}

/*
 * The arguments of access_log, or nothing: then the site's own is in force. A
 * local socket's syslog reads a host's name as a part of the words.
 */
static void
put_access_log(const struct settings *s, struct buf *b)
{
	static const char tag[] =
	    "facility=daemon,severity=info,tag=fcgi_thumb_access";
	bool six;
	struct target t;

	if (target_parse(s->log_access, &t) != NULL || t.kind == TARGET_OFF) {
		buf_puts(b, "off");
		return;
	}
	six = strchr(t.host, ':') != NULL;
	if (t.kind == TARGET_HOST)
		buf_printf(b, "syslog:server=%s%s%s:%s,%s fcgi_thumb",
		    six ? "[" : "", t.host, six ? "]" : "", t.port, tag);
	else if (t.kind != TARGET_FILE)
		buf_printf(b, "syslog:server=unix:%s,%s,nohostname fcgi_thumb",
		    t.kind == TARGET_JOURNAL ? TARGET_SYSLOG_PATH : t.path,
		    tag);
	else if (s->logs[0] != '\0')
		buf_printf(b, "\"%s/access.log\" fcgi_thumb", s->logs);
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
put_presets_regex(const struct settings *s, struct buf *b)
{
	for (unsigned i = 0; i < s->n_presets; i++)
		buf_printf(b, "%s%s", i > 0 ? "|" : "", s->presets[i].name);
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

/* As nginx writes what came: it cannot divide. */
static void
put_request_digits(const struct settings *s, struct buf *b)
{
	figures_number(b, (double)s->limits.request, 0);
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

/*
 * As many first renders as there are workers keep all of them busy and leave
 * none to wait before an upload that comes; a single worker has the next one
 * at hand.
 */
static void
put_renders(const struct settings *s, struct buf *b)
{
	buf_printf(b, "%u", s->workers > 2 ? s->workers : 2);
}

/* A single photo, as settings_longest_request() counts the last of many. */
static void
put_render_seconds(const struct settings *s, struct buf *b)
{
	buf_printf(b, "%u",
	    s->limits.queue_seconds + 3 * s->limits.job_seconds +
		GRACE_SECONDS);
}

static void
put_any_origin(const struct settings *s, struct buf *b)
{
	buf_puts(b, nginxconf_is_any_origin(s) ? "yes" : "");
}

static void
put_some_origins(const struct settings *s, struct buf *b)
{
	buf_puts(b, nginxconf_items(s, LIST_ORIGINS) > 0 ? "yes" : "");
}

static void
put_proxies(const struct settings *s, struct buf *b)
{
	buf_puts(b, nginxconf_items(s, LIST_PROXIES) > 0 ? "yes" : "");
}

static void
put_auth_request(const struct settings *s, struct buf *b)
{
	if (s->upload_auth == AUTH_REQUEST)
		buf_puts(b, s->auth_request);
}

static void
put_route(const struct settings *s, struct buf *b)
{
	if (s->releases)
		buf_printf(b, "%s/" NGINXCONF_ROUTE, s->release_dir);
}

/* ---- of a fault ---- */

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
put_advice(enum fault fault, struct buf *b)
{
	buf_puts(b, fault_words(fault, LANGUAGE_EN)->advice);
}

static void
put_title_ko(enum fault fault, struct buf *b)
{
	buf_puts(b, fault_words(fault, LANGUAGE_KO)->title);
}

static void
put_advice_ko(enum fault fault, struct buf *b)
{
	buf_puts(b, fault_words(fault, LANGUAGE_KO)->advice);
}

static void
put_retry_after(enum fault fault, struct buf *b)
{
	if (fault_retry_after(fault) > 0)
		buf_printf(b, "%d", fault_retry_after(fault));
}

/* ---- the names ---- */

static const struct {
	const char *name;
	size_t offset; /* of a char * in struct settings */
} texts[] = {
	{ "data", offsetof(struct settings, data) },
	{ "html", offsetof(struct settings, html) },
	{ "prefix", offsetof(struct settings, prefix) },
};

static const struct {
	const char *name;
	void (*put)(const struct settings *s, struct buf *b);
} made[] = {
	{ "prefix-regex", put_prefix_regex },
	{ "access-log", put_access_log },
	{ "page", put_page },
	{ "csp-origin", put_csp_origin },
	{ "presets-regex", put_presets_regex },
	{ "variants-regex", put_variants_regex },
	{ "request-bytes", put_request_bytes },
	{ "request-words", put_request_words },
	{ "request-digits", put_request_digits },
	{ "rate", put_rate },
	{ "rate-burst", put_rate_burst },
	{ "connections", put_connections },
	{ "upload-seconds", put_upload_seconds },
	{ "renders", put_renders },
	{ "render-seconds", put_render_seconds },
	{ "any-origin", put_any_origin },
	{ "some-origins", put_some_origins },
	{ "proxies", put_proxies },
	{ "auth-request", put_auth_request },
	{ "route", put_route },
};

static const struct {
	const char *name; /* before a colon and a fault's code */
	void (*put)(enum fault fault, struct buf *b);
} of_fault[] = {
	{ "problem", put_problem },
	{ "title", put_title },
	{ "advice", put_advice },
	{ "title-ko", put_title_ko },
	{ "advice-ko", put_advice_ko },
	{ "retry-after", put_retry_after },
};

static bool
put_text(const struct settings *s, const char *name, struct buf *b)
{
	const char *text;

	for (size_t i = 0; i < NELEM(texts); i++)
		if (strcmp(texts[i].name, name) == 0) {
			memcpy(&text, (const char *)s + texts[i].offset,
			    sizeof text);
			buf_puts(b, text);
			return true;
		}
	return false;
}

static bool
put_made(const struct settings *s, const char *name, struct buf *b)
{
	for (size_t i = 0; i < NELEM(made); i++)
		if (strcmp(made[i].name, name) == 0) {
			made[i].put(s, b);
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

bool
nginxconf_put(const struct nginxconf_place *place, const char *name,
    struct buf *out)
{
	if (strcmp(name, "port") == 0 && place->port > 0) {
		buf_printf(out, "%u", place->port);
		return true;
	}
	return put_text(place->settings, name, out) ||
	    put_made(place->settings, name, out) ||
	    nginxconf_put_item(place, name, out) || put_of_fault(name, out);
}
