#include "config.h"

/* A request's parameters, under each upload_auth, before and beside a photo. */

#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "body.h"
#include "claim.h"
#include "control.h"
#include "fuzz.h"
#include "request_internal.h"
#include "scoreboard.h"
#include "store.h"

const char fuzz_seeds[] = "";

static struct settings *settings[AUTH_COUNT];
static struct store *store;
static struct scoreboard *board;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const texts[AUTH_COUNT] = {
		[AUTH_TOKEN] = "upload_auth = \"token\"; prefix = \"/m\";",
		[AUTH_REQUEST] =
		    "upload_auth = \"request\"; auth_request = \"/a\";"
	};
	char why[300];

	(void)argc;
	(void)argv;
	fuzz_log_open();
	for (enum upload_auth auth = AUTH_NONE; auth < AUTH_COUNT; auth++) {
		settings[auth] =
		    fuzz_settings(texts[auth] != NULL ? texts[auth] : "");
		fuzz_must(settings[auth]->upload_auth == auth);
	}
	settings[AUTH_TOKEN]->secrets = fuzz_secrets();
	fuzz_must(store_prepare(settings[0]->data, why, sizeof why) == 0);
	store = store_open(settings[0]->data, why, sizeof why);
	fuzz_must(store != NULL);
	board = scoreboard_new(2);
	fuzz_must(board != NULL);
	return 0;
}

static void
check_terms(const struct io *io, const struct settings *s)
{
	struct fault_info info;
	struct terms terms;

	if (terms_read(io, NULL, s, &terms, &info) != FAULT_NONE)
		return;
	fuzz_must(strlen(terms.key) == 0 || strlen(terms.key) >= TERMS_KEY_MIN);
	fuzz_must(terms.expires >= 0);
	/* What stands in a claim's file and in the log is one line. */
	fuzz_must(strlen(terms.owner) <= CLAIM_OWNER_MAX);
	for (const char *p = terms.owner; *p != '\0'; p++)
		fuzz_must((unsigned char)*p >= ' ' && *p != 0x7f);
}

/* A photo worker's part, as far as no photo is needed for it. */
static void
try_upload(const struct io *io, const struct settings *s, struct buf *reply)
{
	struct fault_info info = { 0 };
	struct progress progress;
	struct body body;

	progress_start(&progress, NULL);
	if (admission_check(io, s, &progress, &info) == FAULT_NONE)
		(void)body_open(&body, io, &progress, s->limits.request, &info);
	check_terms(io, s);
	if (info.fault == FAULT_NONE)
		(void)fault_set(&info, FAULT_NO_FILE, "%s", "");
	(void)reply_build(reply, io, s, NULL, 0, &info, &progress);
	(void)fuzz_answer(reply);
	buf_fini(reply);
}

static void
handle(struct memory_io *m, struct settings *s)
{
	struct service service = { s, store, NULL, -1 };
	struct control control = { .settings = s,
		.board = board,
		.sweep = { .store = store, .data = s->data },
		.n = 1,
		.photo_listener = -1 };

	try_upload(&m->io, s, &m->reply);
	control_handle(&control, &m->io);
	fuzz_must(fuzz_answer(&m->reply) != 500);
	buf_fini(&m->reply);
	if (!request_is_first(&m->io))
		return;
	m->at = 0;
	request_handle(&service, &m->io);
	/* There is no photo here. */
	fuzz_must(fuzz_answer(&m->reply) != 500);
	fuzz_must(strstr(m->reply.data, "X-Accel") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_io m;

	for (enum upload_auth auth = AUTH_NONE; auth < AUTH_COUNT; auth++) {
		fuzz_request(&m, data, size);
		handle(&m, settings[auth]);
		memory_io_fini(&m);
	}
	fuzz_log();
	return 0;
}
