/**
 * The holds that apply to a hostname (docs/protocol.md 4.6): the variable `HOLD`, and entries of `TENANTS_KV`. They are read for
 * deployed tenants too, in one read for each hostname, and only for requests that could be executed.
 */

import { BoundedMap } from "../http/bounded-map.ts";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";
import { kvNamespace } from "./bindings.ts";
import { HOLD_PREFIX, type Hold, holdInVariable, namesOfHolds, readHold } from "./hold.ts";
import { type Bounds, KnownEntries } from "./known-entries.ts";
import { TENANTS_KV } from "./kv-entry.ts";
import { logUnreadable } from "./unreadable-kv.ts";

/** KV's own minimum. */
const KV_CACHE_SECONDS = 30;

/** Shorter than for entries: requests of deployed tenants wait for it too, and go on with what was read last. */
export const HOLD_BOUNDS: Bounds = { readMsMax: 2000, retryMs: 5000, graceMs: Infinity, absentGraceMs: Infinity };

/** Holds that this isolate knows by name. One that is forgotten is logged again. */
const SEEN_MAX = 1000;

/** A hold that exists, with its text. */
interface Seen {
  readonly hold: Hold;
  readonly written: string;
}

interface Holds {
  readonly kv: KnownEntries<readonly Hold[]> | null;
  /** By name. Made-up hostnames add none, so they can't push one out. */
  readonly seen: BoundedMap<Seen>;
}

const known = new WeakMap<object, Holds>();

/** The holds of `hostname`, which the entry `entry` serves. Without a namespace nothing is read. Never rejects. */
export async function holdsOf(env: object, hostname: string, entry: string): Promise<readonly Hold[]> {
  const { kv, seen } = inIsolate(env);
  const fixed = holdInVariable(env);
  note(seen, "HOLD", fixed, fixed === null ? null : "true");
  if (fixed !== null) return [fixed];
  if (kv === null) return [];
  const looked = await kv.get(keyOf(hostname, entry));
  switch (looked.kind) {
    case "found":
      return looked.entry;
    case "absent":
      return [];
    case "unavailable":
      return lastSeen(seen, hostname, entry);
    default:
      return unreachable(looked);
  }
}

/** For a hostname that was not read, or was forgotten because of many others: the holds of its names that were read for any. */
function lastSeen(seen: BoundedMap<Seen>, hostname: string, entry: string): Hold[] {
  const holds = namesOfHolds(hostname, entry).flatMap((name) => seen.get(name)?.hold ?? []);
  // KV must not become what deployed tenants depend on (docs/decisions/0017).
  if (holds.length === 0) {
    logUnreadable(HOLD_PREFIX + hostname, "this isolate has not read its holds yet, so requests go on");
  }
  return holds;
}

/** Neither contains a blank. */
function keyOf(hostname: string, entry: string): string {
  return `${hostname} ${entry}`;
}

/** One for each environment, and so for each isolate. */
function inIsolate(env: object): Holds {
  const before = known.get(env);
  if (before !== undefined) return before;
  const namespace = kvNamespace(env, TENANTS_KV);
  const seen = new BoundedMap<Seen>(SEEN_MAX);
  const clock = { now: () => Date.now(), wait: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)) };
  const read = (key: string, from: KVNamespace): Promise<readonly Hold[] | null> => readHolds(from, key, seen);
  const kv = namespace === null ? null : new KnownEntries((key) => read(key, namespace), clock, HOLD_BOUNDS);
  const made = { kv, seen };
  known.set(env, made);
  return made;
}

/** Null where there is none. */
async function readHolds(namespace: KVNamespace, key: string, seen: BoundedMap<Seen>): Promise<readonly Hold[] | null> {
  const [hostname = "", entry = ""] = key.split(" ");
  const names = namesOfHolds(hostname, entry);
  try {
    const texts = await namespace.get(names, { type: "text", cacheTtl: KV_CACHE_SECONDS });
    const holds = names.flatMap((name) => {
      const written = texts.get(name) ?? null;
      const read = written === null ? null : readHold(name, written);
      const isNew = note(seen, name, read?.hold ?? null, written);
      if (isNew) for (const fault of read?.faults ?? []) log({ event: "configuration_fault", ...fault });
      return read === null ? [] : [read.hold];
    });
    return holds.length === 0 ? null : holds;
  } catch (error) {
    logUnreadable(HOLD_PREFIX + hostname, error);
    throw error;
  }
}

/** Logs that a hold has begun, changed or ended, as this isolate sees it. Returns whether it has begun or changed. */
function note(seen: BoundedMap<Seen>, name: string, hold: Hold | null, written: string | null): boolean {
  const before = seen.get(name);
  if (hold === null || written === null) {
    if (before !== undefined) log({ event: "hold_ended", name });
    seen.delete(name);
    return false;
  }
  seen.set(name, { hold, written });
  if (before?.written === written) return false;
  const { reason, sinceMs, routes } = hold;
  const since = sinceMs === null ? null : new Date(sinceMs).toISOString();
  log({ event: "hold_began", name, reason, since, routes: routes === null ? null : routes.join(", ") });
  return true;
}
