#include "config.h"

/* The text of a settings file, and nginx's side of what was taken. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "nginxconf.h"

/* fcgi-thumb.conf.in is a seed where it lies beside tests/. */
const char fuzz_seeds[] = "../conf";

/* Every value of nginxconf.h that comes from the settings. */
static const char template[] =
    "@data@ @run@ @logs@ @html@ @prefix@ @prefix-regex@ @page@ @csp-origin@\n"
    "@presets-regex@ @variants-regex@ @request-bytes@ @request-words@\n"
    "@rate@ @rate-burst@ @connections@ @upload-seconds@ @renders@\n"
    "@render-seconds@ @any-origin@ @some-origins@ @proxies@ @auth-request@\n"
    "@each preset@\n@preset@ @preset-formats@\n@end@\n"
    "@each origin@\n@origin-regex@\n@end@\n"
    "@each proxy@\n@proxy@\n@end@\n";

/*
 * libconfig loses the text in work where its grammar ends in a text's midst. A
 * file is read a few times in a process's life, by its operator's wish.
 */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig\n";
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_write("template", template, sizeof template - 1);
	return 0;
}

static struct settings *
load(const char *name, struct buf *errors)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct settings *s;

	fuzz_must(out != NULL);
	s = settings_load(fuzz_path(name), out);
	fuzz_must(fclose(out) == 0);
	buf_add(errors, text, len);
	free(text);
	return s;
}

/* Each line begins with the file's name; there are some where nothing came. */
static void
check_errors(const struct buf *errors, const struct settings *s)
{
	const char *path = fuzz_path("settings");

	fuzz_must((s == NULL) == (errors->len > 0));
	if (errors->len == 0)
		return;
	fuzz_must(strlen(errors->data) == errors->len);
	for (const char *line = errors->data; *line != '\0';
	     line = strchr(line, '\n') + 1) {
		fuzz_must(strncmp(line, path, strlen(path)) == 0);
		fuzz_must(strchr(line, '\n') != NULL);
	}
}

static char *
print(const struct settings *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	fuzz_must(out != NULL);
	settings_print(s, out);
	fuzz_must(fclose(out) == 0);
	return text;
}

/* What is printed means the same settings. */
static void
check_printed(const struct settings *s)
{
	char *text = print(s), *same;
	struct buf errors = { 0 };
	struct settings *again;

	fuzz_write("printed", text, strlen(text));
	again = load("printed", &errors);
	fuzz_must(again != NULL);
	same = print(again);
	fuzz_must(strcmp(text, same) == 0);
	settings_free(again);
	buf_fini(&errors);
	free(same);
	free(text);
}

/* What nginx would read must not end a directive or begin another. */
static void
check_nginx(const struct settings *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	FILE *errors = fopen("/dev/null", "we");

	fuzz_must(out != NULL && errors != NULL);
	if (nginxconf_fill(s, 8080, fuzz_path("template"), out, errors) == 0) {
		fuzz_must(fflush(out) == 0);
		fuzz_must(strlen(text) == len);
		fuzz_must(strpbrk(text, ";{}\"'#`") == NULL);
	}
	(void)fclose(errors);
	(void)fclose(out);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors = { 0 };
	struct settings *s;

	fuzz_write("settings", data, size);
	s = load("settings", &errors);
	check_errors(&errors, s);
	if (s != NULL) {
		check_printed(s);
		check_nginx(s);
	}
	settings_free(s);
	buf_fini(&errors);
	return 0;
}
