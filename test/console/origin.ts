/** An API whose paths determine its answers. */

import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";

export interface Origin {
  readonly url: string;
  stop(): Promise<void>;
}

/** A path with `/lost` answers 502. Every other path answers 201 with HTML, as an origin may. */
export async function startOrigin(): Promise<Origin> {
  const server: Server = createServer((request, response) => {
    const isLost = request.url?.includes("/lost") === true;
    response.writeHead(isLost ? 502 : 201, { "content-type": "text/html" }).end("<script>alert(1)</script>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
