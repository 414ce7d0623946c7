#include "config.h"

/* Each wall, by running into it in a process of its own. */

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

#define MEMORY (256UL << 20)
#define LARGEST (1UL << 20)
#define DESCRIPTORS 40

/* What this kernel has. */
static unsigned
offered_layers(void)
{
	const struct sandbox any = { .data = "/" };
	char why[256];

	return sandbox_try(&any, why, sizeof why);
}

/* The test's own process, too, must not be the one that is shut in. */
static int
status_of(void (*act)(void))
{
	const unsigned offered = offered_layers();
	pid_t pid = fork();
	int status;

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		const struct sandbox sandbox = { .data = tempdir_at("store"),
			.reads = tempdir_at("read"),
			.memory = MEMORY,
			.file = LARGEST,
			.descriptors = DESCRIPTORS,
			.cpu_seconds = 30 };
		char why[256];

		if (sandbox_enter(&sandbox, why, sizeof why) != offered)
			_exit(100);
		act();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void
must(bool ok)
{
	if (!ok)
		_exit(errno != 0 ? errno : 99);
}

static void
setup(void)
{
	tempdir_setup();
	ck_assert_int_eq(mkdir(tempdir_at("store"), 0700), 0);
	ck_assert_int_eq(mkdir(tempdir_at("store/a"), 0700), 0);
	ck_assert_int_eq(mkdir(tempdir_at("store/b"), 0700), 0);
	ck_assert_int_eq(mkdir(tempdir_at("elsewhere"), 0700), 0);
	ck_assert_int_eq(mkdir(tempdir_at("read"), 0700), 0);
	ck_assert_int_eq(fd_write_file(AT_FDCWD, tempdir_at("read/file"), 0600,
			     "text", 4),
	    0);
}

/* ---- what stays possible ---- */

static void
publish(void)
{
	int dir = open(tempdir_at("store"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text;
	size_t len;

	must(dir != -1);
	must(fd_write_file(dir, "a/new", 0600, "text", 4) == 0);
	must(linkat(dir, "a/new", dir, "a/also", 0) == 0);
	must(mkdirat(dir, "a/deep", 0700) == 0);
	must(renameat(dir, "a/new", dir, "a/deep/new") == 0);
	must(syscall(SYS_renameat2, dir, "a/deep", dir, "b/deep",
		 1U /* NOREPLACE */) == 0);
	must(fd_sync_dir(dir, "b") == 0);
	must(fd_read_file(dir, "b/deep/new", 100, &text, &len) == 0);
	must(len == 4);
	free(text);
	must(fd_remove_tree(dir, "b/deep") == 0);
}

static void *
run_thread(void *arg)
{
	return arg;
}

static void
use_libraries(void)
{
	pthread_t thread;
	void *memory, *result = NULL;
	char byte;
	int fd;

	must(pthread_create(&thread, NULL, run_thread, &byte) == 0);
	must(pthread_join(thread, &result) == 0 && result == &byte);
	memory = malloc(64 << 20);
	must(memory != NULL);
	free(memory);
	fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	must(fd != -1 && read(fd, &byte, 1) == 1);
	must(prctl(PR_SET_NAME, "name") == 0);
}

/* One that came into its place, too. */
static void
read_what_is_given(void)
{
	int dir = open(tempdir_at("read"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *text;
	size_t len;

	must(dir != -1);
	must(fd_read_file(dir, "file", 100, &text, &len) == 0 && len == 4);
	free(text);
}

START_TEST(a_worker_can_still_work)
{
	static void (*const acts[])(
	    void) = { publish, use_libraries, read_what_is_given };

	ck_assert_int_eq(status_of(acts[_i]), 0);
}
END_TEST

static void
abort_itself(void)
{
	abort();
}

START_TEST(a_library_that_aborts_is_seen_to)
{
	ck_assert_int_eq(WTERMSIG(status_of(abort_itself)), SIGABRT);
}
END_TEST

/* ---- paths ---- */

static void
read_passwd(void)
{
	must(open("/etc/passwd", O_RDONLY | O_CLOEXEC) != -1);
}

static void
list_root(void)
{
	must(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) != -1);
}

static void
write_elsewhere(void)
{
	must(open(tempdir_at("elsewhere/file"), O_WRONLY | O_CREAT | O_CLOEXEC,
		 0600) != -1);
}

static void
write_what_is_only_read(void)
{
	must(open(tempdir_at("read/file"), O_WRONLY | O_CLOEXEC) != -1);
}

static void
remove_what_is_only_read(void)
{
	must(unlink(tempdir_at("read/file")) == 0);
}

static void
move_out(void)
{
	const char *to = tempdir_at("elsewhere/moved");

	must(mkdir(tempdir_at("store/moving"), 0700) == 0);
	must(rename(tempdir_at("store/moving"), to) == 0);
}

static void
climb_out(void)
{
	must(open(tempdir_at("store/../elsewhere"),
		 O_RDONLY | O_DIRECTORY | O_CLOEXEC) != -1);
}

static void
follow_out(void)
{
	must(open(tempdir_at("store/link"), O_RDONLY | O_CLOEXEC) != -1);
}

START_TEST(no_path_leads_out)
{
	static void (*const acts[])(void) = { read_passwd, list_root,
		write_elsewhere, climb_out, follow_out, write_what_is_only_read,
		remove_what_is_only_read };
	int status;

	ck_assert_int_eq(symlink("/etc/passwd", tempdir_at("store/link")), 0);
	status = status_of(acts[_i]);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EACCES);
}
END_TEST

START_TEST(nothing_is_moved_out)
{
	int status = status_of(move_out);

	ck_assert(WIFEXITED(status));
	ck_assert(
	    WEXITSTATUS(status) == EACCES || WEXITSTATUS(status) == EXDEV);
}
END_TEST

/* ---- system calls ---- */

static void
run_program(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
}

static void
fork_process(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
open_network(void)
{
	(void)socket(AF_INET, SOCK_STREAM, 0);
}

static void
open_local_socket(void)
{
	(void)socket(AF_UNIX, SOCK_STREAM, 0);
}

static void
trace_parent(void)
{
	(void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void
read_parent(void)
{
	(void)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static void
make_namespace(void)
{
	(void)unshare(CLONE_NEWUSER);
}

static void
clone_namespace(void)
{
	(void)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL,
	    NULL);
}

static void
kill_parent(void)
{
	(void)kill(getppid(), 0);
}

static void
signal_parent(void)
{
	(void)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static void
map_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void
turn_into_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void
raise_limit(void)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };

	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void
leave_root(void)
{
	(void)chroot("/");
}

static void
mount_something(void)
{
	(void)syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
}

static void
load_bpf(void)
{
	(void)syscall(SYS_bpf, 0, NULL, 0);
}

static void
ring(void)
{
	(void)syscall(SYS_io_uring_setup, 1, NULL);
}

static void
anonymous_file(void)
{
	(void)syscall(SYS_memfd_create, "code", 0);
}

static void
change_user(void)
{
	(void)setuid(0);
}

static void
control_device(void)
{
	(void)syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x");
}

static void
change_mode(void)
{
	(void)chmod(tempdir_at("elsewhere"), 0777);
}

static void
change_mode_below(void)
{
	(void)fchmodat(tempdir_fd(), "elsewhere", 0777, 0);
}

static void
change_times(void)
{
	(void)utimensat(tempdir_fd(), "elsewhere", NULL, 0);
}

#define FORBIDDEN 23

START_TEST(a_forbidden_call_kills)
{
	static void (*const acts[])(void) = { run_program, fork_process,
		open_network, open_local_socket, trace_parent, read_parent,
		make_namespace, clone_namespace, kill_parent, signal_parent,
		map_code, turn_into_code, raise_limit, leave_root,
		mount_something, load_bpf, ring, anonymous_file, change_user,
		control_device, change_mode, change_mode_below, change_times };
	int status;

	_Static_assert(NELEM(acts) == FORBIDDEN, "each is tried");
	status = status_of(acts[_i]);
	ck_assert_msg(WIFSIGNALED(status), "number %d: status %#x", _i, status);
	ck_assert_int_eq(WTERMSIG(status), SIGSYS);
}
END_TEST

/* The number of calls stands in the README. */
START_TEST(the_list_is_short)
{
	ck_assert_uint_ge(sandbox_count_calls(), 60);
	ck_assert_uint_le(sandbox_count_calls(), 120);
}
END_TEST

/* ---- limits ---- */

static void
ask_too_much(void)
{
	must(malloc(MEMORY + (1UL << 20)) == NULL && errno == ENOMEM);
}

static void
write_too_much(void)
{
	static char block[1 << 16];
	int fd = open(tempdir_at("store/a/file"),
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must(fd != -1);
	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < LARGEST / sizeof block; i++)
		must(write(fd, block, sizeof block) == sizeof block);
	must(write(fd, block, 1) == -1 && errno == EFBIG);
}

static void
open_too_many(void)
{
	int n = 0;

	while (n < 2 * DESCRIPTORS && dup(0) != -1)
		n++;
	must(n < DESCRIPTORS && errno == EMFILE);
}

START_TEST(a_limit_is_an_error_and_no_death)
{
	static void (*const acts[])(
	    void) = { write_too_much, open_too_many, ask_too_much };

	ck_assert_int_eq(status_of(acts[_i]), 0);
}
END_TEST

START_TEST(a_core_is_not_written)
{
	ck_assert(!WCOREDUMP(status_of(abort_itself)));
}
END_TEST

/* ---- words ---- */

START_TEST(layers_have_names)
{
	char text[80], little[10];

	sandbox_names(0, text, sizeof text);
	ck_assert_str_eq(text, "none");
	sandbox_names(SANDBOX_FILES, text, sizeof text);
	ck_assert_str_eq(text, "files");
	sandbox_names(SANDBOX_LIMITS | SANDBOX_PRIVILEGES | SANDBOX_FILES |
		SANDBOX_CALLS,
	    text, sizeof text);
	ck_assert_str_eq(text, "limits, privileges, files, system calls");
	sandbox_names(~0U, little, sizeof little);
	ck_assert_uint_eq(strlen(little), 9);
}
END_TEST

static void
nothing(void)
{
}

START_TEST(a_directory_that_is_not_there_is_a_missing_layer)
{
	const struct sandbox sandbox = { .data = tempdir_at("nowhere") };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char why[256];
		unsigned layers = sandbox_enter(&sandbox, why, sizeof why);

		_exit((layers & SANDBOX_FILES) == 0 &&
			    strncmp(why, "files: ", 7) == 0
			? 0
			: 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(status_of(nothing), 0);
}
END_TEST

static Suite *
sandbox_suite(void)
{
	Suite *s = suite_create("sandbox");
	TCase *tc = tcase_create("walls");
	const unsigned offered = offered_layers();

	tcase_add_checked_fixture(tc, setup, tempdir_teardown);
	tcase_add_loop_test(tc, a_worker_can_still_work, 0, 3);
	tcase_add_test(tc, a_library_that_aborts_is_seen_to);
	tcase_add_loop_test(tc, a_limit_is_an_error_and_no_death, 0,
	    (SANDBOX_ALL & SANDBOX_CALLS) != 0 ? 3 : 2);
	tcase_add_test(tc, a_core_is_not_written);
	tcase_add_test(tc, layers_have_names);
	tcase_add_test(tc, a_directory_that_is_not_there_is_a_missing_layer);
	if ((offered & SANDBOX_FILES) != 0) {
		tcase_add_loop_test(tc, no_path_leads_out, 0, 7);
		tcase_add_test(tc, nothing_is_moved_out);
	}
	if ((offered & SANDBOX_CALLS) != 0) {
		tcase_add_loop_test(tc, a_forbidden_call_kills, 0, FORBIDDEN);
		tcase_add_test(tc, the_list_is_short);
	}
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(sandbox_suite());
}
