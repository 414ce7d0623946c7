#include "config.h"

/*
 * Reads what reply.c has written once. It has been in a client's hands since:
 * an id becomes a path, so that none but a valid one leaves this module.
 */

#include "receipt.h"

#include <jansson.h>
#include <string.h>

/* 1 and *out, 0 where it tells of no claim, -1 where it is no photo. */
static int
take(const json_t *photo, struct receipt *out)
{
	const json_t *id = json_object_get(photo, "id");
	const json_t *token = json_object_get(photo, "delete_token");

	if (!json_is_object(photo))
		return -1;
	if (id == NULL)
		return 0;
	if (!json_is_string(id) || !photo_id_is_valid(json_string_value(id)))
		return -1;
	*out = (struct receipt){ 0 };
	memcpy(out->id, json_string_value(id), sizeof out->id);
	if (json_string_length(token) < sizeof out->token &&
	    json_is_string(token))
		memcpy(out->token, json_string_value(token),
		    json_string_length(token));
	return 1;
}

static unsigned
take_all(const json_t *photos, struct receipt *out, unsigned max)
{
	unsigned n = 0;

	for (size_t i = 0; i < json_array_size(photos); i++) {
		struct receipt one;
		int rc = take(json_array_get(photos, i), &one);

		if (rc == -1 || (rc == 1 && n == max))
			return 0;
		if (rc == 1)
			out[n++] = one;
	}
	return n;
}

unsigned
receipt_parse(const char *text, size_t len, struct receipt *out, unsigned max)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	unsigned n = take_all(json_object_get(json, "photos"), out, max);

	json_decref(json);
	return n;
}
