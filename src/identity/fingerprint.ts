/** Decides whether two requests are the same (docs/protocol.md 3.8). */

import { type Fingerprint } from "../record/record.ts";
import { PRECONDITIONS } from "../http/headers.ts";
import { comparedMethod } from "../http/methods.ts";
import { digestOf, sha256 } from "./digest.ts";
import { type FormField } from "./form-field.ts";
import { type JsonNode, canonicalJson } from "./json.ts";
import { type KeyCarrier } from "./key-carrier.ts";
import { type JsonPointer, isWithin, outermost, placesAt, valueAt } from "./json-pointer.ts";
import { parseMediaType } from "./media-type.ts";
import { type RequestContent } from "./request-content.ts";

/** Headers that always count: with another one, the same body asks for something else. */
export const ASKING_HEADERS = [
  ...PRECONDITIONS,
  "range",
  "content-range",
  // The tus protocol, and resumable uploads of the IETF's HTTP working group.
  "upload-offset",
  "upload-length",
  "upload-complete",
  "upload-concat",
  "upload-metadata",
  // They name the operation where all operations have one path.
  "soapaction",
  "x-amz-target",
] as const;

export interface FingerprintRule {
  /** Stored with each fingerprint, since fingerprints of different rules can't be compared. */
  readonly name: string;
  /** `json` compares JSON, claims and forms by meaning, and other bodies byte by byte. `bytes` compares all byte by byte. */
  readonly body: "json" | "bytes";
  /** Members that are not compared. A form is treated as an object of one level. */
  readonly ignore: readonly JsonPointer[];
  /** If set, only these members are compared. */
  readonly only: readonly JsonPointer[] | null;
  /** Headers that are compared, in lower case. */
  readonly headers: readonly string[];
  /** What carries keys: members, and the names of query parameters and form fields. It is not compared: the key selects the record. */
  readonly carriers: readonly JsonPointer[];
  readonly queryCarriers: readonly string[];
  readonly formCarriers: readonly string[];
}

/** The parts of a rule that are configured. */
export type FingerprintSettings = Pick<FingerprintRule, "body" | "ignore" | "only" | "headers">;

export function resolveFingerprint(settings: FingerprintSettings, keyFrom: readonly KeyCarrier[]): FingerprintRule {
  const { body, ignore, only, headers } = settings;
  const sources = keyFrom.flat();
  const named = (kind: "query" | "form"): string[] =>
    sources.flatMap((source) => (source.kind === kind ? [source.name] : []));
  // A body that is compared by its bytes is compared with the key in it.
  const carriers = body === "json" ? sources.flatMap((one) => (one.kind === "body" ? [one.pointer] : [])) : [];
  const formCarriers = body === "json" ? named("form") : [];
  const queryCarriers = named("query");
  const lists = { ignore, only: only ?? [], headers, carriers, query: queryCarriers, form: formCarriers };
  const used = Object.entries(lists).filter(([, list]) => list.length > 0);
  const name = used.length === 0 ? body : `${body}:${JSON.stringify(Object.fromEntries(used))}`;
  return Object.freeze({ body, ignore, only, headers, carriers, queryCarriers, formCarriers, name });
}

export interface FingerprintInput {
  readonly method: string;
  /** As forwarded. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Headers;
  readonly content: RequestContent;
}

/** The compared parts of a body, by meaning. */
interface Meaning {
  /** How the body was parsed. Part of the digest, so that different kinds of parts never compare equal. */
  readonly tag: "json" | "members" | "jws" | "jws members" | "form";
  readonly mediaType: string | null;
  readonly parts: readonly (string | null)[];
}

export async function fingerprint(input: FingerprintInput, rule: FingerprintRule): Promise<Fingerprint> {
  const { headers, content } = input;
  const mediaType = parseMediaType(headers.get("content-type")).canonical;
  const headerValues = rule.headers.map((name) => headers.get(name));
  const head = headOf(input);
  const query = withoutParameters(input.query, rule.queryCarriers);
  const ruled = query === input.query ? head : headOf({ ...input, query });
  const bytes = [mediaType, content.coding, content.sha256];
  const [plain, meaning] = await Promise.all([
    digestOf(["bytes", ...head, ...bytes]),
    rule.body === "json" ? meaningOf(content, mediaType, rule) : null,
  ]);
  if (meaning !== null) {
    const parts = [meaning.tag, ...ruled, meaning.mediaType, ...headerValues, ...meaning.parts];
    return { rule: rule.name, fingerprint: await digestOf(parts), plain };
  }
  const byBytes = ["bytes", ...ruled, ...headerValues, ...bytes];
  const isPlain = ruled === head && headerValues.length === 0;
  return { rule: rule.name, fingerprint: isPlain ? plain : await digestOf(byBytes), plain };
}

/** `query` without the parameters of these names, as it was written otherwise. */
function withoutParameters(query: string, names: readonly string[]): string {
  if (names.length === 0 || query === "") return query;
  const pairs = query.slice(1).split("&");
  // The mark, because the constructor drops one that the pair itself may begin with.
  const kept = pairs.filter((pair) => names.every((name) => !new URLSearchParams(`?${pair}`).has(name)));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** Has the same number of parts for every request, so that no part takes the place of another. */
function headOf({ method, path, query, headers }: FingerprintInput): (string | null)[] {
  return [comparedMethod(method, headers), path, query, ...ASKING_HEADERS.map((name) => headers.get(name))];
}

/** Null if only the bytes can be compared. */
async function meaningOf(
  content: RequestContent,
  mediaType: string | null,
  rule: FingerprintRule,
): Promise<Meaning | null> {
  const { json, jws, form } = content;
  if (json !== null) return { mediaType, ...meaningOfJson(json, rule) };
  if (jws !== null) {
    const { tag, parts } = meaningOfJson(jws.claims, rule);
    return { mediaType, tag: tag === "json" ? "jws" : "jws members", parts: [...jws.kinds, ...parts] };
  }
  if (form === null) return null;
  const parts: (string | null)[] = [];
  for (const { head, content } of comparedFields(form.fields, rule)) {
    parts.push(head, content instanceof Uint8Array ? await sha256(content) : content);
  }
  return { tag: "form", mediaType: form.mediaType, parts };
}

function meaningOfJson(
  document: JsonNode,
  rule: FingerprintRule,
): { readonly tag: "json" | "members"; readonly parts: Meaning["parts"] } {
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

/** The compared fields, in their order. */
function comparedFields(fields: readonly FormField[], rule: FingerprintRule): readonly FormField[] {
  const { ignore, only, formCarriers } = rule;
  const isLeftOut = (name: string): boolean =>
    formCarriers.includes(name) || ignore.some((pointer) => isField(pointer, name));
  const left = fields.filter(({ name }) => !isLeftOut(name));
  const named = left.filter(({ name }) => only?.some((pointer) => isField(pointer, name)));
  // A form without any of these fields is compared as a whole, as JSON is.
  return named.length > 0 ? named : left;
}

/** A form has one level, so a longer pointer matches no field. */
function isField(pointer: JsonPointer, name: string): boolean {
  return pointer.length === 1 && pointer[0] === name;
}
