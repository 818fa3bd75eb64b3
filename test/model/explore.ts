/** Breadth first over all states of a world: the first trace that breaks a promise is a shortest one. */

import { Adversary } from "./adversary.ts";
import { type Exploration } from "./exploration.ts";
import { ObjectStep, clock } from "./object.ts";
import { Violation, assertState } from "./past.ts";
import { type State, hasRecord, keyOf } from "./state.ts";
import { type World, initialState } from "./world.ts";

/** Alarms until a record is gone: that of its attempt, of its term, and of its key's; and each may come once too early. */
const ALARMS_MAX = 8;

export function explore(world: World): Exploration {
  const { log, warn } = console;
  const now = Date.now;
  // The record's code logs what it discards, and an operator's command asks for the time itself.
  console.log = console.warn = () => {};
  Date.now = () => clock.nowMs;
  try {
    return exploreAll(world);
  } finally {
    Object.assign(console, { log, warn });
    Date.now = now;
  }
}

function exploreAll(world: World): Exploration {
  const first = initialState(world);
  const seen = new Set([keyOf(first)]);
  const ends = new Set<string>();
  // The way to each state, by its number.
  const names: string[] = [""];
  const parents: number[] = [-1];
  let layer = [{ state: first, number: 0 }];
  let transitions = 0;
  let depth = 0;
  const result = (violation: Exploration["violation"]): Exploration => {
    return { states: seen.size, transitions, depth, violation };
  };
  const traceTo = (number: number): string[] => {
    const trace: string[] = [];
    for (let at = number; at > 0; at = parents[at] ?? 0) trace.unshift(names[at] ?? "");
    return trace;
  };
  while (layer.length > 0) {
    const next: typeof layer = [];
    for (const { state, number } of layer) {
      const adversary = new Adversary(world, state);
      try {
        for (const event of adversary.events()) {
          transitions++;
          const key = keyOf(event.state);
          if (seen.has(key)) continue;
          seen.add(key);
          names.push(event.name);
          parents.push(number);
          const reached = { state: event.state, number: names.length - 1 };
          next.push(reached);
          const broken = violationIn(() => {
            assertState(event.state);
            assertEnds(world, event.state, ends);
          });
          if (broken !== null) return result({ what: broken, trace: traceTo(reached.number) });
        }
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return result({ what: error.message, trace: [...traceTo(number), adversary.trying] });
      }
    }
    layer = next;
    if (next.length > 0) depth++;
  }
  return result(null);
}

function violationIn(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
}

/** From here on the process is dead and no one calls: alarms alone must end the record, or say that it can't be read. */
function assertEnds(world: World, state: State, ends: Set<string>): void {
  const quiet: State = { ...state, running: null, waiting: [], awake: [], late: [], past: { spent: [], final: null } };
  const way: string[] = [];
  let now = quiet;
  for (let alarms = 0; alarms <= ALARMS_MAX; alarms++) {
    if (now.stored === undefined && now.chunks.length === 0) break;
    const key = JSON.stringify(
      [now.stored, now.chunks, now.alarmMs, now.nowMs].map((value) => shifted(value, now.nowMs)),
    );
    if (ends.has(key)) break;
    way.push(key);
    if (now.alarmMs === null) throw new Violation("a record stays for ever: it has no alarm");
    if (alarms === ALARMS_MAX) throw new Violation("a record stays for ever: its alarms do not end it");
    const firedMs = now.alarmMs;
    const nowMs = Math.max(firedMs, now.nowMs);
    const object = new ObjectStep(world, { ...now, nowMs, alarmMs: null }, { firedMs });
    object.alarm({ firedMs, nowMs });
    const { state: reached } = object;
    if (isUnreadable(reached) && reached.alarmMs !== null) break;
    now = reached;
  }
  for (const key of way) ends.add(key);
}

function isUnreadable({ stored }: State): boolean {
  return hasRecord(stored) && Reflect.get(Object(stored), "format") !== 1;
}

function shifted(value: unknown, nowMs: number): unknown {
  if (typeof value === "number") return value - nowMs;
  if (typeof value !== "object" || value === null) return value;
  const { since_ms: _since, term_ms, ...rest } = value as Record<string, unknown>;
  return [rest, rest["state"] === "pending" ? term_ms : Number(term_ms) - nowMs];
}
