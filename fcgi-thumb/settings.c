#include "config.h"

/*
 * From a file to settings: the only module that knows libconfig. Goes by the
 * table in settings_table.c and never names a key by itself. Every mistake is
 * said, in one line each, before loading fails; a mistake never changes what
 * another one would have said.
 */

#include "settings_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"

#define FILE_LEN_MAX (1024 * 1024)

static const char *
what_is(const config_setting_t *value)
{
	switch (config_setting_type(value)) {
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return config_setting_get_format(value) == CONFIG_FORMAT_DEFAULT
		    ? "a number"
		    : "a number that is not decimal";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	default:
		return "a list";
	}
}

static unsigned
how_written(const config_setting_t *value)
{
	switch (config_setting_type(value)) {
	case CONFIG_TYPE_BOOL:
		return WRITTEN_FLAG;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		/* libconfig 1.5 cuts all but decimal numbers to 32 bits. */
		return config_setting_get_format(value) == CONFIG_FORMAT_DEFAULT
		    ? WRITTEN_NUMBER
		    : 0;
	case CONFIG_TYPE_STRING:
		return WRITTEN_TEXT;
	case CONFIG_TYPE_ARRAY:
	case CONFIG_TYPE_LIST:
		return WRITTEN_LIST;
	default:
		return 0;
	}
}

static const char *
what_is_wanted(const struct setting *row)
{
	switch (setting_written(row)) {
	case WRITTEN_FLAG:
		return "true or false without quotes";
	case WRITTEN_NUMBER:
		return "a whole number without quotes";
	case WRITTEN_LIST:
		return row->kind == KIND_FORMATS
		    ? "a list of texts such as [ \"jpeg\" ]"
		    : "a list of texts in quotes";
	case WRITTEN_TEXT:
		return "a text in quotes";
	default:
		return "a whole number or a text such as \"32M\"";
	}
}

static void
take_formats(struct loader *l, const struct place *at, config_setting_t *list)
{
	int n = config_setting_length(list);

	((struct preset *)at->base)->n_formats = 0;
	if (n == 0)
		loader_refuse(l, at, "the list is empty");
	for (int i = 0; i < n; i++) {
		const char *name = config_setting_get_string_elem(list, i);

		if (name == NULL)
			loader_refuse(l, at, "formats are texts in quotes");
		else
			loader_format(l, at, name);
	}
}

static void
take_items(struct loader *l, const struct place *at, config_setting_t *list)
{
	int n = config_setting_length(list);

	if (setting_put_text(at->row, at->base, "") == -1) {
		loader_refuse(l, at, "no memory left");
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *item = config_setting_get_string_elem(list, i);

		if (item == NULL)
			loader_refuse(l, at, "items are texts in quotes");
		else
			loader_item(l, at, item);
	}
}

static void
take_value(struct loader *l, const struct place *at, config_setting_t *value)
{
	char shown[24];
	long long number;

	at->seen->line = config_setting_source_line(value);
	if (!(setting_written(at->row) & how_written(value))) {
		loader_refuse(l, at, "%s is wanted, not %s",
		    what_is_wanted(at->row), what_is(value));
		return;
	}
	switch (config_setting_type(value)) {
	case CONFIG_TYPE_BOOL:
		loader_number(l, at, config_setting_get_bool(value) != 0, "");
		break;
	case CONFIG_TYPE_STRING:
		loader_text(l, at, config_setting_get_string(value));
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		number = config_setting_get_int64(value);
		(void)snprintf(shown, sizeof shown, "%lld", number);
		/* A negative number becomes one beyond every maximum. */
		loader_number(l, at, (unsigned long long)number, shown);
		break;
	default:
		if (at->row->kind == KIND_FORMATS)
			take_formats(l, at, value);
		else
			take_items(l, at, value);
		break;
	}
}

