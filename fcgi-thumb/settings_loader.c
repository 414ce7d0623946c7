#include "config.h"

/*
 * Taking and refusing values while settings are loaded. Knows how a message
 * reads and what the table allows; knows no libconfig. A mistake is said and
 * counted, never fatal here.
 */

#include "settings_loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place
level_place(const struct level *level, const struct setting *row)
{
	return (struct place){ row, level->base, level->preset,
		&level->seen[row - setting_table] };
}

void
loader_say(struct loader *l, unsigned line, const char *key, const char *fmt,
    ...)
{
	va_list ap;

	(void)fprintf(l->errors, "%s:", l->file);
	if (line > 0)
		(void)fprintf(l->errors, "%u:", line);
	if (key != NULL)
		(void)fprintf(l->errors, " %s:", key);
	(void)fputc(' ', l->errors);
	va_start(ap, fmt);
	(void)vfprintf(l->errors, fmt, ap);
	va_end(ap);
	(void)fputc('\n', l->errors);
	l->n_errors++;
}

void
loader_refuse(struct loader *l, const struct place *at, const char *fmt, ...)
{
	char key[64], range[200], words[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	setting_full_key(at->row, at->preset, key, sizeof key);
	setting_range(at->row, range, sizeof range);
	loader_say(l, at->seen->line, key, "%s (%s: %s)", words,
	    setting_type(at->row), range);
	at->seen->failed = true;
}

/* What somebody wrote, in quotes, short and on one line. */
static const char *
quote(const char *text, char out[QUOTED_LEN_MAX + 8])
{
	size_t len = strnlen(text, QUOTED_LEN_MAX), n = 0;

	out[n++] = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		out[n++] = c < 0x20 || c == 0x7f ? '?' : (char)c;
	}
	(void)strcpy(out + n, text[len] != '\0' ? "...\"" : "\"");
	return out;
}

void
loader_number(struct loader *l, const struct place *at,
    unsigned long long value, const char *shown)
{
	if (value < at->row->min || value > at->row->max)
		loader_refuse(l, at, "%s is out of range", shown);
	else
		setting_put(at->row, at->base, value);
}

void
loader_text(struct loader *l, const struct place *at, const char *text)
{
	char quoted[QUOTED_LEN_MAX + 8];
	unsigned long long value;
	const char *problem;

	(void)quote(text, quoted);
	if (setting_is_number(at->row)) {
		if (setting_parse(at->row, text, &value) == -1)
			loader_refuse(l, at, "%s is not understood", quoted);
		else
			loader_number(l, at, value, quoted);
		return;
	}
	problem = setting_text_problem(at->row, text);
	if (problem != NULL)
		loader_refuse(l, at, "%s %s", quoted, problem);
	else if (setting_put_text(at->row, at->base, text) == -1)
		loader_refuse(l, at, "no memory left");
}

void
loader_format(struct loader *l, const struct place *at, const char *name)
{
	struct preset *preset = at->base;
	enum format format = format_by_name(name);
	char quoted[QUOTED_LEN_MAX + 8];

	if (format == FORMAT_NONE) {
		loader_refuse(l, at, "%s is not a format", quote(name, quoted));
		return;
	}
	if (!format_spec(format)->writes) {
		loader_refuse(l, at, "%s can be read but not written",
		    quote(name, quoted));
		return;
	}
	for (unsigned i = 0; i < preset->n_formats; i++)
		if (preset->formats[i] == format) {
			loader_refuse(l, at, "%s is there twice",
			    quote(name, quoted));
			return;
		}
	preset->formats[preset->n_formats++] = format;
}

/* How many items a list has, and whether this one is among them. */
static unsigned
count_items(const char *list, const char *item, bool *there)
{
	size_t item_len = strlen(item);
	unsigned n = 0;

	*there = false;
	while (*list != '\0') {
		size_t len = strcspn(list, "\n");

		if (len == item_len && memcmp(list, item, len) == 0)
			*there = true;
		n++;
		list += len + (list[len] == '\n');
	}
	return n;
}

void
loader_item(struct loader *l, const struct place *at, const char *item)
{
	const char *list = setting_get_text(at->row, at->base);
	const char *problem = setting_text_problem(at->row, item);
	char quoted[QUOTED_LEN_MAX + 8];
	char *longer = NULL;
	bool there;
	unsigned n = count_items(list, item, &there);

	(void)quote(item, quoted);
	if (problem != NULL)
		loader_refuse(l, at, "%s %s", quoted, problem);
	else if (there)
		loader_refuse(l, at, "%s is there twice", quoted);
	else if (n >= at->row->max)
		loader_refuse(l, at, "%s is one too many", quoted);
	else if (n > 0 && (strcmp(item, "*") == 0 || strcmp(list, "*") == 0))
		loader_refuse(l, at, "\"*\" stands beside others");
	else if (asprintf(&longer, "%s%s%s", list, n > 0 ? "\n" : "", item) ==
		-1 ||
	    setting_put_text(at->row, at->base, longer) == -1)
		loader_refuse(l, at, "no memory left");
	free(longer);
}

void
loader_complete(struct loader *l, const struct level *level, unsigned line)
{
	for (unsigned i = 0; i < setting_count; i++) {
		const struct setting *row = &setting_table[i];
		struct place at = level_place(level, row);

		if (row->scope != level->scope || at.seen->line != 0)
			continue;
		if (row->kind == KIND_FORMATS) {
			loader_format(l, &at, row->fallback);
		} else if (setting_is_text_list(row)) {
			if (setting_put_text(row, at.base, row->fallback) == -1)
				loader_refuse(l, &at, "no memory left");
		} else if (row->fallback != NULL) {
			loader_text(l, &at, row->fallback);
		} else {
			at.seen->line = line;
			loader_refuse(l, &at, "missing");
		}
	}
}
