#ifndef FT_NGINXTREE_H
#define FT_NGINXTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * nginx's configuration as a tree, from what `nginx -T` prints: each file with
 * its name before it. Includes stand where their files' directives are. Knows
 * the syntax, and of what directives mean only how they are handed down.
 */
struct directive {
	const char *file; /* where it stands */
	unsigned line;
	char **words; /* the first is its name; quotes and escapes are gone */
	unsigned n;   /* of words; 0: the root */
	struct directive *parent;       /* the block that it stands in */
	struct directive *first, *last; /* in its own block */
	struct directive *next;         /* in the same one */
	bool is_block;
};

struct nginxtree {
	struct directive root;
	const char *main_file; /* nginx's own; "" where there is none */
	/* The rest is nginxtree.c's. */
	struct nginxtree_file *files;
	size_t n_files;
	struct nginxtree_chunk *memory;
	char *room; /* for a word */
	size_t room_size;
	unsigned count; /* directives */
};

/*
 * Parse what nginx -T said, a NUL-terminated text. What is not nginx's syntax is read as far as it can
 * be: nginx itself has said that it is right. The caller calls nginxtree_fini in any
 * case. 0, or -1: no memory, or there is no file in it.
 */
int nginxtree_parse(struct nginxtree *c, const char *dump);
void nginxtree_fini(struct nginxtree *c);

/* A file that was read, by the last part of its name; NULL: it was not. */
const char *nginxtree_text(const struct nginxtree *c, const char *name,
    const char **path);

/* The first directive of this name in a block; NULL: none. */
const struct directive *nginxtree_find(const struct directive *block,
    const char *name);

/*
 * What is in force in a block: its own, or that of the next one around it.
 * True of the directives that are handed down so, which are those with one
 * value. NULL: nowhere.
 */
const struct directive *nginxtree_in_force(const struct directive *block,
    const char *name);

/* Call each with every directive below a block, outer ones first. */
void nginxtree_each(const struct directive *block,
    void (*each)(void *ctx, const struct directive *d), void *ctx);

/* "64k", "8m", "1g", "1048576" in bytes; -1 of other words. */
int nginxtree_bytes(const char *word, uint64_t *out);

/* "1h 30m", "90", "500ms" in seconds, rounded down; -1 of other words. */
int nginxtree_seconds(const char *word, uint64_t *out);

#endif
