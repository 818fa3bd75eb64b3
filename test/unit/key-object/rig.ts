/** One object in Node.js: its storage in memory, an origin that answers as a test wants, its journal and its log. */

import { expect, onTestFinished, vi } from "vitest";
import { type KeyedCall, type LookCall } from "../../../src/call/call.ts";
import { type AttemptPolicy, attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { type JournalEvent } from "../../../src/journal/journal-event.ts";
import { KeyObject } from "../../../src/key-object/key-object.ts";
import { SAME, pending } from "../record/examples.ts";

export const NOW_MS = 1_900_000_000_000;

export const POLICY: AttemptPolicy = attemptPolicy(DEFAULT_POLICY);

export const JOURNAL = { entry: "api.test", placement: { jurisdiction: null, location: null } };

type Write = "put" | "delete" | "setAlarm" | "deleteAll";

/** Storage in memory. A write that fails changes nothing, and neither does a transaction that throws. */
export class MemoryStorage {
  readonly values = new Map<string, unknown>();
  alarmMs: number | null = null;
  readonly id: { name: string | undefined; toString: () => string } = {
    name: "5eed",
    toString: () => "an id without a name",
  };
  /** Called before each write, and throws where that is to fail. */
  onWrite: (write: Write, key: string | null) => void = () => {};
  onRead: (key: string) => void = () => {};
  /** Called before each read of the disk itself. */
  onUncachedRead: (key: string) => void = () => {};
  onSync: () => Promise<void> = () => Promise.resolve();

  get chunks(): string[] {
    return [...this.values.keys()].filter((key) => key.startsWith("chunk:"));
  }

  /** What the platform passes to an object, as far as its code uses it. */
  ctx(waits: Promise<unknown>[] = []): DurableObjectState {
    const { id } = this;
    const waitUntil = (wait: Promise<unknown>): void => void waits.push(wait);
    return { id, storage: this.#api, waitUntil, exports: {} } as unknown as DurableObjectState;
  }

  get #api(): object {
    const { values } = this;
    const get = (key: string): unknown => {
      this.onRead(key);
      return values.get(key);
    };
    const kv = {
      get,
      put: (key: string, value: unknown) => {
        this.onWrite("put", key);
        values.set(key, structuredClone(value));
      },
      delete: (key: string) => {
        this.onWrite("delete", key);
        return values.delete(key);
      },
      list: ({ prefix }: { readonly prefix: string }) =>
        [...values].filter(([key]) => {
          if (key.startsWith(prefix)) this.onRead(key);
          return key.startsWith(prefix);
        }),
    };
    return {
      kv,
      get: (key: string, { noCache = false }: { readonly noCache?: boolean } = {}) => {
        if (noCache) this.onUncachedRead(key);
        return Promise.resolve(get(key));
      },
      sync: () => this.onSync(),
      setAlarm: (atMs: number) => {
        this.onWrite("setAlarm", null);
        return Promise.resolve(void (this.alarmMs = atMs));
      },
      deleteAll: () => {
        this.onWrite("deleteAll", null);
        values.clear();
        return Promise.resolve(void (this.alarmMs = null));
      },
      transactionSync: (act: () => void) => this.#transaction(act),
    };
  }

  #transaction(act: () => void): void {
    const before = [...this.values];
    try {
      act();
    } catch (error) {
      this.values.clear();
      for (const [key, value] of before) this.values.set(key, value);
      throw error;
    }
  }
}

type Origin = (request: Request, nth: number) => Response | Promise<Response>;

export interface Rig {
  readonly storage: MemoryStorage;
  /** All that was sent to the origin. */
  readonly sent: Request[];
  readonly reported: JournalEvent[];
  /** The log, without the version. */
  readonly lines: () => object[];
  /** What the platform was asked to keep the object for. */
  readonly waits: Promise<unknown>[];
  /** A process of the object. The last one is over. */
  readonly start: () => KeyObject;
}

/** Time is that of the test from now on. */
export function rig(origin: Origin = () => new Response("ok", { status: 201 })): Rig {
  vi.useFakeTimers();
  vi.setSystemTime(NOW_MS);
  onTestFinished(() => void vi.useRealTimers());
  const lines = logged();
  const storage = new MemoryStorage();
  const sent: Request[] = [];
  const reported: JournalEvent[] = [];
  const waits: Promise<unknown>[] = [];
  const fetch = (request: Request): Promise<Response> => {
    sent.push(request);
    return Promise.resolve(origin(request, sent.length));
  };
  const record = (event: JournalEvent): Promise<void> => Promise.resolve(void reported.push(event));
  const start = (): KeyObject => {
    const ctx = storage.ctx(waits);
    const env = {
      ORIGIN: { fetch },
      JOURNALS: { getByName: () => ({ record }) },
      KEYS: { get: (id: unknown) => (id === ctx.id ? object : null) },
    };
    const object = new KeyObject(ctx, env as unknown as Env);
    return object;
  };
  return { storage, sent, reported, lines, waits, start };
}

/** The lines that are logged from now on. */
export function logged(): () => object[] {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  warn.mockClear();
  onTestFinished(() => warn.mockRestore());
  return () =>
    warn.mock.calls.map(([line]) => {
      const { version, ...event } = JSON.parse(String(line)) as { version: unknown };
      expect(version).toBeNull();
      return event;
    });
}

/** An origin that answers nothing, and sees when its connection ends. */
export function silent({ signal }: Request): Promise<Response> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error(`aborted by ${String(signal.reason)}`)));
  });
}

/** Lets `ms` pass, and all that has become possible happen. */
export async function pass(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

export function look(changes: Partial<LookCall> = {}): LookCall {
  return { about: pending.about, request: SAME, policy: POLICY, waitMs: 60_000, journal: JOURNAL, ...changes };
}

/** A request to be executed. */
export function call({
  policy,
  ...changes
}: Partial<Omit<KeyedCall, "policy">> & { policy?: Partial<AttemptPolicy> } = {}): KeyedCall {
  const forward: KeyedCall["forward"] = {
    origin: { kind: "service", binding: "ORIGIN", auth: null },
    url: "https://api.test/v1/charges",
    method: "POST",
    headers: [["content-type", "text/plain"]],
    body: new TextEncoder().encode("a charge"),
    bodyBytes: 8,
  };
  return { ...look(), forward, probe: null, policy: { ...POLICY, ...policy }, ...changes };
}

/** The whole body of a reply. */
export async function textOf(body: Uint8Array | ReadableStream<Uint8Array>): Promise<string> {
  return new Response(body as BodyInit).text();
}
