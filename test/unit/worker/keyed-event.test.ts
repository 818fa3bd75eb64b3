import * as fc from "fast-check";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type AnswerReply, type Mark, type RefusalReply, type Reply } from "../../../src/call/call.ts";
import { PROBLEMS, isProblemCode } from "../../../src/http/problem-codes.ts";
import { type Refusal, refuse } from "../../../src/http/problem.ts";
import { pointOf } from "../../../src/worker/event-point.ts";
import { identifiedReply } from "../../../src/worker/identified-reply.ts";
import { type KeyedEvent, type Subject, isChange, keyedEvent, observedEvent } from "../../../src/worker/keyed-event.ts";
import { configWith, tenant } from "../config/entries.ts";

const TENANT = tenant(
  configWith({ profile: "acp", routes: [{ match: "POST /v1/charges/:id" }, { match: "* /v2/*" }] }),
);

const RECORD = "5eed".repeat(16);
const CALLER = "ca11".repeat(16);

function subject(method: string, path: string, change: Partial<Subject> = {}): Subject {
  const policy = TENANT.policyFor(method, path);
  const known = { recordId: RECORD, callerDigest: CALLER, keyDigest: "0123456789abcdef", isDerived: false };
  return { version: "v-1", hostname: "api.example.com", tenant: TENANT, policy, method, ...known, ...change };
}

function by(status: number, mediaType: string | null = null) {
  return { status, mediaType };
}

const SPENT = { totalMs: 120, callMs: 110 };
const STATUSES = ["executed", "replayed", "joined", "released", "unknown", "refused"] as const;

function markOf(status: Mark["status"], recordedAtMs: number | null = 1_800_000_000_000): Mark {
  return { status, recordedAtMs, expiresAtMs: recordedAtMs === null ? null : recordedAtMs + 1000 };
}

function answer(mark: Mark, change: Partial<AnswerReply> = {}): AnswerReply {
  const body = new TextEncoder().encode("ok");
  const said = { status: 201, headers: [], body, bodyBytes: 2 };
  return { kind: "answer", mark, speaker: "origin", waited: false, ...said, ...change };
}

function refusal(code: RefusalReply["code"], status: Mark["status"] = "refused"): RefusalReply {
  return { kind: "refusal", mark: markOf(status, null), waited: false, code };
}

function eventOf(reply: Reply | Refusal): KeyedEvent {
  return keyedEvent(subject("POST", "/v1/charges/ch_1"), identifiedReply(reply), by(201), SPENT);
}

