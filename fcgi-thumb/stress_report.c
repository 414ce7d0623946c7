#include "config.h"

/*
 * The page about a stress test. Responsible for which numbers are shown and in
 * which words; the plots are stress_plot.c's.
 */

#include "stress_report.h"

#include <errno.h>

#include "buf.h"
#include "stress_plot.h"

/*
 * Colours that are told apart with any eyes (Okabe and Ito's), on white and on
 * black.
 */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#5b6570;"
    "--rule:#d5dae0;--card:#f5f7f9}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--paper:#14171a;"
    "--soft:#9aa4ae;--rule:#363d45;--card:#1d2126}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:76rem;padding:1.5rem 1rem 3rem;"
    "font:16px/1.5 system-ui,sans-serif;color:var(--ink);"
    "background:var(--paper)}\n"
    "h1{font-size:1.1rem;color:var(--soft);font-weight:600;margin:0}\n"
    ".verdict{font-size:1.45rem;line-height:1.35;font-weight:600;"
    "margin:.4rem 0;overflow-wrap:anywhere}\n"
    ".advice{margin:0 0 1rem;font-size:1.1rem}\n"
    ".plots{display:grid;gap:1rem;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}\n"
    "figure{margin:0;padding:.8rem;background:var(--card);"
    "border-radius:.5rem;break-inside:avoid}\n"
    "figcaption{font-weight:600}.unit{color:var(--soft);font-weight:400}\n"
    "svg{display:block;width:100%;height:auto}\n"
    ".axis{stroke:var(--ink)}.grid{stroke:var(--rule)}\n"
    ".mark{stroke:var(--ink);stroke-dasharray:6 4}\n"
    ".label{fill:var(--soft);font-size:13px}\n"
    ".line{fill:none;stroke-width:2.5}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;"
    "margin:.3rem 0 0;padding:0;font-size:.9rem}\n"
    ".legend i{display:inline-block;width:.8em;height:.8em;margin-right:.4em;"
    "border-radius:2px}\n"
    ".c0{--c:#0072b2}.c1{--c:#e69f00}.c2{--c:#009e73}.c3{--c:#d55e00}"
    ".c4{--c:#56b4e9}.c5{--c:#cc79a7}.c6{--c:#b8a900}.c7{--c:#8a929a}\n"
    ".line{stroke:var(--c)}.dot,.area{fill:var(--c)}"
    ".legend i{background:var(--c)}\n"
    ".area{stroke:var(--card);stroke-width:.5}\n"
    ".scroll{overflow-x:auto;margin-top:1rem}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;"
    "white-space:nowrap;font-size:.9rem}\n"
    "caption{text-align:left;font-weight:600;padding:.4rem 0}\n"
    "th,td{padding:.25rem .6rem;text-align:right;"
    "border-bottom:1px solid var(--rule)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;"
    "margin:1.5rem 0 0}dt{color:var(--soft)}dd{margin:0;"
    "overflow-wrap:anywhere}\n"
    "@media print{body{max-width:none}.scroll{overflow:visible}"
    "table{font-size:.6rem}}\n";

static const char *const phase_words[STRESS_PHASES] = {
	[STRESS_NGINX] = "nginx and the network, before and behind the service",
	[STRESS_QUEUE] = "until a worker was free",
	[STRESS_RECEIVE] = "the body into the worker, and its SHA-256",
	[STRESS_DECODE] = "from the file to pixels",
	[STRESS_RESIZE] = "to the sizes of the thumbnails, and the colours",
	[STRESS_ENCODE] = "from pixels to files",
	[STRESS_PUBLISH] = "the files onto the disk, until they last",
};

static const char *const loss_words[STRESS_LOSSES] = {
	[STRESS_OVERLOADED] = "overloaded",
	[STRESS_RATE_LIMITED] = "rate-limited",
	[STRESS_FULL] = "storage-full",
	[STRESS_SLOW] = "too slow",
	[STRESS_BROKEN] = "broken",
};

/* ---- plots ---- */

static void
plot_rate(struct buf *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	struct plot_series series[] = { { "taken", 0, { 0 } },
		{ "refused or failed", 3, { 0 } } };
	const struct plot plot = { .title = "Throughput",
		.unit = "photos/s",
		.description = "Photos a second over the number of clients; the"
			       " table below has the numbers",
		.run = run,
		.series = series,
		.n = 2,
		.mark = verdict->capacity,
		.mark_name = "capacity" };

	for (unsigned i = 0; i < run->n; i++) {
		const struct stress_step *s = &run->steps[i];

		series[0].values[i] = s->rate;
		series[1].values[i] =
		    s->seconds > 0 ? stress_lost(s) / s->seconds : 0;
	}
	plot_lines(out, &plot);
}

