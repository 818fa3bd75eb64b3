/** Finds what goes wrong with a line: by the probes, and by a crash while it has a finished and a running request. */

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { freshKey } from "../support/load.ts";
import { type Runtime } from "../support/runtime.ts";
import { type Line } from "./lines.ts";
import { startProbedOrigin } from "./probed-origin.ts";
import { type Asked, type Peered, type Response, faultsOfProbes } from "./probes.ts";
import { type RunningPeer, startPeer } from "./start.ts";

const CRASH_FAULTS = { lost: "records lost in a crash", again: "a second execution after a crash" } as const;

/** A second run would begin in a few milliseconds. */
const SECOND_RUN_WAIT_MS = 3000;

/** Longer than any peer waits for a running request. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Their names. A crash comes last. */
export async function faultsOf(runtime: Runtime, line: Line): Promise<string[]> {
  const origin = await startProbedOrigin();
  let running: RunningPeer | null = null;
  try {
    running = await startPeer(runtime, line.peer, origin.url, line);
    const { url } = running;
    const found = await faultsOfProbes({ origin, ask: (asked) => ask(url, asked) });
    const beforeCrash = { origin, ask: (asked: Asked) => ask(url, asked) };
    const retry = await askBefore(beforeCrash);
    running = await running.crash();
    const after = running.url;
    return [...found, ...(await retry({ origin, ask: (asked) => ask(after, asked) }))];
  } finally {
    await running?.stop();
    await origin.stop();
  }
}

/** Resolves when one request is finished and one runs. The result retries both, and names what went wrong. */
async function askBefore({ ask, origin }: Peered): Promise<(peer: Peered) => Promise<string[]>> {
  const finished = { path: "/plain/crash", key: freshKey() };
  const unanswered = { path: "/never-answered/crash", key: freshKey() };
  const first = await ask(finished);
  void ask(unanswered);
  await origin.ran(unanswered.path, 1);
  return async (peer) => {
    const again = await peer.ask(finished);
    await Promise.race([peer.ask(unanswered), sleep(SECOND_RUN_WAIT_MS)]);
    const isLost = again?.body !== first?.body || origin.runsOf(finished.path) !== 1;
    const isAgain = origin.runsOf(unanswered.path) !== 1;
    return [...(isLost ? [CRASH_FAULTS.lost] : []), ...(isAgain ? [CRASH_FAULTS.again] : [])];
  };
}

async function ask(url: string, asked: Asked): Promise<Response> {
  const { path, key, caller = "Bearer bench", body = "{}", hangUp } = asked;
  const fields = { "content-type": "application/json", authorization: caller, "idempotency-key": key };
  const headers = { ...fields, "content-length": body.length };
  const sent = request(url + path, { method: "POST", headers, agent: false, timeout: ANSWER_TIMEOUT_MS });
  sent.once("timeout", () => sent.destroy(new Error("no answer")));
  // A client that dies, or loses its network for good, ends in a reset.
  hangUp?.addEventListener("abort", () => sent.socket?.resetAndDestroy(), { once: true });
  sent.end(body);
  try {
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    const shown = ["content-type", "location", "x-charge"].map((name) => `${name}: ${String(answer.headers[name])}`);
    return { status: answer.statusCode ?? 0, body: await text(answer), fields: shown };
  } catch {
    // The peer broke the connection, or the probe did.
    return null;
  }
}
