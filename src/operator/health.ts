/** Whether the gateway works (docs/operator-api.md O9): what is bound, and with `deep=1` whether it answers. */

import { objectOf } from "../call/object-stub.ts";
import { kvNamespace } from "../config/bindings.ts";
import { TENANTS_KV } from "../config/kv-entry.ts";
import { REQUIRED_OBJECTS } from "../config/required-objects.ts";
import { versionOf } from "../config/version.ts";
import { journalOf } from "../journal/journal-of.ts";
import { log } from "../log.ts";
import { type HoldView, holdsView } from "./holds-view.ts";
import { placeOf } from "./inspect.ts";
import { type OperatorCall } from "./operator-context.ts";

/** A monitor gives up soon after. */
const CHECK_MS_MAX = 5000;

/** The one object that is checked. No record has such an id. */
const CHECKED_OBJECT = "health";

interface Health {
  readonly version: string | null;
  readonly bindings: Readonly<Record<string, boolean>>;
  /** What was asked, and how it went; null for what is not bound. */
  readonly checks?: Readonly<Record<string, object | null>>;
  readonly holds?: readonly HoldView[];
}

/** Needs no token, and asks nothing. */
export function shallowHealth(env: object): Response {
  const health = healthOf(env);
  return rendered(health, isBound(health));
}

/** Asks a key object, the journal, and KV where it is bound. */
export async function deepHealth(c: OperatorCall): Promise<Response> {
  const { env, var: of } = c;
  const kv = kvNamespace(env, TENANTS_KV);
  const [record, journal, tenants, holds] = await Promise.all([
    checked("record", of.hostname, () => objectOf(env.KEYS, CHECKED_OBJECT, of.tenant.placement).checkStorage()),
    checked("journal", of.hostname, () => journalOf(env, placeOf(of.tenant)).counts(1)),
    kv === null ? null : checked("kv", of.hostname, () => kv.get(CHECKED_OBJECT)),
    holdsView(env, of.hostname, of.tenant),
  ]);
  const { writeMs = null, readMs = null, deleteMs = null } = record.result ?? {};
  const checks = {
    record: { ok: record.ok, ms: record.ms, write_ms: writeMs, read_ms: readMs, delete_ms: deleteMs },
    journal: { ok: journal.ok, ms: journal.ms },
    kv: tenants === null ? null : { ok: tenants.ok, ms: tenants.ms },
  };
  const health = healthOf(env);
  const isWell = isBound(health) && record.ok && journal.ok && tenants?.ok !== false;
  return rendered({ ...health, checks, holds }, isWell);
}

interface Checked<T> {
  readonly ok: boolean;
  readonly ms: number;
  readonly result: T | null;
}

/** Never rejects, and ends within `CHECK_MS_MAX`. */
async function checked<T>(what: string, tenant: string, ask: () => Promise<T>): Promise<Checked<T>> {
  const startMs = Date.now();
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it did not answer in time")), CHECK_MS_MAX);
  try {
    const result = await Promise.race([ask(), timeout]);
    return { ok: true, ms: Date.now() - startMs, result };
  } catch (error) {
    const id = crypto.randomUUID();
    log({ event: "fault", id, where: `health: ${what}`, why: String(error), tenant, record: null });
    return { ok: false, ms: Date.now() - startMs, result: null };
  } finally {
    clearTimeout(timer);
  }
}

function healthOf(env: object): Health {
  const names = Object.keys(REQUIRED_OBJECTS);
  const bindings = names.map((name) => [name, isObject(Reflect.get(env, name))] as const);
  return { version: versionOf(env), bindings: Object.fromEntries(bindings) };
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isBound({ bindings }: Health): boolean {
  return Object.values(bindings).every(Boolean);
}

function rendered(health: Health, isWell: boolean): Response {
  const init = { status: isWell ? 200 : 503, headers: { "cache-control": "no-store" } };
  return Response.json({ status: isWell ? "ok" : "failing", ...health }, init);
}
