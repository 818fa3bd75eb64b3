/**
 * Rows that a request writes and reads: one for each key that is put or got, and one written for each `setAlarm`.
 * test/worker/key-object/rows.test.ts counts them again, and fails if they differ.
 */

export type Rows = { readonly written: number; readonly read: number };

export const MEASURED_ROWS = {
  /** The first request of a key, with an answer up to 64 KiB: `pending`, its alarm, the answer, its alarm. */
  executed: { written: 4, read: 2 },
  replayed: { written: 0, read: 1 },
  joined: { written: 0, read: 1 },
  /** The alarm looks at the record and calls `deleteAll`, which reports no rows. */
  expired: { written: 0, read: 1 },
  /** Where the key is remembered, the alarm at the end of the term first writes the record without its answer, and an alarm. */
  remembered: { written: 2, read: 1 },
  /** The shadow of a request in observe mode: as an executed one, and its conclusion looks again. */
  observed: { written: 4, read: 2 },
  /** A journal's count of one kind of request. */
  counted: { written: 1, read: 1 },
  /** A journal's entry, with its index: for an outcome that becomes unknown, and again when that ends. */
  noted: { written: 2, read: 1 },
} as const satisfies Record<string, Rows>;