static void
plot_latency(struct buf *out, const struct stress_run *run)
{
	struct plot_series series[] = { { "p50", 2, { 0 } },
		{ "p95", 0, { 0 } }, { "p99", 1, { 0 } },
		{ "queue, mean", 7, { 0 } } };
	const struct plot plot = { .title = "Latency",
		.unit = "ms",
		.description = "Milliseconds until the answer over the number"
			       " of clients; the table below has the numbers",
		.run = run,
		.series = series,
		.n = 4,
		.mark = run->p95_wanted,
		.mark_name = "wanted p95" };

	for (unsigned i = 0; i < run->n; i++) {
		series[0].values[i] = run->steps[i].p50;
		series[1].values[i] = run->steps[i].p95;
		series[2].values[i] = run->steps[i].p99;
		series[3].values[i] = run->steps[i].phase[STRESS_QUEUE];
	}
	plot_lines(out, &plot);
}

/* Without the queue, beside which nothing else could be seen. */
static void
plot_phases(struct buf *out, const struct stress_run *run)
{
	struct plot_series series[STRESS_PHASES];
	struct plot plot = { .title = "Where the time goes",
		.unit = "ms a photo but for the queue, mean",
		.description = "Each phase of an upload over the number of"
			       " clients; the table below has the numbers",
		.run = run,
		.series = series };

	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++) {
		struct plot_series *s = &series[plot.n];

		if (p == STRESS_QUEUE)
			continue;
		s->name = stress_phase_name(p);
		s->color = (unsigned)p;
		for (unsigned i = 0; i < run->n; i++)
			s->values[i] = run->steps[i].phase[p];
		plot.n++;
	}
	plot_columns(out, &plot);
}

static void
plot_processors(struct buf *out, const struct stress_run *run)
{
	struct plot_series series[] = { { "service and nginx", 0, { 0 } },
		{ "this test", 1, { 0 } }, { "other programs", 5, { 0 } },
		{ "waiting for a disk", 3, { 0 } } };
	const struct plot plot = { .title = "Processors",
		.unit = "% of all",
		.description = "What the processors did over the number of"
			       " clients; the table below has the numbers",
		.run = run,
		.series = series,
		.n = 4,
		.ceiling = 100 };

	for (unsigned i = 0; i < run->n; i++) {
		const struct stress_step *s = &run->steps[i];
		const bool known = s->service >= 0;
		const double service = known ? s->service : 0;

		series[0].values[i] = 100 * service;
		series[1].values[i] = 100 * s->self;
		series[2].values[i] = 100 * (s->busy - service - s->self);
		series[3].values[i] = 100 * s->waiting;
	}
	plot_columns(out, &plot);
}

/* ---- numbers ---- */

static void
head(struct buf *out, const char *text)
{
	buf_puts(out, "<th scope=\"col\">");
	buf_html(out, text);
	buf_puts(out, "</th>");
}

static void
cell(struct buf *out, double value, const char *unit)
{
	/* A share or a rate that the system does not tell. */
	if (value < 0)
		buf_puts(out, "<td>?</td>");
	else
		buf_printf(out, "<td>%.*f%s</td>", value < 9.95 ? 1 : 0, value,
		    unit);
}

static void
table_head(struct buf *out)
{
	static const char *const before[] = { "clients", "seconds", "photos",
		"photos/s", "p50 ms", "p95 ms", "p99 ms" };
	static const char *const after[] = { "busy", "service", "test",
		"waiting", "disk", "written MB/s", "free MB" };

	buf_puts(out, "<thead><tr>");
	for (unsigned i = 0; i < sizeof before / sizeof before[0]; i++)
		head(out, before[i]);
	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		head(out, loss_words[i]);
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++)
		head(out, stress_phase_name(p));
	for (unsigned i = 0; i < sizeof after / sizeof after[0]; i++)
		head(out, after[i]);
	buf_puts(out, "</tr></thead>\n");
}

static double
percent(double share)
{
	return share < 0 ? share : 100 * share;
}

static void
table_row(struct buf *out, const struct stress_step *s)
{
	buf_printf(out, "<tr><th scope=\"row\">%u</th>", s->clients);
	cell(out, s->seconds, "");
	buf_printf(out, "<td>%u</td>", s->photos);
	cell(out, s->rate, "");
	cell(out, s->p50, "");
	cell(out, s->p95, "");
	cell(out, s->p99, "");
	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		buf_printf(out, "<td>%u</td>", s->losses[i]);
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++)
		cell(out, s->phase[p] < 0 ? 0 : s->phase[p], "");
	cell(out, percent(s->busy), " %");
	cell(out, percent(s->service), " %");
	cell(out, percent(s->self), " %");
	cell(out, percent(s->waiting), " %");
	cell(out, percent(s->disk), " %");
	cell(out, s->written < 0 ? -1 : s->written / 1e6, "");
	buf_printf(out, "<td>%.0f</td></tr>\n", (double)s->free / 1e6);
}

