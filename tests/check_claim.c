#include "config.h"

#include "claim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "publish.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

#define KEY "a key of 22 characters"

static char data[STORE_PATH_MAX];
static char no_text[] = "";
static struct store *store;
static struct settings settings;
static char id[PHOTO_ID_LEN + 1];
static char sum[DIGEST_HEX_LEN + 1];
static struct fault_info info;

static const struct claim alices = { .owner = "alice", .created = 1000 };

/* What the bytes would be named. */
static void
setup(void)
{
	unsigned char sha[DIGEST_SHA256_LEN];

	tempdir_setup();
	stores_prepare(data);
	store = stores_open(data);
	settings =
	    (struct settings){ .prefix = no_text, .public_url = no_text };
	ck_assert_int_eq(digest_sha256("photo", 5, sha), 0);
	photo_id_make(sha, id);
	digest_hex(sha, sum);
}

static void
teardown(void)
{
	store_close(store);
	tempdir_teardown();
}

static const char *
path_of(const char *side, const char *name)
{
	static char path[600];

	(void)snprintf(path, sizeof path, "%s/%s/%.2s/%s/%s", data, side, id,
	    id, name);
	return path;
}

static bool
is_there(void)
{
	return access(path_of("photos", ""), F_OK) == 0;
}

static unsigned
count_in(const char *name)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/%s", data, name);
	return count_entries(path);
}

/* All that a request does under the lock for bytes that are welcome. */
static enum fault
upload_to(struct store *s, const char *key, const struct claim *c,
    char token[CLAIM_TOKEN_LEN + 1])
{
	struct manifest m = { .format = FORMAT_JPEG,
		.size = { 1, 1 },
		.bytes = 5,
		.color = "#000000",
		.placeholder = "data:," };
	struct spool spool;
	struct draft d;
	struct look here;
	int lock = -1;
	enum fault f;

	if (claim_token(key, id, token, &info) != FAULT_NONE ||
	    spool_init(&spool, store_staging(s), &info) != FAULT_NONE ||
	    spool_write(&spool, "photo", 5, &info) != FAULT_NONE ||
	    spool_finish(&spool, &info) != FAULT_NONE ||
	    draft_open(&d, s, &info) != FAULT_NONE ||
	    draft_original(&d, &spool, FORMAT_JPEG, &info) != FAULT_NONE)
		return info.fault;
	memcpy(m.id, id, sizeof m.id);
	f = store_lock(s, id, 0, &lock, &info);
	if (f == FAULT_NONE)
		f = publish_look(s, id, &settings, &here, &info);
	if (f == FAULT_NONE && here.presence == PRESENCE_NONE) {
		f = draft_claim(&d, id, token, c, &info);
		if (f == FAULT_NONE)
			f = draft_publish(&d, &m, &settings, &here, &info);
	} else if (f == FAULT_NONE) {
		f = claim_add(s, id, token, c, &info);
	}
	store_unlock(&lock);
	draft_close(&d);
	spool_fini(&spool);
	return f;
}

static void
upload(const char *key, const struct claim *c, char token[CLAIM_TOKEN_LEN + 1])
{
	ck_assert_msg(upload_to(store, key, c, token) == FAULT_NONE, "%s",
	    info.cause);
}

static struct claims
read_claims(void)
{
	struct claims c;

	ck_assert_int_eq(claims_read(store, id, &c, &info), FAULT_NONE);
	return c;
}

static enum fault
drop(const char *token)
{
	return claim_drop(store, id, token, 0, &info);
}

/* ---- tokens ---- */

