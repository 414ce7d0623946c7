#include "config.h"

/*
 * What would keep the service from doing what its settings say, layer by layer:
 * found by trying rather than by reasoning, each with what to do about it.
 * Changes nothing.
 */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "fdio.h"

/* As many faults as an exit status can say beside EX_USAGE and EX_CONFIG. */
#define FAULTS_MAX (EX_USAGE - 1)

/* ---- what is said ---- */

void
doctor_fix(struct doctor *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(d->fix, sizeof d->fix, fmt, ap);
	va_end(ap);
}

static void
list(struct doctor *d, enum finding finding, const char *layer,
    const char *words)
{
	static const char *const verdicts[] = { "ok", "note", "fault" };
	json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "layer", layer,
	    "verdict", verdicts[finding], "words", words, "fix", d->fix);

	/* What is no UTF-8 cannot be said in JSON. */
	if (one == NULL)
		one = json_pack("{s:s, s:s, s:s, s:s}", "layer", layer,
		    "verdict", verdicts[finding], "words",
		    "cannot be said in UTF-8; see it without --json", "fix",
		    "thumbctl doctor");
	(void)json_array_append_new(d->list, one);
}

static void
print(const struct doctor *d, enum finding finding, const char *layer,
    const char *words)
{
	static const char *const verdicts[] = { "ok   ", "note ", "FAULT" };

	(void)printf("%s %s: %s", verdicts[finding], layer, words);
	if (finding != OK)
		(void)printf(" -- %s", d->fix);
	(void)putchar('\n');
}

void
doctor_say(struct doctor *d, enum finding finding, const char *layer,
    const char *fmt, ...)
{
	char words[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof words, fmt, ap);
	va_end(ap);
	/* A line is a line, whatever a path or a program has in it. */
	for (char *p = words; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == '\x7f')
			*p = '?';
	if (finding == OK)
		d->fix[0] = '\0';
	d->faults += finding == FAULT;
	if (d->list != NULL)
		list(d, finding, layer, words);
	else
		print(d, finding, layer, words);
	d->fix[0] = '\0';
}

/* ---- what all need ---- */

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

bool
doctor_can(const char *path, int how)
{
	return faccessat(AT_FDCWD, path, how, AT_EACCESS) == 0;
}

#define READ_MAX (1 << 20)

char *
doctor_read(const char *path)
{
	char *text = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, path, READ_MAX, &text, &len) == -1)
		return NULL;
	if (len > 0 && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

/* ---- all ---- */

static void
examine(struct doctor *d)
{
	static void (*const as_we_are[])(struct doctor * d) = { doctor_releases,
		doctor_nginx, doctor_process, doctor_guards };
	static void (*const as_the_owner[])(
	    struct doctor * d) = { doctor_places, doctor_service,
		doctor_machine, doctor_pictures };
	struct stat st;

	doctor_say(d, OK, "settings", "%s", d->settings_file);
	for (size_t i = 0; i < NELEM(as_we_are); i++)
		as_we_are[i](d);
	if (stat(d->settings->data, &st) == 0 &&
	    become_owner(d->settings) == -1) {
		doctor_fix(d, "run it as root, or as the owner of %s",
		    d->settings->data);
		doctor_say(d, FAULT, "data",
		    "the rest cannot be looked at with the rights of its "
		    "owner");
		return;
	}
	for (size_t i = 0; i < NELEM(as_the_owner); i++)
		as_the_owner[i](d);
}

void
doctor_end(struct doctor *d)
{
	if (d->list == NULL)
		return;
	(void)json_dumpf(d->list, stdout, JSON_INDENT(2));
	(void)putchar('\n');
	json_decref(d->list);
	d->list = NULL;
}

static int
finish(struct doctor *d)
{
	doctor_end(d);
	return (int)(d->faults < FAULTS_MAX ? d->faults : FAULTS_MAX);
}

/* --json is ours; what is left is as of the commands for nginx. */
static bool
take_json(int *argc, char **argv)
{
	for (int i = 1; i < *argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0) {
			memmove(&argv[i], &argv[i + 1],
			    (size_t)(*argc - i) * sizeof *argv);
			(*argc)--;
			return true;
		}
	return false;
}

static int
run_doctor(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct doctor d = { .settings_file = settings_file,
		.releases.lock = -1 };
	bool is_json = take_json(&argc, argv);
	int rest = nginx_parse(argc, argv, true, &d.job);

	if (rest < 0 || rest > 1)
		return wrong_use(self);
	d.settings = settings_load(settings_file, stderr);
	if (d.settings == NULL)
		return EX_CONFIG;
	if (is_json && (d.list = json_array()) == NULL) {
		complain("no memory left");
		settings_free(d.settings);
		return EXIT_FAILURE;
	}
	examine(&d);
	releases_close(&d.releases);
	settings_free(d.settings);
	free(d.slot_file);
	return finish(&d);
}

const struct command command_doctor = { "doctor",
	"[--json] [--nginx COMMAND] [--templates DIR] [--standalone PORT]\n"
	"        [DIR]",
	"try what the service needs and say what is wrong: a line each, ok, "
	"note\n    or FAULT, and what to do; the exit status counts the faults",
	"  DIR              nginx's files in it are compared with the "
	"settings;\n"
	"                   --templates and --standalone as of nginx-conf\n"
	"  --json           an array of {layer, verdict, words, fix}\n"
	"  --nginx COMMAND  of an nginx of your own; its -T tells what is in "
	"force\n",
	run_doctor };
