/**
 * What must hold whatever happens (docs/protocol.md 2), restated here: only types come from src. The object under
 * exploration reports each effect here; an effect that breaks a promise throws.
 */

import { type Decision } from "../../src/record/decide.ts";
import { type Past, type RequestName, type State, hasRecord } from "./state.ts";
import { identityOf, type WorldPolicy } from "./world.ts";

/** A promise that is broken, in words. */
export class Violation extends Error {}

/** What a client learns: the text of a final answer, or a code. `released` claims that nothing ran. */
export type Reply = { readonly answer: string } | { readonly code: string };

/** The codes of requests that were not carried out: one waited too long, an object failed, a body did not arrive. */
const CLAIMS_NOTHING: ReadonlySet<string> = new Set(["in_flight", "failed", "body_timeout"]);

/** An alarm that came early is set again for a little after its time. */
const ALARM_STEP_MS = 1000;

/** The watchdog of an attempt, of which only the alarm may have been written. */
const WATCHDOG_MS = 30_000;

interface Named {
  readonly id: string;
  readonly request: RequestName;
}

export class PastKeeper {
  #spent: Past["spent"];
  #final: Past["final"];
  readonly #nowMs: number;

  /** What counts at `nowMs`: a key whose term is over begins anew. */
  constructor({ past, nowMs }: State) {
    this.#nowMs = nowMs;
    this.#spent = past.spent.filter(({ freeFromMs }) => freeFromMs === null || nowMs < freeFromMs);
    this.#final = past.final;
  }

  get past(): Past {
    return { spent: this.#spent, final: this.#final };
  }

  /** The final answer whose term lasts. After it, the same answer may still be given until the record is gone. */
  get #lasting(): Past["final"] {
    return this.#final !== null && this.#nowMs < this.#final.untilMs ? this.#final : null;
  }

  get mayHaveRun(): boolean {
    return this.#spent.length > 0;
  }

