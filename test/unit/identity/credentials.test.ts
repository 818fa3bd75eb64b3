import { describe, expect, test } from "vitest";
import { type CallerRule, callerOf } from "../../../src/identity/caller.ts";
import { canonicalCredentials } from "../../../src/identity/credentials.ts";

describe("3.5.1 one credential in Authorization", () => {
  test.each([
    ["Basic dXNlcjpwYXNz", "basic dXNlcjpwYXNz"],
    ["Bearer  t", "bearer t"],
    ["sk_live_Ab", "sk_live_Ab"],
    [
      'Digest username="Mufasa", realm="a, b", nonce="\\"x, y\\"", nc=00000001',
      'digest username="Mufasa", realm="a, b", nonce="\\"x, y\\"", nc=00000001',
    ],
    ["Digest a = b , c =d", "digest a = b , c =d"],
    ["Digest a=b,, c=d,", "digest a=b,, c=d,"],
    ["Digest a=b, , c=d,\t,", "digest a=b, , c=d,\t,"],
    [
      "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab",
      "aws4-hmac-sha256 Credential=AK/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab",
    ],
    [
      'OAuth realm="", oauth_nonce="4572", oauth_version="1.0"',
      'oauth realm="", oauth_nonce="4572", oauth_version="1.0"',
    ],
    ["Token token=abc, email=user@x.test", "token token=abc, email=user@x.test"],
    ['Signature keyId="k",headers="(request-target) host"', 'signature keyId="k",headers="(request-target) host"'],
  ])("is taken: %s", (written, canonical) => {
    expect(canonicalCredentials(written)).toBe(canonical);
  });

  const REFUSED = [
    "a, b",
    "sk_live_a,sk_live_b",
    ", Bearer t",
    "Bearer t, Bearer u",
    "Bearer t,",
    "Bearer t, x=y",
    "Basic x, y",
    "Basic dXNlcjpwYXNz=, x=y",
    "Basic dXNlcjpwYXNz==, x=y",
    "Bearer t, AWS4-HMAC-SHA256 a=b",
    "Digest a=b, Basic x",
    'Digest a="b", Digest c="d"',
    'Digest a="b", c',
    "Digest ,",
    "Digest , ,",
    // Without a scheme they may be two tokens.
    "a=b,c=d",
    'a="b",c="d"',
    // Two lines again, of which the first opens a quote.
    'Digest a=", Bearer t',
    'Digest a="b", c=", Bearer t',
    String.raw`Digest a="b\", Bearer t`,
    'Digest a=b", Bearer t',
    'Digest a=b", c=d',
    'Digest a="b"", c=d',
  ];

  test.each(REFUSED)("is refused with another or with what is none: %s", (written) => {
    expect(canonicalCredentials(written)).toBeNull();
  });

  test("is refused as two lines, also where anonymous requests are one caller", async () => {
    const headers = new Headers([
      ["authorization", "Bearer t"],
      ["authorization", "Bearer u"],
    ]);
    const rule: CallerRule = {
      items: [
        { kind: "header", name: "x-account" },
        { kind: "header", name: "authorization" },
      ],
      anonymous: "shared",
      onChange: "separate",
    };
    const noToken = () => Promise.reject(new Error("a token was verified"));
    expect(await callerOf({ headers }, rule, noToken)).toMatchObject({ kind: "problem", code: "caller_unverified" });
  });
});
