/*
 * What the pages say, in the language of the page. Both languages have the same
 * keys: a text, or a function of what it is about that gives one.
 */
import { language } from "./figures.js";

export const { words } = await import(`./words-${language}.js`);

/* A refusal, as answers.js describes it, in words. */
export const refusal = problem => Object.hasOwn(words.refusals, problem.code)
	? words.refusals[problem.code](problem) : words.otherRefusal(problem);
