/** SHA-256 over parts that can't run into each other. */

const encoder = new TextEncoder();

/** In place of a length, for a part that is absent: absent and empty are not the same. */
const ABSENT = 0xffff_ffff;

/** Lower-case hex SHA-256 of `bytes`. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

/** SHA-256 of bytes as they come, so that no second pass goes over a large body. */
export class DigestInPieces {
  readonly #stream = new crypto.DigestStream("SHA-256");
  readonly #writer = this.#stream.getWriter();

  update(piece: Uint8Array): Promise<void> {
    return this.#writer.write(piece);
  }

  /** Lower-case hex. */
  async finish(): Promise<string> {
    await this.#writer.close();
    return hex(await this.#stream.digest);
  }
}

/** Lower-case hex SHA-256 over `parts`, each preceded by its length, so that no part can imitate another's edge. */
export async function digestOf(parts: readonly (string | null)[]): Promise<string> {
  // In UTF-8 a UTF-16 unit takes three bytes at most.
  const framed = new Uint8Array(parts.reduce((sum, part) => sum + 4 + 3 * (part?.length ?? 0), 0));
  const view = new DataView(framed.buffer);
  let at = 0;
  for (const part of parts) {
    const bytes = part === null ? 0 : encoder.encodeInto(part, framed.subarray(at + 4)).written;
    view.setUint32(at, part === null ? ABSENT : bytes);
    at += 4 + bytes;
  }
  return sha256(framed.subarray(0, at));
}

const DIGITS = "0123456789abcdef";

function hex(buffer: ArrayBuffer): string {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15);
  return text;
}
