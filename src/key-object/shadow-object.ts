/**
 * The Durable Object that owns one shadow record: what the record of a key would be if its requests were not only observed
 * (docs/protocol.md 3.12). A class of its own, so that no key object ever answers from a shadow, and no shadow from a record. It
 * stores neither requests nor answers: a `completed` shadow has the status of an answer, and nothing else of it.
 */

import { DurableObject } from "cloudflare:workers";
import { type LookCall } from "../call/call.ts";
import { log } from "../log.ts";
import { type AlarmTimes, decideAlarm, deletionMs } from "../record/decide-alarm.ts";
import { type ShadowDecision, concludeShadow, decideShadow } from "../record/observe.ts";
import {
  type Attempt,
  type KeyRecord,
  type RecordPolicy,
  type UnreadableRecord,
  unreachable,
} from "../record/record.ts";
import { type Conclusion, beginAttempt } from "../record/transition.ts";
import { WATCHDOG_GRACE_MS, carryOutAlarm, runAlarm } from "./record-alarm.ts";
import { RecordStore } from "./record-store.ts";

/** A request that passes through, as far as its shadow needs it. */
export interface ObserveCall extends Pick<LookCall, "about" | "request"> {
  readonly policy: RecordPolicy;
  readonly mayProbe: boolean;
}

/** `attempt` is set where the request would be executed. The shadow then expects its end in `observed`. */
export interface Observation {
  readonly decision: ShadowDecision;
  readonly attempt: Attempt | null;
}

export interface ObservedEnd {
  readonly attempt: Attempt;
  readonly conclusion: Conclusion;
  readonly policy: Pick<RecordPolicy, "ttlMs" | "unknownTtlMs">;
}

export class ShadowObject extends DurableObject<Env> {
  readonly #store: RecordStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RecordStore(ctx.storage);
  }

  /** A request has arrived. Returns what would happen to it, and records it if it would be executed. */
  observe({ about, request, policy, mayProbe }: ObserveCall): Observation {
    const nowMs = Date.now();
    const decision = decideShadow({ record: this.#record, request, policy, mayProbe, nowMs });
    if (decision.action !== "execute") return { decision, attempt: null };
    const attempt = { number: decision.attemptNumber, id: crypto.randomUUID() };
    this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);
    this.#store.write(beginAttempt({ about, request, attempt }, policy, nowMs));
    return { decision, attempt };
  }

  /** The request of `attempt` has been answered. */
  observed({ attempt, conclusion, policy }: ObservedEnd): void {
    const transition = concludeShadow(this.#record, { attempt, policy }, conclusion, Date.now());
    switch (transition.action) {
      case "write":
        this.#setAlarm(deletionMs(transition.record));
        this.#store.write(transition.record);
        break;
      case "forget":
        this.ctx.waitUntil(this.#store.forget());
        break;
      case "stale":
        // It ended after its own deadline, and a later request has replaced it.
        break;
      default:
        unreachable(transition);
    }
  }

  /** The watchdog of a request that was never concluded, and the end of the shadow's term. */
  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return runAlarm(this.ctx.storage, info, (times) => this.#actOnAlarm(times), logFailedAlarm);
  }

  #actOnAlarm(times: AlarmTimes): Promise<void> | void {
    const record = this.#record;
    // A shadow protects nothing from running twice, so there is no reason to keep one that can't be read.
    if (record?.state === "unreadable") return this.#store.forget();
    return carryOutAlarm(decideAlarm(record, null, times), this.ctx.storage, {
      forget: () => this.#store.forget(),
      write: (aged) => this.#store.write(aged),
    });
  }

  get #record(): KeyRecord | UnreadableRecord | null {
    return this.#store.load()?.record ?? null;
  }

  /** The promise is for errors, which reset the object by themselves. */
  #setAlarm(atMs: number): void {
    this.ctx.waitUntil(this.ctx.storage.setAlarm(atMs));
  }
}

function logFailedAlarm(why: string): void {
  log({ event: "observe_failed", why: `alarm: ${why}` });
}
