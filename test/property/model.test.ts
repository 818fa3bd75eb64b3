import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { type Client, clientOf, statusOf, uniqueKey } from "../support/gateway.ts";
import { scriptOrigin } from "../support/origin.ts";
import { alarmOf, boundObjectOf, fireAlarm, objectOf, rowOf } from "../support/records.ts";
import { RUN_FACTOR, runs } from "../support/runs.ts";
import { type OriginAnswer, ReferenceModel } from "./reference-model.ts";

const PATH = "/v1/charges";
const TTL_MS = 60_000;
const UNKNOWN_TTL_MS = 600_000;
const REMEMBER_MS = 24 * 60 * 60 * 1000;
const MAX_ATTEMPTS = 3;
const DEADLINE_MS = 10_000;

/** One at the end of the term, one when its key is forgotten, and one more where an alarm that came early has moved it. */
const ALARMS_TO_END = 4;

/** A slow machine stops here, with the histories that it has checked. */
const TIME_MS_MAX = 60_000 * RUN_FACTOR;

interface Asking {
  readonly caller: string;
  readonly body: string;
}

type Step =
  | ({ readonly do: "request"; readonly count: number; readonly answer: OriginAnswer } & Asking)
  | ({ readonly do: "crash during a request" } & Asking)
  | { readonly do: "crash" | "evict" | "alarm" }
  | { readonly do: "wait"; readonly ms: number };

const body = fc.constantFrom("a", "a", "a", "b");
/** Where records are bound to their callers. Otherwise another caller has another record, and so a history of his own. */
const caller = fc.constantFrom("alice", "alice", "alice", "bob");
const policies = fc.record({ retries: fc.boolean(), bound: fc.boolean(), remembers: fc.boolean() });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("request" as const),
      caller,
      body,
      count: fc.integer({ min: 1, max: 4 }),
      answer: fc.constantFrom<OriginAnswer>("ok", "not executed", "bad gateway", "reset"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash during a request" as const), caller, body }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("crash" as const, "evict" as const, "alarm" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1, TTL_MS - 1, TTL_MS, UNKNOWN_TTL_MS, REMEMBER_MS - 1, REMEMBER_MS),
    }),
  },
);

afterEach(() => vi.useRealTimers());

