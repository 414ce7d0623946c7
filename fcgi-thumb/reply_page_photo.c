#include "config.h"

/*
 * One photo in the page of results: its thumbnails with their dimensions and
 * weights, and what a script would copy or keep for a person, to be selected by
 * hand.
 */

#include <string.h>

#include "figures.h"
#include "reply_page_internal.h"

static const struct {
	const char *photo;        /* in place of a name */
	const char *thumbnail[2]; /* before the name, and behind it */
	const char *original;
	const char *existed;
	const char *download;
	const char *copy;
	const char *address;
	const char *rooted;
	const char *deletion;
	const char *request;
	const char *keep;
} words[] = {
	[LANGUAGE_EN] = {
	    .photo = "Photo",
	    .thumbnail = { "Thumbnail of ", "" },
	    .original = "Original",
	    .existed = "was here already",
	    .download = "Download",
	    .copy = "Address, Markdown and HTML to copy",
	    .address = "Address",
	    .rooted = "These addresses begin at the root of this site: put "
		      "the site’s own address before them where they are to "
		      "work elsewhere.",
	    .deletion = "To delete it later",
	    .request = "Request that deletes the photo",
	    .keep = "It takes this request with its token to delete the photo. "
		    "It is shown only now: keep it where only you can read "
		    "it. A program such as curl can send it, or the operator "
		    "of this site for you.",
	},
	[LANGUAGE_KO] = {
	    .photo = "사진",
	    .thumbnail = { "", "의 섬네일" },
	    .original = "원본",
	    .existed = "이미 있던 사진",
	    .download = "다운로드",
	    .copy = "복사할 주소, Markdown, HTML",
	    .address = "주소",
	    .rooted = "이 주소는 사이트 주소를 뺀 것입니다. 다른 곳에서 "
		      "쓰려면 앞에 사이트 주소를 붙여 주세요.",
	    .deletion = "나중에 삭제하려면",
	    .request = "사진을 삭제하는 요청",
	    .keep = "사진을 삭제하려면 토큰이 든 이 요청이 필요하며, 지금 "
		    "한 번만 보여 드립니다. 본인만 볼 수 있는 곳에 보관해 "
		    "주세요. curl 같은 프로그램으로 보내거나 사이트 "
		    "운영자에게 부탁하면 됩니다.",
	},
};

/* px: as wide as page.css shows it at most, as card.js has it. */
#define ENOUGH 280

/* A photo, and how it is told of. */
struct card {
	const struct outcome *photo;
	const struct settings *settings;
	enum language language;
};

static const char *
name_of(const struct card *c)
{
	return c->photo->name[0] != '\0' ? c->photo->name
					 : words[c->language].photo;
}

static void
put_size(struct buf *out, struct size size)
{
	buf_printf(out, "%u\u00a0×\u00a0%u", size.width, size.height);
}

/* A piece of text that was put together apart, as text of the page. */
static void
put_made(struct buf *out, struct buf *made)
{
	if (made->data != NULL)
		buf_html(out, made->data);
	out->failed |= made->failed;
	buf_fini(made);
}

static void
put_url(struct buf *out, const struct card *c, const struct variant *v)
{
	struct buf url = { 0 };

	variant_url(v, c->photo->manifest.id, c->settings, &url);
	put_made(out, &url);
}

/* ---- what is seen ---- */

static void
put_name(struct buf *out, const struct card *c)
{
	/* Isolated: a name may hold marks that turn the direction of text. */
	buf_puts(out, "<h2><bdi>");
	buf_html(out, name_of(c));
	buf_puts(out, "</bdi></h2>\n");
}

static uint64_t
pixels(const struct variant *v)
{
	return (uint64_t)v->size.width * v->size.height;
}

/* The one with the most pixels; with as many, the first. */
static const struct variant *
largest(const struct manifest *m)
{
	const struct variant *best = &m->variants[0];

	for (unsigned i = 1; i < m->n; i++)
		if (pixels(&m->variants[i]) > pixels(best))
			best = &m->variants[i];
	return best;
}

/* Is nothing cut off, but for what rounding does to its shape? */
static bool
is_whole(const struct variant *v, const struct manifest *m)
{
	double shape = (double)v->size.width / v->size.height;
	double ratio = shape * m->size.height / m->size.width;

	return ratio > .95 && ratio < 1.05;
}

/*
 * What to show of a photo, as the cards of the upload page do: the smallest that
 * fills its frame and is not cut, else the largest.
 */
static const struct variant *
shown(const struct manifest *m)
{
	const struct variant *best = NULL;

	for (unsigned i = 0; i < m->n; i++) {
		const struct variant *v = &m->variants[i];

		if (is_whole(v, m) &&
		    (v->size.width >= ENOUGH || v->size.height >= ENOUGH) &&
		    (best == NULL || pixels(v) <= pixels(best)))
			best = v;
	}
	return best != NULL ? best : largest(m);
}

static void
put_thumb(struct buf *out, const struct card *c)
{
	const struct manifest *m = &c->photo->manifest;
	const struct variant *v = shown(m);

	buf_puts(out, "<div class=\"thumb\"><a href=\"");
	put_url(out, c, largest(m));
	buf_puts(out, "\"><img src=\"");
	put_url(out, c, v);
	buf_printf(out, "\" width=\"%u\" height=\"%u\" alt=\"", v->size.width,
	    v->size.height);
	buf_puts(out, words[c->language].thumbnail[0]);
	buf_html(out, name_of(c));
	buf_printf(out, "%s\"></a></div>\n", words[c->language].thumbnail[1]);
}

