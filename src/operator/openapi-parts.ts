/** The components of the operator API's OpenAPI document. */

import { CAUSES, JOURNAL_STATES } from "../journal/journal-event.ts";
import { REQUEST_SCHEMAS } from "./request-schemas.ts";
import { RECORD_ID } from "./requests.ts";

const string = { type: "string" };
const integer = { type: "integer", minimum: 0 };
const nullable = (type: string) => ({ type: [type, "null"] });
const time = { type: "string", format: "date-time" };
const nullableTime = { type: ["string", "null"], format: "date-time" };
const state = { enum: ["none", "pending", "unknown", "completed", "tombstone", "unreadable"] };
const recordId = { $ref: "#/components/schemas/RecordId" };
const list = (items: object) => ({ type: "array", items });

/** Has these members only, and all are required except the optional ones. */
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
  on_hold: integer,
  ...Object.fromEntries(
    OBSERVED.map((kind) => [kind, { ...integer, description: "Observed only: nothing was changed." }]),
  ),
  keyless: integer,
  duplicates_prevented: { ...integer, description: "Replayed and joined: requests that would have run again." },
};

const recordFields = {
  id: recordId,
  state,
  cause: {
    enum: ["too large", "coded", "erased", "expired", null],
    description: "For a tombstone: why no answer is stored.",
  },
  tenant: nullable("string"),
  operation: nullable("string"),
  key: nullable("string"),
  caller: { ...nullable("string"), description: "The digest of the caller." },
  attempt: nullable("integer"),
  attempt_id: { ...nullable("string"), description: "Unlike `attempt`, it is never used again." },
  since: nullableTime,
  expires: nullableTime,
  running: { enum: ["attempt", "probe", "preparation", null] },
  answer: { oneOf: [{ type: "null" }, { $ref: "#/components/schemas/Answer" }] },
};

export const SCHEMAS: Readonly<Record<string, object>> = {
  RecordId: { type: "string", pattern: RECORD_ID.source },
  Document: { type: "object" },
  Problem: object({ type: string, title: string, status: integer, detail: string, instance: string, code: string }),
  Description: REQUEST_SCHEMAS.find,
  Why: REQUEST_SCHEMAS.why,
  Settling: REQUEST_SCHEMAS.settle,
  SettlingMany: REQUEST_SCHEMAS.settleMany,
  Record: object(recordFields),
  Found: {
    description: "A record, what its log lines have, and if there is none, queries that the log still answers.",
    ...object({
      ...recordFields,
      caller_digest: { ...string, description: "The digest of the caller that the description names." },
      key_digest: { ...string, description: "The first 16 hex digits of the SHA-256 of the key." },
      log: { oneOf: [{ type: "null" }, object({ detail: string, jq: string, sql: string })] },
    }),
  },
  Answer: object(
    {
      status: integer,
      headers: list(list(string)),
      media_type: nullable("string"),
      body_bytes: integer,
      body_base64: { type: "string", description: "Only with `body=1`." },
    },
    ["body_base64"],
  ),
  Done: object({
    id: recordId,
    action: { enum: ["settle", "release", "purge"] },
    before: state,
    after: state,
    audit: { ...integer, description: "The number of the line in the audit log." },
  }),
  Batch: object({
    dry_run: { type: "boolean" },
    plan: { ...nullable("string"), description: "Repeat it in the next batch, and in the run after a dry run." },
    ready: { ...integer, description: "Of a dry run: how many of this batch a run would settle." },
    settled: integer,
    refused: integer,
    failed: { ...integer, description: "Not known: look at these records." },
    left: { ...integer, description: "How many of the filter come after this batch." },
    cursor: { ...nullable("string"), description: "Of the next batch; null after the last." },
    results: list({ $ref: "#/components/schemas/SettleResult" }),
  }),
  SettleResult: object({
    record: recordId,
    attempt_id: string,
    operation: nullable("string"),
    key: nullable("string"),
    result: { enum: ["ready", "settled", "refused", "failed"] },
    code: nullable("string"),
    detail: nullable("string"),
    audit: { ...nullable("integer"), description: "The number of its line in the audit log." },
  }),
  JournalPage: object({
    entries: list({ $ref: "#/components/schemas/Entry" }),
    cursor: nullable("string"),
    left: { ...integer, description: "How many entries come after this page." },
    truncated: { type: "boolean", description: "Whether entries were dropped." },
    dropped: { ...integer, description: "Entries that the journal had no room for." },
  }),
  Entry: object({
    record: recordId,
    hostname: string,
    caller: { ...string, description: "The digest of the caller." },
    key: string,
    state: { enum: JOURNAL_STATES },
    cause: { enum: CAUSES },
    status: { ...nullable("integer"), description: "Of the origin's answer; null where none arrived." },
    error: { ...nullable("string"), description: "Why no answer arrived, or why its body broke off." },
    operation: string,
    attempt: integer,
    attempt_id: string,
    times: integer,
    since: time,
    at: time,
    expires: nullableTime,
  }),
  AuditPage: object({ lines: list({ $ref: "#/components/schemas/AuditLine" }), cursor: nullable("string") }),
  AuditLine: object({
    seq: integer,
    at: time,
    hostname: string,
    record: recordId,
    token: { enum: ["operator", "tenant"] },
    operator: nullable("string"),
    action: { enum: ["settle", "release", "purge", "read"], description: "`read`: the body of the kept answer." },
    given: { type: "object" },
    why: string,
    result: {
      enum: ["done", "refused", "failed", null],
      description: "With null and `failed` the result is not known here: look at the record.",
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
  "404": problem("This hostname has no such record."),
  "409": problem("Nothing was done: an attempt runs, the record is in another state, or several records match."),
  "413": problem("The request is too large."),
  "429": problem("Too many wrong tokens came from this network."),
  "503": problem("The audit log can't be written (nothing was done), or an object did not answer."),
};

export const ACTIONS = {
  settle: {
    summary: "Settle an unknown outcome",
    description:
      "`final`: the request ran, and this is its answer, kept for `ttl`. `not-executed`: it did not run and never will, and the next request executes.",
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
    summary: "Release a key",
    description: "Deletes the record. The next request with the key executes, whether or not the first did.",
    schema: "Why",
    example: { why: "Refunded, so the charge must run again" },
  },
  purge: {
    summary: "Erase the stored answer",
    description: "The key stays used: a retry is refused, because its answer is gone.",
    schema: "Why",
    example: { why: "Requested by the customer" },
  },
} as const;
