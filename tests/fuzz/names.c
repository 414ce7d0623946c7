#include "config.h"

/* Tokens, ids and the small texts that name or describe photos. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../secrets_file.h"
#include "claim_internal.h"
#include "clock.h"
#include "fdio.h"
#include "fuzz.h"
#include "ledger_internal.h"
#include "manifest.h"
#include "number.h"
#include "proof.h"
#include "receipt.h"
#include "slo.h"
#include "terms_time.h"
#include "token.h"

const char fuzz_seeds[] = "";

#define RECEIPTS 8

static struct settings *settings;
static struct secrets *secrets;
static struct store *store;
static int notes; /* where the store notes what expires in the first hour */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[300];

	(void)argc;
	(void)argv;
	fuzz_log_open();
	settings = fuzz_settings("");
	secrets = fuzz_secrets();
	fuzz_must(store_prepare(settings->data, why, sizeof why) == 0);
	store = store_open(settings->data, why, sizeof why);
	fuzz_must(store != NULL);
	return 0;
}

static void
check_grant(const struct grant *grant)
{
	char token[TOKEN_LEN_MAX + 1];
	struct fault_info info;
	struct grant again;

	fuzz_must(grant->expires > 0 && grant->expires <= TOKEN_TIME_MAX);
	fuzz_must(grant->max <= TOKEN_BYTES_MAX);
	fuzz_must(token_is_owner(grant->owner));
	fuzz_must(token_make(secrets, grant, token) == 0);
	fuzz_must(token_check(secrets, token, 0, &again, &info) == FAULT_NONE);
	fuzz_must(again.expires == grant->expires && again.max == grant->max);
	fuzz_must(strcmp(again.owner, grant->owner) == 0);
}

static void
try_token(const char *text)
{
	char *token = sign_text(SECRET_A, text);
	struct fault_info info;
	struct grant grant;

	/* Nobody guesses a signature. */
	fuzz_must(token_check(secrets, text, 0, &grant, &info) ==
	    FAULT_TOKEN_INVALID);
	if (token_check(secrets, token, 0, &grant, &info) == FAULT_NONE)
		check_grant(&grant);
	free(token);
}

static void
try_manifest(const char *text, size_t len)
{
	struct buf out = { 0 };
	struct manifest *m = calloc(2, sizeof *m);

	fuzz_must(m != NULL);
	if (manifest_parse(text, len, &m[0]) == 0) {
		fuzz_must(photo_id_is_valid(m[0].id));
		fuzz_must(m[0].n <= MANIFEST_VARIANTS_MAX);
		manifest_html(&m[0], settings, &out);
		fuzz_must(
		    out.len == 0 || strcasestr(out.data, "<script") == NULL);
		buf_fini(&out);
		manifest_write(&m[0], settings, &out);
		fuzz_must(manifest_parse(out.data, out.len, &m[1]) == 0);
		fuzz_must(memcmp(&m[0].size, &m[1].size, sizeof m->size) == 0);
		fuzz_must(strcmp(m[0].id, m[1].id) == 0 && m[0].n == m[1].n);
		buf_fini(&out);
	}
	free(m);
}

static void
try_claims(const char *text, size_t len)
{
	char sum[DIGEST_HEX_LEN + 1];
	struct receipt receipts[RECEIPTS];
	unsigned n = receipt_parse(text, len, receipts, RECEIPTS);

	fuzz_must(n <= RECEIPTS);
	for (unsigned i = 0; i < n; i++) {
		fuzz_must(photo_id_is_valid(receipts[i].id));
		fuzz_must(strlen(receipts[i].token) <= CLAIM_TOKEN_LEN);
	}
	if (proof_parse(text, len, sum) == 0)
		fuzz_must(digest_hex_is_valid(sum));
	(void)proof_has_expiry(text, len);
}

/* A line of the ledger, and a summary of many. */
static void
try_ledger(const char *text, size_t len)
{
	struct slo_day *day = calloc(1, sizeof *day);
	struct ledger_entry entry;

	fuzz_must(day != NULL);
	if (ledger_parse(text, len, &entry) == LEDGER_PARSED)
		slo_day_take(day, &entry);
	(void)slo_day_parse(text, len, "", day);
	for (unsigned i = 0; i < SLO_DAY_MINUTES; i++)
		fuzz_must(day->minutes[i].failed <= day->minutes[i].probes &&
		    day->minutes[i].errors <= day->minutes[i].total &&
		    day->minutes[i].cause < SLO_CAUSES_MAX);
	free(day);
}

/* The file of a claim, whose content a crash or a hand may have spoilt. */
static void
try_claim_file(const char *text, size_t len)
{
	struct claim claim;

	fuzz_write("claim", text, len);
	if (claim_read_file(AT_FDCWD, fuzz_path("claim"), &claim) == 0)
		fuzz_must(claim.created >= 0 && claim.expires >= 0);
}

/* A note of an expiry: what is no note stays, what is one goes. */
static void
try_note(const char *text, size_t len)
{
	char name[256] = "";
	int fd;

	if (len == 0 || len >= sizeof name || strchr(text, '/') != NULL)
		return;
	(void)fd_remove_tree(notes, "0");
	(void)snprintf(name, sizeof name, "0/%s", text);
	if (mkdirat(notes, "0", 0700) == -1 ||
	    (fd = openat(notes, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) ==
		-1)
		return;
	(void)close(fd);
	(void)claim_sweep(store, INT64_MAX / 2, clock_monotonic_ns() + NS_PER_S,
	    NULL);
}

static void
try_words(const char *text)
{
	unsigned char *bytes = malloc(strlen(text) + 1);
	char *again = malloc(strlen(text) + 8);
	unsigned long long n;
	size_t len;
	int64_t when;

	fuzz_must(bytes != NULL && again != NULL);
	if (base64url_decode(text, strlen(text), bytes, &len) == 0) {
		base64url_encode(bytes, len, again);
		fuzz_must(strcmp(text, again) == 0);
	}
	if (photo_id_is_valid(text))
		fuzz_must(strlen(text) == PHOTO_ID_LEN);
	(void)format_by_name(text);
	(void)format_by_type(text);
	(void)terms_time_parse(text, &when);
	(void)number_parse(text, 0, UINT64_MAX, &n);
	(void)number_parse_scaled(text, 1024, &n);
	(void)number_parse_duration(text, &n);
	free(again);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	try_token(text);
	try_manifest(text, size);
	try_claims(text, size);
	try_claim_file(text, size);
	try_ledger(text, size);
	try_words(text);
	if (notes == 0)
		notes = open(fuzz_path("store/state/expires"),
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	try_note(text, strlen(text));
	fuzz_log();
	free(text);
	return 0;
}
