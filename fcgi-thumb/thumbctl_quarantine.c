#include "config.h"

/* Photos that processes died of: which, why, and to have them tried again. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_admin.h"
#include "thumbctl.h"

static int
list_one(void *ctx, const char *id)
{
	const struct tool *t = ctx;
	struct fault_info info = { 0 };
	const char *last;
	char *text = NULL;
	unsigned n = 0;

	/* One that is released meanwhile is none. */
	if (store_strikes(t->store, id, &text, &n, &info) == FAULT_NONE &&
	    n > 0) {
		text[strlen(text) - 1] = '\0';
		last = strrchr(text, '\n');
		(void)printf("%s\t%u\t%s\t%s\n", id, n,
		    n >= STORE_STRIKES_MAX ? "poison" : "tried again",
		    last != NULL ? last + 1 : text);
	}
	free(text);
	return 0;
}

static int
show_one(const struct tool *t, const char *id)
{
	struct fault_info info = { 0 };
	char *text = NULL;
	unsigned n = 0;

	if (store_strikes(t->store, id, &text, &n, &info) != FAULT_NONE) {
		complain_fault(id, &info);
		return EXIT_FAILURE;
	}
	(void)printf("%s\n%s", id, text);
	free(text);
	return EXIT_SUCCESS;
}

static int
release_one(const struct tool *t, const char *id)
{
	struct fault_info info = { 0 };

	return report_deed(id, store_release(t->store, id, &info), &info,
	    "released");
}

static int
list_all(const char *settings_file)
{
	struct tool t;
	int status = tool_open(&t, settings_file);

	if (status == EXIT_SUCCESS &&
	    store_quarantine_walk(t.store, list_one, &t) == -1) {
		perror("thumbctl: quarantine");
		status = EXIT_FAILURE;
	}
	tool_close(&t);
	return status;
}

static int
run_quarantine(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list_all(settings_file);
	if (argc > 2 && strcmp(argv[1], "show") == 0)
		return for_each_named(self, settings_file, argc - 1, argv + 1,
		    show_one);
	if (argc > 2 && strcmp(argv[1], "release") == 0)
		return for_each_named(self, settings_file, argc - 1, argv + 1,
		    release_one);
	return wrong_use(self);
}

const struct command command_quarantine = { "quarantine",
	"list | show PHOTO... | release PHOTO...",
	"photos that workers died of, and to have them tried again", PHOTO_HELP,
	run_quarantine };
