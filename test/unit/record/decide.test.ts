import { describe, expect, test } from "vitest";
import { type Situation, decide, asOf } from "../../../src/record/decide.ts";
import { OTHER, SAME, completed, expired, pending, tombstone, unknown, unreadable } from "./examples.ts";

const records = { none: null, pending, unknown, completed, tombstone, unreadable };
type RecordName = keyof typeof records;

const policies = {
  refuse: { onUnknown: "refuse", maxAttempts: 3, inFlight: "wait" },
  retry: { onUnknown: "retry", maxAttempts: 3, inFlight: "wait" },
  exhausted: { onUnknown: "retry", maxAttempts: 1, inFlight: "wait" },
} as const;

/** All records end at 2000, or would; an orphaned `pending` becomes unknown whenever it is seen. */
const times = { live: 1999, over: 2000 };

/** What a decision comes to, on one line of the table. */
function lineOf(situation: Situation): string {
  const decision = decide(situation);
  switch (decision.action) {
    case "execute":
      return `execute ${decision.attemptNumber}${decision.before === null ? "" : ` before ${decision.before.attempt.id}`}`;
    case "refuse":
      return `refuse ${decision.code}`;
    case "replay":
      return `replay ${decision.record.attempt.id}`;
    case "probe":
      return `probe ${decision.record.attempt.id}`;
    case "join":
    case "await probe":
    case "await preparation":
    case "nothing":
      return decision.action;
  }
}

describe("4.1 with the same fingerprint, no attempt running", () => {
  const table: Record<RecordName, Record<keyof typeof times, Record<keyof typeof policies, string>>> = {
    none: {
      live: { refuse: "execute 1", retry: "execute 1", exhausted: "execute 1" },
      over: { refuse: "execute 1", retry: "execute 1", exhausted: "execute 1" },
    },
    pending: {
      live: {
        refuse: "refuse outcome_unknown",
        retry: "execute 2 before attempt-1",
        exhausted: "refuse attempts_exhausted",
      },
      over: {
        refuse: "refuse outcome_unknown",
        retry: "execute 2 before attempt-1",
        exhausted: "refuse attempts_exhausted",
      },
    },
    unknown: {
      live: {
        refuse: "refuse outcome_unknown",
        retry: "execute 2 before attempt-1",
        exhausted: "refuse attempts_exhausted",
      },
      over: { refuse: "execute 1", retry: "execute 1", exhausted: "execute 1" },
    },
    completed: {
      live: { refuse: "replay attempt-1", retry: "replay attempt-1", exhausted: "replay attempt-1" },
      over: { refuse: "execute 1", retry: "execute 1", exhausted: "execute 1" },
    },
    tombstone: {
      live: {
        refuse: "refuse replay_unavailable",
        retry: "refuse replay_unavailable",
        exhausted: "refuse replay_unavailable",
      },
      over: { refuse: "execute 1", retry: "execute 1", exhausted: "execute 1" },
    },
    unreadable: {
      live: {
        refuse: "refuse outcome_unknown",
        retry: "refuse outcome_unknown",
        exhausted: "refuse outcome_unknown",
      },
      over: {
        refuse: "refuse outcome_unknown",
        retry: "refuse outcome_unknown",
        exhausted: "refuse outcome_unknown",
      },
    },
  };

  for (const [name, byTime] of Object.entries(table)) {
    for (const [time, byPolicy] of Object.entries(byTime)) {
      for (const [policyName, expected] of Object.entries(byPolicy)) {
        test(`${name}, its term ${time}, on_unknown ${policyName}: ${expected}`, () => {
          const situation = {
            record: records[name as RecordName],
            running: null,
            request: SAME,
            policy: policies[policyName as keyof typeof policies],
            mayExecute: true,
            isOnHold: false,
            mayProbeFromMs: 0,
            probed: null,
            nowMs: times[time as keyof typeof times],
          };
          expect(lineOf(situation)).toBe(expected);
        });

        test(`${name}, its term ${time}, on_unknown ${policyName}: a look never executes`, () => {
          const situation = {
            record: records[name as RecordName],
            running: null,
            request: SAME,
            policy: policies[policyName as keyof typeof policies],
            mayExecute: false,
            isOnHold: false,
            mayProbeFromMs: null,
            probed: null,
            nowMs: times[time as keyof typeof times],
          };
          const onlyLooked = { "execute 1": "nothing", "execute 2 before attempt-1": "refuse outcome_unknown" }[
            expected
          ];
          expect(lineOf(situation)).toBe(onlyLooked ?? expected);
        });
      }
    }
  }
});

