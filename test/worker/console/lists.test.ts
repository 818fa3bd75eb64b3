import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { type Browser, browserOf } from "../../support/console.ts";
import { uniqueKey } from "../../support/gateway.ts";
import { ENTRY_FACTS } from "../../support/journal.ts";

const HOUR_MS = 60 * 60 * 1000;
const ID = "ab".repeat(32);

/** A console whose journal has two entries, of which one is two days old. */
async function withEntries(): Promise<Browser> {
  const host = `${uniqueKey()}.test`;
  const browser = browserOf({}, { [host]: { origin: "http://origin.test", caller: ["authorization"] } }, {}, host);
  await browser.signIn();
  const journal = env.JOURNALS.getByName(host);
  const nowMs = Date.now();
  const event = {
    ...ENTRY_FACTS,
    hostname: host,
    state: "unknown",
    atMs: nowMs,
    expiresAtMs: nowMs + HOUR_MS,
  } as const;
  const recent = { record: ID, operation: "POST /v1/new", key: "key-new", cause: "attempt", status: 502 } as const;
  await journal.record({ ...event, ...recent, sinceMs: nowMs - 1000 });
  const old = { record: "cd".repeat(32), operation: "POST /v1/old", key: "key-old", cause: "timeout" } as const;
  await journal.record({ ...event, ...old, sinceMs: nowMs - 48 * HOUR_MS });
  return browser;
}

const textOf = async (response: Promise<Response>): Promise<string> => (await response).text();

describe("O8 a list", () => {
  test.each(["/unknown", "/records"])("shows key, cause and status of each entry: %s", async (path) => {
    const page = await textOf((await withEntries()).get(path));
    for (const text of [
      '<dt>Key</dt><dd><span class="id">key-new</span>',
      "<dt>Cause</dt><dd>the attempt ended</dd>",
      "<dt>Origin</dt><dd>status 502</dd>",
      "<dt>Cause</dt><dd>no answer within origin_timeout</dd>",
      "<dt>Origin</dt><dd>no answer seen</dd>",
      "2, oldest first.",
    ]) {
      expect(page).toContain(text);
    }
    expect(page).toMatch(
      /<dt>Since<\/dt><dd><time datetime="[^"]+">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC<\/time> \(2 d ago\)/,
    );
  });

  test.each([
    ["range=24h", ["key-new"]],
    ["range=7d", ["key-new", "key-old"]],
    ["operation=POST+%2Fv1%2Fold", ["key-old"]],
    ["cause=attempt&status=502", ["key-new"]],
    ["key=key-old&cause=&range=", ["key-old"]],
    ["to=2026-01-01T00:00:00Z", []],
  ])("is filtered by the URL: %s", async (query, keys) => {
    const browser = await withEntries();
    for (const path of ["/unknown", "/records"]) {
      const page = await textOf(browser.get(`${path}?${query}`));
      const listed = [...page.matchAll(/<span class="id">(key-\w+)<\/span>/g)].map(([, key = ""]) => key);
      expect([path, listed.toSorted()]).toEqual([path, keys]);
    }
  });

  test("passes its filter on to the files and to settling many, and keeps it in its form", async () => {
    const browser = await withEntries();
    const page = await textOf(browser.get("/unknown?operation=POST+%2Fv1%2Fnew&status=502&range=24h"));
    expect(page).toContain('name="operation" autocomplete="off" placeholder="POST /v1/charges" value="POST /v1/new"');
    expect(page).toContain('<option value="24h" selected="">');
    const csv = /href="\/_oncegate(\/journal\.csv\?[^"]*)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const file = await browser.get(csv);
    expect(file.status).toBe(200);
    const lines = (await file.text()).trim().split("\r\n");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain("key-new");
    const many = /href="\/_oncegate(\/settle-many\?[^"]*)"/.exec(page)?.[1]?.replaceAll("&amp;", "&") ?? "";
    const form = await textOf(browser.get(many));
    expect(form).toContain('name="operation" autocomplete="off" placeholder="POST /v1/charges" value="POST /v1/new"');
    expect(form).toContain('name="seen" autocomplete="off" placeholder="502" value="502"');
    expect(form).toMatch(/name="from" [^>]*value="\d{4}-\d\d-\d\dT[\d:.]+Z"/);
  });

  test.each(["range=2d", "cause=none", "status=9", "from=soon", "after=x", "caller=x"])(
    "refuses %s and keeps the form",
    async (query) => {
      const browser = await withEntries();
      for (const path of ["/unknown", "/records"]) {
        const response = await browser.get(`${path}?operation=POST+%2Fkept&${query}`);
        const page = await response.text();
        expect([path, response.status, page.includes('role="alert"')]).toEqual([path, 400, true]);
        expect(page).toContain('value="POST /kept"');
      }
    },
  );

  test("filters records by their state", async () => {
    const browser = await withEntries();
    expect(await textOf(browser.get("/records?state=mismatch"))).toContain("<p>None.</p>");
    expect((await browser.get("/records?state=gone")).status).toBe(400);
  });
});

describe("O8 the audit log", () => {
  const HOST = "audited.test";

  test("lists who did what, newest first, page by page, filtered by record and time", async () => {
    const browser = browserOf({}, { [HOST]: { origin: "http://origin.test", caller: ["authorization"] } }, {}, HOST);
    await browser.signIn();
    const journal = env.JOURNALS.getByName(HOST);
    const intent = { hostname: HOST, token: "operator", operator: "kim", action: "settle" } as const;
    const given = JSON.stringify({ outcome: "final", status: 201, headers: [], body_bytes: 4, attempt_id: "a-1" });
    for (let n = 0; n < 60; n++) {
      const record = n === 7 ? ID : n.toString(16).padStart(64, "0");
      const seq = await journal.intend({ ...intent, record, given, why: `ticket ${n}` }, HOUR_MS);
      await journal.ended(seq ?? 0, { result: "done", before: "unknown", after: "completed" });
    }
    const first = await textOf(browser.get("/audit?range=1h"));
    expect(first.match(/settle by kim \(operator token\)/g)).toHaveLength(50);
    expect(first).toContain("ticket 59");
    expect(first).toContain("<dt>Given</dt><dd>outcome final, status 201, headers none, body bytes 4</dd>");
    expect(first).toContain("<dt>Result</dt><dd>done: unknown → completed</dd>");
    const more = /href="\/_oncegate(\/audit\?[^"]*before=[^"]*)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(more).toContain("range=1h");
    const second = await textOf(browser.get(more));
    expect(second.match(/settle by kim/g)).toHaveLength(10);
    expect(second).not.toContain("Next page");
    const one = await textOf(browser.get(`/audit?record=${ID}`));
    expect(one.match(/settle by kim/g)).toHaveLength(1);
    for (const query of ["record=x", "range=x", "before=x"])
      expect((await browser.get(`/audit?${query}`)).status).toBe(400);
  });
});

test("O8 the page of the policy has what clients see, and what operators add to it", async () => {
  const routes = [{ match: "POST /v1/orders", mode: "observe" }];
  const browser = browserOf({ routes });
  await browser.signIn();
  const page = await textOf(browser.get("/policy"));
  for (const text of [
    "<h2>Keys and callers</h2>",
    "<code>POST /v1/orders</code></dt><dd>observe</dd>",
    "<dt>Mode</dt><dd>enforce</dd>",
  ]) {
    expect(page).toContain(text);
  }
});
