import { expect, test } from "vitest";
import { signedIn, csrfIn } from "../../support/console.ts";
import { statusOf, uniqueKey } from "../../support/gateway.ts";
import { auditOf, entryOf } from "../../support/journal.ts";
import { idOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

/** The hidden fields of the page's only form with a plan. */
function carriedIn(page: string): Record<string, string> {
  const [form = ""] = /<form class="stack"[\s\S]*?<\/form>/.exec(page) ?? [];
  const fields = [...form.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
  return Object.fromEntries(fields.map(([, name = "", value = ""]) => [name, value.replaceAll("&quot;", '"')]));
}

test("O8.2 many are settled after a check, each with its audit line, and none that changed meanwhile", async () => {
  const origin = scriptOrigin(() => new Response("?", { status: 502 }));
  const browser = await signedIn();
  const { operator } = browser;
  const path = `/v1/${uniqueKey()}`;
  const keys = [uniqueKey(), uniqueKey()];
  const ids = await Promise.all(keys.map((key) => idOf(key, path)));
  for (const key of keys) await operator.client.post(path, { key });
  for (const id of ids) await entryOf(operator, id, "unknown");
  expect(await (await browser.get("/")).text()).toContain('href="/_oncegate/settle-many"');
  expect(csrfIn(await (await browser.get("/settle-many")).text())).not.toBe("");
  const asked = {
    operation: `POST ${path}`,
    choice: "final",
    status: "201",
    type: "text/plain",
    body: 'a\r\n"b"',
    why: "ledger",
  };
  const check = await (await browser.post("/settle-many", asked)).text();
  expect(check).toContain("2 records match. Of the first 2, 2 can be settled. Nothing was done.");
  const [changed = "", kept = ""] = ids;
  await operator.post(`/records/${changed}/release`, { why: "x" });
  await operator.client.post(path, { key: keys[0] ?? "" });
  const done = await (await browser.post("/settle-many", carriedIn(check))).text();
  expect(done).toMatch(/1 settled, [01] refused, 0 not known, 0 left\./);
  expect(await (await operator.get(`/records/${changed}`)).json()).toMatchObject({ state: "unknown" });
  expect(await auditOf(operator, kept)).toMatchObject([
    { operator: "jane", action: "settle", result: "done", why: "ledger" },
  ]);
  origin.answers(() => new Response("again"));
  const replay = await operator.client.post(path, { key: keys[1] ?? "" });
  expect([statusOf(replay), await replay.text()]).toEqual(["replayed", 'a\n"b"']);
});

test("O8.2 a request that is not valid, or whose plan is of another one, settles nothing", async () => {
  const browser = await signedIn();
  const asked = { operation: "POST /x", choice: "not-executed", why: "x" };
  for (const fields of [
    { ...asked, choice: "release" },
    { ...asked, from: "soon" },
    { ...asked, plan: "1.2.3" },
  ]) {
    const response = await browser.post("/settle-many", fields);
    expect([response.status, (await response.text()).includes('role="alert"')]).toEqual([400, true]);
  }
});

test("O8.2 the list is a file, for those who are signed in", async () => {
  const browser = await signedIn();
  const file = await browser.get("/journal.csv?state=unknown");
  expect([file.status, file.headers.get("content-type")]).toEqual([200, "text/csv; charset=utf-8"]);
  expect((await browser.get("/journal.ndjson?state=any")).status).toBe(400);
  browser.cookie = null;
  expect((await browser.get("/journal.csv")).headers.get("content-type")).toBe("text/html; charset=utf-8");
});
