import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Callee, type KeyStub, askKeyObject, lookAtFormerRecord } from "../../../src/call/ask-key-object.ts";
import { type LookReply, type Reply } from "../../../src/call/call.ts";
import { type WholeCall } from "../../../src/call/upload.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { BodyBudget } from "../../../src/http/body-budget.ts";
import { HeldBody } from "../../../src/http/held-body.ts";
import { type Refusal, refuse } from "../../../src/http/problem.ts";

const RECORD = "5eed".repeat(16);

const CALL: WholeCall = {
  about: {
    tenant: "api.example.com",
    operation: "POST /v1/charges",
    key: "k",
    isDerived: false,
    callerDigest: "c0ffee",
  },
  request: { rule: "json", fingerprint: "f".repeat(64), plain: "p".repeat(64), caller: null },
  policy: DEFAULT_POLICY,
  journal: null,
  waitMs: 25_000,
  forward: {
    origin: { kind: "url", base: "https://origin.example.com", auth: null },
    url: "https://origin.example.com/v1/charges",
    method: "POST",
    headers: [["authorization", "Bearer sk_test"]],
    body: null,
    bodyBytes: 0,
  },
  probe: null,
};

const ANSWER: Reply = {
  kind: "answer",
  mark: { status: "executed", recordedAtMs: 1000, expiresAtMs: 2000 },
  speaker: "origin",
  waited: false,
  status: 201,
  headers: [],
  body: new Uint8Array(),
  bodyBytes: 0,
};
const REFUSAL: Reply = {
  kind: "refusal",
  mark: { status: "unknown", recordedAtMs: 1000, expiresAtMs: 2000 },
  waited: false,
  code: "outcome_unknown",
};
const NOTHING: LookReply = { kind: "nothing" };

type Flags = Partial<Record<"retryable" | "remote" | "overloaded" | "durableObjectReset", boolean>>;

/** An error as the platform throws it from a call to an object. */
function failure(flags: Flags = {}): Error {
  return Object.assign(new Error("Network connection lost."), flags);
}
const DID_NOT_ARRIVE = failure({ retryable: true });

type Step = LookReply | Error | string | undefined;

/**
 * Asks an object whose calls end in `steps`, in this order: a reply, or a thing that is thrown. Returns which calls were
 * made, each with the number of the stub that it was made on.
 */
async function ask(...steps: Step[]) {
  return askBy(askKeyObject, steps);
}

type Asking = (callee: Callee, call: WholeCall) => Promise<Reply | Refusal | null>;

async function askBy(asking: Asking, steps: Step[]) {
  const calls: string[] = [];
  const looks: unknown[] = [];
  let stubs = 0;
  const next = (call: string): LookReply => {
    calls.push(call);
    const step = steps.shift();
    if (typeof step === "object" && "kind" in step) return step;
    throw step;
  };
  const freshStub = (): KeyStub => {
    const stub = ++stubs;
    return {
      submit: async (call) => {
        expect({ ...call, waitMs: CALL.waitMs }).toEqual(CALL);
        const reply = next(`submit on ${stub}`);
        if (reply.kind === "nothing") throw new Error("a submit is never answered so");
        return reply;
      },
      look: async (call) => {
        looks.push(call);
        return next(`look on ${stub}`);
      },
    };
  };
  const result = await asking({ recordId: RECORD, freshStub }, CALL);
  expect({ calls, notMade: steps }).toEqual({ calls, notMade: [] });
  return { calls, looks, result };
}

let logged: Record<string, unknown>[] = [];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, "warn").mockImplementation((line: unknown) => {
    logged.push(JSON.parse(String(line)) as Record<string, unknown>);
  });
  return () => vi.restoreAllMocks();
});

describe("4.5 a key object that answers", () => {
  test.each([ANSWER, REFUSAL])("is asked once: $kind", async (reply) => {
    expect(await ask(reply)).toEqual({ calls: ["submit on 1"], looks: [], result: reply });
    expect(logged).toEqual([]);
  });
});

