#include "config.h"

/*
 * Whether the account that nginx's workers run as may do what they have to:
 * write to the sockets, read what they serve. Tried with the very user and
 * groups of a running worker where root asks, which sees groups that the account
 * has got since and the worker has not; else told from the modes. And where
 * nginx keeps bodies until they are whole.
 */

#include "thumbctl_doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "number.h"
#include "thumbctl_program.h"

#define LAYER "nginx"
#define ACCOUNT "access"
#define SECONDS 20
#define GROUPS_MAX 256

/* Of what nginx -V says of how it was built. */
#define PREFIX_DEFAULT "/etc/nginx"

struct who {
	uid_t uid;
	gid_t groups[GROUPS_MAX]; /* the first is its own */
	unsigned n;
	bool known;
	pid_t pid; /* of a running worker; 0: told from the configuration */
};

/* What was built into this nginx: "--pid-path=/run/nginx.pid". */
struct built {
	struct buf text;
	char word[PATH_MAX];
};

/* ---- how it was built ---- */

/* The value of an option; fallback where it is not there. */
static const char *
built_value(struct built *b, const char *option, const char *fallback)
{
	const char *at = b->text.len > 0 ? strstr(b->text.data, option) : NULL;
	size_t len;

	if (at == NULL)
		return fallback;
	at += strlen(option);
	len = strcspn(at, " \n'");
	if (len >= sizeof b->word)
		return fallback;
	memcpy(b->word, at, len);
	b->word[len] = '\0';
	return b->word;
}

/* The prefix for paths that are none: -p of the command line, or built in. */
static void
find_prefix(struct built *b, const char *program, char *out, size_t size)
{
	const char *option = strstr(program, " -p ");

	if (option != NULL) {
		option += strlen(" -p ");
		option += strspn(option, " ");
		(void)snprintf(out, size, "%.*s", (int)strcspn(option, " "),
		    option);
	} else {
		(void)snprintf(out, size, "%s",
		    built_value(b, "--prefix=", PREFIX_DEFAULT));
	}
}

/* A path as nginx takes it. */
static void
full_path(struct built *b, const char *program, const char *path, char *out,
    size_t size)
{
	char prefix[PATH_MAX / 2], *copy;

	if (path[0] == '/') {
		(void)snprintf(out, size, "%s", path);
		return;
	}
	/* It may be what was built in, which the next question overwrites. */
	copy = strdup(path);
	find_prefix(b, program, prefix, sizeof prefix);
	(void)snprintf(out, size, "%s/%.1000s", prefix,
	    copy != NULL ? copy : "");
	free(copy);
}

/* ---- who ---- */

static char *
read_of(pid_t pid, const char *file)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
	return doctor_read(path);
}

/* "\nGroups:\t4 27 " and the like: the numbers in it. */
static unsigned
numbers_of(const char *status, const char *name, unsigned long out[],
    unsigned max)
{
	const char *at = strstr(status, name);
	unsigned n = 0;

	if (at == NULL)
		return 0;
	for (at += strlen(name); n < max && *at != '\n' && *at != '\0'; n++) {
		char *end;

		out[n] = strtoul(at, &end, 10);
		if (end == at)
			break;
		at = end + strspn(end, " \t");
	}
	return n;
}

static bool
is_titled(pid_t pid, const char *title)
{
	char *cmdline = read_of(pid, "cmdline");
	bool is =
	    cmdline != NULL && strncmp(cmdline, title, strlen(title)) == 0;

	free(cmdline);
	return is;
}

/* A worker of this master: 0, or -1 when it is none. */
static int
try_worker(pid_t pid, pid_t master, struct who *out)
{
	unsigned long ids[GROUPS_MAX], parent = 0;
	char *status = read_of(pid, "status");
	int rc = -1;

	if (status != NULL &&
	    numbers_of(status, "\nPPid:\t", &parent, 1) == 1 &&
	    (pid_t)parent == master &&
	    is_titled(pid, "nginx: worker process") &&
	    numbers_of(status, "\nUid:\t", ids, 4) == 4) {
		*out = (struct who){ .uid = (uid_t)ids[1], .pid = pid };
		if (numbers_of(status, "\nGid:\t", ids, 4) == 4)
			out->groups[out->n++] = (gid_t)ids[1];
		for (unsigned i = 0,
			      n = numbers_of(status, "\nGroups:\t", ids,
				  GROUPS_MAX - 1);
		     i < n && out->n < GROUPS_MAX; i++)
			out->groups[out->n++] = (gid_t)ids[i];
		out->known = true;
		rc = 0;
	}
	free(status);
	return rc;
}

