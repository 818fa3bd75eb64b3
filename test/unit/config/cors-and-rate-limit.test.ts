import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { configWith, entry, faultsWith, HOST, tenant } from "./entries.ts";

const AT = `TENANTS."${HOST}"`;
const ORIGIN = 'must be an origin as browsers write it, such as "https://shop.example", or "*"';
const LIMITER = { limit: () => Promise.resolve({ success: true }) };

describe("7.6 cors", () => {
  test("is off unless it is set, and allows no credentials unless they are enabled", () => {
    expect(tenant(configWith({})).cors).toBeNull();
    const origins = ["https://shop.example", "http://localhost:3000"];
    expect(tenant(configWith({ cors: { origins } })).cors).toEqual({ origins, credentials: false });
    expect(tenant(configWith({ cors: { origins, credentials: true } })).cors).toEqual({ origins, credentials: true });
    expect(tenant(configWith({ cors: { origins: ["*"] } })).cors).toEqual({ origins: ["*"], credentials: false });
  });

  test.each([
    "https://shop.example/",
    "https://Shop.example",
    "https://shop.example:443",
    "https://shop.example/a",
    "https://*.shop.example",
    "shop.example",
    "null",
    "",
  ])("can't name an origin as no browser writes it: %j", (origin) => {
    expect(faultsWith({ cors: { origins: [origin] } })).toEqual([{ path: `${AT}.cors.origins[0]`, message: ORIGIN }]);
  });

  test("can't let every page read a user's responses", () => {
    expect(faultsWith({ cors: { origins: ["https://a.test", "*"], credentials: true } })).toEqual([
      {
        path: `${AT}.cors`,
        message: "must name its origins where credentials are allowed: with * every site could read a user's responses",
      },
    ]);
  });

  test.each<[unknown, string, string]>([
    ["https://a.test", "cors", 'must be a table such as { origins = ["https://shop.example"] }'],
    [{}, "cors.origins", "is required"],
    [{ origins: [], credentials: "yes" }, "cors.credentials", "must be true or false"],
    [{ origins: [], methods: [] }, "cors.methods", "unknown field"],
  ])("is no rule as %j", (cors, path, message) => {
    expect(faultsWith({ cors })).toEqual([{ path: `${AT}.${path}`, message }]);
  });
});

describe("3.11 rate_limit", () => {
  const configOf = (rateLimit: unknown, env: object = {}) =>
    parseConfig({ ...env, TENANTS: { [HOST]: entry({ rate_limit: rateLimit }) } });

  test("names a rate limiting binding, and a retry waits a minute unless the field sets another time", () => {
    const env = { KEYED_REQUESTS: LIMITER };
    expect(tenant(configWith({})).rateLimit).toBeNull();
    expect(tenant(configOf({ binding: "KEYED_REQUESTS" }, env)).rateLimit).toEqual({
      binding: "KEYED_REQUESTS",
      retryAfterSeconds: 60,
    });
    expect(
      tenant(configOf({ binding: "KEYED_REQUESTS", retry_after: "1500ms" }, env)).rateLimit?.retryAfterSeconds,
    ).toBe(2);
  });

  test.each<[string, object]>([
    ["is not there", {}],
    ["is a variable", { KEYED_REQUESTS: "limit" }],
    // A service binding has every name, since it may be a method of the other Worker.
    ["is a service", { KEYED_REQUESTS: { ...LIMITER, fetch: () => Promise.resolve(new Response()) } }],
  ])("is a fault where the binding %s", (_, env) => {
    expect(configOf({ binding: "KEYED_REQUESTS" }, env).faults).toEqual([
      { path: `${AT}.rate_limit.binding`, message: "names no rate limiting binding of this Worker: KEYED_REQUESTS" },
    ]);
  });

  test.each<[unknown, string, string]>([
    ["KEYED_REQUESTS", "rate_limit", 'must be a table such as { binding = "KEYED_REQUESTS" }'],
    [{ binding: "NEW-RECORDS" }, "rate_limit.binding", "must be the name of a rate limiting binding"],
    [{}, "rate_limit.binding", "is required"],
    [
      { binding: "KEYED_REQUESTS", retry_after: "2m" },
      "rate_limit.retry_after",
      'must be a duration from 1s to 1m, such as "1m" (ms, s, m, h, d)',
    ],
  ])("is none as %j", (rateLimit, path, message) => {
    expect(configOf(rateLimit, { KEYED_REQUESTS: LIMITER }).faults).toEqual([{ path: `${AT}.${path}`, message }]);
  });
});
