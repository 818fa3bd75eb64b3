// The holds in the KV namespace TENANTS_KV: nothing is called held or released before KV has accepted it.

import { NAME_MESSAGE, isTenantName, namesInKv, namesServing } from "../../src/config/entry-names.ts";
import { HOLD_PREFIX, namesOfHolds, readHold } from "../../src/config/hold.ts";
import { type Deployment } from "../deployment/deployment.ts";
import { type Namespace, deleteEntry, listHolds, putEntry, readEntries } from "./namespace.ts";

/** KV's own propagation, and the time for which an isolate uses what it has read. */
const DELAY = "KV takes up to a minute to show it everywhere, and each isolate up to 30 seconds more.";

export interface HoldQuery {
  readonly name: string;
  readonly reason: string | undefined;
  readonly routes: readonly string[] | undefined;
}

/** Returns the exit code, as the others do. */
export function hold(namespace: Namespace, deployment: Deployment, { name, reason, routes }: HoldQuery): number {
  if (!isTenantName(name)) return fail(`${name} ${NAME_MESSAGE}. Nothing is on hold.`);
  const key = HOLD_PREFIX + name;
  const begun = new Date().toISOString();
  const draft = textOf({ reason, since: begun, routes });
  const { faults } = readHold(key, draft);
  for (const { path, message } of faults) console.error(`${path} ${message.replace(/ \(until then.*$/, "")}`);
  if (faults.length > 0) return fail("Nothing is on hold.");
  if (!name.startsWith("*") && !isServed(namespace, deployment, name)) {
    return fail(`No entry of ${namespace.config} or of KV serves ${name}. Nothing is on hold.`);
  }
  const before = readEntries(namespace, [key]).get(key);
  const sinceMs = before === undefined ? null : readHold(key, before).hold.sinceMs;
  const since = sinceMs === null ? begun : new Date(sinceMs).toISOString();
  putEntry(namespace, key, textOf({ reason, since, routes }));
  const what = routes === undefined ? name : `${name}: ${routes.join(", ")}`;
  console.log(`${before === undefined ? "on hold" : "still on hold, as changed"}: ${what} (${namespace.where})`);
  console.log(`${DELAY} The log has hold_began from each isolate.`);
  return 0;
}

export function release(namespace: Namespace, name: string): number {
  const key = HOLD_PREFIX + name;
  // Deleting a missing entry succeeds, so a misspelt name would seem to be released.
  if (!readEntries(namespace, [key]).has(key)) {
    return fail(`There is no hold of ${name} (${namespace.where}). "holds" lists them.`);
  }
  deleteEntry(namespace, key);
  console.log(`released: ${name} (${namespace.where})`);
  console.log(`${DELAY} The log has hold_ended from each isolate.`);
  const others = namesOfHolds(name.replace(/^\*\./, ""), "*").filter((one) => one !== key);
  for (const other of readEntries(namespace, others).keys()) {
    console.log(`${other.slice(HOLD_PREFIX.length)} is still on hold, and may cover ${name}.`);
  }
  return 0;
}

export function holds(namespace: Namespace): number {
  const names = listHolds(namespace);
  if (names.length === 0) console.log(`Nothing is on hold (${namespace.where}).`);
  const texts = names.length === 0 ? [] : [...readEntries(namespace, names)];
  for (const [key, text] of texts) {
    const { hold: one, faults } = readHold(key, text);
    const since = one.sinceMs === null ? "a time not known" : new Date(one.sinceMs).toISOString();
    const routes = one.routes === null ? "all routes" : one.routes.join(", ");
    const reason = one.reason === null ? "" : `: ${one.reason}`;
    console.log(`${key.slice(HOLD_PREFIX.length)} since ${since}, ${routes}${reason}`);
    for (const { path, message } of faults) console.error(`${path} ${message}`);
  }
  return 0;
}

/** Whether a hostname has an entry. Otherwise a misspelt one would seem to be held. */
function isServed(namespace: Namespace, { parsed }: Deployment, hostname: string): boolean {
  if ([...namesServing(hostname)].some((name) => parsed.tenants.has(name))) return true;
  return readEntries(namespace, [...namesInKv(hostname)]).size > 0;
}

function textOf(entry: { reason: string | undefined; since: string; routes: readonly string[] | undefined }): string {
  return JSON.stringify(entry);
}

function fail(message: string): number {
  console.error(message);
  return 1;
}
