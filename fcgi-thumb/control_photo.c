#include "config.h"

/*
 * Claims without an upload: taking one back, or those of a whole upload, and
 * making one by the whole SHA-256 of a photo that is here. Responsible for what
 * the requests have to look like; what they do is the claims' own.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "body.h"
#include "claim.h"
#include "clock.h"
#include "control_internal.h"
#include "journal.h"
#include "proof.h"
#include "receipt.h"
#include "reply.h"
#include "tally.h"
#include "terms.h"
#include "token.h"

#define SUM_MAX 1024              /* bytes; the longest form has under 100 */
#define RECEIPT_MAX (1024 * 1024) /* bytes; a photo has 2 to 70 thousand */

/* Beyond it the disk is stuck, and with it this worker. */
#define SECONDS 10

static const char no_content[] = "Status: 204 No Content\r\n\r\n";

_Static_assert(CLAIM_OWNER_MAX == TERMS_OWNER_MAX, "an owner fits");

enum address {
	ADDRESS_NONE,
	ADDRESS_UPLOAD, /* <prefix>/upload */
	ADDRESS_PHOTO,  /* <prefix>/photos/<id> */
	ADDRESS_CLAIMS  /* <prefix>/photos/<id>/claims */
};

/* What is not an id of the exact form is no address. */
static enum address
parse_uri(const char *uri, const char *prefix, char id[PHOTO_ID_LEN + 1])
{
	static const char photos[] = "/photos/";
	size_t len = strlen(prefix);

	if (strncmp(uri, prefix, len) != 0)
		return ADDRESS_NONE;
	if (strcmp(uri + len, "/upload") == 0)
		return ADDRESS_UPLOAD;
	if (strncmp(uri + len, photos, sizeof photos - 1) != 0)
		return ADDRESS_NONE;
	uri += len + sizeof photos - 1;
	if (strlen(uri) < PHOTO_ID_LEN)
		return ADDRESS_NONE;
	memcpy(id, uri, PHOTO_ID_LEN);
	id[PHOTO_ID_LEN] = '\0';
	if (!photo_id_is_valid(id))
		return ADDRESS_NONE;
	if (uri[PHOTO_ID_LEN] == '\0')
		return ADDRESS_PHOTO;
	return strcmp(uri + PHOTO_ID_LEN, "/claims") == 0 ? ADDRESS_CLAIMS
							  : ADDRESS_NONE;
}

static enum fault
check_method(const struct io *io, const char *only, struct fault_info *info)
{
	if (strcmp(io_param(io, "REQUEST_METHOD"), only) == 0)
		return FAULT_NONE;
	return fault_set(info, FAULT_METHOD_NOT_ALLOWED, "%s", "");
}

static enum fault
drop_claim(struct control *control, const struct io *io, const char *id,
    uint64_t until_ns, struct buf *out, struct fault_info *info)
{
	const char *token = token_bearer(io);
	enum fault f = check_method(io, "DELETE", info);

	if (f == FAULT_NONE)
		f = claim_drop(control->sweep.store, id,
		    token != NULL ? token : "", until_ns, info);
	if (f == FAULT_NONE) {
		metrics_own()->deletions++;
		buf_puts(out, no_content);
	}
	return f;
}

/* The whole body into text[max]. */
static enum fault
read_body(const struct io *io, const struct progress *progress, char *text,
    size_t max, size_t *len, struct fault_info *info)
{
	size_t more = 0;
	struct body body;
	enum fault f = body_open(&body, io, progress, max, info);

	*len = 0;
	while (f == FAULT_NONE && *len < max) {
		f = body_read(&body, text + *len, max - *len, &more, info);
		if (more == 0)
			break;
		*len += more;
	}
	return f;
}

/* The claims that the body tells of: *n of them into out[max]. */
static enum fault
read_receipt(const struct io *io, const struct progress *progress,
    struct receipt *out, unsigned max, unsigned *n, struct fault_info *info)
{
	char *text = malloc(RECEIPT_MAX);
	size_t len = 0;
	enum fault f;

	if (text == NULL || out == NULL)
		f = fault_errno(info, "receipt");
	else
		f = read_body(io, progress, text, RECEIPT_MAX, &len, info);
	if (f == FAULT_NONE && (*n = receipt_parse(text, len, out, max)) == 0)
		f = fault_set(info, FAULT_BAD_REQUEST,
		    "The body has to be the whole answer of the upload that "
		    "is to be taken back.");
	free(text);
	return f;
}

/*
 * As FilePond takes an upload back, which has kept its answer and knows no
 * other address. A claim that cannot be dropped does not keep the others; the
 * first such fault is the answer.
 */
