#include "config.h"

/*
 * Helpers of the test programs. Whatever goes wrong in here ends the test: a
 * test that could not be set up has not passed.
 */

#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define must(condition, what) \
	ck_assert_msg(condition, "%s: %s", what, strerror(errno))

/* Set before the tests fork, and in a test's own process. */
static char root[256];
static char tempdir[sizeof root + 16];
static int tempdir_descriptor = -1;

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_all(const char *path)
{
	(void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
run_suite(Suite *suite)
{
	const char *base = getenv("TMPDIR");
	SRunner *runner = srunner_create(suite);
	int failed;

	(void)snprintf(root, sizeof root, "%s/fcgi-thumb-test.XXXXXX",
	    base == NULL ? "/tmp" : base);
	if (mkdtemp(root) == NULL) {
		perror(root);
		return EXIT_FAILURE;
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	if (srunner_ntests_run(runner) == 0) {
		(void)fprintf(stderr, "no test was run\n");
		failed = 1;
	}
	srunner_free(runner);
	remove_all(root);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void
tempdir_setup(void)
{
	(void)snprintf(tempdir, sizeof tempdir, "%s/XXXXXX", root);
	must(mkdtemp(tempdir) != NULL, tempdir);
	tempdir_descriptor = open(tempdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(tempdir_descriptor != -1, tempdir);
}

void
tempdir_teardown(void)
{
	(void)close(tempdir_descriptor);
	tempdir_descriptor = -1;
	remove_all(tempdir);
}

const char *
tempdir_path(void)
{
	return tempdir;
}

int
tempdir_fd(void)
{
	return tempdir_descriptor;
}

const char *
tempdir_at(const char *name)
{
	static char paths[4][400];
	static unsigned next;
	char *path = paths[next++ % NELEM(paths)];

	(void)snprintf(path, sizeof paths[0], "%s/%s", tempdir_path(), name);
	return path;
}

static void
data_path(char *out, size_t size, const char *name)
{
	const char *dir = getenv("TEST_DATA");

	ck_assert_msg(dir != NULL, "TEST_DATA does not name tests/");
	ck_assert_int_lt(snprintf(out, size, "%s/%s", dir, name), (int)size);
}

char *
test_data(const char *name, size_t *len)
{
	char path[1024], *data;
	FILE *file;
	long size;

	data_path(path, sizeof path, name);
	file = fopen(path, "rbe");
	must(file != NULL, path);
	must(fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0, path);
	rewind(file);
	data = malloc((size_t)size + 1);
	must(data != NULL, path);
	ck_assert_uint_eq(fread(data, 1, (size_t)size, file), (size_t)size);
	(void)fclose(file);
	data[size] = '\0';
	*len = (size_t)size;
	return data;
}

static int
is_transcript(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot != NULL && strcmp(dot, ".txt") == 0;
}

/* -1 where there is no such directory. */
static int
list_transcripts(struct dirent ***list)
{
	const char *dir = getenv("TEST_DATA");
	char path[1024];

	(void)snprintf(path, sizeof path, "%s/cases", dir == NULL ? "" : dir);
	return scandir(path, list, is_transcript, alphasort);
}

static void
free_list(struct dirent **list, int n)
{
	for (int i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

unsigned
transcript_count(void)
{
	struct dirent **list = NULL;
	int n = list_transcripts(&list);

	if (n < 0)
		return 0;
	free_list(list, n);
	return (unsigned)n;
}

/* The word between the last two dots of the file's name. */
static void
read_code(struct transcript *t)
{
	const char *end = strrchr(t->file, '.');
	const char *start = memrchr(t->file, '.', (size_t)(end - t->file));

	ck_assert_msg(start != NULL, "%s has no code in its name", t->file);
	(void)snprintf(t->code, sizeof t->code, "%.*s", (int)(end - start - 1),
	    start + 1);
}

void
transcript_load(unsigned i, struct transcript *out)
{
	struct dirent **list = NULL;
	int n = list_transcripts(&list);
	char path[sizeof out->file + 8], *eol;
	size_t len;

	ck_assert_int_lt((int)i, n);
	ck_assert_uint_lt(strlen(list[i]->d_name), sizeof out->file);
	strcpy(out->file, list[i]->d_name);
	free_list(list, n);
	read_code(out);
	(void)snprintf(path, sizeof path, "cases/%s", out->file);
	out->content_type = test_data(path, &len);
	eol = strchr(out->content_type, '\n');
	ck_assert_msg(eol != NULL, "%s has no first line", out->file);
	*eol = '\0';
	out->body = eol + 1;
	out->len = len - (size_t)(out->body - out->content_type);
}

void
transcript_fini(struct transcript *t)
{
	free(t->content_type);
}

bool
is_mapped(const void *address)
{
	int fds[2];
	bool mapped;

	ck_assert_int_eq(pipe(fds), 0);
	mapped = write(fds[1], address, 1) == 1;
	(void)close(fds[0]);
	(void)close(fds[1]);
	return mapped;
}
