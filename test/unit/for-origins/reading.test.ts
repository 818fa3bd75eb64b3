// 5.7.7 and 5.7.8: an attempt and the probe about it name the same entry, or the probe settles nothing.

import { describe, expect, test } from "vitest";
import { type RequestHead, createFence, final, memoryStore } from "../../../src/for-origins/index.ts";
import { type GatewayRules } from "../../../src/for-origins/reading.ts";
import { RULES, type Sent, attempt, probe } from "./requests.ts";

/** Runs `run`, and answers `asked`: the outcome and the status of both. */
async function outcomes(run: RequestHead, asked: RequestHead, rules: Partial<GatewayRules> = {}, key?: string) {
  const fence = createFence({ ...RULES, ...rules, store: memoryStore() });
  const ran = await fence.run(run, () => final({ status: 201, body: "" }), key === undefined ? {} : { key });
  const probed = await fence.probe(asked);
  return [ran, probed].map((answer) => `${answer?.status} ${answer?.headers?.["Oncegate-Outcome"]}`);
}

describe("a probe finds the run", () => {
  test.each<[string, Sent, Sent, Partial<GatewayRules>]>([
    ["of a quoted key", { key: '"k-1"' }, {}, {}],
    ["of a key with escapes", { key: '"a\\"b/c"' }, { key: 'a"b/c' }, {}],
    ["of a key with a percent sign", { key: "%2F" }, { key: "%2F" }, {}],
    [
      "whose credential is written otherwise",
      { headers: { authorization: "Bearer alice" } },
      { headers: { authorization: "bearer  alice" } },
      {},
    ],
    [
      "by one cookie among others",
      { headers: { cookie: "a=1; session=s" } },
      { headers: { cookie: "session=s; b=2" } },
      { caller: ["cookie:session"] },
    ],
    ["of all callers as one", { headers: { authorization: null } }, {}, { caller: [] }],
    [
      "of a caller with some of the items",
      { headers: { authorization: null, "x-user": "u" } },
      { headers: { authorization: null, "x-user": "u" } },
      { caller: ["authorization", "x-user"] },
    ],
    [
      "by a function",
      { headers: { authorization: "Bearer old.alice" } },
      { headers: { authorization: "Bearer new.alice" } },
      { caller: (headers) => headers.get("authorization")?.split(".")[1] ?? null },
    ],
    ["by another port", { headers: { "x-forwarded-host": "api.test:8443" } }, {}, {}],
    ["by a hostname with a trailing dot", { headers: { "x-forwarded-host": "api.test." } }, {}, {}],
    ["by both", { headers: { "x-forwarded-host": "API.test.:8443" } }, {}, {}],
    ["at an operation with a parameter", { path: "/v1/orders/7/refunds" }, { path: "/v1/orders/7/refunds" }, {}],
    ["with a key header of its own", { headers: { "x-key": "k-2" } }, { key: "k-2" }, { keyHeaders: ["X-Key"] }],
  ])("%s", async (_, run, asked, rules) => {
    expect(await outcomes(attempt(1, run), probe(1, asked), rules)).toEqual(["201 final", "200 final"]);
  });

  test("by a key that the app has read from the body", async () => {
    const run = attempt(1, { key: null });
    expect(await outcomes(run, probe(1, { key: "of the body" }), {}, "of the body")).toEqual([
      "201 final",
      "200 final",
    ]);
  });

  test("below the path of the gateway's origin", async () => {
    const below = (head: RequestHead): RequestHead => ({ ...head, url: `/api${head.url}` });
    expect(await outcomes(below(attempt(1)), below(probe(1)), { basePath: "/api" })).toEqual([
      "201 final",
      "200 final",
    ]);
  });
});

describe("a probe finds no run", () => {
  test.each<[string, Sent]>([
    ["of another caller", { headers: { authorization: "Bearer bob" } }],
    ["of a caller whose token differs in letter case", { headers: { authorization: "Bearer Alice" } }],
    ["of another key", { key: "k-2" }],
    ["of another operation", { path: "/v1/orders/7/refunds" }],
    ["of another hostname", { headers: { "x-forwarded-host": "other.test" } }],
  ])("%s", async (_, asked) => {
    expect(await outcomes(attempt(1), probe(1, asked))).toEqual(["201 final", "200 not-executed"]);
  });
});

describe("a probe settles nothing", () => {
  test.each<[string, RequestHead, string]>([
    ["without an attempt", probe(null), "400 unknown"],
    ["with an attempt of 0", probe("0"), "400 unknown"],
    ["with two attempts", probe("1, 2"), "400 unknown"],
    ["without a caller", probe(1, { headers: { authorization: null } }), "401 unknown"],
    ["with two credentials", probe(1, { headers: { authorization: "Bearer a, Bearer b" } }), "401 unknown"],
    ["without an operation", probe(1, { headers: { "oncegate-operation": null } }), "400 unknown"],
    ["about an operation that is not listed", probe(1, { path: "/v1/other" }), "400 unknown"],
    ["with an invalid encoding", { ...probe(1), url: "/v1/idempotency/%E0%A4" }, "400 unknown"],
  ])("%s", async (_, asked, expected) => {
    expect((await outcomes(attempt(1), asked))[1]).toBe(expected);
  });

  test.each<[string, RequestHead]>([
    ["a POST", { ...probe(1), method: "POST" }],
    ["another path", { ...probe(1), url: "/v1/charges" }],
    ["a path below it", { ...probe(1), url: "/v1/idempotency/a/b" }],
    ["a path without a key", { ...probe(1), url: "/v1/idempotency/" }],
  ])("where it is none: %s", async (_, asked) => {
    expect((await outcomes(attempt(1), asked))[1]).toBe("undefined undefined");
  });
});

describe("an attempt is refused before it runs", () => {
  test.each<[string, RequestHead, Partial<GatewayRules>, string]>([
    ["with a malformed number", attempt("first"), {}, "400 not-executed"],
    ["without its key, which a probe would have", attempt(1, { key: null }), {}, "500 not-executed"],
    ["at an operation that is not listed", attempt(1, { path: "/v1/other" }), {}, "500 not-executed"],
    ["at a path with two slashes, which is no host", { ...attempt(1), url: "//x/v1/charges" }, {}, "500 not-executed"],
    [
      "outside of the base path, which would be another operation",
      attempt(1),
      { basePath: "/api" },
      "500 not-executed",
    ],
    [
      "with two cookies of one name",
      attempt(1, { headers: { cookie: "s=1; s=2" } }),
      { caller: ["cookie:s"] },
      "400 not-executed",
    ],
  ])("%s", async (_, run, rules, expected) => {
    expect((await outcomes(run, probe(1), rules))[0]).toBe(expected);
  });

  test("but runs without a caller, since a probe without one settles nothing", async () => {
    const anonymous = { headers: { authorization: null } };
    expect(await outcomes(attempt(1, anonymous), probe(1, anonymous))).toEqual(["201 final", "401 unknown"]);
  });

  test.each<[string, Sent]>([
    ["the word that means absent", { key: "absent" }],
    ["the word that means malformed", { key: "malformed" }],
  ])("never by a key that is %s", async (_, sent) => {
    expect(await outcomes(attempt(1, sent), probe(1, sent))).toEqual(["201 final", "200 final"]);
  });
});
