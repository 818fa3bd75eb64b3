import { describe, expect, test } from "vitest";
import { type Running } from "../../../src/record/decide.ts";
import { type Command, decideCommand } from "../../../src/record/operate.ts";
import { completed, expired, pending, tombstone, unknown, unreadable } from "./examples.ts";

const NOW = 1200;
const answer = { status: 202, headers: [["x", "y"]], bodyBytes: 3 } as const;
const { about, request, attempt } = unknown;

const settledFinal: Command = { action: "settle", outcome: "final", answer, ttlMs: 700, attemptId: null };
const notExecuted: Command = { action: "settle", outcome: "not-executed", attemptId: null };
const release: Command = { action: "release", attemptId: null };
const purge: Command = { action: "purge", attemptId: null };

const kept = {
  action: "write",
  record: {
    state: "completed",
    about,
    request,
    attempt,
    recordedAtMs: NOW,
    expiresAtMs: NOW + 700,
    rememberMs: 0,
    answer,
  },
};
const forget = { action: "forget" };
const refused = (code: string) => ({ action: "refuse", code });

const RECORDS = { none: null, pending, unknown, completed, tombstone, expired, unreadable };

describe("O3 each command for each record where nothing runs", () => {
  test.each([
    ["none", settledFinal, refused("no_record")],
    ["none", notExecuted, refused("no_record")],
    ["none", release, refused("no_record")],
    ["none", purge, refused("no_record")],
    // The process that ran the attempt has died.
    ["pending", settledFinal, kept],
    ["pending", notExecuted, forget],
    ["pending", release, forget],
    ["pending", purge, refused("nothing_to_erase")],
    ["unknown", settledFinal, kept],
    ["unknown", notExecuted, forget],
    ["unknown", release, forget],
    ["unknown", purge, refused("nothing_to_erase")],
    ["completed", settledFinal, refused("not_unknown")],
    ["completed", notExecuted, refused("not_unknown")],
    ["completed", release, forget],
    ["completed", purge, { action: "write", record: { ...tombstone, cause: { kind: "erased" } } }],
    ["tombstone", settledFinal, refused("not_unknown")],
    ["tombstone", notExecuted, refused("not_unknown")],
    ["tombstone", release, forget],
    ["tombstone", purge, refused("nothing_to_erase")],
    ["expired", settledFinal, refused("not_unknown")],
    ["expired", notExecuted, refused("not_unknown")],
    ["expired", release, forget],
    ["expired", purge, refused("nothing_to_erase")],
    ["unreadable", settledFinal, refused("not_unknown")],
    ["unreadable", notExecuted, refused("not_unknown")],
    ["unreadable", release, forget],
    ["unreadable", purge, refused("nothing_to_erase")],
  ] as const)("%s, %j", (state, command, result) => {
    expect(decideCommand(RECORDS[state], null, command, NOW)).toEqual(result);
  });

  test.each([
    [[{ id: "5e0", token: "1e0" }], [{ id: "7e0", token: null }]],
    [["5e0", "6e0"].map((id) => ({ id, token: null })), ["5e0", "6e0"].map((id) => ({ id, token: null }))],
    [undefined, undefined],
  ])("a response with an id of its own is the answer to the one call: %j", (calls, expected) => {
    const recorded = { ...unknown, request: { ...request, ...(calls !== undefined && { calls }) } };
    const decision = decideCommand(recorded, null, { ...settledFinal, callId: "7e0" }, NOW);
    expect(decision.action === "write" && decision.record.request.calls).toEqual(expected);
  });

  test("a response without an id leaves the one call as it was", () => {
    const calls = [{ id: "5e0", token: "1e0" }];
    const decision = decideCommand({ ...unknown, request: { ...request, calls } }, null, settledFinal, NOW);
    expect(decision).toEqual({ ...kept, record: { ...kept.record, request: { ...request, calls } } });
  });

  test.each([settledFinal, notExecuted, release, purge])("what is over is gone, to the millisecond: %j", (command) => {
    for (const record of [unknown, completed, tombstone]) {
      expect(decideCommand(record, null, command, 2000)).toEqual(refused("no_record"));
      expect(decideCommand(record, null, command, 1999)).not.toEqual(refused("no_record"));
    }
  });
});

describe("O3 a record whose key is remembered", () => {
  test("is a tombstone to every command from the end of its term on, before its alarm has come", () => {
    for (const record of [unknown, completed, tombstone]) {
      const remembered = { ...record, rememberMs: 300 };
      for (const command of [settledFinal, notExecuted, release, purge]) {
        expect(decideCommand(remembered, null, command, 2000)).toEqual(decideCommand(expired, null, command, 2000));
        expect(decideCommand(remembered, null, command, 2300)).toEqual(refused("no_record"));
      }
    }
  });

  test("keeps that time when it is settled or its answer is erased", () => {
    const settled = decideCommand({ ...unknown, rememberMs: 300 }, null, settledFinal, NOW);
    expect(settled).toMatchObject({ record: { state: "completed", rememberMs: 300 } });
    const purged = decideCommand({ ...completed, rememberMs: 300 }, null, purge, NOW);
    expect(purged).toMatchObject({ record: { state: "tombstone", rememberMs: 300 } });
  });
});

describe("O3 a command for one attempt", () => {
  const commands = [settledFinal, notExecuted, release, purge];

  test("is carried out like one for any, where the record still belongs to it", () => {
    for (const record of [pending, unknown, completed, tombstone]) {
      for (const command of commands) {
        const decision = decideCommand(record, null, command, NOW);
        expect(decideCommand(record, null, { ...command, attemptId: "attempt-1" }, NOW)).toEqual(decision);
      }
    }
  });

  test("changes nothing where another attempt has run, also one of the same number", () => {
    for (const record of [pending, unknown, completed, tombstone]) {
      const again = { ...record, attempt: { number: 1, id: "attempt-of-a-later-record" } };
      for (const command of commands) {
        const decision = decideCommand(again, null, { ...command, attemptId: "attempt-1" }, NOW);
        expect(decision).toEqual(refused("attempt_changed"));
      }
    }
  });

  test("changes nothing where the record can't be read", () => {
    for (const command of commands) {
      const decision = decideCommand(unreadable, null, { ...command, attemptId: "attempt-1" }, NOW);
      expect(decision).toEqual(refused("attempt_changed"));
    }
  });
});

describe("O3 nothing is done while something runs", () => {
  const running: readonly Running[] = ["attempt", "probe", "preparation"];
  test.each(running)("%s", (running) => {
    for (const record of Object.values(RECORDS)) {
      for (const command of [settledFinal, notExecuted, release, purge]) {
        expect(decideCommand(record, running, command, NOW)).toEqual(refused("running"));
      }
    }
  });
});
