/*
 * Preloaded into the service by tests: in a photo worker that has come up as
 * ever, it stands between the store and the C library. What it does to one
 * request is read from the file that FT_SHIM names, which it removes:
 *
 *   kill N      the worker dies by SIGKILL before the Nth step
 *   fail N E    the Nth step fails with errno E
 *   call NAME   before a photo is published, the worker does what it must not
 *   die N       the worker gets signal N while it decodes
 *   hang 1      it works and never comes to an end of decoding
 *   scale N     the worker gets signal N while it scales planes
 *   grind 1     it never comes to an end of scaling them
 *   blind 1     what it decodes has the wrong colours, as if all were well
 *
 * In thumbctl's renderer, where FT_RENDERED is the length of a photo, the order
 * is read when such a one comes to the decoder.
 *
 * A step is a call that changes the store. The file must lie below the data
 * directory, since a worker reaches nothing else.
 *
 * Where FT_SLOW is set, each fsync of a photo worker takes so many ms longer:
 * a slow disk.
 *
 * Into the file that FT_HEAP names, below that directory too, a photo worker
 * writes as it takes a request how many bytes it has from malloc.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct {
	bool in_worker; /* of photos */
	char order[16];
	char name[32];
	int at; /* step */
	int error;
	volatile int steps;
} shim;

/* ---- orders ---- */

int
prctl(int option, ...)
{
	va_list ap;
	unsigned long arg;

	va_start(ap, option);
	arg = va_arg(ap, unsigned long);
	va_end(ap);
	/* Threads of libraries give themselves names, too. */
	if (option == PR_SET_NAME &&
	    strcmp((const char *)arg, "thumb-photo") == 0)
		shim.in_worker = true;
	return (int)syscall(SYS_prctl, option, arg, 0, 0, 0);
}

static void
read_order(void)
{
	const char *path = getenv("FT_SHIM");
	char text[64] = "";
	int fd;

	memset(shim.order, 0, sizeof shim.order);
	shim.steps = shim.at = shim.error = 0;
	fd = path == NULL ? -1
			  : (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
	if (fd == -1)
		return;
	if (syscall(SYS_read, fd, text, sizeof text - 1) > 0 &&
	    sscanf(text, "%15s %31s %d", shim.order, shim.name, &shim.error) >=
		2)
		shim.at = atoi(shim.name);
	(void)syscall(SYS_close, fd);
	(void)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static void
tell_heap(void)
{
	const char *path = getenv("FT_HEAP");
	struct mallinfo2 heap = mallinfo2();
	char text[32];
	int fd = path == NULL ? -1
			      : (int)syscall(SYS_openat, AT_FDCWD, path,
				    O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd == -1)
		return;
	(void)snprintf(text, sizeof text, "%zu\n", heap.uordblks + heap.hblkhd);
	(void)syscall(SYS_write, fd, text, strlen(text));
	(void)syscall(SYS_close, fd);
}

int
accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int conn = (int)syscall(SYS_accept4, fd, addr, len, flags);

	if (conn != -1 && shim.in_worker) {
		read_order();
		tell_heap();
	}
	return conn;
}

/* -1 with errno: the step is not to be taken. */
static int
step(void)
{
	if (shim.at == 0 || ++shim.steps != shim.at)
		return 0;
	if (strcmp(shim.order, "kill") == 0) {
		/* The sandbox lets nobody send a signal but by abort(3). */
		(void)syscall(SYS_tgkill, getpid(), gettid(), SIGKILL);
	}
	if (strcmp(shim.order, "fail") != 0)
		return 0;
	errno = shim.error;
	return -1;
}

/* ---- what must not be ---- */

static void
run_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)waitpid(pid, NULL, 0);
}

/* Each: true where it could be done. */

