/** The operator API, described for machines (OpenAPI 3.1). A test holds it to the routes and to what they answer. */

import { ACTIONS, RESPONSES, SCHEMAS } from "./openapi-parts.ts";
import { JOURNAL_STATES } from "../journal/journal-event.ts";
import { PAGE_MAX } from "./requests.ts";
import { HOURS_MAX } from "../journal/tallies.ts";

const record = { name: "id", in: "path", required: true, schema: { $ref: "#/components/schemas/RecordId" } };
const limit = { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: PAGE_MAX } };
const cursor = {
  name: "cursor",
  in: "query",
  description: "The cursor of the page before.",
  schema: { type: "string" },
};

function query(name: string, schema: object, description: string) {
  return { name, in: "query", schema, description };
}

function answers(description: string, schema: string, refusals: readonly (keyof typeof RESPONSES)[]) {
  const refused = ["401" as const, ...refusals].map((status) => [status, { $ref: `#/components/responses/${status}` }]);
  const content = { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
  return { "200": { description, content }, ...Object.fromEntries(refused) };
}

function body(schema: string, example: object) {
  const content = { "application/json": { schema: { $ref: `#/components/schemas/${schema}` }, example } };
  return { required: true, content };
}

function action(name: keyof typeof ACTIONS) {
  const { summary, description, schema, example } = ACTIONS[name];
  const operator = {
    name: "Oncegate-Operator",
    in: "header",
    description: "Who acts, for the audit. A name, and no proof.",
    schema: { type: "string", minLength: 1, maxLength: 100 },
  };
  return {
    post: {
      operationId: name,
      summary,
      description,
      parameters: [record, operator],
      requestBody: body(schema, example),
      responses: answers("It is done.", "Done", ["400", "404", "409", "413", "503"]),
    },
  };
}

export const OPENAPI = {
  openapi: "3.1.0",
  info: {
    title: "Oncegate operator API",
    version: "1",
    description:
      "Finds and settles the records of the hostname that it is asked under. Refusals are RFC 9457 problems.",
  },
  servers: [{ url: "/_oncegate" }],
  security: [{ token: [] }],
  paths: {
    "/v1/openapi.json": {
      get: {
        operationId: "describe",
        summary: "This document",
        responses: answers("It.", "Document", []),
      },
    },
    "/v1/records/find": {
      post: {
        operationId: "find",
        summary: "Find a record by what a client can tell of its request",
        description:
          "Answers also where there is no record: its state is `none` then. A derived key can't be found so.",
        requestBody: body("Description", {
          operation: "POST /v1/charges",
          headers: { authorization: "Bearer alice" },
          key: "7f3c2a90",
        }),
        responses: answers("The record.", "Record", ["400", "413", "503"]),
      },
    },
    "/v1/records/{id}": {
      get: {
        operationId: "show",
        summary: "Show a record",
        parameters: [record, query("body", { const: "1" }, "Show the answer's body too, up to 5 MB.")],
        responses: answers("The record.", "Record", ["404", "503"]),
      },
    },
    "/v1/records/{id}/settle": action("settle"),
    "/v1/records/{id}/release": action("release"),
    "/v1/records/{id}/purge": action("purge"),
    "/v1/journal": {
      get: {
        operationId: "journal",
        summary: "What needs to be seen, oldest first",
        parameters: [
          query("state", { enum: JOURNAL_STATES }, "Entries in this state only."),
          query("operation", { type: "string" }, "Method, space and path."),
          query("older_than", { type: "string" }, "A duration, such as 1h."),
          cursor,
          limit,
        ],
        responses: answers("A page.", "JournalPage", ["400", "503"]),
      },
    },
    "/v1/audit": {
      get: {
        operationId: "audit",
        summary: "What operators did, newest first",
        parameters: [
          query("record", { $ref: "#/components/schemas/RecordId" }, "Lines of this record only."),
          cursor,
          limit,
        ],
        responses: answers("A page.", "AuditPage", ["400", "503"]),
      },
    },
    "/v1/counts": {
      get: {
        operationId: "counts",
        summary: "How many requests there were, of what kind",
        description: "Batched for some seconds, and lost with the isolate that holds them: no ledger.",
        parameters: [query("hours", { type: "integer", minimum: 1, maximum: HOURS_MAX }, "The last hours; 24.")],
        responses: answers("The counts.", "Counts", ["400", "503"]),
      },
    },
  },
  components: {
    securitySchemes: { token: { type: "http", scheme: "bearer" } },
    responses: RESPONSES,
    schemas: SCHEMAS,
  },
};
