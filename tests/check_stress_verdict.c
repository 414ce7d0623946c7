#include "config.h"

#include "stress_verdict.h"

#include <string.h>

#include "support.h"

#define GB 1000000000ULL

/* ---- runs that a machine could have had ---- */

/*
 * A step of a service that has `rate` photos a second: Little's law says how
 * long each of them took, and what is not work or nginx is the queue.
 */
static struct stress_step
step(unsigned clients, double rate, double busy, double self)
{
	struct stress_step s = { .clients = clients,
		.seconds = 10,
		.photos = (unsigned)(10 * rate),
		.rate = rate,
		.phase = { [STRESS_NGINX] = 10,
		    [STRESS_RECEIVE] = 8,
		    [STRESS_DECODE] = 60,
		    [STRESS_RESIZE] = 50,
		    [STRESS_ENCODE] = 12,
		    [STRESS_PUBLISH] = 10 },
		.busy = busy,
		.service = busy - self,
		.self = self,
		.disk = 0.1,
		.free = 4 * GB };
	double whole = 1000 * clients / rate;

	if (whole > 150)
		s.phase[STRESS_QUEUE] = whole - 150;
	s.p50 = whole;
	s.p95 = whole * 1.5;
	s.p99 = whole * 2;
	return s;
}

static struct stress_run
run_of(unsigned processors, unsigned workers)
{
	struct stress_run run = { .url = "http://127.0.0.1/",
		.processors = processors,
		.workers = workers,
		.queue_length = 200,
		.memory = 8 * GB,
		.p95_wanted = 1000 };

	return run;
}

static void
add(struct stress_run *run, struct stress_step s)
{
	run->steps[run->n++] = s;
}

/* Two processors, two workers: 140 ms of work a photo. */
static struct stress_run
cpu_run(void)
{
	struct stress_run run = run_of(2, 2);

	add(&run, step(1, 6.6, 0.52, 0.02));
	add(&run, step(2, 13, 0.94, 0.03));
	add(&run, step(4, 13.6, 0.98, 0.04));
	add(&run, step(8, 13.5, 0.99, 0.04));
	return run;
}

static struct stress_run
worker_run(void)
{
	struct stress_run run = run_of(4, 1);

	add(&run, step(1, 6.6, 0.26, 0.01));
	add(&run, step(2, 7.0, 0.28, 0.01));
	add(&run, step(4, 7.1, 0.28, 0.01));
	return run;
}

/* One worker, and another program that takes all the other processors. */
static struct stress_run
disturbed_worker_run(void)
{
	struct stress_run run = worker_run();

	for (unsigned i = 0; i < run.n; i++)
		run.steps[i].busy = 0.97;
	return run;
}

static struct stress_run
disturbed_cpu_run(void)
{
	struct stress_run run = cpu_run();

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].service /= 2;
		run.steps[i].busy = 0.98;
	}
	return run;
}

static struct stress_run
disk_run(void)
{
	struct stress_run run = run_of(2, 2);
	static const double rates[] = { 1.6, 3.1, 3.3, 3.2 };

	for (unsigned i = 0; i < 4; i++) {
		struct stress_step s = step(1U << i, rates[i], 0.2, 0.01);

		s.phase[STRESS_PUBLISH] = 480;
		if (s.phase[STRESS_QUEUE] > 470)
			s.phase[STRESS_QUEUE] -= 470;
		s.disk = 0.97;
		s.waiting = 0.6;
		add(&run, s);
	}
	return run;
}

/* A disk that the system does not count, such as one of a network. */
static struct stress_run
silent_disk_run(void)
{
	struct stress_run run = disk_run();

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].disk = -1;
		run.steps[i].waiting = 0;
	}
	return run;
}

/* Another program has the processors; the disk is what is waited for. */
static struct stress_run
disturbed_disk_run(void)
{
	struct stress_run run = silent_disk_run();

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].busy = 0.99;
		run.steps[i].phase[STRESS_RESIZE] = 300;
	}
	return run;
}

