/** The bodies of requests and answers. Each says what it belongs to, and no two are equal. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The request of `variant`. */
export function requestBody(variant: number, bytes: number): Uint8Array<ArrayBuffer> {
  return filled(`{"amount":${amountOf(variant)}}`, bytes);
}

export function amountOf(variant: number): number {
  // A variant is another body, or another caller with the same body.
  return variant === 1 ? 200 : 100;
}

/** The amount in a whole body; -1 where it is none. */
export function amountIn(body: Uint8Array, bytes: number): number {
  for (const variant of [0, 1]) if (isSame(body, requestBody(variant, bytes))) return amountOf(variant);
  return -1;
}

export function answerBody(id: string, bytes: number): Uint8Array<ArrayBuffer> {
  return filled(`${id}|`, bytes);
}

/** What the answer that begins with `body` belongs to; null where the body is shorter than that. */
export function answerIdIn(body: Uint8Array): string | null {
  const text = decoder.decode(body.subarray(0, 16));
  const end = text.indexOf("|");
  return end < 0 ? null : text.slice(0, end);
}

/** Different everywhere, so that pieces that are left out, doubled or in another order make another body. */
function filled(head: string, bytes: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(Math.max(head.length, bytes));
  encoder.encodeInto(head, body);
  for (let at = head.length; at < body.length; at++) body[at] = 33 + ((at * at * 31 + at * 7 + (at >> 3)) % 90);
  return body;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && isPrefix(one, other);
}

export function isPrefix(part: Uint8Array, whole: Uint8Array): boolean {
  if (part.byteLength > whole.byteLength) return false;
  for (let at = 0; at < part.byteLength; at++) if (part[at] !== whole[at]) return false;
  return true;
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}
