// What a rule may name: members that don't count, those that alone count, headers, and the carriers of keys.

import { describe, expect, test } from "vitest";

import { type FingerprintSettings, resolveFingerprint } from "../../../src/identity/fingerprint.ts";
import { type JsonPointer } from "../../../src/identity/json-pointer.ts";
import { type Change, identityOf, PLAIN } from "../http/requests.ts";

interface Rule extends Partial<FingerprintSettings> {
  readonly carriers?: readonly JsonPointer[];
}

async function areSame(one: Change, other: Change, { carriers = [], ...settings }: Rule): Promise<boolean> {
  const [a, b] = await Promise.all([identityOf(one, settings, carriers), identityOf(other, settings, carriers)]);
  expect(a.rule).toBe(b.rule);
  return a.fingerprint === b.fingerprint;
}

function areSameBodies(one: string, other: string, rule: Rule): Promise<boolean> {
  return areSame({ body: one }, { body: other }, rule);
}

describe("3.8.5 ignored members", () => {
  const ignore = [["sent_at"], ["device", "clock"], ["lines", "1"]];

  test.each([
    ["have another value", '{"a":1,"sent_at":1}', '{"a":1,"sent_at":{"b":[2]}}'],
    ["are absent", '{"a":1}', '{"sent_at":null,"a":1}'],
    ["are the only ones", "{}", '{"sent_at":1}'],
    ["stand deeper", '{"device":{"id":1,"clock":1}}', '{"device":{"clock":2,"id":1}}'],
    ["are elements of an array", '{"lines":[1,2,3]}', '{"lines":[1,[],3]}'],
  ])("may differ: they %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { ignore })).toBe(true);
    expect(await areSameBodies(one, other, {})).toBe(false);
  });

  test.each([
    ["another member", '{"a":1,"sent_at":1}', '{"a":2,"sent_at":1}'],
    ["a member of the same name elsewhere", '{"b":{"sent_at":1}}', '{"b":{"sent_at":2}}'],
    ["what holds an ignored member", '{"device":{"clock":1}}', '{"device":null}'],
    ["what would hold one", "{}", '{"device":{"clock":1}}'],
    ["an element beside an ignored one", '{"lines":[1,2,3]}', '{"lines":[1,2,4]}'],
    ["the length of an array", '{"lines":[1]}', '{"lines":[1,2]}'],
    ["an element that moved", '{"lines":[1,2,3]}', '{"lines":[1,3,2]}'],
    ["a member named like an index", '{"lines":{"01":1}}', '{"lines":{"01":2}}'],
  ])("leave all else to count: %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { ignore })).toBe(false);
  });

  test("are found by names with any character in them", async () => {
    const rule = { ignore: [["a/b~c"], [""], ['"'], ["__proto__"], ["é"]] };
    const one = String.raw`{"a/b~c":1,"":1,"\"":1,"__proto__":1,"\u00e9":1,"b":1}`;
    expect(await areSameBodies(one, '{"b":1}', rule)).toBe(true);
    expect(await areSameBodies(one, '{"b":2}', rule)).toBe(false);
  });

  test("are no elements by an index that RFC 6901 does not know", async () => {
    for (const token of ["00", "-", "1e0", " 0"]) {
      expect(await areSameBodies("[1]", "[2]", { ignore: [[token]] }), token).toBe(false);
    }
  });

  test("may stand inside of one another, and be named twice", async () => {
    for (const ignore of [
      [["a"], ["a", "b"]],
      [["a", "b"], ["a"]],
      [["a"], ["a"]],
    ]) {
      expect(await areSameBodies('{"a":{"b":1}}', "{}", { ignore })).toBe(true);
    }
  });

  test("don't take several elements of an array for one another", async () => {
    const rule = { ignore: [["0"], ["1"]] };
    expect(await areSameBodies("[1,2,3]", "[4,5,3]", rule)).toBe(true);
    expect(await areSameBodies("[1,2,3]", "[1,3]", rule)).toBe(false);
    expect(await areSameBodies("[1]", "[]", rule)).toBe(false);
  });

  test("count in a body that is compared by its bytes", async () => {
    const rule = { ignore: [["sent_at"]] };
    expect(await areSameBodies('{"a":1,"a":1,"sent_at":1}', '{"a":1,"a":1,"sent_at":2}', rule)).toBe(false);
    const [one, other] = ['{"sent_at":1}', '{"sent_at":2}'];
    const contentType = "text/plain";
    expect(await areSame({ contentType, body: one }, { contentType, body: other }, rule)).toBe(false);
  });
});

