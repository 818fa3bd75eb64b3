import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type KeyedCall } from "../../../src/call/call.ts";
import { attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { HOST, uniqueKey } from "../../support/gateway.ts";
import { eventually } from "../../support/operator.ts";
import { type Answering, heldAnswer, scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/files";
const BYTES = new TextEncoder().encode("content");
const JOURNAL = { entry: HOST, placement: { jurisdiction: null, location: null } };

function callWith(body: KeyedCall["forward"]["body"], waitMs = 20_000): KeyedCall {
  return {
    about: { tenant: HOST, operation: `POST ${PATH}`, key: "k", isDerived: false, callerDigest: "c0ffee" },
    request: { rule: "json", fingerprint: "f".repeat(64), plain: "p".repeat(64), caller: null },
    policy: attemptPolicy(DEFAULT_POLICY),
    journal: null,
    waitMs,
    forward: {
      origin: { kind: "url", base: "http://origin.test", auth: null },
      url: `http://origin.test${PATH}`,
      method: "POST",
      headers: [],
      body,
      bodyBytes: BYTES.byteLength,
    },
    probe: null,
  };
}

/** An object that waits for the body of a first request, which the test sends. */
async function preparing(answer?: Answering) {
  const origin = scriptOrigin(answer);
  const object = env.KEYS.getByName(uniqueKey());
  const { readable, writable } = new IdentityTransformStream();
  const first = object.submit(callWith(readable));
  await eventually(
    () => object.inspect(HOST, JOURNAL, null),
    ({ running }) => running === "preparation",
  );
  return { origin, object, first, writer: writable.getWriter() };
}

afterEach(() => vi.useRealTimers());

describe("3.6 while the body of a request arrives", () => {
  test("others wait for it, and join what it begins", async () => {
    const { origin, object, first, writer } = await preparing();
    const second = object.submit(callWith(BYTES));
    const { forward: _, probe: __, ...look } = callWith(null);
    const looked = object.look(look);
    expect(await object.look({ ...look, waitMs: 0 })).toMatchObject({ code: "in_flight", waited: true });
    expect(await object.submit(callWith(BYTES, 0))).toMatchObject({ code: "in_flight", waited: true });
    expect(origin.received).toHaveLength(0);
    await writer.write(BYTES);
    await writer.close();
    expect(await first).toMatchObject({ kind: "answer", mark: { status: "executed" } });
    expect(["joined", "replayed"]).toContain((await second).mark.status);
    expect(await looked).toMatchObject({ kind: "answer" });
    expect(origin.received).toHaveLength(1);
  });

  test("a request waits for it, and for what it begins, no longer than for one of them", async () => {
    const held = heldAnswer();
    const { object, first, writer } = await preparing(held.answer);
    const waitMs = 10 * 60_000;
    const second = object.submit(callWith(BYTES, waitMs));
    // It waits by then: calls arrive in order.
    await object.submit(callWith(BYTES, 0));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + waitMs });
    await writer.write(BYTES);
    await writer.close();
    expect(await second).toMatchObject({ code: "in_flight", waited: true });
    held.release();
    expect(await first).toMatchObject({ mark: { status: "executed" } });
  });

  test("is refused at once where the policy does not wait", async () => {
    const { object, first, writer } = await preparing();
    const call = callWith(BYTES);
    const refused = await object.submit({ ...call, policy: { ...call.policy, inFlight: "refuse" } });
    expect(refused).toMatchObject({ code: "in_flight", waited: false });
    await writer.write(BYTES);
    await writer.close();
    expect(await first).toMatchObject({ mark: { status: "executed" } });
  });

  test.each([
    ["less", BYTES.subarray(0, 3)],
    ["more", new Uint8Array([...BYTES, 0])],
  ])("it is not sent where %s arrives than was announced", async (_, bytes) => {
    const { origin, object, first, writer } = await preparing();
    const second = object.submit(callWith(BYTES));
    // Of what is too much, the rest is never taken.
    const sent = writer.write(bytes).then(() => writer.close());
    void sent.catch(() => undefined);
    expect(await first).toMatchObject({ kind: "refusal", code: "unavailable", mark: { status: "refused" } });
    expect(await second).toMatchObject({ kind: "answer", mark: { status: "executed" } });
    expect(origin.received.map(({ body }) => body.byteLength)).toEqual([BYTES.byteLength]);
  });

  test("the next one executes where it does not arrive whole", async () => {
    const { origin, object, first, writer } = await preparing();
    const second = object.submit(callWith(BYTES));
    await writer.abort("the Worker died");
    expect(await first).toMatchObject({ kind: "refusal", code: "unavailable", mark: { status: "refused" } });
    expect(await second).toMatchObject({ kind: "answer", mark: { status: "executed" } });
    expect(origin.received).toHaveLength(1);
  });
});
