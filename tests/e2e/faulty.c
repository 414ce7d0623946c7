/*
 * Preloaded into a release by tests: makes it worse than the one that it was
 * built from, in one way. It starts as ever and passes `fcgi-thumb -t`; what it
 * does, it does in photo workers, to requests that they have accepted.
 *
 * FT_FAULT is the way:
 *
 *   errors N    one request of N fails, with status 500
 *   webp 1      no thumbnail can be made in WebP
 *   slow N      what is done with pixels takes N percent more of the processor
 *   swap 1      red and blue of a thumbnail are exchanged
 *   shift N     a thumbnail's picture lies N px to the right
 *   crash N     a worker dies by SIGSEGV in its Nth request, as it decodes
 *   dead N      so does each one from the Nth request to all of them on
 *   leak N      a worker keeps N kB more with each request
 *   hang N      one request of N comes to no end of decoding
 *   deaf 1      no AVIF and no HEIC can be decoded
 *   stillborn 1 a worker dies by SIGABRT as it comes up
 *
 * FT_FAULT_FLAG, where it is set, is a file below the data directory (a worker
 * reaches nothing else): all is well until it is there.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CHAR_PIXEL 1 /* StorageType of both versions of ImageMagick */

static struct {
	bool in_worker; /* of photos */
	bool is_bad;    /* in this request */
	char way[16];
	long n;
	unsigned long requests;   /* of this worker, while it is not well */
	unsigned long *of_all;    /* of all workers */
	unsigned long all_before; /* of all, this one's among them */
} self;

/* Before the master forks: all workers have this page. */
__attribute__((constructor)) static void
begin(void)
{
	const char *way = getenv("FT_FAULT");
	void *page = mmap(NULL, sizeof *self.of_all, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (way == NULL || page == MAP_FAILED ||
	    sscanf(way, "%15s %ld", self.way, &self.n) != 2)
		abort();
	self.of_all = page;
}

static bool
is_way(const char *name)
{
	return strcmp(self.way, name) == 0;
}

static bool
is_time(void)
{
	const char *flag = getenv("FT_FAULT_FLAG");
	int fd = flag == NULL
	    ? -1
	    : (int)syscall(SYS_openat, AT_FDCWD, flag, O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		(void)syscall(SYS_close, fd);
	return flag == NULL || fd != -1;
}

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
	    strcmp((const char *)arg, "thumb-photo") == 0) {
		self.in_worker = true;
		if (is_way("stillborn") && is_time())
			abort();
	}
	return (int)syscall(SYS_prctl, option, arg, 0, 0, 0);
}

static void
leak(size_t bytes)
{
	static void *volatile kept; /* or the compiler would leave it out */

	kept = malloc(bytes);
	if (kept != NULL)
		memset(kept, 0xa5, bytes);
}

static void
begin_request(void)
{
	self.is_bad = is_time();
	if (!self.is_bad)
		return;
	self.requests++;
	self.all_before = __atomic_add_fetch(self.of_all, 1, __ATOMIC_SEQ_CST);
	if (is_way("leak"))
		leak((size_t)self.n * 1024);
}

int
accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	int conn = (int)syscall(SYS_accept4, fd, addr, len, flags);

	if (conn != -1 && self.in_worker)
		begin_request();
	return conn;
}

/* ---- what it does ---- */

/* Of all workers together, so that it meets every kind of photo. */
static bool
is_turn(void)
{
	return self.all_before % (unsigned long)self.n == 0;
}

static bool
is_to_die(void)
{
	if (is_way("crash"))
		return self.requests % (unsigned long)self.n == 0;
	return is_way("dead") && self.all_before >= (unsigned long)self.n;
}

/* Of the processor's time: waits for it are nobody's work. */
static double
seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* After some work: as if it had been more. */
static void
go_on(double since)
{
	const double now = seconds();
	const double end = now + (now - since) * (double)self.n / 100;

	while (self.is_bad && is_way("slow") && seconds() < end)
		;
}

/* Their headers are those of one of two versions of ImageMagick. */
int MagickReadImageBlob(void *wand, const void *data, size_t len);
int MagickResizeImage(void *wand, size_t columns, size_t rows, int filter,
    double blur);
unsigned char *MagickGetImageBlob(void *wand, size_t *len);
__attribute__((weak)) char *MagickGetImageFormat(void *wand);
__attribute__((weak)) void *MagickRelinquishMemory(void *memory);
__attribute__((weak)) size_t MagickGetImageWidth(void *wand);
__attribute__((weak)) size_t MagickGetImageHeight(void *wand);
__attribute__((weak)) int MagickRollImage(void *wand, ssize_t x, ssize_t y);
__attribute__((weak)) int MagickExportImagePixels(void *wand, ssize_t x,
    ssize_t y, size_t columns, size_t rows, const char *map, int storage,
    void *pixels);
__attribute__((weak)) int MagickImportImagePixels(void *wand, ssize_t x,
    ssize_t y, size_t columns, size_t rows, const char *map, int storage,
    const void *pixels);

static void *
next(const char *name)
{
	void *at = dlsym(RTLD_NEXT, name);

	if (at == NULL)
		abort();
	return at;
}

