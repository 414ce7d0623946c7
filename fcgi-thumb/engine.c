#include "config.h"

/* The engines' names. What they can do is not known here. */

#include "engine.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[ENGINE_MAGICK] = "magick",
	[ENGINE_PLANES] = "planes",
};
_Static_assert(sizeof names / sizeof names[0] == ENGINE_COUNT,
    "every engine has its name");

const char *
engine_name(enum engine engine)
{
	return names[engine];
}

enum engine
engine_named(const char *name)
{
	unsigned i = 0;

	while (
	    i < ENGINE_COUNT && (name == NULL || strcmp(name, names[i]) != 0))
		i++;
	return (enum engine)i;
}

bool
engine_is_built(enum engine engine)
{
#ifdef HAVE_PLANE_LANE
	return engine < ENGINE_COUNT;
#else
	return engine == ENGINE_MAGICK;
#endif
}
