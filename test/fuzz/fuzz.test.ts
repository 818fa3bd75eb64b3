// P1, P2, P4, 6: requests as bytes, on the bare runtime. ONCEGATE_SEED repeats a run, and ONCEGATE_RUN_FACTOR makes it longer.
// Each finding becomes a file in corpus/, and those are replayed first.

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { printFigures } from "../support/figures.ts";
import { mutate, mutation, oddRequest, soundRequest } from "./arbitraries.ts";
import { CHANGES } from "./changes.ts";
import { corpusTenants, readCorpus, replay } from "./corpus.ts";
import { echoIn } from "./judge.ts";
import { bytesOf } from "./request.ts";
import { type Rig, newRun, startRig, verdict } from "./rig.ts";
import { parametersFor, seed } from "./settings.ts";
import { exchangeTogether } from "./together.ts";
import { type Exchange, exchange } from "./wire.ts";

const TIMEOUT_MS = 3_600_000;

const corpus = readCorpus();
let rig: Rig;

beforeAll(async () => {
  rig = await startRig((origin) => corpusTenants(corpus, origin));
  console.log(`ONCEGATE_SEED=${seed}`);
});

afterAll(async () => {
  const { runs, messages, origin } = rig;
  printFigures({ name: "fuzz", seed, runs, messages, received: origin.received.length, corpus: corpus.length });
  await rig.stop();
});

/** Sends each of `messages` on a connection of its own, one after the other. */
async function inTurn(messages: readonly Buffer[]): Promise<(readonly [Buffer, Exchange])[]> {
  const exchanged = [];
  for (const sent of messages) exchanged.push([sent, await exchange(rig.url, [sent])] as const);
  return exchanged;
}

/** Which run of the origin an exchange was answered by; null where a refusal came. */
function runIn({ answers }: Exchange): number | null {
  const [answer] = answers;
  return (answer === undefined ? null : echoIn(answer)?.run) ?? null;
}

describe("what was found", () => {
  test.for(corpus)("$host: $about", async (find) => {
    expect(await replay(find, rig)).toEqual([]);
  });
});

describe("whatever is sent", () => {
  test(
    "an odd request, twice",
    async () => {
      const property = fc.asyncProperty(oddRequest, async (request) => {
        const [bytes, since] = [bytesOf(request, newRun()), rig.origin.received.length];
        expect(await verdict(rig, since, await inTurn([bytes, bytes]))).toEqual([]);
      });
      await fc.assert(property, parametersFor(2));
    },
    TIMEOUT_MS,
  );

  test(
    "a sound request some bytes of which are changed, between two that are not",
    async () => {
      const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });
      const property = fc.asyncProperty(soundRequest, mutations, async (request, mutations) => {
        const [sound, since] = [bytesOf(request, newRun()), rig.origin.received.length];
        const exchanged = await inTurn([sound, mutate(sound, mutations), sound]);
        expect(await verdict(rig, since, exchanged)).toEqual([]);
        const runs = exchanged.map(([, came]) => runIn(came));
        expect(runs[0]).not.toBeNull();
        expect(runs[2]).toBe(runs[0]);
      });
      await fc.assert(property, parametersFor(3));
    },
    TIMEOUT_MS,
  );

  test(
    "several requests on one connection get each their own answer",
    async () => {
      const property = fc.asyncProperty(fc.array(soundRequest, { minLength: 2, maxLength: 4 }), async (requests) => {
        const [run, since] = [newRun(), rig.origin.received.length];
        const messages = requests.map((request, index) => bytesOf(request, `${run}${index}`));
        const sent = Buffer.concat(messages);
        const came = await exchange(rig.url, [sent]);
        expect(await verdict(rig, since, [[sent, came]])).toEqual([]);
        const paths = came.answers.map((answer) => echoIn(answer)?.target.split("/").at(-1));
        // The runtime may answer the first alone, and end the connection.
        expect(paths).toEqual(requests.map((_, index) => `${run}${index}`).slice(0, paths.length));
      });
      await fc.assert(property, parametersFor(2));
    },
    TIMEOUT_MS,
  );

  test(
    "two requests with one key at once",
    async () => {
      const interleaving = fc.record({
        cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 4 }),
        order: fc.array(fc.nat({ max: 1 }), { minLength: 1, maxLength: 10 }),
      });
      const change = fc.constantFrom(...CHANGES);
      const property = fc.asyncProperty(soundRequest, change, interleaving, async (request, change, interleaving) => {
        const [run, since] = [newRun(), rig.origin.received.length];
        const messages = [request, change.apply(request)].map((one) => bytesOf(one, run));
        const together = await exchangeTogether(rig.url, messages, interleaving);
        const after = await inTurn(messages);
        const exchanged = [...together.map((came, index) => [messages[index] ?? Buffer.of(), came] as const), ...after];
        expect(await verdict(rig, since, exchanged)).toEqual([]);
        const runs = exchanged.map(([, came]) => runIn(came));
        // Of two requests one is refused if only their content differs, and both are answered if their records differ.
        expect(runs.some((one) => one !== null)).toBe(true);
        expect([runs[2], runs[3]]).toEqual([runs[0], runs[1]]);
        expect(runs[0] === runs[1]).toBe(change.isSame);
      });
      await fc.assert(property, parametersFor(4));
    },
    TIMEOUT_MS,
  );
});
