/**
 * The origin: it moves money for each request that it lets through, and where requests may be sent again it keeps to one charge for
 * each key. It is honest: what it says of an attempt is true and stays true. Everything else about it may go wrong.
 */

import { type Entry, type OriginAnswer, type Probe, digestOf } from "../crash/history.ts";
import { amountIn, amountOf, answerBody, joined } from "./bodies.ts";
import { Exchange, type PlannedAnswer } from "./exchange.ts";
import { type SentRequest } from "./globals.ts";
import { type Process } from "./process.ts";
import { follow } from "./scheduler.ts";
import { ORIGIN, ROOT, type Sim, count, violate } from "./sim.ts";

/** Rejections in one run, so that every key comes to rest. */
const REJECTIONS_MAX = 4;

/** Around the scaled bounds of bounds.ts. */
const ANSWER_BYTES = [20, 0, 24, 40, 64, 65, 130, 200, 300, 310, 500] as const;

const REJECTIONS: readonly Omit<PlannedAnswer, "body">[] = [
  { status: 429, headers: { "retry-after": "1" } },
  { status: 503, headers: { "retry-after": "1" } },
  { status: 500, headers: { "oncegate-outcome": "not-executed" } },
];

interface Charge {
  readonly answer: PlannedAnswer;
  readonly id: string;
  isDone: boolean;
  readonly waiting: (() => void)[];
}

type Treatment = "answers" | "rejects" | "bad gateway" | "answers unknown" | "resets" | "cuts" | "hangs" | "conflicts";

const TREATMENTS = [
  [6, "answers"],
  [3, "rejects"],
  [2, "bad gateway"],
  [1, "answers unknown"],
  [2, "resets"],
  [3, "cuts"],
  [1, "hangs"],
  [2, "conflicts"],
] as const satisfies readonly (readonly [number, Treatment])[];

export class Origin {
  readonly ledger: Entry[] = [];
  readonly probes: Probe[] = [];
  /** The whole body of each answer, by its id. */
  readonly answers = new Map<string, Entry>();
  readonly bodies = new Map<string, Uint8Array>();
  readonly #sim: () => Sim;
  #exchanges: Exchange[] = [];
  readonly #charges = new Map<string, Charge>();
  readonly #fences = new Map<string, number>();
  #ids = 0;
  #rejections = 0;

  constructor(sim: () => Sim) {
    this.#sim = sim;
  }

