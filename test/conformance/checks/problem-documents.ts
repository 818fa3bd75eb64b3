// Section 6.3: what refusals look like. Which refusal comes when is checked where it belongs.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectProblem, expectReplay, expectRetryAdvice, expectRun, expectRuns } from "../expect.ts";
import { answers, heldUntil, tellsItsRun } from "../origin-answers.ts";

export const problemDocuments: readonly Check[] = [
  {
    section: "6.3.2",
    title: "names the requested scheme and host in type",
    run: async ({ path, send, url }) => {
      const problem = expectProblem(await send(path(), { key: "a,b" }), "key_invalid");
      assert.equal(problem["type"], `http://${url.host}/.well-known/idempotency#key_invalid`);
    },
  },
  {
    section: "6.3.2",
    title: "names each tenant's own host in type",
    needs: "two tenants",
    run: async ({ path, send }) => {
      const answer = await send(path(), { host: "a.example.test", key: "a,b" });
      const problem = expectProblem(answer, "key_invalid");
      const { hostname } = new URL(String(problem["type"]));
      assert.equal(hostname, "a.example.test");
    },
  },
  {
    section: "6.3.3",
    title: "advises to retry where that can help",
    run: async ({ origin, scripted, open, send, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, tellsItsRun));
      const ask = { key: key() };
      const original = open(path, ask);
      await origin.arrived(path);
      const answer = await send(path, { ...ask, headers: [["Prefer", "wait=0"]] });
      expectProblem(answer, "in_flight");
      expectRetryAdvice(answer, true);
      assert.match(header(answer, "retry-after") ?? "", /^[1-9]\d{0,3}$/u);
      release.give();
      expectRun(await original.answer, 1);
    },
  },
  {
    section: "6.3.3",
    title: "overrules an origin's advice to retry an unknown outcome",
    run: async ({ scripted, send, key }) => {
      const advice = { "X-Should-Retry": "true", "Stripe-Should-Retry": "true" };
      const answer = await send(scripted(answers(502, advice)), { key: key() });
      expectRetryAdvice(answer, false);
    },
  },
  {
    section: "6.3.3",
    title: "leaves an origin's advice on other answers alone",
    run: async ({ scripted, send, key }) => {
      const answer = await send(scripted(answers(429, { "X-Should-Retry": "true" })), { key: key() });
      assert.equal(header(answer, "x-should-retry"), "true");
      assert.equal(header(answer, "stripe-should-retry"), undefined);
    },
  },
  {
    section: "6.2.4",
    title: "advises against a retry of a stored 500 from the first, and leaves its Retry-After out of replays",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(500, { "X-Should-Retry": "true", "Retry-After": "2" }), tellsItsRun);
      const ask = { key: key() };
      const first = await send(path, ask);
      expectRetryAdvice(first, false);
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "6.2.4",
    title: "leaves the advice of a stored success as it is",
    run: async ({ scripted, send, key }) => {
      const path = scripted(answers(202, { "X-Should-Retry": "true", "Retry-After": "2" }));
      const ask = { key: key() };
      await send(path, ask);
      const replay = await send(path, ask);
      assert.deepEqual([header(replay, "retry-after"), header(replay, "x-should-retry")], ["2", "true"]);
    },
  },
  {
    section: "6.3.1",
    title: "does not quote the key or the caller in a refusal",
    run: async ({ path, send, key }) => {
      const ask = { key: key(), caller: "Bearer very-secret" };
      const where = path();
      expectRun(await send(where, ask), 1);
      const text = JSON.stringify(expectProblem(await send(where, { ...ask, json: "[]" }), "key_reused"));
      assert.ok(!text.includes("very-secret"), text);
    },
  },
];
