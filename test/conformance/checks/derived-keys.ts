// Section 3.10: keys for requests that have none.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectProblem, expectReplay, expectRun, expectRuns, idempotencyStatus } from "../expect.ts";

export const derivedKeys: readonly Check[] = [
  {
    section: "3.10.1",
    title: "runs equal requests of one caller once",
    needs: "derived keys",
    run: async ({ origin, path, send }) => {
      const where = path();
      const first = await send(where);
      expectRun(first, 1);
      expectReplay(await send(where), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.10.1",
    title: "runs another caller's equal request, and another request of the same caller",
    needs: "derived keys",
    run: async ({ path, send }) => {
      const where = path();
      expectRun(await send(where), 1);
      expectRun(await send(where, { caller: "Bearer somebody else" }), 2);
      expectRun(await send(where, { json: '{"amount":101}' }), 3);
    },
  },
  {
    section: "3.10.2",
    title: "makes the key from members of the body, and refuses other content",
    needs: "keys derived from a member",
    run: async ({ origin, path, send }) => {
      const where = path();
      const order = JSON.stringify({ order_id: randomUUID(), amount: 1 });
      const first = await send(where, { json: order });
      expectRun(first, 1);
      expectReplay(await send(where, { json: order }), first);
      expectProblem(await send(where, { json: order.replace('"amount":1', '"amount":2') }), "key_reused");
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.10.3",
    title: "marks what it derived, and repeats no key",
    needs: "derived keys",
    run: async ({ path, send }) => {
      const where = path();
      for (const word of ["executed", "replayed"]) {
        const answer = await send(where);
        const { isDerived, word: seen } = idempotencyStatus(answer);
        assert.deepEqual([seen, isDerived], [word, true]);
        assert.equal(header(answer, "idempotency-key"), undefined);
      }
    },
  },
  {
    section: "3.10.5",
    title: "never meets a key that was sent",
    needs: "derived keys",
    run: async ({ path, send, key }) => {
      const where = path();
      expectRun(await send(where), 1);
      const keyed = await send(where, { key: key() });
      expectRun(keyed, 2);
      assert.equal(idempotencyStatus(keyed).isDerived, false);
    },
  },
  {
    section: "3.10.6",
    title: "passes the request of an unknown caller through",
    needs: "derived keys",
    run: async ({ origin, path, send }) => {
      const where = path();
      for (const _ of [1, 2]) {
        assert.equal(header(await send(where, { caller: null }), "idempotency-status"), undefined);
      }
      expectRuns(origin, where, 2);
    },
  },
];
