// What a run leaves behind for the checker: what clients asked and saw, what the origin did, and when the gateway was
// killed. Clients, origin and killer are one process with one clock, so the order of all events is known.

import { createHash } from "node:crypto";

/** Milliseconds since the process began. Never the same twice (`stamp`), so it is an order as well as a time. */
export type At = number;

let latest: At = 0;

export function stamp(): At {
  latest = Math.max(latest + 0.001, performance.now());
  return latest;
}

/** One logical operation of a client, and so one record of the gateway. */
export type Operation = {
  /** `caller/key`: what client and origin both know of the record's name. */
  readonly record: string;
  readonly caller: string;
  readonly key: string;
  readonly policy: "refuse" | "retry" | "probe";
  /** The original's. Another body under the same key has another amount. */
  readonly amount: number;
  /** An operator or the end of its term has ended it before the passes. */
  readonly isOver?: true;
};

/** The two passes come after the load, each of them after one more kill. */
export type Phase = "load" | "pass 1" | "pass 2";

/** What became of one request, as its client saw it. */
export type Seen =
  | {
      readonly kind: "answered";
      readonly status: number;
      /** Of `Idempotency-Status`. */
      readonly word: string | null;
      /** Of a problem; null where the body is the origin's. */
      readonly code: string | null;
      readonly digest: string;
    }
  /** The connection broke behind the head. */
  | { readonly kind: "cut"; readonly status: number; readonly word: string | null }
  | { readonly kind: "lost"; readonly why: string }
  /** The client itself hung up. */
  | { readonly kind: "left" }
  | { readonly kind: "no answer" };

export type Asked = {
  readonly record: string;
  readonly sender: string;
  /** Counts what this sender has sent for the record, from 1. */
  readonly attempt: number;
  readonly body: "original" | "other";
  readonly phase: Phase;
  /** Which process of the gateway was asked, from 1. */
  readonly generation: number;
  readonly sentAt: At;
  readonly endedAt: At;
  readonly seen: Seen;
};

export type OriginAnswer = { readonly status: number; readonly digest: string; readonly bytes: number };

/** One request that reached the origin. */
export type LedgerEntry = {
  readonly record: string;
  readonly amount: number;
  /** The value of `Oncegate-Attempt`. */
  readonly attempt: number;
  readonly generation: number;
  readonly arrivedAt: At;
  /** What the script does, for a reader of the history. */
  readonly plan: string;
  /** What the gateway must make of the answer if it gets all of it (docs/protocol.md 5.1). */
  readonly outcome: "final" | "not-executed" | "unknown";
  /** When the money moved; null where it never did, or where an earlier attempt had moved it. */
  readonly executedAt: At | null;
  readonly answer: OriginAnswer;
  /** `answered`: the whole answer was handed to the kernel. Null if the exchange was open when the run ended. */
  readonly ended: { readonly at: At; readonly how: "answered" | "dropped" } | null;
};

/** An entry while it is written, as things happen. */
export type Entry = { -readonly [Field in keyof LedgerEntry]: LedgerEntry[Field] };

/** One question of the gateway about an attempt, and the answer of the origin (docs/protocol.md 5.7). */
export type Probe = {
  readonly record: string;
  /** The attempt that is asked about. */
  readonly attempt: number;
  readonly generation: number;
  readonly arrivedAt: At;
  /** `nothing`: there was no answer, or one without the origin's word. */
  readonly said: "final" | "not-executed" | "unknown" | "nothing";
  /** The answer that the attempt has come to, where the probe reports it. */
  readonly answer: OriginAnswer | null;
};

export type Kill = {
  readonly at: At;
  readonly generation: number;
  /** What the killer waited for. */
  readonly moment: string;
  /** Exchanges between gateway and origin that were open. */
  readonly running: number;
};

/** The gateway's configuration, as far as the checker needs it. */
export type Limits = {
  readonly maxAttempts: number;
  readonly originDeadlineMs: number;
  readonly responseBytesMax: number;
};

export type History = {
  readonly limits: Limits;
  readonly operations: readonly Operation[];
  readonly asked: readonly Asked[];
  readonly ledger: readonly LedgerEntry[];
  readonly probes: readonly Probe[];
  readonly kills: readonly Kill[];
  /** Answers that operators have given. */
  readonly settled?: readonly Settled[];
  /** The records whose answers operators have erased. */
  readonly erased?: readonly string[];
};

type Settled = {
  readonly record: string;
  readonly at: At;
  readonly generation: number;
  readonly answer: OriginAnswer;
};

const DIGEST_CHARS = 16;

export function digestOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex").slice(0, DIGEST_CHARS);
}
