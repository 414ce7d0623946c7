#include "config.h"

/*
 * Reads the values of MIME header fields. Responsible for their grammar and
 * for making clean text of what clients put there; refuses to know which
 * parameters matter. A broken grammar is reported with its place, and broken
 * text is replaced, never refused.
 */

#include "mime.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define WHITE " \t"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

size_t
mime_token(const char *text)
{
	size_t n = 0;

	/* RFC 2045 5.1: printable ASCII but for the tspecials. */
	while (text[n] > ' ' && text[n] < 0x7f &&
	    strchr("()<>@,;:\\\"/[]?=", text[n]) == NULL)
		n++;
	return n;
}

bool
mime_type_is(const char *value, const char *type)
{
	const char *start = value + strspn(value, WHITE);
	size_t len = strcspn(start, WHITE ";");
	size_t want = strlen(type);

	if (type[want - 1] == '*')
		return len >= want && strncasecmp(start, type, want - 1) == 0;
	return len == want && strncasecmp(start, type, want) == 0;
}

const char *
mime_params(const char *value)
{
	return value + strcspn(value, ";");
}

/* The value after the equals sign; false with *at where it is broken. */
static bool
read_value(const char **at, struct mime_param *out)
{
	const char *p = *at;

	out->quoted = *p == '"';
	if (!out->quoted) {
		/* No token: boundaries come with / and = but no quotes. */
		out->value = p;
		out->value_len = strcspn(p, WHITE ";\"");
		*at = p + out->value_len;
		return out->value_len > 0;
	}
	out->value = ++p;
	while (*p != '\0' && *p != '"')
		p += *p == '\\' && (p[1] == '"' || p[1] == '\\') ? 2 : 1;
	if (*p == '\0')
		return false;
	out->value_len = (size_t)(p - out->value);
	*at = p + 1;
	return true;
}

int
mime_next(const char **at, struct mime_param *out)
{
	struct mime_param param;
	const char *p = *at + strspn(*at, WHITE);

	*at = p;
	if (*p != '\0' && *p != ';')
		return -1;
	/* Empty ones, and a semicolon at the end, are common and harmless. */
	p += strspn(p, WHITE ";");
	*at = p;
	if (*p == '\0')
		return 0;
	param.name = p;
	param.name_len = mime_token(p);
	*at += param.name_len;
	if (param.name_len == 0 || **at != '=')
		return -1;
	(*at)++;
	if (!read_value(at, &param))
		return -1;
	*out = param;
	return 1;
}

bool
mime_param_is(const struct mime_param *p, const char *name)
{
	return p->name_len == strlen(name) &&
	    strncasecmp(p->name, name, p->name_len) == 0;
}

size_t
mime_unquote(const struct mime_param *p, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->value_len; i++) {
		const char *c = p->value + i;

		if (p->quoted && *c == '\\' && i + 1 < p->value_len &&
		    (c[1] == '"' || c[1] == '\\'))
			i++;
		out[n++] = p->value[i];
	}
	return n;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (isxdigit((unsigned char)c))
		return tolower((unsigned char)c) - 'a' + 10;
	return -1;
}

/* The byte that the sequence at text stands for, or -1. */
static int
percent_byte(const char *text, size_t len, const char *only)
{
	int high, low, byte;

	if (len < 3 || text[0] != '%')
		return -1;
	high = hex_digit(text[1]);
	low = hex_digit(text[2]);
	if (high < 0 || low < 0)
		return -1;
	byte = high * 16 + low;
	if (only != NULL && (byte == 0 || strchr(only, byte) == NULL))
		return -1;
	return byte;
}

size_t
mime_unpercent(char *text, size_t len, const char *only)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int byte = percent_byte(text + i, len - i, only);

		if (byte >= 0) {
			text[n++] = (char)byte;
			i += 2;
		} else {
			text[n++] = text[i];
		}
	}
	return n;
}

/* Bytes of the character at s, or 0 where there is no valid one (RFC 3629). */
static size_t
utf8_len(const unsigned char *s, size_t n)
{
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = 2 + (size_t)(s[0] >= 0xe0) + (size_t)(s[0] >= 0xf0);
	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Over-long forms, surrogates, and what is beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* U+0000..U+001F, U+007F..U+009F; s is a valid character. */
static bool
is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

void
mime_text(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;

	while (len > 0) {
		const unsigned char *s = (const unsigned char *)text;
		const char *piece = text;
		size_t step = utf8_len(s, len), piece_len = step;

		if (step == 0 || is_control(s)) {
			piece = replacement;
			piece_len = sizeof replacement - 1;
			step += step == 0;
		}
		if (n + piece_len >= size)
			break;
		memcpy(out + n, piece, piece_len);
		n += piece_len;
		text += step;
		len -= step;
	}
	out[n] = '\0';
}
