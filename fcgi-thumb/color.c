#include "config.h"

/*
 * The way from an embedded profile to sRGB. Profiles come from strangers:
 * whatever lcms2 does not take is reported as unusable, and the photo is shown
 * as if it had none. Refuses to know where pixels and profiles come from.
 */

#include "color.h"

#include <lcms2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Pixels of one call of lcms2, whose count is 32 bits wide. */
#define CHUNK_PIXELS ((size_t)1 << 24)

/* Colours along each axis of the cube that decides on COLOR_IS_SRGB. */
#define PROBE_STEPS 9

struct color {
	cmsHTRANSFORM transform;
	size_t in_size;  /* bytes of a pixel */
	size_t out_size; /* bytes of a pixel */
	unsigned users;
};

/*
 * What came of the last profiles. To prepare a way takes as long as a twentieth
 * of a photo, and there are few makes of cameras. The oldest makes room.
 */
struct known {
	void *icc; /* owned; NULL: there is none yet */
	size_t len;
	enum color_model model;
	enum color_verdict verdict;
	struct color *color; /* has this as a user; NULL: no way is needed */
};

#define KNOWN 4
static struct {
	struct known profile[KNOWN];
	unsigned next;
} kept;

/* What is larger is rare, and each one another. */
#define KEPT_MAX ((size_t)64 * 1024)

struct layout {
	cmsColorSpaceSignature space;
	cmsUInt32Number in, out;
	size_t in_size, out_size;
};

static const struct layout layouts[] = {
	[COLOR_RGB8] = { cmsSigRgbData, TYPE_RGB_8, TYPE_RGB_8, 3, 3 },
	[COLOR_RGB16] = { cmsSigRgbData, TYPE_RGB_16, TYPE_RGB_16, 6, 6 },
	[COLOR_CMYK16] = { cmsSigCmykData, TYPE_CMYK_16, TYPE_RGB_16, 8, 6 },
	[COLOR_GRAY16] = { cmsSigGrayData, TYPE_GRAY_16, TYPE_RGB_16, 2, 6 },
};

static cmsHPROFILE
open_profile(const void *icc, size_t len)
{
	if (icc == NULL || len == 0 || len > COLOR_PROFILE_MAX)
		return NULL;
	return cmsOpenProfileFromMem(icc, (cmsUInt32Number)len);
}

/* Does it describe the colours of pictures? Links and named colours do not. */
static bool
is_of_pictures(cmsHPROFILE profile)
{
	cmsProfileClassSignature class = cmsGetDeviceClass(profile);

	return class == cmsSigInputClass || class == cmsSigDisplayClass ||
	    class == cmsSigOutputClass || class == cmsSigColorSpaceClass;
}

static cmsHTRANSFORM
open_transform(cmsHPROFILE from, const struct layout *layout)
{
	cmsHPROFILE srgb = cmsCreate_sRGBProfile();
	cmsHTRANSFORM transform = NULL;

	if (srgb != NULL)
		transform = cmsCreateTransform(from, layout->in, srgb,
		    layout->out, INTENT_RELATIVE_COLORIMETRIC,
		    cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE);
	if (srgb != NULL)
		(void)cmsCloseProfile(srgb);
	return transform;
}

static bool
is_near(cmsHTRANSFORM transform, enum color_model model, const uint16_t in[3])
{
	uint16_t wide[3];
	uint8_t narrow[3], out[3];

	if (model != COLOR_RGB8) {
		cmsDoTransform(transform, in, wide, 1);
		for (unsigned c = 0; c < 3; c++)
			if (abs(wide[c] - in[model == COLOR_GRAY16 ? 0 : c]) >
			    257)
				return false;
		return true;
	}
	for (unsigned c = 0; c < 3; c++)
		narrow[c] = (uint8_t)(in[c] / 257);
	cmsDoTransform(transform, narrow, out, 1);
	for (unsigned c = 0; c < 3; c++)
		if (abs(out[c] - narrow[c]) > 1)
			return false;
	return true;
}

/*
 * Most profiles in photos are sRGB under many names and in many versions:
 * asking what the transform does finds them all.
 */
