import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { clientOf, HOST, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { idOf, operatorOf, TOKEN } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { changeRow, chunkKeysIn, objectOf } from "../../support/records.ts";
import { runInDurableObject } from "cloudflare:test";

const PATH = "/v1/charges";
const NOBODY = "0".repeat(64);

/** An operator, and a key whose record is in some state. */
async function operatorWith(answer: () => Response, entry: Record<string, unknown> = {}) {
  const origin = scriptOrigin(answer);
  const operator = operatorOf(entry);
  const key = uniqueKey();
  await operator.client.post(PATH, { key });
  return { origin, operator, key, id: await idOf(key, PATH) };
}

const completed = () =>
  new Response("charged", { status: 201, headers: { "content-type": "text/plain", "x-id": "7" } });
const unknown = () => new Response("?", { status: 502 });
const tombstone = () => new Response("too large");

describe("O1 who may operate", () => {
  test.each(["/_oncegate", "/_oncegate/", "/_oncegate/v1/records/find", "/_oncegate/v1/openapi.json", "/_oncegate/x"])(
    "without a secret there is nothing at %s, whatever is presented",
    async (path) => {
      const client = clientOf({ operator_token: "secret:NOT_SET" });
      for (const headers of [{}, { authorization: `Bearer ${TOKEN}` }, { authorization: "Bearer " }]) {
        const response = await client.fetch(`https://${HOST}${path}`, { headers });
        expect(response.status).toBe(404);
        expect(await response.json()).toEqual({ type: "about:blank", title: "Not Found", status: 404 });
      }
    },
  );

  test.each(["in the variables", "in KV"])(
    "a tenant's secret that is missing is told in the log, and its clients are served: %s",
    async (where) => {
      const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
      scriptOrigin(completed);
      const host = `${uniqueKey()}.test`;
      const entry = { origin: "http://origin.test", caller: ["authorization"], operator_token: "secret:TEAM" };
      const kv: KVNamespace = Reflect.get(env, "KV_OF_TESTS");
      if (where === "in KV") await kv.put(host, JSON.stringify(entry));
      const { client } = operatorOf({}, where === "in KV" ? {} : { [host]: entry }, { TENANTS_KV: kv });
      const headers = { authorization: "Bearer alice", "idempotency-key": uniqueKey() };
      expect(statusOf(await client.fetch(`https://${host}${PATH}`, { method: "POST", headers }))).toBe("executed");
      expect(warn.mock.calls.map(([line]) => JSON.parse(String(line)))).toEqual([
        {
          event: "configuration_fault",
          path: `"${host}".operator_token`,
          message: expect.stringContaining("names no secret of this Worker: TEAM."),
        },
      ]);
      warn.mockRestore();
    },
  );

  test.each([null, "", "wrong", `${TOKEN}x`, TOKEN.slice(1)])("refuses the token %j", async (token) => {
    for (const path of ["/openapi.json", `/records/${NOBODY}`, "/nothing"]) {
      const response = await operatorOf().get(path, { token });
      expect(await problemOf(response)).toBe("401 unauthorized");
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  test("a secret that is empty, or no string, opens nothing", async () => {
    for (const secret of ["", null, 7, {}]) {
      const operator = operatorOf({}, {}, { OPERATOR_TOKEN: secret });
      for (const token of ["", "null", "7", null]) {
        expect((await operator.get("/openapi.json", { token })).status).toBe(404);
      }
    }
  });

  const tenants = {
    "acme.test": { operator_token: "secret:ACME" },
    "*.shop.test": { operator_token: "secret:SHOPS" },
    "own.shop.test": { operator_token: "secret:OWN" },
    "none.shop.test": {},
  };
  const full = Object.fromEntries(
    Object.entries(tenants).map(([host, entry]) => [
      host,
      { origin: "http://origin.test", caller: ["authorization"], ...entry },
    ]),
  );
  const secrets = { ACME: "acme", SHOPS: "shops", OWN: "own" };

  test.each([
    ["acme.test", { acme: 200, shops: 401, own: 401 }],
    ["a.shop.test", { acme: 401, shops: 200, own: 401 }],
    ["own.shop.test", { acme: 401, shops: 401, own: 200 }],
    ["none.shop.test", { acme: 404, shops: 404, own: 404 }],
    [HOST, { acme: 404, shops: 404, own: 404 }],
  ])("a tenant's token opens %s by the entry that serves it alone", async (host, statuses) => {
    const operator = operatorOf({}, full, secrets);
    for (const [token, status] of Object.entries(statuses)) {
      expect([token, (await operator.get("/openapi.json", { host, token })).status]).toEqual([token, status]);
    }
    const both = operatorOf({}, full, { ...secrets, OPERATOR_TOKEN: TOKEN });
    expect((await both.get("/openapi.json", { host })).status).toBe(200);
  });

  test("a record is seen on its own hostname only, also where one entry serves several", async () => {
    scriptOrigin(completed);
    const operator = operatorOf({}, full, { ...secrets, OPERATOR_TOKEN: TOKEN });
    const key = uniqueKey();
    const headers = { authorization: "Bearer alice", "idempotency-key": key };
    await operator.client.fetch(`https://a.shop.test${PATH}`, { method: "POST", headers });
    const id = await idOf(key, PATH, { tenant: "a.shop.test" });
    expect((await operator.get(`/records/${id}`, { host: "a.shop.test", token: "shops" })).status).toBe(200);
    for (const host of ["b.shop.test", "own.shop.test", "acme.test", HOST]) {
      expect(await problemOf(await operator.get(`/records/${id}`, { host }))).toBe("404 not_found");
      for (const action of ["release", "purge"]) {
        const response = await operator.post(`/records/${id}/${action}`, { why: "x" }, { host });
        expect(await problemOf(response)).toBe("404 not_found");
      }
      const settling = { outcome: "not-executed", why: "x" };
      expect(await problemOf(await operator.post(`/records/${id}/settle`, settling, { host }))).toBe("404 not_found");
    }
    const again = await operator.client.fetch(`https://a.shop.test${PATH}`, { method: "POST", headers });
    expect(statusOf(again)).toBe("replayed");
  });
});

describe("O2 a record", () => {
  test("is shown with its answer, and the body only on request", async () => {
    const { operator, key, id } = await operatorWith(completed);
    const response = await operator.get(`/records/${id}`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const seen = await response.json<Record<string, unknown>>();
    expect(seen).toMatchObject({
      id,
      state: "completed",
      tenant: HOST,
      operation: "POST /v1/charges",
      key,
      attempt: 1,
      running: null,
      answer: { status: 201, media_type: "text/plain", body_bytes: 7 },
    });
    expect(JSON.stringify(seen)).not.toContain("body_base64");
    for (const query of ["?body=0", "?body", "?body=true"]) {
      expect(await (await operator.get(`/records/${id}${query}`)).text()).not.toContain("body_base64");
    }
    const whole = await (await operator.get(`/records/${id}?body=1`)).json<{ answer: object }>();
    expect(whole.answer).toMatchObject({ body_base64: btoa("charged") });
    expect(whole.answer).toMatchObject({ headers: expect.arrayContaining([["x-id", "7"]]) });
  });

  test("of chunks is shown whole", async () => {
    const { operator, id } = await operatorWith(() => new Response("x".repeat(300_000)));
    const { answer } = await (await operator.get(`/records/${id}?body=1`)).json<{ answer: { body_base64: string } }>();
    expect(atob(answer.body_base64)).toBe("x".repeat(300_000));
  });

  test.each([NOBODY, "0", "..", "find", "%3Cscript%3E", "A".repeat(64)])(
    "that does not exist is 404: %s",
    async (id) => {
      expect((await operatorOf().get(`/records/${id}`)).status).toBe(404);
      expect((await operatorOf().post(`/records/${id}/release`, { why: "x" })).status).toBe(404);
    },
  );

  test("is found by what a client can tell of it, quoted or not", async () => {
    const { operator, key, id } = await operatorWith(unknown);
    for (const written of [key, `"${key}"`]) {
      const asked = { operation: `POST ${PATH}`, headers: { Authorization: "Bearer alice" }, key: written };
      const found = await operator.post("/records/find", asked);
      expect(await found.json()).toMatchObject({ id, state: "unknown", key, answer: null });
      expect(found.headers.get("cache-control")).toBe("no-store");
    }
  });

  test("that is none is told as such, with the id that it would have", async () => {
    const key = uniqueKey();
    const asked = { operation: `POST ${PATH}`, headers: { authorization: "Bearer alice" }, key };
    const found = await operatorOf().post("/records/find", asked);
    expect(found.status).toBe(200);
    expect(await found.json()).toMatchObject({ id: await idOf(key, PATH), state: "none", key: null, running: null });
  });

  test.each([
    [{}, "operation"],
    [{ operation: "GET /x", key: "k" }, "operation"],
    [{ operation: "POST /x", key: "" }, "key"],
    [{ operation: "POST /x", key: "k", headers: { "bad name": "x" } }, "headers"],
    [{ operation: "POST /x", key: "k", headers: { a: "b\nc" } }, "headers"],
    [{ operation: "POST /x", key: "k", more: 1 }, "more"],
    [[], "operation is required"],
  ])("is not looked for by %j", async (asked, fault) => {
    const response = await operatorOf().post("/records/find", asked);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toContain(fault);
  });

  test("is not looked for without what tells the caller", async () => {
    const response = await operatorOf().post("/records/find", { operation: `POST ${PATH}`, key: "k" });
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toBe(
      "The caller can't be told. Give, as the client sent it, headers: authorization.",
    );
  });
});

describe("O3 settling", () => {
  test("as final keeps the answer that is given, for the policy's ttl", async () => {
    const { origin, operator, key, id } = await operatorWith(unknown, {
      routes: [{ match: "POST /v1/*", ttl: "2h" }],
    });
    const given = { status: 201, headers: { "Content-Type": "application/json" }, body: '{"id":"ch_1"}' };
    const response = await operator.post(`/records/${id}/settle`, {
      outcome: "final",
      ...given,
      why: "seen in the ledger",
    });
    expect(await response.json()).toMatchObject({ id, action: "settle", before: "unknown", after: "completed" });
    const { since, expires } = await (await operator.get(`/records/${id}`)).json<{ since: string; expires: string }>();
    expect(Date.parse(expires) - Date.parse(since)).toBe(2 * 60 * 60 * 1000);
    const retry = await operator.client.post(PATH, { key });
    expect(retry.status).toBe(201);
    expect(statusOf(retry)).toBe("replayed");
    expect(retry.headers.get("content-type")).toBe("application/json");
    expect(await retry.text()).toBe('{"id":"ch_1"}');
    expect(origin.received).toHaveLength(1);
  });

  test.each([0, 1, 65_536, 65_537, 600_000])("keeps a body of %i bytes, byte for byte", async (length) => {
    const { operator, key, id } = await operatorWith(unknown);
    const text = "\u00ff\0".repeat(length).slice(0, length);
    const given = { outcome: "final", status: 200, body_base64: btoa(text), why: "x" };
    expect((await operator.post(`/records/${id}/settle`, given)).status).toBe(200);
    const bytes = new Uint8Array(await (await operator.client.post(PATH, { key })).arrayBuffer());
    expect(bytes).toEqual(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  });

  test("as not executed frees the key", async () => {
    const { origin, operator, key, id } = await operatorWith(unknown);
    const response = await operator.post(`/records/${id}/settle`, {
      outcome: "not-executed",
      why: "not in the ledger",
    });
    expect(await response.json()).toMatchObject({ before: "unknown", after: "none" });
    origin.answers(completed);
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("executed");
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "1"]);
  });

  test.each([
    [{ outcome: "final", status: 99, why: "x" }, "status"],
    [{ outcome: "final", status: 201 }, "why"],
    [{ outcome: "final", status: 201, why: "  " }, "why"],
    [{ outcome: "final", status: 201, why: "x".repeat(1001) }, "why"],
    [{ outcome: "final", status: 201, body: "x", body_base64: "eA==", why: "x" }, "not both"],
    [{ outcome: "final", status: 201, body_base64: "ä", why: "x" }, "base64"],
    [{ outcome: "final", status: 204, body: "x", why: "x" }, "no body"],
    [{ outcome: "final", status: 200, body: "x".repeat(1001), why: "x" }, "max_response_bytes"],
    [{ outcome: "final", status: 200, headers: { "Set-Cookie": "a=b" }, why: "x" }, "set-cookie"],
    [{ outcome: "final", status: 200, headers: { "Content-Encoding": "gzip" }, why: "x" }, "content-encoding"],
    [{ outcome: "final", status: 200, headers: { "Idempotent-Replayed": "true" }, why: "x" }, "idempotent-replayed"],
    [{ outcome: "unknown", why: "x" }, "outcome"],
    [{ outcome: "not-executed", status: 200, why: "x" }, "status"],
  ])("is refused where it is not valid: %j", async (settling, fault) => {
    const { operator, key, id } = await operatorWith(unknown, { max_response_bytes: 1000 });
    const response = await operator.post(`/records/${id}/settle`, settling);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toContain(fault);
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
  });

  test("a body that is no JSON, or too long, is refused", async () => {
    const { operator, id } = await operatorWith(unknown);
    const send = (body: string) =>
      operator.client.fetch(`https://${HOST}/_oncegate/v1/records/${id}/settle`, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}` },
        body,
      });
    expect(await problemOf(await send("{"))).toBe("400 invalid_request");
    expect(await problemOf(await send(`"${"x".repeat(2_000_001)}"`))).toBe("413 body_too_large");
  });
});

describe("O3 each action in each state", () => {
  const STATES = { completed, unknown, tombstone, undone: () => new Response("later", { status: 429 }) };
  const final = { outcome: "final", status: 200, why: "x" };
  const notExecuted = { outcome: "not-executed", why: "x" };
  test.each([
    ["unknown", "settle", final, "unknown > completed", "replayed"],
    ["unknown", "settle", notExecuted, "unknown > none", "executed"],
    ["unknown", "release", { why: "x" }, "unknown > none", "executed"],
    ["unknown", "purge", { why: "x" }, "409 nothing_to_erase", "unknown"],
    ["completed", "settle", final, "409 not_unknown", "replayed"],
    ["completed", "settle", notExecuted, "409 not_unknown", "replayed"],
    ["completed", "release", { why: "x" }, "completed > none", "executed"],
    ["completed", "purge", { why: "x" }, "completed > tombstone", "refused"],
    ["tombstone", "settle", final, "409 not_unknown", "refused"],
    ["tombstone", "settle", notExecuted, "409 not_unknown", "refused"],
    ["tombstone", "release", { why: "x" }, "tombstone > none", "executed"],
    ["tombstone", "purge", { why: "x" }, "409 nothing_to_erase", "refused"],
    ["undone", "settle", final, "404 not_found", "executed"],
    ["undone", "release", { why: "x" }, "404 not_found", "executed"],
    ["undone", "purge", { why: "x" }, "404 not_found", "executed"],
  ] as const)("%s: %s %j is %s, and the next request is %s", async (state, action, given, result, next) => {
    const entry = state === "tombstone" ? { max_response_bytes: 3 } : {};
    const { origin, operator, key, id } = await operatorWith(STATES[state], entry);
    const response = await operator.post(`/records/${id}/${action}`, given);
    const said = await response.clone().json<{ before: string; after: string }>();
    expect(response.ok ? `${said.before} > ${said.after}` : await problemOf(response)).toBe(result);
    origin.answers(() => new Response("ok"));
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe(next);
  });

  test("a record that can't be read can only be released", async () => {
    const { operator, key, id } = await operatorWith(completed);
    await changeRow(await objectOf(key, PATH), { state: "of a newer version" });
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unreadable", operation: null });
    expect(await problemOf(await operator.post(`/records/${id}/purge`, { why: "x" }))).toBe("409 nothing_to_erase");
    expect(await problemOf(await operator.post(`/records/${id}/settle`, notExecuted))).toBe("409 not_unknown");
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    const released = await operator.post(`/records/${id}/release`, { why: "x" });
    expect(await released.json()).toMatchObject({ before: "unreadable", after: "none" });
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("executed");
  });

  test("a purge leaves no byte of the answer, its term, and the alarm at its end", async () => {
    const { operator, key, id } = await operatorWith(() => new Response("x".repeat(300_000)));
    const object = await objectOf(key, PATH);
    const read = () =>
      runInDurableObject(object, async (_, { storage }) => ({
        row: storage.kv.get<Record<string, unknown>>("record"),
        chunks: chunkKeysIn(storage),
        alarm: await storage.getAlarm(),
      }));
    const before = await read();
    await operator.post(`/records/${id}/purge`, { why: "asked for by the customer" });
    const { row, chunks, alarm } = await read();
    expect(row).toMatchObject({ state: "tombstone", term_ms: before.row?.["term_ms"], headers: null, body: null });
    expect(chunks).toEqual([]);
    expect(alarm).toBe(before.row?.["term_ms"]);
    expect(await problemOf(await operator.client.post(PATH, { key }))).toBe("409 replay_unavailable");
  });
});
