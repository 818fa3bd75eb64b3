// A TCP proxy with two ports. One passes everything. The other passes requests, but as soon as the
// first byte of an answer arrives, it resets the client's connection: the work is done, and its answer is lost.

import { connect, createServer } from "node:net";
import { type Server, type Socket } from "node:net";

/** The two URLs by which a client reaches one server. */
export type Doors = { readonly url: string; readonly lossyUrl: string };

export type LossyProxy = Doors & {
  /** The number of answers that were dropped. */
  readonly answersLost: () => number;
  readonly close: () => Promise<void>;
};

/** Proxies two free ports on 127.0.0.1 to an `http://host:port` URL. */
export async function startLossyProxy(target: string): Promise<LossyProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let lost = 0;

  const join = (client: Socket) => {
    const server = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, server]) {
      sockets.add(socket);
      // A close follows each error, and only the close is passed to the other side.
      socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    }
    client.pipe(server);
    // Bytes that the client has sent still arrive after it hangs up, as in a real network.
    client.once("close", () => server.destroySoon());
    return server;
  };

  const pass = createServer((client) => {
    const server = join(client);
    server.pipe(client);
    server.once("close", () => client.destroySoon());
  });
  const lose = createServer((client) => {
    const server = join(client);
    server.once("data", () => {
      lost += 1;
      client.resetAndDestroy();
      server.destroy();
    });
    server.once("close", () => client.destroy());
  });

  const [url, lossyUrl] = await Promise.all([listen(pass), listen(lose)]);
  return {
    url,
    lossyUrl,
    answersLost: () => lost,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([pass, lose].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the proxy does not listen on a port"));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
