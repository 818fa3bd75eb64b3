/** `application/x-www-form-urlencoded` bodies as pairs, in their order. */

import { type FormField } from "./form.ts";

/** Larger bodies are compared by their bytes: decoding one takes CPU time in proportion. */
const BYTES_MAX = 1_000_000;

/** As many as common frameworks accept. */
const PAIRS_MAX = 1000;

/** Printable ASCII: all else is encoded by whoever follows the rules. `;` stands for `&` where an origin is old. */
const PLAIN = /^[!-:<-~]*$/;

/** Null where only a comparison of the bytes is safe. */
export function readUrlencoded(bytes: Uint8Array): readonly FormField[] | null {
  if (bytes.byteLength > BYTES_MAX) return null;
  // What is not UTF-8 is replaced, and then as little ASCII as a byte order mark that is kept.
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  if (!PLAIN.test(text)) return null;
  if (text === "") return [];
  const pairs = text.split("&", PAIRS_MAX + 1);
  if (pairs.length > PAIRS_MAX) return null;
  const fields: FormField[] = [];
  for (const pair of pairs) {
    const field = readPair(pair);
    if (field === null) return null;
    fields.push(field);
  }
  return fields;
}

/** A pair without `=` is not one with an empty value: not every origin takes them for the same. */
function readPair(pair: string): FormField | null {
  // Some origins skip it, and others take it for a pair.
  if (pair === "") return null;
  const equals = pair.indexOf("=");
  const name = decode(equals < 0 ? pair : pair.slice(0, equals));
  const value = equals < 0 ? null : decode(pair.slice(equals + 1));
  return name === null || (equals >= 0 && value === null) ? null : { name, head: name, content: value };
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", "%20"));
  } catch {
    // A broken escape, or bytes that are not UTF-8.
    return null;
  }
}
