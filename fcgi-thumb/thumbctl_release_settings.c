#include "config.h"

/* A slot's settings, made from those of the service. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "thumbctl_release_internal.h"

/* Put another value into *text. 0, or -1 after a complaint. */
static int
edit(char **text, const char *key, const char *value, bool quoted)
{
	char *written = NULL, *edited = NULL;

	if (asprintf(&written, quoted ? "\"%s\"" : "%s", value) != -1) {
		edited = settings_edit(*text, key, written);
		free(written);
	}
	if (edited == NULL) {
		complain("no memory left");
		return -1;
	}
	free(*text);
	*text = edited;
	return 0;
}

static bool
is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return len > 0 && strncmp(path, dir, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* Pages that nobody has made for himself are those of the version. */
static bool
has_own_pages(const struct slot_source *source, const char *release_dir)
{
	const char *html = source->settings->html;
	struct settings *defaults = settings_load(NULL, stderr);
	bool own = defaults != NULL && strcmp(html, defaults->html) != 0 &&
	    !is_below(html, source->root) && !is_below(html, release_dir);

	settings_free(defaults);
	return own;
}

/* The pages of a version. The caller frees; NULL after a complaint. */
static char *
pages_of(const struct releases *r, const char *version)
{
	char *path = NULL;

	if (asprintf(&path, "%s/" VERSIONS_DIR "/%s/share/html",
		r->settings->release_dir, version) != -1)
		return path;
	complain("no memory left");
	return NULL;
}

char *
slot_settings_text(const struct releases *r, enum release_slot slot,
    const char *version, const struct slot_source *source)
{
	char run[PATH_MAX];
	char *text, *html;
	int rc = -1;

	if (release_run_dir(r->settings, slot, run, sizeof run) == -1) {
		complain("run = \"%s\" is too long: the sockets of a slot are "
			 "one directory deeper, and have 107 bytes",
		    r->settings->run);
		return NULL;
	}
	html = pages_of(r, version);
	text = html != NULL ? strdup(source->text) : NULL;
	if (text != NULL && edit(&text, "run", run, true) == 0 &&
	    edit(&text, "slot", settings_slot_name(slot), true) == 0 &&
	    edit(&text, "releases", "true", false) == 0 &&
	    (has_own_pages(source, r->settings->release_dir) ||
		edit(&text, "html", html, true) == 0))
		rc = 0;
	free(html);
	if (rc == 0)
		return text;
	free(text);
	return NULL;
}
