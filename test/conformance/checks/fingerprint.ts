// Sections 3.8.1 and 3.8.4: what makes two requests the same, apart from JSON (json-fingerprint.ts) and forms (form-fingerprint.ts).

import { type Check } from "../check.ts";
import { type Ask, type HeaderLines } from "../client.ts";
import { expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";

const type = (value: string): HeaderLines => [["Content-Type", value]];

/** Pairs of requests under one key. `query` is appended to the path. */
type Pair = readonly [title: string, first: Ask & { query?: string }, second: Ask & { query?: string }];

/** Two values of a header, and one where there was none. */
function headerPairs(name: string, one: string, other: string): Pair[] {
  return [
    [`another ${name}`, { headers: [[name, one]] }, { headers: [[name, other]] }],
    [`${name} where there was none`, {}, { headers: [[name, one]] }],
  ];
}

const others: readonly Pair[] = [
  ["another query", { query: "?capture=true" }, { query: "?capture=false" }],
  ["a query where there was none", {}, { query: "?capture=true" }],
  ["the same parameters in another order", { query: "?a=1&b=2" }, { query: "?b=2&a=1" }],
  ["another spelling of the query", { query: "?a=%41" }, { query: "?a=A" }],
  ["another media type", { body: "{}", headers: type("text/plain") }, { body: "{}", headers: type("text/html") }],
  ["JSON where it was text", { body: "{}", headers: type("text/plain") }, { json: "{}" }],
  ["no media type where there was one", { json: "{}" }, { body: "{}" }],
  ["another If-Match", { headers: [["If-Match", '"v1"']] }, { headers: [["If-Match", '"v2"']] }],
  ["If-Match where there was none", {}, { headers: [["If-Match", '"v1"']] }],
  ...headerPairs("If-None-Match", '"v1"', '"v2"'),
  ...headerPairs("If-Modified-Since", "Tue, 24 Nov 2026 00:00:00 GMT", "Wed, 25 Nov 2026 00:00:00 GMT"),
  ...headerPairs("If-Unmodified-Since", "Tue, 24 Nov 2026 00:00:00 GMT", "Wed, 25 Nov 2026 00:00:00 GMT"),
  ...headerPairs("Range", "bytes=0-9", "bytes=10-19"),
  ...headerPairs("Content-Range", "bytes 0-999/2000", "bytes 1000-1999/2000"),
  ...headerPairs("Upload-Offset", "0", "1000"),
  ...headerPairs("Upload-Length", "1000", "2000"),
  ...headerPairs("SOAPAction", '"urn:pay"', '"urn:refund"'),
  ...headerPairs("X-Amz-Target", "T.DescribeTable", "T.DeleteTable"),
  ["another text body", { body: "one", headers: type("text/plain") }, { body: "two", headers: type("text/plain") }],
  [
    "white space in a text body",
    { body: "a", headers: type("text/plain") },
    { body: "a ", headers: type("text/plain") },
  ],
  ["an empty body where there was one", { body: "a" }, { body: "" }],
  [
    "the same form fields in another order",
    { body: "a=1&b=2", headers: type("application/x-www-form-urlencoded") },
    { body: "b=2&a=1", headers: type("application/x-www-form-urlencoded") },
  ],
  ["one changed byte of a binary body", { body: Buffer.from([0, 255, 1]) }, { body: Buffer.from([0, 255, 2]) }],
];

const equals: readonly Pair[] = [
  ["another User-Agent", { headers: [["User-Agent", "sdk/1"]] }, { headers: [["User-Agent", "sdk/2"]] }],
  ["a retry count", { headers: [["X-Stainless-Retry-Count", "0"]] }, { headers: [["X-Stainless-Retry-Count", "1"]] }],
  ["another trace", { headers: [["Traceparent", "00-1-1-01"]] }, { headers: [["Traceparent", "00-2-2-01"]] }],
  ["another Accept", { headers: [["Accept", "*/*"]] }, { headers: [["Accept", "application/json"]] }],
  ["another Accept-Encoding", { headers: [["Accept-Encoding", "identity"]] }, {}],
  ["another Cookie", { headers: [["Cookie", "a=1"]] }, { headers: [["Cookie", "a=2"]] }],
  ["a Date", {}, { headers: [["Date", "Tue, 24 Nov 2026 00:00:00 GMT"]] }],
  ["Prefer", {}, { headers: [["Prefer", "wait=3"]] }],
  [
    "the media type in another case",
    { body: "{}", headers: type("application/json") },
    { body: "{}", headers: type("Application/JSON") },
  ],
  ["the same empty body", { body: "" }, { body: "" }],
  ["the same binary body", { body: Buffer.from([0, 255, 1]) }, { body: Buffer.from([0, 255, 1]) }],
];

function differ([title, first, second]: Pair): Check {
  return {
    section: "3.8.1",
    title: `takes a request with ${title} for another one`,
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where + (first.query ?? ""), { key: sent, ...first }), 1);
      expectRefusal(await send(where + (second.query ?? ""), { key: sent, ...second }), "key_reused");
      expectRuns(origin, where, 1);
    },
  };
}

function same([title, first, second]: Pair): Check {
  return {
    section: "3.8.1",
    title: `takes a request with ${title} for the same`,
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const original = await send(where + (first.query ?? ""), { key: sent, ...first });
      expectRun(original, 1);
      expectReplay(await send(where + (second.query ?? ""), { key: sent, ...second }), original);
      expectRuns(origin, where, 1);
    },
  };
}

export const fingerprint: readonly Check[] = [
  ...others.map(differ),
  ...equals.map(same),
  {
    section: "3.8.3",
    title: "compares JSON by its bytes where the policy says so",
    needs: "fingerprint bytes",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const first = await send(where, { key: sent, json: '{"a":1}' });
      expectRun(first, 1);
      expectReplay(await send(where, { key: sent, json: '{"a":1}' }), first);
      expectRefusal(await send(where, { key: sent, json: '{"a": 1}' }), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
];
