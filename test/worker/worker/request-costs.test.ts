/**
 * What each kind of request costs, in counts that no busy machine distorts. A change in either direction fails: see that it is
 * meant, and copy the new line into the table. bench/README.md has what a count is worth in time.
 */

import { env } from "cloudflare:workers";
import { expect, onTestFinished, test } from "vitest";
import { type CostCount, countCosts } from "../../support/cost-count.ts";
import { type Client, type Entry, clientOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer } from "../../support/origin.ts";
import { type RowCount, countRows } from "../../support/row-count.ts";

/** `bytes to` and `bytes from` are those that cross to a key object and back; `ids` are random UUIDs. */
const TABLE = `
kind                 | digests bytes | walks reads | Headers Request Response streams URL | timers aborts ids | calls bytes-to bytes-from | written read | lines bytes
POST without a key   |       0     0 |     2     1 |       0       1        1       0   2 |      0      0   0 |     0        0          0 |       0    0 |     0     0
GET without a key    |       0     0 |     2     1 |       0       1        1       0   2 |      0      0   0 |     0        0          0 |       0    0 |     0     0
new key              |       6   914 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     1289        432 |       4    2 |     1   510
replay               |       6   914 |     1     1 |       0       0        1       0   2 |      1      0   0 |     1     1289        426 |       0    1 |     1   503
new key, and a join  |      12  1828 |     3    10 |       0       1        2       0   4 |      8      1   1 |     2     2578        947 |       4    3 |     2  1040
another request      |       6   539 |     1     1 |       1       0        1       0   2 |      1      0   1 |     1     1102         98 |       0    1 |     1   539
no key               |       0     0 |     1     3 |       1       0        1       0   2 |      0      0   1 |     0        0          0 |       0    0 |     1   393
form                 |       6   626 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     1141        432 |       4    2 |     1   510
key in the body      |       6   838 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     1230        432 |       4    2 |     1   510
derived key          |       6   981 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     1260        432 |       4    2 |     1   510
JSON-RPC call        |       6  1122 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     2318        460 |       4    2 |     1   509
100 KB to the origin |       5   414 |     2     9 |       0       1        1       3   2 |      7      1   1 |     1     1093        432 |       4    3 |     1   510
600 KB from it       |       6   914 |     2     9 |       0       1        1       2   2 |     43      1   1 |     1     1289        239 |       7    5 |     1   510
its replay           |       6   914 |     1     1 |       0       0        1       3   2 |      2      0   0 |     1     1289        233 |       0    7 |     1   503
remember             |       6   914 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     1289        432 |       4    2 |     1   510
within its rate      |       6   914 |     2     9 |       0       1        1       0   2 |      7      1   1 |     1     1289        432 |       4    2 |     1   510
over its rate        |       2    79 |     1     3 |       1       0        1       0   2 |      1      0   1 |     0        0          0 |       0    0 |     1   476
observe              |       6   914 |     2     7 |       0       1        1       0   2 |      1      0   1 |     2     1113        124 |       4    2 |     1   515
log = "changes"      |       6   914 |     2     9 |       0       1        1       0   2 |      6      1   1 |     1     1289        432 |       4    2 |     0     0
cors, debug_timing   |       6   914 |     2    10 |       0       1        1       0   2 |      6      1   1 |     1     1318        432 |       4    2 |     1   510
`;

const FIGURES = [
  ["digests", "digestBytes"],
  ["headerWalks", "headerReads"],
  ["headersMade", "requestsMade", "responsesMade", "streamsMade", "urlsParsed"],
  ["timers", "abortControllers", "randomIds"],
  ["calls", "bytesToObject", "bytesFromObject"],
  ["written", "read"],
  ["logLines", "logBytes"],
] as const satisfies (keyof (CostCount & RowCount))[][];

const PATH = "/v1/charges";
const CHARGE = { amount: 1250, currency: "eur", source: "tok_visa", description: "x".repeat(120) };

type Ask = (client: Client, key: string | null) => Promise<Response>;

/** A POST of `text`. On the wire every client declares its length; here nothing adds it. */
function ofText(text: string, type: string, headers: Record<string, string> = {}): Ask {
  const fields = { "content-type": type, "content-length": String(text.length), ...headers };
  return (client, key) => client.post(PATH, { key, body: text, headers: fields });
}

function ofJson(json: object, headers: Record<string, string> = {}): Ask {
  return ofText(JSON.stringify(json), "application/json", headers);
}

const once = ofJson(CHARGE);

const keyless: Ask = (client) => once(client, null);

interface Kind {
  readonly entry?: Entry;
  /** Bindings of the test's own. */
  readonly bindings?: object;
  /** What is not counted. */
  readonly before?: Ask;
  readonly ask?: Ask;
  readonly status?: number;
  readonly answerBytes?: number;
}

