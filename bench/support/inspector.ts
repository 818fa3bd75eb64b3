/** Connects to a Worker through the inspector of its runtime. */

import { freePort } from "./free-port.ts";

const REPLY_TIMEOUT_MS = 30_000;

export type Inspector = {
  /** Rejects if there is no reply in time. */
  readonly call: (method: string, params?: object) => Promise<unknown>;
  readonly close: () => void;
};

/** An address for a runtime's inspector. A fixed one would make two runs at once wait for each other. */
export async function inspectorAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

/** Connects to the Worker behind the inspector at `address`. */
export async function connectInspector(address: string): Promise<Inspector> {
  const targets = (await (await fetch(`http://${address}/json`)).json()) as { webSocketDebuggerUrl: string }[];
  const url = targets.find((target) => !target.webSocketDebuggerUrl.includes("internet"))?.webSocketDebuggerUrl;
  if (url === undefined) throw new Error("the runtime lists no Worker to inspect");
  const socket = new WebSocket(url);
  await once(socket, "open");
  let asked = 0;
  const call = async (method: string, params: object = {}): Promise<unknown> => {
    const id = ++asked;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), REPLY_TIMEOUT_MS);
    const listen = ({ data }: MessageEvent): void => {
      const message = JSON.parse(String(data)) as { id?: number; result?: unknown };
      if (message.id === id) resolve(message.result);
    };
    socket.addEventListener("message", listen);
    socket.send(JSON.stringify({ id, method, params }));
    return promise.finally(() => {
      clearTimeout(timer);
      socket.removeEventListener("message", listen);
    });
  };
  return { call, close: () => socket.close() };
}

function once(socket: WebSocket, event: "open"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(event, () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector can't be reached")), { once: true });
  });
}