describe("4.1 with the same fingerprint, while an attempt runs", () => {
  test.each([
    ["pending", "join", "refuse in_flight"],
    ["unknown", "join", "refuse in_flight"],
    ["completed", "join", "refuse in_flight"],
    ["tombstone", "join", "refuse in_flight"],
    ["none", "refuse outcome_unknown", "refuse outcome_unknown"],
    ["unreadable", "refuse outcome_unknown", "refuse outcome_unknown"],
  ] as const)("%s: %s, or with in_flight = refuse: %s", (name, waiting, refusing) => {
    for (const nowMs of Object.values(times)) {
      for (const mayExecute of [true, false]) {
        for (const { onUnknown, maxAttempts } of Object.values(policies)) {
          const situation = {
            record: records[name],
            running: "attempt" as const,
            request: SAME,
            mayExecute,
            isOnHold: false,
            mayProbeFromMs: 0,
            probed: null,
            nowMs,
          };
          expect(lineOf({ ...situation, policy: { onUnknown, maxAttempts, inFlight: "wait" } })).toBe(waiting);
          expect(lineOf({ ...situation, policy: { onUnknown, maxAttempts, inFlight: "refuse" } })).toBe(refusing);
        }
      }
    }
  });
});

describe("4.1 while the body of another request arrives", () => {
  const wait = "await preparation";
  test.each<[RecordName, keyof typeof times, same: string, other: string]>([
    ["none", "live", wait, wait],
    ["pending", "live", wait, "refuse key_reused"],
    ["unknown", "live", wait, "refuse key_reused"],
    ["unknown", "over", wait, wait],
    ["completed", "live", "replay attempt-1", "refuse key_reused"],
    ["completed", "over", wait, wait],
    ["tombstone", "live", "refuse replay_unavailable", "refuse key_reused"],
    ["tombstone", "over", wait, wait],
    ["unreadable", "live", "refuse outcome_unknown", "refuse outcome_unknown"],
  ])("%s, its term %s: %s; another request: %s", (name, time, same, other) => {
    for (const onUnknown of ["refuse", "retry", "probe"] as const) {
      // Whatever the request may do, and whether or not a probe has already shown that nothing ran.
      for (const mayExecute of [true, false]) {
        for (const probed of [null, { attemptId: "attempt-1", outcome: "not-executed" as const }]) {
          const situation = {
            record: records[name],
            running: "preparation" as const,
            mayExecute,
            isOnHold: false,
            mayProbeFromMs: mayExecute ? 0 : null,
            probed,
            nowMs: times[time],
          };
          for (const [request, expected] of [
            [SAME, same],
            [OTHER, other],
          ] as const) {
            const policy = { onUnknown, maxAttempts: 3, inFlight: "wait" as const };
            const refused = expected === wait ? "refuse in_flight" : expected;
            expect(lineOf({ ...situation, request, policy })).toBe(expected);
            expect(lineOf({ ...situation, request, policy: { ...policy, inFlight: "refuse" } })).toBe(refused);
          }
        }
      }
    }
  });
});

describe("4.1 with another fingerprint", () => {
  test.each(["pending", "unknown", "completed", "tombstone"] as const)("refuses the key of a %s record", (name) => {
    for (const running of ["attempt", "probe", null] as const) {
      for (const mayExecute of [true, false]) {
        for (const policy of Object.values(policies)) {
          const situation = {
            record: records[name],
            running,
            request: OTHER,
            policy,
            mayExecute,
            isOnHold: false,
            mayProbeFromMs: 0,
            probed: null,
            nowMs: times.live,
          };
          expect(lineOf(situation)).toBe("refuse key_reused");
        }
      }
    }
  });

  test.each(["unknown", "completed", "tombstone"] as const)("executes when the term of a %s record is over", (name) => {
    const situation = {
      record: records[name],
      running: null,
      request: OTHER,
      mayExecute: true,
      isOnHold: false,
      mayProbeFromMs: 0,
      probed: null,
      nowMs: times.over,
    };
    expect(lineOf({ ...situation, policy: policies.refuse })).toBe("execute 1");
  });

  test("compares the plain digests where the rules differ (3.8.4)", () => {
    const request = { ...SAME, rule: "bytes", fingerprint: "anything" };
    const situation = {
      record: completed,
      running: null,
      mayExecute: true,
      isOnHold: false,
      mayProbeFromMs: 0,
      probed: null,
      nowMs: times.live,
      policy: policies.refuse,
    };
    expect(lineOf({ ...situation, request })).toBe("replay attempt-1");
    expect(lineOf({ ...situation, request: { ...request, plain: "plain-2" } })).toBe("refuse key_reused");
  });

  test("does not compare the plain digests where the rule is the same", () => {
    const request = { ...SAME, fingerprint: "fp-2" };
    const situation = {
      record: completed,
      running: null,
      mayExecute: true,
      isOnHold: false,
      mayProbeFromMs: 0,
      probed: null,
      nowMs: times.live,
      policy: policies.refuse,
    };
    expect(lineOf({ ...situation, request })).toBe("refuse key_reused");
  });
});

