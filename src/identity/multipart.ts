/** Parses `multipart/form-data` bodies into ordered parts (RFC 7578), strictly by the grammar of RFC 2046, 5.1.1. */

import { TOKEN } from "../http/token.ts";
import { type FormField } from "./form-field.ts";

/** The limit of common frameworks. */
const PARTS_MAX = 1000;

/** The common limit of servers for the header fields of a part. */
const HEAD_BYTES_MAX = 8192;

const FIELD = new RegExp(`^(${TOKEN}):([\\t -~\\x80-\\uffff]*)$`);

// No backslash: some parsers treat it as an escape, and others as an ordinary character.
const VALUE = `(?:"[^"\\\\]*"|${TOKEN})`;
const DISPOSITION = new RegExp(`^[ \\t]*form-data((?:[ \\t]*;[ \\t]*${TOKEN}=${VALUE})*)[ \\t]*$`, "i");
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN})=(${VALUE})`, "g");

const FILE_NAMES: ReadonlySet<string> = new Set(["filename", "filename*"]);

const encoder = new TextEncoder();

/**
 * Null if only a comparison of the bytes is safe. That includes a boundary inside a part: an origin that is lenient about
 * line breaks would find different parts.
 */
export function parseMultipart(bytes: Uint8Array, boundary: string): readonly FormField[] | null {
  const delimiter = encoder.encode(`--${boundary}`);
  const find = finderOf(delimiter);
  const fields: FormField[] = [];
  if (find(bytes, 0) !== 0) return null;
  let after = delimiter.length;
  for (;;) {
    const next = find(bytes, after);
    if (next < 0) return isEnd(bytes.subarray(after)) ? fields : null;
    if (fields.length === PARTS_MAX || !isCrlf(bytes, after) || !isCrlf(bytes, next - 2)) return null;
    const field = readPart(bytes.subarray(after + 2, next - 2));
    if (field === null) return null;
    fields.push(field);
    after = next + delimiter.length;
  }
}

function isCrlf(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x0d && bytes[at + 1] === 0x0a;
}

/** Whether `rest` closes the last delimiter, with nothing after it. */
function isEnd(rest: Uint8Array): boolean {
  const closes = rest[0] === 0x2d && rest[1] === 0x2d;
  return closes && (rest.length === 2 || (rest.length === 4 && isCrlf(rest, 2)));
}

const findBlankLine = finderOf(encoder.encode("\r\n\r\n"));

function readPart(part: Uint8Array): FormField | null {
  const headLength = findBlankLine(part.subarray(0, HEAD_BYTES_MAX), 0);
  const head = headLength < 0 ? null : decodeUtf8(part.subarray(0, headLength));
  const named = head === null ? null : nameIn(head);
  return head === null || named === null ? null : { ...named, head, content: part.subarray(headLength + 4) };
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: parsers would decode the name differently.
    return null;
  }
}

/** The name in a part's header fields, and whether it is that of a file; null unless there is exactly one. */
function nameIn(head: string): Pick<FormField, "name" | "isFile"> | null {
  const dispositions: string[] = [];
  for (const line of head.split("\r\n")) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) return null;
    if (name.toLowerCase() === "content-disposition") dispositions.push(value);
  }
  const parameters = DISPOSITION.exec(dispositions[0] ?? "")?.[1];
  if (parameters === undefined || dispositions.length !== 1) return null;
  const all = [...parameters.matchAll(PARAMETER)].map(
    ([, name = "", value = ""]) => [name.toLowerCase(), value] as const,
  );
  const names = all.filter(([name]) => name === "name" || name === "name*");
  const [first] = names;
  if (names.length !== 1 || first?.[0] !== "name") return null;
  // There are no other quotes than those around it.
  const name = first[1].replaceAll('"', "");
  return all.some(([parameter]) => FILE_NAMES.has(parameter)) ? { name, isFile: true } : { name };
}

type Find = (text: Uint8Array, from: number) => number;

/** The index of the next `pattern`, or -1. Knuth-Morris-Pratt, so that no input makes the search quadratic. */
function finderOf(pattern: Uint8Array): Find {
  const shorter = borders(pattern);
  const [first = 0] = pattern;
  return (text, from) => {
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      // The platform's own search skips most of a file.
      if (matched === 0) at = text.indexOf(first, at);
      if (at < 0) return -1;
      while (matched > 0 && text[at] !== pattern[matched]) matched = shorter[matched - 1] ?? 0;
      if (text[at] === pattern[matched]) matched++;
      if (matched === pattern.length) return at + 1 - matched;
    }
    return -1;
  };
}

/** For each prefix of `pattern`: the length of its longest proper prefix that is also its suffix. */
function borders(pattern: Uint8Array): readonly number[] {
  const lengths = [0];
  let matched = 0;
  for (let at = 1; at < pattern.length; at++) {
    while (matched > 0 && pattern[at] !== pattern[matched]) matched = lengths[matched - 1] ?? 0;
    if (pattern[at] === pattern[matched]) matched++;
    lengths.push(matched);
  }
  return lengths;
}
