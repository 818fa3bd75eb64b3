/** Bursts of new keys that are open all at once: the most that the process and its heap hold. */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { BodyBudget } from "../../src/http/body-budget.ts";
import { connectInspector, inspectorAddress } from "../support/inspector.ts";
import { peakResidentMegabytes, residentMegabytes } from "../support/process.ts";
import { type Runtime, type StorageName, type WorkerName } from "../support/runtime.ts";
import { heapBytesKept, heapBytesPeak } from "./heap.ts";

export type Burst = {
  readonly name: string;
  readonly what: string;
  readonly count: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** The least that does the same. */
  readonly floor: WorkerName;
};

const MB = 1_000_000;

export const BURSTS: readonly Burst[] = [
  {
    name: "small",
    what: "1,000 new keys at once, requests of 1 KB",
    count: 1000,
    requestBytes: 1000,
    answerBytes: 200,
    floor: "bare-kv",
  },
  {
    name: "large",
    what: "200 new keys at once, requests of 1 MB",
    count: 200,
    requestBytes: MB,
    answerBytes: 200,
    floor: "bare-kv",
  },
  {
    name: "answers",
    what: "50 new keys at once, answers of 50 MB",
    count: 50,
    requestBytes: 1000,
    answerBytes: 50 * MB,
    floor: "bare-chunks",
  },
];

/** In megabytes, except for `refused`. */
export type Held = {
  /** Requests that Oncegate refused with 503 to stay within its bound for bodies in memory. */
  readonly refused: number;
  readonly residentBefore: number;
  readonly residentPeak: number;
  readonly heapBefore: number;
  readonly heapPeak: number;
  /** After a collection, while the objects of the keys are still in memory. */
  readonly heapKept: number;
};

/** Oncegate waits for the slowest: all requests must come before the first is answered. */
const SETTINGS = { max_response_bytes: 50 * MB, max_request_bytes: MB, origin_timeout: "10m", idle_timeout: "10m" };

const EXECUTED = 201;
const REFUSED = 503;

/** Longer than any of them takes on a busy machine. A request without an answer ends the run. */
const ANSWER_TIMEOUT_MS = 600_000;

type Place = {
  readonly runtime: Runtime;
  readonly origin: string;
  readonly storage: StorageName;
};

/** In a new process. */
export async function measureBurst(
  { runtime, origin, storage }: Place,
  side: WorkerName,
  { count, requestBytes, answerBytes }: Burst,
): Promise<Held> {
  const address = await inspectorAddress();
  const settings = side === "oncegate" ? { settings: SETTINGS } : {};
  const worker = await runtime.start(side, { origin, storage, inspector: address, ...settings });
  const inspector = await connectInspector(address);
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  try {
    const poke = (): Promise<number> => ask({ url: `${worker.url}/alone`, agent, bytes: 10 });
    // The first request with a key compiles what all of them run.
    await ask({ url: `${worker.url}/alone`, agent, bytes: requestBytes, key: randomUUID() });
    const heapBefore = await heapBytesKept(inspector, poke);
    const residentBefore = residentMegabytes(worker.pid);
    const url = `${worker.url}/together/${count}/${answerBytes}`;
    const send = (): Promise<number> => ask({ url, agent, bytes: requestBytes, key: randomUUID() });
    let refused = 0;
    const heapPeak = await heapBytesPeak(inspector, async () => {
      const statuses = await Promise.all(Array.from({ length: count }, send));
      refused = statuses.filter((status) => status === REFUSED).length;
    });
    const mayRefuse = side === "oncegate" && !new BodyBudget().hasRoomFor(count * requestBytes);
    if (refused > 0 && !mayRefuse) throw new Error(`${side} refused ${refused} requests of ${requestBytes} bytes`);
    const heapKept = await heapBytesKept(inspector, poke);
    return {
      refused,
      residentBefore,
      residentPeak: peakResidentMegabytes(worker.pid),
      heapBefore: heapBefore / MB,
      heapPeak: heapPeak / MB,
      heapKept: heapKept / MB,
    };
  } finally {
    agent.destroy();
    inspector.close();
    await worker.discard();
  }
}

type Asked = { readonly url: string; readonly agent: Agent; readonly bytes: number; readonly key?: string };

/** Resolves with the status, which is 201 or 503. */
async function ask({ url, agent, bytes, key }: Asked): Promise<number> {
  const headers = { "content-length": bytes, authorization: "Bearer bench", ...(key && { "idempotency-key": key }) };
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const sent = request(url, { method: "POST", headers, agent, signal });
  sent.end(Buffer.alloc(bytes, "x"));
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  const { statusCode = 0 } = answer;
  if (statusCode !== EXECUTED && statusCode !== REFUSED) throw new Error(`${url} was answered ${statusCode}`);
  return statusCode;
}
