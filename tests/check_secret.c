#include "config.h"

/* Secrets come from a file that is right in every line, and private. */

#include "secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A256 A32 A32 A32 A32 A32 A32 A32 A32

static char path[512];
static char why[256];

static void
setup(void)
{
	tempdir_setup();
	(void)snprintf(path, sizeof path, "%s/upload-secret", tempdir_path());
	why[0] = '\0';
}

static void
write_file(const char *text, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static struct secrets *
load(const char *text)
{
	write_file(text, strlen(text), 0600);
	return secrets_load(path, why, sizeof why);
}

static bool
makes(const struct secrets *s, unsigned i, const char *secret)
{
	unsigned char got[DIGEST_SHA256_LEN], want[DIGEST_SHA256_LEN];

	ck_assert_int_eq(digest_hmac_sha256(secret, strlen(secret), "data", 4,
			     want),
	    0);
	return secrets_mac(s, i, "data", 4, got) == 0 &&
	    memcmp(got, want, sizeof got) == 0;
}

START_TEST(secrets_are_the_lines_in_their_order)
{
	struct secrets *s =
	    load("# made on a Monday\n\n" B32 "\r\n#" A32 "\n\r\n" A32);

	ck_assert_msg(s != NULL, "%s", why);
	ck_assert(makes(s, 0, B32));
	ck_assert(makes(s, 1, A32));
	ck_assert(!makes(s, 2, A32));
	secrets_free(s);
}
END_TEST

START_TEST(a_secret_may_be_long)
{
	struct secrets *s = load(A256 "\n");

	ck_assert_msg(s != NULL, "%s", why);
	ck_assert(makes(s, 0, A256));
	secrets_free(s);
}
END_TEST

static const struct {
	const char *name;
	const char *text;
	const char *words;
} wrong[] = {
	{ "nothing", "", "no secret" },
	{ "comments alone", "# " A32 "\n\n", "no secret" },
	{ "one short by a character",
	    A32 "\n" A32 "\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", ":3: " },
	{ "one too long", "\n" A256 "a\n", ":2: " },
	{ "a blank in it", A32 " " A32 "\n", ":1: " },
	{ "a blank before it", " " A32 "\n", ":1: " },
	{ "a tab after it", A32 "\t\n", ":1: " },
	{ "not ASCII", A32 "\xc3\xa4\n", ":1: " },
	{ "one more than there may be",
	    A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32
		"\n" A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32 "\n" A32
		"\n" A32 "\n" B32 "\n",
	    ":17: " },
};

START_TEST(a_file_with_one_wrong_line_is_refused)
{
	struct secrets *s = load(wrong[_i].text);

	ck_assert_msg(s == NULL, "%s", wrong[_i].name);
	ck_assert_msg(strstr(why, wrong[_i].words) != NULL &&
		strncmp(why, path, strlen(path)) == 0 &&
		strchr(why, '\n') == NULL,
	    "%s: %s", wrong[_i].name, why);
	/* What was read, right or wrong, is not for a log. */
	ck_assert_msg(strstr(why, "aaaaaaaa") == NULL, "%s", why);
}
END_TEST

START_TEST(a_nul_is_no_character_of_a_secret)
{
	static const char text[] = A32 "\0" A32 "\n";

	write_file(text, sizeof text - 1, 0600);
	ck_assert_ptr_null(secrets_load(path, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, ":1: "));
}
END_TEST

START_TEST(a_large_file_is_refused)
{
	size_t len = 64 * 1024;
	char *text = malloc(len);

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', len);
	write_file(text, len, 0600);
	ck_assert_ptr_null(secrets_load(path, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "too large"));
	free(text);
}
END_TEST

static const struct {
	mode_t mode;
	bool good;
} modes[] = {
	{ 0600, true },
	{ 0400, true },
	{ 0700, true },
	{ 0640, false },
	{ 0620, false },
	{ 0610, false },
	{ 0604, false },
	{ 0602, false },
	{ 0601, false },
	{ 0666, false },
};

START_TEST(only_a_file_of_its_owner_alone_is_read)
{
	struct secrets *s;

	write_file(A32 "\n", 33, modes[_i].mode);
	s = secrets_load(path, why, sizeof why);
	ck_assert_msg((s != NULL) == modes[_i].good, "%04o: %s",
	    (unsigned)modes[_i].mode, why);
	if (s == NULL)
		ck_assert_ptr_nonnull(strstr(why, "chmod 600"));
	secrets_free(s);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_said)
{
	ck_assert_ptr_null(secrets_load(path, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
}
END_TEST

START_TEST(a_directory_is_refused)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_ptr_null(secrets_load(path, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "not a regular file"));
}
END_TEST

START_TEST(a_pipe_is_refused_without_waiting)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_ptr_null(secrets_load(path, why, sizeof why));
	ck_assert_ptr_nonnull(strstr(why, "not a regular file"));
}
END_TEST

static TCase *
add_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, tempdir_teardown);
	suite_add_tcase(s, tc);
	return tc;
}

int
main(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = add_case(s, "lines");

	tcase_add_test(tc, secrets_are_the_lines_in_their_order);
	tcase_add_test(tc, a_secret_may_be_long);
	tcase_add_loop_test(tc, a_file_with_one_wrong_line_is_refused, 0,
	    NELEM(wrong));
	tcase_add_test(tc, a_nul_is_no_character_of_a_secret);
	tcase_add_test(tc, a_large_file_is_refused);

	tc = add_case(s, "file");
	tcase_add_loop_test(tc, only_a_file_of_its_owner_alone_is_read, 0,
	    NELEM(modes));
	tcase_add_test(tc, a_file_that_is_not_there_is_said);
	tcase_add_test(tc, a_directory_is_refused);
	tcase_add_test(tc, a_pipe_is_refused_without_waiting);
	return run_suite(s);
}
