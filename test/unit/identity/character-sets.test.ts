// Which characters each grammar takes: each is tried, not a sample of them.

import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/http/problem.ts";
import { cookieNamed } from "../../../src/identity/cookie.ts";
import {
  parseBodyKey,
  parseIdempotencyKey,
  parsePlainKey,
  writeIdempotencyKey,
} from "../../../src/identity/idempotency-key.ts";
import { parseJson } from "../../../src/identity/json.ts";
import { parseMultipart } from "../../../src/identity/multipart.ts";
import { parseUrlencoded } from "../../../src/identity/urlencoded.ts";

const BYTES = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const range = (from: number, to: number): string => BYTES.slice(from, to + 1).join("");
const without = (characters: string, left: string): string =>
  Array.from(characters, (one) => (left.includes(one) ? "" : one)).join("");
/** The characters for which `isTaken` is true. */
const taken = (isTaken: (character: string) => boolean): string => BYTES.filter(isTaken).join("");
const VISIBLE = range(0x21, 0x7e);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("3.4 a key has printable ASCII characters", () => {
  test("in a header without quotes: all but quotes, commas, backslashes and blanks", () => {
    expect(taken((one) => parseIdempotencyKey(`a${one}b`) === `a${one}b`)).toBe(without(VISIBLE, '",\\'));
    expect(taken((one) => parseIdempotencyKey(one) === one)).toBe(without(VISIBLE, '",\\'));
  });

  test("in a header with quotes: all but unescaped quotes and backslashes", () => {
    expect(taken((one) => parseIdempotencyKey(`"a${one}b"`) === `a${one}b`)).toBe(without(range(0x20, 0x7e), '"\\'));
    expect(taken((one) => parseIdempotencyKey(`"a\\${one}b"`) === `a${one}b`)).toBe('"\\');
  });

  test("in a query or form, and in a body: all", () => {
    expect(taken((one) => parsePlainKey(`a${one}b`, "The parameter k") === `a${one}b`)).toBe(range(0x20, 0x7e));
    const inBody = (one: string) => parseBodyKey(parseJson(JSON.stringify(`a${one}b`)) ?? "", ["k"]);
    expect(taken((one) => inBody(one) === `a${one}b`)).toBe(range(0x20, 0x7e));
  });

  test("and is written with quotes where it needs them", () => {
    const written = taken((one) => writeIdempotencyKey(`a${one}b`) === `a${one}b`);
    expect(written).toBe(without(VISIBLE, '",\\'));
    for (const one of range(0x20, 0x7e)) expect(parseIdempotencyKey(writeIdempotencyKey(`a${one}b`))).toBe(`a${one}b`);
    expect(writeIdempotencyKey('a"b\\c"')).toBe(String.raw`"a\"b\\c\""`);
  });

  test("or is refused, with its place", () => {
    expect(parsePlainKey("\u00e9", "The parameter k")).toEqual({
      kind: "problem",
      code: "key_invalid",
      detail: "The parameter k must consist of printable ASCII characters.",
    });
    for (const node of ['"\u00e9"', "1e0", "true", [], new Map()]) {
      expect(parseBodyKey(node, ["a/b", "k"])).toEqual({
        kind: "problem",
        code: "key_invalid",
        detail: "The key at /a~1b/k in the body must be a string of printable ASCII characters.",
      });
    }
    const refused = parseIdempotencyKey("", "x-github2-3event");
    expect(isRefusal(refused) ? refused.detail : null).toBe("The X-Github2-3Event header is empty.");
  });
});

describe("3.8.12 the characters of pairs", () => {
  test("are those that need no encoding, but not a semicolon", () => {
    expect(taken((one) => parseUrlencoded(encode(`a${one}b`)) !== null)).toBe(without(VISIBLE, "%;"));
    expect(taken((one) => parseUrlencoded(encode(one)) !== null)).toBe(without(VISIBLE, "%;&"));
  });

  test("may be any in UTF-8 where they are encoded", () => {
    const hex = (one: string): string => one.charCodeAt(0).toString(16).padStart(2, "0");
    expect(taken((one) => parseUrlencoded(encode(`a=%${hex(one)}`)) !== null)).toBe(range(0, 0x7f));
    expect(parseUrlencoded(encode("a=b%3D%26+%2B&c"))).toEqual([
      { name: "a", head: "a", content: "b=& +" },
      { name: "c", head: "c", content: null },
    ]);
    expect(parseUrlencoded(encode(""))).toEqual([]);
    expect(parseUrlencoded(encode("=a&=="))).toEqual([
      { name: "", head: "", content: "a" },
      { name: "", head: "", content: "=" },
    ]);
    expect(parseUrlencoded(encode("=%4"))).toBeNull();
  });
});

