#include "config.h"

/*
 * The lists that a template may go through with @each@, and what is known of
 * each item.
 */

#include "nginxconf_internal.h"

#include <string.h>

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

void
nginxconf_put_regex(const char *text, size_t len, struct buf *b)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(".[]", text[i]) != NULL)
			buf_printf(b, "[%c]", text[i]);
		else
			buf_add(b, text + i, 1);
}

bool
nginxconf_is_any_origin(const struct settings *settings)
{
	return strcmp(settings->cors_origins, "*") == 0;
}

/* The item of a text with newlines between its items, and its length. */
static const char *
text_item(const char *list, unsigned i, size_t *len)
{
	for (; i > 0 && *list != '\0'; i--) {
		list += strcspn(list, "\n");
		list += *list == '\n';
	}
	*len = strcspn(list, "\n");
	return list;
}

static void
put_preset(const struct settings *s, unsigned i, struct buf *b)
{
	buf_puts(b, s->presets[i].name);
}

static void
put_preset_formats(const struct settings *s, unsigned i, struct buf *b)
{
	const struct preset *p = &s->presets[i];

	for (unsigned j = 0; j < p->n_formats; j++)
		buf_printf(b, "%s%s", j > 0 ? " " : "",
		    format_spec(p->formats[j])->ext);
}

static void
put_origin_regex(const struct settings *s, unsigned i, struct buf *b)
{
	size_t len;
	const char *origin = text_item(s->cors_origins, i, &len);

	nginxconf_put_regex(origin, len, b);
}

static void
put_proxy(const struct settings *s, unsigned i, struct buf *b)
{
	size_t len;
	const char *proxy = text_item(s->trusted_proxies, i, &len);

	buf_add(b, proxy, len);
}

/* ---- slots: the service without, and with releases the two beside ---- */

static const char *
slot_name(unsigned i)
{
	return settings_slot_name((enum release_slot)i);
}

static void
put_slot(const struct settings *s, unsigned i, struct buf *b)
{
	(void)s;
	if (i < SLOT_COUNT)
		buf_puts(b, slot_name(i));
}

static void
put_release_slot(const struct settings *s, unsigned i, struct buf *b)
{
	put_slot(s, i + 1, b);
}

/*
 * Where a slot's sockets are (release_run_dir). The settings may be a slot's own,
 * whose run is below that of the others.
 */
static void
put_slot_run(const struct settings *s, unsigned i, struct buf *b)
{
	const char *own = slot_name(s->slot);
	size_t len = strlen(s->run), own_len = strlen(own);

	if (s->slot != SLOT_NONE && len > own_len &&
	    s->run[len - own_len - 1] == '/' &&
	    strcmp(s->run + len - own_len, own) == 0)
		len -= own_len + 1;
	buf_add(b, s->run, len);
	if (i != SLOT_NONE && i < SLOT_COUNT)
		buf_printf(b, "/%s", slot_name(i));
}

/* ---- the lists ---- */

static unsigned
text_items(const char *list)
{
	unsigned n = 0;

	for (const char *p = list; p != NULL && *p != '\0'; n++) {
		p = strchr(p, '\n');
		if (p != NULL)
			p++;
	}
	return n;
}

unsigned
nginxconf_items(const struct settings *settings, enum nginxconf_list list)
{
	switch (list) {
	case LIST_PRESETS:
		return settings->n_presets;
	case LIST_ORIGINS:
		return nginxconf_is_any_origin(settings)
		    ? 0
		    : text_items(settings->cors_origins);
	case LIST_PROXIES:
		return text_items(settings->trusted_proxies);
	case LIST_SLOTS:
		return settings->releases ? SLOT_COUNT : 1;
	case LIST_RELEASE_SLOTS:
		return settings->releases ? SLOT_COUNT - 1 : 0;
	default:
		return 0;
	}
}

static const struct {
	const char *name;
	enum nginxconf_list list;
} lists[] = {
	{ "preset", LIST_PRESETS },
	{ "origin", LIST_ORIGINS },
	{ "proxy", LIST_PROXIES },
	{ "slot", LIST_SLOTS },
	{ "release-slot", LIST_RELEASE_SLOTS },
};

static const struct {
	const char *name;
	enum nginxconf_list list; /* within which it is known */
	void (*put)(const struct settings *s, unsigned i, struct buf *b);
} of_item[] = {
	{ "preset", LIST_PRESETS, put_preset },
	{ "preset-formats", LIST_PRESETS, put_preset_formats },
	{ "origin-regex", LIST_ORIGINS, put_origin_regex },
	{ "proxy", LIST_PROXIES, put_proxy },
	{ "slot", LIST_SLOTS, put_slot },
	{ "slot-run", LIST_SLOTS, put_slot_run },
	{ "slot", LIST_RELEASE_SLOTS, put_release_slot },
};

enum nginxconf_list
nginxconf_list(const char *name)
{
	for (size_t i = 0; i < NELEM(lists); i++)
		if (strcmp(lists[i].name, name) == 0)
			return lists[i].list;
	return LIST_NONE;
}

bool
nginxconf_put_item(const struct nginxconf_place *place, const char *name,
    struct buf *b)
{
	for (size_t i = 0; i < NELEM(of_item); i++)
		if (of_item[i].list == place->list &&
		    strcmp(of_item[i].name, name) == 0) {
			of_item[i].put(place->settings, place->item, b);
			return true;
		}
	return false;
}
