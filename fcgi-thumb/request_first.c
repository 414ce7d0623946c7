#include "config.h"

/*
 * A thumbnail that is not there yet, at its first request. nginx has taken the
 * address apart and asks; the answer sends it back to the file, so that it is
 * served like any other. What nginx says is checked here again: whoever can
 * write to the socket must not get more than that.
 */

#include <string.h>

#include "admission.h"
#include "develop.h"
#include "request_internal.h"

#define URI_MAX 4096

/* The address is taken from nginx, not made: it knows what it was asked. */
static bool
is_uri(const char *uri, const struct settings *settings)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789._~?=/-";
	size_t prefix = strlen(settings->prefix), len = strlen(uri);

	return len <= URI_MAX && strspn(uri, allowed) == len &&
	    strncmp(uri, settings->prefix, prefix) == 0 &&
	    strncmp(uri + prefix, "/t/", 3) == 0;
}

/* Which one file it is: its bit. FORMAT_NONE where the settings have no such. */
static enum format
find_file(const struct settings *settings, const char *preset, const char *ext,
    struct wanted *out)
{
	enum format format = FORMAT_NONE;

	*out = (struct wanted){ 0 };
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *row = &settings->presets[p];

		if (strcmp(row->name, preset) != 0)
			continue;
		for (unsigned i = 0; i < row->n_formats; i++)
			if (strcmp(format_spec(row->formats[i])->ext, ext) ==
			    0) {
				out->formats[p] |= 1U << i;
				format = row->formats[i];
			}
	}
	return format;
}

bool
request_is_first(const struct io *io)
{
	return io_param(io, "THUMB_ID")[0] != '\0';
}

enum fault
request_first(struct service *sv, const struct io *io,
    struct progress *progress, struct outcome *out, struct fault_info *info)
{
	const char *id = io_param(io, "THUMB_ID");
	struct develop dv = { .store = sv->store,
		.settings = sv->settings,
		.progress = progress,
		.queue = sv->queue };
	const char *method = io_param(io, "REQUEST_METHOD");
	struct wanted wanted;
	enum format format;
	enum fault f;

	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return fault_set(info, FAULT_METHOD_NOT_ALLOWED, "%s", "");
	if ((f = admission_wait(io, sv->settings, progress, info)) !=
	    FAULT_NONE)
		return f;
	format = find_file(sv->settings, io_param(io, "THUMB_PRESET"),
	    io_param(io, "THUMB_EXT"), &wanted);
	if (!photo_id_is_valid(id) || format == FORMAT_NONE ||
	    !is_uri(io_param(io, "THUMB_URI"), sv->settings))
		return fault_set(info, FAULT_NOT_FOUND, "%s", "");
	f = develop_again(&dv, id, &wanted, info);
	out->manifest = dv.manifest;
	out->decoded = dv.decoded;
	out->engine = dv.engine;
	memcpy(out->declined, dv.declined, sizeof out->declined);
	if (f == FAULT_NONE && dv.decoded)
		out->made = format;
	return f;
}

void
request_redirect(const struct io *io, struct buf *out)
{
	buf_printf(out, "Status: 200 OK\r\nX-Accel-Redirect: %s\r\n\r\n",
	    io_param(io, "THUMB_URI"));
}
