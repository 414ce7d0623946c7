#include "config.h"

/*
 * How many connections wait at a listening socket. poll(2) says only that there
 * are some; the kernel tells the number to sock_diag(7), which is a socket that
 * has to be open before a sandbox is entered. What it cannot tell (a kernel
 * without unix_diag, a network namespace of its own) is not known.
 */

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "listen.h"

struct question {
	struct nlmsghdr head;
	struct unix_diag_req ask;
};

/* UNIX_DIAG_RQLEN in an answer; of a listening socket: waiting, backlog. */
struct rqlen {
	unsigned short len;
	unsigned short type;
	struct unix_diag_rqlen value;
};

void
listen_queue_open(struct listen_queue *q, int fd)
{
	struct stat st;

	*q = (struct listen_queue){ .netlink = -1 };
	if (fstat(fd, &st) == -1)
		return;
	q->inode = (unsigned)st.st_ino;
	q->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_SOCK_DIAG);
}

void
listen_queue_close(struct listen_queue *q)
{
	fd_close(&q->netlink);
}

static int
ask(const struct listen_queue *q)
{
	struct question question = {
		.head = { .nlmsg_len = sizeof question,
		    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		    .nlmsg_flags = NLM_F_REQUEST },
		.ask = { .sdiag_family = AF_UNIX,
		    .udiag_states = ~0U,
		    .udiag_ino = q->inode,
		    .udiag_show = UDIAG_SHOW_RQLEN,
		    .udiag_cookie = { ~0U, ~0U } },
	};

	/* No send(2): the sandbox has no address to send to. */
	return write(q->netlink, &question, sizeof question) == sizeof question
	    ? 0
	    : -1;
}

/* The kernel has answered before write(2) comes back. */
static int
find_rqlen(const char *answer, size_t len, struct rqlen *out)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct unix_diag_msg));
	struct nlmsghdr head;

	if (len < sizeof head)
		return -1;
	memcpy(&head, answer, sizeof head);
	if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -1;
	while (at + sizeof *out <= len) {
		memcpy(out, answer + at, sizeof *out);
		if (out->type == UNIX_DIAG_RQLEN)
			return 0;
		if (out->len < 4)
			return -1;
		at += NLMSG_ALIGN(out->len);
	}
	return -1;
}

int
listen_queue_read(const struct listen_queue *q, unsigned *waiting,
    unsigned *backlog)
{
	struct rqlen rqlen;
	char answer[512];
	ssize_t len;

	if (q->inode == 0 || q->netlink == -1 || ask(q) == -1)
		return -1;
	len = read(q->netlink, answer, sizeof answer);
	if (len == -1 || find_rqlen(answer, (size_t)len, &rqlen) == -1)
		return -1;
	*waiting = rqlen.value.udiag_rqueue;
	*backlog = rqlen.value.udiag_wqueue;
	return 0;
}
