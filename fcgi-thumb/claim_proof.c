#include "config.h"

/*
 * A claim without the bytes: the whole SHA-256 shows that one has them, because
 * the id tells only its first half. The sum lies beside the original; where it
 * does not (a photo of an older version), it is made.
 */

#include <stdlib.h>
#include <string.h>

#include "claim.h"
#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

/* Made once; the caller holds the photo's lock. */
static int
make_sum(struct store *s, int photo, char out[DIGEST_HEX_LEN + 1])
{
	int fd = store_open_original(photo);
	unsigned char sum[DIGEST_SHA256_LEN];
	int rc = fd != -1 ? digest_file(fd, sum) : -1;

	fd_close(&fd);
	if (rc == -1)
		return -1;
	digest_hex(sum, out);
	return store_put_file(s, photo, STORE_SUM_FILE, out, DIGEST_HEX_LEN);
}

static int
read_sum(struct store *s, int photo, char out[DIGEST_HEX_LEN + 1])
{
	char *text = NULL;
	size_t len;
	bool is_sum = false;

	if (fd_read_file(photo, STORE_SUM_FILE, DIGEST_HEX_LEN, &text, &len) ==
	    0) {
		is_sum = digest_hex_is_valid(text);
		if (is_sum)
			memcpy(out, text, DIGEST_HEX_LEN + 1);
		free(text);
	}
	return is_sum ? 0 : make_sum(s, photo, out);
}

static enum fault
prove(struct store *s, const char *id, const char *sha256,
    struct fault_info *info)
{
	char sum[DIGEST_HEX_LEN + 1];
	int photo;
	enum fault f = store_open_side(s, "photos", id, &photo, info);

	if (f != FAULT_NONE)
		return f;
	if (photo == -1)
		f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
	else if (read_sum(s, photo, sum) == -1)
		f = fault_errno(info, STORE_SUM_FILE);
	else if (!digest_hex_is_valid(sha256) ||
	    !digest_is_equal(sum, sha256, DIGEST_HEX_LEN))
		f = fault_set(info, FAULT_TOKEN_INVALID,
		    "This is not the photo's SHA-256.");
	fd_close(&photo);
	return f;
}

enum fault
claim_by_sum(struct store *s, const char *id, const char *sha256,
    char token[CLAIM_TOKEN_LEN + 1], const struct claim *c, uint64_t until_ns,
    struct fault_info *info)
{
	int lock = -1;
	enum fault f = store_lock(s, id, until_ns, &lock, info);

	if (f != FAULT_NONE)
		return f;
	if ((f = store_check_ban(s, id, info)) == FAULT_NONE)
		f = store_settle(s, id, info);
	if (f == FAULT_NONE)
		f = prove(s, id, sha256, info);
	if (f == FAULT_NONE)
		f = claim_add(s, id, token, c, info);
	store_unlock(&lock);
	return f;
}
