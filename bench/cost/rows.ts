/**
 * Rows that a request writes and reads, by the SQL cursors, and one written for each `setAlarm`. test/worker/rows.test.ts
 * counts them anew, and fails where these are not what it counts.
 */

export type Rows = { readonly written: number; readonly read: number };

export const MEASURED_ROWS = {
  /**
   * The first request of a key, with an answer up to 64 KiB: `pending`, its alarm, the answer, its alarm; and 2 for the
   * table that a new object has to create.
   */
  executed: { written: 6, read: 5 },
  replayed: { written: 0, read: 2 },
  joined: { written: 0, read: 1 },
  /** The alarm looks at the record and calls `deleteAll`, which has no cursor. */
  expired: { written: 0, read: 1 },
} as const satisfies Record<string, Rows>;
