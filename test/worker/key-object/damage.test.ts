/**
 * Stored values that are damaged: bytes that the platform can't deserialize, and each member of the record. Whatever it is, nothing
 * runs, the alarm survives, operators see it, and the Worker's own token releases it.
 */

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { collectNumbers } from "../../support/events.ts";
import { HOST, type Entry, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { TOKEN, idOf, operatorOf } from "../../support/operator.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, changeRow, chunkKeysOf, fireAlarm, objectOf, rowOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const DAY_MS = 24 * 60 * 60 * 1000;
const TEAM_TOKEN = "tokens-of-the-team";
const RELEASE = { why: "the storage is damaged" };

/** Reading `key` fails as the platform fails where V8 can't deserialize the bytes, until the object is in memory no more. */
async function damageBytes(stub: DurableObjectStub, damaged: string): Promise<void> {
  await runInDurableObject(stub, (_, { storage: { kv } }) => {
    const { get, list } = { get: kv.get.bind(kv), list: kv.list.bind(kv) };
    const fail = (): never => {
      throw new Error("internal error; reference = 61go0jtslum6r229cepi4s8t");
    };
    const define = (name: string, value: unknown): unknown =>
      Object.defineProperty(kv, name, { value, configurable: true });
    define("get", (key: string) => (key === damaged ? fail() : get(key)));
    define("list", (options: SyncKvListOptions) => (damaged.startsWith(options.prefix ?? "") ? fail() : list(options)));
  });
}

/** A key whose record is in the state that the origin's answer causes, and those who may act on it. */
async function storedBy(answer: () => Response, entry: Entry = {}) {
  const origin = scriptOrigin(answer);
  const secrets = { OPERATOR_TOKEN: TOKEN, TEAM: TEAM_TOKEN };
  const operator = operatorOf({ on_unknown: "retry", operator_token: "secret:TEAM", ...entry }, {}, secrets);
  const key = uniqueKey();
  await (await operator.client.post(PATH, { key })).arrayBuffer();
  return { origin, operator, key, id: await idOf(key, PATH), object: await objectOf(key, PATH) };
}

type Stored = Awaited<ReturnType<typeof storedBy>>;

/** All that may meet the damage. `by` is the token that releases the record. */
async function expectSurvived({ origin, operator, key, id, object }: Stored, by: "either" | "operator"): Promise<void> {
  const runs = origin.received.length;
  const ask = () => operator.client.post(PATH, { key });
  expect(await problemOf(await ask())).toBe("409 outcome_unknown");
  await fireAlarm(object);
  expect(await alarmOf(object)).toBeGreaterThan(Date.now() + DAY_MS - 60_000);
  expect(await problemOf(await ask())).toBe("409 outcome_unknown");
  expect(origin.received).toHaveLength(runs);
  for (const token of [TOKEN, TEAM_TOKEN]) {
    const view = await operator.get(`/records/${id}`, { token });
    expect(await view.json()).toMatchObject({ state: "unreadable", operation: null });
  }
  const found = await operator.post("/records/find", {
    operation: `POST ${PATH}`,
    headers: { authorization: "Bearer alice" },
    key,
  });
  expect(JSON.stringify(await found.json())).toContain("unreadable");
  const settling = { outcome: "not-executed", why: "x" };
  expect(await problemOf(await operator.post(`/records/${id}/settle`, settling))).toBe("409 not_unknown");
  expect(await problemOf(await operator.post(`/records/${id}/purge`, RELEASE))).toBe("409 nothing_to_erase");
  const token = by === "operator" ? TEAM_TOKEN : TOKEN;
  const released = await operator.post(`/records/${id}/release`, RELEASE, { token });
  if (by === "operator") {
    expect(await problemOf(released)).toBe("403 operator_only");
    expect(await (await operator.post(`/records/${id}/release`, RELEASE)).json()).toMatchObject({ after: "none" });
  } else expect(await released.json()).toMatchObject({ before: "unreadable", after: "none" });
  expect(await alarmOf(object)).toBeNull();
}

const STATES: readonly (readonly [string, () => Response, Entry])[] = [
  ["completed", () => new Response("ran", { status: 201 }), {}],
  ["completed, in chunks", () => new Response(new Uint8Array(600_000)), {}],
  ["unknown", () => new Response("bad gateway", { status: 502 }), {}],
  ["tombstone", () => new Response("too large"), { max_response_bytes: 3 }],
];

describe("a record whose bytes can't be deserialized", () => {
  test.each(STATES)("is unreadable, and can be released: %s", async (_, answer, entry) => {
    const { lines } = collectNumbers();
    const stored = await storedBy(answer, entry);
    await damageBytes(stored.object, "record");
    await expectSurvived(stored, "operator");
    expect(lines.join("\n")).toContain(
      `{"event":"unreadable_record","record":"${stored.id}","why":"bytes that can't be deserialized"`,
    );
  });

  test("is not overwritten by an attempt that ends", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const operator = operatorOf();
    const key = uniqueKey();
    const first = operator.client.post(PATH, { key });
    await origin.arrived(1);
    const object = await objectOf(key, PATH);
    await damageBytes(object, "record");
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    const id = await idOf(key, PATH);
    expect(await problemOf(await operator.post(`/records/${id}/release`, RELEASE))).toBe("409 running");
    held.release();
    expect(await problemOf(await first)).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });
});

