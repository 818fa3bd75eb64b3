/** Oncegate on the bare runtime, for the tests of one file. */

import { existsSync, statfsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { type ServerProcess } from "../../../scripts/server-process.ts";
import { startWorkerd } from "../../../scripts/workerd-process.ts";
import { printOutput } from "../../support/gateway-output.ts";

export interface Gateway {
  readonly url: URL;
  /** Where its records are. */
  readonly folder: string;
  /** kill -9, and a new process with the same storage at the same port. `meanwhile` runs between the two. */
  readonly restart: (meanwhile?: () => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** No test here is about a machine that loses power, and waiting for a disk would be most of their time. */
const MEMORY = "/dev/shm";
const MEMORY_BYTES_MIN = 1_000_000_000;

/** `folder` keeps the records; without it there is one that goes with the gateway. `variables` are secrets and the like. */
export async function startGateway(
  tenants: Record<string, unknown>,
  folder?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Gateway> {
  const records = folder ?? (await mkdtemp(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), "oncegate-fault-")));
  const start = (port: number): Promise<ServerProcess> =>
    startWorkerd({ bundle: inject("bundle"), port, storage: join(records, "records"), tenants, variables });
  let running = await start(0);
  const url = new URL(running.url);
  return {
    url,
    folder: records,
    restart: async (meanwhile = () => Promise.resolve()) => {
      await running.stop("at once");
      printOutput("the killed gateway", running.output());
      await meanwhile();
      running = await start(Number(url.port));
    },
    stop: async () => {
      await running.stop();
      printOutput("the gateway", running.output());
      if (folder === undefined) await rm(records, { recursive: true, force: true });
    },
  };
}

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= MEMORY_BYTES_MIN;
}
