// The parts of a rule: ignored members, compared members, headers, and the carriers of keys.

import { describe, expect, test } from "vitest";
import { type FingerprintSettings, resolveFingerprint } from "../../../src/identity/fingerprint.ts";
import { type JsonPointer } from "../../../src/identity/json-pointer.ts";
import { type KeyCarrier } from "../../../src/identity/key-carrier.ts";
import { type Change, identityOf, PLAIN } from "./requests.ts";

interface Rule extends Partial<FingerprintSettings> {
  readonly carriers?: readonly JsonPointer[];
}

async function areSame(one: Change, other: Change, { carriers: members = [], ...settings }: Rule): Promise<boolean> {
  const carriers = members.map((pointer): KeyCarrier => [{ kind: "body", pointer }]);
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
    ["are nested", '{"device":{"id":1,"clock":1}}', '{"device":{"clock":2,"id":1}}'],
    ["are elements of an array", '{"lines":[1,2,3]}', '{"lines":[1,[],3]}'],
  ])("may differ if they %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { ignore })).toBe(true);
    expect(await areSameBodies(one, other, {})).toBe(false);
  });

  test.each([
    ["another member", '{"a":1,"sent_at":1}', '{"a":2,"sent_at":1}'],
    ["a member of the same name elsewhere", '{"b":{"sent_at":1}}', '{"b":{"sent_at":2}}'],
    ["the object that has an ignored member", '{"device":{"clock":1}}', '{"device":null}'],
    ["an object that could have one", "{}", '{"device":{"clock":1}}'],
    ["an element beside an ignored one", '{"lines":[1,2,3]}', '{"lines":[1,2,4]}'],
    ["the length of an array", '{"lines":[1]}', '{"lines":[1,2]}'],
    ["an element that moved", '{"lines":[1,2,3]}', '{"lines":[1,3,2]}'],
    ["a member named like an index", '{"lines":{"01":1}}', '{"lines":{"01":2}}'],
  ])("leave the rest compared: %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { ignore })).toBe(false);
  });

  test("may have any character in their names", async () => {
    const rule = { ignore: [["a/b~c"], [""], ['"'], ["__proto__"], ["é"]] };
    const one = String.raw`{"a/b~c":1,"":1,"\"":1,"__proto__":1,"\u00e9":1,"b":1}`;
    expect(await areSameBodies(one, '{"b":1}', rule)).toBe(true);
    expect(await areSameBodies(one, '{"b":2}', rule)).toBe(false);
  });

  test("are not elements at an index that is invalid in RFC 6901", async () => {
    for (const token of ["00", "-", "1e0", " 0"]) {
      expect(await areSameBodies("[1]", "[2]", { ignore: [[token]] }), token).toBe(false);
    }
  });

  test("may be nested in one another and named twice", async () => {
    for (const ignore of [
      [["a"], ["a", "b"]],
      [["a", "b"], ["a"]],
      [["a"], ["a"]],
    ]) {
      expect(await areSameBodies('{"a":{"b":1}}', "{}", { ignore })).toBe(true);
    }
  });

  test("keep the positions of the other elements of an array", async () => {
    const rule = { ignore: [["0"], ["1"]] };
    expect(await areSameBodies("[1,2,3]", "[4,5,3]", rule)).toBe(true);
    expect(await areSameBodies("[1,2,3]", "[1,3]", rule)).toBe(false);
    expect(await areSameBodies("[1]", "[]", rule)).toBe(false);
  });

  test("are compared in a body that is compared by its bytes", async () => {
    const rule = { ignore: [["sent_at"]] };
    expect(await areSameBodies('{"a":1,"a":1,"sent_at":1}', '{"a":1,"a":1,"sent_at":2}', rule)).toBe(false);
    const [one, other] = ['{"sent_at":1}', '{"sent_at":2}'];
    const contentType = "text/plain";
    expect(await areSame({ contentType, body: one }, { contentType, body: other }, rule)).toBe(false);
  });
});

