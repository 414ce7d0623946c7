#include "config.h"

/*
 * nginx's side: are its files those of the settings, are they included, and is
 * what they say in force where other files of the site have a say as well? What
 * is in force is asked nginx itself (nginx -T), which reads what it would read
 * at its next start.
 */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "thumbctl_program.h"

#define LAYER "nginx"
#define NGINX_SECONDS 20
#define FILES_MAX 2 /* of ours that a site includes: http and server */

/* nginx's own defaults: its documentation. */
#define BODY_DEFAULT (UINT64_C(1) << 20)
#define TIME_DEFAULT 60

/* A phone that changes its network is silent for some seconds. */
#define PATIENCE_MIN 10

struct site {
	struct doctor *d;
	struct nginxtree tree;
	const char *dir; /* of our files: for the words of a fix */
	unsigned http;   /* how often our http file is in force */
	unsigned servers;
	unsigned faults; /* before */
};

/* ---- its files ---- */

static void
fix_files(struct doctor *d, const char *dir)
{
	doctor_fix(d, "thumbctl apply %s", dir);
}

static void
compare_file(struct doctor *d, const char *dir, unsigned i,
    const struct nginx_files *want, const struct nginx_files *have)
{
	const char *name = nginx_file_name(i);

	fix_files(d, dir);
	if (have->texts[i].data == NULL)
		doctor_say(d, FAULT, LAYER, "%s/%s is not there", dir, name);
	else if (have->texts[i].len != want->texts[i].len ||
	    memcmp(have->texts[i].data, want->texts[i].data,
		want->texts[i].len) != 0)
		doctor_say(d, FAULT, LAYER,
		    "%s/%s is not what these settings make", dir, name);
}

static void
compare_files(struct doctor *d, const struct nginx_job *job)
{
	struct nginx_files want = { 0 }, have = { 0 };
	unsigned before = d->faults;

	if (doctor_fill(d, job, &want) == 0 && nginx_read(job, &have) == 0) {
		for (unsigned i = 0; i < want.n; i++)
			compare_file(d, job->dir, i, &want, &have);
		if (d->faults == before)
			doctor_say(d, OK, LAYER,
			    "the files in %s are those of the settings",
			    job->dir);
	} else {
		doctor_fix(d, "mkdir -p %s && thumbctl nginx-conf %s", job->dir,
		    job->dir);
		doctor_say(d, FAULT, LAYER, "its files cannot be compared");
	}
	nginx_free(&have);
	nginx_free(&want);
}

/* The same of those that nginx has read, wherever they are. */
static void
compare_read(struct site *site)
{
	struct doctor *d = site->d;
	struct nginx_files want = { 0 };
	unsigned before = d->faults;

	if (site->http == 0)
		return;
	if (doctor_fill(d, &d->job, &want) == -1) {
		nginx_free(&want);
		return;
	}
	for (unsigned i = 0; i < FILES_MAX; i++) {
		const char *path;
		const char *text =
		    nginxtree_text(&site->tree, nginx_file_name(i), &path);

		/* nginx ends each with a newline of its own. */
		if (text == NULL ||
		    (strncmp(text, want.texts[i].data, want.texts[i].len) ==
			    0 &&
			strspn(text + want.texts[i].len, "\n") ==
			    strlen(text + want.texts[i].len)))
			continue;
		fix_files(d, site->dir);
		doctor_say(d, FAULT, LAYER,
		    "%s is not what these settings make", path);
	}
	if (d->faults == before)
		doctor_say(d, OK, LAYER,
		    "the files in %s are those of the settings", site->dir);
	nginx_free(&want);
}

/* ---- where they are included ---- */

static bool
is_named(const struct directive *d, const char *name)
{
	return d->n > 0 && strcmp(d->words[0], name) == 0;
}

static bool
has_word(const struct directive *d, unsigned i, const char *word)
{
	return d->n > i && strcmp(d->words[i], word) == 0;
}

/* location [=|^~|~|~*] ADDRESS, below this block. */
static const struct directive *
find_location(const struct directive *block, const char *how,
    const char *address)
{
	for (const struct directive *d = block->first; d != NULL; d = d->next)
		if (is_named(d, "location") && d->n == 3 &&
		    has_word(d, 1, how) && has_word(d, 2, address))
			return d;
	return NULL;
}

