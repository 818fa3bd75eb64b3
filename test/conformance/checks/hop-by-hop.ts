// Section 7.1: fields that belong to one connection. A front that hides `Connection` from the implementation (as
// wrangler dev does) leaves it no way to know what it named: those checks say what they need.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { type Ask, header, type HeaderLines } from "../client.ts";
import { expectStatus } from "../expect.ts";
import { answers } from "../origin-answers.ts";

const requestFields: HeaderLines = [
  ["Keep-Alive", "timeout=77"],
  ["TE", "trailers"],
  ["Proxy-Authorization", "Basic eDp5"],
  ["Proxy-Connection", "keep-alive"],
  ["Proxy-Custom", "1"],
];

const answerFields: Readonly<Record<string, string>> = {
  "Keep-Alive": "timeout=77",
  "Proxy-Authenticate": "Basic",
  "Proxy-Connection": "keep-alive",
  "Proxy-Status": "origin",
  Upgrade: "h2c",
};

/** The keyed and the keyless way, both of which these rules cover. */
type Way = { readonly title: string; readonly ask: (key: string) => Ask };

const ways: readonly Way[] = [
  { title: "a keyed", ask: (key) => ({ key }) },
  { title: "a keyless", ask: () => ({}) },
];

function doesNotForward({ title, ask }: Way, name: string, value: string): Check {
  return {
    section: "7.1.1",
    title: `does not forward ${name} of ${title} request`,
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectStatus(await send(where, { ...ask(key()), headers: [[name, value]] }), 201);
      const received = await origin.arrived(where);
      assert.notEqual(header(received, name), value);
      if (name.startsWith("Proxy-")) assert.equal(header(received, name), undefined);
    },
  };
}

function forwardsNoTrailer({ title, ask }: Way): Check {
  return {
    section: "7.1.1",
    title: `does not forward Trailer of ${title} request`,
    run: async ({ origin, path, open, key }) => {
      const where = path();
      const exchange = open(where, { ...ask(key()), streamed: true, headers: [["Trailer", "X-Checksum"]] });
      exchange.request.addTrailers([["X-Checksum", "abc"]]);
      exchange.request.end("body");
      expectStatus(await exchange.answer, 201);
      assert.equal(header(await origin.arrived(where), "trailer"), undefined);
    },
  };
}

function forwardsNothingNamed({ title, ask }: Way): Check {
  return {
    section: "7.1.1",
    title: `does not forward what Connection names in ${title} request`,
    needs: "the Connection header",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      const headers = [
        ["Connection", "close, X-Hop"],
        ["X-Hop", "1"],
        ["X-End", "1"],
      ] as const;
      expectStatus(await send(where, { ...ask(key()), headers }), 201);
      const received = await origin.arrived(where);
      assert.equal(header(received, "x-hop"), undefined);
      assert.equal(header(received, "x-end"), "1");
    },
  };
}

/** The answer that carries these fields, first and, where there is a key, replayed. */
function doesNotPassBack({ title, ask }: Way, what: string, fields: Readonly<Record<string, string>>): Check {
  return {
    section: "7.1.1",
    title: `does not pass ${what} back to ${title} request`,
    run: async ({ scripted, send, key }) => {
      const path = scripted(answers(200, { ...fields, "X-End": "1" }, "body"));
      const sent = key();
      for (let round = 0; round < 2; round += 1) {
        const answer = await send(path, ask(sent));
        expectStatus(answer, 200);
        for (const [name, value] of Object.entries(fields)) assert.notEqual(header(answer, name), value, name);
        assert.equal(header(answer, "x-end"), "1");
      }
    },
  };
}

export const hopByHop: readonly Check[] = ways.flatMap((way) =>
  [
    requestFields.map(([name, value]) => doesNotForward(way, name, value)),
    forwardsNoTrailer(way),
    forwardsNothingNamed(way),
    Object.entries(answerFields).map(([name, value]) => doesNotPassBack(way, name, { [name]: value })),
    doesNotPassBack(way, "what Connection names", { Connection: "keep-alive, X-Hop", "X-Hop": "1" }),
  ].flat(),
);
