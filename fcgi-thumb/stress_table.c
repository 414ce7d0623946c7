#include "config.h"

/* The numbers of a stress test, as they are; the plots are stress_plot.c's. */

#include "stress_table.h"

#define MB 1e6

static const char *const loss_words[STRESS_LOSSES] = {
	[STRESS_OVERLOADED] = "overloaded",
	[STRESS_RATE_LIMITED] = "rate-limited",
	[STRESS_FULL] = "storage-full",
	[STRESS_SLOW] = "too slow",
	[STRESS_BROKEN] = "broken",
};

static void
put_head(struct buf *out, const char *text)
{
	buf_puts(out, "<th scope=\"col\">");
	buf_html(out, text);
	buf_puts(out, "</th>");
}

static void
put_unknown(struct buf *out)
{
	buf_puts(out, "<td>?</td>");
}

/* Three digits, or all of those before the point; < 0 is unknown. */
static void
put_number(struct buf *out, double value)
{
	if (value < 0)
		put_unknown(out);
	else
		buf_printf(out, "<td>%.*f</td>", value < 99.95 ? 1 : 0, value);
}

static void
put_count(struct buf *out, unsigned value)
{
	buf_printf(out, "<td>%u</td>", value);
}

static void
put_share(struct buf *out, double share)
{
	if (share < 0)
		put_unknown(out);
	else
		buf_printf(out, "<td>%.0f %%</td>", 100 * share);
}

/* ---- the three ---- */

static void
head_answers(struct buf *out)
{
	static const char *const names[] = { "seconds", "photos", "photos/s",
		"p50 ms", "p95 ms", "p99 ms" };

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		put_head(out, names[i]);
	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		put_head(out, loss_words[i]);
}

static void
row_answers(struct buf *out, const struct stress_step *s)
{
	put_number(out, s->seconds);
	put_count(out, s->photos);
	put_number(out, s->rate);
	put_number(out, s->p50);
	put_number(out, s->p95);
	put_number(out, s->p99);
	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		put_count(out, s->losses[i]);
}

static void
head_phases(struct buf *out)
{
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++)
		put_head(out, stress_phase_name(p));
	put_head(out, "all");
}

static void
row_phases(struct buf *out, const struct stress_step *s)
{
	double all = 0;

	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++) {
		const double ms = s->phase[p] > 0 ? s->phase[p] : 0;

		put_number(out, ms);
		all += ms;
	}
	put_number(out, all);
}

static void
head_machine(struct buf *out)
{
	static const char *const names[] = { "busy", "service", "test",
		"waiting", "busiest disk", "written MB/s", "least free MB",
		"swapped MB" };

	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		put_head(out, names[i]);
}

static void
row_machine(struct buf *out, const struct stress_step *s)
{
	put_share(out, s->busy);
	put_share(out, s->service);
	put_share(out, s->self);
	put_share(out, s->waiting);
	put_share(out, s->disk);
	put_number(out, s->written < 0 ? -1 : s->written / MB);
	put_number(out, s->free == 0 ? -1 : (double)s->free / MB);
	put_number(out, (double)s->swapped / MB);
}

/* Wider than a phone: it scrolls, also by the keyboard. */
static void
put_table(struct buf *out, const struct stress_run *run, const char *caption,
    void (*head)(struct buf *out),
    void (*row)(struct buf *out, const struct stress_step *step))
{
	buf_puts(out,
	    "<div class=\"scroll\" role=\"region\" tabindex=\"0\""
	    " aria-label=\"");
	buf_html(out, caption);
	buf_puts(out, "\"><table>\n<caption>");
	buf_html(out, caption);
	buf_puts(out, "</caption>\n<thead><tr>");
	put_head(out, "clients");
	head(out);
	buf_puts(out, "</tr></thead>\n<tbody>\n");
	for (unsigned i = 0; i < run->n; i++) {
		buf_printf(out, "<tr><th scope=\"row\">%u</th>",
		    run->steps[i].clients);
		row(out, &run->steps[i]);
		buf_puts(out, "</tr>\n");
	}
	buf_puts(out, "</tbody></table></div>\n");
}

void
table_write(struct buf *out, const struct stress_run *run)
{
	put_table(out, run, "Answers: how many, how fast, how many none",
	    head_answers, row_answers);
	put_table(out, run, "Phases: ms of a photo, mean", head_phases,
	    row_phases);
	put_table(out, run,
	    run->elsewhere ? "This machine, not the service's: shares are of"
			     " all processors"
			   : "The machine: shares are of all processors",
	    head_machine, row_machine);
}
