#include "config.h"

/*
 * A FastCGI client that sends one request a connection and is as blunt as a
 * test wants it to be.
 */

#include "fcgi_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"

enum {
	TYPE_BEGIN = 1,
	TYPE_END = 3,
	TYPE_PARAMS = 4,
	TYPE_STDIN = 5,
	TYPE_STDOUT = 6
};

#define HEADER_LEN 8
#define CONTENT_MAX 32768 /* as nginx cuts a body */

int
fcgi_connect(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval tv = { .tv_sec = 10 };
	int fd;

	(void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
send_record(int fd, unsigned type, const void *content, size_t len)
{
	unsigned char record[HEADER_LEN + CONTENT_MAX] = { 1,
		(unsigned char)type, 0, 1, (unsigned char)(len >> 8),
		(unsigned char)len };

	if (len > 0)
		memcpy(record + HEADER_LEN, content, len);
	return send_all(fd, record, HEADER_LEN + len);
}

int
fcgi_send_begin(int fd, unsigned role, bool keep)
{
	const unsigned char body[8] = { 0, (unsigned char)role, keep };

	return send_record(fd, TYPE_BEGIN, body, sizeof body);
}

static void
add_param(struct buf *b, const char *name, const char *value)
{
	const char lengths[2] = { (char)strlen(name), (char)strlen(value) };

	buf_add(b, lengths, sizeof lengths);
	buf_puts(b, name);
	buf_puts(b, value);
}

int
fcgi_send_params(int fd, const char *const *params)
{
	struct buf b = { 0 };
	int rc;

	for (; params[0] != NULL; params += 2)
		add_param(&b, params[0], params[1]);
	rc = b.failed ||
		(b.len > 0 && send_record(fd, TYPE_PARAMS, b.data, b.len) != 0)
	    ? -1
	    : send_record(fd, TYPE_PARAMS, "", 0);
	buf_fini(&b);
	return rc;
}

int
fcgi_send_body(int fd, const void *data, size_t len)
{
	const char *at = data;

	do {
		size_t part = len < CONTENT_MAX ? len : CONTENT_MAX;

		if (send_record(fd, TYPE_STDIN, at, part) != 0)
			return -1;
		at += part;
		len -= part;
	} while (len > 0);
	return 0;
}

int
fcgi_send(int fd, const char *const *params, const void *body, size_t len)
{
	const char *all[64] = { NULL };
	char length[24];
	unsigned n = 0;

	(void)snprintf(length, sizeof length, "%zu", len);
	all[n++] = "CONTENT_LENGTH";
	all[n++] = length;
	while (params[0] != NULL && n < 62) {
		all[n++] = *params++;
		all[n++] = *params++;
	}
	if (fcgi_send_begin(fd, FCGI_ROLE_RESPONDER, false) != 0 ||
	    fcgi_send_params(fd, all) != 0)
		return -1;
	if (len > 0 && fcgi_send_body(fd, body, len) != 0)
		return -1;
	return fcgi_send_body(fd, "", 0);
}

static int
receive_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

void
fcgi_receive(int fd, struct fcgi_answer *answer)
{
	unsigned char header[HEADER_LEN];
	char content[65535 + 255];
	struct buf b = { 0 };
	const char *status;

	memset(answer, 0, sizeof *answer);
	while (
	    !answer->complete && receive_all(fd, header, sizeof header) == 0) {
		size_t len = (size_t)header[4] << 8 | header[5];

		if (receive_all(fd, content, len + header[6]) != 0)
			break;
		if (header[1] == TYPE_STDOUT)
			buf_add(&b, content, len);
		answer->complete = header[1] == TYPE_END;
	}
	buf_add(&b, "", 0);
	answer->text = b.data;
	answer->len = b.len;
	status = b.data != NULL ? strstr(b.data, "Status: ") : NULL;
	if (status != NULL)
		answer->status = (int)strtol(status + 8, NULL, 10);
}

void
fcgi_call(const char *path, const char *const *params, const void *body,
    size_t len, struct fcgi_answer *answer)
{
	int fd = fcgi_connect(path);

	memset(answer, 0, sizeof *answer);
	if (fd == -1)
		return;
	/* A peer may answer before it has read all, or nothing at all. */
	(void)fcgi_send(fd, params, body, len);
	fcgi_receive(fd, answer);
	(void)close(fd);
}
