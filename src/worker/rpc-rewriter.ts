/**
 * Makes the answer to a JSON-RPC call the answer to another sending of it, as it passes: in a response, the id, and in a
 * notification, the progress token (docs/protocol.md 3.13). Every other byte stays.
 */

import { parseJson } from "../identity/json.ts";
import { unreachable } from "../record/record.ts";
import { EventLines } from "./event-lines.ts";
import { type Found, JsonRpcLexer, type MessageKind } from "./json-rpc-lexer.ts";

/** From canonical JSON to the text that replaces it. */
export interface RpcChange {
  readonly ids: ReadonlyMap<string, string>;
  readonly tokens: ReadonlyMap<string, string>;
}

/**
 * How much of a message is held back behind its id, until another member shows whether it is a response. Servers write
 * `result`, `error` or `method` next to the id.
 */
const HELD_BYTES_MAX = 65_536;

/** No id or token of 256 characters is longer, however they are escaped. */
const SCALAR_BYTES_MAX = 1538;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

const QUOTE = 0x22;

/** What is written of an id in each case. */
interface HeldId {
  readonly kept: Uint8Array;
  readonly changed: Uint8Array;
}

/** A scalar that is being read. */
interface OpenScalar {
  readonly found: Found;
  /** What its message was when it began. */
  readonly kind: MessageKind;
  /** Null where it is too long to be an id: its bytes are written as they come. */
  bytes: number[] | null;
}

export class RpcRewriter {
  readonly #change: RpcChange;
  readonly #lexer = new JsonRpcLexer();
  readonly #lines: EventLines | null;
  #scalar: OpenScalar | null = null;
  /** From the first id on of a message that may be a request; null where nothing is held back. */
  #held: (Uint8Array | HeldId)[] | null = null;
  #heldBytes = 0;
  #out: Uint8Array[] = [];

  /** `isEvents`: the answer is an event stream, and not JSON. */
  constructor(change: RpcChange, isEvents: boolean) {
    this.#change = change;
    this.#lines = isEvents ? new EventLines() : null;
  }

  /** The answer up to the end of `piece`, as far as it can be passed on. Throws at a number that is too long to be compared. */
  push(piece: Uint8Array): Uint8Array {
    /** Where the bytes begin that are not written yet. */
    let from = 0;
    for (let at = this.#skip(piece, 0); at < piece.byteLength; at = this.#skip(piece, at + 1)) {
      const byte = piece[at] ?? 0;
      if (this.#read(byte)) {
        if (this.#scalar === null) {
          this.#write(piece.subarray(from, at));
          from = at;
        }
        if (this.#collect(byte)) from = at + 1;
      } else if (this.#scalar !== null) this.#endScalar();
      if (this.#held !== null) this.#passHeld();
    }
    this.#write(piece.subarray(from));
    return this.#taken();
  }

  /** What is left at the end of the answer. */
  end(): Uint8Array {
    if (this.#scalar !== null) this.#endScalar();
    if (this.#held !== null) this.#release(true);
    return this.#taken();
  }

  #skip(piece: Uint8Array, from: number): number {
    if (this.#lines?.isInData === false) return from;
    const at = this.#lexer.skip(piece, from);
    if (this.#held !== null) this.#heldBytes += at - from;
    return at;
  }

  /** Whether the byte belongs to an id or a token. */
  #read(byte: number): boolean {
    if (this.#lines === null) return this.#lexer.read(byte);
    const kind = this.#lines.read(byte);
    switch (kind) {
      case "json":
        return this.#lexer.read(byte);
      case "break":
        this.#lexer.breakLine();
        return false;
      case "end":
        this.#lexer.reset();
        return false;
      case "other":
        return false;
      default:
        return unreachable(kind);
    }
  }

  /** Whether the byte is kept until the end of its scalar. */
  #collect(byte: number): boolean {
    this.#scalar ??= { found: this.#lexer.found, kind: this.#lexer.kind, bytes: [] };
    const { bytes } = this.#scalar;
    if (bytes === null) return false;
    bytes.push(byte);
    if (bytes.length > SCALAR_BYTES_MAX) {
      // Zeros could make the same number of any length.
      if (bytes[0] !== QUOTE) throw new Error("a number in the place of an id is too long");
      this.#scalar.bytes = null;
      this.#write(new Uint8Array(bytes));
    }
    return true;
  }

  #endScalar(): void {
    const scalar = this.#scalar;
    this.#scalar = null;
    if (scalar === null || scalar.bytes === null) return;
    const kept = new Uint8Array(scalar.bytes);
    const { ids, tokens } = this.#change;
    const name = canonical(kept);
    const text = name === null ? undefined : (scalar.found === "id" ? ids : tokens).get(name);
    if (text === undefined || (scalar.found === "id" && scalar.kind === "request")) return this.#write(kept);
    const changed = encoder.encode(text);
    if (scalar.found === "token" || scalar.kind === "response") return this.#write(changed);
    this.#held ??= [];
    this.#held.push({ kept, changed });
  }

  #write(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    (this.#held ?? this.#out).push(bytes);
  }

  /** Counts a byte behind an id, and writes what is held back where it need not be any longer. */
  #passHeld(): void {
    const { kind } = this.#lexer;
    // Beyond the bound it may be a response, and must not be that to another call.
    if (kind !== "open" || ++this.#heldBytes > HELD_BYTES_MAX) this.#release(kind !== "request");
  }

  /** Writes what is held back. A message that shows nothing else counts as a response. */
  #release(isResponse: boolean): void {
    for (const one of this.#held ?? []) {
      if (one instanceof Uint8Array) this.#out.push(one);
      else this.#out.push(isResponse ? one.changed : one.kept);
    }
    this.#held = null;
    this.#heldBytes = 0;
  }

  #taken(): Uint8Array {
    const out = this.#out;
    this.#out = [];
    return concatenated(out);
  }
}

export function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

/** Null where the bytes are no JSON scalar. */
function canonical(bytes: Uint8Array): string | null {
  try {
    const node = parseJson(utf8.decode(bytes));
    return typeof node === "string" ? node : null;
  } catch {
    // Not UTF-8, so not JSON (RFC 8259, 8.1).
    return null;
  }
}
