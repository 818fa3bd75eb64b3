/** A network that breaks: it carries connections to the gateway, and cuts each as soon as it has carried a certain text. */

import { connect, createServer } from "node:net";
import { listen } from "../fault/node/raw-origin.ts";

export interface CuttingProxy {
  readonly url: string;
  /** Connections so far. */
  readonly connections: () => number;
  /** Resolves when there have been so many. */
  readonly connected: (count: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The nth connection is cut behind the nth text, which the client still gets; further ones are not cut. */
export async function startCuttingProxy(target: URL, ...texts: readonly string[]): Promise<CuttingProxy> {
  let connections = 0;
  let arrival = Promise.withResolvers<void>();
  const server = createServer((client) => {
    const text = texts[connections];
    connections += 1;
    arrival.resolve();
    arrival = Promise.withResolvers();
    const gateway = connect(Number(target.port), target.hostname);
    const cut = (): void => {
      gateway.destroy();
      client.destroy();
    };
    let carried = "";
    gateway.on("data", (bytes: Buffer) => {
      carried += bytes.toString("latin1");
      // Closed behind the bytes: a reset could overtake them.
      if (text !== undefined && carried.includes(text)) client.write(bytes, cut);
      else client.write(bytes);
    });
    client.pipe(gateway);
    gateway.on("end", () => void client.end());
    for (const socket of [client, gateway]) {
      socket.on("error", cut);
      socket.on("close", cut);
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    connected: async (count) => {
      while (connections < count) await arrival.promise;
    },
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
