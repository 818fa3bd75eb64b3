import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { type Entry, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const ENCODERS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
const CODINGS = Object.keys(ENCODERS) as (keyof typeof ENCODERS)[];

interface Sent {
  readonly body: string | Uint8Array;
  readonly headers: Record<string, string>;
}

function coded(text: string, coding: keyof typeof ENCODERS, more: Record<string, string> = JSON_TYPE): Sent {
  return { body: new Uint8Array(ENCODERS[coding](text)), headers: { ...more, "content-encoding": coding } };
}

/** The same content as gzip writes it at another time: its head holds a time. */
function gzippedLater(text: string): Sent {
  const sent = coded(text, "gzip");
  if (typeof sent.body !== "string") sent.body.set([1, 2, 3, 4], 4);
  return sent;
}

/** What two requests with one key get. */
async function answers(first: Sent, second: Sent, entry: Entry = {}): Promise<(string | undefined)[]> {
  const origin = scriptOrigin();
  const client = clientOf(entry);
  const key = uniqueKey();
  const results: (string | undefined)[] = [];
  for (const sent of [first, second]) {
    const answer = await client.post("/v1/charges", { key, ...sent });
    results.push(answer.ok ? statusOf(answer) : await problemOf(answer));
  }
  expect(origin.received).toHaveLength(1);
  // Nothing of what was decoded stays.
  expect(bodyBudget.heldBytes).toBe(0);
  return results;
}

const REPLAYED = ["executed", "replayed"];
const REFUSED = ["executed", "422 key_reused"];

describe("3.6.5 a coded body", () => {
  test.each(CODINGS)("is compared by what it decodes to: %s", async (coding) => {
    const first = coded('{"a":1,"b":2}', coding);
    expect(await answers(first, coded('{"b":2, "a":1.0}', coding))).toEqual(REPLAYED);
    expect(await answers(first, coded('{"a":1,"b":3}', coding))).toEqual(REFUSED);
    expect(await answers(first, { body: '{"a":1,"b":2}', headers: JSON_TYPE })).toEqual(REPLAYED);
  });

  test("may be compressed again, with another time in its head", async () => {
    expect(await answers(coded('{"a":1}', "gzip"), gzippedLater('{"a":1}'))).toEqual(REPLAYED);
    expect(await answers(coded('{"a":1}', "gzip"), gzippedLater('{"a":1}'), { fingerprint: "bytes" })).toEqual(
      REPLAYED,
    );
    expect(await answers(coded('{"a":1}', "gzip"), coded('{"a": 1}', "gzip"), { fingerprint: "bytes" })).toEqual(
      REFUSED,
    );
  });

  test("is compared as a form where it is one", async () => {
    expect(await answers(coded("a=%41", "gzip", FORM_TYPE), coded("a=A", "br", FORM_TYPE))).toEqual(REPLAYED);
  });

  test("reaches the origin as it came", async () => {
    const origin = scriptOrigin();
    const sent = gzippedLater('{"a":1}');
    await clientOf().post("/v1/charges", sent);
    const [received] = origin.received;
    expect(received?.headers.get("content-encoding")).toBe("gzip");
    expect(received?.body).toEqual(sent.body);
  });

  test("has its key where the policy names a member", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["/id"] });
    const sent = coded(JSON.stringify({ id: uniqueKey(), amount: 1 }), "br");
    const [first, again] = [
      await client.post("/v1/charges", { key: null, ...sent }),
      await client.post("/v1/charges", { key: null, ...sent }),
    ];
    expect([statusOf(first), statusOf(again)]).toEqual(REPLAYED);
    expect(origin.received).toHaveLength(1);
  });

  test("derives a key from its members", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ derive_key: { window: "5m", from: ["/id"] } });
    const sent = coded(JSON.stringify({ id: uniqueKey() }), "deflate");
    for (const status of REPLAYED)
      expect(statusOf(await client.post("/v1/charges", { key: null, ...sent }))).toBe(status);
    expect(origin.received).toHaveLength(1);
  });
});

const BOMBS: readonly (readonly [string, Uint8Array])[] = [
  ["gzip", gzipSync(new Uint8Array(20_000_000))],
  ["deflate", deflateSync(new Uint8Array(20_000_000))],
  ["br", brotliCompressSync(new Uint8Array(20_000_000))],
];

describe("3.6.6 a coded body that can't be decoded", () => {
  const cannot: readonly (readonly [string, Sent])[] = [
    ...BOMBS.map(
      ([coding, body]) =>
        [`a bomb of ${coding}`, { body, headers: { ...JSON_TYPE, "content-encoding": coding } }] as const,
    ),
    ["a coding that is not known", { body: "{}", headers: { ...JSON_TYPE, "content-encoding": "zstd" } }],
    ["two codings", { body: "{}", headers: { ...JSON_TYPE, "content-encoding": "gzip, gzip" } }],
    ["what is not coded at all", { body: "{}", headers: { ...JSON_TYPE, "content-encoding": "gzip" } }],
  ];

  test.each(cannot)("is compared by its bytes and its coding: %s", async (_, sent) => {
    expect(await answers(sent, sent)).toEqual(REPLAYED);
    expect(await answers(sent, { ...sent, headers: JSON_TYPE })).toEqual(REFUSED);
  });

  test.each(cannot)("is refused where a key is looked for: %s", async (_, sent) => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["/id"] });
    expect(await problemOf(await client.post("/v1/charges", { key: null, ...sent }))).toBe("400 key_invalid");
    expect(origin.received).toHaveLength(0);
    expect(bodyBudget.heldBytes).toBe(0);
  });

  test("is decoded up to max_request_bytes", async () => {
    const entry = { key_from: ["/id"], max_request_bytes: 200 };
    const sent = (length: number): Sent => coded(`{"id":"k","a":"${"x".repeat(length - 17)}"}`, "gzip");
    scriptOrigin();
    expect(statusOf(await clientOf(entry).post("/v1/a", { key: null, ...sent(200) }))).toBe("executed");
    expect(await problemOf(await clientOf(entry).post("/v1/b", { key: null, ...sent(201) }))).toBe("400 key_invalid");
  });

  test("is forgotten before a request without a key goes on", async () => {
    let heldBytes = Infinity;
    scriptOrigin(() => {
      heldBytes = bodyBudget.heldBytes;
      return new Response("ok");
    });
    const sent = coded(`{"a":"${"x".repeat(100_000)}"}`, "gzip");
    const answer = await clientOf({ key_from: ["/id"] }).post("/v1/charges", { key: null, ...sent });
    expect([answer.status, statusOf(answer)]).toEqual([200, undefined]);
    expect(heldBytes).toBeLessThan(1000);
  });

  test("is refused where its memory is taken", async () => {
    const origin = scriptOrigin();
    const taken = bodyBudget.lease(60_000);
    expect(taken.resize(bodyBudget.roomBytes - 1000)).toBe(true);
    const answer = await clientOf().post("/v1/charges", coded(`{"a":"${"x".repeat(5000)}"}`, "gzip"));
    taken.release();
    expect(await problemOf(answer)).toBe("503 overloaded");
    expect(origin.received).toHaveLength(0);
    expect(bodyBudget.heldBytes).toBe(0);
  });
});
