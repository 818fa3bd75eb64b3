/** Requests that strangers may write: sound ones, odd ones, and sound ones of which some bytes were changed. */

import * as fc from "fast-check";
import { ODD_LINES, fieldLine } from "./header-lines.ts";
import { BUSY } from "./origin.ts";
import { type Framing, RUN, type Request } from "./request.ts";
import { HOSTS } from "./tenants.ts";

const METHODS = ["POST", "PATCH", "PUT", "DELETE"];
const ODD_METHODS = [
  "GET",
  "HEAD",
  "OPTIONS",
  "post",
  "PROPFIND",
  "PURGE",
  "TRACE",
  "M-SEARCH",
  "",
  "PO ST",
  "POST\t",
  "X",
];
const SEGMENTS = [
  "v1",
  "a",
  "%2f",
  "%5c",
  "..",
  ".",
  ";",
  "%00",
  "%",
  "%c3%a9",
  "\xe9",
  "*",
  "_oncegate",
  "",
  "a b",
  "\\",
];
const ODD_TARGETS = [
  "*",
  `http://auth.test/v1/${RUN}`,
  `//auth.test/${RUN}`,
  "",
  "/?a=%&b",
  "/.well-known/idempotency",
];

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...METHODS) },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_METHODS) },
);
const target = fc.oneof(
  { weight: 6, arbitrary: fc.constant(`/v1/charges/${RUN}`) },
  { weight: 1, arbitrary: fc.constant(`${BUSY}/${RUN}`) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 5 }), fc.constantFrom("", "?a=1", "?%", "#x", "/"))
      .map(([segments, end]) => `/${[...segments, RUN].join("/")}${end}`),
  },
  { weight: 1, arbitrary: fc.constantFrom(...ODD_TARGETS) },
);
const version = fc.oneof(
  { weight: 15, arbitrary: fc.constant("HTTP/1.1") },
  { weight: 1, arbitrary: fc.constantFrom("HTTP/1.0", "HTTP/2.0", "http/1.1", "", "HTTP/1.1 x") },
);
const framing = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Framing>("length") },
  { weight: 3, arbitrary: fc.constant<Framing>("chunked") },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Framing>("both", "none", "twice", "signed", "chunked, badly", 1, -1, 1_000_000),
  },
);

const JSONS = [
  '{"amount":1}',
  `{"amount":1,"idempotency_key":"${RUN}"}`,
  `{"idempotency_key":"${RUN}","idempotency_key":"x"}`,
  '{"idempotency_key":"\\u0000"}',
  '{"idempotency_key":["a"]}',
  '{"a":1e999999999999999999}',
  '{"a":"\\ud800"}',
  '{"a":"\xff"}',
  `${"[".repeat(70)}${"]".repeat(70)}`,
  '{"a":1',
  "\xef\xbb\xbf{}",
  "null",
];
const PART = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n';
const FORM = "application/x-www-form-urlencoded";
const BODIES: readonly (readonly [type: string, body: string])[] = [
  ...JSONS.map((body) => ["application/json", body] as const),
  ...["a=1&b=2", "a=%", "a;b", "&&", "a=\xff", "=".repeat(2000)].map((body) => [FORM, body] as const),
  ["multipart/form-data; boundary=b", PART],
  ["multipart/form-data; boundary=b", PART.slice(0, -4)],
  ["multipart/form-data; boundary", PART],
  ['multipart/form-data; boundary="b', PART],
  ["text/plain", ""],
  ["text/plain", `POST /v1/charges/${RUN} HTTP/1.1\r\nHost: auth.test\r\nAuthorization: Bearer smuggled\r\n\r\n`],
  ["\xff/\x80", "\x1f\x8b\b\0garbage"],
];

/** Who sends a request, by every means at once. */
const CREDENTIALS = ["alice", "bob", "mallory"] as const;

const soundLines = fc
  .tuple(fc.constantFrom(...HOSTS), fc.constantFrom(...CREDENTIALS))
  .map(([host, who]): [string, string][] => [
    ["Host", ` ${host}`],
    ["Authorization", ` Bearer ${who}`],
    ["Cookie", ` session=${who}`],
    ["Idempotency-Key", ` ${RUN}`],
  ]);

/** A keyed request that is executed. */
export const soundRequest: fc.Arbitrary<Request> = fc
  .tuple(fc.constantFrom(...METHODS), soundLines, fc.constantFrom(...JSONS.slice(0, 2)))
  .map(([method, lines, body]) => ({
    method,
    target: `/v1/charges/${RUN}`,
    version: "HTTP/1.1",
    lines: [...lines, ["Content-Type", " application/json"] as const],
    body,
    framing: "length" as const,
  }));

/** Anything at all, but most often something that is taken for a request. */
export const oddRequest: fc.Arbitrary<Request> = fc
  .record({
    method,
    target,
    version,
    sound: soundLines,
    odd: fc.array(fc.oneof(fc.constantFrom(...ODD_LINES), fieldLine), { maxLength: 4 }),
    left: fc.integer({ min: 0, max: 15 }),
    content: fc.constantFrom(...BODIES),
    framing,
  })
  .map(({ method, target, version, sound, odd, left, content: [type, body], framing }) => {
    // Each of the four is left out now and then.
    const kept = sound.filter((_, index) => index !== left);
    return { method, target, version, lines: [...kept, ["Content-Type", ` ${type}`], ...odd], body, framing };
  });

/** One change of bytes; places are counted modulo the length. */
export interface Mutation {
  readonly kind: "replace" | "delete" | "insert" | "repeat" | "cut";
  readonly at: number;
  readonly length: number;
  readonly text: string;
}

const TOKENS = ["\r\n", "\n", "\r", "\0", " ", "\t", ":", '"', "\\", ",", ";", "%", "\xff", "{", "Idempotency-Key:"];

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("replace", "delete", "insert", "repeat", "cut"),
  at: fc.nat({ max: 1000 }),
  length: fc.integer({ min: 1, max: 20 }),
  text: fc.oneof(
    fc.constantFrom(...TOKENS),
    byte,
    fc.array(byte, { maxLength: 8 }).map((bytes) => bytes.join("")),
  ),
});

export function mutate(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  let text = bytes.toString("latin1");
  for (const { kind, at: place, length, text: inserted } of mutations) {
    const at = place % (text.length + 1);
    const [before, span, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
    if (kind === "cut") text = before;
    else if (kind === "delete") text = before + after;
    else if (kind === "insert") text = before + inserted + span + after;
    else if (kind === "replace") text = before + inserted + after;
    else text = before + span.repeat(length) + after;
  }
  return Buffer.from(text, "latin1");
}
