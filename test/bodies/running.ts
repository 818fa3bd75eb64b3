/** A stream under way: the origin has sent its head, and the test says what comes next. */

import { type ServerResponse } from "node:http";
import { type Reader } from "./reader.ts";
import { type Rig, type Operation } from "./rig.ts";
import { sendHead, stage, whenEntered, write } from "./stage.ts";

const EVENTS = { "content-type": "text/event-stream" };
export const BINARY = { "content-type": "application/octet-stream" };

export interface Running {
  readonly operation: Operation;
  readonly first: Reader;
  readonly response: ServerResponse;
}

/** A stream of which the origin has sent the head, and nothing else. */
export async function start(rig: Rig, host: string, headers: Record<string, string> = EVENTS): Promise<Running> {
  const { answer, entered } = stage();
  const operation = rig.operation({ host }, answer);
  const first = operation.reader();
  const response = await whenEntered(entered, first);
  sendHead(response, headers);
  return { operation, first, response };
}

/** The next piece, once it has reached `reader`. */
export async function pass(response: ServerResponse, reader: Reader, piece: string): Promise<void> {
  const bytes = reader.taken.length + Buffer.byteLength(piece);
  await write(response, piece);
  await reader.until(bytes);
}
