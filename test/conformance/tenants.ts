// The policies that the checks need. A check names one in `needs` and gets paths under its prefix; TENANTS says the
// same in Oncegate's own words. README.md lists them for other implementations.

type RoutePolicy = { readonly prefix: string; readonly settings: Readonly<Record<string, unknown>> };

/** Where the origin is asked what became of a key. */
export const PROBED_AT = "/outcome-of";

export const routePolicies = {
  "key required": { prefix: "/required", settings: { key: "required" } },
  "key off": { prefix: "/off", settings: { key: "off" } },
  "on hold": { prefix: "/held", settings: { mode: "hold" } },
  "PUT and DELETE covered": {
    prefix: "/methods",
    settings: { key: "required", methods: ["PUT", "DELETE"] },
  },
  "ttl of 1 s": { prefix: "/short-ttl", settings: { ttl: "1s" } },
  "unknown_ttl of 1 s": {
    prefix: "/short-unknown",
    settings: { origin_timeout: "1s", origin_deadline: "1s", unknown_ttl: "1s" },
  },
  "terms of 1 s, remembered": {
    prefix: "/remembered",
    settings: { ttl: "1s", origin_timeout: "1s", origin_deadline: "1s", unknown_ttl: "1s", remember: "1d" },
  },
  "in_flight refuse": { prefix: "/refuse-in-flight", settings: { in_flight: "refuse" } },
  "wait of 300 ms": { prefix: "/short-wait", settings: { wait: "300ms" } },
  "origin_timeout of 3 s": { prefix: "/slow", settings: { origin_timeout: "3s", origin_deadline: "1m" } },
  "origin_timeout of 5 s": { prefix: "/patient", settings: { origin_timeout: "5s", origin_deadline: "1m" } },
  "origin_deadline of 700 ms": {
    prefix: "/deadline",
    settings: { origin_timeout: "200ms", origin_deadline: "700ms" },
  },
  "on_unknown retry": { prefix: "/retry", settings: { on_unknown: "retry", max_attempts: 3 } },
  "on_unknown probe": { prefix: "/probing", settings: { on_unknown: "probe", probe: `${PROBED_AT}/{key}` } },
  "on_unknown retry, origin_timeout of 3 s": {
    prefix: "/slow-retry",
    settings: { on_unknown: "retry", origin_timeout: "3s", origin_deadline: "1m" },
  },
  "fingerprint bytes": { prefix: "/bytes", settings: { fingerprint: "bytes" } },
  "max_request_bytes of 1000": { prefix: "/small-request", settings: { max_request_bytes: 1000 } },
  "max_response_bytes of 1000": { prefix: "/small-response", settings: { max_response_bytes: 1000 } },
  "5 MB bodies": { prefix: "/large", settings: { max_request_bytes: 5_000_000, max_response_bytes: 5_000_000 } },
  "outcome rules": {
    prefix: "/rules",
    settings: {
      outcomes: [
        { status: [404, 418, 429], outcome: "unknown" },
        { status: [418, "504-506"], outcome: "not-executed" },
        { header: "grpc-status", is: ["14", "16"], outcome: "not-executed" },
        { status: "2xx", media_type: "text/html", outcome: "unknown" },
        { event: "error", outcome: "unknown" },
        { event: "refused", outcome: "not-executed" },
        { json: "/errors/0/extensions/code", is: ["THROTTLED", "PERSISTED_QUERY_NOT_FOUND"], outcome: "not-executed" },
        { json: "/code", is: 15, outcome: "not-executed" },
        { json: "/pending", outcome: "unknown" },
        { status: 507, outcome: "not-executed" },
        { status: 510, unless: { json: "/charged", is: false }, outcome: "unknown" },
      ],
    },
  },
  "keys elsewhere": {
    prefix: "/carriers",
    settings: { key: "required", key_from: ["Idempotency-Key", "X-Idempotency-Key", "/idempotency_key"] },
  },
  "keys in queries and forms": {
    prefix: "/content",
    settings: { key: "required", key_from: ["query:requestid", "form:order_token"] },
  },
  "keys of several parts": { prefix: "/parts", settings: { key_from: [["X-GitHub-Event", "X-GitHub-Delivery"]] } },
  "UUID keys": { prefix: "/uuid", settings: { key_format: "uuid" } },
  "keys of all operations": { prefix: "/scope", settings: { key_scope: "tenant" } },
  "keys derived from query and form": {
    prefix: "/derived-content",
    settings: { derive_key: { window: "5m", from: ["query:shop", "form:order"] } },
  },
  "echo of Request-Id": { prefix: "/echo", settings: { echo: ["Request-Id"] } },
  "ignored claims": { prefix: "/claims", settings: { fingerprint: { ignore: ["/iat", "/jti"] } } },
  "derived keys": { prefix: "/derived", settings: { derive_key: { window: "5m" } } },
  "keys derived from a member": {
    prefix: "/derived-from",
    settings: { derive_key: { window: "5m", from: ["/order_id"] } },
  },
  "JSON-RPC": {
    prefix: "/rpc",
    settings: { rpc: "json-rpc", key_from: ["Idempotency-Key", "/params/_meta/idempotency-key"] },
  },
  replay_set_cookie: { prefix: "/cookies", settings: { replay_set_cookie: true } },
} as const satisfies Record<string, RoutePolicy>;

