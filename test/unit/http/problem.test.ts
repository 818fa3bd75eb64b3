import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PROBLEMS, type ProblemCode } from "../../../src/http/problem-codes.ts";
import {
  identified,
  isRefusal,
  plainProblem,
  problemResponse,
  problemType,
  refuse,
  refuseWithId,
} from "../../../src/http/problem.ts";
import { isOperatorProblem, operatorProblem } from "../../../src/operator/problem.ts";

const URL_OF_REQUEST = new URL("https://api.example.com/v1/charges?x=1");
const CODES = Object.keys(PROBLEMS) as ProblemCode[];

/** The rows of the table in a section of docs/protocol.md, as texts. */
function protocolTable(section: string): string[][] {
  const protocol = readFileSync(join(import.meta.dirname, "../../../docs/protocol.md"), "utf8");
  const [, text = ""] = protocol.split(`### ${section}\n`);
  const rows =
    text
      .split(/\n##/)[0]
      ?.split("\n")
      .filter((line) => line.startsWith("| `")) ?? [];
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe("6.4 codes", () => {
  test("are those of the table, with its status, retryable and key_reuse", () => {
    const table = protocolTable("6.4 Codes").map(([code, status, retryable, keyReuse]) => ({
      code: code?.replaceAll("`", ""),
      status: Number(status),
      retryable: retryable === "yes",
      keyReuse,
    }));
    const problems = CODES.map((code) => {
      const { status, retryable, keyReuse } = PROBLEMS[code];
      return { code, status, retryable, keyReuse };
    });
    expect(table).toHaveLength(29);
    expect(problems).toEqual(table);
  });

  test.each(CODES)("%s has a title and a detail for people", (code) => {
    const { title, detail } = PROBLEMS[code];
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(detail).toMatch(/^[A-Z].*\.$/);
  });

  test("does not say of a reused key what differed", () => {
    expect(PROBLEMS.key_reused.detail).not.toMatch(/body|path|method|header|query|fingerprint|type/i);
  });
});

describe("6.3 problems", () => {
  test("are documents of RFC 9457", async () => {
    const instance = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    const response = problemResponse({ ...refuse("key_reused"), instance }, URL_OF_REQUEST);
    expect(response.status).toBe(422);
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-should-retry": "false",
      "stripe-should-retry": "false",
    });
    const detail =
      "This Idempotency-Key was sent before with a different request. Nothing was done. Use a new key for a new operation.";
    expect(await response.json()).toEqual({
      type: "https://api.example.com/.well-known/idempotency#key_reused",
      title: "The key belongs to another request",
      status: 422,
      detail,
      instance: `urn:uuid:${instance}`,
      code: "key_reused",
      retryable: false,
      key_reuse: "new",
      error: { type: "idempotency_error", code: "key_reused", message: detail },
    });
  });

  test("say when to come again where that can help", async () => {
    const response = problemResponse(identified(refuse("in_flight")), URL_OF_REQUEST);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "retry-after": "1",
      "x-should-retry": "true",
      "stripe-should-retry": "true",
    });
    expect(await response.json()).toMatchObject({ status: 409, retryable: true, key_reuse: "same" });
  });

  test("say when to come again as the configuration does, where it does", () => {
    const response = problemResponse(
      identified({ kind: "problem", code: "rate_limited", retryAfterSeconds: 10 }),
      URL_OF_REQUEST,
    );
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "10"]);
  });

  test.each(CODES)("%s: headers and document agree, and Retry-After is set where it is retryable", async (code) => {
    const { status, retryable, keyReuse } = PROBLEMS[code];
    const response = problemResponse(identified(refuse(code)), URL_OF_REQUEST);
    const document = (await response.json()) as Record<string, unknown>;
    expect(response.status).toBe(status);
    expect(document).toMatchObject({ code, status, retryable, key_reuse: keyReuse });
    expect(document["error"]).toMatchObject({ code, message: document["detail"] });
    expect(Object.keys(document)).toEqual([
      "type",
      "title",
      "status",
      "detail",
      "instance",
      "code",
      "retryable",
      "key_reuse",
      "error",
    ]);
    expect(response.headers.has("retry-after")).toBe(retryable);
    expect(response.headers.get("retry-after") ?? "1").toMatch(/^[1-9][0-9]*$/);
    expect(response.headers.get("x-should-retry")).toBe(String(retryable));
    expect(response.headers.get("stripe-should-retry")).toBe(String(retryable));
  });

  test.each([
    ["key_invalid", "invalid_request_error"],
    ["outcome_unknown", "idempotency_error"],
    ["unavailable", "api_error"],
  ] as const)("shows SDKs the class of %s: %s", async (code, type) => {
    expect(await problemResponse(identified(refuse(code)), URL_OF_REQUEST).json()).toMatchObject({ error: { type } });
  });

  test("may say something more exact, in both places", async () => {
    const response = problemResponse(identified(refuse("key_invalid", "It is empty.")), URL_OF_REQUEST);
    expect(await response.json()).toMatchObject({
      title: "Idempotency-Key is not valid",
      detail: "It is empty.",
      error: { message: "It is empty." },
    });
  });
});

