/** What a request came to, as values, and the headers by which the gateway learns of it (docs/protocol.md 10). Pure. */

import { unreachable } from "../record/record.ts";

/** An answer that can be stored as text. `status` is from 200 to 599. */
export interface Answer {
  readonly status: number;
  /** By name, in any letter case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request ran, or was refused for good. The answer is stored, and each retry gets it. */
export interface Final {
  readonly outcome: "final";
  readonly answer: Answer;
}

/** The request had no effect and never will have: a promise (docs/protocol.md 10.2). The client may send it again. */
export interface NotExecuted {
  readonly outcome: "not-executed";
  readonly answer: Answer;
}

/** Whether the request had an effect is not known. Nothing runs again until a probe or an operator has settled it. */
export interface Unknown {
  readonly outcome: "unknown";
  readonly answer: Answer;
}

/** What a request came to. */
export type Outcome = Final | NotExecuted | Unknown;

/** Throws a RangeError where the status is not one that the gateway can store (docs/protocol.md 5.1). */
export function final(answer: Answer): Final {
  if (!Number.isInteger(answer.status) || answer.status < 200 || answer.status > 599) {
    throw new RangeError(`the status of a final answer is from 200 to 599, not ${answer.status}`);
  }
  return { outcome: "final", answer };
}

/** The outcome of a request that had no effect. */
export function notExecuted(answer: Answer): NotExecuted {
  return { outcome: "not-executed", answer };
}

/** The outcome of a request whose effect is not known. */
export function unknown(answer: Answer): Unknown {
  return { outcome: "unknown", answer };
}

/** The answer with `Oncegate-Outcome`. No cache may store one that is not final: the next request may get another. */
export function answerOf({ outcome, answer }: Outcome): Answer {
  switch (outcome) {
    case "final":
      return withHeaders(answer, { "Oncegate-Outcome": outcome });
    case "not-executed":
    case "unknown":
      return withHeaders(answer, { "Oncegate-Outcome": outcome, "Cache-Control": "no-store" });
    default:
      return unreachable(outcome);
  }
}

/** The stored answer, as a probe gets it: with a status of its own, beside which the stored one is a header (docs/protocol.md 5.7.2). */
export function probedAnswer(answer: Answer): Answer {
  const signs = { "Oncegate-Outcome": "final", "Oncegate-Status": String(answer.status) };
  return { ...withHeaders(answer, signs), status: 200 };
}

/** A problem (RFC 9457) of the fence's own. */
export function problem(status: number, title: string, detail: string): Answer {
  const body = JSON.stringify({ type: "about:blank", title, status, detail });
  return { status, headers: { "Content-Type": "application/problem+json" }, body: `${body}\n` };
}

/** Replaces fields of the same name in any letter case: two values of `Oncegate-Outcome` would be one that is not known. */
function withHeaders(answer: Answer, set: Readonly<Record<string, string>>): Answer {
  const names = new Set(Object.keys(set).map((name) => name.toLowerCase()));
  const kept = Object.entries(answer.headers ?? {}).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...answer, headers: { ...Object.fromEntries(kept), ...set } };
}
