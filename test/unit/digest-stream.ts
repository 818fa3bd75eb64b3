/** The platform's `crypto.DigestStream`, which Node doesn't have. */

import { createHash } from "node:crypto";

class DigestStream extends WritableStream<Uint8Array> {
  readonly digest: Promise<ArrayBuffer>;

  constructor(algorithm: string) {
    if (algorithm !== "SHA-256") throw new Error(`no tests need ${algorithm}`);
    const hash = createHash("sha256");
    const { promise, resolve } = Promise.withResolvers<ArrayBuffer>();
    super({
      write: (piece) => {
        hash.update(piece);
      },
      close: () => resolve(new Uint8Array(hash.digest()).buffer),
    });
    this.digest = promise;
  }
}

Object.assign(crypto, { DigestStream });
