#include "config.h"

/* Finds one sum in a short text. Judges its form, not whose it is. */

#include "proof.h"

#include <jansson.h>
#include <string.h>

#define FIELD "sha256"

/* Exactly 64 digits of either case. */
static int
take(const char *text, size_t len, char out[DIGEST_HEX_LEN + 1])
{
	char sum[DIGEST_HEX_LEN + 1];

	if (len != DIGEST_HEX_LEN)
		return -1;
	for (size_t i = 0; i < len; i++)
		sum[i] = (char)(text[i] >= 'A' && text[i] <= 'F'
			? text[i] - 'A' + 'a'
			: text[i]);
	sum[len] = '\0';
	if (!digest_hex_is_valid(sum))
		return -1;
	memcpy(out, sum, sizeof sum);
	return 0;
}

static int
parse_json(const char *body, size_t len, char out[DIGEST_HEX_LEN + 1])
{
	json_t *json = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *sum = json_object_get(json, FIELD);
	int rc = -1;

	if (json_is_string(sum))
		rc = take(json_string_value(sum), json_string_length(sum), out);
	json_decref(json);
	return rc;
}

/* The value of a form's field, as it is written; NULL: there is none. */
static const char *
find_field(const char *body, size_t len, const char *name, size_t *value_len)
{
	const size_t name_len = strlen(name);
	const char *end = body + len;

	for (const char *field = body; field < end;) {
		const char *amp = memchr(field, '&', (size_t)(end - field));
		const char *stop = amp != NULL ? amp : end;

		if ((size_t)(stop - field) > name_len &&
		    memcmp(field, name, name_len) == 0 &&
		    field[name_len] == '=') {
			*value_len = (size_t)(stop - field) - name_len - 1;
			return field + name_len + 1;
		}
		field = amp != NULL ? amp + 1 : end;
	}
	return NULL;
}

/* Digits need no escapes, so one that has some is none. */
static int
parse_form(const char *body, size_t len, char out[DIGEST_HEX_LEN + 1])
{
	size_t sum_len;
	const char *sum = find_field(body, len, FIELD, &sum_len);

	return sum != NULL ? take(sum, sum_len, out) : -1;
}

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
trim(const char **body, size_t *len)
{
	while (*len > 0 && is_blank((*body)[*len - 1]))
		(*len)--;
	while (*len > 0 && is_blank(**body)) {
		(*body)++;
		(*len)--;
	}
}

int
proof_parse(const char *body, size_t len, char out[DIGEST_HEX_LEN + 1])
{
	trim(&body, &len);
	if (len > 0 && *body == '{')
		return parse_json(body, len, out);
	if (memchr(body, '=', len) != NULL)
		return parse_form(body, len, out);
	return take(body, len, out);
}

bool
proof_has_expiry(const char *body, size_t len)
{
	size_t ignored;
	json_t *json;
	bool has;

	trim(&body, &len);
	if (len == 0 || *body != '{')
		return find_field(body, len, "expires", &ignored) != NULL;
	json = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
	has = json_object_get(json, "expires") != NULL;
	json_decref(json);
	return has;
}
