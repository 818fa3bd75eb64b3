// The origin of the bursts. /together/COUNT/BYTES waits until COUNT requests have come, so that all of them are open at once, and
// then sends BYTES to each, as fast as it is read. Where a gateway refuses some of them, it waits until no more come. Any other path
// is answered at once.

import { type ServerResponse, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { Readable } from "node:stream";

const PIECE = Buffer.alloc(65_536, "oncegate ");
const NO_MORE_MS = 5000;
let waiting: NodeJS.Timeout | undefined;
let held: { response: ServerResponse; bytes: number }[] = [];

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.byteLength) yield PIECE.subarray(0, Math.min(left, PIECE.byteLength));
}

function answer(response: ServerResponse, bytes: number): void {
  response.writeHead(201, { "content-type": "application/octet-stream", "content-length": bytes });
  Readable.from(pieces(bytes)).pipe(response);
}

function answerHeld(): void {
  for (const { response, bytes } of held) answer(response, bytes);
  held = [];
}

const server = createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    const [, path, count, bytes] = (request.url ?? "").split("/");
    if (path !== "together") return answer(response, 200);
    held.push({ response, bytes: Number(bytes) });
    clearTimeout(waiting);
    if (held.length === Number(count)) answerHeld();
    else waiting = setTimeout(answerHeld, NO_MORE_MS);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once("SIGTERM", () => process.exit());
