// Assertions in the protocol's words. Each message says what was seen, so that a failure can be read without a debugger.

import assert from "node:assert/strict";
import { eventually } from "./bounded.ts";
import { type Answer, header, type HeaderLine, lines } from "./client.ts";
import { runBody } from "./origin-answers.ts";
import { type ScriptedOrigin } from "./origin.ts";
import { type ProblemCode, problems } from "./problems.ts";
import { type IdempotencyStatus, parseStatusItem } from "./status-item.ts";

export type StatusWord = "executed" | "replayed" | "joined" | "released" | "unknown" | "refused";

/** An answer on one line, for messages. */
export function show(answer: Answer): string {
  const marks = ["idempotency-status", "idempotent-replayed"].flatMap((name) => {
    const value = header(answer, name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
  const body = answer.body.toString("latin1");
  const cut = body.length > 200 ? `${body.slice(0, 200)}… (${body.length} bytes)` : body;
  return `${answer.status} [${marks.join("; ")}] ${cut}${answer.complete ? "" : " (cut short)"}`;
}

/** Section 6.1.2. */
export function idempotencyStatus(answer: Answer): IdempotencyStatus {
  const value = header(answer, "idempotency-status");
  assert.ok(value !== undefined, `expected Idempotency-Status, got ${show(answer)}`);
  return parseStatusItem(value);
}

export function expectStatus(answer: Answer, status: number): void {
  assert.equal(answer.status, status, `expected status ${status}, got ${show(answer)}`);
}

export function expectMark(answer: Answer, word: StatusWord): IdempotencyStatus {
  const status = idempotencyStatus(answer);
  assert.equal(status.word, word, `expected Idempotency-Status ${word}, got ${show(answer)}`);
  return status;
}

/** The origin ran this request, and its answer is the nth on this path. */
export function expectRun(answer: Answer, run: number): void {
  assert.equal(answer.body.toString(), runBody(run), `expected the answer of run ${run}, got ${show(answer)}`);
  expectStatus(answer, 201);
  expectMark(answer, "executed");
  assert.equal(header(answer, "idempotent-replayed"), undefined, `expected no replay, got ${show(answer)}`);
}

export function expectBody(answer: Answer, body: string | Uint8Array): void {
  const expected = Buffer.from(body);
  assert.ok(answer.complete, `expected a whole body, got ${show(answer)}`);
  assert.ok(
    answer.body.equals(expected),
    `expected ${expected.length} bytes as the origin sent them, got ${show(answer)}`,
  );
}

/** An answer from the record: sections 6.2.1 and P2. */
export function expectReplay(answer: Answer, original: Answer, word: "replayed" | "joined" = "replayed"): void {
  assert.equal(
    header(answer, "idempotent-replayed"),
    "true",
    `expected Idempotent-Replayed: true, got ${show(answer)}`,
  );
  expectMark(answer, word);
  expectSame(answer, original);
  // Section 6.2.4.
  if (answer.status < 400) return;
  expectRetryAdvice(answer, false);
  assert.equal(header(answer, "retry-after"), undefined, `expected no Retry-After on ${show(answer)}`);
}

/** Equal status, end-to-end headers (but for Set-Cookie) and bytes. */
export function expectSame(answer: Answer, original: Answer): void {
  expectStatus(answer, original.status);
  expectBody(answer, original.body);
  assert.deepEqual(endToEnd(answer), endToEnd(original), "expected the end-to-end headers of the first answer");
}

/** Headers that belong to one connection, one delivery or one requester, or that P2 excepts. */
const NOT_KEPT: ReadonlySet<string> = new Set([
  "age",
  "connection",
  "date",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "set-cookie",
  "idempotency-key",
  "idempotency-status",
  "idempotent-replayed",
  "preference-applied",
  "retry-after",
  "x-should-retry",
  "stripe-should-retry",
]);

function endToEnd(answer: Answer): readonly HeaderLine[] {
  const names = [...new Set(answer.headers.map(([name]) => name.toLowerCase()))].filter((name) => !NOT_KEPT.has(name));
  return names.sort().map((name): HeaderLine => [name, header(answer, name) ?? ""]);
}

export type Problem = Readonly<Record<string, unknown>>;

/** A refusal with everything that sections 6.3 and 6.4 say about it. `retryable` is not the code's own where 5.7.9 applies. */
export function expectProblem(
  answer: Answer,
  code: ProblemCode,
  retryable: boolean = problems[code].retryable,
): Problem {
  const facts = problems[code];
  expectStatus(answer, facts.status);
  const type = header(answer, "content-type") ?? "";
  assert.match(type, /^application\/problem\+json\b/, `expected a problem document, got ${type}: ${show(answer)}`);
  const problem = membersOf(JSON.parse(answer.body.toString()), answer);
  assert.equal(problem["code"], code, `expected ${code}, got ${show(answer)}`);
  assert.equal(problem["status"], facts.status, `status member of ${show(answer)}`);
  assert.equal(problem["retryable"], retryable, `retryable member of ${show(answer)}`);
  assert.equal(problem["key_reuse"], facts.keyReuse, `key_reuse member of ${show(answer)}`);
  assert.match(String(problem["instance"]), /^urn:uuid:[0-9a-f-]{36}$/u, `instance of ${show(answer)}`);
  for (const name of ["type", "title", "detail"]) {
    const value = problem[name];
    assert.ok(typeof value === "string" && value !== "", `expected a ${name} member, got ${show(answer)}`);
  }
  assert.match(String(problem["type"]), new RegExp(`^https?://[^/]+/\\.well-known/idempotency#${code}$`, "u"));
  const error = membersOf(problem["error"], answer);
  assert.equal(error["code"], code, `expected an error member with the code, got ${show(answer)}`);
  for (const name of ["type", "message"]) {
    assert.equal(typeof error[name], "string", `expected a string in error.${name}, got ${show(answer)}`);
  }
  assert.equal(header(answer, "cache-control"), "no-store", `Cache-Control of ${show(answer)}`);
  expectRetryAdvice(answer, retryable);
  const retryAfter = header(answer, "retry-after");
  if (retryable) assert.match(retryAfter ?? "none", /^\d+$/u, `Retry-After of ${show(answer)}`);
  else assert.equal(retryAfter, undefined, `expected no Retry-After on ${show(answer)}`);
  return problem;
}

function membersOf(value: unknown, answer: Answer): Problem {
  assert.ok(typeof value === "object" && value !== null, `expected a JSON object, got ${show(answer)}`);
  return Object.fromEntries(Object.entries(value));
}

/** A refusal of a keyed request, which also carries the mark of section 6.1.4. */
export function expectRefusal(answer: Answer, code: ProblemCode, retryable?: boolean): Problem {
  const problem = expectProblem(answer, code, retryable);
  expectMark(answer, tellsOfUnknown(code) ? "unknown" : "refused");
  return problem;
}

function tellsOfUnknown(code: ProblemCode): boolean {
  return ["outcome_unknown", "attempts_exhausted", "origin_timeout", "origin_unreachable"].includes(code);
}

/** Section 6.3.3: what SDKs obey. */
export function expectRetryAdvice(answer: Answer, retryable: boolean): void {
  for (const name of ["x-should-retry", "stripe-should-retry"]) {
    assert.deepEqual(lines(answer, name), [String(retryable)], `${name} of ${show(answer)}`);
  }
}

/** How often the origin was asked: the one number that all this is about. */
export function expectRuns(origin: ScriptedOrigin, path: string, runs: number): void {
  const seen = origin.count(path);
  assert.equal(seen, runs, `expected ${runs} requests at the origin, it saw ${seen}`);
}

/** One line of the log has `text`. A line may arrive after the answer that it is about. */
export async function expectLogged(log: () => string, text: string): Promise<void> {
  const linesNow = (): string[] =>
    log()
      .split("\n")
      .filter((line) => line.includes(text));
  await eventually(async () => (linesNow().length > 0 ? true : undefined), {
    withinMs: 10_000,
    everyMs: 20,
    what: `a line of the log with ${text}`,
    saw: () => "none",
  });
  assert.equal(linesNow().length, 1, `lines with ${text}: ${linesNow().join("; ")}`);
}
