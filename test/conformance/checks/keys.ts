// Section 3.4: which keys there are.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectProblem, expectReplay, expectRun, expectRuns } from "../expect.ts";

/** Each with its description. `KEY` is replaced by something fresh, so that no run meets the records of another. */
const validKeys: readonly (readonly [title: string, key: string])[] = [
  ["a UUID", "8f1c0d3a-KEY"],
  ["base64 with +, / and =", "a+b/c/KEY=="],
  ["colons and slashes", "order:17/line:KEY"],
  ["every allowed punctuation mark", "!#$%&'()*+-./:;<=>?@[]^_`{|}~KEY"],
  ["a quotation mark's neighbours", "!#KEY"],
  ["an unbalanced parenthesis", "(KEY"],
  ["a Structured Fields token", "*token-KEY"],
  ["a number", "42KEY"],
  ["a String with spaces", '"order 17 KEY"'],
  ["a String with commas", '"a,b,KEY"'],
  ["a String with escaped quotes and backslashes", '"say \\"KEY\\" \\\\"'],
  ["a String between spaces", '  "padded-KEY"  '],
];

const invalidKeys: readonly (readonly [title: string, key: string])[] = [
  ["an inner space", "a b"],
  ["an inner tab", "a\tb"],
  ["a comma", "a,b"],
  ["an inner quotation mark", 'a"b'],
  ["a backslash", "a\\b"],
  // The client writes Latin-1, so these two bytes are one character of UTF-8.
  ["a character above 0x7e", "caf\u00c3\u00a9"],
  ["an empty String", '""'],
  ["a String that does not end", '"abc'],
  ["a lone quotation mark", '"'],
  ["text after a String", '"abc"d'],
  ["a String with parameters", '"abc";v=1'],
  ["a String with a flag parameter", '"abc";v'],
  ["two Strings", '"abc", "def"'],
  ["a String with an unknown escape", '"a\\nb"'],
  ["a String with a character above 0x7e", '"caf\u00c3\u00a9"'],
  ["a String with a tab", '"a\tb"'],
];

/** A byte that is not UTF-8 reads as U+FFFD, like every other such byte. */
const unreadableKeys = [
  ["a byte that is not UTF-8", "caf\u00e9"],
  ["a String with a byte that is not UTF-8", '"caf\u00e9"'],
] as const;

export const keys: readonly Check[] = [
  {
    section: "3.4.1",
    title: "refuses a request without a key where it is required",
    needs: "key required",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectProblem(await send(where), "key_missing");
      expectRuns(origin, where, 0);
      expectRun(await send(where, { key: key() }), 1);
    },
  },
  ...validKeys.map(([title, template]): Check => ({
    section: "3.4.2",
    title: `takes ${title} for a key`,
    run: async ({ origin, path, send, key }) => {
      const [where, ask] = [path(), { key: template.replace("KEY", key()) }];
      const first = await send(where, ask);
      expectRun(first, 1);
      assert.equal(header(first, "idempotency-key"), ask.key.trim());
      expectReplay(await send(where, ask), first);
      expectRuns(origin, where, 1);
    },
  })),
  ...unreadableKeys.map(([title, key]): Check => ({
    section: "3.7.3",
    title: `refuses a key with ${title}`,
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, { key }), "header_unreadable");
      expectRuns(origin, where, 0);
    },
  })),
  ...invalidKeys.map(([title, key]): Check => ({
    section: "3.4.2",
    title: `refuses a key with ${title}`,
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, { key }), "key_invalid");
      expectRuns(origin, where, 0);
    },
  })),
  ...[
    ["1 character", "k"],
    ["255 characters", "k".repeat(255)],
    ["255 characters in quotation marks", `"${"k".repeat(255)}"`],
    ["255 escaped characters", `"${'\\"'.repeat(255)}"`],
  ].map(([title = "", key = ""]): Check => ({
    section: "3.4.3",
    title: `takes a key of ${title}`,
    run: async ({ path, send }) => {
      const where = path();
      const first = await send(where, { key });
      expectRun(first, 1);
      expectReplay(await send(where, { key }), first);
    },
  })),
  ...[
    ["256 characters", "k".repeat(256)],
    ["256 characters in quotation marks", `"${"k".repeat(256)}"`],
    ["8000 characters", "k".repeat(8000)],
  ].map(([title = "", key = ""]): Check => ({
    section: "3.4.3",
    title: `refuses a key of ${title}`,
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, { key }), "key_invalid");
      expectRuns(origin, where, 0);
    },
  })),
  {
    section: "3.4.3",
    title: "distinguishes long keys by their last character",
    run: async ({ path, send }) => {
      const where = path();
      expectRun(await send(where, { key: `${"k".repeat(254)}a` }), 1);
      expectRun(await send(where, { key: `${"k".repeat(254)}b` }), 2);
    },
  },
  {
    section: "3.4.4",
    title: "takes the quoted and the bare spelling for one key",
    run: async ({ origin, path, send, key }) => {
      const [where, bare] = [path(), key()];
      const first = await send(where, { key: bare });
      expectRun(first, 1);
      const quoted = await send(where, { key: `"${bare}"` });
      expectReplay(quoted, first);
      assert.equal(header(quoted, "idempotency-key"), `"${bare}"`);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.4.4",
    title: "distinguishes keys by case",
    run: async ({ path, send }) => {
      const where = path();
      expectRun(await send(where, { key: "Order-17" }), 1);
      expectRun(await send(where, { key: "order-17" }), 2);
    },
  },
  ...[
    ["different", "second"],
    ["equal", "first"],
    ["full and empty", ""],
  ].map(([title = "", second = ""]): Check => ({
    section: "3.4.5",
    title: `refuses two key lines with ${title} keys`,
    run: async ({ origin, path, send }) => {
      const where = path();
      const answer = await send(where, { key: "first", headers: [["Idempotency-Key", second]] });
      expectProblem(answer, "key_invalid");
      expectRuns(origin, where, 0);
    },
  })),
  ...[
    ["an empty key", ""],
    ["a key of spaces", "   "],
  ].map(([title = "", key = ""]): Check => ({
    section: "3.4.5",
    title: `refuses ${title} where a key is optional`,
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, { key }), "key_invalid");
      expectRuns(origin, where, 0);
    },
  })),
  {
    section: "3.4.5",
    title: "refuses an empty key as invalid, not as missing, where a key is required",
    needs: "key required",
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, { key: "" }), "key_invalid");
      expectRuns(origin, where, 0);
    },
  },
];
