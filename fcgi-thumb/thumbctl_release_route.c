#include "config.h"

/*
 * nginx's route: a file a route, and a link that says which of them is in force.
 * The link is turned by a rename, so that an nginx that starts at any moment
 * finds one of them whole.
 */

#include "thumbctl_release_route.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "nginxconf.h"
#include "number.h"
#include "thumbctl_program.h"

#define ROUTES "routes"
#define SUFFIX ".conf"
#define ASIDE ".route.new"
#define ROUTE_MAX 4096 /* bytes of a route; ours have a few hundred */
#define FILES_SECONDS 30
#define NGINX_DIR "/etc/nginx/fcgi-thumb"

/* ---- what a state wants ---- */

struct route
route_of_state(const struct release_state *state, const char *cookie)
{
	const struct release_run *run = &state->run;

	if (run->how == RELEASE_NONE)
		return (struct route){ .active = state->active,
			.candidate = state->active,
			.by_customer = true,
			.cookie = cookie,
			.salt = "" };
	return (struct route){ .active = run->from,
		.candidate = run->to,
		.share = run->share,
		.by_customer = run->by_customer,
		.cookie = cookie,
		.salt = run->id };
}

bool
route_is_same(const struct route *a, const struct route *b)
{
	if (a->active != b->active || a->share != b->share)
		return false;
	return a->share == 0 ||
	    (a->candidate == b->candidate && a->by_customer == b->by_customer &&
		strcmp(a->salt, b->salt) == 0);
}

/* ---- what there is ---- */

