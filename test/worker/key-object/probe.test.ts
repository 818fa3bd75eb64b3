import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Client, HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Answering, heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, changeRow, fireAlarm, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const PROBING = { on_unknown: "probe", probe: "/v1/idempotency/{key}" };

afterEach(() => vi.useRealTimers());

/** Only the clock: timers and alarms go on as they are. */
function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

/** Leaves the key's record unknown by attempt 1, which the origin has answered with 502. */
async function leftUnknown(policy: Record<string, unknown> = {}, key = uniqueKey()) {
  const origin = scriptOrigin(() => new Response("bad gateway", { status: 502 }));
  const client = clientOf({ ...PROBING, ...policy });
  expect(statusOf(await client.post(PATH, { key }))).toBe("unknown");
  /** What is asked about the attempt is answered by `probed`, and an execution by `executed`. */
  const answers = (probed: Answering, executed: Answering = () => new Response("ran", { status: 201 })) =>
    origin.answers((request, number) => (request.method === "GET" ? probed : executed)(request, number));
  const sent = () => origin.received.map(({ method, headers }) => `${method} ${headers.get("oncegate-attempt")}`);
  return { origin, client, key, answers, sent };
}

function untilAborted(signal: AbortSignal): Promise<Response> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
}

function says(outcome: string, status?: string, body = "the kept answer") {
  const headers = {
    "oncegate-outcome": outcome,
    ...(status !== undefined && { "oncegate-status": status }),
    "x-app": "1",
  };
  return () => new Response(body, { headers });
}

