#include "config.h"

/*
 * A photo as a piece of HTML that a page can take as it stands: which presets
 * show the same picture, in which formats, and which of them a browser may
 * choose from. Needs no style of its own, so that any content policy allows it.
 */

#include <string.h>

#include "manifest.h"

/* One width that a browser may choose. */
struct candidate {
	const struct preset *preset;
	struct size size;
};

/* The presets that show the same picture, by rising width. */
struct choice {
	const struct manifest *photo;
	const struct settings *settings;
	bool moves; /* it may be an animation, and presets keep one */
	struct candidate list[SETTINGS_PRESETS_MAX];
	unsigned n;
};

static bool
has_format(const struct preset *p, enum format format)
{
	for (unsigned i = 0; i < p->n_formats; i++)
		if (p->formats[i] == format)
			return true;
	return false;
}

/* Every browser shows these. */
static bool
is_universal(enum format format)
{
	return format == FORMAT_JPEG || format == FORMAT_PNG ||
	    format == FORMAT_GIF;
}

/*
 * Would a page show one in place of the other? All that hold the whole photo
 * inside a box are alike; what cuts or pads must do so in the same way.
 */
static bool
are_alike(const struct preset *a, const struct preset *b)
{
	if (a->fit == FIT_INSIDE || b->fit == FIT_INSIDE)
		return a->fit == b->fit;
	return a->fit == b->fit && a->gravity == b->gravity &&
	    a->background == b->background &&
	    (uint64_t)a->width * b->height == (uint64_t)b->width * a->height;
}

/*
 * Where some presets keep animations, what moves is shown by these alone: a
 * browser that chooses by width would else take a still one at times.
 */
static bool
may_show(const struct choice *c, const struct preset *preset)
{
	return !c->moves || preset->animated;
}

/* The preset that says how the photo is shown: whole, if there is one. */
static const struct preset *
find_model(const struct choice *c)
{
	const struct settings *s = c->settings;
	const struct preset *first = NULL;

	for (unsigned p = 0; p < s->n_presets; p++) {
		if (!may_show(c, &s->presets[p]))
			continue;
		if (s->presets[p].fit == FIT_INSIDE)
			return &s->presets[p];
		if (first == NULL)
			first = &s->presets[p];
	}
	return first;
}

/* All formats of a preset have one size: any file of it tells. */
static const struct variant *
find_any(const struct manifest *m, const struct preset *preset)
{
	const struct variant *v = NULL;

	for (unsigned i = 0; i < preset->n_formats && v == NULL; i++)
		v = manifest_find(m, preset, preset->formats[i]);
	return v;
}

/* Behind those that are not wider: of equal width the settings' first leads. */
static void
add(struct choice *c, const struct preset *preset, struct size size)
{
	unsigned at = c->n++;

	for (; at > 0 && c->list[at - 1].size.width > size.width; at--)
		c->list[at] = c->list[at - 1];
	c->list[at] = (struct candidate){ preset, size };
}

static void
choose(struct choice *c)
{
	const struct preset *model = find_model(c);

	for (unsigned p = 0; p < c->settings->n_presets; p++) {
		const struct preset *preset = &c->settings->presets[p];
		const struct variant *v = find_any(c->photo, preset);

		if (v != NULL && may_show(c, preset) &&
		    are_alike(model, preset))
			add(c, preset, v->size);
	}
}

/* The next candidate of this format from *i on that is wider than `than`. */
static const struct candidate *
next(const struct choice *c, unsigned *i, enum format format, unsigned than)
{
	for (; *i < c->n; (*i)++)
		if (has_format(c->list[*i].preset, format) &&
		    c->list[*i].size.width > than)
			return &c->list[(*i)++];
	return NULL;
}

/* GIF and WebP may be animations; which of them are is not kept. */
static bool
may_move(const struct manifest *m, const struct settings *settings)
{
	if (m->format == FORMAT_GIF || m->format == FORMAT_WEBP)
		for (unsigned p = 0; p < settings->n_presets; p++)
			if (settings->presets[p].animated &&
			    find_any(m, &settings->presets[p]) != NULL)
				return true;
	return false;
}

/* What <img> shows: a format for every browser, the widest if there are two. */
static enum format
img_format(const struct choice *c)
{
	for (unsigned i = c->n; c->moves && i-- > 0;)
		if (has_format(c->list[i].preset, FORMAT_GIF))
			return FORMAT_GIF;
	for (unsigned i = c->n; i-- > 0;) {
		const struct preset *p = c->list[i].preset;

		for (unsigned f = 0; f < p->n_formats; f++)
			if (is_universal(p->formats[f]))
				return p->formats[f];
	}
	return c->list[c->n - 1].preset->formats[0];
}

static void
put_url(const struct choice *c, const struct candidate *one, enum format format,
    struct buf *out)
{
	struct variant v = { .format = format };
	struct buf url = { 0 };

	memcpy(v.preset, one->preset->name, sizeof v.preset);
	memcpy(v.recipe, one->preset->recipe, sizeof v.recipe);
	variant_url(&v, c->photo->id, c->settings, &url);
	buf_html(out, url.failed ? "" : url.data);
	out->failed |= url.failed;
	buf_fini(&url);
}

/* Photos are shown as wide as the <img>'s own file, or as the window. */
static void
put_srcset(const struct choice *c, enum format format, unsigned shown,
    struct buf *out)
{
	const struct candidate *one;
	const char *between = " srcset=\"";
	unsigned i = 0, width = 0;

	while ((one = next(c, &i, format, width)) != NULL) {
		buf_puts(out, between);
		put_url(c, one, format, out);
		width = one->size.width;
		buf_printf(out, " %uw", width);
		between = ", ";
	}
	buf_printf(out, "\" sizes=\"(max-width: %upx) 100vw, %upx\"", shown,
	    shown);
}

/* The widest of a format; there is one. */
static const struct candidate *
widest(const struct choice *c, enum format format)
{
	const struct candidate *one, *best = NULL;
	unsigned i = 0, width = 0;

	while ((one = next(c, &i, format, width)) != NULL) {
		best = one;
		width = one->size.width;
	}
	return best;
}

static void
put_source(const struct choice *c, enum format format, unsigned shown,
    struct buf *out)
{
	if (widest(c, format) == NULL)
		return;
	buf_printf(out, "<source type=\"%s\"", format_spec(format)->type);
	put_srcset(c, format, shown, out);
	buf_puts(out, ">");
}

void
manifest_html(const struct manifest *m, const struct settings *settings,
    struct buf *out)
{
	/* A browser takes the first that it knows: the smallest files first. */
	static const enum format sources[] = { FORMAT_AVIF, FORMAT_WEBP };
	struct choice c = { .photo = m,
		.settings = settings,
		.moves = may_move(m, settings) };
	const struct candidate *shown;
	enum format format;

	choose(&c);
	if (c.n == 0)
		return;
	format = img_format(&c);
	shown = widest(&c, format);
	buf_puts(out, "<picture>");
	for (unsigned i = 0; i < sizeof sources / sizeof sources[0]; i++)
		if (sources[i] != format &&
		    !(c.moves && sources[i] == FORMAT_AVIF)) /* a still */
			put_source(&c, sources[i], shown->size.width, out);
	buf_puts(out, "<img src=\"");
	put_url(&c, shown, format, out);
	buf_puts(out, "\"");
	put_srcset(&c, format, shown->size.width, out);
	buf_printf(out,
	    " width=\"%u\" height=\"%u\" alt=\"\" loading=\"lazy\" "
	    "decoding=\"async\"></picture>",
	    shown->size.width, shown->size.height);
}
