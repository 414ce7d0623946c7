#ifndef FT_TESTS_PROFILES_H
#define FT_TESTS_PROFILES_H

#include <lcms2.h>
#include <stddef.h>

/* Colour profiles for the tests, made from numbers. free() their data. */
struct icc {
	void *data;
	size_t len;
};

struct icc icc_srgb(void);
struct icc icc_display_p3(void);
/* Gray of this gamma, white D50. */
struct icc icc_gray(double gamma);
/*
 * A press whose four inks are gray: L* is 100 times what the mean of the first
 * three leaves, times what the fourth leaves.
 */
struct icc icc_cmyk(void);

/* The bytes of a profile, which is closed. */
struct icc icc_take(cmsHPROFILE profile);

#endif
