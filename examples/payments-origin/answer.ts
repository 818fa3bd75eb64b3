// The answers of the API. Pure.

import { type Answer } from "../../src/for-origins/index.ts";
import { type Charge, type Fault, chargeJson } from "./charge.ts";

export function problem(status: number, title: string, detail: string, errors: readonly Fault[] = []): Answer {
  const body = { type: "about:blank", title, status, detail, ...(errors.length > 0 && { errors }) };
  return { status, headers: { "Content-Type": "application/problem+json" }, body: `${JSON.stringify(body)}\n` };
}

export function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: `${JSON.stringify(body)}\n` };
}

/** The answer to the order that made the charge. The gateway replays it to every retry. */
export function made(charge: Charge): Answer {
  return json(201, chargeJson(charge), { Location: `/v1/charges/${charge.id}` });
}
