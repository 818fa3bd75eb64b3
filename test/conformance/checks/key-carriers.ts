// Sections 3.4.6, 3.4.7 and 3.8.8: keys in other headers, and in bodies.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectProblem, expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";

const needs = "keys elsewhere";

/** A JSON body with a key in it. */
function body(key: string, amount = 100): string {
  return JSON.stringify({ idempotency_key: key, amount });
}

export const keyCarriers: readonly Check[] = [
  {
    section: "3.4.6",
    title: "takes the key from another header, forwards it and repeats it",
    needs,
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const headers = [["X-Idempotency-Key", `"${value}"`]] as const;
      const first = await send(where, { headers });
      expectRun(first, 1);
      assert.equal(header(first, "idempotency-key"), `"${value}"`);
      expectReplay(await send(where, { headers }), first);
      const [forwarded] = origin.requests(where);
      assert.equal(forwarded && header(forwarded, "x-idempotency-key"), `"${value}"`);
    },
  },
  {
    section: "3.4.6",
    title: "takes the first carrier that is there",
    needs,
    run: async ({ path, send, key }) => {
      const [where, first, second] = [path(), key(), key()];
      const both = await send(where, { key: first, headers: [["X-Idempotency-Key", second]] });
      expectRun(both, 1);
      expectReplay(await send(where, { key: first }), both);
      expectRun(await send(where, { headers: [["X-Idempotency-Key", second]] }), 2);
    },
  },
  {
    section: "3.4.6",
    title: "refuses an empty header, though another carrier has a key",
    needs,
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectProblem(await send(where, { key: "", headers: [["X-Idempotency-Key", key()]] }), "key_invalid");
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "3.8.8",
    title: "compares a member that could have had the key, and has another value",
    needs,
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const first = await send(where, { key: value, json: body("order-1") });
      expectReplay(await send(where, { key: value, json: body("order-1") }), first);
      expectRefusal(await send(where, { key: value, json: body("order-2") }), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.8.8",
    title: "takes the key in a header and in the body for one",
    needs,
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const first = await send(where, { key: value, json: body(value) });
      expectRun(first, 1);
      expectReplay(await send(where, { json: body(value) }), first);
      expectReplay(await send(where, { key: value, json: '{"amount":100}' }), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.4.7",
    title: "takes the key from the body, and runs it once",
    needs,
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const first = await send(where, { json: body(value) });
      expectRun(first, 1);
      assert.equal(header(first, "idempotency-key"), value);
      expectReplay(await send(where, { json: body(value) }), first);
      expectProblem(await send(where, { json: body(value, 101) }), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
  ...[
    ["an empty string", '{"idempotency_key":""}', "key_invalid"],
    ["a number", '{"idempotency_key":1}', "key_invalid"],
    ["two of them", '{"idempotency_key":"a","idempotency_key":"b"}', "key_invalid"],
    ["null", '{"idempotency_key":null}', "key_missing"],
    ["nothing", "{}", "key_missing"],
  ].map(([title = "", json = "", problem]): Check => ({
    section: "3.4.7",
    title: `refuses ${title} in its place`,
    needs,
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, { json }), problem === "key_missing" ? "key_missing" : "key_invalid");
      expectRuns(origin, where, 0);
    },
  })),
];
