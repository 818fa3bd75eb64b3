import { statfsSync } from "node:fs";

/** What a record takes at rest, and its share of the files that are there while its object is in memory. */
const RECORD_BYTES = 16 * 1024;

/** Throws if `folder` has no room for so many records, of which each is a file. A full disk would end the run after hours. */
export function assertRoom(folder: string, records: number): void {
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  const needed = records * RECORD_BYTES;
  if (bavail * bsize < needed) {
    throw new Error(
      `${records} records need ${gigabytes(needed)} in ${folder}, which has ${gigabytes(bavail * bsize)}`,
    );
  }
  // Some file systems have no number of inodes.
  if (files > 0 && ffree < records) throw new Error(`${records} records need as many inodes; ${folder} has ${ffree}`);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