static bool
changes_nothing(cmsHTRANSFORM transform, enum color_model model)
{
	const unsigned steps = PROBE_STEPS;
	const unsigned n = steps * steps * steps;

	if (model == COLOR_CMYK16)
		return false;
	for (unsigned i = 0; i < n; i++) {
		const unsigned at[3] = { i % steps, i / steps % steps,
			i / steps / steps };
		uint16_t in[3];

		for (unsigned c = 0; c < 3; c++)
			in[c] = (uint16_t)(at[c] * 255 / (steps - 1) * 257);
		if (!is_near(transform, model, in))
			return false;
	}
	return true;
}

static enum color_verdict
prepare(const void *icc, size_t len, enum color_model model, struct color **out)
{
	const struct layout *layout = &layouts[model];
	cmsHPROFILE profile = open_profile(icc, len);
	enum color_verdict verdict = COLOR_UNUSABLE;
	cmsHTRANSFORM transform = NULL;
	struct color *c = NULL;

	if (profile == NULL || !is_of_pictures(profile) ||
	    cmsGetColorSpace(profile) != layout->space)
		goto out;
	transform = open_transform(profile, layout);
	if (transform == NULL)
		goto out;
	if (changes_nothing(transform, model)) {
		verdict = COLOR_IS_SRGB;
		goto out;
	}
	c = malloc(sizeof *c);
	if (c == NULL)
		goto out;
	c->transform = transform;
	c->in_size = layout->in_size;
	c->out_size = layout->out_size;
	c->users = 1;
	transform = NULL;
	*out = c;
	verdict = COLOR_CONVERTS;
out:
	if (transform != NULL)
		cmsDeleteTransform(transform);
	if (profile != NULL)
		(void)cmsCloseProfile(profile);
	return verdict;
}

static const struct known *
find(const void *icc, size_t len, enum color_model model)
{
	for (unsigned i = 0; i < KNOWN; i++) {
		const struct known *k = &kept.profile[i];

		if (k->icc != NULL && k->model == model && k->len == len &&
		    memcmp(k->icc, icc, len) == 0)
			return k;
	}
	return NULL;
}

static void
keep(const void *icc, size_t len, enum color_model model,
    enum color_verdict verdict, struct color *color)
{
	struct known *k = &kept.profile[kept.next];
	void *copy = len <= KEPT_MAX ? malloc(len) : NULL;

	if (copy == NULL)
		return;
	memcpy(copy, icc, len);
	free(k->icc);
	color_free(k->color);
	*k = (struct known){ copy, len, model, verdict, color };
	if (color != NULL)
		color->users++;
	kept.next = (kept.next + 1) % KNOWN;
}

enum color_verdict
color_new(const void *icc, size_t len, enum color_model model,
    struct color **out)
{
	const struct known *k = icc != NULL ? find(icc, len, model) : NULL;
	struct color *color = NULL;
	enum color_verdict verdict;

	if (k != NULL) {
		if (k->color != NULL)
			k->color->users++;
		color = k->color;
		verdict = k->verdict;
	} else {
		verdict = prepare(icc, len, model, &color);
		/* Another time memory may not be short. */
		if (verdict != COLOR_UNUSABLE)
			keep(icc, len, model, verdict, color);
	}
	if (verdict == COLOR_CONVERTS)
		*out = color;
	return verdict;
}

void
color_convert(const struct color *c, const void *in, void *out, size_t n)
{
	const unsigned char *from = in;
	unsigned char *to = out;

	while (n > 0) {
		size_t part = n < CHUNK_PIXELS ? n : CHUNK_PIXELS;

		cmsDoTransform(c->transform, from, to, (cmsUInt32Number)part);
		from += part * c->in_size;
		to += part * c->out_size;
		n -= part;
	}
}

void
color_free(struct color *c)
{
	if (c == NULL || --c->users > 0)
		return;
	cmsDeleteTransform(c->transform);
	free(c);
}

unsigned
color_channels(const void *icc, size_t len)
{
	cmsHPROFILE profile = open_profile(icc, len);
	unsigned channels = 0;

	if (profile == NULL)
		return 0;
	switch ((int)cmsGetColorSpace(profile)) {
	case cmsSigGrayData:
		channels = 1;
		break;
	case cmsSigRgbData:
		channels = 3;
		break;
	case cmsSigCmykData:
		channels = 4;
		break;
	}
	(void)cmsCloseProfile(profile);
	return channels;
}
