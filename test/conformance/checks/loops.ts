// Section 3.9: the mark that ends a loop.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { type Ask, header, type HeaderLines } from "../client.ts";
import { expectProblem, expectRun, expectRuns, expectStatus } from "../expect.ts";

const mark = (...values: readonly string[]): HeaderLines => values.map((value) => ["CDN-Loop", value] as const);

const refused: readonly (readonly [title: string, headers: HeaderLines])[] = [
  ["alone", mark("oncegate")],
  ["after another CDN", mark("other.example, oncegate")],
  ["before another CDN", mark("oncegate,other.example")],
  ["with parameters", mark('oncegate; v=1; note="a, b"')],
  ["on a second line", mark("other.example", "oncegate")],
];

const taken: readonly (readonly [title: string, value: string])[] = [
  ["another CDN", "other.example"],
  ["a longer name", "oncegate-two"],
  ["a name that ends like it", "notoncegate"],
  ["its name in a parameter", 'other.example; note="a, oncegate, b"'],
];

const kinds: readonly (readonly [title: string, ask: Ask, keyed: boolean])[] = [
  ["keyed", {}, true],
  ["keyless", {}, false],
  ["GET", { method: "GET" }, false],
];

export const loops: readonly Check[] = [
  ...refused.map(([title, headers]): Check => ({
    section: "3.9.1",
    title: `refuses a request that carries its mark ${title}`,
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectProblem(await send(where, { key: key(), headers }), "loop_detected");
      expectRuns(origin, where, 0);
    },
  })),
  ...kinds.map(([title, ask, keyed]): Check => ({
    section: "3.9.1",
    title: `marks a forwarded ${title} request and refuses a marked one`,
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectStatus(await send(where, keyed ? { ...ask, key: key() } : ask), 201);
      assert.equal(header(await origin.arrived(where), "cdn-loop"), "oncegate");
      expectProblem(await send(where, { ...ask, headers: mark("oncegate") }), "loop_detected");
      expectRuns(origin, where, 1);
    },
  })),
  ...taken.map(([title, value]): Check => ({
    section: "3.9.1",
    title: `does not take ${title} for its mark, and appends to it`,
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectRun(await send(where, { key: key(), headers: mark(value) }), 1);
      assert.equal(header(await origin.arrived(where), "cdn-loop"), `${value}, oncegate`);
    },
  })),
];
