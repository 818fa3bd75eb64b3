/** What makes two requests the same (docs/protocol.md 3.8). */

import { type RequestIdentity } from "../record/record.ts";
import { canonicalJson } from "./canonical-json.ts";
import { type RequestBody } from "./body.ts";
import { digestOf } from "./digest.ts";
import { parseMediaType } from "./media-type.ts";

export type FingerprintRule = "json" | "bytes";

/** Larger bodies are compared by their bytes: reading one by meaning takes CPU time in proportion. */
const JSON_BYTES_MAX = 1_000_000;

export interface FingerprintInput {
  readonly method: string;
  /** As it is forwarded. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly contentType: string | null;
  /** Part of what a request asks for: with another precondition it is another request. */
  readonly ifMatch: string | null;
  readonly body: RequestBody;
}

export async function fingerprint(input: FingerprintInput, rule: FingerprintRule): Promise<RequestIdentity> {
  const mediaType = parseMediaType(input.contentType);
  const head = [input.method, input.path, input.query, mediaType.canonical, input.ifMatch];
  const plain = await digestOf(["bytes", ...head, input.body.sha256]);
  const meaning = rule === "json" && mediaType.isJson ? jsonMeaning(input.body.bytes) : null;
  // Tagged, so that a body compared by meaning never equals one compared by bytes.
  const fingerprint = meaning === null ? plain : await digestOf(["json", ...head, meaning]);
  return { rule, fingerprint, plain };
}

function jsonMeaning(body: Uint8Array): string | null {
  if (body.byteLength > JSON_BYTES_MAX) return null;
  try {
    return canonicalJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    // Not UTF-8, and so not JSON.
    return null;
  }
}
