#include "config.h"

/*
 * The page about a stress test. Responsible for which numbers are shown and in
 * which words; the plots are stress_plot.c's.
 */

#include "stress_report.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "buf.h"
#include "stress_plot.h"
#include "stress_style.h"
#include "stress_table.h"

static const char *const phase_words[STRESS_PHASES] = {
	[STRESS_NGINX] = "nginx and the network, before and behind the service",
	[STRESS_QUEUE] = "until a worker was free",
	[STRESS_RECEIVE] = "the body into the worker, and its SHA-256",
	[STRESS_DECODE] = "from the file to pixels",
	[STRESS_RESIZE] = "to the sizes of the thumbnails, and the colours",
	[STRESS_ENCODE] = "from pixels to files",
	[STRESS_PUBLISH] = "the files onto the disk, until they last",
};

/* ---- plots ---- */

static void
plot_rate(struct buf *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	struct plot_series series[] = { { "taken", 0, { 0 } },
		{ "refused or failed", 3, { 0 } } };
	const struct plot plot = { .id = "rate",
		.title = "Throughput",
		.unit = "photos/s",
		.description = "Photos a second over the number of clients",
		.run = run,
		.series = series,
		.n = 2,
		.mark = verdict->capacity,
		.mark_name = "capacity",
		.ring = verdict->capacity_clients };

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
	const struct plot plot = { .id = "latency",
		.title = "Latency",
		.unit = "ms",
		.description = "Milliseconds until the answer over the number"
			       " of clients",
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
	struct plot plot = { .id = "phases",
		.title = "Where the time goes",
		.unit = "ms a photo, mean, without the queue",
		.description = "Milliseconds of each phase of an upload over"
			       " the number of clients",
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

/* Whose processes they were is not known of every machine. */
static bool
is_known(const struct stress_run *run)
{
	for (unsigned i = 0; i < run->n; i++)
		if (run->steps[i].service < 0)
			return false;
	return true;
}

static void
plot_processors(struct buf *out, const struct stress_run *run)
{
	const bool known = is_known(run);
	/* The service has no part in what another machine does. */
	const unsigned hidden = run->elsewhere ? 1 : 0;
	struct plot_series series[] = {
		{ known ? "service and nginx" : "service and others", 0,
		    { 0 } },
		{ "other programs", 5, { 0 } },
		{ "this test", 1, { 0 } },
		{ "waiting for a disk", 3, { 0 } },
		{ "idle", 8, { 0 } },
	};
	const struct plot plot = { .id = "processors",
		.title = run->elsewhere
		    ? "Processors of this machine, not of the service's"
		    : "Processors",
		.unit = "% of all",
		.description = "What the processors did over the number of"
			       " clients, percent",
		.run = run,
		.series = series + hidden,
		.n = sizeof series / sizeof series[0] - hidden,
		.ceiling = 100 };

	for (unsigned i = 0; i < run->n; i++) {
		const struct stress_step *s = &run->steps[i];
		const double others = s->busy - s->self;
		double service = known ? s->service : others;

		if (run->elsewhere)
			service = 0;
		series[0].values[i] = 100 * service;
		series[1].values[i] = 100 * fmax(0, others - service);
		series[2].values[i] = 100 * s->self;
		series[3].values[i] = 100 * s->waiting;
		series[4].values[i] = 100 * fmax(0, 1 - s->busy - s->waiting);
	}
	plot_columns(out, &plot);
}

/* ---- words ---- */

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
	buf_puts(out, "<h2>Circumstances</h2>\n<dl>\n");
	term(out, "tested");
	buf_html(out, run->url);
	buf_puts(out,
	    run->elsewhere ? ", on another machine</dd>\n" : "</dd>\n");
	term(out, "when");
	buf_html(out, run->date);
	buf_puts(out, "</dd>\n");
	term(out, "photos");
	buf_printf(out, "%.1f MB and %.1f megapixels on average</dd>\n",
	    run->photo_bytes / 1e6, run->photo_pixels / 1e6);
	number_term(out, "workers", run->workers);
	number_term(out, "longest queue", run->queue_length);
	number_term(out, run->elsewhere ? "processors here" : "processors",
	    run->processors);
	term(out, run->elsewhere ? "memory here" : "memory");
	buf_printf(out, "%.0f MB</dd>\n", (double)run->memory / 1e6);
	term(out, "made by");
	buf_puts(out, "thumbctl stress, " PACKAGE_STRING "</dd>\n</dl>\n");
}

static void
phases(struct buf *out)
{
	buf_puts(out, "<h2>What the phases are</h2>\n<dl>\n");
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++) {
		term(out, stress_phase_name(p));
		buf_html(out, phase_words[p]);
		buf_puts(out, "</dd>\n");
	}
	buf_puts(out, "</dl>\n");
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
	buf_puts(&text, stress_style);
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
		buf_puts(&text, "<h2>All numbers</h2>\n");
		table_write(&text, run);
	}
	circumstances(&text, run);
	phases(&text);
	buf_puts(&text, "</main>\n</body>\n</html>\n");
	return put(out, &text);
}
