/** The body of a request that a key covers, or is looked for in: read as a whole, within bounds of size, time and memory. */

import { type Policy } from "../config/policy.ts";
import { type BodyBudget } from "../http/body-budget.ts";
import { type Reading, declaredLength, readUpTo } from "../http/body.ts";
import { type Fields } from "../http/fields.ts";
import { HeldBody } from "../http/held-body.ts";
import { PIECE_BYTES } from "../http/pieces.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { DigestInPieces, sha256 } from "../identity/digest.ts";
import { unreachable } from "../record/record.ts";

export type BodyBounds = Pick<Policy, "requestBytesMax" | "uploadTimeoutMs" | "uploadIdleTimeoutMs">;

/** After its upload, a request waits for less than this: for a limiter, a look, a call, a second call and a look. */
const LIFE_AFTER_UPLOAD_MS = 5 * 60_000;

/** How long a body may be held, from the beginning of its upload. */
export function lifeMsOf({ uploadTimeoutMs }: Pick<BodyBounds, "uploadTimeoutMs">): number {
  return uploadTimeoutMs + LIFE_AFTER_UPLOAD_MS;
}

/** A body that has arrived as a whole. `sha256` is lower-case hex. */
export interface HeldRequestBody {
  readonly held: HeldBody;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

interface ReceivedBody {
  readonly headers: Fields;
  readonly request: Pick<Request, "body" | "signal">;
}

/** The whole body of a request and its digest, or the reason why it can't be read. */
export async function readRequestBody(
  { headers, request }: ReceivedBody,
  bounds: BodyBounds,
  budget: BodyBudget,
): Promise<HeldRequestBody | Refusal> {
  const { body } = request;
  const { requestBytesMax: bytesMax, uploadTimeoutMs, uploadIdleTimeoutMs } = bounds;
  const declared = declaredLength(headers);
  // Saves the upload where the client itself declares a length that is too large.
  if (declared !== null && declared > bytesMax) return tooLarge(bytesMax);
  if (!budget.hasRoomFor(declared ?? 0)) return refuse("overloaded");
  const lease = budget.lease(lifeMsOf(bounds));
  // The platform ends the code of a request whose client has left, and nothing after an `await` runs any more.
  if (body !== null) request.signal.addEventListener("abort", () => lease.release());
  // For a small body one digest of the whole costs less than a digest stream. If more arrives than was declared, the digest is
  // still that of all.
  const digest = body === null || (declared !== null && declared <= PIECE_BYTES) ? null : new DigestInPieces();
  let held: HeldBody | null = null;
  try {
    const reading = await readUpTo(body, bytesMax, {
      ...(declared !== null && { expectedBytes: declared }),
      timeouts: { wholeMs: uploadTimeoutMs, idleMs: uploadIdleTimeoutMs },
      reserve: (bytes) => lease.resize(bytes),
      onPiece: (piece) => digest?.update(piece),
    });
    if (reading.end !== "whole") return refusalOf(reading, bytesMax);
    lease.resize(reading.bytes.byteLength);
    const digested = await (digest === null ? sha256(reading.bytes) : digest.finish());
    held = new HeldBody(reading.bytes, lease);
    return new Held(held, digested);
  } finally {
    if (held === null) lease.release();
  }
}

function refusalOf(reading: Exclude<Reading, { end: "whole" }>, bytesMax: number): Refusal {
  switch (reading.end) {
    case "broken":
      return refuse("body_incomplete");
    case "late":
      return refuse("body_timeout");
    case "no room":
      return refuse("overloaded");
    case "overflowed":
      // Left open: the caller discards the rest.
      reading.rest.releaseLock();
      return tooLarge(bytesMax);
    default:
      return unreachable(reading);
  }
}

class Held implements HeldRequestBody {
  readonly held: HeldBody;
  readonly sha256: string;

  constructor(held: HeldBody, sha256: string) {
    this.held = held;
    this.sha256 = sha256;
  }

  get bytes(): Uint8Array {
    return this.held.bytes;
  }
}

/** Null where the client declares none that can be read. */
function tooLarge(bytesMax: number): Refusal {
  return refuse(
    "body_too_large",
    `This operation accepts bodies of at most ${bytesMax} bytes where a key covers them or may be in them. Nothing was sent to the origin.`,
  );
}