/*
 * Other programs have four fifths of the processors, so that the longest part
 * of a photo is to wait for one; the rest is the disk's. Such a run was had.
 */
static struct stress_run
starved_disk_run(void)
{
	struct stress_run run = run_of(2, 2);
	static const double rates[] = { 1, 2.4, 2.3, 2.4 };

	for (unsigned i = 0; i < 4; i++) {
		struct stress_step s = step(1U << i, rates[i], 1, 0.01);
		const double busy = i == 0 ? 1 : 2; /* workers */

		s.service = 0.16;
		s.disk = 0;
		s.phase[STRESS_PUBLISH] = 400;
		s.phase[STRESS_RESIZE] = 330;
		s.running = 0.125 * s.rate;
		s.runnable = busy - s.rate * 0.4 - s.running;
		add(&run, s);
	}
	return run;
}

/* The way to the disk takes longest, since there are no processors for it. */
static struct stress_run
starved_cpu_run(void)
{
	struct stress_run run = starved_disk_run();

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].running = 0.3;
		run.steps[i].runnable = i == 0 ? 0.6 : 1.5;
	}
	return run;
}

/* So few photos that the rate of the last step is the best by chance. */
static struct stress_run
few_photos_run(void)
{
	struct stress_run run = run_of(2, 1);
	static const double rates[] = { 1.5, 1, 2 };

	for (unsigned i = 0; i < 3; i++) {
		struct stress_step s = step(1U << i, rates[i], 1, 0.01);

		s.service = 0.15;
		s.phase[STRESS_RESIZE] = 450;
		s.phase[STRESS_QUEUE] = 700 * i;
		add(&run, s);
	}
	return run;
}

static struct stress_run
queue_run(void)
{
	struct stress_run run = run_of(2, 2);

	run.queue_length = 1;
	add(&run, step(1, 6.6, 0.52, 0.02));
	add(&run, step(2, 12, 0.9, 0.03));
	add(&run, step(4, 12.5, 0.93, 0.04));
	run.steps[2].losses[STRESS_OVERLOADED] = 60;
	add(&run, step(8, 12.4, 0.93, 0.04));
	run.steps[3].losses[STRESS_OVERLOADED] = 300;
	return run;
}

/* A queue as long as it should be, which refuses what would wait too long. */
static struct stress_run
flooded_run(void)
{
	struct stress_run run = cpu_run();
	struct stress_step s = step(128, 13.4, 0.99, 0.04);

	s.losses[STRESS_OVERLOADED] = 40;
	add(&run, s);
	return run;
}

static struct stress_run
rising_run(void)
{
	struct stress_run run = run_of(16, 16);

	add(&run, step(1, 6.6, 0.06, 0.01));
	add(&run, step(2, 13, 0.13, 0.02));
	add(&run, step(4, 26, 0.26, 0.03));
	return run;
}

static struct stress_run
rate_run(void)
{
	struct stress_run run = cpu_run();

	run.workers = 0;
	run.steps[2].losses[STRESS_RATE_LIMITED] = 30;
	run.steps[3].losses[STRESS_RATE_LIMITED] = 300;
	return run;
}

static struct stress_run
room_run(void)
{
	struct stress_run run = cpu_run();

	run.steps[3].losses[STRESS_FULL] = 1;
	return run;
}

static struct stress_run
memory_run(void)
{
	struct stress_run run = cpu_run();

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].busy = 0.5;
		run.steps[i].free = run.memory / 100;
		run.steps[i].swapped = 40 * GB / 100;
	}
	return run;
}

static struct stress_run
self_run(void)
{
	struct stress_run run = cpu_run();

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].self = 0.7 * run.steps[i].busy;
		run.steps[i].service = 0.3 * run.steps[i].busy;
	}
	return run;
}