describe("4.5.1 a call that certainly did not arrive", () => {
  test("is made again, once, on a fresh stub", async () => {
    expect(await ask(DID_NOT_ARRIVE, ANSWER)).toEqual({
      calls: ["submit on 1", "submit on 2"],
      looks: [],
      result: ANSWER,
    });
  });

  test.each<[string, Flags]>([
    ["did not arrive either", { retryable: true }],
    ["was cut", {}],
    ["failed inside the object", { remote: true }],
    ["was refused for load, where the first may still have arrived", { overloaded: true }],
  ])("is followed by a look where the second one %s", async (_, flags) => {
    expect(await ask(DID_NOT_ARRIVE, failure(flags), ANSWER)).toMatchObject({
      calls: ["submit on 1", "submit on 2", "look on 3"],
      result: ANSWER,
    });
  });

  test("leaves nothing learned where all three calls fail", async () => {
    expect(await ask(DID_NOT_ARRIVE, DID_NOT_ARRIVE, DID_NOT_ARRIVE)).toMatchObject({
      calls: ["submit on 1", "submit on 2", "look on 3"],
      result: { kind: "problem", code: "unavailable" },
    });
  });
});

describe("4.5.1 a call that may have arrived", () => {
  const MAY_HAVE_ARRIVED: [string, Step][] = [
    ["no flags", failure()],
    ["remote", failure({ remote: true })],
    ["retryable and remote, an origin's error that left the object", failure({ retryable: true, remote: true })],
    ["durableObjectReset", failure({ durableObjectReset: true })],
    ["durableObjectReset and remote", failure({ durableObjectReset: true, remote: true })],
    ["flags that are false", failure({ retryable: false, overloaded: false })],
    ["flags that are not booleans", Object.assign(failure(), { retryable: "true", overloaded: 1 })],
    ["no error but a text", "broken"],
    ["nothing at all", undefined],
  ];

  test.each(MAY_HAVE_ARRIVED)("is never made again, and the record is looked at: %s", async (_, thrown) => {
    expect(await ask(thrown, REFUSAL)).toMatchObject({ calls: ["submit on 1", "look on 2"], result: REFUSAL });
  });

  // The platform sets both flags on "Durable Object's isolate exceeded its memory limit and was reset", which can happen
  // in the middle of an attempt: `overloaded` would claim that nothing ran.
  test.each<[string, Flags]>([
    ["reset for its memory", { overloaded: true, durableObjectReset: true }],
    ["overloaded, by an error from inside the object", { overloaded: true, remote: true }],
  ])("is looked after also where the object was %s", async (_, flags) => {
    expect(await ask(failure(flags), REFUSAL)).toMatchObject({ calls: ["submit on 1", "look on 2"], result: REFUSAL });
  });

  test("is looked after without what could execute it", async () => {
    const { looks } = await ask(failure(), ANSWER);
    const { forward: _, probe: __, ...look } = CALL;
    expect(looks).toEqual([{ ...look, waitMs: expect.any(Number) as number }]);
  });

  test("is not made again, and only looked after, where the object has begun to read its body", async () => {
    const body = HeldBody.hold(new Uint8Array(100_000), new BodyBudget(), 60_000);
    const calls: string[] = [];
    const fail = (call: string, error: Error) => () => {
      calls.push(call);
      body?.release();
      return Promise.reject(error);
    };
    const freshStub = (): KeyStub => ({ submit: fail("submit", DID_NOT_ARRIVE), look: fail("look", failure()) });
    await askKeyObject({ recordId: RECORD, freshStub }, { ...CALL, forward: { ...CALL.forward, body } });
    expect(calls).toEqual(["submit", "look"]);
    expect(logged.map(({ call }) => call)).toEqual(["submit", "look"]);
  });

  test("waits no longer in all its calls than the client would wait in one", async () => {
    vi.useFakeTimers();
    const waits: number[] = [];
    const fails = (after: number, error: Error) => (call: { readonly waitMs: number }) => {
      waits.push(call.waitMs);
      vi.advanceTimersByTime(after);
      return Promise.reject(error);
    };
    const submits = [fails(20_000, DID_NOT_ARRIVE), fails(8_000, failure())];
    const submit = (call: { readonly waitMs: number }) => (submits.shift() ?? fails(0, failure()))(call);
    const freshStub = (): KeyStub => ({ submit, look: fails(0, failure()) });
    await askKeyObject({ recordId: RECORD, freshStub }, CALL);
    vi.useRealTimers();
    expect(waits).toEqual([25_000, 5000, 0]);
  });
});

