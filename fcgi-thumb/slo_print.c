#include "config.h"

/*
 * The report for people, who may have been woken for it: first whether the
 * service is online and what is wrong, then what that means for the objective,
 * then the past.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "slo.h"
#include "slo_internal.h"

#define COLUMNS 80
#define INDENT 12  /* of what stands behind a heading */
#define WORST 5    /* outages that are told of */
#define PLANNED 3  /* of the last hours off */
#define RELEASES 5 /* the last ones */

/* A prober that has been silent for longer has stopped. */
#define SILENT_MS (2 * LEDGER_MINUTE_MS)

enum color {
	GOOD,
	BAD,
	WARN,
	HEAD
};

struct page {
	const struct slo_book *book;
	const struct slo_figures *figures;
	const struct slo_style *style;
	FILE *out;
};

/* ---- pieces ---- */

static void __attribute__((format(printf, 3, 4)))
paint(const struct page *p, enum color color, const char *fmt, ...)
{
	static const char *const codes[] = {
		[GOOD] = "\033[1;32m",
		[BAD] = "\033[1;31m",
		[WARN] = "\033[33m",
		[HEAD] = "\033[1m",
	};
	va_list ap;

	if (p->style->color)
		(void)fputs(codes[color], p->out);
	va_start(ap, fmt);
	(void)vfprintf(p->out, fmt, ap);
	va_end(ap);
	if (p->style->color)
		(void)fputs("\033[m", p->out);
}

static void
heading(const struct page *p, const char *text)
{
	paint(p, HEAD, "%-*s", INDENT, text);
}

static void
go_on(const struct page *p)
{
	(void)fprintf(p->out, "%*s", INDENT, "");
}

