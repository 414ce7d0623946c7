#ifndef FT_TESTS_RENDERS_H
#define FT_TESTS_RENDERS_H

#include "pictures.h"
#include "render.h"

/*
 * What the tests of whole renderings share, with the settings of pictures.h.
 * A helper that cannot do its work fails the test that called it.
 */

/* Preset i, in one format; presets behind it are gone, quality is 80. */
void set_preset(unsigned i, const char *name, unsigned width, unsigned height,
    enum fit fit, enum format format);

/* From bytes, by all steps that an upload takes. */
enum fault render_wanted(const void *data, size_t len,
    const struct wanted *wanted, struct rendering *out,
    struct fault_info *info);
/* The same with every file wanted. */
enum fault render_bytes(const void *data, size_t len, struct rendering *out,
    struct fault_info *info);

/* A file of test data that can be rendered. */
struct rendering render_file(const char *name);

/* The px of a picture that picture_make draws. */
struct rendering render_drawn(unsigned width, unsigned height,
    unsigned (*color)(unsigned x, unsigned y));

/* File i, decoded. */
struct pixels file_pixels(const struct rendering *r, unsigned i);

#endif
