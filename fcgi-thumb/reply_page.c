#include "config.h"

/*
 * The answer of an upload for people without scripts. Uses the classes of the
 * upload page's own style sheet, so that both look alike.
 */

#include "reply_page.h"

#include <string.h>

static void
put_url(struct buf *out, const struct variant *v, const char *id,
    const struct settings *settings)
{
	struct buf url = { 0 };

	variant_url(v, id, settings, &url);
	buf_html(out, url.failed ? "" : url.data);
	out->failed |= url.failed;
	buf_fini(&url);
}

/* Powers of 1024, as the settings' K and M, so that 32M reads 32 MB. */
static void
put_bytes(struct buf *out, uint64_t bytes)
{
	if (bytes < 1024)
		buf_printf(out, "%llu bytes", (unsigned long long)bytes);
	else if (bytes < 1024 * 1024)
		buf_printf(out, "%llu kB",
		    (unsigned long long)((bytes + 512) / 1024));
	else
		buf_printf(out, "%.1f MB", (double)bytes / (1024 * 1024));
}

static void
put_size(struct buf *out, struct size size, uint64_t bytes)
{
	buf_printf(out, "%u × %u · ", size.width, size.height);
	put_bytes(out, bytes);
}

/* A detail names limit and value in its words; the bare numbers stand in for one. */
static void
put_refusal(struct buf *out, const struct fault_info *info)
{
	buf_puts(out, "<p class=\"refusal\">");
	buf_html(out, fault_title(info->fault));
	buf_puts(out, ". ");
	buf_html(out, info->detail);
	if (info->has_limit && info->detail[0] == '\0')
		buf_printf(out, "%llu; the limit is %llu.", info->actual,
		    info->limit);
	buf_puts(out, "</p>\n");
}

static void
put_name(struct buf *out, const struct outcome *o)
{
	/* Isolated: a name may hold marks that turn the direction of text. */
	buf_puts(out, "<h2><bdi>");
	buf_html(out, o->name[0] != '\0' ? o->name : "Photo");
	buf_puts(out, "</bdi></h2>\n");
}

/* The one with the fewest pixels; with as many, the first. */
static const struct variant *
smallest(const struct manifest *m)
{
	const struct variant *best = &m->variants[0];

	for (unsigned i = 1; i < m->n; i++) {
		struct size size = m->variants[i].size;

		if ((uint64_t)size.width * size.height <
		    (uint64_t)best->size.width * best->size.height)
			best = &m->variants[i];
	}
	return best;
}

static void
put_thumb(struct buf *out, const struct manifest *m,
    const struct settings *settings)
{
	const struct variant *v = smallest(m);

	buf_puts(out, "<div class=\"thumb\"><a href=\"");
	put_url(out, &m->variants[0], m->id, settings);
	buf_puts(out, "\"><img src=\"");
	put_url(out, v, m->id, settings);
	buf_printf(out, "\" width=\"%u\" height=\"%u\" alt=\"\"></a></div>\n",
	    v->size.width, v->size.height);
}

static void
put_variant(struct buf *out, const struct variant *v, const char *id,
    const struct settings *settings)
{
	char link[VARIANT_FILE_MAX + 1];

	variant_link(v, link);
	buf_puts(out, "<div><dt><a href=\"");
	put_url(out, v, id, settings);
	buf_printf(out, "\">%s</a></dt><dd>", link);
	put_size(out, v->size, v->bytes);
	buf_puts(out, "</dd></div>\n");
}

/* To select and take into a page. */
static void
put_html(struct buf *out, const struct manifest *m,
    const struct settings *settings)
{
	struct buf html = { 0 };

	buf_puts(&html, "");
	manifest_html(m, settings, &html);
	buf_puts(out,
	    "<details><summary>HTML for a page</summary>\n"
	    "<textarea readonly rows=\"6\" spellcheck=\"false\" "
	    "aria-label=\"HTML for a page\">");
	buf_html(out, html.failed ? "" : html.data);
	buf_puts(out, "</textarea></details>\n");
	out->failed |= html.failed;
	buf_fini(&html);
}

static void
put_taken(struct buf *out, const struct outcome *o,
    const struct settings *settings)
{
	const struct manifest *m = &o->manifest;

	put_thumb(out, m, settings);
	buf_puts(out, "<div class=\"about\">\n");
	put_name(out, o);
	buf_puts(out, "<p class=\"facts\">");
	put_size(out, m->size, m->bytes);
	buf_puts(out, o->status == PHOTO_EXISTS ? ", was here already" : "");
	buf_puts(out, "</p>\n</div>\n<dl>\n");
	for (unsigned i = 0; i < m->n; i++)
		put_variant(out, &m->variants[i], m->id, settings);
	buf_puts(out, "</dl>\n");
	put_html(out, m, settings);
}

static void
put_photo(struct buf *out, const struct outcome *o,
    const struct settings *settings)
{
	buf_puts(out, "<article class=\"photo\">\n");
	if (o->status == PHOTO_REFUSED) {
		buf_puts(out,
		    "<div class=\"thumb\"></div>\n<div class=\"about\">\n");
		put_name(out, o);
		put_refusal(out, &o->info);
		buf_puts(out, "</div>\n");
	} else {
		put_taken(out, o, settings);
	}
	buf_puts(out, "</article>\n");
}

void
reply_page(struct buf *out, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole, const struct settings *settings)
{
	buf_puts(out,
	    "<!doctype html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>Your thumbnails</title>\n"
	    "<link rel=\"icon\" href=\"icon.svg\" type=\"image/svg+xml\">\n"
	    "<link rel=\"stylesheet\" href=\"page.css\">\n"
	    "</head>\n<body>\n<header>\n<h1>Your thumbnails</h1>\n</header>\n"
	    "<main class=\"result\">\n");
	if (whole->fault != FAULT_NONE)
		put_refusal(out, whole);
	for (unsigned i = 0; i < n; i++)
		put_photo(out, &outcomes[i], settings);
	buf_puts(out,
	    "<p><a class=\"again\" href=\"./\">Send more photos</a></p>\n"
	    "</main>\n</body>\n</html>\n");
}
