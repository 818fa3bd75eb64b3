// The gateway as a process that can be killed: the bundled Worker on bare workerd, its storage on disk, and the same
// port in each of its lives.

import { Agent } from "node:http";
import { join } from "node:path";
import { type ServerProcess } from "../../scripts/server-process.ts";
import { buildWorker, startWorkerd } from "../../scripts/workerd-process.ts";
import { type Kill, stamp } from "./history.ts";
import { tenantsFor } from "./tenants.ts";

/** One life of the gateway. */
type Life = {
  readonly generation: number;
  readonly url: string;
  /** Connections are not carried over from one life to the next: a dead one would look like a broken answer. */
  readonly agent: Agent;
};

export type Gateway = {
  /** Null while it is dead. */
  readonly life: () => Life | null;
  /** Resolves when it runs, or runs again. It may be dead again before the waiting code continues. */
  readonly up: () => Promise<unknown>;
  /** Kills it in this very step, as a crash would, and starts it again. */
  readonly crash: (moment: string, running: number) => Promise<void>;
  readonly kills: readonly Kill[];
  readonly stop: () => Promise<void>;
};

type Running = Life & { readonly server: ServerProcess };

export async function startGateway(folder: string, originPort: number): Promise<Gateway> {
  buildWorker(folder);
  const storage = join(folder, "store");
  const kills: Kill[] = [];

  async function live(generation: number, port: number): Promise<Running> {
    const tenants = tenantsFor(`http://127.0.0.1:${originPort}/g${generation}`);
    const server = await startWorkerd({ bundle: folder, port, storage, tenants });
    return { generation, url: server.url, agent: new Agent({ keepAlive: true }), server };
  }

  let running = await live(1, 0);
  let dead = false;
  let up = Promise.resolve();
  return {
    life: () => (dead ? null : running),
    up: () => up,
    crash: async (moment, open) => {
      const { generation, url, server } = running;
      const next = Promise.withResolvers<void>();
      up = next.promise;
      dead = true;
      kills.push({ at: stamp(), generation, moment, running: open });
      try {
        // The signal goes out before anything else can happen. Connections are left to break by themselves: what the
        // process had sent before it died still arrives, and counts.
        await server.stop("at once");
        running = await live(generation + 1, Number(new URL(url).port));
        dead = false;
        next.resolve();
      } catch (error) {
        next.reject(error);
      }
      await up;
    },
    kills,
    stop: () => running.server.stop("at once"),
  };
}
