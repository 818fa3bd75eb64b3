import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CorsRequest, type CorsRule, type Speaker, corsChanges } from "../../../src/http/cors.ts";
import { runs } from "../../support/runs.ts";

const SHOP = "https://shop.example";
const OTHER = "https://other.example";
const RULE: CorsRule = { origins: [SHOP], credentials: false };
const WITH_CREDENTIALS: CorsRule = { origins: [SHOP], credentials: true };
const ANY: CorsRule = { origins: ["*"], credentials: false };
const EXPOSED =
  "Idempotency-Key, Idempotency-Status, Retry-After, X-Should-Retry, Preference-Applied, idempotent-replayed";

function asking(change: Partial<CorsRequest> = {}): CorsRequest {
  return { origin: SHOP, keyHeaders: null, replayedHeader: "idempotent-replayed", ...change };
}

/** The fields that a browser gets. */
function changed(
  fields: Record<string, string>,
  speaker: Speaker,
  rule: CorsRule,
  ask: CorsRequest,
  status = 200,
): Record<string, string> {
  const headers = new Headers(fields);
  for (const [name, value] of corsChanges({ ok: status < 300, headers }, speaker, rule, ask)) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  return Object.fromEntries(headers);
}

describe("7.6.1 a preflight", () => {
  const preflight = (fields: Record<string, string>, rule = RULE, ask: Partial<CorsRequest> = {}, status = 204) =>
    changed(fields, "passed through", rule, asking({ keyHeaders: ["idempotency-key"], ...ask }), status);
  const allowed = { "access-control-allow-origin": SHOP };

  test.each([
    ["none", undefined, "idempotency-key"],
    ["others", "Content-Type,authorization", "Content-Type, authorization, idempotency-key"],
    ["an empty list", "", "idempotency-key"],
    ["it in another case", "IDEMPOTENCY-KEY, X", "IDEMPOTENCY-KEY, X"],
    // With credentials `*` is an ordinary name.
    ["*", "*", "*, idempotency-key"],
    ["a name that contains it", "x-idempotency-key", "x-idempotency-key, idempotency-key"],
  ])("that allows the headers %s allows the key too", (_, list, expected) => {
    const fields = list === undefined ? allowed : { ...allowed, "access-control-allow-headers": list };
    expect(preflight(fields)).toEqual({ ...allowed, "access-control-allow-headers": expected });
  });

  test("allows every header that may carry a key, and changes nothing else", () => {
    const fields = {
      ...allowed,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET",
      "access-control-max-age": "600",
      vary: "Origin",
    };
    expect(preflight(fields, WITH_CREDENTIALS, { keyHeaders: ["idempotency-key", "x-request-id"] })).toEqual({
      ...fields,
      "access-control-allow-headers": "idempotency-key, x-request-id",
    });
  });

  test.each<[string, Record<string, string>, CorsRule, Partial<CorsRequest>, number]>([
    ["the origin refuses by its status", allowed, RULE, {}, 403],
    ["the origin does not allow", {}, RULE, {}, 204],
    ["the origin allows another page", { "access-control-allow-origin": OTHER }, RULE, {}, 204],
    ["the rule does not name", { "access-control-allow-origin": OTHER }, RULE, { origin: OTHER }, 204],
    ["is no page of its own", { "access-control-allow-origin": "null" }, ANY, { origin: "null" }, 204],
    ["has no Origin", { "access-control-allow-origin": "*" }, ANY, { origin: null }, 204],
    ["asks for an operation without keys", allowed, RULE, { keyHeaders: [] }, 204],
  ])("is unchanged if it %s", (_, fields, rule, ask, status) => {
    expect(preflight(fields, rule, ask, status)).toEqual(fields);
  });

  test("is the only passed-through request that changes", () => {
    expect(changed(allowed, "passed through", RULE, asking())).toEqual(allowed);
  });
});

