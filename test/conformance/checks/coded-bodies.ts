// Sections 3.6.5 and 3.6.6: bodies with a content coding.

import assert from "node:assert/strict";
import { promisify } from "node:util";
import { brotliCompress, brotliCompressSync, deflate, deflateSync, gzip, gzipSync } from "node:zlib";
import { type Check } from "../check.ts";
import { type Ask, header } from "../client.ts";
import { expectProblem, expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";

const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
type Coding = keyof typeof codings;

const inBackground: Readonly<Record<Coding, (bytes: Uint8Array) => Promise<Buffer>>> = {
  gzip: promisify(gzip),
  deflate: promisify(deflate),
  br: promisify(brotliCompress),
};
const codedZeros = new Map<Coding, Promise<Buffer>>();

/** 20 MB of them. Coding them takes seconds, during which no other check could send: a connection without a request is closed. */
async function zeros(coding: Coding): Promise<Ask> {
  const bytes = codedZeros.get(coding) ?? inBackground[coding](new Uint8Array(20_000_000));
  codedZeros.set(coding, bytes);
  return codedAs(await bytes, coding);
}

function coded(text: string | Uint8Array, coding: Coding): Ask {
  return codedAs(codings[coding](text), coding);
}

function codedAs(body: Buffer, coding: Coding): Ask {
  return {
    body,
    headers: [
      ["Content-Type", "application/json"],
      ["Content-Encoding", coding],
    ],
  };
}

/** What gzip writes of the same content at another time. */
function gzipAt(time: number): Ask {
  const body = gzipSync('{"amount":1}');
  body.writeUInt32LE(time, 4);
  return { ...coded("", "gzip"), body };
}

const decodable = Object.keys(codings) as Coding[];

const ofOneCoding = decodable.flatMap((coding): Check[] => [
  {
    section: "3.6.5",
    title: `compares a body in ${coding} by what it decodes to, and forwards it as it came`,
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const asked = coded('{"a":1,"b":2}', coding);
      const first = await send(where, { key: sent, ...asked });
      expectRun(first, 1);
      expectReplay(await send(where, { key: sent, ...coded('{"b":2, "a":1}', coding) }), first);
      expectReplay(await send(where, { key: sent, json: '{"a":1,"b":2}' }), first);
      expectRefusal(await send(where, { key: sent, ...coded('{"a":1,"b":3}', coding) }), "key_reused");
      const [received] = origin.requests(where);
      assert.deepEqual(received?.body(), Buffer.from(asked.body ?? ""));
      assert.equal(received && header(received, "content-encoding"), coding);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.6.5",
    title: `looks for a key in a body in ${coding}`,
    needs: "keys elsewhere",
    run: async ({ origin, path, send, key }) => {
      const [where, value] = [path(), key()];
      const asked = coded(JSON.stringify({ idempotency_key: value }), coding);
      const first = await send(where, asked);
      expectRun(first, 1);
      expectReplay(await send(where, asked), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.6.6",
    title: `refuses 20 MB of zeros in ${coding} where it looks for a key`,
    needs: "keys elsewhere",
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where, await zeros(coding)), "key_invalid");
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "3.6.6",
    title: `takes a body in ${coding} for another one where other bytes follow it`,
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const asked = coded('{"a":1}', coding);
      const followed = Buffer.concat([codings[coding]('{"a":1}'), codings[coding]('{"b":2}')]);
      expectRun(await send(where, { key: sent, ...asked }), 1);
      expectRefusal(await send(where, { key: sent, ...asked, body: followed }), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.6.6",
    title: `compares 20 MB of zeros in ${coding} by the coded bytes`,
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const asked = await zeros(coding);
      const first = await send(where, { key: sent, ...asked });
      expectRun(first, 1);
      expectReplay(await send(where, { key: sent, ...asked }), first);
      expectRuns(origin, where, 1);
    },
  },
]);

export const codedBodies: readonly Check[] = [
  ...ofOneCoding,
  {
    section: "3.6.5",
    title: "takes what gzip has written at another time for the same",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const first = await send(where, { key: sent, ...gzipAt(1) });
      expectRun(first, 1);
      expectReplay(await send(where, { key: sent, ...gzipAt(6) }), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.6.6",
    title: "compares a body in an unknown coding by its bytes and its coding",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const asked: Ask = { key: sent, json: "{}" };
      const first = await send(where, { ...asked, headers: [["Content-Encoding", "zstd"]] });
      expectRun(first, 1);
      expectReplay(await send(where, { ...asked, headers: [["Content-Encoding", "zstd"]] }), first);
      expectRefusal(await send(where, asked), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
];
