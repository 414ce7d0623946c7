#include "config.h"

/*
 * What the world is told of a stored photo, and its form as meta.json. Builds
 * every name and address of a thumbnail, so that they are the same wherever
 * they appear. What is read back may be an older version's or damaged: nothing
 * of it is believed before it is checked.
 */

#include "manifest.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without the padding (RFC 4648, 4). */
#define BASE64_DIGITS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

void
variant_file(const struct variant *v, char *out)
{
	(void)snprintf(out, VARIANT_FILE_MAX + 1, "%s.%s.%s", v->preset,
	    v->recipe, format_spec(v->format)->ext);
}

void
variant_link(const struct variant *v, char *out)
{
	(void)snprintf(out, VARIANT_FILE_MAX + 1, "%s.%s", v->preset,
	    format_spec(v->format)->ext);
}

void
variant_url(const struct variant *v, const char *id,
    const struct settings *settings, struct buf *out)
{
	char link[VARIANT_FILE_MAX + 1];

	variant_link(v, link);
	buf_printf(out, "%s%s/t/%s/%s?v=%s", settings->public_url,
	    settings->prefix, id, link, v->recipe);
}

uint64_t
manifest_weigh(const struct manifest *m)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < m->n; i++)
		bytes += m->variants[i].bytes;
	return bytes;
}

static bool
is_of(const struct variant *v, const struct preset *preset, enum format format)
{
	return v->format == format && strcmp(v->preset, preset->name) == 0;
}

const struct variant *
manifest_find(const struct manifest *m, const struct preset *preset,
    enum format format)
{
	for (unsigned i = 0; i < m->n; i++)
		if (is_of(&m->variants[i], preset, format) &&
		    strcmp(m->variants[i].recipe, preset->recipe) == 0)
			return &m->variants[i];
	return NULL;
}

const struct variant *
manifest_find_any(const struct manifest *m, const struct preset *preset,
    enum format format)
{
	for (unsigned i = 0; i < m->n; i++)
		if (is_of(&m->variants[i], preset, format))
			return &m->variants[i];
	return NULL;
}

static json_t *
variant_json(const struct variant *v, const char *id,
    const struct settings *settings)
{
	struct buf url = { 0 };
	json_t *json = NULL;

	variant_url(v, id, settings, &url);
	if (!url.failed)
		json = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:s}",
		    "preset", v->preset, "url", url.data, "type",
		    format_spec(v->format)->type, "width",
		    (json_int_t)v->size.width, "height",
		    (json_int_t)v->size.height, "bytes", (json_int_t)v->bytes,
		    "engine", engine_name(v->engine));
	buf_fini(&url);
	return json;
}

static json_t *
variants_json(const struct manifest *m, const struct settings *settings)
{
	json_t *variants = json_array();

	for (unsigned i = 0; i < m->n; i++)
		if (json_array_append_new(variants,
			variant_json(&m->variants[i], m->id, settings)) == -1) {
			json_decref(variants);
			return NULL;
		}
	return variants;
}

static json_t *
html_json(const struct manifest *m, const struct settings *settings)
{
	struct buf html = { 0 };
	json_t *json;

	buf_puts(&html, "");
	manifest_html(m, settings, &html);
	json = html.failed ? NULL : json_string(html.data);
	buf_fini(&html);
	return json;
}

json_t *
manifest_json(const struct manifest *m, const struct settings *settings)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s}", "id",
	    m->id, "type", format_spec(m->format)->type, "width",
	    (json_int_t)m->size.width, "height", (json_int_t)m->size.height,
	    "bytes", (json_int_t)m->bytes, "color", m->color, "placeholder",
	    m->placeholder);

	/* Each takes its value's reference, also when it fails. */
	if (json_object_set_new(json, "variants", variants_json(m, settings)) ==
		0 &&
	    json_object_set_new(json, "html", html_json(m, settings)) == 0)
		return json;
	json_decref(json);
	return NULL;
}

void
manifest_write(const struct manifest *m, const struct settings *settings,
    struct buf *out)
{
	json_t *json = manifest_json(m, settings);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (text != NULL)
		buf_printf(out, "%s\n", text);
	else
		out->failed = true;
	free(text);
	json_decref(json);
}

/* A number of 1..max from a member; -1 if there is none. */
static int
parse_number(const json_t *object, const char *key, json_int_t max,
    json_int_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 1 ||
	    json_integer_value(value) > max)
		return -1;
	*out = json_integer_value(value);
	return 0;
}

static int
parse_size(const json_t *object, struct size *size, uint64_t *bytes)
{
	json_int_t width, height, count;

	if (parse_number(object, "width", UINT16_MAX, &width) == -1 ||
	    parse_number(object, "height", UINT16_MAX, &height) == -1 ||
	    parse_number(object, "bytes", INT64_MAX, &count) == -1)
		return -1;
	*size = (struct size){ (unsigned)width, (unsigned)height };
	*bytes = (uint64_t)count;
	return 0;
}

