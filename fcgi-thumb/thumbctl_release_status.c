#include "config.h"

/*
 * How it stands, for a person who was woken by it: who serves, what waits, what
 * is under way and whether anybody drives it, what nginx is told, and which
 * command comes next. Whatever was killed at whatever moment, this says so.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "terms_time.h"
#include "thumbctl_release_internal.h"
#include "thumbctl_release_route.h"

#define NEXT_MAX 4

/* All that is known. */
struct view {
	struct releases r;
	bool lives[SLOT_COUNT];
	struct service_state masters[SLOT_COUNT];
	bool is_driven; /* somebody holds the lock */
	struct release_holder driver;
	bool is_routed; /* nginx has a route of ours */
	bool agrees;    /* and it is what the state wants */
	struct route route;
	char salt[RELEASE_ID_LEN + 1];
	int64_t now;
	const char *next[NEXT_MAX]; /* what can be done, the first first */
	unsigned n_next;
};

/* ---- to look ---- */

static void
advise(struct view *v, const char *words)
{
	if (v->n_next < NEXT_MAX)
		v->next[v->n_next++] = words;
}

static bool
is_overdue(const struct view *v)
{
	const struct release_run *run = &v->r.state.run;

	return run->deadline != 0 &&
	    (run->deadline <= v->now || v->now < run->began);
}

static bool
has_version(const struct view *v, enum release_slot slot)
{
	return v->r.state.slots[slot].version[0] != '\0';
}

/* Is a slot that users are to come to without a master? */
static bool
lacks_master(const struct view *v)
{
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++)
		if (release_share(&v->r.state, slot) > 0 && !v->lives[slot])
			return true;
	return false;
}

static void
advise_run(struct view *v)
{
	if (v->r.state.run.how == RELEASE_AB && !v->r.state.run.settled) {
		advise(v, "thumbctl ab report");
		advise(v, "thumbctl ab stop");
	} else if (v->is_driven) {
		advise(v, "wait; thumbctl release abort goes back at once");
	} else if (v->r.state.run.settled) {
		advise(v, "thumbctl release tend does what is left to be done");
		if (v->r.state.run.share > 0)
			advise(v, "thumbctl release abort goes back instead");
	} else {
		advise(v, "thumbctl release abort goes back now");
		if (is_overdue(v))
			advise(v,
			    "thumbctl release tend should have done so; does "
			    "its timer run?");
	}
}

static void
advise_idle(struct view *v, enum release_slot idle)
{
	const struct release_slot_state *s = &v->r.state.slots[idle];

	if (!has_version(v, idle)) {
		advise(v, "thumbctl release stage fills the idle slot");
	} else if (v->r.state.has_previous && v->r.state.previous == idle) {
		advise(v, "thumbctl release rollback goes back to it");
		advise(v,
		    "thumbctl release stage puts a new version in its "
		    "place");
	} else if (s->checked == 0) {
		advise(v, "thumbctl release check tests the idle slot");
		advise(v,
		    "thumbctl release rollout (or canary, switch) tests "
		    "it and goes on");
	} else if (s->passed) {
		advise(v, "thumbctl release rollout (or canary, switch)");
	} else {
		advise(v, "thumbctl release stage, with one that passes");
	}
}

static void
find_advice(struct view *v)
{
	const struct release_state *state = &v->r.state;

	if (lacks_master(v))
		advise(v, "thumbctl release start starts what does not run");
	if (state->run.how != RELEASE_NONE) {
		advise_run(v);
		return;
	}
	if (!v->agrees && v->is_routed && !v->is_driven)
		advise(v,
		    "thumbctl release abort has nginx do what the state "
		    "wants");
	if (!v->is_routed)
		advise(v, "thumbctl apply makes nginx's route");
	if (!v->is_driven)
		advise_idle(v, release_other(state->active));
	if (state->has_previous && state->previous == SLOT_NONE)
		advise(v,
		    "thumbctl release rollback goes back to the service "
		    "without slots");
}

