/** One entry of `TENANTS` → a tenant. */

import { CALLER_MESSAGE } from "./caller-values.ts";
import { faultsOfDroppedCallers } from "./dropped-callers.ts";
import { type Surroundings, addBindingFaults } from "./entry-bindings.ts";
import { type SetValues } from "./field.ts";
import {
  APP_ENTRY_FIELDS,
  ENTRY_FIELDS,
  MATCH,
  OWN_FIELDS,
  ROUTES,
  ROUTE_FIELDS,
  callerRules,
  ownProperties,
} from "./fields-of-entry.ts";
import { POLICY_FIELDS } from "./fields-of-policy.ts";
import { faultsOfOriginAuth } from "./origin-auth.ts";
import { overlay } from "./overlay.ts";
import { type Policy, type Route, type Tenant } from "./policy.ts";
import { DEFAULT_POLICY } from "./profiles.ts";
import { type Fault, readFields, readTable } from "./read-fields.ts";
import { RouteRouter } from "./route-router.ts";

/** Null where the entry has faults, which go to `faults`. */
export function parseEntry(entry: unknown, path: string, around: Surroundings, faults: Fault[]): Tenant | null {
  const faultsBefore = faults.length;
  const table = readTable(around.inCode ? APP_ENTRY_FIELDS : ENTRY_FIELDS, entry, path, faults);
  if (table === null) return null;
  const fields = readOwnFields(table, path, around, faults);
  const hasCaller = Reflect.get(table, "caller") !== undefined;
  const bases = basesOf(readFields(POLICY_FIELDS, table, path, faults), hasCaller);
  const { policy } = bases;
  const { routes: written = [] } = readFields(ROUTES, table, path, faults);
  faults.push(...faultsOfDroppedCallers(callerRules(fields), around.env, path));
  addBindingFaults(fields, path, around, faults);
  addContradictions(policy, path, faults);
  const routes = written.flatMap((table, index) => parseRoute(table, `${path}.routes[${index}]`, bases, faults));
  const matched = matcher(routes, policy, `${path}.routes`, faults);
  const policies = [policy, ...routes.map((route) => route.policy)];
  if (!hasCaller && policies.some(({ oneCaller }) => !oneCaller)) {
    faults.push({ path: `${path}.caller`, message: `is required: it ${CALLER_MESSAGE}` });
  }
  if (fields.originAuth !== undefined) {
    const { callers, callersBefore } = callerRules(fields);
    const rules = [callers, ...(callersBefore === null ? [] : [callersBefore])];
    const beside = { rules, policies, name: around.name, env: around.env };
    faults.push(...faultsOfOriginAuth(fields.originAuth, beside, `${path}.origin_auth`));
  }
  const own = ownProperties(around.name, hasCaller ? fields : { ...fields, caller: [] });
  if (faults.length > faultsBefore || own === null) return null;
  return Object.freeze({ ...own, policy, routes: Object.freeze(routes), ...matched });
}

/** An app takes the place of an origin that is written. */
function readOwnFields(table: object, path: string, { inCode }: Surroundings, faults: Fault[]) {
  if (inCode === undefined) return readFields(OWN_FIELDS, table, path, faults);
  const { origin: _, originAuth: __, ...written } = OWN_FIELDS;
  return { ...readFields(written, table, path, faults), origin: inCode.app };
}

/** What the policies of an entry's routes are laid on. */
interface Bases {
  /** The entry's own. */
  readonly policy: Policy;
  /** The same without the entry's profile, which a route with a profile does not inherit. */
  readonly withoutProfile: Policy;
}

/** Beside `caller`, the entry's profile does not make all requests one caller. */
function basesOf({ profile, ...others }: SetValues<typeof POLICY_FIELDS>, hasCaller: boolean): Bases {
  const fields = hasCaller ? { oneCaller: false, ...others } : others;
  const withoutProfile = overlay(DEFAULT_POLICY, fields);
  return {
    policy: profile === undefined ? withoutProfile : overlay(DEFAULT_POLICY, { profile, ...fields }),
    withoutProfile,
  };
}

