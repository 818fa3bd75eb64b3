// The API behind the gateway: it moves money, answers by plan, and writes down every request that reached it. It never
// crashes and closes no idle connection, so every fault is planned or the gateway's.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { deliver, noteOf, plain, rejectionOf, send } from "./answers.ts";
import { type Arrival, readArrival } from "./arrival.ts";
import { type Charge, Charges } from "./charges.ts";
import { type At, type Entry, type OriginAnswer, type Probe, stamp } from "./history.ts";
import { type Moments } from "./moments.ts";
import { planProbe, planTreatment, type Treatment } from "./origin-plan.ts";

/** For an attempt that the origin has ruled out in answer to a probe. No gateway should send it. */
const FENCED = { status: 409, headers: { "oncegate-outcome": "not-executed" } };

export class Origin {
  readonly ledger: Entry[] = [];
  readonly probes: Probe[] = [];
  /** Rejects if the script itself fails. */
  readonly failed: Promise<never>;
  readonly #seed: number;
  readonly #moments: Moments;
  readonly #charges: Charges;
  readonly #arrivals = new Counter();
  readonly #questions = new Counter();
  readonly #taken = new Map<string, PromiseWithResolvers<void>>();
  readonly #server: Server;

  constructor(seed: number, moments: Moments) {
    this.#seed = seed;
    this.#moments = moments;
    this.#charges = new Charges(seed);
    const failure = Promise.withResolvers<never>();
    this.failed = failure.promise;
    this.#server = createServer((request, response) => {
      // The gateway may die at any moment; that shows as a closed response, not as an error of ours.
      request.on("error", () => undefined);
      response.on("error", () => undefined);
      this.#serve(request, response).catch(failure.reject);
    });
  }

  /** Resolves to its port. */
  async start(): Promise<number> {
    const server = this.#server;
    // An idle connection that is closed just as it is used again looks like an unknown outcome.
    server.keepAliveTimeout = 0;
    server.requestTimeout = 0;
    server.headersTimeout = 0;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the origin does not listen on a port");
    return address.port;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Exchanges that are open. */
  running(): number {
    return this.ledger.filter(({ ended }) => ended === null).length;
  }

  /** Resolves when a request for the record is here that will be executed, so its key is taken from now on. */
  takes(record: string): Promise<void> {
    return this.#takenOf(record).promise;
  }

  #takenOf(record: string): PromiseWithResolvers<void> {
    const found = this.#taken.get(record) ?? Promise.withResolvers<void>();
    this.#taken.set(record, found);
    return found;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrivedAt = stamp();
    const arrival = await readArrival(request);
    if (arrival === null) return;
    if (arrival.kind === "question") return this.#answerProbe(arrival, arrivedAt, response);
    const { record } = arrival;
    const treatment = planTreatment(this.#seed, record, this.#arrivals.next(record));
    const entry = this.#enter(arrival, arrivedAt, response);
    entry.plan = `${treatment.kind} after ${treatment.latencyMs} ms`;
    if (treatment.kind !== "rejects") this.#takenOf(record).resolve();
    this.#moments.saw("arrival");
    await this.#treat(entry, arrival, treatment, response);
  }

  #enter(arrival: Arrival, arrivedAt: At, response: ServerResponse): Entry {
    const { record, amount, attempt, generation } = arrival;
    const answer = { status: 0, digest: "", bytes: 0 };
    const common = { record, amount, attempt, generation, arrivedAt, plan: "" };
    const entry: Entry = { ...common, outcome: "unknown", executedAt: null, answer, ended: null };
    this.ledger.push(entry);
    response.once("finish", () => {
      entry.ended ??= { at: stamp(), how: "answered" };
      this.#moments.saw("answered");
    });
    response.once("close", () => (entry.ended ??= { at: stamp(), how: "dropped" }));
    return entry;
  }

  async #treat(entry: Entry, arrival: Arrival, treatment: Treatment, response: ServerResponse): Promise<void> {
    const { kind, rejection, latencyMs } = treatment;
    const { record, attempt } = arrival;
    const isFenced = this.#charges.isFenced(record, attempt);
    if (kind === "rejects" || isFenced) {
      entry.outcome = "not-executed";
      await pause(latencyMs);
      return send(entry, response, rejectionOf(isFenced ? FENCED : rejection));
    }
    const earlier = arrival.kind === "retry" ? this.#charges.of(record) : undefined;
    if (kind === "conflicts" && attempt > 1 && earlier?.isDone === false) {
      // The gateway can't know whether this is about the earlier attempt (docs/protocol.md 5.2.3).
      return send(entry, response, plain(409, "the first one still runs"));
    }
    const charge = earlier ?? this.#charges.begin(entry, latencyMs);
    await charge.done;
    deliver(entry, response, charge.answer, kind);
  }

  /** Answers a probe (docs/protocol.md 5.7). */
  #answerProbe({ record, attempt, generation }: Arrival, arrivedAt: At, response: ServerResponse): void {
    response.once("finish", () => this.#moments.saw("probed"));
    const note = (said: Probe["said"], answer: OriginAnswer | null = null): void => {
      this.probes.push({ record, attempt, generation, arrivedAt, said, answer });
    };
    switch (planProbe(this.#seed, record, this.#questions.next(record))) {
      case "resets":
        note("nothing");
        return void response.destroy();
      case "wordless":
        note("nothing");
        return void response.writeHead(200).end();
      case "at a loss":
        note("unknown");
        return void response.writeHead(200, { "oncegate-outcome": "unknown" }).end();
      case "answers":
        return this.#answerProbeTruth(this.#charges.of(record), { record, attempt }, response, note);
    }
  }

  #answerProbeTruth(
    charge: Charge | undefined,
    { record, attempt }: Pick<Arrival, "record" | "attempt">,
    response: ServerResponse,
    note: (said: Probe["said"], answer?: OriginAnswer) => void,
  ): void {
    if (charge === undefined) {
      // From now on that is true: an attempt that is still on its way would find the fence.
      this.#charges.fence(record, attempt);
      note("not-executed");
      response.writeHead(200, { "oncegate-outcome": "not-executed" }).end();
    } else if (charge.isDone) {
      const { status, headers, body } = charge.answer;
      note("final", noteOf(charge.answer));
      response.writeHead(200, { ...headers, "oncegate-outcome": "final", "oncegate-status": status }).end(body);
    } else {
      note("unknown");
      response.writeHead(200, { "oncegate-outcome": "unknown" }).end();
    }
  }
}

class Counter {
  readonly #counts = new Map<string, number>();

  next(name: string): number {
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count;
  }
}
