#include "config.h"

/*
 * Which of the files that the settings name are made when. Nothing here can
 * fail.
 */

#include "settings.h"

#include <string.h>

static unsigned
all_formats(const struct preset *p)
{
	return (1U << p->n_formats) - 1;
}
_Static_assert(SETTINGS_FORMATS_MAX < 32, "a bit for each format of a preset");

void
wanted_all(const struct settings *s, struct wanted *out)
{
	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < s->n_presets; i++)
		out->formats[i] = all_formats(&s->presets[i]);
}

void
wanted_at_upload(const struct settings *s, struct wanted *out)
{
	memset(out, 0, sizeof *out);
	for (unsigned i = 0; i < s->n_presets; i++)
		out->formats[i] =
		    s->presets[i].eager ? all_formats(&s->presets[i]) : 1;
}

bool
wanted_is_empty(const struct wanted *w)
{
	for (unsigned i = 0; i < SETTINGS_PRESETS_MAX; i++)
		if (w->formats[i] != 0)
			return false;
	return true;
}
