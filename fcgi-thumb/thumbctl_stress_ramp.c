#include "config.h"

/* The order of a stress test's steps, and what it says of them. */

#include "thumbctl_stress.h"

#include "thumbctl.h"

/* Less than that in two steps, each of which doubles the clients, is nothing. */
#define RISE 1.05

/*
 * More clients could tell nothing new: they only wait longer, and longer than
 * is wanted. Until then the queue may still show that it is too short.
 */
static bool
is_saturated(const struct stress_run *run)
{
	const struct stress_step *last = &run->steps[run->n - 1];

	if (stress_lost(last) > last->photos || last->losses[STRESS_FULL] > 0)
		return true;
	return run->n >= 3 && last->p95 > run->p95_wanted &&
	    last->rate < RISE * run->steps[run->n - 3].rate;
}

static void
say_step(const struct stress_step *step)
{
	unsigned lost = stress_lost(step);

	(void)fprintf(stderr,
	    "%u client%s: %.1f photos/s, p95 %.0f ms, %u of %u lost\n",
	    step->clients, step->clients == 1 ? "" : "s", step->rate, step->p95,
	    lost, lost + step->photos);
}

/* Too short a time says less than none. */
static void
keep(const struct stress_job *job, struct stress_run *run,
    const struct stress_step *step)
{
	if (step->seconds < (double)job->seconds / 2 ||
	    stress_requests(step) == 0)
		return;
	run->steps[run->n++] = *step;
	say_step(step);
}

enum stress_end
stress_ramp(const struct stress_job *job, struct stress_load *load,
    struct stress_run *run)
{
	enum stress_end end = STRESS_END_DONE;
	unsigned clients = 1, max = (unsigned)job->clients;

	while (run->n < STRESS_STEPS_MAX) {
		struct stress_step step;

		end = stress_load_step(load, clients, (double)job->seconds,
		    &step);
		stress_load_clean(load);
		keep(job, run, &step);
		if (end != STRESS_END_DONE || load->debts.n > 0 ||
		    clients == max || run->n == 0 || is_saturated(run))
			break;
		clients = clients < max / 2 ? 2 * clients : max;
	}
	return end;
}

/* ---- what it comes to ---- */

static void
print_percent(FILE *out, double share)
{
	if (share < 0)
		(void)fprintf(out, "  %5s", "-");
	else
		(void)fprintf(out, "  %3.0f %%", 100 * share);
}

static void
print_step(FILE *out, const struct stress_step *step)
{
	(void)fprintf(out, "%7u  %8.1f  %6.0f  %6.0f  %6.0f  %6u",
	    step->clients, step->rate, step->p50, step->p95, step->p99,
	    stress_lost(step));
	print_percent(out, step->busy);
	print_percent(out, step->service);
	print_percent(out, step->disk);
	(void)fputc('\n', out);
}

static void
print_capacity(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	if (verdict->capacity > 0)
		(void)fprintf(out,
		    "Capacity at a p95 of %u ms: %.1f photos/s, with %u "
		    "client%s at once.\n",
		    run->p95_wanted, verdict->capacity,
		    verdict->capacity_clients,
		    verdict->capacity_clients == 1 ? "" : "s");
	else
		(void)fprintf(out,
		    "Capacity at a p95 of %u ms: none; it was never within "
		    "that without losses.\n",
		    run->p95_wanted);
}

void
stress_print(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	(void)fprintf(out, "%s\n", verdict->sentence);
	if (verdict->advice[0] != '\0')
		(void)fprintf(out, "%s\n", verdict->advice);
	print_capacity(out, run, verdict);
	(void)fprintf(out, "\n%7s  %8s  %6s  %6s  %6s  %6s  %5s  %5s  %5s\n",
	    "clients", "photos/s", "p50 ms", "p95 ms", "p99 ms", "lost", "busy",
	    "ours", "disk");
	for (unsigned i = 0; i < run->n; i++)
		print_step(out, &run->steps[i]);
}
