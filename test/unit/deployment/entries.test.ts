import { describe, expect, test } from "vitest";
import { checkEntries, isFinding, readDeployment } from "../../../scripts/deployment/check.ts";
import { SOUND, shortly } from "./broken.ts";

const ENTRY = { origin: "https://origin.other.io", caller: [] };

function verdictOn(entries: Record<string, object | string>, options: { text?: string; where?: "local" } = {}) {
  const { text = SOUND, where } = options;
  const deployment = readDeployment({ file: "wrangler.toml", text, environment: null, variables: {} });
  if (isFinding(deployment)) throw new Error(deployment.message);
  const texts = Object.entries(entries).map(([name, entry]) => {
    return { name, file: `${name}.json`, text: typeof entry === "string" ? entry : JSON.stringify(entry, null, 2) };
  });
  return checkEntries(deployment, texts, where);
}

describe("checking entries of KV", () => {
  test("sums up tenants without faults", () => {
    const text = SOUND.replace('["api.shop.io"] }', '["*"] }');
    const required = `${text}\n[secrets]\nrequired = ["ORIGIN_SECRET"]\n[[services]]\nbinding = "API"`;
    const entries = {
      "a.other.io": { ...ENTRY, origin: "service:API", routes: [{ match: "POST /v1" }] },
      "*.other.io": { ...ENTRY, origin_auth: "secret:ORIGIN_SECRET" },
    };
    expect(verdictOn(entries, { text: required })).toEqual({
      findings: [],
      summary: ["a.other.io → service:API, 1 route", "*.other.io → https://origin.other.io, 0 routes"],
    });
  });

  test("finds all faults, with their lines in the entry", () => {
    const { findings, summary } = verdictOn({
      "A.other.io": ENTRY,
      "api.shop.io": ENTRY,
      "b.other.io": { origin: "service:NONE", ttl: "1", caller: [] },
      "c.other.io": { ...ENTRY, origin: "https://api.shop.io" },
      "d.other.io": { ...ENTRY, routes: [{ match: "DELETE /v1/orders" }] },
      "e.other.io": '{\n  "origin": "https://origin.other.io"\n  "caller": []\n}',
    });
    expect(findings.map((finding) => `${finding.file} ${shortly(finding)}`)).toEqual([
      'A.other.io.json 1:1 configuration: TENANTS_KV."A.other.io" must be a hostname in lower case without a port, "*.suffix" or "*"',
      'api.shop.io.json 1:1 configuration: TENANTS_KV."api.shop.io" is also configured in the variables, which take precedence',
      'b.other.io.json 3:3 configuration: TENANTS_KV."b.other.io".ttl must be a duration from 1s to 90d, such as "1d" (ms, s, m, h, d)',
      'b.other.io.json 2:3 configuration: TENANTS_KV."b.other.io".origin names no service binding of this Worker: NONE',
      'c.other.io.json 2:3 configuration: TENANTS_KV."c.other.io".origin leads back to this gateway: api.shop.io is a tenant. Give the origin a hostname of its own',
      'd.other.io.json 6:7 uncovered-route: "DELETE /v1/orders" is not covered: methods has only POST, PATCH | add methods = ["DELETE"] to the route',
      "e.other.io.json 3:3 syntax: comma expected",
    ]);
    expect(summary).toHaveLength(3);
  });

  test("finds an attempt that a deploy would not wait for", () => {
    const entries = { "a.other.io": { ...ENTRY, origin_deadline: "12m" } };
    expect(verdictOn(entries).findings).toEqual([]);
    const text = SOUND.replace("max_delay = 900", "max_delay = 700");
    expect(verdictOn(entries, { text }).findings.map(shortly)).toEqual([
      '15:1 code-update-strategy: it allows a running attempt 700 s, and the longest origin_deadline is 720 s | code_update_strategy = { mode = "deferred", max_delay = 900 }',
    ]);
  });

  test("allows a local origin in a local namespace only", () => {
    const entries = { "a.other.io": { ...ENTRY, origin: "http://127.0.0.1:9100" } };
    expect(verdictOn(entries, { where: "local" }).findings).toEqual([]);
    expect(verdictOn(entries).findings).toMatchObject([{ rule: "origin-address", line: 2, column: 3 }]);
  });
});
