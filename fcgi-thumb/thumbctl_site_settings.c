#include "config.h"

/*
 * What a site needs of the settings, in the operator's own file: a value here
 * and there, and every comment where it was. The new text is tried before it is
 * put in place.
 */

#include "thumbctl_site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* ---- values ---- */

/* The text with another value. 0, or -1 after a complaint. */
static int
edit(struct settings_change *c, const char *key, const char *value)
{
	char *quoted = NULL, *text = NULL;

	if (asprintf(&quoted, "\"%s\"", value) != -1)
		text = settings_edit(c->new, key, quoted);
	else
		quoted = NULL;
	free(quoted);
	if (text == NULL) {
		complain("no memory left");
		return -1;
	}
	free(c->new);
	c->new = text;
	return 0;
}

/* Uploads for everybody are somebody's decision, here and now. */
static int
edit_auth(const struct site *s, const struct settings *now,
    struct settings_change *c)
{
	if (s->open)
		return now->upload_auth == AUTH_NONE
		    ? 0
		    : edit(c, "upload_auth", "none");
	return now->upload_auth != AUTH_NONE ? 0
					     : edit(c, "upload_auth", "token");
}

/* Nobody has said it otherwise, or it is what was put here. */
static bool
may_hint(const char *value, const char *begin)
{
	return value != NULL &&
	    (value[0] == '\0' || strncmp(value, begin, strlen(begin)) == 0);
}

/*
 * The name need not lead here from here, so that the prober is told where to
 * connect. Without a name it asks localhost by itself, and public_url is the way
 * that visitors come.
 */
static int
edit_probe(const struct site *s, const struct settings *now,
    struct settings_change *c)
{
	char url[300] = "", connect[32] = "", port[16] = "";

	if (now->public_url[0] != '\0' ||
	    !may_hint(settings_text(now, "probe_url"), "http://") ||
	    !may_hint(settings_text(now, "probe_connect"), "127.0.0.1"))
		return 0;
	if (s->port != 80)
		(void)snprintf(port, sizeof port, ":%u", s->port);
	if (s->n_names > 0 || port[0] != '\0')
		(void)snprintf(url, sizeof url, "http://%s%s",
		    s->n_names > 0 ? s->names[0] : "localhost", port);
	if (s->n_names > 0)
		(void)snprintf(connect, sizeof connect, "127.0.0.1%s", port);
	if (strcmp(settings_text(now, "probe_url"), url) != 0 &&
	    edit(c, "probe_url", url) == -1)
		return -1;
	if (strcmp(settings_text(now, "probe_connect"), connect) != 0 &&
	    edit(c, "probe_connect", connect) == -1)
		return -1;
	return 0;
}

/* ---- the file ---- */

static int
read_old(const char *file, struct settings_change *c)
{
	c->path = realpath(file, NULL);
	if (c->path != NULL && stat(c->path, &c->like) == 0 &&
	    (c->old = site_read(c->path)) != NULL &&
	    (c->new = strdup(c->old)) != NULL)
		return 0;
	complain("%s: %s", file, strerror(errno));
	return -1;
}

/* From a file beside the real one, whose name errors have. NULL after words. */
static struct settings *
load_aside(const struct settings_change *c)
{
	struct settings *settings = NULL;
	char *aside = NULL;

	if (asprintf(&aside, "%s.%ld", c->path, (long)getpid()) == -1) {
		complain("no memory left");
		return NULL;
	}
	if (site_write(aside, c->new, &c->like) == 0) {
		settings = settings_load(aside, stderr);
		(void)unlink(aside);
	}
	free(aside);
	return settings;
}

/* Would the new text be taken? The exit status. */
static int
try_new(struct settings_change *c)
{
	char why[512];

	c->settings = load_aside(c);
	if (c->settings == NULL)
		return EXIT_FAILURE;
	if (settings_read_secrets(c->settings, why, sizeof why) == 0)
		return EXIT_SUCCESS;
	complain("without --open uploads need a token, and %s", why);
	return EX_CONFIG;
}

int
settings_change_make(const struct site *s, struct settings_change *c)
{
	struct settings *now = settings_load(s->settings_file, stderr);
	int status = EXIT_FAILURE;

	*c = (struct settings_change){ 0 };
	if (now == NULL)
		return EX_CONFIG;
	if (read_old(s->settings_file, c) == 0 && edit_auth(s, now, c) == 0 &&
	    edit_probe(s, now, c) == 0)
		status = try_new(c);
	settings_free(now);
	return status;
}

void
settings_change_free(struct settings_change *c)
{
	free(c->path);
	free(c->old);
	free(c->new);
	settings_free(c->settings);
	*c = (struct settings_change){ 0 };
}

int
settings_change_put(struct settings_change *c)
{
	if (strcmp(c->old, c->new) == 0)
		return 0;
	if (site_write(c->path, c->new, &c->like) == -1)
		return -1;
	c->is_put = true;
	return 0;
}

void
settings_change_undo(struct settings_change *c)
{
	if (!c->is_put)
		return;
	c->is_put = false;
	if (site_write(c->path, c->old, &c->like) == 0)
		complain("%s is as it was", c->path);
}
