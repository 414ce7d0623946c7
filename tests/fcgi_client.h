#ifndef FT_TESTS_FCGI_CLIENT_H
#define FT_TESTS_FCGI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The web server's side of FastCGI 1.0, as much of it as tests need. Nothing in
 * here fails a test: what went wrong is in the answer.
 */

#define FCGI_ROLE_RESPONDER 1
#define FCGI_ROLE_AUTHORIZER 2

struct fcgi_answer {
	bool complete; /* FCGI_END_REQUEST came */
	int status;    /* of the Status header; 0: none came */
	char *text;    /* all of FCGI_STDOUT and a NUL; the caller frees it */
	size_t len;
};

/* A connection, blocking, that gives up after ten seconds. -1 with errno. */
int fcgi_connect(const char *path);

/*
 * The parts of a request, each 0 or -1 when the peer is gone. params are pairs
 * of name and value and a NULL at the end, each shorter than 128 bytes. The
 * body ends with a call of len 0.
 */
int fcgi_send_begin(int fd, unsigned role, bool keep);
int fcgi_send_params(int fd, const char *const *params);
int fcgi_send_body(int fd, const void *data, size_t len);

/* All three, with a CONTENT_LENGTH. */
int fcgi_send(int fd, const char *const *params, const void *body, size_t len);

/* Read to the end of the answer or of the connection. */
void fcgi_receive(int fd, struct fcgi_answer *answer);

/* Connect, send, receive, close. Without a connection: an empty answer. */
void fcgi_call(const char *path, const char *const *params, const void *body,
    size_t len, struct fcgi_answer *answer);

#endif
