#include "config.h"

/*
 * thumbctl release: the table of its subcommands, and what all of them need:
 * settings, state, lock, words. Responsible for that nothing is started from a
 * directory that others could have filled.
 */

#include "thumbctl_release.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "thumbctl_release_internal.h"

/* What the command line says of nginx: over what the state has. */
static struct release_nginx given;

/* ---- words ---- */

const char *
releases_by(void)
{
	static char by[RELEASE_BY_MAX];
	const struct passwd *pw = getpwuid(geteuid());
	char account[RELEASE_BY_MAX - 16];

	find_account(account, sizeof account);
	if (geteuid() == 0 && strcmp(account, "root") != 0)
		(void)snprintf(by, sizeof by, "%s as %.12s", account,
		    pw != NULL ? pw->pw_name : "root");
	else
		(void)snprintf(by, sizeof by, "%s", account);
	return by;
}

void
share_text(unsigned share, char out[SHARE_TEXT_MAX])
{
	if (share % 100 == 0)
		(void)snprintf(out, SHARE_TEXT_MAX, "%u %%", share / 100);
	else
		(void)snprintf(out, SHARE_TEXT_MAX, "%u.%02u %%", share / 100,
		    share % 100);
}

void
moment_text(int64_t ms, char out[MOMENT_TEXT_MAX])
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	(void)snprintf(out, MOMENT_TEXT_MAX, "never");
	if (ms > 0 && gmtime_r(&t, &tm) != NULL)
		(void)strftime(out, MOMENT_TEXT_MAX, "%Y-%m-%d %H:%M:%S UTC",
		    &tm);
}

void
slot_text(const struct releases *r, enum release_slot slot,
    char out[SLOT_TEXT_MAX])
{
	const char *version = r->state.slots[slot].version;

	if (slot == SLOT_NONE)
		(void)snprintf(out, SLOT_TEXT_MAX, "the service without slots");
	else
		(void)snprintf(out, SLOT_TEXT_MAX, "%s %s",
		    settings_slot_name(slot),
		    version[0] != '\0' ? version : "(empty)");
}

/* ---- whose directory it is ---- */

/* What must not be there for others to change; "" where it is as it should. */
static const char *
problem_of(const struct stat *st, bool sticky_is_fine)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to another account, which could put programs "
		       "of its own there: run thumbctl as that one, or chown "
		       "it";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    !(sticky_is_fine && (st->st_mode & S_ISVTX) != 0))
		return "can be written by others than its owner, who could put "
		       "programs of their own there: chmod go-w";
	return "";
}

/* 0, or -1 after a complaint. What is not there yet is nobody's. */
static int
check_own(const char *dir, const char *name)
{
	char *path = name != NULL ? settings_path(dir, name) : strdup(dir);
	const char *problem = "";
	struct stat st;

	if (path == NULL)
		problem = "no memory left";
	else if (lstat(path, &st) == -1)
		problem = errno == ENOENT ? "" : strerror(errno);
	else if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		problem = "neither a file nor a directory";
	else
		problem = problem_of(&st, false);
	if (problem[0] != '\0')
		complain("%s: %s", path != NULL ? path : dir, problem);
	free(path);
	return problem[0] == '\0' ? 0 : -1;
}

/*
 * Whoever can rename a directory above can put another one in its place. Only
 * for root: an account's own files are as safe as its umask.
 */
static int
check_above(const char *dir)
{
	char path[PATH_MAX];
	const char *problem;
	struct stat st;

	/* What is not there yet is made where its name says. */
	if (geteuid() != 0 ||
	    (realpath(dir, path) == NULL &&
		snprintf(path, sizeof path, "%s", dir) >= (int)sizeof path))
		return 0;
	for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
		slash[slash == path ? 1 : 0] = '\0';
		problem = lstat(path, &st) == -1 ? strerror(errno)
						 : problem_of(&st, true);
		if (problem[0] != '\0') {
			complain("%s, above %s: %s", path, dir, problem);
			return -1;
		}
		if (slash == path)
			break;
	}
	return 0;
}

static int
check_directory(const char *dir)
{
	static const char *const names[] = { "state.json", "lock", "versions",
		"blue", "green", "routes" };

	if (check_own(dir, NULL) == -1 || check_above(dir) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(names); i++)
		if (check_own(dir, names[i]) == -1)
			return -1;
	return 0;
}

/* ---- open ---- */