describe("the event of a keyed request", () => {
  test("says all that is known", () => {
    const reply = answer(markOf("joined"), { waited: true, attempt: { number: 2, originMs: 90, originStatus: 201 } });
    const path = "/v1/charges/ch_1";
    expect(keyedEvent(subject("POST", path), reply, by(201, "text/html"), SPENT)).toEqual({
      event: "keyed",
      version: "v-1",
      tenant: "api.example.com",
      operation: "POST /v1/charges/:id",
      decision: "joined",
      code: null,
      instance: null,
      outcome: "final",
      status: 201,
      total_ms: 120,
      waited_ms: 110,
      origin_ms: 90,
      origin: "origin.example.com",
      origin_status: 201,
      media_type: "text/html",
      record: RECORD,
      caller_digest: CALLER,
      key_digest: "0123456789abcdef",
      attempt: 2,
      derived: false,
      profile: "acp",
    });
  });

  test("says nothing of what is not", () => {
    const event = keyedEvent(
      subject("POST", "/", { recordId: null }),
      identifiedReply(refuse("key_missing")),
      by(400),
      {
        totalMs: 1,
        callMs: null,
      },
    );
    expect(event).toMatchObject({ decision: "refused", code: "key_missing", outcome: null, status: 400, waited_ms: 0 });
    expect(event).toMatchObject({ origin_ms: null, record: null, attempt: null });
  });

  test.each([
    ["POST", "/v1/charges/ch_1", "POST /v1/charges/:id"],
    ["PATCH", "/v1/charges/ch_1", "PATCH *"],
    ["PATCH", "/v2/a/b/c", "PATCH /v2/*"],
    ["POST", "/v3/secret", "POST *"],
  ])("names %s %s by its pattern: %s", (method, path, operation) => {
    expect(keyedEvent(subject(method, path), identifiedReply(refuse("unavailable")), by(503), SPENT).operation).toBe(
      operation,
    );
  });

  test.each<[Reply | Refusal, Partial<KeyedEvent>]>([
    [answer(markOf("executed")), { decision: "executed", code: null, outcome: "final" }],
    [answer(markOf("replayed")), { decision: "replayed", code: null, outcome: "final" }],
    [answer(markOf("joined")), { decision: "joined", code: null, outcome: "final" }],
    [answer(markOf("executed", null)), { decision: "executed", code: null, outcome: null }],
    [answer(markOf("joined", null)), { decision: "joined", code: null, outcome: null }],
    [answer(markOf("released", null)), { decision: "released", code: null, outcome: "not-executed" }],
    [answer(markOf("unknown")), { decision: "unknown", code: null, outcome: "unknown" }],
    [refusal("outcome_unknown", "unknown"), { decision: "unknown", code: "outcome_unknown", outcome: "unknown" }],
    [refusal("origin_timeout", "unknown"), { decision: "unknown", code: "origin_timeout", outcome: "unknown" }],
    [refusal("unavailable", "released"), { decision: "released", code: "unavailable", outcome: "not-executed" }],
    [refusal("replay_unavailable"), { decision: "refused", code: "replay_unavailable", outcome: "final" }],
    [refusal("key_reused"), { decision: "refused", code: "key_reused", outcome: null }],
    [refusal("in_flight"), { decision: "refused", code: "in_flight", outcome: null }],
    [refuse("overloaded"), { decision: "refused", code: "overloaded", outcome: null }],
  ])("reports the decision: case %#", (reply, expected) => {
    expect(eventOf(reply)).toMatchObject(expected);
  });

  test("has waited only where it waited for another request", () => {
    expect(eventOf(answer(markOf("executed"))).waited_ms).toBe(0);
    expect(eventOf({ ...refusal("in_flight"), waited: true }).waited_ms).toBe(110);
  });

  test.each([
    ["text/html", "text/html"],
    ["image/png", "other"],
    [null, null],
  ])("names the media type %s as %s", (mediaType, expected) => {
    const about = subject("POST", "/v1/charges/ch_1");
    expect(keyedEvent(about, answer(markOf("executed")), by(200, mediaType), SPENT).media_type).toBe(expected);
  });

  test("says of an observed request what would have become of it", () => {
    const found = { decision: "would_refuse", code: "key_reused", outcome: "final", attempt: null } as const;
    expect(
      observedEvent(subject("POST", "/v1/charges/ch_1"), { ...found, originStatus: 201 }, by(201), 30),
    ).toMatchObject({
      ...found,
      operation: "POST /v1/charges/:id",
      status: 201,
      total_ms: 30,
      waited_ms: 0,
      origin_ms: 30,
      origin_status: 201,
    });
  });
});

describe('what log = "changes" leaves out', () => {
  test.each<[string, Reply | Refusal, number, boolean]>([
    ["a replay", answer(markOf("replayed")), 201, false],
    ["a replay of an error", answer(markOf("replayed")), 500, false],
    ["a join", answer(markOf("joined")), 201, false],
    ["a plain execution", answer(markOf("executed")), 201, false],
    ["an execution that is kept as an error", answer(markOf("executed")), 402, true],
    [
      "a second attempt",
      answer(markOf("executed"), { attempt: { number: 2, originMs: 1, originStatus: 201 } }),
      201,
      true,
    ],
    ["an undone execution", answer(markOf("released", null)), 429, true],
    ["an unknown outcome", refusal("origin_timeout", "unknown"), 504, true],
    ["a refusal", refusal("key_reused"), 422, true],
    ["a refusal without a record", refuse("caller_missing"), 400, true],
  ])("%s", (_, reply, status, isLogged) => {
    const event = keyedEvent(subject("POST", "/v1/charges/ch_1"), identifiedReply(reply), by(status), SPENT);
    expect(isChange(event)).toBe(isLogged);
  });
});

