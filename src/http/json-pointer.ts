/** JSON Pointers (RFC 6901), by which a configuration names members of a body. */

import { type JsonNode, isElements } from "./json.ts";

/** The reference tokens, unescaped. None: the whole document. */
export type JsonPointer = readonly string[];

/** Null where `text` is no JSON Pointer. */
export function parseJsonPointer(text: string): JsonPointer | null {
  if (!/^(?:\/(?:[^~/]|~[01])*)*$/.test(text)) return null;
  const tokens = text.split("/").slice(1);
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function writeJsonPointer(pointer: JsonPointer): string {
  return pointer.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The value to which `pointer` leads; undefined where it leads to none. */
export function valueAt(document: JsonNode, pointer: JsonPointer): JsonNode | undefined {
  let node: JsonNode | undefined = document;
  for (const token of pointer) {
    if (node === undefined || typeof node === "string") return undefined;
    node = isElements(node) ? elementAt(node, token) : node.get(JSON.stringify(token));
  }
  return node;
}

/** RFC 6901, 4: digits without leading zeros; `-` names the element after the last, which is not there. */
function elementAt(elements: readonly JsonNode[], token: string): JsonNode | undefined {
  return /^(?:0|[1-9][0-9]*)$/.test(token) ? elements[Number(token)] : undefined;
}
