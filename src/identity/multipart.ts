/** `multipart/form-data` bodies as parts, in their order (RFC 7578), read as strictly as the grammar of RFC 2046, 5.1.1. */

import { type FormField } from "./form.ts";

/** As many as common frameworks accept. */
const PARTS_MAX = 1000;

/** What servers commonly accept for the header fields of a part. */
const HEAD_BYTES_MAX = 8192;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const FIELD = new RegExp(`^(${TOKEN}):([\\t -~\\x80-\\uffff]*)$`);

// No backslash: to some it escapes what follows, and to others it is a character like any other.
const VALUE = `(?:"[^"\\\\]*"|${TOKEN})`;
const DISPOSITION = new RegExp(`^[ \\t]*form-data((?:[ \\t]*;[ \\t]*${TOKEN}=${VALUE})*)[ \\t]*$`, "i");
const PARAMETER = new RegExp(`;[ \\t]*(${TOKEN})=(${VALUE})`, "g");

const encoder = new TextEncoder();

/**
 * Null where only a comparison of the bytes is safe. So it is where the boundary stands anywhere else than between two
 * parts: an origin that is lax about lines would find other parts there.
 */
export function readMultipart(bytes: Uint8Array, boundary: string): readonly FormField[] | null {
  const delimiter = encoder.encode(`--${boundary}`);
  const find = finderOf(delimiter);
  const fields: FormField[] = [];
  let after = find(bytes, 0) === 0 ? delimiter.length : -1;
  while (after > 0) {
    const next = find(bytes, after);
    if (next < 0) return isEnd(bytes.subarray(after)) ? fields : null;
    if (fields.length === PARTS_MAX || !isCrlf(bytes, after) || !isCrlf(bytes, next - 2)) return null;
    const field = readPart(bytes.subarray(after + 2, next - 2));
    if (field === null) return null;
    fields.push(field);
    after = next + delimiter.length;
  }
  return null;
}

function isCrlf(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x0d && bytes[at + 1] === 0x0a;
}

/** Whether this closes the last delimiter, with nothing behind it. */
function isEnd(rest: Uint8Array): boolean {
  const closes = rest[0] === 0x2d && rest[1] === 0x2d;
  return closes && (rest.length === 2 || (rest.length === 4 && isCrlf(rest, 2)));
}

const findBlankLine = finderOf(encoder.encode("\r\n\r\n"));

function readPart(part: Uint8Array): FormField | null {
  const headLength = findBlankLine(part.subarray(0, HEAD_BYTES_MAX), 0);
  const head = headLength < 0 ? null : decodeUtf8(part.subarray(0, headLength));
  const name = head === null ? null : nameIn(head);
  return head === null || name === null ? null : { name, head, content: part.subarray(headLength + 4) };
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: which name it has depends on who reads it.
    return null;
  }
}

/** The one name that the header fields of a part give it; null if they don't. */
function nameIn(head: string): string | null {
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
  return names.length === 1 && names[0]?.[0] === "name" ? names[0][1].replace(/^"|"$/g, "") : null;
}

type Find = (text: Uint8Array, from: number) => number;

/** Where `pattern` stands next, or -1. By Knuth, Morris and Pratt: no text makes it look at a byte again and again. */
function finderOf(pattern: Uint8Array): Find {
  const shorter = borders(pattern);
  const [first = 0] = pattern;
  return (text, from) => {
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      // Most of a file goes by in a few steps of the platform's own search.
      if (matched === 0) at = text.indexOf(first, at);
      if (at < 0) return -1;
      while (matched > 0 && text[at] !== pattern[matched]) matched = shorter[matched - 1] ?? 0;
      if (text[at] === pattern[matched]) matched++;
      if (matched === pattern.length) return at + 1 - matched;
    }
    return -1;
  };
}

/** For each beginning of `pattern`: the length of the longest shorter one that it ends with. */
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