static void
find_worker(pid_t master, struct who *out)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	unsigned long long pid;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (number_parse(entry->d_name, 1, INT_MAX, &pid) == 0 &&
		    try_worker((pid_t)pid, master, out) == 0)
			break;
	if (dir != NULL)
		(void)closedir(dir);
}

/* The master whose number is in its file; 0: none runs. */
static pid_t
find_master(struct doctor *d, struct built *b, const struct nginxtree *conf)
{
	const struct directive *own = nginxtree_find(&conf->root, "pid");
	char path[PATH_MAX], *text;
	unsigned long long pid = 0;

	full_path(b, d->job.program,
	    own != NULL && own->n > 1
		? own->words[1]
		: built_value(b, "--pid-path=", "/run/nginx.pid"),
	    path, sizeof path);
	text = doctor_read(path);
	if (text == NULL || number_parse(text, 1, INT_MAX, &pid) == -1 ||
	    !is_titled((pid_t)pid, "nginx: master process"))
		pid = 0;
	free(text);
	return (pid_t)pid;
}

/* As its configuration says: "user NAME [GROUP];", and root obeys it. */
static void
find_configured(struct built *b, const struct nginxtree *conf, struct who *out)
{
	const struct directive *own = nginxtree_find(&conf->root, "user");
	const char *name = own != NULL && own->n > 1
	    ? own->words[1]
	    : built_value(b, "--user=", "nobody");
	const struct passwd *account = getpwnam(name);
	const struct group *group =
	    own != NULL && own->n > 2 ? getgrnam(own->words[2]) : NULL;
	int n = GROUPS_MAX;

	if (account == NULL)
		return;
	out->uid = account->pw_uid;
	out->known = true;
	if (getgrouplist(name, group != NULL ? group->gr_gid : account->pw_gid,
		out->groups, &n) == -1)
		n = n < GROUPS_MAX ? n : GROUPS_MAX;
	out->n = (unsigned)n;
}

/* ---- may they? ---- */

static bool
is_member(const struct who *who, gid_t gid)
{
	for (unsigned i = 0; i < who->n; i++)
		if (who->groups[i] == gid)
			return true;
	return false;
}

/* By the modes: access lists are not looked at. */
static int
tell_from_mode(const struct who *who, const char *path, int how)
{
	struct stat st;
	unsigned shift;

	if (stat(path, &st) == -1)
		return errno;
	if (who->uid == 0)
		return 0;
	shift = st.st_uid == who->uid ? 6 : is_member(who, st.st_gid) ? 3 : 0;
	return ((st.st_mode >> shift) & (unsigned)how) == (unsigned)how
	    ? 0
	    : EACCES;
}

/* As root: in a child that has become it. */
static int
try_as(const struct who *who, const char *path, int how)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setgroups(who->n, who->groups) == -1 ||
		    setresgid(who->groups[0], who->groups[0], who->groups[0]) ==
			-1 ||
		    setresuid(who->uid, who->uid, who->uid) == -1)
			_exit(EPERM);
		_exit(doctor_can(path, how) ? 0 : errno);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return EAGAIN;
	return WEXITSTATUS(status);
}

/* 0 or an errno. */
static int
ask(const struct who *who, const char *path, int how)
{
	if (geteuid() == 0 && who->n > 0)
		return try_as(who, path, how);
	if (geteuid() == who->uid)
		return doctor_can(path, how) ? 0 : errno;
	return tell_from_mode(who, path, how);
}

/* The first directory on the way that stops them, or the path itself. */
static int
ask_way(const struct who *who, char *path, int how)
{
	for (char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;
	     *slash = '/') {
		int error;

		*slash = '\0';
		error = ask(who, path, X_OK);
		if (error != 0)
			return error;
	}
	return ask(who, path, how);
}

