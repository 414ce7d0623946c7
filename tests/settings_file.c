#include "config.h"

/* The settings file that a test writes and loads. */

#include "settings_file.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static char path[512];

const char *
settings_file_path(void)
{
	return path;
}

void
settings_file_setup(void)
{
	tempdir_setup();
	(void)snprintf(path, sizeof path, "%s/test.conf", tempdir_path());
}

void
settings_file_write(const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

struct settings *
load_path(const char *which, char **errors)
{
	size_t len;
	FILE *f = open_memstream(errors, &len);
	struct settings *s;

	ck_assert_ptr_nonnull(f);
	s = settings_load(which, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_msg((s == NULL) == (len > 0),
	    "an error line, and only then no settings: %s", *errors);
	return s;
}

struct settings *
load_text(const char *text, char **errors)
{
	settings_file_write(text, strlen(text));
	return load_path(path, errors);
}

struct settings *
load_good(const char *text)
{
	char *errors;
	struct settings *s = load_text(text, &errors);

	ck_assert_msg(s != NULL, "%s\nwas refused: %s", text, errors);
	free(errors);
	return s;
}

struct settings *
load_printed(const struct settings *s)
{
	FILE *f = fopen(path, "w");
	struct settings *again;
	char *errors;

	ck_assert_ptr_nonnull(f);
	settings_print(s, f);
	ck_assert_int_eq(fclose(f), 0);
	again = load_path(path, &errors);
	ck_assert_msg(again != NULL, "%s", errors);
	free(errors);
	return again;
}

unsigned
count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

void
expect_error(const char *why, const char *text, unsigned line,
    const char *words)
{
	char *errors, begin[600];
	struct settings *s = load_text(text, &errors);

	(void)snprintf(begin, sizeof begin, "%s:%u: ", path, line);
	ck_assert_msg(s == NULL, "%s: %s\nwas taken", why, text);
	ck_assert_msg(strncmp(errors, begin, strlen(begin)) == 0 &&
		strstr(errors, words) != NULL && count_lines(errors) == 1,
	    "%s: wanted %s...%s, got %s", why, begin, words, errors);
	free(errors);
}
