// Section 5.6: answers that are too large to keep.

import { gzipSync } from "node:zlib";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { expectBody, expectMark, expectRefusal, expectReplay, expectRuns, expectStatus } from "../expect.ts";
import { answers, cutsBody, heldUntil, tellsItsRun } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

const CAP = 1000;
const BEYOND = "0123456789".repeat(500);

const inChunks: OriginAnswer = async ({ received, response }) => {
  await received.whole;
  response.writeHead(200, { "Content-Type": "text/plain" });
  for (let at = 0; at < BEYOND.length; at += 500) response.write(BEYOND.slice(at, at + 500));
  response.end();
};

const tooLarge: readonly (readonly [title: string, answer: OriginAnswer, body: string])[] = [
  ["one byte beyond max_response_bytes", answers(200, {}, "x".repeat(CAP + 1)), "x".repeat(CAP + 1)],
  ["far beyond max_response_bytes", answers(200, {}, BEYOND), BEYOND],
  ["beyond max_response_bytes without a Content-Length", inChunks, BEYOND],
  ["beyond max_response_bytes and an error", answers(500, {}, BEYOND), BEYOND],
];

export const tombstones: readonly Check[] = [
  {
    section: "5.6.1",
    title: "keeps an answer of exactly max_response_bytes",
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(200, {}, "x".repeat(CAP)));
      const ask = { key: key() };
      const first = await send(path, ask);
      expectBody(first, "x".repeat(CAP));
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  },
  ...tooLarge.map(([title, answer, body]): Check => ({
    section: "5.6.1",
    title: `passes on an answer ${title} whole, and refuses its retries`,
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answer, tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectBody(first, body);
      expectMark(first, "executed");
      expectRefusal(await send(path, ask), "replay_unavailable");
      expectRefusal(await send(path, ask), "replay_unavailable");
      expectRuns(origin, path, 1);
    },
  })),
  {
    section: "5.6.1",
    title: "informs those who joined that the answer was too large",
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, open, join, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, answers(200, {}, BEYOND)), tellsItsRun);
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      const joiner = await join(path, ask);
      release.give();
      expectBody(await original.answer, BEYOND);
      expectRefusal(await joiner.answer, "replay_unavailable");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "5.6.1",
    title: "keeps no tombstone of an answer that was not executed",
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(429, {}, BEYOND), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectStatus(first, 429);
      expectBody(first, BEYOND);
      expectMark(first, "released");
      expectStatus(await send(path, ask), 201);
      expectRuns(origin, path, 2);
    },
  },
  {
    section: "5.6.1",
    title: "runs nothing again after an answer that was cut short beyond max_response_bytes",
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(cutsBody(200, {}, 10_000, 5000), tellsItsRun);
      const ask = { key: key() };
      // Its head may be out by then, so the first client sees a 502 or a broken body, and may see the connection break.
      const first = await send(path, ask).catch(() => undefined);
      if (first !== undefined && first.complete) expectRefusal(first, "origin_unreachable");
      const retry = await send(path, ask);
      expectStatus(retry, 409);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "5.6.1",
    title: "runs nothing again after an answer that only its coding made small",
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, send, key }) => {
      const body = gzipSync("0".repeat(100_000));
      const path = scripted(answers(200, { "Content-Encoding": "gzip" }, body), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectBody(first, "0".repeat(100_000));
      expectRefusal(await send(path, ask), "replay_unavailable");
      expectRuns(origin, path, 1);
    },
  },
];
