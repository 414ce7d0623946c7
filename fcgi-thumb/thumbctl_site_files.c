#include "config.h"

/*
 * The site that nginx reads: where its file is, what is in it, and whether it
 * is still what was made here. A file is known by its first line, which has the
 * sum of all others: no list of what was made can be lost, or be wrong.
 */

#include "thumbctl_site.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "nginxconf.h"

#define MARK "# Made by `thumbctl site enable`; changed, it is yours. Sum: "
#define FILE_MAX (1024 * 1024) /* bytes; a site has some thousand */

/* ---- places ---- */

static bool
is_dir(const char *dir, const char *name)
{
	char *path = settings_path(dir, name);
	struct stat st;
	bool is = path != NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode);

	free(path);
	return is;
}

/* The file, and the link by which nginx reads it. */
static int
place(struct site *s, const char *file, const char *link, const char *target)
{
	s->file = settings_path(s->nginx_dir, file);
	s->link = settings_path(s->nginx_dir, link);
	s->files = settings_path(s->nginx_dir, "fcgi-thumb");
	s->target = target;
	s->job.dir = s->files;
	if (s->file != NULL && s->link != NULL && s->files != NULL)
		return 0;
	complain("no memory left");
	return -1;
}

int
site_find(struct site *s)
{
	if (is_dir(s->nginx_dir, "sites-available") &&
	    is_dir(s->nginx_dir, "sites-enabled"))
		return place(s, "sites-available/fcgi-thumb",
		    "sites-enabled/fcgi-thumb",
		    "../sites-available/fcgi-thumb");
	if (is_dir(s->nginx_dir, "conf.d"))
		return place(s, "fcgi-thumb/site.conf",
		    "conf.d/fcgi-thumb.conf", "../fcgi-thumb/site.conf");
	complain("%s has neither sites-enabled nor conf.d: is nginx installed? "
		 "--nginx-dir names another directory",
	    s->nginx_dir);
	return -1;
}

void
site_free(struct site *s)
{
	free(s->files);
	free(s->file);
	free(s->link);
	free(s->kept);
	s->files = s->file = s->link = s->kept = NULL;
}

/* ---- files ---- */

char *
site_read(const char *path)
{
	char *real = realpath(path, NULL), *text = NULL;
	size_t len;
	int rc = real == NULL
	    ? -1
	    : fd_read_file(AT_FDCWD, real, FILE_MAX, &text, &len);

	free(real);
	return rc == 0 ? text : NULL;
}

int
site_write(const char *path, const char *text, const struct stat *like)
{
	const char *name = strrchr(path, '/') + 1;
	char dir[PATH_MAX];
	int dirfd, rc = -1;

	(void)snprintf(dir, sizeof dir, "%.*s", (int)(name - path), path);
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd != -1 &&
	    fd_replace_file(dirfd, name,
		like != NULL ? (int)(like->st_mode & 07777) : 0644, like, text,
		strlen(text)) == 0)
		rc = fd_sync_dir(dirfd, ".");
	if (rc == -1)
		complain("%s: %s", path, strerror(errno));
	fd_close(&dirfd);
	return rc;
}

/* ---- what is there ---- */

static int
sum_of(const char *text, char out[DIGEST_HEX_LEN + 1])
{
	unsigned char sha[DIGEST_SHA256_LEN];

	if (digest_sha256(text, strlen(text), sha) == -1)
		return -1;
	digest_hex(sha, out);
	return 0;
}

static bool
is_as_made(const char *text)
{
	char sum[DIGEST_HEX_LEN + 1];
	const char *said = text + sizeof MARK - 1;

	return strncmp(text, MARK, sizeof MARK - 1) == 0 &&
	    strlen(said) > DIGEST_HEX_LEN && said[DIGEST_HEX_LEN] == '\n' &&
	    sum_of(said + DIGEST_HEX_LEN + 1, sum) == 0 &&
	    strncmp(said, sum, DIGEST_HEX_LEN) == 0;
}

enum site_state
site_state(const struct site *s)
{
	struct stat st;
	enum site_state state = SITE_YOURS;
	char *text = NULL;

	if (lstat(s->file, &st) == -1 && errno == ENOENT)
		return SITE_NONE;
	/* A link is somebody's: what it leads to is not ours to replace. */
	if (S_ISREG(st.st_mode))
		text = site_read(s->file);
	if (text != NULL && is_as_made(text))
		state = SITE_OURS;
	free(text);
	return state;
}

enum link_state
site_link(const struct site *s)
{
	char to[PATH_MAX], *real = NULL, *file = NULL;
	enum link_state state = LINK_OTHER;
	ssize_t len = readlink(s->link, to, sizeof to - 1);

	if (len == -1)
		return errno == ENOENT ? LINK_NONE : LINK_OTHER;
	to[len] = '\0';
	real = realpath(s->link, NULL);
	file = realpath(s->file, NULL);
	if (strcmp(to, s->target) == 0 || strcmp(to, s->file) == 0 ||
	    (real != NULL && file != NULL && strcmp(real, file) == 0))
		state = LINK_OURS;
	free(real);
	free(file);
	return state;
}

