#include "config.h"

/*
 * From the words of a setting to where lines go. Knows the forms and opens
 * nothing.
 */

#include "target.h"

#include <stdio.h>
#include <string.h>

#include "number.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *const unknown = "names no place for lines";

static const struct {
	const char *word;
	enum target_kind kind;
	const char *path;
} words[] = {
	{ "file", TARGET_FILE, "" },
	{ "stderr", TARGET_STDERR, "" },
	{ "off", TARGET_OFF, "" },
	{ "journal", TARGET_JOURNAL, TARGET_JOURNAL_PATH },
	{ "syslog", TARGET_SYSLOG, TARGET_SYSLOG_PATH },
};

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

const char *
target_skip_host(const char *text)
{
	size_t len;

	if (*text == '[') {
		len = strspn(text + 1, DIGITS "abcdefABCDEF:.");
		return len > 0 && text[1 + len] == ']' ? text + len + 2 : NULL;
	}
	len = strspn(text, LETTERS DIGITS ".-");
	return len > 0 ? text + len : NULL;
}

/* nginx ends a socket's path at a comma. */
static const char *
take_path(const char *text, struct target *out)
{
	if (strspn(text, LETTERS DIGITS "/._~+@=%-") != strlen(text))
		return "has a character that a socket's path cannot have here";
	if (strlen(text) > TARGET_PATH_MAX)
		return "has too long a path for a socket";
	(void)strcpy(out->path, text);
	return NULL;
}

static const char *
take_host(const char *text, struct target *out)
{
	const char *end = target_skip_host(text), *port = TARGET_PORT;
	unsigned long long number;
	size_t len, brackets = text[0] == '[';

	if (end == NULL)
		return "has no host behind syslog:";
	if (*end == ':')
		port = end + 1;
	else if (*end != '\0')
		return "has something behind the host that is no port";
	if (number_parse(port, 1, 65535, &number) == -1)
		return "has something behind the host that is no port";
	len = (size_t)(end - text) - 2 * brackets;
	if (len > TARGET_HOST_MAX)
		return "has too long a host";
	memcpy(out->host, text + brackets, len);
	out->host[len] = '\0';
	out->path[0] = '\0';
	(void)snprintf(out->port, sizeof out->port, "%llu", number);
	out->kind = TARGET_HOST;
	return NULL;
}

/* text: what stands behind the colon of the i-th word. */
static const char *
take_place(size_t i, const char *text, struct target *out)
{
	if (words[i].path[0] == '\0')
		return unknown;
	if (text[0] == '/')
		return take_path(text, out);
	return words[i].kind == TARGET_SYSLOG ? take_host(text, out) : unknown;
}

const char *
target_parse(const char *text, struct target *out)
{
	size_t len = strcspn(text, ":");
	struct target t = { 0 };
	const char *problem;

	for (size_t i = 0; i < NELEM(words); i++) {
		if (strlen(words[i].word) != len ||
		    memcmp(words[i].word, text, len) != 0)
			continue;
		t.kind = words[i].kind;
		(void)strcpy(t.path, words[i].path);
		problem =
		    text[len] == ':' ? take_place(i, text + len + 1, &t) : NULL;
		if (problem == NULL)
			*out = t;
		return problem;
	}
	return unknown;
}
