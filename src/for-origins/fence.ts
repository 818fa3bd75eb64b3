/** The fence of an origin: of all attempts with one key, one has its effect, and a probe gets the truth (docs/protocol.md 5.7). */

import { unreachable } from "../record/record.ts";
import { type RequestHead } from "./attempt.ts";
import { NOT_ENDED } from "./entry.ts";
import { type Answer, type Final, type NotExecuted, type Outcome } from "./outcome.ts";
import { answerOf, notExecuted, probedAnswer, unknown } from "./outcome.ts";
import { type GatewayRules, type RunFacts, readProbe, readRun } from "./reading.ts";
import { type AsyncStore, type Store, type SyncStore } from "./store.ts";
import { type Act, act, conclude, end, fenceBelow, settle, start } from "./transactions.ts";

export interface FenceOptions<S> extends GatewayRules {
  readonly store: S;
}

/** An effect in the transaction of a `SyncStore`. It can't be asynchronous: the transaction would be over before it. */
export type SyncEffect<Tx> = (tx: Tx, facts: RunFacts) => Final | NotExecuted;

/** An effect in the transaction of an `AsyncStore`. */
export type AsyncEffect<Tx> = (tx: Tx, facts: RunFacts) => Promise<Final | NotExecuted>;

type Effect<Tx> = (tx: Tx, facts: RunFacts) => ReturnType<Act<Tx>>;

/** An effect outside of the store, such as a card network's. */
export type OutsideEffect = (facts: RunFacts) => Promise<Outcome>;

/** What a request does not carry in a header. */
export interface RunOptions {
  /** The key, where the app reads it from elsewhere than a header: as the gateway writes it, unquoted (docs/protocol.md 3.4). */
  readonly key?: string;
}

/** Runs effects once, and answers probes about them. Made by `createFence`. */
export interface Fence<E> {
  /**
   * Runs `effect` in a transaction that also stores its answer, unless a probe or a later attempt has fenced this one. An attempt
   * under a key that has its answer gets that again. With `notExecuted`, all that `effect` wrote is rolled back.
   *
   * Resolves with the answer to send. Rejects with what `effect` or the store throws: answer that as `unknown`.
   * A request without `Oncegate-Attempt` did not come with a key through the gateway, and runs without a fence.
   */
  run(request: RequestHead, effect: E, options?: RunOptions): Promise<Answer>;
  /**
   * Runs an `effect` that no transaction can hold. That it has begun is durable before, and its answer after. In between, and for
   * good where it rejects or the process dies, probes and attempts get `unknown`; `conclude` ends that.
   */
  runOutside(request: RequestHead, effect: OutsideEffect, options?: RunOptions): Promise<Answer>;
  /**
   * For an effect outside that broke off, once you know what it came to: `facts` are those it was given. False, and nothing is
   * changed, where this attempt is not the one that has begun.
   */
  conclude(facts: Pick<RunFacts, "id" | "attempt">, outcome: Final | NotExecuted): Promise<boolean>;
  /**
   * Answers a probe: the stored answer, or `not-executed`, which fences the attempt and all before it, for ever, or `unknown`. Null where
   * the request is not a GET of the probe's path. Rejects with what the store throws.
   */
  probe(request: RequestHead): Promise<Answer | null>;
}

/** Throws a TypeError where `probe` has not one `{key}`, or `basePath` ends with a slash. */
export function createFence<Tx>(options: FenceOptions<SyncStore<Tx>>): Fence<SyncEffect<Tx>>;
export function createFence<Tx>(options: FenceOptions<AsyncStore<Tx>>): Fence<AsyncEffect<Tx>>;
export function createFence<Tx>(options: FenceOptions<Store<Tx>>): Fence<Effect<Tx>> {
  const { store, probe, basePath } = options;
  if (probe.split("{key}").length !== 2) throw new TypeError("the probe of a fence is a path with one {key}");
  if (basePath?.endsWith("/") === true) throw new TypeError("the basePath of a fence does not end with a slash");
  return {
    run: (request, effect, { key = null } = {}) => run(options, request, effect, key),
    runOutside: (request, effect, { key = null } = {}) => runOutside(options, request, effect, key),
    conclude: async ({ id, attempt }, outcome) =>
      id !== null && attempt !== null && (await conclude(store, { id, attempt }, outcome)),
    probe: (request) => answerProbe(options, request),
  };
}

type Options<Tx> = FenceOptions<Store<Tx>>;

async function run<Tx>(
  options: Options<Tx>,
  head: RequestHead,
  effect: Effect<Tx>,
  key: string | null,
): Promise<Answer> {
  const { store } = options;
  const reading = await readRun(head, options, key);
  switch (reading.kind) {
    case "invalid":
      return answerOf(notExecuted(reading.why));
    case "unfenced":
      return plainAnswer(await act(store, null, (tx) => effect(tx, reading.facts)), reading.facts);
    case "fenced": {
      const { facts } = reading;
      // Before the effect, and whatever becomes of it: the gateway has given up all attempts before this one.
      await fenceBelow(store, facts);
      return answerOf(await act(store, facts, (tx) => effect(tx, facts)));
    }
    default:
      return unreachable(reading);
  }
}

async function runOutside<Tx>(
  options: Options<Tx>,
  head: RequestHead,
  effect: OutsideEffect,
  key: string | null,
): Promise<Answer> {
  const { store } = options;
  const reading = await readRun(head, options, key);
  switch (reading.kind) {
    case "invalid":
      return answerOf(notExecuted(reading.why));
    case "unfenced":
      return plainAnswer(await effect(reading.facts), reading.facts);
    case "fenced": {
      const { facts } = reading;
      const refusal = await start(store, facts);
      return answerOf(refusal ?? (await end(store, facts, await effect(facts))));
    }
    default:
      return unreachable(reading);
  }
}

async function answerProbe<Tx>(options: Options<Tx>, head: RequestHead): Promise<Answer | null> {
  const reading = await readProbe(head, options);
  if (reading === null) return null;
  if (reading.kind === "invalid") return answerOf(unknown(reading.why));
  const { facts } = reading;
  const settled = await settle(options.store, facts);
  switch (settled.kind) {
    case "answered":
      return probedAnswer(settled.answer);
    case "started":
      return answerOf(NOT_ENDED);
    case "fenced": {
      const body = JSON.stringify({ object: "fence", idempotency_key: facts.key, attempt: facts.attempt });
      return answerOf(notExecuted({ status: 200, headers: { "Content-Type": "application/json" }, body: `${body}\n` }));
    }
    default:
      return unreachable(settled);
  }
}

/** A client that did not come through the gateway gets no headers that are meant for it. */
function plainAnswer(outcome: Outcome, { attempt }: RunFacts): Answer {
  return attempt === null ? outcome.answer : answerOf(outcome);
}
