import { describe, expect, test } from "vitest";
import { type Decision, type Probed, type Situation, decide } from "../../../src/record/decide.ts";
import { OTHER, SAME, completed, expired, pending, tombstone, unknown, unreadable } from "./examples.ts";

const RECORDS = { none: null, pending, unknown, completed, tombstone, expired, unreadable };
const PROBED: readonly (Probed | null)[] = [
  null,
  { attemptId: "attempt-1", outcome: "not-executed" },
  { attemptId: "attempt-1", outcome: "unknown" },
  { attemptId: "another", outcome: "not-executed" },
];

/** Every situation of a request that may execute and probe. */
function situations(): Situation[] {
  const all: Situation[] = [];
  for (const record of Object.values(RECORDS)) {
    for (const running of ["attempt", "probe", "preparation", null] as const) {
      for (const request of [SAME, OTHER]) {
        for (const onUnknown of ["refuse", "retry", "probe"] as const) {
          for (const maxAttempts of [1, 3]) {
            for (const inFlight of ["wait", "refuse"] as const) {
              for (const probed of PROBED) {
                for (const nowMs of [1999, 2000, 10_000]) {
                  const policy = { onUnknown, maxAttempts, inFlight };
                  const may = { mayExecute: true, isOnHold: false, mayProbeFromMs: 0 };
                  all.push({ record, running, request, policy, ...may, probed, nowMs });
                }
              }
            }
          }
        }
      }
    }
  }
  return all;
}

const onHold = (situation: Situation): Decision =>
  decide({ ...situation, mayExecute: false, isOnHold: true, mayProbeFromMs: null });

describe("4.6.1 on hold", () => {
  test("no situation executes, probes, or finds nothing", () => {
    const actions = new Set(situations().map((situation) => onHold(situation).action));
    expect(actions).toEqual(new Set(["join", "await probe", "await preparation", "replay", "refuse"]));
  });

  test("what would be executed or probed is refused as on_hold, with its record if that is unknown", () => {
    const stopped = situations().filter((one) => ["execute", "probe"].includes(decide(one).action));
    expect(stopped.length).toBeGreaterThan(100);
    for (const one of stopped) {
      const held = onHold(one);
      expect(held).toMatchObject({ action: "refuse", code: "on_hold", againAtMs: null });
      const without = decide(one);
      const record = without.action === "execute" ? without.before : without.action === "probe" && without.record;
      expect(held).toHaveProperty("record", record);
    }
  });

  test("all else is decided as without the hold, but for what a probe could settle later", () => {
    for (const one of situations()) {
      const without = decide(one);
      if (without.action === "execute" || without.action === "probe") continue;
      const held = onHold(one);
      const waitsForProbe = one.policy.onUnknown === "probe" && held.action === "refuse" && held.code === "on_hold";
      if (waitsForProbe) expect(without).toMatchObject({ action: "refuse", code: "outcome_unknown" });
      else expect(held).toEqual(without);
    }
  });

  const rules = { onUnknown: "refuse", maxAttempts: 3, inFlight: "wait" } as const;
  const retry = { ...rules, onUnknown: "retry" } as const;
  test.each<[string, Partial<Situation>, string]>([
    ["no record", { record: null }, "on_hold"],
    ["an unknown outcome that may be sent again", { policy: retry }, "on_hold"],
    ["the last attempt used up", { policy: { ...retry, maxAttempts: 1 } }, "attempts_exhausted"],
    ["an unknown outcome that is never sent again", {}, "outcome_unknown"],
    ["another request", { request: OTHER }, "key_reused"],
  ])("%s: %s", (_, changes, code) => {
    const may = { mayExecute: true, isOnHold: false, mayProbeFromMs: 0, probed: null };
    const situation = { record: unknown, running: null, request: SAME, policy: rules, ...may, nowMs: 1999, ...changes };
    expect(onHold(situation)).toMatchObject({ action: "refuse", code });
  });
});
