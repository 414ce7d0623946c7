#ifndef FT_NGINXCONF_INTERNAL_H
#define FT_NGINXCONF_INTERNAL_H

#include <stdbool.h>

#include "buf.h"
#include "settings.h"

/* The parts of nginxconf to one another. */

/* What "@each NAME@" goes through. */
enum nginxconf_list {
	LIST_NONE,
	LIST_PRESETS,
	LIST_ORIGINS,
	LIST_PROXIES,
	LIST_SLOTS,
	LIST_RELEASE_SLOTS
};

/* Where in a template a name stands. */
struct nginxconf_place {
	const struct settings *settings;
	unsigned port;            /* 0: none */
	enum nginxconf_list list; /* LIST_NONE outside of @each@ */
	unsigned item;            /* of the list */
};

/* The list of that name; LIST_NONE if there is none. */
enum nginxconf_list nginxconf_list(const char *name);

/* How many items it has. */
unsigned nginxconf_items(const struct settings *settings,
    enum nginxconf_list list);

/*
 * Append the value of a name, as it is: nothing for an item past the list's
 * end. False if the name is unknown at this place.
 */
bool nginxconf_put(const struct nginxconf_place *place, const char *name,
    struct buf *out);

/* The same for what is known only of an item of the place's list. */
bool nginxconf_put_item(const struct nginxconf_place *place, const char *name,
    struct buf *out);

/* cors_origins is "*", which is no list. */
bool nginxconf_is_any_origin(const struct settings *settings);

/*
 * Append a text as a regular expression that means just it. Prefixes and
 * origins have no other characters that mean more than a dot and brackets,
 * and a class of one needs no backslash.
 */
void nginxconf_put_regex(const char *text, size_t len, struct buf *out);

#endif
