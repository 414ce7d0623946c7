#ifndef FT_THUMBCTL_H
#define FT_THUMBCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "buf.h"
#include "fault.h"
#include "settings.h"
#include "store.h"

/*
 * What the commands of the operator's tool share; for no one else. Each is a
 * function that does one thing and says on stderr why it could not.
 */

#define NELEM(array) (sizeof(array) / sizeof(array)[0])
#define TEMPLATES_DEFAULT PKGDATADIR "/nginx"

/* A number that is a macro, as text. */
#define TEXT_OF(number) TEXT_OF_WORD(number)
#define TEXT_OF_WORD(word) #word

/* Of a command on photos. */
#define PHOTO_HELP \
	"  PHOTO  an id, or any address of the photo or of its thumbnails\n"

struct command {
	const char *name;
	const char *arguments;
	const char *summary; /* for the list of commands */
	const char *help;    /* more lines for --help, or NULL */
	/*
	 * argv[0] is the command's name. Returns the exit status: 0, 1 (it
	 * failed), EX_USAGE or EX_CONFIG. --help never comes here.
	 */
	int (*run)(const struct command *self, const char *settings_file,
	    int argc, char **argv);
};

/* One each, at the end of its file, and a line in the table of thumbctl.c. */
extern const struct command command_ab;
extern const struct command command_apply;
extern const struct command command_ban;
extern const struct command command_delete;
extern const struct command command_doctor;
extern const struct command command_list;
extern const struct command command_log;
extern const struct command command_nginx_conf;
extern const struct command command_offline;
extern const struct command command_online;
extern const struct command command_probe;
extern const struct command command_quarantine;
extern const struct command command_regenerate;
extern const struct command command_release;
extern const struct command command_show;
extern const struct command command_site;
extern const struct command command_slo;
extern const struct command command_stress;
extern const struct command command_sweep;
extern const struct command command_token;
extern const struct command command_unban;
extern const struct command command_verify;

/* ---- thumbctl_common.c ---- */

/* The usage line to stderr. Returns EX_USAGE. */
int wrong_use(const struct command *command);

/* "thumbctl: words" and a newline to stderr. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same of a fault of `what`, with its cause. */
void complain_fault(const char *what, const struct fault_info *info);

/* "1.5 GB", in powers of 1024 as the settings count. */
#define BYTES_TEXT_MAX 24
void bytes_text(uint64_t bytes, char out[BYTES_TEXT_MAX]);

/*
 * Root becomes the owner of the photos for good, with that account's
 * rights alone and no HOME, since what root made in the store the service could
 * not change. Nothing happens for another account, or where root owns it. To
 * be called before the store is opened. 0, or -1 after a complaint.
 */
int become_owner(const struct settings *settings);

/*
 * Unix seconds of "7d", so long ago; of a day, which begins in UTC; or of a
 * time, both of RFC 3339. 0, or -1: none of these, or before 1970.
 */
int parse_since(const char *text, int64_t *out);

/* What a command on photos needs. */
struct tool {
	struct settings *settings;
	struct store *store;
};

/*
 * Load the settings, become the owner, open the store. EXIT_SUCCESS, or the
 * exit status after words. The caller calls tool_close in any case.
 */
int tool_open(struct tool *t, const char *settings_file);
void tool_close(struct tool *t);

/*
 * Who has typed this, cut to size: to be asked before root becomes the store's
 * owner. Behind sudo, which only root can be, who called that.
 */
void find_account(char *out, size_t size);

struct service_state;

/*
 * The service that users come to: that of the settings, or with releases the
 * slot's that is active. False: it does not run.
 */
bool find_service(const struct settings *settings, struct service_state *out);

struct ledger_entry;

/*
 * Append to the ledger (ledger_append) and send the copy that log_ledger asks
 * for, whether or not the ledger's own disk took it. 0, or -1 with errno.
 */
int note_in_ledger(const struct settings *settings,
    const struct ledger_entry *entry, bool sync);

/* ---- thumbctl_list.c ---- */

/* All that is known of a photo, on standard output. The exit status. */
int show_photo(const struct tool *t, const char *id);

/* ---- thumbctl_nginx.c ---- */

