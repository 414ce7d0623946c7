#include "config.h"

/* Whole requests with the decoder behind them, and claims on what they made. */

#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "claim.h"
#include "control.h"
#include "fuzz.h"
#include "image.h"
#include "receipt.h"
#include "scoreboard.h"
#include "store_admin.h"

const char fuzz_seeds[] = "data";

#define FILES 4

/* Small, so that most of the time goes into parsing. */
static const char text[] =
    "limits = { photo = \"2M\"; request = \"4M\"; files = 4; pixels = \"200K\";"
    " side = 2000; frames = 20; memory = \"256M\"; free = \"0\"; };\n"
    "presets = ("
    " { name = \"a\"; width = 64; height = 64; animated = true; eager = true;"
    "   keep_copyright = true; sharpen = 20; formats = [\"jpeg\", \"webp\"]; },"
    " { name = \"b\"; width = 24; height = 32; fit = \"cover\";"
    "   gravity = \"smart\"; formats = [\"png\", \"gif\"]; },"
    " { name = \"c\"; width = 40; height = 40; fit = \"pad\"; enlarge = true;"
    "   progressive = true; } );\n";

/*
 * dav1d 1.0 loses 40 bytes with some broken AVIF. A worker is replaced after
 * worker_jobs requests, and its memory is bounded.
 */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libdav1d\n";
}

static struct settings *settings;
static struct store *store;
static struct scoreboard *board;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[300];

	(void)argc;
	(void)argv;
	fuzz_log_open();
	settings = fuzz_settings(text);
	fuzz_must(store_prepare(settings->data, why, sizeof why) == 0);
	store = store_open(settings->data, why, sizeof why);
	fuzz_must(store != NULL);
	fuzz_must(mkdir(fuzz_path("magick"), 0700) == 0 || errno == EEXIST);
	if (image_boot(settings, fuzz_path("magick"), why, sizeof why) != 0)
		fuzz_die("image_boot", why);
	board = scoreboard_new(2);
	fuzz_must(board != NULL);
	return 0;
}

/* An address of claims goes to the other worker. */
static int
handle(struct memory_io *m)
{
	struct service service = { settings, store, scoreboard_slot(board, 0),
		-1 };
	struct control control = { .settings = settings,
		.board = board,
		.sweep = { .store = store, .data = settings->data },
		.n = 1,
		.photo_listener = -1 };
	unsigned fds = count_fds();
	int status;

	m->at = 0;
	buf_fini(&m->reply);
	if (io_param(&m->io, "DOCUMENT_URI")[0] != '\0')
		control_handle(&control, &m->io);
	else
		request_handle(&service, &m->io);
	status = fuzz_answer(&m->reply);
	fuzz_must(status != 500);
	fuzz_log();
	fuzz_must(!image_has_lost_pixels());
	fuzz_must(count_entries(store_staging_path(store)) == 0);
	fuzz_must(count_entries(fuzz_path("magick")) <= 1);
	fuzz_must(count_fds() == fds);
	return status;
}

/* A format that no upload makes, as nginx asks for it. */
static void
ask_first(const char *id)
{
	char uri[100];
	struct memory_io m;

	(void)snprintf(uri, sizeof uri, "/t/%s/b.gif", id);
	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", "GET");
	memory_io_param(&m, "THUMB_ID", id);
	memory_io_param(&m, "THUMB_PRESET", "b");
	memory_io_param(&m, "THUMB_EXT", "gif");
	memory_io_param(&m, "THUMB_URI", uri);
	fuzz_must(handle(&m) == 200);
	fuzz_must(strstr(m.reply.data, uri) != NULL);
	memory_io_fini(&m);
}

/* What was answered is here, whole, and can be taken back. */
static void
check_photo(const struct receipt *receipt)
{
	struct fault_info info;
	struct look look;

	ask_first(receipt->id);

	fuzz_must(store_look(store, receipt->id, settings, &look, &info) ==
	    FAULT_NONE);
	fuzz_must(look.presence == PRESENCE_WHOLE);
	fuzz_must(claim_drop(store, receipt->id, receipt->token, 0, &info) ==
	    FAULT_NONE);
	(void)store_delete(store, receipt->id, &info);
}

static int
delete_photo(void *ctx, const char *id)
{
	struct fault_info info;

	(void)ctx;
	(void)store_delete(store, id, &info);
	return 0;
}

/*
 * The same photo may be there twice, and a page has no receipts: then what is
 * left goes without a look.
 */
static void
take_back(const struct memory_io *m)
{
	const char *body = strstr(m->reply.data, "\r\n\r\n") + 4;
	struct receipt receipts[FILES];
	unsigned n = receipt_parse(body, strlen(body), receipts, FILES);

	if (n == 1)
		check_photo(&receipts[0]);
	if (store_usage(store) != 0)
		fuzz_must(store_walk(store, delete_photo, NULL) == 0);
	(void)store_empty_trash(store, 0, NULL);
	fuzz_must(store_usage(store) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_io m;
	int status;

	fuzz_request(&m, data, size);
	status = handle(&m);
	if (status == 201) {
		/* A retry is no new photo, and finds all of the first. */
		fuzz_must(handle(&m) == 200);
		take_back(&m);
	}
	memory_io_fini(&m);
	return 0;
}
