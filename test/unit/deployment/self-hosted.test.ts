import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkSelfHosted } from "../../../scripts/deployment/self-hosted.ts";
import { shortly } from "./broken.ts";

const TEXT = readFileSync(join(import.meta.dirname, "..", "..", "..", "deploy", "workerd.capnp"), "utf8");

const ENTRY = { origin: "http://127.0.0.1:9100", caller: ["authorization"] };
const VARIABLES = { TENANTS: JSON.stringify({ "*": ENTRY }), PATH: "/usr/bin" };

function verdictOn(text: string, variables: Record<string, string> = VARIABLES) {
  return checkSelfHosted({ file: "workerd.capnp", text, variables });
}

/** Without the line, which the comments of the committed file move. */
function found(text: string, variables?: Record<string, string>): string[] {
  return verdictOn(text, variables).findings.map((finding) => shortly(finding).replace(/^\d+:/, ""));
}

function broken(from: string, to: string): string {
  if (!TEXT.includes(from)) throw new Error(`not in the configuration: ${from}`);
  return TEXT.replace(from, to);
}

describe("checking what self-hosting uses", () => {
  test("finds no faults in the committed configuration, with an origin on this machine", () => {
    expect(verdictOn(TEXT)).toEqual({
      findings: [],
      summary: ["* → http://127.0.0.1:9100, 0 routes"],
    });
  });

  test("needs ORIGIN alone", () => {
    expect(found(TEXT, { ORIGIN: "http://127.0.0.1:9100" })).toEqual([]);
  });

  test.each([
    [
      "an older date",
      '"2026-10-30"',
      '"2026-09-01"',
      '23 compatibility-date: compatibilityDate is 2026-09-01 | compatibilityDate = "2026-10-30"',
    ],
    [
      "a flag that is missing",
      '["enable_request_signal"]',
      "[]",
      '24 compatibility-flags: enable_request_signal is missing | compatibilityFlags = ["enable_request_signal"]',
    ],
    [
      "a flag that does harm",
      '["enable_request_signal"]',
      '["enable_request_signal", "request_signal_passthrough"]',
      "50 compatibility-flags: request_signal_passthrough: attempts would end when their client leaves | remove request_signal_passthrough",
    ],
    [
      "a binding that is missing",
      '(name = "JOURNALS", durableObjectNamespace = "Journal"),',
      "",
      '14 object-bindings: JOURNALS is not bound to Journal | (name = "JOURNALS", durableObjectNamespace = "Journal")',
    ],
    [
      "records in memory",
      'durableObjectStorage = (localDisk = "storage")',
      "durableObjectStorage = (inMemory = void)",
      '26 object-storage: records are not stored on disk | durableObjectStorage = (localDisk = "storage")',
    ],
    [
      "a class under another name",
      "oncegate-keys",
      "my-keys",
      '5 object-storage: KeyObject is not stored under oncegate-keys with SQL | (className = "KeyObject", uniqueKey = "oncegate-keys", enableSql = true)',
    ],
    [
      "a variable that does not reach the Worker",
      '(name = "EDGE", fromEnvironment = "EDGE"),',
      "",
      '14 variables: EDGE is not bound | (name = "EDGE", fromEnvironment = "EDGE")',
    ],
    ["a text that breaks off", "durableObjectStorage =", "durableObjectStorage", "24 syntax: = is expected"],
  ])("finds %s", (_, from, to, expected) => {
    expect(found(broken(from, to))).toEqual([expected]);
  });

  test.each([
    ["no tenant", {}, "34 tenants: there is no tenant | set ORIGIN, or TENANTS as JSON"],
    [
      "an edge that is not there",
      { ...VARIABLES, EDGE: "cloudflare" },
      "34 edge: EDGE is cloudflare | EDGE=proxy behind a proxy of your own, otherwise unset",
    ],
    [
      "a jurisdiction",
      { TENANTS: JSON.stringify({ "*": { ...ENTRY, jurisdiction: "eu" } }) },
      '34 jurisdiction: TENANTS."*" has a jurisdiction | remove it',
    ],
    [
      "a placeholder",
      { TENANTS: JSON.stringify({ "*": { ...ENTRY, origin: "https://origin.example.com" } }) },
      '34 placeholder: TENANTS."*": origin.example.com is a placeholder | write your own',
    ],
    [
      "a fault of a field",
      { TENANTS: JSON.stringify({ "*": { ...ENTRY, ttl: "1" } }) },
      '34 configuration: TENANTS."*".ttl must be a duration from 1s to 90d, such as "1d" (ms, s, m, h, d)',
    ],
    [
      "JSON that breaks off",
      { TENANTS: '{ "*": {' },
      "34 configuration: TENANTS is not valid JSON: close brace expected in line 1, column 9 of its text",
    ],
    [
      "a method that is not covered",
      { TENANTS: JSON.stringify({ "*": { ...ENTRY, routes: [{ match: "DELETE /x" }] } }) },
      '34 uncovered-route: TENANTS."*": "DELETE /x" is not covered: methods has only POST, PATCH | add methods = ["DELETE"] to the route',
    ],
    [
      "a secret that does not reach the Worker",
      { ...VARIABLES, SECRETS: '{"GATE":{"purpose":"origin_auth","hostnames":["*"]}}' },
      '14 variables: GATE is not bound | (name = "GATE", fromEnvironment = "GATE")',
    ],
  ])("finds in the variables of the process: %s", (_, variables, expected) => {
    expect(found(TEXT, variables)).toEqual([expected]);
  });
});
