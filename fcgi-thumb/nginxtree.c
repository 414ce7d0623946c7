#include "config.h"

/*
 * Reads nginx's syntax: words, quotes, blocks, includes. All memory is given
 * back at once.
 */

#include "nginxtree.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

#define FILE_MARK "# configuration file "
#define WORDS_MAX 512
#define DEPTH_MAX 32
#define DIRECTIVES_MAX 500000 /* of files that include each other */
#define CHUNK_BYTES (64 * 1024)

struct nginxtree_file {
	char *path;
	const char *text;
};

/* ---- memory ---- */

struct nginxtree_chunk {
	struct nginxtree_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

static void *
take(struct nginxtree *c, size_t len)
{
	struct nginxtree_chunk *chunk = c->memory;
	void *out;

	len = (len + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (chunk == NULL || chunk->size - chunk->used < len) {
		size_t size = len > CHUNK_BYTES ? len : CHUNK_BYTES;

		chunk = malloc(sizeof *chunk + size);
		if (chunk == NULL)
			return NULL;
		chunk->next = c->memory;
		chunk->used = 0;
		chunk->size = size;
		c->memory = chunk;
	}
	out = chunk->bytes + chunk->used;
	chunk->used += len;
	return out;
}

static char *
take_text(struct nginxtree *c, const char *text, size_t len)
{
	char *out = take(c, len + 1);

	if (out != NULL) {
		memcpy(out, text, len);
		out[len] = '\0';
	}
	return out;
}

void
nginxtree_fini(struct nginxtree *c)
{
	for (struct nginxtree_chunk *next; c->memory != NULL;
	     c->memory = next) {
		next = c->memory->next;
		free(c->memory);
	}
	free(c->files);
	*c = (struct nginxtree){ .main_file = "" };
}

/* ---- the files in the dump ---- */

/* "# configuration file /etc/nginx/nginx.conf:" at the start of a line. */
static const char *
next_mark(const char *text)
{
	while ((text = strstr(text, FILE_MARK)) != NULL) {
		size_t len = strcspn(text, "\n");

		if (len > strlen(FILE_MARK) && text[len - 1] == ':' &&
		    text[len] == '\n')
			return text;
		text += len;
	}
	return NULL;
}

static int
add_file(struct nginxtree *c, const char *mark, const char *end)
{
	const char *path = mark + strlen(FILE_MARK);
	size_t path_len = strcspn(path, "\n") - 1;
	const char *text = path + path_len + 2;
	struct nginxtree_file *more =
	    realloc(c->files, (c->n_files + 1) * sizeof *more);

	if (more == NULL)
		return -1;
	c->files = more;
	more += c->n_files;
	if ((size_t)(end - text) > c->room_size)
		c->room_size = (size_t)(end - text);
	more->path = take_text(c, path, path_len);
	more->text = take_text(c, text, (size_t)(end - text));
	if (more->path == NULL || more->text == NULL)
		return -1;
	c->n_files++;
	return 0;
}

static int
split_files(struct nginxtree *c, const char *dump)
{
	for (const char *mark = next_mark(dump), *next; mark != NULL;
	     mark = next) {
		next = next_mark(mark + 1);
		if (add_file(c, mark,
			next != NULL ? next : mark + strlen(mark)) == -1)
			return -1;
	}
	return c->n_files > 0 ? 0 : -1;
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

const char *
nginxtree_text(const struct nginxtree *c, const char *name, const char **path)
{
	for (size_t i = 0; i < c->n_files; i++)
		if (strcmp(last_part(c->files[i].path), name) == 0) {
			*path = c->files[i].path;
			return c->files[i].text;
		}
	return NULL;
}

/* ---- words ---- */

struct reader {
	struct nginxtree *conf;
	const char *file;
	const char *at;
	unsigned line;
	unsigned depth; /* of includes and blocks */
	bool failed;    /* no memory, or more than anybody writes */
};

static void
skip_space(struct reader *r)
{
	for (;; r->at++) {
		if (*r->at == '#')
			r->at += strcspn(r->at, "\n");
		if (*r->at == '\n')
			r->line++;
		else if (*r->at == '\0' || strchr(" \t\r", *r->at) == NULL)
			return;
	}
}

/* "${name}" is a variable and no block. */
static bool
ends_word(const char *at, bool in_variable)
{
	if (*at == '{')
		return !in_variable;
	return *at == '\0' || strchr(" \t\r\n;", *at) != NULL;
}

static char *
read_quoted(struct reader *r, char *out)
{
	char quote = *r->at++;

	for (; *r->at != '\0' && *r->at != quote; r->at++) {
		if (*r->at == '\\' && r->at[1] != '\0' &&
		    strchr("\"'\\", r->at[1]) != NULL)
			r->at++;
		r->line += *r->at == '\n';
		*out++ = *r->at;
	}
	if (*r->at == quote)
		r->at++;
	return out;
}

static char *
read_plain(struct reader *r, char *out)
{
	for (; !ends_word(r->at, out[-1] == '$' && *r->at == '{'); r->at++) {
		if (*r->at == '\\' && r->at[1] != '\0' &&
		    strchr("\"' ;{}\\", r->at[1]) != NULL)
			r->at++;
		*out++ = *r->at;
	}
	return out;
}

/* The next word of a directive; none is longer than its file. */
static char *
read_word(struct reader *r)
{
	char *room = r->conf->room, *end;

	/* So that there is something before the first letter. */
	room[0] = '\0';
	end = *r->at == '"' || *r->at == '\'' ? read_quoted(r, room + 1)
					      : read_plain(r, room + 1);
	return take_text(r->conf, room + 1, (size_t)(end - room - 1));
}

/* Code of another language: to the brace that closes it. */
static void
skip_code(struct reader *r)
{
	unsigned open = 1;

	for (; *r->at != '\0' && open > 0; r->at++) {
		open += *r->at == '{';
		open -= *r->at == '}';
		r->line += *r->at == '\n';
	}
}

static bool
is_code(const char *name)
{
	size_t len = strlen(name), tail = strlen("_by_lua_block");

	return len > tail && strcmp(name + len - tail, "_by_lua_block") == 0;
}

/* ---- directives ---- */

static struct directive *
add_directive(struct reader *r, struct directive *block, char **words,
    unsigned n, unsigned line)
{
	struct directive *d = take(r->conf, sizeof *d);
	char **copy = take(r->conf, n * sizeof *words);

	if (d == NULL || copy == NULL || r->conf->count++ > DIRECTIVES_MAX) {
		r->failed = true;
		return NULL;
	}
	memcpy(copy, words, n * sizeof *words);
	*d = (struct directive){ .file = r->file,
		.line = line,
		.words = copy,
		.n = n,
		.parent = block };
	if (block->last != NULL)
		block->last->next = d;
	else
		block->first = d;
	block->last = d;
	return d;
}

static void read_block(struct reader *r, struct directive *block);

static void
include(struct reader *r, struct directive *block, const char *pattern)
{
	struct nginxtree *c = r->conf;
	const char *base = last_part(c->main_file);
	char path[PATH_MAX];

	/* As nginx does: beside its main file. */
	if (pattern[0] != '/' &&
	    snprintf(path, sizeof path, "%.*s%s", (int)(base - c->main_file),
		c->main_file, pattern) < (int)sizeof path)
		pattern = path;
	for (size_t i = 0; i < c->n_files && r->depth < DEPTH_MAX; i++) {
		struct reader inner = { .conf = c,
			.file = c->files[i].path,
			.at = c->files[i].text,
			.line = 1,
			.depth = r->depth + 1 };

		if (strcmp(c->files[i].path, pattern) != 0 &&
		    fnmatch(pattern, c->files[i].path, FNM_PATHNAME) != 0)
			continue;
		read_block(&inner, block);
		r->failed = r->failed || inner.failed;
	}
}

static void
take_directive(struct reader *r, struct directive *block, char **words,
    unsigned n, unsigned line)
{
	bool is_block = *r->at == '{';
	struct directive *d;

	if (*r->at != '\0')
		r->at++;
	if (!is_block && n == 2 && strcmp(words[0], "include") == 0) {
		include(r, block, words[1]);
		return;
	}
	d = add_directive(r, block, words, n, line);
	if (d == NULL || !is_block)
		return;
	d->is_block = true;
	if (is_code(words[0]) || r->depth >= DEPTH_MAX) {
		skip_code(r);
		return;
	}
	r->depth++;
	read_block(r, d);
	r->depth--;
}

/* Up to the brace that closes it, or the end of the file. */
static void
read_block(struct reader *r, struct directive *block)
{
	char *words[WORDS_MAX];
	unsigned n = 0, line = 0;

	while (!r->failed) {
		skip_space(r);
		if (*r->at == '\0' || (n == 0 && *r->at == '}')) {
			r->at += *r->at == '}';
			return;
		}
		if (*r->at == ';' || *r->at == '{') {
			if (n > 0)
				take_directive(r, block, words, n, line);
			else
				r->at++;
			n = 0;
			continue;
		}
		if (n == 0)
			line = r->line;
		words[n] = read_word(r);
		if (words[n] == NULL)
			r->failed = true;
		else if (n < WORDS_MAX - 1)
			n++;
	}
}

int
nginxtree_parse(struct nginxtree *c, const char *dump)
{
	struct reader r = { .conf = c, .line = 1 };

	*c = (struct nginxtree){ .main_file = "" };
	if (split_files(c, dump) == -1 ||
	    (c->room = take(c, c->room_size + 2)) == NULL)
		return -1;
	c->main_file = c->files[0].path;
	c->root.file = c->main_file;
	c->root.is_block = true;
	r.file = c->main_file;
	r.at = c->files[0].text;
	read_block(&r, &c->root);
	return r.failed ? -1 : 0;
}

/* ---- to look at it ---- */

const struct directive *
nginxtree_find(const struct directive *block, const char *name)
{
	for (const struct directive *d = block->first; d != NULL; d = d->next)
		if (strcmp(d->words[0], name) == 0)
			return d;
	return NULL;
}

const struct directive *
nginxtree_in_force(const struct directive *block, const char *name)
{
	for (; block != NULL; block = block->parent) {
		const struct directive *d = nginxtree_find(block, name);

		if (d != NULL && d->n > 1)
			return d;
	}
	return NULL;
}

void
nginxtree_each(const struct directive *block,
    void (*each)(void *ctx, const struct directive *d), void *ctx)
{
	for (const struct directive *d = block->first; d != NULL; d = d->next) {
		each(ctx, d);
		nginxtree_each(d, each, ctx);
	}
}

int
nginxtree_bytes(const char *word, uint64_t *out)
{
	static const char suffixes[] = "kmg";
	char digits[32];
	size_t len = strlen(word);
	unsigned long long n;
	unsigned shift = 0;

	if (len == 0 || len >= sizeof digits)
		return -1;
	memcpy(digits, word, len + 1);
	for (unsigned i = 0; i < 3; i++)
		if ((digits[len - 1] | 0x20) == suffixes[i]) {
			shift = 10 * (i + 1);
			digits[len - 1] = '\0';
			break;
		}
	if (number_parse(digits, 0, UINT64_MAX >> shift, &n) == -1)
		return -1;
	*out = (uint64_t)n << shift;
	return 0;
}

int
nginxtree_seconds(const char *word, uint64_t *out)
{
	static const struct {
		const char *suffix;
		unsigned ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 },
		{ "", 1000 } };
	uint64_t ms = 0;

	do {
		size_t len = strspn(word, "0123456789"), unit;
		unsigned i = 0;
		char digits[12];
		unsigned long long n;

		if (len == 0 || len >= sizeof digits)
			return -1;
		memcpy(digits, word, len);
		digits[len] = '\0';
		word += len;
		unit = strspn(word, "abcdefghijklmnopqrstuvwxyzM");
		while (i < sizeof units / sizeof units[0] &&
		    (strlen(units[i].suffix) != unit ||
			strncmp(units[i].suffix, word, unit) != 0))
			i++;
		if (i == sizeof units / sizeof units[0] ||
		    number_parse(digits, 0, 1ULL << 32, &n) == -1)
			return -1;
		ms += n * units[i].ms;
		word += unit;
		word += strspn(word, " ");
	} while (*word != '\0');
	*out = ms / 1000;
	return 0;
}
