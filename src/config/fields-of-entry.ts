/**
 * Every field of an entry of `TENANTS` that is not a policy's, once, and how these fields make a tenant (CONTRIBUTING.md,
 * "Add a configuration field"). The doc comments are descriptions, as in fields-of-policy.ts.
 */

import { type CorsRule } from "../http/cors.ts";
import { type CallerRule, nameOf } from "../identity/caller.ts";
import { type FormerCallerRule, anonymous, caller, callerWas, onCallerChange } from "./caller-values.ts";
import {
  type ConfiguredAuth,
  type OriginAddress,
  type RateLimitRule,
  cors,
  jurisdiction,
  location,
  match,
  operatorToken,
  origin,
  originAuth,
  rateLimit,
  routes,
} from "./entry-values.ts";
import { type Fields, type SetValues, durationField } from "./field.ts";
import { POLICY_FIELDS } from "./fields-of-policy.ts";
import { DAY, oneOf } from "./values.ts";

export const ORIGIN_AND_PLACEMENT = {
  /** An http(s) URL with an optional base path, or `service:BINDING`. */
  origin: { name: "origin", schema: origin, required: true },
  /**
   * `"secret:NAME"` or a table. The secret goes with every request, so the origin can [refuse all
   * others](deploying.md#keep-the-origin-behind-the-gateway).
   */
  originAuth: { name: "origin_auth", schema: originAuth },
  /**
   * Where records are kept: `eu`, `us` or `fedramp`. Another value is [another set of
   * records](deploying.md#where-records-live).
   */
  jurisdiction: { name: "jurisdiction", schema: jurisdiction },
  /**
   * Where new records are created if possible: `wnam`, `enam`, `sam`, `weur`, `eeur`, `apac`, `apac-ne`, `apac-se`,
   * `oc`, `afr` or `me`.
   */
  location: { name: "location", schema: location },
} as const satisfies Fields;

export const CALLERS = {
  /**
   * What [identifies a caller](callers.md): header names, `"cookie:NAME"`, `"client-cert"`, `{ jwt = { … } }`. With
   * `[]`, all are one caller. Required, unless `one_caller` holds for all operations.
   */
  caller: { name: "caller", schema: caller },
  /** Keyed requests that identify no caller: `refuse` them, or treat them as one `shared` caller. */
  anonymous: { name: "anonymous", schema: anonymous, default: "refuse" },
  /** The same key from another caller: a `separate` record, or `refuse` it. */
  onCallerChange: { name: "on_caller_change", schema: onCallerChange, default: "separate" },
  /** After a change of `caller`: the former rule, by which records are also looked up for a time. */
  callerWas: { name: "caller_was", schema: callerWas },
  /** Limits the keyed requests of each caller. */
  rateLimit: { name: "rate_limit", schema: rateLimit },
} as const satisfies Fields;

export const BROWSERS = {
  /** Which web pages may send keys and read the gateway's responses. */
  cors: { name: "cors", schema: cors },
} as const satisfies Fields;

export const OPERATORS = {
  /** `"secret:NAME"`: what opens this tenant's records to [operators](settling.md). */
  operatorToken: { name: "operator_token", schema: operatorToken },
  /** How long the audit log is kept. */
  auditTtlMs: {
    name: "audit_ttl",
    // Long enough to look into a disputed payment, and no longer than a year.
    ...durationField({ min: DAY, max: 365 * DAY, default: 90 * DAY }),
  },
  /**
   * Which requests have a [line in the log](monitoring.md#one-event): `all` keyed ones, or only those that are `changes` or
   * refusals: not replays, joins and plain executions.
   */
  log: { name: "log", schema: oneOf(["all", "changes"]), default: "all" },
} as const satisfies Fields;

export const ROUTES = {
  /** Tables with a `match` and fields of a policy. The first that matches counts. */
  routes: { name: "routes", schema: routes, default: [] },
} as const satisfies Fields;

