#include "config.h"

/*
 * The log's sink. The one piece of state that the whole process shares: a
 * message must find its way out from anywhere.
 */

#include "log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"

#define LINE_MAX_BYTES 2048

static int sink = STDERR_FILENO;

static enum {
	SINK_STREAM, /* a pipe or a terminal: it may be slow to take bytes */
	SINK_FILE,
	SINK_MESSAGES /* a socket that keeps what is sent at once together */
} sink_kind = SINK_STREAM;

/*
 * What was lost. Nothing but numbers, since what a photo has taken over may
 * write them as well.
 */
static struct tally {
	_Atomic uint64_t lost;
	_Atomic uint64_t unsaid;  /* of them */
	_Atomic uint64_t said_ns; /* monotonic; when it was said last */
	atomic_bool torn;         /* a line without its end was the last */
} own_tally, *tally = &own_tally;

static bool leaves_lost;

/* Of this process alone; a fork begins anew. */
static _Atomic uint64_t own_lost;
static _Atomic pid_t own_pid;

#define NAME "fcgi-thumb"

static char slot_name[LOG_SLOT_MAX + 1];
static char tag[sizeof NAME "@: " + LOG_SLOT_MAX] = NAME ": ";

/* ---- whose lines they are ---- */

void
log_set_slot(const char *slot)
{
	(void)snprintf(slot_name, sizeof slot_name, "%s", slot);
	(void)snprintf(tag, sizeof tag,
	    NAME "%s%s: ", slot_name[0] != '\0' ? "@" : "", slot_name);
}

const char *
log_slot(void)
{
	return slot_name;
}

const char *
log_tag(void)
{
	return tag;
}

/* ---- where lines go ---- */

static void
replace_sink(int fd)
{
	struct stat st;

	if (sink != STDERR_FILENO)
		(void)close(sink);
	sink = fd;
	sink_kind = SINK_STREAM;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		sink_kind = SINK_FILE;
}

int
log_open(const char *path)
{
	bool to_stderr = path == NULL || path[0] == '\0';
	int fd = STDERR_FILENO;

	if (!to_stderr) {
		fd =
		    open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
		if (fd == -1)
			return -1;
	}
	replace_sink(fd);
	return 0;
}

int
log_open_socket(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (copy == -1)
		return -1;
	replace_sink(copy);
	sink_kind = SINK_MESSAGES;
	return 0;
}