describe("5.7 probes", () => {
  test("asks at the configured path with the caller's headers, the key and the attempt, and nothing else", async () => {
    const { origin, client, key, answers } = await leftUnknown({ origin: "http://origin.test/base" }, "order/1");
    answers(says("unknown"));
    await client.post(PATH, { key, headers: { cookie: "session=1", "x-custom": "1" } });
    const probe = origin.received[1];
    expect([probe?.method, probe?.url]).toEqual(["GET", "http://origin.test/base/v1/idempotency/order%2F1"]);
    const names = [...(probe?.headers.keys() ?? [])];
    expect(names.toSorted()).toEqual([
      "accept-encoding",
      "authorization",
      "cdn-loop",
      "idempotency-key",
      "oncegate-attempt",
      "oncegate-operation",
      "via",
      "x-forwarded-host",
      "x-forwarded-proto",
    ]);
    expect(probe?.cache).toBe("no-store");
    expect(probe?.headers.get("oncegate-attempt")).toBe("1");
    expect(probe?.headers.get("oncegate-operation")).toBe("POST /v1/charges");
  });

  test("executes as the next attempt where the origin says that none ran or ever will", async () => {
    const { client, key, answers, sent } = await leftUnknown();
    answers(says("not-executed"));
    const retry = await client.post(PATH, { key });
    expect([statusOf(retry), retry.status, await retry.text()]).toEqual(["executed", 201, "ran"]);
    expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    expect(sent()).toEqual(["POST 1", "GET 1", "POST 2"]);
  });

  test("keeps the answer that the origin gives, with its status, and replays it", async () => {
    const { client, key, answers, sent } = await leftUnknown();
    answers(says("final", "402"));
    for (const _ of [1, 2]) {
      const retry = await client.post(PATH, { key });
      expect([statusOf(retry), retry.status, await retry.text()]).toEqual(["replayed", 402, "the kept answer"]);
      expect(retry.headers.get("x-app")).toBe("1");
      expect(retry.headers.get("oncegate-status")).toBeNull();
    }
    expect(sent()).toEqual(["POST 1", "GET 1"]);
  });

  test("leaves a tombstone where the answer is too large to keep", async () => {
    const { client, key, answers } = await leftUnknown({ max_response_bytes: 20 });
    answers(says("final", "201", "x".repeat(50)));
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 replay_unavailable");
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 replay_unavailable");
  });

  test.each<[string, Answering]>([
    ["unknown", says("unknown")],
    ["a 404 without the origin's word, as of a wrong path", () => new Response("not found", { status: 404 })],
    ["a 200 without the origin's word, as of a login page", () => new Response("welcome")],
    ["final without a status", says("final")],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "/elsewhere" } })],
    ["a broken connection", () => Promise.reject(new Error("Network connection lost."))],
  ])("stays unknown on %s, and asks again after a while", async (_, probed) => {
    const startMs = Date.now();
    const { client, key, answers, sent } = await leftUnknown();
    const object = await objectOf(key, PATH);
    const before = [await rowOf(object), await alarmOf(object)];
    answers(probed);
    for (const atMs of [0, 60_000]) {
      setClock(startMs + atMs);
      expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    }
    expect([await rowOf(object), await alarmOf(object)]).toEqual(before);
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1"]);
  });

  test.each(["..", "."])("never asks about the key %s, whose path would be another", async (key) => {
    const { client, sent } = await leftUnknown({ caller: [] }, key);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(sent()).toEqual(["POST 1"]);
  });

  test("releases where the next attempt is undone too, and keeps the attempt's number, so that the fence holds", async () => {
    const { client, key, answers, sent } = await leftUnknown();
    answers(says("not-executed"), () => new Response("later", { status: 429 }));
    for (const _ of [1, 2]) {
      const undone = await client.post(PATH, { key });
      // No times: there is no outcome, and no term for a client to wait for.
      expect(undone.headers.get("idempotency-status")).toBe("released");
      expect([undone.status, await undone.text()]).toEqual([429, "later"]);
    }
    expect(await problemOf(await client.post(PATH, { key, json: {} }))).toBe("422 key_reused");
    expect(sent()).toEqual(["POST 1", "GET 1", "POST 2", "GET 1", "POST 2"]);
  });

  test("releases those who joined it, and where its answer is cut short", async () => {
    const { origin, client, key, answers } = await leftUnknown();
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error("Network connection lost.")),
    });
    const held = heldAnswer(() => new Response(broken, { status: 429 }));
    answers(says("not-executed"), held.answer);
    const first = client.post(PATH, { key });
    await origin.arrived(3);
    const joined = client.post(PATH, { key });
    expect(await problemOf(await client.post(PATH, { key, headers: { prefer: "wait=0" } }))).toBe("409 in_flight");
    held.release();
    for (const response of [await first, await joined]) {
      expect([await problemOf(response), statusOf(response)]).toEqual(["503 unavailable", "released"]);
    }
  });

  test("leaves the outcome unknown where an attempt may have run that no probe asked about", async () => {
    const { origin, key } = await leftUnknown();
    origin.answers(() => new Response("later", { status: 429 }));
    const retrying = clientOf({ on_unknown: "retry" });
    expect(statusOf(await retrying.post(PATH, { key }))).toBe("unknown");
  });
});

