/** Finds the key of a request (docs/protocol.md 3.4): in headers, in its query, and in the members or fields of its body. */

import { type Fields } from "../http/fields.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type HeaderPair } from "../record/record.ts";
import { unreachable } from "../record/record.ts";
import { type FormField, textOf } from "./form-field.ts";
import { type Form } from "./form.ts";
import {
  composedKey,
  parseBodyKey,
  parseIdempotencyKey,
  parsePlainKey,
  writeIdempotencyKey,
} from "./idempotency-key.ts";
import { type JsonPointer, valueAt, writeJsonPointer } from "./json-pointer.ts";
import { type JsonNode } from "./json.ts";

export type KeySource =
  /** `name` is in lower case. */
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "body"; readonly pointer: JsonPointer }
  | { readonly kind: "query"; readonly name: string }
  | { readonly kind: "form"; readonly name: string };

/** One place of a key, or several whose values make one key together. */
export type KeyCarrier = readonly KeySource[];

export interface Key {
  /** Unquoted. */
  readonly value: string;
  /** The values that make it: the key itself, or its parts. None of a derived key. */
  readonly parts: readonly string[];
  /** The key as the client sent it. Responses echo it. Null for a derived key, which no client sends. */
  readonly echo: string | null;
  /** The headers that carried it. */
  readonly headers: readonly HeaderPair[];
  readonly isDerived: boolean;
}

/** Where keys are looked for. The body is read only if a place in it is reached. */
export interface KeyPlaces {
  readonly headers: Fields;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly document: () => Promise<JsonNode | null | Refusal>;
  readonly form: () => Promise<Form | null | Refusal>;
}

type Part = Omit<Key, "isDerived">;

/** The key of the first carrier that is present; null if none is. */
export async function findKey(carriers: readonly KeyCarrier[], places: KeyPlaces): Promise<Key | null | Refusal> {
  for (const carrier of carriers) {
    const key = await keyOfCarrier(carrier, places);
    if (key !== null) return isRefusal(key) ? key : { ...key, isDerived: false };
  }
  return null;
}

async function keyOfCarrier(carrier: KeyCarrier, places: KeyPlaces): Promise<Part | null | Refusal> {
  const parts: Part[] = [];
  let missing: KeySource | null = null;
  for (const source of carrier) {
    const part = await partAt(source, places);
    if (isRefusal(part)) return part;
    if (part === null) missing ??= source;
    else parts.push(part);
  }
  const [first] = parts;
  if (first === undefined) return null;
  // Without one of its parts, it would be the key of other requests too.
  if (missing !== null) return refuse("key_invalid", missingDetail(carrier, missing));
  if (carrier.length === 1) return first;
  const value = composedKey(parts.map((part) => part.value));
  if (isRefusal(value)) return value;
  const all = { parts: parts.map((part) => part.value), headers: parts.flatMap(({ headers }) => headers) };
  return { value, echo: writeIdempotencyKey(value), ...all };
}

function missingDetail(carrier: KeyCarrier, missing: KeySource): string {
  return `The key of this operation has ${carrier.length} parts: ${carrier.map(writeSource).join(", ")}. Of these, ${writeSource(missing)} is missing.`;
}

async function partAt(source: KeySource, places: KeyPlaces): Promise<Part | null | Refusal> {
  switch (source.kind) {
    case "header":
      return partInHeader(source.name, places.headers);
    case "body":
      return partAtPointer(source.pointer, await places.document());
    case "query":
      return partOf(new URLSearchParams(places.query).getAll(source.name), `The parameter ${source.name} of the query`);
    case "form": {
      const form = await places.form();
      if (form === null || isRefusal(form)) return form;
      return partInFields(form.fields, source.name);
    }
    default:
      return unreachable(source);
  }
}

function partInHeader(name: string, headers: Fields): Part | null | Refusal {
  const echo = headers.get(name);
  if (echo === null) return null;
  const value = parseIdempotencyKey(echo, name);
  return isRefusal(value) ? value : { value, parts: [value], echo, headers: [[name, echo]] };
}

/** The JSON value `null` counts as absent: some client libraries write an optional member so. */
function partAtPointer(pointer: JsonPointer, document: JsonNode | null | Refusal): Part | null | Refusal {
  if (document === null || isRefusal(document)) return document;
  const node = valueAt(document, pointer);
  return node === undefined || node === "null" ? null : withEcho(parseBodyKey(node, pointer));
}

/** A file under the name of a key is no key, and is not ignored either: an origin may read it. */
function partInFields(fields: readonly FormField[], name: string): Part | null | Refusal {
  const named = fields.filter((field) => field.name === name);
  const where = `The form field ${name}`;
  if (named.some(({ isFile }) => isFile)) return refuse("key_invalid", `${where} must not be a file.`);
  return partOf(named.map(textOf), where);
}

/** Of two values, an origin may read either. */
function partOf(values: readonly string[], where: string): Part | null | Refusal {
  const [value] = values;
  if (value === undefined) return null;
  if (values.length > 1) return refuse("key_invalid", `${where} must not be there more than once.`);
  return withEcho(parsePlainKey(value, where));
}

function withEcho(value: string | Refusal): Part | Refusal {
  return isRefusal(value) ? value : { value, parts: [value], echo: writeIdempotencyKey(value), headers: [] };
}

/** The names of headers that may carry a key, in lower case. */
export function headersOfCarriers(carriers: readonly KeyCarrier[]): string[] {
  return carriers.flat().flatMap((source) => (source.kind === "header" ? [source.name] : []));
}

/** As it is written in a configuration. */
export function writeSource(source: KeySource): string {
  switch (source.kind) {
    case "header":
      return source.name;
    case "body":
      return writeJsonPointer(source.pointer);
    case "query":
    case "form":
      return `${source.kind}:${source.name}`;
    default:
      return unreachable(source);
  }
}
