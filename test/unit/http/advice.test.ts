/** What a refusal says in its status, its headers, its text and in the published policy must be one advice. */

import { describe, expect, test } from "vitest";
import { type RefusalReply } from "../../../src/call/call.ts";
import { DEFAULT_POLICY, PROFILES } from "../../../src/config/profiles.ts";
import { PROBLEMS, type ProblemCode, isProblemCode } from "../../../src/http/problem-codes.ts";
import { type ProblemType } from "../../../src/http/problem-type.ts";
import { identified, problemResponse, refuse, writtenAs } from "../../../src/http/problem.ts";
import { refusal } from "../../../src/key-object/reply.ts";
import { policyDocument } from "../../../src/published-policy/document.ts";
import { identifiedReply } from "../../../src/worker/identified-reply.ts";
import { keyedResponse } from "../../../src/worker/keyed-response.ts";
import { entry } from "../config/entries.ts";
import { tenantOf } from "../published-policy/configurations.ts";
import { tombstone, unknown } from "../record/examples.ts";

const URL_OF_REQUEST = new URL("https://api.example.com/v1/charges");
const CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter(isProblemCode);
const NAMES = ["ietf", "stripe", "acp", "ucp"] as const;

/** The request may have run, or has. Sending it under a new key would risk a second run. */
const MAY_HAVE_RUN: readonly ProblemCode[] = [
  "outcome_unknown",
  "attempts_exhausted",
  "origin_timeout",
  "origin_unreachable",
  "replay_unavailable",
];

describe.each(CODES)("%s", (code) => {
  const problem: ProblemType = PROBLEMS[code];
  const { detail, retryable, keyReuse, retryAfterSeconds } = problem;

  test("has Retry-After exactly where the same request can help", () => {
    expect(retryAfterSeconds !== undefined).toBe(retryable);
  });

  test("keeps the key where the same request can help, and where the request may have run", () => {
    if (retryable || MAY_HAVE_RUN.includes(code)) expect(keyReuse).toBe("same");
  });

  test("advises in its text what it advises in its fields", () => {
    const invitesRetry = /\b[Ss]end (?:it|the (?:same )?request) again\b|\b[Aa]sk later\b/;
    const invitesNewKey = /\b[Uu]se a new key\b/;
    if (retryable) expect(detail).toMatch(invitesRetry);
    else expect(detail).not.toMatch(invitesRetry);
    if (keyReuse === "same") expect(detail).not.toMatch(invitesNewKey);
    if (MAY_HAVE_RUN.includes(code)) expect(detail).not.toMatch(/nothing (?:was|has) (?:done|sent)|refused before/i);
  });

  test.each(NAMES)("is the same in headers, body and published policy: %s", async (profile) => {
    const rules = PROFILES[profile];
    const response = problemResponse(identified(refuse(code)), URL_OF_REQUEST, rules);
    const isBeforePolicy = code === "unknown_tenant" || code === "misconfigured";
    const { headers } = response;
    expect([headers.has("retry-after"), headers.get("x-should-retry"), headers.get("stripe-should-retry")]).toEqual([
      retryable,
      String(retryable),
      String(retryable),
    ]);
    const tenant = tenantOf(entry({ profile }));
    const published = policyDocument("api.example.com", tenant, URL_OF_REQUEST).problems.find(
      (one) => one.problem === code,
    );
    expect(published).toMatchObject({ meaning: detail, retryable, key_reuse: keyReuse });
    if (!isBeforePolicy)
      expect(published).toMatchObject({ status: response.status, code: writtenAs(code, rules).code });
    expect(await response.text()).toContain(JSON.stringify(detail).slice(1, -1));
  });
});

describe("6.5 a status", () => {
  /** In UCP, 409 means another payload. In ACP, 409 means that the original runs, and 422 another payload. */
  const MEANT = {
    ucp: { 409: ["key_reused", "caller_changed"] },
    acp: { 409: ["in_flight"], 422: ["key_reused", "caller_changed"] },
  } as const;

  test.each(["ucp", "acp"] as const)("has the one meaning that %s gives it", (profile) => {
    for (const [status, codes] of Object.entries<readonly string[]>(MEANT[profile])) {
      const written = CODES.filter((code) => writtenAs(code, PROFILES[profile]).status === Number(status));
      expect([status, written.toSorted()]).toEqual([status, codes.toSorted()]);
    }
  });

  test.each(NAMES)("of a request that may have run is none that an SDK corrects and sends anew: %s", (profile) => {
    for (const code of MAY_HAVE_RUN) {
      expect([409, 500, 502, 504]).toContain(writtenAs(code, PROFILES[profile]).status);
    }
  });
});

describe("6.1.2 expires", () => {
  const ASKED = {
    url: URL_OF_REQUEST,
    policy: DEFAULT_POLICY,
    key: { echo: "k", isDerived: false },
    waitSeconds: null,
  };
  const markOf = (reply: RefusalReply): string =>
    keyedResponse(identifiedReply(reply), ASKED).headers.get("idempotency-status") ?? "none";

  test("is on refusals whose text names the end of the record, and of no other", () => {
    expect(markOf(refusal("outcome_unknown", unknown))).toBe("unknown; recorded=@1; expires=@2");
    expect(markOf(refusal("attempts_exhausted", unknown))).toBe("unknown; recorded=@1; expires=@2");
    expect(markOf(refusal("replay_unavailable", tombstone))).toBe("refused; recorded=@1; expires=@2");
    for (const code of ["key_reused", "caller_changed", "in_flight", "overloaded", "unavailable"] as const) {
      expect(markOf(refusal(code))).toBe("refused");
    }
    const named = CODES.filter((code) => /until the record expires/i.test(PROBLEMS[code].detail));
    expect(named).toEqual(["outcome_unknown", "attempts_exhausted", "replay_unavailable"]);
  });

  test.each([
    [{ kind: "too large" }, "was too large to keep"],
    [{ kind: "erased" }, "was erased by an operator"],
    [{ kind: "coded", coding: "dcb" }, 'had the content coding "dcb", which is not kept'],
  ] as const)("comes with the reason why there is no replay: %j", async (cause, reason) => {
    const response = keyedResponse(identifiedReply(refusal("replay_unavailable", { ...tombstone, cause })), ASKED);
    expect(await response.json()).toMatchObject({
      status: 409,
      code: "replay_unavailable",
      retryable: false,
      detail: `The request with this key ran, but its answer ${reason}. It is not sent again until the record expires.`,
    });
  });
});
