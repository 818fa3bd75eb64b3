// Section 4.4: when a record ends. These checks wait for time itself to pass, one second each.

import assert from "node:assert/strict";
import { eventually, pause, signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type Answer, type Ask, header } from "../client.ts";
import { type Context } from "../context.ts";
import { expectMark, expectRefusal, expectReplay, expectRun, expectRuns, show } from "../expect.ts";
import { answers, heldUntil, tellsItsRun } from "../origin-answers.ts";
import { type OriginAnswer } from "../origin.ts";

const TTL_MS = 1000;

/** Sends the request again and again until the origin has run it a second time. */
function untilRunAgain({ send, origin }: Context, path: string, ask: Ask): Promise<Answer> {
  let last = "nothing";
  return eventually(
    async () => {
      const answer = await send(path, ask);
      last = show(answer);
      return origin.count(path) === 2 ? answer : undefined;
    },
    { withinMs: 60_000, everyMs: 100, what: "the record to end", saw: () => last },
  );
}

/** Sends the request again and again until its term is over. */
function untilExpired({ send }: Context, path: string, ask: Ask): Promise<Answer> {
  let last = "nothing";
  return eventually(
    async () => {
      const answer = await send(path, ask);
      last = show(answer);
      return last.includes("key_expired") ? answer : undefined;
    },
    { withinMs: 60_000, everyMs: 100, what: "the term to end", saw: () => last },
  );
}

const remembered: readonly (readonly [title: string, first: OriginAnswer])[] = [
  ["an answer", tellsItsRun],
  ["an unknown outcome", answers(502)],
];

function staysUsed([title, first]: (typeof remembered)[number]): Check {
  return {
    section: "4.4.6",
    title: `refuses every retry after the term of ${title} whose key is remembered`,
    needs: "terms of 1 s, remembered",
    run: async (context) => {
      const [path, ask] = [context.scripted(first, tellsItsRun), { key: context.key() }];
      await context.send(path, ask);
      const { expires } = expectMark(await untilExpired(context, path, ask), "refused");
      assert.ok(expires !== undefined && expires.getTime() > Date.now(), "expected the end of the key's time");
      expectRefusal(await context.send(path, ask), "key_expired");
      expectRefusal(await context.send(path, { ...ask, json: '{"amount":999}' }), "key_reused");
      expectRuns(context.origin, path, 1);
    },
  };
}

export const expiry: readonly Check[] = [
  ...remembered.map(staysUsed),
  {
    section: "4.4.1",
    title: "replays until ttl is over, then runs the request again",
    needs: "ttl of 1 s",
    run: async (context) => {
      const [path, ask, started] = [context.path(), { key: context.key() }, performance.now()];
      const first = await context.send(path, ask);
      expectRun(first, 1);
      const again = await untilRunAgain(context, path, ask);
      const elapsedMs = performance.now() - started;
      assert.ok(elapsedMs >= TTL_MS, `expected the record to live 1000 ms, it ran again after ${elapsedMs} ms`);
      expectRun(again, 2);
      expectReplay(await context.send(path, ask), again);
    },
  },
  {
    section: "4.4.1",
    title: "counts ttl from the answer, not from its replays",
    needs: "ttl of 1 s",
    run: async (context) => {
      const [path, ask] = [context.path(), { key: context.key() }];
      const first = await context.send(path, ask);
      const { recorded, expires } = expectMark(first, "executed");
      const replay = expectMark(await context.send(path, ask), "replayed");
      assert.ok(recorded !== undefined && expires !== undefined, `expected both dates on ${show(first)}`);
      assert.deepEqual([replay.recorded, replay.expires], [recorded, expires]);
      const seconds = (expires.getTime() - recorded.getTime()) / 1000;
      assert.ok(seconds === 1 || seconds === 2, `expected a term of 1 s in whole seconds, got ${seconds} s`);
    },
  },
  {
    section: "4.4.1",
    title: "frees the key for any other request when ttl is over",
    needs: "ttl of 1 s",
    run: async (context) => {
      const [path, ask] = [context.path(), { key: context.key() }];
      expectRun(await context.send(path, ask), 1);
      const other = { ...ask, json: '{"amount":999}' };
      expectRefusal(await context.send(path, other), "key_reused");
      expectRun(await untilRunAgain(context, path, other), 2);
      expectRefusal(await context.send(path, ask), "key_reused");
    },
  },
  {
    section: "4.4.2",
    title: "does not let a record end while its attempt runs",
    needs: "ttl of 1 s",
    run: async ({ origin, scripted, open, send, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, tellsItsRun));
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      // Longer than ttl, so that only the running attempt can be what keeps the record.
      await pause(TTL_MS + 200);
      expectRefusal(await send(path, { ...ask, headers: [["Prefer", "wait=0"]] }), "in_flight");
      release.give();
      const first = await original.answer;
      expectRun(first, 1);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "4.4.1",
    title: "refuses until unknown_ttl is over, then runs the request again",
    needs: "unknown_ttl of 1 s",
    run: async (context) => {
      const started = performance.now();
      const [path, ask] = [context.scripted(answers(502), tellsItsRun), { key: context.key() }];
      expectMark(await context.send(path, ask), "unknown");
      expectRefusal(await context.send(path, ask), "outcome_unknown");
      const again = await untilRunAgain(context, path, ask);
      const elapsedMs = performance.now() - started;
      assert.ok(elapsedMs >= TTL_MS, `expected the record to live 1000 ms, it ran again after ${elapsedMs} ms`);
      expectRun(again, 2);
      assert.equal(header(context.origin.requests(path)[1] ?? { headers: [] }, "oncegate-attempt"), "1");
    },
  },
  {
    section: "4.4.1",
    title: "does not let a refusal prolong an unknown outcome",
    needs: "unknown_ttl of 1 s",
    run: async (context) => {
      const [path, ask] = [context.scripted(answers(502), tellsItsRun), { key: context.key() }];
      const { expires } = expectMark(await context.send(path, ask), "unknown");
      const refusal = await context.send(path, ask);
      expectRefusal(refusal, "outcome_unknown");
      assert.ok(expires !== undefined, "expected expires on an answer marked unknown");
      assert.deepEqual(expectMark(refusal, "unknown").expires, expires);
      expectRuns(context.origin, path, 1);
    },
  },
];
