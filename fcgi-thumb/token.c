#include "config.h"

/*
 * Upload tokens: what a site's own server allows one of its users. Responsible
 * for their form and what they say; refuses to know where one came from and
 * what it opens. The words of a refusal help whoever makes tokens, and say
 * nothing of a secret.
 */

#include "token.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mime.h"

#define MAC_LEN BASE64URL_LEN(DIGEST_SHA256_LEN)

/* ---- the signature ---- */

/* The mac of the payload as it stands in a token, or -1: no such secret. */
static int
sign(const struct secrets *s, unsigned i, const char *payload, size_t len,
    char out[MAC_LEN + 1])
{
	unsigned char mac[DIGEST_SHA256_LEN];

	if (secrets_mac(s, i, payload, len, mac) == -1)
		return -1;
	base64url_encode(mac, sizeof mac, out);
	return 0;
}

/*
 * As text, not as bytes: 43 characters of base64url have two bits to spare, and
 * a mac has one form here.
 */
static bool
is_signed(const struct secrets *s, const char *payload, size_t len,
    const char *mac)
{
	char want[MAC_LEN + 1];
	bool fits = false;

	for (unsigned i = 0; sign(s, i, payload, len, want) == 0; i++)
		fits |= digest_is_equal(want, mac, MAC_LEN);
	return fits;
}

/* ---- the payload ---- */

bool
token_is_owner(const char *text)
{
	char clean[TOKEN_OWNER_MAX + 1];

	mime_text(text, strlen(text), clean, sizeof clean);
	return strcmp(text, clean) == 0;
}

/* A whole number of the object's within min..max; absent: 0. */
static bool
get_number(const json_t *object, const char *key, json_int_t max,
    json_int_t *out)
{
	const json_t *value = json_object_get(object, key);

	*out = json_integer_value(value);
	return value == NULL ||
	    (json_is_integer(value) && *out >= 1 && *out <= max);
}

static bool
get_owner(const json_t *object, char out[TOKEN_OWNER_MAX + 1])
{
	const json_t *value = json_object_get(object, "owner");
	const char *text = value != NULL ? json_string_value(value) : "";

	if (text == NULL || !token_is_owner(text))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool
has_only_known(json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value) if (strcmp(key, "exp") != 0 &&
	    strcmp(key, "owner") != 0 && strcmp(key, "max") != 0) return false;
	return true;
}

/* NULL, or what is wrong with it. */
static const char *
read_object(json_t *object, struct grant *out)
{
	json_int_t expires, max;

	if (!json_is_object(object))
		return "it is not a JSON object";
	if (!has_only_known(object))
		return "it has more than \"exp\", \"owner\" and \"max\"";
	if (!get_number(object, "exp", TOKEN_TIME_MAX, &expires) ||
	    expires == 0)
		return "\"exp\" is not a whole number of Unix seconds";
	if (!get_number(object, "max", TOKEN_BYTES_MAX, &max))
		return "\"max\" is not a whole number of bytes";
	if (!get_owner(object, out->owner))
		return "\"owner\" is not printable text of 64 bytes at most";
	out->expires = expires;
	out->max = (uint64_t)max;
	return NULL;
}

static const char *
read_payload(const char *text, size_t len, struct grant *out)
{
	unsigned char json[TOKEN_LEN_MAX];
	const char *wrong;
	json_t *object;
	size_t json_len;

	if (base64url_decode(text, len, json, &json_len) == -1)
		return "it is not base64url";
	object = json_loadb((const char *)json, json_len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	wrong = read_object(object, out);
	json_decref(object);
	return wrong;
}

/* ---- a token ---- */

static json_t *
payload_json(const struct grant *grant)
{
	json_t *object = json_object();
	int rc =
	    json_object_set_new(object, "exp", json_integer(grant->expires));

	if (grant->owner[0] != '\0')
		rc |= json_object_set_new(object, "owner",
		    json_string(grant->owner));
	if (grant->max != 0)
		rc |= json_object_set_new(object, "max",
		    json_integer((json_int_t)grant->max));
	if (rc == 0)
		return object;
	json_decref(object);
	return NULL;
}

int
token_make(const struct secrets *s, const struct grant *grant,
    char out[TOKEN_LEN_MAX + 1])
{
	json_t *object =
	    token_is_owner(grant->owner) ? payload_json(grant) : NULL;
	char *json = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len;
	int rc = -1;

	if (json != NULL &&
	    BASE64URL_LEN(strlen(json)) + 1 + MAC_LEN <= TOKEN_LEN_MAX) {
		base64url_encode(json, strlen(json), out);
		len = strlen(out);
		rc = sign(s, 0, out, len, out + len + 1);
		out[len] = '.';
	}
	free(json);
	json_decref(object);
	return rc;
}

/* The point between the two parts, or NULL: this is no token. */
static const char *
find_point(const char *text)
{
	size_t len = strnlen(text, TOKEN_LEN_MAX + 1);
	const char *point = strchr(text, '.');

	return point != NULL && len <= TOKEN_LEN_MAX &&
		strlen(point + 1) == MAC_LEN
	    ? point
	    : NULL;
}

static enum fault
refuse_late(int64_t expires, struct fault_info *info)
{
	time_t then = (time_t)expires;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&then, &tm) != NULL)
		(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return fault_set(info, FAULT_TOKEN_EXPIRED,
	    "The token was good until %s.", text);
}

enum fault
token_check(const struct secrets *s, const char *text, int64_t now,
    struct grant *out, struct fault_info *info)
{
	const char *point = find_point(text), *wrong;
	struct grant grant = { 0 };
	size_t len;

	if (point == NULL)
		return fault_set(info, FAULT_TOKEN_INVALID,
		    "This is not an upload token: PAYLOAD.SIGNATURE, both in "
		    "base64url.");
	len = (size_t)(point - text);
	if (!is_signed(s, text, len, point + 1))
		return fault_set(info, FAULT_TOKEN_INVALID,
		    "The token's signature does not fit: it was changed, or "
		    "made with another secret.");
	wrong = read_payload(text, len, &grant);
	if (wrong != NULL)
		return fault_set(info, FAULT_TOKEN_INVALID,
		    "The token's payload is of no use: %s.", wrong);
	if (grant.expires <= now)
		return refuse_late(grant.expires, info);
	*out = grant;
	return FAULT_NONE;
}

enum fault
token_check_bytes(const struct grant *grant, uint64_t bytes,
    struct fault_info *info)
{
	unsigned long long max = grant->max, actual = bytes;

	if (max == 0 || actual <= max)
		return FAULT_NONE;
	return fault_limit(info, FAULT_BODY_TOO_LARGE, max, actual,
	    "The upload has %llu bytes; its token allows photos of %llu.",
	    actual, max);
}

enum fault
token_missing(struct fault_info *info)
{
	return fault_set(info, FAULT_TOKEN_INVALID,
	    "An upload needs a token here: the header \"Authorization: Bearer "
	    "TOKEN\", or a form's field \"token\".");
}

const char *
token_bearer(const struct io *io)
{
	static const char scheme[] = "Bearer ";
	const char *text = io->param(io->ctx, "HTTP_AUTHORIZATION");

	if (text == NULL || strncasecmp(text, scheme, sizeof scheme - 1) != 0)
		return NULL;
	text += sizeof scheme - 1;
	return text + strspn(text, " ");
}
