/** The operator API as an OpenAPI 3.1 document. A test compares it with the routes and with their answers. */

import { CSV, NDJSON } from "./export-formats.ts";
import { ACTIONS, RESPONSES, SCHEMAS } from "./openapi-parts.ts";
import { REQUEST_SCHEMAS } from "./request-schemas.ts";
import { OPERATOR_NAME } from "./requests.ts";

const record = { name: "id", in: "path", required: true, schema: { $ref: "#/components/schemas/RecordId" } };

const begun = { ...record, schema: { type: "string", pattern: "^[0-9a-f]{16,64}$" } };

const operator = {
  name: "Oncegate-Operator",
  in: "header",
  description: "The name of the operator, for the audit log. It is not verified.",
  schema: { type: "string", pattern: OPERATOR_NAME.source },
};

const answerBody = {
  name: "body",
  in: "query",
  description: "Show the body of the answer too, up to 5 MB. This is written to the audit log.",
  schema: { const: "1" },
};

function answers(description: string, schema: string, refusals: readonly (keyof typeof RESPONSES)[]) {
  const refused = ["401" as const, ...refusals, "429" as const].map((status) => [
    status,
    { $ref: `#/components/responses/${status}` },
  ]);
  const content = { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
  return { "200": { description, content }, ...Object.fromEntries(refused) };
}

function body(schema: string, example: object) {
  const content = { "application/json": { schema: { $ref: `#/components/schemas/${schema}` }, example } };
  return { required: true, content };
}

function action(name: keyof typeof ACTIONS) {
  const { summary, description, schema, example } = ACTIONS[name];
  return {
    post: {
      operationId: name,
      summary,
      description,
      parameters: [record, operator],
      requestBody: body(schema, example),
      responses: answers("The action is done.", "Done", ["400", "404", "409", "413", "503"]),
    },
  };
}

export const OPENAPI = {
  openapi: "3.1.0",
  info: {
    title: "Oncegate operator API",
    version: "1",
    description:
      "Finds and settles the records of the hostname that it is called under. Refusals are RFC 9457 problems.",
  },
  servers: [{ url: "/_oncegate" }],
  security: [{ token: [] }],
  paths: {
    "/v1/openapi.json": {
      get: {
        operationId: "describe",
        summary: "This document",
        responses: answers("The document.", "Document", []),
      },
    },
    "/v1/records/find": {
      post: {
        operationId: "find",
        summary: "Find a record by its request",
        description:
          "Without a record the state is `none`, and `log` has queries that the log still answers. A record with a derived key can't be found in this way.",
        requestBody: body("Description", {
          operation: "POST /v1/charges",
          headers: { authorization: "Bearer alice" },
          key: "7f3c2a90",
        }),
        responses: answers("The record.", "Found", ["400", "413", "503"]),
      },
    },
    "/v1/records/settle": {
      post: {
        operationId: "settleMany",
        summary: "Settle many unknown outcomes, batch by batch",
        description:
          "By a list of records, or by a filter after a dry run of it. A record is settled only if it is still unknown by the attempt that the list or the dry run showed.",
        parameters: [operator],
        requestBody: body("SettlingMany", {
          dry_run: true,
          filter: { operation: "POST /v1/charges", cause: "timeout" },
          settle: { outcome: "not-executed", why: "Not in the ledger, ticket 4711" },
        }),
        responses: answers("The batch.", "Batch", ["400", "413", "503"]),
      },
    },
    "/v1/records/{id}": {
      get: {
        operationId: "show",
        summary: "Show a record",
        description: "At least 16 digits of the id are enough where the journal lists the record.",
        parameters: [begun, answerBody, operator],
        responses: answers("The record.", "Record", ["400", "404", "409", "503"]),
      },
    },
    "/v1/records/{id}/settle": action("settle"),
    "/v1/records/{id}/release": action("release"),
    "/v1/records/{id}/purge": action("purge"),
    "/v1/journal": {
      get: {
        operationId: "journal",
        summary: "List what needs attention, oldest first",
        parameters: REQUEST_SCHEMAS.journal,
        responses: answers("A page.", "JournalPage", ["400", "503"]),
      },
    },
    ...Object.fromEntries(
      [CSV, NDJSON].map(({ name, type }) => [
        `/v1/${name}`,
        {
          get: {
            operationId: name,
            summary: `The filtered journal as ${name}`,
            description: "`Oncegate-Dropped` is the number of entries that the journal had no room for.",
            parameters: REQUEST_SCHEMAS.journal.filter((parameter) => !["cursor", "limit"].includes(parameter.name)),
            responses: {
              ...answers("The file.", "Document", ["400", "503"]),
              "200": { description: "The file.", content: { [type]: { schema: { type: "string" } } } },
            },
          },
        },
      ]),
    ),
    "/v1/audit": {
      get: {
        operationId: "audit",
        summary: "List the actions of operators, newest first",
        parameters: REQUEST_SCHEMAS.audit,
        responses: answers("A page.", "AuditPage", ["400", "503"]),
      },
    },
    "/v1/counts": {
      get: {
        operationId: "counts",
        summary: "Count requests by kind",
        description: "Counts are batched for some seconds and lost with their isolate, so they are not exact.",
        parameters: REQUEST_SCHEMAS.counts,
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
