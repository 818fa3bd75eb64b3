import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { digestOf } from "../../../src/identity/digest.ts";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { issuerOf } from "../../support/issuer.ts";
import { type Answering, type Origin, heldAnswer, liveBody, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, boundObjectOf, changeRow, objectCount, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const REFUSE = { on_caller_change: "refuse" };

afterEach(() => vi.useRealTimers());

/**
 * Another caller sends the key of a record in some state, with the same body and with others: every response is the same,
 * and nothing changes.
 */
async function expectNothingRevealed(client: Client, origin: Origin, key: string, body: string): Promise<void> {
  const before = origin.received.length;
  const row = await rowOf(await boundObjectOf(key, PATH));
  const responses: string[] = [];
  for (const one of [body, "another body", "x".repeat(100_000)]) {
    const response = await client.post(PATH, { key, body: one, headers: { authorization: "Bearer mallory" } });
    expect(await problemOf(response)).toBe("422 caller_changed");
    expect(response.headers.get("idempotency-status")).toBe("refused");
    // Each refusal has an instance of its own.
    const body = (await response.text()).replace(/urn:uuid:[0-9a-f-]{36}/, "urn:uuid:…");
    responses.push(JSON.stringify([[...response.headers], body]));
  }
  expect(new Set(responses).size).toBe(1);
  expect(origin.received).toHaveLength(before);
  expect(await rowOf(await boundObjectOf(key, PATH))).toEqual(row);
}

describe("3.5.9 on_caller_change = refuse: the same key of another caller", () => {
  const rests: [string, Record<string, unknown>, Answering, string, string][] = [
    ["completed", {}, () => new Response("secret", { status: 201 }), "replayed", "completed"],
    ["tombstone", { max_response_bytes: 3 }, () => new Response("secret"), "409 replay_unavailable", "tombstone"],
    ["unknown", {}, () => new Response("bad gateway", { status: 502 }), "409 outcome_unknown", "unknown"],
  ];
  test.each(rests)("is refused by a record that is %s", async (_, policy, answering, own, state) => {
    const origin = scriptOrigin(answering);
    const client = clientOf({ ...REFUSE, ...policy });
    const key = uniqueKey();
    await (await client.post(PATH, { key, body: "b" })).text();
    expect((await rowOf(await boundObjectOf(key, PATH)))?.["state"]).toBe(state);
    await expectNothingRevealed(client, origin, key, "b");
    // Its own caller is answered as ever.
    const again = await client.post(PATH, { key, body: "b" });
    expect(again.ok ? statusOf(again) : await problemOf(again)).toBe(own);
    expect(await problemOf(await client.post(PATH, { key, body: "other" }))).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("is refused while the original runs, and does not join it", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(REFUSE);
    const key = uniqueKey();
    const first = client.post(PATH, { key, body: "b" });
    await origin.arrived(1);
    await expectNothingRevealed(client, origin, key, "b");
    const joined = client.post(PATH, { key, body: "b" });
    await client.post(PATH, { key, body: "b", headers: { prefer: "wait=0" } });
    held.release();
    expect([statusOf(await first), statusOf(await joined)]).toEqual(["executed", "joined"]);
  });

  test("is refused while the answer streams", async () => {
    const live = liveBody();
    const origin = scriptOrigin(() => live.response({ headers: { "content-type": "text/event-stream" } }));
    const client = clientOf(REFUSE);
    const key = uniqueKey();
    live.send("data: secret\n\n");
    const first = await client.post(PATH, { key, body: "b" });
    await expectNothingRevealed(client, origin, key, "b");
    live.end();
    expect(await first.text()).toBe("data: secret\n\n");
  });

  test("is refused after our own 504, while the attempt goes on", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ ...REFUSE, origin_timeout: "100ms" });
    const key = uniqueKey();
    expect(await problemOf(await client.post(PATH, { key, body: "b" }))).toBe("504 origin_timeout");
    await expectNothingRevealed(client, origin, key, "b");
    held.release();
  });

  test("is refused after the process died, before and after that is written down", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ ...REFUSE, on_unknown: "retry" });
    const key = uniqueKey();
    const first = client.post(PATH, { key, body: "b" });
    await origin.arrived(1);
    await abortAllDurableObjects();
    await first;
    held.release();
    const object = await boundObjectOf(key, PATH);
    await changeRow(object, { state: "pending", term_ms: 60000 });
    const response = await client.post(PATH, { key, body: "b", headers: { authorization: "Bearer mallory" } });
    expect(await problemOf(response)).toBe("422 caller_changed");
    await expectNothingRevealed(client, origin, key, "b");
    expect(statusOf(await client.post(PATH, { key, body: "b" }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("is refused while a probe runs, and causes none", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(() => new Response("bad gateway", { status: 502 }));
    const client = clientOf({ ...REFUSE, on_unknown: "probe", probe: "/keys/{key}" });
    const key = uniqueKey();
    await client.post(PATH, { key, body: "b" });
    await expectNothingRevealed(client, origin, key, "b");
    origin.answers(held.answer);
    const asking = client.post(PATH, { key, body: "b" });
    await origin.arrived(2);
    await expectNothingRevealed(client, origin, key, "b");
    held.release();
    expect(await problemOf(await asking)).toBe("409 outcome_unknown");
  });

  test("is refused by a row that can't be read, whatever the caller", async () => {
    const origin = scriptOrigin();
    const client = clientOf(REFUSE);
    const key = uniqueKey();
    await client.post(PATH, { key });
    await changeRow(await boundObjectOf(key, PATH), { caller: "" });
    for (const authorization of ["Bearer alice", "Bearer mallory"]) {
      const response = await client.post(PATH, { key, headers: { authorization } });
      expect(await problemOf(response)).toBe("409 outcome_unknown");
    }
    expect(origin.received).toHaveLength(1);
  });

  test("is refused by a record that is bound to nobody: it may be anybody's", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const other = uniqueKey();
    await clientOf().post(PATH, { key: other });
    await changeRow(await boundObjectOf(key, PATH), (await rowOf(await objectOf(other, PATH))) ?? {});
    expect(await problemOf(await clientOf(REFUSE).post(PATH, { key }))).toBe("422 caller_changed");
    expect(origin.received).toHaveLength(1);
  });

  test("is his own when the record has ended, or was released", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const origin = scriptOrigin((_, number) => new Response("ok", { status: number === 1 ? 429 : 201 }));
    const client = clientOf({ ...REFUSE, ttl: "60s" });
    const key = uniqueKey();
    const by = (name: string) => client.post(PATH, { key, headers: { authorization: `Bearer ${name}` } });
    expect(statusOf(await by("alice"))).toBe("released");
    expect(statusOf(await by("mallory"))).toBe("executed");
    expect(await problemOf(await by("alice"))).toBe("422 caller_changed");
    vi.setSystemTime(Date.now() + 60_000);
    expect(statusOf(await by("alice"))).toBe("executed");
    expect(origin.received).toHaveLength(3);
  });

  test("is his own on another operation and with another key", async () => {
    scriptOrigin();
    const client = clientOf(REFUSE);
    const key = uniqueKey();
    const headers = { authorization: "Bearer bob" };
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    expect(statusOf(await client.post("/v1/refunds", { key, headers }))).toBe("executed");
    expect(statusOf(await client.post(PATH, { headers }))).toBe("executed");
  });

  test("comes with a refreshed token, and is the same caller", async () => {
    const issuer = await issuerOf();
    const origin = scriptOrigin(issuer.beside(() => new Response("ok")));
    const client = clientOf({ ...REFUSE, caller: [issuer.item] });
    const key = uniqueKey();
    const by = async (sub: string) =>
      client.post(PATH, { key, headers: { authorization: `Bearer ${await issuer.token(sub)}` } });
    expect(statusOf(await by("alice"))).toBe("executed");
    expect(statusOf(await by("alice"))).toBe("replayed");
    expect(await problemOf(await by("bob"))).toBe("422 caller_changed");
    expect(origin.received.filter(({ url }) => url.startsWith("http://origin.test"))).toHaveLength(1);
  });

  test("executes one of two callers that come at once", async () => {
    const origin = scriptOrigin();
    const client = clientOf(REFUSE);
    const key = uniqueKey();
    const body = "x".repeat(100_000);
    const answers = await Promise.all(
      ["alice", "bob"].map((name) => client.post(PATH, { key, body, headers: { authorization: `Bearer ${name}` } })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 422]));
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.5.9 the record that is bound", () => {
  test("holds the digest of its caller, in one object and one row", async () => {
    scriptOrigin();
    const before = await objectCount();
    const key = uniqueKey();
    await clientOf(REFUSE).post(PATH, { key });
    expect(await objectCount()).toBe(before + 1);
    const object = await boundObjectOf(key, PATH);
    const caller = await digestOf(["caller", "authorization", "bearer alice"]);
    expect(await rowOf(object)).toMatchObject({ format: 1, state: "completed", caller });
    expect(await alarmOf(object)).not.toBeNull();
  });
});