/* ---- what is in force in our location ---- */

static const char *
where(const struct directive *d, char *out, size_t size)
{
	(void)snprintf(out, size, "%s:%u", d->file, d->line);
	return out;
}

static void
check_body_limit(struct site *site, const struct directive *upload)
{
	const char *name = "client_max_body_size";
	const struct directive *own = nginxtree_in_force(upload, name);
	uint64_t has = BODY_DEFAULT, wants = site->d->settings->limits.request;
	char at[PATH_MAX], has_text[BYTES_TEXT_MAX], wants_text[BYTES_TEXT_MAX];

	if (own != NULL && nginxtree_bytes(own->words[1], &has) == -1)
		return;
	if (has == wants)
		return;
	bytes_text(has, has_text);
	bytes_text(wants, wants_text);
	fix_files(site->d, site->dir);
	doctor_say(site->d, has != 0 && has < wants ? FAULT : NOTE, LAYER,
	    "%s is %s for uploads (%s), limits.request is %s", name,
	    has == 0 ? "without a limit" : has_text,
	    own != NULL ? where(own, at, sizeof at) : "its default",
	    wants_text);
}

static void
check_time(struct site *site, const struct directive *block, const char *name,
    uint64_t least, enum finding finding, const char *what)
{
	const struct directive *own = nginxtree_in_force(block, name);
	uint64_t has = TIME_DEFAULT;
	char at[PATH_MAX];

	if (own != NULL && nginxtree_seconds(own->words[1], &has) == -1)
		return;
	if (has >= least)
		return;
	if (finding == FAULT)
		fix_files(site->d, site->dir);
	else
		doctor_fix(site->d, "set %s to %llus or more there", name,
		    (unsigned long long)least);
	doctor_say(site->d, finding, LAYER, "%s is %llu s (%s): %s", name,
	    (unsigned long long)has,
	    own != NULL ? where(own, at, sizeof at) : "its default", what);
}

/* One that is on or off, which ought to be the other way for us. */
static void
check_switch(struct site *site, const struct directive *block, const char *name,
    const char *right, const char *by_default, enum finding finding,
    const char *what)
{
	const struct directive *own = nginxtree_in_force(block, name);
	const char *is = own != NULL ? own->words[1] : by_default;
	char at[PATH_MAX];

	if (strcmp(is, right) == 0)
		return;
	fix_files(site->d, site->dir);
	doctor_say(site->d, finding, LAYER, "%s is %s (%s): %s", name, is,
	    own != NULL ? where(own, at, sizeof at) : "its default", what);
}

static void
check_ignored_headers(struct site *site, const struct directive *block)
{
	const struct directive *own =
	    nginxtree_in_force(block, "fastcgi_ignore_headers");
	char at[PATH_MAX];

	for (unsigned i = 1; own != NULL && i < own->n; i++) {
		if (strcasecmp(own->words[i], "X-Accel-Redirect") != 0)
			continue;
		doctor_fix(site->d, "take X-Accel-Redirect out of %s",
		    where(own, at, sizeof at));
		doctor_say(site->d, FAULT, LAYER,
		    "fastcgi_ignore_headers has X-Accel-Redirect (%s): a "
		    "thumbnail is not served at its first request",
		    at);
	}
}

static void
check_password(struct site *site, const struct directive *block)
{
	const struct directive *own = nginxtree_in_force(block, "auth_basic");
	char at[PATH_MAX];

	if (own == NULL || has_word(own, 1, "off"))
		return;
	doctor_fix(site->d,
	    "auth_basic off; in that server, and upload_auth for uploads");
	doctor_say(site->d, NOTE, LAYER,
	    "auth_basic is on (%s): thumbnails and health ask for a password "
	    "as well",
	    where(own, at, sizeof at));
}

