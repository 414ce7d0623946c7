#include "config.h"

#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "support.h"

START_TEST(a_file_comes_back_as_it_was_written)
{
	char *text;
	size_t len;

	ck_assert_int_eq(fd_write_file(tempdir_fd(), "f", 0644, "a\0b", 3), 0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "f", 3, &text, &len), 0);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(text, "a\0b", 4);
	free(text);
}
END_TEST

START_TEST(the_mode_is_exact_whatever_the_umask)
{
	struct stat st;

	(void)umask(027);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "f", 0644, "", 0), 0);
	ck_assert_int_eq(fstatat(tempdir_fd(), "f", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0644);
}
END_TEST

START_TEST(an_existing_name_is_never_written_over)
{
	char *text;
	size_t len;

	ck_assert_int_eq(fd_write_file(tempdir_fd(), "f", 0644, "old", 3), 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "f", 0644, "new", 3), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "f", 99, &text, &len), 0);
	ck_assert_str_eq(text, "old");
	free(text);
}
END_TEST

START_TEST(a_name_is_given_to_another_file_at_once)
{
	char *text;
	size_t len;

	ck_assert_int_eq(fd_replace_file(tempdir_fd(), "a", 0644, NULL, "old",
			     3),
	    0);
	ck_assert_int_eq(fd_replace_file(tempdir_fd(), "a", 0600, NULL, "new",
			     3),
	    0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "a", 10, &text, &len), 0);
	ck_assert_str_eq(text, "new");
	free(text);
	ck_assert_int_eq(mkdir(tempdir_at("d"), 0755), 0);
	ck_assert_int_eq(fd_replace_file(tempdir_fd(), "d", 0644, NULL, "x", 1),
	    -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(unlink(tempdir_at("a")), 0);
	ck_assert_int_eq(rmdir(tempdir_at("d")), 0);
	/* Nothing is left beside them. */
	ck_assert(fd_is_empty(tempdir_fd()));
}
END_TEST

START_TEST(reading_refuses_what_is_too_long_or_a_link)
{
	char *text;
	size_t len;

	ck_assert_int_eq(fd_write_file(tempdir_fd(), "f", 0644, "1234", 4), 0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "f", 3, &text, &len), -1);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(symlinkat("f", tempdir_fd(), "link"), 0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "link", 9, &text, &len),
	    -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), ".", 9, &text, &len), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

START_TEST(a_file_without_a_size_is_read_too)
{
	char *text;
	size_t len;

	ck_assert_int_eq(fd_read_file(AT_FDCWD, "/proc/self/comm", 32, &text,
			     &len),
	    0);
	ck_assert_str_eq(text, "check_fdio\n");
	free(text);
}
END_TEST

START_TEST(a_tree_is_removed_but_not_what_its_links_mean)
{
	int dir = tempdir_fd();

	ck_assert_int_eq(fd_write_file(dir, "kept", 0644, "", 0), 0);
	ck_assert_int_eq(mkdirat(dir, "a", 0755), 0);
	ck_assert_int_eq(mkdirat(dir, "a/b", 0755), 0);
	ck_assert_int_eq(mkdirat(dir, "away", 0755), 0);
	ck_assert_int_eq(fd_write_file(dir, "away/kept", 0644, "", 0), 0);
	ck_assert_int_eq(fd_write_file(dir, "a/b/f", 0444, "", 0), 0);
	ck_assert_int_eq(symlinkat("../away", dir, "a/link"), 0);
	ck_assert_int_eq(fd_remove_tree(dir, "a"), 0);
	ck_assert_int_eq(faccessat(dir, "a", F_OK, 0), -1);
	ck_assert_int_eq(faccessat(dir, "kept", F_OK, 0), 0);
	ck_assert_int_eq(faccessat(dir, "away/kept", F_OK, 0), 0);
	ck_assert_int_eq(fd_remove_tree(dir, "a"), 0);
}
END_TEST

