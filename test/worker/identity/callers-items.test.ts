import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";

describe("3.5.4 a caller by a cookie", () => {
  test("is identified by its value alone, whatever other cookies change", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ caller: ["cookie:session"] });
    const key = uniqueKey();
    const post = async (cookie: string) => statusOf(await client.post(PATH, { key, headers: { cookie } }));
    expect(await post("session=alice; csrf=1")).toBe("executed");
    expect(await post("csrf=2; session=alice")).toBe("replayed");
    expect(await post("session=bob")).toBe("executed");
    expect(origin.received).toHaveLength(2);
    expect(origin.received[0]?.headers.get("cookie")).toBe("session=alice; csrf=1");
  });

  test("is refused where it occurs twice, since either could count", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ caller: ["cookie:session"], anonymous: "shared" });
    const key = uniqueKey();
    await client.post(PATH, { key, headers: { cookie: "session=alice" } });
    for (const cookie of ["session=alice; session=mallory", "session=mallory; session=alice", "a=1, session=alice"]) {
      const response = await client.post(PATH, { key, headers: { cookie } });
      expect(await problemOf(response)).toBe("401 caller_unverified");
      expect(response.headers.get("www-authenticate")).toBeNull();
    }
    expect(origin.received).toHaveLength(1);
  });

  test("is missing without it", async () => {
    const client = clientOf({ caller: ["cookie:session"] });
    for (const cookie of [null, "session=", "other=1"]) {
      expect(await problemOf(await client.post(PATH, { headers: { cookie } }))).toBe("400 caller_missing");
    }
  });
});

describe("3.5.5 a caller by a client certificate", () => {
  const cert = (letter: string, change: Record<string, string> = {}) => ({
    tlsClientAuth: {
      certPresented: "1",
      certVerified: "SUCCESS",
      certRevoked: "0",
      certFingerprintSHA256: letter.repeat(64),
      certSubjectDN: "CN=Cloudflare,C=US",
      ...change,
    },
  });

  test("is identified by its fingerprint", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ caller: ["client-cert"] });
    const key = uniqueKey();
    const post = async (letter: string) => statusOf(await client.post(PATH, { key, cf: cert(letter) }));
    expect(await post("a")).toBe("executed");
    expect(await post("a")).toBe("replayed");
    // The same subject, as all certificates of one issuer may have.
    expect(await post("b")).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });

  test("is refused where it was not verified or is revoked, and missing where none was presented", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ caller: ["client-cert"] });
    const key = uniqueKey();
    await client.post(PATH, { key, cf: cert("a") });
    const post = async (cf: Record<string, unknown>) => problemOf(await client.post(PATH, { key, cf }));
    expect(await post(cert("a", { certVerified: "FAILED:self signed certificate" }))).toBe("401 caller_unverified");
    expect(await post(cert("a", { certRevoked: "1" }))).toBe("401 caller_unverified");
    expect(await post(cert("a", { certPresented: "0", certVerified: "NONE" }))).toBe("400 caller_missing");
    expect(await post({})).toBe("400 caller_missing");
    expect(origin.received).toHaveLength(1);
  });
});
