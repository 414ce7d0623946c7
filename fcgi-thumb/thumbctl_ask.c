#include "config.h"

/*
 * Requests to the service, as nginx would put them (FastCGI 1.0). Knows as much
 * of the protocol as that needs: one request on a connection, which ends with
 * it. A peer that answers before it has all of the body is heard, and one that
 * hangs is left when the time is over.
 */

#include "thumbctl_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "thumbctl.h"

#define HEADER_LEN 8    /* FastCGI 1.0 3.3 */
#define PIECE_MAX 65528 /* bytes of one record, a multiple of 8 */
#define GET_ANSWER_MAX (1 << 20)
#define PATIENCE_SECONDS 5

enum record_type {
	BEGIN_REQUEST = 1,
	END_REQUEST = 3,
	PARAMS = 4,
	STDIN = 5,
	STDOUT = 6
};

int
ask_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE_SECONDS };
	int fd, error;

	if (strlen(path) >= sizeof addr.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* The time to send is also that to wait for a place in the queue. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof patience);
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
		return fd;
	error = errno;
	fd_close(&fd);
	errno = error;
	return -1;
}

/* ---- what is sent ---- */

static void
put_record(struct buf *b, enum record_type type, const void *content,
    size_t len)
{
	unsigned char header[HEADER_LEN] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(len >> 8), (unsigned char)len };

	buf_add(b, header, sizeof header);
	buf_add(b, content, len);
}

/* A stream, with the empty record that ends it. */
static void
put_stream(struct buf *b, enum record_type type, const char *data, size_t len)
{
	while (len > 0) {
		size_t piece = len < PIECE_MAX ? len : PIECE_MAX;

		put_record(b, type, data, piece);
		data += piece;
		len -= piece;
	}
	put_record(b, type, "", 0);
}

/* One byte, or from 128 on four (3.4). */
static void
put_length(struct buf *b, size_t len)
{
	const unsigned char bytes[4] = { (unsigned char)(len >> 24 | 0x80),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8),
		(unsigned char)len };

	if (len < 128)
		buf_add(b, &bytes[3], 1);
	else
		buf_add(b, bytes, sizeof bytes);
}

static void
put_param(struct buf *b, const char *name, const char *value)
{
	put_length(b, strlen(name));
	put_length(b, strlen(value));
	buf_puts(b, name);
	buf_puts(b, value);
}

/* All of a request but its body's records. */
static void
put_head(struct buf *b, const struct ask *a)
{
	static const unsigned char responder[8] = { 0, 1 };
	struct buf params = { 0 };
	char length[24];

	for (const struct ask_param *p = a->params; p->name != NULL; p++)
		put_param(&params, p->name, p->value);
	(void)snprintf(length, sizeof length, "%zu", a->len);
	if (a->len > 0)
		put_param(&params, "CONTENT_LENGTH", length);
	put_record(b, BEGIN_REQUEST, responder, sizeof responder);
	if (params.failed)
		b->failed = true;
	else
		put_stream(b, PARAMS, params.data, params.len);
	buf_fini(&params);
}

/* ---- the way there and back ---- */

struct talk {
	int fd;
	const struct ask *ask;
	struct buf out; /* what is being sent, of which `sent` bytes are */
	size_t sent;
	size_t at;     /* bytes of the body that are in out, or were */
	bool is_said;  /* all of the body is, and its end */
	struct buf in; /* records that have come, of which `taken` bytes are */
	size_t taken;
	struct buf *text;
	bool is_over; /* END_REQUEST has come */
};

/* The next record of the body, in place of what was sent. */
static void
refill(struct talk *t)
{
	const struct ask *a = t->ask;
	size_t piece = a->len - t->at < PIECE_MAX ? a->len - t->at : PIECE_MAX;

	t->out.len = t->sent = 0;
	put_record(&t->out, STDIN, (const char *)a->body + t->at, piece);
	t->at += piece;
	t->is_said = piece == 0;
}

static bool
has_more(struct talk *t)
{
	if (t->sent == t->out.len && !t->is_said)
		refill(t);
	return t->sent < t->out.len;
}

