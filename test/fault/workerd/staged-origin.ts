/**
 * The origin of one key, in the place of `fetch`: it can be stopped at each stage of an exchange, and writes into the key's
 * history what it received. A real forward leaves the object only when its writes are durable; so does this one, by a
 * call through a binding, which the output gate holds as it would hold the forward.
 */

import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { type Event, UNDOING_EVENT } from "./invariants.ts";

export type Stage = "in transit" | "received" | "head" | "half body" | "whole body";

/** A stage of keyed requests, or of probes. */
interface Stop {
  readonly stage: Stage;
  readonly method: "POST" | "GET";
}

/** How a request is answered. */
export interface Script {
  readonly status: number;
  /** Whether the request may have had an effect. */
  readonly ran: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytes?: number;
  /** What follows them. */
  readonly end?: string;
  /** The connection breaks where the body's second half would come. */
  readonly breaksOff?: true;
}

export const RAN: Script = { status: 201, ran: true };
export const STREAM: Script = { ...RAN, headers: { "content-type": "text/event-stream" }, bytes: 200 };
export const UNDONE: Script = { status: 429, ran: false };
/** The policy of its points has a rule on the event. */
export const UNDONE_STREAM: Script = { ...STREAM, ran: false, end: `\n\n${UNDOING_EVENT}` };
export const BAD_GATEWAY: Script = { status: 502, ran: true };

const WAIT_MS = 30_000;
const origins = new Map<string, StagedOrigin>();

// Once for all tests of a file: the key, which is unique, selects the origin.
vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
  const request = new Request(input, init);
  const key = request.headers.get("idempotency-key") ?? "";
  const origin = origins.get(key);
  if (origin === undefined) throw new Error(`no origin for ${request.url}`);
  return origin.exchange(request, init?.signal ?? null);
});

export class StagedOrigin {
  readonly #history: Event[];
  #stopsAt: Stop | null = null;
  #hasStopped = false;
  #runs = 0;
  /** What requests are answered from now on. */
  answers: Script = RAN;
  /** What an origin says that is asked about an attempt. */
  says: "final" | "not-executed" | "unknown" = "unknown";

  constructor(key: string, history: Event[]) {
    this.#history = history;
    origins.set(key, this);
  }

  /** Exchanges go on to `stage` and no further. */
  stopAt(stage: Stage, method: Stop["method"] = "POST"): void {
    this.#stopsAt = { stage, method };
    this.#hasStopped = false;
  }

  /** Exchanges that were stopped, and all others, go on to their end. */
  goOn(): void {
    this.#stopsAt = null;
  }

  /** Resolves when an exchange has come to where it stops. */
  async stopped(): Promise<void> {
    const end = performance.now() + WAIT_MS;
    while (!this.#hasStopped) {
      if (performance.now() > end) throw new Error(`waited ${WAIT_MS} ms for ${JSON.stringify(this.#stopsAt)}`);
      await scheduler.wait(1);
    }
  }

  async exchange(request: Request, signal: AbortSignal | null): Promise<Response> {
    const pass = (stage: Stage): Promise<void> => this.#pass(stage, request.method, signal);
    await throughTheOutputGate();
    await pass("in transit");
    // A body that nobody reads would keep its object in memory.
    await request.arrayBuffer();
    const isProbe = request.method === "GET";
    const script = isProbe ? this.#probed() : this.#received(Number(request.headers.get("oncegate-attempt")));
    await pass("received");
    const text = `data: run ${this.#runs} `.padEnd(script.bytes ?? 0, ".") + (script.end ?? "");
    return new Response(inHalves(text, pass, script.breaksOff === true), {
      status: script.status,
      headers: script.headers ?? {},
    });
  }

  #received(attempt: number): Script {
    this.#history.push({ what: "received", attempt, ran: this.answers.ran });
    this.#runs++;
    return this.answers;
  }

  #probed(): Script {
    this.#history.push({ what: "probed", said: this.says });
    const headers = { "oncegate-outcome": this.says, "oncegate-status": String(RAN.status) };
    return { status: 200, ran: false, headers };
  }

  async #pass(stage: Stage, method: string, signal: AbortSignal | null): Promise<void> {
    while (this.#stopsAt?.stage === stage && this.#stopsAt.method === method) {
      this.#hasStopped = true;
      if (signal?.aborted === true) throw signal.reason;
      await scheduler.wait(1);
    }
  }
}

/** With a stage before, between and behind the halves. */
function inHalves(text: string, pass: (stage: Stage) => Promise<void>, breaksOff: boolean): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const half = Math.floor(bytes.byteLength / 2);
  const pieces = [bytes.subarray(0, half), bytes.subarray(half)];
  const stages: Stage[] = ["head", "half body", "whole body"];
  return new ReadableStream(
    {
      async pull(controller) {
        const stage = stages.shift();
        if (stage !== undefined) await pass(stage);
        const piece = pieces.shift();
        if (breaksOff && pieces.length === 0) controller.error(new Error("Network connection lost."));
        else if (piece === undefined) controller.close();
        else controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}

async function throughTheOutputGate(): Promise<void> {
  const echo = Reflect.get(env, "ECHO") as Fetcher;
  await (await echo.fetch("http://gate.test/")).body?.cancel();
}
