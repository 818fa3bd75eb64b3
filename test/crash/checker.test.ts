// The checker finds what it is there to find: hand-written histories of one key, some of them impossible.

import { describe, expect, test } from "vitest";
import { check } from "./checker.ts";
import { type Seen } from "./history.ts";
import {
  answer,
  answered,
  badGateway,
  ENTRY,
  executed,
  exhausted,
  historyOf,
  inFlight,
  keyReused,
  killedAt26,
  notKept,
  OPERATION,
  outcomeUnknown,
  problem,
  ran,
  rejected,
  replayed,
  type Story,
} from "./story.ts";

/** The promises that a story breaks, each named once. */
function broken(story: Story): string[] {
  return [...new Set(check(historyOf(story)).map(({ promise }) => promise))].toSorted();
}

describe("a history that keeps every promise has no violations", () => {
  const stories: Readonly<Record<string, Story>> = {
    "executed, joined meanwhile, and replayed after two crashes": {
      asked: [{ seen: executed }, { sentAt: 15, seen: answered("joined") }],
      ledger: [{}],
      end: replayed,
    },
    "killed after it had executed: unknown, then and for ever": {
      kills: [26],
      asked: [{ endedAt: 27 }, { sentAt: 100, endedAt: 110, seen: outcomeUnknown }],
      ledger: [killedAt26],
      end: outcomeUnknown,
    },
    "killed before anything arrived at the origin": { kills: [15], asked: [{ endedAt: 16 }], end: outcomeUnknown },
    "killed after the answer was kept and before a client had it": {
      kills: [35],
      asked: [{ endedAt: 36 }],
      ledger: [{}],
      end: replayed,
    },
    "killed behind the head of the answer": {
      kills: [35],
      asked: [{ endedAt: 36, seen: { kind: "cut", status: 201, word: "executed" } }],
      ledger: [{}],
      end: replayed,
    },
    "not executed, released, and then executed under the same key": {
      asked: [
        { seen: answered("released", "429", 429) },
        { sentAt: 50, endedAt: 80, seen: answered("executed", "second") },
      ],
      ledger: [rejected, { arrivedAt: 60, ended: { at: 70, how: "answered" }, answer: answer("second") }],
      end: answered("replayed", "second"),
    },
    "an answer beyond origin_timeout": {
      asked: [
        { endedAt: 720, seen: problem(504, "unknown", "origin_timeout") },
        { sentAt: 730, endedAt: 1000, seen: answered("joined") },
      ],
      ledger: [{ ended: { at: 900, how: "answered" } }],
      end: replayed,
    },
    "an answer too large to keep": {
      asked: [{ seen: executed }],
      ledger: [{ answer: { status: 201, digest: "first", bytes: 2000 } }],
      end: notKept,
    },
    "an answer too large to keep, cut at the deadline": {
      asked: [{ endedAt: 3010, seen: { kind: "cut", status: 201, word: "executed" } }],
      ledger: [{ answer: { status: 201, digest: "first", bytes: 2000 } }],
      end: notKept,
    },
    "another body, refused while the first runs": {
      asked: [{ seen: executed }, { body: "other", sentAt: 22, endedAt: 24, seen: keyReused }],
      ledger: [{}],
      end: replayed,
    },
    "retried after a kill, by an origin that knows the key": {
      policy: "retry",
      kills: [26],
      asked: [{ endedAt: 27 }, { sentAt: 50, endedAt: 80, seen: executed }],
      ledger: [killedAt26, { attempt: 2, arrivedAt: 60, executedAt: null, ended: { at: 70, how: "answered" } }],
      end: replayed,
    },
    "killed, and settled by a probe": {
      policy: "probe",
      kills: [26],
      asked: [{ endedAt: 27 }, { sentAt: 50, endedAt: 80, seen: replayed }],
      ledger: [killedAt26],
      probes: [{ said: "final", answer: answer("first") }],
      end: replayed,
    },
    "killed before anything arrived, and executed when a probe has said so": {
      policy: "probe",
      kills: [15],
      asked: [{ endedAt: 16 }, { sentAt: 50, endedAt: 80, seen: executed }],
      ledger: [{ attempt: 2, arrivedAt: 60, executedAt: 65, ended: { at: 70, how: "answered" } }],
      probes: [{ said: "not-executed" }],
      end: replayed,
    },
    "all attempts used up": {
      policy: "retry",
      asked: [
        { sentAt: 60, endedAt: 90, seen: answered("unknown", "502", 502) },
        { sentAt: 160, endedAt: 190, seen: answered("unknown", "502", 502) },
        { sentAt: 260, endedAt: 290, seen: answered("unknown", "502", 502) },
      ],
      ledger: [
        { ...badGateway, attempt: 1, arrivedAt: 70, ended: { at: 80, how: "answered" } },
        { ...badGateway, attempt: 2, executedAt: null, arrivedAt: 170, ended: { at: 180, how: "answered" } },
        { ...badGateway, attempt: 3, executedAt: null, arrivedAt: 270, ended: { at: 280, how: "answered" } },
      ],
      end: exhausted,
    },
  };
  test.each(Object.entries(stories))("%s", (_, story) => expect(check(historyOf(story))).toEqual([]));
});

