// The marks of a restored storage. It knows nothing of keys that were first used after its backup, and would run them again. So it
// starts on hold until an operator releases it.

import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const RESTORED = "RESTORED";

/** There while files are copied: what it marks is no storage yet. */
const RESTORING = "RESTORING";

export type StorageState =
  | { readonly kind: "own" }
  /** `text` is the mark's own, which names the backup's time. */
  | { readonly kind: "restored"; readonly text: string }
  | { readonly kind: "half restored" };

export function stateOf(storage: string): StorageState {
  if (existsSync(join(storage, RESTORING))) return { kind: "half restored" };
  const mark = join(storage, RESTORED);
  if (!existsSync(mark)) return { kind: "own" };
  return { kind: "restored", text: readFileSync(mark, "utf8").trim() || `${mark} was created by hand.` };
}

export function markRestoring(storage: string, text: string): void {
  writeFileSync(join(storage, RESTORING), `${text}\n`);
}

export function markRestored(storage: string): void {
  renameSync(join(storage, RESTORING), join(storage, RESTORED));
}

export function removeMark(storage: string): void {
  rmSync(join(storage, RESTORED));
}