static bool
misbehave_with_processes(const char *name)
{
	char byte;
	const struct iovec here = { &byte, 1 }, there = { &shim, 1 };

	if (strcmp(name, "signal") == 0)
		return kill(getppid(), 0) == 0;
	if (strcmp(name, "peek") == 0)
		return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
	if (strcmp(name, "clone") == 0)
		return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0,
			   0) != -1;
	if (strcmp(name, "setuid") == 0)
		return setuid(getuid()) == 0;
	run_child(); /* "fork" */
	return true;
}

static bool
link_into_store(void)
{
	const char *path = getenv("FT_SHIM");

	return syscall(SYS_linkat, AT_FDCWD, getenv("FT_SETTINGS"), AT_FDCWD,
		   path, 0) == 0 &&
	    syscall(SYS_unlinkat, AT_FDCWD, path, 0) == 0;
}

static bool
misbehave_with_files(const char *name)
{
	if (strcmp(name, "mount") == 0)
		return syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL) == 0;
	if (strcmp(name, "memory") == 0)
		return syscall(SYS_memfd_create, "code", 0) != -1;
	if (strcmp(name, "chmod") == 0)
		return syscall(SYS_fchmodat, AT_FDCWD, getenv("FT_SETTINGS"),
			   0600) == 0;
	if (strcmp(name, "touch") == 0)
		return syscall(SYS_utimensat, AT_FDCWD, getenv("FT_SETTINGS"),
			   NULL, 0) == 0;
	if (strcmp(name, "link") == 0)
		return link_into_store();
	if (strcmp(name, "process") == 0)
		return syscall(SYS_openat, AT_FDCWD, "/proc/self/mem",
			   O_RDWR) != -1;
	return misbehave_with_processes(name);
}

static bool
misbehave(const char *name)
{
	if (strcmp(name, "socket") == 0)
		return socket(AF_INET, SOCK_STREAM, 0) != -1;
	if (strcmp(name, "unix") == 0)
		return socket(AF_UNIX, SOCK_STREAM, 0) != -1;
	if (strcmp(name, "exec") == 0)
		return execl("/bin/true", "true", (char *)NULL) == 0;
	if (strcmp(name, "ptrace") == 0)
		return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
	if (strcmp(name, "namespace") == 0)
		return unshare(CLONE_NEWUSER) == 0;
	if (strcmp(name, "code") == 0)
		return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
	if (strcmp(name, "read") == 0)
		return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY) !=
		    -1;
	if (strcmp(name, "settings") == 0)
		return syscall(SYS_openat, AT_FDCWD, getenv("FT_SETTINGS"),
			   O_RDONLY) != -1;
	if (strcmp(name, "write") == 0)
		return syscall(SYS_openat, AT_FDCWD, getenv("FT_ELSEWHERE"),
			   O_WRONLY | O_CREAT, 0600) != -1;
	return misbehave_with_files(name);
}

/* ---- while it decodes ---- */

/* A photo of that length has come to a decoder. */
static void
begin_decoding(size_t len)
{
	const char *rendered = getenv("FT_RENDERED");

	if (rendered != NULL && len == strtoul(rendered, NULL, 10))
		read_order();
	while (strcmp(shim.order, "hang") == 0)
		shim.steps++; /* at work, as a decoder would be */
	if (strcmp(shim.order, "die") == 0)
		(void)syscall(SYS_tgkill, getpid(), gettid(), shim.at);
}

/* Its header is of one of two versions of ImageMagick. */
int MagickReadImageBlob(void *wand, const void *data, size_t len);
__attribute__((weak)) int MagickNegateImage(void *wand, int gray);

int
MagickReadImageBlob(void *wand, const void *data, size_t len)
{
	static int (*real)(void *, const void *, size_t);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "MagickReadImageBlob");
	begin_decoding(len);
	if (strcmp(shim.order, "blind") == 0)
		return real(wand, data, len) && MagickNegateImage(wand, 0);
	return real(wand, data, len);
}

/* libjpeg's, where planes are read; MagickWand does not call these. */
void jpeg_mem_src(void *d, const unsigned char *data, unsigned long len);
unsigned jpeg_read_raw_data(void *d, unsigned char ***planes, unsigned lines);

