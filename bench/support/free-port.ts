import { type AddressInfo, createServer } from "node:net";

/** For a program that can't choose one itself. If another process takes it first, that program fails and the run ends. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
