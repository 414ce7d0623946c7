#include "config.h"

/*
 * Whether the places that the settings name are there and can be used, how much
 * room they have, and whether anybody still writes to them.
 */

#include "thumbctl_doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "growth.h"
#include "outlet.h"
#include "target.h"

/* With less than this over limits.free there is a note: some hours of uploads. */
#define SPACE_LOW (UINT64_C(1) << 30)
#define INODES_LOW 10000

/* Logs grow by some hundred bytes a request. */
#define LOG_SPACE_LOW (UINT64_C(64) << 20)

/* Until then somebody can still buy a disk. */
#define SOON (14 * UINT64_C(86400))

/* A prober runs every ten seconds, and is restarted within a minute. */
#define LEDGER_SILENT 120

/* ---- the store ---- */

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

		if (path == NULL || stat(path, &st) == -1) {
			missing++;
		} else if (st.st_dev != dev) {
			doctor_fix(d, "move it to the file system of %s", data);
			doctor_say(d, FAULT, "data",
			    "%s is on another file system than %s: nothing "
			    "can be renamed into it",
			    path, data);
		} else if (!doctor_can(path, W_OK | X_OK)) {
			doctor_fix(d, "chown -R %s %s",
			    d->settings->user[0] != '\0' ? d->settings->user
							 : "the service's user",
			    path);
			doctor_say(d, FAULT, "data", "%s: %s", path,
			    strerror(errno));
		}
		free(path);
	}
	if (missing > 0) {
		doctor_fix(d, "start the service: it makes them");
		doctor_say(d, NOTE, "data",
		    "%u of its directories are not there yet", missing);
	} else if (d->faults == faults) {
		doctor_say(d, OK, "data", "all of it is on one file system");
	}
}

