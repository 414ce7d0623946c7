#include "config.h"

/*
 * Which texts are fit to be settings: paths, addresses, names. Whatever passes
 * here can stand in nginx's configuration, in an address and in a libconfig
 * text as it is, without quoting. Says in words what is wrong.
 */

#include "settings_table.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "target.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/*
 * Paths stand in nginx's configuration unquoted: what nginx's parser reads as
 * an end, a variable, a quote or a comment stays out, and ':' which ends a
 * path after "unix:".
 */
static const char *
path_problem(const char *text)
{
	if (text[0] != '/')
		return "is not absolute";
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x80 &&
		    strchr(LOWER UPPER DIGITS "/._~+@=,%-", *p) == NULL)
			return "has a character that is not safe inside "
			       "nginx's configuration";
	return NULL;
}

static const char *
prefix_problem(const char *text)
{
	size_t len = strlen(text);

	if (text[0] != '/')
		return "does not begin with /";
	if (text[len - 1] == '/')
		return "ends with /";
	if (strspn(text, LOWER UPPER DIGITS "._~/-") != len)
		return "has a character that is not allowed";
	/* A browser takes such parts out of an address before it asks. */
	if (strstr(text, "..") != NULL || strstr(text, "//") != NULL ||
	    strstr(text, "/./") != NULL || strcmp(text + len - 2, "/.") == 0)
		return "has an empty or a dotted part";
	return NULL;
}

/* "host" or "host:8080". */
static const char *
host_problem(const char *text)
{
	unsigned long long port;
	const char *p = target_skip_host(text);

	if (p == NULL)
		return "has no host";
	if (*p == ':')
		return number_parse(p + 1, 1, 65535, &port) == 0
		    ? NULL
		    : "has something behind the host that is no port";
	return *p == '\0' ? NULL : "has something behind the host";
}

static const char *
url_problem(const char *text)
{
	if (strncmp(text, "http://", 7) == 0)
		return host_problem(text + 7);
	if (strncmp(text, "https://", 8) == 0)
		return host_problem(text + 8);
	return "does not begin with http:// or https://";
}

static const char *
name_problem(const char *text)
{
	if (strchr(LOWER, text[0]) == NULL)
		return "does not begin with a lower-case letter";
	if (strspn(text, LOWER DIGITS "_-") != strlen(text))
		return "has a character that is not allowed";
	/* Its files lie beside meta.json. */
	if (strcmp(text, "meta") == 0)
		return "is taken by meta.json";
	return NULL;
}

/* As browsers send it: no slash at the end, nothing in upper case. */
static const char *
origin_problem(const char *text)
{
	if (strcmp(text, "*") == 0)
		return NULL;
	if (strpbrk(text, UPPER) != NULL)
		return "has an upper-case letter, which no browser sends";
	return url_problem(text);
}

static const char *
net_problem(const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];
	unsigned long long bits;
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	bool six = memchr(text, ':', len) != NULL;

	if (len >= sizeof host)
		return "is no address";
	(void)snprintf(host, sizeof host, "%.*s", (int)len, text);
	if (inet_pton(six ? AF_INET6 : AF_INET, host, address) != 1)
		return "is no address";
	if (text[len] == '/' &&
	    number_parse(text + len + 1, 0, six ? 128 : 32, &bits) == -1)
		return "has no such number of bits behind the slash";
	return NULL;
}

/* nginx speaks syslog alone, also to the journal. */
static const char *
log_problem(enum setting_kind kind, const char *text)
{
	struct target target;
	const char *problem = target_parse(text, &target);
	bool elsewhere = strcmp(text, "journal") != 0;

	if (problem != NULL)
		return problem;
	switch (target.kind) {
	case TARGET_STDERR:
		return kind == KIND_LOG_SERVICE ? NULL : "is not for this log";
	case TARGET_OFF:
		return kind == KIND_LOG_ACCESS ? NULL : "is not for this log";
	case TARGET_JOURNAL:
		return kind == KIND_LOG_ACCESS && elsewhere
		    ? "has a path, where nginx knows syslog's alone: "
		      "syslog:/path"
		    : NULL;
	default:
		return NULL;
	}
}

const char *
setting_text_problem(const struct setting *row, const char *text)
{
	size_t len = strlen(text);

	if (row->kind == KIND_ORIGINS)
		return origin_problem(text);
	if (row->kind == KIND_NETS)
		return net_problem(text);
	if (len < row->min)
		return "is empty";
	if (len > row->max)
		return "is too long";
	if (len == 0)
		return NULL;
	switch (row->kind) {
	case KIND_PATH:
		return path_problem(text);
	case KIND_USER:
	case KIND_GROUP:
		return strspn(text, LOWER UPPER DIGITS "._-") == len
		    ? NULL
		    : "has a character that is not allowed";
	case KIND_LOG_SERVICE:
	case KIND_LOG_ACCESS:
	case KIND_LOG_COPY:
		return log_problem(row->kind, text);
	case KIND_URI:
		return text[0] == '/' &&
			strspn(text, LOWER UPPER DIGITS "._~/-") == len
		    ? NULL
		    : "is not a path of letters, digits and ._~/-";
	case KIND_PREFIX:
		return prefix_problem(text);
	case KIND_URL:
		return url_problem(text);
	case KIND_HOST:
		return host_problem(text);
	case KIND_COOKIE:
		return strspn(text, LOWER UPPER DIGITS "_") == len
		    ? NULL
		    : "has a character that nginx cannot have in the name of "
		      "a cookie";
	case KIND_NAME:
		return name_problem(text);
	default:
		return NULL;
	}
}
