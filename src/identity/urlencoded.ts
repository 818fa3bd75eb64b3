/** Parses `application/x-www-form-urlencoded` bodies into ordered pairs. */

import { type FormField } from "./form-field.ts";

/** Larger bodies are compared by their bytes: parsing takes CPU time in proportion to the size. */
const BYTES_MAX = 1_000_000;

/** The limit of common frameworks. */
const PAIRS_MAX = 1000;

/** Printable ASCII without space: other characters must be percent-encoded. Not `;`, which old origins read as `&`. */
const PLAIN = /^[!-:<-~]*$/;

/** Null if only a comparison of the bytes is safe. */
export function parseUrlencoded(bytes: Uint8Array): readonly FormField[] | null {
  if (bytes.byteLength > BYTES_MAX) return null;
  // Invalid UTF-8 decodes to replacement characters, and a byte order mark is kept. Neither is ASCII, so `PLAIN` fails.
  const text = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true }).decode(bytes);
  if (!PLAIN.test(text)) return null;
  if (text === "") return [];
  const pairs = text.split("&", PAIRS_MAX + 1);
  if (pairs.length > PAIRS_MAX) return null;
  const fields: FormField[] = [];
  for (const pair of pairs) {
    const field = parsePair(pair);
    if (field === null) return null;
    fields.push(field);
  }
  return fields;
}

/** A pair without `=` differs from one with an empty value, since some origins distinguish them. */
function parsePair(pair: string): FormField | null {
  // Some origins skip an empty pair, and others read a field with an empty name.
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
    // An invalid escape, or bytes that are not UTF-8.
    return null;
  }
}