/* A peer that has closed its side may have answered before. */
static void
send_some(struct talk *t)
{
	ssize_t n = send(t->fd, t->out.data + t->sent, t->out.len - t->sent,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n >= 0) {
		t->sent += (size_t)n;
	} else if (errno != EAGAIN && errno != EINTR) {
		t->is_said = true;
		t->sent = t->out.len;
	}
}

/* Whole records are taken; -1: too many bytes. */
static int
take_records(struct talk *t)
{
	while (t->in.len - t->taken >= HEADER_LEN) {
		const unsigned char *r =
		    (const unsigned char *)t->in.data + t->taken;
		size_t content = (size_t)r[4] << 8 | r[5];
		size_t whole = HEADER_LEN + content + r[6];

		if (t->in.len - t->taken < whole)
			break;
		if (r[1] == STDOUT)
			buf_add(t->text, r + HEADER_LEN, content);
		t->is_over = t->is_over || r[1] == END_REQUEST;
		t->taken += whole;
	}
	if (t->text->len > t->ask->answer_max) {
		errno = EFBIG;
		return -1;
	}
	if (t->taken == t->in.len)
		t->in.len = t->taken = 0;
	return 0;
}

/* -1 with errno where there will be no more. */
static int
receive_some(struct talk *t)
{
	char piece[16384];
	ssize_t n = recv(t->fd, piece, sizeof piece, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0) {
		errno = ECONNRESET;
		return -1;
	}
	buf_add(&t->in, piece, (size_t)n);
	if (t->in.failed) {
		errno = ENOMEM;
		return -1;
	}
	return take_records(t);
}

static int
exchange(struct talk *t, uint64_t end)
{
	while (!t->is_over) {
		bool sends = has_more(t);
		struct pollfd pfd = { .fd = t->fd,
			.events = (short)(sends ? POLLIN | POLLOUT : POLLIN) };
		uint64_t now = clock_monotonic_ns();

		if (t->out.failed || t->text->failed) {
			errno = ENOMEM;
			return -1;
		}
		if (now >= end) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (poll(&pfd, 1, (int)((end - now) / NS_PER_MS) + 1) <= 0)
			continue;
		if ((pfd.revents & POLLOUT) != 0)
			send_some(t);
		if ((pfd.revents & ~POLLOUT) != 0 && receive_some(t) == -1)
			return -1;
	}
	return 0;
}

/* ---- the answer ---- */

/* "Status: 200 OK" is the first line of ours. */
static int
read_answer(struct asked *out)
{
	const char *end =
	    out->text.len > 0 ? strstr(out->text.data, "\r\n\r\n") : NULL;

	if (end == NULL ||
	    sscanf(out->text.data, "Status: %d", &out->status) != 1) {
		errno = EPROTO;
		return -1;
	}
	out->body = end + 4;
	out->body_len = out->text.len - (size_t)(out->body - out->text.data);
	return 0;
}

int
ask(const struct ask *a, struct asked *out)
{
	uint64_t begin = clock_monotonic_ns();
	struct talk t = { .ask = a, .text = &out->text };
	int rc = -1, error;

	*out = (struct asked){ .status = 0 };
	t.fd = ask_connect(a->path);
	if (t.fd != -1) {
		put_head(&t.out, a);
		rc = exchange(&t, begin + a->ms * NS_PER_MS);
	}
	out->ms = (double)(clock_monotonic_ns() - begin) / NS_PER_MS;
	if (rc == 0)
		rc = read_answer(out);
	error = errno;
	buf_fini(&t.out);
	buf_fini(&t.in);
	fd_close(&t.fd);
	errno = error;
	return rc;
}

void
asked_fini(struct asked *out)
{
	buf_fini(&out->text);
}

int
ask_get(const char *path, const char *uri, struct buf *body)
{
	const struct ask a = { .path = path,
		.params = { { "REQUEST_METHOD", "GET" },
		    { "DOCUMENT_URI", uri } },
		.ms = PATIENCE_SECONDS * 1000,
		.answer_max = GET_ANSWER_MAX };
	struct asked asked;
	int rc = ask(&a, &asked), error = errno;

	if (rc == 0)
		buf_add(body, asked.body, asked.body_len);
	asked_fini(&asked);
	errno = error;
	return rc == 0 ? asked.status : -1;
}
