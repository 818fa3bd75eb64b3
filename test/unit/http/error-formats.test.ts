import { describe, expect, test } from "vitest";
import { PROFILES } from "../../../src/config/profiles.ts";
import { type ErrorFormat } from "../../../src/http/error-formats.ts";
import { PROBLEMS, type ProblemCode } from "../../../src/http/problem-codes.ts";
import { type ErrorRules, problemResponse, refuse } from "../../../src/http/problem.ts";

const URL_OF_REQUEST = new URL("https://api.example.com/v1/charges");
const CODES = Object.keys(PROBLEMS) as ProblemCode[];
const INSTANCE = "8e03978e-40d5-43dd-bc93-6894a57f9324";
const URI = `urn:uuid:${INSTANCE}`;
const FORMATS: ErrorFormat[] = ["problem", "stripe", "acp", "ucp"];

function rules(fields: Partial<ErrorRules>): ErrorRules {
  return { errors: "problem", errorStatus: {}, errorCode: {}, ...fields };
}

async function written(code: ProblemCode, own: ErrorRules, detail?: string) {
  const response = problemResponse({ ...refuse(code, detail), instance: INSTANCE }, URL_OF_REQUEST, own);
  return { response, body: (await response.json()) as Record<string, unknown> };
}

describe("6.5.3 the formats of refusals", () => {
  test("Stripe's: an error object with a class, a code, a message and where it is explained", async () => {
    const { response, body } = await written("key_reused", PROFILES.stripe, "Said.");
    expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/json"]);
    expect(body).toEqual({
      error: {
        type: "idempotency_error",
        code: "key_reused",
        message: "Said.",
        doc_url: "https://api.example.com/.well-known/idempotency#key_reused",
        instance: URI,
      },
    });
  });

  test("ACP's: flat, with a class, a code and a message", async () => {
    const { response, body } = await written("key_missing", PROFILES.acp, "Said.");
    expect([response.status, response.headers.get("content-type")]).toEqual([400, "application/json"]);
    expect(body).toEqual({ type: "invalid_request", code: "idempotency_key_required", message: `Said. (${URI})` });
  });

  test("UCP's: a code and a content", async () => {
    const { response, body } = await written("key_reused", PROFILES.ucp, "Said.");
    expect([response.status, response.headers.get("content-type")]).toEqual([409, "application/json"]);
    expect(body).toEqual({ code: "key_reused", content: `Said. (${URI})` });
  });

  test("each says the problem's own detail where there is nothing more exact", async () => {
    const { detail } = PROBLEMS.unavailable;
    const said = await Promise.all(
      FORMATS.map(async (errors) => (await written("unavailable", rules({ errors }))).body),
    );
    expect(said).toMatchObject([
      { detail },
      { error: { message: detail } },
      { message: `${detail} (${URI})` },
      { content: `${detail} (${URI})` },
    ]);
  });

  test.each(FORMATS.flatMap((errors) => CODES.map((code) => [errors, code] as const)))(
    "%s has the headers of 6.3.3 on %s",
    async (errors, code) => {
      const { response } = await written(code, rules({ errors }));
      const { status, retryable } = PROBLEMS[code];
      expect(response.status).toBe(status);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "cache-control": "no-store",
        "x-should-retry": String(retryable),
        "stripe-should-retry": String(retryable),
      });
      expect(response.headers.has("retry-after")).toBe(retryable);
    },
  );
});

describe("6.5.4 other statuses and codes", () => {
  test.each(FORMATS)("replace those of the problem: %s", async (errors) => {
    const own = rules({ errors, errorStatus: { in_flight: 425 }, errorCode: { in_flight: "busy" } });
    const { response, body } = await written("in_flight", own);
    expect(response.status).toBe(425);
    expect(response.headers.get("retry-after")).toBe("1");
    const expected = {
      problem: { status: 425, code: "busy", error: { code: "busy" } },
      stripe: { error: { code: "busy" } },
    };
    expect(body).toMatchObject({ ...expected, acp: { code: "busy" }, ucp: { code: "busy" } }[errors]);
  });

  test("leave the place where it is explained", async () => {
    const type = "https://api.example.com/.well-known/idempotency#in_flight";
    const errorCode = { in_flight: "busy" };
    expect((await written("in_flight", rules({ errorCode }))).body).toMatchObject({ type });
    expect((await written("in_flight", rules({ errors: "stripe", errorCode }))).body).toMatchObject({
      error: { doc_url: type },
    });
  });

  test("leave all other problems alone", async () => {
    const { response, body } = await written("key_invalid", rules({ errorStatus: { key_reused: 409 } }));
    expect([response.status, body["code"]]).toEqual([400, "key_invalid"]);
  });
});

describe("the classes of errors", () => {
  const ACP: Record<ProblemCode, string> = {
    unknown_tenant: "invalid_request",
    key_missing: "invalid_request",
    key_invalid: "invalid_request",
    rpc_invalid: "invalid_request",
    caller_missing: "invalid_request",
    caller_unverified: "invalid_request",
    caller_unverifiable: "service_unavailable",
    caller_changed: "invalid_request",
    rate_limited: "service_unavailable",
    body_too_large: "invalid_request",
    body_incomplete: "invalid_request",
    body_timeout: "invalid_request",
    host_invalid: "invalid_request",
    path_refused: "invalid_request",
    header_unreadable: "invalid_request",
    key_reused: "invalid_request",
    in_flight: "invalid_request",
    outcome_unknown: "processing_error",
    attempts_exhausted: "processing_error",
    origin_timeout: "processing_error",
    origin_unreachable: "processing_error",
    replay_unavailable: "processing_error",
    key_expired: "processing_error",
    on_hold: "service_unavailable",
    overloaded: "service_unavailable",
    unavailable: "service_unavailable",
    loop_detected: "processing_error",
    misconfigured: "processing_error",
    internal: "processing_error",
  };
  test.each(Object.entries(ACP) as [ProblemCode, string][])("in ACP %s is %s", async (code, type) => {
    expect((await written(code, PROFILES.acp)).body["type"]).toBe(type);
  });

  test.each([
    ["key_reused", "idempotency_error"],
    ["in_flight", "idempotency_error"],
    ["outcome_unknown", "idempotency_error"],
    ["key_missing", "invalid_request_error"],
    ["rate_limited", "invalid_request_error"],
    ["unavailable", "api_error"],
    ["origin_timeout", "api_error"],
  ] as const)("in Stripe's %s is %s", async (code, type) => {
    expect((await written(code, PROFILES.stripe)).body).toMatchObject({ error: { type } });
  });
});
