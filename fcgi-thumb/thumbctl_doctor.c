#include "config.h"

/*
 * What would keep the service from doing what its settings say: one line a
 * finding, found by trying rather than by reasoning. Changes nothing.
 */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "child.h"
#include "fdio.h"
#include "image.h"
#include "machine.h"
#include "pidfile.h"
#include "sandbox.h"

void
doctor_say(struct doctor *d, enum finding finding, const char *fmt, ...)
{
	static const char *const words[] = { "ok   ", "note ", "FAULT" };
	va_list ap;

	d->faults += finding == FAULT;
	(void)printf("%s ", words[finding]);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

const char *
doctor_account(uid_t uid)
{
	static char number[16];
	const struct passwd *account = getpwuid(uid);

	if (account != NULL)
		return account->pw_name;
	(void)snprintf(number, sizeof number, "%ld", (long)uid);
	return number;
}

/* ---- the service ---- */

/* Its file is its own. */
static void
check_account(struct doctor *d)
{
	char *path = settings_path(d->settings->run, PIDFILE_NAME);
	struct stat st;

	if (path != NULL && stat(path, &st) == 0)
		doctor_say(d, st.st_uid == 0 ? NOTE : OK, "user: %s%s",
		    doctor_account(st.st_uid),
		    st.st_uid == 0
			? ", and so is what decodes photos; name a user in "
			  "the settings"
			: "");
	free(path);
}

static void
check_state(struct doctor *d)
{
	struct service_state s;

	if (pidfile_read(d->settings->run, &s) == -1)
		doctor_say(d, FAULT, "service: none runs in %s",
		    d->settings->run);
	else if (strcmp(s.in_force, d->settings->digest) == 0)
		doctor_say(d, OK, "service: process %ld, with these settings",
		    (long)s.pid);
	else
		doctor_say(d, NOTE,
		    "service: process %ld has other settings than %s; "
		    "`thumbctl apply` brings them into force",
		    (long)s.pid, d->settings_file);
}

/* Can one connect, as nginx does? */
static void
check_socket(struct doctor *d, const char *name)
{
	char *path = settings_path(d->settings->run, name);
	struct stat st;
	int fd = path != NULL ? ask_connect(path) : -1;

	if (fd == -1) {
		doctor_say(d, FAULT, "%s: %s", path != NULL ? path : name,
		    strerror(errno));
	} else if (stat(path, &st) == 0) {
		const struct group *group = getgrgid(st.st_gid);

		doctor_say(d, OK, "%s: mode %04o, of %s:%s", path,
		    (unsigned)st.st_mode & 07777, doctor_account(st.st_uid),
		    group != NULL ? group->gr_name : "?");
	}
	fd_close(&fd);
	free(path);
}

static void
check_ready(struct doctor *d)
{
	char *path = settings_path(d->settings->run, "control.sock");
	struct buf body = { 0 };
	int status = -1;

	if (path != NULL)
		status = ask_get(path, "/health/ready", &body);
	if (status == 200)
		doctor_say(d, OK, "ready: a photo would be taken now");
	else if (status == -1)
		doctor_say(d, FAULT, "ready: no answer: %s", strerror(errno));
	else
		doctor_say(d, FAULT, "ready: no (%d): %.*s", status,
		    (int)strcspn(body.len > 0 ? body.data : "", "\r\n"),
		    body.len > 0 ? body.data : "");
	buf_fini(&body);
	free(path);
}

static void
check_service(struct doctor *d)
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

/* ---- pictures ---- */

/* An encoder that a preset wants and that is missing has stopped image_boot. */
static void
check_formats(struct doctor *d)
{
	for (int i = FORMAT_NONE + 1; i < FORMAT_COUNT; i++) {
		enum format format = (enum format)i;
		const struct format_spec *spec = format_spec(format);

		if (!image_can_read(format))
			doctor_say(d, NOTE,
			    "%s: cannot be read on this system: such photos "
			    "are refused",
			    spec->name);
		else if (!spec->writes)
			doctor_say(d, OK, "%s: read", spec->name);
		else if (image_can_write(format))
			doctor_say(d, OK, "%s: read and written", spec->name);
		else
			doctor_say(d, NOTE,
			    "%s: read, and cannot be written on this system; "
			    "no preset wants it",
			    spec->name);
	}
}

/* As a worker starts it, in a directory that goes again. */
static void
check_pictures(struct doctor *d)
{
	const char *tmp = getenv("TMPDIR");
	char *dir =
	    settings_path(tmp != NULL ? tmp : "/tmp", "thumbctl.XXXXXX");
	char why[256];

	if (dir == NULL || mkdtemp(dir) == NULL) {
		doctor_say(d, FAULT, "pictures: %s: %s",
		    dir != NULL ? dir : "a directory", strerror(errno));
		free(dir);
		return;
	}
	if (image_boot(d->settings, dir, why, sizeof why) != 0) {
		doctor_say(d, FAULT, "pictures: %s", why);
	} else {
		check_formats(d);
		image_shutdown();
	}
	(void)fd_remove_tree(AT_FDCWD, dir);
	free(dir);
}

/* ---- memory ---- */

static void
check_memory(struct doctor *d)
{
	const struct settings *s = d->settings;
	uint64_t all = s->workers * child_memory(s), there = machine_memory();
	char has[BYTES_TEXT_MAX], wants[BYTES_TEXT_MAX];

	bytes_text(all, wants);
	bytes_text(there, has);
	if (there == 0)
		doctor_say(d, NOTE, "memory: how much there is is not known");
	else
		doctor_say(d, all > there ? NOTE : OK,
		    "memory: %u workers may take %s for their photos, the "
		    "machine has %s",
		    s->workers, wants, has);
}

/* ---- sandbox ---- */

static void
check_sandbox(struct doctor *d)
{
	const enum sandbox_mode mode = d->settings->sandbox;
	char has[64], lacks[256];
	unsigned layers;

	if (mode == SANDBOX_MODE_OFF) {
		doctor_say(d, NOTE,
		    "sandbox: off; what decodes photos may do all that its "
		    "account may");
		return;
	}
	layers = child_try_sandbox(d->settings, lacks, sizeof lacks);
	sandbox_names(layers, has, sizeof has);
	if (layers == SANDBOX_ALL)
		doctor_say(d, OK, "sandbox: %s", has);
	else
		doctor_say(d, mode == SANDBOX_MODE_STRICT ? FAULT : NOTE,
		    "sandbox: %s; what cannot be put up: %s", has, lacks);
	if ((layers & SANDBOX_CALLS) != 0)
		doctor_say(d, OK, "sandbox: %u system calls are left",
		    sandbox_count_calls());
}

/* ---- nginx ---- */

static void
compare_files(struct doctor *d, const char *dir, const struct nginx_files *want,
    const struct nginx_files *have)
{
	unsigned before = d->faults;

	for (unsigned i = 0; i < want->n; i++)
		if (have->texts[i].data == NULL)
			doctor_say(d, FAULT, "nginx: %s/%s is not there", dir,
			    nginx_file_name(i));
		else if (have->texts[i].len != want->texts[i].len ||
		    memcmp(have->texts[i].data, want->texts[i].data,
			want->texts[i].len) != 0)
			doctor_say(d, FAULT,
			    "nginx: %s/%s is not what these settings make; "
			    "`thumbctl apply %s`",
			    dir, nginx_file_name(i), dir);
	if (d->faults == before)
		doctor_say(d, OK,
		    "nginx: the files in %s are those of the settings", dir);
}

static void
check_nginx(struct doctor *d, const struct nginx_job *job)
{
	struct nginx_files want = { 0 }, have = { 0 };

	if (nginx_fill(d->settings, job, &want) == 0 &&
	    nginx_read(job, &have) == 0)
		compare_files(d, job->dir, &want, &have);
	else
		doctor_say(d, FAULT, "nginx: its files cannot be compared");
	nginx_free(&have);
	nginx_free(&want);
}

/* ---- all ---- */

static int
examine(struct doctor *d, const struct nginx_job *job)
{
	struct stat st;

	doctor_say(d, OK, "settings: %s", d->settings_file);
	/* The operator's files, before root becomes somebody else. */
	if (job->dir != NULL)
		check_nginx(d, job);
	if (stat(d->settings->data, &st) == 0 &&
	    become_owner(d->settings) == -1)
		return EXIT_FAILURE;
	doctor_places(d);
	check_service(d);
	check_memory(d);
	check_sandbox(d);
	check_pictures(d);
	return d->faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run_doctor(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct doctor d = { .settings_file = settings_file };
	struct settings *settings;
	struct nginx_job job;
	int rest = nginx_parse(argc, argv, false, &job), status;

	if (rest < 0 || rest > 1)
		return wrong_use(self);
	settings = settings_load(settings_file, stderr);
	if (settings == NULL)
		return EX_CONFIG;
	d.settings = settings;
	status = examine(&d, &job);
	settings_free(settings);
	return status;
}

const struct command command_doctor = { "doctor",
	"[--templates DIR] [--standalone PORT] [DIR]",
	"try what the service needs and say what is wrong: a line each,\n"
	"    ok, note or FAULT; 1 where there is a fault",
	"  DIR  nginx's files in it are compared with the settings;\n"
	"       --templates and --standalone as of nginx-conf\n",
	run_doctor };
