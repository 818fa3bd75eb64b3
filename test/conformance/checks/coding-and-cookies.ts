// Sections 7.4 and 7.5: content coding of keyed answers, and cookies.

import assert from "node:assert/strict";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { header, lines } from "../client.ts";
import { expectBody, expectMark, expectRefusal, expectReplay, expectRuns, expectStatus, show } from "../expect.ts";
import { answers, heldUntil, tellsItsRun } from "../origin-answers.ts";

const PLAIN = '{"text":"plain plain plain plain"}';
const codings = [
  ["gzip", gzipSync(PLAIN)],
  ["br", brotliCompressSync(PLAIN)],
  ["deflate", deflateSync(PLAIN)],
  ["zstd", zstdCompressSync(PLAIN)],
] as const;

const etags = [
  ["weakens a strong", '"v1"', 'W/"v1"'],
  ["leaves a weak", 'W/"v1"', 'W/"v1"'],
] as const;

const COOKIES = ["a=1; Path=/; HttpOnly", "b=2; Expires=Tue, 24 Nov 2026 00:00:00 GMT", "c=3"];

function decodes(coding: string, encoded: Buffer, [what, etag, expected]: (typeof etags)[number]): Check {
  return {
    section: "7.4.2",
    title: `decodes an answer that comes as ${coding} all the same, and ${what} ETag`,
    run: async ({ origin, scripted, send, key }) => {
      const headers = { "Content-Type": "application/json", "Content-Encoding": coding, ETag: etag };
      const [path, ask] = [scripted(answers(200, headers, encoded), tellsItsRun), { key: key() }];
      const first = await send(path, ask);
      assert.equal(header(first, "content-encoding"), undefined, show(first));
      expectBody(first, PLAIN);
      assert.equal(header(first, "etag"), expected);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  };
}

function leavesAlone(coding: string): Check {
  return {
    section: "7.4.2",
    title: `leaves the strong ETag of an answer alone that does not come as ${coding}`,
    run: async ({ scripted, send, key }) => {
      const path = scripted(answers(200, { ETag: '"v1"' }, PLAIN));
      const answer = await send(path, { key: key(), headers: [["Accept-Encoding", coding]] });
      assert.equal(header(answer, "etag"), '"v1"');
    },
  };
}

export const codingAndCookies: readonly Check[] = [
  {
    section: "7.4.1",
    title: "asks the origin for no content coding of a keyed answer",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectStatus(await send(where, { key: key(), headers: [["Accept-Encoding", "gzip, br"]] }), 201);
      assert.deepEqual(lines(await origin.arrived(where), "accept-encoding"), ["identity"]);
    },
  },
  ...codings.flatMap(([coding, encoded]) => etags.map((etag) => decodes(coding, encoded, etag))),
  ...codings.map(([coding]) => leavesAlone(coding)),
  ...["dcb", "compress", "gzip, br"].map((coding): Check => ({
    section: "7.4.3",
    title: `passes an answer on as it is that comes as ${coding}, and names the coding to its retries`,
    run: async ({ origin, scripted, send, key }) => {
      const encoded = Buffer.from([0x78, 0x9c, 0, 1, 2, 255]);
      const headers = { "Content-Encoding": coding, ETag: '"v1"' };
      const [path, ask] = [scripted(answers(200, headers, encoded), tellsItsRun), { key: key() }];
      const first = await send(path, ask);
      assert.equal(header(first, "content-encoding"), coding, show(first));
      expectBody(first, encoded);
      assert.equal(header(first, "etag"), '"v1"');
      const { detail } = expectRefusal(await send(path, ask), "replay_unavailable");
      assert.ok(String(detail).includes(`"${coding}"`), String(detail));
      expectRuns(origin, path, 1);
    },
  })),
  {
    section: "7.4.2",
    title: "never runs a request again whose answer can't be decoded",
    run: async ({ origin, scripted, send, key }) => {
      const broken = gzipSync(PLAIN).fill(0xff, 12);
      const [path, ask] = [scripted(answers(200, { "Content-Encoding": "gzip" }, broken)), { key: key() }];
      // What the client gets is not for the protocol to say; that nothing hangs or runs again is.
      await send(path, ask);
      await send(path, ask);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "7.5.1",
    title: "gives the first client each cookie on its own line, and replays none",
    run: async ({ origin, scripted, send, key }) => {
      const [path, ask] = [scripted(answers(200, { "Set-Cookie": COOKIES }, "in"), tellsItsRun), { key: key() }];
      const first = await send(path, ask);
      assert.deepEqual(lines(first, "set-cookie"), COOKIES);
      const replay = await send(path, ask);
      expectReplay(replay, first);
      assert.deepEqual(lines(replay, "set-cookie"), []);
      expectRuns(origin, path, 1);
    },
  },
  ...[
    ["a final answer", 200],
    ["an answer that was not executed", 401],
    ["an answer with an unknown outcome", 502],
  ].map(([title, status]): Check => ({
    section: "7.5.1",
    title: `gives no cookie of ${title} to those who join`,
    run: async ({ origin, scripted, open, join, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, answers(Number(status), { "Set-Cookie": COOKIES }, "in")));
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      const joiner = await join(path, ask);
      release.give();
      assert.deepEqual(lines(await original.answer, "set-cookie"), COOKIES);
      const joined = await joiner.answer;
      expectStatus(joined, Number(status));
      assert.deepEqual(lines(joined, "set-cookie"), []);
      expectRuns(origin, path, 1);
    },
  })),
  {
    section: "7.5.1",
    title: "replays each cookie on its own line where the policy says so",
    needs: "replay_set_cookie",
    run: async ({ origin, scripted, send, key }) => {
      const [path, ask] = [scripted(answers(200, { "Set-Cookie": COOKIES }, "in"), tellsItsRun), { key: key() }];
      assert.deepEqual(lines(await send(path, ask), "set-cookie"), COOKIES);
      const replay = await send(path, ask);
      expectMark(replay, "replayed");
      assert.deepEqual(lines(replay, "set-cookie"), COOKIES);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "7.5.1",
    title: "passes each cookie of a keyless answer on its own line",
    run: async ({ scripted, send }) => {
      const answer = await send(scripted(answers(200, { "Set-Cookie": COOKIES }, "in")));
      assert.deepEqual(lines(answer, "set-cookie"), COOKIES);
    },
  },
];
