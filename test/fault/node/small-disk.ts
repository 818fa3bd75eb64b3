/** A file system in memory, of which a test says how much is free. Needs the right to mount. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SmallDisk {
  readonly folder: string;
  /** From now on `pages` are free, and no more than these. */
  readonly leave: (pages: number) => void;
  /** Makes room again. */
  readonly free: () => void;
  readonly remove: () => void;
}

/** More than all that a suite writes. */
const SIZE_BYTES = 200_000_000;

/** Or why there can't be one. */
export function mountSmallDisk(): SmallDisk | string {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-disk-"));
  const mount = (options: string) =>
    spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { encoding: "utf8" });
  const resize = (bytes: number): void => {
    const { status, stderr } = mount(`remount,size=${bytes}`);
    if (status !== 0) throw new Error(`the disk can't be made ${bytes} bytes large: ${stderr}`);
  };
  const { status, error, stderr } = mount(`size=${SIZE_BYTES}`);
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    return error?.message ?? stderr.trim();
  }
  return {
    folder,
    leave(pages) {
      const { blocks, bfree, bsize } = statfsSync(folder);
      resize((blocks - bfree + pages) * bsize);
    },
    free: () => resize(SIZE_BYTES),
    remove() {
      spawnSync("umount", ["--lazy", folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