describe("a chunk that is damaged", () => {
  const large = () => new Response(new Uint8Array(600_000));

  test.each([0, 1, 2])("is never replayed, is reported, and is purged with all others: chunk %i", async (seq) => {
    const { lines } = collectNumbers();
    const { origin, operator, key, id, object } = await storedBy(large);
    const damaged = (await chunkKeysOf(object))[seq] ?? "";
    await damageBytes(object, damaged);
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(lines.join("\n")).toContain('"why":"the body is not stored as a whole"');
    expect(await (await operator.get(`/records/${id}?body=true`)).json()).toMatchObject({ state: "completed" });
    await fireAlarm(object);
    const purged = await operator.post(`/records/${id}/purge`, RELEASE);
    expect(await purged.json()).toMatchObject({ before: "completed", after: "tombstone" });
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 replay_unavailable");
    const kept = await runInDurableObject(object, (_, { storage }) => storage.kv.delete(damaged));
    expect([kept, origin.received.length]).toEqual([false, 1]);
  });

  test.each([
    ["a text", "x".repeat(262_144)],
    ["an empty one", new Uint8Array(0)],
    ["a number", 7],
  ])("is never replayed where it is %s", async (_, value) => {
    const { origin, operator, key, object } = await storedBy(large);
    const damaged = (await chunkKeysOf(object))[1] ?? "";
    await runInDurableObject(object, (_, { storage }) => storage.kv.put(damaged, value));
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("breaks the replay off where it is damaged after a replay", async () => {
    const { origin, operator, key, object } = await storedBy(large);
    const whole = await operator.client.post(PATH, { key });
    expect((await whole.arrayBuffer()).byteLength).toBe(600_000);
    const damaged = (await chunkKeysOf(object))[1] ?? "";
    await runInDurableObject(object, (_, { storage }) => void storage.kv.delete(damaged));
    const broken = await operator.client.post(PATH, { key });
    await expect(broken.arrayBuffer()).rejects.toThrow("disconnected prematurely");
    expect(origin.received).toHaveLength(1);
  });

  test("a purge erases all chunks beside a gap, also where the count is damaged", async () => {
    for (const chunks of [3, 1, 1_000_000_000, -1, 1.5, null]) {
      const { operator, id, object } = await storedBy(large);
      const gap = (await chunkKeysOf(object))[chunks === 3 ? 1 : 2] ?? "";
      await runInDurableObject(object, (_, { storage }) => void storage.kv.delete(gap));
      await changeRow(object, { chunks });
      expect((await operator.post(`/records/${id}/purge`, RELEASE)).status).toBe(200);
      expect([chunks, await chunkKeysOf(object)]).toEqual([chunks, []]);
    }
  });
});

/** What damage may leave in any member. */
const OTHER_KINDS: readonly unknown[] = [
  undefined,
  null,
  Number.NaN,
  -1,
  1e300,
  "",
  "\0",
  {},
  [],
  new Uint8Array(2),
  true,
];

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const never = (): boolean => false;

/** What of it is a value like another: nothing shows that it is damage. */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  format: never,
  state: never,
  attempt: never,
  since_ms: never,
  term_ms: never,
  status: never,
  body_bytes: never,
  operation: isText,
  key: isText,
  rule: isText,
  fingerprint: isText,
  plain: isText,
  attempt_id: isText,
  derived: (value) => value === true,
  caller: (value) => value === null || isText(value),
  headers: (value) => Array.isArray(value),
};

describe("a record with a damaged member", () => {
  test.each(Object.entries(MEMBERS))(
    "%s: is unreadable, never runs, and can be released",
    async (member, isLikeAnother) => {
      for (const value of OTHER_KINDS.filter((value) => !isLikeAnother(value))) {
        const stored = await storedBy(() => new Response("ran", { status: 201 }));
        await changeRow(stored.object, { [member]: value });
        await expectSurvived(stored, "either");
      }
    },
  );

  test("tenant: only the Worker's own token releases it", async () => {
    for (const value of OTHER_KINDS.filter((value) => !isText(value))) {
      const stored = await storedBy(() => new Response("ran", { status: 201 }));
      await changeRow(stored.object, { tenant: value });
      await expectSurvived(stored, "operator");
    }
  });

  test("tenant: another tenant's record is none of its", async () => {
    const { operator, id, object } = await storedBy(() => new Response("ran", { status: 201 }));
    await changeRow(object, { tenant: `other.${HOST}` });
    expect(await problemOf(await operator.post(`/records/${id}/release`, RELEASE))).toBe("404 not_found");
    expect(await rowOf(object)).toBeDefined();
  });

  test.each(["body", "chunks"])("%s: the answer is not replayed, and the request is not run again", async (member) => {
    for (const value of OTHER_KINDS) {
      const answer = member === "body" ? "ran" : new Uint8Array(600_000);
      const { origin, operator, key, object } = await storedBy(() => new Response(answer, { status: 201 }));
      await changeRow(object, { [member]: value });
      const retry = await operator.client.post(PATH, { key });
      // Chunks are counted by what is there, so a wrong count may do no harm.
      if (statusOf(retry) === "replayed") expect((await retry.arrayBuffer()).byteLength).toBe(600_000);
      else expect(await problemOf(retry)).toBe("409 outcome_unknown");
      await fireAlarm(object);
      expect(origin.received).toHaveLength(1);
    }
  });
});
