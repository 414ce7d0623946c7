#include "config.h"

/*
 * ImageMagick as a worker starts it, what is asked before it, and libraries with
 * known holes.
 */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "image.h"
#include "planes.h"
#include "render.h"
#include "worker.h"

/* An encoder that a preset wants and that is missing has stopped image_boot. */
static void
check_formats(struct doctor *d)
{
	for (int i = FORMAT_NONE + 1; i < FORMAT_COUNT; i++) {
		enum format format = (enum format)i;
		const struct format_spec *spec = format_spec(format);

		doctor_fix(d,
		    "install the coder, such as libmagickcore-6.q16-6-extra "
		    "or libheif's plugins, and restart, if it is wanted");
		if (!image_can_read(format))
			doctor_say(d, NOTE, "codecs",
			    "%s: cannot be read on this system: such photos "
			    "are refused",
			    spec->name);
		else if (!spec->writes)
			doctor_say(d, OK, "codecs", "%s: read", spec->name);
		else if (image_can_write(format))
			doctor_say(d, OK, "codecs", "%s: read and written",
			    spec->name);
		else
			doctor_say(d, NOTE, "codecs",
			    "%s: read, and cannot be written on this system; "
			    "no preset wants it",
			    spec->name);
	}
}

/* Limits, codecs and policy have been tried where this gets its answer. */
static void
check_boot(struct doctor *d, const char *dir)
{
	char why[256], memory[BYTES_TEXT_MAX], version[32];

	if (image_boot(d->settings, dir, why, sizeof why) != 0) {
		doctor_fix(d,
		    "what it names: a package, limits.memory, or another "
		    "policy.xml in MAGICK_CONFIGURE_PATH");
		doctor_say(d, FAULT, "pictures", "%s", why);
		return;
	}
	bytes_text(d->settings->limits.memory, memory);
	image_version(version, sizeof version);
	doctor_say(d, OK, "pictures",
	    "ImageMagick %s: our limits are in force (%s of memory, no disk, "
	    "one thread), "
	    "and all but our formats are refused",
	    version, memory);
	check_formats(d);
	image_shutdown();
}

/* What is asked before MagickWand. */
static void
check_planes(struct doctor *d)
{
	char version[64];

	planes_version(version, sizeof version);
	if (version[0] == '\0') {
		doctor_fix(d,
		    "install a build with libjpeg and z.lib, if "
		    "processor time counts");
		doctor_say(d, NOTE, "planes",
		    "not built: MagickWand makes ordinary JPEG, too, which "
		    "takes a multiple of the time");
	} else if (render_has_planes(d->settings)) {
		doctor_say(d, OK, "planes",
		    "%s: ordinary JPEG is made by its planes", version);
	} else {
		doctor_say(d, OK, "planes", "%s: off, engine = \"magick\"",
		    version);
	}
}

/* In a directory that goes again. */
static void
check_pictures(struct doctor *d)
{
	const char *tmp = getenv("TMPDIR");
	char *dir =
	    settings_path(tmp != NULL ? tmp : "/tmp", "thumbctl.XXXXXX");

	if (dir == NULL || mkdtemp(dir) == NULL) {
		doctor_fix(d,
		    "set TMPDIR to a directory that this account "
		    "may write to");
		doctor_say(d, FAULT, "pictures", "%s: %s",
		    dir != NULL ? dir : "a directory", strerror(errno));
		free(dir);
		return;
	}
	check_boot(d, dir);
	(void)fd_remove_tree(AT_FDCWD, dir);
	free(dir);
}

static void
check_holes(struct doctor *d)
{
	int has = worker_try_params();

	if (has == 0) {
		doctor_say(d, OK, "libraries",
		    "libfcgi refuses a parameter that is too long "
		    "(CVE-2025-23016)");
		return;
	}
	doctor_fix(d,
	    "upgrade libfcgi (Debian 12: 2.4.2-2+deb12u1; else 2.4.5 "
	    "or later), then restart the service");
	if (has == 1)
		doctor_say(d, FAULT, "libraries",
		    "libfcgi has the hole CVE-2025-23016: whoever may write "
		    "to the sockets may run code");
	else
		doctor_say(d, NOTE, "libraries",
		    "whether libfcgi has the hole CVE-2025-23016 could not be "
		    "tried");
}

void
doctor_pictures(struct doctor *d)
{
	check_pictures(d);
	check_planes(d);
	check_holes(d);
}