describe("3.8.6 members that alone count", () => {
  const only = [["order_id"], ["lines", "0"], ["customer"]];

  test.each([
    ["other members", '{"order_id":1,"a":1}', '{"order_id":1,"b":{}}'],
    ["their order", '{"customer":1,"order_id":2}', '{"order_id":2,"customer":1}'],
    ["their spelling", '{"order_id":100}', '{"order_id":1e2}'],
    ["other elements of an array", '{"lines":[1,2]}', '{"lines":[1,3,4]}'],
  ])("leave out %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { only })).toBe(true);
  });

  test.each([
    ["another value", '{"order_id":1}', '{"order_id":2}'],
    ["null where one was absent", '{"order_id":1}', '{"order_id":1,"customer":null}'],
    ["the same value under another name", '{"order_id":1}', '{"customer":1}'],
    ["a value where there was none of them", '{"order_id":1}', '{"a":1}'],
    ["other bodies that have none of them", '{"a":1}', '{"a":2}'],
    ["other bodies that can have none of them", "1", "2"],
  ])("tell apart %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { only })).toBe(false);
  });

  test("count without what is ignored as well", async () => {
    const rule = { only: [["order"], ["sent_at"]], ignore: [["order", "sent_at"], ["sent_at"]] };
    expect(await areSameBodies('{"order":{"id":1,"sent_at":1},"sent_at":1}', '{"order":{"id":1}}', rule)).toBe(true);
    expect(await areSameBodies('{"order":{"id":1}}', '{"order":{"id":2}}', rule)).toBe(false);
    expect(await areSameBodies('{"order":{}}', '{"a":1}', rule)).toBe(false);
  });

  test("don't count inside of what is ignored", async () => {
    const rule = { only: [["id"], ["meta", "sent_at"]], ignore: [["meta"]] };
    expect(await areSameBodies('{"id":1,"meta":{"sent_at":1}}', '{"id":1,"meta":{"sent_at":2}}', rule)).toBe(true);
  });

  test("may stand inside of one another", async () => {
    for (const only of [
      [["a"], ["a", "b"]],
      [["a", "b"], ["a"], ["a"]],
    ]) {
      expect(await areSameBodies('{"a":{"b":1,"c":1},"d":1}', '{"a":{"b":1,"c":1},"d":2}', { only })).toBe(true);
      expect(await areSameBodies('{"a":{"b":1,"c":1}}', '{"a":{"b":1,"c":2}}', { only })).toBe(false);
    }
  });

  test("are none in an empty list, which is the default", async () => {
    expect(await identityOf({}, { only: [] })).toEqual(await identityOf({}));
  });
});

