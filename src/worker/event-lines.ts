/** Finds the JSON in a `text/event-stream`, byte by byte (HTML, 9.2.6): the values of its `data` lines. */

import { unreachable } from "../record/record.ts";

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const DATA = [0x64, 0x61, 0x74, 0x61];
const MARK = [0xef, 0xbb, 0xbf];

/** `json`: a byte of a data line's value. `break`: the end of such a line. `end`: the blank line after an event. */
export type EventByte = "json" | "break" | "end" | "other";

export class EventLines {
  #line: "name" | "space" | "data" | "other" = "name";
  #nameBytes = 0;
  #isAfterCr = false;
  /** How much of a byte order mark was read; null after the beginning of the stream. */
  #mark: number | null = 0;

  /** Whether all bytes up to the next line break are JSON. */
  get isInData(): boolean {
    return this.#line === "data";
  }

  read(byte: number): EventByte {
    const isSecondHalf = byte === LF && this.#isAfterCr;
    this.#isAfterCr = byte === CR;
    if (isSecondHalf) return "other";
    if (this.#mark !== null) {
      this.#mark = byte === MARK[this.#mark] ? this.#mark + 1 : null;
      if (this.#mark !== null) return "other";
    }
    if (byte === LF || byte === CR) return this.#endLine();
    switch (this.#line) {
      case "name":
        this.#readName(byte);
        return "other";
      case "space":
        this.#line = "data";
        return byte === SPACE ? "other" : "json";
      case "data":
        return "json";
      case "other":
        return "other";
      default:
        return unreachable(this.#line);
    }
  }

  #readName(byte: number): void {
    if (byte === COLON && this.#nameBytes === DATA.length) this.#line = "space";
    else if (byte === DATA[this.#nameBytes]) this.#nameBytes++;
    else this.#line = "other";
  }

  #endLine(): EventByte {
    const isBlank = this.#line === "name" && this.#nameBytes === 0;
    const isData = this.#line === "data";
    this.#line = "name";
    this.#nameBytes = 0;
    if (isBlank) return "end";
    return isData ? "break" : "other";
  }
}
