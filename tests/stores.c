#include "config.h"

#include "stores.h"

#include <stdio.h>

#include "support.h"

static char no_text[] = "";

void
stores_prepare(char data[STORE_PATH_MAX])
{
	char why[300];

	(void)snprintf(data, STORE_PATH_MAX, "%s/store", tempdir_path());
	ck_assert_msg(store_prepare(data, why, sizeof why) == 0, "%s", why);
}

struct store *
stores_open(const char *data)
{
	char why[300];
	struct store *s = store_open(data, why, sizeof why);

	ck_assert_msg(s != NULL, "%s", why);
	return s;
}

struct settings
stores_settings(void)
{
	struct settings s = { .prefix = no_text,
		.public_url = no_text,
		.n_presets = 2 };

	s.presets[0] = (struct preset){ .name = "large",
		.recipe = "00000001",
		.formats = { FORMAT_JPEG, FORMAT_WEBP },
		.n_formats = 2 };
	s.presets[1] = (struct preset){ .name = "small",
		.recipe = "00000002",
		.formats = { FORMAT_JPEG },
		.n_formats = 1 };
	return s;
}
