/** One key under test: its client, its origin, its object, and the history that the invariants are checked against. */

import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, vi } from "vitest";
import { KeyObject } from "../../../src/index.ts";
import { type Entry, clientOf, uniqueKey } from "../../support/gateway.ts";
import { AlarmOfItsOwnTime, alarmOf, chunkKeysIn, objectOf, runAlarmOf } from "../../support/records.ts";
import { setClock } from "./clock.ts";
import { type Event, type Rules, type Seen, type Stored, violationsOf } from "./invariants.ts";
import { RAN, StagedOrigin } from "./staged-origin.ts";
import { newTimeOut, pass, recall } from "./time-outs.ts";

const PATH = "/v1/charges";
const workersDead = new Set<string>();

// A Worker that died with its object never looks what has become of its call.
const look = KeyObject.prototype.look;
vi.spyOn(KeyObject.prototype, "look").mockImplementation(function (this: KeyObject, call) {
  if (workersDead.has(call.about.key)) throw new Error("nobody looks any more");
  return look.call(this, call);
});

const marked = new WeakSet<KeyObject>();

const ANSWER_WAIT_MS = 40_000;

/** The platform gives up on an alarm that has failed as often again. */
const ALARM_RETRIES_MAX = 6;

/** A retry is short of its wait, so that a test that hangs says where. */
const POLICY = { wait: "5s", probe: "/v1/idempotency/{key}", max_attempts: 3 };

export type OnUnknown = Rules["onUnknown"];

export type Interruption = "crash" | "eviction" | "none";

/** A row as a look at the storage shows it; nulls where there is none. */
interface Row extends Stored {
  /** The end of the term; the length of the next one where the row is `pending`. */
  readonly termMs: number | null;
  /** Whether only the key is left. */
  readonly isExpired: boolean;
}

type RowColumns = {
  state: string;
  term_ms: number;
  attempt_id: string;
  chunks: number;
  body: Uint8Array | null;
  cause: string | null;
};

const RESTING = new Set(["unknown", "completed", "tombstone"]);

export class Rig {
  readonly key = uniqueKey();
  readonly history: Event[] = [];
  readonly origin = new StagedOrigin(this.key, this.history);
  readonly rules: Rules;
  /** Requests that have no answer yet. */
  readonly open: Promise<Seen>[] = [];
  readonly #timeOutMs = newTimeOut();
  readonly #client: ReturnType<typeof clientOf>;

  /** Makes the bodies of requests larger. */
  padding = "";

  /** Whether each step ends with a look at the storage. Such a look counts as an operation that may fail. */
  looks = true;

  constructor(onUnknown: OnUnknown, policy: Entry = {}, { keepsAnswer = true, streams = false } = {}) {
    const remembers = policy["remember"] !== undefined;
    this.rules = { onUnknown, maxAttempts: POLICY.max_attempts, keepsAnswer, streams, remembers };
    this.#client = clientOf({ origin_timeout: `${this.#timeOutMs}ms`, ...POLICY, ...policy, on_unknown: onUnknown });
  }

  /** Sends a request and takes down its answer. */
  async ask(body: Seen["body"] = "same", headers: Record<string, string> = {}): Promise<Seen> {
    const content = { amount: body === "same" ? 1 : 2, padding: this.padding };
    const answer = this.#client.post(PATH, { key: this.key, json: content, headers });
    const response = await Promise.race([answer, scheduler.wait(ANSWER_WAIT_MS)]);
    if (response === undefined) throw new Error(`no answer within ${ANSWER_WAIT_MS} ms; ${this.#story()}`);
    const seen = await seenOf(response, body);
    this.history.push({ what: "answered", ...seen });
    if (this.looks) await this.look();
    return seen;
  }

  /** Sends a request whose attempt, or whose probe, the origin holds. */
  async startAndStop(method: "POST" | "GET" = "POST"): Promise<void> {
    this.origin.stopAt("received", method);
    this.open.push(this.ask());
    await this.origin.stopped();
  }

