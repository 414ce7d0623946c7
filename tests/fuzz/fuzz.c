#include "config.h"

#include "fuzz.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../secrets_file.h"
#include "fdio.h"
#include "log.h"

#define LOG_MAX (1U << 20) /* bytes that one input may put into the log */

static char root[256];
static pid_t owner; /* of root: a child's end must not remove it */

/* What the log says of the input is often the cause. */
void
fuzz_die(const char *where, const char *what)
{
	char *text = NULL;
	size_t len;

	(void)fprintf(stderr, "%s: %s is not so\n", where, what);
	if (root[0] != '\0' &&
	    fd_read_file(AT_FDCWD, fuzz_path("log"), LOG_MAX, &text, &len) == 0)
		(void)fwrite(text, 1, len, stderr);
	abort();
}

/* ---- files ---- */

/* libc's own would wait for the disk, which is not what is tried here. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
remove_root(void)
{
	if (getpid() == owner)
		(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
make_root(void)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(root, sizeof root, "%s/fcgi-thumb-fuzz.XXXXXX",
	    base == NULL ? "/tmp" : base);
	fuzz_must(mkdtemp(root) != NULL);
	owner = getpid();
	fuzz_must(atexit(remove_root) == 0);
}

const char *
fuzz_path(const char *name)
{
	static char paths[4][600];
	static unsigned next;
	char *path = paths[next++ % NELEM(paths)];

	if (root[0] == '\0')
		make_root();
	fuzz_must(snprintf(path, sizeof paths[0], "%s/%s", root, name) <
	    (int)sizeof paths[0]);
	return path;
}

void
fuzz_write(const char *name, const void *data, size_t len)
{
	int fd = open(fuzz_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);

	fuzz_must(fd != -1);
	fuzz_must(write(fd, data, len) == (ssize_t)len);
	(void)close(fd);
}

char *
fuzz_text(const void *data, size_t len)
{
	char *text = malloc(len + 1);

	fuzz_must(text != NULL);
	if (len > 0)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

struct settings *
fuzz_settings(const char *text)
{
	struct settings *s;
	struct buf all = { 0 };

	buf_printf(&all, "data = \"%s\";\n%s", fuzz_path("store"), text);
	fuzz_write("conf", all.data, all.len);
	buf_fini(&all);
	s = settings_load(fuzz_path("conf"), stderr);
	fuzz_must(s != NULL);
	return s;
}

struct secrets *
fuzz_secrets(void)
{
	static const char lines[] = SECRET_A "\n" SECRET_B "\n";
	char why[256];
	struct secrets *s;

	fuzz_write("secrets", lines, sizeof lines - 1);
	s = secrets_load(fuzz_path("secrets"), why, sizeof why);
	fuzz_must(s != NULL);
	return s;
}

/* ---- requests ---- */

static void
set_param(struct memory_io *m, const char *name, const char *value)
{
	char *signed_text, *bearer;

	if (strcmp(name, "HTTP_AUTHORIZATION") != 0 ||
	    strncmp(value, "sign:", 5) != 0) {
		memory_io_param(m, name, value);
		return;
	}
	signed_text = sign_text(SECRET_A, value + 5);
	fuzz_must(asprintf(&bearer, "Bearer %s", signed_text) != -1);
	memory_io_param(m, name, bearer);
	free(bearer);
	free(signed_text);
}

/*
 * One line NAME=value at *text, which is then behind it. False: there is none;
 * an empty line is behind it too.
 */
static bool
take_param(char **text, struct memory_io *m)
{
	size_t name = strspn(*text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	char *end = strchr(*text, '\n');
	char *line = *text;

	if (end == line) {
		(*text)++;
		return false;
	}
	if (end == NULL || name == 0 || line[name] != '=' ||
	    m->n_params == MEMORY_PARAMS_MAX)
		return false;
	*text = end + 1;
	line[name] = '\0';
	*end = '\0';
	set_param(m, line, line + name + 1);
	return true;
}

void
fuzz_request(struct memory_io *m, const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *at = text;
	struct memory_io params;
	size_t body;
	bool any = false;

	/* The body's length comes before the parameters, which may say another. */
	memory_io_init(&params, "", 0);
	while (take_param(&at, &params))
		any = true;
	memory_io_fini(&params);
	body = any ? (size_t)(at - text) : 0;
	free(text);

	memory_io_init(m, data + body, size - body);
	text = fuzz_text(data, body);
	at = text;
	if (!any) {
		memory_io_param(m, "REQUEST_METHOD", "POST");
		memory_io_param(m, "CONTENT_TYPE", "application/octet-stream");
	}
	while (take_param(&at, m))
		;
	free(text);
}

/* Which fields an answer may have; whatever else is there got in by a value. */
static bool
is_ours(const char *line)
{
	static const char *const names[] = { "Status: ", "Content-Type: ",
		"Server-Timing: ", "Retry-After: ", "X-Accel-Redirect: " };

	for (unsigned i = 0; i < NELEM(names); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void
check_line(const char *line, size_t len)
{
	fuzz_must(is_ours(line));
	for (size_t i = 0; i < len; i++)
		fuzz_must(line[i] >= ' ' && line[i] <= '~');
}

int
fuzz_answer(const struct buf *reply)
{
	const char *line, *end, *body;
	bool is_json = false;
	int status;
	json_t *json;

	fuzz_must(reply->len > 0);
	body = strstr(reply->data, "\r\n\r\n");
	fuzz_must(body != NULL);
	fuzz_must(sscanf(reply->data, "Status: %d ", &status) == 1);
	for (line = reply->data; line < body + 2; line = end + 2) {
		end = strstr(line, "\r\n");
		check_line(line, (size_t)(end - line));
		is_json = is_json ||
		    (strncmp(line, "Content-Type: ", 14) == 0 &&
			memmem(line, (size_t)(end - line), "json", 4) != NULL);
	}
	body += 4;
	fuzz_must(strlen(reply->data) == reply->len);
	if (!is_json) {
		fuzz_must(strcasestr(body, "<script") == NULL);
	} else {
		json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
		fuzz_must(json != NULL);
		json_decref(json);
	}
	return status;
}

/* ---- the log ---- */

void
fuzz_log_open(void)
{
	fuzz_must(log_open(fuzz_path("log")) == 0);
}

/* What is no object of JSON is words for the operator. */
static void
check_entry(const char *line)
{
	json_t *json;

	if (strncmp(line, "fcgi-thumb: ", 12) == 0)
		return;
	json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	fuzz_must(json != NULL);
	fuzz_must(json_is_object(json));
	json_decref(json);
}

void
fuzz_log(void)
{
	char *text = NULL, *rest = NULL;
	size_t len = 0;

	fuzz_must(fd_read_file(AT_FDCWD, fuzz_path("log"), LOG_MAX, &text,
		      &len) == 0);
	fuzz_must(strlen(text) == len);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		check_entry(line);
	free(text);
	fuzz_must(truncate(fuzz_path("log"), 0) == 0);
}