describe("5.7.9 probes with pauses", () => {
  const sick = () => new Response("maintenance", { status: 500 });

  /** A key that is unknown by attempt 1, at an origin that no probe gets anything out of. */
  async function atSickOrigin() {
    const startMs = Date.now();
    setClock(startMs);
    const unknown = await leftUnknown();
    unknown.answers(sick);
    return { ...unknown, startMs, ask: () => unknown.client.post(PATH, { key: unknown.key }) };
  }

  test("336 requests in 5 seconds ask a sick origin four times, and are all refused", async () => {
    const { startMs, ask, sent } = await atSickOrigin();
    for (let request = 0; request < 336; request++) {
      setClock(startMs + 15 * request);
      expect(await problemOf(await ask())).toBe("409 outcome_unknown");
    }
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1", "GET 1", "GET 1"]);
  });

  test("336 requests at once ask it once", async () => {
    const { ask, sent } = await atSickOrigin();
    const problems = await Promise.all(Array.from({ length: 336 }, async () => problemOf(await ask())));
    expect(new Set(problems)).toEqual(new Set(["409 outcome_unknown"]));
    expect(sent()).toEqual(["POST 1", "GET 1"]);
  });

  test("a refusal says when the origin is asked next, and a client that obeys has it asked each time", async () => {
    const { startMs, ask, sent } = await atSickOrigin();
    let atMs = startMs;
    const waits: number[] = [];
    for (let request = 0; request < 10; request++) {
      setClock(atMs);
      const response = await ask();
      const waitSeconds = Number(response.headers.get("retry-after"));
      waits.push(waitSeconds);
      expect(response.headers.get("x-should-retry")).toBe("true");
      expect(await response.json()).toMatchObject({ code: "outcome_unknown", retryable: true, key_reuse: "same" });
      atMs += waitSeconds * 1000;
    }
    expect(waits).toEqual([1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(sent()).toHaveLength(11);
  });

  test("a request during a pause learns what is left of it", async () => {
    const { startMs, ask, sent } = await atSickOrigin();
    for (const [atMs, retryAfter] of [
      [0, "1"],
      [499, "1"],
      [500, "1"],
      [1500, "2"],
      [1501, "2"],
      [2501, "1"],
    ] as const) {
      setClock(startMs + atMs);
      expect([atMs, (await ask()).headers.get("retry-after")]).toEqual([atMs, retryAfter]);
    }
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1", "GET 1"]);
  });

  test("an origin that has recovered settles the outcome after the pause, and not earlier", async () => {
    const { startMs, ask, answers, sent } = await atSickOrigin();
    await ask();
    answers(says("final", "201"));
    setClock(startMs + 499);
    expect(await problemOf(await ask())).toBe("409 outcome_unknown");
    setClock(startMs + 500);
    expect(statusOf(await ask())).toBe("replayed");
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1"]);
  });

  test("a probe that settles the outcome ends the pauses: the next attempt is asked about at once", async () => {
    const { startMs, ask, answers, sent } = await atSickOrigin();
    for (const atMs of [0, 500, 1500]) {
      setClock(startMs + atMs);
      await ask();
    }
    answers(says("not-executed"), () => new Response("bad gateway", { status: 502 }));
    setClock(startMs + 3500);
    expect(statusOf(await ask())).toBe("unknown");
    answers(sick);
    expect((await ask()).headers.get("retry-after")).toBe("1");
    setClock(startMs + 4000);
    await ask();
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1", "GET 1", "GET 1", "POST 2", "GET 2", "GET 2"]);
  });

  test("the first request after a crash asks at once", async () => {
    const { ask, sent } = await atSickOrigin();
    await ask();
    await ask();
    await abortAllDurableObjects();
    await ask();
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1"]);
  });

  test("a clock that is set back ends the pause", async () => {
    const { startMs, ask, sent } = await atSickOrigin();
    await ask();
    setClock(startMs - 60 * 60 * 1000);
    await ask();
    expect(sent()).toEqual(["POST 1", "GET 1", "GET 1"]);
  });

  test("another body is refused as ever during a pause", async () => {
    const { client, key, ask } = await atSickOrigin();
    await ask();
    expect(await problemOf(await client.post(PATH, { key, json: { another: "body" } }))).toBe("422 key_reused");
  });

  test.each<[string, Answering, string | RegExp]>([
    ["a sick origin", sick, "status 500 without Oncegate-Outcome"],
    ["unknown", says("unknown"), "status 200, Oncegate-Outcome is neither final nor not-executed"],
    ["final without a status", says("final"), "status 200, final without Oncegate-Status"],
    ["a broken connection", () => Promise.reject(new Error("Network connection lost.")), /Network connection lost/],
  ])("the log says why a probe has settled nothing: %s", async (_, probed, why) => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { ask, answers } = await atSickOrigin();
    answers(probed);
    await ask();
    const lines = logged.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, unknown>);
    logged.mockRestore();
    expect(lines.filter(({ event }) => event === "probe")).toMatchObject([
      {
        event: "probe",
        tenant: HOST,
        record: expect.stringMatching(/^[0-9a-f]{64}$/),
        outcome: "unknown",
        why: typeof why === "string" ? why : expect.stringMatching(why),
      },
    ]);
  });
});