describe("4.5.2 when the look does not help", () => {
  test.each<[string, Step]>([
    ["finds no record", NOTHING],
    ["fails", failure()],
    ["did not arrive", DID_NOT_ARRIVE],
    ["is refused for load", failure({ overloaded: true })],
  ])("nothing was learned: it %s", async (_, step) => {
    expect(await ask(failure(), step)).toMatchObject({
      calls: ["submit on 1", "look on 2"],
      result: { kind: "problem", code: "unavailable" },
    });
  });
});

describe("4.5.2 a call that was refused for load", () => {
  test.each<[string, Flags]>([
    ["overloaded", { overloaded: true }],
    ["overloaded and retryable", { overloaded: true, retryable: true }],
  ])("is not repeated in any form: %s", async (_, flags) => {
    expect(await ask(failure(flags))).toEqual({
      calls: ["submit on 1"],
      looks: [],
      result: { kind: "problem", code: "overloaded" },
    });
  });
});

describe("4.5 every combination of flags", () => {
  const NAMES = ["retryable", "remote", "overloaded", "durableObjectReset"] as const;
  const AGAIN = "submit on 2";
  const LOOK = "look on 2";
  const NONE = "nothing";

  test.each([
    ["", LOOK],
    ["retryable", AGAIN],
    ["remote", LOOK],
    ["retryable remote", LOOK],
    ["overloaded", NONE],
    ["retryable overloaded", NONE],
    ["remote overloaded", LOOK],
    ["retryable remote overloaded", LOOK],
    ["durableObjectReset", LOOK],
    ["retryable durableObjectReset", LOOK],
    ["remote durableObjectReset", LOOK],
    ["retryable remote durableObjectReset", LOOK],
    ["overloaded durableObjectReset", LOOK],
    ["retryable overloaded durableObjectReset", LOOK],
    ["remote overloaded durableObjectReset", LOOK],
    ["retryable remote overloaded durableObjectReset", LOOK],
  ])("is followed by one next step: %j, %s", async (flags, next) => {
    const set = Object.fromEntries(NAMES.map((name) => [name, flags.split(" ").includes(name)]));
    const { calls, result } = await ask(failure(set), ...(next === NONE ? [] : [REFUSAL]));
    expect(calls).toEqual(next === NONE ? ["submit on 1"] : ["submit on 1", next]);
    expect(result).toEqual(next === NONE ? { kind: "problem", code: "overloaded" } : REFUSAL);
  });
});

describe("the log line for an operator", () => {
  test("is which call failed, for which record, why, and with which flags", async () => {
    await ask(failure({ retryable: true }), failure({ remote: true, durableObjectReset: true }), undefined);
    const where = { tenant: "api.example.com", record: RECORD, version: null };
    const lost = "Error: Network connection lost.";
    expect(logged).toEqual([
      { event: "call_failed", call: "submit", why: lost, flags: "retryable", ...where },
      { event: "call_failed", call: "second submit", why: lost, flags: "remote,durableObjectReset", ...where },
      { event: "call_failed", call: "look", why: "undefined", flags: "", ...where },
    ]);
  });
});

describe("3.5.10 a look at the record of the former caller rule", () => {
  const lookAtFormer = async (step: Step, isSameRecord = false) => {
    const { calls, result } = await askBy((callee, call) => lookAtFormerRecord(callee, call, isSameRecord), [step]);
    return { calls, result };
  };
  const OTHER_CALLER: Reply = { ...REFUSAL, code: "caller_changed" };

  test("lets the request go on only by the object's own word that there is none", async () => {
    expect(await lookAtFormer(NOTHING)).toEqual({ calls: ["look on 1"], result: null });
  });

  test.each([ANSWER, REFUSAL, OTHER_CALLER])("is answered by what is there: $kind", async (reply) => {
    expect(await lookAtFormer(reply)).toEqual({ calls: ["look on 1"], result: reply });
  });

  test("lets the request go on where both rules name one record, which is bound to another caller", async () => {
    expect(await lookAtFormer(OTHER_CALLER, true)).toEqual({ calls: ["look on 1"], result: null });
    expect(await lookAtFormer(REFUSAL, true)).toEqual({ calls: ["look on 1"], result: REFUSAL });
  });

  test.each<[string, Step]>([
    ["fails", failure()],
    ["did not arrive", DID_NOT_ARRIVE],
    ["was refused for load", failure({ overloaded: true })],
  ])("does not let the request go on, and is not made again, where it %s", async (_, step) => {
    expect(await lookAtFormer(step)).toEqual({ calls: ["look on 1"], result: refuse("unavailable") });
  });
});