describe("7.6.2 the origin's own answer", () => {
  const answer = (fields: Record<string, string>, ask: Partial<CorsRequest> = {}) =>
    changed(fields, "origin", RULE, asking(ask))["access-control-expose-headers"];

  test.each([
    ["nothing", {}, EXPOSED],
    ["its own fields", { "access-control-expose-headers": "X-Id" }, `X-Id, ${EXPOSED}`],
    [
      "some of them already",
      { "access-control-expose-headers": "idempotency-status, Retry-After" },
      "idempotency-status, Retry-After, Idempotency-Key, X-Should-Retry, Preference-Applied, idempotent-replayed",
    ],
    ["all", { "access-control-expose-headers": "*" }, "*"],
    [
      "*, which is a name with credentials",
      { "access-control-expose-headers": "*", "access-control-allow-credentials": "true" },
      `*, ${EXPOSED}`,
    ],
  ])("that exposes %s exposes the gateway's fields too", (_, fields, expected) => {
    expect(answer({ "access-control-allow-origin": "*", ...fields })).toBe(expected);
  });

  test("exposes the header that marks replays by its configured name", () => {
    const fields = { "access-control-allow-origin": SHOP };
    expect(answer(fields, { replayedHeader: "x-replayed" })).toMatch(/, x-replayed$/);
  });

  test("that allows no page exposes nothing, and one that allows a page exposes the fields to it", () => {
    expect(changed({}, "origin", RULE, asking())).toEqual({});
    const fields = { "access-control-allow-origin": OTHER, "access-control-allow-credentials": "true", vary: "Accept" };
    expect(changed(fields, "origin", RULE, asking())).toEqual({ ...fields, "access-control-expose-headers": EXPOSED });
  });
});

describe("7.6.3 an answer of the gateway's own", () => {
  const STORED = {
    "access-control-allow-origin": OTHER,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": "X-Id",
    "access-control-max-age": "600",
    "content-type": "text/plain",
  };

  test.each<[string, CorsRule, string | null, Record<string, string>]>([
    ["a listed page", RULE, SHOP, { "access-control-allow-origin": SHOP }],
    [
      "a listed page, with credentials",
      WITH_CREDENTIALS,
      SHOP,
      { "access-control-allow-origin": SHOP, "access-control-allow-credentials": "true" },
    ],
    ["any page", ANY, OTHER, { "access-control-allow-origin": "*" }],
  ])("allows %s for this request", (_, rule, origin, expected) => {
    expect(changed(STORED, "gateway", rule, asking({ origin }))).toEqual({
      "content-type": "text/plain",
      vary: "Origin",
      "access-control-expose-headers": EXPOSED,
      ...expected,
    });
  });

  test.each<[string, CorsRule, string | null]>([
    ["a page that is not listed", RULE, OTHER],
    ["a page with another spelling", RULE, "https://shop.example/"],
    ["a page on another port", RULE, "https://shop.example:8443"],
    ["a page on a subdomain", RULE, "https://a.shop.example"],
    ["null", ANY, "null"],
    ["null, with credentials", WITH_CREDENTIALS, "null"],
    ["a request without Origin", ANY, null],
    ["an empty Origin", RULE, ""],
    ["any page if none is listed", { origins: [], credentials: true }, SHOP],
  ])("does not allow %s", (_, rule, origin) => {
    expect(changed(STORED, "gateway", rule, asking({ origin }))).toEqual({
      "content-type": "text/plain",
      vary: "Origin",
    });
  });

  test.each([
    ["Accept", "Accept, Origin"],
    ["accept-encoding,ORIGIN", "accept-encoding, ORIGIN"],
    ["*", "*"],
    ["", "Origin"],
  ])("with Vary: %j gets Vary: %j", (vary, expected) => {
    expect(changed({ vary }, "gateway", RULE, asking())["vary"]).toBe(expected);
  });
});

describe("with any stored fields and any page", () => {
  const origin = fc.constantFrom(SHOP, OTHER, "https://a.shop.example", "http://shop.example", "null", "*", "", "x");
  const value = fc.oneof(origin, fc.constantFrom("true", "*", "Origin", `${SHOP}, ${OTHER}`));
  const name = fc.constantFrom(
    "access-control-allow-origin",
    "Access-Control-Allow-Origin",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "access-control-allow-headers",
    "access-control-max-age",
    "vary",
  );
  const stored = fc.array(fc.tuple(name, value), { maxLength: 6 });
  const rule = fc.record({ origins: fc.array(origin, { maxLength: 3 }), credentials: fc.boolean() });

  test("no page gets the permission of another, and credentials need the rule (P4, 7.6.3)", () => {
    fc.assert(
      fc.property(stored, rule, fc.option(origin), (stored, rule, origin) => {
        const headers = new Headers();
        for (const [name, value] of stored) headers.append(name, value);
        const seen = changed(Object.fromEntries(headers), "gateway", rule, asking({ origin }));
        const isListed = origin !== null && origin !== "null" && rule.origins.includes(origin);
        const isAny = origin !== null && origin !== "null" && rule.origins.includes("*");
        const expected = isAny ? "*" : isListed ? origin : undefined;
        expect(seen["access-control-allow-origin"]).toBe(expected);
        const credentials = rule.credentials && expected !== undefined ? "true" : undefined;
        expect(seen["access-control-allow-credentials"]).toBe(credentials);
        expect(seen["vary"]).toMatch(/\bOrigin\b|\*/);
      }),
      runs(200),
    );
  });
});