describe("3.8.18 members with one meaning", () => {
  const firstOf = [
    [["extensions", "hash"], ["query"]],
    [["a"], ["b"], ["c"]],
  ];

  test.each([
    ["are compared by the first one that is there", '{"extensions":{"hash":1},"query":2}', '{"extensions":{"hash":1}}'],
    ["may differ behind the first one", '{"a":1,"b":2,"c":3}', '{"a":1,"c":4}'],
    ["may lack the first one", '{"b":2,"c":3}', '{"b":2}'],
  ])("%s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { firstOf })).toBe(true);
  });

  test.each([
    ["differ in the first one", '{"extensions":{"hash":1},"query":2}', '{"extensions":{"hash":3},"query":2}'],
    ["count where the first one is absent", '{"query":1}', '{"query":2}'],
    [
      "count where the first one is null",
      '{"extensions":{"hash":null},"query":1}',
      '{"extensions":{"hash":null},"query":2}',
    ],
    ["are not the same under another name", '{"b":1}', '{"c":1}'],
    ["are not the same where only one has the first one", '{"a":1,"b":2}', '{"b":2}'],
    ["leave all other members as they are", '{"a":1,"d":1}', '{"a":1,"d":2}'],
    ["count where all that are there are null", '{"b":null,"d":1}', '{"d":1}'],
  ])("%s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { firstOf })).toBe(false);
  });

  test("count where the first one is ignored", async () => {
    expect(await areSameBodies('{"a":1,"b":2}', '{"a":3,"b":2}', { firstOf, ignore: [["a"]] })).toBe(true);
    expect(await areSameBodies('{"a":1,"b":2}', '{"a":1,"b":3}', { firstOf, ignore: [["a"]] })).toBe(false);
  });
});

describe("3.8.6 compared members", () => {
  const only = [["order_id"], ["lines", "0"], ["customer"]];

  test.each([
    ["other members", '{"order_id":1,"a":1}', '{"order_id":1,"b":{}}'],
    ["their order", '{"customer":1,"order_id":2}', '{"order_id":2,"customer":1}'],
    ["their spelling", '{"order_id":100}', '{"order_id":1e2}'],
    ["other elements of an array", '{"lines":[1,2]}', '{"lines":[1,3,4]}'],
  ])("exclude %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { only })).toBe(true);
  });

  test.each([
    ["another value", '{"order_id":1}', '{"order_id":2}'],
    ["null where one was absent", '{"order_id":1}', '{"order_id":1,"customer":null}'],
    ["the same value under another name", '{"order_id":1}', '{"customer":1}'],
    ["a value where there was none of them", '{"order_id":1}', '{"a":1}'],
    ["other bodies that have none of them", '{"a":1}', '{"a":2}'],
    ["other bodies that can have none of them", "1", "2"],
  ])("distinguish %s", async (_, one, other) => {
    expect(await areSameBodies(one, other, { only })).toBe(false);
  });

  test("are compared without the ignored members in them", async () => {
    const rule = { only: [["order"], ["sent_at"]], ignore: [["order", "sent_at"], ["sent_at"]] };
    expect(await areSameBodies('{"order":{"id":1,"sent_at":1},"sent_at":1}', '{"order":{"id":1}}', rule)).toBe(true);
    expect(await areSameBodies('{"order":{"id":1}}', '{"order":{"id":2}}', rule)).toBe(false);
    expect(await areSameBodies('{"order":{}}', '{"a":1}', rule)).toBe(false);
  });

  test("are not compared inside an ignored member", async () => {
    const rule = { only: [["id"], ["meta", "sent_at"]], ignore: [["meta"]] };
    expect(await areSameBodies('{"id":1,"meta":{"sent_at":1}}', '{"id":1,"meta":{"sent_at":2}}', rule)).toBe(true);
  });

  test("may be nested in one another", async () => {
    for (const only of [
      [["a"], ["a", "b"]],
      [["a", "b"], ["a"], ["a"]],
    ]) {
      expect(await areSameBodies('{"a":{"b":1,"c":1},"d":1}', '{"a":{"b":1,"c":1},"d":2}', { only })).toBe(true);
      expect(await areSameBodies('{"a":{"b":1,"c":1}}', '{"a":{"b":1,"c":2}}', { only })).toBe(false);
    }
  });

  test("can be an empty list, which is the same as none", async () => {
    expect(await identityOf({}, { only: [] })).toEqual(await identityOf({}));
  });
});

describe("3.8.7 compared headers", () => {
  const headers = ["stripe-account", "x-mode"];
  const one = { headers: { "stripe-account": "acct_1" } };

  test.each<[string, Change]>([
    ["another value", { headers: { "stripe-account": "acct_2" } }],
    ["an absent one", {}],
    ["an empty one", { headers: { "stripe-account": "" } }],
    ["another one", { headers: { "stripe-account": "acct_1", "x-mode": "" } }],
    ["the value under another name", { headers: { "x-mode": "acct_1" } }],
  ])("distinguish %s with any body", async (_, other) => {
    for (const body of ["json", "bytes"] as const) {
      expect(await areSame(one, other, { headers, body })).toBe(false);
      expect(await areSame(one, other, { body })).toBe(true);
    }
    const form = { contentType: "application/x-www-form-urlencoded", body: "a=1" };
    expect(await areSame({ ...form, ...one }, { ...form, ...other }, { headers })).toBe(false);
    const text = { contentType: "text/plain", body: "a" };
    expect(await areSame({ ...text, ...one }, { ...text, ...other }, { headers })).toBe(false);
  });

  test("are not part of the plain digest", async () => {
    const [named, plain] = [await identityOf(one, { headers }), await identityOf(one)];
    expect(named.plain).toBe(plain.plain);
    expect(named.fingerprint).not.toBe(plain.fingerprint);
    expect(named.rule).not.toBe(plain.rule);
  });

  test("are only those that the rule names", async () => {
    expect(await areSame(one, { headers: { "stripe-account": "acct_1", traceparent: "1" } }, { headers })).toBe(true);
  });
});

