/** A CPU profile of a Worker, through the runtime's inspector, summed by function. */

export type Hot = { readonly where: string; readonly percent: number };

type Node = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
};
type Profile = {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

const REPLY_TIMEOUT_MS = 30_000;

/** Profiles what runs on the inspector at `address` while `load` goes on. */
export async function profile(address: string, load: () => Promise<unknown>): Promise<Profile> {
  const targets = (await (await fetch(`http://${address}/json`)).json()) as { webSocketDebuggerUrl: string }[];
  const url = targets.find((target) => !target.webSocketDebuggerUrl.includes("internet"))?.webSocketDebuggerUrl;
  if (url === undefined) throw new Error("the runtime names nothing that can be profiled");
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
  await load();
  const { profile } = (await call("Profiler.stop")) as { profile: Profile };
  socket.close();
  return profile;
}

/** Where the time went: `self` in the function itself, otherwise with all that it calls. Hottest first. */
export function hottest({ nodes, samples, timeDeltas }: Profile, kind: "self" | "total"): Hot[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const sums = new Map<string, number>();
  let all = 0;
  samples.forEach((id, at) => {
    const delta = timeDeltas[at] ?? 0;
    const own = byId.get(id);
    if (own === undefined || own.callFrame.functionName === "(idle)") return;
    all += delta;
    const seen = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = kind === "self" ? undefined : parentOf.get(at)) {
      const node = byId.get(at);
      if (node !== undefined) seen.add(nameOf(node));
    }
    for (const name of seen) sums.set(name, (sums.get(name) ?? 0) + delta);
  });
  return [...sums].map(([where, sum]) => ({ where, percent: (100 * sum) / all })).sort((a, b) => b.percent - a.percent);
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: Node): string {
  return url === "" ? functionName : `${functionName || "(anonymous)"} ${url.split("/").at(-1)}:${lineNumber + 1}`;
}

function once(socket: WebSocket, event: "open"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(event, () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error("the inspector can't be reached")), { once: true });
  });
}