describe("4.4.6 with a remembered key", () => {
  const term = { rememberMs: 300 };
  const REMEMBERED = [
    { ...unknown, ...term },
    { ...completed, ...term },
    { ...tombstone, ...term },
  ];

  // Before its alarm has come, and after.
  test.each([...REMEMBERED, expired])(
    "never executes after the term of a $state record, until its key is forgotten",
    (record) => {
      for (const running of ["preparation", null] as const) {
        for (const mayExecute of [true, false]) {
          for (const policy of [...Object.values(policies), { ...policies.refuse, onUnknown: "probe" as const }]) {
            const situation = { record, running, policy, mayExecute, isOnHold: false, mayProbeFromMs: 0, probed: null };
            for (const nowMs of [2000, 2299]) {
              expect(lineOf({ ...situation, request: SAME, nowMs })).toBe("refuse key_expired");
              expect(lineOf({ ...situation, request: OTHER, nowMs })).toBe("refuse key_reused");
            }
          }
        }
      }
      const free = {
        record,
        running: null,
        policy: policies.refuse,
        mayExecute: true,
        isOnHold: false,
        mayProbeFromMs: 0,
        probed: null,
      };
      for (const request of [SAME, OTHER]) expect(lineOf({ ...free, request, nowMs: 2300 })).toBe("execute 1");
    },
  );

  test("shows when the term has ended, and when the key will be free", () => {
    const situation = {
      running: null,
      request: SAME,
      policy: policies.refuse,
      mayExecute: true,
      isOnHold: false,
      mayProbeFromMs: 0,
    };
    for (const record of [...REMEMBERED, expired]) {
      const decision = decide({ ...situation, record, probed: null, nowMs: 2200 });
      expect(decision).toMatchObject({ code: "key_expired", record: { recordedAtMs: 2000, expiresAtMs: 2300 } });
    }
  });

  test("does not execute on the word of a probe whose answer comes after the term", () => {
    const probed = { outcome: "not-executed", attemptId: "attempt-1" } as const;
    const policy = { ...policies.refuse, onUnknown: "probe" as const };
    const situation = { record: { ...unknown, rememberMs: 300 }, running: null, request: SAME, policy, probed };
    expect(lineOf({ ...situation, mayExecute: true, isOnHold: false, mayProbeFromMs: 0, nowMs: 2000 })).toBe(
      "refuse key_expired",
    );
  });
});

describe("5.7 probing an unknown outcome", () => {
  const situation: Situation = {
    record: unknown,
    running: null,
    request: SAME,
    policy: { onUnknown: "probe", maxAttempts: 3, inFlight: "wait" },
    mayExecute: true,
    isOnHold: false,
    mayProbeFromMs: 0,
    probed: null,
    nowMs: times.live,
  };
  const said = (outcome: "not-executed" | "unknown", attemptId = "attempt-1") => ({ probed: { outcome, attemptId } });

  test.each<[string, Partial<Situation>, string]>([
    ["asks about an unknown record", {}, "probe attempt-1"],
    ["asks about a record whose process died", { record: pending }, "probe attempt-1"],
    ["does not ask while the attempt runs, after our own 504", { running: "attempt" }, "join"],
    ["does not ask in look-only mode", { mayExecute: false }, "refuse outcome_unknown"],
    ["does not ask where no path can be made", { mayProbeFromMs: null }, "refuse outcome_unknown"],
    ["waits for the probe that runs", { running: "probe" }, "await probe"],
    [
      "does not wait for it with in_flight = refuse",
      { running: "probe", policy: { onUnknown: "probe", maxAttempts: 3, inFlight: "refuse" } },
      "refuse in_flight",
    ],
    ["waits for one probe only", { running: "probe", ...said("unknown") }, "refuse outcome_unknown"],
    ["refuses another request while a probe runs", { running: "probe", request: OTHER }, "refuse key_reused"],
    ["executes when the attempt did not run and never will", said("not-executed"), "execute 2 before attempt-1"],
    [
      "does not execute on what was said of another attempt",
      said("not-executed", "attempt-0"),
      "refuse outcome_unknown",
    ],
    ["does not ask twice for one request", said("unknown"), "refuse outcome_unknown"],
    ["joins the request that has executed first", { running: "attempt", ...said("not-executed") }, "join"],
    ["replays what the probe has found", { record: completed, ...said("unknown") }, "replay attempt-1"],
    ["does not ask about what is over", { nowMs: times.over }, "execute 1"],
    ["does not ask about a row that can't be read", { record: unreadable }, "refuse outcome_unknown"],
    ["does not ask about a tombstone", { record: tombstone }, "refuse replay_unavailable"],
    ["looks at nothing", { record: null, mayExecute: false }, "nothing"],
  ])("%s", (_, change, expected) => {
    expect(lineOf({ ...situation, ...change })).toBe(expected);
  });
});

