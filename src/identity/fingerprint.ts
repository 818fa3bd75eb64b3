/** Decides whether two requests are the same (docs/protocol.md 3.8). */

import { type Fingerprint } from "../record/record.ts";
import { type RequestBody } from "../http/body.ts";
import { comparedMethod } from "../http/methods.ts";
import { digestOf, sha256 } from "./digest.ts";
import { parseForm } from "./form.ts";
import { type FormField } from "./form-field.ts";
import { type JsonNode, canonicalJson } from "./json.ts";
import { type JsonPointer, isWithin, outermost, placesAt, valueAt } from "./json-pointer.ts";
import { parseMediaType } from "./media-type.ts";

export interface FingerprintRule {
  /** Stored with each fingerprint, since fingerprints of different rules can't be compared. */
  readonly name: string;
  /** `json` compares JSON bodies and forms by meaning, and other bodies byte by byte. `bytes` compares all byte by byte. */
  readonly body: "json" | "bytes";
  /** Members that are not compared. A form is treated as an object of one level. */
  readonly ignore: readonly JsonPointer[];
  /** If set, only these members are compared. */
  readonly only: readonly JsonPointer[] | null;
  /** Headers that are compared, in lower case. */
  readonly headers: readonly string[];
  /** Members that carry keys. They are not compared: the key selects the record. */
  readonly carriers: readonly JsonPointer[];
}

/** The parts of a rule that are configured. */
export type FingerprintSettings = Pick<FingerprintRule, "body" | "ignore" | "only" | "headers">;

export function resolveFingerprint(settings: FingerprintSettings, carriers: readonly JsonPointer[]): FingerprintRule {
  const { body, ignore, only, headers } = settings;
  const lists = { ignore, only: only ?? [], headers, carriers: body === "json" ? carriers : [] };
  const used = Object.entries(lists).filter(([, list]) => list.length > 0);
  const name = used.length === 0 ? body : `${body}:${JSON.stringify(Object.fromEntries(used))}`;
  return Object.freeze({ body, ignore, only, headers, carriers, name });
}

export interface FingerprintInput {
  readonly method: string;
  /** As forwarded. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: RequestBody;
  /** The parsed body; null if it is not JSON, or can only be compared by its bytes. */
  readonly json: JsonNode | null;
}

/** The compared parts of a body, by meaning. */
interface Meaning {
  /** How the body was parsed. Part of the digest, so that different kinds of parts never compare equal. */
  readonly tag: "json" | "members" | "form";
  readonly mediaType: string | null;
  readonly parts: readonly (string | null)[];
}

export async function fingerprint(input: FingerprintInput, rule: FingerprintRule): Promise<Fingerprint> {
  const { headers, body } = input;
  const mediaType = parseMediaType(headers.get("content-type")).canonical;
  const headerValues = rule.headers.map((name) => headers.get(name));
  const [plain, meaning] = await Promise.all([
    digestOf(["bytes", ...headOf(input, mediaType), body.sha256]),
    rule.body === "json" ? meaningOf(input, mediaType, rule) : null,
  ]);
  if (meaning !== null) {
    const head = headOf(input, meaning.mediaType);
    const fingerprint = await digestOf([meaning.tag, ...head, ...headerValues, ...meaning.parts]);
    return { rule: rule.name, fingerprint, plain };
  }
  const byBytes = ["bytes", ...headOf(input, mediaType), ...headerValues, body.sha256];
  return { rule: rule.name, fingerprint: headerValues.length === 0 ? plain : await digestOf(byBytes), plain };
}

function headOf({ method, path, query, headers }: FingerprintInput, mediaType: string | null): (string | null)[] {
  // With a different If-Match the same request may have a different effect.
  return [comparedMethod(method, headers), path, query, mediaType, headers.get("if-match")];
}

/** Null if only the bytes can be compared. */
async function meaningOf(
  { headers, body, json }: FingerprintInput,
  mediaType: string | null,
  rule: FingerprintRule,
): Promise<Meaning | null> {
  if (json !== null) return { mediaType, ...meaningOfJson(json, rule) };
  const form = parseForm(headers.get("content-type"), body.bytes);
  if (form === null) return null;
  const parts: (string | null)[] = [];
  for (const { head, content } of comparedFields(form.fields, rule)) {
    parts.push(head, content instanceof Uint8Array ? await sha256(content) : content);
  }
  return { tag: "form", mediaType: form.mediaType, parts };
}

function meaningOfJson(document: JsonNode, rule: FingerprintRule): Pick<Meaning, "tag" | "parts"> {
  const ignored = [...rule.ignore, ...rule.carriers];
  const leftOut = placesAt(document, ignored);
  const values = outermost(rule.only ?? [])
    .filter((pointer) => !ignored.some((outer) => isWithin(pointer, outer)))
    .map((pointer) => valueAt(document, pointer));
  // A body without any of these members is not what the rule was written for, so all of it is compared.
  if (values.every((value) => value === undefined)) return { tag: "json", parts: [canonicalJson(document, leftOut)] };
  // Each value keeps the position of its pointer, so that values of different members can't be confused.
  return { tag: "members", parts: values.map((value) => (value === undefined ? null : canonicalJson(value, leftOut))) };
}

/** The compared fields, in their order. `carriers` does not apply: forms don't carry keys. */
function comparedFields(fields: readonly FormField[], { ignore, only }: FingerprintRule): readonly FormField[] {
  const left = fields.filter(({ name }) => !ignore.some((pointer) => isField(pointer, name)));
  const named = left.filter(({ name }) => only?.some((pointer) => isField(pointer, name)));
  // A form without any of these fields is compared as a whole, as JSON is.
  return named.length > 0 ? named : left;
}

/** A form has one level, so a longer pointer matches no field. */
function isField(pointer: JsonPointer, name: string): boolean {
  return pointer.length === 1 && pointer[0] === name;
}
