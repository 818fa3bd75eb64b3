import { describe, expect, test } from "vitest";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { operatorOf } from "../../support/operator.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";

const PAIRS = { "content-type": "application/x-www-form-urlencoded" };

type Sent = NonNullable<Parameters<Client["post"]>[1]>;

async function resultOf(client: Client, path: string, sent: Sent): Promise<string | undefined> {
  const answer = await client.post(path, { key: null, ...sent });
  return answer.ok ? statusOf(answer) : problemOf(answer);
}

describe("3.4.8 a key in the query", () => {
  const client = clientOf({ key_from: ["query:requestid"] });

  test("runs a request once, and reaches the origin as it came", async () => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    const path = `/v1/disburse?a=1&requestid=${key}`;
    const [first, again] = [
      await client.post(path, { key: null, json: {} }),
      await client.post(path, { key: null, json: {} }),
    ];
    expect([statusOf(first), statusOf(again)]).toEqual(["executed", "replayed"]);
    expect(first.headers.get("idempotency-key")).toBe(key);
    expect(origin.received.map(({ url }) => new URL(url).search)).toEqual([`?a=1&requestid=${key}`]);
    expect(await resultOf(client, path.replace("a=1", "a=2"), { json: {} })).toBe("422 key_reused");
    expect(await resultOf(client, `/v1/disburse?a=1&requestid=${uniqueKey()}`, { json: {} })).toBe("executed");
  });

  test("is the key of the same record as one in a header", async () => {
    const origin = scriptOrigin();
    const both = clientOf({ key_from: ["Idempotency-Key", "query:requestid"] });
    const key = uniqueKey();
    expect(await resultOf(both, `/v1/orders?requestid=${key}&a=1`, { json: {} })).toBe("executed");
    expect(await resultOf(both, "/v1/orders?a=1", { key, json: {} })).toBe("replayed");
    expect(await resultOf(both, "/v1/orders?a=2", { key, json: {} })).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("is refused where it is there twice", async () => {
    const origin = scriptOrigin();
    expect(await resultOf(client, "/v1/orders?requestid=a&requestid=a", {})).toBe("400 key_invalid");
    expect(await resultOf(client, "/v1/orders", {})).toBeUndefined();
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.4.8 a key in a form", () => {
  const client = clientOf({ key_from: ["form:order_token"], key: "required" });

  test("runs a request once", async () => {
    const origin = scriptOrigin();
    const token = uniqueKey();
    const sent = (amount: number): Sent => ({ body: `amount=${amount}&order_token=${token}`, headers: PAIRS });
    expect(await resultOf(client, "/v1/orders", sent(1))).toBe("executed");
    expect(await resultOf(client, "/v1/orders", sent(1))).toBe("replayed");
    expect(await resultOf(client, "/v1/orders", sent(2))).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("runs a request of parts once, each time with another boundary", async () => {
    const origin = scriptOrigin();
    const token = uniqueKey();
    const form = (): FormData => {
      const data = new FormData();
      data.append("file", new File([new Uint8Array(100_000)], "a.png"));
      data.append("order_token", token);
      return data;
    };
    expect(await resultOf(client, "/v1/files", { body: form() })).toBe("executed");
    expect(await resultOf(client, "/v1/files", { body: form() })).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("is the key of the same record as one in a header", async () => {
    const origin = scriptOrigin();
    const both = clientOf({ key_from: ["Idempotency-Key", "form:order_token"] });
    const key = uniqueKey();
    expect(await resultOf(both, "/v1/orders", { body: `a=1&order_token=${key}`, headers: PAIRS })).toBe("executed");
    expect(await resultOf(both, "/v1/orders", { key, body: "a=1", headers: PAIRS })).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test.each<[string, Sent, string]>([
    ["a form that can't be read", { body: "order_token=%zz", headers: PAIRS }, "400 key_invalid"],
    [
      "a form in another charset",
      { body: "order_token=k", headers: { "content-type": `${PAIRS["content-type"]}; charset=latin1` } },
      "400 key_invalid",
    ],
    ["a type that can't be read", { body: "order_token=k", headers: { "content-type": "a form" } }, "400 key_invalid"],
    ["the token twice", { body: "order_token=k&order_token=k", headers: PAIRS }, "400 key_invalid"],
    ["a form without it", { body: "a=1", headers: PAIRS }, "400 key_missing"],
    ["an empty form", { body: "", headers: PAIRS }, "400 key_missing"],
    ["JSON", { json: { order_token: "k" } }, "400 key_missing"],
  ])("refuses %s", async (_, sent, problem) => {
    const origin = scriptOrigin();
    expect(await resultOf(client, "/v1/orders", sent)).toBe(problem);
    expect(origin.received).toHaveLength(0);
  });

  test("is no file with the same content, whether alone, beside the field or beside the key in a header", async () => {
    const origin = scriptOrigin();
    const both = clientOf({ key_from: ["Idempotency-Key", "form:order_token"] });
    const key = uniqueKey();
    const form = (...tokens: (string | File)[]): FormData => {
      const data = new FormData();
      for (const token of tokens) data.append("order_token", token);
      return data;
    };
    const file = new File([key], "token.txt");
    expect(await resultOf(both, "/v1/files", { body: form(file) })).toBe("400 key_invalid");
    expect(await resultOf(both, "/v1/files", { body: form(file, key) })).toBe("400 key_invalid");
    expect(await resultOf(both, "/v1/files", { body: form(key) })).toBe("executed");
    expect(await resultOf(both, "/v1/files", { key, body: form(key) })).toBe("replayed");
    expect(await resultOf(both, "/v1/files", { key, body: form(file) })).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });

  test("reads no body for an unknown caller", async () => {
    const origin = scriptOrigin();
    const sent = { body: "order_token=k", headers: { ...PAIRS, authorization: null } };
    expect(await resultOf(client, "/v1/orders", sent)).toBe("400 caller_missing");
    expect(origin.received).toHaveLength(0);
  });
});

describe("3.4.8 a key in the claims of a JWS", () => {
  test("runs a request once", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_from: ["/jti"] });
    const encode = (value: object): string => btoa(JSON.stringify(value)).replaceAll("=", "");
    const jti = uniqueKey();
    const event = (signature: string): Sent => ({
      body: `${encode({ alg: "RS256" })}.${encode({ jti })}.${signature}`,
      headers: { "content-type": "application/secevent+jwt" },
    });
    expect(await resultOf(client, "/events", event("a"))).toBe("executed");
    expect(await resultOf(client, "/events", event("b"))).toBe("replayed");
    const encrypted = { body: "a.b.c.d.e", headers: { "content-type": "application/jose" } };
    expect(await resultOf(client, "/events", encrypted)).toBe("400 key_invalid");
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.8.8 a place of keys that has another value than the key", () => {
  const client = clientOf({ key_from: ["Idempotency-Key", "/order", "query:order", "form:order"] });
  const json = (order: string) => ({ json: { amount: 1, order } });
  const form = (order: string) => ({ body: `amount=1&order=${order}`, headers: PAIRS });

  test.each<[string, [string, Sent], [string, Sent]]>([
    ["a member", ["/v1/orders", json("o1")], ["/v1/orders", json("o2")]],
    ["a parameter", ["/v1/orders?order=o1", {}], ["/v1/orders?order=o2", {}]],
    ["a field", ["/v1/orders", form("o1")], ["/v1/orders", form("o2")]],
  ])("is compared, so that one key never answers for two orders: %s", async (_, [path, first], [otherPath, other]) => {
    const origin = scriptOrigin();
    const key = uniqueKey();
    expect(await resultOf(client, path, { ...first, key })).toBe("executed");
    expect(await resultOf(client, path, { ...first, key })).toBe("replayed");
    expect(await resultOf(client, otherPath, { ...other, key })).toBe("422 key_reused");
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.4.9 a key of several parts", () => {
  const client = clientOf({ key_from: [["X-GitHub-Event", "X-GitHub-Delivery"]] });
  const delivery = (event: string, id: string): Sent => ({
    json: { action: "opened" },
    headers: { "x-github-event": event, "x-github-delivery": id },
  });

  test("runs each delivery of each topic once, and forwards all parts", async () => {
    const origin = scriptOrigin();
    const id = uniqueKey();
    expect(await resultOf(client, "/hooks", delivery("push", id))).toBe("executed");
    expect(await resultOf(client, "/hooks", delivery("issues", id))).toBe("executed");
    const again = await client.post("/hooks", { key: null, ...delivery("push", id) });
    expect(statusOf(again)).toBe("replayed");
    expect(again.headers.get("idempotency-key")).toBe(`4:push36:${id}`);
    const sent = origin.received.map(({ headers }) => [
      headers.get("x-github-event"),
      headers.get("x-github-delivery"),
    ]);
    expect(sent).toEqual([
      ["push", id],
      ["issues", id],
    ]);
  });

  test("is refused where a part is missing", async () => {
    const origin = scriptOrigin();
    const headers = { "x-github-delivery": uniqueKey() };
    expect(await resultOf(client, "/hooks", { json: {}, headers })).toBe("400 key_invalid");
    expect(origin.received).toHaveLength(0);
  });
});

describe("3.4.10 the form of a key", () => {
  test("is required", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_format: "uuidv7" });
    const answer = await client.post("/v1/orders", { key: uniqueKey() });
    expect(await problemOf(answer)).toBe("400 key_invalid");
    expect((await answer.json<{ detail: string }>()).detail).toBe("A key of this operation is a UUID of version 7.");
    expect(origin.received).toHaveLength(0);
    const key = uniqueKey().replace(/^(.{14})./, "$17");
    expect(statusOf(await client.post("/v1/orders", { key }))).toBe("executed");
  });

  test("is not required of a derived key", async () => {
    scriptOrigin();
    const client = clientOf({ key_format: "uuid", derive_key: { window: "5m" } });
    expect(await resultOf(client, "/v1/orders", { json: { id: uniqueKey() } })).toBe("executed");
  });
});

describe("3.7.4 a key of all operations", () => {
  test("is refused on another operation, in the form of the profile", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ profile: "stripe" });
    const key = uniqueKey();
    expect(statusOf(await client.post("/v1/charges", { key, json: {} }))).toBe("executed");
    const refunded = await client.post("/v1/refunds", { key, json: {} });
    expect(refunded.status).toBe(400);
    expect(await refunded.json()).toMatchObject({ error: { type: "idempotency_error", code: "key_reused" } });
    expect(statusOf(await client.post("/v1/charges", { key, json: {} }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });

  test("is refused on another operation while the first one runs", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf({ key_scope: "tenant", methods: ["POST", "PUT"] });
    const key = uniqueKey();
    const first = client.post("/v1/charges", { key });
    await origin.arrived(1);
    expect(await problemOf(await client.post("/v1/charges/1", { key }))).toBe("422 key_reused");
    expect(await problemOf(await client.post("/v1/charges", { key, method: "PUT" }))).toBe("422 key_reused");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(origin.received).toHaveLength(1);
  });

  test("belongs to its caller, and to the operations with this rule", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_scope: "tenant", routes: [{ match: "POST /own/*", key_scope: "operation" }] });
    const key = uniqueKey();
    const bob = { headers: { authorization: "Bearer bob" } };
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
    expect(statusOf(await client.post("/v1/refunds", { key, ...bob }))).toBe("executed");
    expect(statusOf(await client.post("/own/a", { key }))).toBe("executed");
    expect(statusOf(await client.post("/own/b", { key }))).toBe("executed");
    expect(origin.received).toHaveLength(4);
  });

  test("does not concern derived keys", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ key_scope: "tenant", derive_key: { window: "5m", from: ["/id"] } });
    const json = { id: uniqueKey() };
    expect(await resultOf(client, "/v1/a", { json })).toBe("executed");
    expect(await resultOf(client, "/v1/b", { json })).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("is found by operators under every operation", async () => {
    scriptOrigin();
    const { client, post } = operatorOf({ profile: "stripe" });
    const key = uniqueKey();
    await client.post("/v1/charges", { key });
    for (const path of ["/v1/charges", "/v1/refunds"]) {
      const found = await post("/records/find", {
        operation: `POST ${path}`,
        headers: { authorization: "Bearer alice" },
        key,
      });
      expect(await found.json()).toMatchObject({ state: "completed", key, operation: "POST /v1/charges" });
    }
  });

  test("is found by the rule of the method that a header names, where that is the stricter one", async () => {
    const origin = scriptOrigin();
    const methods = ["POST", "PUT"];
    const routes = [{ match: "PUT /v1/*", key: "required", key_scope: "tenant" }];
    const { client, post } = operatorOf({ methods, routes });
    const key = uniqueKey();
    const headers = { "x-http-method-override": "PUT" };
    expect(statusOf(await client.post("/v1/charges", { key, headers }))).toBe("executed");
    expect(await problemOf(await client.post("/v1/refunds", { key, headers }))).toBe("422 key_reused");
    const asked = { operation: "POST /v1/charges", headers: { authorization: "Bearer alice" }, key };
    const found = await post("/records/find", { ...asked, headers: { ...asked.headers, ...headers } });
    expect(await found.json()).toMatchObject({ state: "completed", key });
    // Without the header it is another request, whose record is that of one operation.
    const plain = await post("/records/find", asked);
    expect(await plain.json()).toMatchObject({ state: "none" });
    expect(origin.received).toHaveLength(1);
  });
});

describe("3.10.2 a key that is derived from values", () => {
  const client = clientOf({ derive_key: { window: "5m", from: ["query:shop", "form:order"] } });
  const order = (body: string): Sent => ({ body, headers: PAIRS });

  test("reads them in queries and forms", async () => {
    const origin = scriptOrigin();
    const id = uniqueKey();
    expect(await resultOf(client, "/v1/orders?shop=1", order(`order=${id}&a=1`))).toBe("executed");
    expect(await resultOf(client, "/v1/orders?shop=1", order(`order=${id}&a=1`))).toBe("replayed");
    expect(await resultOf(client, "/v1/orders?shop=1", order(`order=${id}&a=2`))).toBe("422 key_reused");
    expect(await resultOf(client, "/v1/orders?shop=2", order(`order=${id}&a=1`))).toBe("executed");
    expect(await resultOf(client, "/v1/orders?shop=1", order(`order=${id}&order=2&a=1`))).toBe("executed");
    expect(origin.received).toHaveLength(3);
  });

  test("is not derived without one of them", async () => {
    const origin = scriptOrigin();
    for (const _ of [1, 2]) expect(await resultOf(client, "/v1/orders", order("order=1"))).toBeUndefined();
    for (const _ of [1, 2]) expect(await resultOf(client, "/v1/orders?shop=1", order("a=1"))).toBeUndefined();
    expect(origin.received).toHaveLength(4);
  });
});
