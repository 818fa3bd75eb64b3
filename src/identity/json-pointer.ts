/** JSON Pointers (RFC 6901), with which a configuration names members of a body. */

import { type JsonNode, type JsonPlaces, isElements } from "./json.ts";

/** The unescaped reference tokens. An empty list is the whole document. */
export type JsonPointer = readonly string[];

/** Null if `text` is not a JSON Pointer. */
export function parseJsonPointer(text: string): JsonPointer | null {
  if (!/^(?:\/(?:[^~/]|~[01])*)*$/.test(text)) return null;
  const tokens = text.split("/").slice(1);
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function writeJsonPointer(pointer: JsonPointer): string {
  return pointer.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The value at `pointer`; undefined if there is none. */
export function valueAt(document: JsonNode, pointer: JsonPointer): JsonNode | undefined {
  let node: JsonNode | undefined = document;
  for (const token of pointer) {
    if (node === undefined || typeof node === "string") return undefined;
    node = isElements(node) ? elementAt(node, token) : node.get(JSON.stringify(token));
  }
  return node;
}

/** The places of `pointers` in `document`. A pointer to the whole document, or to a missing value, has none. */
export function placesAt(document: JsonNode, pointers: readonly JsonPointer[]): JsonPlaces {
  const places = new Map<JsonNode, Set<string>>();
  for (const pointer of pointers) {
    const last = pointer.at(-1);
    const holder = valueAt(document, pointer.slice(0, -1));
    if (last === undefined || holder === undefined || typeof holder === "string") continue;
    const place = isElements(holder) ? last : JSON.stringify(last);
    places.set(holder, (places.get(holder) ?? new Set()).add(place));
  }
  return places;
}

/** Whether the value at `pointer` is the value at `outer`, or part of it. */
export function isWithin(pointer: JsonPointer, outer: JsonPointer): boolean {
  return outer.every((token, index) => token === pointer[index]);
}

/** The pointers that are not within another one. Their values don't overlap. */
export function outermost(pointers: readonly JsonPointer[]): readonly JsonPointer[] {
  const covers = (outer: JsonPointer, at: number, pointer: JsonPointer, index: number): boolean =>
    isWithin(pointer, outer) && (outer.length < pointer.length || at < index);
  return pointers.filter((pointer, index) => !pointers.some((outer, at) => covers(outer, at, pointer, index)));
}

/** RFC 6901, 4: digits without leading zeros. `-` names the element after the last one, which does not exist. */
function elementAt(elements: readonly JsonNode[], token: string): JsonNode | undefined {
  return /^(?:0|[1-9][0-9]*)$/.test(token) ? elements[Number(token)] : undefined;
}
