/**
 * The trailers in a gRPC-Web body, its last frame (grpc/grpc, doc/PROTOCOL-WEB.md, "Message framing"): one byte of flags, four of
 * length, then lines as in an HTTP/1.1 head. Servers put `grpc-status` there, and in the head only of an answer without a body.
 */

import { Gathered } from "../http/gathered.ts";
import { type BodyFacts, type GrpcWebForm } from "../record/outcome-rule.ts";

/** A larger body is not read, as for JSON. It bounds memory. */
const BODY_BYTES_MAX = 1_000_000;

const FRAME_HEAD_BYTES = 5;
const TRAILERS_FLAG = 0x80;

export class GrpcWebTrailers {
  readonly #form: GrpcWebForm;
  readonly #body = new Gathered();
  #isTooLarge = false;

  constructor(form: GrpcWebForm) {
    this.#form = form;
  }

  add(piece: Uint8Array): void {
    this.#isTooLarge ||= this.#body.byteLength + piece.byteLength > BODY_BYTES_MAX;
    if (this.#isTooLarge) this.#body.free();
    else this.#body.append(piece);
  }

  /** Null where the body can't be read. */
  read(): BodyFacts["trailer"] {
    if (this.#isTooLarge) return null;
    const frames = this.#form === "binary" ? this.#body.bytes : fromBase64(this.#body.bytes);
    const trailers = frames === null ? null : trailersOf(frames);
    return trailers === null ? null : (name) => trailers.get(name);
  }
}

/** A server may pad each frame, so padding does not end the text. Null where it is not base64. */
function fromBase64(body: Uint8Array): Uint8Array | null {
  try {
    const parts = new TextDecoder().decode(body).match(/[^=]+=*/g) ?? [];
    const decoded = parts.map((part) => atob(part)).join("");
    return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Null where the frames don't end with uncompressed trailers. An answer without a body has no trailers but its headers. */
function trailersOf(body: Uint8Array): Headers | null {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at + FRAME_HEAD_BYTES <= body.byteLength;) {
    const end = at + FRAME_HEAD_BYTES + view.getUint32(at + 1);
    const flags = view.getUint8(at);
    if (flags === TRAILERS_FLAG && end === body.byteLength) return fieldsOf(body.subarray(at + FRAME_HEAD_BYTES));
    at = end;
  }
  return body.byteLength === 0 ? new Headers() : null;
}

/** Null where a line is no field. */
function fieldsOf(block: Uint8Array): Headers | null {
  try {
    const lines = new TextDecoder()
      .decode(block)
      .split("\r\n")
      .filter((line) => line !== "");
    return new Headers(lines.map((line) => splitAt(line, line.indexOf(":"))));
  } catch {
    return null;
  }
}

/** Without a colon, the name is empty, which no field may have. */
function splitAt(line: string, at: number): [string, string] {
  return [line.slice(0, Math.max(at, 0)), line.slice(at + 1)];
}
