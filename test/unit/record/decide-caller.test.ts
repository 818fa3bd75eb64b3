import { describe, expect, test } from "vitest";
import { type Running, type Situation, decide } from "../../../src/record/decide.ts";
import { type KeyRecord } from "../../../src/record/record.ts";
import { OTHER, SAME, completed, expired, pending, tombstone, unknown, unreadable } from "./examples.ts";

const ALICE = "a".repeat(64);
const BOB = "b".repeat(64);

function boundTo(caller: string | null, record: KeyRecord): KeyRecord {
  return { ...record, request: { ...record.request, caller } };
}

const STATES = ["pending", "unknown", "completed", "tombstone", "expired"] as const;
const records = { pending, unknown, completed, tombstone, expired };

const RUNNING: readonly Running[] = [null, "attempt", "probe"];
const PROBED: Situation["probed"][] = [
  null,
  { attemptId: "attempt-1", outcome: "not-executed" },
  { attemptId: "attempt-1", outcome: "unknown" },
];

/** Everything but the record and the request. */
function* circumstances(nowMs: number): Generator<Omit<Situation, "record" | "request">> {
  for (const running of RUNNING) {
    for (const probed of PROBED) {
      for (const onUnknown of ["refuse", "retry", "probe"] as const) {
        for (const inFlight of ["wait", "refuse"] as const) {
          for (const may of [true, false]) {
            const policy = { onUnknown, maxAttempts: 3, inFlight };
            const mays = { mayExecute: may, isOnHold: false, mayProbeFromMs: may ? 0 : null };
            yield { running, probed, policy, ...mays, nowMs };
          }
        }
      }
    }
  }
}

describe("3.5.9 a record that is bound to its caller", () => {
  const others: [string, string | null, string | null][] = [
    ["another caller", ALICE, BOB],
    ["a request that is bound to nobody", ALICE, null],
    ["a bound request, where the record is not", null, BOB],
  ];
  for (const state of STATES) {
    test.each(others)(`refuses ${state}: %s, whatever he asks for and whatever else holds`, (_, kept, caller) => {
      const record = boundTo(kept, records[state]);
      for (const one of circumstances(1999)) {
        for (const request of [SAME, OTHER, { ...SAME, rule: "bytes" }]) {
          const decision = decide({ ...one, record, request: { ...request, caller } });
          expect(decision).toEqual({ action: "refuse", code: "caller_changed", record: null, againAtMs: null });
        }
      }
    });

    test(`decides a ${state} record for its own caller as if it were not bound`, () => {
      const record = boundTo(ALICE, records[state]);
      for (const one of circumstances(1999)) {
        for (const request of [SAME, OTHER]) {
          const bound = decide({ ...one, record, request: { ...request, caller: ALICE } });
          const free = decide({ ...one, record: records[state], request });
          expect(JSON.stringify(bound).replaceAll(`"${ALICE}"`, "null")).toBe(JSON.stringify(free));
        }
      }
    });
  }

  test.each(["unknown", "completed", "tombstone"] as const)("is over for everybody with its term: %s", (state) => {
    const one = { mayExecute: true, isOnHold: false, mayProbeFromMs: 0, running: null, probed: null, nowMs: 2000 };
    const policy = { onUnknown: "refuse", maxAttempts: 3, inFlight: "wait" } as const;
    const record = boundTo(ALICE, records[state]);
    const decision = decide({ ...one, policy, record, request: { ...SAME, caller: BOB } });
    expect(decision).toEqual({ action: "execute", attemptNumber: 1, before: null, mayHaveRun: false });
  });
});

describe("3.5.10 a look", () => {
  test("never begins a record, and finds none where the term is over", () => {
    const over = [null, ...(["unknown", "completed", "tombstone"] as const).map((state) => records[state])];
    for (const record of over) {
      for (const one of circumstances(2000)) {
        if (one.running !== null) continue;
        const decision = decide({ ...one, mayExecute: false, isOnHold: false, record, request: SAME });
        expect(decision).toEqual({ action: "nothing" });
      }
    }
  });

  test("never executes and never probes, and always finds a record that is there", () => {
    for (const record of [...Object.values(records), unreadable]) {
      for (const one of circumstances(1999)) {
        for (const request of [SAME, OTHER]) {
          const { action } = decide({ ...one, mayExecute: false, isOnHold: false, record, request });
          expect(["join", "await probe", "replay", "refuse"]).toContain(action);
        }
      }
    }
  });

  test("finds an unknown outcome where something runs without a record", () => {
    const policy = { onUnknown: "retry", maxAttempts: 3, inFlight: "wait" } as const;
    const one = {
      mayExecute: false,
      isOnHold: false,
      mayProbeFromMs: 0,
      probed: null,
      nowMs: 1999,
      policy,
      request: SAME,
    };
    expect(decide({ ...one, record: null, running: "attempt" })).toMatchObject({ code: "outcome_unknown" });
  });
});
