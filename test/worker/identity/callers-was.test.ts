import { abortAllDurableObjects, createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { digestOf } from "../../../src/identity/digest.ts";
import { recordId } from "../../../src/identity/record-id.ts";
import { gateway } from "../../../src/worker/gateway.ts";
import { HOST, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { issuerOf } from "../../support/issuer.ts";
import { heldAnswer, liveBody, scriptOrigin } from "../../support/origin.ts";
import { objectCount, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const UNTIL = "2999-12-24";
const BEFORE = { caller: ["authorization"] };
/** The rule that holds now, and what held before it. */
const NOW = { caller: ["x-account"], caller_was: { ...BEFORE, until: UNTIL } };
const ACCOUNT = { "x-account": "1" };

afterEach(() => vi.useRealTimers());

/** The object of the same key by the rule that holds now. */
async function objectNow(key: string) {
  const caller = await digestOf(["caller", "x-account", "1"]);
  return env.KEYS.getByName(
    await recordId({ tenant: HOST, method: "POST", path: PATH, caller, key, isDerived: false }),
  );
}

describe("3.5.10 caller_was: a record that was made by the former rule", () => {
  test("is replayed", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    await clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    const retry = await clientOf(NOW).post(PATH, { key, headers: ACCOUNT });
    expect(statusOf(retry)).toBe("replayed");
    expect(origin.received).toHaveLength(1);
    expect(await rowOf(await objectNow(key))).toBeUndefined();
  });

  test("runs a retried key again without it", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    await clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    expect(statusOf(await clientOf({ caller: ["x-account"] }).post(PATH, { key, headers: ACCOUNT }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("refuses another request", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    await clientOf(BEFORE).post(PATH, { key, body: "a", headers: ACCOUNT });
    const other = await clientOf(NOW).post(PATH, { key, body: "b", headers: ACCOUNT });
    expect(await problemOf(other)).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("is joined while its original runs", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const key = uniqueKey();
    const first = clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    await origin.arrived(1);
    const joined = clientOf(NOW).post(PATH, { key, headers: ACCOUNT });
    const inFlight = await clientOf(NOW).post(PATH, { key, headers: { ...ACCOUNT, prefer: "wait=0" } });
    expect(await problemOf(inFlight)).toBe("409 in_flight");
    held.release();
    expect([statusOf(await first), statusOf(await joined)]).toEqual(["executed", "joined"]);
    expect(origin.received).toHaveLength(1);
  });

  test("is followed while its answer streams", async () => {
    const live = liveBody();
    const origin = scriptOrigin(() => live.response({ headers: { "content-type": "text/event-stream" } }));
    const key = uniqueKey();
    live.send("data: 1\n\n");
    const first = await clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    const joined = await clientOf(NOW).post(PATH, { key, headers: ACCOUNT });
    expect(statusOf(joined)).toBe("joined");
    live.send("data: 2\n\n");
    live.end();
    expect(await Promise.all([first.text(), joined.text()])).toEqual([
      "data: 1\n\ndata: 2\n\n",
      "data: 1\n\ndata: 2\n\n",
    ]);
    expect(origin.received).toHaveLength(1);
  });

  test("stays unknown", async () => {
    const origin = scriptOrigin(() => new Response("bad gateway", { status: 502 }));
    const key = uniqueKey();
    await clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    expect(await problemOf(await clientOf(NOW).post(PATH, { key, headers: ACCOUNT }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test.each(["retry", "probe"])(
    'stays unknown, and is neither run again nor asked about (on_unknown = "%s")',
    async (on_unknown) => {
      const origin = scriptOrigin((_, number) => new Response("ok", { status: number === 1 ? 502 : 201 }));
      const key = uniqueKey();
      const body = "x".repeat(200_000);
      const entry = { on_unknown, ...(on_unknown === "probe" && { probe: "/keys/{key}" }) };
      await clientOf({ ...BEFORE, ...entry }).post(PATH, { key, body, headers: ACCOUNT });
      const retry = await clientOf({ ...NOW, ...entry }).post(PATH, { key, body, headers: ACCOUNT });
      expect(await problemOf(retry)).toBe("409 outcome_unknown");
      expect(origin.received).toHaveLength(1);
      expect(await rowOf(await objectNow(key))).toBeUndefined();
    },
  );

  test("is a tombstone, and refuses", async () => {
    const origin = scriptOrigin(() => new Response("x".repeat(2000)));
    const key = uniqueKey();
    const entry = { max_response_bytes: 1000 };
    await (await clientOf({ ...BEFORE, ...entry }).post(PATH, { key, headers: ACCOUNT })).arrayBuffer();
    const retry = await clientOf({ ...NOW, ...entry }).post(PATH, { key, headers: ACCOUNT });
    expect(await problemOf(retry)).toBe("409 replay_unavailable");
    expect(origin.received).toHaveLength(1);
    expect(await rowOf(await objectNow(key))).toBeUndefined();
  });

  test("is waited for while a probe about it runs, and then decides", async () => {
    const held = heldAnswer(
      () => new Response("ran", { headers: { "oncegate-outcome": "final", "oncegate-status": "201" } }),
    );
    const origin = scriptOrigin((request, number) =>
      number === 1 ? new Response("?", { status: 502 }) : held.answer(request, number),
    );
    const key = uniqueKey();
    const probe = { on_unknown: "probe", probe: "/keys/{key}" };
    await clientOf({ ...BEFORE, ...probe }).post(PATH, { key, headers: ACCOUNT });
    const probing = clientOf({ ...BEFORE, ...probe }).post(PATH, { key, headers: ACCOUNT });
    await origin.arrived(2);
    const looking = clientOf({ ...NOW, ...probe }).post(PATH, { key, headers: ACCOUNT });
    const noWait = { ...ACCOUNT, prefer: "wait=0" };
    expect(await problemOf(await clientOf({ ...NOW, ...probe }).post(PATH, { key, headers: noWait }))).toBe(
      "409 in_flight",
    );
    held.release();
    expect([statusOf(await probing), statusOf(await looking)]).toEqual(["replayed", "replayed"]);
    expect(origin.received.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  test("is unknown after the process died, whichever rule the retry comes by", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const key = uniqueKey();
    const first = clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    await origin.arrived(1);
    await abortAllDurableObjects();
    expect(await problemOf(await clientOf(NOW).post(PATH, { key, headers: ACCOUNT }))).toBe("409 outcome_unknown");
    await first;
    held.release();
    expect(origin.received).toHaveLength(1);
    expect(await rowOf(await objectNow(key))).toBeUndefined();
  });

  test("was bound, and stays so", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const bound = { ...BEFORE, on_caller_change: "refuse" };
    await clientOf(bound).post(PATH, { key, headers: ACCOUNT });
    const client = clientOf({ caller: ["x-account"], caller_was: { ...bound, until: UNTIL } });
    expect(statusOf(await client.post(PATH, { key, headers: ACCOUNT }))).toBe("replayed");
    const mallory = await client.post(PATH, { key, headers: { ...ACCOUNT, authorization: "Bearer mallory" } });
    expect(await problemOf(mallory)).toBe("422 caller_changed");
    expect(origin.received).toHaveLength(1);
  });

  test("was bound by one rule, and is by another that leads to the same record", async () => {
    const origin = scriptOrigin();
    const [before, since] = [uniqueKey(), uniqueKey()];
    const bound = { ...BEFORE, on_caller_change: "refuse" };
    await clientOf(bound).post(PATH, { key: before, headers: ACCOUNT });
    const client = clientOf({ ...NOW, on_caller_change: "refuse", caller_was: { ...bound, until: UNTIL } });
    expect(statusOf(await client.post(PATH, { key: before, headers: ACCOUNT }))).toBe("replayed");
    expect(statusOf(await client.post(PATH, { key: since, headers: ACCOUNT }))).toBe("executed");
    expect(statusOf(await client.post(PATH, { key: since, headers: ACCOUNT }))).toBe("replayed");
    const mallory = { "x-account": "mallory", authorization: "Bearer mallory" };
    for (const key of [before, since]) {
      expect(await problemOf(await client.post(PATH, { key, headers: mallory }))).toBe("422 caller_changed");
    }
    expect(origin.received).toHaveLength(2);
  });

  test("is found when binding alone was turned on", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    await clientOf(BEFORE).post(PATH, { key });
    const client = clientOf({ ...BEFORE, on_caller_change: "refuse", caller_was: { ...BEFORE, until: UNTIL } });
    expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("is found by a derived key as well", async () => {
    const origin = scriptOrigin();
    const derive = { derive_key: { window: "5m" } };
    const json = { order: crypto.randomUUID() };
    await clientOf({ ...BEFORE, ...derive }).post(PATH, { key: null, json, headers: ACCOUNT });
    const retry = await clientOf({ ...NOW, ...derive }).post(PATH, { key: null, json, headers: ACCOUNT });
    expect(retry.headers.get("idempotency-status")).toMatch(/^replayed; derived/);
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.5.10 caller_was: without a record by the former rule", () => {
  test("executes by the rule that holds now, and leaves nothing at the former place", async () => {
    const origin = scriptOrigin();
    const client = clientOf(NOW);
    const key = uniqueKey();
    const body = "x".repeat(200_000);
    expect(statusOf(await client.post(PATH, { key, body, headers: ACCOUNT }))).toBe("executed");
    expect(origin.received[0]?.body.byteLength).toBe(200_000);
    expect(await rowOf(await objectOf(key, PATH))).toBeUndefined();
    expect(await rowOf(await objectNow(key))).toMatchObject({ state: "completed" });
    // By the rule that holds now another token is the same caller.
    const headers = { ...ACCOUNT, authorization: "Bearer refreshed" };
    expect(statusOf(await client.post(PATH, { key, body, headers }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("executes one of several that come at once", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(NOW);
    const key = uniqueKey();
    const requests = [1, 2, 3].map(() => client.post(PATH, { key, headers: ACCOUNT }));
    await origin.arrived(1);
    await client.post(PATH, { key, headers: { ...ACCOUNT, prefer: "wait=0" } });
    held.release();
    const statuses = await Promise.all(requests.map(async (request) => statusOf(await request)));
    expect(statuses.filter((status) => status === "executed")).toHaveLength(1);
    expect(statuses.filter((status) => status === "joined")).toHaveLength(2);
    expect(origin.received).toHaveLength(1);
  });

  test("is asked once only: where the former rule names nobody, names the same, or is over", async () => {
    scriptOrigin();
    const cases: [string, Record<string, unknown>, Record<string, string | null>][] = [
      ["nobody", NOW, { ...ACCOUNT, authorization: null }],
      ["the same", { ...BEFORE, caller_was: { ...BEFORE, until: UNTIL } }, {}],
      ["over", { ...NOW, caller_was: { ...BEFORE, until: "2020-01-01" } }, ACCOUNT],
      [
        "nobody who is verified",
        { ...NOW, caller_was: { caller: ["cookie:s"], until: UNTIL } },
        { ...ACCOUNT, cookie: "s=1; s=2" },
      ],
    ];
    for (const [name, entry, headers] of cases) {
      const before = await objectCount();
      expect(statusOf(await clientOf(entry).post(PATH, { headers })), name).toBe("executed");
      expect(await objectCount(), name).toBe(before + 1);
    }
  });

  test("is over at its exact end", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ ...NOW, caller_was: { ...BEFORE, until: "2030-01-01T06:00:00Z" } });
    const end = Date.parse("2030-01-01T06:00:00Z");
    vi.useFakeTimers({ toFake: ["Date"], now: end - 1 });
    const ended = uniqueKey();
    // Its own term must not be what ends first.
    await clientOf({ ...BEFORE, ttl: "90d" }).post(PATH, { key: ended, headers: ACCOUNT });
    expect(statusOf(await client.post(PATH, { key: ended, headers: ACCOUNT }))).toBe("replayed");
    vi.setSystemTime(end);
    expect(statusOf(await client.post(PATH, { key: ended, headers: ACCOUNT }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("is not run again because its token's time is over since", async () => {
    const issuer = await issuerOf();
    const origin = scriptOrigin(issuer.beside(() => new Response("ok")));
    const charges = () => origin.received.filter(({ url }) => url.startsWith("http://origin.test")).length;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const key = uniqueKey();
    const headers = { ...ACCOUNT, authorization: `Bearer ${await issuer.token("alice")}` };
    await clientOf({ caller: [issuer.item] }).post(PATH, { key, headers });
    vi.setSystemTime(Date.now() + 400_000);
    const client = clientOf({ ...NOW, caller_was: { caller: [issuer.item], until: UNTIL } });
    expect(await problemOf(await client.post(PATH, { key, headers }))).toBe("401 caller_unverified");
    expect(charges()).toBe(1);
    const refreshed = { ...ACCOUNT, authorization: `Bearer ${await issuer.token("alice")}` };
    expect(statusOf(await client.post(PATH, { key, headers: refreshed }))).toBe("replayed");
    // Another issuer's token names nobody by the former rule.
    const foreign = { ...ACCOUNT, authorization: `Bearer ${await (await issuerOf()).token("alice")}` };
    expect(statusOf(await client.post(PATH, { headers: foreign }))).toBe("executed");
  });

  test("is refused while the caller of the former rule cannot be known", async () => {
    const issuer = await issuerOf();
    const origin = scriptOrigin(issuer.beside(() => new Response("ok")));
    issuer.publishes(() => new Response("no", { status: 500 }));
    const client = clientOf({ ...NOW, caller_was: { caller: [issuer.item], until: UNTIL } });
    const headers = { ...ACCOUNT, authorization: `Bearer ${await issuer.token("alice")}` };
    expect(await problemOf(await client.post(PATH, { headers }))).toBe("503 caller_unverifiable");
    expect(origin.received.filter(({ url }) => url.startsWith("http://origin.test"))).toHaveLength(0);
  });
});

describe("3.5.10 caller_was: when the former record's object does not answer", () => {
  /** Sends a request to a gateway where the look at the former object fails, after it was carried out or before. */
  async function post(key: string, flags: Record<string, boolean>, arrives: boolean) {
    const former = await recordId({
      tenant: HOST,
      method: "POST",
      path: PATH,
      caller: await digestOf(["caller", "authorization", "bearer alice"]),
      key,
      isDerived: false,
    });
    const calls: string[] = [];
    const getByName = (name: string) => {
      const stub = env.KEYS.getByName(name);
      const place = name === former ? "former" : "now";
      const call =
        (method: "submit" | "look") =>
        async (argument: never): Promise<unknown> => {
          calls.push(`${method} ${place}`);
          if (place === "now") return stub[method](argument);
          if (arrives) await stub[method](argument);
          throw Object.assign(new Error("Network connection lost."), flags);
        };
      return { submit: call("submit"), look: call("look") };
    };
    const TENANTS = { [HOST]: { origin: "http://origin.test", ...NOW } };
    const bindings = Object.assign({}, env, { KEYS: { idFromName: getByName, getByName }, TENANTS });
    const headers = { authorization: "Bearer alice", "idempotency-key": key, ...ACCOUNT };
    const request = new Request(`https://${HOST}${PATH}`, { method: "POST", headers });
    return { response: await gateway.fetch(request, bindings, createExecutionContext()), calls };
  }

  test.each([
    ["after it was carried out", {}, true],
    ["before it arrived", { retryable: true }, false],
    ["for load", { overloaded: true }, false],
  ] as const)("the request is refused and nothing is sent: the look fails %s", async (_, flags, arrives) => {
    const origin = scriptOrigin();
    const { response, calls } = await post(uniqueKey(), flags, arrives);
    expect(await problemOf(response)).toBe("503 unavailable");
    expect(calls).toEqual(["look former"]);
    expect(origin.received).toHaveLength(0);
  });

  test("a record that is there is not run again", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    await clientOf(BEFORE).post(PATH, { key, headers: ACCOUNT });
    const { response, calls } = await post(key, {}, false);
    expect(await problemOf(response)).toBe("503 unavailable");
    expect(calls).toEqual(["look former"]);
    expect(origin.received).toHaveLength(1);
  });
});
