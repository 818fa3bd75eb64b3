import { describe, expect, test } from "vitest";
import { checkDeployment } from "../../../scripts/deployment/check.ts";
import { SOUND, broken, findingsIn, shortly } from "./broken.ts";

const ENVIRONMENT = `
[env.production]
routes = ["api.other.io/*"]
version_metadata = { binding = "CF_VERSION_METADATA" }
[env.production.durable_objects]
bindings = [
  { name = "KEYS", class_name = "KeyObject" },
  { name = "SHADOWS", class_name = "ShadowObject" },
  { name = "JOURNALS", class_name = "Journal" },
]
code_update_strategy = { mode = "deferred", max_delay = 900 }

[env.production.vars]
EDGE = "cloudflare"

[env.production.vars.TENANTS."api.other.io"]
origin = "https://origin.other.io"
caller = []
`;

function verdictOn(text: string, environment: string | null = null, variables = {}) {
  return checkDeployment({ file: "wrangler.toml", text, environment, variables });
}

function shortFindings(text: string, environment: string | null = null): string[] {
  return findingsIn(text, environment).map((finding) => `${finding.rule}: ${finding.message}`);
}

describe("a named environment", () => {
  test("inherits what wrangler lets it inherit", () => {
    expect(verdictOn(SOUND + ENVIRONMENT, "production")).toEqual({
      findings: [],
      summary: ["api.other.io → https://origin.other.io, 0 routes"],
    });
  });

  test("does not inherit bindings or variables", () => {
    expect(findingsIn(`${SOUND}\n[env.production]\nworkers_dev = false`, "production").map(shortly)).toEqual([
      ...[
        ["KEYS", "KeyObject"],
        ["SHADOWS", "ShadowObject"],
        ["JOURNALS", "Journal"],
      ].map(
        ([name, className]) =>
          `45:1 object-bindings: the binding ${name} is missing | durable_objects.bindings: { name = "${name}", class_name = "${className}" }`,
      ),
      '45:1 code-update-strategy: it is not set, so a deploy allows a running attempt 300 s, and the longest origin_deadline is 600 s | code_update_strategy = { mode = "deferred", max_delay = 900 }',
      '45:1 version-metadata: version_metadata is missing | version_metadata = { binding = "CF_VERSION_METADATA" }',
      "7:11 route-without-tenant: no tenant serves api.shop.io | add an entry to TENANTS, or remove the route",
      "45:1 tenants: there is no tenant | set ORIGIN to the URL of your API, or TENANTS",
      '45:1 edge: EDGE is not set, and clients reach Cloudflare first | EDGE = "cloudflare"',
    ]);
  });

  test("that is on hold is said to be", () => {
    const { findings, summary } = verdictOn(SOUND.replace("[vars]", '[vars]\nHOLD = "true"'));
    expect(findings).toEqual([]);
    expect(summary).toContain("hint: HOLD is set: nothing new is executed, on any hostname");
  });

  test("is found in the settings of the environment where both have a setting", () => {
    const text = SOUND + ENVIRONMENT.replace("routes =", "preview_urls = true\nroutes =");
    expect(findingsIn(text, "production").map(shortly)).toEqual([
      "46:1 preview-urls: preview_urls is on | preview_urls = false",
    ]);
  });

  test("that does not exist is a fault, with those that do", () => {
    expect(shortFindings(SOUND + ENVIRONMENT, "staging")).toEqual([
      "environment: there is no environment staging: the file has production",
    ]);
  });

  test("has its own unknown fields reported, and not those of others", () => {
    const text = `${SOUND}${ENVIRONMENT}\n[env.staging]\nrouts = []`;
    expect(shortFindings(text, "production")).toEqual([]);
    expect(shortFindings(text.replace("[env.staging]", "[env.production.staging]"), "production")).toEqual([
      "unknown-field: unknown field staging",
    ]);
  });
});

describe("a file that can't be read", () => {
  test("is a fault with line and column", () => {
    expect(findingsIn(broken("[durable_objects]", "[durable_objects")).map(shortly)).toEqual([
      "10:1 syntax: The key, equals sign, and value must be on the same line",
    ]);
  });

  test("may be JSON with comments", () => {
    const text = '{\n  // The name.\n  "name": "oncegate",\n  "main" "src/index.ts"\n}';
    const { findings } = checkDeployment({ file: "wrangler.jsonc", text, environment: null, variables: {} });
    expect(findings.map(shortly)).toEqual(["4:10 syntax: colon expected"]);
  });
});

test("a deployment in JSON has places too", () => {
  const text = '{ "compatibility_date": "2026-09-01" }';
  const { findings } = checkDeployment({ file: "wrangler.json", text, environment: null, variables: {} });
  expect(findings).toContainEqual({
    rule: "compatibility-date",
    file: "wrangler.json",
    line: 1,
    column: 3,
    message: "compatibility_date is 2026-09-01",
    because: expect.stringContaining("an object can be evicted while its attempt runs") as string,
    fix: 'compatibility_date = "2026-10-30"',
  });
});

