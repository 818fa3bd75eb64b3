/** What makes two requests the same (docs/protocol.md 3.8). */

import { type Fingerprint } from "../record/record.ts";
import { type RequestBody } from "../http/body.ts";
import { digestOf, sha256 } from "./digest.ts";
import { type FormField, readForm } from "./form.ts";
import { type JsonNode, canonicalJson } from "./json.ts";
import { type JsonPointer, isWithin, outermost, placesAt, valueAt } from "./json-pointer.ts";
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

/** What counts of a body, by meaning. */
interface Meaning {
  /** Which way of reading it: what was read in one way never equals what was read in another. */
  readonly tag: "json" | "members" | "form";
  readonly mediaType: string | null;
  readonly said: readonly (string | null)[];
}

export async function fingerprint(input: FingerprintInput, rule: FingerprintRule): Promise<Fingerprint> {
  const { headers, body } = input;
  const mediaType = parseMediaType(headers.get("content-type")).canonical;
  const told = rule.headers.map((name) => headers.get(name));
  const [plain, meaning] = await Promise.all([
    digestOf(["bytes", ...headOf(input, mediaType), body.sha256]),
    rule.body === "json" ? meaningOf(input, mediaType, rule) : null,
  ]);
  if (meaning !== null) {
    const head = headOf(input, meaning.mediaType);
    const fingerprint = await digestOf([meaning.tag, ...head, ...told, ...meaning.said]);
    return { rule: rule.name, fingerprint, plain };
  }
  const byBytes = ["bytes", ...headOf(input, mediaType), ...told, body.sha256];
  return { rule: rule.name, fingerprint: told.length === 0 ? plain : await digestOf(byBytes), plain };
}

function headOf({ method, path, query, headers }: FingerprintInput, mediaType: string | null): (string | null)[] {
  // If-Match is part of what a request asks for: with another precondition it is another request.
  return [method, path, query, mediaType, headers.get("if-match")];
}

/** Null where only the bytes can be compared. */
async function meaningOf(
  { headers, body, json }: FingerprintInput,
  mediaType: string | null,
  rule: FingerprintRule,
): Promise<Meaning | null> {
  if (json !== null) return { mediaType, ...meaningOfJson(json, rule) };
  const form = readForm(headers.get("content-type"), body.bytes);
  if (form === null) return null;
  const said: (string | null)[] = [];
  for (const { head, content } of countedFields(form.fields, rule)) {
    said.push(head, content instanceof Uint8Array ? await sha256(content) : content);
  }
  return { tag: "form", mediaType: form.mediaType, said };
}

function meaningOfJson(document: JsonNode, rule: FingerprintRule): Pick<Meaning, "tag" | "said"> {
  const ignored = [...rule.ignore, ...rule.carriers];
  const leftOut = placesAt(document, ignored);
  const values = outermost(rule.only ?? [])
    .filter((pointer) => !ignored.some((outer) => isWithin(pointer, outer)))
    .map((pointer) => valueAt(document, pointer));
  // A body that has none of them is something else than the rule is for: then all of it counts.
  if (values.every((value) => value === undefined)) return { tag: "json", said: [canonicalJson(document, leftOut)] };
  // Each has its place by the rule, so that none is taken for another.
  return { tag: "members", said: values.map((value) => (value === undefined ? null : canonicalJson(value, leftOut))) };
}

/** The fields that count, in their order. Carriers are members of JSON: no key is looked for in a form. */
function countedFields(fields: readonly FormField[], { ignore, only }: FingerprintRule): readonly FormField[] {
  const left = fields.filter(({ name }) => !ignore.some((pointer) => isField(pointer, name)));
  const named = left.filter(({ name }) => only?.some((pointer) => isField(pointer, name)));
  // As for JSON.
  return named.length > 0 ? named : left;
}

/** A form is an object of one level: longer pointers lead nowhere. */
function isField(pointer: JsonPointer, name: string): boolean {
  return pointer.length === 1 && pointer[0] === name;
}
