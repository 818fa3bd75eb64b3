// Section 4.6: what a hold refuses and what it lets pass.

import { type Check } from "../check.ts";
import { expectProblem, expectRuns, expectStatus } from "../expect.ts";

export const holds: readonly Check[] = [
  {
    section: "4.6.1",
    title: "refuses a new request on hold, each time, and sends it nowhere",
    needs: "on hold",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      const ask = { key: key() };
      for (const _ of [1, 2]) expectProblem(await send(where, ask), "on_hold");
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "4.6.2",
    title: "refuses a request without a key likewise, and lets a safe method pass",
    needs: "on hold",
    run: async ({ origin, path, send }) => {
      const where = path();
      expectProblem(await send(where), "on_hold");
      expectRuns(origin, where, 0);
      expectStatus(await send(where, { method: "GET" }), 201);
      expectRuns(origin, where, 1);
    },
  },
];