describe("6.3.5 instance", () => {
  test("is a new UUID of each refusal, or that of a line which has the cause", () => {
    const [one, other] = [identified(refuse("internal")), identified(refuse("internal"))];
    expect(one.instance).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(other.instance).not.toBe(one.instance);
    expect(identified(one)).toEqual(one);
    const known = identified(refuseWithId("internal", "8e03978e-40d5-43dd-bc93-6894a57f9324"));
    expect(known.instance).toBe("8e03978e-40d5-43dd-bc93-6894a57f9324");
  });
});

describe("6.3.2 problem types", () => {
  test.each([
    ["https://api.example.com/v1/x?y#z", "https://api.example.com/.well-known/idempotency#in_flight"],
    ["https://api.example.com:443/", "https://api.example.com/.well-known/idempotency#in_flight"],
    ["http://127.0.0.1:8787/v1", "http://127.0.0.1:8787/.well-known/idempotency#in_flight"],
    ["http://[::1]:8787/", "http://[::1]:8787/.well-known/idempotency#in_flight"],
  ])("of a request to %s is %s", (url, type) => {
    expect(problemType("in_flight", new URL(url))).toBe(type);
  });
});

describe("what has no type of its own", () => {
  test("is about:blank where the request has no URL", async () => {
    const response = problemResponse(identified(refuse("unknown_tenant")), null);
    expect(response.status).toBe(421);
    expect(await response.json()).toMatchObject({ type: "about:blank", code: "unknown_tenant", status: 421 });
  });

  test("is a problem that says no more than its status", async () => {
    const response = plainProblem(405, "Method Not Allowed", { allow: "GET, HEAD" });
    expect(response.status).toBe(405);
    expect(Object.fromEntries(response.headers)).toEqual({
      allow: "GET, HEAD",
      "cache-control": "no-store",
      "content-type": "application/problem+json",
    });
    expect(await response.json()).toEqual({ type: "about:blank", title: "Method Not Allowed", status: 405 });
  });
});

describe("refusals as values", () => {
  test("differ from keys, digests, bodies, replies and problems of the operator API", () => {
    expect(isRefusal(refuse("internal"))).toBe(true);
    for (const value of ["key", "", null, undefined, 5, new Uint8Array(), { kind: "refusal", code: "in_flight" }]) {
      expect(isRefusal(value)).toBe(false);
    }
    expect(isRefusal(operatorProblem("unavailable"))).toBe(false);
    expect(isOperatorProblem(refuse("unavailable"))).toBe(false);
  });

  test("have no detail unless it is given", () => {
    expect(refuse("internal")).toEqual({ kind: "problem", code: "internal" });
    expect(refuse("internal", "It failed.")).toEqual({ kind: "problem", code: "internal", detail: "It failed." });
  });
});