START_TEST(a_token_follows_from_key_and_photo_or_from_chance)
{
	char a[CLAIM_TOKEN_LEN + 1], b[CLAIM_TOKEN_LEN + 1];

	ck_assert_int_eq(claim_token(KEY, id, a, &info), FAULT_NONE);
	ck_assert_int_eq(claim_token(KEY, id, b, &info), FAULT_NONE);
	ck_assert_str_eq(a, b);
	ck_assert(photo_id_is_valid(a));
	ck_assert_int_eq(claim_token(KEY "x", id, b, &info), FAULT_NONE);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(claim_token(KEY, "aaaaaaaaaaaaaaaaaaaaaaaaaa", b,
			     &info),
	    FAULT_NONE);
	ck_assert_str_ne(a, b);
	ck_assert_int_eq(claim_token("", id, a, &info), FAULT_NONE);
	ck_assert_int_eq(claim_token("", id, b, &info), FAULT_NONE);
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(no_secret_lies_on_the_disk)
{
	char token[CLAIM_TOKEN_LEN + 1], command[800];

	upload(KEY, &alices, token);
	(void)snprintf(command, sizeof command,
	    "find %s | grep -qF %s || grep -rqF -e %s -e '" KEY "' %s", data,
	    token, token, data);
	ck_assert_int_ne(system(command), 0);
}
END_TEST

/* ---- coming and going ---- */

START_TEST(a_claim_says_whose_it_is_and_since_when)
{
	static const struct claim c = { .owner = "bob = \xc3\xa9",
		.created = 1234567890,
		.expires = 4102444800 };
	char token[CLAIM_TOKEN_LEN + 1];
	struct claims all;
	struct stat st;

	upload("", &c, token);
	all = read_claims();
	ck_assert_uint_eq(all.n, 1);
	ck_assert(!all.stays);
	ck_assert_str_eq(all.list[0].owner, c.owner);
	ck_assert_int_eq(all.list[0].created, c.created);
	ck_assert_int_eq(all.list[0].expires, c.expires);
	ck_assert_int_eq(stat(path_of("photos", "claims"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
}
END_TEST

START_TEST(the_photo_goes_with_the_last_claim)
{
	char a[CLAIM_TOKEN_LEN + 1], b[CLAIM_TOKEN_LEN + 1];

	upload("", &alices, a);
	upload("", &alices, b);
	ck_assert_uint_eq(read_claims().n, 2);
	ck_assert_int_eq(drop(a), FAULT_NONE);
	ck_assert(is_there());
	ck_assert_int_eq(drop(a), FAULT_TOKEN_INVALID);
	ck_assert_int_eq(drop(b), FAULT_NONE);
	ck_assert(!is_there());
	ck_assert_int_eq(access(path_of("public", ""), F_OK), -1);
	ck_assert_int_eq(store_usage(store), 0);
	ck_assert_int_eq(drop(b), FAULT_NOT_FOUND);
}
END_TEST

START_TEST(a_retry_finds_its_own_claim)
{
	char a[CLAIM_TOKEN_LEN + 1], b[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &alices, a);
	upload(KEY, &alices, b);
	ck_assert_str_eq(a, b);
	ck_assert_uint_eq(read_claims().n, 1);
	ck_assert_int_eq(drop(a), FAULT_NONE);
	ck_assert(!is_there());
}
END_TEST

static const char *const strange[] = { "", "-", "stays", ".", "..",
	"aaaaaaaaaaaaaaaaaaaaaaaaaa", "../../../../state/locks",
	"AAAAAAAAAAAAAAAAAAAAAAAAAA",
	"0000000000000000000000000000000000000000000000000000000000000000" };

START_TEST(what_is_no_token_takes_nothing_back)
{
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &alices, token);
	ck_assert_msg(drop(strange[_i]) == FAULT_TOKEN_INVALID, "%s",
	    strange[_i]);
	ck_assert_uint_eq(read_claims().n, 1);
}
END_TEST

START_TEST(beyond_the_most_claims_the_photo_stays)
{
	char token[CLAIM_TOKEN_LEN + 1], last[CLAIM_TOKEN_LEN + 1];
	char keys[CLAIMS_MAX][40];
	struct claims all;

	for (unsigned i = 0; i < CLAIMS_MAX; i++) {
		(void)snprintf(keys[i], sizeof keys[i], KEY " %u", i);
		upload(keys[i], &alices, token);
		ck_assert_str_ne(token, "");
	}
	for (unsigned i = 0; i < 2; i++) {
		upload("", &alices, last);
		ck_assert_str_eq(last, "");
	}
	all = read_claims();
	ck_assert_uint_eq(all.n, CLAIMS_MAX);
	ck_assert(all.stays);
	/* A retry of one of them is none too many. */
	upload(keys[7], &alices, token);
	ck_assert_str_ne(token, "");
	for (unsigned i = 0; i < CLAIMS_MAX; i++) {
		(void)claim_token(keys[i], id, token, &info);
		ck_assert_int_eq(drop(token), FAULT_NONE);
	}
	ck_assert(is_there());
	ck_assert(read_claims().stays);
}
END_TEST

START_TEST(a_photo_of_a_version_without_claims_stays)
{
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &alices, token);
	ck_assert_int_eq(fd_remove_tree(AT_FDCWD, path_of("photos", "claims")),
	    0);
	ck_assert(read_claims().stays);
	ck_assert_int_eq(drop(token), FAULT_TOKEN_INVALID);
	upload(KEY, &alices, token);
	ck_assert_uint_eq(read_claims().n, 1);
	ck_assert(read_claims().stays);
	ck_assert_int_eq(drop(token), FAULT_NONE);
	ck_assert(is_there());
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

/* ---- what a crash leaves ---- */

static enum presence
look(void)
{
	struct look here;

	ck_assert_int_eq(publish_look(store, id, &settings, &here, &info),
	    FAULT_NONE);
	return here.presence;
}

START_TEST(a_photo_whose_last_claim_is_gone_goes)
{
	char token[CLAIM_TOKEN_LEN + 1], command[700];

	upload(KEY, &alices, token);
	(void)snprintf(command, sizeof command, "rm %s/*",
	    path_of("photos", "claims"));
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(look(), PRESENCE_NONE);
	ck_assert(!is_there());
	upload(KEY, &alices, token);
	ck_assert_int_eq(drop(token), FAULT_NONE);
}
END_TEST

START_TEST(a_public_side_without_its_photo_goes)
{
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &alices, token);
	ck_assert_int_eq(fd_remove_tree(AT_FDCWD, path_of("photos", ".")), -1);
	ck_assert_int_eq(rmdir(path_of("photos", "")), 0);
	ck_assert_int_eq(drop(token), FAULT_NOT_FOUND);
	ck_assert_int_eq(access(path_of("public", ""), F_OK), -1);
}
END_TEST

/* ---- proof ---- */

static enum fault
claim_with(const char *sha256, char token[CLAIM_TOKEN_LEN + 1])
{
	ck_assert_int_eq(claim_token("", id, token, &info), FAULT_NONE);
	return claim_by_sum(store, id, sha256, token, &alices, 0, &info);
}

START_TEST(the_whole_sum_makes_a_claim)
{
	char a[CLAIM_TOKEN_LEN + 1], b[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &alices, a);
	ck_assert_int_eq(claim_with(sum, b), FAULT_NONE);
	ck_assert_uint_eq(read_claims().n, 2);
	ck_assert_int_eq(drop(a), FAULT_NONE);
	ck_assert(is_there());
	ck_assert_int_eq(drop(b), FAULT_NONE);
	ck_assert(!is_there());
}
END_TEST

START_TEST(another_sum_makes_none)
{
	char token[CLAIM_TOKEN_LEN + 1], other[DIGEST_HEX_LEN + 1];

	upload(KEY, &alices, token);
	memcpy(other, sum, sizeof other);
	other[63] = other[63] == '0' ? '1' : '0';
	ck_assert_int_eq(claim_with(other, token), FAULT_TOKEN_INVALID);
	other[32] = '\0';
	ck_assert_int_eq(claim_with(other, token), FAULT_TOKEN_INVALID);
	ck_assert_int_eq(claim_with("", token), FAULT_TOKEN_INVALID);
	ck_assert_uint_eq(read_claims().n, 1);
}
END_TEST

START_TEST(no_photo_and_a_banned_one_get_no_claim)
{
	char token[CLAIM_TOKEN_LEN + 1];

	ck_assert_int_eq(claim_with(sum, token), FAULT_NOT_FOUND);
	upload(KEY, &alices, token);
	ck_assert_int_eq(store_ban(store, id, &info), FAULT_NONE);
	ck_assert_int_eq(claim_with(sum, token), FAULT_BANNED);
}
END_TEST

START_TEST(a_sum_that_is_not_there_is_made)
{
	char token[CLAIM_TOKEN_LEN + 1];
	struct stat st;

	upload(KEY, &alices, token);
	ck_assert_int_eq(unlink(path_of("photos", "sha256")), 0);
	ck_assert_int_eq(claim_with(sum, token), FAULT_NONE);
	ck_assert_int_eq(stat(path_of("photos", "sha256"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, DIGEST_HEX_LEN);
}
END_TEST

/* ---- time ---- */

#define HOUR 3600

static bool
sweep(int64_t now)
{
	return claim_sweep(store, now, clock_monotonic_ns() + 5 * NS_PER_S,
	    NULL);
}

START_TEST(a_claim_ends_when_its_time_has_come)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR + 10 };
	char token[CLAIM_TOKEN_LEN + 1], other[CLAIM_TOKEN_LEN + 1];

	upload("", &mortal, token);
	upload("", &alices, other);
	ck_assert(sweep(5 * HOUR + 9));
	ck_assert_uint_eq(read_claims().n, 2);
	ck_assert(sweep(5 * HOUR + 10));
	ck_assert_uint_eq(read_claims().n, 1);
	ck_assert_int_eq(drop(token), FAULT_TOKEN_INVALID);
	ck_assert(sweep(6 * HOUR));
	ck_assert_uint_eq(count_in("state/expires"), 0);
	ck_assert(is_there());
}
END_TEST

START_TEST(the_last_claim_that_ends_takes_the_photo)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &mortal, token);
	ck_assert(sweep(7 * HOUR));
	ck_assert(!is_there());
	ck_assert_uint_eq(count_in("state/expires"), 0);
}
END_TEST

