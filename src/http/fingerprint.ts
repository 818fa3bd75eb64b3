/** What makes two requests the same (docs/protocol.md 3.8). */

import { type RequestIdentity } from "../record/record.ts";
import { type RequestBody } from "./body.ts";
import { digestOf } from "./digest.ts";
import { type JsonNode, canonicalJson } from "./json.ts";
import { type JsonPointer } from "./json-pointer.ts";
import { parseMediaType } from "./media-type.ts";

export interface FingerprintRule {
  /** By which records remember the rule: fingerprints of different rules don't compare. */
  readonly name: string;
  /** How a body is compared: by meaning where its media type has one, or byte by byte. */
  readonly body: "json" | "bytes";
  /** Members that don't count. Forms are read as objects of one level. */
  readonly ignore: readonly JsonPointer[];
  /** Where set, no other members count. */
  readonly only: readonly JsonPointer[] | null;
  /** Headers that count, in lower case. */
  readonly headers: readonly string[];
  /** Members that carry keys: the key says itself which record it belongs to, so it is no part of the request. */
  readonly carriers: readonly JsonPointer[];
}

/** The parts of a rule that are configured. */
export type FingerprintSettings = Pick<FingerprintRule, "body" | "ignore" | "only" | "headers">;

export function resolveFingerprint(settings: FingerprintSettings, carriers: readonly JsonPointer[]): FingerprintRule {
  const { body, ignore, only, headers } = settings;
  const told = { ignore, only: only ?? [], headers, carriers: body === "json" ? carriers : [] };
  const kit = Object.entries(told).filter(([, list]) => list.length > 0);
  const name = kit.length === 0 ? body : `${body}:${JSON.stringify(Object.fromEntries(kit))}`;
  return Object.freeze({ body, ignore, only, headers, carriers, name });
}

export interface FingerprintInput {
  readonly method: string;
  /** As it is forwarded. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: RequestBody;
  /** What the body stands for, if it is JSON whose meaning can be told. */
  readonly json: JsonNode | null;
}

export async function fingerprint(input: FingerprintInput, rule: FingerprintRule): Promise<RequestIdentity> {
  const { method, path, query, headers } = input;
  const mediaType = parseMediaType(headers.get("content-type"));
  // If-Match is part of what a request asks for: with another precondition it is another request.
  const head = [method, path, query, mediaType.canonical, headers.get("if-match")];
  const meaning = rule.body === "json" && input.json !== null ? canonicalJson(input.json) : null;
  // Tagged, so that a body compared by meaning never equals one compared by bytes.
  const [plain, byMeaning] = await Promise.all([
    digestOf(["bytes", ...head, input.body.sha256]),
    meaning === null ? null : digestOf(["json", ...head, meaning]),
  ]);
  const fingerprint = byMeaning ?? plain;
  return { rule: rule.name, fingerprint, plain };
}