static void
put_about(struct buf *out, const struct card *c)
{
	const struct manifest *m = &c->photo->manifest;

	buf_puts(out, "<div class=\"about\">\n");
	put_name(out, c);
	buf_printf(out, "<p class=\"facts\">%s: ", words[c->language].original);
	put_size(out, m->size);
	buf_puts(out, " · ");
	figures_bytes(out, m->bytes, 1, c->language);
	if (c->photo->status == PHOTO_EXISTS)
		buf_printf(out, " · %s", words[c->language].existed);
	buf_puts(out, "</p>\n</div>\n");
}

static void
put_variant(struct buf *out, const struct card *c, const struct variant *v)
{
	char link[VARIANT_FILE_MAX + 1];

	variant_link(v, link);
	buf_puts(out, "<div><dt><a href=\"");
	put_url(out, c, v);
	buf_printf(out, "\">%s</a></dt><dd>", link);
	put_size(out, v->size);
	buf_puts(out, "</dd><dd>");
	figures_bytes(out, v->bytes, 1, c->language);
	buf_puts(out, "</dd><dd class=\"tool\"><a class=\"save\" href=\"");
	put_url(out, c, v);
	/* nginx makes a file to keep of it: see its map of this word. */
	buf_printf(out, "&amp;download\">%s<span class=\"unseen\"> %s, ",
	    words[c->language].download, link);
	buf_html(out, name_of(c));
	buf_puts(out, "</span></a></dd></div>\n");
}

/* ---- what is copied ---- */

static void
put_field(struct buf *out, const char *label, unsigned rows, struct buf *text)
{
	buf_printf(out,
	    "<label>%s<textarea readonly rows=\"%u\" spellcheck=\"false\">",
	    label, rows);
	put_made(out, text);
	buf_puts(out, "</textarea></label>\n");
}

/* A name between the brackets of Markdown: any mark of it stands for itself. */
static void
put_markdown_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		bool control = (unsigned char)*name < ' ' || *name == '\x7f';

		if (strchr("\\`*_[]<>&", *name) != NULL)
			buf_puts(out, "\\");
		buf_add(out, control ? " " : name, 1);
	}
}

static void
put_copies(struct buf *out, const struct card *c)
{
	const struct manifest *m = &c->photo->manifest;
	struct buf address = { 0 }, markdown = { 0 }, html = { 0 };

	variant_url(largest(m), m->id, c->settings, &address);
	buf_puts(&markdown, "![");
	put_markdown_name(&markdown, name_of(c));
	buf_puts(&markdown, "](");
	variant_url(largest(m), m->id, c->settings, &markdown);
	buf_puts(&markdown, ")");
	manifest_html(m, c->settings, &html);
	buf_printf(out, "<details><summary>%s</summary>\n",
	    words[c->language].copy);
	if (c->settings->public_url[0] == '\0')
		buf_printf(out, "<p class=\"hint\">%s</p>\n",
		    words[c->language].rooted);
	put_field(out, words[c->language].address, 2, &address);
	put_field(out, "Markdown", 3, &markdown);
	put_field(out, "HTML", 6, &html);
	buf_puts(out, "</details>\n");
}

/* The only time that it is shown, and no script is there to keep it. */
static void
put_deletion(struct buf *out, const struct card *c)
{
	const struct outcome *o = c->photo;
	struct buf request = { 0 };

	if (o->token[0] == '\0')
		return;
	buf_printf(&request, "DELETE %s%s/photos/%s\nAuthorization: Bearer %s",
	    c->settings->public_url, c->settings->prefix, o->manifest.id,
	    o->token);
	buf_printf(out,
	    "<details><summary>%s</summary>\n<p class=\"hint\">%s"
	    "</p>\n",
	    words[c->language].deletion, words[c->language].keep);
	put_field(out, words[c->language].request, 5, &request);
	buf_puts(out, "</details>\n");
}

/* ---- the whole ---- */

static void
put_taken(struct buf *out, const struct card *c)
{
	const struct manifest *m = &c->photo->manifest;

	put_thumb(out, c);
	put_about(out, c);
	buf_puts(out, "<dl>\n");
	for (unsigned i = 0; i < m->n; i++)
		put_variant(out, c, &m->variants[i]);
	buf_puts(out, "</dl>\n");
	buf_puts(out, "<div class=\"more\">\n");
	put_copies(out, c);
	put_deletion(out, c);
	buf_puts(out, "</div>\n");
}

static void
put_refused(struct buf *out, const struct card *c)
{
	buf_puts(out, "<div class=\"thumb\"></div>\n<div class=\"about\">\n");
	put_name(out, c);
	reply_page_refusal(out, &c->photo->info, c->language);
	buf_puts(out, "</div>\n");
}

void
reply_page_photo(struct buf *out, const struct outcome *o,
    const struct settings *settings, enum language language)
{
	struct card c = { o, settings, language };

	buf_puts(out, "<article class=\"photo\">\n");
	if (o->status == PHOTO_REFUSED)
		put_refused(out, &c);
	else
		put_taken(out, &c);
	buf_puts(out, "</article>\n");
}
