import { expect, test } from "vitest";
import page from "../../../docs/settling.md?raw";
import { curlsOf } from "../../support/curl.ts";
import { HOST, statusOf } from "../../support/gateway.ts";
import { TOKEN, callerDigest, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

/** A test on the bare runtime runs the commands of the drill. */
const pageWithoutDrill = page.replace(/## After an outage[\s\S]*?(?=\n## )/, "");

const PATH = "/v1/charges";
const KEY = "order-1001";

/** What each line of docs/settling.md needs its record to be, and what it makes of it; null if it only reads. */
const STORY = [
  ["/records/find", "unknown", null],
  ["/records/find", "unknown", null],
  ["/records/", "unknown", null],
  ["?body=1", "unknown", null],
  ["/settle", "unknown", "completed"],
  ["/settle", "unknown", "none"],
  ["/audit", "unknown", null],
  ["/journal", "unknown", null],
  ["/counts", "unknown", null],
  ["/purge", "completed", "tombstone"],
  ["/release", "completed", "none"],
] as const;

test("every curl line of docs/settling.md does what the page says", async () => {
  const origin = scriptOrigin();
  const { client, post } = operatorOf();
  const id = await idOf(KEY, PATH);
  const curls = curlsOf(pageWithoutDrill, { HOST: `https://${HOST}`, TOKEN, ID: id, CALLER: await callerDigest() });
  expect(curls).toHaveLength(STORY.length);
  for (const [index, { url, headers, body }] of curls.entries()) {
    const [path, before, after] = STORY[index] ?? ["", "", null];
    expect(url).toContain(path);
    await post(`/records/${id}/release`, { why: "start over" });
    origin.answers(() => new Response("x", { status: before === "unknown" ? 502 : 200 }));
    await client.post(PATH, { key: KEY });
    const response = await client.fetch(url, body === null ? { headers } : { method: "POST", headers, body });
    expect([url, response.status]).toEqual([url, 200]);
    const answer = await response.json<Record<string, unknown>>();
    if (path === "/records/find") expect(answer).toMatchObject({ id, state: "unknown" });
    if (after !== null) expect(answer).toMatchObject({ before, after });
    const next = { completed: "replayed", tombstone: "refused", none: "executed" };
    origin.answers(() => new Response("again"));
    if (after !== null) expect(statusOf(await client.post(PATH, { key: KEY }))).toBe(next[after]);
  }
});
