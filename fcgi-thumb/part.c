#include "config.h"

/*
 * Reads the header of one part of a form. Responsible for what a part is
 * called and whether it is a file; refuses to know where the header came from
 * and what its other fields say. A broken header is a fault of the request.
 */

#include "part.h"

#include <string.h>
#include <strings.h>

#include "mime.h"

enum fault
part_refuse(struct fault_info *info, uint64_t offset, const char *why)
{
	return fault_set(info, FAULT_MULTIPART_SYNTAX,
	    "Byte %llu of the form data: %s.", (unsigned long long)offset, why);
}

/* The text after the last slash of either kind: some clients send paths. */
static void
cut_path(char **text, size_t *len)
{
	size_t n = *len;

	while (n > 0 && (*text)[n - 1] != '/' && (*text)[n - 1] != '\\')
		n--;
	*text += n;
	*len -= n;
}

/*
 * A name as the HTML standard has browsers write it: as it is, but %22 %0D %0A
 * for the three characters that would break the line.
 */
static void
keep_name(const struct mime_param *p, bool is_path, char *out)
{
	char copy[PART_HEADER_MAX], *text = copy;
	size_t len = mime_unquote(p, text);

	len = mime_unpercent(text, len, "\"\r\n");
	if (is_path)
		cut_path(&text, &len);
	mime_text(text, len, out, PART_NAME_MAX + 1);
}

/*
 * A name of RFC 5987: charset'language'percent-encoded. Read as UTF-8 whatever
 * the charset is: others are extinct, and lose only the letters' faces. False
 * without the two quotes.
 */
static bool
keep_extended(const struct mime_param *p, char *out)
{
	char copy[PART_HEADER_MAX], *text = copy;
	size_t len = mime_unquote(p, text);

	for (int quotes = 0; quotes < 2; quotes++) {
		char *quote = memchr(text, '\'', len);

		if (quote == NULL)
			return false;
		len -= (size_t)(quote + 1 - text);
		text = quote + 1;
	}
	len = mime_unpercent(text, len, NULL);
	cut_path(&text, &len);
	mime_text(text, len, out, PART_NAME_MAX + 1);
	return true;
}

/* value stands at this offset. A part may lack a name: it is of no use here. */
static enum fault
read_disposition(const char *value, uint64_t offset, struct part *out,
    struct fault_info *info)
{
	static const char *const names[] = { "name", "filename", "filename*" };
	struct mime_param p, found[3] = { 0 };
	const char *at = mime_params(value);
	int more;

	if (!mime_type_is(value, "form-data"))
		return part_refuse(info, offset,
		    "Content-Disposition is not form-data");
	while ((more = mime_next(&at, &p)) == 1) {
		for (unsigned i = 0; i < 3; i++) {
			if (!mime_param_is(&p, names[i]))
				continue;
			if (found[i].name != NULL)
				return part_refuse(info,
				    offset + (uint64_t)(p.name - value),
				    "a parameter is there twice");
			found[i] = p;
		}
	}
	if (more < 0)
		return part_refuse(info, offset + (uint64_t)(at - value),
		    "Content-Disposition is malformed");
	out->is_file = found[1].name != NULL || found[2].name != NULL;
	if (found[0].name != NULL)
		keep_name(&found[0], false, out->name);
	if (found[1].name != NULL)
		keep_name(&found[1], true, out->filename);
	else if (found[2].name != NULL &&
	    !keep_extended(&found[2], out->filename))
		return part_refuse(info,
		    offset + (uint64_t)(found[2].value - value),
		    "filename* is not charset'language'text");
	return FAULT_NONE;
}

/* Long header lines may go on in a line that begins with a blank (RFC 5322). */
static void
unfold(char *header, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++)
		if (header[i] == '\r' &&
		    (header[i + 2] == ' ' || header[i + 2] == '\t'))
			header[i] = header[i + 1] = ' ';
}

enum fault
part_read(char *header, size_t len, uint64_t offset, struct part *out,
    struct fault_info *info)
{
	static const char wanted[] = "Content-Disposition";
	struct part part = { 0 };
	bool seen = false;
	char *next;

	unfold(header, len);
	for (char *line = header; line < header + len; line = next) {
		size_t name_len = mime_token(line);
		uint64_t at = offset + (uint64_t)(line - header);
		enum fault f;

		next = strchr(line, '\r') + 2;
		next[-2] = '\0';
		if (name_len == 0 || line[name_len] != ':')
			return part_refuse(info, at,
			    "a header line does not begin with a name and ':'");
		if (name_len != sizeof wanted - 1 ||
		    strncasecmp(line, wanted, name_len) != 0)
			continue;
		if (seen)
			return part_refuse(info, at,
			    "a part has two Content-Dispositions");
		seen = true;
		f = read_disposition(line + name_len + 1, at + name_len + 1,
		    &part, info);
		if (f != FAULT_NONE)
			return f;
	}
	if (!seen)
		return part_refuse(info, offset,
		    "a part has no Content-Disposition");
	*out = part;
	return FAULT_NONE;
}
