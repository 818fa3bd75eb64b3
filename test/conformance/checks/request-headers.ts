// Sections 7.2 and 7.3: what the origin gets, and what no client may forge.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { type Ask, header, type HeaderLines, lines } from "../client.ts";
import { type Context } from "../context.ts";
import { expectMark, expectReplay, expectRun, expectRuns, expectStatus } from "../expect.ts";
import { answers, tellsItsRun } from "../origin-answers.ts";
import { type Received } from "../origin.ts";

const ways: readonly (readonly [title: string, keyed: boolean])[] = [
  ["a keyed", true],
  ["a keyless", false],
];

/** Sends one request and returns what the origin received. */
async function forwarded({ path, send, origin, key }: Context, keyed: boolean, ask: Ask): Promise<Received> {
  const where = path();
  expectStatus(await send(where, keyed ? { key: key(), ...ask } : ask), 201);
  return origin.arrived(where);
}

const spoofed: HeaderLines = [
  ["X-Forwarded-For", "192.0.2.1"],
  ["X-Forwarded-Host", "spoofed.example"],
  ["X-Forwarded-Proto", "gopher"],
];

const endToEnd: HeaderLines = [
  ["User-Agent", "conformance/1"],
  ["Accept", "application/json"],
  ["Accept-Language", "de"],
  ["Cookie", "a=1; b=2"],
  ["If-Match", '"v1"'],
  ["If-None-Match", '"v2"'],
  ["Range", "bytes=0-3"],
  ["Origin", "https://app.example"],
  ["Referer", "https://app.example/"],
  ["Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["X-Custom", "custom, value"],
  ["Prefer", "return=minimal"],
];

/** What only the gateway may say, and what a client or an origin says of it all the same. */
const reserved: HeaderLines = [
  ["Oncegate-Attempt", "99"],
  ["Oncegate-Outcome", "final"],
  ["Oncegate-Anything", "1"],
];

export const requestHeaders: readonly Check[] = [
  ...ways.flatMap(([way, keyed]): readonly Check[] => [
    {
      section: "7.2.1",
      title: `sets X-Forwarded-* of ${way} request itself`,
      run: async (context) => {
        const received = await forwarded(context, keyed, { headers: spoofed });
        assert.deepEqual(lines(received, "x-forwarded-host"), [context.url.host]);
        assert.deepEqual(lines(received, "x-forwarded-proto"), ["http"]);
        assert.doesNotMatch(header(received, "x-forwarded-for") ?? "", /192\.0\.2\.1/u);
      },
    },
    {
      section: "7.2.1",
      title: `appends to Via of ${way} request`,
      run: async (context) => {
        const appended = header(await forwarded(context, keyed, { headers: [["Via", "1.1 front"]] }), "via") ?? "";
        assert.match(appended, /^1\.1 front, \S+ \S/u);
        const alone = header(await forwarded(context, keyed, {}), "via") ?? "";
        assert.equal(`1.1 front, ${alone}`, appended);
      },
    },
    {
      section: "7.2.2",
      title: `drops Forwarded and Oncegate-* of ${way} request`,
      run: async (context) => {
        const headers = [...reserved, ["Forwarded", "for=192.0.2.1"]] as const;
        const received = await forwarded(context, keyed, { headers });
        assert.equal(header(received, "forwarded"), undefined);
        assert.equal(header(received, "oncegate-attempt"), keyed ? "1" : undefined);
        assert.equal(header(received, "oncegate-outcome"), undefined);
        assert.equal(header(received, "oncegate-anything"), undefined);
      },
    },
    {
      section: "7.2",
      title: `forwards the end-to-end headers of ${way} request`,
      run: async (context) => {
        const received = await forwarded(context, keyed, { headers: endToEnd, caller: "Bearer alice" });
        for (const [name, value] of endToEnd) assert.equal(header(received, name), value, name);
        assert.equal(header(received, "authorization"), "Bearer alice");
        assert.equal(header(received, "content-type"), "application/json");
      },
    },
    {
      section: "7.2.4",
      title: `does not follow a redirect of ${way} request`,
      run: async ({ origin, path, scripted, send, key }) => {
        const target = path();
        for (const status of [301, 302, 303, 307, 308]) {
          const where = scripted(answers(status, { Location: target }, "moved"));
          const answer = await send(where, keyed ? { key: key() } : {});
          expectStatus(answer, status);
          assert.equal(header(answer, "location"), target);
        }
        expectRuns(origin, target, 0);
      },
    },
    {
      section: "7.3.1",
      title: `drops what the origin says in the gateway's name to ${way} request`,
      run: async ({ scripted, send, key }) => {
        const said = { "Oncegate-Anything": "1", "Idempotent-Replayed": "true", "Idempotency-Status": "replayed" };
        const answer = await send(scripted(answers(200, said)), keyed ? { key: key() } : {});
        expectStatus(answer, 200);
        assert.equal(header(answer, "oncegate-anything"), undefined);
        assert.equal(header(answer, "idempotent-replayed"), undefined);
        if (keyed) expectMark(answer, "executed");
        else assert.equal(header(answer, "idempotency-status"), undefined);
      },
    },
  ]),
  {
    section: "7.2.3",
    title: "forwards the key as sent, with the number of the attempt",
    run: async (context) => {
      for (const key of ["bare-key", '"quoted key"']) {
        const received = await forwarded(context, true, { key });
        assert.deepEqual(lines(received, "idempotency-key"), [key]);
        assert.deepEqual(lines(received, "oncegate-attempt"), ["1"]);
      }
    },
  },
  {
    section: "7.3.1",
    title: "drops Oncegate-Outcome from the answer to a keyless request",
    run: async ({ scripted, send }) => {
      const answer = await send(scripted(answers(502, { "Oncegate-Outcome": "not-executed" })));
      expectStatus(answer, 502);
      assert.equal(header(answer, "oncegate-outcome"), undefined);
    },
  },
  {
    section: "7.2.2",
    title: "takes no status of a request from a client",
    run: async ({ origin, scripted, send, key }) => {
      const path = scripted(answers(500, {}, "failed"), tellsItsRun);
      const ask: Ask = { key: key(), headers: [["Oncegate-Outcome", "not-executed"]] };
      const first = await send(path, ask);
      expectMark(first, "executed");
      expectReplay(await send(path, ask), first);
      expectRuns(origin, path, 1);
      expectRun(await send(path, { ...ask, key: key() }), 2);
    },
  },
];
