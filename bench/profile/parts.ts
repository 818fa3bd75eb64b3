/** What the modules of Oncegate are for, in the words of the table. The first part that names a module has it. */

import { COLLECTION, RUNTIME } from "./sums.ts";

const REST = "the rest of Oncegate, the decision among it";

/** A name that ends in "/" is a folder, with all that is in it. */
export const PARTS: readonly (readonly [part: string, modules: readonly string[]])[] = [
  ["Hono", ["node_modules/hono/"]],
  [
    "the way in: URL, tenant, policy, key",
    [
      "src/gateway.ts",
      "src/destination.ts",
      "src/config/",
      "src/key-of.ts",
      "src/http/key-carrier.ts",
      "src/http/idempotency-key.ts",
      "src/http/hostname.ts",
      "src/http/matching-path.ts",
    ],
  ],
  ["reading the request and its body", ["src/incoming.ts", "src/http/body.ts"]],
  [
    "JSON and forms by meaning",
    [
      "src/http/json.ts",
      "src/http/json-pointer.ts",
      "src/http/form.ts",
      "src/http/multipart.ts",
      "src/http/urlencoded.ts",
      "src/http/media-type.ts",
    ],
  ],
  [
    "digests: caller, record, fingerprint",
    ["src/http/digest.ts", "src/http/caller.ts", "src/http/fingerprint.ts", "src/http/record-id.ts"],
  ],
  ["header fields", ["src/http/headers.ts"]],
  ["the call to the key object", ["src/ask-key-object.ts", "src/key-objects.ts", "src/upload.ts", "src/call.ts"]],
  ["storage: the record and its alarm", ["src/record-store.ts", "src/kept-record.ts", "src/record/row.ts"]],
  [
    "the forward, and the body that comes back",
    ["src/origin.ts", "src/pass-through.ts", "src/answer-body.ts", "src/arrival.ts", "src/recording.ts"],
  ],
  [
    "the answer",
    ["src/reply.ts", "src/keyed-response.ts", "src/http/problem.ts", "src/for-browsers.ts", "src/http/cors.ts"],
  ],
  [
    "the log line and the numbers",
    ["src/log.ts", "src/events.ts", "src/request-numbers.ts", "src/http/server-timing.ts"],
  ],
  [REST, ["src/", "node_modules/"]],
  ["garbage collection", [COLLECTION]],
  ["the runtime, asked by nobody", [RUNTIME]],
];

export function partOf(module: string): string {
  const found = PARTS.find(([, names]) =>
    names.some((name) => (name.endsWith("/") ? module.startsWith(name) : module === name)),
  );
  return found?.[0] ?? REST;
}
