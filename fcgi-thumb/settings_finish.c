#include "config.h"

/*
 * What can be said only when all settings are known: limits against each other,
 * the number of workers, the recipes. Knows no file.
 */

#include "settings_loader.h"

#include <sched.h>
#include <unistd.h>

#include "buf.h"
#include "digest.h"

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

/* The processors that this process may run on. */
static unsigned
count_processors(void)
{
	unsigned most = (unsigned)setting_find(SCOPE_TOP, "workers")->max;
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	/* Fails where the kernel has more of them than cpu_set_t. */
	if (sched_getaffinity(0, sizeof set, &set) == 0)
		n = CPU_COUNT(&set);
	if (n < 1)
		return 1;
	return n > (long)most ? most : (unsigned)n;
}

/* A number of a preset by its key, as one would write it. */
static void
write_key(const struct preset *p, const char *key, struct buf *out)
{
	const struct setting *row = setting_find(SCOPE_PRESET, key);
	char text[24];

	setting_format(row, setting_get(row, p), text, sizeof text);
	buf_printf(out, " %s=%s", key, text);
}

/*
 * Exactly what changes the picture goes in, so that another name, or a gravity
 * where it pulls nothing, leaves the files of a preset valid.
 */
static int
make_recipe(struct preset *p)
{
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
	if (text.failed || digest_sha256(text.data, text.len, sha) == -1)
		goto out;
	for (unsigned i = 0; i < RECIPE_LEN / 2; i++)
		(void)snprintf(p->recipe + 2 * i, 3, "%02x", sha[i]);
	rc = 0;
out:
	buf_fini(&text);
	return rc;
}

void
loader_finish(struct loader *l)
{
	struct settings *s = l->settings;

	check_order(l, "photo", "request");
	check_order(l, "job_seconds", "request_seconds");
	if (s->workers == 0)
		s->workers = count_processors();
	for (unsigned i = 0; i < s->n_presets; i++)
		if (make_recipe(&s->presets[i]) == -1)
			loader_say(l, 0, "presets", "no recipe can be made");
}
