#ifndef FT_THUMBCTL_RELEASE_EXAM_H
#define FT_THUMBCTL_RELEASE_EXAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fault.h"
#include "format.h"
#include "manifest.h"
#include "progress.h"
#include "receipt.h"
#include "settings.h"
#include "store.h"
#include "thumbctl_doctor.h"

/*
 * What the parts of the system test share; for no one else. It is made in a
 * process of its own, which is the owner of the photos and may hang or die: who
 * called it hears each finding as it is made, and takes back what is left of the
 * photos in another one.
 */

struct image;

enum exam_side {
	CANDIDATE,
	ACTIVE,
	EXAM_SIDES
};

/* One of the two masters, as the test asks it. */
struct exam_bench {
	enum release_slot slot;
	struct settings *settings; /* owned; NULL: there is none */
	char *photo, *control;     /* its sockets; owned */
	pid_t pid;                 /* its master's; 0: none */
	/* In the examining process: */
	bool is_lost;    /* it is asked nothing more */
	unsigned deaths; /* connections that ended without an answer */
};

/* A photo that is to be taken back. */
struct exam_debt {
	struct receipt receipt;
	bool is_settled; /* it is, or was refused */
	bool is_open;    /* sent, and no answer yet: it may still come in */
	bool was_fatal;  /* a worker may have died of it */
};

#define EXAM_DEBTS_MAX 200

/* Shared by both processes; what is here when one dies counts. */
struct exam_page {
	char at[160]; /* what it is doing, in words */
	bool is_over; /* it came to its end */
	struct exam_debt debts[EXAM_DEBTS_MAX];
	unsigned n_debts;
};

/* As doctor_say has it; the first of a kind is what counts. */
struct exam_said {
	enum finding finding;
	char layer[16];
	char words[600];
	char fix[240];
};

struct exam {
	struct exam_bench sides[EXAM_SIDES];
	const char *photos; /* directory of reference photos; NULL: none */
	char fix[240];      /* of whatever the candidate does wrong */
	struct exam_page *page;
	/* In the examining process: */
	int out; /* findings go there */
	struct store *store;
	struct progress progress;
	bool compares; /* there is an active one, and it answers */
	/* Why the last function of this header failed, in words. */
	char why[400];
};

/* Of a side: "green", "the service without slots". */
const char *exam_name(const struct exam *x, enum exam_side side);

/* ---- thumbctl_release_exam.c ---- */

/*
 * The candidate of slot, and active or SLOT_COUNT. 0, or -1 after a complaint;
 * exam_close in any case.
 */
struct releases;
int exam_open(struct exam *x, const struct releases *r, enum release_slot slot,
    enum release_slot active);
void exam_close(struct exam *x);

/*
 * Do the work in a process of its own, which is ended after so many seconds, and
 * take back all photos that are left. Each finding goes to hear; that the
 * process hung or died, or that a signal came, is one as well. A signal that
 * ends this program by itself is raised again at the end.
 */
void exam_run(struct exam *x, void (*work)(struct exam *x), unsigned seconds,
    void (*hear)(void *ctx, const struct exam_said *said), void *ctx);

/* The signals that would end this program. */
void exam_ends(sigset_t *out);

/* In the process: a finding. fix is "" of what is in order. */
void exam_say(struct exam *x, enum finding finding, const char *layer,
    const char *fix, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* What it does from now on, should it be its last deed. */
void exam_enter(struct exam *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- thumbctl_release_send.c: a photo's way, over a side's own sockets ---- */

/* For how long one stays that nobody can take back. */
#define EXAM_EXPIRES 900 /* seconds */

/* One that was sent and taken. */
struct exam_photo {
	enum exam_side side;
	struct exam_debt *debt;
	struct manifest manifest; /* as the answer has it */
	double ms;
};

/*
 * Send a photo, which must be new. 0 and *out, or -1 with x->why: refused, taken
 * for one that is here, or no answer. A side that hangs, or dies again and
 * again, is lost from then on.
 */
int exam_send(struct exam *x, enum exam_side side, const void *photo,
    size_t len, struct exam_photo *out);

/*
 * The same with the words of trial_mark in it, so that it is new. format is its
 * own.
 */
int exam_send_marked(struct exam *x, enum exam_side side, enum format format,
    const void *photo, size_t len, struct exam_photo *out);

/*
 * What is told of one of its thumbnails, which is made at its first request
 * where it is not here; *is_first: it was. 0, or -1 with x->why.
 */
int exam_variant(struct exam *x, const struct exam_photo *p,
    const struct preset *preset, enum format format, struct variant *out,
    bool *is_first);

/* px of a thumbnail; the zero state has none. */
struct exam_pixels {
	enum format format;
	struct size size;
	unsigned char *rgba;
	unsigned frames;
};

/*
 * Decode a thumbnail that is here, and hold it against what is told of it. 0, or
 * -1 with x->why. The caller frees out->rgba.
 */
int exam_look(struct exam *x, const struct exam_photo *p,
    const struct variant *v, struct exam_pixels *out);

/* px of any such file; the caller frees out->rgba, as above. */
enum fault exam_decode(struct exam *x, const void *data, size_t len,
    struct exam_pixels *out, struct fault_info *info);

/* DELETE it. 0, or -1 with x->why, and it is taken back at the end. */
int exam_take_back(struct exam *x, const struct exam_photo *p);

/* Take back whatever is left, without the service; in a process of the owner's. */
void exam_clean(struct exam *x, struct store *store);

/* ---- the parts of the test ---- */

/* thumbctl_release_codecs.c */
void exam_probe(struct exam *x);
void exam_codecs(struct exam *x);

/* A picture that is sent to both. */
struct exam_reference {
	const char *name; /* in sentences */
	enum format format;
	const void *data;
	size_t len;
	struct size size;
	struct image *img; /* for what nobody else makes; NULL: none */
	bool all;          /* every format, not only what an upload makes */
};

/* thumbctl_release_pictures.c: all that is compared */
void exam_pictures(struct exam *x);
void exam_chart(struct exam *x); /* the drawn one of them alone, and no times */

/* The active one cannot be asked, by x->why: what is no fault of the candidate. */
void exam_lose_active(struct exam *x, const char *what);

/* thumbctl_release_race.c: for how long both work on one, by turns */
void exam_race(struct exam *x, const struct exam_reference *ref);

#endif
