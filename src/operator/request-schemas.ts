/** Made from requests.ts by `npm run schema`: the requests of the operator API as JSON Schema. */
export const REQUEST_SCHEMAS = {
  find: {
    type: "object",
    properties: {
      operation: {
        description:
          "Method, space and path. Of a JSON-RPC call, a space and its method may follow, with the tool behind a colon.",
        type: "string",
        pattern: "^[A-Z]+ \\/\\S*(?: \\S+)?$",
        maxLength: 16384,
      },
      headers: {
        description: "The headers that identify the caller or override the method.",
        type: "object",
        additionalProperties: { type: "string" },
        default: {},
      },
      certificate: {
        description: "The SHA-256 fingerprint of the client's certificate, in hex.",
        type: "string",
        pattern: "^(?:[0-9A-Fa-f]{2}:?){32}$",
      },
      caller: {
        description: "The digest of the caller, as a log line or a list has it.",
        type: "string",
        pattern: "^[0-9a-f]{64}$",
      },
      key: { description: "The key of the request.", type: "string", minLength: 1 },
    },
    required: ["operation", "key"],
    additionalProperties: false,
  },
  settle: {
    oneOf: [
      {
        type: "object",
        properties: {
          outcome: { description: "The request ran.", const: "final" },
          status: { description: "The status of the answer.", type: "integer", minimum: 200, maximum: 599 },
          headers: {
            description: "The headers of the answer.",
            type: "object",
            additionalProperties: { type: "string" },
            default: {},
          },
          body: { description: "The body of the answer, as text.", type: "string" },
          body_base64: { description: "The body of the answer in base64.", type: "string", contentEncoding: "base64" },
          attempt_id: {
            description: "Only if the record still belongs to this attempt.",
            type: "string",
            minLength: 1,
            maxLength: 100,
          },
          why: { description: "The reason, for the audit log.", type: "string", pattern: "\\S", maxLength: 1000 },
        },
        required: ["outcome", "status", "why"],
        additionalProperties: false,
      },
      {
        type: "object",
        properties: {
          outcome: { description: "The request did not run.", const: "not-executed" },
          attempt_id: {
            description: "Only if the record still belongs to this attempt.",
            type: "string",
            minLength: 1,
            maxLength: 100,
          },
          why: { description: "The reason, for the audit log.", type: "string", pattern: "\\S", maxLength: 1000 },
        },
        required: ["outcome", "why"],
        additionalProperties: false,
      },
    ],
  },
  why: {
    type: "object",
    properties: {
      attempt_id: {
        description: "Only if the record still belongs to this attempt.",
        type: "string",
        minLength: 1,
        maxLength: 100,
      },
      why: { description: "The reason, for the audit log.", type: "string", pattern: "\\S", maxLength: 1000 },
    },
    required: ["why"],
    additionalProperties: false,
  },
  settleMany: {
    type: "object",
    properties: {
      dry_run: { description: "Only check what would be settled.", type: "boolean", default: false },
      filter: {
        description: "Settle the unknown outcomes that match it.",
        type: "object",
        properties: {
          state: {
            description: "Only entries in this state.",
            enum: ["unknown", "tombstone", "mismatch", "completed", "none"],
            type: "string",
          },
          operation: { description: "Only entries of this operation.", type: "string" },
          cause: {
            description: "Only entries with this cause.",
            enum: [
              "attempt",
              "timeout",
              "process_died",
              "probe",
              "settled",
              "released",
              "purged",
              "key_reused",
              "caller_changed",
            ],
            type: "string",
          },
          status: {
            description: "Only entries with this status of the origin's answer.",
            anyOf: [{ type: "number" }, { type: "string" }],
          },
          key: { description: "Only entries with this key.", type: "string" },
          caller: {
            description: "Only entries of the caller with this digest.",
            type: "string",
            pattern: "^[0-9a-f]{64}$",
          },
          from: {
            description: "Only entries whose state began at this time or later.",
            type: "string",
            pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,3})?)?Z$",
          },
          to: {
            description: "Only entries whose state began at this time or earlier.",
            type: "string",
            pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,3})?)?Z$",
          },
          older_than: {
            description: "Only older entries. From 0s to 365d.",
            type: "string",
            pattern: "^([0-9]{1,12})(ms|s|m|h|d)$",
          },
        },
        additionalProperties: false,
      },
      records: {
        description: "Settle these records.",
        type: "array",
        items: {
          type: "object",
          properties: {
            record: { description: "The id of the record.", type: "string", pattern: "^[0-9a-f]{64}$" },
            attempt_id: {
              description: "The attempt that the list showed.",
              type: "string",
              minLength: 1,
              maxLength: 100,
            },
            status: {
              description: "Its own status, instead of that of `settle`.",
              type: "integer",
              minimum: 200,
              maximum: 599,
            },
            body: { description: "Its own body, instead of that of `settle`.", type: "string" },
          },
          required: ["record", "attempt_id"],
          additionalProperties: false,
        },
        minItems: 1,
        maxItems: 100,
      },
      settle: { $ref: "#/components/schemas/Settling" },
      plan: { description: "The plan of the dry run. Required with `filter`.", type: "string", maxLength: 200 },
      cursor: { description: "The cursor of the batch before.", type: "string", maxLength: 200 },
      batch: { description: "The size of a batch.", type: "integer", minimum: 1, maximum: 100, default: 100 },
    },
    required: ["settle"],
    additionalProperties: false,
  },
  journal: [
    {
      name: "state",
      in: "query",
      description: "Only entries in this state.",
      schema: { enum: ["unknown", "tombstone", "mismatch", "completed", "none"], type: "string" },
    },
    { name: "operation", in: "query", description: "Only entries of this operation.", schema: { type: "string" } },
    {
      name: "cause",
      in: "query",
      description: "Only entries with this cause.",
      schema: {
        enum: [
          "attempt",
          "timeout",
          "process_died",
          "probe",
          "settled",
          "released",
          "purged",
          "key_reused",
          "caller_changed",
        ],
        type: "string",
      },
    },
    {
      name: "status",
      in: "query",
      description: "Only entries with this status of the origin's answer.",
      schema: { type: "integer", minimum: 200, maximum: 599 },
    },
    { name: "key", in: "query", description: "Only entries with this key.", schema: { type: "string" } },
    {
      name: "caller",
      in: "query",
      description: "Only entries of the caller with this digest.",
      schema: { type: "string", pattern: "^[0-9a-f]{64}$" },
    },
    {
      name: "from",
      in: "query",
      description: "Only entries whose state began at this time or later.",
      schema: { type: "number" },
    },
    {
      name: "to",
      in: "query",
      description: "Only entries whose state began at this time or earlier.",
      schema: { type: "number" },
    },
    {
      name: "older_than",
      in: "query",
      description: "Only older entries. From 0s to 365d.",
      schema: { type: "string", pattern: "^([0-9]{1,12})(ms|s|m|h|d)$" },
    },
    {
      name: "cursor",
      in: "query",
      description: "The cursor of the page before.",
      schema: { type: "string", maxLength: 200 },
    },
    {
      name: "limit",
      in: "query",
      description: "The size of a page.",
      schema: { type: "integer", minimum: 1, maximum: 100, default: 100 },
    },
  ],
  audit: [
    {
      name: "record",
      in: "query",
      description: "Only lines of this record.",
      schema: { type: "string", pattern: "^[0-9a-f]{64}$" },
    },
    {
      name: "cursor",
      in: "query",
      description: "The cursor of the page before.",
      schema: { type: "string", maxLength: 200 },
    },
    {
      name: "limit",
      in: "query",
      description: "The size of a page.",
      schema: { type: "integer", minimum: 1, maximum: 100, default: 100 },
    },
  ],
  counts: [
    {
      name: "hours",
      in: "query",
      description: "The number of hours, up to now.",
      schema: { type: "integer", minimum: 1, maximum: 168, default: 24 },
    },
  ],
};
