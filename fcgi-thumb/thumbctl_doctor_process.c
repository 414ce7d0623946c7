#include "config.h"

/*
 * The running processes as /proc shows them, and what watches over all
 * processes of the machine: libraries that were replaced under them, a log that
 * was moved away, SELinux, AppArmor, systemd.
 */

#include "thumbctl_doctor.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "pidfile.h"
#include "thumbctl_program.h"

#define PROGRAM_SECONDS 10
#define RESTART "systemctl restart fcgi-thumb"

/* ---- what they have open ---- */

/* Libraries of which the file went when another version came. */
static unsigned
count_replaced(const char *maps, char *name, size_t size)
{
	static const char mark[] = " (deleted)\n";
	unsigned n = 0;

	for (const char *at = maps; (at = strstr(at, mark)) != NULL;
	     at += strlen(mark)) {
		const char *begin = at;

		while (begin > maps && begin[-1] != '\n' && begin[-1] != ' ')
			begin--;
		if (memmem(begin, (size_t)(at - begin), ".so", 3) == NULL)
			continue;
		(void)snprintf(name, size, "%.*s", (int)(at - begin), begin);
		n++;
	}
	return n;
}

static void
check_libraries(struct doctor *d, pid_t pid)
{
	char path[64], name[256] = "", *maps;

	(void)snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
	maps = doctor_read(path);
	if (maps == NULL || maps[0] == '\0') {
		doctor_fix(d, "run it as root");
		doctor_say(d, NOTE, "process",
		    "which libraries process %ld has loaded cannot be seen",
		    (long)pid);
	} else if (count_replaced(maps, name, sizeof name) > 0) {
		doctor_fix(d, RESTART);
		doctor_say(d, NOTE, "process",
		    "process %ld runs with libraries that were replaced since, "
		    "such as %s: holes that are mended there are open here",
		    (long)pid, name);
	} else {
		doctor_say(d, OK, "process",
		    "process %ld has the libraries that are installed",
		    (long)pid);
	}
	free(maps);
}

/* A log that was moved or removed, and that it still writes to. */
static void
check_log(struct doctor *d, pid_t pid)
{
	char dir_path[64], path[400], target[4096];
	const struct dirent *entry;
	DIR *dir;

	(void)snprintf(dir_path, sizeof dir_path, "/proc/%ld/fd", (long)pid);
	dir = opendir(dir_path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		ssize_t len;

		(void)snprintf(path, sizeof path, "%s/%s", dir_path,
		    entry->d_name);
		len = readlink(path, target, sizeof target - 1);
		if (len <= 0)
			continue;
		target[len] = '\0';
		if (strstr(target, ".log (deleted)") == NULL)
			continue;
		doctor_fix(d, "systemctl reload fcgi-thumb, or kill -HUP %ld",
		    (long)pid);
		doctor_say(d, NOTE, "logs",
		    "process %ld writes to %s, which nobody can read",
		    (long)pid, target);
	}
	if (dir != NULL)
		(void)closedir(dir);
}

void
doctor_process(struct doctor *d)
{
	struct service_state s;

	/* That none runs is said later. */
	if (pidfile_read(d->settings->run, &s) == -1)
		return;
	check_libraries(d, s.pid);
	check_log(d, s.pid);
}

/* ---- SELinux ---- */

/* The type in "system_u:object_r:var_lib_t:s0"; "" where there is none. */
static void
read_type(const char *path, char *out, size_t size)
{
	char label[256];
	ssize_t len =
	    getxattr(path, "security.selinux", label, sizeof label - 1);
	char *rest = label, *type = NULL;

	out[0] = '\0';
	if (len <= 0)
		return;
	label[len] = '\0';
	for (unsigned i = 0; i < 3; i++)
		type = strsep(&rest, ":");
	(void)snprintf(out, size, "%s", type != NULL ? type : "");
}

static void
check_label(struct doctor *d, const char *dir, const char *name)
{
	char *path = settings_path(dir, name), type[128];

	if (path != NULL)
		read_type(path, type, sizeof type);
	if (path != NULL && type[0] != '\0' &&
	    strncmp(type, "httpd_", 6) != 0 &&
	    strncmp(type, "public_content", 14) != 0) {
		doctor_fix(d,
		    "semanage fcontext -a -t httpd_sys_rw_content_t "
		    "'%s(/.*)?' && restorecon -R %s",
		    dir, dir);
		doctor_say(d, NOTE, "selinux",
		    "%s is of type %s, which nginx may be kept from", path,
		    type);
	}
	free(path);
}

static void
check_selinux(struct doctor *d)
{
	char *enforce = doctor_read("/sys/fs/selinux/enforce");

	if (enforce == NULL)
		return;
	doctor_say(d, OK, "selinux", "%s",
	    enforce[0] == '1' ? "enforcing" : "permissive");
	if (enforce[0] == '1') {
		check_label(d, d->settings->data, "public");
		check_label(d, d->settings->run, "photo.sock");
	}
	free(enforce);
}

/* ---- AppArmor ---- */

static void
check_apparmor(struct doctor *d)
{
	char *enabled = doctor_read("/sys/module/apparmor/parameters/enabled");
	struct service_state s;
	char path[64], *profile = NULL;

	if (enabled != NULL && enabled[0] == 'Y' &&
	    pidfile_read(d->settings->run, &s) == 0) {
		(void)snprintf(path, sizeof path, "/proc/%ld/attr/current",
		    (long)s.pid);
		profile = doctor_read(path);
	}
	if (profile != NULL && strstr(profile, "(enforce)") != NULL) {
		doctor_fix(d, "aa-complain to see what it would forbid");
		doctor_say(d, NOTE, "apparmor",
		    "the service runs under the profile %s: it must allow %s, "
		    "%s and %s",
		    profile, d->settings->data, d->settings->run,
		    d->settings->logs);
	} else if (profile != NULL) {
		doctor_say(d, OK, "apparmor", "the service is %s", profile);
	}
	free(profile);
	free(enabled);
}

/* ---- systemd ---- */

static void
check_units(struct doctor *d)
{
	static const char *const failed[] = { "list-units", "--failed",
		"--no-legend", "--plain", "fcgi-thumb*", NULL };
	struct buf out = { 0 };
	char *rest, *line;
	int status;

	if (access("/run/systemd/system", F_OK) == -1)
		return;
	status = program_run("systemctl", failed, &out, NULL, PROGRAM_SECONDS);
	if (status != 0) {
		doctor_fix(d, "systemctl --failed");
		doctor_say(d, NOTE, "systemd", "it does not answer");
	} else if (out.len == 0) {
		doctor_say(d, OK, "systemd",
		    "none of the service's units has "
		    "failed");
	}
	rest = status == 0 && out.len > 0 ? out.data : NULL;
	while ((line = strsep(&rest, "\n")) != NULL) {
		line[strcspn(line, " ")] = '\0';
		if (line[0] == '\0')
			continue;
		doctor_fix(d, "journalctl -u %s; systemctl restart %s", line,
		    line);
		doctor_say(d, FAULT, "systemd", "%s has failed", line);
	}
	buf_fini(&out);
}

void
doctor_guards(struct doctor *d)
{
	check_selinux(d);
	check_apparmor(d);
	check_units(d);
}
