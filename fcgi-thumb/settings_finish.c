#include "config.h"

/*
 * What can be said only when all settings are known: limits against each other,
 * the number of workers, the recipes. Knows no file.
 */

#include "settings_loader.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "digest.h"

#define AVIF_SIDE_MAX 1024 /* px; under a second of encoding */

/* Of two limits one must not be larger than the other. */
static void
check_order(struct loader *l, const char *small_key, const char *large_key)
{
	struct level level = { SCOPE_LIMITS, l->settings, -1, l->seen };
	struct place small =
	    level_place(&level, setting_find(SCOPE_LIMITS, small_key));
	struct place large =
	    level_place(&level, setting_find(SCOPE_LIMITS, large_key));
	unsigned long long small_value = setting_get(small.row, l->settings);
	unsigned long long large_value = setting_get(large.row, l->settings);
	char small_text[24], large_text[24];

	if (small.seen->failed || large.seen->failed ||
	    small_value <= large_value)
		return;
	setting_format(small.row, small_value, small_text, sizeof small_text);
	setting_format(large.row, large_value, large_text, sizeof large_text);
	/* Blame the one that the file sets. */
	if (small.seen->line == 0)
		small.seen->line = large.seen->line;
	loader_refuse(l, &small, "%s is more than limits.%s, which is %s",
	    small_text, large_key, large_text);
}

/*
 * One more than the processors that this process may run on: a worker waits for
 * the disk for a tenth of its time, and then there is somebody for its processor.
 */
static unsigned
enough_workers(void)
{
	unsigned most = (unsigned)setting_find(SCOPE_TOP, "workers")->max;
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	/* Fails where the kernel has more of them than cpu_set_t. */
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	if (n < 1)
		n = 1;
	return n >= (long)most ? most : (unsigned)n + 1;
}

/* A number of a preset, or of all, by its key, as one would write it. */
static void
write_row(const struct setting *row, const void *base, struct buf *out)
{
	char text[24];

	setting_format(row, setting_get(row, base), text, sizeof text);
	buf_printf(out, " %s=%s", row->key, text);
}

static void
write_key(const struct preset *p, const char *key, struct buf *out)
{
	write_row(setting_find(SCOPE_PRESET, key), p, out);
}

/* A key that older versions lack is left out where it changes nothing. */
static void
write_unless_default(const struct setting *row, const void *base,
    struct buf *out)
{
	unsigned long long fallback = 0;

	(void)setting_parse(row, row->fallback, &fallback);
	if (setting_get(row, base) != fallback)
		write_row(row, base, out);
}

/*
 * Exactly what changes the picture goes in, so that another name, or a gravity
 * where it pulls nothing, leaves the files of a preset valid.
 */
static int
make_recipe(const struct settings *s, struct preset *p)
{
	static const char *const younger[] = { "enlarge", "sharpen",
		"progressive", "chroma", "keep_copyright", "animated" };
	unsigned char sha[DIGEST_SHA256_LEN];
	struct buf text = { 0 };
	int rc = -1;

	buf_printf(&text, "version=%d", RENDER_VERSION);
	write_key(p, "width", &text);
	write_key(p, "height", &text);
	write_key(p, "fit", &text);
	if (p->fit != FIT_INSIDE)
		write_key(p, "gravity", &text);
	write_key(p, "quality", &text);
	write_key(p, "background", &text);
	for (size_t i = 0; i < sizeof younger / sizeof younger[0]; i++)
		write_unless_default(setting_find(SCOPE_PRESET, younger[i]), p,
		    &text);
	write_unless_default(setting_find(SCOPE_TOP, "resize_quality"), s,
	    &text);
	if (text.failed || digest_sha256(text.data, text.len, sha) == -1)
		goto out;
	for (unsigned i = 0; i < RECIPE_LEN / 2; i++)
		(void)snprintf(p->recipe + 2 * i, 3, "%02x", sha[i]);
	rc = 0;
out:
	buf_fini(&text);
	return rc;
}