static void
describe(const char *path, char *out, size_t size)
{
	const struct group *group;
	struct stat st;

	if (stat(path, &st) == -1) {
		(void)snprintf(out, size, "not to be seen from here");
		return;
	}
	group = getgrgid(st.st_gid);
	(void)snprintf(out, size, "mode %04o, of %s:%s",
	    (unsigned)st.st_mode & 07777, doctor_account(st.st_uid),
	    group != NULL ? group->gr_name : "?");
}

/* Is the way free? fix: what to do where the thing itself is not. */
static bool
check_way(struct doctor *d, const struct who *who, const char *dir,
    const char *name, int how, const char *verb, const char *fix)
{
	char *path = settings_path(dir, name), looks[128];
	int error = path != NULL ? ask_way(who, path, how) : 0;

	/* What is not there is the business of other layers. */
	if (path != NULL && error != 0 && error != ENOENT) {
		describe(path, looks, sizeof looks);
		/* A directory before it: ask_way has cut the path there. */
		if (strlen(path) < strlen(dir) + 1 + strlen(name))
			doctor_fix(d,
			    "chmod o+x %s, or %s into its group and restart "
			    "nginx",
			    path, doctor_account(who->uid));
		else
			doctor_fix(d, "%s", fix);
		doctor_say(d, FAULT, ACCOUNT,
		    "nginx's workers (%s) may not %s %s/%s: %s: %s (%s)",
		    doctor_account(who->uid), verb, dir, name, path,
		    strerror(error), looks);
	}
	free(path);
	return error == 0 || error == ENOENT;
}

static void
check_rights(struct doctor *d, const struct who *who)
{
	const struct settings *s = d->settings;
	char socket_fix[256], html_fix[256];
	bool good = true;

	(void)snprintf(socket_fix, sizeof socket_fix,
	    "socket_group = a group of %s in the settings, restart the "
	    "service; a group that %s is new in: restart nginx",
	    doctor_account(who->uid), doctor_account(who->uid));
	(void)snprintf(html_fix, sizeof html_fix, "chmod o+rX %s", s->html);
	good &= check_way(d, who, s->run, "photo.sock", W_OK, "write to",
	    socket_fix);
	good &= check_way(d, who, s->run, "control.sock", W_OK, "write to",
	    socket_fix);
	good &= check_way(d, who, s->data, "public", X_OK, "read in",
	    "chmod 755 that directory");
	if (s->page)
		good &= check_way(d, who, s->html, "index.html", R_OK, "read",
		    html_fix);
	if (good)
		doctor_say(d, OK, ACCOUNT,
		    "nginx's workers (%s%s) may write to the sockets and read "
		    "what they serve%s",
		    doctor_account(who->uid),
		    who->pid != 0 ? ", as they run" : "",
		    geteuid() == 0 || geteuid() == who->uid ? ""
							    : ", by the modes");
}

/* ---- what it has room for ---- */

static void
check_bodies(struct doctor *d, struct built *b, const struct nginxtree *conf)
{
	const struct directive *http = nginxtree_find(&conf->root, "http");
	const struct directive *own =
	    http != NULL ? nginxtree_find(http, "client_body_temp_path") : NULL;
	uint64_t wants = d->settings->limits.request, has;
	char path[PATH_MAX], has_text[BYTES_TEXT_MAX],
	    wants_text[BYTES_TEXT_MAX];
	struct statvfs fs;

	full_path(b, d->job.program,
	    own != NULL && own->n > 1
		? own->words[1]
		: built_value(b,
		      "--http-client-body-temp-path=", "client_body_temp"),
	    path, sizeof path);
	if (statvfs(path, &fs) == -1) {
		doctor_fix(d, "run it as root");
		doctor_say(d, NOTE, "bodies",
		    "%s, where nginx keeps uploads until they are whole: %s",
		    path, strerror(errno));
		return;
	}
	has = (uint64_t)fs.f_bavail * fs.f_frsize;
	bytes_text(has, has_text);
	bytes_text(wants, wants_text);
	doctor_fix(d,
	    "client_body_temp_path on a larger disk, in http { } of nginx");
	doctor_say(d,
	    has < wants           ? FAULT
		: has < 4 * wants ? NOTE
				  : OK,
	    "bodies",
	    "%s are free in %s, where nginx keeps uploads until they are "
	    "whole; one may have %s",
	    has_text, path, wants_text);
}

