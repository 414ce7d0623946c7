/*
 * When to ask the service once more by oneself, without a person. What will be
 * refused the same way the next time is none of it.
 */

const TRIES = 6; /* in all: pauses of 1, 2, 4, 8 and 16 seconds at least */
const LONGEST_S = 60; /* that a person would wait for; "off till noon" is said */

const BRIEF = new Set(["network", "stalled"]);
const BRIEF_STATUS = new Set([429, 502, 503, 504]);

export const isBrief = ({ code, status }) => BRIEF.has(code)
    || BRIEF_STATUS.has(status);

/*
 * What Retry-After says, in seconds; 0: nothing. A time counts from the answer's
 * own Date, since this machine's clock may be wrong.
 */
export function secondsOf(retryAfter, date)
{
	const time = Date.parse(retryAfter) - (Date.parse(date) || Date.now());

	return /^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter)
	    : Math.max(0, Math.ceil(time / 1000)) || 0;
}

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
