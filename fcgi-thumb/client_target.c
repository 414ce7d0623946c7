#include "config.h"

/* The target's URL, and whether it is this very machine. */

#include "client_target.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "number.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
/* What a prefix may consist of: settings_text.c allows no more. */
#define PATH_CHARACTERS LETTERS DIGITS "/-._~"

/* ---- the URL ---- */

/* Copy len characters if all are among those; 0 or -1. */
static int
copy_of(const char *text, size_t len, const char *allowed, char *out,
    size_t out_size)
{
	if (len == 0 || len >= out_size || strspn(text, allowed) < len)
		return -1;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}

/* The host; where it ends, or NULL. */
static const char *
parse_host(const char *at, struct client_target *out)
{
	struct in6_addr address;
	const char *end;

	if (*at != '[') {
		end = at + strcspn(at, ":/");
		return copy_of(at, (size_t)(end - at), LETTERS DIGITS ".-",
			   out->host, sizeof out->host) == 0
		    ? end
		    : NULL;
	}
	end = strchr(++at, ']');
	if (end == NULL ||
	    copy_of(at, (size_t)(end - at), DIGITS "abcdefABCDEF:.", out->host,
		sizeof out->host) == -1 ||
	    inet_pton(AF_INET6, out->host, &address) != 1)
		return NULL;
	return end + 1;
}

/* Where it ends, or NULL. */
static const char *
parse_port(const char *at, struct client_target *out)
{
	unsigned long long port;
	size_t len = strspn(at, DIGITS);
	char text[6];

	if (copy_of(at, len, DIGITS, text, sizeof text) == -1 ||
	    number_parse(text, 1, 65535, &port) == -1)
		return NULL;
	out->port = (unsigned)port;
	return at + len;
}

/* Behind the scheme. 0 or -1. */
static int
parse_rest(const char *at, struct client_target *out)
{
	at = parse_host(at, out);
	if (at != NULL && *at == ':')
		at = parse_port(at + 1, out);
	if (at == NULL || (*at != '\0' && *at != '/'))
		return -1;
	return at[strspn(at, PATH_CHARACTERS)] == '\0' ? 0 : -1;
}

int
client_target_parse(const char *url, struct client_target *out, char *why,
    size_t why_size)
{
	size_t len = strlen(url);
	int rc = -1;

	*out = (struct client_target){ 0 };
	while (len > 0 && url[len - 1] == '/')
		len--;
	if (len >= sizeof out->base) {
		(void)snprintf(why, why_size, "the URL is too long");
		return -1;
	}
	memcpy(out->base, url, len);
	if (strncmp(out->base, "http://", 7) == 0) {
		out->port = 80;
		rc = parse_rest(out->base + 7, out);
	} else if (strncmp(out->base, "https://", 8) == 0) {
		out->port = 443;
		rc = parse_rest(out->base + 8, out);
	}
	if (rc == -1)
		(void)snprintf(why, why_size,
		    "%s: the URL is http:// or https://, a host, a port where "
		    "it is another, and the service's prefix",
		    url);
	return rc;
}

/* ---- whose machine ---- */

/* An address of either family as one of IPv6. */
static struct in6_addr
as_ipv6(const struct sockaddr *sa)
{
	struct in6_addr out = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	if (sa->sa_family == AF_INET6) {
		memcpy(&out,
		    (const char *)sa + offsetof(struct sockaddr_in6, sin6_addr),
		    sizeof out);
	} else {
		memcpy(out.s6_addr + 12,
		    (const char *)sa + offsetof(struct sockaddr_in, sin_addr),
		    sizeof(struct in_addr));
	}
	return out;
}

static bool
is_internet(const struct sockaddr *sa)
{
	return sa != NULL &&
	    (sa->sa_family == AF_INET || sa->sa_family == AF_INET6);
}

static bool
is_loopback(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) ||
	    (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static bool
is_of_this_machine(const struct sockaddr *sa, const struct ifaddrs *all)
{
	struct in6_addr wanted = as_ipv6(sa);

	if (is_loopback(&wanted))
		return true;
	for (const struct ifaddrs *one = all; one != NULL; one = one->ifa_next)
		if (is_internet(one->ifa_addr)) {
			struct in6_addr own = as_ipv6(one->ifa_addr);

			if (memcmp(&own, &wanted, sizeof own) == 0)
				return true;
		}
	return false;
}

/* Of all that it may be; the first is taken. */
static int
judge(struct client_target *t, const struct addrinfo *found, char *why,
    size_t why_size)
{
	struct ifaddrs *all = NULL;
	int rc;

	if (getifaddrs(&all) == -1)
		all = NULL; /* then the loopback's alone are known */
	t->is_own = true;
	for (const struct addrinfo *one = found; one != NULL;
	     one = one->ai_next)
		t->is_own = t->is_own && is_internet(one->ai_addr) &&
		    is_of_this_machine(one->ai_addr, all);
	if (all != NULL)
		freeifaddrs(all);
	rc = getnameinfo(found->ai_addr, found->ai_addrlen, t->address,
	    sizeof t->address, NULL, 0, NI_NUMERICHOST);
	if (rc != 0)
		(void)snprintf(why, why_size, "%s: %s", t->host,
		    gai_strerror(rc));
	return rc == 0 ? 0 : -1;
}

int
client_target_resolve(struct client_target *t, char *why, size_t why_size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	int rc = getaddrinfo(t->host, NULL, &hints, &found);

	if (rc != 0) {
		(void)snprintf(why, why_size, "%s: %s", t->host,
		    gai_strerror(rc));
		return -1;
	}
	rc = judge(t, found, why, why_size);
	freeaddrinfo(found);
	return rc;
}
