#include "config.h"

/*
 * One question to the control worker, as nginx would put it (FastCGI 1.0). Knows
 * as much of the protocol as that needs: one request on a connection, short
 * parameters, no body.
 */

#include "thumbctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "fdio.h"

#define HEADER_LEN 8 /* FastCGI 1.0 3.3 */
#define ANSWER_MAX 65536
#define PATIENCE_SECONDS 5

enum record_type {
	BEGIN_REQUEST = 1,
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
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof patience);
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
		return fd;
	error = errno;
	fd_close(&fd);
	errno = error;
	return -1;
}

static void
put_record(struct buf *b, enum record_type type, const void *content,
    size_t len)
{
	unsigned char header[HEADER_LEN] = { 1, (unsigned char)type, 0, 1,
		(unsigned char)(len >> 8), (unsigned char)len };

	buf_add(b, header, sizeof header);
	buf_add(b, content, len);
}

/* Of less than 128 bytes each (3.4). */
static void
put_param(struct buf *b, const char *name, const char *value)
{
	unsigned char lens[2] = { (unsigned char)strlen(name),
		(unsigned char)strlen(value) };

	buf_add(b, lens, sizeof lens);
	buf_puts(b, name);
	buf_puts(b, value);
}

static void
put_request(struct buf *b, const char *uri)
{
	static const unsigned char responder[8] = { 0, 1 };
	struct buf params = { 0 };

	put_param(&params, "REQUEST_METHOD", "GET");
	put_param(&params, "DOCUMENT_URI", uri);
	put_record(b, BEGIN_REQUEST, responder, sizeof responder);
	if (params.failed)
		b->failed = true;
	else
		put_record(b, PARAMS, params.data, params.len);
	put_record(b, PARAMS, "", 0);
	put_record(b, STDIN, "", 0);
	buf_fini(&params);
}

/* What the records of an answer say on its standard output. */
static void
take_output(const unsigned char *data, size_t len, struct buf *out)
{
	while (len >= HEADER_LEN) {
		size_t content = (size_t)data[4] << 8 | data[5];
		size_t whole = HEADER_LEN + content + data[6];

		if (whole > len)
			return;
		if (data[1] == STDOUT)
			buf_add(out, data + HEADER_LEN, content);
		data += whole;
		len -= whole;
	}
}

static int
exchange(int fd, const char *uri, struct buf *out)
{
	unsigned char answer[ANSWER_MAX];
	struct buf request = { 0 };
	size_t len = 0;
	int rc = -1;

	put_request(&request, uri);
	if (request.failed)
		errno = ENOMEM;
	else if (send(fd, request.data, request.len, MSG_NOSIGNAL) ==
		(ssize_t)request.len &&
	    fd_read_full(fd, answer, sizeof answer, &len) == 0)
		rc = 0;
	if (rc == 0)
		take_output(answer, len, out);
	buf_fini(&request);
	return rc;
}

/* "Status: 200 OK" is the first line of ours. */
static int
status_of(const char *text)
{
	int status;

	return sscanf(text, "Status: %d", &status) == 1 ? status : -1;
}

int
ask_get(const char *path, const char *uri, struct buf *body)
{
	struct buf out = { 0 };
	int fd = ask_connect(path), status = -1;
	const char *end;

	if (fd != -1 && exchange(fd, uri, &out) == 0) {
		if (out.len > 0)
			status = status_of(out.data);
		end = out.len > 0 ? strstr(out.data, "\r\n\r\n") : NULL;
		if (end != NULL)
			buf_puts(body, end + 4);
		if (status == -1)
			errno = EPROTO;
	}
	buf_fini(&out);
	fd_close(&fd);
	return status;
}
