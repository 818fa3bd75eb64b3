/** Measures the peak memory of the runtime's process for one body, with a fresh process for each figure. */

import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { peakMegabytes } from "../../test/fault/node/memory.ts";
import { type Setup } from "./setup.ts";

const MB = 1_000_000;
const SETTINGS = { max_response_bytes: 100 * MB, max_request_bytes: 25 * MB };

export type Peak = {
  readonly what: string;
  readonly megabytes: number;
  /** The peak resident set of the process in MB, from the kernel. */
  readonly peak: number;
};

type Scenario = {
  readonly what: string;
  readonly sizes: readonly number[];
  readonly run: (url: string, bytes: number) => Promise<void>;
};

const SCENARIOS: readonly Scenario[] = [
  { what: "nothing", sizes: [0], run: (url) => ask(`${url}/bytes/0`, randomUUID(), 0) },
  { what: "an answer, executed", sizes: [1, 10, 50, 100], run: (url, bytes) => executed(url, bytes, "") },
  { what: "an answer, replayed", sizes: [1, 10, 50, 100], run: (url, bytes) => replayed(url, bytes, "") },
  { what: "a stream, executed", sizes: [1, 10, 50, 100], run: (url, bytes) => executed(url, bytes, "/stream") },
  { what: "a stream, replayed", sizes: [1, 10, 50, 100], run: (url, bytes) => replayed(url, bytes, "/stream") },
  { what: "ten answers in turn, each replayed", sizes: [100], run: tenInTurn },
  { what: "a request, executed", sizes: [1, 10, 25], run: upload },
];

export async function measureMemory(setup: Setup, report: (progress: string) => void): Promise<Peak[]> {
  const peaks: Peak[] = [];
  for (const { what, sizes, run } of SCENARIOS) {
    for (const megabytes of sizes) {
      const routes = [{ match: "POST /bytes/:n/stream", stream: true }];
      const worker = await setup.start("oncegate", { ...SETTINGS, routes });
      // The first request of a process has a cost of its own, which is not the body's.
      await ask(`${worker.url}/bytes/1000`, randomUUID(), 1000);
      await run(worker.url, megabytes * MB);
      const peak = peakMegabytes(worker.folder);
      if (peak === null) throw new Error("this system has no /proc to ask for the memory of a process");
      await worker.stop("at once");
      peaks.push({ what, megabytes, peak });
      report(`${what}, ${megabytes} MB: ${peak} MB at most`);
    }
  }
  return peaks;
}

function executed(url: string, bytes: number, stream: string): Promise<void> {
  return ask(`${url}/bytes/${bytes}${stream}`, randomUUID(), bytes);
}

/** The same process executed the request before, so this is the higher peak of both. */
async function replayed(url: string, bytes: number, stream: string): Promise<void> {
  const key = randomUUID();
  for (let asked = 0; asked < 2; asked++) await ask(`${url}/bytes/${bytes}${stream}`, key, bytes);
}

/** Uncollected garbage does not grow with the number of bodies. */
async function tenInTurn(url: string, bytes: number): Promise<void> {
  for (let answers = 0; answers < 10; answers++) await replayed(url, bytes, "");
}

async function upload(url: string, bytes: number): Promise<void> {
  const piece = Buffer.alloc(65_536, createHash("sha256").update(String(bytes)).digest());
  const { sent, answer } = open(`${url}/upload`, randomUUID(), bytes);
  for (let left = bytes; left > 0; left -= piece.byteLength) {
    if (!sent.write(piece.subarray(0, Math.min(left, piece.byteLength)))) await once(sent, "drain");
  }
  sent.end();
  const response = await answer;
  response.resume();
  if (response.statusCode !== 201) throw new Error(`the upload was answered ${response.statusCode}`);
  await once(response, "end");
}

async function ask(url: string, key: string, bytes: number): Promise<void> {
  const { sent, answer } = open(url, key, 0);
  sent.end();
  let received = 0;
  for await (const piece of await answer) received += (piece as Buffer).byteLength;
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes came`);
}

function open(url: string, key: string, bytes: number) {
  const headers = { "idempotency-key": key, "content-length": bytes };
  const sent = request(url, { method: "POST", headers });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  sent.once("response", resolve).once("error", reject);
  return { sent, answer: promise };
}
