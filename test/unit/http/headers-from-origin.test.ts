import { describe, expect, test } from "vitest";
import { headersOfKeptAnswer, isCookie, makeVisible } from "../../../src/http/headers.ts";

function headersFromOrigin(received: Headers): [string, string][] {
  const fields = new Headers(received);
  makeVisible(fields);
  return [...fields];
}

describe("7.1 hop-by-hop, from the origin", () => {
  test.each([
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Proxy-Authenticate",
    "Proxy-Status",
  ])("drops %s", (name) => {
    expect(headersFromOrigin(new Headers({ [name]: "x", server: "s" }))).toEqual([["server", "s"]]);
  });

  test("drops what Connection names", () => {
    const headers = new Headers({ connection: "close, X-Internal", "x-internal": "1", server: "s" });
    expect(headersFromOrigin(headers)).toEqual([["server", "s"]]);
  });

  test("drops all cookies if Connection names Set-Cookie", () => {
    const headers = new Headers([
      ["connection", "Set-Cookie"],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    expect(headersFromOrigin(headers)).toEqual([]);
  });
});

describe("7.3 from the origin", () => {
  test.each(["Idempotency-Status", "Idempotent-Replayed", "Oncegate-Outcome", "Oncegate-Attempt", "Oncegate-Anything"])(
    "drops %s",
    (name) => {
      expect(headersFromOrigin(new Headers({ [name]: "x", server: "s" }))).toEqual([["server", "s"]]);
    },
  );

  test("passes all other fields, including the length", () => {
    const fields: [string, string][] = [
      ["cache-control", "no-store"],
      ["content-encoding", "gzip"],
      ["content-length", "31"],
      ["content-type", "application/json"],
      ["etag", '"v1"'],
      ["idempotency-key", "k"],
      ["location", "/v1/charges/ch_1"],
      ["retry-after", "5"],
      ["x-idempotent-replayed", "true"],
    ];
    expect(headersFromOrigin(new Headers(fields))).toEqual(fields);
  });
});

describe("7.5 cookies", () => {
  const COOKIES: [string, string][] = [
    ["set-cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
    ["set-cookie", "b=2"],
    ["set-cookie", "a=1"],
  ];

  test("stay separate and in order", () => {
    expect(headersFromOrigin(new Headers(COOKIES))).toEqual(COOKIES);
    expect(headersOfKeptAnswer(new Headers(COOKIES))).toEqual(COOKIES);
  });

  test("are recognized by their name in any letter case", () => {
    expect(isCookie(["set-cookie", "a=1"])).toBe(true);
    expect(isCookie(["Set-Cookie", "a=1"])).toBe(true);
    expect(isCookie(["set-cookie2", "a=1"])).toBe(false);
    expect(isCookie(["cookie", "a=1"])).toBe(false);
  });
});

describe("7.4 content coding of keyed answers", () => {
  function kept(fields: Record<string, string>): Record<string, string> {
    return Object.fromEntries(headersOfKeptAnswer(new Headers(fields)));
  }

  test.each(["gzip", "br", "zstd", "deflate", "x-gzip", "GZIP", "Br"])(
    "is removed after %s is decoded, and a strong ETag becomes weak",
    (coding) => {
      expect(
        kept({ "content-encoding": coding, "content-length": "25", etag: '"v1"', vary: "accept-encoding" }),
      ).toEqual({
        etag: 'W/"v1"',
        vary: "accept-encoding",
      });
    },
  );

  // A coding is part of the representation (RFC 9110, 8.1), so its digests cover the encoded bytes.
  test.each(["content-digest", "content-md5", "repr-digest", "digest"])("removes %s too", (name) => {
    const digest = { [name]: "sha-256=:YQ==:" };
    expect(kept({ "content-encoding": "gzip", ...digest })).toEqual({});
    expect(kept({ "content-encoding": "dcb", ...digest })).toEqual({ "content-encoding": "dcb", ...digest });
    expect(kept(digest)).toEqual(digest);
  });

  test("leaves a weak ETag weak", () => {
    expect(kept({ "content-encoding": "gzip", etag: 'W/"v1"' })).toEqual({ etag: 'W/"v1"' });
  });

  test("removes only the length of an answer without a coding", () => {
    expect(kept({ "content-length": "25", "content-type": "text/plain", etag: '"v1"' })).toEqual({
      "content-type": "text/plain",
      etag: '"v1"',
    });
  });

  // The bytes stay encoded, so clients need the field.
  test.each(["identity", "compress", "gzip, br", "gzip, gzip", "aws-chunked"])("stays where %s is left", (coding) => {
    expect(kept({ "content-encoding": coding, etag: '"v1"' })).toEqual({ "content-encoding": coding, etag: '"v1"' });
  });

  test("drops hop-by-hop fields and the gateway's own fields too", () => {
    expect(kept({ connection: "x-internal", "x-internal": "1", "oncegate-outcome": "final", server: "s" })).toEqual({
      server: "s",
    });
  });
});
