#ifndef FT_LANGUAGE_H
#define FT_LANGUAGE_H

/*
 * The languages that pages speak. Which one a person reads is decided in one
 * place, nginx's map of Accept-Language, and told to the workers.
 */
enum language {
	LANGUAGE_EN,
	LANGUAGE_KO,
	LANGUAGE_COUNT
};

/* "ko": for the lang of a page, and as nginx tells it. */
const char *language_tag(enum language language);

/* The language of a tag; English for NULL and whatever else is none of ours. */
enum language language_parse(const char *tag);

#endif
