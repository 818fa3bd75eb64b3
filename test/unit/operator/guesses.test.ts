import { describe, expect, test } from "vitest";
import { networkOf } from "../../../src/http/client-address.ts";
import { Guesses, NETWORKS_MAX } from "../../../src/operator/guesses.ts";

const NOW = 1_000_000;
const MINUTE = 60_000;

describe("O1.5 wrong tokens of one network", () => {
  test("are answered later and later, up to ten seconds", () => {
    const guesses = new Guesses();
    let nowMs = NOW;
    const delays = Array.from({ length: 9 }, () => {
      const judged = guesses.judge("192.0.2.1", false, nowMs);
      if (judged.kind !== "failed") throw new Error(judged.kind);
      nowMs += judged.delayMs;
      return judged.delayMs;
    });
    expect(delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
  });

  test("are compared five at a time, however many come at once, and no right one is accepted meanwhile", () => {
    const guesses = new Guesses();
    const kinds = Array.from({ length: 300 }, () => guesses.judge("192.0.2.1", false, NOW).kind);
    expect(kinds.filter((kind) => kind === "failed")).toHaveLength(5);
    expect(kinds.slice(5).every((kind) => kind === "refused")).toBe(true);
    expect(guesses.judge("192.0.2.1", true, NOW)).toEqual({ kind: "refused", retryAfterSeconds: 1 });
    expect(guesses.judge("192.0.2.1", true, NOW + 250)).toEqual({ kind: "accepted" });
  });

  test("don't affect other networks", () => {
    const guesses = new Guesses();
    for (let n = 0; n < 300; n++) guesses.judge("192.0.2.1", false, NOW);
    expect(guesses.judge("192.0.2.2", true, NOW)).toEqual({ kind: "accepted" });
    expect(guesses.judge("192.0.2.2", false, NOW)).toEqual({ kind: "failed", delayMs: 250 });
  });

  test("that is not known are slowed too, and lock no operator out", () => {
    const guesses = new Guesses();
    const kinds = Array.from({ length: 300 }, () => guesses.judge(null, false, NOW).kind);
    expect(kinds.filter((kind) => kind === "failed")).toHaveLength(5);
    expect(guesses.judge(null, true, NOW)).toEqual({ kind: "accepted" });
  });

  test("are not forgotten by a right one, and are after a quarter of an hour without", () => {
    const guesses = new Guesses();
    for (const _ of [1, 2, 3]) guesses.judge("a", false, NOW);
    expect(guesses.judge("a", true, NOW)).toEqual({ kind: "accepted" });
    expect(guesses.judge("a", false, NOW + 15 * MINUTE - 1)).toEqual({ kind: "failed", delayMs: 2000 });
    expect(guesses.judge("a", false, NOW + 30 * MINUTE)).toEqual({ kind: "failed", delayMs: 250 });
  });

  test("close it until the rate limit allows more", () => {
    const guesses = new Guesses();
    guesses.block("a", NOW + 10_000, NOW);
    expect(guesses.judge("a", true, NOW + 1)).toEqual({ kind: "refused", retryAfterSeconds: 10 });
    expect(guesses.judge("a", true, NOW + 10_000)).toEqual({ kind: "accepted" });
  });

  test("are counted for a bounded number of networks: that with the oldest failure is forgotten", () => {
    const guesses = new Guesses();
    for (const _ of [1, 2]) guesses.judge("first", false, NOW);
    for (let n = 0; n < NETWORKS_MAX - 1; n++) guesses.judge(`${n}`, false, NOW);
    expect(guesses.judge("first", false, NOW)).toEqual({ kind: "failed", delayMs: 1000 });
    for (let n = 0; n < NETWORKS_MAX; n++) guesses.judge(`more ${n}`, false, NOW);
    expect(guesses.judge("first", false, NOW)).toEqual({ kind: "failed", delayMs: 250 });
  });
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:DB8:1:2::6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:192.0.2.2", "192.0.2.2"],
  ["::ffff:c000:203", "::ffff:c000:203"],
  ["192.0.2.1:50000", "192.0.2.1"],
  ["[2001:db8:1:2::6]:50000", "2001:db8:1:2"],
  ["[2001:db8:1:2::7]", "2001:db8:1:2"],
  ["[::ffff:192.0.2.1]:50000", "192.0.2.1"],
  ["2001:db8:1:2:3::", "2001:db8:1:2"],
  ["not an address", "not an address"],
  ["x".repeat(100_000), "x".repeat(64)],
])("%s counts as %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
