/*
 * Uploads straight from a browser, with the README's lines: a token as a header
 * and as a field of a form. Run with `node tokens.mjs`, FT_URL set to a service
 * that wants tokens and FT_TOKEN to one that it takes.
 */
import assert from "node:assert/strict";
import { main } from "./harness.mjs";
import { until } from "./parts.mjs";
import { code, codeBelow, document_of, open } from "./site.mjs";

const HEADING = "Uploads straight from a browser";
const token = process.env.FT_TOKEN;
const REFUSED = /status of 403/;
const [form] = code("plain form");

async function header({ page, photo, expected })
{
	const [send] = codeBelow(HEADING, "js");

	expected.push(REFUSED);
	await open(page, document_of("",
	    `${form}<script>const send = (form, token) => ${send}</script>`));
	await page.locator("input[type=file]").setInputFiles(
	    await photo("token.jpg"));
	const statuses = await page.evaluate(async token => [
		(await send(document.forms[0], "none")).status,
		(await send(document.forms[0], token)).status ], token);
	assert.deepEqual(statuses, [403, 201]);
}

/* The field where it stands in the form, and with this value. */
async function sendForm(page, file, place, value)
{
	const [field] = codeBelow(HEADING, "html");

	assert.ok(field.includes("\"…\""));
	await open(page, document_of("", form.replace(place,
	    found => `${field.replace("…", value)}${found}`)));
	await page.locator("input[type=file]").setInputFiles(file);
	await page.getByRole("button", { name: "Send" }).click();
	await page.waitForURL("**/upload");
}

async function field({ page, photo, expected })
{
	expected.push(REFUSED);
	for (const place of ["<input", "<button"]) {
		const name = `${place.slice(1)}.jpg`;

		await sendForm(page, await photo(name), place, token);
		await until(page.getByRole("heading", { name }));
	}
	await sendForm(page, await photo("none.jpg"), "<button", "none");
	await until(page.locator(".refusal", { hasText: "token" }));
}

await main(async suite => {
	await suite.run("a token as a header", header);
	await suite.run("a token as a field, before and after the files", field);
});
