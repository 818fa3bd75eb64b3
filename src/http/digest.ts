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
  const encoded = parts.map((part) => (part === null ? null : encoder.encode(part)));
  const framed = new Uint8Array(encoded.reduce((sum, part) => sum + 4 + (part?.byteLength ?? 0), 0));
  const view = new DataView(framed.buffer);
  let at = 0;
  for (const part of encoded) {
    view.setUint32(at, part?.byteLength ?? ABSENT);
    at += 4;
    if (part === null) continue;
    framed.set(part, at);
    at += part.byteLength;
  }
  return sha256(framed);
}

function hex(buffer: ArrayBuffer): string {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += byte.toString(16).padStart(2, "0");
  return text;
}
