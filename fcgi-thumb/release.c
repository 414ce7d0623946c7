#include "config.h"

/*
 * Names of releases, and how each kind of value stands in JSON, for the state
 * and for the history alike.
 */

#include "release.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "mime.h"
#include "release_internal.h"
#include "terms_time.h"

#define NELEM(array) (sizeof(array) / sizeof(array)[0])
#define BASE32 "abcdefghijklmnopqrstuvwxyz234567"
#define NAME_CHARACTERS              \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+~_-"

/* sun_path with its NUL: unix(7). */
#define SOCKET_PATH_MAX 108

static const char *const hows[] = {
	[RELEASE_NONE] = "",
	[RELEASE_SWITCH] = "switch",
	[RELEASE_ROLLOUT] = "rollout",
	[RELEASE_CANARY] = "canary",
	[RELEASE_ROLLBACK] = "rollback",
	[RELEASE_AB] = "ab",
};
_Static_assert(NELEM(hows) == RELEASE_HOW_COUNT, "every way has its name");

const char *
release_how_name(enum release_how how)
{
	return hows[how];
}

/* ---- names ---- */

enum release_slot
release_other(enum release_slot slot)
{
	return slot == SLOT_BLUE ? SLOT_GREEN : SLOT_BLUE;
}

enum release_slot
release_slot_parse(const char *text)
{
	if (strcmp(text, settings_slot_name(SLOT_BLUE)) == 0)
		return SLOT_BLUE;
	if (strcmp(text, settings_slot_name(SLOT_GREEN)) == 0)
		return SLOT_GREEN;
	return SLOT_NONE;
}

bool
release_version_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < RELEASE_VERSION_MAX && name[0] != '.' &&
	    name[0] != '-' && strspn(name, NAME_CHARACTERS) == len;
}

int
release_run_dir(const struct settings *main_settings, enum release_slot slot,
    char *out, size_t out_size)
{
	int len;

	if (slot == SLOT_NONE)
		len = snprintf(out, out_size, "%s", main_settings->run);
	else
		len = snprintf(out, out_size, "%s/%s", main_settings->run,
		    settings_slot_name(slot));
	if (len >= 0 && (size_t)len < out_size &&
	    (size_t)len + sizeof "/control.sock" <= SOCKET_PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

int
release_new_id(char out[RELEASE_ID_LEN + 1])
{
	return random_name(out, RELEASE_ID_LEN);
}

int
release_open_dir(const char *release_dir)
{
	return open(release_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

unsigned
release_share(const struct release_state *state, enum release_slot slot)
{
	const struct release_run *run = &state->run;

	if (run->how == RELEASE_NONE)
		return slot == state->active ? RELEASE_ALL : 0;
	if (slot == run->to)
		return run->share;
	return slot == run->from ? RELEASE_ALL - run->share : 0;
}

/* ---- out of JSON ---- */

void
release_blame(struct release_reader *r, const char *key, const char *words)
{
	if (r->why[0] == '\0')
		(void)snprintf(r->why, r->why_size, "%s %s", key, words);
}

/* The text of a key; NULL: not there, or none, which is said. */
static const char *
text_of(struct release_reader *r, const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	if (value != NULL && !json_is_string(value))
		release_blame(r, key, "is no text");
	return json_string_value(value);
}

void
release_get_slot(struct release_reader *r, const json_t *o, const char *key,
    enum release_slot *out)
{
	const char *text = text_of(r, o, key);

	*out = text != NULL ? release_slot_parse(text) : SLOT_NONE;
	if (text != NULL && strcmp(text, settings_slot_name(*out)) != 0)
		release_blame(r, key, "is no slot");
}

void
release_get_how(struct release_reader *r, const json_t *o, const char *key,
    enum release_how *out)
{
	const char *text = text_of(r, o, key);

	*out = RELEASE_NONE;
	for (enum release_how how = 0; text != NULL && how < RELEASE_HOW_COUNT;
	     how++)
		if (strcmp(text, hows[how]) == 0)
			*out = how;
	if (text != NULL && strcmp(text, hows[*out]) != 0)
		release_blame(r, key, "is no way to release");
}

void
release_get_time(struct release_reader *r, const json_t *o, const char *key,
    int64_t *out)
{
	const char *text = text_of(r, o, key);

	*out = 0;
	if (text != NULL && terms_time_parse_ms(text, out) == -1)
		release_blame(r, key, "is no time");
}

void
release_get_count(struct release_reader *r, const json_t *o, const char *key,
    unsigned max, unsigned *out)
{
	const json_t *value = json_object_get(o, key);
	json_int_t n = json_integer_value(value);

	*out = 0;
	if (value == NULL)
		return;
	if (!json_is_integer(value) || n < 0 || n > (json_int_t)max)
		release_blame(r, key, "is no such number");
	else
		*out = (unsigned)n;
}

void
release_get_flag(struct release_reader *r, const json_t *o, const char *key,
    bool *out)
{
	const json_t *value = json_object_get(o, key);

	*out = json_is_true(value);
	if (value != NULL && !json_is_boolean(value))
		release_blame(r, key, "is neither true nor false");
}

void
release_get_text(struct release_reader *r, const json_t *o, const char *key,
    char *out, size_t size)
{
	const char *text = text_of(r, o, key);

	mime_text(text != NULL ? text : "", text != NULL ? strlen(text) : 0,
	    out, size);
}

void
release_get_version(struct release_reader *r, const json_t *o, const char *key,
    char out[RELEASE_VERSION_MAX])
{
	const char *text = text_of(r, o, key);

	out[0] = '\0';
	if (text == NULL || text[0] == '\0')
		return;
	if (release_version_is_valid(text))
		(void)snprintf(out, RELEASE_VERSION_MAX, "%s", text);
	else
		release_blame(r, key, "is no version");
}

void
release_get_digest(struct release_reader *r, const json_t *o, const char *key,
    char out[DIGEST_HEX_LEN + 1])
{
	const char *text = text_of(r, o, key);

	out[0] = '\0';
	if (text == NULL || text[0] == '\0')
		return;
	if (digest_hex_is_valid(text))
		memcpy(out, text, DIGEST_HEX_LEN + 1);
	else
		release_blame(r, key, "is no digest");
}

void
release_get_id(struct release_reader *r, const json_t *o, const char *key,
    char out[RELEASE_ID_LEN + 1])
{
	const char *text = text_of(r, o, key);

	out[0] = '\0';
	if (text == NULL || text[0] == '\0')
		return;
	if (strlen(text) == RELEASE_ID_LEN &&
	    strspn(text, BASE32) == RELEASE_ID_LEN)
		memcpy(out, text, RELEASE_ID_LEN + 1);
	else
		release_blame(r, key, "is no release's id");
}

/* ---- into JSON ---- */

void
release_set(json_t *o, const char *key, json_t *value)
{
	(void)json_object_set_new(o, key, value);
}

void
release_set_text(json_t *o, const char *key, const char *text)
{
	char clean[1024];

	mime_text(text, strlen(text), clean, sizeof clean);
	if (clean[0] != '\0')
		release_set(o, key, json_string(clean));
}

void
release_set_time(json_t *o, const char *key, int64_t ms)
{
	char text[TERMS_TIME_MAX];

	if (ms <= 0)
		return;
	terms_time_text(ms, text);
	release_set(o, key, json_string(text));
}

void
release_set_slot(json_t *o, const char *key, enum release_slot slot)
{
	release_set(o, key, json_string(settings_slot_name(slot)));
}
