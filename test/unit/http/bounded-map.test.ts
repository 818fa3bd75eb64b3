import { describe, expect, test } from "vitest";
import { BoundedMap } from "../../../src/http/bounded-map.ts";

/** What of `keys` is there. */
function has(map: BoundedMap<number>, ...keys: string[]): boolean[] {
  return keys.map((key) => map.get(key) !== undefined);
}

describe("a bounded map", () => {
  test("keeps as many entries as it may, and drops the one that was set longest ago", () => {
    const map = new BoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    expect([map.get("a"), map.get("b")]).toEqual([1, 2]);
    map.set("c", 3);
    expect(has(map, "a", "b", "c")).toEqual([false, true, true]);
  });

  test("makes an entry that is set again the newest, and drops none for it", () => {
    const map = new BoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("a", 3);
    expect([map.get("a"), map.get("b")]).toEqual([3, 2]);
    map.set("c", 4);
    expect(has(map, "a", "b", "c")).toEqual([true, false, true]);
  });

  test("does not make an entry newer that is only read", () => {
    const map = new BoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    expect(map.get("a")).toBe(1);
    map.set("c", 3);
    expect(has(map, "a", "b")).toEqual([false, true]);
  });

  test("has room again after a deletion, and takes any name", () => {
    const map = new BoundedMap<number>(1);
    map.set("__proto__", 1);
    expect(map.get("__proto__")).toBe(1);
    map.delete("__proto__");
    expect(has(map, "__proto__", "constructor")).toEqual([false, false]);
  });
});
