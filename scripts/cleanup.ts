// Undoes what a script has set up, in reverse order: after it succeeds, fails, or is interrupted.

import { rm, mkdtemp } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

export type Defer = (undo: () => Promise<void>) => void;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs `work`, then everything that it has deferred. A signal does the same without waiting for `work`, and then ends the
 * process with the exit code that shells use for that signal. npm forwards a Ctrl-C a second time; only the first counts.
 */
export async function withCleanup<T>(work: (defer: Defer) => Promise<T>): Promise<T> {
  const undos: (() => Promise<void>)[] = [];
  let undoing: Promise<void> | null = null;
  const undoAll = () => (undoing ??= runAll(undos));

  const onSignal = (signal: NodeJS.Signals) => {
    if (undoing === null) process.stderr.write("\nstopping ...\n");
    void undoAll().finally(() => process.exit(128 + constants.signals[signal]));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);

  try {
    return await work((undo) => undos.push(undo));
  } finally {
    await undoAll();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** A new folder under the system's temporary one, removed at the end. */
export async function temporaryFolder(defer: Defer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-"));
  defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function runAll(undos: readonly (() => Promise<void>)[]): Promise<void> {
  for (const undo of undos.toReversed()) {
    try {
      await undo();
    } catch (error) {
      // The rest must be undone too. The error is shown, because something may be left over.
      console.error(error);
    }
  }
}
