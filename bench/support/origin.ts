// The origin of the measurements, in its own process. It answers each request with 201 and a body of about 200 bytes that
// contains its number. It does not use node:http, so that it takes a fraction of the measured CPU time. It reads what the
// runtime and Node send: one request at a time per connection, with a Content-Length or without a body.
//
//   node origin.ts [DELAY_MS]

import { type Socket, createServer } from "node:net";
import { type AddressInfo } from "node:net";

const delayMs = Number(process.argv[2] ?? 0);
const PADDING = "x".repeat(150);
let served = 0;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  let waiting = Buffer.alloc(0);
  socket.on("data", (piece) => {
    waiting = waiting.byteLength === 0 ? piece : Buffer.concat([waiting, piece]);
    for (let taken = takeRequest(waiting); taken !== null; taken = takeRequest(waiting)) {
      waiting = waiting.subarray(taken);
      if (delayMs === 0) answer(socket);
      else setTimeout(answer, delayMs, socket);
    }
  });
  socket.on("error", () => socket.destroy());
});

/** The length of the first complete request in `bytes`; null if it is incomplete. */
function takeRequest(bytes: Buffer): number | null {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString("latin1", 0, head + 2))?.[1] ?? "0";
  const end = head + 4 + Number(length);
  return bytes.byteLength < end ? null : end;
}

function answer(socket: Socket): void {
  const body = JSON.stringify({ charge: ++served, status: "succeeded", note: PADDING });
  socket.write(
    `HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once("SIGTERM", () => process.exit());
