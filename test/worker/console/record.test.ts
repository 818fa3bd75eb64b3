import { describe, expect, test } from "vitest";
import { type Browser, withUnknown } from "../../support/console.ts";
import { statusOf } from "../../support/gateway.ts";
import { auditOf } from "../../support/journal.ts";

const PATH = "/v1/charges";
const ANSWER = { choice: "final", status: "201", type: "text/plain", body: "ch_1 <b>", why: "ledger" };

/** Follows an action to the page that it leads to, as a browser does. */
async function follow(browser: Browser, response: Response): Promise<{ page: string; next: Response }> {
  expect(response.status).toBe(303);
  const notice = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  const place = (response.headers.get("location") ?? "").replace("/_oncegate", "");
  const next = await browser.get(place, { cookie: `${browser.cookie}; ${notice}` });
  return { page: await next.text(), next };
}

describe("O8 the banner after an action", () => {
  test.each([
    [ANSWER, "Done. Every retry gets the answer with status 201."],
    [{ choice: "not-executed", why: "x" }, "Done. The next request with the key executes."],
    [
      { choice: "release", confirm: "release", why: "x" },
      "Done. The key is forgotten: the next request with it executes.",
    ],
  ])("says what %j has done, once", async (fields, text) => {
    const { browser, id } = await withUnknown();
    const acted = await browser.post(`/records/${id}`, fields);
    const { page, next } = await follow(browser, acted);
    expect(page).toContain(text);
    const [line] = await auditOf(browser.operator, id);
    expect(page).toContain(`Recorded as line ${line?.seq} of the audit log (unknown → `);
    expect(next.headers.get("set-cookie")).toMatch(
      /^oncegate_done=; Path=\/_oncegate; Max-Age=0; HttpOnly; SameSite=Strict/,
    );
    expect(await (await browser.get(`/records/${id}`)).text()).not.toContain("Done. ");
  });

  test.each(["1", "999999", "-1", "<b>", "1 OR 1", ""])("is not shown for a planted cookie %j", async (seq) => {
    const { browser, id } = await withUnknown();
    const other = await withUnknown();
    await other.browser.post(`/records/${other.id}`, ANSWER);
    const page = await browser.get(`/records/${id}`, { cookie: `${browser.cookie}; oncegate_done=${seq}` });
    expect(await page.text()).not.toContain("Done. ");
  });

  test("is not shown for what another operator or another record did", async () => {
    const { browser, id } = await withUnknown();
    const acted = await browser.post(`/records/${id}`, ANSWER);
    const cookie = acted.headers.get("set-cookie")?.split(";")[0] ?? "";
    const { browser: elsewhere, id: otherId } = await withUnknown();
    const wrong = await elsewhere.get(`/records/${otherId}`, { cookie: `${elsewhere.cookie}; ${cookie}` });
    expect(await wrong.text()).not.toContain("Done. ");
    await browser.signIn({ operator: "kim" });
    const kims = await browser.get(`/records/${id}`, { cookie: `${browser.cookie}; ${cookie}` });
    expect(await kims.text()).not.toContain("Done. ");
  });
});

describe("O8 the form of a record", () => {
  test.each(["", "yes", "releas", "release me"])(
    "does not release a key that may have run with the word %j",
    async (confirm) => {
      const { browser, key, id } = await withUnknown();
      const response = await browser.post(`/records/${id}`, { choice: "release", confirm, why: "it is late" });
      expect(response.status).toBe(400);
      const page = await response.text();
      expect(page).toContain("Type release to confirm. Nothing was done.");
      expect(page).toContain('name="why" required="" maxlength="1000" autocomplete="off" value="it is late"');
      expect(page).toContain('value="release" required="" checked=""');
      expect(await auditOf(browser.operator, id)).toEqual([]);
      expect((await browser.operator.client.post(PATH, { key })).status).toBe(409);
    },
  );

  test("keeps what was entered where it is refused", async () => {
    const { browser, id } = await withUnknown();
    const page = await (await browser.post(`/records/${id}`, { ...ANSWER, status: "99" })).text();
    expect(page).toContain('role="alert"');
    for (const kept of ['value="99"', 'value="text/plain"', "ch_1 &lt;b&gt;</textarea>", 'value="ledger"']) {
      expect(page).toContain(kept);
    }
    expect(page).toContain('value="final" required="" checked=""');
  });
});

describe("O8 the stored answer", () => {
  test("is shown on request only, and each time with a line in the audit log", async () => {
    const { browser, id } = await withUnknown();
    await browser.post(`/records/${id}`, ANSWER);
    const plain = await (await browser.get(`/records/${id}`)).text();
    expect(plain).not.toContain("ch_1");
    expect(plain).toContain("The body has 8 bytes");
    const shown = await browser.post(`/records/${id}/body`, {});
    expect(await shown.text()).toContain("ch_1 &lt;b&gt;</pre>");
    expect(await auditOf(browser.operator, id)).toMatchObject([
      { action: "read", operator: "jane", result: "done" },
      { action: "settle" },
    ]);
    expect(await (await browser.get(`/records/${id}`)).text()).not.toContain("ch_1");
  });

  test("is not shown without the session's CSRF token, to a script, or where there is none", async () => {
    const { browser, id } = await withUnknown();
    await browser.post(`/records/${id}`, ANSWER);
    expect((await browser.post(`/records/${id}/body`, { csrf: "x" })).status).toBe(403);
    expect((await browser.post(`/records/${id}/body`, {}, { "sec-fetch-mode": "cors" })).status).toBe(403);
    expect(await (await browser.get(`/records/${id}/body`, { accept: "text/html" })).text()).not.toContain("ch_1");
    const { browser: other, id: unknown } = await withUnknown();
    const page = await (await other.post(`/records/${unknown}/body`, {})).text();
    expect(page).toContain("The record has no stored answer.");
    expect(await auditOf(other.operator, unknown)).toEqual([]);
  });
});

test("O8 the timeline is in order, and names who decided", async () => {
  const { origin, browser, key, id } = await withUnknown();
  await browser.post(`/records/${id}`, { choice: "release", confirm: "release", why: "refunded" });
  origin.answers(() => new Response("ok"));
  expect(statusOf(await browser.operator.client.post(PATH, { key }))).toBe("executed");
  await browser.post(`/records/${id}`, { choice: "purge", why: "asked for" });
  const page = await (await browser.get(`/records/${id}`)).text();
  const timeline = page.slice(page.indexOf('<ol class="timeline">'));
  const released = timeline.indexOf("<b>jane (operator token)</b>: release, done: unknown → none");
  const purged = timeline.indexOf("<b>jane (operator token)</b>: purge, done: completed → tombstone");
  expect(released).toBeGreaterThan(0);
  expect(purged).toBeGreaterThan(released);
  expect(timeline).toContain("Reason: refunded");
  expect(timeline).toMatch(/<time datetime="[^"]+Z">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC<\/time>/);
});