  /** Nothing has come from the origin within `origin_timeout`. */
  timeOut(): void {
    pass(this.#timeOutMs);
  }

  /** Lets everything that runs come to its end. */
  async settled(): Promise<Seen[]> {
    this.origin.goOn();
    return Promise.all(this.open.splice(0));
  }

  /** Calls reach an object in order, so this one's answer shows that all before it have arrived. */
  async allJoined(): Promise<void> {
    expect((await this.ask("same", { prefer: "wait=0" })).code).toBe("in_flight");
  }

  /** Whether the Worker dies with its object, so that nobody learns what became of a call. */
  set workerDies(dies: boolean) {
    if (dies) workersDead.add(this.key);
    else workersDead.delete(this.key);
  }

  /** A fresh stub each time: one is broken after its object died. */
  object(): Promise<DurableObjectStub<KeyObject>> {
    return objectOf(this.key, PATH);
  }

  /** The process of all objects dies. */
  async crash(): Promise<void> {
    await abortAllDurableObjects();
  }

  /** What happens to the object at the point under test. */
  interruption: Interruption = "crash";
  readonly evictions: Promise<void>[] = [];

  /** An eviction waits for what runs, so the origin goes on; `none` does the same without it. */
  async interrupt(): Promise<void> {
    if (this.interruption === "crash") return this.crash();
    if (this.interruption === "eviction") this.evictions.push(evictDurableObject(await this.object()));
    this.origin.goOn();
  }

  /** Marks the present instance of the object. The next one has no mark. */
  async mark(): Promise<void> {
    await runInDurableObject(await this.object(), (instance) => void marked.add(instance));
  }

  async isMarked(): Promise<boolean> {
    return runInDurableObject(await this.object(), (instance) => marked.has(instance));
  }

  /** Resolves when every eviction is over. */
  async evicted(): Promise<void> {
    await Promise.all(this.evictions.splice(0));
  }

  async row(): Promise<Row> {
    return runInDurableObject(await this.object(), async (_, { storage }) => {
      const row = storage.kv.get<RowColumns>("record");
      const alarmMs = await storage.getAlarm();
      const isExpired = row?.cause === "expired";
      const stored = { state: row?.state ?? null, termMs: row?.term_ms ?? null, isExpired, alarmMs };
      return { ...stored, overdueMs: overdueMs(row, alarmMs), strays: straysIn(storage, row) };
    });
  }

  async look(what: "looked" | "ended" = "looked"): Promise<void> {
    const { termMs: _, isExpired: __, ...stored } = await this.row();
    this.history.push({ what, ...stored });
  }

  /** The alarm as the platform runs it: it is retried until it has run without an error. */
  async runAlarm(): Promise<void> {
    const firedMs = await alarmOf(await this.object());
    if (firedMs === null) return;
    for (let retryCount = 0; retryCount <= ALARM_RETRIES_MAX; retryCount++) {
      const run = runAlarmOf(await this.object(), firedMs, retryCount);
      if (await run.then(() => true, unlessItsOwnTime)) break;
      this.beforeAlarmRetry(retryCount + 1);
    }
    if (this.looks) await this.look();
  }

  /** Called before each retry of the alarm. */
  beforeAlarmRetry: (retry: number) => void = () => undefined;

  /** From here on nothing fails, and nothing is held up. */
  heal(): void {
    this.origin.goOn();
    this.origin.answers = RAN;
    this.origin.says = "unknown";
    this.workerDies = false;
    recall(this.#timeOutMs);
    this.history.push({ what: "healed" });
  }

  /** Whether the origin may have executed the request in the record's present term. */
  get mayHaveRun(): boolean {
    const ends = this.history.flatMap(({ what }, index) => (what === "term over" ? [index] : []));
    const since = this.rules.remembers === true && ends.length === 1 ? -1 : (ends.at(-1) ?? -1);
    return this.history.slice(since + 1).some((event) => event.what === "received" && event.ran);
  }

  /** The clock goes past the end of the record's term, whatever that is. */
  async passTerm(): Promise<void> {
    const { alarmMs } = await this.row();
    setClock(Math.max(Date.now(), alarmMs ?? 0));
    this.history.push({ what: "term over" });
  }

  /**
   * Lets alarm after alarm come, each at its time. Three must do: the watchdog, the end of the term, and one more; a remembered
   * key has one of its own.
   */
  async untilEnd(): Promise<void> {
    for (let alarms = 0; alarms < (this.rules.remembers === true ? 4 : 3); alarms++) {
      const { alarmMs } = await this.row();
      if (alarmMs === null) break;
      setClock(Math.max(Date.now(), alarmMs));
      await this.runAlarm();
    }
    await this.look("ended");
  }

  violations(): string[] {
    return violationsOf(this.history, this.rules);
  }

  #story(): string {
    return JSON.stringify(this.history);
  }
}

/** A `pending` row has no term yet, and one that can't be read never ends by itself. */
function overdueMs(row: RowColumns | undefined, alarmMs: number | null): number | null {
  const hasTerm = row !== undefined && RESTING.has(row.state);
  return hasTerm && alarmMs !== null ? alarmMs - Math.max(row.term_ms, Date.now()) : null;
}

/** An alarm that fails by itself is retried. One that would never come again is a fault of the gateway. */
function unlessItsOwnTime(error: unknown): false {
  if (error instanceof AlarmOfItsOwnTime) throw error;
  return false;
}

/**
 * An unfinished answer may have left chunks, as long as the row names its attempt. A kept one has as many as its row says, and one
 * that has expired nothing at all.
 */
function straysIn(storage: DurableObjectStorage, row: RowColumns | undefined): number {
  if (row?.cause === "expired") return chunkKeysIn(storage).length + (row.body === null ? 0 : 1);
  const own = row === undefined ? "none" : `chunk:${row.attempt_id}:`;
  return chunkKeysIn(storage).filter((key) => {
    const isOwn = key.startsWith(own);
    return row?.state === "completed" ? !isOwn || Number(key.slice(own.length)) >= row.chunks : !isOwn;
  }).length;
}

async function seenOf(response: Response, body: Seen["body"]): Promise<Seen> {
  const mark = response.headers.get("idempotency-status")?.split(";")[0] ?? null;
  const { status } = response;
  // A connection that breaks is one of the things that happen here.
  const text = await response.text().catch(() => null);
  const isProblem = response.headers.get("content-type") === "application/problem+json";
  const code = isProblem && text !== null ? (JSON.parse(text) as { code: string }).code : null;
  return { body, status, mark, code, content: text };
}
