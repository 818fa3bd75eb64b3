/**
 * Counts what takes processor time in a request, where time itself can't be measured: digests, walks over header fields, objects
 * of the platform that are made, calls to key objects with the size of what crosses, timers, and the size of log lines. The Worker
 * and its objects count alike, because they run in the test's isolate. What Hono does itself is not counted.
 */

import { onTestFinished } from "vitest";
import { KeyObject } from "../../src/key-object/key-object.ts";
import { ShadowObject } from "../../src/key-object/shadow-object.ts";

export interface CostCount {
  /** Calls of `digest`, and of `finish` of a digest stream. */
  digests: number;
  /** Without those of a digest stream. */
  digestBytes: number;
  /** Iterations over all fields of a message. */
  headerWalks: number;
  /** Fields that are looked up by name. */
  headerReads: number;
  headersMade: number;
  requestsMade: number;
  responsesMade: number;
  streamsMade: number;
  urlsParsed: number;
  timers: number;
  abortControllers: number;
  randomIds: number;
  calls: number;
  /** The size of what calls carry to a key object, and of its replies: `sizeOf`, so that no clock changes it. */
  bytesToObject: number;
  bytesFromObject: number;
  logLines: number;
  logBytes: number;
}

const NOTHING: CostCount = {
  digests: 0,
  digestBytes: 0,
  headerWalks: 0,
  headerReads: 0,
  headersMade: 0,
  requestsMade: 0,
  responsesMade: 0,
  streamsMade: 0,
  urlsParsed: 0,
  timers: 0,
  abortControllers: 0,
  randomIds: 0,
  calls: 0,
  bytesToObject: 0,
  bytesFromObject: 0,
  logLines: 0,
  logBytes: 0,
};

/** `called` has the storage of each object that was called: others may still be at work for an earlier test. */
export interface CostCounter {
  /** Since the last call. */
  readonly sum: () => CostCount;
  readonly called: Pick<WeakSet<object>, "has">;
}

/** Counts until the test ends. */
export function countCosts(): CostCounter {
  const called = new WeakSet<object>();
  const count = { ...NOTHING };
  countDigests(count);
  countHeaders(count);
  countMade(count);
  countCalls(count, called);
  countLog(count);
  const sum = (): CostCount => {
    const counted = { ...count };
    Object.assign(count, NOTHING);
    return counted;
  };
  return { sum, called };
}

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Calls `onCall` with the arguments of each call of a method by this project. */
function watch(owner: object, name: string | symbol, onCall: (given: unknown[]) => void): void {
  const method = Reflect.get(owner, name) as Method;
  const watched: Method = function (...given) {
    if (isOfSource()) onCall(given);
    return method.apply(this, given);
  };
  replace(owner, name, watched);
}

/** Whether the code that is watched was called from `src`: the test and its framework use the same platform. */
function isOfSource(): boolean {
  const { prepareStackTrace, stackTraceLimit } = Error;
  // Without the framework's source maps, which take longer than the request.
  Error.stackTraceLimit = FRAMES;
  Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFileName() ?? "");
  const files = new Error("where").stack as unknown as string[];
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  const caller = files.find((file) => file !== "" && !file.includes(OWN_FILE));
  return caller?.includes("/src/") === true;
}

/** This function, what watches, and who called that. */
const FRAMES = 5;
const OWN_FILE = "/cost-count.ts";

function countDigests(count: CostCount): void {
  watch(SubtleCrypto.prototype, "digest", ([, bytes]) => {
    count.digests++;
    count.digestBytes += (bytes as Uint8Array).byteLength;
  });
  const made = crypto.DigestStream;
  class Counted extends made {
    constructor(...given: ConstructorParameters<typeof made>) {
      super(...given);
      if (isOfSource()) count.digests++;
    }
  }
  replace(crypto, "DigestStream", Counted);
}

function countHeaders(count: CostCount): void {
  for (const name of ["get", "has", "getSetCookie"]) watch(Headers.prototype, name, () => void count.headerReads++);
  for (const name of [Symbol.iterator, "entries", "keys", "values", "forEach"]) {
    watch(Headers.prototype, name, () => void count.headerWalks++);
  }
}

const MADE = {
  Headers: "headersMade",
  Request: "requestsMade",
  Response: "responsesMade",
  ReadableStream: "streamsMade",
  IdentityTransformStream: "streamsMade",
  FixedLengthStream: "streamsMade",
  URL: "urlsParsed",
  AbortController: "abortControllers",
} as const;

function countMade(count: CostCount): void {
  for (const [name, figure] of Object.entries(MADE)) {
    const original = Reflect.get(globalThis, name) as new () => object;
    const counted = new Proxy(original, {
      construct(target, given, newTarget) {
        if (isOfSource()) count[figure]++;
        return Reflect.construct(target, given, newTarget);
      },
    });
    replace(globalThis, name, counted);
  }
  watch(URL, "parse", () => void count.urlsParsed++);
  watch(globalThis, "setTimeout", () => void count.timers++);
  watch(AbortSignal, "timeout", () => void count.timers++);
  watch(crypto, "randomUUID", () => void count.randomIds++);
}

function countCalls(count: CostCount, called: WeakSet<object>): void {
  const countOf = (owner: object, name: string): void => {
    const original = Reflect.get(owner, name) as Method;
    replace(owner, name, async function (this: unknown, ...given: unknown[]) {
      const { storage } = Reflect.get(Object(this), "ctx") as DurableObjectState;
      for (const one of [storage, storage.kv, storage.sql]) called.add(one);
      count.calls++;
      for (const one of given) count.bytesToObject += sizeOf(one);
      const reply = await original.apply(this, given);
      count.bytesFromObject += sizeOf(reply);
      return reply;
    });
  };
  for (const name of ["submit", "look"]) countOf(KeyObject.prototype, name);
  for (const name of ["observe", "observed"]) countOf(ShadowObject.prototype, name);
}

function countLog(count: CostCount): void {
  for (const name of ["log", "warn"]) {
    watch(console, name, ([line]) => {
      // Refusals of unknown hostnames are logged together, seconds later.
      if (Object(JSON.parse(String(line))).tenant === null) return;
      count.logLines++;
      count.logBytes += sizeOf(JSON.parse(String(line)));
    });
  }
}

function replace(owner: object, name: string | symbol, value: unknown): void {
  const original = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { value, configurable: true, writable: true });
  onTestFinished(() => {
    if (original === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, original);
  });
}

/** What a number takes: times and durations must not count by their digits. */
const NUMBER_BYTES = 8;

/** Of names, texts and bytes, with a few bytes for each value. A stream crosses on its own. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value === "number") return NUMBER_BYTES;
  if (value instanceof Uint8Array) return value.byteLength + 2;
  if (typeof value !== "object" || value === null || value instanceof ReadableStream) return 1;
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + sizeOf(one), 2);
  return Object.entries(value).reduce((sum, [name, one]) => sum + name.length + 2 + sizeOf(one), 2);
}