static int
load_settings(struct releases *r, const char *settings_file)
{
	r->settings = settings_load(settings_file, stderr);
	if (r->settings == NULL)
		return EX_CONFIG;
	if (r->settings->slot != SLOT_NONE) {
		complain("%s: these are the settings of one slot: give those "
			 "of the service, of which thumbctl release makes them",
		    settings_file);
		return EX_CONFIG;
	}
	if (!r->settings->releases) {
		complain("%s: releases = false: there is one service and "
			 "nothing to choose from. Set releases = true, run "
			 "thumbctl apply, then thumbctl release stage",
		    settings_file);
		return EX_CONFIG;
	}
	if (realpath(settings_file, r->settings_file) == NULL) {
		complain("%s: %s", settings_file, strerror(errno));
		return EX_CONFIG;
	}
	return EXIT_SUCCESS;
}

static void
say_holder(const char *dir, const struct release_holder *h)
{
	if (h->pid == 0)
		complain("%s: another thumbctl has just begun to change it",
		    dir);
	else
		complain("%s: another one is at work: %s (process %ld). "
			 "thumbctl release status says how far it is",
		    dir, h->words, h->pid);
}

/* EXIT_SUCCESS, or the exit status after words. */
static int
take_lock(struct releases *r, const char *what)
{
	const char *dir = r->settings->release_dir;
	struct release_holder holder = { 0 };
	char now[MOMENT_TEXT_MAX], words[RELEASE_WORDS_MAX];

	moment_text((int64_t)clock_wall_ms(), now);
	(void)snprintf(words, sizeof words, "%s by %s since %s", what,
	    releases_by(), now);
	r->lock = release_lock(dir, words, &holder);
	if (r->lock != -1)
		return EXIT_SUCCESS;
	if (errno == EWOULDBLOCK) {
		say_holder(dir, &holder);
		return EXIT_REFUSED;
	}
	complain("%s: %s", dir, strerror(errno));
	return EXIT_FAILURE;
}

static void
put_given(struct release_nginx *n)
{
	if (given.dir[0] != '\0')
		memcpy(n->dir, given.dir, sizeof n->dir);
	if (given.program[0] != '\0')
		memcpy(n->program, given.program, sizeof n->program);
	if (given.wait != 0)
		n->wait = given.wait;
	if (given.port != 0)
		n->port = given.port;
}

int
releases_open(struct releases *r, const char *settings_file,
    const char *lock_words)
{
	char why[512];
	int status;

	*r = (struct releases){ .lock = -1 };
	status = load_settings(r, settings_file);
	if (status != EXIT_SUCCESS)
		return status;
	if (check_directory(r->settings->release_dir) == -1)
		return EXIT_REFUSED;
	if (lock_words != NULL)
		status = take_lock(r, lock_words);
	if (status != EXIT_SUCCESS)
		return status;
	if (release_load(r->settings->release_dir, &r->state, why,
		sizeof why) == -1) {
		complain("%s", why);
		return EXIT_FAILURE;
	}
	put_given(&r->state.nginx);
	return EXIT_SUCCESS;
}

void
releases_close(struct releases *r)
{
	settings_free(r->settings);
	fd_close(&r->lock);
	*r = (struct releases){ .lock = -1 };
}

int
releases_save(struct releases *r)
{
	if (release_save(r->settings->release_dir, &r->state) == 0)
		return 0;
	complain("%s/state.json: %s", r->settings->release_dir,
	    strerror(errno));
	return -1;
}

/* ---- paths and settings ---- */

char *
slot_file(const struct releases *r, enum release_slot slot, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s/%s", r->settings->release_dir,
		settings_slot_name(slot), name) != -1)
		return path;
	complain("no memory left");
	return NULL;
}

char *
slot_settings_file(const struct releases *r, enum release_slot slot)
{
	char *path;

	if (slot != SLOT_NONE)
		return slot_file(r, slot, SLOT_SETTINGS);
	path = strdup(r->settings_file);
	if (path == NULL)
		complain("no memory left");
	return path;
}

/* How the slot's version counts them. 0, or -1 after a complaint. */
static int
find_digest(const struct releases *r, enum release_slot slot, const char *file,
    struct settings *settings)
{
	char *program = slot_file(r, slot, SLOT_VERSION "/sbin/fcgi-thumb");
	int rc = -1;

	if (program != NULL)
		rc = ask_settings(program, file, settings->digest);
	free(program);
	return rc;
}

