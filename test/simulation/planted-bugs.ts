/** Changes of the code that each break a promise, and that the simulation must find. */

import { type Replacement } from "../support/changed-source.ts";

export interface PlantedBug extends Replacement {
  readonly name: string;
  /** Of one that shows rarely: near a seed that shows it. */
  readonly fromSeed?: number;
}

const KEPT = "key-object/kept-record.ts";
const RECORDING = "key-object/recording.ts";
const RUNNING = "key-object/running-attempt.ts";
const OBJECT = "key-object/key-object.ts";
const CHUNKS = "key-object/chunk-store.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "the end of a stream is passed on before it is durable",
    file: RUNNING,
    text: "if (recording.readers > 0) await this.#kept.durable();",
    replacement: "",
  },
  {
    name: "readers get what is written instead of what is durable",
    file: RECORDING,
    text: "if (seq < this.#durableChunks) {",
    replacement: "if (seq < this.#chunks) {",
  },
  {
    name: "an upload shorter than declared is sent",
    file: "call/upload.ts",
    text: ` && reading.bytes.byteLength === bodyBytes`,
    replacement: "",
  },
  {
    name: "the bytes of requests that waited are never given back",
    file: "key-object/waiters.ts",
    text: "        this.#bytes -= bodyBytes;\n",
    replacement: "",
  },
  {
    name: "the isolate's memory for requests that waited is never given back",
    file: "key-object/waiters.ts",
    text: "        lease.release();\n",
    replacement: "",
  },
  {
    name: "an operator's action sets no alarm",
    file: KEPT,
    text: "this.#setAlarm(deletionMs(decision.record));",
    replacement: "",
  },
  {
    name: "there is no bound on those who join a stream",
    file: RECORDING,
    text: `(this.#audience.areTooMany ? null : this.#open("joiner"))`,
    replacement: `this.#open("joiner")`,
  },
  {
    name: "there is no bound on those who read a stored answer",
    file: "key-object/replay-kept.ts",
    text: `if (found.body.inline === null && readers.areTooMany) return refusal("unavailable");`,
    replacement: "",
  },
  {
    name: "a view is stored with its whole buffer",
    file: CHUNKS,
    text: "bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes",
    replacement: "bytes",
  },
  {
    name: "nothing keeps the object while an attempt runs",
    file: OBJECT,
    text: "    this.#awake.during(running.run(prepared.request, prepared.body));\n",
    replacement: "    void running.run(prepared.request, prepared.body);\n",
  },
  {
    name: "an object makes no call to itself while an attempt runs",
    file: OBJECT,
    text: "() => env.KEYS.get(ctx.id).untilIdle()",
    replacement: "() => new Promise<void>(() => {})",
  },
  {
    name: "a superseded process calls itself without end",
    fromSeed: 2870,
    file: "key-object/stay-awake.ts",
    text: "if (this.#running.size > 0) await new",
    replacement: "if (this.#running.size > 99) await new",
  },
  {
    name: "the attempt is sent before its record is written",
    file: OBJECT,
    text: "this.#kept.writePending({ about, request, attempt }, policy, found, nowMs);",
    replacement: "queueMicrotask(() => this.#kept.writePending({ about, request, attempt }, policy, found, nowMs));",
  },
  {
    name: "the platform is not asked to keep the object for an attempt",
    file: "key-object/stay-awake.ts",
    text: "    this.#ctx.waitUntil(work);\n",
    replacement: "",
  },
  {
    name: "the record of a new attempt has no watchdog",
    file: KEPT,
    text: "this.#setAlarm(nowMs + policy.originDeadlineMs + WATCHDOG_GRACE_MS);",
    replacement: "",
  },
  {
    name: "the end of an attempt leaves its watchdog",
    file: KEPT,
    text: `if (from === "attempt") this.#setAlarm(endMs);`,
    replacement: `if (from === "attempt") void this.#ctx.storage.deleteAlarm?.();`,
  },
  {
    name: "an attempt leaves the chunks of the one before",
    file: KEPT,
    text: "    this.#leftover.drop(found);\n",
    replacement: "",
  },
  {
    name: "an error of the origin leaves the object",
    file: "origin/exchange.ts",
    text: `    return { came: "nothing", cause, why: String(error) };\n  }\n}`,
    replacement: `    if (cause === "failed") throw error;\n    return { came: "nothing", cause, why: String(error) };\n  }\n}`,
  },
  {
    name: "those who wait for a probe are not woken",
    file: "key-object/probing.ts",
    text: "    this.#end({ probed });\n",
    replacement: "",
  },
  {
    name: "those who wait for a preparation are not woken",
    file: "key-object/preparation.ts",
    text: "this.#waiters.wake(() => ({}));",
    replacement: "",
  },
  {
    name: "a body that broke off is recorded as a whole",
    file: RECORDING,
    text: `this.#end = part.kind === "end" ? "whole" : "broken";`,
    replacement: `this.#end = "whole";`,
  },
  {
    name: "a cancelled read counts as the end of the answer",
    file: "origin/answer-body.ts",
    text: `return this.#why === null ? END : { kind: "broken", why: this.#why };`,
    replacement: "return END;",
  },
  {
    name: "those who joined get an answer without its end",
    file: RECORDING,
    text: `if (this.#end === "broken" || by === "joiner") throw new Error(CUT);`,
    replacement: "",
  },
  {
    name: "a request that executes again after a failed call",
    file: "call/ask-key-object.ts",
    text: "if (first.mayCallAgain && call",
    replacement: "if (!first.refusedForLoad && call",
  },
  {
    name: "a dead process leaves its key free",
    file: "record/decide.ts",
    text: `if (record.state === "pending") return becomeUnknown(record, nowMs, record.unknownTtlMs);`,
    replacement: `if (record.state === "pending") return null;`,
  },
  {
    name: "a probe ends before its outcome is written",
    file: "key-object/probing.ts",
    text: "    const answer = await this.#ask(forward, sender);\n",
    replacement: "    const answer = await this.#ask(forward, sender);\n    onEnd();\n",
  },
];
