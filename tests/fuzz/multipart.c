#include "config.h"

/* Bodies of multipart/form-data, fed in pieces of several sizes. */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mime.h"
#include "multipart.h"

/* As tests/cases: the value of Content-Type in a line, then the body. */
const char fuzz_seeds[] = "cases";

/* What the parser told, the same for each split. */
struct told {
	struct multipart *parser;
	struct buf events;
	bool in_data;
	enum fault fault;
	struct fault_info info;
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static enum fault
tell_begin(void *ctx, const struct part *part, struct fault_info *info)
{
	struct told *t = ctx;

	(void)info;
	buf_printf(&t->events, "begin %d '%s' '%s'\n", part->is_file,
	    part->name, part->filename);
	for (const char *p = part->filename; *p != '\0'; p++)
		fuzz_must((unsigned char)*p >= ' ' && *p != 0x7f);
	t->in_data = false;
	return FAULT_NONE;
}

static enum fault
tell_data(void *ctx, const void *data, size_t len, struct fault_info *info)
{
	struct told *t = ctx;

	(void)info;
	fuzz_must(len > 0);
	if (!t->in_data)
		buf_puts(&t->events, "data ");
	t->in_data = true;
	buf_add(&t->events, data, len);
	return FAULT_NONE;
}

static enum fault
tell_end(void *ctx, struct fault_info *info)
{
	struct told *t = ctx;

	(void)info;
	buf_puts(&t->events, "\nend\n");
	t->in_data = false;
	return FAULT_NONE;
}

static int
feed(void *ctx, const void *data, size_t len)
{
	struct told *t = ctx;

	t->fault = multipart_feed(t->parser, data, len, &t->info);
	return t->fault != FAULT_NONE;
}

static void
run(struct told *t, const char *boundary, const char *body, size_t len,
    size_t chunk)
{
	const struct multipart_events events = { tell_begin, tell_data,
		tell_end, t };

	*t = (struct told){ 0 };
	t->parser = multipart_new(boundary, &events);
	fuzz_must(t->parser != NULL);
	(void)feed_split(feed, t, body, len, chunk);
	buf_printf(&t->events, "%s %d %s\n", fault_code(t->fault),
	    multipart_is_complete(t->parser), t->info.detail);
	multipart_free(t->parser);
}

/* A parameter's value as the parser of parts and admission see it. */
static void
walk_params(const char *value)
{
	const char *at = mime_params(value);
	char text[PART_NAME_MAX + 1];
	struct mime_param p;

	while (mime_next(&at, &p) == 1) {
		char *plain = malloc(p.value_len + 1);
		size_t len;

		fuzz_must(plain != NULL);
		len = mime_unquote(&p, plain);
		fuzz_must(len <= p.value_len);
		len = mime_unpercent(plain, len, NULL);
		mime_text(plain, len, text, sizeof text);
		free(plain);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t chunks[] = { 1, 2, 7, 61, 4096 };
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	const char *body;
	struct fault_info info;
	struct told whole, split;
	char *text = fuzz_text(data, size);
	size_t len;

	body = memchr(text, '\n', size);
	len = body != NULL ? size - (size_t)(++body - text) : 0;
	text[size - len - (body != NULL)] = '\0';
	walk_params(text);
	if (body != NULL && multipart_is(text) &&
	    multipart_boundary(text, boundary, &info) == FAULT_NONE) {
		run(&whole, boundary, body, len, 0);
		for (unsigned i = 0; i < NELEM(chunks); i++) {
			run(&split, boundary, body, len, chunks[i]);
			fuzz_must(split.events.len == whole.events.len);
			fuzz_must(memcmp(split.events.data, whole.events.data,
				      whole.events.len) == 0);
			buf_fini(&split.events);
		}
		buf_fini(&whole.events);
	}
	free(text);
	return 0;
}
