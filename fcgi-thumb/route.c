#include "config.h"

/*
 * nginx's route as a text. Its first line says the same for us, so that nobody
 * has to read nginx's language back.
 *
 * $fcgi_thumb_slot is where a request comes to, $fcgi_thumb_active the slot that
 * serves: those are asked of it that are about the service as such.
 */

#include "route.h"

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "number.h"
#include "release.h"

#define MARK "# fcgi-thumb route: "
#define WORD_MAX_LEN 40
#define SALT_CHARS "abcdefghijklmnopqrstuvwxyz234567"

/* ---- to text ---- */

static void
put_share(struct buf *b, unsigned share)
{
	buf_printf(b, "%u.%02u", share / 100, share % 100);
}

static void
put_first_line(struct buf *b, const struct route *r)
{
	buf_printf(b,
	    MARK "active=%s candidate=%s share=", settings_slot_name(r->active),
	    settings_slot_name(r->candidate));
	put_share(b, r->share);
	buf_printf(b, " by=%s salt=%s\n",
	    r->by_customer ? "customer" : "request", r->salt);
}

/* Everyone to one slot. */
static void
put_constant(struct buf *b, const char *name, enum release_slot slot)
{
	buf_printf(b, "map \"\" $%s {\n\tdefault %s;\n}\n", name,
	    settings_slot_name(slot));
}

/* The variable that says who it is. */
static const char *
put_key(struct buf *b, const struct route *r)
{
	if (!r->by_customer)
		return "request_id";
	if (r->cookie[0] == '\0')
		return "remote_addr";
	buf_printf(b,
	    "map $cookie_%s $fcgi_thumb_key {\n"
	    "\tdefault $cookie_%s;\n"
	    "\t\"\" $remote_addr;\n"
	    "}\n",
	    r->cookie, r->cookie);
	return "fcgi_thumb_key";
}

/* The candidate comes first: its part of the hash begins at 0 and only grows. */
static void
put_split(struct buf *b, const struct route *r)
{
	const char *key = put_key(b, r);

	buf_printf(b, "split_clients \"%s$%s\" $fcgi_thumb_slot {\n\t", r->salt,
	    key);
	put_share(b, r->share);
	buf_printf(b, "%% %s;\n\t* %s;\n}\n", settings_slot_name(r->candidate),
	    settings_slot_name(r->active));
}

char *
route_text(const struct route *r)
{
	struct buf b = { 0 };

	put_first_line(&b, r);
	buf_puts(&b,
	    "# Made by thumbctl; a change made here is lost. Which slot a "
	    "request comes to.\n");
	/* nginx takes no part of nothing, and of all there is no rest. */
	if (r->share == 0)
		put_constant(&b, "fcgi_thumb_slot", r->active);
	else if (r->share >= RELEASE_ALL)
		put_constant(&b, "fcgi_thumb_slot", r->candidate);
	else
		put_split(&b, r);
	put_constant(&b, "fcgi_thumb_active", r->active);
	if (b.failed)
		buf_fini(&b);
	return b.data;
}

/* ---- and back ---- */

/*
 * The word behind "KEY=", of which *text moves to the end. 0, or -1: something
 * else stands there, or it is too long.
 */
static int
take(const char **text, const char *key, char *out, size_t size)
{
	size_t len = strlen(key);

	if (strncmp(*text, key, len) != 0 || (*text)[len] != '=')
		return -1;
	*text += len + 1;
	len = strcspn(*text, " \n");
	if (len >= size)
		return -1;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text += len + ((*text)[len] == ' ');
	return 0;
}

static int
take_slot(const char **text, const char *key, enum release_slot *out)
{
	char word[WORD_MAX_LEN];

	if (take(text, key, word, sizeof word) == -1)
		return -1;
	for (enum release_slot s = SLOT_NONE; s < SLOT_COUNT; s++)
		if (strcmp(word, settings_slot_name(s)) == 0) {
			*out = s;
			return 0;
		}
	return -1;
}

/* "5.00": always two digits behind the point. */
static int
take_share(const char **text, unsigned *out)
{
	char word[WORD_MAX_LEN], *point;
	unsigned long long whole, part;

	if (take(text, "share", word, sizeof word) == -1 ||
	    (point = strchr(word, '.')) == NULL || strlen(point) != 3)
		return -1;
	*point = '\0';
	if (number_parse(word, 0, RELEASE_ALL / 100, &whole) == -1 ||
	    number_parse(point + 1, 0, 99, &part) == -1 ||
	    whole * 100 + part > RELEASE_ALL)
		return -1;
	*out = (unsigned)(whole * 100 + part);
	return 0;
}

static int
take_by(const char **text, bool *by_customer)
{
	char word[WORD_MAX_LEN];

	if (take(text, "by", word, sizeof word) == -1)
		return -1;
	*by_customer = strcmp(word, "customer") == 0;
	return *by_customer || strcmp(word, "request") == 0 ? 0 : -1;
}

int
route_parse(const char *text, struct route *out, char *salt, size_t salt_size)
{
	struct route r = { .cookie = "", .salt = salt };

	if (strncmp(text, MARK, strlen(MARK)) != 0)
		return -1;
	text += strlen(MARK);
	if (take_slot(&text, "active", &r.active) == -1 ||
	    take_slot(&text, "candidate", &r.candidate) == -1 ||
	    take_share(&text, &r.share) == -1 ||
	    take_by(&text, &r.by_customer) == -1 ||
	    take(&text, "salt", salt, salt_size) == -1 ||
	    salt[strspn(salt, SALT_CHARS)] != '\0' || *text != '\n')
		return -1;
	*out = r;
	return 0;
}
