#include "config.h"

/*
 * What else nginx serves. A site without a name would take requests from those
 * that are there, so it has to be known whether there are any; Debian's page
 * "Welcome to nginx" alone is nobody's site.
 */

#include "thumbctl_site.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "fdio.h"

/* Debian's and Ubuntu's, without comments and with single spaces. */
static const char debian_default[] =
    "server { listen 80 default_server; listen [::]:80 default_server; "
    "root /var/www/html; index index.html index.htm index.nginx-debian.html; "
    "server_name _; location / { try_files $uri $uri/ =404; } }";

/* Without comments, a space for all that is blank, none at the ends. */
static char *
bare(const char *text)
{
	struct buf b = { 0 };

	while (*text != '\0') {
		size_t blank = strspn(text, " \t\r\n");

		if (text[blank] == '#') {
			text += blank + strcspn(text + blank, "\n");
			continue;
		}
		text += blank;
		if (*text == '\0')
			break;
		if (blank > 0 && b.len > 0)
			buf_puts(&b, " ");
		/* Up to what is blank; "#" within a word begins no comment. */
		blank = strcspn(text, " \t\r\n");
		buf_add(&b, text, blank);
		text += blank;
	}
	return b.data;
}

static bool
has_server(const char *text)
{
	for (const char *at = text; (at = strstr(at, "server")) != NULL; at++)
		if ((at == text || strchr(" ;{}", at[-1]) != NULL) &&
		    (at[6] == '{' || strncmp(at + 6, " {", 2) == 0))
			return true;
	return false;
}

static void
keep(char **to, const char *path)
{
	if (*to == NULL)
		*to = strdup(path);
}

static void
look_at(const struct site *s, const char *path, struct other_sites *out)
{
	char *text, *words;

	if (strcmp(path, s->link) == 0)
		return;
	text = site_read(path);
	words = text != NULL ? bare(text) : NULL;
	if (words != NULL && strstr(words, "fcgi-thumb-http.conf") != NULL)
		keep(&out->uses, path);
	if (words != NULL && has_server(words)) {
		out->ipv6 = out->ipv6 || strstr(words, "listen [") != NULL;
		if (strcmp(words, debian_default) != 0)
			keep(&out->any, path);
	}
	free(words);
	free(text);
}

/* All of it that nginx.conf includes; ending is that of their names. */
static void
look_into(const struct site *s, const char *name, const char *ending,
    struct other_sites *out)
{
	char *path = settings_path(s->nginx_dir, name);
	DIR *dir = path != NULL ? fd_list(AT_FDCWD, path) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = fd_next(dir)) != NULL) {
		size_t len = strlen(entry->d_name), end = strlen(ending);
		char *file;

		if (entry->d_name[0] == '.' || len < end ||
		    strcmp(entry->d_name + len - end, ending) != 0)
			continue;
		file = settings_path(path, entry->d_name);
		if (file != NULL)
			look_at(s, file, out);
		free(file);
	}
	if (dir != NULL)
		(void)closedir(dir);
	free(path);
}

void
others_find(const struct site *s, struct other_sites *out)
{
	*out = (struct other_sites){ 0 };
	look_into(s, "sites-enabled", "", out);
	look_into(s, "conf.d", ".conf", out);
}

void
others_free(struct other_sites *o)
{
	free(o->any);
	free(o->uses);
	*o = (struct other_sites){ 0 };
}
