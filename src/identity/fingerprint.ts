/** Decides whether two requests are the same (docs/protocol.md 3.8). */

import { type Fields } from "../http/fields.ts";
import { PRECONDITIONS } from "../http/headers.ts";
import { comparedMethod } from "../http/methods.ts";
import { type Fingerprint } from "../record/record.ts";
import { digestOf, sha256 } from "./digest.ts";
import { type FormField, textOf } from "./form-field.ts";
import { type JsonPointer, isWithin, outermost, placesAt, valueAt } from "./json-pointer.ts";
import { type RpcMessage, calledText, membersOfSending, shapeOf } from "./json-rpc.ts";
import { type JsonNode, canonicalJson } from "./json.ts";
import { type KeyCarrier } from "./key-carrier.ts";
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
  /** Lists of members with one meaning. Of each list, the first member that a body has is compared. None has `only` beside it. */
  readonly firstOf: readonly (readonly JsonPointer[])[];
  /** If set, only these members are compared. */
  readonly only: readonly JsonPointer[] | null;
  /** Headers that are compared, in lower case. */
  readonly headers: readonly string[];
  /**
   * What may carry keys: members, and the names of query parameters and form fields. One that has the request's key is not compared:
   * the key selects the record. One with another value is.
   */
  readonly carriers: readonly JsonPointer[];
  readonly queryCarriers: readonly string[];
  readonly formCarriers: readonly string[];
}

/** The parts of a rule that are configured. */
export type FingerprintSettings = Pick<FingerprintRule, "body" | "ignore" | "firstOf" | "only" | "headers">;

export function resolveFingerprint(settings: FingerprintSettings, keyFrom: readonly KeyCarrier[]): FingerprintRule {
  const { body, ignore, firstOf, only, headers } = settings;
  const sources = keyFrom.flat();
  const named = (kind: "query" | "form"): string[] =>
    sources.flatMap((source) => (source.kind === kind ? [source.name] : []));
  // A body that is compared by its bytes is compared with the key in it.
  const carriers = body === "json" ? sources.flatMap((one) => (one.kind === "body" ? [one.pointer] : [])) : [];
  const formCarriers = body === "json" ? named("form") : [];
  const queryCarriers = named("query");
  const lists = {
    ignore,
    first_of: firstOf,
    only: only ?? [],
    headers,
    carriers,
    query: queryCarriers,
    form: formCarriers,
  };
  const used = Object.entries(lists).filter(([, list]) => list.length > 0);
  const name = used.length === 0 ? body : `${body}:${JSON.stringify(Object.fromEntries(used))}`;
  return Object.freeze({ body, ignore, firstOf, only, headers, carriers, queryCarriers, formCarriers, name });
}

export interface FingerprintInput {
  readonly method: string;
  /** As forwarded. */
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Fields;
  readonly content: RequestContent;
  /** The values that make the request's key; none where it has none. */
  readonly keyParts: readonly string[];
  /** What the content is as JSON-RPC; null where the policy does not read it so. */
  readonly message: RpcMessage | null;
}

/** The compared parts of a body, by meaning. */
interface Meaning {
  /** How the body was parsed. Part of the digest, so that different kinds of parts never compare equal. */
  readonly tag: "json" | "members" | "calls" | "jws" | "jws members" | "form";
  readonly mediaType: string | null;
  readonly parts: readonly (string | null)[];
}

export async function fingerprint(input: FingerprintInput, rule: FingerprintRule): Promise<Fingerprint> {
  const { headers, content, keyParts } = input;
  const mediaType = parseMediaType(headers.get("content-type")).canonical;
  const headerValues = rule.headers.map((name) => headers.get(name));
  const head = headOf(input);
  const query = withoutKey(input.query, rule.queryCarriers, keyParts);
  const ruled = query === input.query ? head : headOf({ ...input, query });
  const bytes = [mediaType, content.coding, content.sha256];
  const [plain, meaning] = await Promise.all([
    digestOf(["bytes", ...head, ...bytes]),
    rule.body === "json" || input.message?.kind === "calls" ? meaningOf(input, mediaType, rule) : null,
  ]);
  if (meaning !== null) {
    const parts = [meaning.tag, ...ruled, meaning.mediaType, ...headerValues, ...meaning.parts];
    // A name of its own: the same body has another fingerprint where it is not read as JSON-RPC.
    const name = meaning.tag === "calls" ? `json-rpc ${rule.name}` : rule.name;
    return { rule: name, fingerprint: await digestOf(parts), plain };
  }
  const byBytes = ["bytes", ...ruled, ...headerValues, ...bytes];
  const isPlain = ruled === head && headerValues.length === 0;
  return { rule: rule.name, fingerprint: isPlain ? plain : await digestOf(byBytes), plain };
}

