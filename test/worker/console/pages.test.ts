import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { browserOf, signedIn, withUnknown } from "../../support/console.ts";
import { statusOf, uniqueKey } from "../../support/gateway.ts";
import { ENTRY_FACTS } from "../../support/journal.ts";
import { eventually } from "../../support/operator.ts";

const PATH = "/v1/charges";
const ABSENT = "0".repeat(64);
const OTHER = { "other.test": { origin: "http://origin.test", caller: ["authorization"] } };

describe("O8 the pages", () => {
  test("send headers that forbid scripts, frames and caching", async () => {
    const browser = await signedIn();
    const pages = [await browser.get("/"), await browser.get(`/records/${ABSENT}`), await browserOf().get("/")];
    for (const { headers } of pages) {
      expect(headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      );
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    }
  });

  test("are not readable by the sites that `cors` allows", async () => {
    const cors = { origins: ["https://app.test"], credentials: true };
    const browser = await signedIn({ cors });
    const response = await browser.get("/", { origin: "https://app.test" });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  const MARKUP = [`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg onload=alert(1)>`];

  test.each(MARKUP)("escape %s", async (markup) => {
    const path = `/v1/${encodeURIComponent(markup)}/'"`;
    const key = `${uniqueKey().slice(0, 8)}'<img/onerror=x>`;
    const { browser, id } = await withUnknown(new URL(path, "http://x").pathname, key);
    const seen = [
      await browser.post(`/records/${id}`, { choice: "final", status: "99", type: markup, body: markup, why: markup }),
      await browser.post(`/records/${id}`, { choice: markup, why: markup }),
      await browser.post("/find", { operation: `POST /${markup}`, headers: `${markup}: x`, key: markup }),
      await browser.get(`/records?id=${encodeURIComponent(markup)}`),
      await browser.get(`/records/${encodeURIComponent(markup)}`),
      ...(await Promise.all(
        [
          "/unknown?after",
          "/unknown?operation",
          "/records?key",
          "/records?state",
          "/audit?record",
          "/settle-many?operation",
        ].map((query) => browser.get(`${query}=${encodeURIComponent(markup)}`)),
      )),
      await browser.get(`/${encodeURIComponent(markup)}`, { accept: "text/html" }),
      await browser.post("/settle-many", {
        operation: markup,
        choice: "final",
        status: "x",
        body: markup,
        why: markup,
      }),
      await browserOf().signIn({ operator: `ä${markup}`, to: markup }),
    ];
    await browser.post(`/records/${id}`, { choice: "final", status: "200", type: "text/x", body: markup, why: markup });
    const overview = await eventually(
      async () => (await browser.get("/records")).text(),
      (page) => page.includes(id),
    );
    const record = await (await browser.get(`/records/${id}`)).text();
    for (const page of [overview, record, ...(await Promise.all(seen.map((response) => response.text())))]) {
      expect(page).not.toMatch(/<script|<img|<svg onload|<iframe/i);
    }
    expect(record).toContain("&lt;img/onerror=x&gt;");
    expect(record).toContain(
      `Reason: ${markup.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;")}`,
    );
  });

  test("find a record by its request, and by its id", async () => {
    const { browser, key, id } = await withUnknown();
    const asked = { operation: `POST ${PATH}`, headers: "Authorization: Bearer alice\r\n\r\nX-Other: a: b", key };
    const place = `/_oncegate/records/${id}`;
    expect((await browser.post("/find", asked)).headers.get("location")).toBe(place);
    expect((await browser.get(`/records?id=${id.toUpperCase()}`)).headers.get("location")).toBe(place);
    const page = await (await browser.get(`/records/${id}`)).text();
    for (const text of [key, "POST /v1/charges", ">unknown<", "It may have run"]) expect(page).toContain(text);
    for (const fields of [
      { ...asked, headers: "" },
      { ...asked, headers: "nonsense" },
      { ...asked, key: " " },
    ]) {
      const response = await browser.post("/find", fields);
      expect([response.status, (await response.text()).includes('role="alert"')]).toEqual([400, true]);
    }
  });

  test("do not show records of another hostname", async () => {
    const { id } = await withUnknown();
    const there = browserOf({}, OTHER, {}, "other.test");
    await there.signIn();
    const page = await there.get(`/records/${id}`);
    expect(page.status).toBe(404);
    expect(await page.text()).toContain("No record has this id");
    const act = await there.post(`/records/${id}`, { choice: "release", confirm: "release", why: "x" });
    expect(act.status).toBe(404);
    expect(await (await there.get("/")).text()).not.toContain(id);
  });
});

describe("O8 acting", () => {
  test("settles an unknown outcome as the API does, and the audit log names the operator", async () => {
    const { origin, browser, key, id } = await withUnknown();
    const listed = (page: string): boolean => page.includes(`href="/_oncegate/records/${id}"`);
    const look = async (): Promise<string> => (await browser.get("/")).text();
    await eventually(look, listed);
    const fields = {
      choice: "final",
      status: "201",
      type: "application/json",
      body: '{"a":1,\r\n"b":2}',
      why: "ledger",
    };
    const response = await browser.post(`/records/${id}`, fields);
    expect([response.status, response.headers.get("location")]).toEqual([303, `/_oncegate/records/${id}`]);
    await eventually(look, (page) => !listed(page));
    const page = await (await browser.get(`/records/${id}`)).text();
    for (const text of [
      ">completed<",
      "201, 14 bytes",
      "<b>jane (operator token)</b>: settle",
      "unknown → completed",
      "Reason: ledger",
    ]) {
      expect(page).toContain(text);
    }
    const retry = await browser.operator.client.post(PATH, { key });
    expect([retry.status, statusOf(retry), await retry.text()]).toEqual([201, "replayed", '{"a":1,\n"b":2}']);
    expect(origin.received).toHaveLength(1);
    const { lines } = await (await browser.operator.get(`/audit?record=${id}`)).json<{ lines: object[] }>();
    expect(lines).toMatchObject([
      { token: "operator", operator: "jane", action: "settle", why: "ledger", result: "done", before: "unknown" },
    ]);
  });

  test.each([
    ["not-executed", "none"],
    ["release", "none"],
  ])("frees the key by %s", async (choice, after) => {
    const { origin, browser, key, id } = await withUnknown();
    expect((await browser.post(`/records/${id}`, { choice, confirm: " Release ", why: "x" })).status).toBe(303);
    const page = await browser.get(`/records/${id}`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`unknown → ${after}`);
    origin.answers(() => new Response("ok"));
    expect(statusOf(await browser.operator.client.post(PATH, { key }))).toBe("executed");
  });

  test("purges a stored answer", async () => {
    const { origin, browser, id, key } = await withUnknown();
    await browser.post(`/records/${id}`, { choice: "release", confirm: "release", why: "x" });
    origin.answers(() => new Response("secret"));
    await browser.operator.client.post(PATH, { key });
    expect((await browser.post(`/records/${id}`, { choice: "purge", why: "asked for" })).status).toBe(303);
    expect(await (await browser.get(`/records/${id}`)).text()).toContain("completed → tombstone");
  });

  test.each([
    [{ choice: "final", status: "201", why: " " }, "is required: the reason"],
    [{ choice: "final", status: "", why: "x" }, "status"],
    [{ choice: "final", status: "204", body: "x", why: "x" }, "has no body"],
    [{ choice: "purge", why: "x" }, "There is no answer"],
    [{ why: "x" }, "Choose an action"],
  ])("is refused where the API refuses: %j", async (fields, text) => {
    const { browser, key, id } = await withUnknown();
    const response = await browser.post(`/records/${id}`, fields);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).toContain(text);
    expect((await browser.operator.client.post(PATH, { key })).status).toBe(409);
  });
});

describe("O8 the overview", () => {
  const HOUR_MS = 60 * 60 * 1000;

  test("shows the last day as a chart and as a table", async () => {
    const entry = { ...OTHER["other.test"], routes: [{ match: "POST /v1/orders", key: "optional" }] };
    const browser = browserOf({}, { "counts.test": entry }, {}, "counts.test");
    await browser.signIn();
    const operation = "POST /v1/orders";
    const counts = { executed: 40, replayed: 7, joined: 2, unknown: 1, refused: 3, keyless: 9, keyless_repeated: 4 };
    const observed = { would_execute: 50, would_replay: 5, would_join: 1, would_refuse: 2 };
    await env.JOURNALS.getByName("counts.test").count(
      Object.entries({ ...counts, ...observed, keyless_compared: 8 }).map(([kind, n]) => ({
        operation,
        kind: kind as "executed",
        n,
      })),
    );
    const page = await (await browser.get("/")).text();
    expect(page.match(/<rect/g)?.length).toBeGreaterThanOrEqual(5);
    expect(page).toContain("40 executed, 7 replayed, 2 joined, 1 unknown, 3 refused");
    // Two tables with a row for each hour and a total, and one of operations.
    expect(page.match(/<th scope="row">/g)).toHaveLength(51);
    expect(page).toContain(new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS).toISOString().slice(0, 10));
    expect(page).toContain("<dt>duplicates prevented</dt><dd>9</dd>");
    expect(page).toContain("Enforce mode would have prevented 6 duplicates and refused 2 requests.");
    expect(page).toContain("50 would execute, 5 would replay, 1 would join, 0 would ask the origin, 2 would refuse");
    const keyless = await (await browser.get("/keyless")).text();
    const facts =
      "<dt>Requests</dt><dd>9</dd></div><div><dt>Compared</dt><dd>8</dd></div><div><dt>Look like duplicates</dt><dd>4</dd>";
    expect(keyless).toContain(facts);
    expect(keyless).toContain("<dt>Not compared</dt><dd>1</dd>");
    expect(keyless).toContain("A request that names no caller");
    expect(keyless).toContain("match = &quot;POST /v1/orders&quot;\nderive_key = { window = &quot;5m&quot; }");
    expect(keyless).toContain("match = &quot;POST /v1/orders&quot;\nkey = &quot;required&quot;");
    const week = await (await browser.get("/?range=7d")).text();
    expect(week).toContain("Requests, the last 7 d");
    // 28 bars of six hours and a total, twice.
    expect(week.match(/<th scope="row">/g)).toHaveLength(59);
    expect(week).toContain('<a href="/_oncegate/?range=7d" aria-current="true">7 d</a>');
    const hour = await (await browser.get("/?range=1h")).text();
    expect(hour).toContain("Requests, this hour");
    expect(hour).not.toContain("<svg role");
  });

  test("pages through more unknown outcomes than fit", async () => {
    const browser = browserOf({}, OTHER, {}, "other.test");
    await browser.signIn();
    const journal = env.JOURNALS.getByName("other.test");
    const event = {
      hostname: "other.test",
      ...ENTRY_FACTS,
      state: "unknown",
      cause: "timeout",
    } as const;
    const nowMs = Date.now();
    for (let n = 0; n < 25; n++) {
      const record = n.toString(16).padStart(64, "0");
      await journal.record({ ...event, record, sinceMs: nowMs - 100 + n, atMs: nowMs, expiresAtMs: nowMs + HOUR_MS });
    }
    const overview = await (await browser.get("/")).text();
    expect(overview).toContain("25 unknown outcomes, the oldest for 0 min");
    expect(overview.match(/class="entry"/g)).toHaveLength(5);
    const first = await (await browser.get("/unknown?operation=POST+%2Fx&range=24h")).text();
    expect(first).toContain("20 of 25, oldest first.");
    expect(first.match(/<summary[^>]*>Settle</g)).toHaveLength(20);
    const more = /href="\/_oncegate(\/unknown\?[^"]*after=[^"]*)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(more).toContain("operation=POST+%2Fx&range=24h&after=");
    const second = await (await browser.get(more)).text();
    expect(second.match(/<summary[^>]*>Settle</g)).toHaveLength(5);
    expect(second).not.toContain("Next page");
  });
});