describe("tenants", () => {
  test("may have a service as their origin, where it is bound", () => {
    const text = broken('"https://origin.shop.io"', '"service:API"');
    expect(shortFindings(text)).toEqual([
      'configuration: TENANTS."api.shop.io".origin names no service binding of this Worker: API',
    ]);
    for (const table of ["services", "vpc_services", "mtls_certificates"]) {
      expect(shortFindings(`${text}\n[[${table}]]\nbinding = "API"`)).toEqual([]);
    }
  });

  test("may name a secret that the deployment requires", () => {
    const text = broken('caller = ["authorization"]', 'caller = []\norigin_auth = "secret:ORIGIN_SECRET"');
    expect(shortFindings(text)).toEqual([
      'configuration: TENANTS."api.shop.io".origin_auth names no secret of this Worker: ORIGIN_SECRET. Set it with "npx wrangler secret put ORIGIN_SECRET", and name it in wrangler.toml: secrets = { required = ["ORIGIN_SECRET"] }',
    ]);
    expect(shortFindings(`${text}\n[secrets]\nrequired = ["ORIGIN_SECRET"]`)).toEqual([]);
  });

  test("may all be in KV", () => {
    const text = SOUND.slice(0, SOUND.indexOf("[vars.SECRETS]"));
    expect(shortFindings(`${text}\n[[kv_namespaces]]\nbinding = "TENANTS_KV"`)).toEqual([]);
    expect(shortFindings(`${text}\n[[kv_namespaces]]\nbinding = "OTHER"`)).toEqual([
      "route-without-tenant: no tenant serves api.shop.io",
      "tenants: there is no tenant",
    ]);
  });

  test("are reached through workers.dev only where they serve every hostname", () => {
    const text = broken('routes = [{ pattern = "api.shop.io", custom_domain = true }]\n', "");
    const open = text.replace("workers_dev = false\n", "");
    expect(shortFindings(open)).toEqual(["tenant-without-route: no route reaches api.shop.io"]);
    expect(shortFindings(open.replaceAll('"api.shop.io"', '"*"'))).toEqual([]);
    expect(shortFindings(text.replaceAll('"api.shop.io"', '"*"'))).toEqual([
      "tenant-without-route: no route reaches *",
    ]);
  });

  test.each([
    ["api.shop.io/v1/*", []],
    ["*.shop.io/*", ["route-loop: the origin origin.shop.io is a hostname of the gateway"]],
    ["*/*", []],
    ["https://api.shop.io/*", []],
  ])("are served by the route %s", (pattern, found) => {
    expect(shortFindings(broken('{ pattern = "api.shop.io", custom_domain = true }', `"${pattern}"`))).toEqual(found);
  });

  test("are summed up with a hint for each secret that may be missing, and for each origin in clear", () => {
    const text = broken("https://origin.shop.io", "http://origin.shop.io")
      .replace('caller = ["authorization"]', 'caller = []\noperator_token = "secret:TEAM"')
      .replace("[vars.SECRETS]", '[vars.SECRETS]\nTEAM = { purpose = "operator_token", hostnames = ["*"] }');
    expect(verdictOn(text)).toEqual({
      findings: [],
      summary: [
        "api.shop.io → http://origin.shop.io, 1 route",
        'hint: "api.shop.io".operator_token names no secret of this Worker: TEAM. Set it with "npx wrangler secret put TEAM", and name it in wrangler.toml: secrets = { required = ["TEAM"] }. Until then, no token of this tenant is accepted',
        'hint: "api.shop.io".origin is http: requests and their credentials cross the network in clear',
      ],
    });
  });

  test("are one where ORIGIN is set, which the command line may do", () => {
    const text = broken('routes = [{ pattern = "api.shop.io", custom_domain = true }]\n', "")
      .replace("workers_dev = false\n", "")
      .replace(/\[vars\.TENANTS[^]*/, "");
    const unset = text.replace("[vars]", '[vars]\nORIGIN = ""');
    expect(shortFindings(unset)).toEqual(["tenants: there is no tenant"]);
    expect(verdictOn(unset, null, { ORIGIN: "https://api.shop.io" })).toEqual({
      findings: [],
      summary: ["* → https://api.shop.io, 0 routes"],
    });
    const local = text.replace("[vars]", '[vars]\nORIGIN = "http://localhost:3000"');
    expect(findingsIn(local).map((finding) => shortly(finding).split(" | ")[0])).toEqual([
      "29:1 origin-address: the origin localhost is a name of a private network",
    ]);
  });

  test("are those of the command line where it names them", () => {
    const TENANTS = JSON.stringify({ "api.shop.io": { origin: "https://elsewhere.io", caller: [] } });
    expect(verdictOn(SOUND, null, { TENANTS })).toEqual({
      findings: [],
      summary: ["api.shop.io → https://elsewhere.io, 0 routes"],
    });
  });

  test.each([
    ["POST /v1/:id", "POST /v1/charges", true],
    ["POST /v1/charges", "POST /v1/:id", false],
    ["* /v1/*", "POST /v1/:id/refunds", true],
    ["POST /v1/*", "* /v1/charges", false],
    ["POST /v1/:id", "POST /v1/*", false],
    ["POST /v1/:id{[a-z]+}", "POST /v1/:other", false],
    ["POST /v1/:id{[a-z]+}", "POST /v1/charges", true],
    ["POST /v1/charges", "PUT /v1/charges", false],
  ])("a route %s before %s shadows it: %s", (first, second, isShadowed) => {
    const methods = 'methods = ["POST", "PUT"]\n';
    const routes = `[[vars.TENANTS."api.shop.io".routes]]\nmatch = "${first}"\n${methods}`;
    const text = broken('[[vars.TENANTS."api.shop.io".routes]]', `${routes}\n[[vars.TENANTS."api.shop.io".routes]]`);
    const found = shortFindings(text.replace('"POST /v1/charges"\nkey', `"${second}"\n${methods}key`));
    expect(found).toEqual(
      isShadowed ? [`shadowed-route: "${second}" never applies: "${first}" matches all of it before`] : [],
    );
  });
});