static bool
has_format(const struct preset *p, enum format format)
{
	for (unsigned i = 0; i < p->n_formats; i++)
		if (p->formats[i] == format)
			return true;
	return false;
}

void
loader_check_preset(struct loader *l, const struct level *level, unsigned line)
{
	const struct preset *p = level->base;
	char key[24];

	(void)snprintf(key, sizeof key, "presets[%d]", level->preset);
	if (p->gravity == GRAVITY_SMART && p->fit != FIT_COVER)
		loader_say(l, line, key,
		    "gravity \"smart\" is for fit \"cover\" alone");
	if (has_format(p, FORMAT_AVIF) &&
	    (p->width > AVIF_SIDE_MAX || p->height > AVIF_SIDE_MAX))
		loader_say(l, line, key,
		    "avif is written up to %d px a side: a larger one takes "
		    "seconds",
		    AVIF_SIDE_MAX);
	if (p->animated && !has_format(p, FORMAT_WEBP) &&
	    !has_format(p, FORMAT_GIF))
		loader_say(l, line, key,
		    "animated needs webp or gif among the formats");
}

/* Each of two keys is nothing without the other. */
static void
check_auth(struct loader *l)
{
	const struct settings *s = l->settings;
	struct level level = { SCOPE_TOP, l->settings, -1, l->seen };
	struct place how =
	    level_place(&level, setting_find(SCOPE_TOP, "upload_auth"));
	struct place where =
	    level_place(&level, setting_find(SCOPE_TOP, "auth_request"));

	if (how.seen->failed || where.seen->failed)
		return;
	if ((s->upload_auth == AUTH_REQUEST) != (s->auth_request[0] != '\0'))
		loader_say(l,
		    where.seen->line > 0 ? where.seen->line : how.seen->line,
		    "auth_request",
		    "it and upload_auth = \"request\" need each other");
}

static void
check_account(struct loader *l)
{
	const struct settings *s = l->settings;
	struct level level = { SCOPE_TOP, l->settings, -1, l->seen };
	struct place user =
	    level_place(&level, setting_find(SCOPE_TOP, "user"));
	struct place group =
	    level_place(&level, setting_find(SCOPE_TOP, "group"));

	if (!user.seen->failed && !group.seen->failed && s->user[0] == '\0' &&
	    s->group[0] != '\0')
		loader_refuse(l, &group, "it is for a user, and there is none");
}

/* node_exporter reads no other files. */
static void
check_textfile(struct loader *l)
{
	struct level level = { SCOPE_TOP, l->settings, -1, l->seen };
	struct place at =
	    level_place(&level, setting_find(SCOPE_TOP, "slo_textfile"));
	const char *path, *end;

	if (at.seen->failed || l->settings->slo_textfile[0] == '\0')
		return;
	path = strrchr(l->settings->slo_textfile, '/') + 1;
	end = strrchr(path, '.');
	if (end == NULL || end == path || strcmp(end, ".prom") != 0)
		loader_refuse(l, &at, "it has to be NAME.prom");
}

static int
make_digest(struct settings *s)
{
	unsigned char sha[DIGEST_SHA256_LEN];
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int rc = -1;

	if (out == NULL)
		return -1;
	settings_print(s, out);
	if (fclose(out) == 0)
		rc = digest_sha256(text, len, sha);
	if (rc == 0)
		digest_hex(sha, s->digest);
	free(text);
	return rc;
}

void
loader_finish(struct loader *l)
{
	struct settings *s = l->settings;

	check_order(l, "photo", "request");
	check_order(l, "job_seconds", "request_seconds");
	check_auth(l);
	check_account(l);
	check_textfile(l);
	for (unsigned i = 0; i < s->n_presets; i++)
		if (make_recipe(s, &s->presets[i]) == -1)
			loader_say(l, 0, "presets", "no recipe can be made");
	/* What was refused cannot be printed. */
	if (l->n_errors == 0 && make_digest(s) == -1)
		loader_say(l, 0, "settings", "no digest can be made");
	if (s->workers == 0)
		s->workers = enough_workers();
}