static void
say_unknown(struct loader *l, const struct level *level,
    const config_setting_t *value)
{
	const char *name = config_setting_name(value);
	const struct setting *near = setting_near(level->scope, name);
	char within[24] = "", key[64], meant[64] = "";

	if (level->scope == SCOPE_LIMITS)
		(void)strcpy(within, "limits.");
	if (level->scope == SCOPE_PRESET)
		(void)snprintf(within, sizeof within, "presets[%d].",
		    level->preset);
	(void)snprintf(key, sizeof key, "%s%.*s", within, QUOTED_LEN_MAX / 2,
	    name);
	if (near != NULL)
		setting_full_key(near, -1, meant, sizeof meant);
	loader_say(l, config_setting_source_line(value), key, "unknown key%s%s",
	    near != NULL ? "; did you mean " : "", meant);
}

static void take_level(struct loader *l, const struct level *level,
    config_setting_t *group);

static void
take_limits(struct loader *l, config_setting_t *group)
{
	struct level level = { SCOPE_LIMITS, l->settings, -1, l->seen };

	if (config_setting_is_group(group))
		take_level(l, &level, group);
	else
		loader_say(l, config_setting_source_line(group), "limits",
		    "a group { } is wanted, not %s", what_is(group));
}

/* A name may be used once; one that is wrong in itself has been refused. */
static void
check_name(struct loader *l, const struct level *level)
{
	const struct settings *s = l->settings;
	const struct preset *preset = level->base;
	struct place at =
	    level_place(level, setting_find(SCOPE_PRESET, "name"));

	for (int i = 0; i < level->preset && !at.seen->failed; i++)
		if (strcmp(s->presets[i].name, preset->name) == 0)
			loader_refuse(l, &at,
			    "\"%s\" is the name of presets[%d] too",
			    preset->name, i);
}

static void
take_preset(struct loader *l, config_setting_t *group, int index)
{
	struct seen seen[SETTING_ROWS_MAX] = { 0 };
	struct level level = { SCOPE_PRESET, &l->settings->presets[index],
		index, seen };
	unsigned line = config_setting_source_line(group);

	if (!config_setting_is_group(group)) {
		char key[24];

		(void)snprintf(key, sizeof key, "presets[%d]", index);
		loader_say(l, line, key, "a group { } is wanted, not %s",
		    what_is(group));
		return;
	}
	take_level(l, &level, group);
	loader_complete(l, &level, line);
	check_name(l, &level);
	loader_check_preset(l, &level, line);
}

static void
take_presets(struct loader *l, config_setting_t *list)
{
	unsigned line = config_setting_source_line(list);
	int n = config_setting_length(list);

	l->has_presets = true;
	if (!config_setting_is_list(list)) {
		loader_say(l, line, "presets",
		    "a list ( { }, { } ) is wanted, not %s", what_is(list));
		return;
	}
	if (n < 1 || n > SETTINGS_PRESETS_MAX) {
		loader_say(l, line, "presets",
		    "%d of them are out of range (1..%d)", n,
		    SETTINGS_PRESETS_MAX);
		return;
	}
	for (int i = 0; i < n; i++)
		take_preset(l, config_setting_get_elem(list, (unsigned)i), i);
	l->settings->n_presets = (unsigned)n;
}

static void
take_level(struct loader *l, const struct level *level, config_setting_t *group)
{
	bool top = level->scope == SCOPE_TOP;

	for (int i = 0; i < config_setting_length(group); i++) {
		config_setting_t *value =
		    config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(value);
		const struct setting *row = setting_find(level->scope, name);

		if (row != NULL) {
			struct place at = level_place(level, row);

			take_value(l, &at, value);
		} else if (top && strcmp(name, "limits") == 0) {
			take_limits(l, value);
		} else if (top && strcmp(name, "presets") == 0) {
			take_presets(l, value);
		} else {
			say_unknown(l, level, value);
		}
	}
}

/* False where the text is no libconfig. */
static bool
take_config(struct loader *l, const char *text)
{
	struct level level = { SCOPE_TOP, l->settings, -1, l->seen };
	config_t config;
	bool well_formed;

	config_init(&config);
	well_formed = config_read_string(&config, text) == CONFIG_TRUE;
	if (well_formed) {
		take_level(l, &level, config_root_setting(&config));
	} else {
		const char *why = config_error_text(&config);

		/* libconfig 1.5 has no words for a token of no kind. */
		if (why == NULL || strcmp(why, "syntax error") == 0)
			why = "syntax error, here or where the line before "
			      "ends";
		loader_say(l, (unsigned)config_error_line(&config), NULL, "%s",
		    why);
	}
	config_destroy(&config);
	return well_formed;
}

