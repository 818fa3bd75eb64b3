// An implementation that implements nothing: it forwards every request and every answer. For the test of the suite
// itself, and for working on checks without a gateway.

import { createServer, request as httpRequest } from "node:http";

export type Proxy = { readonly url: URL; readonly stop: () => Promise<void> };

export async function startPassThroughProxy(originPort: number): Promise<Proxy> {
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, rawHeaders } = incoming;
    const forward = httpRequest({ host: "127.0.0.1", port: originPort, method, path, headers: rawHeaders });
    forward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    forward.on("error", () => outgoing.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy does not listen on a port");
  return {
    url: new URL(`http://127.0.0.1:${address.port}`),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