const limiter = (success: boolean): Kind => ({
  entry: { rate_limit: { binding: "LIMITER" } },
  bindings: { LIMITER: { limit: async () => ({ success }) } },
  ...(!success && { status: 429 }),
});

const CALL = { jsonrpc: "2.0", id: 7, method: "tools/call", params: { name: "pay", arguments: CHARGE } };

const KINDS: Readonly<Record<string, Kind>> = {
  "POST without a key": { ask: keyless },
  "GET without a key": { ask: (client) => client.post(PATH, { key: null, method: "GET" }) },
  "new key": {},
  replay: { before: once },
  "new key, and a join": { ask: joined },
  "another request": { before: once, ask: ofJson({}), status: 422 },
  "no key": { entry: { key: "required" }, ask: keyless, status: 400 },
  form: { ask: ofText("amount=1250&currency=eur", "application/x-www-form-urlencoded") },
  "key in the body": { entry: { key_from: ["/source"] }, ask: keyless },
  "derived key": { entry: { derive_key: { window: "5m" } }, ask: keyless },
  "JSON-RPC call": { entry: { profile: "mcp", key_from: ["idempotency-key"] }, ask: ofJson(CALL) },
  "100 KB to the origin": { ask: ofText("x".repeat(100_000), "text/plain") },
  "600 KB from it": { answerBytes: 600_000 },
  "its replay": { answerBytes: 600_000, before: once },
  remember: { entry: { remember: "30d" } },
  "within its rate": limiter(true),
  "over its rate": limiter(false),
  observe: { entry: { mode: "observe" } },
  'log = "changes"': { entry: { log: "changes" } },
  "cors, debug_timing": {
    entry: { cors: { origins: ["https://shop.test"] }, debug_timing: true },
    ask: ofJson(CHARGE, { origin: "https://shop.test" }),
  },
};

/** Of an answer of `bytes`, in pieces as they come from a connection. */
function pieces(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      const piece = new Uint8Array(Math.min(PIECE_BYTES, left));
      left -= piece.byteLength;
      if (piece.byteLength > 0) controller.enqueue(piece);
      else controller.close();
    },
  });
}

const PIECE_BYTES = 16_384;

/** The origin's answer, which must be another one for each call. */
let answer: () => Response | Promise<Response>;

test("every line of the table is of a kind that is counted", () => {
  const [, ...lines] = TABLE.trim().split("\n");
  expect(lines.map((line) => line.split("|")[0]?.trim())).toEqual(Object.keys(KINDS));
});

test.each(Object.entries(KINDS))("%s", async (name, { entry, bindings, before, ask = once, ...kind }) => {
  const { status = 201, answerBytes = 200 } = kind;
  const fetchBefore = globalThis.fetch;
  onTestFinished(() => void (globalThis.fetch = fetchBefore));
  globalThis.fetch = async () => answer();
  answer = () => new Response(pieces(answerBytes), { status: 201 });
  const client = clientOf(entry, {}, bindings);
  const key = uniqueKey();
  // The configuration is read once for each isolate.
  await (await client.fetch("https://api.test/", { method: "GET" })).text();
  if (before !== undefined) await (await before(client, key)).text();
  const { sum, called } = countCosts();
  const rows = await countRows(env.KEYS.getByName(uniqueKey()), (owner) => called.has(owner));
  sum();
  const response = await ask(client, key);
  await response.arrayBuffer();
  expect(response.status).toBe(status);
  await quiet();
  expect(lineOf(name, { ...sum(), ...rows() })).toBe(lineInTable(name));
});

/** An execution, and another request with its key, which joins it. */
async function joined(client: Client, key: string | null): Promise<Response> {
  const held = heldAnswer(() => new Response("x".repeat(200), { status: 201 }));
  let asked = false;
  answer = async () => {
    asked = true;
    return held.answer({} as never, 1);
  };
  const first = once(client, key);
  while (!asked) await scheduler.wait(1);
  const second = once(client, key);
  await scheduler.wait(20);
  held.release();
  await (await first).arrayBuffer();
  return second;
}

/** What a request leaves behind, such as the end of a stream, is counted too. */
async function quiet(): Promise<void> {
  await scheduler.wait(10);
}

function lineOf(name: string, counted: CostCount & RowCount): string {
  const groups = FIGURES.map((figures) => figures.map((figure) => counted[figure]).join(" "));
  return [name, ...groups].join(" | ");
}

function lineInTable(name: string): string | undefined {
  const lines = TABLE.split("\n").map((line) => line.replaceAll(/ +/g, " ").trim());
  return lines.find((line) => line.startsWith(`${name} |`));
}