/*
 * The whole file with a newline and a NUL behind it, which the caller frees, or
 * NULL when it has been said why not. Not by fd_read_file: a symbolic link and
 * a pipe are welcome here.
 */
static char *
read_text(struct loader *l, size_t *len)
{
	int fd = open(l->file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text = fd != -1 ? malloc(FILE_LEN_MAX + 2) : NULL;
	size_t n = 0;
	bool ok = false;

	if (text == NULL || fd_read_full(fd, text, FILE_LEN_MAX + 1, &n) == -1)
		loader_say(l, 0, NULL, "cannot be read: %s", strerror(errno));
	else if (n > FILE_LEN_MAX)
		loader_say(l, 0, NULL, "is larger than 1 MiB");
	else
		ok = true;
	fd_close(&fd);
	if (!ok) {
		free(text);
		return NULL;
	}
	/* libconfig takes no comment that ends without a newline. */
	text[n] = '\n';
	text[n + 1] = '\0';
	*len = n + 1;
	return text;
}

static void
say_scanned(void *ctx, unsigned line, const char *words)
{
	loader_say(ctx, line, NULL, "%s", words);
}

/* False where nothing of it could be taken. */
static bool
take_file(struct loader *l)
{
	bool well_formed = false;
	size_t len;
	char *text = read_text(l, &len);

	if (text == NULL)
		return false;
	settings_scan(text, len, say_scanned, l);
	if (l->n_errors == 0)
		well_formed = take_config(l, text);
	free(text);
	return well_formed;
}

struct settings *
settings_load(const char *path, FILE *errors)
{
	struct loader l = { .file = path != NULL ? path : "built-in defaults",
		.errors = errors,
		.settings = calloc(1, sizeof *l.settings) };
	struct level top = { SCOPE_TOP, l.settings, -1, l.seen };
	struct level limits = { SCOPE_LIMITS, l.settings, -1, l.seen };

	if (l.settings == NULL) {
		loader_say(&l, 0, NULL, "no memory left");
		return NULL;
	}
	/* What is missing counts only where the rest could be read. */
	if (path == NULL || take_file(&l)) {
		loader_complete(&l, &top, 0);
		loader_complete(&l, &limits, 0);
		if (!l.has_presets)
			(void)take_config(&l, settings_default_presets);
		loader_finish(&l);
	}
	if (l.n_errors > 0) {
		settings_free(l.settings);
		return NULL;
	}
	return l.settings;
}

struct settings *
settings_share(struct settings *s)
{
	s->shares++;
	return s;
}

/* A name has its place in the preset itself. */
static bool
owns_text(const struct setting *row)
{
	return row->scope != SCOPE_PRESET && !setting_is_number(row);
}

void
settings_free(struct settings *s)
{
	if (s != NULL && s->shares > 0) {
		s->shares--;
		return;
	}
	if (s == NULL)
		return;
	for (unsigned i = 0; i < setting_count; i++) {
		const struct setting *row = &setting_table[i];
		char *text;

		if (!owns_text(row))
			continue;
		memcpy(&text, (const char *)s + row->offset, sizeof text);
		free(text);
	}
	secrets_free(s->secrets);
	free(s);
}

int
settings_read_secrets(struct settings *s, char *why, size_t why_size)
{
	static const char key[] = "upload_secret: ";
	const size_t key_len = sizeof key - 1;

	if (s->upload_auth != AUTH_TOKEN)
		return 0;
	(void)snprintf(why, why_size, "%s", key);
	s->secrets =
	    secrets_load(s->upload_secret, why + key_len, why_size - key_len);
	return s->secrets != NULL ? 0 : -1;
}

unsigned
settings_longest_request(const struct settings *s)
{
	return s->limits.request_seconds + 3 * s->limits.job_seconds;
}

char *
settings_path(const char *dir, const char *name)
{
	const char *slash = strcmp(dir, "/") == 0 ? "" : "/";
	char *path;

	return asprintf(&path, "%s%s%s", dir, slash, name) == -1 ? NULL : path;
}
