// P1, 5.7.2: in every order of attempts, probes and crashes, one key has one effect, and "not executed" stays true.

import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Answer,
  type AsyncStore,
  type NotExecuted,
  createFence,
  final,
  notExecuted,
} from "../../../src/for-origins/index.ts";
import { runs } from "../../support/runs.ts";
import { RULES, attempt, probe } from "./requests.ts";

// The order of tasks must follow from the seed alone, and real digests end when they will.
beforeEach(() => {
  vi.spyOn(crypto.subtle, "digest").mockImplementation(async (_, bytes) => {
    const digest = createHash("sha256")
      .update(new Uint8Array(ArrayBuffer.isView(bytes) ? bytes.buffer : bytes))
      .digest();
    return new Uint8Array(digest).buffer;
  });
});
afterEach(() => void vi.restoreAllMocks());

type Action = {
  readonly kind: "run" | "run outside" | "refuse" | "probe";
  readonly attempt: number;
};

const ACTIONS = fc.array(
  fc.record<Action>({
    kind: fc.constantFrom("run", "run outside", "refuse", "probe"),
    attempt: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** The steps at which a process dies, counted over all of them. */
const CRASHES = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 4 });

class Crash extends Error {}

interface Effect {
  readonly attempt: number;
  readonly body: string;
}

/** What has happened, in the order in which it became durable. */
class World {
  readonly effects: Effect[] = [];
  readonly #entries = new Map<string, string>();
  readonly #scheduler: fc.Scheduler;
  readonly #crashes: ReadonlySet<number>;
  #steps = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(scheduler: fc.Scheduler, crashes: readonly number[]) {
    this.#scheduler = scheduler;
    this.#crashes = new Set(crashes);
  }

  /** Lets others run. The process of this request may end here. */
  async step(name: string): Promise<void> {
    await this.#scheduler.schedule(Promise.resolve(), name);
    if (this.#crashes.has(this.#steps++)) throw new Crash(name);
  }

  /** Everything uses one key, so one lock is that of its id. */
  readonly store: AsyncStore<{ readonly effects: Effect[]; readonly entries: Map<string, string> }> = {
    kind: "async",
    transaction: async (_, work) => {
      await this.step("begin");
      const before = this.#last;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#last = promise;
      await before;
      try {
        const tx = { effects: [] as Effect[], entries: new Map(this.#entries) };
        const result = await work(tx);
        await this.step("before commit");
        this.effects.push(...tx.effects);
        for (const [id, entry] of tx.entries) this.#entries.set(id, entry);
        await this.step("after commit");
        return result;
      } finally {
        resolve();
      }
    },
    read: async ({ entries }, id) => {
      await this.step("read");
      return entries.get(id) ?? null;
    },
    write: async ({ entries }, id, entry) => {
      await this.step("write");
      entries.set(id, entry);
    },
  };
}

/** An answer, and what was already done when it was asked for. */
interface Answered {
  readonly action: Action;
  readonly answer: Answer;
  readonly effectsBefore: number;
}

const REFUSED: NotExecuted = notExecuted({ status: 503, body: "" });

async function perform(world: World, action: Action, number: number): Promise<Answered | null> {
  const fence = createFence({ ...RULES, store: world.store });
  const effect = { attempt: action.attempt, body: `effect of request ${number}` };
  const done = final({ status: 201, body: effect.body });
  const ask = async (): Promise<Answer | null> => {
    switch (action.kind) {
      case "probe":
        return fence.probe(probe(action.attempt));
      case "run outside":
        return fence.runOutside(attempt(action.attempt), async () => {
          await world.step("before the effect");
          world.effects.push(effect);
          await world.step("after the effect");
          return done;
        });
      case "run":
      case "refuse":
        return fence.run(attempt(action.attempt), async (tx) => {
          tx.effects.push(effect);
          await world.step("in the effect");
          return action.kind === "run" ? done : REFUSED;
        });
    }
  };
  try {
    await world.step("arrive");
    const effectsBefore = world.effects.length;
    const answer = await ask();
    return answer === null ? null : { action, answer, effectsBefore };
  } catch (error) {
    // Its client gets no answer. What is durable stays, and the others go on.
    if (error instanceof Crash) return null;
    throw error;
  }
}

/** What the gateway would rely on. */
function check(world: World, answers: readonly Answered[]): void {
  expect(world.effects.length).toBeLessThanOrEqual(1);
  const [effect] = world.effects;
  for (const { action, answer, effectsBefore } of answers) {
    const outcome = answer.headers?.["Oncegate-Outcome"];
    if (outcome === "final") expect(answer.body).toBe(effect?.body);
    if (outcome !== "not-executed") continue;
    expect(effectsBefore).toBe(0);
    if (action.kind === "probe") expect(effect?.attempt ?? Infinity).toBeGreaterThan(action.attempt);
  }
}

describe("a fence, whatever comes in whatever order", () => {
  test("has at most one effect, and no not-executed that is or becomes untrue", async () => {
    let effects = 0;
    let notExecuted = 0;
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), ACTIONS, CRASHES, async (scheduler, actions, crashes) => {
        const world = new World(scheduler, crashes);
        const all = Promise.all(actions.map((action, number) => perform(world, action, number)));
        const answers = (await scheduler.waitFor(all)).filter((answered) => answered !== null);
        check(world, answers);
        effects += world.effects.length;
        notExecuted += answers.filter(({ answer }) => answer.headers?.["Oncegate-Outcome"] === "not-executed").length;
      }),
      runs(300),
    );
    // Otherwise it would have looked at nothing.
    expect(effects).toBeGreaterThan(50);
    expect(notExecuted).toBeGreaterThan(50);
  });

  test("is settled by the last probe, whatever has crashed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), ACTIONS, CRASHES, async (scheduler, actions, crashes) => {
        const inStore = actions.filter(({ kind }) => kind !== "run outside");
        const world = new World(scheduler, crashes);
        await scheduler.waitFor(Promise.all(inStore.map((action, number) => perform(world, action, number))));
        const last = createFence({ ...RULES, store: world.store }).probe(probe(9));
        const crashed = await scheduler.waitFor(last.catch((error: unknown) => error));
        if (crashed instanceof Crash) return;
        const settled = (await last)?.headers?.["Oncegate-Outcome"];
        expect(settled).toBe(world.effects.length === 1 ? "final" : "not-executed");
      }),
      runs(200),
    );
  });
});
