// The contracts, each with the clauses of its document, and the checks that are made of them.

import { type Check } from "../check.ts";
import { type Contract } from "./contract.ts";
import { refusals } from "./refusals.ts";
import { retries } from "./retries.ts";

/** draft-ietf-httpapi-idempotency-key-header, by the titles of its sections. */
export const ietf: Contract = {
  name: "IETF",
  clauses: {
    syntax: "Syntax",
    uniqueness: "Uniqueness",
    first: "Enforcement, first time request",
    retry: "Enforcement, duplicate request",
    failure: "Enforcement, duplicate request",
    "lost response": "Enforcement, duplicate request",
    concurrent: "Enforcement, concurrent request",
    mismatch: "Error Scenarios",
    "missing key": "Error Scenarios",
    elsewhere: "Uniqueness",
    callers: "Security Considerations",
  },
  mismatch: 422,
  inFlight: 409,
  missingKey: 400,
  serverError: "not stated",
  elsewhere: "never replayed",
};

/** Stripe's pages "Idempotent requests" and "Advanced error handling". */
export const stripe: Contract = {
  name: "Stripe",
  clauses: {
    length: "keys",
    uniqueness: "keys",
    first: "results",
    retry: "results",
    failure: "results",
    marker: "replays",
    "lost response": "network errors",
    concurrent: "concurrent requests",
    mismatch: "parameters",
    elsewhere: "parameters",
    callers: "accounts",
    "uncovered methods": "methods",
  },
  mismatch: 400,
  inFlight: 409,
  missingKey: 400,
  marker: "Idempotent-Replayed",
  serverError: "replayed",
  elsewhere: "refused",
  codes: { mismatch: "idempotency_error" },
};

/** The Agentic Commerce Protocol's RFC "Agentic Checkout", by its sections. */
export const acp: Contract = {
  name: "ACP",
  clauses: {
    "missing key": "6.1",
    uniqueness: "6.1",
    callers: "6.1",
    elsewhere: "6.1",
    "equal JSON": "6.2",
    first: "6.3",
    retry: "6.3",
    "lost response": "6.3",
    marker: "6.3",
    mismatch: "6.4",
    concurrent: "6.4",
    failure: "6.5",
    echo: "3",
  },
  mismatch: 422,
  inFlight: 409,
  missingKey: 400,
  marker: "Idempotent-Replayed",
  serverError: "runs again",
  elsewhere: "never replayed",
  codes: { mismatch: "idempotency_conflict", missingKey: "idempotency_key_required" },
};

export function checksOf(contract: Contract): readonly Check[] {
  const { name, clauses } = contract;
  const checks = [...retries(contract), ...refusals(contract)].flatMap(({ topic, ...check }) => {
    const clause = clauses[topic];
    return clause === undefined ? [] : [{ section: `${name}: ${clause}`, ...check }];
  });
  // By clause, in the order of the contract.
  const order = Object.values(clauses).map((clause) => `${name}: ${clause}`);
  return checks.sort((a, b) => order.indexOf(a.section) - order.indexOf(b.section));
}
