import { describe, expect, test } from "vitest";
import { type Client, type Entry, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

/** A request without its key. */
type Sent = NonNullable<Parameters<Client["post"]>[1]>;

/** The answers to two requests with one key, the second through another client. */
async function answers(
  first: Sent,
  second: Sent,
  entry: Entry = {},
  entryThen = entry,
): Promise<(string | undefined)[]> {
  const origin = scriptOrigin();
  const key = uniqueKey();
  const results: (string | undefined)[] = [];
  for (const [sent, rule] of [
    [first, entry],
    [second, entryThen],
  ] as const) {
    const answer = await clientOf(rule).post("/v1/charges", { key, ...sent });
    results.push(answer.ok ? statusOf(answer) : await problemOf(answer));
  }
  // Nothing ran twice.
  expect(origin.received).toHaveLength(1);
  return results;
}

const REPLAYED = ["executed", "replayed"];
const REFUSED = ["executed", "422 key_reused"];

describe("3.8.5 ignored members", () => {
  const fingerprint = { ignore: ["/client_sent_at"] };

  test("may differ in a retry", async () => {
    const [first, second] = [{ json: { amount: 1, client_sent_at: 1 } }, { json: { client_sent_at: 2, amount: 1 } }];
    expect(await answers(first, second, { fingerprint })).toEqual(REPLAYED);
  });

  test("leave the rest compared", async () => {
    const [first, second] = [{ json: { amount: 1, client_sent_at: 1 } }, { json: { amount: 2, client_sent_at: 1 } }];
    expect(await answers(first, second, { fingerprint })).toEqual(REFUSED);
  });

  test("are compared if no rule names them", async () => {
    const [first, second] = [{ json: { amount: 1, client_sent_at: 1 } }, { json: { amount: 1, client_sent_at: 2 } }];
    expect(await answers(first, second)).toEqual(REFUSED);
  });
});

describe("3.8.6 compared members", () => {
  const fingerprint = { only: ["/order_id"] };

  test("decide whether it is a retry", async () => {
    const first = { json: { order_id: 1, note: "a" } };
    expect(await answers(first, { json: { order_id: 1 } }, { fingerprint })).toEqual(REPLAYED);
    expect(await answers(first, { json: { order_id: 2, note: "a" } }, { fingerprint })).toEqual(REFUSED);
  });

  test("leave a body without any of them compared as a whole", async () => {
    expect(await answers({ json: { a: 1 } }, { json: { a: 2 } }, { fingerprint })).toEqual(REFUSED);
  });
});

describe("3.8.7 headers in the rule", () => {
  const entry = { fingerprint: { headers: ["Stripe-Account"] } };
  const sent = (account: string): Sent => ({ json: {}, headers: { "stripe-account": account } });

  test("are compared", async () => {
    expect(await answers(sent("acct_1"), sent("acct_1"), entry)).toEqual(REPLAYED);
    expect(await answers(sent("acct_1"), sent("acct_2"), entry)).toEqual(REFUSED);
    expect(await answers(sent("acct_1"), { json: {} }, entry)).toEqual(REFUSED);
    expect(await answers({ json: {} }, sent(""), entry)).toEqual(REFUSED);
  });

  test("are compared along with the bytes", async () => {
    const bytes = { fingerprint: { body: "bytes", headers: ["stripe-account"] } };
    expect(await answers(sent("acct_1"), sent("acct_1"), bytes)).toEqual(REPLAYED);
    expect(await answers(sent("acct_1"), sent("acct_2"), bytes)).toEqual(REFUSED);
  });
});

describe("3.8.8 a key in the body", () => {
  const entry = { key_from: ["Idempotency-Key", "/idempotency_key"] };

  test("selects the record of the same key in a header", async () => {
    const key = uniqueKey();
    const inHeader = { key, json: { amount: 1 } };
    const inBody = { key: null, json: { idempotency_key: key, amount: 1 } };
    expect(await answers(inHeader, inBody, entry)).toEqual(REPLAYED);
    const other = uniqueKey();
    expect(
      await answers(
        { key: null, json: { amount: 1, idempotency_key: other } },
        { key: other, json: { amount: 1 } },
        entry,
      ),
    ).toEqual(REPLAYED);
  });

  test("leaves the rest of the body compared", async () => {
    const key = uniqueKey();
    const inBody = { key: null, json: { idempotency_key: key, amount: 2 } };
    expect(await answers({ key, json: { amount: 1 } }, inBody, entry)).toEqual(REFUSED);
  });
});

describe("3.8.9 JSON-RPC", () => {
  const call = (id: number, amount: number) => ({ jsonrpc: "2.0", id, method: "pay", params: { amount } });

  test("may number each try of a call", async () => {
    const entry = { fingerprint: { ignore: ["/id"] } };
    expect(await answers({ json: call(1, 5) }, { json: call(2, 5) }, entry)).toEqual(REPLAYED);
    expect(await answers({ json: call(1, 5) }, { json: call(1, 6) }, entry)).toEqual(REFUSED);
  });

  test("may number each call of a batch", async () => {
    const entry = { fingerprint: { ignore: ["/0/id", "/1/id"] } };
    const first = { json: [call(1, 5), call(2, 6)] };
    expect(await answers(first, { json: [call(3, 5), call(4, 6)] }, entry)).toEqual(REPLAYED);
    expect(await answers(first, { json: [call(3, 6), call(4, 5)] }, entry)).toEqual(REFUSED);
  });
});

describe("3.8.10 pairs", () => {
  const headers = { "content-type": "application/x-www-form-urlencoded" };

  test("may be encoded differently in a retry", async () => {
    expect(await answers({ body: "name=J%c3%b6+X", headers }, { body: "name=%4A%C3%B6%20X", headers })).toEqual(
      REPLAYED,
    );
    expect(await answers({ body: "a=1&b=2", headers }, { body: "b=2&a=1", headers })).toEqual(REFUSED);
  });

  test("are compared with their names", async () => {
    const entry = { fingerprint: { ignore: ["/metadata[try]"] } };
    const [first, second] = [
      { body: "a=1&metadata[try]=1", headers },
      { body: "metadata%5Btry%5D=2&a=1", headers },
    ];
    expect(await answers(first, second, entry)).toEqual(REPLAYED);
    expect(await answers(first, { body: "a=2&metadata[try]=1", headers }, entry)).toEqual(REFUSED);
  });
});

describe("3.8.11 parts", () => {
  function form(content: readonly number[], more: Record<string, string> = {}): FormData {
    const data = new FormData();
    data.append("purpose", "receipt");
    data.append("file", new File([new Uint8Array(content)], "a.png", { type: "image/png" }));
    for (const [name, value] of Object.entries(more)) data.append(name, value);
    return data;
  }

  test("may have another boundary in a retry", async () => {
    const [one, other] = [new Response(form([])), new Response(form([]))];
    // Otherwise the test would prove nothing.
    expect(one.headers.get("content-type")).not.toBe(other.headers.get("content-type"));
    expect(await answers({ body: form([0, 255, 13, 10]) }, { body: form([0, 255, 13, 10]) })).toEqual(REPLAYED);
  });

  test("are compared with each byte of a file", async () => {
    expect(await answers({ body: form([0, 255]) }, { body: form([0, 254]) })).toEqual(REFUSED);
  });

  test("are compared with their names", async () => {
    const entry = { fingerprint: { ignore: ["/try"] } };
    expect(await answers({ body: form([1], { try: "1" }) }, { body: form([1], { try: "2" }) }, entry)).toEqual(
      REPLAYED,
    );
    expect(await answers({ body: form([1], { try: "1" }) }, { body: form([2], { try: "1" }) }, entry)).toEqual(REFUSED);
  });

  test("reach the origin as sent", async () => {
    const origin = scriptOrigin();
    const sent = new Response(form([1, 2, 3]));
    const contentType = sent.headers.get("content-type");
    const body = await sent.arrayBuffer();
    await clientOf().post("/v1/files", { body, headers: { "content-type": contentType } });
    expect(origin.received[0]?.body).toEqual(new Uint8Array(body));
    expect(origin.received[0]?.headers.get("content-type")).toBe(contentType);
  });
});

describe("3.8.4 a rule that changes while a record lives", () => {
  const sent = { json: { amount: 1, client_sent_at: 1 }, headers: { "stripe-account": "acct_1" } };
  const other = { ...sent, json: { amount: 1, client_sent_at: 2 } };
  const rules: Entry[] = [
    {},
    { fingerprint: "bytes" },
    { fingerprint: { ignore: ["/client_sent_at"] } },
    { fingerprint: { only: ["/amount"] } },
    { fingerprint: { headers: ["stripe-account"] } },
    { key_from: ["idempotency-key", "/key"] },
  ];

  test("accepts a retry with equal bytes, and refuses another request", async () => {
    for (const before of rules) {
      for (const after of rules.filter((rule) => rule !== before)) {
        expect(await answers(sent, sent, before, after), JSON.stringify([before, after])).toEqual(REPLAYED);
        expect(await answers(sent, other, before, after), JSON.stringify([before, after])).toEqual(REFUSED);
      }
    }
  });

  test("accepts a form with equal bytes", async () => {
    const body = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n";
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    expect(await answers({ body, headers }, { body, headers }, { fingerprint: "bytes" }, {})).toEqual(REPLAYED);
    expect(await answers({ body, headers }, { body, headers }, {}, { fingerprint: "bytes" })).toEqual(REPLAYED);
    const changed = { body: body.replace("1", "2"), headers };
    expect(await answers({ body, headers }, changed, { fingerprint: "bytes" }, {})).toEqual(REFUSED);
  });
});
