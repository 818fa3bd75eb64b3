import { describe, expect, test } from "vitest";
import { conclusionOfProbe, whyUnsettled } from "../../../src/record/probe.ts";

const head = { status: 200, headers: [], bodyBytes: 2 };

describe("5.7 what an answer to a probe settles", () => {
  test.each([
    ["final", "402", "whole", { outcome: "final", answer: { ...head, status: 402 } }],
    ["FINAL", "201", "whole", { outcome: "final", answer: { ...head, status: 201 } }],
    ["final", "201", "overflowed", { outcome: "not-kept", cause: { kind: "too large" } }],
    ["final", "201", "broken", { outcome: "unknown" }],
    ["final", null, "whole", { outcome: "unknown" }],
    ["final", "OK", "whole", { outcome: "unknown" }],
    ["final", "101", "whole", { outcome: "unknown" }],
    ["final", "600", "whole", { outcome: "unknown" }],
    ["final", "0201", "whole", { outcome: "unknown" }],
    ["final", "2010", "whole", { outcome: "unknown" }],
    ["not-executed", null, "whole", { outcome: "not-executed" }],
    ["not-executed", null, "broken", { outcome: "not-executed" }],
    ["unknown", "201", "whole", { outcome: "unknown" }],
    ["done", "201", "whole", { outcome: "unknown" }],
    [null, "201", "whole", { outcome: "unknown" }],
    [null, null, "whole", { outcome: "unknown" }],
  ] as const)("Oncegate-Outcome %s, Oncegate-Status %s, body %s", (originOutcome, originStatus, end, expected) => {
    expect(conclusionOfProbe({ originOutcome, originStatus }, end, head)).toEqual(expected);
  });
});

describe("why it settles nothing", () => {
  test.each([
    [500, null, null, "whole", "status 500 without Oncegate-Outcome"],
    [200, "unknown", null, "whole", "status 200, Oncegate-Outcome is neither final nor not-executed"],
    [200, "done", "201", "whole", "status 200, Oncegate-Outcome is neither final nor not-executed"],
    [200, "final", null, "whole", "status 200, final without Oncegate-Status"],
    [200, "final", "OK", "whole", "status 200, final with an invalid Oncegate-Status"],
    [200, "final", "201", "broken", "status 200, the body broke off"],
    [200, "final", "201", "whole", null],
    [200, "final", "201", "overflowed", null],
    [404, "not-executed", null, "broken", null],
  ] as const)(
    "%i, Oncegate-Outcome %s, Oncegate-Status %s, body %s: %s",
    (status, originOutcome, originStatus, end, why) => {
      expect(whyUnsettled({ status, originOutcome, originStatus }, end)).toBe(why);
      const { outcome } = conclusionOfProbe({ originOutcome, originStatus }, end, head);
      expect(outcome === "unknown").toBe(why !== null);
    },
  );
});
