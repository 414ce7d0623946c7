#include "config.h"

/*
 * From an installed package to a site that serves: nginx's files, a site of
 * ours beside those that are there, and a word on who may upload. Nothing that
 * was not made here is overwritten or removed; what refuses leaves all as it
 * was.
 */

#include "thumbctl_site.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "thumbctl_release_route.h"

#define NAME_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

/* A site on its way to be on, or off. */
struct turn {
	struct site *site;
	struct settings_change settings;
	char *text;     /* of the site, NULL: its file stays */
	char *old_text; /* what was there, ours too */
	bool wrote_file;
	bool made_link, removed_link;
};

/* ---- on and off, and back ---- */

static int
make_link(struct turn *t)
{
	if (site_link(t->site) == LINK_OURS)
		return 0;
	if (symlink(t->site->target, t->site->link) == -1) {
		complain("%s: %s", t->site->link, strerror(errno));
		return -1;
	}
	t->made_link = true;
	return 0;
}

static int
put_on(void *ctx)
{
	struct turn *t = ctx;

	if (settings_change_put(&t->settings) == -1)
		return -1;
	if (t->text != NULL) {
		if (site_write(t->site->file, t->text, NULL) == -1)
			return -1;
		t->wrote_file = true;
	}
	return make_link(t);
}

static int
put_off(void *ctx)
{
	struct turn *t = ctx;

	if (unlink(t->site->link) == -1) {
		complain("%s: %s", t->site->link, strerror(errno));
		return -1;
	}
	t->removed_link = true;
	return 0;
}

static void
undo(void *ctx)
{
	struct turn *t = ctx;
	int rc = 0;

	if (t->made_link)
		rc |= unlink(t->site->link);
	if (t->removed_link)
		rc |= symlink(t->site->target, t->site->link);
	if (rc != 0)
		complain("%s: %s", t->site->link, strerror(errno));
	if (t->wrote_file && t->old_text != NULL)
		(void)site_write(t->site->file, t->old_text, NULL);
	else if (t->wrote_file)
		(void)unlink(t->site->file);
	settings_change_undo(&t->settings);
}

/* With the directory of nginx's files, which goes again where it stays empty. */
static int
turn(struct turn *t, struct change *change)
{
	const struct site *s = t->site;
	int status;

	if (mkdir(s->files, 0755) == -1 && errno != EEXIST) {
		complain("%s: %s", s->files, strerror(errno));
		return EXIT_FAILURE;
	}
	change->settings_file = s->settings_file;
	change->job = s->job;
	change->may_be_stopped = true;
	change->undo = undo;
	change->ctx = t;
	status = apply_change(change);
	if (status != EXIT_SUCCESS || change->side == SIDE_GONE)
		(void)rmdir(s->files);
	return status;
}

/* ---- enable ---- */

/* Whatever else is served must not lose a request to a site without a name. */
static int
check_others(struct site *s)
{
	struct other_sites others;
	int rc = -1;

	others_find(s, &others);
	/* The only one to listen there would get what is meant for others. */
	s->only_ipv4 = others.any != NULL && !others.ipv6;
	if (others.uses != NULL)
		complain("%s includes fcgi-thumb-http.conf already: the "
			 "service "
			 "has its site, and nginx would not take a second one",
		    others.uses);
	else if (others.any != NULL && s->n_names == 0 &&
	    site_link(s) == LINK_NONE)
		complain("%s is a site of this nginx: say with --name which "
			 "host is this one's",
		    others.any);
	else
		rc = 0;
	others_free(&others);
	return rc;
}

static int
check_link(const struct site *s)
{
	if (site_link(s) != LINK_OTHER)
		return 0;
	complain("%s is not of `thumbctl site`: move it away first", s->link);
	return -1;
}

/* The text that goes into the file, or none where that is somebody's own. */
static int
choose_text(struct turn *t)
{
	const struct site *s = t->site;

	if (site_state(s) == SITE_YOURS) {
		complain("%s was changed by hand and stays as it is%s", s->file,
		    s->n_names > 0 ? ": --name and --port are for a new one"
				   : "");
		return 0;
	}
	t->old_text = site_read(s->file);
	t->text = site_text(s, t->settings.settings);
	return t->text != NULL ? 0 : -1;
}

