/** What a running handler gets, and what its record says, where its key object ends before it: at a reset, or at `origin_deadline`. */

import { abortAllDurableObjects } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { problemOf, statusOf, uniqueKey } from "../support/gateway.ts";
import { arrived, finished, release, seenAt } from "./app.ts";

function post(path: string, key: string): Promise<Response> {
  return exports.default.fetch(`https://api.test${path}`, {
    method: "POST",
    body: "{}",
    headers: { authorization: "Bearer alice", "content-type": "application/json", "idempotency-key": key },
  });
}

/** Looks every millisecond: a promise of one context must not be awaited in another. */
async function until(isSo: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 3000 && !isSo(); tries++) await scheduler.wait(1);
  return isSo();
}

const signalAt = (path: string): boolean => seenAt(path)[0]?.signal.aborted === true;

/** Long enough for a handler that still runs: it looks every millisecond. */
const RUNS_ON_MS = 100;

test("a reset, as by a deploy: its signal fires, it runs no further, and the outcome is unknown", async () => {
  const [path, key] = [`/held/${uniqueKey()}`, uniqueKey()];
  const first = post(path, key);
  await arrived(path);
  await abortAllDurableObjects();
  expect(await problemOf(await first)).toBe("409 outcome_unknown");
  expect(await until(() => signalAt(path))).toBe(true);
  release(path);
  await scheduler.wait(RUNS_ON_MS);
  expect(finished).not.toContain(path);
  const retry = await post(path, key);
  expect(statusOf(retry)).toBe("unknown");
  expect(seenAt(path)).toHaveLength(1);
});

test("a reset: what it gave to waitUntil runs on, and the outcome is unknown all the same", async () => {
  const [path, key] = [`/goes-on/${uniqueKey()}`, uniqueKey()];
  const first = post(path, key);
  await arrived(path);
  await abortAllDurableObjects();
  expect(await problemOf(await first)).toBe("409 outcome_unknown");
  release(path);
  expect(await until(() => finished.has(path))).toBe(true);
  expect(await problemOf(await post(path, key))).toBe("409 outcome_unknown");
  expect(seenAt(path)).toHaveLength(1);
});

test("origin_deadline: its signal fires, it runs no further, and the outcome is unknown", async () => {
  const [path, key] = [`/late/${uniqueKey()}`, uniqueKey()];
  const first = await post(path, key);
  expect(statusOf(first)).toBe("unknown");
  expect(await until(() => signalAt(path))).toBe(true);
  release(path);
  await scheduler.wait(RUNS_ON_MS);
  expect(finished).not.toContain(path);
  expect(await problemOf(await post(path, key))).toBe("409 outcome_unknown");
  expect(seenAt(path)).toHaveLength(1);
});