struct settings *
slot_settings(const struct releases *r, enum release_slot slot)
{
	char *path = slot_settings_file(r, slot);
	struct settings *settings =
	    path != NULL ? settings_load(path, stderr) : NULL;

	if (settings != NULL && slot != SLOT_NONE &&
	    find_digest(r, slot, path, settings) == -1) {
		settings_free(settings);
		settings = NULL;
	}
	if (path != NULL && settings == NULL)
		complain("these are the settings of %s",
		    settings_slot_name(slot));
	free(path);
	return settings;
}

/* ---- what the command line says of nginx ---- */

static int
take_path(const char *option, const char *value, char *out, size_t size)
{
	char path[PATH_MAX];

	if (realpath(value, path) == NULL) {
		complain("%s %s: %s", option, value, strerror(errno));
		return -1;
	}
	if (snprintf(out, size, "%s", path) < (int)size)
		return 0;
	complain("%s %s: too long", option, value);
	return -1;
}

static int
take_value(const char *option, const char *value)
{
	struct nginx_job job = NGINX_JOB_DEFAULT;

	if (strcmp(option, "--dir") == 0)
		return take_path(option, value, given.dir, sizeof given.dir);
	if (strcmp(option, "--standalone") == 0 &&
	    nginx_parse_port(value, &given.port) == 0)
		return 0;
	if (strcmp(option, "--wait") == 0 &&
	    nginx_parse_wait(value, &job) == 0) {
		given.wait = job.wait;
		return 0;
	}
	if (strcmp(option, "--nginx") == 0 &&
	    value[strspn(value, " ")] != '\0' &&
	    strlen(value) < sizeof given.program) {
		(void)snprintf(given.program, sizeof given.program, "%s",
		    value);
		return 0;
	}
	complain("%s cannot be \"%s\"", option, value);
	return -1;
}

/* Is it one of ours? Then its value, in it or behind it, and how many words. */
static int
match(char **at, const char **option, const char **value)
{
	static const char *const options[] = { "--nginx", "--dir",
		"--standalone", "--wait" };

	for (size_t i = 0; i < NELEM(options); i++) {
		size_t len = strlen(options[i]);

		if (strncmp(*at, options[i], len) != 0 ||
		    ((*at)[len] != '\0' && (*at)[len] != '='))
			continue;
		*option = options[i];
		*value = (*at)[len] == '=' ? *at + len + 1 : at[1];
		return (*at)[len] == '=' ? 1 : 2;
	}
	return 0;
}

