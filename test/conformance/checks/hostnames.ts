// P4 and section 3.1: each hostname is a tenant of its own.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header, open } from "../client.ts";
import { expectProblem, expectReplay, expectRun, expectRuns, expectStatus } from "../expect.ts";

export const hostnames: readonly Check[] = [
  {
    section: "2 P4",
    title: "never answers one tenant with the record of another",
    needs: "two tenants",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const first = await send(where, { host: "a.example.test", key: sent });
      expectRun(first, 1);
      expectRun(await send(where, { host: "b.example.test", key: sent }), 2);
      expectRun(await send(where, { key: sent }), 3);
      expectReplay(await send(where, { host: "a.example.test", key: sent }), first);
      expectRuns(origin, where, 3);
    },
  },
  ...[
    ["in upper case", "A.EXAMPLE.TEST"],
    ["with a trailing dot", "a.example.test."],
    ["with a port", "a.example.test:8080"],
  ].map(([title = "", host = ""]): Check => ({
    section: "1",
    title: `takes a hostname ${title} for the same tenant`,
    needs: "two tenants",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const first = await send(where, { host: "a.example.test", key: sent });
      expectRun(first, 1);
      expectReplay(await send(where, { host, key: sent }), first);
      expectRuns(origin, where, 1);
    },
  })),
  {
    section: "3.1.1",
    title: "takes the exact hostname before a wildcard, and the longest wildcard first",
    needs: "wildcard tenants",
    run: async ({ path, send, key }) => {
      // The exact tenant makes keys optional, the wildcard requires one, the longer wildcard has them off.
      const keyed = await send(path(), { host: "exact.wild.example.test", key: key() });
      expectRun(keyed, 1);
      expectStatus(await send(path(), { host: "exact.wild.example.test" }), 201);
      expectProblem(await send(path(), { host: "other.wild.example.test" }), "key_missing");
      const off = await send(path(), { host: "x.deep.wild.example.test", key: key() });
      expectStatus(off, 201);
      assert.equal(header(off, "idempotency-status"), undefined, "expected the policy of *.deep.wild.example.test");
    },
  },
  {
    section: "3.1.1",
    title: "serves any other hostname from the catch-all tenant",
    run: async ({ path, send, key }) => {
      expectRun(await send(path(), { host: "nobody-named-this.example.org", key: key() }), 1);
    },
  },
  {
    section: "3.1.2",
    title: "refuses a hostname that nothing serves",
    needs: "a gateway without a catch-all tenant",
    alone: true,
    run: async ({ urlWithoutCatchAll, origin, path, key }) => {
      assert.ok(urlWithoutCatchAll !== undefined);
      const url = await urlWithoutCatchAll();
      const where = path();
      const ask = { host: "nobody.example.test", key: key() };
      expectProblem(await open(url, where, ask).answer, "unknown_tenant");
      const keyless = { host: "nobody.example.test", method: "GET" };
      expectProblem(await open(url, where, keyless).answer, "unknown_tenant");
      expectRuns(origin, where, 0);
      expectRun(await open(url, where, { ...ask, host: "only.example.test" }).answer, 1);
    },
  },
  {
    section: "3.1.3",
    title: "keeps apart two hostnames that one wildcard serves",
    needs: "wildcard tenants",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { host: "one.wild.example.test", key: sent }), 1);
      expectRun(await send(where, { host: "two.wild.example.test", key: sent }), 2);
      expectRuns(origin, where, 2);
    },
  },
  {
    section: "3.1.4",
    title: "refuses a hostname whose configuration is faulty, and serves the others",
    needs: "a faulty tenant",
    run: async ({ origin, path, send, key }) => {
      const where = path();
      expectProblem(await send(where, { host: "faulty.example.test", key: key() }), "misconfigured");
      expectRuns(origin, where, 0);
      expectRun(await send(where, { key: key() }), 1);
    },
  },
];