describe("3.8.7 headers that count", () => {
  const headers = ["stripe-account", "x-mode"];
  const one = { headers: { "stripe-account": "acct_1" } };

  test.each<[string, Change]>([
    ["another value", { headers: { "stripe-account": "acct_2" } }],
    ["an absent one", {}],
    ["an empty one", { headers: { "stripe-account": "" } }],
    ["another one", { headers: { "stripe-account": "acct_1", "x-mode": "" } }],
    ["the value under another name", { headers: { "x-mode": "acct_1" } }],
  ])("tell apart %s, whatever the body", async (_, other) => {
    for (const body of ["json", "bytes"] as const) {
      expect(await areSame(one, other, { headers, body })).toBe(false);
      expect(await areSame(one, other, { body })).toBe(true);
    }
    const form = { contentType: "application/x-www-form-urlencoded", body: "a=1" };
    expect(await areSame({ ...form, ...one }, { ...form, ...other }, { headers })).toBe(false);
    const text = { contentType: "text/plain", body: "a" };
    expect(await areSame({ ...text, ...one }, { ...text, ...other }, { headers })).toBe(false);
  });

  test("are no part of the plain digest", async () => {
    const [named, plain] = [await identityOf(one, { headers }), await identityOf(one)];
    expect(named.plain).toBe(plain.plain);
    expect(named.fingerprint).not.toBe(plain.fingerprint);
    expect(named.rule).not.toBe(plain.rule);
  });

  test("are none but those that are named", async () => {
    expect(await areSame(one, { headers: { "stripe-account": "acct_1", traceparent: "1" } }, { headers })).toBe(true);
  });
});

describe("3.8.8 members that carry keys", () => {
  const carriers = [["idempotency_key"], ["meta", "key"]];

  test("don't count in JSON", async () => {
    const [header, body] = ['{"a":1,"meta":{}}', '{"idempotency_key":"k","a":1,"meta":{"key":"k"}}'];
    expect(await areSameBodies(header, body, { carriers })).toBe(true);
    expect(await areSameBodies(header, '{"idempotency_key":"k","a":2,"meta":{}}', { carriers })).toBe(false);
  });

  test("don't count where they are named", async () => {
    const rule = { carriers, only: [["idempotency_key"], ["a"]] };
    expect(await areSameBodies('{"idempotency_key":"k","a":1}', '{"a":1}', rule)).toBe(true);
  });

  test("count where bytes are compared, and in forms, where no key is looked for", async () => {
    const [one, other] = ['{"idempotency_key":"k"}', '{"idempotency_key":"l"}'];
    expect(await areSameBodies(one, other, { carriers, body: "bytes" })).toBe(false);
    const contentType = "application/x-www-form-urlencoded";
    const form = (key: string): Change => ({ contentType, body: `idempotency_key=${key}` });
    expect(await areSame(form("k"), form("l"), { carriers })).toBe(false);
  });
});

describe("3.8.9 JSON-RPC", () => {
  const call = (id: number, method = "send"): string => JSON.stringify({ jsonrpc: "2.0", id, method });

  test("numbers each try of a call", async () => {
    const rule = { ignore: [["id"]] };
    expect(await areSameBodies(call(1), call(2), rule)).toBe(true);
    expect(await areSameBodies(call(1), call(1, "sign"), rule)).toBe(false);
  });

  test("numbers the calls of a batch, each of which is named by its index", async () => {
    const rule = {
      ignore: [
        ["0", "id"],
        ["1", "id"],
      ],
    };
    expect(await areSameBodies(`[${call(1)},${call(2)}]`, `[${call(3)},${call(4)}]`, rule)).toBe(true);
    expect(await areSameBodies(`[${call(1)},${call(2)}]`, `[${call(2)}]`, rule)).toBe(false);
    expect(await areSameBodies(`[${call(1)}]`, `[${call(2)}]`, { ignore: [["id"]] })).toBe(false);
  });
});

describe("3.8.4 the name of a rule", () => {
  test.each<[string, Partial<FingerprintSettings>, readonly JsonPointer[]]>([
    ["json", {}, []],
    ["bytes", { body: "bytes" }, [["key"]]],
    ['json:{"ignore":[["a","b"]]}', { ignore: [["a", "b"]] }, []],
    ['json:{"only":[["a"]]}', { only: [["a"]] }, []],
    ['json:{"carriers":[["key"]]}', {}, [["key"]]],
    ['bytes:{"headers":["x-mode"]}', { body: "bytes", headers: ["x-mode"] }, []],
  ])("says all by which requests are compared: %s", (name, settings, carriers) => {
    expect(resolveFingerprint({ ...PLAIN, ...settings }, carriers).name).toBe(name);
  });
});
