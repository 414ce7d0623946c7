#include "config.h"

/*
 * Answers of the service, read with care: another server may have given them.
 */

#include "probe_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "mime.h"

static bool
get_text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	out[0] = '\0';
	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static unsigned
get_px(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 && n <= 65535 ? (unsigned)n : 0;
}

static void
read_variant(const json_t *photo, const char *preset, struct probe_answer *out)
{
	const json_t *list = json_object_get(photo, "variants"), *one;
	char name[64];
	size_t i;

	json_array_foreach(list, i, one)
	{
		json_int_t bytes =
		    json_integer_value(json_object_get(one, "bytes"));

		if (!get_text(one, "preset", name, sizeof name) ||
		    strcmp(name, preset) != 0)
			continue;
		(void)get_text(one, "url", out->url, sizeof out->url);
		(void)get_text(one, "type", out->type, sizeof out->type);
		out->bytes = bytes > 0 ? (uint64_t)bytes : 0;
		return;
	}
}

/* It goes into a header. */
static bool
is_token(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz234567")] == '\0';
}

bool
probe_answer_read(struct probe_answer *out, const char *text, size_t len,
    const char *preset)
{
	json_t *document = json_loadb(text, len, 0, NULL);
	const json_t *photo =
	    json_array_get(json_object_get(document, "photos"), 0);
	char status[16];
	bool is;

	*out = (struct probe_answer){ 0 };
	is = get_text(photo, "status", status, sizeof status) &&
	    (strcmp(status, "created") == 0 || strcmp(status, "exists") == 0) &&
	    receipt_parse(text, len, &out->receipt, 1) == 1 &&
	    is_token(out->receipt.token);
	if (is) {
		out->created = strcmp(status, "created") == 0;
		out->photo.width = get_px(photo, "width");
		out->photo.height = get_px(photo, "height");
		read_variant(photo, preset, out);
	}
	json_decref(document);
	return is;
}

static bool
is_code(const char *text)
{
	return *text != '\0' &&
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

void
probe_answer_problem(unsigned status, const char *text, size_t len, char *code,
    size_t code_size, char *why, size_t why_size)
{
	json_t *document = json_loadb(text, len, 0, NULL);
	const char *words =
	    json_string_value(json_object_get(document, "error"));

	if (!get_text(document, "code", code, code_size) || !is_code(code))
		code[0] = '\0';
	if (code[0] != '\0' && words != NULL)
		mime_text(words, strlen(words), why, why_size);
	else if (status >= 300 && status < 400)
		(void)snprintf(why, why_size,
		    "the answer is a redirection, which is not followed: set "
		    "probe_url to where the service is");
	else
		(void)snprintf(why, why_size,
		    "an answer that is not the service's");
	json_decref(document);
}

int
probe_answer_address(const char *url, const char *public, const char *prefix,
    const char *base, char *out, size_t out_size)
{
	size_t host = strlen(public), path = strlen(prefix);
	int len;

	if (strncmp(url, public, host) != 0 ||
	    strncmp(url + host, prefix, path) != 0 ||
	    strncmp(url + host + path, "/t/", 3) != 0)
		return -1;
	url += host + path;
	for (const unsigned char *p = (const unsigned char *)url; *p != '\0';
	     p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return -1;
	len = snprintf(out, out_size, "%s%s", base, url);
	return len >= 0 && (size_t)len < out_size ? 0 : -1;
}
