#include "config.h"

/* Whether the service runs as the settings want it, and takes photos. */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "buf.h"
#include "fdio.h"
#include "pidfile.h"

#define START                                                                \
	"systemctl start fcgi-thumb, or start fcgi-thumb; its log says why " \
	"it ended"
#define START_SLOT                                                       \
	"thumbctl release start, or release rollback; its log says why " \
	"it ended"

/* Its file is its own. */
static void
check_account(struct doctor *d)
{
	char *path = settings_path(d->settings->run, PIDFILE_NAME);
	struct stat st;

	if (path != NULL && stat(path, &st) == 0) {
		doctor_fix(d,
		    "user = \"NAME\" in the settings, chown -R of data, run "
		    "and logs, and a restart");
		doctor_say(d, st.st_uid == 0 ? NOTE : OK, "user", "%s%s",
		    doctor_account(st.st_uid),
		    st.st_uid == 0 ? ", and so is what decodes photos" : "");
	}
	free(path);
}

static void
check_state(struct doctor *d)
{
	const char *run = d->settings->run;
	struct service_state s;

	if (pidfile_read(run, &s) == -1) {
		doctor_fix(d, "%s", d->slot == SLOT_NONE ? START : START_SLOT);
		doctor_say(d, FAULT, "service", "none runs in %s", run);
	} else if (strcmp(s.in_force, d->settings->digest) == 0) {
		doctor_say(d, OK, "service", "process %ld, with these settings",
		    (long)s.pid);
	} else {
		doctor_fix(d, "thumbctl apply %s",
		    d->job.dir != NULL ? d->job.dir : "DIR");
		doctor_say(d, NOTE, "service",
		    "process %ld has other settings than %s", (long)s.pid,
		    d->settings_file);
	}
}

static void
fix_socket(struct doctor *d, const char *name, int error)
{
	if (error == EACCES)
		doctor_fix(d,
		    "socket_mode and socket_group in the settings, and a "
		    "restart; or run this as root");
	else if (error == EAGAIN)
		doctor_fix(d,
		    "its queue is full: more workers, or limits.queue_length");
	else
		doctor_fix(d, "start the service; it makes %s", name);
}

/* Can one connect, as nginx does? */
static void
check_socket(struct doctor *d, const char *name)
{
	char *path = settings_path(d->settings->run, name);
	struct stat st;
	int fd = path != NULL ? ask_connect(path) : -1;

	if (fd == -1) {
		fix_socket(d, name, errno);
		doctor_say(d, FAULT, "sockets", "%s: %s",
		    path != NULL ? path : name, strerror(errno));
	} else if (stat(path, &st) == 0) {
		const struct group *group = getgrgid(st.st_gid);

		doctor_fix(d,
		    "socket_mode = \"0660\" in the settings, with "
		    "socket_group; and a restart");
		doctor_say(d, (st.st_mode & S_IWOTH) != 0 ? NOTE : OK,
		    "sockets", "%s: mode %04o, of %s:%s%s", path,
		    (unsigned)st.st_mode & 07777, doctor_account(st.st_uid),
		    group != NULL ? group->gr_name : "?",
		    (st.st_mode & S_IWOTH) != 0
			? "; whoever may write to it is taken for nginx"
			: "");
	}
	fd_close(&fd);
	free(path);
}

/* A problem document. An hour off that somebody has planned is no fault. */
static void
say_unready(struct doctor *d, int status, const struct buf *body)
{
	const char *text = body->len > 0 ? body->data : "";
	bool is_off = strstr(text, "\"offline\"") != NULL;

	if (is_off)
		doctor_fix(d, "thumbctl online, or wait");
	doctor_say(d, is_off ? NOTE : FAULT, "ready", "no (%d): %.*s", status,
	    (int)strcspn(text, "\r\n"), text);
}

static void
check_ready(struct doctor *d)
{
	char *path = settings_path(d->settings->run, "control.sock");
	struct buf body = { 0 };
	int status = -1;

	if (path != NULL)
		status = ask_get(path, "/health/ready", &body);
	doctor_fix(d, "what is wrong stands above, or in the log in %s",
	    d->settings->logs[0] != '\0' ? d->settings->logs
					 : "its standard error");
	if (status == 200)
		doctor_say(d, OK, "ready", "a photo would be taken now");
	else if (status == -1)
		doctor_say(d, FAULT, "ready", "no answer: %s", strerror(errno));
	else
		say_unready(d, status, &body);
	buf_fini(&body);
	free(path);
}

void
doctor_service(struct doctor *d)
{
	unsigned before = d->faults;

	check_state(d);
	if (d->faults == before)
		check_account(d);
	check_socket(d, "photo.sock");
	check_socket(d, "control.sock");
	if (d->faults == before)
		check_ready(d);
}
