#include "config.h"

/* Lines to means, and means to differences. */

#include "ab.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "terms_time.h"
#include "verdict.h"

#define Z_INTERVAL 1.959964 /* 95 %, on both sides */

/* ---- means ---- */

void
ab_mean_take(struct ab_mean *m, double value)
{
	double before = value - m->mean;

	m->n++;
	m->mean += before / (double)m->n;
	m->squares += before * (value - m->mean);
}

/* Of the mean: what it would be off by, squared. */
static double
variance(const struct ab_mean *m)
{
	return m->squares / ((double)m->n - 1) / (double)m->n;
}

/*
 * The 97.5 % point of Student's distribution, by its expansion in the bell's
 * (Fisher and Cornish; Abramowitz and Stegun 26.7.5): from 4 degrees on it is
 * right to the third digit.
 */
static double
student(double degrees)
{
	const double z = Z_INTERVAL, z2 = z * z;
	const double terms[] = {
		(z2 + 1) / 4,
		((5 * z2 + 16) * z2 + 3) / 96,
		(((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
		((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) /
		    92160,
	};
	double sum = 1, power = 1;

	for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
		power *= degrees;
		sum += terms[i] / power;
	}
	return z * sum;
}

void
ab_welch(const struct ab_mean *a, const struct ab_mean *b,
    struct ab_interval *out)
{
	double va, vb, both, degrees, half = 0;

	*out = (struct ab_interval){ 0 };
	if (a->n < AB_LEAST || b->n < AB_LEAST)
		return;
	va = variance(a);
	vb = variance(b);
	both = va + vb;
	/* Where all values are the same nothing is left to chance. */
	if (both > 0) {
		degrees = both * both /
		    (va * va / ((double)a->n - 1) +
			vb * vb / ((double)b->n - 1));
		half = student(degrees) * sqrt(both);
	}
	out->known = true;
	out->difference = b->mean - a->mean;
	out->low = out->difference - half;
	out->high = out->difference + half;
}

void
ab_find(const struct ab *ab, struct ab_findings *out)
{
	const struct ab_arm *a = &ab->arms[AB_A], *b = &ab->arms[AB_B];

	ab_welch(&a->bytes, &b->bytes, &out->bytes);
	ab_welch(&a->ms, &b->ms, &out->ms);
	out->errors = (struct ab_interval){ 0 };
	if (a->requests == 0 || b->requests == 0)
		return;
	out->errors.known = true;
	out->errors.difference = (double)b->errors / (double)b->requests -
	    (double)a->errors / (double)a->requests;
	verdict_difference(a->errors, a->requests, b->errors, b->requests,
	    Z_INTERVAL, &out->errors.low, &out->errors.high);
}

/* ---- lines ---- */

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* NULL: of neither. The service without slots names none. */
static struct ab_arm *
arm_of(struct ab *ab, const json_t *line)
{
	const char *slot = text_of(line, "slot");

	if (slot[0] == '\0')
		slot = settings_slot_name(SLOT_NONE);
	for (unsigned i = 0; i < AB_ARMS; i++)
		if (strcmp(slot, settings_slot_name(ab->arms[i].slot)) == 0)
			return &ab->arms[i];
	return NULL;
}

static bool
is_upload(const struct ab *ab, const json_t *line)
{
	const char *method = text_of(line, "method");
	const char *uri = text_of(line, "uri");
	size_t len = strlen(ab->prefix);

	return (strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) &&
	    strncmp(uri, ab->prefix, len) == 0 &&
	    strcmp(uri + len, "/upload") == 0;
}

static bool
is_of_now(const struct ab *ab, const json_t *line)
{
	int64_t ms;

	return terms_time_parse_ms(text_of(line, "time"), &ms) == 0 &&
	    ms >= ab->from;
}

static void
take_photo(struct ab_arm *arm, const json_t *photo)
{
	const json_t *thumbnails = json_object_get(photo, "thumbnails");
	json_t *phases = json_object_get(photo, "ms");
	json_int_t ms = 0;
	const char *key;
	json_t *value;

	if (strcmp(text_of(photo, "status"), "created") != 0 ||
	    !json_is_integer(thumbnails))
		return;
	json_object_foreach(phases, key, value)
	{
		ms += json_integer_value(value);
	}
	if (ms < 0 || ms > UINT32_MAX)
		return;
	ab_mean_take(&arm->bytes, (double)json_integer_value(thumbnails));
	ab_mean_take(&arm->ms, (double)ms);
	slo_times_take(&arm->times, (uint32_t)ms);
}

static void
take_object(struct ab *ab, const json_t *line)
{
	const json_t *status = json_object_get(line, "status");
	const json_t *photos = json_object_get(line, "photos");
	struct ab_arm *arm = arm_of(ab, line);
	const json_t *photo;
	size_t i;

	if (arm == NULL || !json_is_integer(status) || !is_upload(ab, line) ||
	    !is_of_now(ab, line) ||
	    json_is_true(json_object_get(line, "probe")))
		return;
	arm->requests++;
	arm->errors += json_integer_value(status) >= 500;
	json_array_foreach(photos, i, photo)
	{
		take_photo(arm, photo);
	}
}

void
ab_take_line(struct ab *ab, const char *line, size_t len)
{
	static const char wanted[] = "/upload\"";
	json_t *object;

	/* The service's words, and what it did but uploads. */
	if (len == 0 || line[0] != '{' ||
	    memmem(line, len, wanted, sizeof wanted - 1) == NULL)
		return;
	object = json_loadb(line, len, 0, NULL);
	if (object != NULL)
		take_object(ab, object);
	json_decref(object);
}
