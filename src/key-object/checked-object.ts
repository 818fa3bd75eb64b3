/** What every object of this gateway has: its version in the log, and a check of its storage. */

import { DurableObject } from "cloudflare:workers";
import { environmentOfObject } from "../config/in-code.ts";
import { versionOf } from "../config/version.ts";
import { logVersion } from "../log.ts";

/** How long each step took until it was durable, in milliseconds. */
export interface StorageTimes {
  readonly writeMs: number;
  readonly readMs: number;
  readonly deleteMs: number;
}

/** No record is stored under it. */
const CHECKED = "health";

export class CheckedObject extends DurableObject<Env> {
  #checking: Promise<StorageTimes> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, environmentOfObject(env));
    logVersion(versionOf(env));
  }

  /** Writes, reads and deletes a value of its own. Throws where the storage fails. Several at once share one check. */
  checkStorage(): Promise<StorageTimes> {
    this.#checking ??= this.#check().finally(() => (this.#checking = null));
    return this.#checking;
  }

  async #check(): Promise<StorageTimes> {
    const { storage } = this.ctx;
    const value = crypto.randomUUID();
    const startMs = Date.now();
    storage.kv.put(CHECKED, value);
    await storage.sync();
    const writtenMs = Date.now();
    // Not from the copy in memory.
    const read = await storage.get(CHECKED, { noCache: true });
    const readMs = Date.now();
    if (read !== value) throw new Error("the value that was written is not there");
    storage.kv.delete(CHECKED);
    await storage.sync();
    return { writeMs: writtenMs - startMs, readMs: readMs - writtenMs, deleteMs: Date.now() - readMs };
  }
}
