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

unsigned
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	must(dir != NULL, path);
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return n;
}

unsigned
count_fds(void)
{
	/* One of them is the directory that is being read. */
	return count_entries("/proc/self/fd") - 1;
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

static ssize_t
memory_read(void *ctx, void *buf, size_t len)
{
	struct memory_io *m = ctx;
	size_t end = m->len < m->fail_at ? m->len : m->fail_at;

	if (m->at == m->fail_at && m->fail_errno != 0) {
		errno = m->fail_errno;
		return -1;
	}
	if (m->chunk != 0 && len > m->chunk)
		len = m->chunk;
	if (len > end - m->at)
		len = end - m->at;
	if (len > 0)
		memcpy(buf, (const char *)m->body + m->at, len);
	m->at += len;
	return (ssize_t)len;
}

static int
memory_write(void *ctx, const void *buf, size_t len)
{
	struct memory_io *m = ctx;

	if (m->peer_gone)
		return -1;
	buf_add(&m->reply, buf, len);
	return 0;
}

static const char *
memory_param(void *ctx, const char *name)
{
	const struct memory_io *m = ctx;

	for (unsigned i = 0; i < m->n_params; i++)
		if (strcmp(m->params[i].name, name) == 0)
			return m->params[i].value;
	return NULL;
}

void
memory_io_init(struct memory_io *m, const void *body, size_t len)
{
	char text[32];

	*m = (struct memory_io){ .body = body,
		.len = len,
		.fail_at = SIZE_MAX,
		.io = { memory_read, memory_write, memory_param, m } };
	(void)snprintf(text, sizeof text, "%zu", len);
	memory_io_param(m, "CONTENT_LENGTH", text);
}

void
memory_io_param(struct memory_io *m, const char *name, const char *value)
{
	unsigned i = 0;

	while (i < m->n_params && strcmp(m->params[i].name, name) != 0)
		i++;
	ck_assert_uint_lt(i, MEMORY_PARAMS_MAX);
	if (i == m->n_params) {
		m->params[i].name = strdup(name);
		m->n_params++;
	}
	free(m->params[i].value);
	m->params[i].value = value == NULL ? NULL : strdup(value);
}

void
memory_io_fini(struct memory_io *m)
{
	for (unsigned i = 0; i < m->n_params; i++) {
		free(m->params[i].name);
		free(m->params[i].value);
	}
	buf_fini(&m->reply);
}

int
feed_split(int (*feed)(void *ctx, const void *data, size_t len), void *ctx,
    const void *data, size_t len, size_t chunk)
{
	const char *p = data;
	int rc = 0;

	while (rc == 0 && len > 0) {
		size_t n = chunk == 0 || chunk > len ? len : chunk;
		char *piece = malloc(n);

		must(piece != NULL, "feed_split");
		memcpy(piece, p, n);
		rc = feed(ctx, piece, n);
		free(piece);
		p += n;
		len -= n;
	}
	return rc;
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
