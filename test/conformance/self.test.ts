// The suite must be able to fail: against a plain proxy, which forwards everything every time, the checks that matter
// fail, and each says what it saw.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nameOf } from "./check.ts";
import { type Target } from "./context.ts";
import { checksSection, PAGE } from "./document/section.ts";
import { declared } from "./exceptions.ts";
import { startOrigin } from "./origin.ts";
import { startPassThroughProxy } from "./pass-through-proxy.ts";
import { profileNames, profiles } from "./profiles.ts";
import { REASONS } from "./reasons.ts";
import { type Result, runCheck, runChecks } from "./run.ts";
import { suite } from "./suite.ts";

let target: Target;
let stop: () => Promise<void>;

beforeAll(async () => {
  const origin = await startOrigin(0);
  const proxy = await startPassThroughProxy(origin.port);
  target = { url: proxy.url, origin };
  stop = async () => {
    await proxy.stop();
    await origin.stop();
  };
});

afterAll(() => stop?.());

async function run(name: string): Promise<Result> {
  const check = suite.find((check) => nameOf(check) === name);
  if (check === undefined) throw new Error(`the suite has no check named ${name}`);
  return runCheck(check, target, new Map());
}

const failing: readonly (readonly [name: string, message: string])[] = [
  ["2 P1 runs 100 simultaneous requests with one key once", "expected 1 requests at the origin, it saw 100"],
  ["2 P1 runs a retried request once", 'expected Idempotency-Status, got 201 [] {"run":1}'],
  ["2 P2 gives the first answer also where the origin would answer otherwise by now", 'got 201 [] {"run":2}'],
  ["3.4.1 refuses a request without a key where it is required", "expected status 400, got 201"],
  ["3.4.5 refuses two key lines with different keys", "expected status 400, got 201"],
  ["3.5.2 refuses a keyed request that does not say who calls", "expected status 400, got 201"],
  ["3.6.1 refuses a body whose Content-Length is beyond max_request_bytes", "expected status 413, got 201"],
  ["3.9.1 refuses a request that carries its mark alone", "expected status 508, got 201"],
  ["4.1 refuses another request once the first is completed", "expected Idempotency-Status"],
  ["5.1 takes a connection that is reset after the request for unknown and never runs it again", "socket hang up"],
  ["5.1 takes 502 for unknown, passes it on marked and never runs it again", "expected Idempotency-Status, got 502"],
  ["7.2.2 drops Forwarded and Oncegate-* of a keyless request", "+ 'for=192.0.2.1'\n- undefined"],
  ["7.3.1 drops Oncegate-Outcome from the answer to a keyless request", "+ 'not-executed'\n- undefined"],
  ["8.2.1 answers GET /_oncegate/records with 404 itself", "expected status 404, got 418"],
];

test.each(failing)("fails: %s", async (name, message) => {
  const result = await run(name);
  expect(result.outcome).toBe("fail");
  expect(result.outcome === "fail" ? result.why : "").toContain(message);
});

const passing = [
  "3.3.1 forwards a POST without a key each time, without a record",
  "3.3.1 forwards a GET with a key each time, without a record",
  "3.3.2 passes the first bytes of an answer on before the last ones are there",
  "3.3.2 passes bodies through untouched",
  "8.3.1 leaves /_oncegatex to the origin",
];

test.each(passing)("passes, since forwarding is all it takes: %s", async (name) => {
  expect(await run(name)).toMatchObject({ outcome: "pass" });
});

test("says what a check needs that the target lacks", async () => {
  const result = await run("3.7.2 has logged no key, credential or body");
  expect(result).toMatchObject({ outcome: "not applicable", why: "the suite did not start the gateway itself" });
});

test("reports every check once, in the suite's order", async () => {
  const checks = suite.filter(({ section }) => section === "3.5.2");
  const results = await runChecks(checks, target, new Map(), () => undefined);
  expect(results.map(({ check }) => check)).toEqual(checks);
});

test.each(profileNames)("has a name for each check of %s that no other one has", (profile) => {
  const names = profiles[profile].checks.map(nameOf);
  expect(names.length).toBeGreaterThan(12);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("has a reason for each clause, and none for others", () => {
  const clauses = new Set(suite.filter(({ why }) => why === undefined).map(({ section }) => section));
  expect(Object.keys(REASONS).toSorted()).toEqual([...clauses].toSorted());
});

test("docs/conformance.md has the checks as they are: npm run conformance:docs", () => {
  expect(readFileSync(PAGE, "utf8")).toContain(`<!-- checks: begin -->\n\n${checksSection()}\n\n<!-- checks: end -->`);
});

test("declares a failure by the beginning of its name, and no success or other clause", async () => {
  const failed = await run("3.9.1 refuses a request that carries its mark alone");
  expect(declared(failed, { "3.9": "has no marks" })).toMatchObject({ outcome: "excepted", why: "has no marks" });
  expect(declared(failed, { "3.9.1 refuses": "has no marks" }).outcome).toBe("excepted");
  expect(declared(failed, { "3.9.10": "x", "3.9.1 ref ": "x", "9.1": "x" })).toBe(failed);
  // 3.1 is not the beginning of 3.10.
  const other = { ...failed, check: { ...failed.check, section: "3.10.1" } };
  expect(declared(other, { "3.1": "has no tenants" })).toBe(other);
  const passed = await run("8.3.1 leaves /_oncegatex to the origin");
  expect(declared(passed, { "8": "has no reserved paths" })).toBe(passed);
});
