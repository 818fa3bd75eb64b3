// The origin of the measurements. /bytes/N sends N bytes as fast as the client reads them; /first-byte sends its head and
// a first event at once and the rest later; /upload reads the request.

import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { Readable } from "node:stream";

const PIECE = Buffer.alloc(65_536, "oncegate ");
const LATER_MS = 30;

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.byteLength) yield PIECE.subarray(0, Math.min(left, PIECE.byteLength));
}

const server = createServer((request, response) => {
  request.resume();
  request.once("end", () => {
    const [, path = "", bytes = "0"] = (request.url ?? "").split("/");
    if (path === "bytes") {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      Readable.from(pieces(Number(bytes))).pipe(response);
    } else if (path === "first-byte") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: first\n\n");
      setTimeout(() => response.end("data: last\n\n"), LATER_MS);
    } else response.writeHead(201, { "content-type": "text/plain" }).end("taken");
  });
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once("SIGTERM", () => process.exit());
