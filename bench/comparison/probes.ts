/** What may go wrong with retries, by name. Each probe looks at one thing only, whatever marks and problem documents a peer has. */

import { setTimeout as sleep } from "node:timers/promises";
import { freshKey } from "../support/load.ts";
import { type ProbedOrigin } from "./probed-origin.ts";

export type Asked = {
  readonly path: string;
  readonly key: string;
  readonly caller?: string;
  readonly body?: string;
  /** Resets the connection when it is aborted. */
  readonly hangUp?: AbortSignal;
};

/** Null if the connection broke. */
export type Response = { readonly status: number; readonly body: string; readonly fields: readonly string[] } | null;

export type Peered = { readonly ask: (asked: Asked) => Promise<Response>; readonly origin: ProbedOrigin };

type Probe = {
  readonly name: string;
  /** Resolves with whether the peer has the fault. `path` is of this probe alone. */
  readonly hasFault: (peer: Peered, path: string, key: string) => Promise<boolean>;
  /** The first part of its path, which decides how the origin answers. */
  readonly origin: "plain" | "slow" | "busy" | "reset";
};

const SIMULTANEOUS = 20;

/** How long the result of a client that hung up may take, and between two looks at it. */
const RESULT_TIMEOUT_MS = 8000;
const RESULT_POLL_MS = 500;

export const PROBES: readonly Probe[] = [
  {
    name: "a second execution",
    origin: "slow",
    hasFault: async ({ ask, origin }, path, key) => {
      await Promise.all(Array.from({ length: SIMULTANEOUS }, () => ask({ path, key })));
      await ask({ path, key });
      return origin.runsOf(path) !== 1;
    },
  },
  {
    name: "a changed response",
    origin: "plain",
    hasFault: async ({ ask }, path, key) => {
      const [first, retry] = [await ask({ path, key }), await ask({ path, key })];
      return first === null || !isEqual(first, retry);
    },
  },
  {
    name: "another caller's response",
    origin: "plain",
    hasFault: async ({ ask }, path, key) => {
      const first = await ask({ path, key, caller: "Bearer alice" });
      return (await ask({ path, key, caller: "Bearer mallory" }))?.body === first?.body;
    },
  },
  {
    name: "the response to another request",
    origin: "plain",
    hasFault: async ({ ask }, path, key) => {
      const first = await ask({ path, key, body: `{"amount":1}` });
      return (await ask({ path, key, body: `{"amount":2}` }))?.body === first?.body;
    },
  },
  {
    name: "another request runs beside the first",
    origin: "slow",
    hasFault: async ({ ask, origin }, path, key) => {
      const first = ask({ path, key, body: `{"amount":1}` });
      await origin.ran(path, 1);
      await ask({ path, key, body: `{"amount":2}` });
      await first;
      return origin.runsOf(path) !== 1;
    },
  },
  {
    name: "a retry does not wait for the running request",
    origin: "slow",
    hasFault: async ({ ask, origin }, path, key) => {
      const first = ask({ path, key });
      await origin.ran(path, 1);
      const retry = await ask({ path, key });
      return retry?.body !== (await first)?.body;
    },
  },
  {
    name: "lost when the client hangs up",
    origin: "slow",
    hasFault: async ({ ask, origin }, path, key) => {
      const hangUp = new AbortController();
      const first = ask({ path, key, hangUp: hangUp.signal });
      await origin.ran(path, 1);
      hangUp.abort();
      await first;
      return !(await hasResult(() => ask({ path, key }))) || origin.runsOf(path) !== 1;
    },
  },
  {
    name: "a 503 with Retry-After is kept",
    origin: "busy",
    hasFault: async ({ ask, origin }, path, key) => {
      await ask({ path, key });
      await ask({ path, key });
      return origin.runsOf(path) !== 2;
    },
  },
  {
    name: "a second execution after a broken connection",
    origin: "reset",
    hasFault: async ({ ask, origin }, path, key) => {
      await ask({ path, key });
      await ask({ path, key });
      return origin.runsOf(path) !== 1;
    },
  },
];

/** The names of the faults, in this order. */
export async function faultsOfProbes(peer: Peered): Promise<string[]> {
  const names: string[] = [];
  for (const [at, { name, origin, hasFault }] of PROBES.entries()) {
    if (await hasFault(peer, `/${origin}/${at}`, freshKey())) names.push(name);
  }
  return names;
}

async function hasResult(ask: () => Promise<Response>): Promise<boolean> {
  const until = performance.now() + RESULT_TIMEOUT_MS;
  while (performance.now() < until) {
    if ((await ask())?.status === 201) return true;
    await sleep(RESULT_POLL_MS);
  }
  return false;
}

function isEqual(first: NonNullable<Response>, retry: Response): boolean {
  return retry?.status === first.status && retry.body === first.body && retry.fields.join() === first.fields.join();
}