bool
log_is_at(const char *path)
{
	struct stat held, there;

	return fstat(sink, &held) == 0 && stat(path, &there) == 0 &&
	    held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

bool
log_is_nameless(void)
{
	struct stat st;

	return sink != STDERR_FILENO && sink_kind == SINK_FILE &&
	    fstat(sink, &st) == 0 && st.st_nlink == 0;
}

uint64_t
log_bytes(void)
{
	struct stat st;

	return sink_kind == SINK_FILE && fstat(sink, &st) == 0
	    ? (uint64_t)st.st_size
	    : 0;
}

int
log_descriptor(void)
{
	return sink;
}

/* ---- what is lost ---- */

int
log_share(void)
{
	void *shared = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -1;
	tally = shared;
	return 0;
}

void
log_leave_lost(void)
{
	leaves_lost = true;
}

/* The first call after a fork forgets what the parent has lost. */
static void
know_process(void)
{
	pid_t pid = getpid();

	if (atomic_exchange(&own_pid, pid) != pid)
		own_lost = 0;
}

uint64_t
log_lost(void)
{
	know_process();
	return own_lost;
}

uint64_t
log_lost_together(void)
{
	return tally->lost;
}

void
log_lose(void)
{
	know_process();
	own_lost++;
	tally->lost++;
	tally->unsaid++;
}

/* ---- writing ---- */

static bool
can_write_now(void)
{
	struct pollfd pfd = { .fd = sink, .events = POLLOUT };

	/* A file always can, a socket says so itself. */
	return sink_kind != SINK_STREAM || poll(&pfd, 1, 0) == 1;
}

/*
 * All of it in one call, so that lines of several processes do not mix. What a
 * disk took of a line before it was full is in the file for good: the next line
 * begins with a newline then, whoever's it is.
 */
static bool
put(const struct iovec *parts, int n)
{
	size_t want = 0;
	ssize_t got;

	for (int i = 0; i < n; i++)
		want += parts[i].iov_len;
	if (!can_write_now())
		return false;
	got = writev(sink, parts, n);
	if (got > 0 && (size_t)got < want)
		tally->torn = true;
	return got >= 0 && (size_t)got == want;
}

static struct iovec
part(const char *text, size_t len)
{
	return (struct iovec){ (void *)(uintptr_t)text, len };
}

static bool
put_message(const char *text, size_t len)
{
	struct iovec all =
	    part(text, len < LOG_MESSAGE_MAX ? len : LOG_MESSAGE_MAX);

	return put(&all, 1);
}

/* A pipe takes no more than PIPE_BUF at once without perhaps waiting. */
static bool
put_line(const char *text, size_t len)
{
	const size_t piece_max = sink_kind == SINK_FILE ? SIZE_MAX : PIPE_BUF;
	bool torn = atomic_exchange(&tally->torn, false);
	struct iovec parts[] = { part("\n", torn ? 1 : 0), part(text, len),
		part("\n", 1) };

	while (parts[0].iov_len + parts[1].iov_len >= piece_max) {
		struct iovec piece[] = { parts[0],
			part(text, piece_max - parts[0].iov_len) };

		if (!put(piece, 2)) {
			tally->torn = true;
			return false;
		}
		text += piece[1].iov_len;
		parts[1] = part(text, parts[1].iov_len - piece[1].iov_len);
		parts[0].iov_len = 0;
		torn = true;
	}
	if (put(parts, 3))
		return true;
	if (torn)
		tally->torn = true;
	return false;
}

static bool
put_any(const char *text, size_t len)
{
	return sink_kind == SINK_MESSAGES ? put_message(text, len)
					  : put_line(text, len);
}

/* snprintf is not for signal handlers. */
static size_t
put_number(uint64_t n, char *out)
{
	char digits[20];
	size_t len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	for (size_t i = 0; i < len; i++)
		out[i] = digits[len - 1 - i];
	return len;
}

/* At most one a second, whatever comes and goes in between. */
static void
say_lost(void)
{
	static const char words[] = "error: lines lost here: ";
	uint64_t now = clock_monotonic_ns(), said = tally->said_ns, n;
	char line[sizeof tag + sizeof words + 20];
	size_t len = strlen(tag);

	if (now - said < NS_PER_S ||
	    !atomic_compare_exchange_strong(&tally->said_ns, &said, now))
		return;
	n = atomic_exchange(&tally->unsaid, 0);
	if (n == 0)
		return;
	memcpy(line, tag, len);
	memcpy(line + len, words, sizeof words - 1);
	len += sizeof words - 1;
	len += put_number(n, line + len);
	if (!put_any(line, len))
		tally->unsaid += n;
}

void
log_line(const char *text, size_t len)
{
	if (!put_any(text, len))
		log_lose();
	else if (tally->unsaid != 0 && !leaves_lost)
		say_lost();
}

/* ---- words ---- */

static void __attribute__((format(printf, 2, 0)))
put_words(const char *level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	size_t prefix, len;

	(void)snprintf(line, sizeof line, "%s%s", tag, level);
	prefix = strlen(line);
	(void)vsnprintf(line + prefix, sizeof line - prefix, fmt, ap);
	len = strlen(line);
	for (size_t i = prefix; i < len; i++) {
		unsigned char c = (unsigned char)line[i];

		if (c < 0x20 || c == 0x7f)
			line[i] = '?';
	}
	log_line(line, len);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_words("", fmt, ap);
	va_end(ap);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_words("error: ", fmt, ap);
	va_end(ap);
}
