#ifndef FT_TARGET_H
#define FT_TARGET_H

#include <stddef.h>

/*
 * Where lines of a log may go, as the settings write it:
 *
 *   file                a file in the directory of the logs
 *   stderr, off
 *   journal             systemd's, through its own socket
 *   journal:/path       the same, where that socket lies elsewhere
 *   syslog              this machine's, through /dev/log
 *   syslog:/path        the same, where that socket lies elsewhere
 *   syslog:HOST[:PORT]  another machine's, by UDP; an IPv6 address in brackets
 */
enum target_kind {
	TARGET_FILE,
	TARGET_STDERR,
	TARGET_OFF,
	TARGET_JOURNAL, /* path */
	TARGET_SYSLOG,  /* path */
	TARGET_HOST     /* host, port */
};

#define TARGET_JOURNAL_PATH "/run/systemd/journal/socket"
#define TARGET_SYSLOG_PATH "/dev/log"
#define TARGET_PORT "514"

#define TARGET_HOST_MAX 253 /* bytes; RFC 1035 */
#define TARGET_PATH_MAX 107 /* bytes; of a socket: unix(7) */

struct target {
	enum target_kind kind;
	char host[TARGET_HOST_MAX + 1]; /* without brackets */
	char port[sizeof "65535"];
	char path[TARGET_PATH_MAX + 1];
};

/*
 * NULL and *out set, or what is wrong with the text in words that end a
 * sentence. What passes can stand in nginx's configuration as it is.
 */
const char *target_parse(const char *text, struct target *out);

/*
 * The end of the "host", "1.2.3.4" or "[::1]" that text begins with, or NULL:
 * there is none.
 */
const char *target_skip_host(const char *text);

#endif
