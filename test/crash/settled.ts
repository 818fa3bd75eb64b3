// When a key has come to rest: the answer stays the same until its term is over.

import { type Operation, type Seen } from "./history.ts";

const FINAL_WORDS: ReadonlySet<string | null> = new Set(["executed", "replayed", "joined"]);

/** An answer that is the answer from now on, or the head of one. */
export function isFinal(seen: Seen): boolean {
  return (seen.kind === "answered" || seen.kind === "cut") && FINAL_WORDS.has(seen.word);
}

/** Whether asking again would get the same answer. A lost answer settles nothing for the client that lost it. */
export function isSettled(policy: Operation["policy"], seen: Seen): boolean {
  if (seen.kind !== "answered") return false;
  if (isFinal(seen)) return true;
  if (seen.code === "outcome_unknown") return policy === "refuse";
  return seen.code === "replay_unavailable" || (policy === "retry" && seen.code === "attempts_exhausted");
}
