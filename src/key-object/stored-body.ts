/** Where the body of an answer is stored. */

/** Bodies up to this size are part of the record's own value, and in memory, so that most answers are one row. */
export const INLINE_BYTES_MAX = 65_536;

/** Where the body of a stored answer is: in the record's own value, or in this many chunks. */
export interface StoredBody {
  readonly inline: Uint8Array | null;
  readonly chunks: number;
}

export const NO_BODY: StoredBody = { inline: null, chunks: 0 };