static void
check_step(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1 || (st.st_mode & S_IXOTH) != 0)
		return;
	doctor_fix(d, "chmod o+x %s, or nginx's account into its group", path);
	doctor_say(d, NOTE, "data",
	    "%s lets nobody pass but its owner and group (mode %04o); nginx's "
	    "workers must be among them",
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
check_owner(struct doctor *d, const struct stat *st)
{
	if (st->st_uid != geteuid()) {
		doctor_fix(d, "run it as %s, or as root",
		    doctor_account(st->st_uid));
		doctor_say(d, NOTE, "data",
		    "it is of uid %ld, and this is %s: what follows is true of "
		    "the latter",
		    (long)st->st_uid, doctor_account(geteuid()));
	} else if (st->st_uid == 0) {
		doctor_fix(d,
		    "user = \"NAME\" in the settings, chown -R %s, and a "
		    "restart",
		    d->settings->data);
		doctor_say(d, NOTE, "data",
		    "it is of root; the service needs no more than an account "
		    "of its own");
	}
}

/* ---- room ---- */

static void
check_bytes(struct doctor *d, const struct statvfs *fs)
{
	uint64_t keep = d->settings->limits.free;
	uint64_t there = (uint64_t)fs->f_bavail * fs->f_frsize;
	char has[BYTES_TEXT_MAX], wants[BYTES_TEXT_MAX];

	bytes_text(there, has);
	bytes_text(keep, wants);
	doctor_fix(d,
	    "make room or a larger disk; thumbctl sweep, thumbctl list "
	    "--larger 5M");
	if (there < keep)
		doctor_say(d, FAULT, "disk",
		    "%s are free, limits.free keeps %s: no photo is taken", has,
		    wants);
	else
		doctor_say(d, there - keep < SPACE_LOW ? NOTE : OK, "disk",
		    "%s are free, limits.free keeps %s", has, wants);
}

/* Some file systems do not count them. */
static void
check_inodes(struct doctor *d, const struct statvfs *fs)
{
	if (fs->f_files == 0)
		return;
	doctor_fix(d,
	    "a file system with more inodes (mkfs.ext4 -i 8192, "
	    "XFS), or fewer photos");
	if (fs->f_favail == 0)
		doctor_say(d, FAULT, "disk",
		    "no file can be made any more (inodes)");
	else
		doctor_say(d, fs->f_favail < INODES_LOW ? NOTE : OK, "disk",
		    "%" PRIu64 " more files can be made (inodes)",
		    (uint64_t)fs->f_favail);
}

static void
check_forecast(struct doctor *d)
{
	struct growth growth;
	struct forecast forecast;
	char words[GROWTH_WORDS_MAX];
	bool is_soon;

	if (growth_read(d->settings->data, &growth) == -1) {
		doctor_fix(d, "run it as root, or as the owner of %s",
		    d->settings->data);
		doctor_say(d, NOTE, "forecast",
		    "how the store grew cannot be seen: %s", strerror(errno));
	} else {
		growth_forecast(&growth, &d->settings->limits,
		    (int64_t)time(NULL), &forecast);
		growth_words(&forecast, words);
		is_soon =
		    forecast.course == GROWTH_FULL && forecast.seconds < SOON;
		doctor_fix(d, "a larger disk, or fewer photos: thumbctl list");
		doctor_say(d, is_soon ? NOTE : OK, "forecast", "%s", words);
	}
	growth_fini(&growth);
}

static void
check_space(struct doctor *d)
{
	struct statvfs fs;

	if (statvfs(d->settings->data, &fs) == -1) {
		doctor_fix(d, "see the kernel's log: dmesg");
		doctor_say(d, FAULT, "disk", "%s", strerror(errno));
		return;
	}
	if ((fs.f_flag & ST_RDONLY) != 0) {
		doctor_fix(d, "dmesg says why; mount -o remount,rw");
		doctor_say(d, FAULT, "disk", "it is mounted read-only");
	}
	check_bytes(d, &fs);
	check_inodes(d, &fs);
	check_forecast(d);
}

static void
check_data(struct doctor *d)
{
	const char *data = d->settings->data;
	struct stat st;

	if (stat(data, &st) == -1) {
		doctor_fix(d,
		    "start the service: it makes it where it may; or install "
		    "-d -o USER %s",
		    data);
		doctor_say(d, errno == ENOENT ? NOTE : FAULT, "data", "%s: %s",
		    data, strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		doctor_fix(d, "data = a directory, in the settings");
		doctor_say(d, FAULT, "data", "%s is no directory", data);
		return;
	}
	check_owner(d, &st);
	if (doctor_can(data, W_OK | X_OK)) {
		doctor_say(d, OK, "data", "%s, of %s", data,
		    doctor_account(st.st_uid));
	} else {
		doctor_fix(d, "chown -R the service's user %s", data);
		doctor_say(d, FAULT, "data", "%s: %s", data, strerror(errno));
	}
	check_one_disk(d, st.st_dev);
	if (!d->knows_nginx)
		check_way(d);
	check_space(d);
}

/* ---- logs and the ledger ---- */

static void
check_log_space(struct doctor *d, const char *dir)
{
	char has[BYTES_TEXT_MAX];
	struct statvfs fs;
	uint64_t there;

	if (statvfs(dir, &fs) == -1)
		return;
	there = (uint64_t)fs.f_bavail * fs.f_frsize;
	bytes_text(there, has);
	if (there >= LOG_SPACE_LOW)
		return;
	doctor_fix(d, "make room there, or logs on another disk; logrotate");
	doctor_say(d, NOTE, "logs",
	    "%s are free in %s: lines will be lost, and no upload", has, dir);
}

/* Those that are no files: is anybody there? */
static void
check_target(struct doctor *d, const char *key, const char *text)
{
	struct target target;
	char why[200];

	if (target_parse(text, &target) != NULL || target.kind < TARGET_JOURNAL)
		return;
	if (outlet_reach(&target, why, sizeof why) == 0) {
		doctor_say(d, OK, "logs", "%s: %s can be reached", key, text);
	} else {
		doctor_fix(d, "start what takes lines there, or set %s", key);
		doctor_say(d, FAULT, "logs",
		    "%s: %s; lines are lost, and no upload", key, why);
	}
}

static void
check_targets(struct doctor *d)
{
	check_target(d, "log_service", d->settings->log_service);
	check_target(d, "log_ledger", d->settings->log_ledger);
	/* nginx calls the journal by its other name. */
	check_target(d, "log_access",
	    strcmp(d->settings->log_access, "journal") == 0
		? "syslog"
		: d->settings->log_access);
}

/* The directory need not be the service's, where its file is there. */
static void
check_logs(struct doctor *d)
{
	const char *logs = d->settings->logs;
	struct target target = { 0 };
	bool is_there;
	char *file;

	(void)target_parse(d->settings->log_service, &target);
	if (target.kind >= TARGET_JOURNAL)
		return; /* check_targets says it */
	file = settings_path(logs, "fcgi-thumb.log");
	is_there = file != NULL && access(file, F_OK) == 0;
	if (logs[0] == '\0' || target.kind == TARGET_STDERR) {
		doctor_say(d, OK, "logs", "to the standard error output");
	} else if (is_there ? doctor_can(file, W_OK)
			    : doctor_can(logs, W_OK | X_OK)) {
		doctor_say(d, OK, "logs", "%s", logs);
		check_log_space(d, logs);
	} else {
		doctor_fix(d, "install -d -o %s -m 755 %s",
		    d->settings->user[0] != '\0' ? d->settings->user : "USER",
		    logs);
		doctor_say(d, FAULT, "logs", "%s: %s", is_there ? file : logs,
		    strerror(errno));
	}
	free(file);
}

/* When the newest of its files was written last; 0: there is none. */
static int64_t
newest_in(DIR *dir)
{
	const struct dirent *entry;
	int64_t newest = 0;
	struct stat st;

	while ((entry = readdir(dir)) != NULL)
		if (strstr(entry->d_name, ".jsonl") != NULL &&
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    (int64_t)st.st_mtim.tv_sec > newest)
			newest = (int64_t)st.st_mtim.tv_sec;
	return newest;
}

static void
check_ledger(struct doctor *d)
{
	const char *path = d->settings->ledger;
	DIR *dir = opendir(path);
	int error = errno;
	int64_t newest = dir != NULL ? newest_in(dir) : 0;
	int64_t silent = (int64_t)time(NULL) - newest;

	if (dir == NULL && error != ENOENT) {
		doctor_fix(d, "run it as root, or as who may read there");
		doctor_say(d, NOTE, "ledger", "%s: %s", path, strerror(error));
	} else if (newest == 0) {
		doctor_fix(d,
		    "systemctl enable --now fcgi-thumb-probe.timer, or "
		    "thumbctl probe --every 10s");
		doctor_say(d, NOTE, "ledger",
		    "%s has no line: nobody watches whether the service is "
		    "online",
		    path);
	} else if (silent > LEDGER_SILENT) {
		doctor_fix(d,
		    "systemctl restart fcgi-thumb-probe.timer; journalctl -u "
		    "fcgi-thumb-probe");
		doctor_say(d, FAULT, "ledger",
		    "the last line in %s is %" PRId64
		    " minutes old: the prober is dead, and each minute counts "
		    "as offline",
		    path, silent / 60);
	} else {
		doctor_say(d, OK, "ledger", "%s, a line %" PRId64 " s ago",
		    path, silent > 0 ? silent : 0);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

/* ---- what else there has to be ---- */

static void
check_page(struct doctor *d)
{
	char *index = settings_path(d->settings->html, "index.html");

	if (d->settings->page && index != NULL && !doctor_can(index, R_OK)) {
		doctor_fix(d, "html = where the pages are, or page = false");
		doctor_say(d, FAULT, "page", "%s: %s", index, strerror(errno));
	}
	free(index);
}

static void
check_secret(struct doctor *d)
{
	char why[256];

	if (d->settings->upload_auth != AUTH_TOKEN)
		return;
	if (settings_read_secrets(d->settings, why, sizeof why) == 0) {
		doctor_say(d, OK, "upload_secret", "%s",
		    d->settings->upload_secret);
		return;
	}
	doctor_fix(d,
	    "install -o USER -m 600 /dev/null %s; openssl rand -hex 32 >>%s",
	    d->settings->upload_secret, d->settings->upload_secret);
	doctor_say(d, FAULT, "upload_secret", "%s", why);
}

void
doctor_places(struct doctor *d)
{
	check_data(d);
	check_logs(d);
	check_targets(d);
	check_ledger(d);
	check_page(d);
	check_secret(d);
}
