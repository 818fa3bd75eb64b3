/**
 * An object is evicted at every await of an attempt: at each point at which crash.test.ts has the process die, and at
 * storage operations of every scenario. Unlike a crash, an eviction waits for what runs, so it must change no answer and no
 * record. The one that a test asks for also waits for what runs without a request. The runtime's own does not, and is tested
 * with real times in test/fault/node/eviction.long.test.ts.
 */

import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type KeyedCall } from "../../../src/call/call.ts";
import { attemptPolicy } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { HOST } from "../../support/gateway.ts";
import { eventually } from "../../support/operator.ts";
import { RUN_FACTOR } from "../../support/runs.ts";
import { aftermath } from "./aftermath.ts";
import { type Attempt, before } from "./attempts.ts";
import { realClock } from "./clock.ts";
import { type CrashPoint, CRASH_POINTS } from "./crash-points.ts";
import { type Seen, nameOf } from "./invariants.ts";
import { type OnUnknown, Rig } from "./rig.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";
import { arm, evictWhenStruck } from "./storage-fault.ts";
import { count, printTallyAtEnd } from "./tally.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);
printTallyAtEnd("eviction");

const ATTEMPTS: readonly { readonly onUnknown: OnUnknown; readonly attempt: Attempt }[] = [
  { onUnknown: "refuse", attempt: "first" },
  { onUnknown: "retry", attempt: "second" },
  { onUnknown: "probe", attempt: "second" },
];

const JOURNAL = { entry: HOST, placement: { jurisdiction: null, location: null } };

/** `npm test` takes some of the points, of the scenarios and of their storage operations, `npm run test:all` each. */
const STEP = RUN_FACTOR > 1 ? 1 : 4;
const POINTS = CRASH_POINTS.filter((_, nth) => RUN_FACTOR > 1 || nth % 2 === 0);
const STRUCK = SCENARIOS.filter((_, nth) => nth % STEP === 0);

/** No scenario has as many operations. */
const OPERATIONS_MAX = 60;

describe.each(POINTS)("P1, P3: an object that is evicted $when", (point) => {
  const attempts = ATTEMPTS.filter(({ onUnknown }) => point.only === undefined || point.only === onUnknown);
  const cases = attempts.flatMap((one) => {
    const alone = { ...one, others: "nobody waits" } as const;
    return point.alone === true ? [alone] : [alone, { ...one, others: "others wait" } as const];
  });

  test.each(cases)(
    "answers as if it had not been: on_unknown = $onUnknown, $attempt attempt, $others",
    async ({ onUnknown, attempt, others }) => {
      const outcomes = [];
      for (const interruption of ["none", "eviction"] as const) {
        const rig = await before(point, onUnknown, attempt);
        rig.interruption = interruption;
        await reach(rig, point, others === "others wait");
        outcomes.push(await outcomeOf(rig));
        if (interruption === "none") continue;
        expect(await rig.isMarked()).toBe(false);
        await rig.untilEnd();
        expect(rig.violations()).toEqual([]);
      }
      const [uninterrupted, evicted] = outcomes;
      expect(evicted).toEqual(uninterrupted);
      count(`the object is evicted ${point.when}`, evicted?.retry ?? "");
    },
  );
});

/** Brings requests to the point, and lets all of them come to their answers. */
async function reach(rig: Rig, point: CrashPoint, othersWait: boolean): Promise<void> {
  const joiners: Promise<unknown>[] = [];
  await rig.mark();
  await point.reach(rig, async () => {
    if (!othersWait) return;
    joiners.push(rig.ask(), rig.ask());
    await rig.allJoined();
  });
  rig.origin.goOn();
  await Promise.all(joiners);
  await rig.evicted();
}

describe.each(STRUCK)("P1, P3: an object that is evicted while $name", (scenario) => {
  test("answers as if it had not been, at any of its storage operations", async () => {
    const { rig, operations } = await act(scenario, Infinity);
    const uninterrupted = await outcomeOf(rig);
    expect([uninterrupted.violations, operations.length]).toEqual([[], expect.toSatisfy((count) => count > 0)]);
    for (let at = 1; ; at += STEP) {
      expect(at).toBeLessThan(OPERATIONS_MAX);
      const evicted = await act(scenario, at);
      if (!evicted.struck) break;
      const outcome = await outcomeOf(evicted.rig);
      const where = `operation ${at} (${evicted.operations[at - 1]})`;
      expect({ where, ...outcome }).toEqual({ where, ...uninterrupted });
      expect(await evicted.rig.isMarked()).toBe(false);
      count(`the object is evicted while ${scenario.name}`, outcome.retry);
      realClock();
    }
  });
});

test("P1, P3: an object that is evicted while the body of a request arrives executes it once", async () => {
  const rig = new Rig("refuse");
  await rig.mark();
  const object = await rig.object();
  const content = new TextEncoder().encode("content");
  const { readable, writable } = new IdentityTransformStream();
  const reply = object.submit(callOf(rig.key, readable, content.byteLength));
  await eventually(
    () => object.inspect(HOST, JOURNAL, null),
    ({ running }) => running === "preparation",
  );
  const evicted = evictDurableObject(await rig.object());
  const writer = writable.getWriter();
  await writer.write(content);
  await writer.close();
  expect(await reply).toMatchObject({ kind: "answer", mark: { status: "executed" } });
  await evicted;
  expect(await rig.isMarked()).toBe(false);
  expect(rig.history.filter(({ what }) => what === "received")).toHaveLength(1);
  expect((await rig.row()).state).toBe("completed");
});

/** A call whose body is still to come. */
function callOf(key: string, body: ReadableStream<Uint8Array>, bodyBytes: number): KeyedCall {
  const headers = [["idempotency-key", key]] as const;
  const origin = { kind: "url", base: "http://origin.test", auth: null } as const;
  return {
    about: { tenant: HOST, operation: "POST /v1/charges", key, isDerived: false, callerDigest: "c".repeat(16) },
    request: { rule: "json", fingerprint: "f".repeat(64), plain: "p".repeat(64), caller: null },
    policy: attemptPolicy(DEFAULT_POLICY),
    journal: null,
    waitMs: 20_000,
    forward: { origin, url: "http://origin.test/v1/charges", method: "POST", headers, body, bodyBytes },
    probe: null,
  };
}

/** One scenario in which the object is evicted at operation `at`. */
async function act({ onUnknown = "refuse", policy, before, act, ...rules }: Scenario, at: number) {
  const rig = new Rig(onUnknown, policy, rules);
  await before?.(rig);
  await rig.mark();
  const armed = await arm(await rig.object(), "is evicted", at);
  rig.evictions.push(evictWhenStruck(await rig.object(), armed));
  rig.looks = false;
  await act(rig);
  armed.healed = true;
  rig.looks = true;
  await rig.evicted();
  return { rig, ...armed };
}

/** All that clients were answered, and the record. */
async function outcomeOf(rig: Rig) {
  const retry = sharedName(await aftermath(rig, "request"));
  const { state } = await rig.row();
  const answers = rig.history.flatMap((event) => (event.what === "answered" ? [sharedName(event)] : []));
  return { answers: answers.toSorted(), state, retry, violations: rig.violations() };
}

/** A request joins an attempt, or comes just after it. */
function sharedName(seen: Seen): string {
  const name = nameOf(seen);
  return name === "joined" ? "replayed" : name;
}
