/** Bytes to the gateway on a connection of their own, and the answers that come back. */

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { unchunk } from "./origin.ts";

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface Exchange {
  /** In their order; interim answers (1xx) are left out. */
  readonly answers: readonly Answer[];
  /** What came behind the last whole answer. */
  readonly rest: string;
  /** Whether the gateway ended the connection in time. */
  readonly ended: boolean;
}

/** With no answer after this time the client says that it sends no more: most oddities are about bytes that never come. */
const SILENCE_MS = 200;

/** The longest wait of a tenant is below this, and a busy machine adds to it. */
const END_TIMEOUT_MS = 15_000;

/** Sends `pieces`, and reads until the gateway ends the connection. Each piece is a write of its own, after `turn`. */
export async function exchange(
  url: URL,
  pieces: readonly Buffer[],
  turn: (piece: number) => Promise<void> = () => Promise.resolve(),
): Promise<Exchange> {
  const socket = connect({ host: url.hostname, port: Number(url.port), allowHalfOpen: true });
  const isHead = pieces[0]?.subarray(0, 5).toString("latin1") === "HEAD ";
  let bytes = Buffer.alloc(0);
  const { promise: ended, resolve: end } = Promise.withResolvers<true>();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  socket.on("error", () => undefined);
  socket.once("end", () => end(true));
  socket.once("close", () => end(true));
  socket.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    if (answersIn(bytes, isHead).answers.length > 0) answer();
  });
  for (const [index, piece] of pieces.entries()) {
    await turn(index);
    if (socket.writable) socket.write(piece);
  }
  await Promise.race([answered, ended, sleep(SILENCE_MS)]);
  socket.end();
  const inTime = await Promise.race([ended, sleep(END_TIMEOUT_MS, false)]);
  socket.destroy();
  return { ...answersIn(bytes, isHead), ended: inTime };
}

function answersIn(bytes: Buffer, isHead: boolean): Pick<Exchange, "answers" | "rest"> {
  const answers: Answer[] = [];
  let rest = bytes;
  for (;;) {
    const found = firstAnswer(rest, isHead);
    if (found === null) return { answers, rest: rest.toString("latin1") };
    if (found.answer.status >= 200 || found.answer.status === 101) answers.push(found.answer);
    rest = rest.subarray(found.bytes);
  }
}

function firstAnswer(bytes: Buffer, isHead: boolean): { answer: Answer; bytes: number } | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return null;
  const [line = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return null;
  const fields = new Map<string, string>();
  for (const text of lines) {
    const [name = "", ...value] = text.split(":");
    const before = fields.get(name.toLowerCase());
    const here = value.join(":").trim();
    fields.set(name.toLowerCase(), before === undefined ? here : `${before}, ${here}`);
  }
  const rest = bytes.subarray(end + 4);
  const hasNoBody = isHead || status < 200 || status === 204 || status === 304;
  const body = hasNoBody ? { content: Buffer.alloc(0), length: 0 } : bodyIn(rest, fields);
  if (body === null) return null;
  return { answer: { status, fields, body: body.content.toString("latin1") }, bytes: end + 4 + body.length };
}

function bodyIn(rest: Buffer, fields: ReadonlyMap<string, string>): { content: Buffer; length: number } | null {
  if (fields.get("transfer-encoding") === "chunked") return unchunk(rest);
  const length = Number(fields.get("content-length") ?? "0");
  return rest.length < length ? null : { content: rest.subarray(0, length), length };
}