function parseRoute(value: unknown, path: string, bases: Bases, faults: Fault[]): Route[] {
  const table = readTable(ROUTE_FIELDS, value, path, faults);
  if (table === null) return [];
  const { match } = readFields(MATCH, table, path, faults);
  const overrides = readFields(POLICY_FIELDS, table, path, faults);
  const policy = overlay(overrides.profile === undefined ? bases.policy : bases.withoutProfile, overrides);
  // A route that sets none of the compared fields only inherits a contradiction, which is reported for its entry.
  if (COMPARED.some((property) => overrides[property] !== undefined)) addContradictions(policy, path, faults);
  if (match === undefined) return [];
  if (callOf(match) !== null && policy.rpc === "none") faults.push({ path: `${path}.match`, message: CALL_NEEDS_RPC });
  return [Object.freeze({ match, policy })];
}

const CALL_NEEDS_RPC = 'names a call, which only rpc = "json-rpc" finds, or profile = "mcp"';

/** The call that a route is for; null for every request. */
function callOf(match: string): string | null {
  return match.split(" ")[2] ?? null;
}

/** The fields that can contradict each other. */
const COMPARED = [
  "profile",
  "originTimeoutMs",
  "originDeadlineMs",
  "unknownTtlMs",
  "onUnknown",
  "probe",
  "keyFrom",
  "keyFormat",
  "rpc",
  "rpcMethods",
  "echo",
  "replayedHeader",
] as const;

/** Faults of fields that are valid alone, but not together. A field that has a fault already gets no second one. */
function addContradictions(policy: Policy, path: string, faults: Fault[]): void {
  const isFaulty = (field: string): boolean => faults.some((fault) => fault.path === `${path}.${field}`);
  if (policy.onUnknown === "probe" && policy.probe === null && !isFaulty("probe")) {
    faults.push({ path: `${path}.probe`, message: 'is required with on_unknown = "probe"' });
  }
  if (policy.echo.includes(policy.replayedHeader) && !isFaulty("echo")) {
    faults.push({ path: `${path}.echo`, message: `must not have the replayed_header: ${policy.replayedHeader}` });
  }
  if (policy.rpcMethods !== null && policy.rpc === "none" && !isFaulty("rpc_methods")) {
    faults.push({ path: `${path}.rpc_methods`, message: 'needs rpc = "json-rpc"' });
  }
  const isComposite = policy.keyFrom.some((carrier) => carrier.length > 1);
  if (isComposite && policy.keyFormat.kind.startsWith("uuid") && !isFaulty("key_format")) {
    faults.push({
      path: `${path}.key_format`,
      message: "must not be a UUID where a key in key_from has several parts",
    });
  }
  if (isFaulty("origin_deadline")) return;
  if (policy.originTimeoutMs > policy.originDeadlineMs && !isFaulty("origin_timeout")) {
    faults.push({ path: `${path}.origin_timeout`, message: "must not be longer than origin_deadline" });
  }
  if (policy.unknownTtlMs < policy.originDeadlineMs && !isFaulty("unknown_ttl")) {
    faults.push({ path: `${path}.unknown_ttl`, message: "must not be shorter than origin_deadline" });
  }
}

interface Target {
  readonly policy: Policy;
  /** The call that it is for; null for every request. */
  readonly call: string | null;
}

function matcher(
  routes: readonly Route[],
  fallback: Policy,
  path: string,
  faults: Fault[],
): Pick<Tenant, "policyFor" | "callsAt"> {
  const router = new RouteRouter<Target>();
  for (const [index, { match, policy }] of routes.entries()) {
    try {
      router.add(match, { policy, call: callOf(match) });
    } catch (error) {
      // Hono throws on patterns that it can't use, such as a broken regular expression.
      faults.push({ path: `${path}[${index}].match`, message: `is not a Hono path pattern: ${String(error)}` });
    }
  }
  const hasCalls = routes.some(({ match }) => callOf(match) !== null);
  return {
    policyFor: (method, requestPath, calls = []) => {
      const targets = router.at(method, requestPath);
      return targets.find(({ call }) => call === null || calls.includes(call))?.policy ?? fallback;
    },
    callsAt: hasCalls
      ? (method, requestPath) => router.at(method, requestPath).flatMap(({ call }) => call ?? [])
      : null,
  };
}
