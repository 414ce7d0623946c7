#include "config.h"

#include "language.h"

#include <stddef.h>
#include <string.h>

static const char *const tags[] = {
	[LANGUAGE_EN] = "en",
	[LANGUAGE_KO] = "ko",
};
_Static_assert(sizeof tags / sizeof tags[0] == LANGUAGE_COUNT,
    "every language has its tag");

const char *
language_tag(enum language language)
{
	return tags[language];
}

enum language
language_parse(const char *tag)
{
	enum language language = LANGUAGE_COUNT - 1;

	while (language > LANGUAGE_EN &&
	    (tag == NULL || strcmp(tags[language], tag) != 0))
		language--;
	return language;
}
