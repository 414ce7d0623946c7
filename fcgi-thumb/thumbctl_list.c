#include "config.h"

/*
 * Which photos are here, and what is known of one. Tokens are known to nobody,
 * here neither.
 */

#include "thumbctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "claim.h"
#include "fault.h"
#include "manifest.h"
#include "number.h"
#include "store.h"
#include "store_admin.h"

#define TIME_TEXT_MAX 32

/* In UTC; "-" for 0, which no photo is from. */
static const char *
time_text(int64_t seconds, char out[TIME_TEXT_MAX])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (seconds == 0 || gmtime_r(&time, &tm) == NULL ||
	    strftime(out, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)strcpy(out, "-");
	return out;
}

/* ---- what is known of a photo ---- */

struct facts {
	const char *id;
	struct manifest
	    manifest;    /* id is "" where meta.json is not to be read */
	uint64_t bytes;  /* of the original */
	int64_t created; /* Unix seconds */
	struct claims claims;
};

static void
take_original(void *ctx, const struct store_file *file)
{
	struct facts *facts = ctx;

	if (strcmp(file->side, "photos") != 0 ||
	    strncmp(file->name, "original.", strlen("original.")) != 0)
		return;
	facts->bytes = file->bytes;
	facts->created = file->modified;
}

static enum fault
find_facts(const struct tool *t, const char *id, struct facts *out,
    struct fault_info *info)
{
	struct look look;
	enum fault f;

	*out = (struct facts){ .id = id };
	if ((f = store_files(t->store, id, take_original, out, info)) !=
		FAULT_NONE ||
	    (f = store_look(t->store, id, t->settings, &look, info)) !=
		FAULT_NONE)
		return f;
	out->manifest = look.manifest;
	return claims_read(t->store, id, &out->claims, info);
}

/* When the last claim ends; 0 where the photo stays. */
static int64_t
end_of(const struct claims *claims)
{
	int64_t end = 0;

	if (claims->stays)
		return 0;
	for (unsigned i = 0; i < claims->n; i++) {
		if (claims->list[i].expires == 0)
			return 0;
		if (claims->list[i].expires > end)
			end = claims->list[i].expires;
	}
	return end;
}

static bool
is_earlier(const struct claims *claims, unsigned i, const char *owner)
{
	for (unsigned j = 0; j < i; j++)
		if (strcmp(claims->list[j].owner, owner) == 0)
			return true;
	return false;
}

/* Each once, with commas; "-" for none. */
static void
print_owners(const struct claims *claims)
{
	const char *comma = "";

	for (unsigned i = 0; i < claims->n; i++) {
		const char *owner = claims->list[i].owner;

		if (owner[0] == '\0' || is_earlier(claims, i, owner))
			continue;
		(void)printf("%s%s", comma, owner);
		comma = ",";
	}
	if (comma[0] == '\0')
		(void)putchar('-');
}

static const char *
type_of(const struct manifest *m)
{
	return m->id[0] != '\0' ? format_spec(m->format)->type : "-";
}

/* ---- list ---- */

struct list {
	struct tool tool;
	int64_t since;             /* Unix seconds; 0: all */
	const char *owner;         /* NULL: all */
	unsigned long long larger; /* bytes */
	int status;
};

static bool
has_owner(const struct claims *claims, const char *owner)
{
	for (unsigned i = 0; i < claims->n; i++)
		if (strcmp(claims->list[i].owner, owner) == 0)
			return true;
	return false;
}

static bool
is_asked_for(const struct list *l, const struct facts *facts)
{
	return facts->created >= l->since && facts->bytes > l->larger &&
	    (l->owner == NULL || has_owner(&facts->claims, l->owner));
}

static int
list_one(void *ctx, const char *id)
{
	char created[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];
	struct list *l = ctx;
	struct fault_info info = { 0 };
	struct facts facts;
	enum fault f = find_facts(&l->tool, id, &facts, &info);

	if (f == FAULT_NOT_FOUND) /* it went while we walked */
		return 0;
	if (f != FAULT_NONE) {
		complain_fault(id, &info);
		l->status = EXIT_FAILURE;
		return 0;
	}
	if (!is_asked_for(l, &facts))
		return 0;
	(void)printf("%s\t%s\t%ux%u\t%llu\t%s\t", id, type_of(&facts.manifest),
	    facts.manifest.size.width, facts.manifest.size.height,
	    (unsigned long long)facts.bytes, time_text(facts.created, created));
	print_owners(&facts.claims);
	(void)printf("\t%u\t%s\n", facts.claims.n,
	    time_text(end_of(&facts.claims), expires));
	/* Nobody reads on: no need to look at the rest of the store. */
	return ferror(stdout) ? 1 : 0;
}

