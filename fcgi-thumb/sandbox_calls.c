#include "config.h"

/*
 * Which system calls are left: an allow-list, by libseccomp. All else kills the
 * process; whoever started it counts that.
 *
 * The list is what a worker was seen to need with ImageMagick 6 and 7 and the
 * codecs of Debian and Fedora, and what the C library may take in its place.
 * What could start a program, reach another process or open a new way into the
 * kernel is not in it, and where only an argument makes that difference, the
 * argument is looked at.
 */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox_internal.h"

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

/*
 * With any arguments. Of those that take paths Landlock looks at the paths; what
 * it does not look at, such as chmod, goes by a descriptor only.
 */
static const char *const allowed[] = {
	/* descriptors */
	"close",
	"dup",
	"flock",
	"lseek",
	"_llseek",
	"poll",
	"ppoll",
	"ppoll_time64",
	"pread64",
	"pwrite64",
	"read",
	"readv",
	"write",
	"writev",
	"fdatasync",
	"fsync",
	"sync_file_range",
	"sync_file_range2",
	"arm_sync_file_range",
	"ftruncate",
	"ftruncate64",
	/* the listener, and the connection that was accepted from it */
	"accept",
	"accept4",
	"getpeername",
	"getsockname",
	"recvfrom",
	"recvmsg",
	"shutdown",
	/* files and directories */
	"access",
	"faccessat",
	"faccessat2",
	"fchmod",
	"fstat",
	"fstat64",
	"fstatat64",
	"fstatfs",
	"fstatfs64",
	"getdents64",
	"link",
	"linkat",
	"lstat",
	"lstat64",
	"mkdir",
	"mkdirat",
	"newfstatat",
	"open",
	"openat",
	"readlink",
	"readlinkat",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"stat",
	"stat64",
	"statfs",
	"statfs64",
	"statx",
	"unlink",
	"unlinkat",
	/* memory; mmap and mprotect are below */
	"brk",
	"madvise",
	"mremap",
	"munmap",
	/* time */
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"getrusage",
	"gettimeofday",
	"nanosleep",
	"time",
	"timer_gettime",
	"timer_settime",
	"timer_settime64",
	"times",
	/* signals of its own */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"sigreturn",
	"signalfd4",
	/* threads of libraries; clone is below */
	"futex",
	"futex_time64",
	"membarrier",
	"rseq",
	"sched_getaffinity",
	"sched_yield",
	"set_robust_list",
	/* itself */
	"exit",
	"exit_group",
	"getcpu",
	"getegid",
	"geteuid",
	"getgid",
	"getpid",
	"getppid",
	"getrandom",
	"gettid",
	"getuid",
	"restart_syscall",
	"sysinfo",
	"uname",
};

/* Allowed when (argument & mask) == value. */
struct condition {
	const char *call;
	unsigned argument;
	scmp_datum_t mask;
	scmp_datum_t value;
};

#define ALL_BITS (~(scmp_datum_t)0)

static const struct condition conditions[] = {
	/* No memory becomes code. */
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	/* A thread, not a process; no namespace comes with one. */
	{ "clone", 0, CLONE_THREAD, CLONE_THREAD },
	{ "prctl", 0, ALL_BITS, PR_SET_NAME },
	/* Of a descriptor: without a path. */
	{ "utimensat", 1, ALL_BITS, 0 },
	{ "utimensat_time64", 1, ALL_BITS, 0 },
	{ "setsockopt", 1, ALL_BITS, SOL_SOCKET },
	{ "getsockopt", 1, ALL_BITS, SOL_SOCKET },
	{ "fcntl", 1, ALL_BITS, F_DUPFD_CLOEXEC },
	{ "fcntl", 1, ALL_BITS, F_GETFD },
	{ "fcntl", 1, ALL_BITS, F_SETFD },
	{ "fcntl", 1, ALL_BITS, F_GETFL },
	{ "fcntl", 1, ALL_BITS, F_SETFL },
	{ "fcntl", 1, ALL_BITS, F_OFD_SETLK },
	{ "fcntl64", 1, ALL_BITS, F_DUPFD_CLOEXEC },
	{ "fcntl64", 1, ALL_BITS, F_GETFD },
	{ "fcntl64", 1, ALL_BITS, F_SETFD },
	{ "fcntl64", 1, ALL_BITS, F_GETFL },
	{ "fcntl64", 1, ALL_BITS, F_SETFL },
	{ "fcntl64", 1, ALL_BITS, F_OFD_SETLK },
};

/* 0 also for a call that this architecture has not. */
static int
add(scmp_filter_ctx filter, uint32_t action, const char *name,
    unsigned n_conditions, const struct scmp_arg_cmp *condition)
{
	int call = seccomp_syscall_resolve_name(name), rc;

	if (call == __NR_SCMP_ERROR)
		return 0;
	rc = seccomp_rule_add_array(filter, action, call, n_conditions,
	    condition);
	/* -EDOM: libseccomp knows it from other architectures. */
	return rc == -EDOM ? 0 : rc;
}

static int
add_conditions(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < NELEM(conditions); i++) {
		const struct condition *c = &conditions[i];
		const struct scmp_arg_cmp compare = SCMP_CMP(c->argument,
		    SCMP_CMP_MASKED_EQ, c->mask, c->value);
		int rc = add(filter, SCMP_ACT_ALLOW, c->call, 1, &compare);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* abort(3) sends itself a signal; nobody else gets one. */
static int
add_abort(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp self =
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);

	return add(filter, SCMP_ACT_ALLOW, "tgkill", 1, &self);
}

/*
 * The flags of clone3 lie in memory, where no filter can look: it is "not
 * there", and the C library takes clone.
 */
static int
fill(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < NELEM(allowed) && rc == 0; i++)
		rc = add(filter, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	if (rc == 0)
		rc = add_conditions(filter);
	if (rc == 0)
		rc = add_abort(filter);
	if (rc == 0)
		rc = add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	return rc;
}

/* Also for threads that a library may have left behind. */
int
sandbox_calls_enter(const struct sandbox *s)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	(void)s;
	if (filter == NULL) {
		/* 3: it kills processes, not only threads (Linux 4.14). */
		errno = seccomp_api_get() >= 3 ? ENOMEM : ENOSYS;
		return -1;
	}
	rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = fill(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	errno = -rc;
	return -1;
}

unsigned
sandbox_count_calls(void)
{
	unsigned n = 0;
	const char *last = "";

	for (size_t i = 0; i < NELEM(allowed); i++)
		n += seccomp_syscall_resolve_name(allowed[i]) >= 0;
	for (size_t i = 0; i < NELEM(conditions); i++) {
		if (conditions[i].call != last)
			n += seccomp_syscall_resolve_name(conditions[i].call) >=
			    0;
		last = conditions[i].call;
	}
	return n + 1; /* tgkill */
}