static void
look(struct view *v)
{
	struct route wanted =
	    route_of_state(&v->r.state, v->r.settings->release_cookie);

	v->now = (int64_t)clock_wall_ms();
	for (enum release_slot slot = SLOT_NONE; slot < SLOT_COUNT; slot++)
		v->lives[slot] = slot_is_alive(&v->r, slot, &v->masters[slot]);
	v->is_driven =
	    release_is_locked(v->r.settings->release_dir, &v->driver);
	v->is_routed =
	    releases_routed(&v->r, &v->route, v->salt, sizeof v->salt) == 0;
	v->agrees = v->is_routed && route_is_same(&v->route, &wanted);
	find_advice(v);
}

/* Is there a word to be said of the slot? Of the two there always is. */
static bool
is_shown(const struct view *v, enum release_slot slot)
{
	const struct release_state *s = &v->r.state;

	return slot != SLOT_NONE || s->active == SLOT_NONE ||
	    (s->has_previous && s->previous == SLOT_NONE) ||
	    release_share(s, slot) > 0 || v->lives[slot];
}

/* ---- in words ---- */

/* A line; the label of the first one only. */
static void
begin_line(const char *label)
{
	(void)printf("%-10s ", label);
}

static void
print_master(const struct view *v, enum release_slot slot)
{
	const char *digest = v->r.state.slots[slot].digest;
	const struct service_state *m = &v->masters[slot];

	if (!v->lives[slot]) {
		(void)puts(release_share(&v->r.state, slot) > 0
			? ", DOES NOT RUN"
			: ", does not run");
		return;
	}
	(void)printf(", process %ld", (long)m->pid);
	if (digest[0] != '\0' && strcmp(m->in_force, digest) != 0)
		(void)printf(", with OTHER SETTINGS (%.8s)", m->in_force);
	(void)puts("");
}

static void
print_test(const struct release_slot_state *s)
{
	char when[MOMENT_TEXT_MAX];

	moment_text(s->checked, when);
	begin_line("");
	if (s->checked == 0)
		(void)puts("not tested yet");
	else if (s->passed)
		(void)printf("the system test passed, %s\n", when);
	else
		(void)printf("the system test FAILED, %s: %s\n", when,
		    s->words);
}

static void
print_slot(const struct view *v, enum release_slot slot)
{
	const struct release_state *state = &v->r.state;
	const struct release_slot_state *s = &state->slots[slot];
	unsigned share = release_share(state, slot);
	char text[SHARE_TEXT_MAX];

	share_text(share, text);
	begin_line(settings_slot_name(slot));
	if (slot == state->active)
		(void)printf("active, serves %s", text);
	else if (share > 0)
		(void)printf("candidate, serves %s", text);
	else
		(void)printf("idle");
	if (slot == SLOT_NONE)
		(void)printf(": the service without slots");
	else if (!has_version(v, slot)) {
		(void)puts(": empty");
		return;
	} else
		(void)printf(": version %s, settings %.8s", s->version,
		    s->digest);
	print_master(v, slot);
	if (slot != SLOT_NONE && slot != state->active)
		print_test(s);
}

static void
print_previous(const struct view *v)
{
	char words[SLOT_TEXT_MAX];

	if (!v->r.state.has_previous)
		return;
	slot_text(&v->r, v->r.state.previous, words);
	begin_line("before");
	(void)printf("%s\n", words);
}

static void
print_driver(const struct view *v)
{
	char when[MOMENT_TEXT_MAX];
	const struct release_run *run = &v->r.state.run;

	begin_line("");
	if (v->is_driven)
		(void)printf("process %ld is at work: %s\n", v->driver.pid,
		    v->driver.words);
	else
		(void)puts(run->how == RELEASE_AB && !run->settled
			? "it lasts until it is ended by hand"
			: "NOBODY is at work on it");
	if (run->deadline == 0 || run->settled)
		return;
	moment_text(run->deadline, when);
	begin_line("");
	(void)printf("%s %s\n",
	    is_overdue(v) ? "should have gone back by itself"
			  : "goes back by itself, left alone,",
	    when);
}

