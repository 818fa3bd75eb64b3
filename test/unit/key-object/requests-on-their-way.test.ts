/** The steps before an attempt and after its answer that hold something: a body in memory, a search, those who wait. */

import { describe, expect, test, vi } from "vitest";
import { type Forward } from "../../../src/call/call.ts";
import { attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { type ArrivedAnswer, outcomeOf, receptionOf } from "../../../src/key-object/conclusion-of-answer.ts";
import { Preparation } from "../../../src/key-object/preparation.ts";
import { prepareAttempt } from "../../../src/key-object/prepared-attempt.ts";
import { type OriginAnswer } from "../../../src/origin/exchange.ts";
import { answer, rule } from "../record/answers.ts";

const BYTES = new Uint8Array(1000);
const FORWARD: Forward = {
  origin: { kind: "url", base: "http://origin.test", auth: null },
  url: "http://origin.test/v1/charges",
  method: "POST",
  headers: [],
  body: BYTES,
  bodyBytes: BYTES.byteLength,
};
const SENDER = { env: {}, ctx: {}, isInWorker: false };

test("the body of a request that can't be prepared is given back", () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const before = bodyBudget.heldBytes;
  const forward: Forward = { ...FORWARD, origin: { kind: "service", binding: "ABSENT", auth: null } };
  const prepared = prepareAttempt(
    forward,
    { attemptNumber: 1, before: null },
    { tenant: "api.test", record: "5eed" },
    SENDER,
  );
  expect(prepared).toMatchObject({ kind: "refusal", code: "misconfigured" });
  expect(bodyBudget.heldBytes).toBe(before);
});

test("those who wait for a preparation go on when its attempt has begun, not when it has ended", async () => {
  const preparation = new Preparation();
  const waiting = preparation.wait(60_000, 0);
  const body = new Blob([BYTES]).stream();
  const attempt = Promise.withResolvers<string>();
  const running = preparation.run({ ...FORWARD, body }, () => attempt.promise);
  expect(await waiting).toEqual({});
  attempt.resolve("executed");
  expect(await running).toBe("executed");
});

describe("7.4.3 a body that can't be decoded", () => {
  const policy = { ...attemptPolicy(DEFAULT_POLICY), outcomes: [rule({ event: "done" }, "final")] };
  const fields = { "content-type": "text/event-stream" };
  const coded = (coding: string | null) => {
    const signs = answer(429, fields);
    const body = { exists: true };
    return { came: "head", signs, coding, body, isStream: true } as unknown as OriginAnswer;
  };

  test("is not searched, because an event that it does not show may be there", () => {
    expect(receptionOf(coded(null), policy).search).not.toBeNull();
    const reception = receptionOf(coded("dcb"), policy);
    expect(reception.search).toBeNull();
    const arrived = { signs: coded("dcb").signs, body: { end: "whole" } } as unknown as ArrivedAnswer;
    expect(outcomeOf(arrived, reception, policy)).toBe("unknown");
  });
});
