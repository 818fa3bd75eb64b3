/** Chunks that no record refers to, because an answer was too large, broke off, or its process died. */

import { type KeyRecord, type UnreadableRecord } from "../record/record.ts";
import { type ChunkStore } from "./chunk-store.ts";
import { type Found } from "./record-store.ts";
import { type Recording } from "./recording.ts";

export class Leftover {
  readonly #chunks: ChunkStore;
  /** Its chunks are deleted when its readers have read them, or earlier, at the next change of the record. */
  #recording: Recording | null = null;

  constructor(chunks: ChunkStore) {
    this.#chunks = chunks;
  }

  /** Keeps the chunks of `recording` for its readers. */
  keep(recording: Recording): void {
    this.#recording = recording;
  }

  /** Deletes the chunks of `recording` when its present readers have read it, if they are left over. */
  async dropWhenRead(recording: Recording, withinMs: number): Promise<void> {
    if (this.#recording !== recording) return;
    await recording.readersGone(withinMs);
    if (this.#recording === recording) this.drop(null);
  }

  /** Deletes all that is left over, also of the attempt that `found` names: a process may have died while it stored them. */
  drop(found: Found | null): void {
    const left = this.cut();
    if (left !== null) this.#chunks.drop(left.attemptId);
    const named = namedBy(found?.record ?? null);
    if (named !== null && named !== left?.attemptId) this.#chunks.drop(named, found?.body.chunks);
  }

  /** Cuts its readers, where the chunks are deleted in another way. */
  cut(): Recording | null {
    const left = this.#recording;
    this.#recording = null;
    left?.cut();
    return left;
  }
}

/** The attempt whose chunks the record names. */
export function namedBy(record: KeyRecord | UnreadableRecord | null): string | null {
  return record === null || record.state === "unreadable" ? null : record.attempt.id;
}
