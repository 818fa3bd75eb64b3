import { afterEach, describe, expect, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { issuerOf } from "../../support/issuer.ts";
import { type Operator, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const UNTIL = "2999-12-24";
const unknown = () => new Response("?", { status: 502 });

afterEach(() => vi.useRealTimers());

interface Found {
  readonly id: string;
  readonly state: string;
  readonly key: string | null;
}

async function find(operator: Operator, asked: object): Promise<Found> {
  const response = await operator.post("/records/find", { operation: `POST ${PATH}`, ...asked });
  expect(response.status).toBe(200);
  return response.json<Found>();
}

test("O2.3 a record of a GET is found, where a header made it a covered method", async () => {
  scriptOrigin();
  const operator = operatorOf();
  const key = uniqueKey();
  const override = { "x-http-method-override": "POST" };
  expect(statusOf(await operator.client.post(PATH, { method: "GET", key, headers: override }))).toBe("executed");
  const headers = { authorization: "Bearer alice", ...override };
  expect(await find(operator, { operation: `GET ${PATH}`, headers, key })).toMatchObject({ state: "completed", key });
});

describe("O2.4 a record is found by its caller", () => {
  test("from a token that has expired and whose issuer is gone", async () => {
    const issuer = await issuerOf();
    scriptOrigin(issuer.beside(unknown));
    const operator = operatorOf({ caller: [issuer.item] });
    const key = uniqueKey();
    const headers = { authorization: `Bearer ${await issuer.token("alice")}` };
    expect(statusOf(await operator.client.post(PATH, { key, headers }))).toBe("unknown");
    issuer.publishes(() => new Response("gone", { status: 404 }));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 24 * 60 * 60 * 1000 });
    const fetches = issuer.fetches();
    expect(await find(operator, { headers, key })).toMatchObject({ state: "unknown", key });
    expect(issuer.fetches()).toBe(fetches);
    const bobs = { authorization: `Bearer ${await issuer.token("bob")}` };
    expect(await find(operator, { headers: bobs, key })).toMatchObject({ state: "none" });
  });

  test.each(["not.a token", "a.b", "a.bm8ganNvbg.c", ""])("not from an invalid token: %j", async (token) => {
    const operator = operatorOf({ caller: [(await issuerOf()).item] });
    const asked = { operation: `POST ${PATH}`, key: "k", headers: { authorization: `Bearer ${token}` } };
    const response = await operator.post("/records/find", asked);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect(response.headers.has("www-authenticate")).toBe(false);
  });

  const A = "a".repeat(64);
  test.each([A, A.toUpperCase(), A.match(/../g)?.join(":")])(
    "from a certificate fingerprint written as %s",
    async (certificate) => {
      scriptOrigin(unknown);
      const operator = operatorOf({ caller: ["client-cert"] });
      const key = uniqueKey();
      const verified = { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0" };
      const cf = { tlsClientAuth: { ...verified, certFingerprintSHA256: A } };
      expect(statusOf(await operator.client.post(PATH, { key, cf }))).toBe("unknown");
      expect(await find(operator, { certificate, key })).toMatchObject({ state: "unknown", key });
      expect(await find(operator, { certificate: "b".repeat(64), key })).toMatchObject({ state: "none" });
    },
  );

  test.each(["ab", "z".repeat(64), 7, null])("not from the certificate %j", async (certificate) => {
    const operator = operatorOf({ caller: ["client-cert"] });
    const response = await operator.post("/records/find", { operation: `POST ${PATH}`, key: "k", certificate });
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toContain("certificate must be");
  });

  test("and the refusal lists what is missing", async () => {
    const operator = operatorOf({ caller: ["client-cert", "cookie:session", "x-account"] });
    const response = await operator.post("/records/find", { operation: `POST ${PATH}`, key: "k" });
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toBe(
      "The description does not identify the caller. Give what the client sent: headers (cookie, x-account) or certificate (its SHA-256 fingerprint).",
    );
  });

  test("not by an invalid key", async () => {
    const asked = { operation: `POST ${PATH}`, headers: { authorization: "Bearer alice" }, key: '"open' };
    const response = await operatorOf().post("/records/find", asked);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toMatch(/^key: /);
  });
});

describe("O2.6 while the callers' former rule applies", () => {
  const ACCOUNT = { "x-account": "1" };
  const ALICE = { authorization: "Bearer alice" };
  const NOW = { caller: ["x-account"], caller_was: { caller: ["authorization"], until: UNTIL } };

  async function madeBefore() {
    scriptOrigin(unknown);
    const key = uniqueKey();
    const before = clientOf({ caller: ["authorization"] });
    expect(statusOf(await before.post(PATH, { key, headers: ACCOUNT }))).toBe("unknown");
    return { key, operator: operatorOf(NOW) };
  }

  test("its record is found, as for a retry", async () => {
    const { key, operator } = await madeBefore();
    expect(await problemOf(await operator.client.post(PATH, { key, headers: ACCOUNT }))).toBe("409 outcome_unknown");
    for (const headers of [{ ...ALICE, ...ACCOUNT }, ALICE]) {
      expect(await find(operator, { headers, key })).toMatchObject({ state: "unknown", key });
    }
    // The current rule alone finds none.
    expect(await find(operator, { headers: ACCOUNT, key })).toMatchObject({ state: "none" });
  });

  test("a record of the current rule is found if the former rule has none", async () => {
    scriptOrigin(unknown);
    const operator = operatorOf(NOW);
    const key = uniqueKey();
    const headers = { ...ALICE, ...ACCOUNT };
    expect(statusOf(await operator.client.post(PATH, { key, headers }))).toBe("unknown");
    const byNow = await find(operator, { headers: ACCOUNT, key });
    expect(byNow).toMatchObject({ state: "unknown", key });
    expect(await find(operator, { headers, key })).toEqual(byNow);
    const none = await find(operator, { headers, key: uniqueKey() });
    expect(none.state).toBe("none");
  });

  test("its record is not found after that", async () => {
    const { key, operator } = await madeBefore();
    vi.useFakeTimers({ toFake: ["Date"], now: Date.parse(`${UNTIL}T00:00:00Z`) });
    expect(await find(operator, { headers: { ...ALICE, ...ACCOUNT }, key })).toMatchObject({
      state: "none",
      key: null,
    });
  });
});
