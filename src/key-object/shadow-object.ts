/**
 * The Durable Object that owns one shadow record: what the record of a key would be if requests were not only observed
 * (docs/protocol.md 3.12). A class of its own, so that no key object can ever come to answer from it, nor it from a record.
 * It holds neither requests nor answers: a shadow that is `completed` has the status of an answer, and nothing else of it.
 */

import { DurableObject } from "cloudflare:workers";
import { type LookCall, identityIn } from "../call/call.ts";
import { log } from "../log.ts";
import { RecordStore } from "./record-store.ts";
import { decideAlarm } from "../record/decide.ts";
import { type Would, concludeObserved, wouldBecome } from "../record/observe.ts";
import { type Attempt, type RecordPolicy, unreachable } from "../record/record.ts";
import { type Conclusion, begin } from "../record/transition.ts";

/** A request that passes through, as far as its shadow needs it. */
export interface ObserveCall extends Pick<LookCall, "about" | "request"> {
  readonly policy: RecordPolicy;
  readonly mayProbe: boolean;
}

/** `attempt` is there where the request would be executed: the shadow then waits to be told what became of it. */
export interface Observation {
  readonly would: Would;
  readonly attempt: Attempt | null;
}

export interface ObservedEnd {
  readonly attempt: Attempt;
  readonly conclusion: Conclusion;
  readonly policy: Pick<RecordPolicy, "ttlMs" | "unknownTtlMs">;
}

/** How long past `origin_deadline` a request that was never concluded is taken for lost. */
const WATCHDOG_GRACE_MS = 15_000;

/** The platform drops an alarm that has failed seven times; the last try sets a new one instead of failing. */
const ALARM_RETRIES_MAX = 5;
const ALARM_AGAIN_MS = 60 * 60 * 1000;

export class ShadowObject extends DurableObject<Env> {
  readonly #store: RecordStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RecordStore(ctx.storage);
  }

  /** A request has come. Says what would become of it, and remembers it if it would be executed. */
  observe(call: ObserveCall): Observation {
    const { about, policy, mayProbe } = call;
    const request = identityIn(call);
    const nowMs = Date.now();
    const would = wouldBecome({ record: this.#store.load(), request, policy, mayProbe, nowMs });
    if (would.would !== "execute") return { would, attempt: null };
    const attempt = { number: would.attemptNumber, id: crypto.randomUUID() };
    this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);
    this.#store.write(begin({ about, request, attempt }, policy, nowMs));
    return { would, attempt };
  }

  /** The request of `attempt` has been answered. */
  observed({ attempt, conclusion, policy }: ObservedEnd): void {
    const transition = concludeObserved(this.#store.load(), attempt, conclusion, policy, Date.now());
    switch (transition.action) {
      case "write":
        this.#setAlarm(transition.record.expiresAtMs);
        this.#store.write(transition.record);
        break;
      case "forget":
        this.ctx.waitUntil(this.#store.forget());
        break;
      case "stale":
        // It came after its own deadline, and a later request stands in its place.
        break;
      default:
        unreachable(transition);
    }
  }

  /** The watchdog of a request that was never concluded, and the end of the shadow's term. */
  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    try {
      await this.#decideAlarm();
    } catch (error) {
      if ((info?.retryCount ?? 0) < ALARM_RETRIES_MAX) throw error;
      log({ event: "observe_failed", why: `alarm: ${String(error)}` });
      await this.ctx.storage.setAlarm(Date.now() + ALARM_AGAIN_MS);
    }
  }

  #decideAlarm(): Promise<void> | void {
    const record = this.#store.load();
    // It stands for nothing that may run twice, so there is nothing to keep it for.
    if (record?.state === "unreadable") return this.#store.forget();
    const decision = decideAlarm(record, null, Date.now());
    switch (decision.action) {
      case "nothing":
        return;
      case "forget":
        return this.#store.forget();
      case "mark unknown":
        this.#store.write(decision.record);
        return this.ctx.storage.setAlarm(decision.atMs);
      case "look again":
        return this.ctx.storage.setAlarm(decision.atMs);
      default:
        return unreachable(decision);
    }
  }

  /** The promise is for errors, which reset the object by themselves. */
  #setAlarm(atMs: number): void {
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }
}
