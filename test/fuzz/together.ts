/** Several requests at once, whose bytes reach the gateway in an order that the test chooses. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { type Exchange, exchange } from "./wire.ts";

/** Where a message is cut, and whose piece comes next; both are counted modulo what is left. */
export interface Interleaving {
  readonly cuts: readonly number[];
  readonly order: readonly number[];
}

/** Each of `messages` on a connection of its own, in pieces that take turns. */
export async function exchangeTogether(
  url: URL,
  messages: readonly Buffer[],
  { cuts, order }: Interleaving,
): Promise<Exchange[]> {
  const pieces = messages.map((message) => cut(message, cuts));
  const slots = turnsOf(
    pieces.map(({ length }) => length),
    order,
  );
  const gates = slots.map(() => Promise.withResolvers<void>());
  gates[0]?.resolve();
  const turn = async (message: number, piece: number): Promise<void> => {
    const slot = slots.findIndex((one) => one.message === message && one.piece === piece);
    await gates[slot]?.promise;
    // The piece is written before anything else happens.
    void nextTurn().then(() => gates[slot + 1]?.resolve());
  };
  return Promise.all(pieces.map((own, message) => exchange(url, own, (piece) => turn(message, piece))));
}

function cut(message: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((place) => place % message.length), message.length].toSorted((a, b) => a - b);
  return places.slice(1).map((end, index) => message.subarray(places[index], end));
}

/** All pieces of all messages, each message's own in their order. */
function turnsOf(counts: readonly number[], order: readonly number[]): { message: number; piece: number }[] {
  const next = counts.map(() => 0);
  const slots: { message: number; piece: number }[] = [];
  const total = counts.reduce((sum, count) => sum + count, 0);
  for (let at = 0; slots.length < total; at++) {
    const open = next.flatMap((piece, message) => (piece < (counts[message] ?? 0) ? [{ message, piece }] : []));
    const chosen = open[(order[at % order.length] ?? 0) % open.length];
    if (chosen === undefined) break;
    next[chosen.message] = chosen.piece + 1;
    slots.push(chosen);
  }
  return slots;
}
