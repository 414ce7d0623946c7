#include "config.h"

/*
 * Words to the operator, whose rights a command has, and its way to the store.
 */

#include "thumbctl.h"

#include <errno.h>
#include <pwd.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "copy.h"
#include "ledger.h"
#include "mime.h"
#include "number.h"
#include "pidfile.h"
#include "release.h"
#include "terms_time.h"

int
wrong_use(const struct command *command)
{
	(void)fprintf(stderr, "usage: thumbctl [-c FILE] %s %s\n",
	    command->name, command->arguments);
	return EX_USAGE;
}

void
complain(const char *fmt, ...)
{
	va_list ap;

	(void)fputs("thumbctl: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void
complain_fault(const char *what, const struct fault_info *info)
{
	complain("%s: %s: %s%s%s", what, fault_code(info->fault),
	    info->detail[0] != '\0' ? info->detail : fault_title(info->fault),
	    info->cause[0] != '\0' ? ": " : "", info->cause);
}

void
bytes_text(uint64_t bytes, char out[BYTES_TEXT_MAX])
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	unsigned unit = 0;

	for (; n >= 1024 && unit < NELEM(units) - 1; unit++)
		n /= 1024;
	(void)snprintf(out, BYTES_TEXT_MAX, unit == 0 ? "%.0f %s" : "%.1f %s",
	    n, units[unit]);
}

int
parse_since(const char *text, int64_t *out)
{
	unsigned long long ago;
	char day[32];

	if (number_parse_duration(text, &ago) == 0) {
		*out = (int64_t)time(NULL) - (int64_t)ago;
		return *out < 0 ? -1 : 0;
	}
	if (terms_time_parse(text, out) == 0)
		return 0;
	(void)snprintf(day, sizeof day, "%.10sT00:00:00Z", text);
	return strlen(text) == 10 ? terms_time_parse(day, out) : -1;
}

/*
 * Of the photos: the service made their directory, while the one above may have
 * been made for it by somebody else.
 */
static int
find_owner(const struct settings *settings, struct stat *st)
{
	char *photos = settings_path(settings->data, "photos");
	int rc = photos != NULL ? stat(photos, st) : -1;

	free(photos);
	return rc == 0 ? 0 : stat(settings->data, st);
}

int
become_owner(const struct settings *settings)
{
	struct account owner = { 0 };
	struct stat st;
	char why[128];

	if (geteuid() != 0)
		return 0;
	if (find_owner(settings, &st) == -1) {
		complain("%s: %s", settings->data, strerror(errno));
		return -1;
	}
	/* What ImageMagick finds in root's home is not for this account. */
	(void)unsetenv("HOME");
	if (st.st_uid == 0)
		return 0;
	owner.uid = st.st_uid;
	owner.gid = st.st_gid;
	if (account_become(&owner, why, sizeof why) == 0)
		return 0;
	complain("%s", why);
	return -1;
}

/* ---- the store ---- */

void
tool_close(struct tool *t)
{
	store_close(t->store);
	settings_free(t->settings);
}

int
tool_open(struct tool *t, const char *settings_file)
{
	char why[256];

	*t = (struct tool){ .settings = settings_load(settings_file, stderr) };
	if (t->settings == NULL)
		return EX_CONFIG;
	if (become_owner(t->settings) == -1)
		return EXIT_FAILURE;
	t->store = store_open(t->settings->data, why, sizeof why);
	if (t->store == NULL)
		complain("%s", why);
	return t->store != NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

void
find_account(char *out, size_t size)
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *pw = getpwuid(getuid());
	char number[24];

	(void)snprintf(number, sizeof number, "%u", (unsigned)getuid());
	if (sudo == NULL || sudo[0] == '\0')
		sudo = pw != NULL ? pw->pw_name : number;
	mime_text(sudo, strlen(sudo), out, size);
}

/* ---- the service ---- */

bool
find_service(const struct settings *settings, struct service_state *out)
{
	enum release_slot slot = SLOT_NONE;
	struct release_state state;
	char run[PATH_MAX], why[256];

	if (settings->releases && settings->slot == SLOT_NONE &&
	    release_load(settings->release_dir, &state, why, sizeof why) == 0)
		slot = state.active;
	return release_run_dir(settings, slot, run, sizeof run) == 0 &&
	    pidfile_read(run, out) == 0;
}

/* ---- the ledger ---- */

int
note_in_ledger(const struct settings *settings,
    const struct ledger_entry *entry, bool sync)
{
	int rc = ledger_append(settings->ledger, entry, sync), error = errno;
	char *text = ledger_text(entry);

	if (text != NULL)
		copy_line(settings->log_ledger, text);
	free(text);
	errno = error;
	return rc;
}