/* Its one thread is all that it has, and the service waits for it. */
static struct stress_run
thread_run(void)
{
	struct stress_run run = run_of(16, 16);
	static const double rates[] = { 20, 40, 44, 45 };

	for (unsigned i = 0; i < 4; i++)
		add(&run, step(1U << i, rates[i], 0.45, 0.06));
	run.steps[0].self = 0.03;
	return run;
}

static struct stress_run
fault_run(void)
{
	struct stress_run run = cpu_run();

	run.steps[1].losses[STRESS_BROKEN] = 90;
	return run;
}

static struct stress_run
front_run(void)
{
	struct stress_run run = run_of(8, 8);
	static const double rates[] = { 1, 2, 2.05, 2 };

	for (unsigned i = 0; i < 4; i++) {
		struct stress_step s = step(1U << i, rates[i], 0.1, 0.01);

		s.phase[STRESS_NGINX] += s.phase[STRESS_QUEUE];
		s.phase[STRESS_QUEUE] = 0;
		add(&run, s);
	}
	return run;
}

/* The same, where 20 s are good enough: it is still not the queue's fault. */
static struct stress_run
patient_flooded_run(void)
{
	struct stress_run run = flooded_run();

	run.p95_wanted = 20000;
	return run;
}

/* Photos that wait for longer than limits.queue_seconds; its length is fine. */
static struct stress_run
short_of_time_run(void)
{
	struct stress_run run = cpu_run();

	run.p95_wanted = 20000;
	run.queue_length = 20;
	run.steps[3].losses[STRESS_OVERLOADED] = 20;
	return run;
}

/* The system has cut the queue that was asked for. */
static struct stress_run
cut_queue_run(void)
{
	struct stress_run run = run_of(8, 8);

	add(&run, step(1, 6.6, 0.13, 0.01));
	add(&run, step(2, 13, 0.25, 0.01));
	add(&run, step(4, 25, 0.5, 0.02));
	add(&run, step(8, 26, 0.51, 0.02));
	run.steps[3].phase[STRESS_QUEUE] = 5;
	run.steps[3].losses[STRESS_OVERLOADED] = 100;
	return run;
}

/* Its files took 18 ms when there was one client. */
static struct stress_run
worn_disk_run(void)
{
	struct stress_run run = run_of(8, 4);

	add(&run, step(1, 6.6, 0.14, 0.01));
	add(&run, step(2, 12, 0.24, 0.01));
	add(&run, step(4, 18, 0.36, 0.02));
	add(&run, step(8, 18.2, 0.36, 0.02));
	for (unsigned i = 2; i < 4; i++) {
		run.steps[i].phase[STRESS_PUBLISH] = 62;
		run.steps[i].disk = -1;
	}
	run.steps[3].phase[STRESS_QUEUE] -= 52;
	return run;
}

/* The step with the most photos is the last one, by accident. */
static struct stress_run
lucky_run(void)
{
	struct stress_run run = cpu_run();

	run.steps[3] = step(8, 14.6, 0.99, 0.04);
	return run;
}

/* As many clients as were allowed are but a few more than before. */
static struct stress_run
uneven_run(void)
{
	struct stress_run run = run_of(64, 64);

	add(&run, step(16, 104, 0.25, 0.03));
	add(&run, step(32, 208, 0.5, 0.03));
	add(&run, step(33, 212, 0.52, 0.03));
	return run;
}

static struct stress_run
unknown_memory_run(void)
{
	struct stress_run run = cpu_run();

	for (unsigned i = 0; i < run.n; i++)
		run.steps[i].free = 0;
	return run;
}

/* Another machine: what its processors do is not known, nor its workers. */
static struct stress_run
elsewhere(struct stress_run run)
{
	run.elsewhere = true;
	run.workers = run.queue_length = 0;
	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].service = -1;
		run.steps[i].busy = 0.1;
		run.steps[i].disk = 0.9;
		run.steps[i].waiting = 0.3;
		run.steps[i].free = run.memory / 100;
	}
	return run;
}

