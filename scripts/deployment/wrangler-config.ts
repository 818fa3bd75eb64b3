// The part of a wrangler.toml that promises rest on, as wrangler reads it for one environment. It is read here and not by
// wrangler, because wrangler's loading takes seconds and its result has no places.

import * as v from "valibot";
import { isTable } from "../../src/identity/json.ts";
import { type Path, type Table } from "./source.ts";

/** What wrangler does not take from the top level for a named environment, so that it must be written there again. */
const NOT_INHERITED: ReadonlySet<string> = new Set([
  "vars",
  "secrets",
  "durable_objects",
  "kv_namespaces",
  "services",
  "vpc_services",
  "vpc_networks",
  "mtls_certificates",
  "ratelimits",
  "analytics_engine_datasets",
  "tail_consumers",
  "version_metadata",
]);

/** A list whose items of another type count as missing: wrangler itself refuses them. */
function list<const T extends v.GenericSchema>(item: T) {
  return v.fallback(v.optional(v.array(item), []), []);
}

function optional<const T extends v.GenericSchema>(value: T) {
  return v.fallback(v.optional(value), undefined);
}

/** A table of which all fields are optional. */
function group<const T extends v.ObjectEntries>(entries: T) {
  return v.optional(v.pipe(v.fallback(v.record(v.string(), v.unknown()), {}), v.object(entries)), {});
}

const BOUND = v.object({ binding: v.string() });
const NAMES = list(v.string());

const MIGRATION = v.object({
  tag: optional(v.string()),
  new_classes: NAMES,
  new_sqlite_classes: NAMES,
  deleted_classes: NAMES,
  renamed_classes: list(v.object({ from: v.string(), to: v.string() })),
  transferred_classes: list(v.object({ from: v.string(), to: v.string() })),
});

const CONFIG = v.object({
  compatibility_date: optional(v.string()),
  compatibility_flags: NAMES,
  workers_dev: optional(v.boolean()),
  preview_urls: optional(v.boolean()),
  route: optional(v.union([v.string(), v.object({ pattern: v.string() })])),
  routes: list(v.union([v.string(), v.object({ pattern: v.string() })])),
  durable_objects: group({
    bindings: list(v.object({ name: v.string(), class_name: v.string(), script_name: optional(v.string()) })),
    code_update_strategy: optional(v.object({ mode: v.string(), max_delay: optional(v.number()) })),
  }),
  migrations: list(MIGRATION),
  exports: optional(v.record(v.string(), v.unknown())),
  observability: group({
    enabled: optional(v.boolean()),
    head_sampling_rate: optional(v.number()),
    logs: group({
      enabled: optional(v.boolean()),
      invocation_logs: optional(v.boolean()),
      head_sampling_rate: optional(v.number()),
    }),
    traces: group({ enabled: optional(v.boolean()) }),
  }),
  logpush: optional(v.boolean()),
  version_metadata: optional(BOUND),
  tail_consumers: list(v.unknown()),
  assets: optional(v.object({ run_worker_first: optional(v.unknown()) })),
  vars: v.fallback(v.optional(v.record(v.string(), v.unknown()), {}), {}),
  secrets: group({ required: NAMES }),
  kv_namespaces: list(v.object({ binding: v.string(), id: optional(v.string()) })),
  services: list(BOUND),
  vpc_services: list(BOUND),
  vpc_networks: list(BOUND),
  mtls_certificates: list(BOUND),
  ratelimits: list(
    v.object({
      name: v.string(),
      namespace_id: optional(v.string()),
      simple: optional(v.object({ limit: v.number(), period: v.number() })),
    }),
  ),
  analytics_engine_datasets: list(BOUND),
});

export type WranglerConfig = v.InferOutput<typeof CONFIG>;

/** `table` is the whole file; `environment` is null for the top level. */
export function configFor(table: Table, environment: string | null): WranglerConfig {
  const own = environmentIn(table, environment);
  const inherited = Object.entries(table).filter(([name]) => !NOT_INHERITED.has(name));
  // `route` and `routes` are one setting in two forms.
  const isRouted = "route" in own || "routes" in own;
  const base = inherited.filter(([name]) => !(isRouted && (name === "route" || name === "routes")));
  return v.parse(CONFIG, environment === null ? table : { ...Object.fromEntries(base), ...own });
}

/** Null where the file has no such environment. */
export function hasEnvironment(table: Table, environment: string | null): boolean {
  return environment === null || isTable(environmentsOf(table)[environment]);
}

export function environmentNames(table: Table): string[] {
  return Object.keys(environmentsOf(table));
}

/** Where a setting of the environment is in the file: its own, the inherited one, or where it would be written. */
export function pathIn(table: Table, environment: string | null, path: Path): Path {
  if (environment === null) return path;
  const [first = ""] = path;
  const name = String(first);
  const isInherited = !(name in environmentIn(table, environment)) && name in table && !NOT_INHERITED.has(name);
  return isInherited ? path : ["env", environment, ...path];
}

function environmentIn(table: Table, environment: string | null): Table {
  if (environment === null) return table;
  const own = environmentsOf(table)[environment];
  return isTable(own) ? own : {};
}

function environmentsOf(table: Table): Table {
  const environments = table["env"];
  return isTable(environments) ? environments : {};
}