test("5.7.4 a probe ends after 10 seconds, and the log says so", async () => {
  const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const real = globalThis.setTimeout;
  const timers = vi
    .spyOn(globalThis, "setTimeout")
    .mockImplementation((callback: () => void, ms = 0) =>
      Reflect.apply(real, globalThis, [callback, ms === 10_000 ? 10 : ms]),
    );
  const { client, key, answers } = await leftUnknown();
  answers((request) => untilAborted(request.signal));
  expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
  timers.mockRestore();
  expect(logged.mock.calls.map(String).filter((line) => line.includes('"event":"probe"'))).toEqual([
    expect.stringContaining('"outcome":"unknown","why":"no answer within 10000 ms"'),
  ]);
  logged.mockRestore();
});

describe("5.7.4 one probe at a time", () => {
  /** Calls reach an object in order, so this one shows that all before it have arrived. */
  async function allArrived(client: Client, key: string): Promise<void> {
    expect(await problemOf(await client.post(PATH, { key, headers: { prefer: "wait=0" } }))).toBe("409 in_flight");
  }

  test.each([
    ["not-executed", "executed joined joined joined", ["POST 1", "GET 1", "POST 2"]],
    ["final", "replayed replayed replayed replayed", ["POST 1", "GET 1"]],
    ["unknown", "unknown unknown unknown unknown", ["POST 1", "GET 1"]],
  ])("requests that come meanwhile wait for it: %s", async (outcome, expected, sends) => {
    const { origin, client, key, answers, sent } = await leftUnknown();
    const held = heldAnswer(says(outcome, "201"));
    answers(held.answer);
    const requests = [1, 2, 3, 4].map(() => client.post(PATH, { key }));
    await origin.arrived(2);
    expect(await problemOf(await client.post(PATH, { key, json: { another: "request" } }))).toBe("422 key_reused");
    await allArrived(client, key);
    held.release();
    const statuses = (await Promise.all(requests)).map(statusOf);
    expect(
      statuses
        .map(String)
        .toSorted((a, b) => (a < b ? -1 : 1))
        .join(" "),
    ).toBe(expected);
    expect(sent()).toEqual(sends);
  });

  test("an alarm in the meantime only looks again", async () => {
    const { origin, client, key, answers } = await leftUnknown();
    const held = heldAnswer(says("final", "201"));
    answers(held.answer);
    const request = client.post(PATH, { key });
    await origin.arrived(2);
    await fireAlarm(await objectOf(key, PATH));
    held.release();
    expect(statusOf(await request)).toBe("replayed");
  });

  test("an answer about a record that has changed meanwhile counts for nothing", async () => {
    const { origin, client, key, answers } = await leftUnknown();
    const held = heldAnswer(says("not-executed"));
    answers(held.answer);
    const request = client.post(PATH, { key });
    await origin.arrived(2);
    await changeRow(await objectOf(key, PATH), { attempt: 2, attempt_id: "another" });
    held.release();
    expect(await problemOf(await request)).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(2);
  });

  test("never asks while the attempt itself still runs, after our own 504", async () => {
    const held = heldAnswer(() => new Response("late", { status: 201 }));
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ ...PROBING, origin_timeout: "100ms" });
    const key = uniqueKey();
    expect(await problemOf(await client.post(PATH, { key }))).toBe("504 origin_timeout");
    const joined = client.post(PATH, { key });
    await allArrived(client, key);
    held.release();
    expect(statusOf(await joined)).toBe("joined");
    expect(origin.received.map(({ method }) => method)).toEqual(["POST"]);
  });
});
