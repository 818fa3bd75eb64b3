/**
 * An object is evicted while an attempt is at each of its stages. Unlike a crash, an eviction waits for what runs, so that
 * nothing is lost. Streams are not here: a reader in this rig keeps a reference to the object, so it is never evicted. What the runtime does where no request is left is tested with real times in test/fault/node/eviction.long.test.ts.
 */

import { evictDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { realClock } from "./clock.ts";
import { nameOf } from "./invariants.ts";
import { Rig } from "./rig.ts";
import { leftUnknown } from "./scenarios.ts";
import { type Script, type Stage, RAN } from "./staged-origin.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined);
afterEach(realClock);

const STAGES: readonly (readonly [stage: Stage, script: Script])[] = [
  ["in transit", RAN],
  ["received", RAN],
  ["head", RAN],
  ["half body", RAN],
  ["whole body", RAN],
];

describe.each(["first", "second"] as const)("P1, P3: an object that is evicted during a %s attempt", (attempt) => {
  test.each(STAGES)("finishes it: %s", async (stage, script) => {
    const rig = new Rig("retry");
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