test(
  "P1, P2, P4, P5, P6: any history of requests, crashes, evictions, alarms and waits is answered as the model says",
  async () => {
    let answer: OriginAnswer = "ok";
    let held = false;
    let executions = 0;
    const origin = scriptOrigin(async () => {
      const content = `#${++executions}`;
      // Held until the requests of a step have all arrived, and for ever where the process is to die meanwhile.
      while (held) await scheduler.wait(1);
      return originAnswer(answer, content);
    });

    /** What a step's requests are answered, in the form of the model. */
    async function send(client: Client, key: string, { caller, body: text }: Asking, count: number): Promise<string[]> {
      const headers = { authorization: `Bearer ${caller}` };
      held = count > 1;
      const requests = Array.from({ length: count }, () => client.post(PATH, { key, body: text, headers }));
      if (count > 1) {
        // Calls reach an object in order, so the last one's answer says that the others have arrived.
        await client.post(PATH, { key, body: text, headers: { ...headers, prefer: "wait=0" } });
        held = false;
      }
      return Promise.all(requests.map(async (request) => described(await request)));
    }

    async function crashDuring(client: Client, key: string, asking: Asking, executes: boolean): Promise<string[]> {
      const headers = { authorization: `Bearer ${asking.caller}` };
      held = executes;
      const arrived = origin.received.length + 1;
      const request = client.post(PATH, { key, body: asking.body, headers });
      if (executes) {
        await origin.arrived(arrived);
        await abortAllDurableObjects();
        held = false;
      }
      return [await described(await request)];
    }

    const history = fc.asyncProperty(policies, fc.array(step, { maxLength: 10 }), async (policy, steps) => {
      const { retries, bound, remembers } = policy;
      const key = uniqueKey();
      const keyObject = (): ReturnType<typeof objectOf> => (bound ? boundObjectOf(key, PATH) : objectOf(key, PATH));
      const by = (one: Asking): Asking => (bound ? one : { ...one, caller: "alice" });
      const startMs = 1_900_000_000_000;
      let nowMs = startMs;
      executions = 0;
      vi.useFakeTimers({ toFake: ["Date"], now: nowMs });
      const model = new ReferenceModel({
        retries,
        maxAttempts: MAX_ATTEMPTS,
        ttlMs: TTL_MS,
        unknownTtlMs: UNKNOWN_TTL_MS,
        rememberMs: remembers ? REMEMBER_MS : 0,
      });
      const client = clientOf({
        on_caller_change: bound ? "refuse" : "separate",
        on_unknown: retries ? "retry" : "refuse",
        max_attempts: MAX_ATTEMPTS,
        ttl: `${TTL_MS}ms`,
        unknown_ttl: `${UNKNOWN_TTL_MS}ms`,
        remember: remembers && `${REMEMBER_MS}ms`,
        origin_deadline: `${DEADLINE_MS}ms`,
        origin_timeout: `${DEADLINE_MS}ms`,
      });
      for (const one of steps) {
        switch (one.do) {
          case "request": {
            answer = one.answer;
            const expected = model.requests(by(one).caller, one.body, one.count, one.answer, nowMs);
            expect(await send(client, key, by(one), one.count)).toEqual(expected);
            break;
          }
          case "crash during a request": {
            answer = "ok";
            const before = model.executions;
            const expected = model.requests(by(one).caller, one.body, 1, "crash", nowMs);
            expect(await crashDuring(client, key, by(one), model.executions > before)).toEqual(expected);
            break;
          }
          case "crash":
            await abortAllDurableObjects();
            break;
          case "evict":
            // Looked at first, since only an object that is in memory can be evicted.
            await alarmOf(await keyObject());
            await evictDurableObject(await keyObject());
            break;
          case "alarm":
            await fireAlarm(await keyObject());
            break;
          case "wait":
            nowMs += one.ms;
            vi.setSystemTime(nowMs);
            break;
        }
        expect(executions).toBe(model.executions);
        await expectAlarmForRow(await keyObject());
      }
      // Whatever has happened, once the longest attempt is over nothing is pending.
      vi.setSystemTime(nowMs + DEADLINE_MS + 60_000);
      const object = await keyObject();
      await fireAlarm(object);
      expect((await rowOf(object))?.["state"]).not.toBe("pending");
      await expectAlarmForRow(object);
      // And what there is ends by itself: no alarm but the last may be early.
      for (let alarms = 0; (await rowOf(object)) !== undefined; alarms++) {
        expect(alarms).toBeLessThan(ALARMS_TO_END);
        vi.setSystemTime(Math.max(Date.now(), (await alarmOf(object)) ?? 0));
        await fireAlarm(object);
      }
      expect(await alarmOf(object)).toBeNull();
    });
    await fc.assert(history, { ...runs(100), interruptAfterTimeLimit: TIME_MS_MAX, markInterruptAsFailure: false });
  },
  2 * TIME_MS_MAX,
);

/** Every record has an alarm, soon after the end of its term, and after the alarms that came too early for it. */
async function expectAlarmForRow(object: DurableObjectStub): Promise<void> {
  const row = await rowOf(object);
  const alarmMs = await alarmOf(object);
  expect(alarmMs !== null).toBe(row !== undefined);
  if (row === undefined || alarmMs === null) return;
  const isPending = row["state"] === "pending";
  const endMs = isPending ? Date.now() + DEADLINE_MS : Number(row["term_ms"]);
  // Deletions are spread over 2 % of the term.
  const spreadMs = isPending ? 0 : (endMs - Number(row["since_ms"])) / 50;
  expect(alarmMs).toBeLessThanOrEqual(Math.max(endMs + spreadMs, Date.now()) + 60_000);
}

function originAnswer(answer: OriginAnswer, content: string): Response {
  switch (answer) {
    case "ok":
      return new Response(content, { status: 201 });
    case "not executed":
      return new Response(content, { status: 429 });
    case "bad gateway":
      return new Response(content, { status: 502 });
    case "reset":
      throw new Error("Network connection lost.");
  }
}

/** A problem by status and code; anything else by its mark and content. */
async function described(response: Response): Promise<string> {
  const text = await response.text();
  if (response.headers.get("content-type") !== "application/problem+json") return `${statusOf(response)} ${text}`;
  return `${response.status} ${(JSON.parse(text) as { code: string }).code}`;
}
