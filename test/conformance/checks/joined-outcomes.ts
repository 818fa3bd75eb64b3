// Sections 4.3.1 and 6.1.3: what those who joined get where the answer is not kept.

import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { expectMark, expectRefusal, expectRun, expectRuns, expectSame } from "../expect.ts";
import { answers, heldUntil, tellsItsRun, writesRaw } from "../origin-answers.ts";

export const joinedOutcomes: readonly Check[] = [
  {
    section: "6.1.3",
    title: "gives those who joined an undone attempt its answer, marked released",
    run: async ({ origin, scripted, open, join, send, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, answers(429, { "Retry-After": "7" }, "slow down")), tellsItsRun);
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      const joiner = await join(path, ask);
      release.give();
      const [first, joined] = [await original.answer, await joiner.answer];
      expectMark(first, "released");
      expectMark(joined, "released");
      expectSame(joined, first);
      expectRuns(origin, path, 1);
      expectRun(await send(path, ask), 2);
    },
  },
  {
    section: "6.1.3",
    title: "gives those who joined an attempt with an unknown outcome its answer, marked unknown",
    run: async ({ origin, scripted, open, join, send, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, answers(502, {}, "bad gateway")));
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      const joiner = await join(path, ask);
      release.give();
      const [first, joined] = [await original.answer, await joiner.answer];
      expectMark(first, "unknown");
      expectMark(joined, "unknown");
      expectSame(joined, first);
      expectRefusal(await send(path, ask), "outcome_unknown");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "4.3.1",
    title: "answers those who joined an attempt whose connection broke, and runs nothing for them",
    run: async ({ origin, scripted, open, join, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, writesRaw("broken\r\n\r\n")), tellsItsRun);
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      const joiner = await join(path, ask);
      release.give();
      expectRefusal(await original.answer, "origin_unreachable");
      expectRefusal(await joiner.answer, "origin_unreachable");
      expectRuns(origin, path, 1);
    },
  },
];