int
releases_take_nginx(int *argc, char **argv)
{
	int kept = 1, i = 1;

	while (i < *argc && strcmp(argv[i], "--") != 0) {
		const char *option, *value;
		int words = match(argv + i, &option, &value);

		if (words == 0) {
			argv[kept++] = argv[i++];
			continue;
		}
		if (value == NULL) {
			complain("%s wants a value", option);
			return -1;
		}
		if (take_value(option, value) == -1)
			return -1;
		i += words;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

/* ---- the command ---- */

#define STATUS_ARGUMENTS "[--json]"
#define STAGE_ARGUMENTS "[DIR | VERSION] [--settings FILE]"
#define CHECK_ARGUMENTS "[--json]"
#define HISTORY_ARGUMENTS "[--json]"
#define SWITCH_ARGUMENTS "[--force REASON]"
#define JUDGED_ARGUMENTS                                   \
	" [--step DURATION] [--patience DURATION]\n"       \
	"          [--errors PERCENT] [--slower PERCENT] " \
	"[--by customer|request]\n"                        \
	"          [--force REASON]"
#define ROLLOUT_ARGUMENTS "[--steps LIST]" JUDGED_ARGUMENTS
#define CANARY_ARGUMENTS "[--share PERCENT]" JUDGED_ARGUMENTS
#define TEND_ARGUMENTS "[--every DURATION]"

static const struct command subcommands[] = {
	{ "release status", STATUS_ARGUMENTS, "", NULL, release_status },
	{ "release stage", STAGE_ARGUMENTS, "", NULL, release_stage },
	{ "release check", CHECK_ARGUMENTS, "", NULL, release_test },
	{ "release switch", SWITCH_ARGUMENTS, "", NULL, release_switch },
	{ "release rollout", ROLLOUT_ARGUMENTS, "", NULL, release_rollout },
	{ "release canary", CANARY_ARGUMENTS, "", NULL, release_rollout },
	{ "release rollback", SWITCH_ARGUMENTS, "", NULL, release_rollback },
	{ "release abort", "", "", NULL, release_abort },
	{ "release tend", TEND_ARGUMENTS, "", NULL, release_tend },
	{ "release history", HISTORY_ARGUMENTS, "", NULL, release_past },
	{ "release start", "", "", NULL, release_start },
	{ "release stop", "", "", NULL, release_stop },
};

static const struct command *
find_subcommand(const char *name)
{
	for (size_t i = 0; i < NELEM(subcommands); i++)
		if (strcmp(subcommands[i].name + strlen("release "), name) == 0)
			return &subcommands[i];
	return NULL;
}

static int
run_release(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	const struct command *sub;

	if (releases_take_nginx(&argc, argv) == -1)
		return EX_USAGE;
	if (argc < 2)
		return wrong_use(self);
	sub = find_subcommand(argv[1]);
	if (sub != NULL)
		return sub->run(sub, settings_file, argc - 1, argv + 1);
	complain("there is no \"release %s\"", argv[1]);
	return wrong_use(self);
}

const struct command command_release = { "release",
	"status " STATUS_ARGUMENTS "\n"
	"        | stage " STAGE_ARGUMENTS "\n"
	"        | check " CHECK_ARGUMENTS "\n"
	"        | switch " SWITCH_ARGUMENTS "\n"
	"        | rollout " ROLLOUT_ARGUMENTS "\n"
	"        | canary " CANARY_ARGUMENTS "\n"
	"        | rollback " SWITCH_ARGUMENTS "\n"
	"        | abort\n"
	"        | history " HISTORY_ARGUMENTS "\n"
	"        | tend " TEND_ARGUMENTS "\n"
	"        | start | stop\n"
	"        [--nginx COMMAND] [--dir DIR] [--standalone PORT] "
	"[--wait DURATION]",
	"a new version, or new settings, first for a few and then for all, and "
	"back",
	"  status   who serves, what waits, what is under way, and what can be "
	"done\n"
	"  stage    a tree, or a version that is kept, into the slot that does "
	"not serve;\n"
	"           without a word the one that this thumbctl belongs to\n"
	"  check    try what was staged: settings, doctor, every codec, its "
	"pictures\n"
	"           beside those of the version that serves; exit status 1 "
	"where "
	"it fails\n"
	"  switch   all users at once to what was staged (blue/green)\n"
	"  rollout  step by step, each customer staying where he is; each step "
	"is judged\n"
	"           against the version that serves, and what is worse goes "
	"back at once\n"
	"  canary   one small share of the requests, and then all\n"
	"  rollback at once back to the version before; under way: the same as "
	"abort\n"
	"  abort    back from what is under way\n"
	"  history  all that was ever done\n"
	"  tend     what nobody drives and is overdue goes back; run by a "
	"timer\n"
	"  start    what should run by the state and does not\n"
	"  stop     both slots\n\n"
	"Before switch, rollout and canary the candidate is started and passes "
	"check, or\n"
	"nothing is changed; and no release begins when today's minutes "
	"offline are used up.\n\n"
	"  --steps LIST         percents of the users; 1,5,25,50,100, and all "
	"at the "
	"end in any case\n"
	"  --share PERCENT      of a canary: 5\n"
	"  --step DURATION      how long a step lasts at least: 10m\n"
	"  --patience DURATION  and at most, where too few requests came to "
	"know: three\n"
	"                       steps. Then it goes back\n"
	"  --errors PERCENT     so many more of the requests may fail: 2\n"
	"  --slower PERCENT     so much longer 95 % of the uploads may take: "
	"25\n"
	"  --by customer        by release_cookie, else by address: the "
	"default of rollout;\n"
	"       request         each for itself: that of canary\n"
	"  --force REASON       though today's minutes are used up, or though "
	"the version\n"
	"                       before takes no photo; the reason is kept\n"
	"  --every DURATION     again and again\n"
	"  --settings FILE  the slot's settings are made of these\n"
	"  --json           as JSON\n"
	"  --nginx COMMAND, --wait DURATION, --standalone PORT  as of apply\n"
	"  --dir DIR        of nginx's files, instead of " NGINX_DIR_DEFAULT
	"\n"
	"                   What is said of nginx is remembered for later\n\n"
	"Exit status: 0 done, or passed; 1 failed, and gone back; 2 "
	"inconclusive, and gone\nback; 3 refused, and nothing changed\n",
	run_release };
