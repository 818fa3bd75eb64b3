// Sections 3.2 and 3.7: the policy of a path, its spelling, and what a record is kept for.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { header } from "../client.ts";
import { expectLogged, expectProblem, expectReplay, expectRun, expectRuns, expectStatus } from "../expect.ts";
import { tellsItsRun } from "../origin-answers.ts";

/** Spellings of a path that must reach the origin as they are. */
const spellings: readonly (readonly [title: string, suffix: string])[] = [
  ["percent-encoded letters", "/%61%42c"],
  ["lower-case hex digits", "/%c3%a9"],
  ["an encoded slash", "/a%2Fb"],
  ["an encoded question mark and hash", "/a%3Fb%23c"],
  ["an encoded percent sign", "/100%25"],
  ["doubled slashes", "//a//b"],
  ["a trailing slash", "/"],
  ["semicolons, commas and colons", "/a;v=1,2:3"],
  ["a plus sign and a tilde", "/a+b~c"],
];

/** Other spellings of `/required/…`, none of which may have another policy. */
const dodges: readonly (readonly [title: string, prefix: string])[] = [
  ["a percent-encoded letter", "/%72equired"],
  ["a percent-encoded letter in lower case hex", "/r%65quir%65d"],
];

export const policy: readonly Check[] = [
  {
    section: "3.2.1",
    title: "takes the first route that matches",
    needs: "route patterns",
    run: async ({ path, send }) => {
      expectProblem(await send(path("/ordered/first")), "key_missing");
      expectStatus(await send(path("/ordered/second")), 201);
    },
  },
  {
    section: "3.2.1",
    title: "has no route match another method",
    needs: "route patterns",
    run: async ({ path, send }) => {
      expectProblem(await send(path("/segment")), "key_missing");
      expectStatus(await send(path("/segment"), { method: "PATCH" }), 201);
    },
  },
  ...spellings.flatMap(([title, suffix]): Check[] => [
    {
      section: "3.2.2",
      title: `forwards a path with ${title} unchanged`,
      run: async ({ origin, path, send, key }) => {
        const where = path(undefined, suffix);
        expectRun(await send(where, { key: key() }), 1);
        assert.deepEqual(
          origin.requests(where).map(({ url }) => url),
          [where],
        );
      },
    },
  ]),
  {
    section: "3.2.2",
    title: "forwards the query unchanged",
    run: async ({ origin, path, send, key }) => {
      const [where, query] = [path(), "?b=2&a=%20+1&a=x%2Fy&empty=&flag"];
      expectRun(await send(where + query, { key: key() }), 1);
      assert.deepEqual(
        origin.requests(where).map(({ url }) => url),
        [where + query],
      );
    },
  },
  {
    section: "3.2.2",
    title: "keeps a record for each spelling of a path, since they may differ at the origin",
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(undefined, "/a"), key()];
      const other = where.replace(/a$/u, "%61");
      origin.on(other, tellsItsRun);
      expectRun(await send(where, { key: sent }), 1);
      expectRun(await send(other, { key: sent }), 1);
      expectRuns(origin, where, 1);
      expectRuns(origin, other, 1);
    },
  },
  ...dodges.map(([title, prefix]): Check => ({
    section: "3.2.3",
    title: `does not let a policy be dodged by ${title}`,
    needs: "key required",
    run: async ({ origin, path, send, key }) => {
      const where = path(prefix);
      expectProblem(await send(where), "key_missing");
      expectRuns(origin, where, 0);
      const ask = { key: key() };
      const first = await send(where, ask);
      expectRun(first, 1);
      expectReplay(await send(where, ask), first);
    },
  })),
  {
    section: "3.2.3",
    title: "does not let a policy be dodged by dot segments",
    needs: "key required",
    run: async ({ origin, path, raw, url }) => {
      const where = path();
      const connection = await raw();
      const dodge = `/plain/..${where}`;
      await connection.write(
        `POST ${dodge} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
      const bytes = await connection.until("key_missing");
      assert.match(bytes.toString("latin1"), /^HTTP\/1\.1 400 /u);
      connection.reset();
      expectRuns(origin, where, 0);
    },
  },
  {
    section: "3.2.3",
    title: "keeps an encoded slash inside its segment",
    needs: "route patterns",
    run: async ({ path, send }) => {
      expectProblem(await send(path("/segment", "%2Fb")), "key_missing");
      expectStatus(await send(path("/segment", "/b")), 201);
    },
  },
  {
    section: "3.7.1",
    title: "keeps a record for each path",
    run: async ({ path, send, key }) => {
      const sent = key();
      expectRun(await send(path(), { key: sent }), 1);
      expectRun(await send(path(), { key: sent, json: '{"other":true}' }), 1);
    },
  },
  {
    section: "3.7.1",
    title: "keeps a record for each method",
    run: async ({ path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent }), 1);
      expectRun(await send(where, { key: sent, method: "PATCH" }), 2);
    },
  },
  ...[":", "/", "|", "%00", "."].map((separator): Check => ({
    section: "3.7.1",
    title: `does not take a ${separator} in a key for the end of another part`,
    run: async ({ origin, path, send, key }) => {
      const [base, sent] = [path(), key()];
      const longer = `${base}${separator}x`;
      origin.on(longer, tellsItsRun);
      expectRun(await send(base, { key: `x${separator}${sent}` }), 1);
      expectRun(await send(longer, { key: sent }), 1);
      expectRun(await send(base, { key: sent, caller: `a${separator}x` }), 2);
      expectRun(await send(base, { key: `x${separator}${sent}`, caller: "a" }), 3);
    },
  })),
  {
    section: "3.7.2",
    title: "has logged no key, credential or body",
    needs: "the gateway's log",
    alone: true,
    run: async ({ log, path, send }) => {
      assert.ok(log !== undefined);
      const secrets = ["canary-key-4f1d", "canary-credential-4f1d", "canary-body-4f1d"];
      const [key = "", credential = "", body = ""] = secrets;
      const ask = { key, caller: `Bearer ${credential}`, json: JSON.stringify(body) };
      const where = path();
      await send(where, ask);
      await send(where, { ...ask, json: '"other"' });
      const { instance } = expectProblem(await send(where, { ...ask, key: `${key},` }), "key_invalid");
      // The lines of the requests before it are there, too.
      await expectLogged(log, String(instance));
      for (const secret of secrets) assert.ok(!log().includes(secret), `the log holds ${secret}`);
      assert.equal(header(await send(where, ask), "idempotent-replayed"), "true");
    },
  },
];