/* The recipe stands only in the address, as the ?v= that clients use. */
static int
parse_recipe(const json_t *object, char *out)
{
	const char *url = json_string_value(json_object_get(object, "url"));
	const char *v = url ? strstr(url, "?v=") : NULL;

	if (v == NULL || strlen(v + 3) != RECIPE_LEN ||
	    strspn(v + 3, "0123456789abcdef") != RECIPE_LEN)
		return -1;
	memcpy(out, v + 3, RECIPE_LEN + 1);
	return 0;
}

/* A format that browsers show; FORMAT_NONE for any other. */
static enum format
shown_format(const char *type)
{
	enum format f = type ? format_by_type(type) : FORMAT_NONE;

	return f != FORMAT_NONE && format_spec(f)->writes ? f : FORMAT_NONE;
}

/*
 * The member came with the second engine, and a third may come: a photo that
 * another version has stored must not be made anew for that word's sake.
 */
static int
parse_engine(const json_t *object, enum engine *out)
{
	const json_t *value = json_object_get(object, "engine");
	const char *name = json_string_value(value);

	*out = engine_named(name);
	if (*out != ENGINE_COUNT)
		return 0;
	*out = ENGINE_MAGICK;
	return value == NULL ||
		(name != NULL && name[0] != '\0' &&
		    name[strspn(name,
			"abcdefghijklmnopqrstuvwxyz0123456789")] == '\0')
	    ? 0
	    : -1;
}

static int
parse_variant(const json_t *object, struct variant *v)
{
	const char *preset =
	    json_string_value(json_object_get(object, "preset"));
	const char *type = json_string_value(json_object_get(object, "type"));

	if (preset == NULL || preset[0] == '\0' ||
	    strlen(preset) > PRESET_NAME_MAX ||
	    strspn(preset, "abcdefghijklmnopqrstuvwxyz0123456789_-") !=
		strlen(preset))
		return -1;
	memcpy(v->preset, preset, strlen(preset) + 1);
	v->format = shown_format(type);
	if (v->format == FORMAT_NONE || parse_recipe(object, v->recipe) == -1 ||
	    parse_engine(object, &v->engine) == -1)
		return -1;
	return parse_size(object, &v->size, &v->bytes);
}

/* "#rrggbb": clients put it into their style sheets. */
static int
parse_color(const json_t *object, char *out)
{
	const char *color = json_string_value(json_object_get(object, "color"));

	if (color == NULL || strlen(color) != COLOR_LEN || color[0] != '#' ||
	    strspn(color + 1, "0123456789abcdef") != COLOR_LEN - 1)
		return -1;
	memcpy(out, color, COLOR_LEN + 1);
	return 0;
}

/* Whole groups of four with their padding (RFC 4648, 4). */
static bool
is_base64(const char *text)
{
	size_t digits = strspn(text, BASE64_DIGITS);
	size_t padding = strspn(text + digits, "=");

	return digits > 0 && padding <= 2 && (digits + padding) % 4 == 0 &&
	    text[digits + padding] == '\0';
}

/* "data:image/webp;base64,..." (RFC 2397): pages take it as an address. */
static int
parse_placeholder(const json_t *object, char *out)
{
	const char *uri =
	    json_string_value(json_object_get(object, "placeholder"));
	char type[32];
	int digits = -1;

	if (uri == NULL || strlen(uri) > PLACEHOLDER_MAX ||
	    sscanf(uri, "data:%31[a-z/];base64,%n", type, &digits) != 1 ||
	    digits == -1 || shown_format(type) == FORMAT_NONE ||
	    !is_base64(uri + digits))
		return -1;
	memcpy(out, uri, strlen(uri) + 1);
	return 0;
}

static int
parse_photo(const json_t *object, struct manifest *m)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	const char *type = json_string_value(json_object_get(object, "type"));
	const json_t *variants = json_object_get(object, "variants");

	if (id == NULL || !photo_id_is_valid(id) || type == NULL ||
	    parse_size(object, &m->size, &m->bytes) == -1 ||
	    parse_color(object, m->color) == -1 ||
	    parse_placeholder(object, m->placeholder) == -1)
		return -1;
	memcpy(m->id, id, sizeof m->id);
	m->format = format_by_type(type);
	if (m->format == FORMAT_NONE || !json_is_array(variants) ||
	    json_array_size(variants) > MANIFEST_VARIANTS_MAX)
		return -1;
	m->n = (unsigned)json_array_size(variants);
	for (unsigned i = 0; i < m->n; i++)
		if (parse_variant(json_array_get(variants, i),
			&m->variants[i]) == -1)
			return -1;
	return 0;
}

int
manifest_parse(const char *text, size_t len, struct manifest *out)
{
	json_t *json = json_loadb(text, len, 0, NULL);
	struct manifest m = { 0 };
	int rc = -1;

	if (json != NULL && parse_photo(json, &m) == 0) {
		*out = m;
		rc = 0;
	}
	json_decref(json);
	return rc;
}
