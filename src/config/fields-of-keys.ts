/** The fields of a policy about keys and about what makes requests the same, as in fields-of-policy.ts. */

import { type Fields, durationField, integerField, published } from "./field.ts";
import { deriveKey, keyCarriers, keyFormat } from "./key-values.ts";
import { fingerprint, fingerprintBy, methods, rpcMethods } from "./policy-values.ts";
import { MINUTE, SECOND, oneOf, trueOrFalse } from "./values.ts";

export const KEYS = {
  /** `required`, `optional`, or `off` to ignore keys. */
  key: {
    name: "key",
    schema: oneOf(["required", "optional", "off"]),
    default: "optional",
    published: published("key", "Key"),
  },
  /**
   * Where the key is: header names, JSON Pointers into the body, `"query:NAME"`, `"form:NAME"`. The first present
   * counts. An inner list is one key of several parts.
   */
  keyFrom: {
    name: "key_from",
    schema: keyCarriers,
    default: Object.freeze([Object.freeze([Object.freeze({ kind: "header", name: "idempotency-key" })])]),
    defaultText: '["Idempotency-Key"]',
    published: published("key_from", "Where the key is"),
  },
  /** `any`, `uuid`, `uuidv7`, or a table. Keys of another form are refused. */
  keyFormat: {
    name: "key_format",
    schema: keyFormat,
    default: Object.freeze({ kind: "any" }),
    defaultText: '"any"',
    published: published("key_format", "A key is"),
  },
  /**
   * What a key belongs to: one `operation`, or the `tenant`, where the same key on another operation is refused. Routes
   * with different values share no keys.
   */
  keyScope: {
    name: "key_scope",
    schema: oneOf(["operation", "tenant"]),
    default: "operation",
    published: published("key_scope", "A key belongs to"),
  },
  /** `true` makes all requests of an operation one caller, whatever `caller` is. After a change every key is new. */
  oneCaller: {
    name: "one_caller",
    schema: trueOrFalse,
    default: false,
    published: published("one_caller", "Callers"),
  },
  /** A table makes a key from caller, operation and content for requests without one. */
  deriveKey: {
    name: "derive_key",
    schema: deriveKey,
    default: null,
    defaultText: "false",
    published: published("derive_key", "Requests without a key"),
  },
  /** The covered methods: `POST`, `PATCH`, `PUT`, `DELETE`. */
  methods: {
    name: "methods",
    schema: methods,
    default: ["POST", "PATCH"],
    published: published("methods", "Covered methods"),
  },
  /** With `rpc`, the methods whose calls are covered, such as `["tools/call"]`. All are where it is not set. */
  rpcMethods: {
    name: "rpc_methods",
    schema: rpcMethods,
    default: null,
    published: published("rpc_methods", "Covered JSON-RPC methods"),
  },
  /**
   * How a retry is compared: `json` compares JSON, claims and forms by meaning, `bytes` bytes. A table leaves out
   * members or adds headers.
   */
  fingerprint: {
    name: "fingerprint",
    schema: fingerprint,
    default: fingerprintBy("json"),
    defaultText: '"json"',
    published: published("fingerprint", "What makes two requests the same"),
  },
  /** The largest body of a keyed request. */
  requestBytesMax: {
    name: "max_request_bytes",
    // Bodies are held in memory, and an isolate has 128 MB: a few of this size at once are many.
    ...integerField({ min: 0, max: 25_000_000, default: 1_000_000 }),
    unit: "bytes",
    published: published("request_bytes_max", "Request bodies"),
  },
  /** How long the body of a request may take, where a key covers it or may be in it. */
  uploadTimeoutMs: {
    name: "upload_timeout",
    // The largest body takes 60 s at 3.3 Mbit/s, and 200 s at 1 Mbit/s.
    ...durationField({ min: 100, max: 10 * MINUTE, default: MINUTE }),
    published: published("upload_timeout_seconds", "A request body arrives within"),
  },
  /** How long such a body may pause. */
  uploadIdleTimeoutMs: {
    name: "upload_idle_timeout",
    // Mobile networks pause for some seconds.
    ...durationField({ min: 100, max: 10 * MINUTE, default: 15 * SECOND }),
    published: published("upload_idle_timeout_seconds", "A request body may pause for"),
  },
} as const satisfies Fields;