describe("P1: at most once", () => {
  const second = {
    arrivedAt: 60,
    executedAt: 65,
    ended: { at: 70, how: "answered" },
    answer: answer("second"),
  } as const;

  test("a second execution after a kill is found", () => {
    const asked = [{ endedAt: 27 }, { sentAt: 50, endedAt: 80, seen: answered("executed", "second") }];
    expect(broken({ kills: [26], asked, ledger: [killedAt26, second], end: answered("replayed", "second") })).toEqual([
      "P1",
    ]);
  });

  test("a second execution is found also where both answers look alike", () => {
    const asked = [{ seen: executed }, { sentAt: 12, seen: answered("joined") }];
    expect(broken({ asked, ledger: [{}, { arrivedAt: 22 }], end: replayed })).toEqual(["P1"]);
  });

  test("an execution that no client has asked for is found", () => {
    expect(broken({ ledger: [{}], end: replayed })).toEqual(["P1"]);
  });

  test("an attempt while an earlier one of the same process runs is found", () => {
    const ledger = [{ ended: { at: 900, how: "answered" } } as const, { ...second, attempt: 2, answer: ENTRY.answer }];
    const asked = [
      { endedAt: 950, seen: executed },
      { sentAt: 50, endedAt: 950, seen: answered("joined") },
    ];
    expect(broken({ policy: "retry", asked, ledger, end: replayed })).toEqual(["P1"]);
  });

  test.each([
    ["a number given twice", 1],
    ["a number beyond max_attempts", 4],
  ])("%s is found", (_, attempt) => {
    const asked = [{ endedAt: 27 }, { sentAt: 50, endedAt: 80, seen: answered("executed", "second") }];
    const ledger = [killedAt26, { ...second, attempt }];
    expect(broken({ policy: "retry", kills: [26], asked, ledger, end: answered("replayed", "second") })).toEqual([
      "P1",
    ]);
  });

  test("an attempt without the word of the origin is found", () => {
    const asked = [{ endedAt: 27 }, { sentAt: 50, endedAt: 80, seen: answered("executed", "second") }];
    const ledger = [
      { ...killedAt26, executedAt: null },
      { ...second, attempt: 2 },
    ];
    const end = answered("replayed", "second");
    const story: Story = { policy: "probe", kills: [26], asked, ledger, end };
    expect(check(historyOf({ ...story, probes: [{ said: "not-executed" }] }))).toEqual([]);
    for (const probes of [[], [{ said: "unknown" } as const], [{ said: "not-executed", arrivedAt: 75 } as const]]) {
      expect(broken({ ...story, probes })).toEqual(["P1"]);
    }
  });

  test("an attempt after a client had the final answer is found", () => {
    const asked = [{ seen: executed }, { sentAt: 50, endedAt: 80 }];
    const ledger = [{}, { ...second, attempt: 2, answer: ENTRY.answer }];
    expect(broken({ policy: "retry", kills: [75], asked, ledger, end: replayed })).toEqual(["P1"]);
  });
});

describe("P2: same answer", () => {
  test("a changed answer is found", () => {
    const ledger = [{}, { ...rejected, arrivedAt: 21 }];
    expect(broken({ ...ran, end: [replayed, answered("replayed", "changed")] })).toEqual(["P2", "P3"]);
    expect(broken({ ...ran, ledger, end: [replayed, answered("replayed", "429", 429)] })).toContain("P2");
  });

  test("two clients with different final answers are found, also before any later one", () => {
    const asked = [{ seen: executed }, { seen: answered("joined", "other", 500) }];
    expect(broken({ asked, ledger: [{}], end: replayed })).toContain("P2");
  });

  test("another status than in a head that was cut short is found", () => {
    const asked = [{ endedAt: 36, seen: { kind: "cut", status: 200, word: "executed" } as const }];
    expect(broken({ kills: [35], asked, ledger: [{}], end: replayed })).toContain("P2");
  });
});

