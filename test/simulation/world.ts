/** What one run consists of: a policy, clients with their requests, and what goes wrong, all of it chosen. */

import { type AttemptPolicy } from "../../src/config/policy.ts";
import { type Choices } from "./choices.ts";

export type FaultKind =
  /** The process dies, and loses its memory and what is not durable. */
  | "crash"
  /** Another process takes over, and this one learns of it at its next access to the storage. */
  | "superseded"
  /** What is written can't be made durable: the platform resets the object. */
  | "commit fails"
  /** A write throws, and the process goes on. */
  | "write fails"
  | "clock back"
  | "clock ahead"
  | "alarm early"
  | "alarm twice"
  /** All connections between the Worker and the object break. */
  | "network cut"
  | "operator settles"
  | "operator frees"
  | "operator erases";

interface PlannedFault {
  readonly kind: FaultKind;
  readonly atStep: number;
}

export interface PlannedAsk {
  /** By which body and caller the request is: 0 is the plain one. */
  readonly variant: number;
  readonly afterMs: number;
  readonly leavesAfterMs: number | null;
  readonly waitMs: number;
  /** Whether it takes its time between two pieces of a body. */
  readonly isSlowReader: boolean;
}

export interface PlannedClient {
  readonly name: string;
  readonly asks: readonly PlannedAsk[];
}

export interface World {
  readonly policy: AttemptPolicy;
  readonly clients: readonly PlannedClient[];
  readonly faults: readonly PlannedFault[];
  /** The bytes of the bodies of requests. */
  readonly requestBytes: number;
  /** One message in so many is lost; 0: none. */
  readonly lossiness: number;
  /** One exchange with the origin in so many goes wrong; 1: each. */
  readonly badOrigin: number;
  /** How long every other execution at the origin takes, beside the messages. */
  readonly executionMs: number;
  /** Which rule lets the platform erase an object that is idle. */
  readonly eviction: "raw" | "cloud";
  readonly slowness: number;
  readonly haste: number;
}

const FAULTS = [
  [6, "crash"],
  [3, "superseded"],
  [2, "commit fails"],
  [3, "write fails"],
  [1, "clock back"],
  [1, "clock ahead"],
  [2, "alarm early"],
  [2, "alarm twice"],
  [2, "network cut"],
  [2, "operator settles"],
  [2, "operator frees"],
  [1, "operator erases"],
] as const;

/** What the scaled bounds of bounds.ts allow, and a little more. */
const RESPONSE_BYTES_MAX = 300;

export function drawWorld(choices: Choices): World {
  const policy = drawPolicy(choices);
  const isCrowd = choices.once(6);
  const clients = Array.from({ length: isCrowd ? 9 : 1 + choices.below(4) }, (_, n) =>
    drawClient(choices, `client ${n + 1}`, policy, isCrowd),
  );
  const faults = Array.from({ length: choices.below(5) }, () => ({
    kind: choices.weigh(FAULTS),
    atStep: 1 + choices.below(choices.pick([60, 200, 15])),
  }));
  return {
    policy,
    clients,
    faults,
    requestBytes: choices.pick([12, 30, 70, 150]),
    lossiness: choices.pick([0, 0, 12]),
    badOrigin: choices.pick([0, 6, 2]),
    // The longest is longer than an object without a call is kept.
    executionMs: choices.pick([0, 0, 0, 0, 3_000, 45_000, 150_000]),
    eviction: choices.pick(["raw", "cloud"]),
    slowness: choices.pick([0, 24, 8]),
    haste: choices.pick([1, 4, 12]),
  };
}

function drawPolicy(choices: Choices): AttemptPolicy {
  const originDeadlineMs = choices.pick([10_000, 10_000, 200_000]);
  return {
    onUnknown: choices.pick(["refuse", "retry", "probe"]),
    maxAttempts: 3,
    inFlight: choices.weigh([
      [5, "wait"],
      [1, "refuse"],
    ]),
    ttlMs: choices.pick([3_600_000, 30_000]),
    unknownTtlMs: choices.pick([7_200_000, originDeadlineMs + 20_000]),
    rememberMs: 0,
    originDeadlineMs,
    outcomes: [],
    originTimeoutMs: choices.pick([originDeadlineMs, 2_000]),
    idleTimeoutMs: 5_000,
    stream: choices.once(2),
    onDisconnect: choices.once(5) ? "cancel" : "finish",
    responseBytesMax: RESPONSE_BYTES_MAX,
    replaySetCookie: false,
  };
}

function drawClient(choices: Choices, name: string, policy: AttemptPolicy, isCrowd: boolean): PlannedClient {
  const count = isCrowd ? 1 : 1 + choices.below(3);
  const variant = choices.weigh([
    [8, 0],
    [1, 1],
    [1, 2],
  ]);
  const asks = Array.from({ length: count }, () => ({
    variant,
    afterMs: choices.pick(isCrowd ? [0, 1, 500] : [0, 1, 500, 3_000, 20_000, 90_000]),
    leavesAfterMs: choices.pick([null, null, null, 1, 800, 6_000]),
    waitMs: choices.pick([policy.originDeadlineMs + 8_000, 3_000, 0]),
    isSlowReader: choices.once(4),
  }));
  return { name, asks };
}
