/** Changes of the code that each break a promise. The exploration must find every one of them. */

import { type Replacement } from "../support/changed-source.ts";
import { type SMALL } from "./world.ts";

export interface PlantedBug extends Replacement {
  readonly name: string;
  /** The smallest world in which it shows. */
  readonly world: keyof typeof SMALL;
}

const DECIDE = "record/decide.ts";
const TRANSITION = "record/transition.ts";
const ALARM = "record/decide-alarm.ts";
const OPERATE = "record/operate.ts";
const STORED = "record/stored-record.ts";
const RECORD_STORE = "key-object/record-store.ts";
const KEPT = "key-object/kept-record.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "an unknown outcome is executed again without a policy that allows it",
    world: "operator",
    file: DECIDE,
    text: `case "refuse":
      return refuse("outcome_unknown", record);`,
    replacement: `case "refuse":
      return { ...executeAgain, mayHaveRun: true };`,
  },
  {
    name: "attempts are not counted",
    world: "retry",
    file: DECIDE,
    text: "record.attempt.number >= policy.maxAttempts",
    replacement: "record.attempt.number > policy.maxAttempts",
  },
  {
    name: "an undone retry claims that nothing ran",
    world: "retry",
    file: DECIDE,
    text: "if (mayExecute) return { ...executeAgain, mayHaveRun: true };",
    replacement: "if (mayExecute) return { ...executeAgain, mayHaveRun: false };",
  },
  {
    name: "a probe that proved nothing allows an attempt",
    world: "probe",
    file: DECIDE,
    text: `probed?.outcome === "not-executed" && probed.attemptId`,
    replacement: "probed?.attemptId",
  },
  {
    name: "a probe's answer about another attempt counts",
    world: "probe",
    file: DECIDE,
    text: `probed?.outcome === "not-executed" && probed.attemptId === record.attempt.id`,
    replacement: `probed?.outcome === "not-executed"`,
  },
  {
    name: "another body gets the stored answer",
    world: "upload",
    file: DECIDE,
    text: `isSameRequest(recorded, request) ? null : "key_reused"`,
    replacement: "null",
  },
  {
    name: "another caller gets the stored answer",
    world: "callers",
    file: DECIDE,
    text: `if (recorded.caller !== request.caller) return "caller_changed";`,
    replacement: "",
  },
  {
    name: "after a change of the rule an equal request is another one",
    world: "retry",
    file: DECIDE,
    text: "a.rule === b.rule ? a.fingerprint === b.fingerprint : a.plain === b.plain",
    replacement: "a.rule === b.rule && a.fingerprint === b.fingerprint",
  },
  {
    name: "a joining request is not compared",
    world: "upload",
    file: DECIDE,
    text: `      const mismatch = mismatchOf(record.request, request);
      if (mismatch !== null) return refuse(mismatch);
      if (running`,
    replacement: "      if (running",
  },
  {
    name: "a request executes while another is prepared",
    world: "upload",
    file: DECIDE,
    text: `mayFollowPreparation(situation) ? wait({ action: "await preparation" }) : decideResting(situation)`,
    replacement: "decideResting(situation)",
  },
  {
    name: "a probe begins while the body of a request arrives that a probe has shown not to have run",
    world: "upload after a probe",
    file: DECIDE,
    text: `return resting.state === "unknown" && mismatchOf(resting.request, request) === null;`,
    replacement: "return false;",
  },
  {
    name: "an attempt leaves the chunks of the one before",
    world: "chunks",
    file: KEPT,
    text: "this.#leftover.drop(found);",
    replacement: "",
  },
  {
    name: "the chunks of an undone attempt have no name where a record stays",
    world: "chunks",
    file: RECORD_STORE,
    text: "const left = abandoned === null ? {} : { abandoned };",
    replacement: "const left = {};",
  },
  {
    name: "the chunks of an undone attempt have no name where nothing else stays",
    world: "chunks",
    file: KEPT,
    text: "this.#store.remove(body.attemptId);",
    replacement: `this.#store.remove("");`,
  },
  {
    name: "an answer is recorded without its body",
    world: "chunks",
    file: KEPT,
    text: "this.#store.write(record, body.stored);",
    replacement: "this.#store.write(record);",
  },
  {
    name: "a dead process leaves its key free",
    world: "operator",
    file: DECIDE,
    text: `if (record.state === "pending") return becomeUnknown(record, nowMs, record.unknownTtlMs);`,
    replacement: `if (record.state === "pending") return null;`,
  },
  {
    name: "a key is not remembered after its term",
    world: "clock",
    file: DECIDE,
    text: "nowMs < record.expiresAtMs ? record : afterTerm(record, nowMs)",
    replacement: "nowMs < record.expiresAtMs ? record : null",
  },
  {
    name: "a remembered key has no end",
    world: "clock",
    file: DECIDE,
    text: "if (nowMs >= endMs) return null;",
    replacement: "",
  },
  {
    name: "an unreadable record is none",
    world: "operator",
    file: DECIDE,
    text: `if (resting.state === "unreadable") return refuse("outcome_unknown");`,
    replacement: `if (resting.state === "unreadable") return { action: "execute", attemptNumber: 1, before: null, mayHaveRun: false };`,
  },
  {
    name: "half an answer is final",
    world: "operator",
    file: TRANSITION,
    text: `      // It ran, but a replay of half an answer would be another answer.
      return { outcome: "unknown" };`,
    replacement: `      return { outcome: "not-executed" };`,
  },
  {
    name: "the end of another attempt is written",
    world: "probe",
    file: TRANSITION,
    text: " && record.attempt.id === attempt.id",
    replacement: "",
  },
  {
    name: "an attempt that timed out can't end any more",
    world: "operator",
    file: TRANSITION,
    text: `(record.state === "pending" || record.state === "unknown")`,
    replacement: `(record.state === "pending" || (record.state === "unknown" && record.attempt.number > 9))`,
  },
  {
    name: "an undone retry frees the key",
    world: "retry",
    file: TRANSITION,
    text: `return before === null ? { action: "forget" } : write(before);`,
    replacement: `return { action: "forget" };`,
  },
  {
    name: "an alarm sets the time at which it fired",
    world: "clock",
    file: ALARM,
    text: "Math.max(atMs, firedMs + STEP_MS, nowMs + STEP_MS)",
    replacement: "atMs",
  },
  {
    name: "an alarm ends the record of a running attempt",
    world: "clock",
    file: ALARM,
    text: "if (running !== null) return lookAgain(nowMs + RUNNING_AGAIN_MS);",
    replacement: "",
  },
  {
    name: "an early alarm deletes the record",
    world: "clock",
    file: ALARM,
    text: "if (resting === record) return lookAgain(deletionMs(resting));",
    replacement: `if (resting === record) return { action: "forget" };`,
  },
  {
    name: "an operator settles what the origin has answered",
    world: "operator",
    file: OPERATE,
    text: `if (record.state !== "unknown") return refuse("not_unknown");`,
    replacement: `if (record.state === "unreadable") return refuse("not_unknown");`,
  },
  {
    name: "an operator's command meets another attempt than the one that was seen",
    world: "operator",
    file: OPERATE,
    text: `if (command.attemptId !== null && attemptIdOf(resting) !== command.attemptId) return refuse("attempt_changed");`,
    replacement: "",
  },
  {
    name: "an operator acts on a running attempt",
    world: "operator",
    file: OPERATE,
    text: `if (running !== null) return refuse("running");`,
    replacement: "",
  },
  {
    name: "a newer format is read as if it were this one",
    world: "operator",
    file: STORED,
    text: `if (stored["format"] !== FORMAT) return { state: "unreadable", why: "fields: format" };`,
    replacement: "",
  },
  {
    name: "the term of a dead process's record is not stored",
    world: "operator",
    file: STORED,
    text: "term_ms: record.unknownTtlMs",
    replacement: "term_ms: 0",
  },
  {
    name: "the number of an attempt is not stored",
    world: "retry",
    file: STORED,
    text: "const { number: attempt, id: attempt_id } = record.attempt;",
    replacement: "const { id: attempt_id } = record.attempt;\n  const attempt = 1;",
  },
  {
    name: "no watchdog is set for an attempt",
    world: "operator",
    file: KEPT,
    text: "this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);",
    replacement: "",
  },
  {
    name: "an operator's action sets no alarm",
    world: "operator",
    file: KEPT,
    text: "this.#setAlarm(deletionMs(decision.record));",
    replacement: "",
  },
  {
    name: "what an alarm writes has no alarm",
    world: "operator",
    file: "key-object/record-alarm.ts",
    text: `      write(decision.record);
      return storage.setAlarm(decision.atMs);`,
    replacement: "      return write(decision.record);",
  },
  {
    name: "a request on hold executes where there is no record",
    world: "hold",
    file: DECIDE,
    text: 'if (mayExecute) return { action: "execute", attemptNumber: 1, before: null, mayHaveRun: false };',
    replacement: 'return { action: "execute", attemptNumber: 1, before: null, mayHaveRun: false };',
  },
  {
    name: "a request on hold is probed",
    world: "hold",
    file: DECIDE,
    text: `      if (isOnHold) return refuse("on_hold", record);
      if (!mayExecute || mayProbeFromMs === null) return refuse("outcome_unknown", record);
      if (probed === null && nowMs >= mayProbeFromMs)`,
    replacement: "      if (probed === null)",
  },
];
