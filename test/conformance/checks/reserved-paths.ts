// Section 8: the paths that the gateway answers itself.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { type Ask, header } from "../client.ts";
import { expectRuns, expectStatus } from "../expect.ts";
import { tellsItsRun } from "../origin-answers.ts";
import { problems } from "../problems.ts";

const POLICY_PATH = "/.well-known/idempotency";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const own: readonly (readonly [path: string, ask: Ask])[] = [
  ["/_oncegate", { method: "GET" }],
  ["/_oncegate/", { method: "GET" }],
  ["/_oncegate/records", { method: "GET" }],
  ["/_oncegate/a/b/c?d=e", { method: "GET" }],
  ["/_oncegate/records", { method: "POST" }],
  ["/_oncegate/records", { method: "POST", key: "some-key" }],
  ["/_oncegate/records", { method: "DELETE" }],
  ["/_oncegate/records", { method: "OPTIONS" }],
];

const foreign = ["/_oncegatex", "/_oncegatex/y", "/x/_oncegate/y", "/.well-known/idempotency-other", "/.well-known"];

export const reservedPaths: readonly Check[] = [
  {
    section: "8.1.1",
    title: "publishes the policy as JSON, without asking the origin",
    run: async ({ origin, send }) => {
      const before = origin.count(POLICY_PATH);
      const answer = await send(POLICY_PATH, { method: "GET", caller: null });
      expectStatus(answer, 200);
      assert.match(header(answer, "content-type") ?? "", /^application\/json\b/u);
      const policy: unknown = JSON.parse(answer.body.toString());
      assert.ok(typeof policy === "object" && policy !== null && !Array.isArray(policy), "expected a JSON object");
      expectRuns(origin, POLICY_PATH, before);
    },
  },
  {
    section: "8.1.1",
    title: "publishes the header, the length of a key, the covered methods and every problem code",
    run: async ({ send }) => {
      const text = (await send(POLICY_PATH, { method: "GET" })).body.toString();
      for (const word of ["Idempotency-Key", "255", "POST", "PATCH", ...Object.keys(problems)]) {
        assert.ok(text.toLowerCase().includes(word.toLowerCase()), `expected the policy to mention ${word}: ${text}`);
      }
    },
  },
  {
    section: "8.1.1",
    title: "publishes the operations that routes set apart",
    needs: "key required",
    run: async ({ send }) => {
      const text = (await send(POLICY_PATH, { method: "GET" })).body.toString();
      assert.ok(text.includes("/required/*"), `expected the policy to mention /required/*: ${text}`);
      assert.ok(text.includes("required"), text);
    },
  },
  {
    section: "8.1.1",
    title: "publishes no origin and no other host",
    needs: "two tenants",
    run: async ({ send, origin }) => {
      const text = (await send(POLICY_PATH, { method: "GET", host: "a.example.test" })).body.toString();
      assert.ok(!text.includes(`:${origin.port}`), `expected no origin in ${text}`);
      assert.ok(!text.includes("b.example.test"), `expected no other host in ${text}`);
    },
  },
  {
    section: "8.1.2",
    title: "publishes the policy as a page to who prefers HTML",
    run: async ({ origin, send }) => {
      const before = origin.count(POLICY_PATH);
      const answer = await send(POLICY_PATH, { method: "GET", caller: null, headers: [["Accept", BROWSER]] });
      expectStatus(answer, 200);
      assert.match(header(answer, "content-type") ?? "", /^text\/html\b/u);
      assert.match(header(answer, "vary") ?? "", /\baccept\b/iu);
      expectRuns(origin, POLICY_PATH, before);
    },
  },
  {
    section: "8.1.2",
    title: "publishes JSON where HTML is wanted less, and says that Accept chose",
    run: async ({ send }) => {
      const accept = "text/html;q=0.5, application/json";
      const answer = await send(POLICY_PATH, { method: "GET", headers: [["Accept", accept]] });
      assert.match(header(answer, "content-type") ?? "", /^application\/json\b/u);
      assert.match(header(answer, "vary") ?? "", /\baccept\b/iu);
    },
  },
  {
    section: "8.1.3",
    title: "has a place in the page for every problem type, and no scripts",
    run: async ({ send }) => {
      const answer = await send(POLICY_PATH, { method: "GET", headers: [["Accept", BROWSER]] });
      const page = answer.body.toString();
      for (const code of Object.keys(problems)) {
        assert.ok(page.includes(` id="${code}"`), `expected a place for ${code}`);
      }
      assert.doesNotMatch(page, /<script/iu);
      assert.match(header(answer, "content-security-policy") ?? "", /default-src 'none'/u);
    },
  },
  ...own.map(([path, ask]): Check => ({
    section: "8.2.1",
    title: `answers ${ask.method} ${path}${ask.key === undefined ? "" : " with a key"} with 404 itself`,
    run: async ({ origin, send }) => {
      const answer = await send(path, ask);
      expectStatus(answer, 404);
      assert.equal(origin.count(path.split("?", 1)[0] ?? path), 0, "expected the origin not to be asked");
    },
  })),
  ...foreign.map((path): Check => ({
    section: "8.3.1",
    title: `leaves ${path} to the origin`,
    run: async ({ origin, send }) => {
      const before = origin.count(path);
      origin.on(path, tellsItsRun);
      expectStatus(await send(path, { method: "GET" }), 201);
      expectRuns(origin, path, before + 1);
    },
  })),
];