static struct stress_run
foreign_run(void)
{
	return elsewhere(cpu_run());
}

/* More workers than processors: each of them gets less. */
static struct stress_run
foreign_cpu_run(void)
{
	struct stress_run run = elsewhere(cpu_run());

	for (unsigned i = 1; i < run.n; i++)
		for (unsigned p = STRESS_RECEIVE; p < STRESS_PHASES; p++)
			run.steps[i].phase[p] *= 1.9;
	return run;
}

static struct stress_run
foreign_disk_run(void)
{
	return elsewhere(silent_disk_run());
}

static struct stress_run
foreign_self_run(void)
{
	struct stress_run run = elsewhere(cpu_run());

	for (unsigned i = 0; i < run.n; i++) {
		run.steps[i].busy = 0.95;
		run.steps[i].self = 0.4;
	}
	return run;
}

static const struct {
	const char *name;
	struct stress_run (*run)(void);
	enum stress_limit limit;
	const char *words; /* of the sentence */
} runs[] = {
	{ "cpu", cpu_run, STRESS_BY_CPU,
	    "CPU: decode 43 %; the processors are 99 % busy, 2 workers saturate"
	    " at 14 photos/s with 4 clients." },
	{ "cpu, disturbed", disturbed_cpu_run, STRESS_BY_CPU,
	    "other programs use 47 % of the processors" },
	{ "workers", worker_run, STRESS_BY_WORKERS,
	    "Workers: 1.0 of 1 is always at work while the processors are 28 %"
	    " busy; 1 worker saturates at 7.1 photos/s with 4 clients." },
	{ "workers, disturbed", disturbed_worker_run, STRESS_BY_WORKERS,
	    "other programs use" },
	{ "disk", disk_run, STRESS_BY_DISK,
	    "Disk: publish 79 %; the processors are 20 % busy, the disk 97 %" },
	{ "disk, silent", silent_disk_run, STRESS_BY_DISK,
	    "Disk: publish 79 %; the processors are 20 % busy; 2 workers" },
	{ "disk, disturbed", disturbed_disk_run, STRESS_BY_DISK,
	    "Disk: publish 56 %; the processors are 99 % busy" },
	{ "disk, starved", starved_disk_run, STRESS_BY_DISK,
	    "Disk: publish 49 %; the processors are 100 % busy" },
	{ "cpu, starved", starved_cpu_run, STRESS_BY_CPU,
	    "CPU: publish 49 %; the processors are 100 % busy" },
	{ "few photos", few_photos_run, STRESS_BY_WORKERS,
	    "Workers: 1.0 of 1 is always at work" },
	{ "queue", queue_run, STRESS_BY_QUEUE,
	    "Queue: of 1 place; 32 % of uploads are refused with 4 clients" },
	{ "flooded", flooded_run, STRESS_BY_CPU, "CPU: " },
	{ "rising", rising_run, STRESS_BY_NOTHING,
	    "Not saturated: at least 26 photos/s with 4 clients; the processors"
	    " are 26 % busy." },
	{ "rate", rate_run, STRESS_BY_RATE,
	    "Rate limit: 18 % of uploads are refused with 429 with 4 clients" },
	{ "room", room_run, STRESS_BY_ROOM, "(507)" },
	{ "memory", memory_run, STRESS_BY_MEMORY,
	    "Memory: 80 of 8000 MB are left, 400 MB were swapped" },
	{ "self", self_run, STRESS_BY_SELF,
	    "the processors are 99 % busy, 69 % by the test" },
	{ "self, one thread", thread_run, STRESS_BY_SELF,
	    "6 % by the test, as much as its one thread can; at least 45"
	    " photos/s" },
	{ "faults", fault_run, STRESS_BY_FAULTS, "Nothing can be said: 16 %" },
	{ "front", front_run, STRESS_BY_FRONT, "Before the service: " },
	{ "flooded, patient", patient_flooded_run, STRESS_BY_CPU, "CPU: " },
	{ "short of time", short_of_time_run, STRESS_BY_CPU, "CPU: " },
	{ "cut queue", cut_queue_run, STRESS_BY_QUEUE, "Queue: " },
	{ "worn disk", worn_disk_run, STRESS_BY_DISK, "Disk: publish 32 %" },
	{ "lucky", lucky_run, STRESS_BY_CPU, "15 photos/s with 8 clients" },
	{ "uneven", uneven_run, STRESS_BY_NOTHING, "Not saturated: " },
	{ "unknown memory", unknown_memory_run, STRESS_BY_CPU, "CPU: " },
	{ "foreign", foreign_run, STRESS_BY_WORKERS,
	    "Workers: a photo waits 443 ms for one, decode is 43 % of their"
	    " work; it saturates at 14 photos/s with 4 clients; what the"
	    " machine there does is not known." },
	{ "foreign cpu", foreign_cpu_run, STRESS_BY_CPU,
	    "CPU: decode 43 %; a photo's work takes 1.9 times as long as that"
	    " of the first, it saturates" },
	{ "foreign disk", foreign_disk_run, STRESS_BY_DISK,
	    "Disk: publish 79 %; it saturates" },
	{ "foreign, the test", foreign_self_run, STRESS_BY_SELF,
	    "the processors here, not there, are 95 % busy, 40 % by the test" },
};