describe("3.8.11 the header fields of a part", () => {
  const fieldsOf = (head: string) => parseMultipart(encode(`--b\r\n${head}\r\n\r\n1\r\n--b--`), "b");
  const DISPOSITION = 'Content-Disposition: form-data; name="a"';
  const TOKEN = without(VISIBLE, '"(),/:;<=>?@[\\]{}');

  test("have names that are tokens", () => {
    expect(taken((one) => fieldsOf(`X${one}Y: 1\r\n${DISPOSITION}`) !== null)).toBe(
      BYTES.filter((one) => TOKEN.includes(one) || one === ":").join(""),
    );
  });

  test("have values of visible characters, blanks and tabs", () => {
    expect(taken((one) => fieldsOf(`X: a${one}b\r\n${DISPOSITION}`) !== null)).toBe(
      `\t${range(0x20, 0x7e)}${range(0x80, 0xff)}`,
    );
  });

  test("have parameters with names and values that are tokens, or values in quotes", () => {
    expect(taken((one) => fieldsOf(`${DISPOSITION}; x${one}y=1`) !== null)).toBe(
      BYTES.filter((one) => TOKEN.includes(one)).join(""),
    );
    expect(taken((one) => fieldsOf(`${DISPOSITION}; x=a${one}b`) !== null)).toBe(
      BYTES.filter((one) => TOKEN.includes(one)).join(""),
    );
    expect(taken((one) => fieldsOf(`${DISPOSITION}; x="a${one}b"`) !== null)).toBe(
      `\t${without(range(0x20, 0x7e), '"\\')}${range(0x80, 0xff)}`,
    );
    expect(taken((one) => fieldsOf(`${DISPOSITION}${one};${one}x=1${one}`) !== null)).toBe("\t ");
  });

  test.each([
    ['form-data; name="a b"', { name: "a b" }],
    ["FORM-DATA ;\tname=a", { name: "a" }],
    ['form-data; NAME="a"; size="1"', { name: "a" }],
    ['form-data; FileName=f; name=""', { name: "", isFile: true }],
    ["form-data; name=a; filename*=utf-8''f", { name: "a", isFile: true }],
    ["form-data; name=a; filename2=f; xfilename=f", { name: "a" }],
    ['form-data; x="; name=b"; name=a', { name: "a" }],
  ])("name the part: %s", (value, named) => {
    const head = `CONTENT-disposition:${value}`;
    expect(fieldsOf(head)).toEqual([{ ...named, head, content: encode("1") }]);
  });

  test("and their end are within 8 KiB", () => {
    const padded = (bytes: number): string => `${DISPOSITION}\r\nX: ${"x".repeat(bytes - DISPOSITION.length - 5)}`;
    expect(padded(8188)).toHaveLength(8188);
    expect(fieldsOf(padded(8188))).toMatchObject([{ name: "a" }]);
    expect(fieldsOf(padded(8189))).toBeNull();
  });
});

describe("3.8.11 a boundary", () => {
  const HEAD = "Content-Disposition: form-data; name=a";

  /** All texts of these two characters, of up to six. */
  function boundaries(): string[] {
    const all = ["-", "0"];
    for (const shorter of all) if (shorter.length < 6) all.push(`${shorter}-`, `${shorter}0`);
    return all;
  }

  test("is found behind any beginning of it that is none, and nowhere else", () => {
    for (const boundary of boundaries()) {
      const delimiter = `--${boundary}`;
      const head = `${delimiter}\r\n${HEAD}\r\n\r\n`;
      for (let first = 1; first <= delimiter.length; first++) {
        for (let second = 1; second <= delimiter.length; second++) {
          const content = delimiter.slice(0, first) + delimiter.slice(0, second);
          const rest = `${content}\r\n${delimiter}`;
          const isInside = rest.indexOf(delimiter) < content.length;
          const parsed = parseMultipart(encode(`${head}${rest}--`), boundary);
          const expected = isInside ? null : [{ name: "a", head: HEAD, content: encode(content) }];
          if (JSON.stringify(parsed) !== JSON.stringify(expected)) expect([boundary, content, parsed]).toBe(expected);
        }
      }
    }
  });

  test("is not found where the beginning of one meets the end of another", () => {
    const parsed = parseMultipart(encode(`--bc\r\n${HEAD}\r\n\r\n--b-bc\r\n--bc--`), "bc");
    expect(parsed).toEqual([{ name: "a", head: HEAD, content: encode("--b-bc") }]);
  });
});

describe("3.5.4 the name of a cookie", () => {
  test("may have any blanks and tabs around it, and nothing else", () => {
    expect(taken((one) => cookieNamed("s", `${one}s=a`).kind === "present")).toBe("\t ;");
    expect(taken((one) => cookieNamed("s", `s${one}=a`).kind === "present")).toBe("\t =");
  });
});
