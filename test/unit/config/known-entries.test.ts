import { describe, expect, test } from "vitest";
import {
  ABSENT_GRACE_MS,
  ENTRIES_MAX,
  FRESH_MS,
  GRACE_MS,
  KnownEntries,
  MISSES_MAX,
  READ_MS_MAX,
} from "../../../src/config/known-entries.ts";
import { fakeClock, fakeStore } from "./fake-store.ts";

const ENTRY = { origin: "a" };
const CHANGED = { origin: "b" };

const FOUND = { kind: "found", entry: ENTRY };
const FOUND_CHANGED = { kind: "found", entry: CHANGED };
const ABSENT = { kind: "absent" };
const UNAVAILABLE = { kind: "unavailable" };

function setUp(entries: Record<string, object> = { "a.test": ENTRY }) {
  const store = fakeStore<object>(entries);
  const clock = fakeClock();
  return { store, clock, known: new KnownEntries(store.read, clock) };
}

describe("3.1.5 a name that was read", () => {
  test.each([
    ["an entry", "a.test", FOUND],
    ["no entry", "none.test", ABSENT],
  ])("is not read again for half a minute: %s", async (_, name, value) => {
    const { store, clock, known } = setUp();
    expect(await known.get(name)).toEqual(value);
    await clock.pass(FRESH_MS - 1);
    expect(await known.get(name)).toEqual(value);
    expect(store.reads).toEqual([name]);
    await clock.pass(1);
    expect(await known.get(name)).toEqual(value);
    expect(store.reads).toEqual([name, name]);
  });

  test("is read again after that", async () => {
    const { store, clock, known } = setUp();
    await known.get("a.test");
    await known.get("new.test");
    store.entries.set("a.test", CHANGED).set("new.test", ENTRY);
    await clock.pass(FRESH_MS - 1);
    expect([await known.get("a.test"), await known.get("new.test")]).toEqual([FOUND, ABSENT]);
    await clock.pass(1);
    expect([await known.get("a.test"), await known.get("new.test")]).toEqual([FOUND_CHANGED, FOUND]);
    store.entries.delete("a.test");
    await clock.pass(FRESH_MS);
    expect(await known.get("a.test")).toEqual(ABSENT);
  });

  test("is cached with a bounded number of others: the least recently used is read again", async () => {
    const names = ["a.test", "b.test", ...Array.from({ length: ENTRIES_MAX - 2 }, (_, count) => `${count}.test`)];
    const { store, known } = setUp(Object.fromEntries([...names, "one-more.test"].map((name) => [name, ENTRY])));
    for (const name of names) await known.get(name);
    await known.get("a.test");
    await known.get("one-more.test");
    store.reads.length = 0;
    await known.get("a.test");
    expect(store.reads).toEqual([]);
    await known.get("b.test");
    expect(store.reads).toEqual(["b.test"]);
  });

  test("is not evicted by names without an entry, whose number is bounded too", async () => {
    const { store, known } = setUp();
    await known.get("a.test");
    await known.get("first.test");
    for (let count = 0; count < MISSES_MAX; count++) await known.get(`made-up-${count}.test`);
    store.reads.length = 0;
    await known.get("a.test");
    await known.get(`made-up-${MISSES_MAX - 1}.test`);
    expect(store.reads).toEqual([]);
    await known.get("first.test");
    expect(store.reads).toEqual(["first.test"]);
  });

  test.each(["broken", "stuck"] as const)("is not evicted by names that can't be read: %s", async (mood) => {
    const { store, clock, known } = setUp();
    await known.get("a.test");
    store.mood = mood;
    const asked = Array.from({ length: MISSES_MAX + 1 }, (_, count) => known.get(`made-up-${count}.test`));
    await clock.pass(READ_MS_MAX);
    await Promise.all(asked);
    store.reads.length = 0;
    expect(await known.get("a.test")).toEqual(FOUND);
    expect(store.reads).toEqual([]);
  });

  test("is one line, whether it has an entry now or had one", async () => {
    const { store, clock, known } = setUp();
    for (const entry of [CHANGED, null, ENTRY]) {
      if (entry === null) store.entries.delete("a.test");
      else store.entries.set("a.test", entry);
      await clock.pass(FRESH_MS);
      const stored = entry === null ? ABSENT : { kind: "found", entry };
      for (const _ of [1, 2]) expect(await known.get("a.test")).toEqual(stored);
    }
    expect(store.reads).toHaveLength(3);
  });
});

