#include "config.h"

#include "renders.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

void
set_preset(unsigned i, const char *name, unsigned width, unsigned height,
    enum fit fit, enum format format)
{
	struct preset *preset = &picture_settings->presets[i];

	memset(preset, 0, sizeof *preset);
	snprintf(preset->name, sizeof preset->name, "%s", name);
	preset->width = width;
	preset->height = height;
	preset->fit = fit;
	preset->quality = 80;
	preset->background = 0xffffff;
	preset->formats[0] = format;
	preset->n_formats = 1;
	picture_settings->n_presets = i + 1;
}

enum fault
render_wanted(const void *data, size_t len, const struct wanted *wanted,
    struct rendering *out, struct fault_info *info)
{
	struct sniff sniff;
	enum fault f = sniff_read(data, len, &sniff, info);

	if (f == FAULT_NONE)
		f = sniff_check(&sniff, &picture_settings->limits, info);
	if (f == FAULT_NONE)
		f = render_photo(data, len, &sniff, picture_settings, wanted,
		    &picture_progress, out, info);
	return f;
}

enum fault
render_bytes(const void *data, size_t len, struct rendering *out,
    struct fault_info *info)
{
	struct wanted wanted;

	wanted_all(picture_settings, &wanted);
	return render_wanted(data, len, &wanted, out, info);
}

struct rendering
render_file(const char *name)
{
	struct rendering r = { 0 };
	struct fault_info info = { 0 };
	size_t len;
	char *data = test_data(name, &len);
	enum fault f = render_bytes(data, len, &r, &info);

	ck_assert_msg(f == FAULT_NONE, "%s: %s %s %s", name, fault_code(f),
	    info.detail, info.cause);
	free(data);
	return r;
}

struct rendering
render_drawn(unsigned width, unsigned height,
    unsigned (*color)(unsigned x, unsigned y))
{
	struct rendering r = { 0 };
	struct fault_info info = { 0 };
	size_t len;
	void *data = picture_make(width, height, color, &len);
	enum fault f = render_bytes(data, len, &r, &info);

	ck_assert_msg(f == FAULT_NONE, "%s %s %s", fault_code(f), info.detail,
	    info.cause);
	free(data);
	return r;
}

struct pixels
file_pixels(const struct rendering *r, unsigned i)
{
	ck_assert_uint_lt(i, r->n);
	return pixels_read(r->files[i].data, r->files[i].len,
	    r->files[i].format);
}
