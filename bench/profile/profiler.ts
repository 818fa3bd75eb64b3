/** Takes a CPU profile of a Worker through the runtime's inspector. */

import { type Profile } from "./sums.ts";

const REPLY_TIMEOUT_MS = 30_000;

/**
 * Profiles the Worker behind the inspector at `address` during `load`. The profiler already runs during `warmUp`: code that
 * is optimized without it keeps no record of inlined functions, so their time would count for their callers.
 */
export async function takeProfile<T>(
  address: string,
  { warmUp, load }: { readonly warmUp: () => Promise<unknown>; readonly load: () => Promise<T> },
): Promise<{ profile: Profile; loaded: T }> {
  const targets = (await (await fetch(`http://${address}/json`)).json()) as { webSocketDebuggerUrl: string }[];
  const url = targets.find((target) => !target.webSocketDebuggerUrl.includes("internet"))?.webSocketDebuggerUrl;
  if (url === undefined) throw new Error("the runtime lists nothing to profile");
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
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: 200 });
  await call("Profiler.start");
  await warmUp();
  await call("Profiler.stop");
  await call("Profiler.start");
  const loaded = await load();
  const { profile } = (await call("Profiler.stop")) as { profile: Profile };
  socket.close();
  return { profile, loaded };
}

function once(socket: WebSocket, event: "open"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(event, () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector can't be reached")), { once: true });
  });
}