describe("a name that many requests ask for at once", () => {
  test("is read by each that finds no value: no request waits for the I/O of another", async () => {
    const { store, known } = setUp();
    const answers = await Promise.all(Array.from({ length: 50 }, () => known.get("a.test")));
    expect(answers).toEqual(Array.from({ length: 50 }, () => FOUND));
    expect(store.reads).toHaveLength(50);
    expect(await known.get("a.test")).toEqual(FOUND);
    expect(store.reads).toHaveLength(50);
  });

  test("is served at once from what another request has read meanwhile", async () => {
    const { store, known } = setUp();
    store.mood = "stuck";
    void known.get("a.test");
    store.mood = "well";
    expect(await known.get("a.test")).toEqual(FOUND);
    expect(await known.get("a.test")).toEqual(FOUND);
    expect(store.reads).toHaveLength(2);
  });

  test("keeps the value of the read that began last, whichever ends last", async () => {
    const { store, clock, known } = setUp();
    const finishFirst = store.hold();
    const first = known.get("a.test");
    await clock.pass(1);
    store.entries.set("a.test", CHANGED);
    expect(await known.get("a.test")).toEqual(FOUND_CHANGED);
    finishFirst(ENTRY);
    expect(await first).toEqual(FOUND);
    expect(await known.get("a.test")).toEqual(FOUND_CHANGED);
  });

  test("is read again without a pause where one read failed and a later one did not", async () => {
    const { store, clock, known } = setUp();
    store.mood = "stuck";
    const stuck = known.get("a.test");
    await clock.pass(1);
    store.mood = "well";
    await known.get("a.test");
    await clock.pass(READ_MS_MAX);
    expect(await stuck).toEqual(FOUND);
    await clock.pass(FRESH_MS);
    await known.get("a.test");
    expect(store.reads).toHaveLength(3);
  });
});

describe("3.1.6 a store that can't be read", () => {
  test.each(["broken", "stuck"] as const)("leaves a name that was never read unavailable: %s", async (mood) => {
    const { store, clock, known } = setUp();
    store.mood = mood;
    const asked = known.get("a.test");
    await clock.pass(READ_MS_MAX);
    expect(await asked).toEqual(UNAVAILABLE);
  });

  test("is read again after a second, and not before, however many requests ask", async () => {
    const { store, clock, known } = setUp();
    store.mood = "broken";
    await known.get("a.test");
    store.mood = "well";
    await clock.pass(999);
    expect(await known.get("a.test")).toEqual(UNAVAILABLE);
    expect(store.reads).toHaveLength(1);
    await clock.pass(1);
    expect(await known.get("a.test")).toEqual(FOUND);
    expect(store.reads).toHaveLength(2);
  });

  test("leaves the last value in use: an entry for an hour", async () => {
    const { store, clock, known } = setUp();
    await known.get("a.test");
    store.mood = "broken";
    await clock.pass(GRACE_MS - 1);
    expect(await known.get("a.test")).toEqual(FOUND);
    await clock.pass(1);
    expect(await known.get("a.test")).toEqual(UNAVAILABLE);
  });

  test("leaves the last value in use: no entry for a minute", async () => {
    const { store, clock, known } = setUp();
    await known.get("none.test");
    store.mood = "broken";
    await clock.pass(ABSENT_GRACE_MS - 1);
    expect(await known.get("none.test")).toEqual(ABSENT);
    await clock.pass(1);
    expect(await known.get("none.test")).toEqual(UNAVAILABLE);
  });

  test("holds no request for longer than a read may take", async () => {
    const { store, clock, known } = setUp();
    store.mood = "stuck";
    let found: unknown = "waits";
    const waiting = known.get("a.test").then((value) => (found = value));
    await clock.pass(READ_MS_MAX);
    await waiting;
    expect(found).toEqual(UNAVAILABLE);
  });
});