describe("P3: nothing lost", () => {
  test("a lost answer is found, where the outcome is unknown afterwards", () => {
    expect(broken({ ...ran, end: [replayed, outcomeUnknown] })).toEqual(["P3"]);
  });

  test("a lost answer is found, where only its head had reached a client", () => {
    const asked = [{ endedAt: 36, seen: { kind: "cut", status: 201, word: "executed" } as const }];
    expect(broken({ kills: [35], asked, ledger: [{}], end: outcomeUnknown })).toEqual(["P3"]);
  });

  test("a lost answer is found, where it is executed again", () => {
    const again = { arrivedAt: 8015, ended: { at: 8016, how: "answered" }, answer: answer("second") } as const;
    const second = answered("executed", "second");
    expect(broken({ ...ran, ledger: [{}, again], end: [second, answered("replayed", "second")] })).toEqual([
      "P1",
      "P2",
    ]);
  });

  test("an answer that the origin never gave is found", () => {
    const made = answered("executed", "made up");
    expect(broken({ asked: [{ seen: made }], ledger: [{}], end: answered("replayed", "made up") })).toEqual(["P3"]);
  });

  test("a process that forgets what it has heard is found", () => {
    const asked = [
      { endedAt: 28, seen: { kind: "left" } as const },
      { sentAt: 50, endedAt: 60, seen: outcomeUnknown },
    ];
    expect(broken({ asked, ledger: [{}], end: outcomeUnknown })).toEqual(["P3"]);
  });
});

describe("P4: no leak", () => {
  test("an execution for another caller is found", () => {
    expect(broken({ ...ran, ledger: [{}, { record: "merchant-2/order-1", arrivedAt: 50 }], end: replayed })).toEqual([
      "P4",
    ]);
  });

  test("another caller's answer is found", () => {
    const history = historyOf({ ...ran, end: replayed });
    const other = { ...OPERATION, record: "merchant-2/order-1", caller: "merchant-2" };
    const leaked = history.asked.map((one) => ({ ...one, record: other.record, seen: replayed }));
    const both = { ...history, operations: [OPERATION, other], asked: [...history.asked, ...leaked] };
    expect(check(both).map(({ promise, record }) => `${promise} ${record}`)).toContain(`P4 ${other.record}`);
  });
});

describe("P5: no silent mismatch", () => {
  test("another body that is executed is found", () => {
    const asked = [{ body: "other", seen: executed } as const, { sentAt: 11 }];
    expect(broken({ kills: [35], asked, ledger: [{ amount: 101 }], end: replayed })).toEqual(["P5"]);
  });

  test.each([
    ["answered from the record", replayed],
    ["refused as unknown", outcomeUnknown],
    ["refused as in flight", inFlight],
  ])("another body that is %s is found", (_, seen) => {
    const asked = [{ seen: executed }, { body: "other", sentAt: 50, endedAt: 60, seen } as const];
    expect(broken({ asked, ledger: [{}], end: replayed })).toEqual(["P5"]);
  });

  test("an honest retry that is taken for another request is found", () => {
    expect(broken({ ...ran, end: [replayed, keyReused] })).toContain("P5");
  });
});