static void
print_run(const struct view *v)
{
	const struct release_run *run = &v->r.state.run;
	char when[MOMENT_TEXT_MAX], share[SHARE_TEXT_MAX];
	char from[SLOT_TEXT_MAX], to[SLOT_TEXT_MAX];

	slot_text(&v->r, run->from, from);
	slot_text(&v->r, run->to, to);
	moment_text(run->began, when);
	begin_line("under way");
	(void)printf("%s %s by %s since %s\n", release_how_name(run->how),
	    run->id, run->by, when);
	begin_line("");
	(void)printf("from %s to %s\n", from, to);
	share_text(run->share, share);
	moment_text(run->step_began, when);
	begin_line("");
	if (run->n_steps > 0)
		(void)printf("step %u of %u: ", run->step + 1, run->n_steps);
	(void)printf("%s of the %s since %s\n", share,
	    run->by_customer ? "customers" : "requests", when);
	if (run->settled) {
		begin_line("");
		(void)printf("DECIDED: all to %s; not all that belongs to it "
			     "is done\n",
		    settings_slot_name(run->share > 0 ? run->to : run->from));
	}
	if (run->forced[0] != '\0') {
		begin_line("");
		(void)printf("the budget does not count: %s\n", run->forced);
	}
	print_driver(v);
}

static void
print_route(const char *words, const struct route *route)
{
	char share[SHARE_TEXT_MAX];

	share_text(route->share, share);
	if (route->share == 0)
		(void)printf("%s to send all to %s", words,
		    settings_slot_name(route->active));
	else
		(void)printf("%s to send %s of the %s to %s, others to %s",
		    words, share, route->by_customer ? "customers" : "requests",
		    settings_slot_name(route->candidate),
		    settings_slot_name(route->active));
}

static void
print_nginx(const struct view *v)
{
	struct route wanted =
	    route_of_state(&v->r.state, v->r.settings->release_cookie);

	begin_line("nginx");
	if (!v->is_routed) {
		(void)puts("has no route of ours");
		return;
	}
	print_route("is told", &v->route);
	if (!v->agrees) {
		(void)puts("");
		begin_line("");
		print_route("DIFFERS from the state, which wants it", &wanted);
	}
	(void)puts("");
}

static void
print_view(const struct view *v)
{
	for (enum release_slot slot = SLOT_NONE; slot < SLOT_COUNT; slot++)
		if (is_shown(v, slot))
			print_slot(v, slot);
	print_previous(v);
	if (v->r.state.run.how != RELEASE_NONE) {
		print_run(v);
	} else if (v->is_driven) {
		begin_line("at work");
		(void)printf("%s (process %ld)\n", v->driver.words,
		    v->driver.pid);
	}
	print_nginx(v);
	for (unsigned i = 0; i < v->n_next; i++) {
		begin_line(i == 0 ? "next" : "");
		(void)puts(v->next[i]);
	}
}

/* ---- as JSON ---- */

static void
set(json_t *o, const char *key, json_t *value)
{
	(void)json_object_set_new(o, key, value);
}

static json_t *
time_json(int64_t ms)
{
	char text[TERMS_TIME_MAX];

	if (ms == 0)
		return json_null();
	terms_time_text(ms, text);
	return json_string(text);
}

