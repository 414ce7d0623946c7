#include "config.h"

/*
 * Two kinds of plot over the steps of a test. Knows nothing of what they show;
 * all texts but numbers are escaped.
 */

#include "stress_plot.h"

#include <math.h>
#include <stdbool.h>

/* The coordinates of a plot, which is shown as wide as its place allows. */
#define WIDTH 480.0
#define HEIGHT 260.0
#define LEFT 66.0
#define RIGHT 10.0
#define TOP 22.0
#define BOTTOM 48.0
/* Steps from which on a small plot, and any, has room for each third number. */
#define DENSE 9
#define CROWDED 17
#define TICKS 4
#define COLUMN 0.62 /* of a step's share of the width */

static double
x_of(const struct plot *p, unsigned step)
{
	return LEFT + (WIDTH - LEFT - RIGHT) * (step + 0.5) / p->run->n;
}

static double
y_of(double value, double ceiling)
{
	return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / ceiling;
}

/* The next of 1, 2, 2.5, 5 times a power of ten, four of which are a value. */
static double
round_up(double value)
{
	static const double steps[] = { 1, 2, 2.5, 5, 10 };
	double ten, step;

	if (!(value > 0) || !isfinite(value))
		return 1;
	step = value / TICKS;
	ten = pow(10, floor(log10(step)));
	for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i] * ten >= step * (1 - 1e-9))
			return TICKS * steps[i] * ten;
	return value;
}

/* A value that a plot can show. */
static double
shown(double value)
{
	return value > 0 && isfinite(value) ? value : 0;
}

static double
sum_at(const struct plot *p, unsigned step)
{
	double sum = 0;

	for (unsigned i = 0; i < p->n; i++)
		sum += shown(p->series[i].values[step]);
	return sum;
}

static double
most_at(const struct plot *p, unsigned step)
{
	double most = 0;

	for (unsigned i = 0; i < p->n; i++)
		most = fmax(most, shown(p->series[i].values[step]));
	return most;
}

static double
ceiling_of(const struct plot *p,
    double (*at)(const struct plot *p, unsigned step))
{
	double most = p->mark;

	if (p->ceiling > 0)
		return p->ceiling;
	for (unsigned i = 0; i < p->run->n; i++)
		most = fmax(most, at(p, i));
	return round_up(most);
}

static void
draw_text(struct buf *out, const char *class, const char *anchor, double x,
    double y)
{
	buf_printf(out,
	    "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">",
	    class, anchor, x, y);
}

/* Lines across with their values, the steps below. */
static void
draw_axes(struct buf *out, const struct plot *p, double ceiling)
{
	for (unsigned i = 0; i <= TICKS; i++) {
		const double value = ceiling * i / TICKS;
		const double y = y_of(value, ceiling);

		buf_printf(out,
		    "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\""
		    " y2=\"%.1f\"/>\n",
		    i == 0 ? "axis" : "grid", LEFT, y, WIDTH - RIGHT, y);
		draw_text(out, "label", "end", LEFT - 6, y + 4);
		buf_printf(out, "%g</text>\n", value);
	}
	for (unsigned i = 0; i < p->run->n; i++) {
		const bool is_minor = i % 3 != 0 && p->run->n >= DENSE;

		if (is_minor && p->run->n >= CROWDED)
			continue;
		draw_text(out, is_minor ? "label minor" : "label", "middle",
		    x_of(p, i), HEIGHT - BOTTOM + 20);
		buf_printf(out, "%u</text>\n", p->run->steps[i].clients);
	}
	draw_text(out, "label", "middle", (LEFT + WIDTH - RIGHT) / 2,
	    HEIGHT - 6);
	buf_puts(out, "clients at once</text>\n");
}

static void
draw_mark(struct buf *out, const struct plot *p, double ceiling)
{
	const double y = y_of(p->mark, ceiling);

	if (!(p->mark > 0) || p->mark > ceiling)
		return;
	buf_printf(out,
	    "<line class=\"mark\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\""
	    " y2=\"%.1f\"/>\n",
	    LEFT, y, WIDTH - RIGHT, y);
	draw_text(out, "label", "start", LEFT + 6, y - 5);
	buf_html(out, p->mark_name);
	buf_puts(out, "</text>\n");
}

static void
draw_title(struct buf *out, const char *name, double value, const char *unit)
{
	buf_puts(out, "<title>");
	buf_html(out, name);
	buf_printf(out, ": %.4g ", value);
	buf_html(out, unit);
	buf_puts(out, "</title>");
}

