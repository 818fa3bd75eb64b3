/**
 * The tenant that serves a hostname, from the variables and from the KV namespace `TENANTS_KV` where it is bound
 * (docs/protocol.md 3.1). Names are looked up in one order across both, and each name in the variables first: a change in
 * KV can't replace an entry that is deployed with the code.
 */

import { type Refusal, refuse } from "../http/problem.ts";
import { log } from "../log.ts";
import { kvNamespace } from "./bindings.ts";
import { type Config, configOf, tenantFor } from "./config.ts";
import { namesInKv, namesServing } from "./entry-names.ts";
import { KnownEntries } from "./known-entries.ts";
import { type KvEntry, TENANTS_KV, parseKvEntry } from "./kv-entry.ts";
import { faultsOfOperatorTokens } from "./operator-token.ts";
import { type Tenant } from "./policy.ts";
import { logUnreadable } from "./unreadable-kv.ts";

/** KV's own minimum. */
const KV_CACHE_SECONDS = 30;

type KvTenants = Pick<KnownEntries<KvEntry>, "get">;

const known = new WeakMap<object, KvTenants>();

/** A promise only where KV must be read: a hostname that has an entry in the variables costs no more than a lookup. */
export function tenantOf(env: object, hostname: string): Tenant | Refusal | Promise<Tenant | Refusal> {
  const config = configOf(env);
  const kv = kvTenantsOf(env, config);
  if (kv === null || config.unreadable || config.tenants.has(hostname)) return tenantFor(config, hostname);
  return tenantAcross(config, kv, hostname);
}

/** Stops at the first name that can't be read: an entry that serves more hostnames may have another origin. */
export async function tenantAcross(config: Config, kv: KvTenants, hostname: string): Promise<Tenant | Refusal> {
  const inKv = namesInKv(hostname);
  for (const name of namesServing(hostname)) {
    const fixed = config.tenants.get(name);
    if (fixed === null) return refuse("misconfigured");
    if (fixed !== undefined) return fixed;
    if (!inKv.has(name)) continue;
    const looked = await kv.get(name);
    if (looked.kind === "unavailable") return refuse("unavailable", UNAVAILABLE);
    if (looked.kind === "found") return looked.entry.tenant ?? refuse("misconfigured");
  }
  return refuse("unknown_tenant");
}

const UNAVAILABLE =
  "The configuration of this hostname can't be read now. Nothing was sent to the origin. Send the request again later with the same key.";

/** One cache for each environment, and so for each isolate. Null where no namespace is bound. */
function kvTenantsOf(env: object, config: Config): KvTenants | null {
  const before = known.get(env);
  if (before !== undefined) return before;
  const namespace = kvNamespace(env, TENANTS_KV);
  if (namespace === null) return null;
  const around = { env, staticNames: [...config.tenants.keys()] };
  const read = (name: string): Promise<KvEntry | null> => readEntry(namespace, name, around);
  const made = new KnownEntries(read, {
    now: () => Date.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  known.set(env, made);
  return made;
}

async function readEntry(
  namespace: KVNamespace,
  name: string,
  around: Parameters<typeof parseKvEntry>[2],
): Promise<KvEntry | null> {
  try {
    const text = await namespace.get(name, { type: "text", cacheTtl: KV_CACHE_SECONDS });
    if (text === null) return null;
    const entry = parseKvEntry(name, text, around);
    const faults = [...entry.faults, ...faultsOfOperatorTokens([[name, entry.tenant]], around.env)];
    for (const fault of faults) log({ event: "configuration_fault", ...fault });
    return entry;
  } catch (error) {
    logUnreadable(name, error);
    throw error;
  }
}