static void
say_on(const struct turn *t)
{
	static const char *const who[AUTH_COUNT] = {
		[AUTH_NONE] = "takes photos from everybody",
		[AUTH_TOKEN] = "takes photos with an upload token",
		[AUTH_REQUEST] = "asks auth_request who may upload",
	};
	const struct settings *settings = t->settings.settings;
	char *names = site_names(t->site), port[16] = "";

	if (t->site->port != 80)
		(void)snprintf(port, sizeof port, ":%u", t->site->port);
	if (t->text == NULL || names == NULL)
		(void)printf("%s is on and %s\n", t->site->file,
		    who[settings->upload_auth]);
	else
		(void)printf("http://%.*s%s%s/ %s\n", (int)strcspn(names, " "),
		    names, port, settings->prefix, who[settings->upload_auth]);
	if (settings->upload_auth == AUTH_TOKEN)
		(void)printf("`thumbctl token` makes one\n");
	free(names);
}

static int
enable(struct site *s)
{
	struct turn t = { .site = s };
	struct change change = { .put = put_on };
	int status;

	site_keep(s);
	if (check_link(s) == -1 || check_others(s) == -1)
		return EXIT_FAILURE;
	status = settings_change_make(s, &t.settings);
	if (status == EXIT_SUCCESS && choose_text(&t) == -1)
		status = EXIT_FAILURE;
	if (status == EXIT_SUCCESS) {
		change.settings = t.settings.settings;
		change.text = t.settings.new;
		status = turn(&t, &change);
	}
	if (status == EXIT_SUCCESS)
		say_on(&t);
	free(t.text);
	free(t.old_text);
	settings_change_free(&t.settings);
	return status;
}

/* ---- disable ---- */

static int
disable(struct site *s)
{
	struct turn t = { .site = s };
	struct change change = { .put = put_off };
	struct other_sites others;
	int status;

	if (site_link(s) == LINK_NONE) {
		(void)printf("%s is off already\n", s->file);
		return EXIT_SUCCESS;
	}
	if (check_link(s) == -1)
		return EXIT_FAILURE;
	others_find(s, &others);
	change.side = others.uses != NULL ? SIDE_KEPT : SIDE_GONE;
	others_free(&others);
	status = turn(&t, &change);
	if (status == EXIT_SUCCESS)
		(void)printf("%s is off, and stays where it is\n", s->file);
	return status;
}

/* ---- status ---- */

static void
say_files(const struct site *s, const struct settings *settings)
{
	struct nginx_files want = { 0 }, have = { 0 };
	bool same = true;

	if (wanted_nginx_files(s->settings_file, settings, &s->job, &want) ==
		0 &&
	    access(s->files, F_OK) == 0 && nginx_read(&s->job, &have) == 0 &&
	    have.texts[0].data != NULL) {
		for (unsigned i = 0; i < want.n; i++)
			same = same && have.texts[i].data != NULL &&
			    strcmp(want.texts[i].data, have.texts[i].data) == 0;
		(void)printf("nginx    %s has %s\n", s->files,
		    same ? "what the settings make"
			 : "something else than the settings make: "
			   "`thumbctl apply`");
	} else {
		(void)printf("nginx    %s has no files\n", s->files);
	}
	nginx_free(&want);
	nginx_free(&have);
}

