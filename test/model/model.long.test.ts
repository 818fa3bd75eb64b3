import { expect, test } from "vitest";
import { QUICK, STATES_MIN, explored } from "./lines.ts";
import { SMALL } from "./world.ts";

const OTHERS = Object.keys(SMALL).filter((name) => !QUICK.some((quick) => quick === name));

test("no event of the other worlds, in any order, breaks a promise", async () => {
  const worlds = await explored(OTHERS);

  expect(worlds.map(({ name }) => name)).toEqual(OTHERS);
  for (const { violation, states } of worlds) {
    expect(violation).toBeNull();
    expect(states).toBeGreaterThan(STATES_MIN);
  }
});