/* null for "". */
static json_t *
text_json(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
share_json(unsigned share)
{
	return json_real(share / 100.0);
}

static json_t *
slot_json(const struct view *v, enum release_slot slot)
{
	const struct release_slot_state *s = &v->r.state.slots[slot];
	const struct service_state *m = &v->masters[slot];
	json_t *o = json_object();

	set(o, "share", share_json(release_share(&v->r.state, slot)));
	set(o, "runs", json_boolean(v->lives[slot]));
	set(o, "pid",
	    v->lives[slot] ? json_integer((json_int_t)m->pid) : json_null());
	set(o, "in_force", text_json(v->lives[slot] ? m->in_force : ""));
	if (slot == SLOT_NONE)
		return o;
	set(o, "version", text_json(s->version));
	set(o, "settings", text_json(s->digest));
	set(o, "staged", time_json(s->staged));
	set(o, "checked", time_json(s->checked));
	set(o, "passed",
	    s->checked != 0 ? json_boolean(s->passed) : json_null());
	set(o, "words", text_json(s->words));
	return o;
}

static json_t *
run_json(const struct view *v)
{
	const struct release_run *run = &v->r.state.run;
	json_t *o, *steps = json_array();

	if (run->how == RELEASE_NONE) {
		json_decref(steps);
		return json_null();
	}
	for (unsigned i = 0; i < run->n_steps; i++)
		(void)json_array_append_new(steps, share_json(run->steps[i]));
	o = json_object();
	set(o, "how", json_string(release_how_name(run->how)));
	set(o, "id", json_string(run->id));
	set(o, "from", json_string(settings_slot_name(run->from)));
	set(o, "to", json_string(settings_slot_name(run->to)));
	set(o, "by_what",
	    json_string(run->by_customer ? "customer" : "request"));
	set(o, "steps", steps);
	set(o, "step", json_integer(run->n_steps > 0 ? run->step + 1 : 0));
	set(o, "share", share_json(run->share));
	set(o, "settled", json_boolean(run->settled));
	set(o, "began", time_json(run->began));
	set(o, "step_began", time_json(run->step_began));
	set(o, "deadline", time_json(run->deadline));
	set(o, "by", json_string(run->by));
	set(o, "forced", text_json(run->forced));
	return o;
}

static json_t *
driver_json(const struct view *v)
{
	json_t *o;

	if (!v->is_driven)
		return json_null();
	o = json_object();
	set(o, "pid", json_integer((json_int_t)v->driver.pid));
	set(o, "words", json_string(v->driver.words));
	return o;
}

static json_t *
nginx_json(const struct view *v)
{
	json_t *o;

	if (!v->is_routed)
		return json_null();
	o = json_object();
	set(o, "active", json_string(settings_slot_name(v->route.active)));
	set(o, "candidate",
	    v->route.share > 0
		? json_string(settings_slot_name(v->route.candidate))
		: json_null());
	set(o, "share", share_json(v->route.share));
	set(o, "by_what",
	    json_string(v->route.by_customer ? "customer" : "request"));
	set(o, "id", text_json(v->salt));
	set(o, "agrees", json_boolean(v->agrees));
	return o;
}

static void
print_view_json(const struct view *v)
{
	const struct release_state *s = &v->r.state;
	json_t *o = json_object(), *slots = json_object(), *next = json_array();

	set(o, "active", json_string(settings_slot_name(s->active)));
	set(o, "previous",
	    s->has_previous ? json_string(settings_slot_name(s->previous))
			    : json_null());
	for (enum release_slot slot = SLOT_NONE; slot < SLOT_COUNT; slot++)
		set(slots, settings_slot_name(slot), slot_json(v, slot));
	set(o, "slots", slots);
	set(o, "run", run_json(v));
	set(o, "driver", driver_json(v));
	set(o, "nginx", nginx_json(v));
	for (unsigned i = 0; i < v->n_next; i++)
		(void)json_array_append_new(next, json_string(v->next[i]));
	set(o, "next", next);
	print_json(o);
	json_decref(o);
}

int
release_status(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct view v = { 0 };
	bool json;
	int status;

	if (parse_json(argc, argv, &json) == -1)
		return wrong_use(self);
	status = releases_open(&v.r, settings_file, NULL);
	if (status == EXIT_SUCCESS) {
		look(&v);
		if (json)
			print_view_json(&v);
		else
			print_view(&v);
	}
	releases_close(&v.r);
	return status;
}