/* Into out the link's text, "" where there is none. 0, or -1 with errno. */
static int
read_link(int dir, char out[ROUTE_NAME_MAX])
{
	ssize_t len = readlinkat(dir, NGINXCONF_ROUTE, out, ROUTE_NAME_MAX);

	if (len == ROUTE_NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (len == -1 && errno != ENOENT)
		return -1;
	out[len == -1 ? 0 : len] = '\0';
	return 0;
}

int
route_read(const char *release_dir, struct route *out, char *salt,
    size_t salt_size)
{
	int dir = open(release_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char link[ROUTE_NAME_MAX], *text = NULL;
	size_t len;
	int rc = -1;

	if (dir != -1 && read_link(dir, link) == 0 && link[0] != '\0' &&
	    fd_read_file(dir, link, ROUTE_MAX, &text, &len) == 0)
		rc = route_parse(text, out, salt, salt_size);
	free(text);
	fd_close(&dir);
	return rc;
}

int
releases_routed(const struct releases *r, struct route *out, char *salt,
    size_t salt_size)
{
	return route_read(r->settings->release_dir, out, salt, salt_size);
}

/* ---- turning the link ---- */

int
route_turn_make(struct route_turn *t, const char *release_dir,
    const struct route *route)
{
	*t = (struct route_turn){ .release_dir = release_dir,
		.text = route_text(route) };
	if (t->text != NULL)
		return 0;
	complain("no memory left");
	return -1;
}

void
route_turn_free(struct route_turn *t)
{
	free(t->text);
	*t = (struct route_turn){ 0 };
}

/* The number of a file's name, 0 where it is none of ours. */
static unsigned long long
number_of(const char *name)
{
	char digits[ROUTE_NAME_MAX];
	size_t len = strcspn(name, ".");
	unsigned long long n;

	if (len >= sizeof digits || strcmp(name + len, SUFFIX) != 0)
		return 0;
	memcpy(digits, name, len);
	digits[len] = '\0';
	return number_parse(digits, 1, UINT32_MAX, &n) == 0 ? n : 0;
}

/* The highest of the files that are there. 0, or -1 with errno. */
static int
last_number(int dir, unsigned long long *out)
{
	DIR *list = fd_list(dir, ROUTES);
	const struct dirent *entry;
	int error;

	*out = 0;
	if (list == NULL)
		return -1;
	while ((entry = fd_next(list)) != NULL)
		if (number_of(entry->d_name) > *out)
			*out = number_of(entry->d_name);
	error = errno;
	(void)closedir(list);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* 0, or -1 with errno. */
static int
turn_link(int dir, const char *target)
{
	(void)unlinkat(dir, ASIDE, 0);
	if (symlinkat(target, dir, ASIDE) == -1)
		return -1;
	if (renameat(dir, ASIDE, dir, NGINXCONF_ROUTE) == 0)
		return fd_sync_dir(dir, ".");
	(void)unlinkat(dir, ASIDE, 0);
	return -1;
}

/* Call each for the files, by their names from dir, until it says true. */
static void
for_each_route(int dir, bool (*each)(void *ctx, int dir, const char *name),
    void *ctx)
{
	DIR *list = fd_list(dir, ROUTES);
	const struct dirent *entry;
	char name[ROUTE_NAME_MAX];

	while (list != NULL && (entry = fd_next(list)) != NULL) {
		if (number_of(entry->d_name) == 0)
			continue;
		(void)snprintf(name, sizeof name, ROUTES "/%.40s",
		    entry->d_name);
		if (each(ctx, dir, name))
			break;
	}
	if (list != NULL)
		(void)closedir(list);
}

static bool
take_same(void *ctx, int dir, const char *name)
{
	struct route_turn *t = ctx;
	char *text = NULL;
	size_t len;

	t->found = fd_read_file(dir, name, ROUTE_MAX, &text, &len) == 0 &&
	    strcmp(text, t->text) == 0;
	free(text);
	if (t->found)
		(void)snprintf(t->now, sizeof t->now, "%s", name);
	return t->found;
}

/* 0, or -1 with errno. */
static int
write_route(struct route_turn *t, int dir)
{
	char name[ROUTE_NAME_MAX];
	unsigned long long last;

	if (last_number(dir, &last) == -1)
		return -1;
	(void)snprintf(name, sizeof name, ROUTES "/%llu" SUFFIX, last + 1);
	if (fd_write_file(dir, name, 0644, t->text, strlen(t->text)) == -1)
		return -1;
	memcpy(t->now, name, sizeof t->now);
	return fd_sync_dir(dir, ROUTES);
}

static int
put_in(struct route_turn *t, int dir)
{
	if ((mkdirat(dir, ROUTES, 0755) == -1 && errno != EEXIST) ||
	    read_link(dir, t->was) == -1)
		return -1;
	for_each_route(dir, take_same, t);
	if (!t->found && write_route(t, dir) == -1)
		return -1;
	return turn_link(dir, t->now);
}

int
route_turn_put(struct route_turn *t)
{
	int dir = open(t->release_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = dir == -1 ? -1 : put_in(t, dir);

	if (rc == -1)
		complain("%s: the route cannot be written: %s", t->release_dir,
		    strerror(errno));
	fd_close(&dir);
	return rc;
}

void
route_turn_undo(struct route_turn *t)
{
	int dir, rc;

	if (t->now[0] == '\0')
		return;
	dir = open(t->release_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = dir == -1          ? -1
	    : t->was[0] != '\0' ? turn_link(dir, t->was)
				: unlinkat(dir, NGINXCONF_ROUTE, 0);
	if (rc == 0 || (dir != -1 && t->was[0] == '\0' && errno == ENOENT)) {
		if (!t->found)
			(void)unlinkat(dir, t->now, 0);
	} else
		complain("%s/" NGINXCONF_ROUTE
			 ": the old route is NOT back: %s",
		    t->release_dir, strerror(errno));
	t->now[0] = '\0';
	fd_close(&dir);
}

static bool
is_way_back(const struct route_turn *t, int dir, const char *name)
{
	char salts[2][RELEASE_ID_LEN + 1], *text = NULL;
	struct route now, other;
	size_t len;
	bool is;

	is = fd_read_file(dir, name, ROUTE_MAX, &text, &len) == 0 &&
	    route_parse(t->text, &now, salts[0], sizeof salts[0]) == 0 &&
	    route_parse(text, &other, salts[1], sizeof salts[1]) == 0 &&
	    other.share == 0 && other.active == now.active;
	free(text);
	return is;
}

static bool
forget(void *ctx, int dir, const char *name)
{
	const struct route_turn *t = ctx;

	if (strcmp(name, t->now) != 0 && strcmp(name, t->was) != 0 &&
	    !is_way_back(t, dir, name))
		(void)unlinkat(dir, name, 0);
	return false;
}

void
route_turn_keep(const struct route_turn *t)
{
	struct route_turn aside = *t;
	int dir = open(t->release_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir != -1)
		for_each_route(dir, forget, &aside);
	fd_close(&dir);
}

/* ---- the first one ---- */

int
route_ensure(const struct settings *settings)
{
	const char *dir = settings->release_dir;
	struct release_state state;
	struct route_turn turn;
	struct route route;
	char salt[RELEASE_ID_LEN + 1], why[512], *path;
	int rc = -1;

	if (!settings->releases ||
	    route_read(dir, &route, salt, sizeof salt) == 0)
		return 0;
	if (release_load(dir, &state, why, sizeof why) == -1) {
		complain("%s", why);
		return -1;
	}
	if (mkdir(dir, 0755) == -1 && errno != EEXIST) {
		complain("%s: %s", dir, strerror(errno));
		return -1;
	}
	path = settings_path(dir, NGINXCONF_ROUTE);
	route = route_of_state(&state, settings->release_cookie);
	if (path != NULL && access(path, F_OK) == 0)
		rc = 0; /* somebody's own */
	else if (route_turn_make(&turn, dir, &route) == 0) {
		rc = route_turn_put(&turn);
		if (rc == -1)
			route_turn_undo(&turn);
		route_turn_free(&turn);
	}
	free(path);
	return rc;
}

/* ---- nginx's files of a slot ---- */

/* Say what a version's thumbctl said. -1. */
static int
complain_version(const char *program, const struct buf *words)
{
	complain("%s cannot make nginx's files%s%s", program,
	    words->len > 0 ? ":\n" : "", words->len > 0 ? words->data : "");
	return -1;
}

/* By that version's thumbctl, into a directory. 0, or -1 after a complaint. */
static int
run_version(const struct releases *r, enum release_slot slot,
    const char *settings_file, const struct nginx_job *job)
{
	char *program = slot_file(r, slot, "version/sbin/thumbctl");
	char *templates = slot_file(r, slot, "version/share/nginx"), port[16];
	struct buf words = { 0 };
	int rc = -1;

	(void)snprintf(port, sizeof port, "%u", job->port);
	if (program != NULL && templates != NULL) {
		const char *const plain[] = { "-c", settings_file, "nginx-conf",
			"--templates", templates, job->dir, NULL };
		const char *const standalone[] = { "-c", settings_file,
			"nginx-conf", "--templates", templates, "--standalone",
			port, job->dir, NULL };

		rc = program_run(program, job->port == 0 ? plain : standalone,
		    &words, &words, FILES_SECONDS);
		if (rc != 0)
			rc = complain_version(program, &words);
	}
	buf_fini(&words);
	free(program);
	free(templates);
	return rc;
}

int
slot_nginx_files(const struct releases *r, enum release_slot slot,
    const char *settings_file, const struct nginx_job *job,
    struct nginx_files *out)
{
	const char *tmp = getenv("TMPDIR");
	struct nginx_job there = *job;
	char *dir;
	int rc = -1;

	*out = (struct nginx_files){ 0 };
	if (slot == SLOT_NONE)
		return nginx_fill(r->settings, job, out);
	dir = settings_path(tmp != NULL ? tmp : "/tmp", "thumbctl.XXXXXX");
	if (dir == NULL || mkdtemp(dir) == NULL) {
		complain("%s: %s", dir != NULL ? dir : "/tmp", strerror(errno));
		free(dir);
		return -1;
	}
	there.dir = dir;
	if (run_version(r, slot, settings_file, &there) == 0)
		rc = nginx_read(&there, out);
	(void)fd_remove_tree(AT_FDCWD, dir);
	free(dir);
	return rc;
}

int
wanted_nginx_files(const char *settings_file, const struct settings *settings,
    const struct nginx_job *job, struct nginx_files *out)
{
	struct releases r;
	char *file = NULL;
	int rc = -1;

	*out = (struct nginx_files){ 0 };
	if (!settings->releases || settings->slot != SLOT_NONE)
		return nginx_fill(settings, job, out);
	if (releases_open(&r, settings_file, NULL) == EXIT_SUCCESS)
		file = slot_settings_file(&r, r.state.active);
	if (file != NULL)
		rc = slot_nginx_files(&r, r.state.active, file, job, out);
	free(file);
	releases_close(&r);
	return rc;
}

/* ---- a route into force ---- */

static int
put(void *ctx)
{
	return route_turn_put(ctx);
}

static void
undo(void *ctx)
{
	route_turn_undo(ctx);
}

/* How the first command said that nginx is told. */
static struct nginx_job
job_of(const struct release_nginx *nginx)
{
	struct nginx_job job = NGINX_JOB_DEFAULT;

	job.dir = nginx->dir[0] != '\0' ? nginx->dir : NGINX_DIR;
	if (nginx->program[0] != '\0')
		job.program = nginx->program;
	if (nginx->wait > 0)
		job.wait = nginx->wait;
	job.port = nginx->port;
	return job;
}

/*
 * apply_change holds signals back for good; a rollout has to hear them again. An
 * nginx that does not run reads the route when it starts.
 */
static int
into_force(const struct releases *r, struct route_turn *turn,
    const struct nginx_job *job, const struct nginx_files *files)
{
	struct change change = { .settings_file = r->settings_file,
		.settings = r->settings,
		.job = *job,
		.side = files != NULL ? SIDE_GIVEN : SIDE_KEPT,
		.files = files,
		.may_be_stopped = true,
		.put = put,
		.undo = undo,
		.ctx = turn };
	sigset_t before;
	int status;

	(void)sigprocmask(SIG_SETMASK, NULL, &before);
	status = apply_change(&change);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return status == EXIT_SUCCESS ? 0 : -1;
}

int
releases_route(const struct releases *r, const struct route *route,
    enum release_slot files_of)
{
	struct nginx_job job = job_of(&r->state.nginx);
	struct nginx_files files = { 0 };
	struct route_turn turn = { 0 };
	char *settings_file = NULL;
	int rc = 0;

	/* A way back must not fail for want of files that work as they are. */
	if (files_of == SLOT_NONE && access(job.templates, F_OK) == -1) {
		complain("%s: %s; nginx's files stay as they are",
		    job.templates, strerror(errno));
		files_of = SLOT_COUNT;
	}
	if (files_of != SLOT_COUNT) {
		settings_file = slot_settings_file(r, files_of);
		rc = settings_file == NULL ? -1
					   : slot_nginx_files(r, files_of,
						 settings_file, &job, &files);
	}
	if (rc == 0)
		rc = route_turn_make(&turn, r->settings->release_dir, route);
	if (rc == 0)
		rc = into_force(r, &turn, &job,
		    files_of != SLOT_COUNT ? &files : NULL);
	if (rc == 0)
		route_turn_keep(&turn);
	nginx_free(&files);
	route_turn_free(&turn);
	free(settings_file);
	return rc;
}