START_TEST(the_limit_is_named_with_its_numbers)
{
	const struct stress_run run = runs[_i].run();
	struct stress_verdict verdict;

	stress_judge(&run, &verdict);
	ck_assert_msg(verdict.limit == runs[_i].limit, "%s: %s", runs[_i].name,
	    verdict.sentence);
	ck_assert_msg(strstr(verdict.sentence, runs[_i].words) != NULL,
	    "%s: %s", runs[_i].name, verdict.sentence);
	ck_assert_ptr_null(strstr(verdict.sentence, "nan"));
	ck_assert_str_ne(verdict.advice, "");
}
END_TEST

/* What is said of another machine is not what this one does. */
START_TEST(this_machine_is_not_the_other_one)
{
	static struct stress_run (*const others[])(
	    void) = { foreign_run, foreign_cpu_run, foreign_disk_run };
	const struct stress_run run = others[_i]();
	struct stress_verdict verdict;

	stress_judge(&run, &verdict);
	ck_assert_msg(strstr(verdict.sentence, "busy") == NULL &&
		strstr(verdict.sentence, "the disk") == NULL,
	    "%s", verdict.sentence);
}
END_TEST

START_TEST(other_programs_are_in_the_advice)
{
	const struct stress_run run = disturbed_cpu_run();
	struct stress_verdict verdict;

	stress_judge(&run, &verdict);
	ck_assert_str_eq(verdict.advice,
	    "Fewer other programs, and more or faster processors help, more"
	    " workers do not.");
}
END_TEST

#define NUMBERS 18
static double *
number_of(struct stress_step *s, unsigned which)
{
	double *const numbers[NUMBERS] = { &s->rate, &s->p50, &s->p95, &s->p99,
		&s->busy, &s->service, &s->self, &s->waiting, &s->disk,
		&s->running, &s->runnable, &s->phase[STRESS_NGINX],
		&s->phase[STRESS_QUEUE], &s->phase[STRESS_RECEIVE],
		&s->phase[STRESS_DECODE], &s->phase[STRESS_RESIZE],
		&s->phase[STRESS_ENCODE], &s->phase[STRESS_PUBLISH] };

	return numbers[which % NUMBERS];
}

/* One number of a step after the other, up and down by a twentieth. */
static void
shake(struct stress_run *run, unsigned which)
{
	const double by = which % 2 == 0 ? 1.05 : 0.95;
	struct stress_step *s = &run->steps[which / 2 % run->n];

	*number_of(s, which / 2 / run->n) *= by;
}