describe("3.8.8 members that carry keys", () => {
  const carriers = [["idempotency_key"], ["meta", "key"]];

  test("are not compared in JSON", async () => {
    const [header, body] = ['{"a":1,"meta":{}}', '{"idempotency_key":"k","a":1,"meta":{"key":"k"}}'];
    expect(await areSameBodies(header, body, { carriers })).toBe(true);
    expect(await areSameBodies(header, '{"idempotency_key":"k","a":2,"meta":{}}', { carriers })).toBe(false);
  });

  test("are not compared even if `only` names them", async () => {
    const rule = { carriers, only: [["idempotency_key"], ["a"]] };
    expect(await areSameBodies('{"idempotency_key":"k","a":1}', '{"a":1}', rule)).toBe(true);
  });

  test("are compared where they have another value than the key, which they did not carry then", async () => {
    const one = '{"idempotency_key":"k","meta":{"key":"order-1"}}';
    expect(await areSameBodies(one, '{"idempotency_key":"k","meta":{"key":"order-2"}}', { carriers })).toBe(false);
    expect(await areSameBodies(one, '{"idempotency_key":null,"meta":{"key":"order-1"}}', { carriers })).toBe(true);
    const only = { carriers, only: [["idempotency_key"], ["meta", "key"], ["a"]] };
    expect(await areSameBodies(one, '{"meta":{"key":"order-2"}}', only)).toBe(false);
    expect(await areSameBodies(one, '{"meta":{"key":"order-1"}}', only)).toBe(true);
    const swapped = '{"idempotency_key":"order-1","meta":{"key":"k"}}';
    expect(await areSameBodies(one, swapped, only)).toBe(false);
    expect(await areSameBodies(one, swapped, { carriers })).toBe(false);
  });

  test("are compared in bodies compared by bytes, and in forms", async () => {
    const [one, other] = ['{"idempotency_key":"k"}', '{"idempotency_key":"l"}'];
    expect(await areSameBodies(one, other, { carriers, body: "bytes" })).toBe(false);
    const contentType = "application/x-www-form-urlencoded";
    const form = (key: string): Change => ({ contentType, body: `idempotency_key=${key}` });
    expect(await areSame(form("k"), form("l"), { carriers })).toBe(false);
  });
});

describe("3.8.9 JSON-RPC", () => {
  const call = (id: number, method = "send"): string => JSON.stringify({ jsonrpc: "2.0", id, method });

  test("may number each try of a call", async () => {
    const rule = { ignore: [["id"]] };
    expect(await areSameBodies(call(1), call(2), rule)).toBe(true);
    expect(await areSameBodies(call(1), call(1, "sign"), rule)).toBe(false);
  });

  test("may number the calls of a batch, each named by its index", async () => {
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
  const member: KeyCarrier = [{ kind: "body", pointer: ["key"] }];
  const query: KeyCarrier = [{ kind: "query", name: "id" }];
  const form: KeyCarrier = [{ kind: "form", name: "id" }];

  test.each<[string, Partial<FingerprintSettings>, readonly KeyCarrier[]]>([
    ["json", {}, []],
    ["bytes", { body: "bytes" }, [member, form]],
    ['bytes:{"query":["id"]}', { body: "bytes" }, [query]],
    ['json:{"carriers":[["key"]],"query":["id"],"form":["id"]}', {}, [[...member, ...query], form]],
    ['json:{"ignore":[["a","b"]]}', { ignore: [["a", "b"]] }, []],
    ['json:{"only":[["a"]]}', { only: [["a"]] }, []],
    ['json:{"carriers":[["key"]]}', {}, [member]],
    ['bytes:{"headers":["x-mode"]}', { body: "bytes", headers: ["x-mode"] }, []],
  ])("contains every part of the rule: %s", (name, settings, carriers) => {
    expect(resolveFingerprint({ ...PLAIN, ...settings }, carriers).name).toBe(name);
  });
});