static int
status(struct site *s)
{
	static const char *const states[] = {
		[SITE_NONE] = "not there",
		[SITE_OURS] = "as it was made",
		[SITE_YOURS] = "changed by hand",
	};
	static const char *const auth[AUTH_COUNT] = {
		[AUTH_NONE] = "from everybody",
		[AUTH_TOKEN] = "with an upload token",
		[AUTH_REQUEST] = "as auth_request allows",
	};
	struct settings *settings = settings_load(s->settings_file, stderr);
	bool on = site_link(s) == LINK_OURS;
	char *names;

	if (settings == NULL)
		return EX_CONFIG;
	names = site_names(s);
	(void)printf("site     %s: %s\n", s->file, states[site_state(s)]);
	(void)printf("names    %s\n", names != NULL ? names : "-");
	(void)printf("enabled  %s: %s\n", s->link,
	    on                              ? "yes"
		: site_link(s) == LINK_NONE ? "no"
					    : "no, it is of another making");
	say_files(s, settings);
	(void)printf("uploads  %s\n", auth[settings->upload_auth]);
	free(names);
	settings_free(settings);
	return on ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---- */

static int
add_name(struct site *s, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 253 ||
	    name[strspn(name, NAME_CHARACTERS)] != '\0' ||
	    strchr(".-", name[0]) != NULL || strstr(name, "..") != NULL) {
		complain("--name is a host such as photos.example.org, not "
			 "\"%s\"",
		    name);
		return -1;
	}
	if (s->n_names == SITE_NAMES_MAX) {
		complain("at most %d names", SITE_NAMES_MAX);
		return -1;
	}
	s->names[s->n_names++] = name;
	return 0;
}

static int
parse(int argc, char **argv, struct site *s)
{
	static const struct option options[] = {
		{ "open", no_argument, NULL, 'o' },
		{ "name", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "nginx-dir", required_argument, NULL, 'd' },
		{ "nginx", required_argument, NULL, 'n' },
		{ "wait", required_argument, NULL, 'w' },
		{ "templates", required_argument, NULL, 't' },
		{ 0 },
	};
	int option, rc = 0;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while (rc == 0 &&
	    (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'o':
			s->open = true;
			break;
		case 'h':
			rc = add_name(s, optarg);
			break;
		case 'p':
			rc = nginx_parse_port(optarg, &s->port);
			break;
		case 'd':
			s->nginx_dir = optarg;
			break;
		case 'n':
			s->job.program = optarg;
			break;
		case 'w':
			rc = nginx_parse_wait(optarg, &s->job);
			break;
		case 't':
			s->job.templates = optarg;
			break;
		default:
			return -1;
		}
	return rc == 0 && optind == argc - 1 &&
		s->job.program[strspn(s->job.program, " ")] != '\0'
	    ? 0
	    : -1;
}

static int
run_site(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	static const struct {
		const char *name;
		int (*act)(struct site *s);
	} acts[] = {
		{ "enable", enable },
		{ "disable", disable },
		{ "status", status },
	};
	struct site s = { .settings_file = settings_file,
		.nginx_dir = "/etc/nginx",
		.job = NGINX_JOB_DEFAULT };
	int result = EX_USAGE;

	if (parse(argc, argv, &s) == -1)
		return wrong_use(self);
	for (size_t i = 0; i < NELEM(acts); i++)
		if (strcmp(argv[optind], acts[i].name) == 0)
			result =
			    site_find(&s) == 0 ? acts[i].act(&s) : EXIT_FAILURE;
	site_free(&s);
	return result == EX_USAGE ? wrong_use(self) : result;
}

const struct command command_site = { "site",
	"enable | disable | status [--open] [--name HOST]... [--port N]\n"
	"        [--nginx-dir DIR] [--nginx COMMAND] [--wait DURATION]\n"
	"        [--templates DIR]",
	"a site of nginx for the service: on, off, how it is",
	"Without --open, enable has uploads need a token, unless the settings "
	"name\n"
	"another way already.\n\n"
	"  --open           everybody may upload\n"
	"  --name HOST      what the site is called; wanted where nginx has "
	"other sites.\n"
	"                   Else it answers to localhost, this machine's name "
	"and all of\n"
	"                   its addresses. A site that is made anew keeps its "
	"names\n"
	"  --port N         instead of 80, or of the one that it has\n"
	"  --nginx-dir DIR  of nginx.conf, instead of /etc/nginx\n"
	"  --nginx COMMAND, --wait DURATION  as of apply\n"
	"  --templates DIR  as of nginx-conf\n",
	run_site };
