import { describe, expect, test } from "vitest";

import {
  ABSENT_GRACE_MS,
  FRESH_MS,
  GRACE_MS,
  KEPT_MAX,
  KnownEntries,
  READ_MS_MAX,
} from "../../../src/config/known-entries.ts";
import { fakeClock, fakeStore } from "./fake-store.ts";

const ENTRY = { origin: "a" };
const CHANGED = { origin: "b" };

function setUp(entries: Record<string, object> = { "a.test": ENTRY }) {
  const store = fakeStore<object>(entries);
  const clock = fakeClock();
  return { store, clock, known: new KnownEntries(store.read, clock) };
}

describe("3.1.5 what was told of a name", () => {
  test.each([
    ["an entry", "a.test", ENTRY],
    ["that there is none", "none.test", null],
  ])("counts for half a minute without a second read: %s", async (_, name, told) => {
    const { store, clock, known } = setUp();
    expect(await known.get(name)).toBe(told);
    await clock.pass(FRESH_MS - 1);
    expect(await known.get(name)).toBe(told);
    expect(store.reads).toEqual([name]);
    await clock.pass(1);
    expect(await known.get(name)).toBe(told);
    expect(store.reads).toEqual([name, name]);
  });

  test("is told anew after that", async () => {
    const { store, clock, known } = setUp();
    await known.get("a.test");
    await known.get("new.test");
    store.entries.set("a.test", CHANGED).set("new.test", ENTRY);
    await clock.pass(FRESH_MS - 1);
    expect([await known.get("a.test"), await known.get("new.test")]).toEqual([ENTRY, null]);
    await clock.pass(1);
    expect([await known.get("a.test"), await known.get("new.test")]).toEqual([CHANGED, ENTRY]);
    store.entries.delete("a.test");
    await clock.pass(FRESH_MS);
    expect(await known.get("a.test")).toBe(null);
  });

  test("is kept for a bounded number of names: the least lately used is read again", async () => {
    const { store, known } = setUp();
    await known.get("a.test");
    await known.get("b.test");
    for (let count = 2; count < KEPT_MAX; count++) await known.get(`${count}.test`);
    await known.get("a.test");
    await known.get("one-more.test");
    store.reads.length = 0;
    await known.get("a.test");
    expect(store.reads).toEqual([]);
    await known.get("b.test");
    expect(store.reads).toEqual(["b.test"]);
  });
});

describe("a name that many ask for at once", () => {
  test("is read once", async () => {
    const { store, clock, known } = setUp();
    const asked = Promise.all(Array.from({ length: 50 }, () => known.get("a.test")));
    await clock.pass(100);
    expect(new Set(await asked)).toEqual(new Set([ENTRY]));
    expect(store.reads).toEqual(["a.test"]);
  });

  test("is told at once while one of them reads it anew", async () => {
    const { store, clock, known } = setUp();
    await known.get("a.test");
    await clock.pass(FRESH_MS);
    store.mood = "stuck";
    void known.get("a.test");
    expect(await known.get("a.test")).toBe(ENTRY);
    expect(store.reads).toHaveLength(2);
  });

  test("is read by the next where the one that read it was cancelled", async () => {
    const { store, clock, known } = setUp();
    const abandoned = new KnownEntries(store.read, { ...clock, wait: () => new Promise(() => {}) });
    store.mood = "stuck";
    void abandoned.get("a.test");
    store.mood = "well";
    await clock.pass(READ_MS_MAX);
    expect(await abandoned.get("a.test")).toBe(ENTRY);
    expect(await known.get("a.test")).toBe(ENTRY);
  });
});

describe("3.1.6 a store that can't be read", () => {
  test.each(["broken", "stuck"] as const)("tells nothing of a name that it has not told before: %s", async (mood) => {
    const { store, clock, known } = setUp();
    store.mood = mood;
    const asked = known.get("a.test");
    await clock.pass(READ_MS_MAX);
    expect(await asked).toBe("unavailable");
  });

  test("is asked again after a second, and not before, however many ask", async () => {
    const { store, clock, known } = setUp();
    store.mood = "broken";
    await known.get("a.test");
    store.mood = "well";
    await clock.pass(999);
    expect(await known.get("a.test")).toBe("unavailable");
    expect(store.reads).toHaveLength(1);
    await clock.pass(1);
    expect(await known.get("a.test")).toBe(ENTRY);
    expect(store.reads).toHaveLength(2);
  });

  test("is answered for by what it told last: an entry for an hour", async () => {
    const { store, clock, known } = setUp();
    await known.get("a.test");
    store.mood = "broken";
    await clock.pass(GRACE_MS - 1);
    expect(await known.get("a.test")).toBe(ENTRY);
    await clock.pass(1);
    expect(await known.get("a.test")).toBe("unavailable");
  });

  test("is answered for by what it told last: that there is none for a minute", async () => {
    const { store, clock, known } = setUp();
    await known.get("none.test");
    store.mood = "broken";
    await clock.pass(ABSENT_GRACE_MS - 1);
    expect(await known.get("none.test")).toBe(null);
    await clock.pass(1);
    expect(await known.get("none.test")).toBe("unavailable");
  });

  test("does not hold a request for longer than two reads may take", async () => {
    const { store, clock, known } = setUp();
    store.mood = "stuck";
    void known.get("a.test");
    await clock.pass(1);
    let told: unknown = "waits";
    const waiting = known.get("a.test").then((value) => (told = value));
    await clock.pass(READ_MS_MAX * 2);
    expect(told).toBe("unavailable");
    await waiting;
  });
});
