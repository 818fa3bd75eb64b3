import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { browserOf } from "../../support/console.ts";
import { ENTRY_FACTS } from "../../support/journal.ts";

const OTHER = { "other.test": { origin: "http://origin.test", caller: ["authorization"] } };

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
