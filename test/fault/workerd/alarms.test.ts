import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { aftermath } from "./aftermath.ts";
import { DAY, HOUR, realClock, setClock } from "./clock.ts";
import { nameOf } from "./invariants.ts";
import { type RecordState, RECORD_STATES, rigIn, noteTerm } from "./record-states.ts";
import { type Rig } from "./rig.ts";
import { arm } from "./storage-fault.ts";
import { count, printTallyAtEnd } from "./tally.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);
printTallyAtEnd("alarms");

const {
  none,
  undone,
  running,
  streaming,
  runningOn,
  runningAgain,
  orphaned,
  unknown,
  probed,
  completed,
  chunked,
  remembered,
  unknownRemembered,
  expired,
  tombstone,
} = RECORD_STATES;
const { unreadable } = RECORD_STATES;

/** The row that an alarm leaves: one that comes while its term lasts, and one that comes 40 days too late. */
const TABLE: readonly (readonly [RecordState, early: string | null, late: string | null])[] = [
  [none, null, null],
  [undone, null, null],
  [running, "pending", "pending"],
  [streaming, "pending", "pending"],
  [runningOn, "unknown", "unknown"],
  [runningAgain, "pending", "pending"],
  [orphaned, "unknown", "unknown"],
  [unknown, "unknown", null],
  [probed, "unknown", "unknown"],
  [completed, "completed", null],
  [chunked, "completed", null],
  [remembered, "completed", "tombstone"],
  [unknownRemembered, "unknown", "tombstone"],
  [expired, "tombstone", null],
  [tombstone, "tombstone", null],
  [unreadable, "streaming", "streaming"],
];

/** 40 days after the alarm that is set, whatever it waits for. */
async function muchLater(rig: Rig): Promise<void> {
  const { alarmMs } = await rig.row();
  setClock((alarmMs ?? Date.now()) + 40 * DAY);
}

/** What runs ends, and then everything is as after any fault; only what can't be read stays as it is. */
async function holds(rig: Rig, state: RecordState, fault: string, left: string | null): Promise<void> {
  const row = await rig.row();
  expect([row.state, row.alarmMs === null]).toEqual([left, left === null]);
  await noteTerm(rig, state.attemptRuns);
  await rig.settled();
  if (left === "streaming") {
    for (const body of ["same", "other"] as const) expect(nameOf(await rig.ask(body))).toBe("409 outcome_unknown");
    expect(await rig.row()).toMatchObject({ state: "streaming" });
    return count(fault, "409 outcome_unknown");
  }
  count(fault, nameOf(await aftermath(rig, "alarm")));
  await rig.untilEnd();
  expect(rig.violations()).toEqual([]);
}

describe.each(TABLE)("$0.name", (state, early, late) => {
  test("an early alarm changes nothing, but for an orphan, which it finds", async () => {
    const rig = await rigIn(state);
    await rig.runAlarm();
    await holds(rig, state, "an alarm too early", early);
  });

  test("an alarm that comes twice does no more than once", async () => {
    const rig = await rigIn(state);
    await rig.runAlarm();
    const once = await rig.row();
    await rig.runAlarm();
    const twice = await rig.row();
    expect([twice.state, twice.termMs]).toEqual([once.state, once.termMs]);
    await holds(rig, state, "an alarm twice", early);
  });

  test("an alarm 40 days late ends what is over, and nothing that runs", async () => {
    const rig = await rigIn(state);
    await muchLater(rig);
    await rig.runAlarm();
    await rig.runAlarm();
    await holds(rig, state, "an alarm 40 days late", late);
  });

  test.each([
    ["early", "alarm first"],
    ["early", "request first"],
    ["late", "alarm first"],
    ["late", "request first"],
  ])("an alarm at the same time as a request: %s, %s", async (when, order) => {
    const rig = await rigIn(state);
    if (when === "late") await muchLater(rig);
    await noteTerm(rig, state.attemptRuns);
    const alarm = order === "alarm first" ? rig.runAlarm() : null;
    rig.open.push(rig.ask());
    await (alarm ?? rig.runAlarm());
    const row = await rig.row();
    expect(row.alarmMs === null).toBe(row.state === null);
    await rig.settled();
    if (state === unreadable) return expect(row.state).toBe("streaming");
    count(`an alarm with a request, ${when}`, nameOf(await aftermath(rig, "alarm")));
    await rig.untilEnd();
    expect(rig.violations()).toEqual([]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])("an alarm that fails, as retry %i", async (retryCount) => {
    const rig = await rigIn(state);
    const before = await rig.row();
    const armed = await arm(await rig.object(), "throws from then on", 1, "get");
    const failed = runInDurableObject(await rig.object(), (instance) =>
      instance.alarm({ retryCount, isRetry: retryCount > 0, scheduledTime: Date.now() }),
    );
    // The platform drops an alarm after six retries, so the last ones set a new one instead.
    if (retryCount < 5) await expect(failed).rejects.toThrow("SQLITE_IOERR");
    else await failed;
    armed.healed = true;
    const after = await rig.row();
    expect(after).toMatchObject({ state: before.state, termMs: before.termMs });
    expect(after.alarmMs).toSatisfy(retryCount < 5 ? (ms) => ms === before.alarmMs : isInAnHour);
    await rig.settled();
    if (state === unreadable) return expect(after.state).toBe("streaming");
    count(
      `an alarm that fails ${retryCount < 5 ? "and is retried" : "for the last time"}`,
      nameOf(await aftermath(rig, "alarm")),
    );
    await rig.untilEnd();
    expect(rig.violations()).toEqual([]);
  });
});

function isInAnHour(ms: number | null): boolean {
  return ms !== null && Math.abs(ms - Date.now() - HOUR) < HOUR / 10;
}