void
jpeg_mem_src(void *d, const unsigned char *data, unsigned long len)
{
	static void (*real)(void *, const unsigned char *, unsigned long);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "jpeg_mem_src");
	begin_decoding(len);
	real(d, data, len);
}

/* The rows of luma lie one after the other. */
static void
negate(unsigned char **rows, unsigned n)
{
	const ptrdiff_t stride = n > 1 ? rows[1] - rows[0] : 0;

	for (unsigned y = 0; y < n && (y == 0 || rows[y] > rows[y - 1]); y++)
		for (ptrdiff_t x = 0; x < stride; x++)
			rows[y][x] = (unsigned char)~rows[y][x];
}

unsigned
jpeg_read_raw_data(void *d, unsigned char ***planes, unsigned lines)
{
	static unsigned (*real)(void *, unsigned char ***, unsigned);
	unsigned read;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "jpeg_read_raw_data");
	read = real(d, planes, lines);
	if (strcmp(shim.order, "blind") == 0)
		negate(planes[0], lines);
	return read;
}

/* z.lib's, which asks nobody for the time. */
int zimg_filter_graph_process(const void *graph, const void *from,
    const void *to, void *room, void *unpack, void *unpack_user, void *pack,
    void *pack_user);

int
zimg_filter_graph_process(const void *graph, const void *from, const void *to,
    void *room, void *unpack, void *unpack_user, void *pack, void *pack_user)
{
	static int (*real)(const void *, const void *, const void *, void *,
	    void *, void *, void *, void *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "zimg_filter_graph_process");
	while (strcmp(shim.order, "grind") == 0)
		shim.steps++;
	if (strcmp(shim.order, "scale") == 0)
		(void)syscall(SYS_tgkill, getpid(), gettid(), shim.at);
	return real(graph, from, to, room, unpack, unpack_user, pack,
	    pack_user);
}

/* ---- steps ---- */

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	if (strcmp(shim.order, "call") == 0 && !misbehave(shim.name))
		return -1;
	return step() == -1
	    ? -1
	    : (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int
renameat(int from, const char *old, int to, const char *new)
{
	return step() == -1
	    ? -1
	    : (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int
linkat(int from, const char *old, int to, const char *new, int flags)
{
	return step() == -1
	    ? -1
	    : (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int
mkdirat(int dir, const char *path, mode_t mode)
{
	return step() == -1 ? -1 : (int)syscall(SYS_mkdirat, dir, path, mode);
}

int
unlinkat(int dir, const char *path, int flags)
{
	return step() == -1 ? -1 : (int)syscall(SYS_unlinkat, dir, path, flags);
}

int
openat(int dir, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if ((flags & O_CREAT) != 0 && step() == -1)
		return -1;
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Not to the log, which is no part of the store, nor to a socket. */
ssize_t
write(int fd, const void *data, size_t len)
{
	struct stat st;

	if (shim.at != 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    step() == -1)
		return -1;
	return syscall(SYS_write, fd, data, len);
}

static void
be_slow(void)
{
	const char *text = getenv("FT_SLOW");
	const long ms = text == NULL ? 0 : atol(text);
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	if (ms > 0 && shim.in_worker)
		(void)nanosleep(&pause, NULL);
}

int
fsync(int fd)
{
	be_slow();
	return step() == -1 ? -1 : (int)syscall(SYS_fsync, fd);
}

int
sync_file_range(int fd, off64_t from, off64_t len, unsigned how)
{
	return step() == -1
	    ? -1
	    : (int)syscall(SYS_sync_file_range, fd, from, len, how);
}

int
fchmod(int fd, mode_t mode)
{
	return step() == -1 ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int
futimens(int fd, const struct timespec times[2])
{
	return step() == -1 ? -1
			    : (int)syscall(SYS_utimensat, fd, NULL, times, 0);
}
