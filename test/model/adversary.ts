/** Everything that may happen next in a state, with its name. The order of what is under way is free, and nothing must happen. */

import { type AnswerSigns, classify } from "../../src/record/classify.ts";
import { type Command } from "../../src/record/operate.ts";
import { UNREAD_BODY } from "../../src/record/outcome-rule.ts";
import { type BodyEnd, type Conclusion, conclusionOf } from "../../src/record/transition.ts";
import { type Arriving, ObjectStep, answerNamed } from "./object.ts";
import { type Forward, type Left, type RunningAttempt, type State, REQUESTS, hasRecord } from "./state.ts";
import { type World } from "./world.ts";

export interface Event {
  readonly name: string;
  readonly state: State;
}

/** How far the clock is set back: less than any term, so that it matters when. */
const SET_BACK_MS = 15_000;

const MOST_WRITES_IN_A_STEP = 2;

export class Adversary {
  readonly #world: World;
  readonly #state: State;
  readonly #events: Event[] = [];
  /** The event that is being tried, for the trace of one that breaks a promise at once. */
  trying = "";

  constructor(world: World, state: State) {
    this.#world = world;
    this.#state = state;
  }

  events(): Event[] {
    this.#clients();
    this.#origin();
    this.#process();
    this.#clock();
    this.#operator();
    return this.#events;
  }

  /** The step `act`, once as it is, and once for each of its writes that may fail. */
  #step(name: string, from: State, act: (object: ObjectStep) => void, firedMs: number | null = null): void {
    this.trying = name;
    const object = new ObjectStep(this.#world, from, { firedMs });
    act(object);
    this.#events.push({ name, state: object.state });
    if (from.left.failedWrites === 0) return;
    for (let failing = 1; failing <= MOST_WRITES_IN_A_STEP; failing++) {
      const failed = new ObjectStep(this.#world, spend(from, "failedWrites"), { firedMs, failing });
      this.trying = `${name}; its write ${failing} fails`;
      act(failed);
      if (failed.hasFailed) this.#events.push({ name: this.trying, state: failed.state });
    }
  }

  #clients(): void {
    const state = this.#state;
    for (const request of REQUESTS) {
      const { submits } = state.left;
      if (submits[request] === 0) continue;
      const left = { ...state.left, submits: { ...submits, [request]: submits[request] - 1 } };
      for (const policy of Object.keys(this.#world.policies)) {
        const call = { request, policy, uploaded: false };
        this.#step(`"${request}" arrives (${policy})`, { ...state, left }, (object) => object.submit(call));
      }
    }
    for (const [at, { probed, ...call }] of state.awake.entries()) {
      const from = { ...state, awake: state.awake.toSpliced(at, 1) };
      this.#step(`"${call.request}" is decided again`, from, (object) => object.submit(call, probed));
    }
    const { running } = state;
    if (running?.kind !== "preparation") return;
    const { request } = running.call;
    this.#step(`the body of "${request}" has arrived`, state, (object) => object.endPreparation(running, true));
    this.#step(`the body of "${request}" breaks off`, state, (object) => object.endPreparation(running, false));
  }

  #origin(): void {
    const state = this.#state;
    const { running } = state;
    for (const forward of state.forwards) {
      const { id, fate } = forward;
      if (fate === "sent") this.#events.push({ name: `the origin runs ${id}`, state: withFate(state, [id], "ran") });
      if (running?.kind === "attempt" && running.id === id) {
        if (state.left.chunks > 0) {
          const from = spend(state, "chunks");
          this.#step(`a chunk of the answer to ${id} is stored`, from, (object) => object.receiveChunk(running));
        }
        this.#answers(running, forward, (object, arriving) => object.finish(running, arriving));
      }
      const late = state.late.find((attempt) => attempt.id === id);
      if (late === undefined) continue;
      this.#answers(late, forward, (object, arriving) => object.finishLate(late, arriving), " to a dead process");
    }
    if (running?.kind === "attempt" && !running.timedOut) {
      this.#step(`${running.id} times out`, state, (object) => object.timeOut(running));
    }
    if (running?.kind === "probe") this.#probeAnswers();
  }

