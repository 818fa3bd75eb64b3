// What the answers of the gateway have of the request at hand: echoed headers, their own date, and the id of a refusal.

import { describe, expect, test } from "vitest";
import { collectNumbers } from "../../support/events.ts";
import { clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const FIRST_DATE = "Tue, 24 Nov 2026 00:00:00 GMT";

/** An origin that repeats the id of its request, as ACP requires. */
function withRequestId({ headers }: { readonly headers: Headers }): Response {
  return new Response("ok", {
    headers: { "request-id": headers.get("request-id") ?? "none", date: FIRST_DATE, age: "5" },
  });
}

describe("6.1.5 repeated headers", () => {
  const client = clientOf({ profile: "acp" });
  const send = (key: string | null, id: string | null, body = "{}") =>
    client.post(PATH, { key, body, headers: { "request-id": id, "content-type": "application/json" } });

  test("have the values of the request at hand", async () => {
    const origin = scriptOrigin(withRequestId);
    const key = uniqueKey();
    const [first, again, without] = [await send(key, "r1"), await send(key, "r2"), await send(key, null)];
    const refused = await send(key, "r3", '{"a":1}');
    const keyless = await send(null, "r4");
    expect([first, again, without, refused, keyless].map(({ headers }) => headers.get("request-id"))).toEqual([
      "r1",
      "r2",
      null,
      "r3",
      "r4",
    ]);
    expect([statusOf(again), refused.status, keyless.status]).toEqual(["replayed", 422, 400]);
    expect(origin.received).toHaveLength(1);
  });

  test("are those of each request that joins", async () => {
    const held = heldAnswer(() => new Response("ok", { headers: { "request-id": "r1" } }));
    const origin = scriptOrigin(held.answer);
    const key = uniqueKey();
    const first = send(key, "r1");
    await origin.arrived(1);
    const second = send(key, "r2");
    const inFlight = await client.post(PATH, {
      key,
      body: "{}",
      headers: { "request-id": "r3", "content-type": "application/json", prefer: "wait=0" },
    });
    held.release();
    expect([(await first).headers.get("request-id"), (await second).headers.get("request-id")]).toEqual(["r1", "r2"]);
    expect([statusOf(await second), inFlight.headers.get("request-id")]).toEqual(["joined", "r3"]);
  });

  test("are also on refusals before a key is looked for, and after a pass-through that failed", async () => {
    scriptOrigin(() => {
      throw new Error("Network connection lost.");
    });
    const echoing = clientOf({ echo: ["X-Fapi-Interaction-Id"] });
    const headers = { "x-fapi-interaction-id": "i1" };
    const loop = await echoing.post(PATH, { headers: { ...headers, "cdn-loop": "oncegate" } });
    const lost = await echoing.post(PATH, { key: null, headers });
    expect([loop.status, lost.status]).toEqual([508, 502]);
    expect([loop, lost].map((answer) => answer.headers.get("x-fapi-interaction-id"))).toEqual(["i1", "i1"]);
  });

  test("are left to the origin where nothing is configured, and where it answers itself", async () => {
    scriptOrigin(withRequestId);
    const plain = clientOf();
    const key = uniqueKey();
    const headers = (id: string) => ({ headers: { "request-id": id } });
    await plain.post(PATH, { key, ...headers("r1") });
    expect((await plain.post(PATH, { key, ...headers("r2") })).headers.get("request-id")).toBe("r1");
    const passed = await client.fetch(`https://api.test${PATH}`, headers("r5"));
    expect(passed.headers.get("request-id")).toBe("r5");
  });
});

describe("6.2.5 a replay", () => {
  test("has a date of its own, and no age", async () => {
    scriptOrigin(withRequestId);
    const client = clientOf();
    const key = uniqueKey();
    const first = await client.post(PATH, { key });
    expect([first.headers.get("date"), first.headers.get("age")]).toEqual([FIRST_DATE, "5"]);
    const again = await client.post(PATH, { key });
    expect(Math.abs(Date.parse(again.headers.get("date") ?? "") - Date.now())).toBeLessThan(60_000);
    expect(again.headers.has("age")).toBe(false);
  });
});

describe("6.3.5 the instance of a refusal", () => {
  interface Line {
    readonly event: string;
    readonly instance?: string | null;
    readonly id?: string;
  }

  /** The instance of `response`, and the events of the lines that have it. */
  async function foundIn(lines: readonly string[], response: Response) {
    const { instance } = await response.json<{ instance: string }>();
    expect(instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    let all: Line[] = [];
    // Those before a tenant is known are counted together for some seconds.
    for (let tries = 0; tries < 1000 && !all.some((line) => line.instance === instance); tries++) {
      all = lines.map((line) => JSON.parse(line) as Line);
      await scheduler.wait(10);
    }
    return {
      events: all.filter((line) => line.instance === instance).map(({ event }) => event),
      causes: all.filter(({ id }) => id !== undefined && instance.endsWith(id)).map(({ event }) => event),
    };
  }

  const client = clientOf({ key: "required" }, { "faulty.test": { origin: "?" } });

  test.each<[string, () => Promise<Response>, string, readonly string[]]>([
    ["no key", () => client.post(PATH, { key: null }), "keyed", []],
    ["no caller", () => client.post(PATH, { headers: { authorization: null } }), "keyed", []],
    ["a loop", () => client.post(PATH, { headers: { "cdn-loop": "oncegate" } }), "refused", []],
    ["an unknown host", () => client.fetch("https://other.test/", { method: "POST" }), "refused", []],
    ["a faulty host", () => client.fetch("https://faulty.test/", { method: "POST" }), "refused", []],
    [
      "a method",
      () => client.fetch("https://api.test/", { method: "PUT", headers: { "x-http-method": "TRACE" } }),
      "refused",
      [],
    ],
    [
      "a loop to the policy",
      () => client.fetch("https://api.test/.well-known/idempotency", { headers: { "cdn-loop": "oncegate" } }),
      "refused",
      [],
    ],
  ])("is in one line of the log: %s", async (_, ask, event, causes) => {
    scriptOrigin();
    const { lines } = collectNumbers();
    expect(await foundIn(lines, await ask())).toEqual({ events: [event], causes });
  });

  test("is in one line of the log: a mismatch, and a pass-through that failed", async () => {
    const { lines } = collectNumbers();
    const origin = scriptOrigin();
    const key = uniqueKey();
    const open = clientOf();
    await open.post(PATH, { key });
    expect(await foundIn(lines, await open.post(PATH, { key, body: "b" }))).toEqual({ events: ["keyed"], causes: [] });
    origin.answers(() => {
      throw new Error("Network connection lost.");
    });
    expect(await foundIn(lines, await open.post(PATH, { key: null }))).toEqual({ events: ["refused"], causes: [] });
  });
});