#define NGINX_FILES_MAX 3

/* Of apply, in seconds: the service itself gives up sooner, and says so. */
#define WAIT_DEFAULT 70

/* What is to be made of nginx's side, as the command line says it. */
struct nginx_job {
	const char *templates;
	const char *dir; /* NULL: not given */
	unsigned port;   /* of the standalone configuration; 0: without one */
	const char *program; /* nginx and its arguments, spaces between them */
	unsigned wait;       /* for each answer, in seconds */
};

#define NGINX_JOB_DEFAULT                                           \
	{                                                           \
		.templates = TEMPLATES_DEFAULT, .program = "nginx", \
		.wait = WAIT_DEFAULT                                \
	}

/* nginx's files as texts, or what takes their place. */
struct nginx_files {
	struct {
		char *data; /* NULL: there is no such file */
		size_t len;
	} texts[NGINX_FILES_MAX];
	unsigned n;
};

/* The name of a file in job->dir. */
const char *nginx_file_name(unsigned i);

/*
 * Fill in all templates by the settings. 0, or -1 after a complaint. The caller
 * calls nginx_free in any case; of the zero state too.
 */
int nginx_fill(const struct settings *settings, const struct nginx_job *job,
    struct nginx_files *out);

/*
 * The same files as they are in job->dir now; one that is not there is NULL.
 * 0, or -1 after a complaint.
 */
int nginx_read(const struct nginx_job *job, struct nginx_files *out);

/*
 * Put the files into job->dir, each whole and by a rename; NULL is removed. 0,
 * or -1 after a complaint, when some may be in place already.
 */
int nginx_write(const struct nginx_job *job, const struct nginx_files *files);

void nginx_free(struct nginx_files *files);

/*
 * Parse a command line that begins with the command's name: --templates,
 * --standalone, where the command runs nginx --nginx and --wait too, and DIR.
 * How many words are left from DIR on, or -1.
 */
int nginx_parse(int argc, char **argv, bool runs, struct nginx_job *job);

/* One of its values. 0, or -1: it is none. */
int nginx_parse_port(const char *text, unsigned *out);
int nginx_parse_wait(const char *text, struct nginx_job *job);

/* ---- thumbctl_apply.c ---- */

/* What becomes of nginx's files. The service is told where they are made. */
enum nginx_side {
	SIDE_MADE,
	SIDE_GIVEN,
	SIDE_KEPT,
	SIDE_GONE
};

/* What is to come into force on both sides, or on none. */
struct change {
	const char *settings_file;
	const struct settings *settings;
	const char *text;     /* of them; NULL: as settings_file has it */
	struct nginx_job job; /* its directory is there */
	enum nginx_side side;
	/* Of SIDE_GIVEN; of SIDE_MADE where another version made them. */
	const struct nginx_files *files;
	bool may_be_stopped; /* an nginx that does not run refuses nothing */
	/*
	 * What else changes, where it is not NULL: put before nginx tests it, 0
	 * or -1 after a complaint; undone when something refuses, put itself
	 * too.
	 */
	int (*put)(void *ctx);
	void (*undo)(void *ctx);
	void *ctx;
};

/* The exit status, after words in any case. */
int apply_change(const struct change *change);

/* ---- thumbctl_store.c ---- */

/*
 * The command line of a command on photos: argv[1] and on are their ids or
 * addresses. act is called for each when all are well-formed. The exit status.
 */
int for_each_named(const struct command *self, const char *settings_file,
    int argc, char **argv, int (*act)(const struct tool *t, const char *id));

/* What the store said to a deed, as a line: "deleted", or why not. */
int report_deed(const char *id, enum fault f, const struct fault_info *info,
    const char *done);

/* ---- thumbctl_ask.c ---- */

/*
 * Connect to a FastCGI socket, waiting some seconds at most. A descriptor, or
 * -1 with errno.
 */
int ask_connect(const char *path);

/*
 * GET uri from the FastCGI socket at path; thumbctl_ask.h asks for more. The
 * HTTP status, and the body appended to body; -1 with errno without an answer
 * in some seconds.
 */
int ask_get(const char *path, const char *uri, struct buf *body);

#endif