/* Whatever a block of this file system is: one with two names counts once. */
START_TEST(a_tree_is_as_large_as_what_lies_in_it)
{
	static const char data[100000];
	int dir = tempdir_fd();
	uint64_t one;

	ck_assert_uint_eq(fd_tree_bytes(dir, "a"), 0);
	ck_assert_int_eq(mkdirat(dir, "a", 0755), 0);
	ck_assert_int_eq(mkdirat(dir, "a/b", 0755), 0);
	ck_assert_int_eq(fd_write_file(dir, "a/b/f", 0644, data, sizeof data),
	    0);
	one = fd_tree_bytes(dir, "a");
	ck_assert_uint_ge(one, sizeof data);
	ck_assert_uint_lt(one, 2 * sizeof data);
	ck_assert_int_eq(linkat(dir, "a/b/f", dir, "a/f", 0), 0);
	ck_assert_uint_eq(fd_tree_bytes(dir, "a"), one);
	ck_assert_int_eq(linkat(dir, "a/b/f", dir, "f", 0), 0);
	ck_assert_uint_lt(fd_tree_bytes(dir, "a"), one);
	ck_assert_int_eq(symlinkat("../f", dir, "a/link"), 0);
	ck_assert_uint_lt(fd_tree_bytes(dir, "a"), one);
}
END_TEST

START_TEST(a_directory_can_be_listed_again_and_again)
{
	int dir = tempdir_fd();

	ck_assert(fd_is_empty(dir));
	ck_assert_int_eq(fd_write_file(dir, "f", 0600, "", 0), 0);
	for (int i = 0; i < 2; i++) {
		DIR *list = fd_list(dir, ".");
		const struct dirent *entry;
		unsigned n = 0;

		ck_assert_ptr_nonnull(list);
		while ((entry = fd_next(list)) != NULL)
			n += entry->d_name[0] == 'f' ? 1 : 10;
		ck_assert_int_eq(errno, 0);
		ck_assert_uint_eq(n, 1);
		(void)closedir(list);
		ck_assert(!fd_is_empty(dir));
	}
	ck_assert(!fd_is_empty(-1));
	ck_assert_ptr_null(fd_list(-1, "."));
}
END_TEST

START_TEST(a_buffer_grows_and_stays_a_text)
{
	struct buf b = { 0 };

	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	buf_puts(&b, "end");
	buf_add(&b, "\0x", 2);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 3890 + 3 + 2);
	ck_assert_int_eq(strncmp(b.data, "0,1,2,", 6), 0);
	ck_assert_int_eq(b.data[b.len], '\0');
	buf_fini(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(a_failed_buffer_stays_failed_and_harmless)
{
	struct buf b = { 0 };

	buf_puts(&b, "text");
	buf_add(&b, "", SIZE_MAX / 2);
	ck_assert(b.failed);
	buf_puts(&b, "more");
	ck_assert_str_eq(b.data, "text");
	buf_fini(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fdio");
	TCase *files = tcase_create("files");
	TCase *buffer = tcase_create("buffer");

	tcase_add_checked_fixture(files, tempdir_setup, tempdir_teardown);
	tcase_add_test(files, a_file_comes_back_as_it_was_written);
	tcase_add_test(files, the_mode_is_exact_whatever_the_umask);
	tcase_add_test(files, an_existing_name_is_never_written_over);
	tcase_add_test(files, a_name_is_given_to_another_file_at_once);
	tcase_add_test(files, reading_refuses_what_is_too_long_or_a_link);
	tcase_add_test(files, a_file_without_a_size_is_read_too);
	tcase_add_test(files, a_tree_is_removed_but_not_what_its_links_mean);
	tcase_add_test(files, a_tree_is_as_large_as_what_lies_in_it);
	tcase_add_test(files, a_directory_can_be_listed_again_and_again);
	tcase_add_test(buffer, a_buffer_grows_and_stays_a_text);
	tcase_add_test(buffer, a_failed_buffer_stays_failed_and_harmless);
	suite_add_tcase(s, files);
	suite_add_tcase(s, buffer);
	return run_suite(s);
}
