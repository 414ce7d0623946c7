#ifndef FT_TESTS_SETTINGS_FILE_H
#define FT_TESTS_SETTINGS_FILE_H

#include <stddef.h>

#include "settings.h"

/* A settings file of one's own for each test, and what becomes of it. */

/* Checked fixture, with tempdir_teardown. */
void settings_file_setup(void);
const char *settings_file_path(void);
void settings_file_write(const void *data, size_t len);

/* Load any path (or NULL); *errors is what was said, for free(). */
struct settings *load_path(const char *path, char **errors);

/* Load a text from the file. */
struct settings *load_text(const char *text, char **errors);

/* The settings of a text that is right. */
struct settings *load_good(const char *text);

/* What settings_print makes of s, loaded again. */
struct settings *load_printed(const struct settings *s);

unsigned count_lines(const char *text);

/*
 * Loading the text must fail with one error: it begins with "FILE:LINE: " and
 * has the words in it.
 */
void expect_error(const char *why, const char *text, unsigned line,
    const char *words);

#endif
