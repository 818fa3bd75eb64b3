// Replaces the gateway in tests of the storm: one process, everything in memory, no limits.

import { createServer } from "node:http";
import { type IncomingMessage } from "node:http";
import { afterEach } from "vitest";

type Stored = { readonly status: number; readonly body: string };
type StubRecord = { readonly request: string; readonly answer: Promise<Stored>; done: boolean };

export type StubGateway = { readonly url: string };

const undos: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const undo of undos.splice(0).toReversed()) await undo();
});

/** Closes `thing` after the current test. */
export function closing<T extends { readonly close: () => Promise<void> }>(thing: T): T {
  undos.push(() => thing.close());
  return thing;
}

/** Sends each key once to `originUrl`, joins and replays the rest, and refuses a key with another body. */
export async function startStubGateway(originUrl: string): Promise<StubGateway> {
  const records = new Map<string, StubRecord>();
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    const key = String(request.headers["idempotency-key"]);
    const known = records.get(key);
    if (known !== undefined && known.request !== body) {
      response.writeHead(422, { "Idempotency-Status": "refused" });
      response.end(JSON.stringify({ code: "key_reused", retryable: false }));
      return;
    }
    const mark = known === undefined ? "executed" : known.done ? "replayed" : "joined";
    const record = known ?? remember(records, key, body, originUrl);
    const stored = await record.answer;
    record.done = true;
    response.writeHead(stored.status, { "Idempotency-Status": `${mark}; recorded=@1`, "Idempotency-Key": key });
    response.end(stored.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}` };
}

function remember(records: Map<string, StubRecord>, key: string, body: string, originUrl: string): StubRecord {
  const record: StubRecord = { request: body, answer: forward(originUrl, key, body), done: false };
  records.set(key, record);
  return record;
}

async function forward(originUrl: string, key: string, body: string): Promise<Stored> {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const response = await fetch(`${originUrl}/v1/charges`, { method: "POST", headers, body });
  return { status: response.status, body: await response.text() };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return text;
}