static void
check_location(struct site *site, const struct directive *location)
{
	const struct settings *s = site->d->settings;
	char address[300];
	const struct directive *upload;

	(void)snprintf(address, sizeof address, "%s/upload", s->prefix);
	upload = find_location(location, "=", address);
	if (upload == NULL)
		upload = location;
	check_body_limit(site, upload);
	check_time(site, upload, "fastcgi_read_timeout",
	    settings_longest_request(s), FAULT,
	    "it gives up before the service does, with 504");
	check_time(site, upload, "fastcgi_send_timeout",
	    settings_longest_request(s), FAULT,
	    "it gives up before the service does, with 504");
	check_time(site, location, "client_body_timeout", PATIENCE_MIN, NOTE,
	    "an upload from a slow network breaks off without an answer");
	check_time(site, location, "send_timeout", PATIENCE_MIN, NOTE,
	    "a slow network does not get a thumbnail to its end");
	check_switch(site, location, "open_file_cache", "off", "off", FAULT,
	    "it serves deleted files and hides new ones");
	check_switch(site, upload, "fastcgi_request_buffering", "on", "on",
	    FAULT, "a slow client keeps a worker from all others");
	check_switch(site, upload, "fastcgi_keep_conn", "off", "off", FAULT,
	    "a worker has one connection, and keeping it starves the others");
	check_switch(site, upload, "fastcgi_cache", "off", "off", FAULT,
	    "one visitor's answer goes to the next");
	check_switch(site, location, "client_body_in_file_only", "off", "off",
	    NOTE, "every photo that was sent stays on nginx's disk");
	check_ignored_headers(site, location);
	check_password(site, location);
}

/* ---- the server around it ---- */

/* Does another location take addresses that are the service's? */
static bool
takes_ours(const struct directive *d, const char *prefix)
{
	static const char *const ours[] = { "/upload", "/photos/", "/t/",
		"/health/", "/render", "/problem.", "/refusal." };
	const char *address = d->words[d->n - 1];
	size_t len = strlen(prefix);
	bool is_exact = d->n == 3 && has_word(d, 1, "=");

	/* Regular expressions come behind ours, which is ^~. */
	if ((d->n == 3 && !is_exact && !has_word(d, 1, "^~")) ||
	    strncmp(address, prefix, len) != 0)
		return false;
	address += len;
	for (size_t i = 0; i < NELEM(ours); i++) {
		size_t own = strlen(ours[i]), its = strlen(address);

		if (is_exact ? strncmp(address, ours[i], own) == 0
			     : its > 1 &&
			    strncmp(address, ours[i], its < own ? its : own) ==
				0)
			return true;
	}
	return false;
}

static void
check_neighbour(struct site *site, const struct directive *d,
    const struct directive *location)
{
	char at[PATH_MAX];

	if (is_named(d, "location") && d != location && d->n > 1 &&
	    takes_ours(d, site->d->settings->prefix)) {
		doctor_fix(site->d,
		    "remove that location, or give the service a prefix");
		doctor_say(site->d, FAULT, LAYER,
		    "location %s (%s) takes addresses of the service",
		    d->words[d->n - 1], where(d, at, sizeof at));
	} else if (is_named(d, "return")) {
		doctor_fix(site->d,
		    "put it into a location, or into a server of its own");
		doctor_say(site->d, FAULT, LAYER,
		    "the server answers everything itself (return, %s), the "
		    "service is not asked",
		    where(d, at, sizeof at));
	}
}

static void
check_server(struct site *site, const struct directive *location)
{
	const struct directive *server = location->parent;
	const struct directive *name = nginxtree_find(server, "server_name");
	unsigned before = site->d->faults;
	char at[PATH_MAX];

	site->servers++;
	check_location(site, location);
	for (const struct directive *d = server->first; d != NULL; d = d->next)
		check_neighbour(site, d, location);
	if (site->d->faults == before)
		doctor_say(site->d, OK, LAYER,
		    "server %s (%s) has the service, and nothing of the "
		    "site's is in its way",
		    name != NULL && name->n > 1 ? name->words[1] : "_",
		    where(server, at, sizeof at));
}

static void
look_at(void *ctx, const struct directive *d)
{
	struct site *site = ctx;
	char address[300];

	(void)snprintf(address, sizeof address, "%s/",
	    site->d->settings->prefix);
	if (is_named(d, "upstream") && has_word(d, 1, "fcgi_thumb_photo_none"))
		site->http++;
	if (is_named(d, "location") && d->n == 3 && has_word(d, 1, "^~") &&
	    has_word(d, 2, address) && is_named(d->parent, "server") &&
	    strstr(d->file, nginx_file_name(1)) != NULL)
		check_server(site, d);
}

/* ---- nginx as a whole ---- */

