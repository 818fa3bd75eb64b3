/** The configurations that the published policy is tested with: the committed one, the conformance suite's, and a full one. */

import { type Config, parseConfig } from "../../../src/config/config.ts";
import { type Tenant } from "../../../src/config/policy.ts";
import { routePolicies } from "../../conformance/tenants.ts";
import { committedConfig } from "../../support/committed.ts";
import { entry } from "../config/entries.ts";

/** Sets every field to another value than its default, and every value that must stay hidden to a text with `secret` in it. */
export const FULL_ENTRY = {
  origin: "https://secret-origin.example.net/secret-base",
  caller: [
    "x-secret-header",
    "cookie:secret-cookie",
    { jwt: { jwks: "https://secret-issuer.example.net/jwks", claims: ["iss", "sub"], audience: "secret-audience" } },
  ],
  anonymous: "shared",
  on_caller_change: "refuse",
  caller_was: { caller: ["x-secret-former"], until: "2099-01-01" },
  cors: { origins: ["https://secret-shop.example"] },
  rate_limit: { binding: "SECRET_BINDING", retry_after: "10s" },
  probe: "/secret-probe/{key}",
  on_unknown: "probe",
  key: "required",
  key_from: ["X-Request-Key", "/meta/a~1b", "query:request_id", ["X-Topic", "form:token"]],
  key_format: { pattern: "[0-9]+:[a-z]+.*", min: 16, max: 100 },
  key_scope: "tenant",
  one_caller: true,
  derive_key: { window: "5m", from: ["/order_id", "query:order"] },
  methods: ["PUT", "POST"],
  rpc: "json-rpc",
  rpc_methods: ["tools/call", "pay"],
  ttl: "2h",
  unknown_ttl: "3d",
  remember: "40d",
  in_flight: "refuse",
  wait: "7s",
  origin_timeout: "11s",
  origin_deadline: "2m",
  idle_timeout: "13s",
  upload_timeout: "40s",
  upload_idle_timeout: "8s",
  stream: true,
  on_disconnect: "cancel",
  fingerprint: {
    ignore: ["/client_sent_at"],

    only: ["/a", "/b"],
    headers: ["X-Version"],
  },
  max_request_bytes: 123_456,
  max_response_bytes: 654_321,
  outcomes: [
    { status: [404, "5xx"], media_type: "text/html", outcome: "not-executed" },
    { json: "/errors/0/code", is: ["THROTTLED", 7], outcome: "not-executed" },
    { header: "grpc-status", is: 14, outcome: "not-executed" },
    { event: "error", unless: { status: 500 }, outcome: "unknown" },
  ],
  replay_set_cookie: true,
  echo: ["X-Request-Id"],
  errors: "stripe",
  error_status: { key_reused: 400 },
  error_code: { key_reused: "conflict" },
  replayed_header: "X-Replayed",
  routes: [
    { match: "POST /retry", profile: "acp", on_unknown: "retry", max_attempts: 5 },
    { match: "* /plain/*", derive_key: false, key: "off" },
  ],
};

/** A host that receives webhooks. */
export const WEBHOOKS = { origin: "https://handlers.example.net", profile: "webhook" };

/** A host of MCP tools. */
export const TOOLS = {
  origin: "https://tools.example.net",
  caller: ["authorization"],
  profile: "mcp",
  routes: [{ match: "POST /mcp tools/call:create_payment", key: "required" }],
};

export const HOST = "api.example.com";

export function tenantOf(fields: Record<string, unknown>): Tenant {
  return onlyTenant({ TENANTS: { [HOST]: fields }, SECRET_BINDING: { limit: () => ({ success: true }) } }, HOST);
}

/** Tenants whose documents must have the values of their configuration. */
export const TENANTS: readonly (readonly [string, Tenant])[] = [
  ["the committed top level", onlyTenant({ ...committedConfig(null).vars, ORIGIN: "https://origin.example.net" }, "*")],
  ["the committed production", onlyTenant(committedConfig("production").vars, "api.example.com")],
  ["the conformance suite's", tenantOf(entry({ routes: conformanceRoutes() }))],
  ["one that sets every field", tenantOf(FULL_ENTRY)],
  ...(["ietf", "stripe", "acp", "ucp"] as const).map((profile) => [profile, tenantOf(entry({ profile }))] as const),
  ["webhook", tenantOf(WEBHOOKS)],
  ["mcp", tenantOf(TOOLS)],
];

function conformanceRoutes(): Record<string, unknown>[] {
  return Object.values(routePolicies).map(({ prefix, settings }) =>
    Object.assign({ match: `* ${prefix}/*` }, settings),
  );
}

function onlyTenant(variables: object, name: string): Tenant {
  const config: Config = parseConfig(variables);
  const tenant = config.tenants.get(name);
  if (tenant === null || tenant === undefined) throw new Error(`${name}: ${JSON.stringify(config.faults)}`);
  return tenant;
}
