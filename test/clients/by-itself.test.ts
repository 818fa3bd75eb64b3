import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { bounded } from "../conformance/bounded.ts";
import { keyOf } from "./api-origin.ts";
import { BY_ITSELF, type Call } from "./by-itself.ts";
import { BY_ITSELF_COLUMNS, readTable } from "./docs.ts";
import { listen } from "./listen.ts";

/** Only where the time-out is looked at, and long enough for a request to arrive within it; otherwise it must not come. */
const SHORT_MS = 1_500;
const LONG_MS = 60_000;

/** A client's retries have ended by then. */
const END_MS = 120_000;

type Act = (request: IncomingMessage, response: ServerResponse) => void;

/** The columns of the table, and how a server fails at every request. */
const FAILURES: readonly (readonly [column: string, act: Act, timeoutMs: number])[] = [
  ["reset", (request) => void request.socket.resetAndDestroy(), LONG_MS],
  ["time-out", () => undefined, SHORT_MS],
  ["409", answers(409), LONG_MS],
  ["422", answers(422), LONG_MS],
  ["429", answers(429), LONG_MS],
  ["500", answers(500), LONG_MS],
  ["503", answers(503, { "retry-after": "1" }), LONG_MS],
];

function answers(status: number, headers: Record<string, string> = {}): Act {
  return (_request, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(`{"error":{"message":"No."}}`);
  };
}

/** The keys of all requests that one call sends to a server that always fails. */
async function keysSent(call: Call, act: Act, timeoutMs: number): Promise<(string | null)[]> {
  const keys: (string | null)[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      keys.push(keyOf(request, body));
      act(request, response);
      return undefined;
    });
  });
  const url = await listen(server);
  // How the call ends is not looked at.
  const ended = call(url, timeoutMs).then(
    () => undefined,
    () => undefined,
  );
  await bounded(ended, END_MS, "the call to end", () => `${keys.length} requests`);
  server.closeAllConnections();
  server.close();
  return keys;
}

const rows = readTable(...BY_ITSELF_COLUMNS);

describe.each(Object.entries(BY_ITSELF))("docs/clients.md says of %s by itself", (name, call) => {
  const known = FAILURES.filter(([column]) => rows.get(name)?.[column] !== "none");

  test.each(known)("how many requests one call sends: %s", async (column, act, timeoutMs) => {
    const keys = await keysSent(call, act, timeoutMs);
    expect(String(keys.length)).toBe(rows.get(name)?.[column]);
  });

  test("which key it sends", async () => {
    const keys = new Set(await keysSent(call, answers(500), LONG_MS));
    const forms = [...keys].map((key) => key?.replace(/[0-9a-f]{8}-[0-9a-f-]{27}$/, "…"));
    expect(forms.map((form) => (form === undefined ? "no" : `\`${form}\``))).toEqual([
      rows.get(name)?.["key by itself"],
    ]);
  });
});