  /** The object's `fetch`. The output gate holds the request. */
  fetch(request: SentRequest): Promise<Response> {
    const sim = this.#sim();
    const process = sim.scheduler.current as Process;
    const exchange = new Exchange(sim, process, request);
    if (request.method === "GET" && this.#exchanges.some((other) => other.isProbing(process))) {
      violate(sim, "P7", "two probes run at once");
    }
    this.#exchanges.push(exchange);
    process.storage.gate(() => {
      exchange.sentAt = sim.scheduler.stamp();
      if (request.method === "POST") this.#enter(exchange);
      if (exchange.isOver) return;
      sim.scheduler.send(ROOT, `${request.method} on its way to the origin`, () => this.#arrive(exchange));
    });
    return exchange.response.promise;
  }

  /** Whether an attempt or a probe of `process` has no outcome yet. */
  runsFor(process: Process): boolean {
    return this.#exchanges.some((one) => one.process === process && !one.isOver && !one.isConcluded);
  }

  processEnded(process: Process): void {
    for (const exchange of this.#exchanges) if (exchange.process === process) exchange.processEnded();
    this.#exchanges = this.#exchanges.filter((exchange) => exchange.process !== process);
  }

  storageFailed(process: Process): void {
    for (const exchange of this.#exchanges) if (exchange.process === process) exchange.doom();
  }

  /** An attempt of `process` has ended because its outcome could not be stored. One runs at a time. */
  attemptGivenUp(process: Process): void {
    for (const exchange of this.#exchanges) if (exchange.process === process) exchange.givenUp();
  }

  recordWritten(process: Process, after: unknown): void {
    for (const exchange of this.#exchanges) if (exchange.process === process) exchange.recorded(after);
  }

  #isBad(): boolean {
    const { isHealed, choices, world } = this.#sim();
    return !isHealed && world.badOrigin > 0 && choices.below(world.badOrigin) === world.badOrigin - 1;
  }

  #arrive(exchange: Exchange): void {
    const sim = this.#sim();
    // What was on its way when its process died may arrive all the same.
    if (!exchange.process.isAlive && sim.choices.once(2)) return;
    if (exchange.request.method === "GET") return this.#question(exchange);
    if (this.#isBad() && sim.choices.once(3)) {
      count(sim, "origin refuses the connection");
      return exchange.fail("the connection is refused");
    }
    const { body } = exchange.request;
    if (!(body instanceof ReadableStream)) return this.#received(exchange, body ?? new Uint8Array());
    this.#read(exchange, body.getReader(), []);
  }

  /** Reads a body that streams. Its source is the object's memory, so each piece is an event of its process. */
  #read(exchange: Exchange, reader: ReadableStreamDefaultReader<Uint8Array>, pieces: Uint8Array[]): void {
    const { scheduler } = this.#sim();
    scheduler.add(exchange.process, "a piece of the request's body", () => {
      const got = ({ done, value }: { readonly done: boolean; readonly value?: Uint8Array | undefined }): void => {
        if (value !== undefined) pieces.push(value);
        if (!done) return this.#read(exchange, reader, pieces);
        scheduler.send(ORIGIN, "the whole request", () => this.#received(exchange, joined(pieces)));
      };
      void follow(reader.read(), got, () => exchange.fail("the request broke off"));
    });
  }

  /** What is sent is in the ledger, also where it never arrives. */
  #enter(exchange: Exchange): void {
    const { epochs } = this.#sim();
    const { request, process, epoch } = exchange;
    const record = epochs.nameOf(epoch);
    const attempt = Number(request.headers.get("oncegate-attempt"));
    const amount = amountOf(epochs.of(epoch).variant ?? 0);
    const common = { record, amount, attempt, generation: process.generation, arrivedAt: exchange.sentAt, plan: "" };
    const answer = { status: 0, digest: "", bytes: 0 };
    const ended = exchange.isOver ? ({ at: exchange.sentAt, how: "dropped" } as const) : null;
    exchange.entry = { ...common, outcome: "unknown", executedAt: null, answer, ended };
    this.ledger.push(exchange.entry);
  }

  #received(exchange: Exchange, body: Uint8Array): void {
    const { entry } = exchange;
    if (entry === null) throw new Error("what arrives was never sent");
    entry.amount = amountIn(body, this.#sim().world.requestBytes);
    this.#treat(exchange, entry, this.#plan(entry.attempt <= (this.#fences.get(entry.record) ?? 0)));
  }

  #plan(isFenced: boolean): Treatment {
    const { choices } = this.#sim();
    if (isFenced) return "rejects";
    const treatment = this.#isBad() ? choices.weigh(TREATMENTS) : "answers";
    if (treatment === "rejects" && ++this.#rejections > REJECTIONS_MAX) return "answers";
    if (treatment !== "answers") count(this.#sim(), `origin ${treatment}`);
    return treatment;
  }

  #treat(exchange: Exchange, entry: Entry, treatment: Treatment): void {
    const { choices, world } = this.#sim();
    entry.plan = treatment;
    if (treatment === "rejects") {
      entry.outcome = "not-executed";
      return this.#send(exchange, { ...choices.pick(REJECTIONS), body: this.#unique(0) }, null);
    }
    if (treatment === "hangs" && choices.once(2)) return;
    const earlier = world.policy.onUnknown === "retry" ? this.#charges.get(entry.record) : undefined;
    if (treatment === "conflicts" && entry.attempt > 1 && earlier?.isDone === false) {
      // The gateway can't know whether this is about the earlier attempt.
      return this.#send(exchange, { status: 409, headers: {}, body: this.#unique(0) }, null);
    }
    const charge = earlier ?? this.#charge(entry);
    const deliver = (): void => this.#deliver(exchange, entry, charge, treatment);
    if (charge.isDone) deliver();
    else charge.waiting.push(deliver);
  }

  #charge(entry: Entry): Charge {
    const { scheduler, choices, world, isHealed } = this.#sim();
    const id = `a${++this.#ids}`;
    const body = answerBody(id, choices.pick(ANSWER_BYTES));
    const headers = choices.once(3) ? { "content-type": "text/event-stream" } : {};
    const charge: Charge = {
      id,
      answer: { status: choices.pick([201, 402]), headers, body },
      isDone: false,
      waiting: [],
    };
    this.#charges.set(entry.record, charge);
    this.bodies.set(id, body);
    this.answers.set(id, entry);
    // It goes on after the gateway has hung up, as real ones do.
    const execute = (): void =>
      scheduler.send(ORIGIN, `executes ${id}`, () => {
        charge.isDone = true;
        entry.executedAt = scheduler.stamp();
        for (const go of charge.waiting) go();
      });
    if (!isHealed && world.executionMs > 0 && choices.once(2)) scheduler.timer(ORIGIN, world.executionMs, execute);
    else execute();
    return charge;
  }

  #deliver(exchange: Exchange, entry: Entry, { answer }: Charge, treatment: Treatment): void {
    const { choices, world } = this.#sim();
    switch (treatment) {
      case "answers":
      case "conflicts":
        entry.outcome = "final";
        return this.#send(exchange, answer, null);
      case "cuts": {
        const upTo = choices.below(answer.body.byteLength);
        entry.answer = noteOf(answer);
        // What is too large to keep is known to have run before it breaks off.
        if (upTo > world.policy.responseBytesMax) entry.outcome = "final";
        return exchange.answer(answer, upTo);
      }
      case "bad gateway":
        return this.#send(exchange, { status: 502, headers: {}, body: this.#unique(0) }, null);
      case "answers unknown":
        return this.#send(
          exchange,
          { status: 200, headers: { "oncegate-outcome": "unknown" }, body: this.#unique(60) },
          null,
        );
      case "resets":
        return exchange.fail("the connection is reset");
      case "hangs":
        return;
      case "rejects":
        throw new Error("a rejected request was executed");
    }
  }