/* What is behind this word at the beginning of a line. For free(), or NULL. */
static char *
value_in(const char *text, const char *word)
{
	const char *at = text != NULL ? strstr(text, word) : NULL;

	if (at == NULL)
		return NULL;
	at += strlen(word);
	return strndup(at, strcspn(at, ";"));
}

char *
site_names(const struct site *s)
{
	char *text = site_read(s->file);
	char *names = value_in(text, "\tserver_name ");

	free(text);
	return names;
}

/* This machine's own are found out anew. */
static void
keep_names(struct site *s, const char *text)
{
	char *rest;

	s->kept = value_in(text, "\tserver_name ");
	if (s->kept == NULL || strchr(s->kept, '~') != NULL)
		return;
	rest = s->kept;
	for (char *name; (name = strsep(&rest, " ")) != NULL;)
		if (s->n_names < SITE_NAMES_MAX)
			s->names[s->n_names++] = name;
}

void
site_keep(struct site *s)
{
	char *text = site_state(s) == SITE_OURS ? site_read(s->file) : NULL;
	char *port = value_in(text, "\tlisten ");

	if (s->n_names == 0)
		keep_names(s, text);
	if (s->port == 0 &&
	    (port == NULL || nginx_parse_port(port, &s->port) == -1))
		s->port = 80;
	free(port);
	free(text);
}

/* ---- the text ---- */

/*
 * So that a machine which nobody has named yet is found: by its own name, with
 * any domain behind it, and by every address that it may have.
 */
static void
own_names(struct buf *out)
{
	struct utsname own;
	const char *name = uname(&own) == 0 ? own.nodename : "";

	buf_puts(out, "localhost");
	if (name[0] != '\0' && strcmp(name, "localhost") != 0 &&
	    name[strspn(name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-")] == '\0')
		buf_printf(out, strchr(name, '.') != NULL ? " %s" : " %s %s.*",
		    name, name);
	buf_puts(out, " ~^[0-9.]+$ \"~^\\[\"");
}

static void
all_names(const struct site *s, struct buf *out)
{
	if (s->n_names == 0)
		own_names(out);
	for (unsigned i = 0; i < s->n_names; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", s->names[i]);
}

/* A kernel without IPv6 has no such socket, and nginx would refuse all. */
static bool
has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd != -1;

	fd_close(&fd);
	return has;
}

/* The line with the words in it, their places filled in. */
static void
add_line(const struct site *s, const char *line, size_t len, struct buf *out)
{
	static const char port[] = "LISTEN_PORT", names[] = "SERVER_NAMES";
	char *copy = strndup(line, len);
	const char *at;

	if (copy == NULL) {
		out->failed = true;
	} else if ((at = strstr(copy, port)) != NULL) {
		if (strstr(copy, "[::]") == NULL ||
		    (!s->only_ipv4 && has_ipv6()))
			buf_printf(out, "%.*s%u%s", (int)(at - copy), copy,
			    s->port, at + sizeof port - 1);
	} else if ((at = strstr(copy, names)) != NULL) {
		buf_add(out, copy, (size_t)(at - copy));
		all_names(s, out);
		buf_puts(out, at + sizeof names - 1);
	} else {
		buf_puts(out, copy);
	}
	free(copy);
}

/* The filled template. For free(); NULL after words. */
static char *
fill(const struct site *s, const struct settings *settings)
{
	char *path = settings_path(s->job.templates, "site.conf.in");
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	int rc = -1;

	if (path == NULL || stream == NULL)
		complain("no memory left");
	else
		rc = nginxconf_fill(settings, 0, path, stream, stderr);
	if (stream != NULL && fclose(stream) == EOF)
		rc = -1;
	free(path);
	if (rc == 0)
		return text;
	free(text);
	return NULL;
}

char *
site_text(const struct site *s, const struct settings *settings)
{
	char *filled = fill(s, settings), sum[DIGEST_HEX_LEN + 1];
	struct buf body = { 0 }, all = { 0 };

	if (filled == NULL)
		return NULL;
	for (const char *line = filled; *line != '\0';) {
		size_t len = strcspn(line, "\n") + 1;

		add_line(s, line, len, &body);
		line += strnlen(line, len);
	}
	free(filled);
	if (!body.failed && sum_of(body.data, sum) == 0)
		buf_printf(&all, MARK "%s\n%s", sum, body.data);
	buf_fini(&body);
	if (all.data == NULL)
		complain("no memory left");
	return all.data;
}
