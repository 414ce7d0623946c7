#include "config.h"

/*
 * Whether the places that the settings name are there and can be used.
 */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* With less than this over limits.free there is a note: some hours of uploads. */
#define SPACE_LOW (UINT64_C(1) << 30)

static bool
can(const char *path, int how)
{
	return faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0;
}

/* The store's directories: is each there, and where the others are? */
static void
check_one_disk(struct doctor *d, dev_t dev)
{
	static const char *const parts[] = { "photos", "public", "staging",
		"trash", "quarantine", "state" };
	const char *data = d->settings->data;
	unsigned missing = 0, faults = d->faults;

	for (unsigned i = 0; i < NELEM(parts); i++) {
		char *path = settings_path(data, parts[i]);
		struct stat st;

		if (path == NULL || stat(path, &st) == -1)
			missing++;
		else if (st.st_dev != dev)
			doctor_say(d, FAULT,
			    "data: %s is on another file system than %s: "
			    "nothing can be renamed into it",
			    path, data);
		else if (!can(path, W_OK | X_OK))
			doctor_say(d, FAULT, "data: %s: %s", path,
			    strerror(errno));
		free(path);
	}
	if (missing > 0)
		doctor_say(d, NOTE,
		    "data: %u of its directories are not there yet; the "
		    "service makes them when it starts",
		    missing);
	else if (d->faults == faults)
		doctor_say(d, OK, "data: all of it is on one file system");
}

static void
check_step(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IXOTH) == 0)
		doctor_say(d, NOTE,
		    "data: %s lets nobody pass but its owner and group (mode "
		    "%04o); nginx's workers must be among them",
		    path, (unsigned)st.st_mode & 07777);
}

/* Every directory on the way to what nginx serves has to let it pass. */
static void
check_way(struct doctor *d)
{
	char *path = settings_path(d->settings->data, "public");

	if (path == NULL)
		return;
	for (char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;
	     *slash = '/') {
		*slash = '\0';
		check_step(d, path);
	}
	check_step(d, path);
	free(path);
}

static void
check_space(struct doctor *d)
{
	uint64_t keep = d->settings->limits.free, there;
	char has[BYTES_TEXT_MAX], wants[BYTES_TEXT_MAX];
	struct statvfs fs;

	if (statvfs(d->settings->data, &fs) == -1) {
		doctor_say(d, FAULT, "disk: %s", strerror(errno));
		return;
	}
	there = (uint64_t)fs.f_bavail * fs.f_frsize;
	bytes_text(there, has);
	bytes_text(keep, wants);
	if (there < keep)
		doctor_say(d, FAULT,
		    "disk: %s are free, limits.free keeps %s: no photo is "
		    "taken",
		    has, wants);
	else
		doctor_say(d, there - keep < SPACE_LOW ? NOTE : OK,
		    "disk: %s are free, limits.free keeps %s", has, wants);
	/* Some file systems do not count them. */
	if (fs.f_files > 0 && fs.f_favail == 0)
		doctor_say(d, FAULT,
		    "disk: no file can be made any more (inodes)");
}

static void
check_data(struct doctor *d)
{
	const char *data = d->settings->data;
	struct stat st;

	if (stat(data, &st) == -1) {
		doctor_say(d, errno == ENOENT ? NOTE : FAULT, "data: %s: %s%s",
		    data, strerror(errno),
		    errno == ENOENT
			? "; the service makes it when it starts, where it may"
			: "");
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		doctor_say(d, FAULT, "data: %s is no directory", data);
		return;
	}
	if (st.st_uid != geteuid())
		doctor_say(d, NOTE,
		    "data: it is of %s, and this is %s: what follows is true "
		    "of the latter",
		    doctor_account(st.st_uid), doctor_account(geteuid()));
	else if (st.st_uid == 0)
		doctor_say(d, NOTE,
		    "data: it is of root; the service needs no more than an "
		    "account of its own");
	if (can(data, W_OK | X_OK))
		doctor_say(d, OK, "data: %s, of %s", data,
		    doctor_account(st.st_uid));
	else
		doctor_say(d, FAULT, "data: %s: %s", data, strerror(errno));
	check_one_disk(d, st.st_dev);
	check_way(d);
	check_space(d);
}

/* The directory need not be the service's, where its file is there. */
static void
check_logs(struct doctor *d)
{
	const char *logs = d->settings->logs;
	char *file = settings_path(logs, "fcgi-thumb.log");
	bool is_there = file != NULL && access(file, F_OK) == 0;

	if (logs[0] == '\0')
		doctor_say(d, OK, "logs: to the standard error output");
	else if (is_there ? can(file, W_OK) : can(logs, W_OK | X_OK))
		doctor_say(d, OK, "logs: %s", logs);
	else
		doctor_say(d, FAULT, "logs: %s: %s", is_there ? file : logs,
		    strerror(errno));
	free(file);
}

static void
check_other_places(struct doctor *d)
{
	const struct settings *s = d->settings;
	char *index = settings_path(s->html, "index.html");

	check_logs(d);
	if (s->page && index != NULL && !can(index, R_OK))
		doctor_say(d, FAULT, "page: %s: %s", index, strerror(errno));
	free(index);
}

static void
check_secret(struct doctor *d)
{
	char why[256];

	if (d->settings->upload_auth != AUTH_TOKEN)
		return;
	if (settings_read_secrets(d->settings, why, sizeof why) == 0)
		doctor_say(d, OK, "upload_secret: %s",
		    d->settings->upload_secret);
	else
		doctor_say(d, FAULT, "%s", why);
}

void
doctor_places(struct doctor *d)
{
	check_data(d);
	check_other_places(d);
	check_secret(d);
}
