/** Thirty changes of src, chosen without a look at any other list of planted bugs. */

import { type Change } from "./holes.ts";

export interface FreshBug {
  /** What goes wrong. */
  readonly name: string;
  readonly changes: readonly Change[];
}

export const FRESH_EYES: readonly FreshBug[] = [
  {
    name: "the alarm that follows a change by time is set for a time at which the platform schedules nothing",
    changes: [
      {
        file: "record/decide-alarm.ts",
        text: "atMs: nextAlarmMs(deletionMs(resting), times) };",
        replacement: "atMs: deletionMs(resting) };",
      },
    ],
  },
  {
    name: "a request of another caller waits for a preparation",
    changes: [
      {
        file: "record/decide.ts",
        text: 'return resting.state === "unknown" && mismatchOf(resting.request, request) === null;',
        replacement: 'return resting.state === "unknown";',
      },
    ],
  },
  {
    name: "a request that has waited for a probe waits for the next one too",
    changes: [
      {
        file: "record/decide.ts",
        text: 'return probed === null ? wait({ action: "await probe" }) : refuse("outcome_unknown");',
        replacement: 'return wait({ action: "await probe" });',
      },
    ],
  },
  {
    name: "a key that is remembered is remembered again after that time",
    changes: [
      {
        file: "record/decide.ts",
        text: "const term = { recordedAtMs: expiresAtMs, expiresAtMs: endMs, rememberMs: 0 };",
        replacement: "const term = { recordedAtMs: expiresAtMs, expiresAtMs: endMs, rememberMs };",
      },
    ],
  },
  {
    name: "a clock that is set back makes the pause between probes longer",
    changes: [
      {
        file: "record/probe-pause.ts",
        text: "return nowMs < pause.sinceMs ? nowMs : Math.max(nowMs, pause.sinceMs + pause.lengthMs);",
        replacement: "return Math.max(nowMs, pause.sinceMs + pause.lengthMs);",
      },
    ],
  },
  {
    name: "the term of a pending record may be as large as a time",
    changes: [
      {
        file: "record/stored-record.ts",
        text: 'integer("term_ms", state === "pending" ? TERM_MS_MAX : TIME_MS_MAX)',
        replacement: 'integer("term_ms", TIME_MS_MAX)',
      },
    ],
  },
  {
    name: "an attempt that ends unknown after its time-out starts a new term",
    changes: [
      {
        file: "record/transition.ts",
        text: 'write(record.state === "unknown" ? record : becomeUnknown(record, nowMs, policy.unknownTtlMs));',
        replacement: "write(becomeUnknown(record, nowMs, policy.unknownTtlMs));",
      },
    ],
  },
  {
    name: "a shadow's request runs for ever",
    changes: [
      {
        file: "record/observe.ts",
        text: 'return record?.state === "pending" && nowMs < record.startedAtMs + originDeadlineMs;',
        replacement: 'return record?.state === "pending" && originDeadlineMs > 0 && nowMs > 0;',
      },
    ],
  },
  {
    name: "under hold, an unknown outcome that a probe could settle is refused as unknown",
    changes: [
      {
        file: "record/decide.ts",
        text: '      if (isOnHold) return refuse("on_hold", record);\n',
        replacement: "",
      },
    ],
  },
  {
    name: "the chunks of a damaged body are deleted from one behind their end",
    changes: [
      {
        file: "key-object/chunk-store.ts",
        text: "for (let seq = counted - 1; seq >= 0",
        replacement: "for (let seq = counted; seq >= 0",
      },
    ],
  },
  {
    name: "a coded body is searched as if it were plain",
    changes: [
      {
        file: "key-object/conclusion-of-answer.ts",
        text: "search: isOpen && answer.coding === null ?",
        replacement: "search: isOpen ?",
      },
    ],
  },
  {
    name: "an operator sees a record whose term is over",
    changes: [
      {
        file: "key-object/inspection.ts",
        text: "const record = running === null ? kept.current(found, null, Date.now()) : found.record;",
        replacement: "const { record } = found;",
      },
    ],
  },
  {
    name: "what time has made of a record is written without its alarm",
    changes: [
      {
        file: "key-object/kept-record.ts",
        text: "      this.#setAlarm(deletionMs(record));\n    }\n    return record;",
        replacement: "    }\n    return record;",
      },
    ],
  },
  {
    name: "a time-out is answered, and not written",
    changes: [
      {
        file: "key-object/kept-record.ts",
        text: "    this.#store.write(after);\n",
        replacement: "",
      },
    ],
  },
  {
    name: "a refused command leaves a dead process unreported",
    changes: [
      {
        file: "key-object/kept-record.ts",
        text: "        if (running === null) this.current(found, null, nowMs);\n",
        replacement: "",
      },
    ],
  },
  {
    name: "a second probe's body is written over the chunks of the first",
    changes: [
      {
        file: "key-object/kept-record.ts",
        text: '    if (from === "probe") store.drop(attemptId);\n',
        replacement: "",
      },
    ],
  },
  {
    name: "the readers of one body end those of the next",
    changes: [
      {
        file: "key-object/leftover.ts",
        text: "    if (this.#recording === recording) this.drop(null);",
        replacement: "    this.drop(null);",
      },
    ],
  },
  {
    name: "those who wait for a preparation wait for its whole attempt",
    changes: [
      {
        file: "key-object/preparation.ts",
        text: "      return then(upload);",
        replacement: "      return await then(upload);",
      },
    ],
  },
  {
    name: "a request that can't be prepared keeps its place in the budget of bodies",
    changes: [
      {
        file: "key-object/prepared-attempt.ts",
        text: "  forward.body?.release();\n",
        replacement: "",
      },
    ],
  },
  {
    name: "a probe may last as long as an attempt",
    changes: [
      {
        file: "key-object/probing.ts",
        text: "return exchange(prepared, number, { ...this.#policy, originDeadlineMs: PROBE_TIMEOUT_MS });",
        replacement: "return exchange(prepared, number, this.#policy);",
      },
    ],
  },
  {
    name: "the errors of an alarm's promise are not caught",
    changes: [
      {
        file: "key-object/record-alarm.ts",
        text: "    await act(times);",
        replacement: "    return act(times);",
      },
    ],
  },
  {
    name: "the chunks of an undone attempt are deleted at the next load, under their readers",
    changes: [
      {
        file: "key-object/record-store.ts",
        text: "    this.#abandoned = abandoned;\n    this.#storage.kv.put<Abandoned>",
        replacement: "    this.#storage.kv.put<Abandoned>",
      },
    ],
  },
  {
    name: "a reader that was cut goes on after an overflow",
    changes: [
      {
        file: "key-object/recording.ts",
        text: 'if (next.kind === "broken" || this.#isCut) throw new Error(CUT);',
        replacement: 'if (next.kind === "broken") throw new Error(CUT);',
      },
    ],
  },
  {
    name: "the time-out goes on after the head of the answer",
    changes: [
      {
        file: "key-object/running-attempt.ts",
        text: "    clearTimeout(timer);\n",
        replacement: "    void timer;\n",
      },
    ],
  },
  {
    name: "readers see the end of a body before it is durable",
    changes: [
      {
        file: "key-object/running-attempt.ts",
        text: "    if (recording.readers > 0) await this.#kept.durable();\n",
        replacement: "",
      },
    ],
  },
  {
    name: "after failed calls, a look waits as long as the first call could",
    changes: [
      {
        file: "call/ask-key-object.ts",
        text: "freshStub().look(lookCallOf(left(call)))",
        replacement: "freshStub().look(lookCallOf(call))",
      },
    ],
  },
  {
    name: "what is left of a request's wait does not shrink",
    changes: [
      {
        file: "key-object/key-object.ts",
        text: "const waitMs = Math.max(0, received.call.waitMs - (Date.now() - sinceMs));",
        replacement: "const waitMs = Math.max(sinceMs - Date.now(), received.call.waitMs);",
      },
    ],
  },
  {
    name: "another tenant's operator takes over the journal of a record",
    changes: [
      {
        file: "key-object/key-object.ts",
        text: "    if (found?.tenant === tenant) this.#reporter.journal = journal;",
        replacement: "    this.#reporter.journal = journal;",
      },
    ],
  },
  {
    name: "an undone later attempt's chunks have no name in storage",
    changes: [
      {
        file: "key-object/kept-record.ts",
        text: "      this.#store.write(record, NO_BODY, isNamed ? null : left.attemptId);",
        replacement: "      this.#store.write(record, NO_BODY, isNamed ? null : null);",
      },
    ],
  },
  {
    name: "a call whose body the object has begun to read is made again",
    changes: [
      {
        file: "call/ask-key-object.ts",
        text: "if (first.mayCallAgain && call.forward.body?.isReleased !== true) {",
        replacement: "if (first.mayCallAgain) {",
      },
    ],
  },
];
