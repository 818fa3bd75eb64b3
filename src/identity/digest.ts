/** SHA-256 digests. */

const encoder = new TextEncoder();

/** Replaces the length of an absent part, so that absent and empty parts differ. */
const ABSENT = 0xffff_ffff;

/** Lower-case hex SHA-256 of `bytes`. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

/** SHA-256 of bytes as they arrive, so that a large body needs no second pass. */
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

/** Lower-case hex SHA-256 over `parts`. Each part is preceded by its length, so different lists never make the same input. */
export async function digestOf(parts: readonly (string | null)[]): Promise<string> {
  // A UTF-16 code unit takes at most three bytes in UTF-8.
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
