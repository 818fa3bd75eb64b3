import { type Server } from "node:http";

/** On any free port of 127.0.0.1. */
export function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the server does not listen on a port"));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
