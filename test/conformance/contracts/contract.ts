// A contract for retries that other documents describe, as data. The checks of contracts/ are made from it.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Answer, header } from "../client.ts";
import { expectStatus, show } from "../expect.ts";
import { answersJson } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

/** What a contract may state. A contract without a clause for it has no check of it. */
export type Topic =
  | "syntax"
  | "length"
  | "uniqueness"
  | "first"
  | "retry"
  | "failure"
  | "marker"
  | "echo"
  | "lost response"
  | "concurrent"
  | "mismatch"
  | "elsewhere"
  | "callers"
  | "missing key"
  | "equal JSON"
  | "uncovered methods";

export type Contract = {
  /** Comes first in the section of each check. */
  readonly name: string;
  /** The clause of each topic: a number or title of its document, or what a page without them is about. */
  readonly clauses: Readonly<Partial<Record<Topic, string>>>;
  /** Status of another request under the key. */
  readonly mismatch: number;
  /** Status of a request that meets the running one, unless it waits. */
  readonly inFlight: number;
  readonly missingKey: number;
  /** The field that marks a replay by `true`. */
  readonly marker?: string;
  /** What becomes of a 500 of the API. */
  readonly serverError: "replayed" | "runs again" | "not stated";
  /** The key on another path: refused as another request, or at least never answered by the first response. */
  readonly elsewhere: "refused" | "never replayed";
  /** What the body of a refusal must contain, as its machine-readable code. */
  readonly codes?: { readonly mismatch: string; readonly missingKey?: string };
};

/** An answer that no other run gives. */
export function unique(status = 201): { readonly answer: OriginAnswer; readonly id: string; readonly body: string } {
  const id = randomUUID();
  // Unusual spacing and a letter beyond ASCII: an answer that is parsed and written again differs.
  const body = `{ "id":"${id}",  "amount": 1.50, "name":"Zoë" }`;
  return { answer: answersJson(status, body, { "X-Charge": id }), id, body };
}

export type Result = { readonly status: number; readonly id: string; readonly body: string };

/** The whole answer of the API: status, media type, a field of its own, and each byte. */
export function expectResult(answer: Answer, { status, id, body }: Result): void {
  expectStatus(answer, status);
  assert.equal(answer.body.toString(), body, `expected the API's answer byte for byte, got ${show(answer)}`);
  assert.match(header(answer, "content-type") ?? "none", /^application\/json/u, `Content-Type of ${show(answer)}`);
  assert.equal(header(answer, "x-charge"), id, `expected the API's own fields, got ${show(answer)}`);
}

/** A refusal, which must not have what the API answered. */
export function expectRefused(answer: Answer, statuses: readonly number[], secret: string): void {
  const expected = statuses.join(" or ");
  assert.ok(statuses.includes(answer.status), `expected a refusal by ${expected}, got ${show(answer)}`);
  expectNothingOf(answer, secret);
}

export function expectNothingOf(answer: Answer, secret: string): void {
  const isShown = answer.body.includes(secret) || answer.headers.some(([, value]) => value.includes(secret));
  assert.ok(!isShown, `expected nothing of the first response, got ${show(answer)}`);
}
