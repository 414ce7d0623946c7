#include "config.h"

/*
 * Settings as a file that loads to the same settings: every key written out, in
 * the table's order. Texts need no escaping, since settings_text.c let none in
 * that would.
 */

#include "settings_table.h"

#include <string.h>

static void
print_formats(const struct preset *preset, FILE *out)
{
	(void)fputc('[', out);
	for (unsigned i = 0; i < preset->n_formats; i++)
		(void)fprintf(out, "%s \"%s\"", i > 0 ? "," : "",
		    format_spec(preset->formats[i])->name);
	(void)fputs(" ]", out);
}

static void
print_items(const char *list, FILE *out)
{
	const char *comma = "";

	(void)fputc('[', out);
	while (*list != '\0') {
		size_t len = strcspn(list, "\n");

		(void)fprintf(out, "%s \"%.*s\"", comma, (int)len, list);
		comma = ",";
		list += len + (list[len] == '\n');
	}
	(void)fputs(" ]", out);
}

static void
print_value(const struct setting *row, const void *base, FILE *out)
{
	const char *quote = setting_written(row) & WRITTEN_TEXT ? "\"" : "";
	char number[24];

	if (row->kind == KIND_FORMATS) {
		print_formats(base, out);
	} else if (setting_is_text_list(row)) {
		print_items(setting_get_text(row, base), out);
	} else if (setting_is_number(row)) {
		setting_format(row, setting_get(row, base), number,
		    sizeof number);
		(void)fprintf(out, "%s%s%s", quote, number, quote);
	} else {
		(void)fprintf(out, "\"%s\"", setting_get_text(row, base));
	}
}

static void
print_level(enum setting_scope scope, const void *base, const char *indent,
    FILE *out)
{
	for (unsigned i = 0; i < setting_count; i++) {
		const struct setting *row = &setting_table[i];

		if (row->scope != scope)
			continue;
		(void)fprintf(out, "%s%s = ", indent, row->key);
		print_value(row, base, out);
		(void)fputs(";\n", out);
	}
}

void
settings_print(const struct settings *s, FILE *out)
{
	print_level(SCOPE_TOP, s, "", out);
	(void)fputs("limits = {\n", out);
	print_level(SCOPE_LIMITS, s, "\t", out);
	(void)fputs("};\npresets = (\n", out);
	for (unsigned i = 0; i < s->n_presets; i++) {
		(void)fprintf(out, "\t{ # recipe %s\n", s->presets[i].recipe);
		print_level(SCOPE_PRESET, &s->presets[i], "\t\t", out);
		(void)fprintf(out, "\t}%s\n", i + 1 < s->n_presets ? "," : "");
	}
	(void)fputs(");\n", out);
}