static void
check_descriptors(struct doctor *d, const struct who *who,
    const struct nginxtree *conf)
{
	const struct directive *events = nginxtree_find(&conf->root, "events");
	const struct directive *own = events != NULL
	    ? nginxtree_find(events, "worker_connections")
	    : NULL;
	unsigned long long connections = 512;
	unsigned long limits[1];
	char *text = read_of(who->pid, "limits");

	if (own != NULL && own->n > 1)
		(void)number_parse(own->words[1], 1, UINT_MAX, &connections);
	/* A client and a worker of ours, or a client and a file. */
	if (text != NULL &&
	    numbers_of(text, "Max open files            ", limits, 1) == 1 &&
	    limits[0] < 2 * connections) {
		doctor_fix(d, "worker_rlimit_nofile %llu; in nginx.conf",
		    2 * connections);
		doctor_say(d, NOTE, LAYER,
		    "a worker may have %lu files open and %llu connections: "
		    "each needs two",
		    limits[0], connections);
	}
	free(text);
}

/* ---- all ---- */

/* Seconds since the epoch, when this process began; 0 unknown. */
static int64_t
began_at(pid_t pid)
{
	char *stat = read_of(pid, "stat");
	const char *behind = stat != NULL ? strrchr(stat, ')') : NULL;
	unsigned long long ticks = 0;
	struct timespec up = { 0 };
	int64_t began = 0;

	if (behind != NULL &&
	    sscanf(behind + 1,
		" %*c %*d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		"%*s %*s %*s %*s %llu",
		&ticks) == 1 &&
	    clock_gettime(CLOCK_BOOTTIME, &up) == 0)
		began = (int64_t)time(NULL) - (int64_t)up.tv_sec +
		    (int64_t)(ticks / (unsigned long)sysconf(_SC_CLK_TCK));
	free(stat);
	return began;
}

/* A file that is younger than the worker by more than the clocks differ. */
static void
check_age(struct doctor *d, const struct who *who, const struct nginxtree *conf)
{
	int64_t began = began_at(who->pid);

	for (unsigned i = 0; i < 2; i++) {
		const char *path;
		struct stat st;

		if (nginxtree_text(conf, nginx_file_name(i), &path) == NULL ||
		    began == 0 || stat(path, &st) == -1 ||
		    (int64_t)st.st_mtim.tv_sec <= began + 2)
			continue;
		doctor_fix(d, "%s -s reload", d->job.program);
		doctor_say(d, NOTE, LAYER,
		    "%s was changed after its workers began: they may not "
		    "have read it",
		    path);
	}
}

static void
look(struct doctor *d, struct built *b, const struct nginxtree *conf)
{
	pid_t master = find_master(d, b, conf);
	struct who who = { .n = 0 };

	if (master != 0)
		find_worker(master, &who);
	if (who.pid == 0)
		find_configured(b, conf, &who);
	if (master == 0) {
		doctor_fix(d, "systemctl start nginx, or %s", d->job.program);
		doctor_say(d, FAULT, LAYER, "it does not run");
	} else if (who.pid != 0) {
		check_descriptors(d, &who, conf);
		check_age(d, &who, conf);
	}
	d->knows_nginx = who.known;
	if (who.known) {
		check_rights(d, &who);
	} else {
		doctor_fix(d, "user NAME; in nginx.conf");
		doctor_say(d, NOTE, ACCOUNT,
		    "which account nginx's workers run as is not known");
	}
	check_bodies(d, b, conf);
}

void
doctor_access(struct doctor *d, const struct nginxtree *conf)
{
	static const char *const version[] = { "-V", NULL };
	struct built built = { .text = { 0 } };

	if (conf == NULL)
		return;
	(void)program_run(d->job.program, version, NULL, &built.text, SECONDS);
	look(d, &built, conf);
	buf_fini(&built.text);
}
