import { describe, expect, test } from "vitest";
import { conclusionOfProbe } from "../../../src/record/probe.ts";

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