export const MATCH = {
  /** The method (or `*`) and path pattern, as [Hono](https://hono.dev/docs/api/routing) matches it. With `rpc`, [a call](mcp.md) may follow. */
  match: { name: "match", schema: match, required: true },
} as const satisfies Fields;

/** The fields of an entry that no route can set. */
export const OWN_FIELDS = { ...ORIGIN_AND_PLACEMENT, ...CALLERS, ...BROWSERS, ...OPERATORS };

type OwnValues = SetValues<typeof OWN_FIELDS>;

/** All fields of an entry. */
export const ENTRY_FIELDS = { ...OWN_FIELDS, ...POLICY_FIELDS, ...ROUTES };

const { origin: _, originAuth: __, ...APP_FIELDS } = ENTRY_FIELDS;

/** The fields of an entry whose origin is an app in this Worker: nothing leads to it but the gateway. */
export const APP_ENTRY_FIELDS: Fields = APP_FIELDS;

/** All fields of a route. */
export const ROUTE_FIELDS = { ...MATCH, ...POLICY_FIELDS };

export interface OriginAuth extends ConfiguredAuth {
  /** The name of the entry, which the secret is looked up for. */
  readonly entry: string;
}

export type Origin = OriginAddress & {
  /** What is added to every request to it, and to no other. */
  readonly auth: OriginAuth | null;
};

/** Where the objects of a tenant live. */
export interface Placement {
  /** Objects of the same name in two jurisdictions are two objects. */
  readonly jurisdiction: "eu" | "us" | "fedramp" | null;
  /** Counts when an object is created. */
  readonly location: DurableObjectLocationHint | null;
}

/** Who may read the tenant's records and settle them (docs/operator-api.md O1). */
interface Operators {
  /** The secret of the Worker that holds the token of this tenant alone; null where it has none. */
  readonly tokenSecret: string | null;
  readonly auditTtlMs: number;
}

/** The properties of a tenant that come from its own fields. */
export interface OwnProperties {
  /** The name of the entry: one hostname, or `*.suffix` or `*`, which serve many. */
  readonly entry: string;
  readonly origin: Origin;
  readonly placement: Placement;
  readonly callers: CallerRule;
  /** How callers were identified before, for as long as records from then may live. */
  readonly callersBefore: FormerCallerRule | null;
  readonly cors: CorsRule | null;
  readonly rateLimit: RateLimitRule | null;
  readonly operators: Operators;
  readonly log: "all" | "changes";
}

/** Null where a required field is missing or has a fault. */
export function ownProperties(entry: string, fields: OwnValues): OwnProperties | null {
  const { origin, caller, originAuth, cors = null, rateLimit = null } = fields;
  if (origin === undefined || caller === undefined) return null;
  const auth = originAuth === undefined ? null : Object.freeze({ ...originAuth, entry });
  return {
    entry,
    origin: Object.freeze({ ...origin, auth }),
    placement: Object.freeze({ jurisdiction: fields.jurisdiction ?? null, location: fields.location ?? null }),
    ...callerRules(fields),
    cors: Object.freeze(cors),
    rateLimit: Object.freeze(rateLimit),
    operators: Object.freeze({
      tokenSecret: fields.operatorToken ?? null,
      auditTtlMs: fields.auditTtlMs ?? OPERATORS.auditTtlMs.default,
    }),
    log: fields.log ?? OPERATORS.log.default,
  };
}

/** The present rule and the former one. Without a valid `caller` there are no items. */
export function callerRules(fields: OwnValues): Pick<OwnProperties, "callers" | "callersBefore"> {
  const { callerWas } = fields;
  const callers = callerRule({
    items: fields.caller ?? [],
    anonymous: fields.anonymous ?? CALLERS.anonymous.default,
    onChange: fields.onCallerChange ?? CALLERS.onCallerChange.default,
  });
  return { callers, callersBefore: callerWas === undefined ? null : callerRule(callerWas) };
}

/** Sorts the items: the order in which they are configured must not change who a caller is. */
function callerRule<T extends CallerRule>(written: T): T {
  const items = written.items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return Object.freeze({ ...written, items: Object.freeze(items) });
}