static int
parse_list(int argc, char **argv, struct list *l)
{
	static const struct option options[] = {
		{ "since", required_argument, NULL, 's' },
		{ "owner", required_argument, NULL, 'o' },
		{ "larger", required_argument, NULL, 'l' },
		{ 0 },
	};
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 's':
			if (parse_since(optarg, &l->since) == -1)
				return -1;
			break;
		case 'o':
			l->owner = optarg;
			break;
		case 'l':
			if (number_parse_scaled(optarg, 1024, &l->larger) == -1)
				return -1;
			break;
		default:
			return -1;
		}
	return argc == optind ? 0 : -1;
}

static int
run_list(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct list l = { .status = EXIT_SUCCESS };
	int status;

	if (parse_list(argc, argv, &l) == -1)
		return wrong_use(self);
	status = tool_open(&l.tool, settings_file);
	if (status == EXIT_SUCCESS) {
		(void)printf("id\ttype\tsize\tbytes\tcreated\towners\tclaims\t"
			     "expires\n");
		if (store_walk(l.tool.store, list_one, &l) == -1) {
			complain("%s: %s", l.tool.settings->data,
			    strerror(errno));
			l.status = EXIT_FAILURE;
		}
		status = l.status;
	}
	tool_close(&l.tool);
	return status;
}

const struct command command_list = { "list",
	"[--since WHEN] [--owner NAME] [--larger BYTES]",
	"the photos, a line each, with tabs between the columns",
	"  --since WHEN    came since then: so long ago (90m, 12h, 7d), a "
	"day (UTC) or\n"
	"                  a time (2026-12-24, 2026-12-24T18:00:00Z)\n"
	"  --owner NAME    with a claim of this owner\n"
	"  --larger BYTES  with an original of more bytes (500K, 5M, 1G)\n",
	run_list };

/* ---- show ---- */

static void
show_file(void *ctx, const struct store_file *file)
{
	const char *id = ctx;

	(void)printf("file\t%s/%.2s/%s/%s\t%llu\n", file->side, id, id,
	    file->name, (unsigned long long)file->bytes);
}

static void
show_variants(const struct manifest *m, const struct settings *settings)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct variant *v = &m->variants[i];
		struct buf url = { 0 };

		variant_url(v, m->id, settings, &url);
		if (!url.failed)
			(void)printf("thumbnail\t%s\t%ux%u\t%llu\n", url.data,
			    v->size.width, v->size.height,
			    (unsigned long long)v->bytes);
		buf_fini(&url);
	}
}

static void
show_claims(const struct claims *claims)
{
	char created[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];

	for (unsigned i = 0; i < claims->n; i++) {
		const struct claim *c = &claims->list[i];

		(void)printf("claim\t%s\t%s\t%s\n",
		    c->owner[0] != '\0' ? c->owner : "-",
		    time_text(c->created, created),
		    time_text(c->expires, expires));
	}
	if (claims->stays)
		(void)printf("claim\tit stays, whatever becomes of claims\n");
}

int
show_photo(const struct tool *t, const char *id)
{
	char created[TIME_TEXT_MAX], expires[TIME_TEXT_MAX];
	struct fault_info info = { 0 };
	struct facts facts;
	bool is_banned = store_check_ban(t->store, id, &info) == FAULT_BANNED;
	enum fault f = find_facts(t, id, &facts, &info);

	if (f == FAULT_NOT_FOUND && is_banned) {
		(void)printf("id\t%s\nbanned\tyes\n", id);
		return EXIT_SUCCESS;
	}
	if (f != FAULT_NONE) {
		complain_fault(id, &info);
		return EXIT_FAILURE;
	}
	(void)printf("id\t%s\ntype\t%s\nsize\t%ux%u\nbytes\t%llu\n", id,
	    type_of(&facts.manifest), facts.manifest.size.width,
	    facts.manifest.size.height, (unsigned long long)facts.bytes);
	(void)printf("created\t%s\nexpires\t%s\n",
	    time_text(facts.created, created),
	    time_text(end_of(&facts.claims), expires));
	(void)printf("banned\t%s\n", is_banned ? "yes" : "no");
	show_variants(&facts.manifest, t->settings);
	show_claims(&facts.claims);
	if (store_files(t->store, id, show_file, (void *)(uintptr_t)id,
		&info) == FAULT_NONE)
		return EXIT_SUCCESS;
	complain_fault(id, &info);
	return EXIT_FAILURE;
}
