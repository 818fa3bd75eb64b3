// The answers of the API. Pure.

import { chargeJson } from "./charge.ts";
import { type Charge, type Fault } from "./charge.ts";

export type Answer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

export function problem(status: number, title: string, detail: string, errors: readonly Fault[] = []): Answer {
  return { status, body: { type: "about:blank", title, status, detail, ...(errors.length > 0 && { errors }) } };
}

/** The answer to the order that made the charge. */
export function made(charge: Charge): Answer {
  return { status: 201, body: chargeJson(charge), headers: { Location: `/v1/charges/${charge.id}` } };
}

/** The same answer to a probe. The gateway stores it and replays it to every retry. */
export function final(charge: Charge): Answer {
  const answer = made(charge);
  const outcome = { "Oncegate-Outcome": "final", "Oncegate-Status": String(answer.status) };
  return { ...answer, status: 200, headers: { ...answer.headers, ...outcome } };
}

/** Only for a request that had no effect and never will. */
export function notExecuted(answer: Answer): Answer {
  return withOutcome(answer, "not-executed");
}

export function unknown(answer: Answer): Answer {
  return withOutcome(answer, "unknown");
}

/** No cache may store it, since a probe for the next attempt has the same URL. */
function withOutcome(answer: Answer, outcome: string): Answer {
  return { ...answer, headers: { ...answer.headers, "Oncegate-Outcome": outcome, "Cache-Control": "no-store" } };
}
