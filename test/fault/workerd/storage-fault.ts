/**
 * Makes the storage of one living object fail at its n-th operation: each `get`, `put`, `list` and `delete` counts, each
 * SQL statement, `setAlarm`, `sync` and `deleteAll`, or those of them that write. The object holds the very `storage`, its `kv`
 * and its `sql` whose methods are replaced, and a new instance has new ones: a fault lasts until it is healed or the object
 * is reset.
 */

import { evictDurableObject, runInDurableObject } from "cloudflare:test";

export const FAULT_KINDS = [
  /** The operation throws, and does nothing. */
  "throws",
  "throws from then on",
  /** The process dies before the operation. */
  "dies before",
  /** The process dies when what the operation wrote is durable. */
  "dies when durable",
  /** The commit fails later: the platform resets the object and rolls back to the commit before. */
  "fails to commit",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** The platform is asked to evict the object, which it does when nothing runs in it any more. The operation succeeds. */
type Eviction = "is evicted";

/** Plain values, which both the object and the test may look at. */
export interface Armed {
  /** What has been counted, in order, the failed one included. */
  readonly operations: string[];
  /** Whether the fault has struck. */
  struck: boolean;
  /** Whether the platform has been asked to evict the object. */
  isEvicting: boolean;
  healed: boolean;
}

/** Dying behind a read is dying before what comes next, and reads commit nothing. */
const AT_WRITES_ONLY: ReadonlySet<FaultKind | Eviction> = new Set(["dies when durable", "fails to commit"]);

/** Deferred, so that it is a commit and not the statement that fails. */
const PARENT = "CREATE TABLE IF NOT EXISTS fault_parent (id INTEGER PRIMARY KEY)";
const CHILD = `CREATE TABLE IF NOT EXISTS fault_child (
  id INTEGER REFERENCES fault_parent (id) DEFERRABLE INITIALLY DEFERRED
)`;
const VIOLATE = "INSERT INTO fault_child VALUES (1)";

/** `at` counts operations that begin with `which`, from 1. */
export async function arm(
  object: DurableObjectStub,
  kind: FaultKind | Eviction,
  at: number,
  which = "",
): Promise<Armed> {
  const armed: Armed = { operations: [], struck: false, isEvicting: false, healed: false };
  await runInDurableObject(object, (_, state) => {
    const { storage } = state;
    const exec = storage.sql.exec.bind(storage.sql);
    const sync = storage.sync.bind(storage);
    if (kind === "fails to commit") for (const table of [PARENT, CHILD]) exec(table);
    const strike = <T>(operation: string, run: () => T): T => {
      const isRead = /^(SELECT|get|list|sync)/.test(operation);
      if (armed.healed || !operation.startsWith(which) || (isRead && AT_WRITES_ONLY.has(kind))) return run();
      const nth = armed.operations.push(operation);
      if (nth < at || (nth > at && kind !== "throws from then on")) return run();
      armed.struck = true;
      if (kind === "is evicted") return untilEvicting(armed, run());
      return fail(kind, operation, { state, exec, sync }, run);
    };
    shadow(storage.sql, "exec", (query: string, ...bindings: SqlStorageValue[]) =>
      strike(firstWords(query), () => exec(query, ...bindings)),
    );
    for (const method of ["get", "put", "delete"] as const) {
      const real: (...given: [string, unknown]) => unknown = storage.kv[method].bind(storage.kv);
      shadow(storage.kv, method, (...given: [string, unknown]) =>
        strike(`${method} ${given[0]}`, () => real(...given)),
      );
    }
    const list = storage.kv.list.bind(storage.kv);
    shadow(storage.kv, "list", (...given: Parameters<SyncKvStorage["list"]>) => strike("list", () => list(...given)));
    for (const method of ["setAlarm", "deleteAll", "sync"] as const) {
      const real = storage[method].bind(storage) as (...given: unknown[]) => Promise<void>;
      shadow(storage, method, (...given: unknown[]) => strike(method, () => real(...given)));
    }
  });
  return armed;
}

/** Asks the platform to evict the object when it is at the operation. Resolves when it is evicted, or the fault is healed. */
export async function evictWhenStruck(object: DurableObjectStub, armed: Armed): Promise<void> {
  while (!armed.struck) {
    if (armed.healed) return;
    await scheduler.wait(0);
  }
  armed.isEvicting = true;
  await evictDurableObject(object);
}

/** The object stays at an operation for which it waits. What runs in an object can't evict it, so the test does. */
function untilEvicting<T>(armed: Armed, done: T): T {
  if (!(done instanceof Promise)) return done;
  const wait = async (): Promise<unknown> => {
    while (!armed.isEvicting) await scheduler.wait(0);
    return done;
  };
  return wait() as T;
}

/** What the object would have without its fault. */
interface Real {
  readonly state: DurableObjectState;
  readonly exec: SqlStorage["exec"];
  readonly sync: DurableObjectStorage["sync"];
}

function fail<T>(kind: FaultKind, operation: string, { state, exec, sync }: Real, run: () => T): T {
  switch (kind) {
    case "throws":
    case "throws from then on":
      throw new Error("disk I/O error: SQLITE_IOERR");
    case "dies before":
      state.abort();
      return run();
    case "dies when durable": {
      const done = run();
      void sync().then(() => state.abort());
      return done;
    }
    case "fails to commit": {
      // What is deleted can't violate anything any more.
      if (operation === "deleteAll") exec(VIOLATE);
      const done = run();
      if (operation !== "deleteAll") exec(VIOLATE);
      return done;
    }
  }
}

/** An own property hides the method of the prototype from everybody who holds the object. */
function shadow(target: object, method: string, value: unknown): void {
  Object.defineProperty(target, method, { value, configurable: true });
}

/** `INSERT INTO chunk`: enough to recognise the statement. */
function firstWords(query: string): string {
  return query.trim().split(/\s+/).slice(0, 3).join(" ");
}
