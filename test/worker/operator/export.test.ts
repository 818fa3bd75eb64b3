import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { type Journal } from "../../../src/journal/journal.ts";
import { problemOf } from "../../support/gateway.ts";
import { ENTRY_FACTS } from "../../support/journal.ts";
import { operatorOf } from "../../support/operator.ts";

const START_MS = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 86_400_000;

/** A hostname of its own, whose journal has an unknown outcome for each key. */
async function listed(host: string, keys: readonly string[]) {
  const operator = operatorOf({}, { [host]: { origin: "http://origin.test", caller: [] } });
  const journal = env.JOURNALS.getByName(host);
  const expiresAtMs = Date.now() + DAY_MS;
  await runInDurableObject(journal, (instance: Journal) => {
    for (const [n, key] of keys.entries()) {
      const times = { sinceMs: START_MS + n, atMs: START_MS, expiresAtMs };
      const record = n.toString(16).padStart(64, "0");
      instance.record({ ...ENTRY_FACTS, ...times, state: "unknown", cause: "timeout", hostname: host, record, key });
    }
  });
  return (path: string) => operator.get(path, { host });
}

describe("O5.6 the exported list", () => {
  test("as NDJSON has every entry of the filter as it is, across the pages that it is read in", async () => {
    const keys = Array.from({ length: 1100 }, (_, n) => `k-${n}`);
    const get = await listed("ndjson.test", keys);
    const response = await get("/journal.ndjson?state=unknown");
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(response.headers.get("oncegate-dropped")).toBe("0");
    const lines = (await response.text()).trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(keys);
    expect(await (await get("/journal.ndjson?state=tombstone")).text()).toBe("");
    expect((await (await get("/journal.ndjson?key=k-7")).text()).split("\n")).toHaveLength(2);
  });

  test("as CSV quotes its values, and has no formula", async () => {
    const get = await listed("csv.test", ['a,"b"', '=HYPERLINK("x")', "-1", "plain"]);
    const response = await get("/journal.csv?state=unknown");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="journal.csv"');
    const [head = "", ...rows] = (await response.text()).trimEnd().split("\r\n");
    expect(head).toMatch(/^record,attempt_id,hostname,operation,key,caller,/);
    const written = ['"a,""b"""', `"'=HYPERLINK(""x"")"`, "'-1", "plain"];
    expect(rows).toHaveLength(4);
    for (const [n, row] of rows.entries()) expect(row).toContain(`,POST /x,${written[n]},c,unknown,timeout,`);
  });

  test.each(["/journal.csv?limit=1", "/journal.ndjson?state=any"])("refuses an invalid query: %s", async (path) => {
    expect(await problemOf(await operatorOf().get(path))).toBe("400 invalid_request");
  });
});
