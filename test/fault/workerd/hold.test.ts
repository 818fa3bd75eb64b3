import { expect, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Answering, scriptOrigin } from "../../support/origin.ts";
import { alarmOf, isEmpty, objectOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const KEYS = 12;
const RETRIES = 8;

/** An isolate that has not seen the hold yet, and one that has: a hold begins in each at a moment of its own. */
function isolates(entry: Record<string, unknown>) {
  return { early: clientOf(entry), late: clientOf(entry, {}, { HOLD: "true" }) };
}

/** Numbers that are the same in each run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

const slow =
  (answer: () => Response): Answering =>
  async () => {
    await scheduler.wait(5);
    return answer();
  };

test.each([
  ["the origin answers", {}, () => new Response("ran", { status: 201 }), "executed"],
  ["the outcome is unknown", {}, () => new Response("bad gateway", { status: 502 }), "unknown"],
] as const)(
  "P1 a retry storm across the start of a hold executes each key at most once: %s",
  async (_, entry, answer, end) => {
    vi.spyOn(console, "warn").mockReturnValue();
    const origin = scriptOrigin(slow(answer));
    const { early, late } = isolates(entry);
    const random = numbersFrom(42);
    const keys = Array.from({ length: KEYS }, () => uniqueKey());
    const answers = keys.flatMap((key) =>
      Array.from({ length: RETRIES }, async (__, number) => {
        // The later a retry, the likelier that its isolate has seen the hold.
        await scheduler.wait(random() * 20);
        const isLate = random() < number / RETRIES;
        return (isLate ? late : early).post(PATH, { key });
      }),
    );
    const held = (await Promise.all(answers)).filter(({ status }) => status === 503);
    for (const one of held) expect(await problemOf(one)).toBe("503 on_hold");
    expect(held.length).toBeGreaterThan(0);
    const runsOf = (key: string) =>
      origin.received.filter(({ headers }) => headers.get("idempotency-key") === key).length;
    expect(keys.filter((key) => runsOf(key) > 1)).toEqual([]);

    // All isolates have seen it: nothing begins any more, and what has run is known.
    const before = origin.received.length;
    for (const key of keys) {
      const response = await late.post(PATH, { key });
      const isNew = runsOf(key) === 0;
      if (isNew) expect(await isStored(key)).toBe(false);
      const known = end === "executed" ? "replayed" : "unknown";
      expect([key, statusOf(response)]).toEqual([key, isNew ? "refused" : known]);
    }
    expect(origin.received).toHaveLength(before);

    // The hold is over: what was held runs once, and nothing twice.
    await Promise.all(keys.flatMap((key) => [1, 2, 3].map(() => early.post(PATH, { key }))));
    expect(keys.map(runsOf)).toEqual(keys.map(() => 1));
  },
);

test("P1 a hold stops the retries of an unknown outcome, and each later one counts", async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const origin = scriptOrigin(slow(() => new Response("bad gateway", { status: 502 })));
  const { early, late } = isolates({ on_unknown: "retry", max_attempts: 2 });
  const key = uniqueKey();
  await early.post(PATH, { key });
  const answers = await Promise.all(Array.from({ length: RETRIES }, () => late.post(PATH, { key })));
  expect(new Set(answers.map((answer) => `${answer.status} ${statusOf(answer)}`))).toEqual(new Set(["503 unknown"]));
  expect(origin.received).toHaveLength(1);
  await early.post(PATH, { key });
  expect(await problemOf(await late.post(PATH, { key }))).toBe("409 attempts_exhausted");
  expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(["1", "2"]);
});

async function isStored(key: string): Promise<boolean> {
  const stub = await objectOf(key, PATH);
  return !(await isEmpty(stub)) || (await alarmOf(stub)) !== null;
}