  /** The object has decided about a request. */
  decided(decision: Decision, request: RequestName, policy: WorldPolicy): void {
    const owner = this.#spent.at(-1)?.request;
    const acts = ["execute", "join", "replay", "probe"].includes(decision.action);
    if (owner !== undefined && acts && !isSame(owner, request)) {
      throw new Violation(
        `P5, P4: "${request}" differs from "${owner}", whose key it is, and the decision is to ${decision.action}`,
      );
    }
    if (policy.isOnHold && (decision.action === "execute" || decision.action === "probe")) {
      throw new Violation(`4.6: a request on hold leads to ${decision.action}`);
    }
    if (decision.action !== "execute" || !this.mayHaveRun) return;
    if (this.#lasting !== null) throw new Violation("P1: it executes again, though a final answer is stored");
    if (policy.onUnknown !== "retry") throw new Violation("P1: it executes again, though an attempt may have run");
    if (this.#spent.length >= policy.maxAttempts)
      throw new Violation("P1: it makes more attempts than the policy allows");
  }

  forwarded(id: string, request: RequestName): void {
    if (this.#lasting === null) this.#final = null;
    this.#spent = [...this.#spent, { id, request, freeFromMs: null }];
  }

  /** The origin has shown that these attempts did not run, and never will. */
  disproved(ids: readonly string[]): void {
    // What an operator has settled stays, whatever the origin answers later.
    if (this.#lasting !== null) return;
    this.#spent = this.#spent.filter(({ id }) => !ids.includes(id));
  }

  /** From now on the outcome counts as unknown, at the latest: the process has died, or no answer came in time. */
  lost({ unknownTtlMs, rememberMs }: WorldPolicy): void {
    const freeFromMs = this.#nowMs + unknownTtlMs + rememberMs;
    this.#spent = this.#spent.map((one) => (one.freeFromMs === null ? { ...one, freeFromMs } : one));
  }

  /**
   * A final outcome of the attempt is committed. `answer` is null where the key is used and no answer is stored. An attempt may end
   * after the term of its unknown record, and then the key is its own again.
   */
  concluded(answer: string | null, { id, request }: Named, { ttlMs, rememberMs }: WorldPolicy): void {
    const untilMs = this.#nowMs + ttlMs;
    const all = this.#spent.some((one) => one.id === id) ? this.#spent : [...this.#spent, { id, request }];
    const freeFromMs = untilMs + rememberMs;
    this.#spent = all.map((one) => ({ id: one.id, request: one.request, freeFromMs }));
    if (this.#lasting !== null && this.#lasting.answer !== answer) {
      throw new Violation(`P2: "${this.#lasting.answer}" is stored, and "${answer ?? "nothing"}" replaces it`);
    }
    this.#final = answer === null ? null : { answer, untilMs, given: this.#lasting?.given ?? false };
  }

  /** An operator says that nothing ran, or frees the key. */
  freed(): void {
    this.#spent = [];
    this.#final = null;
  }

  /** An operator has erased the answer. */
  erased(): void {
    this.#final = null;
  }

  /** A version that is newer has written the record: no term of it can be read. */
  unreadable(): void {
    this.#spent = this.#spent.map((one) => ({ ...one, freeFromMs: null }));
    this.#final = null;
  }

  replied(request: RequestName, reply: Reply): void {
    const owner = this.#spent.at(-1)?.request;
    const isOwn = owner === undefined || isSame(owner, request);
    if ("answer" in reply) {
      if (!isOwn) throw new Violation(`P4: "${request}" gets the answer of "${owner}"`);
      if (this.#final === null) throw new Violation("P3: an answer is given that is not stored");
      if (this.#final.answer !== reply.answer) {
        throw new Violation(`P2: "${reply.answer}" is given where "${this.#final.answer}" is stored`);
      }
      this.#final = { ...this.#final, given: true };
      return;
    }
    if (reply.code === "released" && this.mayHaveRun) {
      throw new Violation("P6: a client learns that nothing ran, and an attempt may have run");
    }
    if (this.#lasting?.given === true && isOwn && !CLAIMS_NOTHING.has(reply.code)) {
      throw new Violation(`P2: "${this.#lasting.answer}" was given, and an equal request gets ${reply.code}`);
    }
  }
}

function isSame(a: RequestName, b: RequestName): boolean {
  const [one, two] = [identityOf(a, "bytes"), identityOf(b, "bytes")];
  return one.plain === two.plain && one.caller === two.caller;
}

/** What must hold in each state, between the steps. */
export function assertState(state: State): void {
  const { stored, chunks, alarmMs, running, waiting, past, nowMs } = state;
  if ((stored !== undefined || chunks.length > 0) && alarmMs === null)
    throw new Violation("a record has no alarm that will end it");
  for (const key of chunks) if (!isNamed(key, stored)) throw new Violation(`${key} is stored, and no record names it`);
  const term = stored === undefined ? null : endOfTerm(stored);
  if (
    running === null &&
    alarmMs !== null &&
    term !== null &&
    alarmMs > Math.max(Math.max(term, state.firedMs ?? 0) + ALARM_STEP_MS, nowMs + WATCHDOG_MS)
  ) {
    throw new Violation("the alarm of a record comes after its term");
  }
  const counts = past.spent.some(({ freeFromMs }) => freeFromMs === null || nowMs < freeFromMs);
  if (!hasRecord(stored) && running === null && counts) {
    throw new Violation("P1: the key is free, and an attempt may have run");
  }
  if (running === null && waiting.length > 0)
    throw new Violation("P7: a request waits for something that does not run");
}

/** By the record's attempt, or as what was left of one that was undone. */
function isNamed(chunk: string, stored: object = {}): boolean {
  const { attempt_id: attemptId, abandoned } = stored as Record<string, unknown>;
  return chunk.startsWith(`chunk:${String(attemptId)}:`) || chunk.startsWith(`chunk:${String(abandoned)}:`);
}

/** Null for a record that waits for its attempt, and for one that can't be read. */
function endOfTerm(stored: object): number | null {
  const { format, state, term_ms: termMs } = stored as Record<string, unknown>;
  return format === 1 && state !== "pending" ? Number(termMs) : null;
}
