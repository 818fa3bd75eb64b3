/** The platform's globals, as far as the code uses them, for the duration of one run. */

import { type Owner, type Scheduler, type Timer } from "./scheduler.ts";

export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal | null;
}

type RequestMade = Pick<SentRequest, "method"> &
  Partial<Omit<SentRequest, "method" | "headers">> & {
    readonly headers?: HeadersInit;
  };

type Fetch = (request: SentRequest) => Promise<Response>;

/** A request as the code makes it. Node.js's own refuses a stream without a setting that the platform does not know. */
class SimulatedRequest implements SentRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: SentRequest["body"];
  readonly signal: AbortSignal | null;

  constructor(url: string, { method, headers = [], body = null, signal = null }: RequestMade) {
    this.url = url;
    this.method = method;
    this.headers = new Headers(headers);
    this.body = body;
    this.signal = signal;
  }
}

/** Fails where more or fewer bytes come than were announced, as the platform's does. */
class SimulatedFixedLengthStream extends TransformStream<Uint8Array, Uint8Array> {
  constructor(bytes: number) {
    let left = bytes;
    super({
      transform: (piece, controller) => {
        left -= piece.byteLength;
        if (left < 0) throw new TypeError("more bytes than announced");
        controller.enqueue(piece);
      },
      flush: () => {
        if (left !== 0) throw new TypeError("fewer bytes than announced");
      },
    });
  }
}

interface Simulated {
  readonly scheduler: Scheduler;
  readonly fetch: Fetch;
  /** What the clock of `owner` shows too much. */
  readonly skewMs: (owner: Owner) => number;
  readonly log: (line: string) => void;
}

const NAMES = ["setTimeout", "clearTimeout", "fetch", "Request", "FixedLengthStream"] as const;

/** Puts the globals in place. Returns how to put the former ones back. */
export function install({ scheduler, fetch, skewMs, log }: Simulated): () => void {
  const before = NAMES.map((name) => [name, Reflect.get(globalThis, name)] as const);
  const now = Date.now;
  const uuid = crypto.randomUUID;
  const warn = console.warn;
  let uuids = 0;
  const set = (name: (typeof NAMES)[number], value: unknown): void => void Reflect.set(globalThis, name, value);
  set("setTimeout", (run: (...given: unknown[]) => void, ms = 0, ...given: unknown[]): Timer =>
    scheduler.timer(scheduler.current, ms, () => run(...given)),
  );
  set("clearTimeout", (timer: Timer | undefined): void => {
    if (timer !== undefined) scheduler.clear(timer);
  });
  set("fetch", fetch);
  set("Request", SimulatedRequest);
  set("FixedLengthStream", SimulatedFixedLengthStream);
  Date.now = () => scheduler.nowMs + skewMs(scheduler.current);
  crypto.randomUUID = () => `00000000-0000-4000-8000-${String(++uuids).padStart(12, "0")}`;
  console.warn = log;
  return () => {
    for (const [name, value] of before) Reflect.set(globalThis, name, value);
    Date.now = now;
    crypto.randomUUID = uuid;
    console.warn = warn;
  };
}