/* All that is drawn, for those who hear it. */
static void
describe(struct buf *out, const struct plot *p)
{
	buf_html(out, p->description);
	buf_puts(out, ".");
	for (unsigned i = 0; i < p->run->n; i++) {
		const unsigned clients = p->run->steps[i].clients;

		buf_printf(out, " %u client%s", clients,
		    clients == 1 ? "" : "s");
		for (unsigned k = 0; k < p->n; k++) {
			buf_puts(out, k > 0 ? ", " : ": ");
			buf_html(out, p->series[k].name);
			buf_printf(out, " %.3g", shown(p->series[k].values[i]));
		}
		buf_puts(out, ".");
	}
}

static void
begin(struct buf *out, const struct plot *p)
{
	buf_puts(out, "<figure>\n<figcaption>");
	buf_html(out, p->title);
	buf_puts(out, " <span class=\"unit\">");
	buf_html(out, p->unit);
	buf_printf(out,
	    "</span></figcaption>\n<svg viewBox=\"0 0 %.0f %.0f\""
	    " role=\"img\" aria-labelledby=\"%s-title %s-text\">\n"
	    "<title id=\"%s-title\">",
	    WIDTH, HEIGHT, p->id, p->id, p->id);
	buf_html(out, p->title);
	buf_printf(out, "</title>\n<desc id=\"%s-text\">", p->id);
	describe(out, p);
	buf_puts(out, "</desc>\n");
}

static void
end(struct buf *out, const struct plot *p, bool has_lines)
{
	buf_puts(out, "</svg>\n<ul class=\"legend\">");
	for (unsigned i = 0; i < p->n; i++) {
		buf_printf(out, "<li><i class=\"c%u ", p->series[i].color);
		if (has_lines)
			buf_printf(out, "d%u\"></i>", i);
		else
			buf_puts(out, "box\"></i>");
		buf_html(out, p->series[i].name);
		buf_puts(out, "</li>");
	}
	buf_puts(out, "</ul>\n</figure>\n");
}

static void
draw_line(struct buf *out, const struct plot *p, unsigned number,
    double ceiling)
{
	const struct plot_series *s = &p->series[number];

	buf_printf(out, "<polyline class=\"line c%u d%u\" points=\"", s->color,
	    number);
	for (unsigned i = 0; i < p->run->n; i++)
		buf_printf(out, "%s%.1f,%.1f", i > 0 ? " " : "", x_of(p, i),
		    y_of(shown(s->values[i]), ceiling));
	buf_puts(out, "\"/>\n");
	for (unsigned i = 0; i < p->run->n; i++) {
		buf_printf(out,
		    "<circle class=\"dot c%u\" cx=\"%.1f\" cy=\"%.1f\""
		    " r=\"4\">",
		    s->color, x_of(p, i), y_of(shown(s->values[i]), ceiling));
		draw_title(out, s->name, s->values[i], p->unit);
		buf_puts(out, "</circle>\n");
	}
}

/* Around a point of the first line. */
static void
draw_ring(struct buf *out, const struct plot *p, double ceiling)
{
	for (unsigned i = 0; i < p->run->n; i++)
		if (p->run->steps[i].clients == p->ring)
			buf_printf(out,
			    "<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\""
			    " r=\"8\"/>\n",
			    x_of(p, i),
			    y_of(shown(p->series[0].values[i]), ceiling));
}

void
plot_lines(struct buf *out, const struct plot *p)
{
	const double ceiling = ceiling_of(p, most_at);

	begin(out, p);
	draw_axes(out, p, ceiling);
	draw_mark(out, p, ceiling);
	for (unsigned i = 0; i < p->n; i++)
		draw_line(out, p, i, ceiling);
	draw_ring(out, p, ceiling);
	end(out, p, true);
}

static void
draw_column(struct buf *out, const struct plot *p, unsigned step,
    double ceiling)
{
	const double width =
	    COLUMN * (WIDTH - LEFT - RIGHT) / (p->run->n < 4 ? 4 : p->run->n);
	double below = 0;

	for (unsigned i = 0; i < p->n; i++) {
		const struct plot_series *s = &p->series[i];
		const double value = shown(s->values[step]);
		const double y = y_of(below + value, ceiling);

		buf_printf(out,
		    "<rect class=\"area c%u\" x=\"%.1f\" y=\"%.1f\""
		    " width=\"%.1f\" height=\"%.1f\">",
		    s->color, x_of(p, step) - width / 2, y, width,
		    y_of(below, ceiling) - y);
		draw_title(out, s->name, value, p->unit);
		buf_puts(out, "</rect>\n");
		below += value;
	}
}

void
plot_columns(struct buf *out, const struct plot *p)
{
	const double ceiling = ceiling_of(p, sum_at);

	begin(out, p);
	draw_axes(out, p, ceiling);
	for (unsigned i = 0; i < p->run->n; i++)
		draw_column(out, p, i, ceiling);
	draw_mark(out, p, ceiling);
	end(out, p, false);
}