START_TEST(a_note_without_a_claim_does_no_harm)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &mortal, token);
	ck_assert_int_eq(drop(token), FAULT_NONE);
	upload("", &alices, token);
	ck_assert(sweep(7 * HOUR));
	ck_assert_uint_eq(read_claims().n, 1);
	ck_assert_uint_eq(count_in("state/expires"), 0);
}
END_TEST

/* The token of a key is the same again: its claim has a time of its own. */
START_TEST(a_note_of_an_earlier_claim_does_no_harm)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	const struct claim longer = { .created = 1, .expires = 9 * HOUR };
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &mortal, token);
	ck_assert_int_eq(drop(token), FAULT_NONE);
	upload(KEY, _i == 0 ? &alices : &longer, token);
	ck_assert(sweep(7 * HOUR));
	ck_assert_uint_eq(read_claims().n, 1);
	ck_assert(is_there());
	ck_assert(sweep(10 * HOUR));
	ck_assert(is_there() == (_i == 0));
	ck_assert_uint_eq(count_in("state/expires"), 0);
}
END_TEST

/* Sent again with another time, before or after the first one is over. */
START_TEST(a_claim_made_twice_stays_for_the_longer_time)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	const struct claim again[] = { alices,
		{ .created = 2, .expires = 9 * HOUR },
		{ .created = 2, .expires = 4 * HOUR } };
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &mortal, token);
	upload(KEY, &again[_i], token);
	ck_assert_uint_eq(read_claims().n, 1);
	ck_assert(sweep(4 * HOUR));
	ck_assert(is_there());
	ck_assert(sweep(7 * HOUR));
	ck_assert(is_there() == (_i < 2));
	ck_assert(sweep(10 * HOUR));
	ck_assert(is_there() == (_i == 0));
}
END_TEST

