/** Requests with large bodies that wait for a probe: they hold nothing while they wait, and none keeps another from running. */

import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { type KeyedCall } from "../../../src/call/call.ts";
import { attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { eventually } from "../../support/operator.ts";
import { type Origin, heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { changeRow, rowOf } from "../../support/records.ts";

const PATH = "/v1/files";
const MEGABYTE = 1_000_000;
const PROBING = { on_unknown: "probe", probe: "/v1/idempotency/{key}", max_request_bytes: 25 * MEGABYTE };
const JOURNAL = { entry: HOST, placement: { jurisdiction: null, location: null } };

const badGateway = () => new Response("bad gateway", { status: 502 });
const notExecuted = () => new Response(null, { headers: { "oncegate-outcome": "not-executed" } });
const ran = () => new Response("ran", { status: 201 });

function sent({ received }: Origin): string[] {
  return received.map(({ method, headers }) => `${method} ${headers.get("oncegate-attempt")}`);
}

/** The key's record is unknown by attempt 1. */
async function leftUnknown(body: Uint8Array) {
  const origin = scriptOrigin(badGateway);
  const client = clientOf({ ...PROBING, fingerprint: "bytes" });
  const key = uniqueKey();
  const ask = (): Promise<Response> => client.post(PATH, { key, body });
  expect(statusOf(await ask())).toBe("unknown");
  return { origin, ask };
}

describe("4.3.4 a request whose body is large holds none of it while it waits", () => {
  test("17 MB run after a probe has shown that nothing ran", async () => {
    const { origin, ask } = await leftUnknown(new Uint8Array(17 * MEGABYTE));
    origin.answers((request) => (request.method === "GET" ? notExecuted() : ran()));
    expect(statusOf(await ask())).toBe("executed");
    expect(sent(origin)).toEqual(["POST 1", "GET 1", "POST 2"]);
  });

  test("20 requests of 1 MB wait for one probe, and all of them get the answer", async () => {
    const { origin, ask } = await leftUnknown(new Uint8Array(MEGABYTE));
    const probe = heldAnswer(notExecuted);
    origin.answers((request, number) => (request.method === "GET" ? probe.answer(request, number) : ran()));
    const requests = Array.from({ length: 20 }, ask);
    await origin.arrived(2);
    probe.release();
    const statuses = (await Promise.all(requests)).map(statusOf);
    expect(statuses.filter((status) => status === "executed")).toHaveLength(1);
    expect(statuses.filter((status) => status === "joined" || status === "replayed")).toHaveLength(19);
    expect(sent(origin)).toEqual(["POST 1", "GET 1", "POST 2"]);
  });
});

const CONTENT = new TextEncoder().encode("content");

function callWith(body: KeyedCall["forward"]["body"], bodyBytes = CONTENT.byteLength): KeyedCall {
  const shared = { origin: { kind: "url", base: "http://origin.test", auth: null }, headers: [] } as const;
  return {
    about: { tenant: HOST, operation: `POST ${PATH}`, key: "k", isDerived: false, callerDigest: "c0ffee" },
    request: { rule: "json", fingerprint: "f".repeat(64), plain: "p".repeat(64), caller: null },
    policy: { ...attemptPolicy(DEFAULT_POLICY), onUnknown: "probe" },
    journal: null,
    waitMs: 20_000,
    forward: { ...shared, url: `http://origin.test${PATH}`, method: "POST", body, bodyBytes },
    probe: { ...shared, url: "http://origin.test/probe", method: "GET", body: null, bodyBytes: 0 },
  };
}

type KeyObjectStub = ReturnType<typeof env.KEYS.getByName>;

async function untilPreparing(object: KeyObjectStub): Promise<void> {
  await eventually(
    () => object.inspect(HOST, JOURNAL, null),
    ({ running }) => running === "preparation",
  );
}

/** A request whose own probe has shown that nothing ran, and whose body arrives as the test sends it. */
async function probedAndPreparing() {
  const origin = scriptOrigin(badGateway);
  const object = env.KEYS.getByName(uniqueKey());
  expect(await object.submit(callWith(CONTENT))).toMatchObject({ mark: { status: "unknown" } });
  const probe = heldAnswer(notExecuted);
  origin.answers((request, number) => (request.method === "GET" ? probe.answer(request, number) : ran()));
  const { readable, writable } = new IdentityTransformStream();
  const first = object.submit(callWith(readable));
  await origin.arrived(2);
  const beside = object.submit(callWith(CONTENT));
  // A look arrives after all calls before it, and waits for the same probe.
  const { forward: _, probe: __, ...look } = callWith(null);
  expect(await object.look({ ...look, waitMs: 0 })).toMatchObject({ code: "in_flight" });
  probe.release();
  await untilPreparing(object);
  return { origin, object, first, beside, writer: writable.getWriter() };
}

describe("4.1 a request that a probe has shown not to have run, while its body arrives", () => {
  test("runs, however many retries come meanwhile: none of them begins another probe", async () => {
    const { origin, object, first, beside, writer } = await probedAndPreparing();
    const retries: Promise<unknown>[] = [];
    for (let retry = 0; retry < 10; retry++) {
      retries.push(object.submit(callWith(CONTENT)));
      await scheduler.wait(5);
    }
    await writer.write(CONTENT);
    await writer.close();
    expect(await first).toMatchObject({ mark: { status: "executed" } });
    for (const retry of [beside, ...retries]) {
      expect(await retry).toMatchObject({ kind: "answer", speaker: "gateway" });
    }
    expect(sent(origin)).toEqual(["POST 1", "GET 1", "POST 2"]);
  });

  test("leaves it to another one that waited for the probe, where its body breaks off", async () => {
    const { origin, object, first, beside, writer } = await probedAndPreparing();
    const retry = object.submit(callWith(CONTENT));
    await writer.abort("the Worker died");
    expect(await first).toMatchObject({ code: "unavailable" });
    expect(await beside).toMatchObject({ mark: { status: "executed" } });
    expect(await retry).toMatchObject({ kind: "answer", speaker: "gateway" });
    expect(sent(origin)).toEqual(["POST 1", "GET 1", "POST 2"]);
  });
});

test("5.7.4 a request that starts a probe comes through it, also with a whole body of 17 MB in memory", async () => {
  const origin = scriptOrigin(badGateway);
  const object = env.KEYS.getByName(uniqueKey());
  await object.submit(callWith(CONTENT));
  const row = await rowOf(object);
  // Its term is over, so the next request executes anew, once its body is here.
  await changeRow(object, { term_ms: 1 });
  origin.answers((request) => (request.method === "GET" ? notExecuted() : ran()));
  const { readable, writable } = new IdentityTransformStream();
  const large = new Uint8Array(17 * MEGABYTE);
  const first = object.submit(callWith(readable, large.byteLength));
  await untilPreparing(object);
  // The clock was wrong: the outcome is unknown after all.
  await changeRow(object, { term_ms: row?.["term_ms"] });
  const writer = writable.getWriter();
  await writer.write(large);
  await writer.close();
  expect(await first).toMatchObject({ mark: { status: "executed" } });
  expect(sent(origin)).toEqual(["POST 1", "GET 1", "POST 2"]);
});