describe("5.7.9 while the origin may not be asked again yet", () => {
  const situation: Situation = {
    record: unknown,
    running: null,
    request: SAME,
    policy: { onUnknown: "probe", maxAttempts: 3, inFlight: "wait" },
    mayExecute: true,
    isOnHold: false,
    mayProbeFromMs: 1700,
    probed: null,
    nowMs: 1699,
  };
  const refused = { action: "refuse", code: "outcome_unknown", record: unknown };

  test("answers from the record, and says from when on it asks", () => {
    expect(decide(situation)).toEqual({ ...refused, againAtMs: 1700 });
    expect(decide({ ...situation, nowMs: 1700 })).toEqual({ action: "probe", record: unknown });
  });

  test("says the same to a request whose own probe has settled nothing", () => {
    for (const outcome of ["unknown", "not-executed"] as const) {
      const probed = { outcome, attemptId: outcome === "unknown" ? "attempt-1" : "attempt-0" };
      expect(decide({ ...situation, probed })).toEqual({ ...refused, againAtMs: 1700 });
    }
  });

  test("executes on proof, whatever the pause", () => {
    const probed = { outcome: "not-executed", attemptId: "attempt-1" } as const;
    expect(decide({ ...situation, probed })).toMatchObject({ action: "execute", mayHaveRun: false });
  });

  test.each<[string, Partial<Situation>]>([
    ["a look", { mayExecute: false }],
    ["a key that can't be asked about", { mayProbeFromMs: null }],
    ["a policy that never asks", { policy: { onUnknown: "refuse", maxAttempts: 3, inFlight: "wait" } }],
  ])("promises nothing to %s", (_, change) => {
    expect(decide({ ...situation, ...change })).toEqual({ ...refused, againAtMs: null });
  });
});

describe("5.3.2 whether something may have run before an attempt", () => {
  const situation = {
    running: null,
    request: SAME,
    mayExecute: true,
    isOnHold: false,
    mayProbeFromMs: 0,
    nowMs: times.live,
  };
  const probe = { onUnknown: "probe", maxAttempts: 3, inFlight: "wait" } as const;
  const proof = { outcome: "not-executed", attemptId: "attempt-1" } as const;
  test.each([
    ["nothing without a record", null, policies.refuse, null, false],
    ["the attempt of an unknown outcome", unknown, policies.retry, null, true],
    ["nothing where a probe has shown it", unknown, probe, proof, false],
  ] as const)("%s", (_, record, policy, probed, mayHaveRun) => {
    expect(decide({ ...situation, record, policy, probed })).toMatchObject({ action: "execute", mayHaveRun });
  });
});

describe("4.4 what time does to a record", () => {
  test("makes an orphaned pending record unknown, with a term from now", () => {
    expect(asOf(pending, 1700)).toEqual({ ...unknown, sinceMs: 1700, expiresAtMs: 2200 });
  });

  test.each([unknown, completed, tombstone])("ends a $state record at the exact end of its term", (record) => {
    expect(asOf(record, 1999)).toBe(record);
    expect(asOf(record, 2000)).toBeNull();
  });

  test.each([unknown, completed, tombstone])("leaves the key of a $state record where that is remembered", (record) => {
    const remembered = { ...record, rememberMs: 300 };
    expect(asOf(remembered, 1999)).toBe(remembered);
    expect(asOf(remembered, 2000)).toEqual(expired);
    expect(asOf(remembered, 2299)).toEqual(expired);
    expect(asOf(remembered, 2300)).toBeNull();
  });

  test("keeps a remembered key whatever the clock shows, and ends it like a record", () => {
    for (const nowMs of [0, 1500, 2299]) expect(asOf(expired, nowMs)).toBe(expired);
    expect(asOf(expired, 2300)).toBeNull();
  });

  test("hands the time for which a key is remembered on to the unknown record of an orphan", () => {
    expect(asOf({ ...pending, rememberMs: 300 }, 1700)).toMatchObject({ state: "unknown", rememberMs: 300 });
  });

  test("leaves nothing and what it can't read as they are", () => {
    expect(asOf(null, 5000)).toBeNull();
    expect(asOf(unreadable, 5000)).toBe(unreadable);
  });
});