describe("P6: said, not guessed", () => {
  test("a key that is free after a possible execution is found", () => {
    const asked = [{ endedAt: 27 }, { sentAt: 50, endedAt: 80, seen: answered("released", "429", 429) }];
    const ledger = [killedAt26, { ...rejected, arrivedAt: 60, ended: { at: 70, how: "answered" } } as const];
    expect(broken({ kills: [26], asked, ledger, end: outcomeUnknown })).toEqual(["P1", "P6"]);
  });

  test.each([
    ["released after a probe", [{ said: "not-executed" }], "released", []],
    ["unknown though a probe has shown that nothing ran", [{ said: "not-executed" }], "unknown", ["P6"]],
    ["released though the probe knew nothing", [{ said: "unknown" }], "released", ["P1", "P6"]],
    ["released though the probe came later", [{ said: "not-executed", arrivedAt: 75 }], "released", ["P1", "P6"]],
  ] as const)("an attempt after a kill, undone and marked %s", (_, probes, word, faults) => {
    const undone = { ...rejected, attempt: 2, arrivedAt: 60, ended: { at: 70, how: "answered" } } as const;
    const second = {
      arrivedAt: 610,
      executedAt: 615,
      ended: { at: 620, how: "answered" },
      answer: answer("second"),
    } as const;
    const story: Story = {
      policy: "probe",
      kills: [26],
      asked: [
        { endedAt: 27 },
        { sentAt: 50, endedAt: 80, seen: answered(word, "429", 429) },
        { sentAt: 600, endedAt: 640, seen: answered("executed", "second") },
      ],
      ledger: [{ ...killedAt26, executedAt: null }, undone, { ...second, attempt: 2 }],
      probes: [...probes, { arrivedAt: 605, said: "not-executed" }],
      end: answered("replayed", "second"),
    };
    expect(broken(story)).toEqual(faults);
  });

  test("an executed attempt that is called released is found", () => {
    const asked = [{ seen: answered("released", "502", 502) }];
    expect(broken({ asked, ledger: [badGateway], end: outcomeUnknown })).toEqual(["P6"]);
  });

  test("an unknown outcome that is called final is found", () => {
    const asked = [{ seen: answered("executed", "502", 502) }];
    expect(broken({ asked, ledger: [badGateway], end: answered("replayed", "502", 502) })).toEqual(["P6"]);
  });

  test("a probe about an attempt that still runs is found", () => {
    const asked = [{ seen: executed }, { sentAt: 21, endedAt: 40, seen: answered("joined") }];
    expect(broken({ policy: "probe", asked, ledger: [{}], probes: [{ arrivedAt: 24 }], end: replayed })).toEqual([
      "P6",
    ]);
  });

  test("an unknown outcome that does not stay is found", () => {
    const asked = [{ endedAt: 27 }, { sentAt: 100, endedAt: 110, seen: outcomeUnknown }];
    expect(broken({ kills: [26], asked, ledger: [killedAt26], end: [outcomeUnknown, exhausted] })).toContain("P6");
  });
});

describe("P7: bounded", () => {
  test("a second probe without a pause is found, unless another process sends it or asks about another attempt", () => {
    const asked = [
      { endedAt: 27 },
      { sentAt: 50, endedAt: 700, seen: outcomeUnknown },
      { sentAt: 50, endedAt: 700, seen: replayed },
    ];
    const story: Story = { policy: "probe", kills: [26], asked, ledger: [killedAt26], end: replayed };
    const final = { said: "final", answer: answer("first") } as const;
    const twice = (...probes: NonNullable<Story["probes"]>): string[] => broken({ ...story, probes });
    expect(twice({ said: "unknown" }, { ...final, arrivedAt: 100 })).toEqual(["P7"]);
    expect(twice({ said: "nothing" }, { ...final, arrivedAt: 544 })).toEqual(["P7"]);
    expect(twice({ said: "unknown" }, { ...final, arrivedAt: 556 })).toEqual([]);
    expect(twice({ said: "unknown", attempt: 0 }, { ...final, arrivedAt: 100 })).toEqual([]);
    expect(twice({ said: "unknown", generation: 1 }, { ...final, arrivedAt: 100 })).not.toContain("P7");
  });

  test("a key that is still in flight at the end is found", () => {
    expect(broken({ ...ran, asked: [{ seen: { kind: "left" } }], end: [replayed, inFlight] })).toContain("P7");
    expect(broken({ kills: [15], asked: [{ endedAt: 16 }], end: inFlight })).toEqual(["P7"]);
  });

  test("a request that is never answered is found", () => {
    const asked = [{ seen: executed }, { sentAt: 15, seen: { kind: "no answer" } } as const];
    expect(broken({ asked, ledger: [{}], end: replayed })).toEqual(["P7"]);
  });

  test("a connection that breaks although the process lives is found", () => {
    expect(broken({ asked: [{ seen: executed }, {}], ledger: [{}], end: replayed })).toEqual(["P7"]);
  });
});

describe("section 6: what clients see", () => {
  test.each([
    ["a problem that the load can't cause", problem(500, "refused", "internal")],
    ["a problem with another status", problem(500, "unknown", "outcome_unknown")],
    ["an unknown outcome that is marked refused", problem(409, "refused", "outcome_unknown")],
    ["an answer without Idempotency-Status", { ...outcomeUnknown, word: null } as Seen],
  ])("%s is found", (_, seen) => {
    const asked = [{ endedAt: 27 }, { sentAt: 50, endedAt: 60, seen }];
    expect(broken({ kills: [26], asked, ledger: [killedAt26], end: outcomeUnknown })).toContain("section 6");
  });
});
