/** Every way in which an origin may close, break or garble an exchange, and the answer that its client gets. */

import { type Socket } from "node:net";
import { type Behaviour, wellFormed } from "./raw-origin.ts";

type Left = "unknown" | "completed";

export interface OriginFault {
  readonly the: string;
  /** How the connection ends. */
  readonly next: string;
  readonly behaviour: Behaviour;
  /** What the first client may be answered, and what that leaves behind. */
  readonly answers: Readonly<Record<string, Left>>;
  /** A body that no socket buffer holds. */
  readonly isLarge?: true;
  /** Ends at `origin_deadline` only. */
  readonly isSlow?: true;
}

const UNREACHABLE = { "502 origin_unreachable": "unknown" } as const;
const EXECUTED = { executed: "completed" } as const;

const resets = (socket: Socket): void => void socket.resetAndDestroy();
const closes = (socket: Socket): void => void socket.end();
const ENDS = { resets, closes };

/** Writes `bytes` and then ends the connection; the bytes are on their way before it ends. */
function writes(bytes: string, end: (socket: Socket) => void): Behaviour {
  return { act: (socket) => void socket.write(bytes, "latin1", () => setImmediate(end, socket)) };
}

/** Each of the two ways in which a connection can end behind `bytes`. */
function endsBehind(the: string, bytes: string): OriginFault[] {
  return Object.entries(ENDS).map(([next, end]) => ({
    the,
    next,
    behaviour: writes(bytes, end),
    answers: UNREACHABLE,
  }));
}

function stays(the: string, bytes: string, answers: OriginFault["answers"] = UNREACHABLE): OriginFault {
  return { the, next: "stays", behaviour: { act: (socket) => void socket.write(bytes, "latin1") }, answers };
}

/** Acts when it has the head, long before the body of the request has come. */
function early(the: string, next: string, act: (socket: Socket) => void, answers: OriginFault["answers"]): OriginFault {
  return { the, next, behaviour: { at: "head", act }, answers, isLarge: true };
}

const HEAD = "HTTP/1.1 201 Created\r\n";
const LENGTH_20 = `${HEAD}content-length: 20\r\n\r\n`;
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const GOOD = wellFormed("run 1");
const TIMED_OUT = { "504 origin_timeout": "unknown" } as const;
const UNTIL_CLOSE = `${HEAD}connection: close\r\n\r\n`;

export const ORIGIN_FAULTS: readonly OriginFault[] = [
  ...endsBehind("reads the request", ""),
  ...endsBehind("sends half a status line", "HTTP/1.1 20"),
  ...endsBehind("sends a status line", HEAD),
  ...endsBehind("sends half a header line", `${HEAD}content-le`),
  ...endsBehind("sends half of the header lines", `${HEAD}content-length: 20\r\n`),
  ...endsBehind("sends a head that promises 20 bytes", LENGTH_20),
  ...endsBehind("sends 10 bytes of 20", `${LENGTH_20}0123456789`),
  ...endsBehind("sends 19 bytes of 20", `${LENGTH_20}0123456789012345678`),
  ...endsBehind("sends a head that promises chunks", CHUNKED),
  ...endsBehind("sends half a chunk", `${CHUNKED}14\r\n0123456789`),
  ...endsBehind("sends a chunk and no last one", `${CHUNKED}a\r\n0123456789\r\n`),
  ...endsBehind("sends half of the last chunk", `${CHUNKED}a\r\n0123456789\r\n0\r`),
  ...endsBehind("sends an interim answer only", "HTTP/1.1 100 Continue\r\n\r\n"),
  ...endsBehind("sends early hints only", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
  ...endsBehind("sends garbage", "\x16\x03\x01 no HTTP at all \r\n\r\n"),
  {
    the: "sends a body that ends where the connection does",
    next: "resets",
    behaviour: writes(`${UNTIL_CLOSE}0123456789`, resets),
    answers: UNREACHABLE,
  },
  {
    the: "sends a body that ends where the connection does",
    next: "closes",
    behaviour: writes(`${UNTIL_CLOSE}run 1`, closes),
    answers: EXECUTED,
  },
  { the: "answers", next: "closes", behaviour: writes(GOOD, closes), answers: EXECUTED },
  // The reset may overtake the answer in the gateway's socket.
  { the: "answers", next: "resets", behaviour: writes(GOOD, resets), answers: { ...EXECUTED, ...UNREACHABLE } },
  stays("answers after interim answers", `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n${GOOD}`, EXECUTED),
  stays(
    "sends more than its Content-Length says",
    `${HEAD}content-length: 5\r\n\r\nrun 1${wellFormed("run 9")}`,
    EXECUTED,
  ),
  stays("answers twice", `${GOOD}${wellFormed("run 9")}`, EXECUTED),
  stays("sends garbage", "no HTTP at all\r\n\r\n"),
  stays("sends a chunk size that is none", `${CHUNKED}zz\r\n0123456789\r\n0\r\n\r\n`),
  stays("sends a Content-Length that is none", `${HEAD}content-length: x\r\n\r\n`),
  stays("sends two Content-Lengths", `${HEAD}content-length: 5\r\ncontent-length: 20\r\n\r\nrun 1`),
  stays("sends a megabyte of headers", `${HEAD}${"x-filler: 0123456789\r\n".repeat(50_000)}content-length: 0\r\n\r\n`),
  stays("sends status 600", wellFormed("", "600 Odd")),
  stays("sends status 42", wellFormed("", "42 Odd")),
  stays("switches protocols unasked", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n"),

  { ...stays("never answers", "", TIMED_OUT), isSlow: true },
  { ...stays("sends interim answers only", "HTTP/1.1 199 Odd\r\n\r\n", TIMED_OUT), isSlow: true },
  { ...stays("sends half the head", `${HEAD}content-le`, TIMED_OUT), isSlow: true },
  { ...stays("sends 10 bytes of 20", `${LENGTH_20}0123456789`), isSlow: true },
  { ...stays("sends a chunk and no last one", `${CHUNKED}a\r\n0123456789\r\n`), isSlow: true },

  early("has half the request", "resets", resets, UNREACHABLE),
  early("has half the request", "closes", closes, UNREACHABLE),
  early("answers before it has the request", "reads on", (socket) => void socket.write(GOOD), EXECUTED),
  early(
    "answers before it has the request",
    "reads no more",
    (socket) => {
      socket.pause();
      // Or the next request would be sent on this connection, should socket buffers have taken the whole of this one.
      socket.write(`${HEAD}connection: close\r\ncontent-length: 5\r\n\r\nrun 1`);
    },
    EXECUTED,
  ),
  early("answers before it has the request", "closes", (socket) => void socket.end(GOOD), {
    ...EXECUTED,
    ...UNREACHABLE,
  }),
  early(
    "answers before it has the request",
    "resets",
    (socket) => void socket.write(GOOD, () => setImmediate(resets, socket)),
    { ...EXECUTED, ...UNREACHABLE },
  ),
];