  /** What an honest origin may answer to a forward: a final answer only if it ran, and `not-executed` only if it never will. */
  #answers(
    attempt: RunningAttempt,
    { id, fate }: Forward,
    arrive: (object: ObjectStep, arriving: Arriving) => void,
    to = "",
  ): void {
    const answer = (what: string, from: State, status: number, end: BodyEnd): void => {
      const arriving = arrivingOf(attempt, status, end);
      this.#step(`${id} is answered${to}: ${what}`, from, (object) => arrive(object, arriving));
    };
    const state = this.#state;
    answer("502", state, 502, "whole");
    if (fate !== "ran") answer("429", withFate(state, [id], "refused"), 429, "whole");
    if (fate !== "ran") return;
    answer("201", state, 201, "whole");
    answer("201, and its body breaks off", state, 201, "broken");
    answer("201, too large to store", state, 201, "overflowed");
  }

  #probeAnswers(): void {
    const state = this.#state;
    const { running } = state;
    if (running?.kind !== "probe") return;
    const { id, number } = running.record.attempt;
    // A release starts the numbers anew; the origin is asked about the attempts of this record.
    const asked = state.forwards.filter((one) => one.number <= number && isSpent(state, one.id));
    const bodyChunks = state.left.chunks;
    const end = (
      what: string,
      from: State,
      conclusion: Conclusion,
      text: string | null,
      disproved: readonly string[],
    ): void =>
      this.#step(`the probe of ${id} is answered: ${what}`, from, (object) =>
        object.endProbe(running, { conclusion, answer: text, body: { end: "whole", chunks: bodyChunks }, disproved }),
      );
    end("unknown", state, { outcome: "unknown" }, null, []);
    const ran = asked.find(({ fate }) => fate === "ran");
    if (ran !== undefined)
      end("final", state, conclusionOf("final", "whole", answerNamed(ran.id, bodyChunks)), ran.id, []);
    else {
      const ids = asked.map((one) => one.id);
      end("not-executed", withFate(state, ids, "refused"), { outcome: "not-executed" }, null, ids);
    }
  }

  #process(): void {
    const state = this.#state;
    if (state.left.crashes > 0) {
      const { running } = state;
      const crashed = { ...spend(state, "crashes"), running: null, waiting: [], awake: [] };
      // A dead process can't reach the storage, so the chunks that it has written are all that there will ever be.
      const isGone = this.#world.left.chunks > 0 || running?.kind !== "attempt";
      const object = new ObjectStep(this.#world, { ...crashed, late: isGone ? state.late : [...state.late, running] });
      if (running?.kind === "attempt") object.past.lost(object.policyOf(running.call));
      this.#events.push({ name: "the process dies", state: object.state });
    }
    if (state.left.newerVersions > 0 && hasRecord(state.stored) && state.running === null) {
      const from = spend(state, "newerVersions");
      const object = new ObjectStep(this.#world, { ...from, stored: { ...state.stored, format: 2 } });
      object.past.unreadable();
      this.#events.push({ name: "a newer version writes the record, and is rolled back", state: object.state });
    }
  }

  #clock(): void {
    const state = this.#state;
    const { alarmMs, nowMs, firedMs, left } = state;
    if (alarmMs !== null && alarmMs <= nowMs) this.#fire("the alarm fires", { ...state, alarmMs: null }, alarmMs);
    if (left.oddAlarms > 0) {
      const odd = spend(state, "oddAlarms");
      if (alarmMs !== null && alarmMs > nowMs) this.#fire("the alarm fires early", { ...odd, alarmMs: null }, alarmMs);
      if (firedMs !== null) this.#fire("the last alarm fires again", odd, firedMs);
    }
    const nextMs = Math.min(...instantsOf(state).filter((atMs) => atMs > nowMs));
    if (Number.isFinite(nextMs)) {
      this.#events.push({ name: `${(nextMs - nowMs) / 1000} s pass`, state: { ...state, nowMs: nextMs } });
    }
    if (left.setBacks > 0) {
      const { past } = state;
      // What counts is how much time has passed, which is less by this clock.
      const spent = past.spent.map((one) => {
        const { freeFromMs } = one;
        return { ...one, freeFromMs: freeFromMs === null ? null : freeFromMs - SET_BACK_MS };
      });
      const final = past.final && { ...past.final, untilMs: past.final.untilMs - SET_BACK_MS };
      const back = { ...spend(state, "setBacks"), nowMs: nowMs - SET_BACK_MS, past: { spent, final } };
      this.#events.push({ name: "the clock is set back", state: back });
    }
  }

  #fire(name: string, from: State, firedMs: number): void {
    const { nowMs } = from;
    this.#step(name, { ...from, firedMs }, (object) => object.alarm({ firedMs, nowMs }), firedMs);
  }

  #operator(): void {
    const state = this.#state;
    if (state.left.commands === 0 || state.stored === undefined) return;
    const from = spend(state, "commands");
    const { attempt_id: seen } = state.stored as { readonly attempt_id?: string };
    for (const attemptId of [seen ?? null, null, "attempt of another day"]) {
      const answer = answerNamed("the operator's");
      const commands: Command[] = [
        { action: "settle", outcome: "final", answer, ttlMs: 30_000, attemptId },
        { action: "settle", outcome: "not-executed", attemptId },
        { action: "release", attemptId },
        { action: "purge", attemptId },
      ];
      for (const command of commands) {
        const what = command.action === "settle" ? `${command.action} ${command.outcome}` : command.action;
        this.#step(`an operator: ${what}, for ${attemptId ?? "any attempt"}`, from, (object) =>
          object.operate(command),
        );
      }
    }
  }
}

/** The instants at which something about the record changes. */
function instantsOf({ alarmMs, stored }: State): number[] {
  const instants = alarmMs === null ? [] : [alarmMs];
  if (stored === undefined) return instants;
  const { state, term_ms: termMs, remember_ms: rememberMs } = stored as Record<string, unknown>;
  return state === "pending" ? instants : [...instants, Number(termMs), Number(termMs) + Number(rememberMs)];
}

function arrivingOf({ id, number, chunks }: RunningAttempt, status: number, end: BodyEnd): Arriving {
  const header = (): null => null;
  const signs = {
    status,
    header,
    mediaType: "application/json",
    originOutcome: null,
    originStatus: null,
    attemptNumber: number,
  };
  const outcome = classify(signs satisfies Record<keyof AnswerSigns, unknown>, [], UNREAD_BODY);
  const conclusion = conclusionOf(outcome, end, answerNamed(id, chunks));
  // An honest origin sends this one only where it did not run.
  const disproved = status === 429 ? [id] : [];
  return { conclusion, answer: conclusion.outcome === "final" ? id : null, body: { end, chunks }, disproved };
}

function withFate(state: State, ids: readonly string[], fate: Forward["fate"]): State {
  const forwards = state.forwards.map((one) => (ids.includes(one.id) ? { ...one, fate } : one));
  return { ...state, forwards };
}

function isSpent({ past }: State, attemptId: string): boolean {
  return past.spent.some(({ id }) => id === attemptId);
}

function spend(state: State, what: Exclude<keyof Left, "submits">): State {
  return { ...state, left: { ...state.left, [what]: state.left[what] - 1 } };
}