/* Bytes of the character at text, which is UTF-8. */
static size_t
character(const char *text)
{
	size_t n = 1;

	while ((text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* What turns the direction of a line, or joins what it should not. */
static bool
is_invisible(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;

	if (len != 3)
		return false;
	return (c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0x8b && c[2] <= 0x8f) ||
	    (c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
	    (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xaf) ||
	    (c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf);
}

/* Columns up to the next space. */
static unsigned
word_width(const char *text)
{
	unsigned n = 0;

	for (; *text != '\0' && *text != ' '; n++)
		text += character(text);
	return n;
}

/* Others' words, without escapes, broken into lines behind the headings. */
static void
put_words(const struct page *p, const char *text)
{
	unsigned column = INDENT;

	for (; text[strspn(text, " ")] != '\0'; column++) {
		size_t len = character(text);

		if (column >= COLUMNS ||
		    (*text == ' ' &&
			column + word_width(text + 1) >= COLUMNS)) {
			(void)fputc('\n', p->out);
			go_on(p);
			column = INDENT;
			if (*text == ' ')
				len = character(++text);
		}
		if ((unsigned char)*text < 0x20 || *text == 0x7f ||
		    (len > 1 && (!p->style->utf8 || is_invisible(text, len))))
			(void)fputc('?', p->out);
		else
			(void)fwrite(text, 1, len, p->out);
		text += len;
	}
}

/* "47 min", "5 h 39 min", "30 d" */
static void
duration(int64_t minutes, char out[32])
{
	bool long_one = minutes >= 2 * SLO_DAY_MINUTES;
	int64_t unit = long_one ? SLO_DAY_MINUTES : 60;
	long long whole = (long long)(minutes / unit);
	long long rest = (long long)(minutes % unit / (long_one ? 60 : 1));

	if (whole == 0)
		(void)snprintf(out, 32, "%lld min", rest);
	else if (rest == 0)
		(void)snprintf(out, 32, "%lld %s", whole, long_one ? "d" : "h");
	else
		(void)snprintf(out, 32, "%lld %s %lld %s", whole,
		    long_one ? "d" : "h", rest, long_one ? "h" : "min");
}

#define WHEN_MAX 40

static struct tm
local(int64_t minute)
{
	time_t seconds = (time_t)(minute * 60);
	struct tm tm = { 0 };

	(void)localtime_r(&seconds, &tm);
	return tm;
}

/* "08:51" */
static void
clock_text(int64_t minute, char out[WHEN_MAX])
{
	struct tm tm = local(minute);

	(void)snprintf(out, WHEN_MAX, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

/* "Sat 2026-11-28 08:51" */
static void
date_text(int64_t minute, char out[WHEN_MAX])
{
	struct tm tm = local(minute);

	if (strftime(out, WHEN_MAX, "%a %Y-%m-%d %H:%M", &tm) == 0)
		out[0] = '\0';
}

/* The one or the other, as far as it has to be told. */
static void
moment(const struct page *p, int64_t minute, char out[WHEN_MAX])
{
	const struct slo_date *today = &p->figures->today;

	if (minute >= today->from && minute < today->until)
		clock_text(minute, out);
	else
		date_text(minute, out);
}

/* ---- now ---- */

static void
outage_line(const struct page *p, const struct slo_outage *o)
{
	char words[SLO_WORDS_MAX];

	slo_outage_words(o, words);
	go_on(p);
	put_words(p, words);
	(void)fputc('\n', p->out);
}

static void
print_silence(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	char when[WHEN_MAX];

	if (f->last_probe > 0 && p->book->now - f->last_probe <= SILENT_MS)
		return;
	moment(p, slo_minute_of(f->last_probe), when);
	go_on(p);
	paint(p, BAD, f->last_probe > 0 ? "no probe since %s" : "no probe yet",
	    when);
	(void)fputs(": is `thumbctl probe` running?\n", p->out);
}

/* "5 %", "33.33 %" */
#define SHARE_MAX 16

static void
share_text(unsigned share, char out[SHARE_MAX])
{
	(void)snprintf(out, SHARE_MAX, "%.5g %%", share * 100.0 / RELEASE_ALL);
}

/* The first thing to think of when something has broken. */
static void
print_under_way(const struct page *p)
{
	const struct release_run *run = &p->book->serving.state.run;
	char share[SHARE_MAX], since[WHEN_MAX], when[WHEN_MAX];

	if (run->how == RELEASE_NONE)
		return;
	share_text(run->share, share);
	moment(p, slo_minute_of(run->began), since);
	go_on(p);
	paint(p, WARN, "%s under way since %s: %s", release_how_name(run->how),
	    since, share);
	(void)fprintf(p->out, " on %s\n", settings_slot_name(run->to));
	go_on(p);
	if (run->deadline != 0 && run->deadline <= p->book->now) {
		moment(p, slo_minute_of(run->deadline), when);
		paint(p, BAD, "it should have gone back by itself at %s", when);
		(void)fputc('\n', p->out);
		go_on(p);
	}
	(void)fputs("`thumbctl release status` says what can be done\n",
	    p->out);
}

static void
print_now(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	const struct slo_outage *last =
	    f->n_outages > 0 ? &f->outages[f->n_outages - 1] : NULL;
	char text[32], since[WHEN_MAX], now[WHEN_MAX];
	bool known = f->state != SLO_UNCOUNTED;
	bool online = f->state == SLO_ONLINE;
	/* What was before the window is not known here. */
	bool longer = f->since == f->from;
	struct tm tm = local(f->until);

	duration(f->until - f->since, text);
	moment(p, f->since, since);
	date_text(f->until, now);
	paint(p, online ? GOOD : BAD, "%-*s", INDENT,
	    !known       ? "UNKNOWN"
		: online ? "ONLINE"
			 : "OFFLINE");
	(void)fprintf(p->out, "at %s %s", now, tm.tm_zone);
	if (known)
		(void)fprintf(p->out, ", since %s%s, %s%s",
		    longer ? "before " : "", since, longer ? "over " : "",
		    text);
	(void)fputc('\n', p->out);
	if (last != NULL && last->running)
		outage_line(p, last);
	print_silence(p);
	print_under_way(p);
}

/* ---- the objective ---- */

static void
print_objective(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	const struct slo_count *c = &f->window;
	int64_t first = p->book->first != INT64_MAX
	    ? slo_minute_of(p->book->first)
	    : f->until;
	char text[WHEN_MAX];

	heading(p, "Objective");
	duration(f->until - f->from, text);
	(void)fprintf(p->out,
	    "%.6g %% of the minutes online, over %s: ", f->objective * 100,
	    text);
	if (!f->known) {
		paint(p, BAD, "no evidence");
		(void)fputc('\n', p->out);
		return;
	}
	/* Cut, not rounded: what is missed never looks met. */
	paint(p, f->met ? GOOD : BAD, "%s with %.3f %%",
	    f->met ? "met" : "MISSED",
	    (double)(int64_t)(slo_availability(c) * 100000) / 1000);
	(void)fputc('\n', p->out);
	go_on(p);
	if (f->is_young) {
		(void)fprintf(p->out,
		    "of less than a day, which has %u minutes to use\n",
		    f->budget);
		go_on(p);
	}
	(void)fprintf(p->out, "%u of %u minutes online, %u offline",
	    c->minutes[SLO_ONLINE], c->counted, c->offline);
	if (c->minutes[SLO_PLANNED] > 0) {
		(void)fprintf(p->out, ", %u of these planned\n",
		    c->minutes[SLO_PLANNED]);
		go_on(p);
		(void)fprintf(p->out, "without the planned ones %.3f %%",
		    slo_availability_unplanned(c) * 100);
	}
	(void)fputc('\n', p->out);
	if (first > f->from) {
		date_text(first, text);
		go_on(p);
		(void)fprintf(p->out,
		    "counted from %s on, when the ledger begins\n", text);
	}
}

/* ---- today ---- */

/* A character for the 60 minutes from there on. */
static char
hour_mark(const struct page *p, int64_t from)
{
	struct slo_count c;

	slo_count(p->book, from, from + 60, &c);
	if (c.counted == 0)
		return '-';
	if (c.offline == 0)
		return '.';
	return c.offline < 10 ? (char)('0' + c.offline) : 'x';
}

static void
print_hours(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	unsigned n = 0;
	char label[WHEN_MAX];

	go_on(p);
	(void)fputs("by the hour", p->out);
	for (int64_t at = f->today.from; at < f->until; at += 60, n++) {
		if (n % 6 == 0) {
			clock_text(at, label);
			(void)fprintf(p->out, "  %.3s", label);
		}
		(void)fputc(hour_mark(p, at), p->out);
	}
	(void)fputc('\n', p->out);
}

static void
print_today(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	unsigned used = f->today.count.offline;
	unsigned planned = f->today.count.minutes[SLO_PLANNED];

	heading(p, "Today");
	if (slo_is_over(f))
		paint(p, BAD, "%u minutes used, %u more than the %u of a day",
		    used, used - f->budget, f->budget);
	else
		(void)fprintf(p->out, "%u of %u minutes used, %u left", used,
		    f->budget, f->budget - used);
	if (planned > 0)
		(void)fprintf(p->out, "; %u planned", planned);
	(void)fputc('\n', p->out);
	if (f->until > f->today.from)
		print_hours(p);
}

static void
print_burn(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	bool fires = false;

	heading(p, "Burn rate");
	for (unsigned i = 0; i < SLO_SPANS; i++)
		(void)fprintf(p->out, "%s%s %.1f", i > 0 ? "   " : "",
		    f->burn[i].name, f->burn[i].rate);
	(void)fputc('\n', p->out);
	for (unsigned i = 0; i < SLO_ALERTS; i++) {
		const struct slo_alert *a = &f->alerts[i];

		if (!a->fires)
			continue;
		fires = true;
		go_on(p);
		paint(p, BAD, "ALERT: it is %g or more over %s and %s",
		    a->rate_halves / 2.0, f->burn[a->spans[0]].name,
		    f->burn[a->spans[1]].name);
		(void)fputc('\n', p->out);
	}
	if (!fires) {
		go_on(p);
		(void)fputs("no alert fires\n", p->out);
	}
}

/* ---- beside it ---- */

static void
print_requests(const struct page *p)
{
	const struct slo_count *c = &p->figures->window;

	heading(p, "Requests");
	if (c->total == 0)
		(void)fputs("no real ones are known\n", p->out);
	else
		(void)fprintf(p->out,
		    "%ju real ones, %ju answered 5xx, %.3f %% succeeded\n",
		    (uintmax_t)c->total, (uintmax_t)c->errors,
		    (double)(c->total - c->errors) * 100 / (double)c->total);
}

static void
print_times(const struct page *p, const char *name, const struct slo_times *t)
{
	(void)fprintf(p->out, "%s %jd / %jd / %jd", name,
	    (intmax_t)slo_times_percentile(t, 50),
	    (intmax_t)slo_times_percentile(t, 95),
	    (intmax_t)slo_times_percentile(t, 99));
}

static void
print_probes(const struct page *p)
{
	const struct slo_figures *f = p->figures;

	if (slo_times_percentile(&f->upload, 50) >= 0) {
		heading(p, "Probes");
		print_times(p, "upload", &f->upload);
		if (slo_times_percentile(&f->read, 50) >= 0)
			print_times(p, ", read", &f->read);
		(void)fputs(" ms (p50 / p95 / p99)\n", p->out);
	}
	for (unsigned i = 0; i < f->n_versions; i++) {
		if (i == 0)
			heading(p, "Version");
		(void)fputs(i > 0 ? ", " : "", p->out);
		put_words(p, f->versions[i].name);
		if (i + 1 == f->n_versions)
			(void)fputc('\n', p->out);
	}
}

/* Only where there is more to say than which version is there. */
static void
print_serving(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	struct buf words = { 0 };
	char share[SHARE_MAX];

	if (!p->book->serving.has_slots)
		return;
	for (unsigned i = 0; i < f->n_shares; i++) {
		const struct slo_share *s = &f->shares[i];

		share_text(s->share, share);
		buf_printf(&words, "%s%s%s%s %s", i > 0 ? ", " : "",
		    settings_slot_name(s->slot),
		    s->version[0] != '\0' ? " " : "", s->version, share);
	}
	heading(p, "Slots");
	put_words(p,
	    f->n_shares == 0 || words.failed ? "not known" : words.data);
	(void)fputc('\n', p->out);
	buf_fini(&words);
}

static void
print_skipped(const struct page *p)
{
	const struct ledger_skipped *s = &p->book->skipped;

	if (s->cut + s->foreign + s->unknown == 0)
		return;
	heading(p, "Ledger");
	paint(p, WARN,
	    "%ju lines passed over: %ju cut, %ju foreign, %ju of other kinds",
	    (uintmax_t)(s->cut + s->foreign + s->unknown), (uintmax_t)s->cut,
	    (uintmax_t)s->foreign, (uintmax_t)s->unknown);
	(void)fputc('\n', p->out);
}

/* ---- outages ---- */

static void
print_outage(const struct page *p, const struct slo_outage *o)
{
	char text[32], from[WHEN_MAX], until[WHEN_MAX] = "still";

	duration(o->until - o->from, text);
	date_text(o->from, from);
	if (!o->running)
		clock_text(o->until, until);
	(void)fprintf(p->out, "%*s  %s - %s", INDENT, text, from, until);
	if (o->state == SLO_FAILED)
		(void)fprintf(p->out, "   %u of %u probes failed", o->failed,
		    o->probes);
	(void)fputc('\n', p->out);
	outage_line(p, o);
}

/* The longest first, of equal ones the newest. */
static int
compare_outages(const void *a, const void *b)
{
	const struct slo_outage *x = *(const struct slo_outage *const *)a;
	const struct slo_outage *y = *(const struct slo_outage *const *)b;
	int64_t m = x->until - x->from, n = y->until - y->from;

	return m != n ? (m < n) - (m > n)
		      : (x->from < y->from) - (x->from > y->from);
}

static void
print_worst(const struct page *p, const struct slo_outage **list, size_t n)
{
	qsort(list, n, sizeof *list, compare_outages);
	(void)fputc('\n', p->out);
	paint(p, HEAD, n > WORST ? "The %d worst of %zu outages" : "Outages",
	    WORST, n);
	(void)fputs(n == 0 ? "\n  none\n" : "\n", p->out);
	for (size_t i = 0; i < n && i < WORST; i++)
		print_outage(p, list[i]);
}

static void
print_planned(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	size_t i = f->n_outages, left = PLANNED;

	for (; i > 0 && left > 0; i--) {
		if (f->outages[i - 1].state != SLO_PLANNED)
			continue;
		if (left == PLANNED) {
			(void)fputc('\n', p->out);
			paint(p, HEAD, "Planned hours off, the last ones");
			(void)fputc('\n', p->out);
		}
		left--;
		print_outage(p, &f->outages[i - 1]);
	}
}

static void
print_outages(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	const struct slo_outage **list =
	    calloc(f->n_outages + 1, sizeof(const struct slo_outage *));
	size_t n = 0;

	if (list == NULL)
		return;
	for (size_t i = 0; i < f->n_outages; i++)
		if (f->outages[i].state != SLO_PLANNED)
			list[n++] = &f->outages[i];
	print_worst(p, list, n);
	free(list);
	print_planned(p);
}

/* ---- releases ---- */

/* "rollout 0.1.0 -> 0.2.0 (green) up to 25 %: fail, by alice" */
static void
release_words(const struct slo_release *r, struct buf *out)
{
	const struct slo_marks *m = &r->marks;
	char share[SHARE_MAX];

	share_text(m->share, share);
	buf_puts(out, m->how[0] != '\0' ? m->how : "release");
	if (m->from[0] != '\0')
		buf_printf(out, " %s ->", m->from);
	if (m->to[0] != '\0')
		buf_printf(out, " %s", m->to);
	if (m->slot[0] != '\0')
		buf_printf(out, " (%s)", m->slot);
	buf_printf(out, " up to %s", share);
	if (m->verdict[0] != '\0')
		buf_printf(out, ": %s", m->verdict);
	if (m->by[0] != '\0')
		buf_printf(out, ", by %s", m->by);
}

static void
print_lost(const struct page *p, const struct slo_release *r)
{
	if (r->lost + r->after == 0)
		return;
	(void)fputs("   ", p->out);
	paint(p, BAD, "%u min lost", r->lost);
	if (r->after > 0)
		paint(p, BAD, ", %u right after", r->after);
}

static void
print_release(const struct page *p, const struct slo_release *r)
{
	int64_t begin = slo_minute_of(r->from), end = slo_minute_of(r->until);
	char text[32], from[WHEN_MAX], until[WHEN_MAX] = "still";
	struct buf words = { 0 };

	duration(end - begin, text);
	date_text(begin, from);
	if (r->fate == SLO_NOT_ENDED)
		(void)snprintf(until, sizeof until, "not ended");
	else if (r->fate == SLO_ENDED)
		clock_text(end, until);
	(void)fprintf(p->out, "%*s  %s - %s", INDENT, text, from, until);
	print_lost(p, r);
	(void)fputc('\n', p->out);
	release_words(r, &words);
	if (r->marks.forced[0] != '\0')
		buf_printf(&words, "; forced: %s", r->marks.forced);
	go_on(p);
	put_words(p, words.failed ? "" : words.data);
	(void)fputc('\n', p->out);
	buf_fini(&words);
	if (r->marks.words[0] == '\0')
		return;
	go_on(p);
	put_words(p, r->marks.words);
	(void)fputc('\n', p->out);
}

/* The last ones, newest first. */
static void
print_releases(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	size_t n = f->n_releases;

	if (n == 0)
		return;
	(void)fputc('\n', p->out);
	if (n > RELEASES)
		paint(p, HEAD, "The %d last of %zu releases", RELEASES, n);
	else
		paint(p, HEAD, "Releases");
	(void)fprintf(p->out, ": %u min lost in them, %u of today\n", f->lost,
	    f->lost_today);
	for (size_t i = n; i > 0 && n - i < RELEASES; i--)
		print_release(p, &f->releases[i - 1]);
}

/* ---- the calendar ---- */

/* Its minutes offline. True: the mark behind them has taken a column. */
static bool
print_cell(const struct page *p, const struct slo_date *d, int width)
{
	const struct slo_count *c = &d->count;
	bool over = c->offline > p->figures->budget;
	const char *mark = over ? "!" : c->minutes[SLO_PLANNED] > 0 ? "p" : "";

	(void)fprintf(p->out, "%*s", width - 4, "");
	if (c->counted == 0)
		(void)fputs("   -", p->out);
	else if (c->offline == 0)
		(void)fputs("   .", p->out);
	else
		paint(p, over ? BAD : WARN, "%4u%s", c->offline, mark);
	return mark[0] != '\0';
}

#define CELL 7 /* columns */

static void
print_week(const struct page *p, const struct slo_date *d, size_t n)
{
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int width = CELL - 1 + (d->weekday + 6) % 7 * CELL;

	(void)fprintf(p->out, "%4d %s %d", d->day, months[d->month - 1],
	    d->year);
	for (size_t i = 0; i < n; i++)
		width = CELL - print_cell(p, &d[i], width);
	(void)fputc('\n', p->out);
}

static bool
is_counted(const struct slo_date *d, size_t n)
{
	while (n > 0 && d->count.counted == 0) {
		d++;
		n--;
	}
	return n > 0;
}

static void
print_calendar(const struct page *p)
{
	const struct slo_figures *f = p->figures;
	size_t n;

	(void)fputc('\n', p->out);
	paint(p, HEAD, "Minutes offline a day, of %u", f->budget);
	(void)fputs("\n                Mon    Tue    Wed    Thu    Fri    Sat"
		    "    Sun\n",
	    p->out);
	/* Weeks before the ledger begins say nothing. */
	for (size_t i = 0; i < f->n_dates; i += n) {
		n = (size_t)(7 - (f->dates[i].weekday + 6) % 7);
		if (n > f->n_dates - i)
			n = f->n_dates - i;
		if (i + n == f->n_dates || is_counted(&f->dates[i], n))
			print_week(p, &f->dates[i], n);
	}
	(void)fputs(". none   ! more than a day has   p planned ones among "
		    "them   - not counted\n",
	    p->out);
}

void
slo_print(const struct slo_book *b, const struct slo_figures *f,
    const struct slo_style *style, FILE *out)
{
	const struct page p = { b, f, style, out };

	print_now(&p);
	(void)fputc('\n', out);
	print_objective(&p);
	if (!f->known)
		return;
	print_today(&p);
	print_burn(&p);
	print_requests(&p);
	print_probes(&p);
	print_serving(&p);
	print_skipped(&p);
	print_outages(&p);
	print_releases(&p);
	print_calendar(&p);
}
