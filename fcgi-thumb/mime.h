#ifndef FT_MIME_H
#define FT_MIME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The values of MIME header fields: `type; name=value; name="value"` (RFC 2045
 * 5.1, RFC 2183 2), and the texts in them as clients really send them. Values
 * are NUL-terminated and borrowed; results point into them.
 */
struct mime_param {
	const char *name;
	size_t name_len;
	const char *value; /* without its quotes, escapes still in it */
	size_t value_len;
	bool quoted;
};

/* Bytes of the token (RFC 2045) that text begins with; 0: there is none. */
size_t mime_token(const char *text);

/*
 * Is the value of this type, in any letter case, whatever its parameters?
 * "image/jpeg", or "image/" and an asterisk for every subtype.
 */
bool mime_type_is(const char *value, const char *type);

/* Where the parameters of a value begin: for mime_next. */
const char *mime_params(const char *value);

/*
 * The next parameter, and *at behind it. 1 and *out set, 0 at the end, or -1
 * with *at where the grammar is broken.
 */
int mime_next(const char **at, struct mime_param *out);

/* Is it called that, in any letter case? */
bool mime_param_is(const struct mime_param *p, const char *name);

/*
 * The value without its escapes into out, which has room for p->value_len
 * bytes. Only \" and \\ are escapes: browsers send a backslash as it is.
 * Returns the length; no NUL is added.
 */
size_t mime_unquote(const struct mime_param *p, char *out);

/*
 * Decode %XX in place and return the new length. only: the bytes that may come
 * out of it, other sequences stay; NULL: every byte. What is not two
 * hexadecimal digits stays.
 */
size_t mime_unpercent(char *text, size_t len, const char *only);

/*
 * Any bytes into clean text: valid UTF-8, with U+FFFD for each byte that is
 * not and for each control character, cut between two characters to fit size
 * with a NUL.
 */
void mime_text(const char *text, size_t len, char *out, size_t size);

#endif
