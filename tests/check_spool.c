#include "config.h"

#include "spool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fdio.h"
#include "support.h"

static const size_t sizes[] = { 1, SPOOL_MEMORY_MAX - 1, SPOOL_MEMORY_MAX,
	SPOOL_MEMORY_MAX + 1, 1000003 };

static unsigned char *
pattern(size_t len)
{
	unsigned char *bytes = malloc(len);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
	return bytes;
}

static void
fill(struct spool *s, const unsigned char *bytes, size_t len)
{
	struct fault_info info;

	ck_assert_int_eq(spool_init(s, tempdir_fd(), &info), FAULT_NONE);
	for (size_t at = 0; at < len; at += 4093) {
		size_t piece = len - at < 4093 ? len - at : 4093;

		ck_assert_int_eq(spool_write(s, bytes + at, piece, &info),
		    FAULT_NONE);
	}
	ck_assert_int_eq(spool_finish(s, &info), FAULT_NONE);
}

START_TEST(bytes_and_hash_are_those_that_were_written)
{
	size_t len = sizes[_i];
	unsigned char *bytes = pattern(len);
	unsigned char sha[DIGEST_SHA256_LEN];
	struct fault_info info;
	struct spool s;
	const void *back;

	fill(&s, bytes, len);
	ck_assert_uint_eq(s.len, len);
	ck_assert_int_eq(s.has_file, len > SPOOL_MEMORY_MAX);
	back = spool_bytes(&s, &info);
	ck_assert_ptr_nonnull(back);
	ck_assert_mem_eq(back, bytes, len);
	ck_assert_int_eq(digest_sha256(bytes, len, sha), 0);
	ck_assert_mem_eq(s.sha, sha, sizeof sha);
	ck_assert(photo_id_is_valid(s.id));
	spool_fini(&s);
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	free(bytes);
}
END_TEST

START_TEST(moving_gives_a_private_file_and_keeps_the_bytes)
{
	size_t len = sizes[_i], back_len;
	unsigned char *bytes = pattern(len);
	struct fault_info info;
	struct stat st;
	struct spool s;
	char *back;
	int fd;

	fill(&s, bytes, len);
	ck_assert_ptr_nonnull(spool_bytes(&s, &info));
	spool_begin(&s);
	ck_assert_int_eq(spool_move_to(&s, tempdir_fd(), "original.jpg", &fd,
			     &info),
	    FAULT_NONE);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq((uint64_t)st.st_size, len);
	fd_close(&fd);
	ck_assert_mem_eq(spool_bytes(&s, &info), bytes, len);
	spool_fini(&s);
	ck_assert_uint_eq(count_entries(tempdir_path()), 1);
	ck_assert_int_eq(fstatat(tempdir_fd(), "original.jpg", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "original.jpg", len, &back,
			     &back_len),
	    0);
	ck_assert_uint_eq(back_len, len);
	ck_assert_mem_eq(back, bytes, len);
	free(back);
	free(bytes);
}
END_TEST

START_TEST(nothing_is_left_of_a_spool_that_was_given_up)
{
	struct fault_info info;
	unsigned fds = count_fds();
	char *bytes = calloc(1, 200000);
	struct spool s;

	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(spool_init(&s, tempdir_fd(), &info), FAULT_NONE);
	ck_assert_int_eq(spool_write(&s, bytes, 200000, &info), FAULT_NONE);
	ck_assert_uint_eq(count_entries(tempdir_path()), 1);
	spool_fini(&s);
	spool_fini(&s);
	ck_assert_uint_eq(count_entries(tempdir_path()), 0);
	ck_assert_uint_eq(count_fds(), fds);
	free(bytes);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("spool");
	TCase *tc = tcase_create("bytes");

	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_loop_test(tc, bytes_and_hash_are_those_that_were_written, 0,
	    NELEM(sizes));
	tcase_add_loop_test(tc, moving_gives_a_private_file_and_keeps_the_bytes,
	    0, NELEM(sizes));
	tcase_add_test(tc, nothing_is_left_of_a_spool_that_was_given_up);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