  #send(exchange: Exchange, answer: PlannedAnswer, upTo: number | null): void {
    if (exchange.entry !== null) exchange.entry.answer = noteOf(answer);
    exchange.answer(answer, upTo);
  }

  /** No two are the same, so none can be taken for another one's. */
  #unique(bytes: number): Uint8Array<ArrayBuffer> {
    const id = `u${++this.#ids}`;
    const body = answerBody(id, bytes);
    this.bodies.set(id, body);
    return body;
  }

  #question(exchange: Exchange): void {
    const sim = this.#sim();
    const { request, process, epoch } = exchange;
    const record = sim.epochs.nameOf(epoch);
    const attempt = Number(request.headers.get("oncegate-attempt"));
    const arrivedAt = exchange.sentAt;
    const note = (said: Probe["said"], final: OriginAnswer | null = null): void => {
      this.probes.push({ record, attempt, generation: process.generation, arrivedAt, said, answer: final });
    };
    const fault = this.#isBad()
      ? sim.choices.pick(["resets", "hangs", "answers without an outcome", "answers unknown", "cuts"] as const)
      : null;
    if (fault !== null) count(sim, `probe ${fault}`);
    const answer = (outcome: string | null): void => {
      const headers = outcome === null ? {} : { "oncegate-outcome": outcome };
      exchange.answer({ status: 200, headers, body: this.#unique(0) }, null);
    };
    if (fault === "answers without an outcome" || fault === "answers unknown") {
      note(fault === "answers without an outcome" ? "nothing" : "unknown");
      return answer(fault === "answers without an outcome" ? null : "unknown");
    }
    if (fault === "resets" || fault === "hangs") {
      note("nothing");
      return fault === "resets" ? exchange.fail("the connection is reset") : undefined;
    }
    const charge = this.#charges.get(record);
    if (charge === undefined) {
      // From now on that is true: an attempt that is still on its way meets the fence.
      this.#fences.set(record, Math.max(attempt, this.#fences.get(record) ?? 0));
      note("not-executed");
      return answer("not-executed");
    }
    if (!charge.isDone) {
      note("unknown");
      return answer("unknown");
    }
    const { status, headers, body } = charge.answer;
    const isCut = fault === "cuts";
    note(isCut ? "nothing" : "final", isCut ? null : noteOf(charge.answer));
    const fields = { ...headers, "oncegate-outcome": "final", "oncegate-status": String(status) };
    exchange.answer({ status: 200, headers: fields, body }, isCut ? sim.choices.below(body.byteLength) : null);
  }
}

function noteOf({ status, body }: PlannedAnswer): OriginAnswer {
  return { status, digest: digestOf(body), bytes: body.byteLength };
}
