#ifndef FT_RELEASE_H
#define FT_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"

/*
 * What is released to whom, as it is on disk: the directory release_dir of the
 * settings, whose owner runs thumbctl (root, where the packages install it) and
 * which nobody else may write to, since programs are started from it.
 *
 *   state.json      who serves, what is in the slots, what is under way
 *   history.jsonl   what was done, a JSON object a line; only appended to
 *   lock            held (fcntl(2)) by the one thumbctl that changes anything
 *   blue.lock ...   the same of one that starts or stops this slot's master
 *   route.conf      nginx's, a link into routes/ (route.h)
 *   versions/NAME/  sbin/fcgi-thumb, sbin/thumbctl, share/html, share/nginx,
 *                   share/photos: a version as it was when it was staged
 *   blue/, green/   a slot: version, a link to ../versions/NAME,
 *                   fcgi-thumb.conf, the settings that its master has, and
 *                   start.log, what that said before it had a log
 *
 * state.json is replaced as a whole, and synced. nginx's own route (route.h) is
 * what users meet; where the two differ a command was cut off, and the state
 * says what it wanted.
 */

#define RELEASE_VERSION_MAX 64 /* bytes of a version's name, with its NUL */
#define RELEASE_ID_LEN 12      /* characters of a release's id */
#define RELEASE_STEPS_MAX 20
#define RELEASE_WORDS_MAX 400
#define RELEASE_BY_MAX 64
#define RELEASE_REASON_MAX 200

/* Shares are in hundredths of a percent of the users: 500 is 5 %. */
#define RELEASE_ALL 10000u

enum release_how {
	RELEASE_NONE, /* nothing is under way */
	RELEASE_SWITCH,
	RELEASE_ROLLOUT,
	RELEASE_CANARY,
	RELEASE_ROLLBACK,
	RELEASE_AB, /* a comparison of two settings, ended by hand */
	RELEASE_HOW_COUNT
};

/* "rollout"; "" for RELEASE_NONE. Static. */
const char *release_how_name(enum release_how how);

/* What a slot has in it. */
struct release_slot_state {
	char version[RELEASE_VERSION_MAX]; /* a name in versions/; "" empty */
	char digest[DIGEST_HEX_LEN + 1];   /* of its settings */
	int64_t staged;                    /* ms since the epoch */
	/* Of the last system test, of this version with these settings: */
	int64_t checked; /* ms; 0: there was none */
	bool passed;
	char words[RELEASE_WORDS_MAX]; /* what failed first; "" */
};

/* What is under way. The zero state is nothing. */
struct release_run {
	enum release_how how;
	char id[RELEASE_ID_LEN + 1]; /* [a-z2-7], random */
	enum release_slot from, to;
	bool by_customer; /* else each request for itself */
	unsigned steps[RELEASE_STEPS_MAX];
	unsigned n_steps;
	unsigned step;  /* the one in force, 0.. */
	unsigned share; /* of `to` now; 0 before the first step */
	/*
	 * How it ends is decided: with a share of all `to` becomes the active
	 * one, with 0 all go back. Whoever finds it so brings it to that end.
	 */
	bool settled;
	int64_t began;      /* ms */
	int64_t step_began; /* ms */
	int64_t deadline;   /* ms: after it, and with nobody at work, it goes
				* back by itself; 0: never (RELEASE_AB) */
	char by[RELEASE_BY_MAX];         /* an account */
	char forced[RELEASE_REASON_MAX]; /* why the budget did not count; "" */
};

/* How nginx is told, as the first command said it. "" in a new state. */
struct release_nginx {
	char dir[1024];     /* of nginx's files */
	char program[1024]; /* command line, as of thumbctl apply --nginx */
	unsigned wait;      /* seconds; 0: thumbctl apply's */
	unsigned port;      /* of the standalone configuration; 0: none */
};

struct release_state {
	enum release_slot active; /* serves; SLOT_NONE: the service without */
	bool has_previous;
	enum release_slot previous; /* what rollback goes back to */
	struct release_slot_state slots[SLOT_COUNT]; /* [SLOT_NONE] not used */
	struct release_run run;
	struct release_nginx nginx;
};

/*
 * Read the state. No file is the state of a service that has never had a
 * release, and no error. Needs no lock, and sees a whole state at any moment. 0,
 * or -1 with words in why: it cannot be read, or is none.
 */
int release_load(const char *release_dir, struct release_state *out, char *why,
    size_t why_size);

/*
 * Replace it, synced. The lock is held. 0, or -1 with errno: EINVAL where
 * release_load would not take it.
 */
int release_save(const char *release_dir, const struct release_state *state);

/* The share (of RELEASE_ALL) that the state gives a slot now. */
unsigned release_share(const struct release_state *state,
    enum release_slot slot);

/* ---- one at a time ---- */

struct release_holder {
	long pid;                      /* 0: it has only just begun */
	char words[RELEASE_WORDS_MAX]; /* "rollout by alice since 14:03:11" */
};

/*
 * Make the directory where only it is missing (0755) and take the lock, which
 * ends with the process. words are for the others. A descriptor to close; -1
 * with errno, EWOULDBLOCK where another one has it, then *holder, which may be
 * NULL.
 */
int release_lock(const char *release_dir, const char *words,
    struct release_holder *holder);

/* Who has the lock now; holder may be NULL. False: nobody. */
bool release_is_locked(const char *release_dir, struct release_holder *holder);

/* ---- history ---- */

struct release_event {
	int64_t time; /* ms */
	/* stage, check, begin, step, end, switch, rollback, abort, revert */
	char what[16];
	enum release_how how;
	char id[RELEASE_ID_LEN + 1]; /* "" of stage and check */
	enum release_slot from, to;
	char from_version[RELEASE_VERSION_MAX];
	char to_version[RELEASE_VERSION_MAX];
	char from_digest[DIGEST_HEX_LEN + 1], to_digest[DIGEST_HEX_LEN + 1];
	unsigned share;   /* after it */
	char verdict[16]; /* pass, fail, inconclusive, refused, or "" */
	char words[RELEASE_WORDS_MAX];
	char by[RELEASE_BY_MAX];
	char forced[RELEASE_REASON_MAX];
};

/* Append a line, synced. 0, or -1 with errno. */
int release_note(const char *release_dir, const struct release_event *event);

/*
 * Call each for all events, the oldest first. A line that is cut or none is
 * passed over. 0, or -1 with errno; no file has no events.
 */
int release_history(const char *release_dir,
    bool (*each)(void *ctx, const struct release_event *event), void *ctx);

/* ---- names ---- */

/* Can a directory in versions/ be called this? */
bool release_version_is_valid(const char *name);

/* The other of the two slots; of SLOT_NONE it is SLOT_BLUE. */
enum release_slot release_other(enum release_slot slot);

/* "blue", "green"; SLOT_NONE for anything else. */
enum release_slot release_slot_parse(const char *text);

/*
 * Where the master of a slot has its sockets and its pid file: run of the
 * settings, and below it the slot's name. 0, or -1: too long for a socket.
 */
int release_run_dir(const struct settings *main_settings,
    enum release_slot slot, char *out, size_t out_size);

/* 12 random characters of RFC 4648 base32. 0, or -1: no random numbers. */
int release_new_id(char out[RELEASE_ID_LEN + 1]);

#endif
