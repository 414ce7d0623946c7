#include "config.h"

/*
 * Taking and refusing values while settings are loaded. Knows how a message
 * reads and what the table allows; knows no libconfig. A mistake is said and
 * counted, never fatal here.
 */

#include "settings_loader.h"

#include <stdarg.h>
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
		} else if (row->fallback != NULL) {
			loader_text(l, &at, row->fallback);
		} else {
			at.seen->line = line;
			loader_refuse(l, &at, "missing");
		}
	}
}
