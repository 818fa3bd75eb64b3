/**
 * Follows JSON-RPC messages in JSON text, byte by byte, as far as ids and progress tokens need it. It does not validate: in text
 * that is not JSON it finds nothing, or places that no parser would read.
 */

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const RECORD_SEPARATOR = 0x1e;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A byte order mark, which some readers accept before JSON. */
const MARK: ReadonlySet<number> = new Set([0xef, 0xbb, 0xbf]);

/** `progressToken` with each character escaped has 78 bytes. No longer name is looked for. */
const NAME_BYTES_MAX = 78;

const utf8 = new TextDecoder();

/** What a scalar is, by its place in a message. */
export type Found = "id" | "token" | null;

/** What the message that is being read is, as far as its members show. Null outside of messages. */
export type MessageKind = "open" | "response" | "request" | null;

export class JsonRpcLexer {
  /** Of the scalar that `read` was in last. */
  found: Found = null;
  kind: MessageKind = null;
  /** How many arrays and objects are open. */
  #depth = 0;
  /** The depth inside the message: 1, or 2 in a batch. 0 outside of messages. */
  #message = 0;
  #isInParams = false;
  /** Of the two objects that are looked into: whether a string is the name of a member, and the name of the last one. */
  #expectsName = false;
  #name = "";
  #nameInParams = "";
  #scalar: "string" | "bare" | null = null;
  #isEscaped = false;
  /** The bytes of a name, at most one more than are looked for; null where the string is none. */
  #nameBytes: number[] | null = null;
  #isForeign = false;

  /** Forgets the text so far: another one begins. */
  reset(): void {
    this.#depth = 0;
    this.#leaveMessage();
    this.#scalar = null;
    this.#isForeign = false;
  }

  /** The text goes on in another line of an event. No string contains a line break, so a text with one is no JSON. */
  breakLine(): void {
    if (this.#scalar !== "string") return void this.read(LF);
    this.reset();
    this.#isForeign = true;
  }

  /** Where `read` must go on in `piece`: most bytes are inside of strings, and none of them changes what is known. */
  skip(piece: Uint8Array, from: number): number {
    if (this.#scalar !== "string" || this.found !== null || this.#nameBytes !== null || this.#isEscaped) return from;
    let at = from;
    while (at < piece.byteLength && !isSpecialInString(piece[at])) at++;
    return at;
  }

  /** Reads one byte, and returns whether it belongs to a scalar that is `found`. */
  read(byte: number): boolean {
    if (this.#isForeign) return false;
    if (this.#scalar === "string") return this.#readInString(byte);
    if (this.#scalar === "bare") {
      if (!isDelimiter(byte)) return this.found !== null;
      this.#scalar = null;
    }
    return this.#readOutside(byte);
  }

  #readOutside(byte: number): boolean {
    switch (byte) {
      case TAB:
      case LF:
      case CR:
      case SPACE:
        return false;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#open(byte === OPEN_OBJECT);
        return false;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        this.#close();
        return false;
      case COMMA:
        if (this.#isLookedInto) this.#expectsName = true;
        return false;
      case COLON:
        if (this.#isLookedInto) this.#expectsName = false;
        return false;
      default:
        return this.#beginScalar(byte);
    }
  }

  /** Whether the innermost open object is a message or its `params`. */
  get #isLookedInto(): boolean {
    return this.#message > 0 && this.#depth === this.#message + (this.#isInParams ? 1 : 0);
  }

  #open(isObject: boolean): void {
    const isMessage = isObject && this.#message === 0 && this.#depth <= 1;
    if (isMessage) {
      this.#message = this.#depth + 1;
      this.kind = "open";
      this.#expectsName = true;
    } else if (isObject && this.#isLookedInto && !this.#isInParams && this.#name === "params") {
      this.#isInParams = true;
      this.#nameInParams = "";
      this.#expectsName = true;
    }
    this.#depth++;
  }

  #close(): void {
    if (this.#isLookedInto) {
      if (this.#isInParams) this.#isInParams = false;
      else this.#leaveMessage();
      this.#expectsName = false;
    }
    if (this.#depth > 0) this.#depth--;
  }

  #leaveMessage(): void {
    this.#message = 0;
    this.#isInParams = false;
    this.kind = null;
    this.#name = "";
  }

  #beginScalar(byte: number): boolean {
    if (this.#depth === 0) {
      // JSON-RPC messages are objects and arrays, so this is another kind of text.
      if (byte !== RECORD_SEPARATOR && !MARK.has(byte)) this.#isForeign = true;
      return false;
    }
    const isHere = this.#isLookedInto;
    const isString = byte === QUOTE;
    const isName = isHere && isString && this.#expectsName;
    this.#scalar = isString ? "string" : "bare";
    this.#isEscaped = false;
    this.#nameBytes = isName ? [] : null;
    this.found = isHere && !isName ? this.#foundHere(isString) : null;
    return this.found !== null;
  }

  #foundHere(isString: boolean): Found {
    if (this.#isInParams) return this.#nameInParams === "progressToken" ? "token" : null;
    // Some servers write `null` for a member that is not there.
    if (this.#name === "method" && isString && this.kind === "open") this.kind = "request";
    return this.#name === "id" ? "id" : null;
  }

  #readInString(byte: number): boolean {
    const isFound = this.found !== null;
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#scalar = null;
      if (this.#nameBytes !== null) this.#endName(this.#nameBytes);
      return isFound;
    }
    if (this.#nameBytes !== null && this.#nameBytes.length <= NAME_BYTES_MAX) this.#nameBytes.push(byte);
    return isFound;
  }

  #endName(bytes: readonly number[]): void {
    const name = bytes.length > NAME_BYTES_MAX ? "" : textOf(`"${utf8.decode(new Uint8Array(bytes))}"`);
    if (this.#isInParams) this.#nameInParams = name;
    else this.#name = name;
    if (!this.#isInParams && this.kind === "open" && (name === "result" || name === "error")) this.kind = "response";
  }
}

/** A line break is none of JSON, but may end a line of an event stream. */
function isSpecialInString(byte: number | undefined): boolean {
  return byte === QUOTE || byte === BACKSLASH || byte === LF || byte === CR;
}

/** What ends a number or a literal. */
function isDelimiter(byte: number): boolean {
  switch (byte) {
    case TAB:
    case LF:
    case CR:
    case SPACE:
    case COMMA:
    case COLON:
    case OPEN_OBJECT:
    case OPEN_ARRAY:
    case CLOSE_OBJECT:
    case CLOSE_ARRAY:
    case QUOTE:
      return true;
    default:
      return false;
  }
}

/** Empty where it is no JSON string: no reader finds a member by it. */
function textOf(literal: string): string {
  try {
    const text: unknown = JSON.parse(literal);
    return typeof text === "string" ? text : "";
  } catch {
    // An invalid escape or a control character: the text is not JSON.
    return "";
  }
}
