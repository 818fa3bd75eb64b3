// What the API answers. Pure.

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

/** The same answer, told to a probe: by this the gateway answers whoever still asks. */
export function final(charge: Charge): Answer {
  const answer = made(charge);
  const words = { "Oncegate-Outcome": "final", "Oncegate-Status": String(answer.status) };
  return { ...answer, status: 200, headers: { ...answer.headers, ...words } };
}

/** Only for what had no effect and never will have. */
export function notExecuted(answer: Answer): Answer {
  return withOutcome(answer, "not-executed");
}

export function unknown(answer: Answer): Answer {
  return withOutcome(answer, "unknown");
}

/** Kept by no cache: the same URL is asked about the next attempt too. */
function withOutcome(answer: Answer, outcome: string): Answer {
  return { ...answer, headers: { ...answer.headers, "Oncegate-Outcome": outcome, "Cache-Control": "no-store" } };
}
