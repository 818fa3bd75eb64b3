import { describe, expect, test } from "vitest";
import { comparedMethod, hasUnusualBody, isNeverForwarded, overridingMethods } from "../../../src/http/methods.ts";

describe("3.2.4 methods that are never forwarded", () => {
  test.each([
    ["TRACE", {}, true],
    ["TRACK", {}, true],
    ["CONNECT", {}, true],
    ["POST", { "x-http-method-override": "trace" }, true],
    ["POST", { "x-http-method-override": "DELETE" }, false],
    ["GET", {}, false],
    ["PROPFIND", {}, false],
  ])("%s with %j: %s", (method, fields, expected) => {
    expect(isNeverForwarded(method, new Headers(fields))).toBe(expected);
  });
});

describe("3.2.5 override headers", () => {
  test("name methods in any letter case and in several lines", () => {
    const headers = new Headers([
      ["X-HTTP-Method-Override", "put"],
      ["X-HTTP-Method-Override", " Delete ,, PUT"],
      ["X-Method-Override", "PATCH"],
    ]);
    expect(overridingMethods(headers)).toEqual(["PUT", "DELETE", "PATCH"]);
  });

  test("are none without the headers", () => {
    expect(overridingMethods(new Headers({ "x-method": "PUT" }))).toEqual([]);
  });

  test("make another method for the fingerprint, by name and exact value", () => {
    const compared = ["POST"].flatMap((method) =>
      [{}, { "x-http-method": "PUT" }, { "x-method-override": "PUT" }, { "x-http-method": "put" }].map((fields) =>
        comparedMethod(method, new Headers(fields)),
      ),
    );
    expect(new Set(compared).size).toBe(4);
    expect(compared[0]).toBe("POST");
  });
});

test("3.2.5 a body is unusual with GET and HEAD", () => {
  const body = new ReadableStream<Uint8Array>();
  const unusual = ["GET", "HEAD", "POST", "DELETE"].filter((method) => hasUnusualBody({ method, body }));
  expect([unusual, hasUnusualBody({ method: "GET", body: null })]).toEqual([["GET", "HEAD"], false]);
});
