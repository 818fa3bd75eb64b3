// What outlives the gateway's process: P3, and the rows of 4.1 and 5.1 about a process that died. One crash serves all,
// since starting again takes seconds.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { type Context } from "../context.ts";
import { expectMark, expectRefusal, expectReplay, expectRun, expectRuns, expectStatus } from "../expect.ts";
import { answers, heldUntil, tellsItsRun } from "../origin-answers.ts";
import { routePolicies } from "../tenants.ts";

/** Starts a request under this prefix that the crash will meet while it runs. */
async function pending({ origin, path, open, key }: Context, prefix: string) {
  const where = path(prefix);
  // Never released: the process that waits for it is killed.
  origin.on(where, heldUntil(signal().given, tellsItsRun), tellsItsRun);
  const ask = { key: key() };
  const exchange = open(where, ask);
  await origin.arrived(where);
  return { where, ask, exchange };
}

export const crash: readonly Check[] = [
  {
    section: "4.1",
    title: "takes a record for unknown whose process died, and has kept all others",
    needs: "a gateway that can be killed",
    alone: true,
    run: async (context) => {
      const { crash, origin, path, scripted, send, key } = context;
      assert.ok(crash !== undefined);
      const completed = { where: path(), ask: { key: key() } };
      const first = await send(completed.where, completed.ask);
      expectRun(first, 1);
      const unknown = { where: scripted(answers(502), tellsItsRun), ask: { key: key() } };
      expectMark(await send(unknown.where, unknown.ask), "unknown");
      const tombstone = { where: path(routePolicies["max_response_bytes of 1000"].prefix), ask: { key: key() } };
      origin.on(tombstone.where, answers(200, {}, "x".repeat(2000)));
      expectStatus(await send(tombstone.where, tombstone.ask), 200);
      const refusing = await pending(context, "/plain");
      const retrying = await pending(context, routePolicies["on_unknown retry"].prefix);

      await crash();

      expectReplay(await send(completed.where, completed.ask), first);
      expectRefusal(await send(unknown.where, unknown.ask), "outcome_unknown");
      expectRefusal(await send(tombstone.where, tombstone.ask), "replay_unavailable");
      expectRefusal(await send(refusing.where, { ...refusing.ask, json: "[]" }), "key_reused");
      expectRefusal(await send(refusing.where, refusing.ask), "outcome_unknown");
      expectRuns(origin, refusing.where, 1);
      expectRun(await send(retrying.where, retrying.ask), 2);
      assert.equal(header(await origin.arrived(retrying.where, 2), "oncegate-attempt"), "2");
    },
  },
];
