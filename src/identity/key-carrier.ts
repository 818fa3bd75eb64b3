/** Finds the key of a request (docs/protocol.md 3.4), in a header or in a member of its JSON body. */

import { parseBodyKey, parseIdempotencyKey, writeIdempotencyKey } from "./idempotency-key.ts";
import { type JsonNode } from "./json.ts";
import { type JsonPointer, valueAt } from "./json-pointer.ts";
import { type Refusal, isRefusal } from "../http/problem.ts";

export type KeyCarrier =
  /** `name` is in lower case. */
  { readonly kind: "header"; readonly name: string } | { readonly kind: "body"; readonly pointer: JsonPointer };

export interface Key {
  /** Unquoted. */
  readonly value: string;
  /** The key as the client sent it. Responses echo it. Null for a derived key, which no client sends. */
  readonly echo: string | null;
  /** The header that carried it; null if none did. */
  readonly header: string | null;
  readonly isDerived: boolean;
}

/** The key of the first carrier that is present; null if none is. `json` parses the body, and is called only if needed. */
export async function findKey(
  carriers: readonly KeyCarrier[],
  headers: Headers,
  json: () => Promise<JsonNode | null | Refusal>,
): Promise<Key | null | Refusal> {
  for (const carrier of carriers) {
    const key = carrier.kind === "header" ? keyInHeader(carrier.name, headers) : keyAt(carrier.pointer, await json());
    if (key !== null) return key;
  }
  return null;
}

function keyInHeader(name: string, headers: Headers): Key | null | Refusal {
  const echo = headers.get(name);
  if (echo === null) return null;
  const value = parseIdempotencyKey(echo, name);
  return isRefusal(value) ? value : { value, echo, header: name, isDerived: false };
}

/** The JSON value `null` counts as absent: some client libraries write an optional member so. */
function keyAt(pointer: JsonPointer, document: JsonNode | null | Refusal): Key | null | Refusal {
  if (document === null || isRefusal(document)) return document;
  const node = valueAt(document, pointer);
  if (node === undefined || node === "null") return null;
  const value = parseBodyKey(node, pointer);
  return isRefusal(value) ? value : { value, echo: writeIdempotencyKey(value), header: null, isDerived: false };
}
