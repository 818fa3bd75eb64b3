// Section 3.5: who sends, and that nobody gets the answer of another.

import { signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type HeaderLines } from "../client.ts";
import { expectProblem, expectRefusal, expectReplay, expectRun, expectRuns, expectStatus } from "../expect.ts";
import { heldUntil, tellsItsRun } from "../origin-answers.ts";

const account = (value: string): HeaderLines => [["X-Account", value]];

export const callers: readonly Check[] = [
  {
    section: "3.5.1",
    title: "never answers one caller with the record of another",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const alice = await send(where, { key: sent, caller: "Bearer alice" });
      expectRun(alice, 1);
      const bob = await send(where, { key: sent, caller: "Bearer bob" });
      expectRun(bob, 2);
      expectReplay(await send(where, { key: sent, caller: "Bearer alice" }), alice);
      expectReplay(await send(where, { key: sent, caller: "Bearer bob" }), bob);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "3.5.1",
    title: "does not refuse a caller for the body that another one sent",
    run: async ({ path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent, caller: "Bearer alice", json: '{"amount":1}' }), 1);
      expectRun(await send(where, { key: sent, caller: "Bearer bob", json: '{"amount":2}' }), 2);
    },
  },
  {
    section: "3.5.1",
    title: "does not let one caller wait for the request of another",
    run: async ({ origin, scripted, send, open, key }) => {
      const release = signal();
      const path = scripted(heldUntil(release.given, tellsItsRun), tellsItsRun);
      const sent = key();
      const alice = open(path, { key: sent, caller: "Bearer alice" });
      await origin.arrived(path);
      expectRun(await send(path, { key: sent, caller: "Bearer bob" }), 2);
      release.give();
      expectRun(await alice.answer, 1);
    },
  },
  {
    section: "3.5.1",
    title: "distinguishes callers by case and by scheme",
    run: async ({ path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent, caller: "Bearer token" }), 1);
      expectRun(await send(where, { key: sent, caller: "Bearer Token" }), 2);
      expectRun(await send(where, { key: sent, caller: "Basic token" }), 3);
    },
  },
  {
    section: "3.5.1",
    title: "counts an empty caller header as absent",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectRefusal(await send(where, { key: key(), caller: "" }), "caller_missing");
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "3.5.1",
    title: "distinguishes callers by each of several headers and by which of them carries a value",
    needs: "a tenant with two caller headers",
    run: async ({ origin, path, send, key }) => {
      const [where, sent, host] = [path(), key(), "two.example.test"];
      expectRun(await send(where, { host, key: sent, caller: "x", headers: account("y") }), 1);
      expectRun(await send(where, { host, key: sent, caller: "x", headers: account("z") }), 2);
      expectRun(await send(where, { host, key: sent, caller: "y", headers: account("x") }), 3);
      expectRun(await send(where, { host, key: sent, caller: null, headers: account("xy") }), 4);
      expectRun(await send(where, { host, key: sent, caller: "xy" }), 5);
      const again = await send(where, { host, key: sent, caller: "xy", headers: account("") });
      expectStatus(again, 201);
      expectRuns(origin, where, 5);
    },
  },
  {
    section: "3.5.2",
    title: "refuses a keyed request that does not say who calls",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectRefusal(await send(where, { key: key(), caller: null }), "caller_missing");
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "3.5.2",
    title: "does not ask who calls where there is no key",
    run: async ({ origin, path, send }) => {
      const where = path();
      expectStatus(await send(where, { caller: null }), 201);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.5.2",
    title: "takes all requests without a caller for one where anonymous callers are shared",
    needs: "a tenant with shared anonymous callers",
    run: async ({ origin, path, send, key }) => {
      const [where, sent, host] = [path(), key(), "shared.example.test"];
      const first = await send(where, { host, key: sent, caller: null });
      expectRun(first, 1);
      expectReplay(await send(where, { host, key: sent, caller: null }), first);
      expectRun(await send(where, { host, key: sent, caller: "Bearer alice" }), 2);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "3.5.3",
    title: "takes everybody for one caller where no header is named",
    needs: "a tenant without callers",
    run: async ({ origin, path, send, key }) => {
      const [where, sent, host] = [path(), key(), "open.example.test"];
      const first = await send(where, { host, key: sent, caller: "Bearer alice" });
      expectRun(first, 1);
      expectReplay(await send(where, { host, key: sent, caller: "Bearer bob" }), first);
      expectReplay(await send(where, { host, key: sent, caller: null }), first);
      expectRuns(origin, where, 1);
    },
  },
  {
    section: "3.5.2",
    title: "refuses a missing caller before it reveals anything of the record",
    run: async ({ path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent }), 1);
      expectProblem(await send(where, { key: sent, caller: null, json: '{"other":true}' }), "caller_missing");
    },
  },
];
