/** The alternatives to Oncegate, and where each behaves differently by design. */

import { type WorkerName } from "../support/runtime.ts";

export type Peer = {
  readonly name: string;
  readonly what: string;
  /** A Worker of bench/workers, or a server of bench/peers. */
  readonly runs:
    | { readonly on: "workerd"; readonly worker: WorkerName }
    | { readonly on: "node"; readonly file: string; readonly redis: boolean };
  /** What equal guarantees would take besides what a line measures; empty for none. */
  readonly missing: string;
  /** By the beginning of a check's name, its section first: the peer's own rule that differs from the check. */
  readonly byDesign: Readonly<Record<string, string>>;
};

/** These don't apply to a middleware, which is part of one API. */
const LIBRARY = "it has one host and one policy, and no gateway's headers";
const INSIDE_THE_API = {
  "3.1": LIBRARY,
  "3.2": LIBRARY,
  "3.9": LIBRARY,
  "7.1": LIBRARY,
  "7.2": LIBRARY,
  "7.3": LIBRARY,
  "8": LIBRARY,
  "6.1.2": "has no times",
};

const NO_JOINING = {
  "4.3": "refuses a duplicate of a running request with 409",
  "2 P1 runs 100 simultaneous requests": "runs one, and refuses the others with 409",
};

export const PEERS: readonly Peer[] = [
  {
    name: "oncegate",
    what: "Oncegate",
    runs: { on: "workerd", worker: "oncegate" },
    missing: "",
    byDesign: {},
  },
  {
    name: "three-calls",
    what: "Hono middleware, get – lock – complete",
    runs: { on: "workerd", worker: "three-calls" },
    missing:
      "the caller in its key; an attempt in the object, which outlives its client; waiting; another attempt where the origin did not run the request",
    byDesign: { ...INSIDE_THE_API, ...NO_JOINING },
  },
  {
    name: "node-idempotency",
    what: "@node-idempotency/core 1.0.11",
    runs: { on: "node", file: "node-idempotency.ts", redis: false },
    missing:
      "a store that outlives the process; the caller in its key; another attempt where the origin did not run the request",
    byDesign: { ...INSIDE_THE_API },
  },
  {
    name: "node-idempotency-redis",
    what: "@node-idempotency/core 1.0.11, Redis",
    runs: { on: "node", file: "node-idempotency.ts", redis: true },
    missing:
      "Redis that syncs its log, which is measured; the caller in its key; another attempt where the origin did not run the request",
    byDesign: { ...INSIDE_THE_API },
  },
  {
    name: "express-idempotency",
    what: "express-idempotency 1.0.6",
    runs: { on: "node", file: "express-idempotency.ts", redis: false },
    missing:
      "a store that outlives the process; the caller in its key; all fields of a response; waiting; an attempt that is kept when its connection breaks",
    byDesign: {
      ...INSIDE_THE_API,
      ...NO_JOINING,
    },
  },
];
