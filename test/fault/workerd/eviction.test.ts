/**
 * An object is evicted while an attempt is at each of its stages. Unlike a crash, an eviction waits for what runs, so that
 * nothing is lost. What the runtime does where no request is left is tested with real times in test/fault/node/eviction.long.test.ts.
 */

import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { realClock } from "./clock.ts";
import { nameOf } from "./invariants.ts";
import { Rig } from "./rig.ts";
import { leftUnknown } from "./scenarios.ts";
import { type Script, type Stage, RAN, STREAM } from "./staged-origin.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);

const STAGES: readonly (readonly [stage: Stage, body: "of an answer" | "of a stream", script: Script])[] = [
  ["in transit", "of an answer", RAN],
  ["received", "of an answer", RAN],
  ["head", "of an answer", RAN],
  ["half body", "of an answer", RAN],
  ["whole body", "of an answer", RAN],
  ["head", "of a stream", STREAM],
  ["half body", "of a stream", STREAM],
  ["whole body", "of a stream", STREAM],
];

describe.each(["first", "second"] as const)("P1, P3: an object that is evicted during a %s attempt", (attempt) => {
  test.each(STAGES)("finishes it: %s %s", async (stage, _, script) => {
    const rig = new Rig("retry", {}, { streams: script === STREAM });
    if (attempt === "second") await leftUnknown(rig);
    rig.origin.answers = script;
    rig.origin.stopAt(stage);
    const first = rig.ask();
    await rig.origin.stopped();
    const evicted = evictDurableObject(await rig.object());
    const joiner = rig.ask();
    rig.origin.goOn();
    await Promise.all([first, joiner, evicted]);
    expect((await rig.row()).state).toBe("completed");
    expect(nameOf(await rig.ask())).toBe("replayed");
    expect(nameOf(await rig.ask("other"))).toBe("422 key_reused");
    expect(rig.violations()).toEqual([]);
  });
});
