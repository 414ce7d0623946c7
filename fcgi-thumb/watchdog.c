#include "config.h"

/*
 * The timer by which a process ends itself. Responsible for one signal and one
 * timer; refuses to know what the process does meanwhile. The handler may find
 * any lock taken and the heap in pieces, so it calls only log_line and _exit; the master says which photo it was.
 */

#include "watchdog.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* What a signal handler needs has to be found without an argument. */
static struct {
	bool ready;
	timer_t timer;
	char line[80];
	size_t len;
} watchdog;

static void
end_process(int signo)
{
	(void)signo;
	log_line(watchdog.line, watchdog.len);
	_exit(WATCHDOG_EXIT);
}

int
watchdog_init(void)
{
	struct sigaction sa = { .sa_handler = end_process };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGALRM };
	sigset_t set;

	(void)snprintf(watchdog.line, sizeof watchdog.line,
	    "%sworker %d: ended by its watchdog", log_tag(), (int)getpid());
	watchdog.len = strlen(watchdog.line);
	(void)sigfillset(&sa.sa_mask);
	if (sigaction(SIGALRM, &sa, NULL) != 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &watchdog.timer) != 0)
		return -1;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	if (sigprocmask(SIG_UNBLOCK, &set, NULL) != 0)
		return -1;
	watchdog.ready = true;
	return 0;
}

void
watchdog_arm(uint64_t deadline_ns)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(deadline_ns / NS_PER_S),
		    .tv_nsec = (long)(deadline_ns % NS_PER_S) }
	};

	/* Cannot fail: the timer is ours and the time is well-formed. */
	if (watchdog.ready)
		(void)timer_settime(watchdog.timer, TIMER_ABSTIME, &when, NULL);
}