/** `query` without those parameters of these names that have a part of the key, as it was written otherwise. */
function withoutKey(query: string, names: readonly string[], keyParts: readonly string[]): string {
  if (names.length === 0 || query === "") return query;
  const pairs = query.slice(1).split("&");
  // Parsed at once, because there may be many. An empty pair is no parameter.
  const parameters = [...new URLSearchParams(query)];
  let at = 0;
  const hasKey = ([name, value]: readonly [string, string]): boolean =>
    names.includes(name) && keyParts.includes(value);
  const kept = pairs.filter((pair) => pair === "" || !hasKey(parameters[at++] ?? ["", ""]));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

/** Has the same number of parts for every request, so that no part takes the place of another. */
function headOf({ method, path, query, headers }: FingerprintInput): (string | null)[] {
  return [comparedMethod(method, headers), path, query, ...ASKING_HEADERS.map((name) => headers.get(name))];
}

/** Null if only the bytes can be compared. */
async function meaningOf(
  { content, keyParts, message }: FingerprintInput,
  mediaType: string | null,
  rule: FingerprintRule,
): Promise<Meaning | null> {
  const { json, jws, form } = content;
  if (json !== null && message?.kind === "calls") {
    const { tag, parts } = meaningOfJson(
      json,
      { ...rule, ignore: [...rule.ignore, ...membersOfSending(message)] },
      keyParts,
    );
    // All calls have one path, so what is called counts whatever the rule compares.
    return { mediaType, tag: "calls", parts: [tag, shapeOf(message), calledText(json), ...parts] };
  }
  if (json !== null) {
    // In a body of another kind, a server may find a call all the same, and all of it counts.
    const compared = message === null ? rule : { ...rule, only: null };
    return { mediaType, ...meaningOfJson(json, compared, keyParts) };
  }
  if (jws !== null) {
    const { tag, parts } = meaningOfJson(jws.claims, rule, keyParts);
    return { mediaType, tag: tag === "json" ? "jws" : "jws members", parts: [...jws.kinds, ...parts] };
  }
  if (form === null) return null;
  const parts: (string | null)[] = [];
  for (const { head, content } of comparedFields(form.fields, rule, keyParts)) {
    parts.push(head, content instanceof Uint8Array ? await sha256(content) : content);
  }
  return { tag: "form", mediaType: form.mediaType, parts };
}

function meaningOfJson(
  document: JsonNode,
  rule: FingerprintRule,
  keyParts: readonly string[],
): { readonly tag: "json" | "members"; readonly parts: Meaning["parts"] } {
  // `null` counts as absent where a key is looked for.
  const keys = [undefined, "null", ...keyParts.map((part) => JSON.stringify(part))];
  const carrying = rule.carriers.filter((pointer) => keys.some((key) => key === valueAt(document, pointer)));
  const leftOut = placesAt(document, [...rule.ignore, ...repeatedIn(document, rule), ...carrying]);
  const values = outermost(rule.only ?? [])
    .filter((pointer) => !isIn(rule.ignore, pointer))
    .map((pointer) => (isIn(carrying, pointer) ? undefined : valueAt(document, pointer)));
  // A body without any of these members is not what the rule was written for, so all of it is compared.
  if (values.every((value) => value === undefined)) return { tag: "json", parts: [canonicalJson(document, leftOut)] };
  // Each value keeps the position of its pointer, so that values of different members can't be confused.
  return { tag: "members", parts: values.map((value) => (value === undefined ? null : canonicalJson(value, leftOut))) };
}

/** The members behind the first one of each list that is compared and not `null`. */
function repeatedIn(document: JsonNode, { firstOf, ignore }: FingerprintRule): readonly JsonPointer[] {
  const isThere = (pointer: JsonPointer): boolean => (valueAt(document, pointer) ?? "null") !== "null";
  return firstOf.flatMap((list) => {
    const first = list.findIndex((pointer) => isThere(pointer) && !isIn(ignore, pointer));
    return list.slice(first === -1 ? list.length : first + 1);
  });
}

function isIn(outer: readonly JsonPointer[], pointer: JsonPointer): boolean {
  return outer.some((one) => isWithin(pointer, one));
}

/** The compared fields, in their order. */
function comparedFields(
  fields: readonly FormField[],
  { ignore, only, formCarriers }: FingerprintRule,
  keyParts: readonly string[],
): readonly FormField[] {
  const isLeftOut = (field: FormField): boolean =>
    (field.isFile !== true && formCarriers.includes(field.name) && keyParts.includes(textOf(field))) ||
    ignore.some((pointer) => isField(pointer, field.name));
  const left = fields.filter((field) => !isLeftOut(field));
  const named = left.filter(({ name }) => only?.some((pointer) => isField(pointer, name)));
  // A form without any of these fields is compared as a whole, as JSON is.
  return named.length > 0 ? named : left;
}

/** A form has one level, so a longer pointer matches no field. */
function isField(pointer: JsonPointer, name: string): boolean {
  return pointer.length === 1 && pointer[0] === name;
}
