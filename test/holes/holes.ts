/**
 * Changes of src that no test noticed once. Each has a test by now, which fails where the change is made. One that was suspected is none:
 * a probe that is cleared after its waiters are answered does the same, because both are one synchronous step.
 */

import { type Replacement } from "../support/changed-source.ts";

export interface Hole {
  /** What goes wrong. */
  readonly name: string;
  readonly changes: readonly Replacement[];
  readonly test: NoticedBy | CommandThatNotices;
}

export interface NoticedBy {
  /** A project of vitest.config.ts. */
  readonly project: "unit" | "worker" | "conformance";
  readonly file: string;
  /** The beginning of its title, without those of its groups. */
  readonly title: string;
}

const STREAM = { project: "worker", file: "test/worker/key-object/stream.test.ts" } as const;
const RECORDING = { project: "unit", file: "test/unit/key-object/recording.test.ts" } as const;
const WAITERS = { project: "unit", file: "test/unit/key-object/waiters.test.ts" } as const;
const ROWS = { project: "worker", file: "test/worker/key-object/rows.test.ts" } as const;

const KEPT = "key-object/kept-record.ts";
const RUNNING = "key-object/running-attempt.ts";

/** Arguments of Node.js: it ends with 1 where it notices the change, and with 0 where it does not. */
export interface CommandThatNotices {
  readonly command: readonly string[];
}

export const HOLES: readonly Hole[] = [
  {
    name: "a stream ends for its readers before its record is durable",
    changes: [{ file: RUNNING, text: "if (recording.readers > 0) await this.#kept.durable();", replacement: "" }],
    test: { ...STREAM, title: "ends for its readers only when its record is durable" },
  },
  {
    name: "readers get what is written and not durable yet",
    changes: [
      {
        file: "key-object/recording.ts",
        text: "if (seq < this.#durableChunks) {",
        replacement: "if (seq < this.#chunks) {",
      },
    ],
    test: { ...RECORDING, title: "gives none of what is written and not durable yet" },
  },
  {
    name: "an upload that is shorter than announced is sent",
    changes: [{ file: "call/upload.ts", text: " && reading.bytes.byteLength === bodyBytes", replacement: "" }],
    test: {
      project: "worker",
      file: "test/worker/key-object/preparation.test.ts",
      title: "it is not sent where less arrives than was announced",
    },
  },
  {
    name: "the bytes of requests that waited are never given back to the record",
    changes: [{ file: "key-object/waiters.ts", text: "this.#bytes -= bodyBytes;", replacement: "" }],
    test: { ...WAITERS, title: "leave room for others when they are answered" },
  },
  {
    name: "the bytes of requests that waited are never given back to the isolate",
    changes: [{ file: "key-object/waiters.ts", text: "lease.release();", replacement: "" }],
    test: { ...WAITERS, title: "count in the isolate's budget until each goes on" },
  },
  {
    name: "an operator's action sets no alarm",
    changes: [{ file: KEPT, text: "this.#setAlarm(deletionMs(decision.record));", replacement: "" }],
    test: {
      project: "worker",
      file: "test/worker/operator/operator.test.ts",
      title: "as final stores the given answer for the policy's ttl",
    },
  },
  {
    name: "any number of clients reads one stream",
    changes: [
      {
        file: "key-object/recording.ts",
        text: `(this.#audience.areTooMany ? null : this.#open("joiner"))`,
        replacement: `this.#open("joiner")`,
      },
    ],
    test: { ...RECORDING, title: "is refused to those who join where too many read already" },
  },
  {
    name: "any number of clients reads one stored answer",
    changes: [
      {
        file: "key-object/replay-kept.ts",
        text: `if (found.body.inline === null && readers.areTooMany) return refusal("unavailable");`,
        replacement: "",
      },
    ],
    test: {
      project: "worker",
      file: "test/worker/key-object/replay-kept.test.ts",
      title: "an answer in chunks is refused where too many read already",
    },
  },
  {
    name: "an attempt that the record does not name any more ends cleanly for its readers",
    changes: [
      { file: RUNNING, text: `if (transition.action === "stale") return;`, replacement: "" },
      {
        file: KEPT,
        text: "if (body !== null && namedBy(record) !== ended.attempt.id) this.discard(body);",
        replacement: "if (namedBy(record) !== ended.attempt.id) break;",
      },
    ],
    test: { ...STREAM, title: "is cut for all of its readers where the record is that of another attempt" },
  },
  {
    name: "an attempt whose outcome is known already leaves its readers without an end",
    changes: [{ file: KEPT, text: "else body?.cut();", replacement: "" }],
    test: { ...STREAM, title: "is cut for all of its readers where the record is that of a known outcome" },
  },
  {
    name: "the answer to a probe may come from a cache",
    changes: [
      {
        file: "origin/exchange.ts",
        text: `isUncacheable: method === "GET",`,
        replacement: "",
      },
    ],
    test: {
      project: "worker",
      file: "test/worker/key-object/probe.test.ts",
      title: "asks at the configured path with the caller's headers",
    },
  },
  {
    name: "a view is stored with all of its buffer",
    changes: [
      {
        file: "key-object/chunk-store.ts",
        text: "return bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes;",
        replacement: "return bytes;",
      },
    ],
    test: {
      project: "worker",
      file: "test/worker/key-object/value-size.test.ts",
      title: "of a view, only its own bytes are stored",
    },
  },
  {
    name: "the platform does not know that an attempt runs",
    changes: [{ file: "key-object/stay-awake.ts", text: "this.#ctx.waitUntil(work);", replacement: "" }],
    test: {
      project: "unit",
      file: "test/unit/key-object/stay-awake.test.ts",
      title: "hands it to the platform",
    },
  },
  {
    name: "a time-out moves the watchdog, for one more row",
    changes: [
      {
        file: KEPT,
        text: "    this.#store.write(after);\n",
        replacement: "    this.#setAlarm(after.expiresAtMs);\n    this.#store.write(after);\n",
      },
    ],
    test: { ...ROWS, title: "a time-out writes one row" },
  },
  {
    name: "an attempt leaves the chunks of the one before",
    changes: [{ file: KEPT, text: "this.#leftover.drop(found);", replacement: "" }],
    test: { ...STREAM, title: "leaves nothing to the attempt that follows it" },
  },
  {
    name: "a redirect of the origin is followed",
    changes: [{ file: "origin/prepared-request.ts", text: `redirect: "manual",`, replacement: "" }],
    test: {
      project: "conformance",
      file: "test/conformance/workerd.test.ts",
      title: "7.2.4 does not follow a redirect of a keyed request",
    },
  },
  {
    name: "the pause between probes begins before the last one has ended",
    changes: [
      {
        file: "key-object/probing.ts",
        text: "this.#pace.ended(attempt.id, end, Date.now());",
        replacement: "this.#pace.ended(attempt.id, end, Date.now() - PROBE_TIMEOUT_MS);",
      },
    ],
    test: {
      project: "unit",
      file: "test/unit/key-object/probes.test.ts",
      title: "that settles nothing is followed by a pause, which begins at its end",
    },
  },
];
