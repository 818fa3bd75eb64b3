import { describe, expect, test } from "vitest";
import { givenText } from "../../../src/console/audit-texts.ts";
import { BODY_CHARACTERS_MAX, contentOf } from "../../../src/console/content.ts";
import { timelineOf } from "../../../src/console/timeline.ts";
import { type AuditLine } from "../../../src/journal/audit.ts";
import { type JournalEvent } from "../../../src/journal/journal-event.ts";

const ENTRY: JournalEvent = {
  record: "r",
  hostname: "api.test",
  caller: "c",
  network: null,
  key: "k",
  operation: "POST /x",
  attempt: 2,
  attemptId: "a-2",
  state: "unknown",
  cause: "attempt",
  sinceMs: 1000,
  atMs: 5000,
  expiresAtMs: 9000,
  times: 1,
  status: 502,
  error: null,
};

const LINE: AuditLine = {
  seq: 7,
  atMs: 3000,
  hostname: "api.test",
  record: "r",
  token: "tenant",
  operator: null,
  action: "settle",
  given: '{"outcome":"not-executed","attempt_id":"a-2"}',
  why: "not there",
  result: "done",
  before: "unknown",
  after: "none",
};

const FACTS = {
  tenant: "api.test",
  operation: "POST /x",
  key: "k",
  callerDigest: "c",
  isDerived: false,
  attempt: 1,
  attemptId: "a-1",
  sinceMs: 4000,
  expiresAtMs: 9000,
  cause: null,
};

describe("O8 the timeline of a record", () => {
  test("is in the order of what happened, whatever the order in which it became known", () => {
    const mismatch: JournalEvent = { ...ENTRY, state: "mismatch", cause: "key_reused", times: 3, atMs: 2000 };
    expect(timelineOf({ entries: [mismatch, ENTRY], audit: [LINE] }, null, "none")).toEqual([
      {
        atMs: 1000,
        who: "origin",
        text: "the record became unknown: the attempt ended (attempt 2, status 502)",
        why: null,
      },
      { atMs: 2000, who: "client", text: "sent 3 refused requests: the key came with a different request", why: null },
      {
        atMs: 3000,
        who: "anonymous (tenant token)",
        text: "settle (outcome not-executed), done: unknown → none",
        why: "not there",
      },
    ]);
  });

  test("names the operator before the state that the action led to", () => {
    const settled: JournalEvent = {
      ...ENTRY,
      state: "none",
      cause: "settled",
      status: null,
      sinceMs: 3000,
      atMs: 3000,
    };
    const events = timelineOf({ entries: [settled], audit: [LINE] }, null, "none");
    expect(events.map(({ who }) => who)).toEqual(["anonymous (tenant token)", "operator"]);
  });

  test("says that the gateway concluded where no answer came", () => {
    const cut: JournalEvent = { ...ENTRY, status: null, error: "connection lost" };
    expect(timelineOf({ entries: [cut], audit: [] }, null, "unknown")).toMatchObject([{ who: "gateway" }]);
  });

  test("has the state of a record that the journal does not list", () => {
    expect(timelineOf({ entries: [], audit: [] }, FACTS, "completed")).toEqual([
      { atMs: 4000, who: "gateway", text: "recorded attempt 1 as completed", why: null },
    ]);
  });

  test("says of an action without a result that it is not known", () => {
    const broken: AuditLine = { ...LINE, result: null, before: null, after: null };
    expect(timelineOf({ entries: [], audit: [broken] }, null, "none")[0]?.text).toContain(
      "not known: see the record's state",
    );
  });
});

test("O8 the arguments of an action are words", () => {
  expect(givenText('{"outcome":"final","status":201,"headers":["content-type"],"body_bytes":4,"attempt_id":"a"}')).toBe(
    "outcome final, status 201, headers content-type, body bytes 4",
  );
  expect(givenText("{}")).toBe("");
});

describe("O8 a stored body", () => {
  const answer = (body: Uint8Array | null, headers: string[][] = []) => ({ status: 200, headers, bodyBytes: 9, body });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  test.each([
    [answer(bytes("é<b>")), { kind: "text", text: "é<b>", isCut: false }],
    [answer(new Uint8Array([0xff, 0xfe])), { kind: "none", why: "The body is not text. The API gives its bytes." }],
    [
      answer(bytes("x"), [["content-encoding", "gzip"]]),
      { kind: "none", why: "The body is coded as gzip. The API gives its bytes." },
    ],
    [answer(null), { kind: "none", why: "The body of 9 bytes is too large to read here." }],
    [null, { kind: "none", why: "The record has no stored answer." }],
  ])("is shown as text, or as the reason why it is not: %#", (given, content) => {
    expect(contentOf(given)).toEqual(content);
  });

  test("is cut at a bound", () => {
    const content = contentOf(answer(bytes("x".repeat(BODY_CHARACTERS_MAX + 1))));
    expect(content).toEqual({ kind: "text", text: "x".repeat(BODY_CHARACTERS_MAX), isCut: true });
  });
});
