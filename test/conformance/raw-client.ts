// A TCP connection on which a check writes what no HTTP client would, and reads the bytes as they come.

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { bounded } from "./bounded.ts";

export type RawConnection = {
  readonly socket: Socket;
  readonly write: (bytes: string | Uint8Array) => Promise<void>;
  /** Everything received so far. */
  readonly received: () => Buffer;
  /** Resolves when the bytes received so far contain `text`, or with what came when the other side closed. */
  readonly until: (text: string, timeoutMs?: number) => Promise<Buffer>;
  /** Resolves with everything when the other side has closed. */
  readonly closed: (timeoutMs?: number) => Promise<Buffer>;
  readonly reset: () => void;
};

const RAW_TIMEOUT_MS = 60_000;

export async function connectRaw(base: URL): Promise<RawConnection> {
  const isSecure = base.protocol === "https:";
  const port = Number(base.port) || (isSecure ? 443 : 80);
  const socket = isSecure
    ? connectTls({ host: base.hostname, port, servername: base.hostname })
    : connect({ host: base.hostname, port, allowHalfOpen: true });
  await bounded(
    new Promise((resolve) => socket.once(isSecure ? "secureConnect" : "connect", resolve)),
    RAW_TIMEOUT_MS,
    `a connection to ${base.host}`,
  );
  const chunks: Buffer[] = [];
  const received = (): Buffer => Buffer.concat(chunks);
  const ended = new Promise<void>((resolve) => {
    socket.once("end", resolve);
    socket.once("close", () => resolve());
  });
  // A reset by the other side also closes, which `ended` reports.
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));

  const seen = (): string => JSON.stringify(received().toString("latin1").slice(0, 500));
  const arrives = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!received().includes(text)) return;
        socket.off("data", look);
        resolve();
      };
      socket.on("data", look);
      look();
    });

  return {
    socket,
    received,
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    until: async (text, timeoutMs = RAW_TIMEOUT_MS) => {
      await bounded(Promise.race([arrives(text), ended]), timeoutMs, `the bytes ${JSON.stringify(text)}`, seen);
      return received();
    },
    closed: async (timeoutMs = RAW_TIMEOUT_MS) => {
      await bounded(ended, timeoutMs, "the connection to be closed", seen);
      socket.destroy();
      return received();
    },
    reset: () => void socket.resetAndDestroy(),
  };
}

export type RawAnswer = {
  readonly status: number;
  readonly head: string;
  /** Everything after the head, chunk framing included. */
  readonly rest: Buffer;
};

/** Splits the bytes of one answer; throws with them where they are none. Interim 1xx answers are skipped. */
export function splitAnswer(bytes: Buffer): RawAnswer {
  const end = bytes.indexOf("\r\n\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(bytes.toString("latin1"))?.[1]);
  if (end === -1 || !Number.isInteger(status)) {
    throw new Error(`expected an HTTP answer, got ${JSON.stringify(bytes.toString("latin1").slice(0, 500))}`);
  }
  const rest = bytes.subarray(end + 4);
  if (status >= 100 && status < 200 && status !== 101) return splitAnswer(rest);
  return { status, head: bytes.subarray(0, end + 4).toString("latin1"), rest };
}
