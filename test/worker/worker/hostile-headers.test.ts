import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectCount } from "../../support/records.ts";

/** What the runtime makes of `M\\xFCller` and of `M\\xF6ller`. */
const UNREADABLE = "M\u{FFFD}ller";

describe("3.7.3 headers that can't be read", () => {
  test.each<[string, Record<string, unknown>, Record<string, string>]>([
    ["a caller", { caller: ["x-user"] }, { "x-user": UNREADABLE }],
    ["a caller's cookie", { caller: ["cookie:user"] }, { cookie: `user=${UNREADABLE}` }],
    ["a former caller", { caller_was: { caller: ["x-user"], until: "2099-01-01" } }, { "x-user": UNREADABLE }],
    ["a key", {}, { "idempotency-key": UNREADABLE }],
    ["a compared header", { fingerprint: { headers: ["x-account"] } }, { "x-account": UNREADABLE }],
    ["a precondition", {}, { "if-match": `"${UNREADABLE}"` }],
    ["the media type", {}, { "content-type": `text/plain; a="${UNREADABLE}"` }],
    ["a derived key's caller", { derive_key: { window: "5m" }, caller: ["x-user"] }, { "x-user": UNREADABLE }],
  ])("are refused in %s", async (name, entry, headers) => {
    const origin = scriptOrigin();
    const before = await objectCount();
    const key = name.startsWith("a derived") ? null : uniqueKey();
    const response = await clientOf(entry).post("/v1/things", { key, headers });
    expect(await problemOf(response)).toBe("400 header_unreadable");
    expect([origin.received.length, await objectCount()]).toEqual([0, before]);
  });

  test.each<[string, Record<string, unknown>, string | null]>([
    ["that does not count", {}, uniqueKey()],
    ["of a request without a key", { caller: ["x-user"] }, null],
  ])("pass in a header %s", async (_, entry, key) => {
    const origin = scriptOrigin();
    const response = await clientOf(entry).post("/v1/things", { key, headers: { "x-user": UNREADABLE } });
    expect([response.status, origin.received.length]).toEqual([200, 1]);
  });
});

test("3.5.1 one credential in several spellings is one caller", async () => {
  const origin = scriptOrigin();
  const key = uniqueKey();
  const client = clientOf();
  for (const authorization of ["Bearer t", "Bearer  t", "bearer t"]) {
    await client.post("/v1/things", { key, headers: { authorization } });
  }
  expect(origin.received).toHaveLength(1);
});

test("7.1.1 Connection takes no counted header away from the origin", async () => {
  const origin = scriptOrigin();
  const client = clientOf({ caller: ["x-user"], fingerprint: { headers: ["x-account"] } });
  const headers = { "x-user": "42", "x-account": "7", connection: "x-user, x-account, x-other", "x-other": "1" };
  for (const key of [null, uniqueKey()]) await client.post("/v1/things", { key, headers });
  for (const { headers: sent } of origin.received) {
    expect([sent.get("x-user"), sent.get("x-account"), sent.get("x-other")]).toEqual(["42", "7", null]);
  }
  expect(origin.received).toHaveLength(2);
});

describe("7.2.6 what is in front", () => {
  const CLAIMS = { "cf-connecting-ip": "10.0.0.1", "x-forwarded-for": "10.0.0.2, 192.0.2.9" };
  const cf = { clientIp: "198.51.100.1:5000" };

  test.each<[string | undefined, string | null, string | null]>([
    ["cloudflare", "10.0.0.1", "10.0.0.1"],
    ["proxy", "192.0.2.9", null],
    ["none", "198.51.100.1", null],
    [undefined, "198.51.100.1", null],
  ])("with EDGE = %j, the origin gets X-Forwarded-For: %s", async (EDGE, address, connecting) => {
    const origin = scriptOrigin();
    const client = clientOf({}, {}, EDGE === undefined ? {} : { EDGE });
    const answers = [
      await client.post("/v1/things", { headers: CLAIMS, cf }),
      await client.post("/v1/things", { key: null, headers: CLAIMS, cf }),
    ];
    expect(answers.map(statusOf)).toEqual(["executed", undefined]);
    const sent = origin.received.map(({ headers }) => [
      headers.get("x-forwarded-for"),
      headers.get("cf-connecting-ip"),
    ]);
    expect(sent).toEqual([
      [address, connecting],
      [address, connecting],
    ]);
  });
});