/** Policies that take more than a prefix. */
const otherNeeds = [
  "route patterns",
  "two tenants",
  "wildcard tenants",
  "a tenant without callers",
  "a tenant with shared anonymous callers",
  "a tenant with two caller headers",
  "a faulty tenant",
  "a gateway without a catch-all tenant",
  "the gateway's log",
  "the Connection header",
  "the Accept-Encoding header",
  "a gateway that can be killed",
] as const;

export type RouteNeed = keyof typeof routePolicies;
export type Need = RouteNeed | (typeof otherNeeds)[number];

function isRouteNeed(name: string): name is RouteNeed {
  return Object.hasOwn(routePolicies, name);
}

export const allNeeds: readonly Need[] = [...Object.keys(routePolicies).filter(isRouteNeed), ...otherNeeds];

/** Paths of checks without a special policy. */
const PLAIN_PREFIX = "/plain";

export function prefixOf(need: Need | undefined): string {
  return need !== undefined && isRouteNeed(need) ? routePolicies[need].prefix : PLAIN_PREFIX;
}

type Route = { readonly match: string } & Readonly<Record<string, unknown>>;
type Tenant = { readonly origin: string; readonly caller: readonly string[] } & Readonly<Record<string, unknown>>;
export type Tenants = Readonly<Record<string, Tenant>>;

/** "route patterns": one named segment, and two patterns of which the first must win. */
const patternRoutes: readonly Route[] = [
  { match: "POST /segment/:id", key: "required" },
  { match: "* /ordered/first/*", key: "required" },
  { match: "* /ordered/*", key: "off" },
];

function prefixRoute({ prefix, settings }: RoutePolicy): Route {
  return { match: `* ${prefix}/*`, ...settings };
}

export function conformanceTenants(originPort: number): Tenants {
  const plain: Tenant = { origin: `http://127.0.0.1:${originPort}`, caller: ["authorization"] };
  return {
    "*": { ...plain, routes: [...Object.values(routePolicies).map(prefixRoute), ...patternRoutes] },
    "a.example.test": plain,
    "b.example.test": plain,
    "*.wild.example.test": { ...plain, key: "required" },
    "*.deep.wild.example.test": { ...plain, key: "off" },
    "exact.wild.example.test": plain,
    "open.example.test": { ...plain, caller: [] },
    "shared.example.test": { ...plain, anonymous: "shared" },
    "two.example.test": { ...plain, caller: ["x-account", "authorization"] },
    // Seen only with the bindings of the Worker. The package does not start with any other fault.
    "faulty.example.test": { ...plain, rate_limit: { binding: "NOT_BOUND" } },
  };
}

/** For the profiles of other contracts: one tenant with the gateway's profile of that name. */
export function tenantsForContract(profile: string, originPort: number): Tenants {
  const { prefix, settings } = routePolicies["key required"];
  const origin = `http://127.0.0.1:${originPort}`;
  return { "*": { origin, caller: ["authorization"], profile, routes: [prefixRoute({ prefix, settings })] } };
}

/** For the one check that needs a hostname which nothing serves. */
export function tenantsWithoutCatchAll(originPort: number): Tenants {
  return { "only.example.test": { origin: `http://127.0.0.1:${originPort}`, caller: ["authorization"] } };
}

/** The same, in front of an app: entries have no origin there, and other hostnames are served by the fields at the top. */
export function configInCode({ "*": forAll, ...hosts }: Tenants): Readonly<Record<string, unknown>> {
  const entries = Object.entries(hosts).map(([host, tenant]) => [host, withoutOrigin(tenant)]);
  return { edge: "none", ...(forAll !== undefined && withoutOrigin(forAll)), hosts: Object.fromEntries(entries) };
}

function withoutOrigin(tenant: Tenant): object {
  return Object.fromEntries(Object.entries(tenant).filter(([field]) => field !== "origin"));
}
