import { afterEach, describe, expect, test, vi } from "vitest";
import { aftermath } from "./aftermath.ts";
import { DAY, HOUR, realClock, setClock } from "./clock.ts";
import { nameOf } from "./invariants.ts";
import { type RecordState, RECORD_STATES, rigIn, noteTerm } from "./record-states.ts";
import { type Rig } from "./rig.ts";
import { count, printTallyAtEnd } from "./tally.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);
printTallyAtEnd("clock");

/** So far ahead that an alarm for a time 40 days before is still to come for the platform, whose clock stays right. */
const AHEAD = 100 * DAY;

const JUMPS = { "40 days back": -40 * DAY, "an hour back": -HOUR, "an hour ahead": HOUR, "40 days ahead": 40 * DAY };
const BACK_OR_BRIEF = ["40 days back", "an hour back", "an hour ahead"] as const;
const FAR_AHEAD = ["40 days ahead"] as const;

const { none, undone, running, runningOn, runningAgain, orphaned, unknown, probed, completed, chunked, tombstone } =
  RECORD_STATES;
const { remembered, unknownRemembered, expired } = RECORD_STATES;

/** Answers of a request that comes after the jump: while the term lasts, and when the clock says that it is over. */
const TABLE: readonly (readonly [RecordState, lasting: string, over: string])[] = [
  [none, "executed", "executed"],
  [undone, "executed", "executed"],
  [running, "joined", "joined"],
  [runningOn, "joined", "joined"],
  [runningAgain, "joined", "joined"],
  // Its term counts from when it is found.
  [orphaned, "409 outcome_unknown", "409 outcome_unknown"],
  [unknown, "409 outcome_unknown", "executed"],
  // Both wait for the probe; then one executes and the other joins.
  [probed, "409 outcome_unknown", "joined"],
  [completed, "replayed", "executed"],
  [chunked, "replayed", "executed"],
  [remembered, "replayed", "409 key_expired"],
  [unknownRemembered, "executed", "409 key_expired"],
  // It stays erased, even if the clock goes back to a time before the end of its term.
  [expired, "409 key_expired", "409 key_expired"],
  [tombstone, "409 replay_unavailable", "executed"],
];

async function rigAhead(state: RecordState): Promise<Rig> {
  setClock(Date.now() + AHEAD);
  return rigIn(state);
}

/** Jumps, and asks while what runs still runs. */
async function jumpAndAsk(rig: Rig, state: RecordState, jump: keyof typeof JUMPS): Promise<string> {
  setClock(Date.now() + JUMPS[jump]);
  await noteTerm(rig, state.attemptRuns);
  const asked = rig.ask();
  rig.open.push(asked);
  if (rig.open.length > 1 || state.attemptRuns) await rig.allJoined();
  await rig.settled();
  return nameOf(await asked);
}

describe.each(TABLE)("$0.name", (state, lasting, over) => {
  test.each([...BACK_OR_BRIEF, ...FAR_AHEAD])("the clock jumps %s, and stays so", async (jump) => {
    const rig = await rigAhead(state);
    const answer = await jumpAndAsk(rig, state, jump);
    expect(answer).toBe(jump === "40 days ahead" ? over : lasting);
    count(`the clock jumps ${jump}`, nameOf(await aftermath(rig, "alarm")));
    await rig.untilEnd();
    expect(rig.violations()).toEqual([]);
  });

  test.each([...BACK_OR_BRIEF, ...FAR_AHEAD])("the clock jumps %s, and is put right", async (jump) => {
    const rig = await rigAhead(state);
    const rightMs = Date.now();
    await jumpAndAsk(rig, state, jump);
    setClock(rightMs);
    // What was written by the wrong clock may have ended by the right one.
    await noteTerm(rig);
    count(`the clock jumps ${jump} and is put right`, nameOf(await aftermath(rig, "request")));
    await rig.untilEnd();
    expect(rig.violations()).toEqual([]);
  });
});