static void
table(struct buf *out, const struct stress_run *run)
{
	buf_puts(out,
	    "<div class=\"scroll\"><table>\n<caption>All numbers: a step a"
	    " row; phases are means in ms, shares are of all"
	    " processors</caption>\n");
	table_head(out);
	buf_puts(out, "<tbody>\n");
	for (unsigned i = 0; i < run->n; i++)
		table_row(out, &run->steps[i]);
	buf_puts(out, "</tbody></table></div>\n");
}

static void
term(struct buf *out, const char *name)
{
	buf_puts(out, "<dt>");
	buf_html(out, name);
	buf_puts(out, "</dt><dd>");
}

static void
number_term(struct buf *out, const char *name, unsigned value)
{
	term(out, name);
	if (value > 0)
		buf_printf(out, "%u</dd>\n", value);
	else
		buf_puts(out, "not known</dd>\n");
}

static void
circumstances(struct buf *out, const struct stress_run *run)
{
	buf_puts(out, "<dl>\n");
	term(out, "tested");
	buf_html(out, run->url);
	buf_puts(out, "</dd>\n");
	term(out, "when");
	buf_html(out, run->date);
	buf_puts(out, "</dd>\n");
	term(out, "photos");
	buf_printf(out, "%.1f MB and %.1f megapixels on average</dd>\n",
	    run->photo_bytes / 1e6, run->photo_pixels / 1e6);
	number_term(out, "workers", run->workers);
	number_term(out, "longest queue", run->queue_length);
	number_term(out, "processors", run->processors);
	term(out, "memory");
	buf_printf(out, "%.0f MB</dd>\n", (double)run->memory / 1e6);
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++) {
		term(out, stress_phase_name(p));
		buf_html(out, phase_words[p]);
		buf_puts(out, "</dd>\n");
	}
	term(out, "made by");
	buf_puts(out, "thumbctl stress, " PACKAGE_STRING "</dd>\n</dl>\n");
}

static void
capacity(struct buf *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	if (verdict->capacity > 0)
		buf_printf(out,
		    "<p>Capacity at a p95 of %u ms: <strong>%.1f"
		    " photos/s</strong>, with %u client%s at once.</p>\n",
		    run->p95_wanted, verdict->capacity,
		    verdict->capacity_clients,
		    verdict->capacity_clients == 1 ? "" : "s");
	else
		buf_printf(out,
		    "<p>Capacity: no step had all photos taken and a p95 of"
		    " %u ms.</p>\n",
		    run->p95_wanted);
}

/* 0, or -1 with errno. */
static int
put(FILE *out, struct buf *text)
{
	int rc = 0;

	if (text->failed) {
		errno = ENOMEM;
		rc = -1;
	} else if (fwrite(text->data, 1, text->len, out) != text->len ||
	    fflush(out) != 0) {
		rc = -1;
	}
	buf_fini(text);
	return rc;
}

int
stress_report_write(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	struct buf text = { 0 };

	buf_puts(&text,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\"/>\n"
	    "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
	    "<meta name=\"robots\" content=\"noindex\"/>\n<title>");
	buf_html(&text, verdict->sentence);
	buf_puts(&text, "</title>\n<style>\n");
	buf_puts(&text, style);
	buf_puts(&text,
	    "</style>\n</head>\n<body>\n<main>\n<h1>Stress test of ");
	buf_html(&text, run->url);
	buf_puts(&text, "</h1>\n<p class=\"verdict\">");
	buf_html(&text, verdict->sentence);
	buf_puts(&text, "</p>\n<p class=\"advice\">");
	buf_html(&text, verdict->advice);
	buf_puts(&text, "</p>\n");
	capacity(&text, run, verdict);
	if (run->n > 0) {
		buf_puts(&text, "<div class=\"plots\">\n");
		plot_rate(&text, run, verdict);
		plot_latency(&text, run);
		plot_phases(&text, run);
		plot_processors(&text, run);
		buf_puts(&text, "</div>\n");
		table(&text, run);
	}
	circumstances(&text, run);
	buf_puts(&text, "</main>\n</body>\n</html>\n");
	return put(out, &text);
}
