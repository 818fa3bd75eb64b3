import { describe, expect, test } from "vitest";
import { type RefusalReply } from "../../../src/call/call.ts";
import { refuse, refuseWithId } from "../../../src/http/problem.ts";
import { identifiedReply } from "../../../src/worker/identified-reply.ts";

const MARK = { status: "refused", recordedAtMs: null, expiresAtMs: null } as const;
const ID = "8e03978e-40d5-43dd-bc93-6894a57f9324";

function instanceOf(reply: RefusalReply | ReturnType<typeof refuse>): string | undefined {
  const known = identifiedReply(reply);
  return known.kind === "answer" ? undefined : known.instance;
}

describe("6.3.5 the instance of a reply", () => {
  test("is the id of the line that has the cause", () => {
    expect(instanceOf(refuseWithId("internal", ID))).toBe(ID);
    expect(instanceOf({ kind: "refusal", mark: MARK, waited: false, code: "misconfigured", faultId: ID })).toBe(ID);
  });

  test("is a new one where there is no such line", () => {
    const refusal = { kind: "refusal", mark: MARK, waited: false, code: "in_flight" } as const;
    expect(instanceOf(refusal)).toMatch(/^[0-9a-f-]{36}$/);
    expect(instanceOf(refusal)).not.toBe(instanceOf(refusal));
    expect(instanceOf(refuse("overloaded"))).toMatch(/^[0-9a-f-]{36}$/);
  });
});
