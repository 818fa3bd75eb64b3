// P5 and section 4.1, the right column: another request under the same key, whatever the record holds.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import {
  expectMark,
  expectProblem,
  expectRefusal,
  expectReplay,
  expectRun,
  expectRuns,
  expectStatus,
} from "../expect.ts";
import { answers, heldUntil, tellsItsRun } from "../origin-answers.ts";

const OTHER = { json: '{"amount":999}' };

export const mismatch: readonly Check[] = [
  {
    section: "4.1",
    title: "refuses another request once the first is completed",
    run: async ({ origin, path, send, key }) => {
      const [where, ask] = [path(), { key: key() }];
      const first = await send(where, ask);
      expectRun(first, 1);
      expectRefusal(await send(where, { ...ask, ...OTHER }), "key_reused");
      expectReplay(await send(where, ask), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "4.1",
    title: "refuses another request at once while the first still runs",
    run: async ({ origin, scripted, send, open, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, tellsItsRun));
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      expectRefusal(await send(path, { ...ask, ...OTHER }), "key_reused");
      release.give();
      expectRun(await original.answer, 1);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "4.1",
    title: "refuses another request while the outcome is unknown",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(502), tellsItsRun);
      const ask = { key: key() };
      expectMark(await send(path, ask), "unknown");
      expectRefusal(await send(path, { ...ask, ...OTHER }), "key_reused");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "4.1",
    title: "refuses another request while the outcome is unknown, also where the same one would run again",
    needs: "on_unknown retry",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(502), tellsItsRun);
      const ask = { key: key() };
      expectMark(await send(path, ask), "unknown");
      expectRefusal(await send(path, { ...ask, ...OTHER }), "key_reused");
      expectRuns(origin, path, 1);
      expectRun(await send(path, ask), 2);
    },
  },
  {
    section: "4.1",
    title: "refuses another request while a late answer is awaited",
    needs: "origin_timeout of 3 s",
    run: async ({ origin, scripted, send, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, tellsItsRun));
      const ask = { key: key() };
      expectRefusal(await send(path, ask), "origin_timeout");
      expectRefusal(await send(path, { ...ask, ...OTHER }), "key_reused");
      release.give();
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "4.1",
    title: "refuses another request where only a tombstone is left",
    needs: "max_response_bytes of 1000",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(200, {}, "x".repeat(2000)));
      const ask = { key: key() };
      expectStatus(await send(path, ask), 200);
      expectRefusal(await send(path, { ...ask, ...OTHER }), "key_reused");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "4.1",
    title: "refuses another request also where retries are refused in flight",
    needs: "in_flight refuse",
    run: async ({ origin, scripted, send, open, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, tellsItsRun));
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      expectRefusal(await send(path, { ...ask, ...OTHER }), "key_reused");
      release.give();
      expectRun(await original.answer, 1);
    },
  },
  {
    section: "2 P5",
    title: "runs one of 20 different requests that arrive together under one key, and refuses the others",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const asks = Array.from({ length: 20 }, (_, amount) => ({ key: sent, json: `{"amount":${amount}}` }));
      const seen = await Promise.all(asks.map((ask) => send(where, ask)));
      const [run, ...more] = seen.filter(({ status }) => status === 201);
      assert.ok(run !== undefined && more.length === 0, `expected one 201, got ${more.length + 1}`);
      expectRun(run, 1);
      for (const answer of seen) if (answer !== run) expectRefusal(answer, "key_reused");
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "6.3.4",
    title: "says the same of every mismatch, whatever differed",
    run: async ({ path, send, key }) => {
      const [where, ask] = [path(), { key: key() }];
      expectRun(await send(where, ask), 1);
      const refusals = [
        await send(where, { ...ask, json: '{"amount":101}' }),
        await send(where, { ...ask, json: '{"currency":"eur"}' }),
        await send(`${where}?secret=1`, ask),
        await send(where, { ...ask, headers: [["If-Match", '"v1"']] }),
      ].map((answer) => expectProblem(answer, "key_reused"));
      // The instance is of each refusal (6.3.5), the type is checked above. Both may contain any digits by chance.
      const [first, ...others] = refusals.map(({ instance: _instance, type: _type, ...said }) => said);
      for (const said of others) assert.deepEqual(said, first);
      assert.doesNotMatch(JSON.stringify(first), /amount|currency|secret|100/u);
    },
  },
];
