#include "config.h"

/*
 * What a line looks like to those who keep it. Nothing in a line makes a second
 * message or field of it, whoever wrote it.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "buf.h"
#include "exchange.h"
#include "outlet.h"

#define FACILITY_DAEMON 3
#define PRIORITY_ERROR 3
#define PRIORITY_INFO 6

/* A line's facts, found without reading more of it than is needed. */
struct facts {
	int priority;
	bool is_json;
	char request[REQUEST_ID_MAX + 1]; /* "" none */
};

/* In JSON no text of a client's has a quote that is not escaped. */
static void
find_request(const char *line, const char *before, char *out)
{
	const char *at = strstr(line, before);

	if (at == NULL)
		return;
	at += strlen(before);
	(void)sprintf(out, "%.*s", (int)request_id_len(at), at);
}

static void
find_facts(const char *line, struct facts *f)
{
	bool is_error;

	*f = (struct facts){ .is_json = line[0] == '{' };
	if (f->is_json) {
		is_error = strstr(line, "\"status\":5") != NULL;
		find_request(line, "\"request\":\"", f->request);
	} else {
		is_error = strstr(line, ": error: ") != NULL;
		find_request(line, ", request ", f->request);
	}
	f->priority = is_error ? PRIORITY_ERROR : PRIORITY_INFO;
}

/* Without the name that the message has already. */
static void
put_line(struct buf *b, const char *name, const char *line)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0)
		line += len + 2;
	buf_puts(b, line);
}

static void
put_journal(struct buf *b, const struct facts *f, const char *name, pid_t pid,
    const char *line)
{
	buf_printf(b,
	    "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=%s\n"
	    "SYSLOG_PID=%d\n",
	    f->priority, FACILITY_DAEMON, name, (int)pid);
	if (f->request[0] != '\0')
		buf_printf(b, "FCGI_THUMB_REQUEST=%s\n", f->request);
	buf_puts(b, "MESSAGE=");
	put_line(b, name, line);
	buf_puts(b, "\n");
}

/* As syslog(3) writes it, in English. */
static void
put_local(struct buf *b, const struct facts *f, const char *name,
    const struct timespec *now, pid_t pid, const char *line)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };

	(void)localtime_r(&now->tv_sec, &tm);
	buf_printf(b, "<%d>%.3s %2d %02d:%02d:%02d %s[%d]: ",
	    FACILITY_DAEMON * 8 + f->priority,
	    months + (ptrdiff_t)3 * tm.tm_mon, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, name, (int)pid);
	put_line(b, name, line);
}

/* A HOSTNAME is of printable ASCII, "-" is none. */
static void
put_remote(struct buf *b, const struct facts *f, const char *name,
    const char *host, const struct timespec *now, pid_t pid, const char *line)
{
	char time[24] = "";
	struct tm tm = { 0 };

	(void)gmtime_r(&now->tv_sec, &tm);
	(void)strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(b, "<%d>1 %s.%03ldZ %s %s %d %s - ",
	    FACILITY_DAEMON * 8 + f->priority, time, now->tv_nsec / 1000000,
	    host[0] != '\0' ? host : "-", name, (int)pid,
	    f->is_json ? "json" : "words");
	put_line(b, name, line);
	if (b->len > OUTLET_UDP_MAX)
		b->len = OUTLET_UDP_MAX;
}

int
outlet_format(const struct target *target, const char *name, const char *host,
    const struct timespec *now, pid_t pid, const char *line, size_t len,
    char **out, size_t *out_len)
{
	struct buf b = { 0 }, clean = { 0 };
	struct facts facts;

	buf_add(&clean, line, len);
	if (clean.failed)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)clean.data[i];

		if (c < 0x20 || c == 0x7f)
			clean.data[i] = '?';
	}
	find_facts(clean.data, &facts);
	if (target->kind == TARGET_JOURNAL)
		put_journal(&b, &facts, name, pid, clean.data);
	else if (target->kind == TARGET_SYSLOG)
		put_local(&b, &facts, name, now, pid, clean.data);
	else
		put_remote(&b, &facts, name, host, now, pid, clean.data);
	buf_fini(&clean);
	if (b.failed)
		return -1;
	*out = b.data;
	*out_len = b.len;
	return 0;
}
