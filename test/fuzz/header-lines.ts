/** Header lines that someone reads, in the gateway, the runtime or the origin, and that are not as they should be. */

import * as fc from "fast-check";
import { RUN } from "./request.ts";

type Line = readonly [name: string, value: string];

const LONG = 20_000;

const OF: Readonly<Record<string, readonly string[]>> = {
  "Idempotency-Key": [
    '"{run}"',
    '"',
    "",
    '"\\',
    '"{run}";a',
    "a,b",
    "\xff",
    "k".repeat(300),
    "..",
    " {run}\t",
    "{run}\0",
  ],
  Authorization: [
    "Bearer  alice",
    "bearer alice",
    "Bearer\talice",
    "Basic YTpi",
    "DPoP alice",
    "",
    "M\xfcller",
    "M\xf6ller",
    "Bearer a.b.c",
    "Bearer alice, Bearer bob",
    "x".repeat(LONG),
  ],
  Cookie: [
    "session=bob",
    "session=alice, session=bob",
    'session="alice"',
    "session",
    "=",
    "a=b;".repeat(3000),
    "session=\xff",
  ],
  "X-User": ["bob", "M\xfcller", ""],
  Prefer: ["wait=0", "wait=99999999999", "wait=-1", 'wait="', ",".repeat(LONG), "respond-async, wait=1;a"],
  "CDN-Loop": ["oncegate", 'a;b="oncegate', '\\"'.repeat(500), "ONCEGATE;a=b", "x, oncegate2"],
  Connection: [
    "close",
    "idempotency-key",
    "authorization, cookie",
    "content-length",
    "upgrade",
    "x-user,".repeat(2000),
    "\xff",
  ],
  "X-HTTP-Method-Override": ["PUT", "GET", "DELETE", "POST\xc2\xa0"],
  X_HTTP_Method_Override: ["DELETE"],
  X_Forwarded_For: ["10.0.0.1"],
  Idempotency_Key: ["{run}x"],
  X_User: ["bob"],
  "X-Original-URL": [`/other/${RUN}`],
  "X-Rewrite-URL": [`/other/${RUN}`],
  "X-Forwarded-For": ["10.0.0.1", ",".repeat(LONG)],
  "X-Forwarded-Host": ["evil.test"],
  "CF-Connecting-IP": ["10.0.0.1"],
  Forwarded: ['for="_a', "host=evil.test"],
  Via: ["1.1 oncegate", ",".repeat(100)],
  "Oncegate-Attempt": ["7"],
  "Oncegate-Outcome": ["not-executed"],
  "Idempotency-Status": ["replayed"],
  "Transfer-Encoding": ["chunked", "gzip, chunked", " chunked", "identity", "\tchunked", "chunked, identity"],
  "Content-Length": ["0", "5", "-1", "0x5", "5, 5", "999999999999999999999", ""],
  "Content-Encoding": ["gzip", "br", "x"],
  "Content-Type": ["application/json", 'a/b;c="', "application/json;charset=utf-16", ";".repeat(LONG), "a/b\0", "\xff"],
  "Content-Range": ["bytes 0-9/20"],
  Range: ["bytes=0-1"],
  "If-Match": ['"a"', "\xff", "*"],
  Accept: ["*/*,".repeat(3000), 'text/html;q="', "text/html;q=NaN"],
  "Accept-Encoding": ["gzip", "identity;q=0", "br;q=\xff"],
  Expect: ["100-continue", "200-ok"],
  Upgrade: ["websocket", "h2c"],
  "HTTP2-Settings": ["AAMAAABkAARAAAAAAAIAAAAA"],
  TE: ["trailers", "chunked"],
  Trailer: ["Idempotency-Key"],
  Host: [
    "evil.test",
    "auth.test",
    "auth.test:99999",
    "auth.test.",
    "AUTH.test",
    "[::1]",
    "a".repeat(300),
    "\xff",
    "a@b",
    "x/y",
    "auth.test/evil?",
    "auth.test#",
    "auth.test\\evil",
    "%61uth.test",
  ],
  Origin: ["https://shop.example", "null", "\xff", "https://shop.example\t"],
  "Access-Control-Request-Method": ["POST", "__proto__", "constructor"],
  "Proxy-Authorization": ["Basic YTpi"],
  __proto__: ["x"],
  constructor: ["x"],
};

/** One of each, with the blank that most clients send. */
export const ODD_LINES: readonly Line[] = Object.entries(OF).flatMap(([name, values]) =>
  values.map((value): Line => [name, ` ${value}`]),
);

const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('"', "\\", ",", ";", "=", " ", "\t", "%", "a", "\r\n ", "\r\n\t") },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) },
);
const value = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(""));
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Object.keys(OF)) },
  { weight: 1, arbitrary: fc.constantFrom("", " X", "X ", "X\xff", "X\0", "idempotency_key", "x".repeat(LONG)) },
);

/** A name that counts, or none at all, with any value. */
export const fieldLine: fc.Arbitrary<Line> = fc.tuple(name, value);