START_TEST(a_photo_in_work_is_left_for_the_next_sweep)
{
	struct claims_swept swept = { 0 };
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	char token[CLAIM_TOKEN_LEN + 1];
	int lock = -1;

	upload(KEY, &mortal, token);
	ck_assert_int_eq(store_lock(store, id, 0, &lock, &info), FAULT_NONE);
	ck_assert(!sweep(7 * HOUR));
	ck_assert(is_there());
	store_unlock(&lock);
	ck_assert_uint_eq(claim_count_due(store, 7 * HOUR), 1);
	ck_assert(claim_sweep(store, 7 * HOUR, UINT64_MAX, &swept));
	ck_assert(!is_there());
	ck_assert_uint_eq(swept.notes, 1);
	ck_assert_uint_eq(swept.photos, 1);
	ck_assert_uint_eq(claim_count_due(store, 7 * HOUR), 0);
}
END_TEST

START_TEST(a_sweep_ends_with_its_time)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	char token[CLAIM_TOKEN_LEN + 1];

	upload(KEY, &mortal, token);
	ck_assert(!claim_sweep(store, 7 * HOUR, clock_monotonic_ns(), NULL));
	ck_assert(is_there());
}
END_TEST

START_TEST(nothing_leaves_a_descriptor)
{
	const struct claim mortal = { .created = 1, .expires = 5 * HOUR };
	char token[CLAIM_TOKEN_LEN + 1];
	unsigned fds = count_fds();

	upload(KEY, &mortal, token);
	upload("", &alices, token);
	ck_assert_int_eq(drop(token), FAULT_NONE);
	ck_assert_int_eq(claim_with(sum, token), FAULT_NONE);
	(void)read_claims();
	ck_assert(sweep(7 * HOUR));
	ck_assert_int_eq(drop("x"), FAULT_TOKEN_INVALID);
	ck_assert_int_eq(drop(token), FAULT_NONE);
	ck_assert(store_empty_trash(store, 0, NULL));
	ck_assert_uint_eq(count_fds(), fds);
}
END_TEST

