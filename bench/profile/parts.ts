/** The modules of each part in the table. A module belongs to the first part that lists it. */

import { COLLECTION, RUNTIME } from "./sums.ts";

const REST = "the rest of Oncegate, the decision among it";

/** A name that ends in "/" is a folder with everything in it. */
export const PARTS: readonly (readonly [part: string, modules: readonly string[]])[] = [
  ["Hono", ["node_modules/hono/"]],
  [
    "the way in: URL, tenant, policy, key",
    [
      "src/worker/gateway.ts",
      "src/worker/destination.ts",
      "src/worker/reserved-paths.ts",
      "src/worker/request-context.ts",
      "src/worker/callers.ts",
      "src/worker/rate-limit.ts",
      "src/config/",
      "src/worker/request-key.ts",
      "src/identity/key-carrier.ts",
      "src/identity/idempotency-key.ts",
      "src/http/matching-path.ts",
    ],
  ],
  ["reading the request and its body", ["src/worker/incoming.ts", "src/worker/request-body.ts", "src/http/body.ts"]],
  [
    "JSON and forms by meaning",
    [
      "src/identity/json.ts",
      "src/identity/json-pointer.ts",
      "src/identity/form.ts",
      "src/identity/multipart.ts",
      "src/identity/urlencoded.ts",
      "src/identity/media-type.ts",
    ],
  ],
  [
    "digests: caller, record, fingerprint",
    ["src/identity/digest.ts", "src/identity/caller.ts", "src/identity/fingerprint.ts", "src/identity/record-id.ts"],
  ],
  ["header fields", ["src/http/headers.ts", "src/http/fields.ts", "src/worker/counted-headers.ts"]],
  [
    "the call to the key object",
    ["src/call/ask-key-object.ts", "src/call/object-stub.ts", "src/call/upload.ts", "src/call/call.ts"],
  ],
  [
    "storage: the record and its alarm",
    [
      "src/key-object/record-store.ts",
      "src/key-object/kept-record.ts",
      "src/key-object/record-alarm.ts",
      "src/record/stored-record.ts",
    ],
  ],
  [
    "the forward, and the body that comes back",
    [
      "src/origin/exchange.ts",
      "src/origin/prepared-request.ts",
      "src/worker/pass-through.ts",
      "src/origin/answer-body.ts",
      "src/key-object/conclusion-of-answer.ts",
      "src/key-object/recording.ts",
    ],
  ],
  [
    "the answer",
    [
      "src/key-object/reply.ts",
      "src/worker/respond.ts",
      "src/worker/keyed-response.ts",
      "src/http/problem.ts",
      "src/http/problem-codes.ts",
      "src/worker/cors.ts",
      "src/http/cors.ts",
    ],
  ],
  ["the log line and the numbers", ["src/log.ts", "src/worker/keyed-event.ts", "src/worker/request-metrics.ts"]],
  [REST, ["src/", "node_modules/"]],
  ["garbage collection", [COLLECTION]],
  ["the runtime itself", [RUNTIME]],
];

export function partOf(module: string): string {
  const found = PARTS.find(([, names]) =>
    names.some((name) => (name.endsWith("/") ? module.startsWith(name) : module === name)),
  );
  return found?.[0] ?? REST;
}