static void
check_includes(struct site *site)
{
	struct doctor *d = site->d;

	if (site->http == 0) {
		doctor_fix(d,
		    "%sinclude %s/%s; in http { }, and %s in a server { }",
		    d->job.dir == NULL ? "thumbctl site enable, or " : "",
		    site->dir, nginx_file_name(0), nginx_file_name(1));
		doctor_say(d, FAULT, LAYER,
		    "%s includes nothing of the service", site->tree.main_file);
	} else if (site->servers == 0) {
		doctor_fix(d, "include %s/%s; in a server { }", site->dir,
		    nginx_file_name(1));
		doctor_say(d, FAULT, LAYER, "no server has the service%s%s%s",
		    d->settings->prefix[0] != '\0' ? " below " : "",
		    d->settings->prefix,
		    d->settings->prefix[0] != '\0' ? "/" : "");
	}
}

static void
note_dir(struct site *site, char *dir, size_t size)
{
	const char *path = NULL;

	site->dir = site->d->job.dir;
	if (site->dir != NULL)
		return;
	(void)snprintf(dir, size, "/etc/nginx/fcgi-thumb");
	if (nginxtree_text(&site->tree, nginx_file_name(0), &path) != NULL)
		(void)snprintf(dir, size, "%.*s",
		    (int)(strrchr(path, '/') != NULL ? strrchr(path, '/') - path
						     : 1),
		    strrchr(path, '/') != NULL ? path : ".");
	site->dir = dir;
}

/* The last line of what it said. */
static const char *
last_line(struct buf *said)
{
	char *line;

	if (said->len == 0)
		return "it says nothing";
	while (said->len > 0 && said->data[said->len - 1] == '\n')
		said->data[--said->len] = '\0';
	line = strrchr(said->data, '\n');
	return line != NULL ? line + 1 : said->data;
}

static void
say_unreadable(struct doctor *d, int status, struct buf *said)
{
	bool is_root = geteuid() == 0;

	if (status == EX_UNAVAILABLE) {
		doctor_fix(d, "install nginx, or say --nginx COMMAND");
		doctor_say(d, NOTE, LAYER, "it cannot be run: %s",
		    last_line(said));
	} else if (is_root && status > 0) {
		doctor_fix(d, "%s -t", d->job.program);
		doctor_say(d, FAULT, LAYER, "it refuses its configuration: %s",
		    last_line(said));
	} else {
		doctor_fix(d, "run it as root");
		doctor_say(d, NOTE, LAYER,
		    "what it has in force cannot be seen: %s", last_line(said));
	}
}

static void
examine_site(struct site *site)
{
	char dir[PATH_MAX];

	note_dir(site, dir, sizeof dir);
	nginxtree_each(&site->tree.root, look_at, site);
	if (site->d->job.dir == NULL)
		compare_read(site);
	check_includes(site);
	doctor_access(site->d, &site->tree);
}

/* One that has its whole configuration in DIR is started from there. */
static char *
find_own(struct doctor *d)
{
	char *conf = d->job.dir != NULL && strcmp(d->job.program, "nginx") == 0
	    ? settings_path(d->job.dir, nginx_file_name(2))
	    : NULL;
	char *program = NULL;

	if (conf == NULL || access(conf, F_OK) == -1 ||
	    strchr(d->job.dir, ' ') != NULL ||
	    asprintf(&program, "nginx -p %s -c %s -e error.log", d->job.dir,
		nginx_file_name(2)) == -1)
		program = NULL;
	free(conf);
	return program;
}

void
doctor_nginx(struct doctor *d)
{
	static const char *const dump[] = { "-T", "-q", NULL };
	struct buf out = { 0 }, said = { 0 };
	struct site site = { .d = d };
	char *own = find_own(d);
	int status;

	if (own != NULL)
		d->job.program = own;
	if (d->job.dir != NULL)
		compare_files(d, &d->job);
	status = program_run(d->job.program, dump, &out, &said, NGINX_SECONDS);
	if (status == 0 && !out.failed && out.len > 0 &&
	    nginxtree_parse(&site.tree, out.data) == 0) {
		examine_site(&site);
	} else {
		say_unreadable(d, status, &said);
		doctor_access(d, NULL);
	}
	nginxtree_fini(&site.tree);
	buf_fini(&said);
	buf_fini(&out);
	/* No later layer asks nginx anything. */
	d->job.program = NULL;
	free(own);
}