/* ---- races ---- */

#define RACERS 4
#define RACE_NS (1500 * NS_PER_MS)

/*
 * One of several processes, each with a store of its own, as workers of two
 * masters have. Each upload that is answered has a claim until its own token
 * takes it back: the photo must be here in between. 0 where that held.
 */
static int
race(unsigned seed)
{
	struct store *s = stores_open(data);
	uint64_t end = clock_monotonic_ns() + RACE_NS;
	char token[CLAIM_TOKEN_LEN + 1];
	int rc = 0;

	while (rc == 0 && clock_monotonic_ns() < end) {
		if (upload_to(s, "", &alices, token) != FAULT_NONE)
			rc = 2;
		else if (!is_there() ||
		    access(path_of("public", "meta.json"), F_OK) != 0)
			rc = 3;
		else if (claim_drop(s, id, token, 0, &info) != FAULT_NONE)
			rc = 4;
		if (seed % 2 == 0)
			(void)store_empty_trash(s, 0, NULL);
	}
	store_close(s);
	return rc;
}

START_TEST(uploads_and_deletions_of_one_photo_never_lose_it)
{
	pid_t pids[RACERS];

	for (unsigned i = 0; i < RACERS; i++) {
		pids[i] = fork();
		ck_assert_int_ne(pids[i], -1);
		if (pids[i] == 0)
			_exit(race(i));
	}
	for (unsigned i = 0; i < RACERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		    "%d", WEXITSTATUS(status));
	}
	/* All took theirs back: nothing is left of it, not even in the sum. */
	ck_assert(!is_there());
	ck_assert_int_eq(access(path_of("public", ""), F_OK), -1);
	ck_assert_int_eq(store_usage(store), 0);
	ck_assert(store_empty_trash(store, 0, NULL));
	ck_assert_uint_eq(count_in("trash"), 0);
	ck_assert_uint_eq(count_in("staging"), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("claim");
	TCase *claims = tcase_create("claims");
	TCase *expiry = tcase_create("expiry");
	TCase *races = tcase_create("races");

	tcase_add_checked_fixture(claims, setup, teardown);
	tcase_add_checked_fixture(expiry, setup, teardown);
	tcase_add_checked_fixture(races, setup, teardown);
	tcase_set_timeout(claims, 60);
	tcase_set_timeout(expiry, 30);
	tcase_set_timeout(races, 60);
	tcase_add_test(claims,
	    a_token_follows_from_key_and_photo_or_from_chance);
	tcase_add_test(claims, no_secret_lies_on_the_disk);
	tcase_add_test(claims, a_claim_says_whose_it_is_and_since_when);
	tcase_add_test(claims, the_photo_goes_with_the_last_claim);
	tcase_add_test(claims, a_retry_finds_its_own_claim);
	tcase_add_loop_test(claims, what_is_no_token_takes_nothing_back, 0,
	    NELEM(strange));
	tcase_add_test(claims, beyond_the_most_claims_the_photo_stays);
	tcase_add_test(claims, a_photo_of_a_version_without_claims_stays);
	tcase_add_test(claims, a_photo_whose_last_claim_is_gone_goes);
	tcase_add_test(claims, a_public_side_without_its_photo_goes);
	tcase_add_test(claims, the_whole_sum_makes_a_claim);
	tcase_add_test(claims, another_sum_makes_none);
	tcase_add_test(claims, no_photo_and_a_banned_one_get_no_claim);
	tcase_add_test(claims, a_sum_that_is_not_there_is_made);
	tcase_add_test(expiry, a_claim_ends_when_its_time_has_come);
	tcase_add_test(expiry, the_last_claim_that_ends_takes_the_photo);
	tcase_add_test(expiry, a_note_without_a_claim_does_no_harm);
	tcase_add_loop_test(expiry, a_note_of_an_earlier_claim_does_no_harm, 0,
	    2);
	tcase_add_loop_test(expiry,
	    a_claim_made_twice_stays_for_the_longer_time, 0, 3);
	tcase_add_test(expiry, a_photo_in_work_is_left_for_the_next_sweep);
	tcase_add_test(expiry, a_sweep_ends_with_its_time);
	tcase_add_test(expiry, nothing_leaves_a_descriptor);
	tcase_add_test(races, uploads_and_deletions_of_one_photo_never_lose_it);
	suite_add_tcase(s, claims);
	suite_add_tcase(s, expiry);
	suite_add_tcase(s, races);
	return run_suite(s);
}
