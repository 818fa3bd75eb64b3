/** What the description of the operator API refers to. */

import { JOURNAL_STATES } from "../journal/journal-event.ts";

const string = { type: "string" };
const integer = { type: "integer", minimum: 0 };
const nullable = (type: string) => ({ type: [type, "null"] });
const time = { type: "string", format: "date-time" };
const nullableTime = { type: ["string", "null"], format: "date-time" };
const why = { type: "string", minLength: 1, maxLength: 1000, description: "Why, for the audit." };
const headers = { type: "object", additionalProperties: string };
const state = { enum: ["none", "pending", "unknown", "completed", "tombstone", "unreadable"] };
const recordId = { $ref: "#/components/schemas/RecordId" };
const list = (items: object) => ({ type: "array", items });

/** With every member required, and no other. */
function object(properties: Record<string, object>, optional: readonly string[] = []) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

const OBSERVED = ["would_execute", "would_join", "would_replay", "would_probe", "would_refuse"] as const;

const numbers = {
  executed: integer,
  replayed: integer,
  joined: integer,
  released: integer,
  unknown: integer,
  refused: integer,
  ...Object.fromEntries(OBSERVED.map((kind) => [kind, { ...integer, description: "Only observed." }])),
  keyless: integer,
  duplicates_prevented: { ...integer, description: "Replayed and joined: what would have run again." },
};

export const SCHEMAS: Readonly<Record<string, object>> = {
  RecordId: { type: "string", pattern: "^[0-9a-f]{64}$" },
  Document: { type: "object" },
  Problem: object({ type: string, title: string, status: integer, detail: string, code: string }),
  Description: object(
    {
      operation: string,
      headers,
      certificate: { type: "string", description: "The SHA-256 fingerprint of the client's certificate, in hex." },
      key: string,
    },
    ["headers", "certificate"],
  ),
  Why: object({ why }),
  Settling: {
    oneOf: [
      object(
        {
          outcome: { const: "final" },
          status: { type: "integer", minimum: 200, maximum: 599 },
          headers,
          body: { type: "string", description: "As text; or give body_base64." },
          body_base64: string,
          why,
        },
        ["headers", "body", "body_base64"],
      ),
      object({ outcome: { const: "not-executed" }, why }),
    ],
  },
  Record: object({
    id: recordId,
    state,
    tenant: nullable("string"),
    operation: nullable("string"),
    key: nullable("string"),
    attempt: nullable("integer"),
    since: nullableTime,
    expires: nullableTime,
    running: { enum: ["attempt", "probe", "preparation", null] },
    answer: { oneOf: [{ type: "null" }, { $ref: "#/components/schemas/Answer" }] },
  }),
  Answer: object(
    {
      status: integer,
      headers: list(list(string)),
      media_type: nullable("string"),
      body_bytes: integer,
      body_base64: { type: "string", description: "Only where it was asked for." },
    },
    ["body_base64"],
  ),
  Done: object({
    id: recordId,
    action: { enum: ["settle", "release", "purge"] },
    before: state,
    after: state,
    audit: { ...integer, description: "The number of the audit line." },
  }),
  JournalPage: object({ entries: list({ $ref: "#/components/schemas/Entry" }), cursor: nullable("string") }),
  Entry: object({
    record: recordId,
    state: { enum: JOURNAL_STATES },
    cause: string,
    operation: string,
    attempt: integer,
    times: integer,
    since: time,
    at: time,
    expires: nullableTime,
  }),
  AuditPage: object({ lines: list({ $ref: "#/components/schemas/AuditLine" }), cursor: nullable("string") }),
  AuditLine: object({
    seq: integer,
    at: time,
    record: recordId,
    token: { enum: ["operator", "tenant"] },
    operator: nullable("string"),
    action: { enum: ["settle", "release", "purge"] },
    given: { type: "object" },
    why: string,
    result: {
      enum: ["done", "refused", "failed", null],
      description: "null and failed: not known here. The record says.",
    },
    before: nullable("string"),
    after: nullable("string"),
  }),
  Counts: object({
    hours: list(object({ hour: time, ...numbers })),
    operations: list(object({ operation: string, ...numbers })),
    total: object(numbers),
    keyless: list(object({ operation: string, requests: integer, compared: integer, apparent_duplicates: integer })),
  }),
};

function problem(description: string) {
  const schema = { $ref: "#/components/schemas/Problem" };
  return { description, content: { "application/problem+json": { schema } } };
}

export const RESPONSES = {
  "400": problem("The request is not valid."),
  "401": problem("The token is missing or wrong."),
  "404": problem("There is no such record under this hostname."),
  "409": problem("Nothing was done: something runs, or the record is in another state."),
  "413": problem("The request is too large."),
  "503": problem("The audit can't be written (nothing was done), or an object did not answer."),
};

export const ACTIONS = {
  settle: {
    summary: "Settle an unknown outcome",
    description:
      "`final`: it ran, and this is its answer, kept for the policy's ttl. `not-executed`: it did not run and never will; the next request executes.",
    schema: "Settling",
    example: {
      outcome: "final",
      status: 201,
      headers: { "content-type": "application/json" },
      body: '{"id":"ch_1"}',
      why: "Found in the ledger, ticket 4711",
    },
  },
  release: {
    summary: "Forget a record",
    description: "The next request with its key executes, whether or not the first did.",
    schema: "Why",
    example: { why: "Refunded, and to be charged again" },
  },
  purge: {
    summary: "Erase the kept answer",
    description: "The key stays taken: retries are told that the answer is not there.",
    schema: "Why",
    example: { why: "Asked for by the customer" },
  },
} as const;