static enum fault
drop_claims(struct control *control, const struct io *io,
    const struct progress *progress, struct buf *out, struct fault_info *info)
{
	unsigned n = 0, max = control->settings->limits.files;
	struct receipt *claims = NULL;
	enum fault f = check_method(io, "DELETE", info);

	if (f == FAULT_NONE) {
		claims = calloc(max, sizeof *claims);
		f = read_receipt(io, progress, claims, max, &n, info);
	}
	for (unsigned i = 0; i < n; i++) {
		struct fault_info one = { 0 };

		if (claim_drop(control->sweep.store, claims[i].id,
			claims[i].token, progress->deadline_ns,
			&one) == FAULT_NONE) {
			metrics_own()->deletions++;
		} else if (f == FAULT_NONE) {
			*info = one;
			f = one.fault;
		}
	}
	free(claims);
	if (f == FAULT_NONE)
		buf_puts(out, no_content);
	return f;
}

/* The sum that the body names. */
static enum fault
read_sum(const struct io *io, const struct progress *progress,
    char sum[DIGEST_HEX_LEN + 1], struct fault_info *info)
{
	char text[SUM_MAX];
	size_t len;
	enum fault f = read_body(io, progress, text, sizeof text, &len, info);

	if (f == FAULT_NONE && proof_parse(text, len, sum) == -1)
		f = fault_set(info, FAULT_BAD_REQUEST,
		    "The body has to be {\"sha256\":\"...\"} with the 64 "
		    "digits "
		    "of the photo's SHA-256, or a form with that field.");
	if (f == FAULT_NONE && proof_has_expiry(text, len))
		f = fault_set(info, FAULT_BAD_REQUEST,
		    "\"expires\" of a claim stands in its address: "
		    "?expires=30d");
	return f;
}

static enum fault
make_claim(struct control *control, const struct io *io, const char *id,
    const struct progress *progress, struct buf *out, struct fault_info *info)
{
	struct claim claim = { .created = (int64_t)time(NULL) };
	char token[CLAIM_TOKEN_LEN + 1], sum[DIGEST_HEX_LEN + 1];
	struct terms terms;
	enum fault f;

	if ((f = check_method(io, "POST", info)) != FAULT_NONE ||
	    (f = terms_read(io, NULL, control->settings, &terms, info)) !=
		FAULT_NONE ||
	    /* An upload in all but its bytes. */
	    (f = store_check_offline(control->sweep.store, info)) !=
		FAULT_NONE ||
	    (f = read_sum(io, progress, sum, info)) != FAULT_NONE ||
	    (f = claim_token(terms.key, id, token, info)) != FAULT_NONE)
		return f;
	memcpy(claim.owner, terms.owner, sizeof claim.owner);
	claim.expires = terms.expires;
	f = claim_by_sum(control->sweep.store, id, sum, token, &claim,
	    progress->deadline_ns, info);
	if (f != FAULT_NONE)
		return f;
	buf_printf(out,
	    "Status: 201 Created\r\nContent-Type: application/json\r\n\r\n"
	    "{\"id\":\"%s\"",
	    id);
	if (token[0] != '\0') {
		metrics_own()->claims++;
		buf_printf(out, ",\"delete_token\":\"%s\"", token);
	}
	buf_puts(out, "}\n");
	return f;
}

bool
control_photo(struct control *control, const struct io *io, struct buf *out)
{
	struct fault_info info = { 0 };
	char id[PHOTO_ID_LEN + 1];
	struct progress progress;
	enum address address = parse_uri(io_param(io, "DOCUMENT_URI"),
	    control->settings->prefix, id);
	enum fault f;
	int status;

	if (address == ADDRESS_NONE)
		return false;
	progress_start(&progress, control->slot);
	progress_allow(&progress, SECONDS, 0);
	if (address == ADDRESS_UPLOAD)
		f = drop_claims(control, io, &progress, out, &info);
	else if (address == ADDRESS_PHOTO)
		f = drop_claim(control, io, id, progress.deadline_ns, out,
		    &info);
	else
		f = make_claim(control, io, id, &progress, out, &info);
	status = address == ADDRESS_CLAIMS ? 201 : 204;
	if (f != FAULT_NONE) {
		reply_problem(out, io, &info);
		status = fault_status(f);
	}
	progress_deadline(&progress, 0);
	tally_request(address == ADDRESS_CLAIMS ? REQUEST_CLAIM
						: REQUEST_DELETE,
	    status, NULL, 0, &info, &progress);
	journal_request(io, status, out->failed ? 0 : out->len, NULL, 0, &info,
	    &progress);
	return true;
}
