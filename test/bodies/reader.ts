/** A client that reads an answer at its own speed: what it does not take stays in the sockets, and then at the gateway. */

import { type ClientRequest, type IncomingMessage } from "node:http";
import { bounded } from "../conformance/bounded.ts";
import { type Answer, type Ask, headOf, send } from "../conformance/client.ts";

const READ_TIMEOUT_MS = 60_000;

export class Reader {
  readonly #request: ClientRequest;
  readonly #incoming: Promise<IncomingMessage>;
  readonly #what: string;
  readonly #started = performance.now();
  #chunks: AsyncIterator<Buffer> | null = null;
  #taken: Buffer[] = [];

  constructor(base: URL, path: string, ask: Ask) {
    this.#what = `the answer to ${path}`;
    this.#request = send(base, path, ask);
    const incoming = new Promise<IncomingMessage>((resolve, reject) => {
      this.#request.once("response", resolve);
      this.#request.on("error", reject);
    });
    this.#incoming = bounded(incoming, READ_TIMEOUT_MS, `the head of ${this.#what}`);
  }

  get head(): Promise<Pick<Answer, "status" | "headers">> {
    return this.#incoming.then(headOf);
  }

  /** All that was taken so far. */
  get taken(): Buffer {
    return Buffer.concat(this.#taken);
  }

  /** Takes on until there are `bytes` in all, or the answer ends. */
  async until(bytes: number): Promise<Buffer> {
    const incoming = await this.#incoming;
    let length = this.taken.length;
    while (length < bytes) {
      const chunk = await this.#next(incoming);
      if (chunk === null) break;
      this.#taken.push(chunk);
      length += chunk.length;
    }
    return this.taken;
  }

  /** Takes all that is left. */
  async answer(): Promise<Answer> {
    const incoming = await this.#incoming;
    await this.until(Infinity);
    const elapsedMs = performance.now() - this.#started;
    return { ...headOf(incoming), body: this.taken, complete: incoming.complete, elapsedMs };
  }

  /** Breaks the connection off, as a killed client does. */
  leave(): void {
    this.#request.on("error", () => undefined);
    this.#request.socket?.resetAndDestroy();
    this.#request.destroy();
  }

  /** Null at the end, be it the proper one or not. */
  async #next(incoming: IncomingMessage): Promise<Buffer | null> {
    this.#chunks ??= incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
    const next = this.#chunks.next().catch(() => null);
    const saw = (): string => `${this.taken.length} bytes`;
    const result = await bounded(next, READ_TIMEOUT_MS, `more of ${this.#what}`, saw);
    return result === null || result.done === true ? null : result.value;
  }
}
