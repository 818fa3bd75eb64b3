import { describe, expect, test } from "vitest";

import { parseConfig } from "../../../src/config/config.ts";
import { configWith, entry, faultsWith, HOST, tenant } from "./entries.ts";

const AT = `TENANTS."${HOST}"`;
const ORIGIN = 'must be an origin as browsers write it, such as "https://shop.example", or "*"';
const LIMITER = { limit: () => Promise.resolve({ success: true }) };

describe("7.6 cors", () => {
  test("is off unless it is set, and allows no credentials unless it says so", () => {
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
  ])("can't name a page that no browser would name so: %j", (origin) => {
    expect(faultsWith({ cors: { origins: [origin] } })).toEqual([{ path: `${AT}.cors.origins[0]`, message: ORIGIN }]);
  });

  test("can't give every page a user's answers", () => {
    expect(faultsWith({ cors: { origins: ["https://a.test", "*"], credentials: true } })).toEqual([
      {
        path: `${AT}.cors`,
        message: "must name its origins where credentials are allowed: with * every site could read a user's answers",
      },
    ]);
  });

  test.each<[unknown, string, string]>([
    ["https://a.test", "cors", 'must be a table such as { origins = ["https://shop.example"] }'],
    [{}, "cors.origins", "is required"],
    [{ origins: [], credentials: "yes" }, "cors.credentials", "must be true or false"],
    [{ origins: [], methods: [] }, "cors.methods", "is not a field that may stand here"],
  ])("is no rule as %j", (cors, path, message) => {
    expect(faultsWith({ cors })).toEqual([{ path: `${AT}.${path}`, message }]);
  });
});

describe("3.11 quota", () => {
  const configOf = (quota: unknown, env: object = {}) => parseConfig({ ...env, TENANTS: { [HOST]: entry({ quota }) } });

  test("names a rate limiting binding, and says a minute unless told otherwise", () => {
    const env = { NEW_RECORDS: LIMITER };
    expect(tenant(configWith({})).quota).toBeNull();
    expect(tenant(configOf({ binding: "NEW_RECORDS" }, env)).quota).toEqual({
      binding: "NEW_RECORDS",
      retryAfterSeconds: 60,
    });
    expect(tenant(configOf({ binding: "NEW_RECORDS", retry_after: "1500ms" }, env)).quota?.retryAfterSeconds).toBe(2);
  });

  test.each<[string, object]>([
    ["is not there", {}],
    ["is a variable", { NEW_RECORDS: "limit" }],
    // It has every name, for it may be a method over there.
    ["is a service", { NEW_RECORDS: { ...LIMITER, fetch: () => Promise.resolve(new Response()) } }],
  ])("is a fault where the binding %s", (_, env) => {
    expect(configOf({ binding: "NEW_RECORDS" }, env).faults).toEqual([
      { path: `${AT}.quota.binding`, message: "names no rate limiting binding of this Worker: NEW_RECORDS" },
    ]);
  });

  test.each<[unknown, string, string]>([
    ["NEW_RECORDS", "quota", 'must be a table such as { binding = "NEW_RECORDS" }'],
    [{ binding: "NEW-RECORDS" }, "quota.binding", "must be the name of a rate limiting binding"],
    [{}, "quota.binding", "is required"],
    [
      { binding: "NEW_RECORDS", retry_after: "2m" },
      "quota.retry_after",
      'must be a duration from 1s to 60s, such as "90s" (ms, s, m, h, d)',
    ],
  ])("is none as %j", (quota, path, message) => {
    expect(configOf(quota, { NEW_RECORDS: LIMITER }).faults).toEqual([{ path: `${AT}.${path}`, message }]);
  });
});