/* A photo has come to a decoder. */
static void
begin_decoding(void)
{
	volatile unsigned long turns = 0;
	volatile int *volatile nowhere = NULL;

	if (self.is_bad && is_to_die())
		*nowhere = 1;
	while (self.is_bad && is_way("hang") && is_turn())
		turns++; /* at work, as a decoder would be */
}

int
MagickReadImageBlob(void *wand, const void *data, size_t len)
{
	static int (*real)(void *, const void *, size_t);
	const double since = seconds();
	int ok;

	if (real == NULL)
		*(void **)&real = next("MagickReadImageBlob");
	begin_decoding();
	if (self.is_bad && is_way("deaf") && len > 8 &&
	    memcmp((const char *)data + 4, "ftyp", 4) == 0)
		return 0;
	ok = real(wand, data, len);
	go_on(since);
	return ok;
}

int
MagickResizeImage(void *wand, size_t columns, size_t rows, int filter,
    double blur)
{
	static int (*real)(void *, size_t, size_t, int, double);
	const double since = seconds();
	int ok;

	if (real == NULL)
		*(void **)&real = next("MagickResizeImage");
	ok = real(wand, columns, rows, filter, blur);
	go_on(since);
	return ok;
}

/* A placeholder is WebP too, and smaller than any thumbnail. */
static bool
is_webp_thumbnail(void *wand)
{
	char *format = MagickGetImageFormat(wand);
	bool is = format != NULL && strcmp(format, "WEBP") == 0 &&
	    MagickGetImageWidth(wand) > 32;

	(void)MagickRelinquishMemory(format);
	return is;
}

static void
swap_colors(void *wand)
{
	const size_t width = MagickGetImageWidth(wand);
	const size_t height = MagickGetImageHeight(wand);
	unsigned char *pixels = malloc(width * height * 3);

	if (pixels != NULL &&
	    MagickExportImagePixels(wand, 0, 0, width, height, "RGB",
		CHAR_PIXEL, pixels) != 0)
		(void)MagickImportImagePixels(wand, 0, 0, width, height, "BGR",
		    CHAR_PIXEL, pixels);
	free(pixels);
}

unsigned char *
MagickGetImageBlob(void *wand, size_t *len)
{
	static unsigned char *(*real)(void *, size_t *);
	const double since = seconds();
	unsigned char *blob;

	if (real == NULL)
		*(void **)&real = next("MagickGetImageBlob");
	if (self.is_bad && is_way("errors") && is_turn())
		return NULL;
	if (self.is_bad && is_way("webp") && is_webp_thumbnail(wand))
		return NULL;
	if (self.is_bad && is_way("swap"))
		swap_colors(wand);
	if (self.is_bad && is_way("shift"))
		(void)MagickRollImage(wand, self.n, 0);
	blob = real(wand, len);
	go_on(since);
	return blob;
}

/* ---- where planes are read and written ---- */

void jpeg_mem_src(void *d, const unsigned char *data, unsigned long len);
unsigned jpeg_read_raw_data(void *d, unsigned char ***planes, unsigned lines);
unsigned jpeg_write_raw_data(void *c, unsigned char ***planes, unsigned lines);
void jpeg_finish_compress(void *c);
int zimg_filter_graph_process(const void *graph, const void *from,
    const void *to, void *room, void *unpack, void *unpack_user, void *pack,
    void *pack_user);

void
jpeg_mem_src(void *d, const unsigned char *data, unsigned long len)
{
	static void (*real)(void *, const unsigned char *, unsigned long);

	if (real == NULL)
		*(void **)&real = next("jpeg_mem_src");
	begin_decoding();
	real(d, data, len);
}

unsigned
jpeg_read_raw_data(void *d, unsigned char ***planes, unsigned lines)
{
	static unsigned (*real)(void *, unsigned char ***, unsigned);
	const double since = seconds();
	unsigned read;

	if (real == NULL)
		*(void **)&real = next("jpeg_read_raw_data");
	read = real(d, planes, lines);
	go_on(since);
	return read;
}

/* Chroma the other way round is much as if red and blue were. */
unsigned
jpeg_write_raw_data(void *c, unsigned char ***planes, unsigned lines)
{
	static unsigned (*real)(void *, unsigned char ***, unsigned);
	unsigned char **swapped[] = { planes[0], planes[2], planes[1] };
	const double since = seconds();
	unsigned written;

	if (real == NULL)
		*(void **)&real = next("jpeg_write_raw_data");
	written =
	    real(c, self.is_bad && is_way("swap") ? swapped : planes, lines);
	go_on(since);
	return written;
}

/* Codes are chosen and written at last. */
void
jpeg_finish_compress(void *c)
{
	static void (*real)(void *);
	const double since = seconds();

	if (real == NULL)
		*(void **)&real = next("jpeg_finish_compress");
	real(c);
	go_on(since);
}

int
zimg_filter_graph_process(const void *graph, const void *from, const void *to,
    void *room, void *unpack, void *unpack_user, void *pack, void *pack_user)
{
	static int (*real)(const void *, const void *, const void *, void *,
	    void *, void *, void *, void *);
	const double since = seconds();
	int error;

	if (real == NULL)
		*(void **)&real = next("zimg_filter_graph_process");
	error =
	    real(graph, from, to, room, unpack, unpack_user, pack, pack_user);
	go_on(since);
	return error;
}
