#include "config.h"

/*
 * The answer of an upload for people without scripts: the page around the
 * photos, and refusals in words. It has the head of the pages in nginx/html,
 * with their style sheet, so that all look alike.
 */

#include "reply_page.h"

#include <string.h>

#include "figures.h"
#include "reply_page_internal.h"
#include "terms_time.h"

static const struct {
	const char *title;
	const char *refused; /* the title where nothing was taken */
	const char *nav;
	const char *upload;
	const char *mine;
	const char *status;
	const char *again;
} words[] = {
	[LANGUAGE_EN] = { "Your thumbnails", "Not taken", "Pages", "Upload",
	    "My photos", "Status", "Send more photos" },
	[LANGUAGE_KO] = { "섬네일이 준비되었습니다", "올리지 못했습니다",
	    "페이지", "올리기", "내 사진", "상태", "사진 더 올리기" },
};

/* ---- refusals ---- */

/*
 * What is known beyond the title, other than numbers. Details are English, and
 * said to be so, last, in a page of another language.
 */
static void
put_detail(struct buf *out, const struct fault_info *info,
    enum language language)
{
	bool foreign = language != LANGUAGE_EN;

	buf_puts(out, foreign ? " <span lang=\"en\">" : " ");
	buf_html(out, info->detail);
	buf_puts(out, foreign ? "</span>" : "");
}

/* A time without photos that ends: its detail again, in Korean. */
static void
put_until_ko(struct buf *out, const struct fault_info *info)
{
	char when[TERMS_TIME_MAX];

	/* "2026-12-24T18:00:00.123Z" */
	terms_time_text(info->until * 1000, when);
	if (strlen(when) < 16)
		return;
	buf_printf(out, " %.10s %.5s(UTC)까지 서비스를 쉽니다", when,
	    when + 11);
	if (info->reason != 0) {
		buf_puts(out, ": ");
		buf_html(out, info->detail + info->reason);
	}
	buf_puts(out, ".");
}

void
reply_page_refusal(struct buf *out, const struct fault_info *info,
    enum language language)
{
	const struct fault_words *w = fault_words(info->fault, language);
	struct buf measures = { 0 };
	bool has_end = info->until != 0 && language == LANGUAGE_KO;
	bool has_detail;

	fault_measures(info, language, &measures);
	has_detail = measures.len == 0 && !has_end && info->detail[0] != '\0';
	buf_puts(out, "<p class=\"refusal\">");
	buf_html(out, w->title);
	buf_html(out, measures.len > 0 ? measures.data : "");
	buf_puts(out, ".");
	if (has_end)
		put_until_ko(out, info);
	if (has_detail && language == LANGUAGE_EN)
		put_detail(out, info, language);
	buf_puts(out, " ");
	buf_html(out, w->advice);
	if (has_detail && language != LANGUAGE_EN)
		put_detail(out, info, language);
	buf_puts(out, "</p>\n");
	out->failed |= measures.failed;
	buf_fini(&measures);
}

/* ---- the page ---- */

static unsigned
count_taken(const struct outcome *outcomes, unsigned n)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < n; i++)
		taken += outcomes[i].status != PHOTO_REFUSED;
	return taken;
}

/* Of several photos, before any of them. */
static void
put_summary(struct buf *out, unsigned taken, unsigned n, enum language language)
{
	buf_puts(out, "<p class=\"lead\">");
	if (language == LANGUAGE_KO)
		buf_printf(out, "%u장 중 %u장 완료", n, taken);
	else
		buf_printf(out, "%u of %u ready", taken, n);
	if (taken < n)
		buf_printf(out,
		    language == LANGUAGE_KO ? " · %u장 실패"
					    : " · %u not taken",
		    n - taken);
	buf_puts(out, "</p>\n");
}

/* The way to the other pages, where there are any. */
static void
put_header(struct buf *out, enum language language)
{
	buf_printf(out,
	    "<header>\n"
	    "<img src=\"icon.svg\" width=\"32\" height=\"32\" alt=\"\">\n"
	    "<nav aria-label=\"%s\">\n"
	    "<a href=\"./\">%s</a>\n"
	    "<a href=\"mine\">%s</a>\n"
	    "<a href=\"status\">%s</a>\n"
	    "</nav>\n</header>\n",
	    words[language].nav, words[language].upload, words[language].mine,
	    words[language].status);
}

static void
put_head(struct buf *out, const char *title, const struct settings *settings,
    enum language language)
{
	buf_printf(out,
	    "<!doctype html>\n<html lang=\"%s\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>%s</title>\n",
	    language_tag(language), title);
	if (settings->page)
		buf_puts(out,
		    "<link rel=\"icon\" href=\"icon.svg\" "
		    "type=\"image/svg+xml\">\n"
		    "<link rel=\"stylesheet\" href=\"page.css\">\n");
	buf_puts(out, "</head>\n<body>\n");
	if (settings->page)
		put_header(out, language);
	buf_printf(out, "<main class=\"result\">\n<h1>%s</h1>\n", title);
}

void
reply_page(struct buf *out, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole, const struct settings *settings,
    enum language language)
{
	unsigned taken = count_taken(outcomes, n);

	put_head(out,
	    taken > 0 ? words[language].title : words[language].refused,
	    settings, language);
	if (n > 1)
		put_summary(out, taken, n, language);
	if (whole->fault != FAULT_NONE)
		reply_page_refusal(out, whole, language);
	for (unsigned i = 0; i < n; i++)
		reply_page_photo(out, &outcomes[i], settings, language);
	if (settings->page)
		buf_printf(out,
		    "<p><a class=\"again\" href=\"./\">%s</a></p>\n",
		    words[language].again);
	buf_puts(out, "</main>\n</body>\n</html>\n");
}
