/*
 * When to ask the service once more by oneself, without a person. What will be
 * refused the same way the next time is none of it.
 */

const TRIES = 5; /* in all: pauses of 1, 2, 4 and 8 seconds at least */
const LONGEST_S = 60; /* that a person would wait for; "off till noon" is said */

const BRIEF = new Set(["network", "stalled"]);
const BRIEF_STATUS = new Set([429, 502, 503]);

export const isBrief = ({ code, status }) => BRIEF.has(code)
    || BRIEF_STATUS.has(status);

/*
 * Milliseconds to the next try after the nth one (1, 2, ...) has failed with this
 * problem, of which `seconds` is what Retry-After asked for; 0: there is no next
 * one. By chance a little longer, so that many do not come at once.
 */
export function pauseAfter(problem, n)
{
	const seconds = Math.max(problem.seconds || 0, 2 ** (n - 1));

	return isBrief(problem) && n < TRIES && seconds <= LONGEST_S
		? 1000 * seconds * (1 + Math.random() / 4) : 0;
}

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

/* A connection that has come back is worth a try at once. */
export const untilOnline = () => new Promise(resolve =>
	addEventListener("online", resolve, { once: true }));
