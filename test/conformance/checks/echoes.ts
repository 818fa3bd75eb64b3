// Sections 6.1.5, 6.2.5 and 6.3.5: what an answer of the gateway has of the request at hand, and of its own.

import assert from "node:assert/strict";
import { type Check } from "../check.ts";
import { type Answer, type Ask, header } from "../client.ts";
import { expectLogged, expectProblem, expectReplay, expectRun, expectRuns } from "../expect.ts";
import { answers } from "../origin-answers.ts";

const FIRST_DATE = "Tue, 24 Nov 2026 00:00:00 GMT";

/** RFC 9110, 5.6.7. */
const DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/u;

function asked(key: string, id: string): Ask {
  return { key, headers: [["Request-Id", id]] };
}

function expectId(answer: Answer, id: string | undefined): void {
  assert.equal(header(answer, "request-id"), id);
}

export const echoes: readonly Check[] = [
  {
    section: "6.1.5",
    title: "repeats the request's own value on replays and refusals",
    needs: "echo of Request-Id",
    run: async ({ origin, scripted, send, key }) => {
      const [path, sent] = [scripted(answers(201, { "Request-Id": "r1" }, "{}")), key()];
      const first = await send(path, asked(sent, "r1"));
      expectId(first, "r1");
      const again = await send(path, asked(sent, "r2"));
      assert.equal(header(again, "idempotent-replayed"), "true");
      expectId(again, "r2");
      expectId(await send(path, { key: sent }), undefined);
      const refused = await send(path, { ...asked(sent, "r3"), json: '{"amount":101}' });
      expectProblem(refused, "key_reused");
      expectId(refused, "r3");
      const invalid = await send(path, asked("a,b", "r4"));
      expectProblem(invalid, "key_invalid");
      expectId(invalid, "r4");
      expectRuns(origin, path, 1);
    },
  },
  {
    section: "6.1.5",
    title: "replays the first value where nothing is configured",
    run: async ({ scripted, send, key }) => {
      const [path, sent] = [scripted(answers(201, { "Request-Id": "r1" }, "{}")), key()];
      const first = await send(path, asked(sent, "r1"));
      const again = await send(path, asked(sent, "r2"));
      expectReplay(again, first);
      expectId(again, "r1");
    },
  },
  {
    section: "6.2.5",
    title: "gives a replay a date of its own, and no age",
    run: async ({ scripted, send, key }) => {
      const [path, sent] = [scripted(answers(201, { Date: FIRST_DATE, Age: "60" }, "{}")), key()];
      const first = await send(path, { key: sent });
      assert.deepEqual([header(first, "date"), header(first, "age")], [FIRST_DATE, "60"]);
      const again = await send(path, { key: sent });
      expectReplay(again, first);
      const date = header(again, "date") ?? "none";
      assert.match(date, DATE);
      assert.ok(Math.abs(Date.parse(date) - Date.now()) < 300_000, `Date of the replay: ${date}`);
      assert.equal(header(again, "age"), undefined);
    },
  },
  {
    section: "6.3.5",
    title: "gives each refusal an instance of its own",
    run: async ({ path, send, key }) => {
      const [where, sent] = [path(), key()];
      expectRun(await send(where, { key: sent }), 1);
      const mismatch = (): Promise<Answer> => send(where, { key: sent, json: '{"amount":101}' });
      const [one, other] = [await mismatch(), await mismatch()].map((answer) => expectProblem(answer, "key_reused"));
      assert.notEqual(one?.["instance"], other?.["instance"]);
    },
  },
  {
    section: "6.3.5",
    title: "logs the instance of each refusal",
    needs: "the gateway's log",
    run: async ({ path, send, log }) => {
      const answersOf = [
        await send(path(), { key: "a,b" }),
        await send(path(), { headers: [["CDN-Loop", "oncegate"]] }),
      ];
      const ids = [
        expectProblem(answersOf[0] as Answer, "key_invalid"),
        expectProblem(answersOf[1] as Answer, "loop_detected"),
      ];
      assert.ok(log !== undefined);
      for (const { instance } of ids) await expectLogged(log, String(instance));
    },
  },
];
