#include "config.h"

#include "profiles.h"

#include <check.h>
#include <stdlib.h>

struct icc
icc_take(cmsHPROFILE profile)
{
	struct icc icc;
	cmsUInt32Number len = 0;

	ck_assert_ptr_nonnull(profile);
	ck_assert(cmsSaveProfileToMem(profile, NULL, &len));
	icc.data = malloc(len);
	icc.len = len;
	ck_assert_ptr_nonnull(icc.data);
	ck_assert(cmsSaveProfileToMem(profile, icc.data, &len));
	cmsCloseProfile(profile);
	return icc;
}

struct icc
icc_srgb(void)
{
	return icc_take(cmsCreate_sRGBProfile());
}

struct icc
icc_display_p3(void)
{
	static const cmsCIExyY white = { 0.3127, 0.3290, 1 };
	static const cmsCIExyYTRIPLE primaries = { { 0.680, 0.320, 1 },
		{ 0.265, 0.690, 1 }, { 0.150, 0.060, 1 } };
	/* The curve of IEC 61966-2-1. */
	static const cmsFloat64Number curve[5] = { 2.4, 1 / 1.055,
		0.055 / 1.055, 1 / 12.92, 0.04045 };
	cmsToneCurve *tone = cmsBuildParametricToneCurve(NULL, 4, curve);
	cmsToneCurve *tones[3] = { tone, tone, tone };
	struct icc icc =
	    icc_take(cmsCreateRGBProfile(&white, &primaries, tones));

	cmsFreeToneCurve(tone);
	return icc;
}

struct icc
icc_gray(double gamma)
{
	cmsToneCurve *tone = cmsBuildGamma(NULL, gamma);
	struct icc icc = icc_take(cmsCreateGrayProfile(cmsD50_xyY(), tone));

	cmsFreeToneCurve(tone);
	return icc;
}

static cmsInt32Number
press(const cmsUInt16Number in[], cmsUInt16Number out[], void *context)
{
	double ink = (in[0] + in[1] + in[2]) / 3.0 / 65535;
	double black = in[3] / 65535.0;

	(void)context;
	/* Version 2's Lab: L* 100 is 0xff00, and 0x8000 is neutral. */
	out[0] = (cmsUInt16Number)(0xff00 * (1 - ink) * (1 - black));
	out[1] = out[2] = 0x8000;
	return 1;
}

/* A press of gray inks, which makes any mix of them a neutral colour. */
struct icc
icc_cmyk(void)
{
	cmsHPROFILE profile = cmsCreateProfilePlaceholder(NULL);
	cmsPipeline *pipeline = cmsPipelineAlloc(NULL, 4, 3);
	cmsStage *table = cmsStageAllocCLut16bit(NULL, 9, 4, 3, NULL);

	cmsSetProfileVersion(profile, 2.1);
	cmsSetDeviceClass(profile, cmsSigOutputClass);
	cmsSetColorSpace(profile, cmsSigCmykData);
	cmsSetPCS(profile, cmsSigLabData);
	ck_assert(cmsStageSampleCLut16bit(table, press, NULL, 0));
	ck_assert(cmsPipelineInsertStage(pipeline, cmsAT_BEGIN, table));
	ck_assert(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline));
	cmsPipelineFree(pipeline);
	return icc_take(profile);
}
