#include "config.h"

/* The settings of a prober that runs for years. */

#include "thumbctl.h"
#include "thumbctl_probe.h"

/* Of what was read, or of something later: then it is read again. */
static void
look(const struct prober *p, struct stat *st)
{
	if (stat(p->settings_file, st) == -1)
		*st = (struct stat){ 0 };
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int
probe_settings_load(struct prober *p)
{
	struct settings *s;

	look(p, &p->settings_stat);
	s = settings_load(p->settings_file, stderr);
	if (s == NULL)
		return -1;
	settings_free(p->settings);
	p->settings = s;
	return 0;
}

void
probe_settings_refresh(struct prober *p)
{
	struct stat st;

	look(p, &st);
	if (!p->reload && is_same(&st, &p->settings_stat))
		return;
	p->reload = false;
	probe_notes_end(p);
	if (probe_settings_load(p) == -1)
		complain("the old settings stay in force");
	(void)probe_notes_begin(p);
}