describe("the point of an event", () => {
  test("has each field in the column that docs/monitoring.md names", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../../docs/monitoring.md"), "utf8");
    const rows = [...readme.matchAll(/^\| `(\w+)` \| `(blob|double)(\d+)` \|/gm)];
    const plain = keyedEvent(subject("POST", "/", {}), identifiedReply(refuse("unavailable")), by(503), SPENT);
    const documented = rows.map(([, field = "", kind, number]) => {
      const change = field === "derived" ? true : kind === "blob" ? "marked" : 4711;
      const { blobs = [], doubles = [] } = pointOf({ ...plain, [field]: change });
      const column = (kind === "blob" ? blobs : doubles)[Number(number) - 1];
      expect([field, column]).toEqual([field, change === true ? "derived" : change]);
      return field;
    });
    expect(new Set(documented)).toEqual(new Set(Object.keys(plain).filter((field) => field !== "event")));
  });

  test("has the columns of docs/monitoring.md", () => {
    const instance = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    const reply = {
      ...refusal("in_flight"),
      waited: true,
      attempt: { number: 3, originMs: null, originStatus: 502 },
      instance,
    };
    expect(pointOf(keyedEvent(subject("POST", "/v1/charges/ch_1"), reply, by(409), SPENT))).toEqual({
      indexes: ["api.example.com"],
      blobs: [
        "api.example.com",
        "POST /v1/charges/:id",
        "refused",
        "in_flight",
        null,
        "acp",
        RECORD,
        "sent",
        "urn:uuid:8e03978e-40d5-43dd-bc93-6894a57f9324",
        "v-1",
        "origin.example.com",
        null,
        CALLER,
        "0123456789abcdef",
      ],
      doubles: [409, 120, 110, -1, 3, 502, 1],
    });
  });

  test("keeps to the bounds of the platform whatever hostname was asked for", () => {
    const hostname = `${"a".repeat(60)}.`.repeat(100);
    const point = pointOf(
      keyedEvent(
        subject("POST", "/", { hostname, isDerived: true }),
        identifiedReply(refuse("unavailable")),
        by(503),
        SPENT,
      ),
    );
    expect(point.indexes?.[0]).toHaveLength(96);
    expect(point.blobs?.[0]).toHaveLength(253);
    expect(point.blobs?.[7]).toBe("derived");
  });
});

describe("3.7.2", () => {
  const MARKER = "s3cr3t";
  const secret = fc.string().map((text) => `${text}${MARKER}${text}`);
  const codes = Object.keys(PROBLEMS).filter(isProblemCode);
  const mark = fc.record({
    status: fc.constantFrom(...STATUSES),
    recordedAtMs: fc.option(fc.nat()),
    expiresAtMs: fc.option(fc.nat()),
  });
  const answers = fc.record({
    kind: fc.constant("answer" as const),
    mark,
    speaker: fc.constant("origin" as const),
    waited: fc.boolean(),
    status: fc.integer({ min: 200, max: 599 }),
    headers: fc.array(fc.tuple(secret, secret)),
    body: secret.map((text) => new TextEncoder().encode(text)),
    bodyBytes: fc.option(fc.nat()),
  });
  const refusals = fc.record({
    kind: fc.constant("problem" as const),
    code: fc.constantFrom(...codes),
    detail: secret,
  });

  test("nothing that a request or an answer says gets into line or point", () => {
    const replies: fc.Arbitrary<Reply | Refusal> = fc.oneof(answers, refusals);
    fc.assert(
      fc.property(replies, secret, (reply, path) => {
        const event = keyedEvent(
          subject("POST", `/v1/charges/${path}`),
          identifiedReply(reply),
          by(200, `text/${path}`),
          SPENT,
        );
        expect(JSON.stringify([event, pointOf(event)])).not.toContain(MARKER);
        expect(event.record).toBe(RECORD);
      }),
    );
  });
});