/* All numbers at once; the same ones for the same seed. */
static void
shake_all(struct stress_run *run, unsigned seed)
{
	for (unsigned i = 0; i < run->n; i++)
		for (unsigned n = 0; n < NUMBERS; n++) {
			seed = seed * 1103515245 + 12345;
			*number_of(&run->steps[i], n) *=
			    0.95 + 0.1 * (seed >> 16 & 0x3fff) / 0x3fff;
		}
}

START_TEST(noise_does_not_change_it)
{
	struct stress_verdict verdict;

	for (unsigned which = 0; which < 2 * 5 * NUMBERS; which++) {
		struct stress_run run = runs[_i].run();

		shake(&run, which);
		stress_judge(&run, &verdict);
		ck_assert_msg(verdict.limit == runs[_i].limit, "%s, %u: %s",
		    runs[_i].name, which, verdict.sentence);
	}
}
END_TEST

START_TEST(noise_everywhere_does_not_change_it)
{
	struct stress_verdict verdict;

	for (unsigned seed = 0; seed < 500; seed++) {
		struct stress_run run = runs[_i].run();

		shake_all(&run, seed);
		stress_judge(&run, &verdict);
		ck_assert_msg(verdict.limit == runs[_i].limit, "%s, %u: %s",
		    runs[_i].name, seed, verdict.sentence);
	}
}
END_TEST

START_TEST(capacity_is_a_step_without_losses_and_in_time)
{
	struct stress_run run = cpu_run();
	struct stress_verdict verdict;

	stress_judge(&run, &verdict);
	ck_assert_double_eq(verdict.most, 13.6);
	ck_assert_uint_eq(verdict.step, 2);
	ck_assert_double_eq(verdict.capacity, 13.6);
	ck_assert_uint_eq(verdict.capacity_clients, 4);
	run.p95_wanted = 300;
	stress_judge(&run, &verdict);
	ck_assert_double_eq(verdict.capacity, 13);
	run.steps[1].losses[STRESS_OVERLOADED] = 1;
	stress_judge(&run, &verdict);
	ck_assert_double_eq(verdict.capacity, 6.6);
	run.p95_wanted = 10;
	stress_judge(&run, &verdict);
	ck_assert_double_eq(verdict.capacity, 0);
	ck_assert_uint_eq(verdict.capacity_clients, 0);
}
END_TEST

/* Whatever has not happened, too. */
START_TEST(few_numbers_are_no_verdict)
{
	struct stress_run run = run_of(2, 2);
	struct stress_verdict verdict;

	stress_judge(&run, &verdict);
	ck_assert_str_eq(verdict.sentence, "Nothing was measured.");
	run.n = 1;
	run.steps[0].clients = 1;
	run.steps[0].seconds = 1;
	stress_judge(&run, &verdict);
	ck_assert_int_eq(verdict.limit, STRESS_BY_NOTHING);
	ck_assert_ptr_null(strstr(verdict.sentence, "nan"));
	/* All refused. */
	run.steps[0].losses[STRESS_OVERLOADED] = 5;
	stress_judge(&run, &verdict);
	ck_assert_int_eq(verdict.limit, STRESS_BY_QUEUE);
	ck_assert_ptr_null(strstr(verdict.sentence, "nan"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stress_verdict");
	TCase *tc = tcase_create("verdict");

	tcase_add_loop_test(tc, the_limit_is_named_with_its_numbers, 0,
	    NELEM(runs));
	tcase_add_loop_test(tc, noise_does_not_change_it, 0, NELEM(runs));
	tcase_add_loop_test(tc, noise_everywhere_does_not_change_it, 0,
	    NELEM(runs));
	tcase_add_loop_test(tc, this_machine_is_not_the_other_one, 0, 3);
	tcase_add_test(tc, other_programs_are_in_the_advice);
	tcase_add_test(tc, capacity_is_a_step_without_losses_and_in_time);
	tcase_add_test(tc, few_numbers_are_no_verdict);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
