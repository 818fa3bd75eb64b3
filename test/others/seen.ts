// Small readings of an answer that the suites share.

import assert from "node:assert/strict";
import { type Answer, header } from "../conformance/client.ts";
import { show } from "../conformance/expect.ts";

export type Members = Readonly<Record<string, unknown>>;

/** The members of a JSON object, or none where the value is no object. */
export function members(value: unknown): Members {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** Fails as an assertion where the body is no JSON object. */
export function json(answer: Answer): Members {
  try {
    return members(JSON.parse(answer.body.toString()));
  } catch {
    assert.fail(`expected JSON, got ${show(answer)}`);
  }
}

/** The member at a path of names, or undefined. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce((inner: unknown, name) => members(inner)[name], value);
}

export function expectHeader(answer: Answer, name: string, value: string | undefined): void {
  assert.equal(header(answer, name), value, `expected ${name}: ${value ?? "none"}, got ${show(answer)}`);
}

export function expectStatusIn(answer: Answer, statuses: readonly number[]): void {
  assert.ok(statuses.includes(answer.status), `expected ${statuses.join(" or ")}, got ${show(answer)}`);
}

export function expectType(answer: Answer, type: string): void {
  const seen = header(answer, "content-type") ?? "none";
  assert.ok(seen.includes(type), `expected the type ${type}, got ${seen}: ${show(answer)}`);
}

/** A problem with this status and code, whose type leads to the host's own published policy (6.3.2). */
export function expectOwnProblem(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, `expected ${status}, got ${show(answer)}`);
  expectType(answer, "application/problem+json");
  const problem = json(answer);
  assert.equal(problem["code"], code, show(answer));
  assert.match(String(problem["type"]), new RegExp(`^https?://[^/]+/\\.well-known/idempotency#${code}$`));
}
