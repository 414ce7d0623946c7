#include "config.h"

/*
 * Answers of the service and of its nginx, told apart by their code: 503 is
 * that of a full queue and of a broken disk. What another server answers is
 * looked at with the same care.
 */

#include "stress_answer.h"

#include <jansson.h>
#include <string.h>

/* True where all times are there. */
static bool
read_phases(const json_t *timing, double out[STRESS_PHASES])
{
	for (enum stress_phase p = STRESS_QUEUE; p < STRESS_PHASES; p++) {
		const json_t *ms =
		    json_object_get(timing, stress_phase_name(p));

		if (!json_is_number(ms) || json_number_value(ms) < 0)
			return false;
		out[p] = json_number_value(ms);
	}
	return true;
}

/* One that was there already, and so was not decoded, measures nothing. */
static bool
read_photo(const json_t *document, double out[STRESS_PHASES])
{
	const json_t *photo =
	    json_array_get(json_object_get(document, "photos"), 0);
	const char *status =
	    json_string_value(json_object_get(photo, "status"));

	return status != NULL && strcmp(status, "created") == 0 &&
	    read_phases(json_object_get(photo, "timing_ms"), out);
}

static bool
has_code(const json_t *document, const char *code)
{
	const char *is = json_string_value(json_object_get(document, "code"));

	return is != NULL && strcmp(is, code) == 0;
}

static enum stress_loss
loss_of(unsigned status, const json_t *document)
{
	switch (status) {
	case 429:
		return STRESS_RATE_LIMITED;
	case 503:
		return has_code(document, "overloaded") ? STRESS_OVERLOADED
							: STRESS_BROKEN;
	case 507:
		return STRESS_FULL;
	case 504:
	case 0:
		return STRESS_SLOW;
	default:
		return STRESS_BROKEN;
	}
}

/* It goes into a header. */
static bool
is_token(const char *text)
{
	return *text != '\0' &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz234567")] == '\0';
}

void
stress_answer_read(struct stress_answer *out, unsigned status, const char *text,
    size_t len)
{
	json_t *document = json_loadb(text, len, 0, NULL);

	*out = (struct stress_answer){ 0 };
	if ((status == 200 || status == 201) &&
	    receipt_parse(text, len, &out->receipt, 1) == 1 &&
	    is_token(out->receipt.token)) {
		out->is_taken = read_photo(document, out->phases);
	} else {
		out->receipt = (struct receipt){ 0 };
		/* A worker can be lost, or too slow, after it has published. */
		out->is_unsure = status == 0 || status < 400 || status == 500 ||
		    status == 502 || status == 504;
	}
	if (!out->is_taken)
		out->loss = loss_of(status, document);
	json_decref(document);
}
