/**
 * The body of a large request on its way into this object. All of it must be here before anything is sent, so that no client can
 * cut it short. The record may change meanwhile, so the request is decided again afterwards.
 */

import { type StreamedForward, type Upload, receiveBody } from "../call/upload.ts";
import { Waiters } from "./waiters.ts";

export class Preparation {
  readonly #waiters = new Waiters<object>();

  /** Waits for its end, at most `waitMs`. Null where too many wait already. */
  wait(waitMs: number, bodyBytes: number): Promise<object | null> | null {
    return this.#waiters.wait(waitMs, bodyBytes);
  }

  /** `then` decides about the request again. Those who wait go on once it has begun. */
  async run<T>(forward: StreamedForward, then: (upload: Upload) => Promise<T>): Promise<T> {
    const upload = await receiveBody(forward);
    try {
      // Not awaited: those who wait join what it begins.
      return then(upload);
    } finally {
      this.#waiters.wake(() => ({}));
    }
  }
}
