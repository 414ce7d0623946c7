#include "config.h"

/*
 * One value in the text of a settings file, changed as a hand would do it.
 * Follows libconfig's syntax as far as it takes to find the value; whether the
 * text is right is for settings_load to say.
 */

#include "settings_table.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define NAME_REST \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*0123456789_-"
#define BLANK " \t\r\n\f"

/* Where a value stands. */
struct found {
	const char *begin, *end;
};

/* Behind blanks and the three kinds of comments. */
static const char *
skip_blank(const char *p)
{
	for (;;) {
		p += strspn(p, BLANK);
		if (*p == '#' || strncmp(p, "//", 2) == 0) {
			p += strcspn(p, "\n");
		} else if (strncmp(p, "/*", 2) == 0) {
			const char *end = strstr(p + 2, "*/");

			p = end != NULL ? end + 2 : p + strlen(p);
		} else {
			return p;
		}
	}
}

/* Behind a text in quotes. */
static const char *
skip_quoted(const char *p)
{
	for (p++; *p != '"' && *p != '\0'; p++)
		if (p[0] == '\\' && p[1] != '\0')
			p++;
	return *p == '"' ? p + 1 : p;
}

/* Texts that stand behind each other are one. */
static const char *
skip_text(const char *p)
{
	const char *end;

	do {
		end = skip_quoted(p);
		p = skip_blank(end);
	} while (*p == '"');
	return end;
}

/* Behind a group, list or array with all that is in it. */
static const char *
skip_nested(const char *p)
{
	unsigned depth = 0;

	do {
		if (*p == '"') {
			p = skip_quoted(p);
		} else {
			if (strchr("{[(", *p) != NULL)
				depth++;
			else if (strchr("}])", *p) != NULL)
				depth--;
			p++;
		}
		/* What is behind the last bracket is none of it. */
		if (depth > 0)
			p = skip_blank(p);
	} while (depth > 0 && *p != '\0');
	return p;
}

static const char *
skip_value(const char *p)
{
	if (*p == '"')
		return skip_text(p);
	if (*p != '\0' && strchr("{[(", *p) != NULL)
		return skip_nested(p);
	return p + strcspn(p, BLANK ";,#/");
}

/* The value of the key, or false. */
static bool
find_value(const char *text, const char *key, struct found *out)
{
	const char *p = skip_blank(text);

	while (*p != '\0') {
		size_t len = strspn(p, NAME_REST);
		bool named = len == strlen(key) && strncmp(p, key, len) == 0;

		p = skip_blank(len > 0 ? p + len : p + 1);
		if (*p != '=' && *p != ':')
			continue;
		out->begin = skip_blank(p + 1);
		out->end = skip_value(out->begin);
		if (named)
			return true;
		p = skip_blank(out->end);
	}
	return false;
}

char *
settings_edit(const char *text, const char *key, const char *value)
{
	size_t len = strlen(text);
	struct buf b = { 0 };
	struct found at;

	if (find_value(text, key, &at)) {
		buf_add(&b, text, (size_t)(at.begin - text));
		buf_puts(&b, value);
		buf_puts(&b, at.end);
	} else {
		buf_puts(&b, text);
		buf_printf(&b, "%s%s = %s;\n",
		    len > 0 && text[len - 1] != '\n' ? "\n" : "", key, value);
	}
	if (!b.failed)
		return b.data;
	buf_fini(&b);
	return NULL;
}

const char *
settings_text(const struct settings *s, const char *key)
{
	const struct setting *row = setting_find(SCOPE_TOP, key);

	return row != NULL && !setting_is_number(row) ? setting_get_text(row, s)
						      : NULL;
}
