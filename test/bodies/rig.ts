/** A scripted origin, and Oncegate on the bare runtime in front of it, for the tests of one file. */

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { type Answer, type Ask, type Exchange, header, open } from "../conformance/client.ts";
import { type OriginAnswer, type ScriptedOrigin, startOrigin } from "../conformance/origin.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { Reader } from "./reader.ts";

/** A tenant's settings without what is the same for all. */
type Settings = Readonly<Record<string, unknown>>;

export interface Rig {
  readonly origin: ScriptedOrigin;
  readonly gateway: Gateway;
  /** An operation of its own, with a key of its own, which the origin answers so. */
  readonly operation: (ask: Partial<Ask>, ...answers: readonly OriginAnswer[]) => Operation;
}

/** By hostname: the settings of each tenant. Started before the file's tests, and stopped after them. */
export function setUpRig(tenants: Readonly<Record<string, Settings>>): Rig {
  let origin: ScriptedOrigin | null = null;
  let gateway: Gateway | null = null;
  let paths = 0;

  beforeAll(async () => {
    origin = await startOrigin(0);
    const common = { origin: `http://127.0.0.1:${origin.port}`, caller: ["authorization"], wait: "20s" };
    const entries = Object.entries(tenants).map(([host, settings]) => [host, { ...common, ...settings }]);
    gateway = await startGateway(Object.fromEntries(entries));
  });
  afterAll(async () => {
    await gateway?.stop();
    await origin?.stop();
  });

  const rig: Rig = {
    get origin() {
      return started(origin);
    },
    get gateway() {
      return started(gateway);
    },
    operation(ask, ...answers) {
      const path = `/${paths++}`;
      rig.origin.on(path, ...answers);
      return new Operation(rig, path, ask);
    },
  };
  return rig;
}

function started<T>(part: T | null): T {
  if (part === null) throw new Error("only tests and hooks may use the rig");
  return part;
}

/** One key, and those who send it. */
export class Operation {
  readonly key = randomUUID();
  readonly path: string;
  readonly #rig: Rig;
  readonly #ask: Partial<Ask>;

  constructor(rig: Rig, path: string, ask: Partial<Ask>) {
    this.#rig = rig;
    this.path = path;
    this.#ask = ask;
  }

  /** Sends the request, and takes its answer as fast as it comes. */
  open(ask: Partial<Ask> = {}): Exchange {
    return open(this.#rig.gateway.url, this.path, { ...this.#ask, key: this.key, ...ask });
  }

  ask(ask: Partial<Ask> = {}): Promise<Answer> {
    return this.open(ask).answer;
  }

  /** Sends the request, and takes its answer at the reader's own speed. */
  reader(ask: Partial<Ask> = {}): Reader {
    return new Reader(this.#rig.gateway.url, this.path, { ...this.#ask, key: this.key, ...ask });
  }

  /** Resolves when the origin has the head of the nth request. */
  async arrived(nth = 1): Promise<void> {
    await this.#rig.origin.arrived(this.path, nth);
  }

  /** How often the origin was asked to execute this. */
  get executions(): number {
    return this.#rig.origin.count(this.path);
  }

  /**
   * Resolves when whatever was written before is with the key object: what is sent now gets there later, and is refused,
   * because it does not wait and nothing of the answer is there.
   */
  async settled(): Promise<void> {
    const name = nameOf(await this.ask({ headers: [...(this.#ask.headers ?? []), ["prefer", "wait=0"]] }));
    if (name !== "409 in_flight") throw new Error(`expected 409 in_flight, got ${name}`);
  }
}

/** The mark of an answer, or status and code of a problem: `replayed`, `409 outcome_unknown`. */
export function nameOf(answer: Answer): string {
  if (header(answer, "content-type") === "application/problem+json") {
    const { code } = JSON.parse(answer.body.toString()) as { code: string };
    return `${answer.status} ${code}`;
  }
  return markOf(answer);
}

/** The word of `Idempotency-Status`. */
export function markOf(message: Pick<Answer, "headers">): string {
  return header(message, "idempotency-status")?.split(";")[0] ?? "none";
}
