// Sections 4.2.2 and 4.3: requests that meet a running attempt, and clients that leave.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type Answer, header, type HeaderLines } from "../client.ts";
import { type Context } from "../context.ts";
import { expectMark, expectRefusal, expectReplay, expectRun, expectRuns, show } from "../expect.ts";
import { heldUntil, tellsItsRun } from "../origin-answers.ts";

const prefer = (value: string): HeaderLines => [["Prefer", value]];

/** A request that runs until `release` is called. */
async function running({ origin, scripted, open, key }: Context) {
  const release = signal();
  const path = scripted(heldUntil(release.given, tellsItsRun));
  const ask = { key: key() };
  const original = open(path, ask);
  await origin.arrived(path);
  return { path, ask, original, release: release.give };
}

function expectElapsed({ elapsedMs }: Answer, atLeastMs: number, atMostMs: number): void {
  const seen = `the answer took ${Math.round(elapsedMs)} ms`;
  assert.ok(elapsedMs >= atLeastMs && elapsedMs <= atMostMs, `expected ${atLeastMs} to ${atMostMs} ms, ${seen}`);
}

/** One request beyond the limit of section 9. */
const CROWD = 1001;

export const joining: readonly Check[] = [
  {
    section: "4.3.1",
    title: "answers a request that meets the running one with its answer",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const joiners = [await context.join(path, ask), await context.join(path, ask)];
      release();
      const first = await original.answer;
      expectRun(first, 1);
      for (const joiner of joiners) expectReplay(await joiner.answer, first, "joined");
      expectReplay(await context.send(path, ask), first);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "4.3.2",
    title: "waits as long as the policy says, then answers that the original still runs",
    needs: "wait of 300 ms",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const answer = await context.send(path, ask);
      expectRefusal(answer, "in_flight");
      expectElapsed(answer, 290, 3000);
      release();
      const first = await original.answer;
      expectRun(first, 1);
      expectReplay(await context.send(path, ask), first);
      expectRuns(context.origin, path, 1);
    },
  },
  ...[
    ["wait=0", 0],
    ["wait=1", 1],
    ["respond-async, wait=1", 1],
    ['wait="1"', 1],
  ].map(([value = "", seconds]): Check => ({
    section: "4.3.2",
    title: `waits no longer than Prefer: ${value} asks for, and confirms it`,
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const answer = await context.send(path, { ...ask, headers: prefer(String(value)) });
      expectRefusal(answer, "in_flight");
      expectElapsed(answer, Number(seconds) * 1000 - 10, Number(seconds) * 1000 + 3000);
      assert.equal(header(answer, "preference-applied"), `wait=${seconds}`);
      release();
      expectRun(await original.answer, 1);
      expectRuns(context.origin, path, 1);
    },
  })),
  {
    section: "4.3.2",
    title: "confirms Prefer: wait on the answer that came in time",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const joiner = context.open(path, { ...ask, headers: prefer("wait=10") });
      await joiner.written;
      await context.send(path, { ...ask, headers: prefer("wait=0") });
      release();
      const answer = await joiner.answer;
      expectReplay(answer, await original.answer, "joined");
      assert.equal(header(answer, "preference-applied"), "wait=10");
    },
  },
  {
    section: "4.3.2",
    title: "does not wait longer than the policy says for Prefer",
    needs: "wait of 300 ms",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const answer = await context.send(path, { ...ask, headers: prefer("wait=50") });
      expectRefusal(answer, "in_flight");
      expectElapsed(answer, 290, 5000);
      release();
      expectRun(await original.answer, 1);
    },
  },
  {
    section: "4.3.3",
    title: "does not wait where the policy refuses",
    needs: "in_flight refuse",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      expectRefusal(await context.send(path, ask), "in_flight");
      release();
      const first = await original.answer;
      expectRun(first, 1);
      expectReplay(await context.send(path, ask), first);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "4.3.4",
    title: "lets 1,000 requests wait and refuses the next",
    alone: true,
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const crowd = Array.from({ length: CROWD }, () => context.open(path, { ...ask, timeoutMs: 60_000 }));
      // The one too many is refused while all others wait, whichever of them it is.
      const refused = await Promise.race(crowd.map(({ answer }) => answer));
      expectRefusal(refused, "in_flight");
      release();
      const first = await original.answer;
      expectRun(first, 1);
      const answers = await Promise.all(crowd.map(({ answer }) => answer));
      const joined = answers.filter((answer) => header(answer, "idempotent-replayed") === "true");
      assert.equal(joined.length, CROWD - 1, `expected 1000 joined answers; the last was ${show(refused)}`);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "4.2.2",
    title: "finishes the attempt of a client that hung up, and keeps its answer",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      original.hangUp();
      const joiner = await context.join(path, ask);
      release();
      const answer = await joiner.answer;
      expectMark(answer, "joined");
      assert.equal(answer.body.toString(), '{"run":1}');
      expectReplay(await context.send(path, ask), answer);
      expectRuns(context.origin, path, 1);
    },
  },
  {
    section: "4.2.2",
    title: "finishes the attempt also when everybody has left",
    run: async (context) => {
      const { path, ask, original, release } = await running(context);
      const joiner = await context.join(path, ask);
      joiner.hangUp();
      original.hangUp();
      const [received] = context.origin.requests(path);
      // The attempt still runs after both hang-ups were sent: a probe that came after them gets that answer.
      expectRefusal(await context.send(path, { ...ask, headers: prefer("wait=0") }), "in_flight");
      const gone = await Promise.race([received?.gone.then(() => "gone"), Promise.resolve("there")]);
      assert.equal(gone, "there", "expected the connection to the origin to outlive the client's");
      release();
      const answer = await context.send(path, ask);
      assert.equal(answer.body.toString(), '{"run":1}', `expected the answer of run 1, got ${show(answer)}`);
      expectRuns(context.origin, path, 1);
    },
  },
];
