#include "config.h"

/*
 * What the planes are read, scaled and written with. z.lib says it of what is
 * loaded; libjpeg has only its headers' word for it.
 */

#include "planes.h"

#include <stdio.h>

#include <jpeglib.h>
#include <zimg.h>

#define TEXT(x) #x
#define TEXT_OF(macro) TEXT(macro)

#ifdef LIBJPEG_TURBO_VERSION
#define LIBJPEG TEXT_OF(LIBJPEG_TURBO_VERSION)
#else
#define LIBJPEG TEXT_OF(JPEG_LIB_VERSION)
#endif

void
planes_version(char *out, size_t size)
{
	unsigned major, minor, micro;

	zimg_get_version_info(&major, &minor, &micro);
	(void)snprintf(out, size, "libjpeg %s, z.lib %u.%u.%u", LIBJPEG, major,
	    minor, micro);
}
