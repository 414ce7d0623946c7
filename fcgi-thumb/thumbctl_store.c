#include "config.h"

/*
 * Commands on photos that are named on the command line, by their ids or their
 * addresses.
 */

#include "thumbctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "digest.h"
#include "fault.h"
#include "store.h"
#include "store_admin.h"

/*
 * The photo's id in a text that is one, or any address of one: with or without
 * host, prefix and query. 0, or -1 after a complaint.
 */
static int
find_id(const char *text, char out[PHOTO_ID_LEN + 1])
{
	size_t len = strcspn(text, "?#"), at = 0;
	int rc = -1;

	/* The last one: a prefix may look like one too. */
	while (at < len) {
		size_t part = strcspn(text + at, "/?#");
		char id[PHOTO_ID_LEN + 1] = "";

		if (part == PHOTO_ID_LEN)
			memcpy(id, text + at, PHOTO_ID_LEN);
		if (photo_id_is_valid(id)) {
			memcpy(out, id, sizeof id);
			rc = 0;
		}
		at += part + 1;
	}
	if (rc == -1)
		complain("neither an id nor an address of a photo: %s", text);
	return rc;
}

/* All names are looked at before the first photo is touched. */
int
for_each_named(const struct command *self, const char *settings_file, int argc,
    char **argv, int (*act)(const struct tool *t, const char *id))
{
	char id[PHOTO_ID_LEN + 1];
	struct tool t;
	int status;

	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argc--;
		argv++;
	}
	if (argc < 2 || argv[1][0] == '-')
		return wrong_use(self);
	for (int i = 1; i < argc; i++)
		if (find_id(argv[i], id) == -1)
			return EX_USAGE;
	status = tool_open(&t, settings_file);
	for (int i = 1; t.store != NULL && i < argc; i++) {
		(void)find_id(argv[i], id);
		if (act(&t, id) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	}
	tool_close(&t);
	return status;
}

int
report_deed(const char *id, enum fault f, const struct fault_info *info,
    const char *done)
{
	if (f != FAULT_NONE) {
		complain_fault(id, info);
		return EXIT_FAILURE;
	}
	(void)printf("%s\t%s\n", done, id);
	return EXIT_SUCCESS;
}

static int delete (const struct tool *t, const char *id)
{
	struct fault_info info = { 0 };
	enum fault f = store_delete(t->store, id, &info);

	(void)store_empty_trash(t->store, 0, NULL);
	return report_deed(id, f, &info, "deleted");
}

static int
ban(const struct tool *t, const char *id)
{
	struct fault_info info = { 0 };
	enum fault f = store_ban(t->store, id, &info);

	(void)store_empty_trash(t->store, 0, NULL);
	return report_deed(id, f, &info, "banned");
}

static int
unban(const struct tool *t, const char *id)
{
	struct fault_info info = { 0 };

	return report_deed(id, store_unban(t->store, id, &info), &info,
	    "unbanned");
}

static int
run_show(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	return for_each_named(self, settings_file, argc, argv, show_photo);
}

const struct command command_show = { "show", "PHOTO...",
	"what is known of photos", PHOTO_HELP, run_show };

static int
run_delete(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	return for_each_named(self, settings_file, argc, argv, delete);
}

const struct command command_delete = { "delete", "PHOTO...",
	"remove photos and all their thumbnails, whatever the claims",
	PHOTO_HELP, run_delete };

static int
run_ban(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	return for_each_named(self, settings_file, argc, argv, ban);
}

const struct command command_ban = { "ban", "PHOTO...",
	"remove photos and refuse their bytes from now on", PHOTO_HELP,
	run_ban };

static int
run_unban(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	return for_each_named(self, settings_file, argc, argv, unban);
}

const struct command command_unban = { "unban", "PHOTO...",
	"take the bytes of these photos again", PHOTO_HELP, run_unban };
