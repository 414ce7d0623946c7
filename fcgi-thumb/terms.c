#include "config.h"

/*
 * Reads on what terms photos come. Responsible for every word of a request
 * that is about its photos and not in them; refuses to know what is done with
 * the answers. What is malformed refuses the whole request: a photo that was
 * meant to go must not stay for ever.
 */

#include "terms.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "mime.h"
#include "number.h"
#include "terms_time.h"

#define EXPIRES_WORDS                                                       \
	"a number of seconds, a duration (\"30d\", \"12h\", \"90m\") or a " \
	"time (\"2030-12-24T18:00:00Z\")"

static bool
is_printable_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static enum fault
read_key(const struct io *io, struct terms *out, struct fault_info *info)
{
	const char *key = io->param(io->ctx, "HTTP_IDEMPOTENCY_KEY");
	size_t len;

	if (key == NULL)
		return FAULT_NONE;
	len = strlen(key);
	if (len < TERMS_KEY_MIN || len > TERMS_KEY_MAX ||
	    !is_printable_ascii(key))
		return fault_set(info, FAULT_BAD_REQUEST,
		    "Idempotency-Key is %d to %d characters of printable "
		    "ASCII that nobody can guess, such as a random UUID.",
		    TERMS_KEY_MIN, TERMS_KEY_MAX);
	memcpy(out->key, key, len + 1);
	return FAULT_NONE;
}

/*
 * The value of a parameter of the query, decoded, into out[size]. A plus stays
 * one: it belongs to a time's offset, and no value that we know has a blank.
 * 0 and "" where it is missing; -1: it is there twice, too long or has a NUL.
 */
static int
query_value(const char *query, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name), len, out_len;
	bool is_there = false;

	out[0] = '\0';
	for (const char *at = query; *at != '\0';
	     at += len + (at[len] == '&')) {
		len = strcspn(at, "&");
		if (len <= name_len || memcmp(at, name, name_len) != 0 ||
		    at[name_len] != '=')
			continue;
		len -= name_len + 1;
		at += name_len + 1;
		if (is_there || len >= size)
			return -1;
		is_there = true;
		memcpy(out, at, len);
		out_len = mime_unpercent(out, len, NULL);
		out[out_len] = '\0';
		if (strlen(out) != out_len)
			return -1;
	}
	return 0;
}

/* The text of `expires`, "" for none, or NULL: it cannot be one. */
static const char *
expires_text(const struct io *io, const struct upload *upload, char *copy,
    size_t size)
{
	if (upload != NULL && upload->expires.is_there)
		return upload->expires.is_spoilt ? NULL : upload->expires.text;
	if (query_value(io_param(io, "QUERY_STRING"), "expires", copy, size) ==
	    -1)
		return NULL;
	return copy;
}

static enum fault
read_expires(const struct io *io, const struct upload *upload, int64_t now,
    struct terms *out, struct fault_info *info)
{
	char copy[64];
	const char *text = expires_text(io, upload, copy, sizeof copy);
	unsigned long long seconds;
	int64_t when;

	if (text != NULL && text[0] == '\0')
		return FAULT_NONE;
	if (text != NULL && number_parse_duration(text, &seconds) == 0)
		when = seconds <= TERMS_EXPIRES_MAX ? now + (int64_t)seconds
						    : INT64_MAX;
	else if (text == NULL || terms_time_parse(text, &when) == -1)
		return fault_set(info, FAULT_BAD_REQUEST,
		    "\"expires\" is given once, as " EXPIRES_WORDS ".");
	if (when <= now)
		return fault_set(info, FAULT_BAD_REQUEST,
		    "\"expires\" is not in the future.");
	if (when - now > TERMS_EXPIRES_MAX)
		return fault_set(info, FAULT_BAD_REQUEST,
		    "\"expires\" is more than ten years away; leave it out "
		    "for photos that stay.");
	out->expires = when;
	return FAULT_NONE;
}

/* The token of a request, or NULL. */
static const char *
find_token(const struct io *io, const struct upload *upload)
{
	const char *token = token_bearer(io);

	if (token != NULL || upload == NULL || !upload->token.is_there)
		return token;
	/* What is spoilt is no token. */
	return upload->token.is_spoilt ? "" : upload->token.text;
}

static enum fault
read_token(const struct io *io, const struct upload *upload,
    const struct secrets *secrets, int64_t now, struct terms *out,
    struct fault_info *info)
{
	const char *token = find_token(io, upload);
	struct grant grant;
	enum fault f;

	if (token == NULL)
		return token_missing(info);
	f = token_check(secrets, token, now, &grant, info);
	if (f == FAULT_NONE && upload != NULL)
		f = token_check_bytes(&grant, upload->bytes, info);
	if (f == FAULT_NONE)
		memcpy(out->owner, grant.owner, sizeof out->owner);
	return f;
}

/*
 * Whom nginx was told about by the site that it asked. The name comes from the
 * site's own server, so that its characters are made fit; but one that was cut
 * could be another's.
 */
static enum fault
read_owner(const struct io *io, struct terms *out, struct fault_info *info)
{
	const char *owner = io_param(io, "THUMB_OWNER");
	char clean[3 * (TERMS_OWNER_MAX + 1) + 1];

	mime_text(owner, strlen(owner), clean, sizeof clean);
	if (strlen(clean) > TERMS_OWNER_MAX) {
		errno = EMSGSIZE;
		return fault_errno(info, "X-Owner");
	}
	memcpy(out->owner, clean, strlen(clean) + 1);
	return FAULT_NONE;
}

enum fault
terms_read(const struct io *io, const struct upload *upload,
    const struct settings *settings, struct terms *out, struct fault_info *info)
{
	struct terms terms = { 0 };
	int64_t now = time(NULL);
	enum fault f = FAULT_NONE;

	if (settings->upload_auth == AUTH_TOKEN)
		f = read_token(io, upload, settings->secrets, now, &terms,
		    info);
	else if (settings->upload_auth == AUTH_REQUEST)
		f = read_owner(io, &terms, info);
	if (f != FAULT_NONE || (f = read_key(io, &terms, info)) != FAULT_NONE ||
	    (f = read_expires(io, upload, now, &terms, info)) != FAULT_NONE)
		return f;
	*out = terms;
	return FAULT_NONE;
}
