// Runs checks against a target, several at a time, and reports the result of each.

import { bounded } from "./bounded.ts";
import { type Check } from "./check.ts";
import { contextFor, type Target } from "./context.ts";
import { type Need } from "./tenants.ts";

export type Result = { readonly check: Check; readonly elapsedMs: number } & (
  | { readonly outcome: "pass" }
  | { readonly outcome: "fail"; readonly why: string }
  /** It fails, and the implementation declares that: `why` is its reason. */
  | { readonly outcome: "excepted"; readonly why: string }
  | { readonly outcome: "not applicable"; readonly why: string }
);

/** Why the needs of some checks are not met. */
export type Unmet = ReadonlyMap<Need, string>;

/** The slowest check lets 1,001 requests wait; nothing else comes near. */
export const CHECK_TIMEOUT_MS = 180_000;

/** Most of a check is waiting for others, so this many keep two cores busy without making time-outs of them. */
const CONCURRENCY = 6;

export async function runCheck(check: Check, target: Target, unmet: Unmet): Promise<Result> {
  const why = whyNotApplicable(check, target, unmet);
  if (why !== undefined) return { check, elapsedMs: 0, outcome: "not applicable", why };
  const started = performance.now();
  try {
    await bounded(check.run(contextFor(target, check.needs)), CHECK_TIMEOUT_MS, "the check to end");
    return { check, elapsedMs: performance.now() - started, outcome: "pass" };
  } catch (error) {
    // Whatever a check throws is what it saw: an assertion, a wait that ran out, a connection that broke.
    const why = error instanceof Error ? error.message : String(error);
    return { check, elapsedMs: performance.now() - started, outcome: "fail", why };
  }
}

/** Undefined where the check applies. */
function whyNotApplicable({ needs }: Check, target: Target, unmet: Unmet): string | undefined {
  if (needs === undefined) return undefined;
  const said = unmet.get(needs);
  if (said !== undefined) return said;
  if (needs === "a gateway without a catch-all tenant" && target.urlWithoutCatchAll === undefined) {
    return "needs --url-without-catch-all";
  }
  if (needs === "a gateway that can be killed" && target.crash === undefined) {
    return "the suite did not start the gateway itself";
  }
  if (needs === "the gateway's log" && target.log === undefined) return "the suite did not start the gateway itself";
  return undefined;
}

/** First those that may run beside each other, then each of the others by itself. Results in the order of `checks`. */
export async function runChecks(
  checks: readonly Check[],
  target: Target,
  unmet: Unmet,
  onResult: (result: Result) => void,
): Promise<readonly Result[]> {
  const results = new Map<Check, Result>();
  const run = async (check: Check): Promise<void> => {
    const result = await runCheck(check, target, unmet);
    results.set(check, result);
    onResult(result);
  };
  const queue = checks.filter(({ alone }) => alone !== true);
  const worker = async (): Promise<void> => {
    for (let check = queue.shift(); check !== undefined; check = queue.shift()) await run(check);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  for (const check of checks.filter(({ alone }) => alone === true)) await run(check);
  return checks.flatMap((check) => results.get(check) ?? []);
}
