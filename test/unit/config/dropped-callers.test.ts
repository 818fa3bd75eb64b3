import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { HOST, entry } from "./entries.ts";

function faultsIn(EDGE: string | undefined, fields: Record<string, unknown>) {
  return parseConfig({ ...(EDGE !== undefined && { EDGE }), TENANTS: { [HOST]: entry(fields) } }).faults;
}

function faultOf(field: string, name: string) {
  const message = `must not have a header that the gateway drops or sets: ${name}`;
  return { path: `TENANTS."${HOST}".${field}`, message };
}

describe("callers by headers that the gateway drops or sets", () => {
  test.each([
    "X-Forwarded-For",
    "X-Forwarded-User",
    "Forwarded",
    "X-Real-IP",
    "Connection",
    "Proxy-Authorization",
    "Oncegate-Attempt",
    "Host",
    "Via",
    "CDN-Loop",
    "Accept-Encoding",
    "X-Original-URL",
  ])("are refused: %s", (name) => {
    expect(faultsIn("cloudflare", { caller: ["authorization", name] })).toEqual([
      faultOf("caller", name.toLowerCase()),
    ]);
  });

  test("are refused in a former rule too", () => {
    const caller_was = { caller: ["x-forwarded-for"], until: "2026-12-24" };
    expect(faultsIn("cloudflare", { caller_was })).toEqual([faultOf("caller_was.caller", "x-forwarded-for")]);
  });

  test.each([undefined, "", "none", "proxy"])("include Cloudflare's where EDGE is %j", (edge) => {
    expect(faultsIn(edge, { caller: ["cf-connecting-ip"] })).toEqual([faultOf("caller", "cf-connecting-ip")]);
    expect(faultsIn(edge, { caller: ["cf-access-client-id"] })).toEqual([]);
  });

  test("include what only a front can know of a certificate, where there is none", () => {
    expect(faultsIn("none", { caller: ["client-cert-chain"] })).toEqual([faultOf("caller", "client-cert-chain")]);
    expect(faultsIn("proxy", { caller: ["x-ssl-client-s-dn"] })).toEqual([]);
  });

  test.each(["Cloudflare", "cloudfare", "true"])("an EDGE of %j is a fault, and counts as none", (edge) => {
    const misspelled = { path: "EDGE", message: 'must be "cloudflare", "proxy" or "none"' };
    expect(faultsIn(edge, {})).toEqual([misspelled]);
    expect(faultsIn(edge, { caller: ["cf-connecting-ip"] })).toContainEqual(faultOf("caller", "cf-connecting-ip"));
  });

  test("may be Cloudflare's behind its edge", () => {
    expect(faultsIn("cloudflare", { caller: ["cf-connecting-ip"] })).toEqual([]);
  });
});
