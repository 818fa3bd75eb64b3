/** The app of the tests: what it does depends on the path, and what it has seen is counted. */

interface Seen {
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly cf: unknown;
  readonly env: object;
  readonly ctx: ExecutionContext;
  readonly signal: AbortSignal;
}

export const seen: Seen[] = [];

export function seenAt(path: string): Seen[] {
  return seen.filter((one) => one.path === path);
}

/** The paths whose waiting handler has run to its end. */
export const finished = new Set<string>();

const released = new Set<string>();

/** Lets the handlers that wait at `path` go on. */
export function release(path: string): void {
  released.add(path);
}

/** Handlers and tests look every millisecond: a promise of one context must not be awaited in another. */
export async function arrived(path: string, count = 1): Promise<void> {
  for (let tries = 0; seenAt(path).length < count; tries++) {
    if (tries === 5000) throw new Error(`${seenAt(path).length} of ${count} requests have reached the app`);
    await scheduler.wait(1);
  }
}

async function held(path: string): Promise<void> {
  while (!released.has(path)) await scheduler.wait(1);
}

/** Counts the scheduled events. */
export let scheduled = 0;

export const app = {
  async fetch(request: Request, env: object, ctx: ExecutionContext): Promise<Response> {
    const path = new URL(request.url).pathname;
    const { method, headers, cf, signal } = request;
    seen.push({ path, method, headers: new Headers(headers), cf, env, ctx, signal });
    const number = seenAt(path).length;
    const kind = path.split("/")[1] ?? "";
    switch (kind) {
      case "held":
      case "late":
        await held(path);
        finished.add(path);
        return Response.json({ number }, { status: 201 });
      case "goes-on": {
        const ended = held(path).then(() => finished.add(path));
        ctx.waitUntil(ended);
        await ended;
        return Response.json({ number }, { status: 201 });
      }
      case "throws":
        throw new Error("the secret of the app");
      case "nothing":
        return undefined as unknown as Response;
      case "events":
        return eventsOf(path);
      case "calls-itself":
        return callsItself(request, ctx);
      case "socket": {
        const [client, server] = Object.values(new WebSocketPair());
        server?.accept();
        server?.send("of the app");
        return new Response(null, { status: 101, webSocket: client ?? null });
      }
      case "coded":
        // The platform codes it on its way out.
        return new Response("a".repeat(1000), {
          headers: { "content-encoding": "gzip", "content-type": "text/plain" },
        });
      case "bytes":
        return new Response(await request.arrayBuffer(), { headers: { "content-type": "application/octet-stream" } });
      default:
        return Response.json({ number, body: await request.text() }, { status: 201, headers: { "x-of-app": "yes" } });
    }
  },
  scheduled(): void {
    scheduled++;
  },
};

/** The second event waits for the test. */
function eventsOf(path: string): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  const write = async (): Promise<void> => {
    await writer.write(encoder.encode("data: first\n\n"));
    await held(path);
    await writer.write(encoder.encode("data: second\n\n"));
    await writer.close();
  };
  void write();
  return new Response(readable, { headers: { "content-type": "text/event-stream" } });
}

/** Calls the host that it serves, with all headers of the request or without the one that marks loops. */
async function callsItself(request: Request, ctx: ExecutionContext): Promise<Response> {
  const headers = new Headers(request.headers);
  if (headers.get("x-without-mark") === "yes") headers.delete("cdn-loop");
  const own = Reflect.get(ctx.exports, "default") as Fetcher;
  const answer = await own.fetch(new Request(request.url, { method: "POST", headers, body: await request.text() }));
  return Response.json({ status: answer.status, body: await answer.json() });
}
